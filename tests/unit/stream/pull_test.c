#include "unit/stream/desk.h"

static void
entries_are_answered_at_once(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < 10; i++)
		fake_append_text(desk->store, "s", "entry");
	desk_pull(desk, "stream.s", 1, 0, 100);
	desk_check_pull(desk, 1, 0, 10);
	desk_pull(desk, "stream.s", 2, 7, 100);
	desk_check_pull(desk, 2, 7, 3);
	/* the limit is kept */
	desk_pull(desk, "stream.s", 3, 1, 8);
	desk_check_pull(desk, 3, 1, 8);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	assert_int_equal(tacit_service_counters(desk->service)->pulls, 3);
	assert_int_equal(tacit_service_counters(desk->service)->entries, 21);
	assert_int_equal(tacit_service_counters(desk->service)->entries_len, 21 * 5);
	assert_int_equal(desk->taps[false], 21);
}

static void
at_the_end_it_is_held(void **state)
{
	struct desk *desk = *state;

	fake_append_text(desk->store, "s", "entry");
	desk_pull(desk, "stream.s", 1, 1, 8);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_parked(desk->service), 1);
	assert_int_equal(desk->mail.wake, desk->now + TACIT_PULL_HOLD_MS);
	fake_append_text(desk->store, "s", "entry");
	desk_check_pull(desk, 1, 1, 1);
	/* and answered once: its time does not come any more */
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(desk->store->cancels, 0);
}

static void
held_until_its_time_is_over(void **state)
{
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	desk_pull(desk, "stream.s", 1, 0, 8);
	desk_tick(desk, TACIT_PULL_HOLD_MS - 1);
	assert_int_equal(desk->mail.count, 0);
	desk_tick(desk, 1);
	desk_check_pull(desk, 1, 0, 0);
	assert_int_equal(desk->store->cancels, 1);
	fake_append_text(desk->store, "s", "entry");
	assert_int_equal(desk->mail.count, 0);
}

static void
only_the_end_is_waited_for(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < 6; i++)
		fake_append_text(desk->store, "s", "entry");
	fake_trim(fake_the(desk->store, "s"), 2);
	/* beyond: the reader has to look what happened */
	desk_pull(desk, "stream.s", 1, 7, 8);
	desk_check_pull(desk, 1, 0, 0);
	desk_pull(desk, "stream.s", 2, UINT64_MAX, 8);
	desk_check_pull(desk, 2, 0, 0);
	/* below: from the first one there is */
	desk_pull(desk, "stream.s", 3, 0, 8);
	desk_check_pull(desk, 3, 2, 4);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	desk_pull(desk, "stream.s", 4, 6, 8);
	assert_int_equal(tacit_service_parked(desk->service), 1);
}

static void
limit_0_is_answered_at_once(void **state)
{
	struct desk *desk = *state;

	fake_append_text(desk->store, "s", "entry");
	desk_pull(desk, "stream.s", 1, 0, 0);
	desk_check_pull(desk, 1, 0, 0);
	desk_pull(desk, "stream.s", 2, 1, 0);
	desk_check_pull(desk, 2, 0, 0);
	assert_int_equal(desk->store->reads_asked, 0);
	desk_pull(desk, "stream.s", 3, 0, 1);
	desk_check_pull(desk, 3, 0, 1);
}

static void
next_pull_empties_the_first(void **state)
{
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	(void)fake_make(desk->store, "t");
	desk_pull(desk, "stream.s", 1, 0, 8);
	desk_pull(desk, "stream.s", 2, 0, 8);
	desk_check_pull(desk, 1, 0, 0);
	assert_int_equal(tacit_service_parked(desk->service), 1);
	/* another reader, and another stream, are nothing to it */
	desk_pull_from(desk, "other", "stream.s", 3, (const uint64_t[2]){0, 8});
	desk_pull(desk, "stream.t", 4, 0, 8);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_parked(desk->service), 3);
	fake_append_text(desk->store, "s", "entry");
	desk_check_pull(desk, 2, 0, 1);
	desk_check_pull_to(desk, "other", 3, 0, 1);
	assert_int_equal(desk->mail.count, 0);
}

