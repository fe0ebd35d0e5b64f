/*
 * Pulls that are answered many times (PROTOCOL.md 3.8): what the service gives, and what a consumer
 * makes of it.
 */
#include "unit/stream/desk.h"
#include "unit/stream/reader.h"

#define ALL TACIT_PULL_ANSWERS_MAX

/* the service -------------------------------------------------------------------------------- */

static void
append(struct desk *desk, size_t count, size_t len)
{
	static uint8_t bytes[TACIT_ENTRY_LEN_MAX];

	while (count-- > 0)
		(void)fake_append(
		    desk->store, fake_make(desk->store, "s"), tacit_msg_copy_of(bytes, len));
}

static void
ask_for(struct desk *desk, const char *back, uint64_t id, uint64_t index, uint64_t answers)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PULL};

	request.pull.request_id = id;
	request.pull.index = index;
	request.pull.limit = index == UINT64_MAX ? 0 : 100;
	request.pull.answers = answers;
	desk_ask_from(desk, "stream.s", back, &request);
}

/* lets answers follow from that one on */
static void
let_flow(struct desk *desk, uint64_t id, uint64_t answers)
{
	ask_for(desk, "client", id, UINT64_MAX, answers);
}

/* the next answer has that many entries from first on, and says how many follow */
static void
check_answer(struct desk *desk, uint64_t id, uint64_t first, size_t count, uint64_t more)
{
	struct tacit_stream_response response = desk_take(desk, "stream.s");
	struct tacit_slice data;
	uint64_t index;

	assert_int_equal(response.protocol, TACIT_PROTOCOL_PULL);
	assert_true(response.pull.request_id == id);
	assert_true(response.pull.more == more);
	assert_int_equal(response.pull.entries.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(tacit_pull_entries_next(&response.pull.entries, &index, &data));
		assert_true(index == first + i);
	}
}

static void
check_run(struct desk *desk, uint64_t id, uint64_t index, uint64_t count, uint64_t more)
{
	for (uint64_t i = 0; i < count; i++)
		check_answer(desk, id + i, index + i, 1, more - i);
}

static void
answers_follow_each_other(void **state)
{
	struct desk *desk = *state;

	append(desk, 10, TACIT_ENTRY_LEN_MAX);
	ask_for(desk, "client", 7, 2, 5);
	check_run(desk, 7, 2, 5, 4);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_counters(desk->service)->pulls, 1);
	/* the next ones come when they are allowed, and no answer comes twice */
	let_flow(desk, 10, 2);
	assert_int_equal(desk->mail.count, 0);
	let_flow(desk, 11, 3);
	check_run(desk, 12, 7, 2, 1);
	let_flow(desk, 14, 1);
	check_run(desk, 14, 9, 1, 0);
	assert_int_equal(desk->mail.count, 0);
}

static void
a_flow_waits_at_the_end(void **state)
{
	struct desk *desk = *state;

	append(desk, 1, TACIT_ENTRY_LEN_MAX);
	ask_for(desk, "client", 1, 0, 9);
	check_answer(desk, 1, 0, 1, 8);
	append(desk, 1, TACIT_ENTRY_LEN_MAX);
	check_answer(desk, 2, 1, 1, 7);
	/* little entries as well, once it flows; but they do not keep a place that others want */
	append(desk, 1, 3);
	check_answer(desk, 3, 2, 1, 6);
	/* a hold begins with the last answer of much, and ends when it was asked for, or at the next one */
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	assert_int_equal(desk->mail.count, 0);
	append(desk, 1, 3);
	check_answer(desk, 4, 3, 1, 5);
	let_flow(desk, 5, 9);
	desk_tick(desk, TACIT_PULL_HOLD_MS - 1);
	assert_int_equal(desk->mail.count, 0);
	desk_tick(desk, 1);
	check_answer(desk, 5, 0, 0, 0);
	/* and that was the last one */
	append(desk, 1, TACIT_ENTRY_LEN_MAX);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	let_flow(desk, 6, 9);
	check_answer(desk, 6, 0, 0, 0);
}

