/* Lines from pipes, files, terminals and /dev/null, while the node runs */
#define _XOPEN_SOURCE 700
#include "support/node.h"

#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

/* a pipe whose read end is a stream */
struct source {
	struct tacit_node *node;
	FILE *stream;
	int write_fd;
	const char *more;
};

static void
source_init(struct source *source)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	source->node = tacit_node_new();
	assert_non_null(source->stream = fdopen(fds[0], "r"));
	source->write_fd = fds[1];
}

static void
source_fini(struct source *source)
{
	assert_int_equal(tacit_node_err(source->node), TACIT_OK);
	tacit_node_free(source->node);
	fclose(source->stream);
	if (source->write_fd >= 0)
		close(source->write_fd);
}

static void
put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void
put_more(void *arg)
{
	struct source *source = arg;

	put(source->write_fd, source->more);
}

static void
put_end(void *arg)
{
	struct source *source = arg;

	close(source->write_fd);
	source->write_fd = -1;
}

static void
lines_come_from_a_pipe(void **state)
{
	struct source source;
	int flags;

	(void)state;
	source_init(&source);
	flags = fcntl(fileno(source.stream), F_GETFL);
	put(source.write_fd, "one\n\ntwo\npart");
	assert_string_equal(tacit_node_read_line(source.node, source.stream), "one");
	assert_string_equal(tacit_node_read_line(source.node, source.stream), "");
	assert_string_equal(tacit_node_read_line(source.node, source.stream), "two");
	source.more = "ly\nlast";
	tacit_timer_after(source.node, 1, put_more, &source);
	assert_string_equal(tacit_node_read_line(source.node, source.stream), "partly");
	tacit_timer_after(source.node, 1, put_end, &source);
	assert_string_equal(tacit_node_read_line(source.node, source.stream), "last");
	assert_null(tacit_node_read_line(source.node, source.stream));
	assert_null(tacit_node_read_line(source.node, source.stream));
	assert_int_equal(fcntl(fileno(source.stream), F_GETFL), flags);
	source_fini(&source);
}

static void
long_lines_are_whole(void **state)
{
	static char text[200001];
	struct source source;
	const char *line;

	(void)state;
	source_init(&source);
	memset(text, 'x', 60000);
	text[60000] = '\n';
	put(source.write_fd, text);
	assert_non_null(line = tacit_node_read_line(source.node, source.stream));
	assert_int_equal(strlen(line), 60000);
	/* lines of every length around what is read at once */
	for (size_t len = 4090; len < 4100; len++) {
		text[len] = '\n';
		text[len + 1] = '\0';
		put(source.write_fd, text);
		put(source.write_fd, "short\n");
		assert_non_null(line = tacit_node_read_line(source.node, source.stream));
		assert_int_equal(strlen(line), len);
		assert_string_equal(tacit_node_read_line(source.node, source.stream), "short");
		text[len] = 'x';
		text[len + 1] = 'x';
	}
	source_fini(&source);
}

static void
end(void *arg)
{
	tacit_node_stop(arg);
}

static void
a_stop_ends_reading(void **state)
{
	struct source source;

	(void)state;
	source_init(&source);
	put(source.write_fd, "no newline");
	tacit_timer_after(source.node, 1, end, source.node);
	assert_null(tacit_node_read_line(source.node, source.stream));
	put(source.write_fd, "\n");
	assert_null(tacit_node_read_line(source.node, source.stream));
	source_fini(&source);
}

static void
an_end_without_lines(void **state)
{
	struct source source;

	(void)state;
	source_init(&source);
	put_end(&source);
	assert_null(tacit_node_read_line(source.node, source.stream));
	source_fini(&source);
}

static void
a_descriptor_that_does_not_block_stays_so(void **state)
{
	struct source source;

	(void)state;
	source_init(&source);
	assert_int_equal(fcntl(fileno(source.stream), F_SETFL, O_NONBLOCK), 0);
	source.more = "late\n";
	tacit_timer_after(source.node, 1, put_more, &source);
	assert_string_equal(tacit_node_read_line(source.node, source.stream), "late");
	assert_true(fcntl(fileno(source.stream), F_GETFL) & O_NONBLOCK);
	source_fini(&source);
}

static void
lines_come_from_a_file(void **state)
{
	struct tacit_node *node = tacit_node_new();
	FILE *file = tmpfile(), *nothing = fopen("/dev/null", "r");

	(void)state;
	assert_non_null(file);
	assert_non_null(nothing);
	fputs("first\nsecond\nthird", file);
	rewind(file);
	assert_string_equal(tacit_node_read_line(node, file), "first");
	assert_null(tacit_node_read_line(node, nothing));
	assert_string_equal(tacit_node_read_line(node, file), "second");
	assert_string_equal(tacit_node_read_line(node, file), "third");
	assert_null(tacit_node_read_line(node, file));
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	fclose(file);
	fclose(nothing);
	tacit_node_free(node);
}

static void
lines_come_from_a_terminal(void **state)
{
	struct tacit_node *node = tacit_node_new();
	int master = posix_openpt(O_RDWR | O_NOCTTY), flags;
	FILE *terminal;

	(void)state;
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_non_null(terminal = fopen(ptsname(master), "r+"));
	flags = fcntl(fileno(terminal), F_GETFL);
	put(master, "typed\nnext\n");
	assert_string_equal(tacit_node_read_line(node, terminal), "typed");
	assert_string_equal(tacit_node_read_line(node, terminal), "next");
	assert_int_equal(fcntl(fileno(terminal), F_GETFL), flags);
	assert_false(flags & O_NONBLOCK);
	/* control-D without a line is the end */
	put(master, "\4");
	assert_null(tacit_node_read_line(node, terminal));
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	tacit_node_free(node);
	/* and so is a terminal whose window was closed */
	node = tacit_node_new();
	close(master);
	assert_null(tacit_node_read_line(node, terminal));
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	fclose(terminal);
	tacit_node_free(node);
}

static void
what_cannot_be_read_is_said(void **state)
{
	struct tacit_node *node = tacit_node_new();
	FILE *folder = fopen("/", "r");

	(void)state;
	assert_non_null(folder);
	assert_null(tacit_node_read_line(node, folder));
	assert_int_equal(tacit_node_err(node), TACIT_EIO);
	fclose(folder);
	tacit_node_clear_err(node);
	assert_null(tacit_node_read_line(node, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_free(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_come_from_a_pipe),
	    cmocka_unit_test(long_lines_are_whole),
	    cmocka_unit_test(a_stop_ends_reading),
	    cmocka_unit_test(an_end_without_lines),
	    cmocka_unit_test(a_descriptor_that_does_not_block_stays_so),
	    cmocka_unit_test(lines_come_from_a_file),
	    cmocka_unit_test(lines_come_from_a_terminal),
	    cmocka_unit_test(what_cannot_be_read_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
