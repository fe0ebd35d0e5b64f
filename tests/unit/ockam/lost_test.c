/*
 * What may be lost on its way into the stream (PROTOCOL.md 9.8): the channel ends, says so, and
 * sends nothing more, wherever it stands.
 */
#include "support/ockam_pair.h"

#include "ockam/session_internal.h"

/* the end of the pair whose message may be lost knows it; nothing left after that one */
static void
check_lost(const struct ockam_pair *pair, int end, const char *text)
{
	const struct ockam_end *e = &pair->ends[end];

	assert_int_equal(e->events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(e->err, TACIT_EPOSSIBLYLOST);
	if (strstr(e->text, text) == NULL)
		fail_msg("%s", e->text);
	assert_non_null(strstr(e->text, "cannot send"));
	assert_int_equal(ockam_state(pair, end), TACIT_SESSION_OVER);
	assert_int_equal(e->entries, e->lose);
	assert_false(ockam_close_confirmed(pair, end));
}

/* the nth entry of an end, of the handshake */
static void
lose_in_handshake(int end, uint64_t nth, bool established)
{
	struct ockam_pair *pair = ockam_pair_new(nth);

	pair->ends[end].lose = nth;
	ockam_start(pair);
	ockam_run(pair, 60000);
	assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_ESTABLISHED], established);
	check_lost(pair, end, established ? "under way" : "handshake");
	ockam_pair_free(pair);
}

static void
in_the_handshake(void **state)
{
	(void)state;
	lose_in_handshake(0, 1, false);
	lose_in_handshake(1, 1, false);
	lose_in_handshake(0, 2, false);
	lose_in_handshake(1, 2, false);
	/* message 5: the initiator is established with it */
	lose_in_handshake(0, 3, true);
}

static void
in_traffic(void **state)
{
	(void)state;
	for (uint64_t nth = 4; nth < 40; nth += 5) {
		for (int end = 0; end < 2; end++) {
			struct ockam_pair *pair = ockam_pair_new(nth);
			uint64_t before;

			ockam_establish(pair);
			before = pair->ends[end].entries;
			pair->ends[end].lose = nth;
			for (int i = 0; i < 60; i++) {
				(void)ockam_say(pair, end, 8);
				ockam_run(pair, 3);
			}
			check_lost(pair, end, "make a new channel");
			/* all that was sealed before it has arrived */
			assert_int_equal(pair->ends[!end].received, nth - before - 1);
			assert_int_equal(ockam_say(pair, end, 8), TACIT_ECLOSED);
			ockam_pair_free(pair);
		}
	}
}

/* what stands behind it is not sealed: it would overtake what is in doubt */
static void
with_more_to_come(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(1);
	struct ockam_side *side;
	uint64_t entries;

	(void)state;
	ockam_establish(pair);
	side = ockam_side(pair, 0);
	for (unsigned i = 0; i < 2 * TACIT_OCKAM_WINDOW_RECORDS; i++)
		assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	side->engine.ops->flush(side->engine.self, pair->now);
	entries = pair->ends[0].entries;
	assert_int_equal(entries, 3 + TACIT_OCKAM_WINDOW_RECORDS);
	/* the first of them is in doubt, and the answer to the rest is not even needed */
	side->engine.ops->carried(side->engine.self, 8, false, pair->now);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_ESTABLISHED);
	assert_true(side->flush_wanted);
	side->engine.ops->flush(side->engine.self, pair->now);
	assert_int_equal(pair->ends[0].err, TACIT_EPOSSIBLYLOST);
	side->engine.ops->flush(side->engine.self, pair->now);
	assert_int_equal(pair->ends[0].entries, entries);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 1);
	ockam_pair_free(pair);
}

static void
while_closing(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(2);

	(void)state;
	ockam_establish(pair);
	pair->ends[0].lose = 5;
	for (int i = 0; i < 2; i++)
		assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_close(pair, 0);
	ockam_run(pair, 60000);
	check_lost(pair, 0, "under way");
	ockam_pair_free(pair);
}

/* a word about an entry that comes when all is over */
static void
afterwards(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(3);

	(void)state;
	ockam_establish(pair);
	pair->ends[0].lose = 4;
	pair->ends[1].lossy = true;
	for (int i = 0; i < 10; i++)
		assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_settle(pair);
	pair->ends[0].lose = 0;
	ockam_run(pair, 60000);
	assert_int_equal(pair->ends[0].err, TACIT_EPOSSIBLYLOST);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 1);
	/* those that were under way with it arrive, and the gap is told */
	assert_int_equal(pair->ends[1].received, 9);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_GAP], 1);
	ockam_pair_free(pair);
}

/* the hub is away for long, with nothing in doubt: what is sent waits, and no more than a window
 * leaves */
static void
an_outage_without_doubt(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(4);
	const struct tacit_ockam_session *session;

	(void)state;
	ockam_establish(pair);
	ockam_run(pair, 1000);
	session = ockam_side(pair, 0)->engine.self;
	pair->stuck = true;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(ockam_say(pair, 0, i % 2 == 0 ? 8 : 20000), TACIT_OK);
		ockam_settle(pair);
		assert_true(session->carrying <= TACIT_OCKAM_WINDOW_RECORDS);
		assert_true(session->carrying_bytes <= TACIT_OCKAM_WINDOW_BYTES);
	}
	assert_in_range(session->carrying, 100, 110);
	assert_int_equal(ockam_unacknowledged(pair, 0), 1000);
	assert_false(ockam_side(pair, 0)->engine.ops->has_room(session));
	ockam_run(pair, 60 * 60 * 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	pair->stuck = false;
	ockam_run(pair, 10000);
	assert_int_equal(pair->ends[1].received, 1000);
	assert_int_equal(ockam_unacknowledged(pair, 0), 0);
	assert_true(ockam_side(pair, 0)->engine.ops->has_room(session));
	ockam_pair_free(pair);
}

/* what waits to be sealed is bounded as well */
static void
too_much_waits(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(5);
	tacit_err err = TACIT_OK;
	unsigned i;

	(void)state;
	ockam_establish(pair);
	pair->stuck = true;
	for (i = 0; i < 4000 && err == TACIT_OK; i++)
		err = ockam_say(pair, 0, 60000);
	assert_int_equal(err, TACIT_ELIMIT);
	assert_in_range(i, TACIT_UNSEALED_LEN_MAX / 61000, TACIT_UNSEALED_LEN_MAX / 60000 + 2);
	pair->stuck = false;
	ockam_run(pair, 10000);
	assert_int_equal(pair->ends[1].received, i - 1);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_the_handshake),
	    cmocka_unit_test(in_traffic),
	    cmocka_unit_test(with_more_to_come),
	    cmocka_unit_test(while_closing),
	    cmocka_unit_test(afterwards),
	    cmocka_unit_test(an_outage_without_doubt),
	    cmocka_unit_test(too_much_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
