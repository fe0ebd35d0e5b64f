/* The loop: waiting, stopping, posts from other threads, alarms, turn ends, descriptors, ownership */
#include "support/node.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "node/internal.h"

static int
is_set(void *arg)
{
	return *(int *)arg;
}

static void
set(void *arg)
{
	*(int *)arg = 1;
}

static void
waiting_ends_with_its_answer(void **state)
{
	struct tacit_node *node = tacit_node_new();
	int done = 1;

	(void)state;
	assert_int_equal(tacit_node_wait(node, is_set, &done, TACIT_FOREVER), TACIT_OK);
	done = 0;
	assert_int_equal(tacit_node_wait(node, is_set, &done, 0), TACIT_ETIMEDOUT);
	assert_int_equal(tacit_node_wait(node, is_set, &done, 2), TACIT_ETIMEDOUT);
	tacit_timer_after(node, 1, set, &done);
	assert_int_equal(tacit_node_wait(node, is_set, &done, TACIT_FOREVER), TACIT_OK);
	/* a timer of now is answered before the loop would sleep */
	done = 0;
	tacit_timer_after(node, 0, set, &done);
	assert_int_equal(tacit_node_wait(node, is_set, &done, TACIT_FOREVER), TACIT_OK);
	/* one that is left goes with the node */
	tacit_timer_after(node, 100000, set, &done);
	tacit_node_free(node);
}

static void
fail_node(void *arg)
{
	(void)tacit_node_fail(arg, TACIT_EIO, "the %s broke", "thing");
	(void)tacit_node_fail(arg, TACIT_EBUSY, "a later one");
}

static void
the_first_error_is_remembered_and_ends_waiting(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct lines lines = {.count = 0};
	int done = 0;

	(void)state;
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	assert_string_equal(tacit_node_errmsg(node), tacit_strerror(TACIT_OK));
	tacit_node_on_log(node, lines_add, &lines);
	tacit_timer_after(node, 0, fail_node, node);
	assert_int_equal(tacit_node_run(node), TACIT_EIO);
	assert_string_equal(tacit_node_errmsg(node), "the thing broke");
	assert_string_equal(lines.text, "0 the thing broke\n0 a later one\n");
	assert_int_equal(tacit_node_wait(node, is_set, &done, TACIT_FOREVER), TACIT_EIO);
	assert_null(tacit_unique(node, "x"));
	tacit_node_clear_err(node);
	assert_int_equal(tacit_node_wait(node, is_set, &done, 0), TACIT_ETIMEDOUT);
	assert_int_equal(tacit_node_fail(NULL, TACIT_EBUSY, "nobody"), TACIT_EBUSY);
	tacit_node_free(node);
}

static void
stop(void *arg)
{
	tacit_node_stop(arg);
}

static void *
stop_from_thread(void *arg)
{
	tacit_node_stop(arg);
	return NULL;
}

static void
a_stop_ends_all_that_waits(void **state)
{
	struct tacit_node *node = tacit_node_new();
	pthread_t thread;
	int done = 0;

	(void)state;
	assert_false(tacit_node_stopped(node));
	tacit_timer_after(node, 0, stop, node);
	assert_int_equal(tacit_node_run(node), TACIT_OK);
	assert_true(tacit_node_stopped(node));
	assert_int_equal(tacit_node_wait(node, is_set, &done, TACIT_FOREVER), TACIT_ESTOPPED);
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	tacit_node_free(node);

	node = tacit_node_new();
	assert_int_equal(pthread_create(&thread, NULL, stop_from_thread, node), 0);
	assert_int_equal(tacit_node_run(node), TACIT_OK);
	pthread_join(thread, NULL);
	tacit_node_free(node);
}

/* posts: each thread's jobs run in its order, on the node's thread */
struct poster {
	struct tacit_node *node;
	pthread_t thread, home;
	unsigned ran;
	bool in_order;
	struct job {
		struct poster *poster;
		unsigned number;
	} jobs[2000];
};

