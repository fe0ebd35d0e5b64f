/*
 * Closing (PROTOCOL.md 6.6): confirmed, unconfirmed, by both ends at once, with messages on the
 * way, over a path that loses closes; and the end without one.
 */
#include "support/hostile.h"

static struct pair *
open_pair(uint64_t seed)
{
	struct pair *pair = pair_new(seed);

	pair_establish(pair);
	pair_run(pair, 1000);
	return pair;
}

static void
close_end(struct pair *pair, int i)
{
	tacit_session_close(pair->ends[i].session, pair->now);
}

static enum tacit_session_state
state_of(const struct pair *pair, int i)
{
	return tacit_session_state(pair->ends[i].session);
}

/* end i closed, and knows that everything arrived */
static void
check_confirmed(const struct pair *pair, int i)
{
	assert_true(tacit_session_close_confirmed(pair->ends[i].session));
	assert_int_equal(state_of(pair, i), TACIT_SESSION_OVER);
	assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_TRUNCATED], 0);
}

static void
check_unconfirmed(const struct pair *pair, int i)
{
	assert_false(tacit_session_close_confirmed(pair->ends[i].session));
	assert_int_equal(state_of(pair, i), TACIT_SESSION_OVER);
	assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[i].err, TACIT_EUNCONFIRMED);
}

static void
test_confirmed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair *pair = open_pair(601);

		close_end(pair, i);
		assert_int_equal(pair_say(pair, i, 10), TACIT_ECLOSED);
		pair_run(pair, 10);
		check_confirmed(pair, i);
		assert_int_equal(pair->ends[!i].events[TACIT_CHANNEL_CLOSED], 1);
		assert_int_equal(state_of(pair, !i), TACIT_SESSION_LINGERING);
		assert_int_equal(pair_say(pair, !i, 10), TACIT_ECLOSED);
		assert_true(tacit_session_has_room(pair->ends[!i].session));
		pair_run(pair, 29 * 1000);
		assert_int_equal(state_of(pair, !i), TACIT_SESSION_LINGERING);
		pair_run(pair, 2 * 1000);
		assert_int_equal(state_of(pair, !i), TACIT_SESSION_OVER);
		assert_int_equal(pair->ends[!i].events[TACIT_CHANNEL_CLOSED], 1);
		assert_int_equal(pair->ends[!i].events[TACIT_CHANNEL_FAILED], 0);
		pair_free(pair);
	}
}

static void
test_unconfirmed(void **state)
{
	struct pair *pair = open_pair(602);

	(void)state;
	pair->drop = 1000;
	close_end(pair, 0);
	pair_run(pair, 9999);
	assert_int_equal(state_of(pair, 0), TACIT_SESSION_CLOSING);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	pair_run(pair, 2);
	check_unconfirmed(pair, 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 0);
	pair_free(pair);
}

/* messages that were said before the close arrive before it, and the close does not wait for a
 * timer */
static void
test_with_messages_on_the_way(void **state)
{
	struct pair *pair = open_pair(603);

	(void)state;
	for (int i = 0; i < 300; i++)
		assert_int_equal(pair_say(pair, 0, 1000), TACIT_OK);
	close_end(pair, 0);
	pair_run(pair, 100);
	check_confirmed(pair, 0);
	assert_int_equal(pair->ends[1].received, 300);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	pair_free(pair);
}

/* more than a window holds: the close follows the last of it */
static void
test_with_more_than_a_window(void **state)
{
	struct pair *pair = open_pair(604);

	(void)state;
	pair->ends[1].hold = true;
	while (tacit_session_has_room(pair->ends[0].session))
		assert_int_equal(pair_say(pair, 0, 60000), TACIT_OK);
	for (int i = 0; i < 20; i++)
		assert_int_equal(pair_say(pair, 0, 60000), TACIT_OK);
	close_end(pair, 0);
	pair_run(pair, 5000);
	assert_int_equal(state_of(pair, 0), TACIT_SESSION_CLOSING);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 0);
	pair->ends[1].hold = false;
	pair_run(pair, 1000);
	check_confirmed(pair, 0);
	assert_int_equal(pair->ends[1].received, pair->ends[0].sent);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	pair_free(pair);
}

