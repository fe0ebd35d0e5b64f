/* Waiting for descriptors: pipes both ways, files, ends, stops; flags stay as they are */
#define _GNU_SOURCE /* F_GETPIPE_SZ */
#include "support/node.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct fds {
	struct tacit_node *node;
	int pipe[2];
	bool called;
};

static struct fds
fds_new(void)
{
	struct fds fds = {.node = tacit_node_new()};

	assert_non_null(fds.node);
	assert_int_equal(pipe(fds.pipe), 0);
	return fds;
}

static void
fds_free(struct fds *fds)
{
	tacit_node_free(fds->node);
	close(fds->pipe[0]);
	close(fds->pipe[1]);
}

static void
put_byte(void *arg)
{
	struct fds *fds = arg;

	assert_int_equal(write(fds->pipe[1], "x", 1), 1);
}

static void
take_page(void *arg)
{
	struct fds *fds = arg;
	static char bytes[PIPE_BUF];

	assert_int_equal(read(fds->pipe[0], bytes, sizeof(bytes)), sizeof(bytes));
}

static void
a_pipe_is_waited_for(void **state)
{
	struct fds fds = fds_new();
	int flags = fcntl(fds.pipe[0], F_GETFL);

	(void)state;
	assert_int_equal(
	    tacit_node_wait_fd(fds.node, fds.pipe[0], TACIT_FD_READ, 20), TACIT_ETIMEDOUT);
	/* each wait by itself, and the second one finds it ready */
	for (int i = 0; i < 3; i++) {
		tacit_timer_after(fds.node, 1, put_byte, &fds);
		assert_int_equal(
		    tacit_node_wait_fd(fds.node, fds.pipe[0], TACIT_FD_READ, 20000), TACIT_OK);
		assert_int_equal(
		    tacit_node_wait_fd(fds.node, fds.pipe[0], TACIT_FD_READ, 0), TACIT_OK);
		assert_int_equal(read(fds.pipe[0], (char[1]){0}, 1), 1);
	}
	assert_int_equal(fcntl(fds.pipe[0], F_GETFL), flags);
	assert_int_equal(tacit_node_err(fds.node), TACIT_OK);
	fds_free(&fds);
}

static void
a_full_pipe_is_waited_for(void **state)
{
	struct fds fds = fds_new();
	static char page[PIPE_BUF];
	int pages = fcntl(fds.pipe[1], F_GETPIPE_SZ) / PIPE_BUF;

	(void)state;
	for (int i = 0; i < pages; i++) {
		assert_int_equal(
		    tacit_node_wait_fd(fds.node, fds.pipe[1], TACIT_FD_WRITE, 0), TACIT_OK);
		assert_int_equal(write(fds.pipe[1], page, sizeof(page)), sizeof(page));
	}
	assert_int_equal(
	    tacit_node_wait_fd(fds.node, fds.pipe[1], TACIT_FD_WRITE, 20), TACIT_ETIMEDOUT);
	tacit_timer_after(fds.node, 1, take_page, &fds);
	assert_int_equal(
	    tacit_node_wait_fd(fds.node, fds.pipe[1], TACIT_FD_WRITE, 20000), TACIT_OK);
	fds_free(&fds);
}

static void
close_writer(void *arg)
{
	struct fds *fds = arg;

	close(fds->pipe[1]);
	fds->pipe[1] = -1;
}

static void
an_end_is_ready(void **state)
{
	struct fds fds = fds_new();
	struct tacit_node *node = fds.node;

	(void)state;
	tacit_timer_after(node, 1, close_writer, &fds);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    tacit_node_wait_fd(node, fds.pipe[0], TACIT_FD_READ, 20000), TACIT_OK);
	assert_int_equal(read(fds.pipe[0], (char[1]){0}, 1), 0);
	close(fds.pipe[0]);
	fds = fds_new();
	tacit_node_free(fds.node);
	fds.node = node;
	/* a writer whose reader is gone */
	close(fds.pipe[0]);
	fds.pipe[0] = -1;
	assert_int_equal(tacit_node_wait_fd(node, fds.pipe[1], TACIT_FD_WRITE, 20000), TACIT_OK);
	fds_free(&fds);
}

