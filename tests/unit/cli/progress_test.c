/* The line that is drawn over itself: what it says, where it is drawn and where not, and that nothing
 * of it is left */
#include "support/party.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/pipe.h"
#include "cli/progress.h"

struct fixture {
	struct tacit_cli_party party;
	struct tacit_cli_progress progress;
	int saved, master;    /* our own standard error; the terminal that is in its place */
	unsigned drawn, most; /* lines, and how many are drawn at most */
	char text[1024];      /* what the terminal got */
	size_t len;
};

static struct fixture f;

/* in place of the rest of cli/: a clock that the test has, and amounts that can be counted */
static uint64_t now_ms;
static bool coloured;

uint64_t
tacit_cli_now_ms(void)
{
	return now_ms;
}

/* once for each line.  How many lines there were would be a matter of time: so there are no more */
bool
tacit_cli_colour(void)
{
	f.progress.drawing = ++f.drawn < f.most;
	return coloured;
}

const char *
tacit_cli_amount(double bytes, char room[TACIT_CLI_AMOUNT_LEN])
{
	snprintf(room, TACIT_CLI_AMOUNT_LEN, "%.0f B", bytes);
	return room;
}

static int
setup(void **state)
{
	struct termios raw = {.c_cflag = CS8};
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	int slave;

	(void)state;
	memset(&f, 0, sizeof(f));
	now_ms = 5000;
	coloured = false;
	party_init(&f.party);
	cfmakeraw(&raw);
	assert_int_equal(openpty(&f.master, &slave, NULL, &raw, &size), 0);
	f.saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(f.saved >= 0);
	assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	close(slave);
	return 0;
}

/* back to our own standard error, so that an assertion is read */
static void
restore(void)
{
	struct pollfd polled = {f.master, POLLIN, 0};

	if (f.saved < 0)
		return;
	/* what was written so far ends with this: it comes in order */
	assert_int_equal(write(STDERR_FILENO, "", 1), 1);
	do {
		ssize_t n = read(f.master, f.text + f.len, sizeof(f.text) - f.len);

		f.len += n > 0 ? (size_t)n : 0;
	} while ((f.len == 0 || f.text[f.len - 1] != '\0') && poll(&polled, 1, -1) > 0);
	assert_int_equal(dup2(f.saved, STDERR_FILENO), STDERR_FILENO);
	close(f.saved);
	f.saved = -1;
}

static int
teardown(void **state)
{
	(void)state;
	restore();
	close(f.master);
	party_fini(&f.party);
	return 0;
}

static int
is_drawn(void *arg)
{
	(void)arg;
	return f.drawn == f.most;
}

/* so many lines, and no more */
static void
run_until_drawn(unsigned lines)
{
	f.drawn = 0;
	f.most = lines;
	assert_int_equal(tacit_node_wait(f.party.node, is_drawn, NULL, TACIT_FOREVER), TACIT_OK);
}

static void
start(uint64_t bytes, uint64_t size)
{
	tacit_cli_progress_start(&f.progress, &f.party, false);
	f.progress.bytes = bytes;
	f.progress.size = size;
}

/* drawn after 2 s */
static void
expect_line(uint64_t bytes, uint64_t size, const char *line)
{
	start(bytes, size);
	now_ms += 2000;
	run_until_drawn(1);
	restore();
	assert_string_equal(f.text, line);
	assert_int_equal(f.progress.width, strlen(line));
}

static void
bytes_and_their_rate(void **state)
{
	(void)state;
	expect_line(500, TACIT_CLI_PIPE_UNKNOWN, "500 B, 250 B/s");
}

static void
how_much_of_how_much(void **state)
{
	(void)state;
	expect_line(500, 2000, "500 B of 2000 B (25%), 250 B/s");
}

static void
all_of_nothing(void **state)
{
	(void)state;
	expect_line(0, 0, "0 B of 0 B (100%), 0 B/s");
}

