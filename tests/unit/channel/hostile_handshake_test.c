/*
 * Handshakes on a path that belongs to somebody else (PROTOCOL.md 5.3): whatever is changed, cut,
 * swapped, repeated or sent back, no state moves, and the honest messages still complete.
 */
#include "support/damage.h"
#include "support/carried.h"

/* bytes that end `to` cannot take for anything */
static void
check_unauthentic(struct pair *pair, int to, const uint8_t *bytes, size_t len)
{
	struct hostile_snapshot before;

	hostile_save(pair, to, &before);
	hostile_hand(pair, to, bytes, len);
	hostile_check_unmoved(pair, to, &before);
	assert_int_equal(pair->ends[to].events[TACIT_CHANNEL_UNAUTHENTIC], before.unauthentic + 1);
}

/* changed and cut ----------------------------------------------------------------------------- */

static void
damage_hello(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct carried *carried = arg;
	struct pair_end *end = &carried->pair->ends[1];
	struct tacit_session_config config = pair_config(end);
	struct tacit_msg *hello = tacit_msg_copy_of(bytes, len), *answer;
	struct tacit_session *session;
	tacit_err err;

	assert_non_null(hello);
	tacit_route_copy(&hello->ret, &carried->entries[1]->ret);
	err = tacit_session_new_responder(&config, hello, &session);
	tacit_msg_unref(hello);
	if (kind == DAMAGE_TRUNCATED || index / 8 == 0) {
		assert_int_equal(err, TACIT_EFORMAT);
	} else if (index / 8 < 3) {
		assert_int_equal(err, TACIT_EUNSUPPORTED);
	} else {
		/* another ephemeral key cannot be told from this one; its answer can */
		assert_int_equal(err, TACIT_OK);
		tacit_session_start(session, carried->pair->now);
		answer = hostile_catch(carried->pair, 1);
		check_unauthentic(carried->pair, 0, tacit_msg_payload(answer), answer->len);
		tacit_msg_unref(answer);
		tacit_session_free(session);
	}
}

static void
test_damaged_message1(void **state)
{
	struct carried carried;

	(void)state;
	carry_hello(&carried, 101);
	damage_each(
	    tacit_msg_payload(carried.entries[1]), carried.entries[1]->len, damage_hello, &carried);
	carry_rest(&carried);
	carry_free(&carried);
}

static void
damage_for_initiator(
    void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	(void)kind;
	(void)index;
	check_unauthentic(((struct carried *)arg)->pair, 0, bytes, len);
}

static void
damage_for_responder(
    void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	(void)kind;
	(void)index;
	check_unauthentic(((struct carried *)arg)->pair, 1, bytes, len);
}

static void
test_damaged_message2(void **state)
{
	struct carried carried;

	(void)state;
	carry_hello(&carried, 102);
	carry_answer(&carried);
	assert_int_equal(carried.entries[2]->len, 1505);
	damage_each(tacit_msg_payload(carried.entries[2]), carried.entries[2]->len,
	    damage_for_initiator, &carried);
	carry_rest(&carried);
	carry_free(&carried);
}

static void
test_damaged_message3(void **state)
{
	struct carried carried;

	(void)state;
	carry_hello(&carried, 103);
	carry_answer(&carried);
	carry_proof(&carried);
	assert_int_equal(carried.entries[3]->len, 1473);
	damage_each(tacit_msg_payload(carried.entries[3]), carried.entries[3]->len,
	    damage_for_responder, &carried);
	carry_rest(&carried);
	carry_free(&carried);
}

/* one byte more is another message too */
static void
test_longer_messages(void **state)
{
	struct carried carried;
	uint8_t bytes[1506] = {0};

	(void)state;
	carry_hello(&carried, 104);
	memcpy(bytes, tacit_msg_payload(carried.entries[1]), 35);
	damage_hello(&carried, DAMAGE_TRUNCATED, 0, bytes, 36);
	carry_answer(&carried);
	memcpy(bytes, tacit_msg_payload(carried.entries[2]), 1505);
	check_unauthentic(carried.pair, 0, bytes, 1506);
	carry_proof(&carried);
	memcpy(bytes, tacit_msg_payload(carried.entries[3]), 1473);
	bytes[1473] = 0;
	check_unauthentic(carried.pair, 1, bytes, 1474);
	carry_rest(&carried);
	carry_free(&carried);
}

