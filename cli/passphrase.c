#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

/* what would leave the terminal without echo */
static const int watched[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP};
#define WATCHED (sizeof(watched) / sizeof(watched[0]))

static volatile sig_atomic_t caught;

struct terminal {
	int fd;
	struct termios before;
	struct sigaction actions[WATCHED];
	sigset_t mask;
};

enum outcome {
	TYPED,
	INTERRUPTED,
	FAILED, /* errno */
};

static void
on_signal(int number)
{
	caught = number;
}

/* The signals are blocked, and let in only while we wait: so none comes between the look at
 * `caught` and the wait. */
static void
watch_signals(struct terminal *terminal)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;

	caught = 0;
	sigemptyset(&action.sa_mask);
	sigemptyset(&blocked);
	for (size_t i = 0; i < WATCHED; i++)
		sigaddset(&blocked, watched[i]);
	sigprocmask(SIG_BLOCK, &blocked, &terminal->mask);
	for (size_t i = 0; i < WATCHED; i++) {
		sigaction(watched[i], NULL, &terminal->actions[i]);
		if (terminal->actions[i].sa_handler != SIG_IGN) /* nohup */
			sigaction(watched[i], &action, NULL);
	}
}

static void
unwatch_signals(const struct terminal *terminal)
{
	for (size_t i = 0; i < WATCHED; i++)
		sigaction(watched[i], &terminal->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
}

static bool
echo_off(struct terminal *terminal)
{
	struct termios quiet;

	if (tcgetattr(terminal->fd, &terminal->before) != 0)
		return false;
	quiet = terminal->before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	quiet.c_iflag |= ICRNL;
	return tcsetattr(terminal->fd, TCSAFLUSH, &quiet) == 0;
}

/* what was typed too much is dropped: it is no command for the shell */
static void
echo_back(const struct terminal *terminal)
{
	(void)tcsetattr(terminal->fd, TCSAFLUSH, &terminal->before);
	(void)!write(terminal->fd, "\n", 1);
}

/* to a newline, to Ctrl-D twice or on an empty line, or until ret is full */
static enum outcome
take_line(const struct terminal *terminal, struct tacit_cli_passphrase *ret)
{
	struct pollfd wanted = {.fd = terminal->fd, .events = POLLIN};

	ret->len = 0;
	while (ret->len < sizeof(ret->bytes)) {
		ssize_t n;

		if (ppoll(&wanted, 1, NULL, &terminal->mask) < 0) {
			if (errno != EINTR)
				return FAILED;
			if (caught != 0)
				return INTERRUPTED;
			continue;
		}
		n = read(terminal->fd, ret->bytes + ret->len, sizeof(ret->bytes) - ret->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAILED;
		ret->len += (size_t)n;
		if (n == 0 || ret->bytes[ret->len - 1] == '\n')
			break;
	}
	return TYPED;
}

static enum outcome
ask_once(struct terminal *terminal, const char *question, struct tacit_cli_passphrase *ret)
{
	enum outcome outcome = FAILED;

	watch_signals(terminal);
	if (echo_off(terminal)) {
		if (write(terminal->fd, question, strlen(question)) >= 0)
			outcome = take_line(terminal, ret);
		echo_back(terminal);
	}
	unwatch_signals(terminal);
	return outcome;
}

/* without the newline; false: said why it is none */
static bool
complete(const struct tacit_cli_asker *asker, struct tacit_cli_passphrase *passphrase)
{
	if (passphrase->len > 0 && passphrase->bytes[passphrase->len - 1] == '\n')
		passphrase->len--;
	if (passphrase->len == 0 && asker->is_new)
		tacit_cli_complain(asker->name,
		    "the passphrase is empty: use --%sno-passphrase if there is to be none",
		    asker->prefix);
	else if (passphrase->len == 0)
		tacit_cli_complain(
		    asker->name, "the passphrase is empty, and the identity has one");
	else if (passphrase->len > TACIT_CLI_PASSPHRASE_LEN_MAX)
		tacit_cli_complain(asker->name, "the passphrase has more than %d bytes",
		    TACIT_CLI_PASSPHRASE_LEN_MAX);
	else
		return true;
	return false;
}

static void
no_terminal(const struct tacit_cli_asker *asker)
{
	char none[64] = "";

	if (asker->is_new)
		snprintf(none, sizeof(none), ", or --%sno-passphrase if there is to be none",
		    asker->prefix);
	tacit_cli_complain(asker->name,
	    "there is no terminal to ask for the passphrase: give --%spassphrase-file FILE%s",
	    asker->prefix, none);
}

bool
tacit_cli_passphrase_ask(
    const struct tacit_cli_asker *asker, const char *question, struct tacit_cli_passphrase *ret)
{
	struct terminal terminal = {.fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
	enum outcome outcome;

	if (terminal.fd < 0) {
		no_terminal(asker);
		return false;
	}
	while ((outcome = ask_once(&terminal, question, ret)) == INTERRUPTED) {
		tacit_cli_passphrase_wipe(ret);
		/* as if we had not been there; after a stop there is a tomorrow */
		raise(caught);
	}
	if (outcome == FAILED)
		tacit_cli_complain(asker->name, "cannot ask on the terminal: %s", strerror(errno));
	close(terminal.fd);
	return outcome == TYPED && complete(asker, ret);
}

bool
tacit_cli_passphrase_read(
    const struct tacit_cli_asker *asker, const char *path, struct tacit_cli_passphrase *ret)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	ssize_t n = -1;
	struct stat st;

	ret->len = 0;
	if (fd >= 0 && fstat(fd, &st) == 0) {
		/* not refused: what hands secrets to services makes such files */
		if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
			tacit_cli_say(asker->name, "warning: %s is open to others", path);
		while (ret->len < sizeof(ret->bytes) &&
		       ((n = read(fd, ret->bytes + ret->len, sizeof(ret->bytes) - ret->len)) > 0 ||
			   (n < 0 && errno == EINTR)))
			ret->len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		tacit_cli_complain(asker->name, "cannot read %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n >= 0 && complete(asker, ret);
}

void
tacit_cli_passphrase_wipe(struct tacit_cli_passphrase *passphrase)
{
	explicit_bzero(passphrase, sizeof(*passphrase));
}