static void
note_call(void *arg)
{
	((struct fds *)arg)->called = true;
}

/* files and folders always can; and the node gets its turn */
static void
a_file_is_ready(void **state)
{
	struct fds fds = fds_new();
	int null = open("/dev/null", O_RDWR), folder = open("/", O_RDONLY);
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	tacit_timer_after(fds.node, 0, note_call, &fds);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    tacit_node_wait_fd(fds.node, fileno(file), TACIT_FD_READ, 20000), TACIT_OK);
		assert_int_equal(
		    tacit_node_wait_fd(fds.node, fileno(file), TACIT_FD_WRITE, 20000), TACIT_OK);
		assert_int_equal(
		    tacit_node_wait_fd(fds.node, null, TACIT_FD_WRITE, 20000), TACIT_OK);
		assert_int_equal(
		    tacit_node_wait_fd(fds.node, folder, TACIT_FD_READ, 20000), TACIT_OK);
	}
	assert_true(fds.called);
	fclose(file);
	close(null);
	close(folder);
	fds_free(&fds);
}

static void
stop(void *arg)
{
	tacit_node_stop(((struct fds *)arg)->node);
}

static void
a_stop_and_errors_end_it(void **state)
{
	struct fds fds = fds_new();

	(void)state;
	assert_int_equal(tacit_node_wait_fd(NULL, fds.pipe[0], TACIT_FD_READ, 20000), TACIT_ENOMEM);
	assert_int_equal(tacit_node_wait_fd(fds.node, 9999, TACIT_FD_READ, 20000), TACIT_EIO);
	assert_non_null(strstr(tacit_node_errmsg(fds.node), "cannot wait for a descriptor"));
	assert_int_equal(
	    tacit_node_wait_fd(fds.node, fds.pipe[0], TACIT_FD_READ, 20000), TACIT_EIO);
	tacit_node_clear_err(fds.node);
	tacit_timer_after(fds.node, 1, stop, &fds);
	assert_int_equal(
	    tacit_node_wait_fd(fds.node, fds.pipe[0], TACIT_FD_READ, 20000), TACIT_ESTOPPED);
	put_byte(&fds);
	assert_int_equal(
	    tacit_node_wait_fd(fds.node, fds.pipe[0], TACIT_FD_READ, 20000), TACIT_ESTOPPED);
	fds_free(&fds);
}

struct pest {
	pthread_t victim;
	atomic_bool enough;
};

static void
do_nothing(int number)
{
	(void)number;
}

static void *
send_signals(void *arg)
{
	struct pest *pest = arg;

	while (!atomic_load(&pest->enough))
		(void)pthread_kill(pest->victim, SIGUSR1);
	return NULL;
}

/* whatever they hit */
static void
signals_are_no_error(void **state)
{
	struct fds fds = fds_new();
	struct pest pest = {.victim = pthread_self()};
	struct sigaction action = {.sa_handler = do_nothing};
	tacit_err err = TACIT_ETIMEDOUT;
	pthread_t thread;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, send_signals, &pest), 0);
	for (int i = 0; i < 10000 && err == TACIT_ETIMEDOUT; i++)
		err = tacit_node_wait_fd(fds.node, fds.pipe[0], TACIT_FD_READ, 0);
	/* before anything is asserted: the thread looks at what a failure takes away */
	atomic_store(&pest.enough, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(err, TACIT_ETIMEDOUT);
	fds_free(&fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pipe_is_waited_for),
	    cmocka_unit_test(a_full_pipe_is_waited_for),
	    cmocka_unit_test(an_end_is_ready),
	    cmocka_unit_test(a_file_is_ready),
	    cmocka_unit_test(a_stop_and_errors_end_it),
	    cmocka_unit_test(signals_are_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
