/*
 * Delivery (PROTOCOL.md 6.4, 6.5): windows and back-pressure, sending again when something is known
 * to be missing and never otherwise, probes during outages, sizes, and a lack of memory.
 */
#include "support/hostile.h"

#define HOUR_MS (3600u * 1000u)

/* what left each end: how often each data record, and all entries with their control records */
#define WATCHED_MAX 8192
static uint8_t sent_count[WATCHED_MAX];
static uint8_t copies[WATCHED_MAX][200];
static unsigned sent_again, control_records;
static uint64_t drop_data_below; /* drops data entries of alice's while their number is below */

/* looks at each record that leaves alice; the same sequence must always be the same bytes */
static bool
watch_records(struct pair *pair, int from, struct tacit_msg *msg)
{
	struct tacit_record record;
	struct tacit_reader r;

	(void)pair;
	if (from == 1 || tacit_msg_payload(msg)[0] != TACIT_KIND_RECORDS)
		return true;
	tacit_reader_init(&r, tacit_msg_payload(msg) + 1, msg->len - 1);
	while (r.left > 0) {
		tacit_record_next(&r, &record);
		assert_false(r.bad);
		if (record.type == TACIT_RECORD_CONTROL) {
			control_records++;
			continue;
		}
		assert_true(record.sequence < WATCHED_MAX && record.sealed_len <= 184);
		if (sent_count[record.sequence]++ > 0) {
			sent_again++;
			assert_memory_equal(copies[record.sequence], record.header,
			    TACIT_RECORD_HEADER_LEN + record.sealed_len);
		}
		memcpy(copies[record.sequence], record.header,
		    TACIT_RECORD_HEADER_LEN + record.sealed_len);
	}
	return true;
}

static struct pair *
watched_pair(uint64_t seed)
{
	struct pair *pair = pair_new(seed);

	memset(sent_count, 0, sizeof(sent_count));
	sent_again = control_records = 0;
	pair->meddle = watch_records;
	pair_establish(pair);
	pair_run(pair, 1000);
	return pair;
}

static unsigned
say_all(struct pair *pair, int from, size_t len)
{
	unsigned count = 0;

	while (tacit_session_has_room(pair->ends[from].session)) {
		assert_int_equal(pair_say(pair, from, len), TACIT_OK);
		count++;
	}
	return count;
}

/* windows --------------------------------------------------------------------------------------- */

static void
test_first_window(void **state)
{
	struct pair *pair = watched_pair(501);

	(void)state;
	pair->ends[1].hold = true;
	/* the other end has spoken: its window is open in full; what it had said first was less */
	assert_int_equal(pair->ends[0].session->outbox.window, 4096);
	pair->ends[0].session->outbox.window = 64;
	pair->ends[0].session->outbox.window_bytes = 256 << 10;
	assert_int_equal(say_all(pair, 0, 100), 64);
	pair_free(pair);
	pair = pair_new(502);
	pair_establish(pair);
	pair->meddle = hostile_hold_back;
	pair->ends[0].session->outbox.window = 64;
	pair->ends[0].session->outbox.window_bytes = 256 << 10;
	assert_int_equal(say_all(pair, 0, 60000), 5); /* more than fit wait, and do not leave */
	pair_settle(pair);
	assert_int_equal(pair->ends[0].session->outbox.next, 4);
	assert_true(pair->ends[0].session->outbox.sent_bytes <= 256 << 10);
	pair_free(pair);
}

