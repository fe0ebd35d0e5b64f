/*
 * A peer that holds the keys and breaks the rules (PROTOCOL.md 6.2, 6.3, 6.6): the channel ends,
 * with the reason, and never with a crash; its twin, which keeps them, does no harm.
 */
#include "support/hostile.h"

/* two ends; the first says `count` messages that arrive at the other */
static struct pair *
talking_pair(uint64_t seed, unsigned count)
{
	struct pair *pair = pair_new(seed);

	pair_establish(pair);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, 1000);
	assert_int_equal(pair->ends[1].received, count);
	pair->meddle = hostile_hold_back;
	return pair;
}

static void
check_failed(struct pair *pair, int i, tacit_err err)
{
	assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[i].err, err);
	assert_true(pair->ends[i].text[0] != '\0');
	assert_int_equal(tacit_session_state(pair->ends[i].session), TACIT_SESSION_OVER);
	/* the end is told once */
	tacit_session_free(pair->ends[i].session);
	pair->ends[i].session = NULL;
	assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_TRUNCATED], 0);
	pair_free(pair);
}

static void
check_goes_on(struct pair *pair, int i)
{
	assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(tacit_session_state(pair->ends[i].session), TACIT_SESSION_ESTABLISHED);
	pair_free(pair);
}

/* acknowledgements ------------------------------------------------------------------------------ */

static void
test_acknowledges_beyond_what_was_sent(void **state)
{
	struct pair *pair;
	struct tacit_control control;

	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		pair = talking_pair(401, 3);
		control = hostile_control(pair, 1);
		control.next = 3 + more;
		hostile_say(pair, 1, &control);
		if (more > 0)
			check_failed(pair, 0, TACIT_EFORMAT);
		else
			check_goes_on(pair, 0);
	}
}

static void
test_ranges_beyond_what_was_sent(void **state)
{
	struct pair *pair;
	struct tacit_control control;

	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		pair = talking_pair(402, 3);
		/* two more that nobody has delivered */
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
		pair_settle(pair);
		control = hostile_control(pair, 1);
		control.range_count = 1;
		control.ranges[0] = (struct tacit_range){4, 5 + more};
		hostile_say(pair, 1, &control);
		if (more > 0)
			check_failed(pair, 0, TACIT_EFORMAT);
		else
			check_goes_on(pair, 0);
	}
}

/* windows and acknowledgements only grow; a peer that takes them back is not believed */
static void
test_takes_back_what_it_said(void **state)
{
	struct pair *pair = talking_pair(403, 3);
	struct tacit_control control = hostile_control(pair, 1);
	uint64_t window = pair->ends[0].session->outbox.window;

	(void)state;
	control.next = 1;
	control.window = 0;
	control.window_bytes = 0;
	control.range_count = 1;
	control.ranges[0] = (struct tacit_range){2, 3};
	hostile_say(pair, 1, &control);
	assert_int_equal(pair->ends[0].session->outbox.first, 3);
	assert_int_equal(pair->ends[0].session->outbox.window, window);
	assert_true(tacit_session_has_room(pair->ends[0].session));
	check_goes_on(pair, 0);
}

static void
test_windows_without_end(void **state)
{
	struct pair *pair = talking_pair(404, 3);
	struct tacit_control control = hostile_control(pair, 1);
	unsigned count = 0;

	(void)state;
	control.window = control.window_bytes = control.echo = UINT64_MAX;
	hostile_say(pair, 1, &control);
	while (tacit_session_has_room(pair->ends[0].session)) {
		assert_int_equal(pair_say(pair, 0, 10), TACIT_OK);
		count++;
	}
	/* our own bound on what we keep holds */
	assert_int_equal(count, 4096);
	pair_settle(pair);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 4096);
	check_goes_on(pair, 0);
}

/* control bodies -------------------------------------------------------------------------------- */

static void
hand_control(struct pair *pair, const uint8_t *body, size_t len)
{
	hostile_seal(
	    pair, 1, TACIT_RECORD_CONTROL, pair->ends[1].session->control_out++, body, len);
}

static void
test_malformed_control(void **state)
{
	struct pair *pair = talking_pair(405, 3);
	struct tacit_control control = hostile_control(pair, 1);
	uint8_t body[TACIT_CONTROL_LEN_MAX + 1] = {0};
	size_t len = tacit_control_encode(&control, body);

	(void)state;
	hand_control(pair, body, len);
	check_goes_on(pair, 0);
	for (size_t cut = 0; cut < len; cut += 7) {
		pair = talking_pair(405, 3);
		hand_control(pair, body, cut);
		check_failed(pair, 0, TACIT_EFORMAT);
	}
	pair = talking_pair(405, 3);
	hand_control(pair, body, len + 1);
	check_failed(pair, 0, TACIT_EFORMAT);
	for (unsigned flag = 32; flag < 256; flag *= 2) {
		pair = talking_pair(405, 3);
		body[0] = (uint8_t)(1 | flag);
		hand_control(pair, body, len);
		check_failed(pair, 0, TACIT_EFORMAT);
	}
}

