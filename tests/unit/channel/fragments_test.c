/*
 * Messages longer than a record (PROTOCOL.md 6.2, 6.4): cut, joined, delivered in their turn, by
 * windows that never stop one for good, within the memory that they need.
 */
#include "support/hostile.h"

#include "wire/bare.h"

#define MIB ((size_t)1 << 20)

static struct pair *
open_pair(uint64_t seed)
{
	struct pair *pair = pair_new(seed);

	pair_establish(pair);
	pair_run(pair, 1000);
	return pair;
}

/* the payload of pair_say whose message has `encoded` bytes: version 1, [app], [me], length */
static size_t
payload_len(size_t encoded)
{
	size_t len = encoded - 12;

	while (12 + tacit_bare_uint_len(len) + len > encoded)
		len--;
	assert_int_equal(12 + tacit_bare_uint_len(len) + len, encoded);
	return len;
}

static void
say(struct pair *pair, int from, size_t encoded)
{
	assert_int_equal(pair_say(pair, from, payload_len(encoded)), TACIT_OK);
}

static uint64_t
records_of(size_t encoded)
{
	return (encoded + TACIT_MESSAGE_LEN_MAX - 1) / TACIT_MESSAGE_LEN_MAX;
}

/* all that end i has received was acknowledged, and nothing is left of it */
static void
check_settled(const struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		const struct tacit_session *session = pair->ends[i].session;

		assert_int_equal(pair->ends[!i].received, pair->ends[i].sent);
		assert_int_equal(tacit_session_unacknowledged(session), 0);
		assert_int_equal(session->pending_bytes, 0);
		assert_int_equal(session->outbox.flight_bytes, 0);
		assert_int_equal(session->inbox.held_bytes, 0);
		assert_int_equal(session->inbox.joined_bytes, 0);
		assert_int_equal(
		    session->inbox.delivered_bytes, pair->ends[!i].session->outbox.sent_bytes);
		assert_null(session->joining.block);
		assert_false(session->begun);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 0);
	}
}

/* sizes ----------------------------------------------------------------------------------------- */

static void
test_sizes(void **state)
{
	static const size_t record = TACIT_MESSAGE_LEN_MAX;
	const size_t sizes[] = {record - 1, record, record + 1, 2 * record - 1, 2 * record,
	    2 * record + 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 16 * MIB};
	struct pair *pair = open_pair(801);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int from = 0; from < 2; from++) {
			uint64_t before = pair->ends[from].session->outbox.next;

			say(pair, from, sizes[i]);
			pair_run(pair, 2000);
			check_settled(pair);
			assert_int_equal(pair->ends[!from].last_len, payload_len(sizes[i]));
			assert_int_equal(
			    pair->ends[from].session->outbox.next - before, records_of(sizes[i]));
		}
	}
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_DUPLICATE], 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_DUPLICATE], 0);
	pair_free(pair);
}

/* the longest one arrives; a byte more is refused where it is sent, and harms nothing */
static void
test_the_longest(void **state)
{
	struct pair *pair = open_pair(802);
	struct tacit_session *session = pair->ends[0].session;
	struct tacit_msg *msg;

	(void)state;
	assert_int_equal(pair_say(pair, 0, payload_len(TACIT_MESSAGE_MAX) + 1), TACIT_ELIMIT);
	msg = tacit_msg_new(payload_len(TACIT_MESSAGE_MAX) + 12);
	assert_non_null(msg);
	assert_int_equal(tacit_session_check(session, msg), TACIT_ELIMIT);
	tacit_msg_truncate(msg, 12);
	assert_int_equal(tacit_session_check(session, msg), TACIT_OK);
	tacit_msg_unref(msg);
	say(pair, 0, TACIT_MESSAGE_MAX);
	pair_run(pair, 5000);
	check_settled(pair);
	assert_int_equal(pair->ends[1].received, 1);
	pair_free(pair);
}

/* windows --------------------------------------------------------------------------------------- */