/* what is handed out and not delivered is not acknowledged, and closes the window */
static void
test_back_pressure(void **state)
{
	struct pair *pair = watched_pair(503);
	unsigned count;

	(void)state;
	pair->ends[1].hold = true;
	count = say_all(pair, 0, 60);
	assert_int_equal(count, 4096);
	pair_run(pair, 5000);
	assert_int_equal(pair->ends[1].received, count);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), count);
	assert_false(tacit_session_has_room(pair->ends[0].session));
	/* half of it is delivered */
	for (size_t i = 0; i < 2048; i++)
		tacit_session_delivered(pair->ends[1].session, pair->ends[1].held[i], pair->now);
	pair_run(pair, 1000);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 2048);
	assert_int_equal(say_all(pair, 0, 60), 2048);
	/* out of order too; what is behind it has to wait */
	tacit_session_delivered(pair->ends[1].session, pair->ends[1].held[2049], pair->now);
	pair_run(pair, 1000);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 4096);
	tacit_session_delivered(pair->ends[1].session, pair->ends[1].held[2048], pair->now);
	pair_run(pair, 1000);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 4094);
	assert_int_equal(sent_again, 0);
	memmove(pair->ends[1].held, pair->ends[1].held + 2050,
	    (pair->ends[1].held_count - 2050) * sizeof(pair->ends[1].held[0]));
	pair->ends[1].held_count -= 2050;
	pair->ends[1].hold = false;
	pair_run(pair, 5000);
	assert_int_equal(pair->ends[1].received, 4096 + 2048);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 0);
	assert_int_equal(sent_again, 0);
	pair_free(pair);
}

static void
test_back_pressure_by_bytes(void **state)
{
	struct pair *pair = pair_new(504);
	unsigned count;

	(void)state;
	pair_establish(pair);
	pair_run(pair, 1000);
	pair->ends[1].hold = true;
	count = say_all(pair, 0, 60000);
	pair_run(pair, 5000);
	assert_in_range(count, (8 << 20) / 60100, (8 << 20) / 60000 + 1);
	assert_true(pair->ends[0].session->outbox.flight_bytes <= 8 << 20);
	assert_int_equal(pair->ends[1].received, count - 1);
	pair->ends[1].hold = false;
	pair_run(pair, 5000);
	assert_int_equal(pair->ends[1].received, count);
	assert_true(tacit_session_has_room(pair->ends[0].session));
	pair_free(pair);
}

/* the far end lets out one record at a time: what waits is kept until then, but a small record
 * does not keep a large entry */
static void
test_entries_are_no_larger_than_needed(void **state)
{
	struct pair *pair = pair_new(514);
	struct tacit_session *session;
	const struct tacit_outbox *outbox;

	(void)state;
	pair_establish(pair);
	session = pair->ends[0].session;
	outbox = &session->outbox;
	pair->ends[1].hold = true;
	for (unsigned i = 0; i < TACIT_WINDOW_RECORDS + 2000; i++)
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, 1000);
	assert_int_equal(outbox->next, TACIT_WINDOW_RECORDS);
	for (unsigned i = 0; i < 5; i++) {
		const struct tacit_outbox_record *last;

		tacit_session_delivered(pair->ends[1].session, pair->ends[1].held[i], pair->now);
		pair_run(pair, 100);
		assert_int_equal(outbox->next, TACIT_WINDOW_RECORDS + i + 1);
		last = &outbox->ring[(outbox->next - 1) & (outbox->cap - 1)];
		assert_in_range(last->block->cap, last->len, 2048);
	}
	pair_free(pair);
}

/* hundreds lie undelivered for an hour: probes ask, and nothing is sent again */
static void
test_hundreds_undelivered(void **state)
{
	struct pair *pair = watched_pair(505);

	(void)state;
	pair->ends[1].hold = true;
	for (int i = 0; i < 700; i++)
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, HOUR_MS);
	assert_int_equal(pair->ends[1].received, 700);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 700);
	assert_int_equal(sent_again, 0);
	assert_in_range(control_records, 60, 150);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 0);
	pair->ends[1].hold = false;
	pair_run(pair, 1000);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 0);
	pair_free(pair);
}

/* sending again --------------------------------------------------------------------------------- */

static bool
lose_some_data(struct pair *pair, int from, struct tacit_msg *msg)
{
	bool data = from == 0 && tacit_msg_payload(msg)[0] == TACIT_KIND_RECORDS &&
		    tacit_msg_payload(msg)[2] == TACIT_RECORD_DATA;

	watch_records(pair, from, msg);
	if (!data || drop_data_below == 0)
		return true;
	drop_data_below--;
	return false;
}

