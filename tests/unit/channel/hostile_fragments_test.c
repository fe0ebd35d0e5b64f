/*
 * A peer that holds the keys and breaks the rules of fragments (PROTOCOL.md 6.2): the channel ends,
 * with the reason; its twin, which keeps them, is heard.
 */
#include "support/hostile.h"

/* a message of 2 bytes for the worker `app`; in two pieces each form of hostility has its place */
static const uint8_t message[] = "\x01\x01\x00\x03"
				 "app\x00\x02hi";
#define MESSAGE_LEN (sizeof(message) - 1)

static struct pair *
new_pair(uint64_t seed)
{
	struct pair *pair = pair_new(seed);

	pair_establish(pair);
	pair_run(pair, 1000);
	pair->meddle = hostile_hold_back;
	pair->ends[1].raw = true;
	pair->ends[1].at_once = true;
	return pair;
}

/* the record `sequence` of the first end: form, more, len of bytes */
static void
hand_fragment(struct pair *pair, uint64_t sequence, uint8_t more, const void *bytes, size_t len)
{
	uint8_t *body = malloc(2 + len);

	assert_non_null(body);
	body[0] = TACIT_FORM_FRAGMENT;
	body[1] = more;
	if (len > 0)
		memcpy(body + 2, bytes, len);
	hostile_seal(pair, 0, TACIT_RECORD_DATA, sequence, body, 2 + len);
	free(body);
}

static void
hand_whole(struct pair *pair, uint64_t sequence)
{
	uint8_t body[1 + MESSAGE_LEN] = {TACIT_FORM_WHOLE};

	memcpy(body + 1, message, MESSAGE_LEN);
	hostile_seal(pair, 0, TACIT_RECORD_DATA, sequence, body, sizeof(body));
}

static void
check_failed(struct pair *pair, tacit_err err)
{
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[1].err, err);
	assert_true(pair->ends[1].text[0] != '\0');
	assert_int_equal(tacit_session_state(pair->ends[1].session), TACIT_SESSION_OVER);
	assert_null(pair->ends[1].session->joining.block);
	pair_free(pair);
}

static void
check_received(struct pair *pair, uint64_t count)
{
	assert_int_equal(pair->ends[1].received, count);
	assert_int_equal(pair->ends[1].last_len, 2);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(tacit_session_state(pair->ends[1].session), TACIT_SESSION_ESTABLISHED);
	assert_null(pair->ends[1].session->joining.block);
	pair_free(pair);
}

/* cut anywhere, into records of any size, in any order, it is the same message */
static void
test_any_cut(void **state)
{
	struct pair *pair;

	(void)state;
	for (size_t at = 1; at < MESSAGE_LEN; at++) {
		for (uint64_t late = 0; late < 2; late++) {
			pair = new_pair(901);
			if (late == 0)
				hand_fragment(pair, 0, 1, message, at);
			hand_fragment(pair, 1, 0, message + at, MESSAGE_LEN - at);
			assert_int_equal(pair->ends[1].received, 1 - late);
			if (late == 1)
				hand_fragment(pair, 0, 1, message, at);
			check_received(pair, 1);
		}
	}
	pair = new_pair(902);
	for (size_t i = 0; i < MESSAGE_LEN; i++)
		hand_fragment(pair, i, i + 1 < MESSAGE_LEN, message + i, 1);
	check_received(pair, 1);
	/* one fragment is a message, too; bytes behind it mean nothing */
	pair = new_pair(903);
	hand_fragment(pair, 0, 0, message, sizeof(message));
	hand_whole(pair, 1);
	hand_fragment(pair, 2, 0, message, MESSAGE_LEN);
	check_received(pair, 3);
}