static void
what_was_acknowledged(void **state)
{
	(void)state;
	start(500, TACIT_CLI_PIPE_UNKNOWN);
	f.progress.has_taken = true;
	f.progress.taken = 123;
	now_ms += 500;
	run_until_drawn(1);
	restore();
	assert_string_equal(f.text, "500 B, 1000 B/s, 123 B acknowledged");
	assert_true(tacit_cli_progress_seconds(&f.progress) == 0.5);
}

/* nothing is divided by it */
static void
no_time_has_passed(void **state)
{
	(void)state;
	start(500, TACIT_CLI_PIPE_UNKNOWN);
	run_until_drawn(1);
	restore();
	assert_string_equal(f.text, "500 B, 0 B/s");
}

static void
a_narrow_terminal_gets_a_beginning(void **state)
{
	struct winsize size = {.ws_row = 24, .ws_col = 11};

	(void)state;
	assert_int_equal(ioctl(STDERR_FILENO, TIOCSWINSZ, &size), 0);
	expect_line(500, 2000, "500 B of");
}

static void
colour_is_no_width(void **state)
{
	(void)state;
	coloured = true;
	start(500, TACIT_CLI_PIPE_UNKNOWN);
	now_ms += 2000;
	run_until_drawn(1);
	restore();
	assert_string_equal(f.text, "\033[2m500 B, 250 B/s\033[0m");
	assert_int_equal(f.progress.width, strlen("500 B, 250 B/s"));
}

/* by the next one, by what the party says, and in the end; with two columns more, for ^C */
static void
a_line_is_wiped(void **state)
{
	static const char wiped[] = "7 B, 0 B/s\r            \r";
	char text[4 * sizeof(wiped)];

	(void)state;
	start(7, TACIT_CLI_PIPE_UNKNOWN);
	run_until_drawn(2);
	f.party.report.before(f.party.report.before_arg);
	f.party.report.before(f.party.report.before_arg);
	start(7, TACIT_CLI_PIPE_UNKNOWN);
	run_until_drawn(1);
	tacit_cli_progress_stop(&f.progress);
	tacit_cli_progress_stop(&f.progress);
	restore();
	snprintf(text, sizeof(text), "%s%s%s", wiped, wiped, wiped);
	assert_string_equal(f.text, text);
	assert_int_equal(f.progress.width, 0);
}

static int
has_fired(void *arg)
{
	return *(bool *)arg;
}

static void
fire(void *arg)
{
	*(bool *)arg = true;
}

/* longer than until the next line, which does not come */
static void
run_past_a_line(void)
{
	bool fired = false;

	tacit_timer_after(f.party.node, 300, fire, &fired);
	assert_int_equal(tacit_node_wait(f.party.node, has_fired, &fired, TACIT_FOREVER), TACIT_OK);
}

static void
after_the_end_nothing_is_drawn(void **state)
{
	(void)state;
	start(7, TACIT_CLI_PIPE_UNKNOWN);
	tacit_cli_progress_stop(&f.progress);
	run_past_a_line();
	restore();
	assert_string_equal(f.text, "");
}

static void
not_where_it_is_in_the_way(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		int terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

		f.party.report = (struct tacit_cli_report){.quiet = i == 0, .json = i == 1};
		if (i == 2)
			assert_int_equal(
			    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO),
			    STDERR_FILENO);
		tacit_cli_progress_start(&f.progress, &f.party, i == 3);
		assert_int_equal(dup2(terminal, STDERR_FILENO), STDERR_FILENO);
		close(terminal);
		assert_false(f.progress.drawing);
		assert_null(f.party.report.before);
		/* the time is taken all the same */
		now_ms += 1500;
		assert_true(tacit_cli_progress_seconds(&f.progress) == 1.5);
	}
	run_past_a_line();
	tacit_cli_progress_stop(&f.progress);
	restore();
	assert_string_equal(f.text, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(bytes_and_their_rate),
	    TEST(how_much_of_how_much),
	    TEST(all_of_nothing),
	    TEST(what_was_acknowledged),
	    TEST(no_time_has_passed),
	    TEST(a_narrow_terminal_gets_a_beginning),
	    TEST(colour_is_no_width),
	    TEST(a_line_is_wiped),
	    TEST(after_the_end_nothing_is_drawn),
	    TEST(not_where_it_is_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