/* the entry is lost; the next one shows the gap, and the same bytes come again, once */
static void
test_lost_entry(void **state)
{
	struct pair *pair = watched_pair(506);

	(void)state;
	pair->meddle = lose_some_data;
	drop_data_below = 1;
	assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, 10);
	assert_int_equal(drop_data_below, 0);
	assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, 10);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(pair->ends[1].sequences[TACIT_CHANNEL_GAP], 0);
	assert_int_equal(pair->ends[1].received, 2);
	assert_int_equal(sent_again, 1);
	assert_int_equal(sent_count[0], 2);
	assert_int_equal(sent_count[1], 1);
	pair_free(pair);
}

/* nothing follows the lost entry: a probe finds out */
static void
test_lost_last_entry(void **state)
{
	struct pair *pair = watched_pair(507);

	(void)state;
	pair->meddle = lose_some_data;
	drop_data_below = 1;
	assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, 499);
	assert_int_equal(sent_again, 0);
	assert_int_equal(pair->ends[1].received, 0);
	pair_run(pair, 100);
	assert_int_equal(sent_again, 1);
	assert_int_equal(pair->ends[1].received, 1);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 0);
	pair_free(pair);
}

/* what was sent again can be lost again */
static void
test_lost_three_times(void **state)
{
	struct pair *pair = watched_pair(508);

	(void)state;
	pair->meddle = lose_some_data;
	drop_data_below = 3;
	assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, 20 * 1000);
	assert_int_equal(pair->ends[1].received, 1);
	assert_int_equal(sent_count[0], 4);
	pair_free(pair);
}

static unsigned odd;

static bool
lose_every_other(struct pair *pair, int from, struct tacit_msg *msg)
{
	bool data = from == 0 && tacit_msg_payload(msg)[0] == TACIT_KIND_RECORDS &&
		    tacit_msg_payload(msg)[2] == TACIT_RECORD_DATA;

	watch_records(pair, from, msg);
	return !data || odd++ % 2 == 0 || odd > 400;
}

/* more gaps than a report can name: what it cannot name is not taken for lost */
static void
test_more_gaps_than_ranges(void **state)
{
	struct pair *pair = watched_pair(509);

	(void)state;
	odd = 0;
	pair->meddle = lose_every_other;
	for (int i = 0; i < 400; i++) {
		assert_int_equal(pair_say(pair, 0, 50), TACIT_OK);
		pair_settle(pair);
	}
	pair_run(pair, 60 * 1000);
	assert_int_equal(pair->ends[1].received, 400);
	assert_int_equal(sent_again, 200);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_DUPLICATE], 0);
	pair_free(pair);
}

/* outages --------------------------------------------------------------------------------------- */

/* an hour without a path: a probe now and then, 60 s apart at most, and no data record again until
 * the other end has said what is missing */
static void
test_outage_of_an_hour(void **state)
{
	struct pair *pair = watched_pair(510);
	uint64_t before;

	(void)state;
	pair->drop = 1000;
	for (int i = 0; i < 100; i++)
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	pair_run(pair, 10);
	before = pair->ends[0].entries;
	pair_run(pair, 60 * 1000);
	/* at 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s */
	assert_int_equal(pair->ends[0].entries - before, 6);
	pair_run(pair, HOUR_MS - 60 * 1000);
	assert_in_range(pair->ends[0].entries - before, 64, 66);
	assert_int_equal(sent_again, 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 1);
	pair->drop = 0;
	pair_run(pair, 60 * 1000 + 100);
	assert_int_equal(pair->ends[1].received, 100);
	assert_int_equal(sent_again, 100);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_RESUMED], 1);
	pair_free(pair);
}

