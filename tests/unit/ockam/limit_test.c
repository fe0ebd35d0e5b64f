/*
 * The end of a direction's 65,535 records, and renewal (PROTOCOL.md 9.9).
 */
#include "support/ockam_peer.h"

#define MESSAGES 66000u
/* besides the identity */
#define MESSAGES_MAX (TACIT_OCKAM_RECORDS_MAX - 1)

/* an end says that many, as fast as there is room; returns why it stopped */
static tacit_err
say_all(struct ockam_pair *pair, int from, unsigned messages)
{
	const struct tacit_engine *engine = &ockam_side(pair, from)->engine;
	tacit_err err = TACIT_OK;

	for (unsigned i = 0; i < messages && err == TACIT_OK; i++) {
		while (!engine->ops->has_room(engine->self))
			ockam_run(pair, 1);
		err = ockam_say(pair, from, 8);
	}
	return err;
}

/* how many are left in tests that do not say all 65,535 */
#define LAST 1000u

/* as if an end's engine, and the one at the other end, had all but these behind them */
static void
skip_all_but(struct ockam_pair *pair, int from, unsigned left)
{
	ockam_session(pair, from)->run->sent = TACIT_OCKAM_RECORDS_MAX - left;
	ockam_session(pair, !from)->run->order->next = TACIT_OCKAM_RECORDS_MAX - left;
}

/* the sender learns it by an error of its own, and everything before is delivered */
static void
without_renewal(void **state)
{
	(void)state;
	for (int end = 0; end < 2; end++) {
		struct ockam_pair *pair = ockam_pair_new(1);
		const struct tacit_engine *engine;
		struct tacit_msg *msg = ockam_numbered(0, 8);

		ockam_establish(pair);
		engine = &ockam_side(pair, end)->engine;
		assert_int_equal(say_all(pair, end, MESSAGES_MAX - 1), TACIT_OK);
		assert_int_equal(engine->ops->check(engine->self, msg), TACIT_OK);
		assert_int_equal(say_all(pair, end, 1), TACIT_OK);
		/* asking is no end: what was sent may still be answered */
		assert_int_equal(engine->ops->check(engine->self, msg), TACIT_EEXHAUSTED);
		ockam_run(pair, 60000);
		assert_int_equal(ockam_state(pair, end), TACIT_SESSION_ESTABLISHED);
		assert_int_equal(pair->ends[!end].received, MESSAGES_MAX);
		assert_int_equal(ockam_say(pair, !end, 8), TACIT_OK);
		ockam_run(pair, 1000);
		assert_int_equal(pair->ends[end].received, 1);
		assert_int_equal(pair->ends[end].sequences[TACIT_CHANNEL_SEALED], 65534);
		/* sending is */
		assert_int_equal(ockam_say(pair, end, 8), TACIT_EEXHAUSTED);
		ockam_run(pair, 1);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_FAILED], 1);
		assert_int_equal(pair->ends[end].err, TACIT_EEXHAUSTED);
		assert_non_null(strstr(pair->ends[end].text, "65,535"));
		assert_int_equal(ockam_state(pair, !end), TACIT_SESSION_ESTABLISHED);
		tacit_msg_unref(msg);
		ockam_pair_free(pair);
	}
}

/* one message too many ends nothing before all that came before it has left */
static void
the_last_ones_leave_first(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(2);

	(void)state;
	ockam_establish(pair);
	skip_all_but(pair, 1, LAST);
	for (unsigned i = 0; i < LAST; i++)
		assert_int_equal(ockam_say(pair, 1, 8), TACIT_OK);
	assert_int_equal(ockam_say(pair, 1, 8), TACIT_EEXHAUSTED);
	assert_int_equal(ockam_say(pair, 1, 8), TACIT_EEXHAUSTED);
	ockam_settle(pair);
	assert_int_equal(ockam_state(pair, 1), TACIT_SESSION_ESTABLISHED);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].received, LAST);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[1].err, TACIT_EEXHAUSTED);
	ockam_pair_free(pair);
}

/* a close of a channel that is used up is a close like any other */
static void
closed_when_used_up(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(3);

	(void)state;
	ockam_establish(pair);
	skip_all_but(pair, 0, LAST);
	assert_int_equal(say_all(pair, 0, LAST), TACIT_OK);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_EEXHAUSTED);
	ockam_close(pair, 0);
	ockam_run(pair, 1000);
	assert_true(ockam_close_confirmed(pair, 0));
	assert_int_equal(pair->ends[1].received, LAST);
	ockam_pair_free(pair);
}

static struct ockam_pair *
renewing_pair(uint64_t seed)
{
	struct ockam_pair *pair = ockam_pair_new(seed);

	pair->renews = true;
	ockam_establish(pair);
	return pair;
}