/* the close is there, its last messages are not delivered yet: no end of file, no confirmation */
static void
test_waits_for_delivery(void **state)
{
	struct pair *pair = open_pair(605);

	(void)state;
	pair->ends[1].hold = true;
	for (int i = 0; i < 10; i++)
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	close_end(pair, 0);
	pair_run(pair, 3000);
	assert_int_equal(pair->ends[1].received, 10);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 0);
	assert_int_equal(state_of(pair, 0), TACIT_SESSION_CLOSING);
	pair->ends[1].hold = false;
	pair_run(pair, 10);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	check_confirmed(pair, 0);
	pair_free(pair);
}

/* nobody reads them for 10 s: the closer goes, and says what it does not know */
static void
test_never_delivered(void **state)
{
	struct pair *pair = open_pair(606);

	(void)state;
	pair->ends[1].hold = true;
	assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	close_end(pair, 0);
	/* from when the other end said that it came */
	pair_run(pair, 9999);
	assert_int_equal(state_of(pair, 0), TACIT_SESSION_CLOSING);
	pair_run(pair, 10);
	check_unconfirmed(pair, 0);
	pair_free(pair);
}

/* losing ---------------------------------------------------------------------------------------- */

static unsigned lose_from[2]; /* entries that each end is still to lose */

static bool
lose_some(struct pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	(void)msg;
	if (lose_from[from] == 0)
		return true;
	lose_from[from]--;
	return false;
}

static void
test_lost_and_repeated(void **state)
{
	(void)state;
	for (unsigned which = 1; which < 4; which++) {
		struct pair *pair = open_pair(607);

		lose_from[0] = which & 1 ? 3 : 0;
		lose_from[1] = which & 2 ? 1 : 0;
		pair->meddle = lose_some;
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
		close_end(pair, 0);
		pair_run(pair, 9000);
		check_confirmed(pair, 0);
		assert_int_equal(pair->ends[1].received, 1);
		assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
		pair_free(pair);
	}
}

/* the confirmations are lost; the other end lingers and answers each repeat, and tells its end once */
static void
test_lost_confirmations(void **state)
{
	struct pair *pair = open_pair(608);

	(void)state;
	lose_from[0] = 0;
	lose_from[1] = 3;
	pair->meddle = lose_some;
	close_end(pair, 0);
	pair_run(pair, 9000);
	assert_int_equal(lose_from[1], 0);
	check_confirmed(pair, 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	pair_free(pair);
}

/* both ends ------------------------------------------------------------------------------------- */

static void
check_both(struct pair *pair, uint64_t count)
{
	for (int i = 0; i < 2; i++) {
		check_confirmed(pair, i);
		assert_int_equal(pair->ends[i].received, count);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_CLOSED], 1);
	}
	pair_free(pair);
}

/* a node that drops a message has delivered it at once; what a gap held up is then handed out one
 * behind the other, not one inside the other: there may be thousands */
static void
test_delivered_while_handed_out(void **state)
{
	struct pair *pair = open_pair(613);
	struct pair_end *bob = &pair->ends[1];

	(void)state;
	bob->at_once = true;
	pair->drop = 1000;
	assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_settle(pair);
	pair->drop = 0;
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_settle(pair);
	close_end(pair, 0);
	pair_run(pair, 100);
	check_confirmed(pair, 0);
	assert_int_equal(bob->received, 41);
	assert_int_equal(bob->events[TACIT_CHANNEL_CLOSED], 1);
	assert_int_equal(bob->deepest, 1);
	pair_free(pair);
}

static void
test_both_at_once(void **state)
{
	(void)state;
	for (unsigned count = 0; count < 50; count += 7) {
		struct pair *pair = open_pair(609);

		for (unsigned i = 0; i < count; i++) {
			assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
			assert_int_equal(pair_say(pair, 1, 100), TACIT_OK);
		}
		close_end(pair, 0);
		close_end(pair, 1);
		pair_run(pair, 100);
		check_both(pair, count);
	}
}

/* the second closes while the first one's close is on the way to it, or has just come */
static void
test_both_one_after_the_other(void **state)
{
	(void)state;
	for (tacit_msec later = 0; later < 3; later++) {
		struct pair *pair = open_pair(610);

		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
		assert_int_equal(pair_say(pair, 1, 100), TACIT_OK);
		pair->ends[1].hold = true; /* otherwise it only lingers */
		close_end(pair, 0);
		pair_run(pair, later);
		close_end(pair, 1);
		pair->ends[1].hold = false;
		pair_run(pair, 100);
		check_both(pair, 1);
	}
}

