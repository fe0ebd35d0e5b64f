/* What there is to send, from wherever it comes and in whatever pieces: files that grow and shrink,
 * pipes, sockets, terminals; and what cannot be read */
#include "support/party.h"
#include "support/place.h"

#include <pty.h>
#include <sys/socket.h>

#include "cli/input.h"
#include "cli/pipe.h"

/* one read: of the size that cli/input.c takes for best */
#define PIECE 61184u

struct fixture {
	struct tacit_cli_party party;
	struct tacit_cli_input input;
	struct place place;
	int saved; /* our own standard input */
	int far;   /* where somebody writes; -1: nobody */
	const char *more;
};

static void
setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	party_init(&f->party);
	place_init(&f->place, "what");
	f->far = -1;
	f->saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void
teardown(struct fixture *f)
{
	if (f->far >= 0)
		close(f->far);
	if (f->saved >= 0) {
		assert_int_equal(dup2(f->saved, STDIN_FILENO), STDIN_FILENO);
		close(f->saved);
	}
	place_fini(&f->place);
	party_fini(&f->party);
}

/* fd becomes standard input */
static void
stdin_is(int fd)
{
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
}

/* standard input is one end of a pair, f->far the other */
static void
stdin_is_pair(struct fixture *f, int type)
{
	int fds[2];

	assert_int_equal(
	    type == 0 ? pipe2(fds, O_CLOEXEC) : socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds),
	    0);
	stdin_is(fds[0]);
	f->far = fds[1];
}

static void
hang_up(struct fixture *f)
{
	close(f->far);
	f->far = -1;
}

static void
put(int fd, const void *bytes, size_t len)
{
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
}

/* bytes that tell where they are from */
static char *
pattern_new(size_t len)
{
	char *bytes = malloc(len);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i ^ i >> 8 ^ i >> 16);
	return bytes;
}

static void
open_input(struct fixture *f, const char *path, bool lines)
{
	assert_true(tacit_cli_input_open(&f->party, path, lines, &f->input));
}

/* what comes next is this */
static void
expect(struct fixture *f, const void *bytes, size_t len)
{
	size_t got_len;
	char *got;

	assert_true(tacit_cli_input_next(&f->input, &got, &got_len));
	assert_int_equal(got_len, len);
	assert_memory_equal(got, bytes, len);
	/* the caller's to change, with the byte before */
	memset(got - 1, '#', 1 + len);
}

/* and then nothing, however often one asks; nothing failed */
static void
expect_end(struct fixture *f)
{
	size_t len;
	char *bytes;

	for (int i = 0; i < 2; i++)
		assert_false(tacit_cli_input_next(&f->input, &bytes, &len));
	assert_true(tacit_cli_party_good(&f->party));
	tacit_cli_input_close(&f->input);
}

static void
expect_failure(struct fixture *f, const char *text)
{
	size_t len;
	char *bytes;

	assert_false(tacit_cli_input_next(&f->input, &bytes, &len));
	party_assert_failed(&f->party, text);
	assert_false(tacit_cli_input_next(&f->input, &bytes, &len));
	tacit_cli_input_close(&f->input);
}

/* files ---------------------------------------------------------------------------------------- */

static void
a_file_comes_in_whole_pieces(void **state)
{
	static const size_t lens[] = {0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7};
	struct fixture f;

	(void)state;
	setup(&f);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		char *bytes = pattern_new(lens[i] + 1);
		int fd;

		place_write(f.place.file, bytes, lens[i]);
		open_input(&f, f.place.file, false);
		assert_string_equal(f.input.name, f.place.file);
		assert_true(f.input.size == lens[i]);
		assert_false(f.input.terminal);
		for (size_t at = 0; at < lens[i]; at += PIECE)
			expect(&f, bytes + at, lens[i] - at < PIECE ? lens[i] - at : PIECE);
		fd = f.input.fd;
		assert_true(fd > STDERR_FILENO);
		expect_end(&f);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		free(bytes);
	}
	teardown(&f);
}

/* as a shell hands it over, who may have read of it */
static void
standard_input_begins_where_it_stands(void **state)
{
	static const char *const names[] = {NULL, "-"};
	struct fixture f;

	(void)state;
	setup(&f);
	place_write(f.place.file, "0123456789", 10);
	for (size_t i = 0; i < 2; i++) {
		stdin_is(open(f.place.file, O_RDONLY));
		assert_int_equal(lseek(STDIN_FILENO, 4, SEEK_SET), 4);
		open_input(&f, names[i], false);
		assert_string_equal(f.input.name, "standard input");
		assert_true(f.input.size == 6);
		expect(&f, "456789", 6);
		expect_end(&f);
		/* others have it, too */
		assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	}
	/* behind the end there is nothing, and no size */
	assert_int_equal(lseek(STDIN_FILENO, 13, SEEK_SET), 13);
	open_input(&f, NULL, false);
	assert_true(f.input.size == TACIT_CLI_PIPE_UNKNOWN);
	expect_end(&f);
	teardown(&f);
}