static void
check_renewed(const struct ockam_pair *pair, size_t times)
{
	const struct ockam_end *end = &pair->ends[0];

	/* what the program sees is one channel; the listener makes one for each */
	assert_int_equal(end->events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], times + 1);
	assert_int_equal(pair->ends[1].side_count, times + 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 0);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_GAP], 0);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
		assert_int_equal(ockam_state(pair, i), TACIT_SESSION_ESTABLISHED);
	}
	assert_int_equal(ockam_session(pair, 0)->run->number, times);
}

/* more than fit in one channel, there and back: all arrives in order and once; a burst, and one
 * after the other */
static void
with_renewal(void **state)
{
	(void)state;
	for (int burst = 0; burst < 2; burst++) {
		struct ockam_pair *pair = renewing_pair(10);
		const char *name = ockam_session(pair, 0)->name;
		char before[33];

		memcpy(before, name, sizeof(before));
		pair->ends[1].echo = true;
		if (burst) {
			assert_int_equal(say_all(pair, 0, MESSAGES), TACIT_OK);
		} else {
			for (unsigned i = 0; i < MESSAGES; i++) {
				assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
				ockam_run(pair, 6);
			}
		}
		ockam_run(pair, 60000);
		assert_int_equal(pair->ends[0].received, MESSAGES);
		assert_int_equal(pair->ends[1].received, MESSAGES);
		assert_int_equal(ockam_unacknowledged(pair, 0), 0);
		assert_string_equal(name, before);
		check_renewed(pair, 1);
		assert_int_equal(pair->ends[0].sequences[TACIT_CHANNEL_SEALED],
		    (1u << 16) + MESSAGES - MESSAGES_MAX);
		ockam_pair_free(pair);
	}
}

/* again and again: the oldest keys go, and nothing is lost with them */
static void
many_renewals(void **state)
{
	struct ockam_pair *pair = renewing_pair(11);

	(void)state;
	pair->ends[1].echo = true;
	for (unsigned i = 1; i <= 5; i++) {
		skip_all_but(pair, 0, LAST);
		skip_all_but(pair, 1, LAST);
		assert_int_equal(say_all(pair, 0, LAST + 1), TACIT_OK);
		ockam_run(pair, 60000);
		assert_int_equal(pair->ends[0].received, i * (LAST + 1));
		assert_int_equal(pair->ends[1].received, i * (LAST + 1));
		check_renewed(pair, i);
	}
	ockam_pair_free(pair);
}

/* the other end's counter is used up first: the initiator makes a new channel with nothing to say */
static void
for_the_other_direction(void **state)
{
	struct ockam_pair *pair = renewing_pair(12);
	struct ockam_side *first = ockam_side(pair, 1);

	(void)state;
	skip_all_but(pair, 1, LAST);
	assert_int_equal(say_all(pair, 1, LAST), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].received, LAST);
	check_renewed(pair, 1);
	/* the other end's first engine has no more words, its second has */
	assert_int_equal(ockam_say_by(first, 8), TACIT_EEXHAUSTED);
	assert_int_equal(ockam_say(pair, 1, 8), TACIT_OK);
	ockam_settle(pair);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].received, LAST + 1);
	assert_int_equal(pair->ends[1].received, 1);
	ockam_pair_free(pair);
}

/* a channel whose counter is all but used up */
static struct ockam_pair *
nearly_used_up(uint64_t seed)
{
	struct ockam_pair *pair = renewing_pair(seed);

	skip_all_but(pair, 0, LAST);
	assert_int_equal(say_all(pair, 0, LAST), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[1].received, LAST);
	return pair;
}

/* what arrives with the old keys while there are no new ones, and after */
static void
old_records_while_renewing(void **state)
{
	struct ockam_pair *pair = nearly_used_up(13);
	struct ockam_side *first = ockam_side(pair, 1);

	(void)state;
	/* three stand in the stream before message 2, and three behind it */
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ockam_say_by(first, 8), TACIT_OK);
	ockam_settle(pair);
	while (pair->ends[1].side_count == 1)
		ockam_run(pair, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ockam_say_by(first, 8), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].received, 6);
	assert_int_equal(pair->ends[1].received, LAST + 1);
	check_renewed(pair, 1);
	/* and much later; those that came are known */
	assert_int_equal(ockam_say_by(first, 8), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].received, 7);
	assert_int_equal(pair->ends[0].sequences[TACIT_CHANNEL_OPENED], 7);
	ockam_arrive(pair, 0, pair_clone(pair->ends[1].log[2]));
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_DUPLICATE], 1);
	ockam_pair_free(pair);
}