/* the next version, and the hybrid suite with its longer message (PROTOCOL.md 7.4) */
static void
test_other_version_and_suite(void **state)
{
	struct carried carried;
	struct tacit_session_config config;
	struct tacit_session *session;
	struct tacit_msg *hello;

	(void)state;
	carry_hello(&carried, 105);
	config = pair_config(&carried.pair->ends[1]);
	for (int i = 0; i < 3; i++) {
		hello = tacit_msg_new(i == 2 ? 35 + 1184 : 35);
		assert_non_null(hello);
		memset(tacit_msg_payload(hello), 9, hello->len);
		tacit_msg_payload(hello)[0] = 1;
		tacit_msg_payload(hello)[1] = i == 0 ? 2 : 1;
		tacit_msg_payload(hello)[2] = i == 0 ? 1 : 2;
		tacit_route_copy(&hello->ret, &carried.entries[1]->ret);
		assert_int_equal(
		    tacit_session_new_responder(&config, hello, &session), TACIT_EUNSUPPORTED);
		tacit_msg_unref(hello);
	}
	assert_int_equal(carried.pair->ends[1].entries, 0);
	carry_rest(&carried);
	carry_free(&carried);
}

/* swapped, repeated, sent back ------------------------------------------------------------------ */

static void
test_messages_of_another_handshake(void **state)
{
	struct carried a, b;

	(void)state;
	carry_hello(&a, 106);
	carry_hello(&b, 107);
	carry_answer(&a);
	carry_answer(&b);
	check_unauthentic(a.pair, 0, tacit_msg_payload(b.entries[2]), b.entries[2]->len);
	check_unauthentic(b.pair, 0, tacit_msg_payload(a.entries[2]), a.entries[2]->len);
	carry_proof(&a);
	carry_proof(&b);
	check_unauthentic(a.pair, 1, tacit_msg_payload(b.entries[3]), b.entries[3]->len);
	check_unauthentic(b.pair, 1, tacit_msg_payload(a.entries[3]), a.entries[3]->len);
	/* and message 2 of another handshake after our own */
	check_unauthentic(a.pair, 0, tacit_msg_payload(b.entries[2]), b.entries[2]->len);
	carry_rest(&a);
	carry_rest(&b);
	check_unauthentic(a.pair, 1, tacit_msg_payload(b.entries[3]), b.entries[3]->len);
	carry_free(&a);
	carry_free(&b);
}

static void
check_last(const struct pair *pair, int from, const struct tacit_msg *entry)
{
	const struct tacit_msg *last = pair->ends[from].last_entry;

	assert_int_equal(last->len, entry->len);
	assert_memory_equal(tacit_msg_payload(last), tacit_msg_payload(entry), entry->len);
}

static void
test_repeats_get_the_same_answer(void **state)
{
	struct carried carried;
	struct pair *pair;
	uint64_t entries;

	(void)state;
	carry_hello(&carried, 108);
	pair = carried.pair;
	carry_answer(&carried);
	for (int i = 0; i < 3; i++)
		pair_listen(pair, pair_clone(carried.entries[1]));
	assert_int_equal(pair->ends[1].entries, 4);
	check_last(pair, 1, carried.entries[2]);
	carry_proof(&carried);
	entries = pair->ends[0].entries;
	for (int i = 0; i < 3; i++)
		hostile_replay(pair, 0, carried.entries[2]);
	assert_int_equal(pair->ends[0].entries, entries + 3);
	check_last(pair, 0, carried.entries[3]);
	/* message 3 again is accepted again, by a fresh control record each turn */
	for (int i = 0; i < 3; i++) {
		hostile_replay(pair, 1, carried.entries[3]);
		hostile_replay(pair, 1, carried.entries[3]);
		entries = pair->ends[1].entries;
		pair_settle(pair);
		assert_int_equal(pair->ends[1].entries, entries + 1);
		assert_int_equal(pair->ends[1].last_entry->len, 1 + 32 + 42);
	}
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	carry_rest(&carried);
	carry_free(&carried);
}

/* after the handshake, message 1 makes no work, 2 nothing, 3 an acceptance */
static void
test_replays_after_the_handshake(void **state)
{
	struct carried carried;
	struct pair *pair;
	uint64_t entries[2];

	(void)state;
	carry_hello(&carried, 109);
	pair = carried.pair;
	carry_rest(&carried);
	pair_run(pair, 1000);
	entries[0] = pair->ends[0].entries;
	entries[1] = pair->ends[1].entries;
	pair_listen(pair, pair_clone(carried.entries[1]));
	assert_int_equal(tacit_acceptor_count(pair->acceptor), 0);
	hostile_replay(pair, 0, carried.entries[2]);
	pair_settle(pair);
	assert_int_equal(pair->ends[0].entries, entries[0]);
	assert_int_equal(pair->ends[1].entries, entries[1]);
	hostile_replay(pair, 1, carried.entries[3]);
	pair_run(pair, 1000);
	assert_int_equal(pair->ends[0].entries, entries[0]);
	assert_int_equal(pair->ends[1].entries, entries[1] + 1);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 1);
	carry_free(&carried);
}

