/*
 * A lack of memory, at each allocation of a whole conversation in turn: nothing crashes, and while
 * the channel lives the application loses nothing and gets nothing twice.
 */
#include "support/hostile.h"

#define MESSAGES 12

/* whether the allocation that should fail is still to come; from now on none fails */
static bool
not_reached(unsigned long nth)
{
	bool reached = true;

	for (unsigned long i = 0; i < nth && reached; i++) {
		void *p = tacit_alloc(1);

		reached = p != NULL;
		tacit_free(p);
	}
	tacit_alloc_fail_at(0);
	return !reached;
}

/* what an application does: says so, and is told when there is no memory, and says it again */
static void
start(struct pair *pair)
{
	struct tacit_session_config config = pair_config(&pair->ends[0]);
	struct tacit_session **session = &pair->ends[0].session;
	struct tacit_route route;
	tacit_err err;

	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("listener")), TACIT_OK);
	err = tacit_session_new_initiator(&config, &route, session);
	if (err == TACIT_ENOMEM)
		err = tacit_session_new_initiator(&config, &route, session);
	assert_int_equal(err, TACIT_OK);
	tacit_session_start(*session, pair->now);
}

static void
say(struct pair *pair, int from, size_t len)
{
	if (pair_say(pair, from, len) == TACIT_ENOMEM)
		assert_int_equal(pair_say(pair, from, len), TACIT_OK);
}

static void
converse(struct pair *pair)
{
	for (size_t i = 0; i < MESSAGES; i++) {
		for (int end = 0; end < 2; end++)
			say(pair, end, i == 5 ? 40000 : i == 7 ? 130000 : 10 + i);
		pair_run(pair, i);
	}
	pair_run(pair, 10 * 60 * 1000);
	for (int end = 0; end < 2; end++) {
		assert_int_equal(pair->ends[end].received, MESSAGES);
		assert_int_equal(tacit_session_unacknowledged(pair->ends[end].session), 0);
	}
	tacit_session_close(pair->ends[0].session, pair->now);
	pair_run(pair, 60 * 1000);
	assert_true(tacit_session_close_confirmed(pair->ends[0].session));
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	for (int end = 0; end < 2; end++) {
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_FAILED], 0);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_TRUNCATED], 0);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	}
}

/* the channel could not be made, and those who have an end know it */
static void
check_not_made(const struct pair *pair)
{
	const struct pair_end *initiator = &pair->ends[0], *responder = &pair->ends[1];

	assert_int_equal(initiator->events[TACIT_CHANNEL_FAILED], 1);
	assert_true(initiator->err == TACIT_ENOMEM || initiator->err == TACIT_ETIMEDOUT);
	assert_int_equal(responder->events[TACIT_CHANNEL_ESTABLISHED], 0);
	assert_int_equal(responder->events[TACIT_CHANNEL_FAILED], 1);
}

/* false: the conversation has fewer allocations */
static bool
run_without(unsigned long nth, bool shuffle, unsigned *not_made)
{
	struct pair *pair = pair_new(700);
	bool done;

	pair->shuffle = shuffle;
	pair->delay_max = 30;
	tacit_alloc_fail_at(nth);
	start(pair);
	pair_run(pair, 40 * 1000);
	if (pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED] == 1) {
		converse(pair);
	} else {
		check_not_made(pair);
		(*not_made)++;
	}
	done = not_reached(nth);
	pair_free(pair);
	return !done;
}

static void
run_all(bool shuffle)
{
	unsigned not_made = 0;
	unsigned long nth = 1;

	while (run_without(nth, shuffle, &not_made))
		nth++;
	/* the twin: without a failure it is made */
	assert_in_range(nth, 100, 5000);
	assert_in_range(not_made, 1, 20);
}

static void
test_in_order(void **state)
{
	(void)state;
	run_all(false);
}

static void
test_shuffled(void **state)
{
	(void)state;
	run_all(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_in_order),
	    cmocka_unit_test(test_shuffled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