/* what nobody takes fills the window up to an edge; a long message behind it waits, and goes on */
static void
test_behind_a_full_window(void **state)
{
	(void)state;
	for (size_t left = 0; left <= 2 * 61474 + 2; left += left % 61474 < 2 ? 1 : 61472) {
		struct pair *pair = open_pair(803);
		const struct tacit_outbox *outbox = &pair->ends[0].session->outbox;

		pair->ends[1].hold = true;
		while (8 * MIB - left - outbox->sent_bytes > 2 * 61473) {
			say(pair, 0, TACIT_MESSAGE_LEN_MAX);
			pair_settle(pair);
		}
		say(pair, 0, (8 * MIB - left - outbox->sent_bytes) / 2 - 33);
		pair_settle(pair);
		say(pair, 0, 8 * MIB - left - outbox->sent_bytes - 33);
		pair_settle(pair);
		assert_int_equal(outbox->window_bytes - outbox->sent_bytes, left);
		say(pair, 0, 20 * MIB);
		say(pair, 0, 100);
		pair_run(pair, 15 * 1000);
		/* where a fragment fits, one after the other does: joined it makes room for the next */
		assert_int_equal(
		    pair->ends[1].received, pair->ends[0].sent - (left < 61474 ? 2 : 0));
		pair->ends[1].hold = false;
		pair_run(pair, 10 * 1000);
		check_settled(pair);
		pair_free(pair);
	}
}

/* as many records as the window has are undelivered, too */
static void
test_behind_many_records(void **state)
{
	(void)state;
	for (unsigned left = 0; left < 3; left++) {
		struct pair *pair = open_pair(804);

		pair->ends[1].hold = true;
		for (unsigned i = 0; i < TACIT_WINDOW_RECORDS - left; i++)
			say(pair, 0, 100);
		say(pair, 0, 3 * MIB);
		pair_run(pair, 1000);
		assert_int_equal(pair->ends[1].received, TACIT_WINDOW_RECORDS - left);
		pair->ends[1].hold = false;
		pair_run(pair, 5000);
		check_settled(pair);
		pair_free(pair);
	}
}

/* a long message that nobody takes counts again, so that its sender is stopped behind it */
static void
test_back_pressure(void **state)
{
	struct pair *pair = open_pair(805);
	const struct tacit_inbox *inbox = &pair->ends[1].session->inbox;

	(void)state;
	pair->ends[1].hold = true;
	for (unsigned i = 0; i < 4; i++)
		say(pair, 0, 20 * MIB);
	pair_run(pair, 60 * 1000);
	assert_int_equal(pair->ends[1].received, 1);
	assert_in_range(inbox->held_bytes, 20 * MIB, 29 * MIB);
	assert_int_equal(pair->ends[0].session->outbox.flight_bytes, inbox->held_bytes);
	assert_false(tacit_session_has_room(pair->ends[0].session));
	for (unsigned i = 2; i <= 4; i++) {
		tacit_session_delivered(
		    pair->ends[1].session, pair->ends[1].held[i - 2], pair->now);
		pair_run(pair, 60 * 1000);
		assert_int_equal(pair->ends[1].received, i);
		assert_true(inbox->held_bytes <= 29 * MIB);
	}
	tacit_session_delivered(pair->ends[1].session, pair->ends[1].held[3], pair->now);
	pair_run(pair, 1000);
	check_settled(pair);
	pair_free(pair);
}

/* delivered by the handler itself, while it is handed out */
static void
test_delivered_at_once(void **state)
{
	struct pair *pair = open_pair(806);

	(void)state;
	pair->ends[1].at_once = true;
	for (unsigned i = 0; i < 10; i++) {
		say(pair, 0, 3 * MIB);
		say(pair, 0, 100);
	}
	pair_run(pair, 5000);
	check_settled(pair);
	assert_int_equal(pair->ends[1].deepest, 1);
	pair_free(pair);
}

/* a lost fragment: the rest waits for it, and is not sent again with it */
static unsigned losses;

static bool
lose_the_third(struct pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	return from == 1 || msg->len < 60000 || ++losses != 3;
}

static void
test_a_lost_fragment(void **state)
{
	struct pair *pair = open_pair(807);

	(void)state;
	losses = 0;
	pair->meddle = lose_the_third;
	say(pair, 0, 16 * MIB);
	pair_run(pair, 5000);
	check_settled(pair);
	assert_int_equal(losses, 16 * MIB / TACIT_MESSAGE_LEN_MAX + 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_DUPLICATE], 0);
	pair_free(pair);
}

/* many ------------------------------------------------------------------------------------------ */

static size_t
random_len(struct pair *pair)
{
	uint64_t kind = pair_random(&pair->random) % 10;
	uint64_t most = kind < 5 ? 300 : kind < 9 ? 200000 : 3 * MIB;

	return 8 + (size_t)(pair_random(&pair->random) % most);
}

