/* Where what is received goes when it is written at once: standard output of every kind, devices,
 * named pipes; readers that are slow, or gone; and that the node runs meanwhile.  FILE and FILE.part
 * are output_file_test.c's */
#include "support/drain.h"
#include "support/party.h"
#include "support/place.h"

#include <locale.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>

#include "cli/output.h"

/* more than any pipe holds */
#define MUCH ((size_t)1 << 20)

struct fixture {
	struct tacit_cli_party party;
	struct tacit_cli_output output;
	struct place place;
	struct drain drain;
	int saved; /* our own standard output */
};

static struct fixture f;

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.drain.fd = -1;
	party_init(&f.party);
	place_init(&f.place, "what");
	fflush(stdout);
	f.saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(f.saved >= 0);
	return 0;
}

/* also after a test that failed */
static int
teardown(void **state)
{
	(void)state;
	fflush(stdout);
	assert_int_equal(dup2(f.saved, STDOUT_FILENO), STDOUT_FILENO);
	close(f.saved);
	party_fini(&f.party);
	drain_fini(&f.drain);
	place_fini(&f.place);
	return 0;
}

/* fd becomes standard output */
static void
stdout_is(int fd)
{
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	close(fd);
}

/* standard output is one end of a pair; at the other one somebody reads, or will */
static void
stdout_is_pair(int type)
{
	int fds[2];

	assert_int_equal(
	    type == 0 ? pipe2(fds, O_CLOEXEC) : socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds),
	    0);
	stdout_is(fds[1]);
	drain_init(&f.drain, f.party.node, fds[0], 2 * MUCH);
}

static void
open_output(const char *path)
{
	assert_true(tacit_cli_output_open(&f.party, path, &f.output));
	assert_true(tacit_cli_output_begin(&f.output));
}

static void
write_output(const char *text)
{
	assert_true(tacit_cli_output_write(&f.output, text, strlen(text)));
}

/* MUCH bytes that tell where they are from */
static char *
pattern_new(void)
{
	char *bytes = malloc(MUCH);

	assert_non_null(bytes);
	for (size_t i = 0; i < MUCH; i++)
		bytes[i] = (char)(i ^ i >> 8 ^ i >> 16);
	return bytes;
}

/* in portions of many sizes, from nothing to more than is kept */
static bool
write_pattern(const char *bytes)
{
	size_t len = 0;

	for (size_t at = 0; at < MUCH; at += len) {
		len = (len * 7 + 3) % 100003;
		if (len > MUCH - at)
			len = MUCH - at;
		if (!tacit_cli_output_write(&f.output, bytes + at, len) ||
		    !tacit_cli_output_write(&f.output, bytes, 0))
			return false;
	}
	return true;
}

static void
expect_failure(const char *why)
{
	assert_string_equal(f.output.why, why);
	/* whoever writes says it to both ends, in words of its own */
	assert_int_equal(f.party.status, STATUS_OK);
	tacit_cli_output_close(&f.output);
}

/* what takes it -------------------------------------------------------------------------------- */

/* as a shell hands it over, who may have written to it, and will again */
static void
a_file_goes_on_where_it_stands(void **state)
{
	char bytes[64];

	(void)state;
	for (int append = 0; append < 2; append++) {
		place_write(f.place.file, "before ", 7);
		stdout_is(open(f.place.file, append ? O_WRONLY | O_APPEND : O_WRONLY));
		if (!append)
			assert_int_equal(lseek(STDOUT_FILENO, 0, SEEK_END), 7);
		open_output(append ? "-" : NULL);
		assert_string_equal(f.output.name, "standard output");
		write_output("what was ");
		write_output("received");
		assert_true(tacit_cli_output_finish(&f.output));
		tacit_cli_output_close(&f.output);
		assert_int_equal(write(STDOUT_FILENO, " behind", 7), 7);
		assert_int_equal(place_read(f.place.file, bytes, sizeof(bytes)), 31);
		assert_memory_equal(bytes, "before what was received behind", 31);
	}
}