/* each end's first close is lost; both repeat theirs, and neither waits for the other's timer */
static void
test_both_and_lost(void **state)
{
	struct pair *pair = open_pair(611);

	(void)state;
	lose_from[0] = lose_from[1] = 1;
	pair->meddle = lose_some;
	close_end(pair, 0);
	close_end(pair, 1);
	pair_run(pair, 2000);
	check_both(pair, 0);
	pair = open_pair(612);
	lose_from[0] = 1;
	lose_from[1] = 0;
	pair->meddle = lose_some;
	close_end(pair, 0);
	close_end(pair, 1);
	pair_run(pair, 2000);
	check_both(pair, 0);
}

/* one end's last messages never come, though it closed and confirmed: its end was cut off */
static void
test_both_and_truncated(void **state)
{
	struct pair *pair = open_pair(613);
	struct tacit_control control;

	(void)state;
	close_end(pair, 0);
	pair_settle(pair);
	pair->meddle = hostile_hold_back;
	control = hostile_control(pair, 1);
	control.flags |= TACIT_CONTROL_CLOSING | TACIT_CONTROL_CLOSED;
	control.sent = 1;
	hostile_say(pair, 1, &control);
	pair_run(pair, 9000);
	assert_true(tacit_session_close_confirmed(pair->ends[0].session));
	assert_int_equal(state_of(pair, 0), TACIT_SESSION_CLOSING);
	pair_run(pair, 1001);
	assert_int_equal(state_of(pair, 0), TACIT_SESSION_OVER);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_TRUNCATED], 1);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	pair_free(pair);
}

/* no close -------------------------------------------------------------------------------------- */

static void
free_end(struct pair *pair, int i)
{
	tacit_session_free(pair->ends[i].session);
	pair->ends[i].session = NULL;
}

static void
test_truncated(void **state)
{
	struct pair *pair = open_pair(614);

	(void)state;
	free_end(pair, 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_TRUNCATED], 1);
	/* a close that nobody confirmed is none */
	close_end(pair, 1);
	free_end(pair, 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_TRUNCATED], 1);
	pair_free(pair);
}

static void
test_told_once(void **state)
{
	struct pair *pair = open_pair(615);

	(void)state;
	close_end(pair, 0);
	pair_run(pair, 100);
	free_end(pair, 0);
	free_end(pair, 1);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_TRUNCATED], 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_TRUNCATED], 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	pair_free(pair);
}

/* what never was a channel is not cut off */
static void
test_never_established(void **state)
{
	struct pair *pair;

	(void)state;
	for (int steps = 0; steps < 3; steps++) {
		for (int closes = 0; closes < 2; closes++) {
			pair = pair_new(616);
			pair_start(pair);
			pair_run(pair, (tacit_msec)steps + 1);
			if (closes)
				close_end(pair, 0);
			free_end(pair, 0);
			assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_TRUNCATED], 0);
			assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
			pair_free(pair);
		}
	}
}

/* closing twice, and after the other end has closed */
static void
test_closing_again(void **state)
{
	struct pair *pair = open_pair(617);

	(void)state;
	close_end(pair, 0);
	close_end(pair, 0);
	pair_run(pair, 100);
	check_confirmed(pair, 0);
	close_end(pair, 0);
	close_end(pair, 1);
	assert_int_equal(state_of(pair, 1), TACIT_SESSION_LINGERING);
	pair_run(pair, 60 * 1000);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_confirmed),
	    cmocka_unit_test(test_unconfirmed),
	    cmocka_unit_test(test_with_messages_on_the_way),
	    cmocka_unit_test(test_with_more_than_a_window),
	    cmocka_unit_test(test_waits_for_delivery),
	    cmocka_unit_test(test_never_delivered),
	    cmocka_unit_test(test_lost_and_repeated),
	    cmocka_unit_test(test_lost_confirmations),
	    cmocka_unit_test(test_delivered_while_handed_out),
	    cmocka_unit_test(test_both_at_once),
	    cmocka_unit_test(test_both_one_after_the_other),
	    cmocka_unit_test(test_both_and_lost),
	    cmocka_unit_test(test_both_and_truncated),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_told_once),
	    cmocka_unit_test(test_never_established),
	    cmocka_unit_test(test_closing_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