static void
errors_are_answered_when_the_time_is_over(void **state)
{
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	desk->store->read_err = TACIT_EIO;
	desk_pull(desk, "stream.s", 1, 0, 8);
	assert_int_equal(desk->mail.count, 0);
	desk_tick(desk, TACIT_PULL_HOLD_MS - 1);
	assert_int_equal(desk->mail.count, 0);
	desk_tick(desk, 1);
	desk_check_pull(desk, 1, 0, 0);
	assert_int_equal(desk->store->cancels, 0);
}

static void
gone_streams_are_answered_at_once(void **state)
{
	struct desk *desk = *state;

	desk_pull(desk, "stream.s", 1, 0, 8);
	desk_check_pull(desk, 1, 0, 0);
	/* one that goes while its reader waits */
	(void)fake_make(desk->store, "s");
	desk->store->late_reads = true;
	desk_pull(desk, "stream.s", 2, 0, 8);
	assert_int_equal(desk->mail.count, 0);
	desk->store->read_err = TACIT_ENOTFOUND;
	fake_answer_read(
	    desk->store, TACIT_CONTAINER(desk->store->reads.next, struct tacit_store_read, list));
	desk_check_pull(desk, 2, 0, 0);
	assert_int_equal(tacit_service_parked(desk->service), 0);
}

static void
late_answers_count_too(void **state)
{
	struct desk *desk = *state;

	fake_append_text(desk->store, "s", "entry");
	desk->store->late_reads = true;
	desk_pull(desk, "stream.s", 1, 0, 8);
	assert_int_equal(desk->mail.count, 0);
	fake_answer_read(
	    desk->store, TACIT_CONTAINER(desk->store->reads.next, struct tacit_store_read, list));
	desk_check_pull(desk, 1, 0, 1);
	/* one that the store fails late */
	desk->store->read_err = TACIT_EUNREACHABLE;
	desk_pull(desk, "stream.s", 2, 0, 8);
	fake_answer_read(
	    desk->store, TACIT_CONTAINER(desk->store->reads.next, struct tacit_store_read, list));
	assert_int_equal(desk->mail.count, 0);
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	desk_check_pull(desk, 2, 0, 0);
}

static void
one_stream_holds_so_many(void **state)
{
	struct desk *desk = *state;
	char back[32];

	(void)fake_make(desk->store, "s");
	(void)fake_make(desk->store, "t");
	for (uint64_t i = 0; i < TACIT_PARKED_PULLS_MAX; i++) {
		(void)snprintf(back, sizeof(back), "client%u", (unsigned)i);
		desk_pull_from(desk, back, "stream.s", i, (const uint64_t[2]){0, 8});
	}
	assert_int_equal(desk->mail.count, 0);
	desk_pull(desk, "stream.s", 9999, 0, 8);
	desk_check_pull(desk, 9999, 0, 0);
	assert_int_equal(tacit_service_counters(desk->service)->refused, 1);
	desk_pull(desk, "stream.t", 1, 0, 8);
	assert_int_equal(desk->mail.count, 0);
	fake_append_text(desk->store, "s", "entry");
	assert_int_equal(desk->mail.count, TACIT_PARKED_PULLS_MAX);
	mail_drop(&desk->mail);
	desk_pull(desk, "stream.s", 10000, 1, 8);
	assert_int_equal(desk->mail.count, 0);
}

/* a pull with a return route as long as can be, of a stream with a name as long as can be */
static struct tacit_msg *
longest_pull(struct desk *desk, uint64_t id)
{
	static char name[sizeof(TACIT_STREAM_PREFIX) + TACIT_NAME_LEN_MAX];
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PULL};
	struct tacit_msg *msg;

	memset(name, 'n', sizeof(name) - 1);
	memcpy(name, TACIT_STREAM_PREFIX, strlen(TACIT_STREAM_PREFIX));
	request.pull.request_id = id;
	request.pull.limit = UINT64_MAX;
	assert_int_equal(tacit_stream_request_encode(&request, &msg), TACIT_OK);
	msg->onward = mail_route(name, NULL);
	while (msg->ret.len < TACIT_ROUTE_LEN_MAX) {
		static const uint8_t hop[TACIT_ADDRESS_LEN_MAX] = {'h'};
		struct tacit_address address = {TACIT_ADDRESS_WORKER, hop, 200};

		while (tacit_route_append(&msg->ret, address) != TACIT_OK) {
			if (--address.len == 0)
				break;
		}
		if (address.len == 0)
			break;
	}
	tacit_service_handle(desk->service, msg, desk->now);
	return mail_take(&desk->mail);
}