static void
much_goes_through_whole(void **state)
{
	static const struct {
		int type; /* 0: a pipe */
		size_t piece;
	} readers[] = {{0, 2 * MUCH}, {0, 7001}, {SOCK_STREAM, 2 * MUCH}, {SOCK_STREAM, 7001}};
	char *bytes = pattern_new();

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		int flags;

		stdout_is_pair(readers[i].type);
		flags = fcntl(STDOUT_FILENO, F_GETFL);
		open_output(NULL);
		/* a socket cannot be opened once more */
		assert_int_equal(f.output.shared, readers[i].type != 0);
		assert_false(f.output.terminal);
		drain_start(&f.drain, readers[i].piece);
		assert_true(write_pattern(bytes));
		assert_true(tacit_cli_output_finish(&f.output));
		/* they are also other processes' */
		assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL), flags);
		tacit_cli_output_close(&f.output);
		assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
		drain_expect(&f.drain, bytes, MUCH);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	free(bytes);
}

static void
a_file_takes_portions_of_all_sizes(void **state)
{
	char *bytes = pattern_new(), *got = malloc(MUCH + 1);

	(void)state;
	assert_non_null(got);
	place_write(f.place.file, "", 0);
	stdout_is(open(f.place.file, O_WRONLY));
	open_output(NULL);
	assert_true(write_pattern(bytes));
	assert_true(tacit_cli_output_finish(&f.output));
	tacit_cli_output_close(&f.output);
	assert_int_equal(place_read(f.place.file, got, MUCH + 1), MUCH);
	assert_memory_equal(got, bytes, MUCH);
	free(got);
	free(bytes);
}

static void
little_waits_for_a_flush(void **state)
{
	(void)state;
	stdout_is_pair(0);
	open_output(NULL);
	write_output("a");
	write_output("b");
	assert_false(drain_has_more(&f.drain));
	assert_true(tacit_cli_output_flush(&f.output));
	drain_expect(&f.drain, "ab", 2);
	assert_true(tacit_cli_output_flush(&f.output));
	assert_false(drain_has_more(&f.drain));
	write_output("c");
	assert_true(tacit_cli_output_finish(&f.output));
	drain_expect(&f.drain, "abc", 3);
	tacit_cli_output_close(&f.output);
}

static void
nothing_is_written_by_closing(void **state)
{
	(void)state;
	stdout_is_pair(0);
	open_output(NULL);
	write_output("never said to be done");
	tacit_cli_output_close(&f.output);
	assert_false(drain_has_more(&f.drain));
}

static void
a_device_is_written_directly(void **state)
{
	(void)state;
	open_output("/dev/null");
	assert_null(f.output.part);
	assert_string_equal(f.output.name, "/dev/null");
	write_output("nowhere");
	assert_true(tacit_cli_output_finish(&f.output));
	tacit_cli_output_close(&f.output);
	assert_int_not_equal(access("/dev/null.part", F_OK), 0);
}

static void
come_to_read(void *arg)
{
	(void)arg;
	assert_true((f.drain.fd = open(f.place.file, O_RDONLY | O_NONBLOCK)) >= 0);
}

static void
a_named_pipe_waits_for_its_reader(void **state)
{
	(void)state;
	drain_init(&f.drain, f.party.node, -1, 64);
	assert_int_equal(mkfifo(f.place.file, 0600), 0);
	tacit_timer_after(f.party.node, 1, come_to_read, NULL);
	open_output(f.place.file);
	assert_true(f.drain.fd >= 0);
	assert_null(f.output.part);
	write_output("through a fifo");
	assert_true(tacit_cli_output_finish(&f.output));
	drain_expect(&f.drain, "through a fifo", 14);
	tacit_cli_output_close(&f.output);
	assert_false(drain_read(&f.drain, 1));
	assert_int_equal(place_count(&f.place, false), 1);
}

/* terminals ------------------------------------------------------------------------------------ */