/* closing --------------------------------------------------------------------------------------- */

static void
test_final_count_below_what_came(void **state)
{
	struct pair *pair;
	struct tacit_control control;

	(void)state;
	for (unsigned less = 0; less < 2; less++) {
		pair = talking_pair(406, 3);
		control = hostile_control(pair, 0);
		control.flags = TACIT_CONTROL_CLOSING;
		control.sent = 3 - less;
		hostile_say(pair, 0, &control);
		if (less > 0) {
			check_failed(pair, 1, TACIT_EFORMAT);
		} else {
			assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
			assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
			pair_free(pair);
		}
	}
}

/* data record `sequence` of the first end, as it would seal it */
static void
hand_data(struct pair *pair, uint64_t sequence)
{
	uint8_t body[] = "\x01\x01\x01\x00\x03"
			 "app\x00\x08........";

	memcpy(body + 10, &sequence, sizeof(sequence));
	hostile_seal(pair, 0, TACIT_RECORD_DATA, sequence, body, sizeof(body) - 1);
}

/* closing with a final count of 5 while 3 came */
static struct pair *
closing_pair(uint64_t seed)
{
	struct pair *pair = talking_pair(seed, 3);
	struct tacit_control control = hostile_control(pair, 0);

	control.flags = TACIT_CONTROL_CLOSING;
	control.sent = 5;
	hostile_say(pair, 0, &control);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 0);
	return pair;
}

static void
test_data_beyond_the_final_count(void **state)
{
	struct pair *pair = closing_pair(407);

	(void)state;
	hand_data(pair, 4);
	hand_data(pair, 3);
	pair_settle(pair);
	assert_int_equal(pair->ends[1].received, 5);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	pair_free(pair);
	pair = closing_pair(407);
	hand_data(pair, 5);
	check_failed(pair, 1, TACIT_EFORMAT);
}

static void
test_another_final_count(void **state)
{
	struct pair *pair;
	struct tacit_control control;

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		pair = closing_pair(408);
		control = hostile_control(pair, 0);
		control.flags = kind == 3 ? 0 : TACIT_CONTROL_CLOSING;
		control.sent = kind == 1 ? 4 : kind == 2 ? 6 : 5;
		hostile_say(pair, 0, &control);
		if (kind > 0)
			check_failed(pair, 1, TACIT_EFORMAT);
		else
			check_goes_on(pair, 1);
	}
}

/* confirms a close that nobody asked for, or before it can have everything */
static void
test_confirms_what_cannot_be(void **state)
{
	struct pair *pair = talking_pair(409, 3);
	struct tacit_control control = hostile_control(pair, 1);

	(void)state;
	control.flags |= TACIT_CONTROL_CLOSED;
	hostile_say(pair, 1, &control);
	check_failed(pair, 0, TACIT_EFORMAT);

	for (unsigned all = 0; all < 2; all++) {
		pair = talking_pair(409, 3);
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
		pair_settle(pair);
		tacit_session_close(pair->ends[0].session, pair->now);
		pair_settle(pair);
		control = hostile_control(pair, 1);
		control.flags |= TACIT_CONTROL_CLOSED;
		control.next = 3 + all;
		hostile_say(pair, 1, &control);
		assert_int_equal(tacit_session_close_confirmed(pair->ends[0].session), all);
		if (all == 0) {
			check_failed(pair, 0, TACIT_EFORMAT);
		} else {
			assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
			pair_free(pair);
		}
	}
}

/* bodies of data records ------------------------------------------------------------------------ */

static void
check_body(const char *body, size_t len, tacit_err err)
{
	struct pair *pair = talking_pair(410, 0);

	hostile_seal(pair, 0, TACIT_RECORD_DATA, 0, (const uint8_t *)body, len);
	assert_int_equal(pair->ends[1].received, 0);
	check_failed(pair, 1, err);
}

static void
test_unknown_forms(void **state)
{
	(void)state;
	check_body("", 0, TACIT_EUNSUPPORTED);
	check_body("\x00", 1, TACIT_EUNSUPPORTED);
	check_body("\x02\x01\x01\x00\x03"
		   "app\x00\x00",
	    10, TACIT_EUNSUPPORTED);
	check_body("\xff", 1, TACIT_EUNSUPPORTED);
}