static void
run_job(void *arg)
{
	struct job *job = arg;
	struct poster *poster = job->poster;

	poster->in_order = poster->in_order && poster->ran == job->number &&
			   pthread_equal(poster->home, pthread_self());
	poster->ran++;
}

static void *
post_all(void *arg)
{
	struct poster *poster = arg;

	for (unsigned i = 0; i < 2000; i++) {
		poster->jobs[i] = (struct job){poster, i};
		if (tacit_node_post(poster->node, run_job, &poster->jobs[i]) != TACIT_OK)
			abort();
	}
	return NULL;
}

static int
all_posted(void *arg)
{
	const struct poster *posters = arg;

	for (size_t i = 0; i < 4; i++) {
		if (posters[i].ran < 2000)
			return 0;
	}
	return 1;
}

static void
four_threads_post(void **state)
{
	static struct poster posters[4];
	struct tacit_node *node = tacit_node_new();

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		posters[i] =
		    (struct poster){.node = node, .home = pthread_self(), .in_order = true};
		assert_int_equal(
		    pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
	}
	assert_int_equal(tacit_node_wait(node, all_posted, posters, 20000), TACIT_OK);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(posters[i].thread, NULL);
		assert_true(posters[i].in_order);
	}
	tacit_node_free(node);
}

static void
count(void *arg)
{
	++*(unsigned *)arg;
}

static void
posts_are_bounded_and_run_before_the_end(void **state)
{
	struct tacit_node *node = tacit_node_new();
	unsigned ran = 0;

	(void)state;
	for (unsigned i = 0; i < TACIT_POSTED_MAX; i++)
		assert_int_equal(tacit_node_post(node, count, &ran), TACIT_OK);
	assert_int_equal(tacit_node_post(node, count, &ran), TACIT_ELIMIT);
	node_step(node);
	assert_int_equal(ran, TACIT_POSTED_MAX);
	assert_int_equal(tacit_node_post(node, count, &ran), TACIT_OK);
	assert_int_equal(tacit_node_post(node, NULL, &ran), TACIT_EINVAL);
	assert_int_equal(tacit_node_post(NULL, count, &ran), TACIT_EINVAL);
	tacit_node_free(node);
	assert_int_equal(ran, TACIT_POSTED_MAX + 1);
}

static void
alarms_ring_once_and_can_be_moved(void **state)
{
	struct tacit_node *node = tacit_node_new();
	unsigned one = 0, two = 0;
	struct tacit_alarm *a = tacit_alarm_new(node, count, &one);
	struct tacit_alarm *b = tacit_alarm_new(node, count, &two);
	tacit_msec now = tacit_node_now(node);

	(void)state;
	tacit_alarm_set(a, now + 100000);
	tacit_alarm_set(a, now);
	tacit_alarm_set(b, now);
	tacit_alarm_set(b, TACIT_NEVER);
	(void)tacit_node_wait(node, NULL, NULL, 3);
	assert_int_equal(one, 1);
	assert_int_equal(two, 0);
	tacit_alarm_set(a, 0);
	tacit_alarm_set(b, now);
	tacit_alarm_free(b);
	(void)tacit_node_wait(node, NULL, NULL, 3);
	assert_int_equal(one, 2);
	assert_int_equal(two, 0);
	tacit_alarm_free(NULL);
	tacit_node_free(node);
}

static void
the_clock_goes_on_outside_the_loop(void **state)
{
	struct tacit_node *node = tacit_node_new();
	tacit_msec before = tacit_node_now(node);
	unsigned rang = 0;
	struct tacit_alarm *alarm = tacit_alarm_new(node, count, &rang);

	(void)state;
	poll(NULL, 0, 30);
	assert_true(tacit_node_now(node) >= before + 30);
	/* not earlier than asked, although the loop's clock stood still */
	before = tacit_node_now(node);
	tacit_alarm_set(alarm, before + 20);
	while (rang == 0)
		(void)tacit_node_wait(node, NULL, NULL, 1);
	assert_true(tacit_node_now(node) >= before + 20);
	tacit_node_free(node);
}