static void
stdout_is_terminal(void)
{
	struct termios raw;
	int master, slave;

	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	raw.c_cflag |= CS8;
	assert_int_equal(openpty(&master, &slave, NULL, &raw, NULL), 0);
	stdout_is(slave);
	drain_init(&f.drain, f.party.node, master, 2 * MUCH);
}

static void
a_terminal_gets_what_can_be_shown(void **state)
{
	static const char shown[] = "plain\n\\x1b[2J\\xc3(\xe2\x82\xac\\xe2\\x82";

	(void)state;
	stdout_is_terminal();
	open_output(NULL);
	assert_true(f.output.terminal);
	/* a character in two pieces, and half of one at the end */
	write_output("plain\n\x1b[2J\xc3(\xe2");
	write_output("\x82\xac\xe2\x82");
	assert_true(tacit_cli_output_finish(&f.output));
	drain_expect(&f.drain, shown, sizeof(shown) - 1);
	tacit_cli_output_close(&f.output);
}

/* four times as much as was received, and more than a terminal holds */
static void
a_terminal_is_waited_for(void **state)
{
	static char bytes[20001], shown[4 * sizeof(bytes)];

	(void)state;
	stdout_is_terminal();
	memset(bytes, '\x07', sizeof(bytes));
	for (size_t i = 0; i < sizeof(shown); i += 4)
		memcpy(shown + i, "\\x07", 4);
	open_output(NULL);
	drain_start(&f.drain, 1000);
	assert_true(tacit_cli_output_write(&f.output, bytes, sizeof(bytes)));
	assert_true(tacit_cli_output_finish(&f.output));
	drain_expect(&f.drain, shown, sizeof(shown));
	tacit_cli_output_close(&f.output);
}

/* what does not take it ------------------------------------------------------------------------ */

static void
a_full_device_is_said(void **state)
{
	static const char *const names[] = {NULL, "/dev/full"};
	char *bytes = pattern_new(), why[128];

	(void)state;
	stdout_is(open("/dev/full", O_WRONLY));
	for (size_t i = 0; i < 2; i++) {
		snprintf(why, sizeof(why), "cannot write %s: No space left on device",
		    names[i] == NULL ? "standard output" : names[i]);
		/* kept, and told in the end */
		open_output(names[i]);
		write_output("x");
		assert_false(tacit_cli_output_finish(&f.output));
		expect_failure(why);
		open_output(names[i]);
		write_output("x");
		assert_false(tacit_cli_output_flush(&f.output));
		expect_failure(why);
		open_output(names[i]);
		assert_false(tacit_cli_output_write(&f.output, bytes, MUCH));
		expect_failure(why);
	}
	free(bytes);
}