static void
test_malformed_messages(void **state)
{
	static const char good[] = "\x01\x01\x01\x00\x03"
				   "app\x00\x02hi";
	struct pair *pair = talking_pair(411, 0);
	char body[sizeof(good)];

	(void)state;
	pair->ends[1].raw = true;
	hostile_seal(pair, 0, TACIT_RECORD_DATA, 0, (const uint8_t *)good, sizeof(good) - 1);
	assert_int_equal(pair->ends[1].received, 1);
	assert_int_equal(pair->ends[1].last_len, 2);
	/* bytes behind it mean nothing (PROTOCOL.md 6.2) */
	hostile_seal(pair, 0, TACIT_RECORD_DATA, 1, (const uint8_t *)good, sizeof(good));
	assert_int_equal(pair->ends[1].received, 2);
	pair_free(pair);
	for (size_t cut = 1; cut < sizeof(good) - 1; cut++)
		check_body(good, cut, TACIT_EFORMAT);
	memcpy(body, good, sizeof(good));
	body[1] = 2; /* version of the transport message */
	check_body(body, sizeof(good) - 1, TACIT_EFORMAT);
}

/* records far ahead of what was allowed take no memory */
static void
test_beyond_the_window(void **state)
{
	struct pair *pair = talking_pair(412, 0);
	struct hostile_snapshot before;

	(void)state;
	hand_data(pair, 4095);
	assert_int_equal(pair->ends[1].session->inbox.highest, 4096);
	hostile_save(pair, 1, &before);
	hand_data(pair, 4096);
	hand_data(pair, UINT64_MAX);
	assert_int_equal(pair->ends[1].session->inbox.highest, 4096);
	assert_int_equal(pair->ends[1].session->inbox.cap, before.session.inbox.cap);
	assert_int_equal(pair->ends[1].session->inbox.held_bytes, before.session.inbox.held_bytes);
	check_goes_on(pair, 1);
}

static void
test_bytes_beyond_the_window(void **state)
{
	struct pair *pair = talking_pair(413, 0);
	size_t len = 60000;
	uint8_t *body = calloc(1, len);

	(void)state;
	assert_non_null(body);
	memcpy(body,
	    "\x01\x01\x01\x00\x03"
	    "app\x00\xd1\xd4\x03",
	    12); /* a payload of 60,000 - 12 - 11 bytes */
	for (uint64_t i = 1; i < 200; i++)
		hostile_seal(pair, 0, TACIT_RECORD_DATA, i, body, len);
	assert_true(pair->ends[1].session->inbox.held_bytes <= 8 << 20);
	assert_true(pair->ends[1].session->inbox.held_bytes > (8 << 20) - 61000);
	/* the one that everything waits for always has room */
	pair->ends[1].raw = true;
	hostile_seal(pair, 0, TACIT_RECORD_DATA, 0, body, len);
	assert_int_equal(pair->ends[1].received, 1 + (8 << 20) / (60000 + 32));
	free(body);
	check_goes_on(pair, 1);
}

/* limits ---------------------------------------------------------------------------------------- */

static void
test_key_used_up_by_data(void **state)
{
	struct pair *pair = talking_pair(414, 3);

	(void)state;
	pair->ends[0].session->out.blocks = TACIT_KEY_BLOCKS_MAX - 8;
	assert_int_equal(pair_say(pair, 0, 10), TACIT_OK);
	pair_settle(pair);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(pair_say(pair, 0, 10), TACIT_OK);
	pair_settle(pair);
	check_failed(pair, 0, TACIT_ELIMIT);
}

static void
test_key_used_up_by_control(void **state)
{
	struct pair *pair = talking_pair(415, 3);

	(void)state;
	pair->ends[0].session->out.blocks = TACIT_KEY_BLOCKS_MAX - 1;
	pair->ends[0].session->answer_now = true;
	tacit_session_flush(pair->ends[0].session, pair->now);
	check_failed(pair, 0, TACIT_ELIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_acknowledges_beyond_what_was_sent),
	    cmocka_unit_test(test_ranges_beyond_what_was_sent),
	    cmocka_unit_test(test_takes_back_what_it_said),
	    cmocka_unit_test(test_windows_without_end),
	    cmocka_unit_test(test_malformed_control),
	    cmocka_unit_test(test_final_count_below_what_came),
	    cmocka_unit_test(test_data_beyond_the_final_count),
	    cmocka_unit_test(test_another_final_count),
	    cmocka_unit_test(test_confirms_what_cannot_be),
	    cmocka_unit_test(test_unknown_forms),
	    cmocka_unit_test(test_malformed_messages),
	    cmocka_unit_test(test_beyond_the_window),
	    cmocka_unit_test(test_bytes_beyond_the_window),
	    cmocka_unit_test(test_key_used_up_by_data),
	    cmocka_unit_test(test_key_used_up_by_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
