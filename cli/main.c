#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "cli.h"
#include "printable.h"

#define COMPLAINT_LEN_MAX 8192 /* holds a path */
#define ESCAPED_LEN_MAX   4    /* of a character, as it is or escaped byte by byte */
#define RED               "\033[31m"
#define PLAIN             "\033[m"

static const char usage[] =
    "usage: tacit COMMAND [OPTION]...\n"
    "\n"
    "End-to-end encrypted messages through Apache Kafka.\n"
    "\n"
    "commands:\n"
    "  dump      what an outsider sees of a stream\n"
    "  echo      sends back what comes, for trying a path out\n"
    "  hub       the node in the middle: keeps streams, sees ciphertext only\n"
    "  identity  who a program is, in a file: makes, shows, changes, exports\n"
    "  ping      measures round trips to an echo\n"
    "  receive   prints an invitation, and writes what a sender sends\n"
    "  send      sends a file, or what a program writes, to who invited\n"
    "  streams   what a store holds: streams, entries, readers\n"
    "\n"
    "statuses: 0 success, 1 failure, 2 wrong use, 3 refused, 4 truncated, 5 silence\n"
    "\n"
    "  tacit COMMAND --help   says more\n"
    "  tacit --version        says which one this is\n"
    "\n"
    "example: tacit identity new me.id\n";

void
tacit_cli_escape(const char *text, char *ret, size_t cap)
{
	const char *end = text + strlen(text);
	mbstate_t state = {0};
	size_t at = 0;

	while (text < end && at + ESCAPED_LEN_MAX < cap) {
		wchar_t character;
		size_t n = mbrtowc(&character, text, (size_t)(end - text), &state);

		if (n <= (size_t)(end - text) && tacit_cli_is_harmless(character)) {
			memcpy(ret + at, text, n);
			at += n;
			text += n;
			continue;
		}
		/* what is behind it in the same character is escaped by itself: it begins nothing */
		snprintf(ret + at, cap - at, "\\x%02x", (unsigned char)*text++);
		at += 4;
		state = (mbstate_t){0};
	}
	ret[at] = '\0';
}

bool
tacit_cli_colour(void)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDERR_FILENO) && (none == NULL || none[0] == '\0') && terminal != NULL &&
	       terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

static void __attribute__((format(printf, 3, 0)))
print(const char *name, bool wrong, const char *format, va_list list)
{
	char text[COMPLAINT_LEN_MAX], line[4 * COMPLAINT_LEN_MAX];
	bool red = wrong && tacit_cli_colour();

	vsnprintf(text, sizeof(text), format, list);
	tacit_cli_escape(text, line, sizeof(line));
	fprintf(stderr, "%stacit%s%s: %s%s\n", red ? RED : "", name != NULL ? " " : "",
	    name != NULL ? name : "", line, red ? PLAIN : "");
}

void
tacit_cli_say(const char *name, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	print(name, false, format, list);
	va_end(list);
}

void
tacit_cli_complain(const char *name, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	print(name, true, format, list);
	va_end(list);
}

void
tacit_cli_log_line(void *arg, enum tacit_log_level level, const char *line)
{
	struct tacit_cli_log *log = arg;
	char rest[TACIT_CLI_LINE_MAX];

	if (level > log->most)
		return;
	if (level == TACIT_LOG_ERROR)
		tacit_cli_complain(log->name, "%s", tacit_cli_rest(line, log->said, rest));
	else
		tacit_cli_say(
		    log->name, "%s%s", level == TACIT_LOG_WARNING ? "warning: " : "", line);
	if (level == TACIT_LOG_WARNING)
		snprintf(log->said, sizeof(log->said), "%s", line);
}

const char *
tacit_cli_rest(const char *error, const char *warning, char ret[TACIT_CLI_LINE_MAX])
{
	size_t len = strlen(warning);

	if (len == 0 || strncmp(error, warning, len) != 0 || error[len] != ';')
		return error;
	snprintf(ret, TACIT_CLI_LINE_MAX, "still no connection%s", error + len);
	return ret;
}

int
tacit_cli_finish(const char *name, int status)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return status;
	tacit_cli_complain(name, "cannot write to standard output");
	return status == STATUS_OK ? STATUS_FAILED : status;
}

void
tacit_cli_help(const char *name, const char *text)
{
	fputs(text, stdout);
	exit(tacit_cli_finish(name, STATUS_OK));
}

/* A descriptor of our own must not get the number of a standard one that is closed: it would be read
 * and written as the program's data.  What takes its place fails as a closed one does. */
static void
keep_numbers(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
	    {"dump", tacit_cli_dump},
	    {"echo", tacit_cli_echo},
	    {"hub", tacit_cli_hub},
	    {"identity", tacit_cli_identity},
	    {"ping", tacit_cli_ping},
	    {"receive", tacit_cli_receive},
	    {"send", tacit_cli_send},
	    {"streams", tacit_cli_streams},
	};

	keep_numbers();
	(void)setlocale(
	    LC_CTYPE, "C.UTF-8"); /* where there is none, what is not ASCII is escaped */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		tacit_cli_help(NULL, usage);
	if (strcmp(argv[1], "--version") == 0)
		tacit_cli_help(NULL, "tacit " TACIT_VERSION "\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return tacit_cli_finish(
			    commands[i].name, commands[i].run(argc - 1, argv + 1));
	}
	tacit_cli_complain(NULL, "no command '%s'; tacit --help lists them", argv[1]);
	return STATUS_USAGE;
}