/* what the program says while the handshake is under way waits for it, and for room */
static void
said_while_renewing(void **state)
{
	struct ockam_pair *pair = nearly_used_up(14);
	const struct tacit_engine *engine = &ockam_side(pair, 0)->engine;

	(void)state;
	pair->stuck = true;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
		ockam_settle(pair);
		assert_int_equal(
		    engine->ops->has_room(engine->self), i + 2 < TACIT_OCKAM_WINDOW_RECORDS);
	}
	assert_int_equal(ockam_unacknowledged(pair, 0), 1000 + 1);
	pair->stuck = false;
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[1].received, LAST + 1000);
	check_renewed(pair, 1);
	ockam_pair_free(pair);
}

static void
renewal_without_answer(void **state)
{
	struct ockam_pair *pair = nearly_used_up(15);

	(void)state;
	pair->meddle = ockam_peer_hold_back;
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, TACIT_HANDSHAKE_LIFE_MS);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_ESTABLISHED);
	ockam_run(pair, 2);
	assert_int_equal(pair->ends[0].err, TACIT_ETIMEDOUT);
	assert_non_null(strstr(pair->ends[0].text, "used up"));
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_OVER);
	ockam_pair_free(pair);
}

static void
renewal_lost(void **state)
{
	struct ockam_pair *pair = nearly_used_up(16);

	(void)state;
	pair->ends[0].lose = pair->ends[0].entries + 1;
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].err, TACIT_EPOSSIBLYLOST);
	ockam_pair_free(pair);
}

/* another identity at the same listener: the renewal is not made, whatever the policy says */
static void
another_identity(void **state)
{
	struct ockam_pair *pair = nearly_used_up(17);
	struct ockam_end *end = &pair->ends[1];

	(void)state;
	tacit_ockam_identity_fini(&end->identity);
	assert_int_equal(tacit_ockam_identity_create(end->vault, &end->identity), TACIT_OK);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].err, TACIT_EUNTRUSTED);
	assert_non_null(strstr(pair->ends[0].text, "is now P"));
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[1].received, LAST);
	ockam_pair_free(pair);
}

/* a close waits for the new channel when the last messages need it, but not for longer than others */
static void
closed_while_renewing(void **state)
{
	struct ockam_pair *pair = nearly_used_up(18);

	(void)state;
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_close(pair, 0);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_CLOSING);
	ockam_run(pair, 1000);
	assert_true(ockam_close_confirmed(pair, 0));
	assert_int_equal(pair->ends[1].received, LAST + 1);
	ockam_pair_free(pair);

	pair = nearly_used_up(19);
	pair->meddle = ockam_peer_hold_back;
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_settle(pair);
	ockam_close(pair, 0);
	ockam_run(pair, TACIT_CLOSE_WAIT_MS + 1);
	assert_false(ockam_close_confirmed(pair, 0));
	assert_int_equal(pair->ends[0].err, TACIT_EUNCONFIRMED);
	ockam_pair_free(pair);
}

/* what still waits with the keys before the last is handed out before they go */
static void
held_records_of_the_oldest_keys(void **state)
{
	struct ockam_pair *pair = renewing_pair(20);
	struct ockam_side *first = ockam_side(pair, 1);

	(void)state;
	skip_all_but(pair, 0, LAST);
	assert_int_equal(say_all(pair, 0, LAST + 1), TACIT_OK);
	ockam_run(pair, 1000);
	check_renewed(pair, 1);
	/* one is missing before the second */
	pair->meddle = ockam_peer_hold_back;
	assert_int_equal(ockam_say_by(first, 8), TACIT_OK);
	ockam_settle(pair);
	pair->meddle = NULL;
	pair->ends[0].lossy = true;
	assert_int_equal(ockam_say_by(first, 8), TACIT_OK);
	ockam_run(pair, 5);
	assert_int_equal(pair->ends[0].received, 0);
	skip_all_but(pair, 0, LAST);
	assert_int_equal(say_all(pair, 0, LAST), TACIT_OK);
	ockam_run(pair, 5);
	assert_int_equal(ockam_session(pair, 0)->old->order->held_count, 1);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 100);
	assert_int_equal(pair->ends[0].received, 1);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(pair->ends[0].sequences[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(ockam_session(pair, 0)->run->number, 2);
	ockam_pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_renewal),
	    cmocka_unit_test(the_last_ones_leave_first),
	    cmocka_unit_test(closed_when_used_up),
	    cmocka_unit_test(with_renewal),
	    cmocka_unit_test(many_renewals),
	    cmocka_unit_test(for_the_other_direction),
	    cmocka_unit_test(old_records_while_renewing),
	    cmocka_unit_test(said_while_renewing),
	    cmocka_unit_test(renewal_without_answer),
	    cmocka_unit_test(renewal_lost),
	    cmocka_unit_test(another_identity),
	    cmocka_unit_test(closed_while_renewing),
	    cmocka_unit_test(held_records_of_the_oldest_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