/* hooks at the end of a turn */
struct hooks {
	struct tacit_node *node;
	struct tacit_turn_end first, second;
	unsigned firsts, seconds, messages_before, messages;
	bool asks;
};

static void
on_message(void *self, struct tacit_msg *msg)
{
	struct hooks *hooks = self;

	hooks->messages++;
	if (hooks->asks) {
		tacit_turn_end_ask(hooks->node, &hooks->first);
		tacit_turn_end_ask(hooks->node, &hooks->first);
	}
	tacit_msg_unref(msg);
}

static void
route_one(struct tacit_node *node)
{
	struct tacit_msg *msg = tacit_msg_copy_of("x", 1);

	assert_int_equal(tacit_route_append(&msg->onward, tacit_address_worker("w")), TACIT_OK);
	tacit_node_route(node, msg);
}

static void
on_first(void *arg)
{
	struct hooks *hooks = arg;

	hooks->firsts++;
	hooks->messages_before = hooks->messages;
	hooks->asks = false;
	route_one(hooks->node);
	tacit_turn_end_ask(hooks->node, &hooks->second);
}

static void
on_second(void *arg)
{
	struct hooks *hooks = arg;

	hooks->seconds++;
}

static void
turn_ends_run_once_after_the_messages(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct hooks hooks = {.node = node, .asks = true};

	(void)state;
	tacit_turn_end_init(&hooks.first, on_first, &hooks);
	tacit_turn_end_init(&hooks.second, on_second, &hooks);
	assert_non_null(tacit_worker_add(node, "w", TACIT_HEARS_LOCAL, on_message, &hooks));
	for (unsigned i = 0; i < 10; i++)
		route_one(node);
	node_step(node);
	assert_int_equal(hooks.firsts, 1);
	assert_int_equal(hooks.messages_before, 10);
	/* what the hook routed and asked for went in the same turn */
	assert_int_equal(hooks.messages, 11);
	assert_int_equal(hooks.seconds, 1);
	tacit_turn_end_ask(node, &hooks.second);
	tacit_turn_end_cancel(&hooks.second);
	tacit_turn_end_cancel(&hooks.second);
	node_step(node);
	assert_int_equal(hooks.seconds, 1);
	tacit_node_free(node);
}

struct reader {
	int fd;
	unsigned calls, bytes;
};

/* reads one byte a call, and asks to be called again while there may be more */
static bool
read_byte(void *arg)
{
	struct reader *reader = arg;
	char byte;

	reader->calls++;
	if (read(reader->fd, &byte, 1) != 1)
		return false;
	reader->bytes++;
	return true;
}

static void
descriptors_are_watched(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct reader reader = {.fd = -1};
	struct tacit_fd_watch *watch;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	reader.fd = fds[0];
	assert_non_null(watch = tacit_fd_watch_new(node, fds[0], read_byte, &reader));
	(void)tacit_node_wait(node, NULL, NULL, 2);
	assert_int_equal(reader.calls, 0);
	assert_int_equal(write(fds[1], "hello", 5), 5);
	for (unsigned i = 0; i < 20; i++)
		(void)tacit_node_wait(node, NULL, NULL, 0);
	assert_int_equal(reader.bytes, 5);
	assert_int_equal(write(fds[1], "x", 1), 1);
	tacit_fd_watch_free(watch);
	(void)tacit_node_wait(node, NULL, NULL, 2);
	assert_int_equal(reader.bytes, 5);
	assert_non_null(tacit_fd_watch_new(node, fds[0], read_byte, &reader));
	tacit_fd_watch_free(NULL);
	tacit_node_free(node);
	close(fds[0]);
	close(fds[1]);
}