static void
a_file_grows_and_shrinks(void **state)
{
	char *bytes = pattern_new(3 * PIECE);
	struct fixture f;
	int fd;

	(void)state;
	setup(&f);
	place_write(f.place.file, bytes, PIECE + 5);
	open_input(&f, f.place.file, false);
	expect(&f, bytes, PIECE);
	assert_true((fd = open(f.place.file, O_WRONLY | O_APPEND)) >= 0);
	put(fd, bytes + PIECE + 5, PIECE);
	expect(&f, bytes + PIECE, PIECE);
	expect(&f, bytes + 2 * PIECE, 5);
	/* what was said of it at first stays: who sends compares */
	assert_true(f.input.size == PIECE + 5);
	expect_end(&f);

	open_input(&f, f.place.file, false);
	expect(&f, bytes, PIECE);
	assert_int_equal(ftruncate(fd, PIECE + 2), 0);
	expect(&f, bytes + PIECE, 2);
	assert_true(f.input.size == 2 * PIECE + 5);
	expect_end(&f);

	open_input(&f, f.place.file, false);
	expect(&f, bytes, PIECE);
	assert_int_equal(ftruncate(fd, 10), 0);
	expect_end(&f);
	close(fd);
	free(bytes);
	teardown(&f);
}

static void
what_is_no_file_has_no_size(void **state)
{
	static const char zeros[PIECE];
	struct fixture f;

	(void)state;
	setup(&f);
	open_input(&f, "/dev/null", false);
	assert_true(f.input.size == TACIT_CLI_PIPE_UNKNOWN);
	expect_end(&f);
	open_input(&f, "/dev/zero", false);
	assert_true(f.input.size == TACIT_CLI_PIPE_UNKNOWN);
	for (int i = 0; i < 3; i++)
		expect(&f, zeros, PIECE);
	tacit_cli_input_close(&f.input);
	teardown(&f);
}

static void
what_cannot_be_opened_is_said(void **state)
{
	char text[256];
	struct fixture f;

	(void)state;
	setup(&f);
	assert_false(tacit_cli_input_open(&f.party, f.place.file, false, &f.input));
	snprintf(text, sizeof(text), "cannot read %s: No such file or directory", f.place.file);
	party_assert_failed(&f.party, text);
	assert_int_equal(f.input.fd, -1);
	/* once is enough: from then on nothing is opened, and nothing said */
	place_write(f.place.file, "x", 1);
	assert_false(tacit_cli_input_open(&f.party, f.place.file, false, &f.input));
	assert_int_equal(f.input.fd, -1);
	f.party.status = STATUS_OK;
	assert_false(tacit_cli_input_open(&f.party, f.place.folder, false, &f.input));
	snprintf(text, sizeof(text), "cannot read %s: Is a directory", f.place.folder);
	party_assert_failed(&f.party, text);
	assert_int_equal(f.input.fd, -1);
	f.party.status = STATUS_OK;
	close(STDIN_FILENO);
	assert_false(tacit_cli_input_open(&f.party, "-", false, &f.input));
	party_assert_failed(&f.party, "cannot read standard input: Bad file descriptor");
	f.party.status = STATUS_OK;
	open_input(&f, f.place.file, false);
	expect(&f, "x", 1);
	expect_end(&f);
	teardown(&f);
}

static void
what_cannot_be_read_is_said(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	place_write(f.place.file, "x", 1);
	stdin_is(open(f.place.file, O_WRONLY));
	open_input(&f, NULL, false);
	expect_failure(&f, "cannot read standard input: Bad file descriptor");
	f.party.status = STATUS_OK;
	/* nothing is mapped at its beginning */
	open_input(&f, "/proc/self/mem", false);
	expect_failure(&f, "cannot read /proc/self/mem: Input/output error");
	teardown(&f);
}

/* what comes by and by ------------------------------------------------------------------------- */

/* somebody writes, and goes */
static void
write_and_go(void *arg)
{
	struct fixture *f = arg;

	put(f->far, f->more, strlen(f->more));
	hang_up(f);
}