static void
little_and_plain_pulls_get_one(void **state)
{
	struct desk *desk = *state;

	append(desk, 3, TACIT_FRAME_LEN_MAX / 2 - 2000);
	append(desk, 3, TACIT_ENTRY_LEN_MAX);
	/* less than half full */
	ask_for(desk, "client", 1, 0, 0);
	check_answer(desk, 1, 0, 2, 0);
	ask_for(desk, "client", 2, 2, 9);
	check_answer(desk, 2, 2, 1, 0);
	/* who asks for one, or does not know that there may be several */
	ask_for(desk, "client", 3, 3, 1);
	check_answer(desk, 3, 3, 1, 0);
	desk_pull(desk, "stream.s", 4, 3, 1);
	check_answer(desk, 4, 3, 1, 0);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	/* nobody gets more than a hub gives */
	append(desk, 2 * ALL, TACIT_ENTRY_LEN_MAX);
	ask_for(desk, "client", 5, 6, UINT64_MAX);
	check_run(desk, 5, 6, ALL, ALL - 1);
	assert_int_equal(desk->mail.count, 0);
}

static void
only_the_own_flow_goes_on(void **state)
{
	struct desk *desk = *state;

	append(desk, 9, TACIT_ENTRY_LEN_MAX);
	ask_for(desk, "client", 10, 0, 2);
	check_run(desk, 10, 0, 2, 1);
	/* of somebody else */
	ask_for(desk, "other", 12, UINT64_MAX, 9);
	desk_check_pull_to(desk, "other", 12, 0, 0);
	assert_int_equal(desk->mail.count, 0);
	/* a later answer than the next one, or one before the first: that is another pull, which ends
	 * this one */
	let_flow(desk, 13, 9);
	check_answer(desk, 13, 0, 0, 0);
	ask_for(desk, "client", 10, 0, 2);
	check_run(desk, 10, 0, 2, 1);
	let_flow(desk, 9, 9);
	check_answer(desk, 9, 0, 0, 0);
	/* so does a new one, which tells one that waits for an entry */
	ask_for(desk, "client", 20, 8, 2);
	check_answer(desk, 20, 8, 1, 1);
	ask_for(desk, "client", 30, 1, 1);
	check_answer(desk, 21, 0, 0, 0);
	check_answer(desk, 30, 1, 1, 0);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_parked(desk->service), 0);
}

static void
few_flow_at_a_time(void **state)
{
	struct desk *desk = *state;
	char back[16];

	append(desk, 3, TACIT_ENTRY_LEN_MAX);
	for (unsigned i = 0; i < TACIT_PULLS_FLOWING_MAX; i++) {
		(void)snprintf(back, sizeof(back), "client%u", i);
		ask_for(desk, back, 1, 0, 2);
	}
	assert_int_equal(desk->mail.count, 2 * TACIT_PULLS_FLOWING_MAX);
	mail_drop(&desk->mail);
	ask_for(desk, "client", 1, 0, 2);
	check_answer(desk, 1, 0, 1, 0);
	assert_int_equal(desk->mail.count, 0);
	/* a place that is given up is there for others */
	ask_for(desk, "client0", 9, 3, 2);
	mail_drop(&desk->mail);
	ask_for(desk, "client", 2, 0, 2);
	check_run(desk, 2, 0, 2, 1);
}

/* a reader who is gone does not keep his place */
static void
spent_flows_are_forgotten(void **state)
{
	struct desk *desk = *state;

	append(desk, 3, TACIT_ENTRY_LEN_MAX);
	ask_for(desk, "client", 1, 0, 2);
	check_run(desk, 1, 0, 2, 1);
	for (unsigned i = 0; i < TACIT_PULL_SPENT_HOLDS; i++) {
		desk_tick(desk, TACIT_PULL_HOLD_MS);
		assert_int_equal(tacit_service_parked(desk->service), 1);
	}
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	assert_int_equal(desk->mail.count, 0);
}

/* however long it was spent, it is held from when it flows on */
static void
spent_flows_are_held_anew(void **state)
{
	struct desk *desk = *state;

	append(desk, 2, TACIT_ENTRY_LEN_MAX);
	ask_for(desk, "client", 1, 0, 2);
	check_run(desk, 1, 0, 2, 1);
	desk_tick(desk, 3 * TACIT_PULL_HOLD_MS);
	desk_tick(desk, TACIT_PULL_HOLD_MS - 1);
	let_flow(desk, 3, 2);
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	assert_int_equal(desk->mail.count, 0);
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	check_answer(desk, 3, 0, 0, 0);
	assert_int_equal(tacit_service_parked(desk->service), 0);
}