static void
a_descriptor_that_is_none_is_refused(void **state)
{
	struct tacit_node *node = tacit_node_new();

	(void)state;
	assert_null(tacit_fd_watch_new(node, -1, read_byte, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EIO);
	tacit_node_free(node);
}

/* owned things: closed and then freed, the youngest first; last words travel */
static char order[64];

struct thing {
	struct tacit_owned owned;
	struct tacit_node *node;
	char name;
};

static void
note(char what, const struct tacit_owned *self)
{
	size_t len = strlen(order);

	order[len] = what;
	order[len + 1] = ((const struct thing *)(const void *)self)->name;
}

static void
close_thing(struct tacit_owned *self)
{
	note('c', self);
	route_one(((struct thing *)(void *)self)->node);
}

static void
free_thing(struct tacit_owned *self)
{
	note('f', self);
}

static void
hear_last_words(void *self, struct tacit_msg *msg)
{
	strcat(self, "w");
	tacit_msg_unref(msg);
}

static void
what_a_node_owns_goes_with_it(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct thing things[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		things[i] = (struct thing){.node = node, .name = (char)('0' + i)};
		things[i].owned.free = free_thing;
		things[i].owned.close = i == 1 ? NULL : close_thing;
		tacit_node_own(node, &things[i].owned);
	}
	tacit_node_disown(&things[0].owned);
	tacit_node_own(node, &things[0].owned);
	assert_non_null(tacit_worker_add(node, "w", TACIT_HEARS_LOCAL, hear_last_words, order));
	tacit_node_free(node);
	assert_string_equal(order, "c0wc2wf0f2f1");
}

static void
texts_live_as_long_as_their_node(void **state)
{
	struct tacit_node *node = tacit_node_new();
	char longest[TACIT_ROUTE_LEN_MAX];
	const char *a, *b;

	(void)state;
	assert_string_equal(tacit_node_text(node, "%d and %s", 1, "two"), "1 and two");
	a = tacit_unique(node, "bob");
	b = tacit_unique(node, "bob");
	assert_int_equal(strlen(a), 3 + 1 + 32);
	assert_memory_equal(a, "bob_", 4);
	assert_string_not_equal(a, b);
	assert_null(tacit_unique(node, ""));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	assert_null(tacit_unique(node, NULL));
	tacit_node_clear_err(node);
	assert_int_equal(tacit_route_new(node, NULL)->count, 0);
	assert_int_equal(tacit_route_new(node, "a", "1#b:1", "7#c", NULL)->count, 3);
	assert_null(tacit_route_new(node, "a", "x#b", NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	memset(longest, 'a', sizeof(longest));
	longest[260] = '\0';
	assert_null(tacit_route_new(node, longest, longest, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	assert_null(tacit_route_new(
	    node, "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", NULL));
	assert_null(tacit_route_new(NULL, NULL));
	tacit_node_free(node);
}

static void
signals_stop_the_node_and_then_the_process(void **state)
{
	int status;
	pid_t child;

	(void)state;
	for (int twice = 0; twice < 2; twice++) {
		if ((child = fork()) == 0) {
			struct tacit_node *node = tacit_node_new();

			tacit_node_stop_on_signals(node);
			tacit_node_stop_on_signals(node);
			raise(SIGTERM);
			if (tacit_node_run(node) != TACIT_OK || !tacit_node_stopped(node))
				_exit(1);
			if (twice)
				raise(SIGTERM);
			tacit_node_free(node);
			_exit(0);
		}
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (twice)
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
		else
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waiting_ends_with_its_answer),
	    cmocka_unit_test(the_first_error_is_remembered_and_ends_waiting),
	    cmocka_unit_test(a_stop_ends_all_that_waits),
	    cmocka_unit_test(four_threads_post),
	    cmocka_unit_test(posts_are_bounded_and_run_before_the_end),
	    cmocka_unit_test(alarms_ring_once_and_can_be_moved),
	    cmocka_unit_test(the_clock_goes_on_outside_the_loop),
	    cmocka_unit_test(turn_ends_run_once_after_the_messages),
	    cmocka_unit_test(descriptors_are_watched),
	    cmocka_unit_test(a_descriptor_that_is_none_is_refused),
	    cmocka_unit_test(what_a_node_owns_goes_with_it),
	    cmocka_unit_test(texts_live_as_long_as_their_node),
	    cmocka_unit_test(signals_stop_the_node_and_then_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