/* both ends say count messages of mixed sizes, as fast as the windows let them */
static void
converse(struct pair *pair, uint64_t count)
{
	tacit_msec limit = pair->now + 6 * 3600 * 1000;

	while (pair->ends[0].received < count || pair->ends[1].received < count) {
		for (int i = 0; i < 2; i++) {
			struct pair_end *end = &pair->ends[i];

			while (end->sent < count && tacit_session_has_room(end->session))
				assert_int_equal(pair_say(pair, i, random_len(pair)), TACIT_OK);
		}
		pair_run(pair, 20);
		if (pair->now > limit)
			fail_msg("seed %llu: stuck: %llu, %llu of %llu",
			    (unsigned long long)pair->seed,
			    (unsigned long long)pair->ends[0].received,
			    (unsigned long long)pair->ends[1].received, (unsigned long long)count);
	}
}

static void
test_seeds(void **state)
{
	uint64_t seeds = getenv("TACIT_ALL") != NULL ? 1000 : 60;

	(void)state;
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct pair *pair = open_pair(seed);

		pair->drop = (unsigned)(pair_random(&pair->random) % 200);
		pair->twice = (unsigned)(pair_random(&pair->random) % 200);
		pair->delay_max = (unsigned)(pair_random(&pair->random) % 300);
		pair->shuffle = seed % 2 == 0;
		pair->ends[1].at_once = seed % 3 == 0;
		converse(pair, 30);
		pair->drop = 0;
		pair_run(pair, 120 * 1000);
		check_settled(pair);
		pair_free(pair);
	}
}

/* the same without vices copies nothing */
static void
test_a_quiet_path(void **state)
{
	struct pair *pair = open_pair(808);

	(void)state;
	converse(pair, 300);
	pair_run(pair, 5000);
	check_settled(pair);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_DUPLICATE], 0);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_GAP], 0);
	}
	pair_free(pair);
}

/* closing --------------------------------------------------------------------------------------- */

/* a path on which 40 MiB take longer than a close waits, one way or both: it waits on, while some of
 * it arrives */
static void
test_close_behind_a_long_message(void **state)
{
	(void)state;
	for (int both = 0; both < 2; both++) {
		struct pair *pair = open_pair(809);
		tacit_msec began = pair->now;

		pair->delay_max = 9000;
		for (int i = 0; i <= both; i++) {
			say(pair, i, 40 * MIB);
			say(pair, i, 100);
			tacit_session_close(pair->ends[i].session, pair->now);
		}
		while (pair->ends[1].received < 2 && pair->now < began + 600 * 1000)
			pair_run(pair, 100);
		assert_in_range(pair->now - began, 2 * TACIT_CLOSE_WAIT_MS, 600 * 1000);
		pair_run(pair, 60 * 1000);
		for (int i = 0; i <= both; i++) {
			assert_true(tacit_session_close_confirmed(pair->ends[i].session));
			assert_int_equal(pair->ends[!i].received, 2);
			assert_int_equal(pair->ends[!i].events[TACIT_CHANNEL_CLOSED], 1);
			assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 0);
		}
		pair_free(pair);
	}
}

/* its twin: the path dies in the middle, and 10 s later the close is over */
static void
test_close_on_a_dead_path(void **state)
{
	struct pair *pair = open_pair(810);

	(void)state;
	pair->delay_max = 9000;
	say(pair, 0, 40 * MIB);
	tacit_session_close(pair->ends[0].session, pair->now);
	pair_run(pair, 15 * 1000);
	assert_int_equal(tacit_session_state(pair->ends[0].session), TACIT_SESSION_CLOSING);
	pair->meddle = hostile_hold_back;
	pair_run(pair, 20 * 1000);
	assert_int_equal(tacit_session_state(pair->ends[0].session), TACIT_SESSION_OVER);
	assert_int_equal(pair->ends[0].err, TACIT_EUNCONFIRMED);
	assert_int_equal(pair->ends[1].received, 0);
	pair_free(pair);
}

/* memory ---------------------------------------------------------------------------------------- */