/* as many as fit: the answer goes into a frame, and one entry more would not */
static void
answers_fill_a_frame(void **state)
{
	static const size_t lens[] = {0, 1, 10, 100, 1000, 10000, 32000, TACIT_ENTRY_LEN_MAX};
	static uint8_t bytes[TACIT_ENTRY_LEN_MAX];
	struct desk *desk = *state;
	char name[TACIT_NAME_LEN_MAX + 1] = {0};
	struct fake_stream *stream;

	memset(name, 'n', sizeof(name) - 1);
	stream = fake_make(desk->store, name);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		struct tacit_stream_response response;
		struct tacit_msg *msg;
		size_t overhead = tacit_pull_entry_overhead(UINT64_MAX, TACIT_FRAME_LEN_MAX);

		fake_trim(stream, stream->count);
		stream->first = 0;
		for (int n = 0; n < 6000; n++)
			(void)fake_append(desk->store, stream, tacit_msg_copy_of(bytes, lens[i]));
		msg = longest_pull(desk, UINT64_MAX);
		assert_int_equal(tacit_stream_response_decode(msg, &response), TACIT_OK);
		assert_true(response.pull.entries.count > 0);
		assert_true(tacit_msg_encoded_len(msg) <= TACIT_FRAME_LEN_MAX);
		/* the room that an entry is reckoned with is what its longest index would need */
		assert_true(tacit_msg_encoded_len(msg) + lens[i] +
				overhead * (1 + response.pull.entries.count) >
			    TACIT_FRAME_LEN_MAX);
		assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
		tacit_msg_unref(msg);
	}
}

/* a store that does not keep to what it was asked does not make frames that are too long */
static void
greedy_stores_are_cut(void **state)
{
	static uint8_t bytes[2000];
	struct tacit_stream_response response;
	struct desk *desk = *state;

	desk->store->greedy = true;
	for (int i = 0; i < 100; i++)
		(void)fake_append(desk->store, fake_make(desk->store, "s"),
		    tacit_msg_copy_of(bytes, sizeof(bytes)));
	desk_pull(desk, "stream.s", 1, 0, 5);
	desk_check_pull(desk, 1, 0, 5);
	desk_pull(desk, "stream.s", 2, 0, 100);
	response = desk_take(desk, "stream.s");
	assert_int_equal(response.pull.entries.count, 32);
	assert_int_equal(tacit_frame_encode(desk->held), TACIT_OK);
}

/* deadlines come in the order of the pulls, and the port is told only what changes */
static void
wakes_for_the_next_one(void **state)
{
	struct desk *desk = *state;
	tacit_msec start = desk->now;
	unsigned wishes;

	(void)fake_make(desk->store, "s");
	desk_pull_from(desk, "a", "stream.s", 1, (const uint64_t[2]){0, 8});
	wishes = desk->mail.wishes;
	desk->now += 100;
	desk_pull_from(desk, "b", "stream.s", 2, (const uint64_t[2]){0, 8});
	assert_int_equal(desk->mail.wishes, wishes);
	assert_int_equal(desk->mail.wake, start + TACIT_PULL_HOLD_MS);
	desk_tick(desk, TACIT_PULL_HOLD_MS - 100);
	desk_check_pull_to(desk, "a", 1, 0, 0);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(desk->mail.wake, start + 100 + TACIT_PULL_HOLD_MS);
	/* a tick that came for nothing asks again */
	desk->mail.wake = 0;
	desk_tick(desk, 1);
	assert_int_equal(desk->mail.wake, start + 100 + TACIT_PULL_HOLD_MS);
	desk_tick(desk, 99);
	desk_check_pull_to(desk, "b", 2, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(entries_are_answered_at_once),
	    TEST(at_the_end_it_is_held),
	    TEST(held_until_its_time_is_over),
	    TEST(only_the_end_is_waited_for),
	    TEST(limit_0_is_answered_at_once),
	    TEST(next_pull_empties_the_first),
	    TEST(errors_are_answered_when_the_time_is_over),
	    TEST(gone_streams_are_answered_at_once),
	    TEST(late_answers_count_too),
	    TEST(one_stream_holds_so_many),
	    TEST(answers_fill_a_frame),
	    TEST(greedy_stores_are_cut),
	    TEST(wakes_for_the_next_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