static void
bytes_come_as_they_are_written(void **state)
{
	static const int types[] = {0, SOCK_STREAM};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int flags;

		setup(&f);
		stdin_is_pair(&f, types[i]);
		flags = fcntl(STDIN_FILENO, F_GETFL);
		open_input(&f, NULL, false);
		assert_true(f.input.size == TACIT_CLI_PIPE_UNKNOWN);
		put(f.far, "a", 1);
		expect(&f, "a", 1);
		put(f.far, "bc", 2);
		put(f.far, "\n\0d", 3);
		expect(&f, "bc\n\0d", 5);
		/* nothing is there yet: the node runs meanwhile */
		f.more = "later";
		tacit_timer_after(f.party.node, 1, write_and_go, &f);
		expect(&f, "later", 5);
		expect_end(&f);
		/* they are also other processes' */
		assert_int_equal(fcntl(STDIN_FILENO, F_GETFL), flags);
		teardown(&f);
	}
}

static void
a_full_pipe_comes_in_pieces(void **state)
{
	char *bytes = pattern_new(PIECE + 1000);
	struct fixture f;

	(void)state;
	setup(&f);
	stdin_is_pair(&f, 0);
	open_input(&f, NULL, false);
	put(f.far, bytes, PIECE + 1000);
	expect(&f, bytes, PIECE);
	expect(&f, bytes + PIECE, 1000);
	hang_up(&f);
	expect_end(&f);
	free(bytes);
	teardown(&f);
}

/* who goes without having read what we wrote resets the connection */
static void
a_connection_that_breaks_is_no_end(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	stdin_is_pair(&f, SOCK_STREAM);
	open_input(&f, NULL, false);
	put(f.far, "begun", 5);
	expect(&f, "begun", 5);
	put(STDIN_FILENO, "x", 1);
	hang_up(&f);
	expect_failure(&f, "cannot read standard input: Connection reset by peer");
	teardown(&f);
}

static void
come_write_and_go(void *arg)
{
	struct fixture *f = arg;

	assert_true((f->far = open(f->place.file, O_WRONLY | O_NONBLOCK)) >= 0);
	write_and_go(f);
}

static void
a_named_pipe_waits_for_its_writer(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(mkfifo(f.place.file, 0600), 0);
	open_input(&f, f.place.file, false);
	assert_true(f.input.size == TACIT_CLI_PIPE_UNKNOWN);
	f.more = "from a fifo";
	tacit_timer_after(f.party.node, 1, come_write_and_go, &f);
	expect(&f, "from a fifo", 11);
	expect_end(&f);
	teardown(&f);
}

static void
a_terminal_is_one(void **state)
{
	struct fixture f;
	int slave;

	(void)state;
	setup(&f);
	assert_int_equal(openpty(&f.far, &slave, NULL, NULL, NULL), 0);
	stdin_is(slave);
	open_input(&f, NULL, false);
	assert_true(f.input.terminal);
	assert_true(f.input.size == TACIT_CLI_PIPE_UNKNOWN);
	put(f.far, "typed\n", 6);
	expect(&f, "typed\n", 6);
	put(f.far, "\x04", 1); /* Ctrl-D */
	expect_end(&f);
	teardown(&f);
}

static void
stop(void *arg)
{
	struct fixture *f = arg;

	tacit_node_stop(f->party.node);
}

static void
a_stop_ends_the_wait(void **state)
{
	struct fixture f;

	(void)state;
	for (int lines = 0; lines < 2; lines++) {
		size_t len;
		char *bytes;

		setup(&f);
		stdin_is_pair(&f, 0);
		open_input(&f, NULL, lines != 0);
		tacit_timer_after(f.party.node, 1, stop, &f);
		assert_false(tacit_cli_input_next(&f.input, &bytes, &len));
		assert_int_equal(f.party.status, STATUS_OK);
		/* what comes then is nobody's any more */
		put(f.far, "late\n", 5);
		assert_false(tacit_cli_input_next(&f.input, &bytes, &len));
		assert_string_equal(party_failure, "");
		tacit_cli_input_close(&f.input);
		teardown(&f);
	}
}

/* lines ---------------------------------------------------------------------------------------- */

/* a text, and its lines with their lengths, ended by a NULL */
struct text {
	const char *bytes;
	size_t len;
	struct {
		const char *bytes;
		size_t len;
	} lines[6];
};

static const struct text texts[] = {
    {"", 0, {{NULL, 0}}},
    {"\n", 1, {{"", 0}, {NULL, 0}}},
    {"a", 1, {{"a", 1}, {NULL, 0}}},
    {"a\n", 2, {{"a", 1}, {NULL, 0}}},
    {"a\nb", 3, {{"a", 1}, {"b", 1}, {NULL, 0}}},
    {"\n\na", 3, {{"", 0}, {"", 0}, {"a", 1}, {NULL, 0}}},
    {"one\r\n\n t\0o \nlast", 16, {{"one\r", 4}, {"", 0}, {" t\0o ", 5}, {"last", 4}, {NULL, 0}}},
};