/* a message whose head-room is not its own: others see their bytes unchanged */
static void
test_a_shared_block(void **state)
{
	struct pair *pair = open_pair(811);
	size_t len = 300000;
	struct tacit_block *block = tacit_block_new(100 + len);
	struct tacit_msg *msg;

	(void)state;
	assert_non_null(block);
	memset(block->bytes, 0x11, 100);
	for (size_t i = 0; i < len; i++)
		block->bytes[100 + i] = pair_byte(0, i);
	memset(block->bytes + 100, 0, 8); /* the message's number */
	assert_non_null(msg = tacit_msg_view(block, 100, len));
	assert_int_equal(tacit_session_send(pair->ends[0].session, msg), TACIT_OK);
	pair_run(pair, 1000);
	assert_int_equal(pair->ends[1].received, 1);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(block->bytes[i], 0x11);
	for (size_t i = 8; i < len; i++)
		assert_int_equal(block->bytes[100 + i], pair_byte(0, i));
	tacit_block_unref(block);
	pair_free(pair);
}

/* the buffer grows with what came, whatever length the message claims */
static void
test_the_buffer_grows_with_what_came(void **state)
{
	struct pair *pair = open_pair(812);
	struct tacit_joining *joining = &pair->ends[1].session->joining;

	(void)state;
	losses = 0;
	pair->meddle = lose_the_third;
	say(pair, 0, TACIT_MESSAGE_MAX);
	pair_settle(pair);
	pair->meddle = hostile_hold_back;
	pair_run(pair, 100);
	assert_int_equal(joining->len, 2 * TACIT_MESSAGE_LEN_MAX);
	assert_in_range(joining->block->cap, joining->len, 4 * joining->len);
	pair->meddle = NULL;
	pair_run(pair, 60 * 1000);
	check_settled(pair);
	pair_free(pair);
}

/* a pair whose second end joins in a pool, and has got 8 MiB of 20 */
static struct pair *
pooled_pair(uint64_t seed, struct tacit_joining_pool *pool)
{
	struct pair *pair = open_pair(seed);
	struct tacit_session *session = pair->ends[1].session;

	session->config.joining = session->joining.pool = pool;
	say(pair, 0, 20 * MIB);
	pair_settle(pair);
	pair->meddle = hostile_hold_back;
	pair_run(pair, 10);
	assert_in_range(session->joining.len, 7 * MIB, 8 * MIB);
	pair->meddle = NULL;
	return pair;
}

/* all channels of a node together: the one that nothing comes for ends, and the others go on */
static void
test_the_pool(void **state)
{
	struct tacit_joining_pool pool;
	struct pair *idle, *busy;

	(void)state;
	tacit_joining_pool_init(&pool);
	idle = pooled_pair(813, &pool);
	busy = pooled_pair(814, &pool);
	assert_in_range(pool.bytes, 14 * MIB, 33 * MIB);
	/* others have the rest; the second one gets more, and the first one nothing */
	pool.bytes += TACIT_JOINING_LEN_MAX - 30 * MIB;
	pair_run(busy, 5000);
	check_settled(busy);
	assert_int_equal(busy->ends[1].received, 1);
	assert_int_equal(idle->ends[1].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(idle->ends[1].err, TACIT_ELIMIT);
	assert_true(idle->ends[1].flush_wanted);
	assert_null(idle->ends[1].session->joining.block);
	assert_int_equal(pool.bytes, TACIT_JOINING_LEN_MAX - 30 * MIB);
	assert_true(tacit_list_empty(&pool.list));
	/* the twin: where there is room both arrive */
	pair_free(idle);
	pool.bytes = 0;
	idle = pooled_pair(815, &pool);
	pair_run(idle, 5000);
	check_settled(idle);
	assert_int_equal(pool.bytes, 0);
	pair_free(idle);
	pair_free(busy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_the_longest),
	    cmocka_unit_test(test_behind_a_full_window),
	    cmocka_unit_test(test_behind_many_records),
	    cmocka_unit_test(test_back_pressure),
	    cmocka_unit_test(test_delivered_at_once),
	    cmocka_unit_test(test_a_lost_fragment),
	    cmocka_unit_test(test_seeds),
	    cmocka_unit_test(test_a_quiet_path),
	    cmocka_unit_test(test_close_behind_a_long_message),
	    cmocka_unit_test(test_close_on_a_dead_path),
	    cmocka_unit_test(test_a_shared_block),
	    cmocka_unit_test(test_the_buffer_grows_with_what_came),
	    cmocka_unit_test(test_the_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