static void
test_malformed_fragments(void **state)
{
	struct pair *pair;

	(void)state;
	for (uint8_t more = 0; more < 2; more++) {
		pair = new_pair(904);
		hand_fragment(pair, 0, more, NULL, 0);
		check_failed(pair, TACIT_EFORMAT);
	}
	for (unsigned more = 2; more < 256; more++) {
		pair = new_pair(905);
		hand_fragment(pair, 0, (uint8_t)more, message, MESSAGE_LEN);
		check_failed(pair, TACIT_EFORMAT);
	}
	pair = new_pair(906);
	hostile_seal(pair, 0, TACIT_RECORD_DATA, 0, (const uint8_t *)"\x03", 1);
	check_failed(pair, TACIT_EFORMAT);
	/* an empty one in the middle, and one ahead of its turn */
	pair = new_pair(907);
	hand_fragment(pair, 0, 1, message, 3);
	hand_fragment(pair, 1, 1, NULL, 0);
	check_failed(pair, TACIT_EFORMAT);
	pair = new_pair(908);
	hand_fragment(pair, 5, 1, NULL, 0);
	check_failed(pair, TACIT_EFORMAT);
}

/* what was joined is no message */
static void
test_no_message(void **state)
{
	struct pair *pair;

	(void)state;
	for (size_t len = 2; len < MESSAGE_LEN; len++) {
		pair = new_pair(909);
		hand_fragment(pair, 0, 1, message, 1);
		hand_fragment(pair, 1, 0, message + 1, len - 1);
		assert_int_equal(pair->ends[1].received, 0);
		check_failed(pair, TACIT_EFORMAT);
	}
}

/* a whole message between fragments, whether it comes in its turn or before */
static void
test_interleaved(void **state)
{
	struct pair *pair;

	(void)state;
	for (int early = 0; early < 2; early++) {
		pair = new_pair(910);
		if (early == 1)
			hand_whole(pair, 1);
		hand_fragment(pair, 0, 1, message, 3);
		if (early == 0)
			hand_whole(pair, 1);
		assert_int_equal(pair->ends[1].received, 0);
		check_failed(pair, TACIT_EFORMAT);
	}
	pair = new_pair(911);
	hand_whole(pair, 2);
	hand_fragment(pair, 0, 1, message, 3);
	hand_fragment(pair, 1, 0, message + 3, MESSAGE_LEN - 3);
	check_received(pair, 2);
}

static void
close_at(struct pair *pair, uint64_t sent)
{
	struct tacit_control control = hostile_control(pair, 0);

	control.flags |= TACIT_CONTROL_CLOSING;
	control.sent = sent;
	hostile_say(pair, 0, &control);
}

/* a close in the middle of a message, whichever of the two comes first */
static void
test_closed_in_the_middle(void **state)
{
	struct pair *pair;

	(void)state;
	for (int early = 0; early < 2; early++) {
		pair = new_pair(912);
		hand_whole(pair, 0);
		if (early == 1)
			close_at(pair, 2);
		hand_fragment(pair, 1, 1, message, 3);
		if (early == 0)
			close_at(pair, 2);
		assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 0);
		check_failed(pair, TACIT_EFORMAT);
	}
	for (int early = 0; early < 2; early++) {
		pair = new_pair(913);
		hand_fragment(pair, 0, 1, message, 3);
		if (early == 1)
			close_at(pair, 2);
		hand_fragment(pair, 1, 0, message + 3, MESSAGE_LEN - 3);
		if (early == 0)
			close_at(pair, 2);
		assert_int_equal(pair->ends[1].received, 1);
		assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
		assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
		pair_free(pair);
	}
}

/* fragments of 64,000 bytes, of which the last ends a message of len bytes */
static void
hand_long(struct pair *pair, size_t len)
{
	static const uint8_t head[] = {1, 1, 0, 3, 'a', 'p', 'p', 0};
	uint8_t bytes[64000] = {0};
	size_t payload = len - sizeof(head) - 4;
	uint64_t sequence = 0;

	memcpy(bytes, head, sizeof(head));
	for (size_t i = 0; i < 4; i++, payload >>= 7)
		bytes[sizeof(head) + i] = (uint8_t)((payload & 0x7f) | (i < 3 ? 0x80 : 0));
	while (len > 0 && pair->ends[1].events[TACIT_CHANNEL_FAILED] == 0) {
		size_t n = len < sizeof(bytes) ? len : sizeof(bytes);

		len -= n;
		hand_fragment(pair, sequence++, len > 0, bytes, n);
		memset(bytes, 0, 16);
	}
}