static void
a_flow_ends_with_its_stream(void **state)
{
	struct desk *desk = *state;

	append(desk, 2, TACIT_ENTRY_LEN_MAX);
	desk->store->late_reads = true;
	ask_for(desk, "client", 1, 0, 9);
	fake_answer_read(
	    desk->store, TACIT_CONTAINER(desk->store->reads.next, struct tacit_store_read, list));
	check_answer(desk, 1, 0, 1, 8);
	desk->store->read_err = TACIT_ENOTFOUND;
	fake_answer_read(
	    desk->store, TACIT_CONTAINER(desk->store->reads.next, struct tacit_store_read, list));
	check_answer(desk, 2, 0, 0, 0);
	assert_int_equal(tacit_service_parked(desk->service), 0);
}

/* the consumer ------------------------------------------------------------------------------- */

/* an answer with one entry, after which more follow */
static struct tacit_msg *
flowing(uint64_t id, uint64_t index, uint64_t more)
{
	struct tacit_msg *one = entry("hello"), *msg;
	size_t len = one->len + tacit_pull_entry_overhead(index, one->len);
	struct tacit_pull_writer writer;

	assert_int_equal(tacit_pull_writer_begin(&writer, id, 1, len, more), TACIT_OK);
	tacit_pull_writer_add(&writer, index, tacit_msg_payload(one), one->len);
	msg = tacit_pull_writer_finish(&writer);
	msg->onward = mail_route("me", NULL);
	msg->ret = mail_route("hub", "stream.s");
	tacit_msg_unref(one);
	return msg;
}

/* the next request lets a flow go on; from which answer, and up to which */
static uint64_t
take_flow_on(struct reader *reader, uint64_t *ret_last)
{
	struct tacit_msg *msg;
	struct tacit_stream_request request = hub_take(&reader->mail, "stream.s", &msg);

	tacit_msg_unref(msg);
	assert_int_equal(request.protocol, TACIT_PROTOCOL_PULL);
	assert_int_equal(request.pull.limit, 0);
	assert_true(request.pull.answers >= 1 && request.pull.answers <= ALL);
	*ret_last = request.pull.request_id + request.pull.answers - 1;
	return request.pull.request_id;
}

/* a reader who has asked; the id of the first answer */
static uint64_t
begin(struct reader *reader)
{
	make(reader, NULL, TACIT_START_STORED);
	let_open(reader, 0, 1000);
	return take_pull(reader, 0);
}

static void
a_flow_is_kept_flowing(void **state)
{
	struct reader *reader = *state;
	uint64_t id = begin(reader), last = id + TACIT_PULL_ANSWERS_MIN - 1, before = last;
	unsigned asked = 0;

	for (uint64_t i = 0; i < 1000; i++, id++) {
		assert_true(id <= last); /* the hub may give it */
		hand(reader, flowing(id, i, last - id));
		if (reader->mail.count == 0)
			continue;
		assert_true(take_flow_on(reader, &last) == id + 1);
		assert_true(last > before);
		before = last;
		asked++;
	}
	/* all that a hub gives, without asking for each of them */
	assert_true(last + 1 - id > ALL / 2);
	assert_int_equal(reader->delivered, 1000);
	assert_true(asked >= 1000 / ALL && asked <= 1000 / 4);
	assert_int_equal(tacit_consumer_position(reader->consumer), 1000);
	/* it ends with an answer without entries, and a new pull asks from there */
	hand(reader, run_of(id, 0, 0));
	assert_true((id = take_pull(reader, 1000)) > last);
	/* which the hub may do at any time, but no pull is empty so soon without a reason */
	hand(reader, run_of(id, 0, 0));
	assert_int_equal(reader->mail.count, 0);
	tick(reader, TACIT_PULL_AGAIN_MS);
	let_open(reader, 0, 1000);
	(void)take_pull(reader, 1000);
	assert_int_equal(reader->suspected, 0);
}

/* gives answers that come one by one, each after so long, and what lets them flow on; how many the
 * reader then has under way */
static uint64_t
give_slowly(struct reader *reader, uint64_t *id, uint64_t *last, unsigned count, tacit_msec each)
{
	while (count-- > 0) {
		reader->now += each;
		assert_true(*id <= *last);
		hand(reader, flowing(*id, *id, *last - *id));
		++*id;
		while (reader->mail.count > 0)
			assert_true(take_flow_on(reader, last) == *id);
	}
	return *last + 1 - *id;
}