/* the answer to a message 1 goes where its first copy came from, and message 3 decides for good */
static void
test_return_route_is_the_authentic_one(void **state)
{
	struct carried carried;
	struct tacit_msg *hello;
	struct tacit_address first;

	(void)state;
	carry_hello(&carried, 110);
	carry_answer(&carried);
	hello = pair_clone(carried.entries[1]);
	tacit_route_init(&hello->ret);
	assert_int_equal(
	    tacit_route_append(&hello->ret, tacit_address_worker("mallory")), TACIT_OK);
	pair_listen(carried.pair, hello);
	assert_true(tacit_route_first(&carried.pair->ends[1].last_entry->onward, &first));
	assert_true(tacit_address_equal(
	    first, tacit_address_worker(tacit_session_name(carried.pair->ends[0].session))));
	carry_rest(&carried);
	/* authentic, but a copy: mallory cannot pull the channel over */
	hostile_hand(carried.pair, 1, tacit_msg_payload(carried.entries[3]), 1473);
	pair_settle(carried.pair);
	assert_true(tacit_route_first(&carried.pair->ends[1].last_entry->onward, &first));
	assert_true(tacit_address_equal(
	    first, tacit_address_worker(tacit_session_name(carried.pair->ends[0].session))));
	carry_free(&carried);
}

static void
test_reflected_to_their_sender(void **state)
{
	struct carried carried;

	(void)state;
	carry_hello(&carried, 111);
	check_unauthentic(
	    carried.pair, 0, tacit_msg_payload(carried.entries[1]), carried.entries[1]->len);
	carry_answer(&carried);
	check_unauthentic(
	    carried.pair, 1, tacit_msg_payload(carried.entries[1]), carried.entries[1]->len);
	check_unauthentic(
	    carried.pair, 1, tacit_msg_payload(carried.entries[2]), carried.entries[2]->len);
	carry_proof(&carried);
	check_unauthentic(
	    carried.pair, 0, tacit_msg_payload(carried.entries[3]), carried.entries[3]->len);
	carry_rest(&carried);
	carry_free(&carried);
}

/* our own ephemeral key, and the point of small order, are nobody's keys */
static void
test_ephemeral_keys_of_nobody(void **state)
{
	struct carried carried;
	struct tacit_session_config config;
	struct tacit_session *session;
	struct tacit_msg *hello;
	uint8_t bytes[1505];

	(void)state;
	carry_hello(&carried, 112);
	carry_answer(&carried);
	memcpy(bytes, tacit_msg_payload(carried.entries[2]), sizeof(bytes));
	memcpy(bytes + 1, tacit_msg_payload(carried.entries[1]) + 3, 32);
	check_unauthentic(carried.pair, 0, bytes, sizeof(bytes));
	memset(bytes + 1, 0, 32);
	check_unauthentic(carried.pair, 0, bytes, sizeof(bytes));
	hello = pair_clone(carried.entries[1]);
	memset(tacit_msg_payload(hello) + 3, 0, 32);
	config = pair_config(&carried.pair->ends[1]);
	assert_int_equal(tacit_session_new_responder(&config, hello, &session), TACIT_EAUTH);
	tacit_msg_unref(hello);
	carry_rest(&carried);
	carry_free(&carried);
}

/* records for an end that has no keys yet are dropped: they come again */
static void
test_records_before_message3(void **state)
{
	struct carried carried;
	struct hostile_snapshot before;
	uint8_t bytes[100] = {TACIT_KIND_RECORDS, 1, 1};

	(void)state;
	carry_hello(&carried, 115);
	carry_answer(&carried);
	for (int i = 0; i < 2; i++) {
		hostile_save(carried.pair, i, &before);
		hostile_hand(carried.pair, i, bytes, sizeof(bytes));
		hostile_check_unmoved(carried.pair, i, &before);
		assert_int_equal(carried.pair->ends[i].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	}
	carry_rest(&carried);
	carry_free(&carried);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_damaged_message1),
	    cmocka_unit_test(test_damaged_message2),
	    cmocka_unit_test(test_damaged_message3),
	    cmocka_unit_test(test_longer_messages),
	    cmocka_unit_test(test_other_version_and_suite),
	    cmocka_unit_test(test_messages_of_another_handshake),
	    cmocka_unit_test(test_repeats_get_the_same_answer),
	    cmocka_unit_test(test_replays_after_the_handshake),
	    cmocka_unit_test(test_return_route_is_the_authentic_one),
	    cmocka_unit_test(test_reflected_to_their_sender),
	    cmocka_unit_test(test_ephemeral_keys_of_nobody),
	    cmocka_unit_test(test_records_before_message3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