/* the longest that there may be, and a byte more, which ends the channel */
static void
test_too_long(void **state)
{
	struct pair *pair = new_pair(914);

	(void)state;
	hand_long(pair, TACIT_MESSAGE_MAX);
	assert_int_equal(pair->ends[1].received, 1);
	assert_int_equal(pair->ends[1].last_len, TACIT_MESSAGE_MAX - 12);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	pair_free(pair);
	pair = new_pair(915);
	hand_long(pair, TACIT_MESSAGE_MAX + 1);
	assert_int_equal(pair->ends[1].received, 0);
	check_failed(pair, TACIT_ELIMIT);
}

/* fragments without end: so many that the window could never hold their message */
static void
test_too_many(void **state)
{
	struct pair *pair = new_pair(916);

	(void)state;
	for (uint64_t i = 0; i < TACIT_WINDOW_RECORDS - 1; i++)
		hand_fragment(pair, i, 1, message, 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	hand_fragment(pair, TACIT_WINDOW_RECORDS - 1, 1, message, 1);
	check_failed(pair, TACIT_ELIMIT);
	/* the twin ends with the last that may be */
	pair = new_pair(917);
	for (uint64_t i = 0; i < TACIT_WINDOW_RECORDS; i++)
		hand_fragment(pair, i, i + 1 < TACIT_WINDOW_RECORDS,
		    i < MESSAGE_LEN ? message + i : message, 1);
	check_received(pair, 1);
}

static unsigned large;

static bool
lose_all_but_two(struct pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	return from == 1 || msg->len < 60000 || ++large <= 2;
}

/* or that just stop: nothing waits for them but their own end's messages */
static void
test_never_ends(void **state)
{
	struct pair *pair = new_pair(918);

	(void)state;
	large = 0;
	pair->meddle = lose_all_but_two;
	assert_int_equal(pair_say(pair, 0, 300000), TACIT_OK);
	pair_settle(pair);
	assert_int_equal(pair_say(pair, 1, 100), TACIT_OK);
	pair_run(pair, 1000);
	assert_int_equal(pair->ends[0].received, 1);
	assert_int_equal(pair->ends[1].received, 0);
	assert_int_equal(pair->ends[1].session->joining.count, 2);
	tacit_session_free(pair->ends[1].session);
	pair->ends[1].session = NULL;
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_TRUNCATED], 1);
	pair_free(pair);
}

/* who ignores windows is heard up to them, and a record more; the rest waits until it comes again */
static void
test_beyond_the_window(void **state)
{
	static uint8_t bytes[60000];
	struct pair *pair = new_pair(919);
	const struct tacit_inbox *inbox = &pair->ends[1].session->inbox;

	(void)state;
	pair->ends[1].at_once = false;
	pair->ends[1].hold = true;
	memcpy(bytes, message, MESSAGE_LEN);
	for (uint64_t i = 0; i < 1000; i++)
		hand_fragment(pair, i, 0, bytes, sizeof(bytes));
	assert_in_range(inbox->held_bytes, TACIT_WINDOW_BYTES, TACIT_WINDOW_BYTES + 65536);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_any_cut),
	    cmocka_unit_test(test_malformed_fragments),
	    cmocka_unit_test(test_no_message),
	    cmocka_unit_test(test_interleaved),
	    cmocka_unit_test(test_closed_in_the_middle),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_too_many),
	    cmocka_unit_test(test_never_ends),
	    cmocka_unit_test(test_beyond_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