/* a queue of much that comes slowly would keep everything else of this connection waiting */
static void
a_slow_way_has_few_under_way(void **state)
{
	struct reader *reader = *state;
	uint64_t id = begin(reader), last = id + TACIT_PULL_ANSWERS_MIN - 1;

	assert_int_equal(TACIT_PULL_WAY_MS % 10, 0);
	assert_true(give_slowly(reader, &id, &last, 40, 3 * TACIT_PULL_WAY_MS) <= 1);
	assert_true(give_slowly(reader, &id, &last, 40, TACIT_PULL_WAY_MS / 10) <= 20);
	assert_true(give_slowly(reader, &id, &last, 1000, 1) > ALL / 2);
	/* a way that has become slow is noticed before all are here */
	assert_true(give_slowly(reader, &id, &last, ALL, 3 * TACIT_PULL_WAY_MS) <= ALL / 2);
	assert_true(give_slowly(reader, &id, &last, ALL, 3 * TACIT_PULL_WAY_MS) <= 2);
	/* nobody knows what a new connection is like */
	assert_true(give_slowly(reader, &id, &last, 1000, 1) > ALL / 2);
	tacit_consumer_reset(reader->consumer, reader->now);
	let_open(reader, 0, 1 << 20);
	assert_true(take_pull(reader, tacit_consumer_position(reader->consumer)) > last);
}

/* what was under way when a flow is over is not taken for the next one's */
static void
late_answers_are_ignored(void **state)
{
	struct reader *reader = *state;
	uint64_t id = begin(reader), last, next;

	hand(reader, flowing(id, 0, 1));
	assert_true(take_flow_on(reader, &last) == id + 1);
	/* one was lost: nobody knows what was in it */
	hand(reader, flowing(id + 2, 7, 7));
	assert_int_equal(reader->delivered, 1);
	next = take_pull(reader, 1);
	assert_true(next > last);
	hand(reader, flowing(last, 8, 6));
	hand(reader, run_of(id + 1, 0, 0));
	assert_int_equal(reader->delivered, 1);
	assert_int_equal(reader->mail.count, 0);
	hand(reader, run_of(next, 1, 3));
	assert_int_equal(reader->delivered, 4);
	/* a new connection is a new pull */
	next = take_pull(reader, 4);
	hand(reader, flowing(next, 4, 9));
	(void)take_flow_on(reader, &last);
	tacit_consumer_reset(reader->consumer, reader->now);
	hand(reader, flowing(next + 1, 5, 8));
	assert_int_equal(reader->delivered, 5);
	let_open(reader, 0, 1000);
	assert_true(take_pull(reader, 5) > last);
}

/* a hub that holds an answer as long as it may is not taken for dead, and one that is dead is */
static void
a_flow_that_stops_is_suspected(void **state)
{
	struct reader *reader = *state;
	uint64_t id = begin(reader);

	hand(reader, flowing(id, 0, ALL - 1));
	tick(reader, 2 * TACIT_PULL_HOLD_MS + TACIT_PULL_DEAD_MS - TACIT_PULL_HOLD_MS - 1);
	assert_int_equal(reader->suspected, 0);
	tick(reader, 1);
	assert_int_equal(reader->suspected, 1);
}

/* an answer that says that nothing follows ends no flow: what lets it flow on may be under way */
static void
nothing_more_is_no_end(void **state)
{
	struct reader *reader = *state;
	uint64_t id = begin(reader), last;

	hand(reader, flowing(id, 0, 1));
	hand(reader, flowing(id + 1, 1, 0));
	while (reader->mail.count > 0)
		(void)take_flow_on(reader, &last);
	assert_true(last > id + 1);
	hand(reader, flowing(id + 2, 2, 0));
	assert_int_equal(reader->delivered, 3);
}

#define AT_DESK(name)   cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
#define AS_READER(name) cmocka_unit_test_setup_teardown(name, reader_new, reader_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    AT_DESK(answers_follow_each_other),
	    AT_DESK(a_flow_waits_at_the_end),
	    AT_DESK(little_and_plain_pulls_get_one),
	    AT_DESK(only_the_own_flow_goes_on),
	    AT_DESK(few_flow_at_a_time),
	    AT_DESK(spent_flows_are_forgotten),
	    AT_DESK(spent_flows_are_held_anew),
	    AT_DESK(a_flow_ends_with_its_stream),
	    AS_READER(a_flow_is_kept_flowing),
	    AS_READER(a_slow_way_has_few_under_way),
	    AS_READER(late_answers_are_ignored),
	    AS_READER(a_flow_that_stops_is_suspected),
	    AS_READER(nothing_more_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
