/*
 * Closing (PROTOCOL.md 9.9): it says nothing to the other end, and is confirmed when all that was
 * sent is in the stream; and the end without one.
 */
#include "support/ockam_pair.h"

static void
check_over(const struct ockam_pair *pair, int end)
{
	assert_int_equal(ockam_state(pair, end), TACIT_SESSION_OVER);
	assert_true(ockam_close_confirmed(pair, end));
	assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_TRUNCATED], 0);
	assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_CLOSED], 0);
}

static void
idle(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(1);
	uint64_t entries;

	(void)state;
	ockam_establish(pair);
	entries = pair->ends[0].entries;
	ockam_close(pair, 0);
	check_over(pair, 0);
	assert_int_equal(pair->ends[0].entries, entries);
	ockam_run(pair, 60000);
	/* the other end heard nothing of it */
	assert_int_equal(ockam_state(pair, 1), TACIT_SESSION_ESTABLISHED);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_ECLOSED);
	assert_int_equal(ockam_say(pair, 1, 8), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].received, 0);
	ockam_close(pair, 0); /* again */
	check_over(pair, 0);
	ockam_pair_free(pair);
}

/* all that was sent leaves, more than a window of it; what comes meanwhile is delivered */
static void
with_messages(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(2);

	(void)state;
	ockam_establish(pair);
	for (int i = 0; i < 1000; i++) {
		for (int end = 0; end < 2; end++)
			assert_int_equal(ockam_say(pair, end, 8), TACIT_OK);
	}
	ockam_close(pair, 0);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_CLOSING);
	assert_false(ockam_close_confirmed(pair, 0));
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_ECLOSED);
	ockam_run(pair, 3);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_CLOSING);
	assert_true(pair->ends[0].received > 0);
	ockam_run(pair, 1000);
	check_over(pair, 0);
	assert_int_equal(pair->ends[1].received, 1000);
	ockam_pair_free(pair);
}

static void
both_at_once(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(3);

	(void)state;
	ockam_establish(pair);
	for (int end = 0; end < 2; end++) {
		assert_int_equal(ockam_say(pair, end, 8), TACIT_OK);
		ockam_close(pair, end);
	}
	ockam_run(pair, 1000);
	for (int end = 0; end < 2; end++)
		check_over(pair, end);
	ockam_pair_free(pair);
}

static void
unconfirmed(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(4);

	(void)state;
	ockam_establish(pair);
	pair->stuck = true;
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_close(pair, 0);
	ockam_run(pair, TACIT_CLOSE_WAIT_MS);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_CLOSING);
	ockam_run(pair, 2);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_OVER);
	assert_false(ockam_close_confirmed(pair, 0));
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[0].err, TACIT_EUNCONFIRMED);
	assert_non_null(strstr(pair->ends[0].text, "did not confirm"));
	/* too late */
	pair->stuck = false;
	ockam_run(pair, 1000);
	assert_false(ockam_close_confirmed(pair, 0));
	ockam_pair_free(pair);
}

/* before it is established nothing was sent that anybody waits for */
static void
in_the_handshake(void **state)
{
	(void)state;
	for (int end = 0; end < 2; end++) {
		for (tacit_msec after = 0; after < 5; after++) {
			struct ockam_pair *pair = ockam_pair_new(5);
			uint64_t entries;

			ockam_start(pair);
			ockam_run(pair, after);
			if (pair->ends[end].side_count == 0 ||
			    ockam_state(pair, end) == TACIT_SESSION_ESTABLISHED) {
				ockam_pair_free(pair);
				continue;
			}
			entries = pair->ends[end].entries;
			ockam_close(pair, end);
			assert_int_equal(ockam_state(pair, end), TACIT_SESSION_OVER);
			ockam_run(pair, 60000);
			assert_int_equal(pair->ends[end].entries, entries);
			assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_FAILED], 0);
			ockam_pair_free(pair);
		}
	}
}

/* who goes without closing tells nobody, at either end */
static void
freed(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(6);
	struct ockam_side *side;
	uint64_t entries;

	(void)state;
	ockam_establish(pair);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	side = ockam_side(pair, 0);
	entries = pair->ends[0].entries;
	side->engine.ops->free(side->engine.self);
	side->engine.ops = NULL;
	assert_true(side->wake_at == TACIT_NEVER);
	assert_int_equal(pair->ends[0].entries, entries);
	for (unsigned kind = TACIT_CHANNEL_CLOSED; kind < PAIR_EVENTS_MAX; kind++)
		assert_int_equal(pair->ends[0].events[kind], 0);
	ockam_pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(idle),
	    cmocka_unit_test(with_messages),
	    cmocka_unit_test(both_at_once),
	    cmocka_unit_test(unconfirmed),
	    cmocka_unit_test(in_the_handshake),
	    cmocka_unit_test(freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
