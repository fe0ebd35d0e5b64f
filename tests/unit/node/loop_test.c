/* The loop: waiting, stopping, posts from other threads, alarms, turn ends, descriptors */
#include "support/node.h"

#include <fcntl.h>
#include <pthread.h>

#include "node/state.h"

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

/* an alarm that is due until a hook did what it asks for, as a channel's is */
struct impatient {
	struct tacit_node *node;
	struct tacit_alarm *alarm, *other;
	struct tacit_turn_end hook;
	bool done;
};

static void
ask_and_ring_again(void *arg)
{
	struct impatient *impatient = arg;

	if (impatient->done)
		return;
	tacit_turn_end_ask(impatient->node, &impatient->hook);
	tacit_alarm_set(impatient->alarm, tacit_node_now(impatient->node));
	tacit_alarm_set(impatient->other, tacit_node_now(impatient->node) - 5);
}

static void
do_it(void *arg)
{
	((struct impatient *)arg)->done = true;
}

static int
is_done(void *arg)
{
	return ((struct impatient *)arg)->done;
}

static void
an_alarm_that_is_due_again_lets_the_turn_end(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct impatient impatient = {.node = node};

	(void)state;
	impatient.alarm = tacit_alarm_new(node, ask_and_ring_again, &impatient);
	impatient.other = tacit_alarm_new(node, ask_and_ring_again, &impatient);
	tacit_turn_end_init(&impatient.hook, do_it, &impatient);
	tacit_alarm_set(impatient.alarm, 0);
	/* forever would be the failure */
	assert_int_equal(tacit_node_wait(node, is_done, &impatient, 60000), TACIT_OK);
	tacit_node_free(node);
}

/* something that ends at the end of a turn, as a channel does */
struct ending {
	struct tacit_node *node;
	struct tacit_turn_end hook;
	unsigned open;
};

static void
end_it(void *arg)
{
	((struct ending *)arg)->open = 0;
}

static void
ask_to_end_it(void *arg)
{
	struct ending *ending = arg;

	tacit_turn_end_ask(ending->node, &ending->hook);
}

/* the turn that follows a timer is the one before the loop blocks: it must not block then */
static void
waiting_for_a_counter_ends_with_the_turn(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct ending ending = {.node = node, .open = 1};
	struct tacit_alarm *alarm = tacit_alarm_new(node, ask_to_end_it, &ending);

	(void)state;
	tacit_turn_end_init(&ending.hook, end_it, &ending);
	tacit_alarm_set(alarm, tacit_node_now(node) + 5);
	tacit_loop_quiesce(node, &ending.open, 60000);
	assert_int_equal(ending.open, 0);
	assert_false(node->timed_out);
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
	/* for ever would be the failure */
	while (tacit_node_now(node) < before + 30)
		poll(NULL, 0, 1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waiting_ends_with_its_answer),
	    cmocka_unit_test(a_stop_ends_all_that_waits),
	    cmocka_unit_test(four_threads_post),
	    cmocka_unit_test(posts_are_bounded_and_run_before_the_end),
	    cmocka_unit_test(alarms_ring_once_and_can_be_moved),
	    cmocka_unit_test(an_alarm_that_is_due_again_lets_the_turn_end),
	    cmocka_unit_test(waiting_for_a_counter_ends_with_the_turn),
	    cmocka_unit_test(the_clock_goes_on_outside_the_loop),
	    cmocka_unit_test(turn_ends_run_once_after_the_messages),
	    cmocka_unit_test(descriptors_are_watched),
	    cmocka_unit_test(a_descriptor_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
