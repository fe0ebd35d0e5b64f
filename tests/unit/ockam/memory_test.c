/*
 * A lack of memory, at each allocation of a whole conversation in turn: nothing crashes; a channel
 * that cannot be made is told; and in one that is, nothing is delivered twice or out of order, and
 * each loss is a gap.
 */
#include "support/ockam_pair.h"

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
start(struct ockam_pair *pair)
{
	struct ockam_side *side = ockam_side_new(pair, 0);
	struct tacit_session_config config = ockam_config(side);
	struct tacit_route route;
	tacit_err err = TACIT_ENOMEM;

	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("listener")), TACIT_OK);
	for (int i = 0; i < 2 && err == TACIT_ENOMEM; i++)
		err = tacit_ockam_session_new_initiator(
		    &config, &pair->ends[0].identity, &route, pair->renews, &side->engine);
	assert_int_equal(err, TACIT_OK);
	side->engine.ops->start(side->engine.self, pair->now);
}

static void
say(struct ockam_pair *pair, int from, size_t len)
{
	if (ockam_say(pair, from, len) == TACIT_ENOMEM)
		assert_int_equal(ockam_say(pair, from, len), TACIT_OK);
}

/* what became of the runs */
struct tally {
	unsigned not_made, missed;
};

/* whether all of it went without the allocation that should fail */
static bool
converse(struct ockam_pair *pair, unsigned long nth, struct tally *tally)
{
	bool none;

	for (size_t i = 0; i < MESSAGES; i++) {
		for (int end = 0; end < 2; end++)
			say(pair, end, i == 5 ? 40000 : 10 + i);
		ockam_run(pair, 2);
	}
	ockam_run(pair, 60 * 1000);
	none = not_reached(nth);
	/* what was sealed is in the stream; the next messages show what is missing before them */
	for (int end = 0; end < 2; end++) {
		assert_int_equal(ockam_unacknowledged(pair, end), 0);
		say(pair, end, 8);
	}
	ockam_run(pair, 60 * 1000);
	for (int end = 0; end < 2; end++) {
		const struct ockam_end *e = &pair->ends[end];

		assert_int_equal(e->received + e->missed, MESSAGES + 1);
		assert_int_equal(e->events[TACIT_CHANNEL_GAP], e->jumps);
		assert_int_equal(e->events[TACIT_CHANNEL_FAILED], 0);
		assert_int_equal(e->events[TACIT_CHANNEL_UNAUTHENTIC], 0);
		tally->missed += (unsigned)e->missed;
	}
	ockam_close(pair, 0);
	ockam_run(pair, 1000);
	assert_true(ockam_close_confirmed(pair, 0));
	return none;
}

/* the channel could not be made, and whoever has an end and is not established knows it */
static void
check_not_made(const struct ockam_pair *pair)
{
	unsigned ended = 0;

	for (int end = 0; end < 2; end++) {
		const struct ockam_end *e = &pair->ends[end];

		assert_int_equal(
		    e->events[TACIT_CHANNEL_ESTABLISHED] + e->events[TACIT_CHANNEL_FAILED],
		    e->side_count);
		if (e->events[TACIT_CHANNEL_FAILED] > 0)
			assert_true(e->err == TACIT_ENOMEM || e->err == TACIT_ETIMEDOUT);
		ended += e->events[TACIT_CHANNEL_FAILED];
	}
	assert_true(ended > 0);
}

/* false: the conversation has fewer allocations */
static bool
run_without(unsigned long nth, struct tally *tally)
{
	struct ockam_pair *pair = ockam_pair_new(700);
	bool none;

	for (int end = 0; end < 2; end++)
		pair->ends[end].lossy = true;
	tacit_alloc_fail_at(nth);
	start(pair);
	ockam_run(pair, 40 * 1000);
	if (pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED] == 1 &&
	    pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED] == 1) {
		none = converse(pair, nth, tally);
	} else {
		none = not_reached(nth);
		check_not_made(pair);
		tally->not_made++;
	}
	ockam_pair_free(pair);
	return !none;
}

static void
each_allocation_fails(void **state)
{
	struct tally tally = {0, 0}, without = {0, 0};
	unsigned long nth = 1;

	(void)state;
	while (run_without(nth, &tally))
		nth++;
	assert_in_range(nth, 100, 2000);
	assert_in_range(tally.not_made, 5, 60);
	assert_in_range(tally.missed, 5, 200);
	/* the twin */
	assert_false(run_without(1000000, &without));
	assert_int_equal(without.not_made + without.missed, 0);
}

/* a responder that cannot be made leaves nothing behind, and the next one can */
static void
responder_without_memory(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(701);
	struct ockam_side *side;
	struct tacit_session_config config;
	unsigned long nth = 1;
	tacit_err err;

	(void)state;
	ockam_start(pair);
	side = ockam_side_new(pair, 1);
	config = ockam_config(side);
	do {
		tacit_alloc_fail_at(nth++);
		err = tacit_ockam_session_new_responder(
		    &config, &pair->ends[1].identity, pair->ends[0].log[0], &side->engine);
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_OK || (err == TACIT_ENOMEM && side->engine.ops == NULL));
	} while (err != TACIT_OK);
	assert_in_range(nth, 4, 40);
	ockam_pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_allocation_fails),
	    cmocka_unit_test(responder_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