/* a read gives one packet, and no more */
static void
lines_are_whole_however_they_come(void **state)
{
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t piece = 1; piece <= texts[i].len + 1; piece++) {
			setup(&f);
			stdin_is_pair(&f, SOCK_SEQPACKET);
			for (size_t at = 0; at < texts[i].len; at += piece)
				put(f.far, texts[i].bytes + at,
				    piece < texts[i].len - at ? piece : texts[i].len - at);
			hang_up(&f);
			open_input(&f, NULL, true);
			for (size_t k = 0; texts[i].lines[k].bytes != NULL; k++)
				expect(&f, texts[i].lines[k].bytes, texts[i].lines[k].len);
			expect_end(&f);
			teardown(&f);
		}
	}
}

static void
a_line_comes_with_its_newline(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	stdin_is_pair(&f, 0);
	open_input(&f, NULL, true);
	put(f.far, "one\ntwo\nthr", 11);
	expect(&f, "one", 3);
	expect(&f, "two", 3);
	f.more = "ee\nfour";
	tacit_timer_after(f.party.node, 1, write_and_go, &f);
	expect(&f, "three", 5);
	expect(&f, "four", 4);
	expect_end(&f);
	teardown(&f);
}

/* across reads, and long enough that the room for them grows */
static void
lines_of_all_lengths(void **state)
{
	static const size_t lens[] = {0, 10, PIECE - 12, 0, PIECE, 5 * PIECE + 1, 1, 3 * PIECE, 0};
	char *bytes = malloc(5 * PIECE + 1);
	struct fixture f;
	FILE *file;

	(void)state;
	assert_non_null(bytes);
	setup(&f);
	assert_non_null(file = fopen(f.place.file, "w"));
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		memset(bytes, (int)('a' + i), lens[i]);
		assert_int_equal(fwrite(bytes, 1, lens[i], file), lens[i]);
		assert_int_equal(fputc('\n', file), '\n');
	}
	assert_int_equal(fclose(file), 0);
	open_input(&f, f.place.file, true);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		memset(bytes, (int)('a' + i), lens[i]);
		expect(&f, bytes, lens[i]);
	}
	expect_end(&f);
	free(bytes);
	teardown(&f);
}

/* a file of len zeros, and behind them what there is */
static void
write_zeros(const struct fixture *f, size_t len, const char *behind)
{
	int fd = open(f->place.file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), (off_t)len);
	put(fd, behind, strlen(behind));
	close(fd);
}

static void
the_longest_line(void **state)
{
	static const char *const behind[] = {"\n", "", "\nnext\n"};
	struct fixture f;

	(void)state;
	setup(&f);
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		size_t len;
		char *bytes;

		write_zeros(&f, (size_t)TACIT_CLI_PIPE_LINE_MAX, behind[i]);
		open_input(&f, f.place.file, true);
		assert_true(tacit_cli_input_next(&f.input, &bytes, &len));
		assert_int_equal(len, (size_t)TACIT_CLI_PIPE_LINE_MAX);
		assert_true(bytes[0] == 0 && bytes[len - 1] == 0);
		if (strlen(behind[i]) > 1)
			expect(&f, "next", 4);
		expect_end(&f);
	}
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		char text[256];

		write_zeros(&f, (size_t)TACIT_CLI_PIPE_LINE_MAX + 1, behind[i]);
		open_input(&f, f.place.file, true);
		snprintf(text, sizeof(text),
		    "cannot read %s: a line is longer than 64 MiB less 1 KiB", f.place.file);
		expect_failure(&f, text);
		f.party.status = STATUS_OK;
	}
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_comes_in_whole_pieces),
	    cmocka_unit_test(standard_input_begins_where_it_stands),
	    cmocka_unit_test(a_file_grows_and_shrinks),
	    cmocka_unit_test(what_is_no_file_has_no_size),
	    cmocka_unit_test(what_cannot_be_opened_is_said),
	    cmocka_unit_test(what_cannot_be_read_is_said),
	    cmocka_unit_test(bytes_come_as_they_are_written),
	    cmocka_unit_test(a_full_pipe_comes_in_pieces),
	    cmocka_unit_test(a_connection_that_breaks_is_no_end),
	    cmocka_unit_test(a_named_pipe_waits_for_its_writer),
	    cmocka_unit_test(a_terminal_is_one),
	    cmocka_unit_test(a_stop_ends_the_wait),
	    cmocka_unit_test(lines_are_whole_however_they_come),
	    cmocka_unit_test(a_line_comes_with_its_newline),
	    cmocka_unit_test(lines_of_all_lengths),
	    cmocka_unit_test(the_longest_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