/* a path with minutes in it, as a stopped hub makes one: nothing is lost, nothing sent again */
static void
test_slow_path(void **state)
{
	struct pair *pair = watched_pair(511);

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
		pair_settle(pair);
	}
	for (size_t i = 0; i < pair->path_count; i++)
		pair->path[i].at += 300 * 1000;
	pair_run(pair, 200 * 1000);
	assert_int_equal(pair->ends[1].received, 0);
	pair_run(pair, 200 * 1000);
	assert_int_equal(pair->ends[1].received, 50);
	/* the probes had overtaken the data on this path, and so it came twice; never three times */
	assert_true(sent_again <= 50);
	assert_int_equal(tacit_session_unacknowledged(pair->ends[0].session), 0);
	pair_free(pair);
}

/* sizes ----------------------------------------------------------------------------------------- */

static struct tacit_msg *
new_message(size_t len)
{
	struct tacit_msg *msg = tacit_msg_new(len);

	assert_non_null(msg);
	memset(tacit_msg_payload(msg), 7, len);
	return msg;
}

static void
test_sizes(void **state)
{
	/* version, two routes of no hop, a length of three bytes */
	const size_t most = TACIT_MESSAGE_LEN_MAX - 6;
	struct pair *pair = pair_new(512);
	struct tacit_session *session;

	(void)state;
	pair_establish(pair);
	session = pair->ends[0].session;
	pair->ends[1].raw = true;
	for (size_t i = 0; i < 4; i++) {
		const size_t lens[] = {0, 1, most - 1, most}; /* longer: fragments_test.c */

		assert_int_equal(tacit_session_send(session, new_message(lens[i])), TACIT_OK);
		pair_run(pair, 100);
		assert_int_equal(pair->ends[1].received, i + 1);
		assert_int_equal(pair->ends[1].last_len, lens[i]);
	}
	assert_int_equal(session->outbox.next, 4);
	pair_free(pair);
}

/* the longest message in a record, and the longest fragment, on the longest route fit an entry */
static void
test_longest_entry(void **state)
{
	struct pair *pair = pair_new(513);
	struct tacit_route *route;
	char name[201];

	(void)state;
	pair_establish(pair);
	route = &pair->ends[0].session->route;
	memset(name, 'x', sizeof(name));
	name[200] = '\0';
	while (tacit_route_append(route, tacit_address_worker(name)) == TACIT_OK)
		continue;
	name[TACIT_ROUTE_LEN_MAX - route->len - 2] = '\0';
	assert_int_equal(tacit_route_append(route, tacit_address_worker(name)), TACIT_OK);
	assert_int_equal(route->len, TACIT_ROUTE_LEN_MAX);
	for (size_t more = 0; more <= TACIT_MESSAGE_LEN_MAX; more += TACIT_MESSAGE_LEN_MAX) {
		assert_int_equal(tacit_session_send(pair->ends[0].session,
				     new_message(TACIT_MESSAGE_LEN_MAX - 6 + more)),
		    TACIT_OK);
		pair->ends[0].session->answer_now = true;
		pair_settle(pair);
		assert_in_range(tacit_msg_encoded_len(pair->ends[0].last_entry),
		    TACIT_MESSAGE_LEN_MAX, TACIT_ENTRY_LEN_MAX);
	}
	assert_int_equal(pair->ends[0].session->outbox.next, 3);
	pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_window),
	    cmocka_unit_test(test_back_pressure),
	    cmocka_unit_test(test_back_pressure_by_bytes),
	    cmocka_unit_test(test_entries_are_no_larger_than_needed),
	    cmocka_unit_test(test_hundreds_undelivered),
	    cmocka_unit_test(test_lost_entry),
	    cmocka_unit_test(test_lost_last_entry),
	    cmocka_unit_test(test_lost_three_times),
	    cmocka_unit_test(test_more_gaps_than_ranges),
	    cmocka_unit_test(test_outage_of_an_hour),
	    cmocka_unit_test(test_slow_path),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_longest_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