static void
a_reader_that_is_gone_is_said(void **state)
{
	static const int types[] = {0, SOCK_STREAM};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		stdout_is_pair(types[i]);
		open_output(NULL);
		drain_hang_up(&f.drain);
		write_output("x");
		assert_false(tacit_cli_output_finish(&f.output));
		expect_failure("cannot write standard output: Broken pipe");
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/* while we wait for room; what it took is the beginning */
static void
a_reader_that_goes_is_said(void **state)
{
	static const int types[] = {0, SOCK_STREAM};
	char *bytes = pattern_new();

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		stdout_is_pair(types[i]);
		open_output(NULL);
		drain_start(&f.drain, 5000);
		f.drain.until = 50000;
		assert_false(write_pattern(bytes) && tacit_cli_output_finish(&f.output));
		/* a socket may have had bytes on the way to who did not read them */
		if (types[i] == 0 || strstr(f.output.why, "reset") == NULL)
			expect_failure("cannot write standard output: Broken pipe");
		else
			expect_failure("cannot write standard output: Connection reset by peer");
		assert_int_equal(f.drain.len, 50000);
		assert_memory_equal(f.drain.bytes, bytes, 50000);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	free(bytes);
}

static void
what_cannot_be_opened_is_said(void **state)
{
	char text[256], name[128];

	(void)state;
	assert_false(tacit_cli_output_open(&f.party, f.place.folder, &f.output));
	snprintf(text, sizeof(text), "cannot write %s: Is a directory", f.place.folder);
	party_assert_failed(&f.party, text);
	assert_int_equal(f.output.fd, -1);
	/* once is enough: from then on nothing is opened, and nothing said */
	assert_false(tacit_cli_output_open(&f.party, "/dev/null", &f.output));
	f.party.status = STATUS_OK;
	snprintf(name, sizeof(name), "%s/x", f.place.file);
	assert_false(tacit_cli_output_open(&f.party, name, &f.output));
	snprintf(text, sizeof(text), "cannot write %s.part: No such file or directory", name);
	party_assert_failed(&f.party, text);
	f.party.status = STATUS_OK;
	/* for reading only, and closed */
	for (int closed = 0; closed < 2; closed++) {
		stdout_is(open("/dev/null", O_RDONLY));
		if (closed)
			close(STDOUT_FILENO);
		assert_false(tacit_cli_output_open(&f.party, NULL, &f.output));
		party_assert_failed(&f.party, "cannot write standard output: Bad file descriptor");
		f.party.status = STATUS_OK;
	}
	assert_int_equal(place_count(&f.place, false), 0);
}

static void
stop(void *arg)
{
	(void)arg;
	tacit_node_stop(f.party.node);
}

/* nobody is to blame, and nothing is said */
static void
a_stop_ends_the_wait_for_room(void **state)
{
	static const int types[] = {0, SOCK_STREAM};
	char *bytes = pattern_new();

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		stdout_is_pair(types[i]);
		open_output(NULL);
		tacit_timer_after(f.party.node, 1, stop, NULL);
		assert_false(tacit_cli_output_write(&f.output, bytes, MUCH));
		expect_failure("");
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	free(bytes);
}

/* what went wrong earlier is not what it is now */
static void
a_stop_is_no_failure_of_before(void **state)
{
	char *bytes = pattern_new();
	int fd;

	(void)state;
	assert_int_equal(mkfifo(f.place.file, 0600), 0);
	assert_true((fd = open(f.place.file, O_RDONLY | O_NONBLOCK)) >= 0);
	open_output(f.place.file);
	close(fd);
	write_output("x");
	assert_false(tacit_cli_output_flush(&f.output));
	assert_non_null(strstr(f.output.why, "what: Broken pipe"));
	assert_true((fd = open(f.place.file, O_RDONLY | O_NONBLOCK)) >= 0);
	tacit_timer_after(f.party.node, 1, stop, NULL);
	assert_false(tacit_cli_output_write(&f.output, bytes, MUCH));
	expect_failure("");
	close(fd);
	free(bytes);
}

static void
a_stop_ends_the_wait_for_a_reader(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(f.place.file, 0600), 0);
	tacit_timer_after(f.party.node, 1, stop, NULL);
	assert_false(tacit_cli_output_open(&f.party, f.place.file, &f.output));
	assert_int_equal(f.output.fd, -1);
	assert_int_equal(f.party.status, STATUS_OK);
	assert_string_equal(party_failure, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_goes_on_where_it_stands),
	    TEST(much_goes_through_whole),
	    TEST(a_file_takes_portions_of_all_sizes),
	    TEST(little_waits_for_a_flush),
	    TEST(nothing_is_written_by_closing),
	    TEST(a_device_is_written_directly),
	    TEST(a_named_pipe_waits_for_its_reader),
	    TEST(a_terminal_gets_what_can_be_shown),
	    TEST(a_terminal_is_waited_for),
	    TEST(a_full_device_is_said),
	    TEST(a_reader_that_is_gone_is_said),
	    TEST(a_reader_that_goes_is_said),
	    TEST(what_cannot_be_opened_is_said),
	    TEST(a_stop_ends_the_wait_for_room),
	    TEST(a_stop_is_no_failure_of_before),
	    TEST(a_stop_ends_the_wait_for_a_reader),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 77;
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
