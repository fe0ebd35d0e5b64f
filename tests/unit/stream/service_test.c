#include "unit/stream/desk.h"

static struct tacit_stream_request
create_request(const char *name)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_CREATE};

	request.create.has_name = name != NULL;
	if (name != NULL)
		request.create.name = mail_slice(name);
	return request;
}

static struct tacit_stream_request
open_request(const char *name, bool create)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_OPEN};

	request.open.request_id = 77;
	request.open.has_name = name != NULL;
	if (name != NULL)
		request.open.name = mail_slice(name);
	request.open.create = create;
	return request;
}

static void
create_leads_to_the_stream(void **state)
{
	struct tacit_stream_request request = create_request("alice_to_bob");
	struct desk *desk = *state;
	struct tacit_stream_response response;

	/* every client, each time, under both names of the service */
	for (int i = 0; i < 4; i++) {
		desk_ask(desk, i % 2 == 0 ? "stream_kafka" : "stream", &request);
		response = desk_take(desk, "stream.alice_to_bob");
		assert_int_equal(response.protocol, TACIT_PROTOCOL_CREATE);
		assert_true(tacit_slice_is(response.create.name, "alice_to_bob"));
		assert_int_equal(desk->mail.count, 0);
	}
	assert_non_null(fake_find(desk->store, "alice_to_bob"));
	assert_int_equal(tacit_service_counters(desk->service)->opens, 4);
}

static void
create_makes_up_a_name(void **state)
{
	struct tacit_stream_request request = create_request(NULL);
	char names[2][256], from[300];
	struct desk *desk = *state;
	struct tacit_stream_response response;

	for (int i = 0; i < 2; i++) {
		desk_ask(desk, "stream", &request);
		assert_non_null(desk->store->streams[i]);
		(void)snprintf(names[i], sizeof(names[i]), "%s", desk->store->streams[i]->name);
		assert_memory_equal(names[i], "generated_", strlen("generated_"));
		assert_int_equal(strspn(names[i] + strlen("generated_"), "0123456789abcdef"), 32);
		assert_int_equal(strlen(names[i]), strlen("generated_") + 32);
		(void)snprintf(from, sizeof(from), "stream.%s", names[i]);
		response = desk_take(desk, from);
		assert_true(tacit_slice_is(response.create.name, names[i]));
	}
	assert_string_not_equal(names[0], names[1]);
}

static void
create_fails_in_silence(void **state)
{
	static const char *const bad[] = {"", ".", "..", "__x", "a/b", "a b", "\xc3\xa4"};
	struct tacit_stream_request request;
	struct desk *desk = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		request = create_request(bad[i]);
		desk_ask(desk, "stream", &request);
		assert_int_equal(desk->lines, i + 1);
	}
	assert_null(desk->store->streams[0]);
	desk->store->open_err = TACIT_EDENIED;
	request = create_request("good");
	desk->lines = 0;
	desk_ask(desk, "stream", &request);
	assert_int_equal(desk->lines, 1);
	assert_int_equal(desk->mail.count, 0);
	/* the twin */
	desk->store->open_err = TACIT_OK;
	desk_ask(desk, "stream", &request);
	assert_int_equal(desk->mail.count, 1);
	assert_int_equal(desk->lines, 1);
}

static void
check_open(
    struct desk *desk, const struct tacit_stream_request *request, enum tacit_open_status status)
{
	struct tacit_stream_response response;

	desk_ask(desk, "stream", request);
	response = desk_take(desk, status == TACIT_OPEN_OK ? "stream.s" : "stream");
	assert_int_equal(response.protocol, TACIT_PROTOCOL_OPEN);
	assert_int_equal(response.open.request_id, 77);
	assert_int_equal(response.open.status, status);
	assert_int_equal(response.open.text.len > 0, status != TACIT_OPEN_OK);
	assert_int_equal(desk->mail.count, 0);
}

static void
open_says_no(void **state)
{
	static const struct {
		tacit_err err;
		enum tacit_open_status status;
	} answers[] = {
	    {TACIT_OK, TACIT_OPEN_OK},
	    {TACIT_EDENIED, TACIT_OPEN_REFUSED},
	    {TACIT_EUNREACHABLE, TACIT_OPEN_UNAVAILABLE},
	    {TACIT_ENOSPACE, TACIT_OPEN_UNAVAILABLE},
	    {TACIT_EIO, TACIT_OPEN_UNAVAILABLE},
	    {TACIT_ELIMIT, TACIT_OPEN_LIMIT},
	};
	struct tacit_stream_request request = open_request("s", false);
	struct desk *desk = *state;

	check_open(desk, &request, TACIT_OPEN_NOT_FOUND);
	request.open.create = true;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		desk->store->open_err = answers[i].err;
		check_open(desk, &request, answers[i].status);
	}
	desk->store->open_err = TACIT_OK;
	request.open.create = false;
	check_open(desk, &request, TACIT_OPEN_OK);
	request.open.name = mail_slice("a/b");
	check_open(desk, &request, TACIT_OPEN_BAD_NAME);
	request.open.has_name = false;
	check_open(desk, &request, TACIT_OPEN_BAD_NAME);
}

static void
open_tells_bounds(void **state)
{
	struct tacit_stream_request request = open_request("s", false);
	struct desk *desk = *state;
	struct tacit_stream_response response;

	for (int i = 0; i < 5; i++)
		fake_append_text(desk->store, "s", "entry");
	fake_trim(fake_the(desk->store, "s"), 2);
	desk_ask(desk, "stream_kafka", &request);
	response = desk_take(desk, "stream.s");
	assert_int_equal(response.open.first, 2);
	assert_int_equal(response.open.end, 5);
	assert_true(tacit_slice_is(response.open.name, "s"));
}

static void
push_is_confirmed(void **state)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PUSH};
	struct desk *desk = *state;
	struct fake_stream *stream = fake_make(desk->store, "s");
	struct tacit_block *block;
	struct tacit_msg *msg;

	desk_push(desk, "stream.s", 5, "one", 3);
	desk_check_confirm(desk, "stream.s", 5, TACIT_PUSH_OK, 0);
	desk_push(desk, "stream.s", 6, "", 0);
	desk_check_confirm(desk, "stream.s", 6, TACIT_PUSH_OK, 1);
	/* the entry is what was received, not a copy of it */
	request.push.data = mail_slice("three");
	assert_int_equal(payload_encode_request(&request, &msg), TACIT_OK);
	block = msg->block;
	desk_hand(desk, "stream.s", "conn", "client", msg);
	desk_check_confirm(desk, "stream.s", 0, TACIT_PUSH_OK, 2);
	assert_ptr_equal(stream->entries[2]->block, block);
	assert_int_equal(stream->entries[2]->len, 5);
	assert_memory_equal(tacit_msg_payload(stream->entries[2]), "three", 5);
	assert_int_equal(desk->taps[true], 3);
	assert_int_equal(desk->tap_len[true], 8);
	assert_int_equal(tacit_service_counters(desk->service)->pushes, 3);
	assert_int_equal(tacit_service_counters(desk->service)->pushed_len, 8);
}

static void
push_is_refused(void **state)
{
	static uint8_t bytes[TACIT_ENTRY_LEN_MAX + 1];
	struct desk *desk = *state;

	desk_push(desk, "stream.nowhere", 1, "x", 1);
	desk_check_confirm(desk, "stream.nowhere", 1, TACIT_PUSH_ERROR, 0);
	(void)fake_make(desk->store, "s");
	desk->store->append_err = TACIT_EIO;
	desk_push(desk, "stream.s", 2, "x", 1);
	desk_check_confirm(desk, "stream.s", 2, TACIT_PUSH_ERROR, 0);
	desk->store->append_err = TACIT_OK;
	desk_push(desk, "stream.s", 3, bytes, sizeof(bytes));
	desk_check_confirm(desk, "stream.s", 3, TACIT_PUSH_ERROR, 0);
	desk_push(desk, "stream.s", 4, bytes, sizeof(bytes) - 1);
	desk_check_confirm(desk, "stream.s", 4, TACIT_PUSH_OK, 0);
	tacit_service_stop(desk->service);
	desk_push(desk, "stream.s", 5, "x", 1);
	desk_check_confirm(desk, "stream.s", 5, TACIT_PUSH_ERROR, 0);
	assert_int_equal(tacit_service_counters(desk->service)->refused, 4);
	assert_int_equal(tacit_service_counters(desk->service)->pushes, 1);
}

static void
pushes_in_flight_are_confirmed(void **state)
{
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	desk->store->late = true;
	for (uint64_t id = 0; id < 3; id++)
		desk_push(desk, "stream.s", id, "x", 1);
	assert_int_equal(tacit_service_in_flight(desk->service), 3);
	assert_int_equal(desk->mail.count, 0);
	tacit_service_stop(desk->service);
	for (uint64_t id = 0; id < 3; id++) {
		assert_true(fake_store_answer(desk->store));
		desk_check_confirm(desk, "stream.s", id, TACIT_PUSH_OK, id);
	}
	assert_int_equal(tacit_service_in_flight(desk->service), 0);
}

/* what a store that stands still may hold back is bounded, in bytes and in questions */
static void
what_waits_is_bounded(void **state)
{
	static uint8_t bytes[TACIT_ENTRY_LEN_MAX];
	struct tacit_stream_request request = create_request("s");
	size_t fit = TACIT_APPENDS_LEN_MAX / (TACIT_ENTRY_LEN_MAX + 1024), opens;
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	desk->store->late = true;
	for (size_t i = 0; i < fit; i++)
		desk_push(desk, "stream.s", i, bytes, sizeof(bytes));
	assert_int_equal(desk->mail.count, 0);
	desk_push(desk, "stream.s", fit, bytes, sizeof(bytes));
	desk_check_confirm(desk, "stream.s", fit, TACIT_PUSH_ERROR, 0);
	assert_int_equal(tacit_service_in_flight(desk->service), fit);

	for (opens = 0; opens < TACIT_REQUESTS_MAX; opens++)
		desk_ask(desk, "stream", &request);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(desk->lines, 0);
	desk_ask(desk, "stream", &request);
	assert_int_equal(desk->lines, 1);
	request = open_request("s", true);
	check_open(desk, &request, TACIT_OPEN_LIMIT);
	/* once the store moves again, so does everything */
	while (fake_store_answer(desk->store))
		mail_drop(&desk->mail);
	desk->store->late = false;
	check_open(desk, &request, TACIT_OPEN_OK);
}

static void
no_return_route_no_answer(void **state)
{
	struct tacit_stream_request requests[] = {create_request("s"), open_request("s", true),
	    open_request("a/b", true), {.protocol = TACIT_PROTOCOL_PUSH},
	    {.protocol = TACIT_PROTOCOL_PULL}, {.protocol = TACIT_PROTOCOL_INDEX}};
	static const char *const to[] = {
	    "stream", "stream", "stream", "stream.s", "stream.s", "stream_index"};
	struct desk *desk = *state;

	requests[3].push.data = mail_slice("x");
	requests[4].pull.limit = 1;
	requests[5].index.client_id = requests[5].index.name = mail_slice("s");
	for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
		desk_ask_from(desk, to[i], NULL, &requests[i]);
		assert_int_equal(desk->mail.count, 0);
	}
	assert_int_equal(fake_the(desk->store, "s")->count, 1);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
		desk_ask(desk, to[i], &requests[i]);
		assert_int_equal(desk->mail.count, 1);
		mail_drop(&desk->mail);
	}
}

static void
wrong_address_is_ignored(void **state)
{
	struct tacit_stream_request requests[] = {create_request("s"), open_request("s", true),
	    {.protocol = TACIT_PROTOCOL_PUSH}, {.protocol = TACIT_PROTOCOL_PULL},
	    {.protocol = TACIT_PROTOCOL_INDEX}};
	static const char *const to[] = {"stream.s", "stream_index", "stream", "stream_kafka_index",
	    "stream.", "stream..", "stream.a/b", "stream.__x", "streams", "other"};
	struct desk *desk = *state;
	uint64_t dropped = 0;

	(void)fake_make(desk->store, "s");
	for (size_t r = 0; r < sizeof(requests) / sizeof(*requests); r++) {
		for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
			bool right = (r < 2 && strcmp(to[i], "stream") == 0) ||
				     ((r == 2 || r == 3) && strcmp(to[i], "stream.s") == 0) ||
				     (r == 4 && strstr(to[i], "index") != NULL);

			if (right)
				continue;
			desk_ask(desk, to[i], &requests[r]);
			dropped++;
		}
	}
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_counters(desk->service)->dropped, dropped);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	assert_int_equal(fake_the(desk->store, "s")->count, 0);
}

static void
garbage_is_ignored(void **state)
{
	static const char *const to[] = {"stream", "stream.s", "stream_index"};
	struct desk *desk = *state;
	struct tacit_msg *msg;
	uint8_t bytes[64];

	(void)fake_make(desk->store, "s");
	for (int i = 0; i < 3000; i++) {
		size_t len = seeded_below(&desk->mail.seeded, sizeof(bytes));

		seeded_fill(&desk->mail.seeded, bytes, len);
		desk_hand(desk, to[i % 3], "conn", "client", tacit_msg_copy_of(bytes, len));
	}
	desk_hand(desk, NULL, "conn", "client", tacit_msg_copy_of(bytes, 4));
	msg = tacit_msg_copy_of("\x05"
				"error"
				"\x10"
				"\x0f"
				"Invalid request",
	    23);
	desk_hand(desk, "stream", "conn", "client", msg);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_counters(desk->service)->dropped, 3002);
}

/* asks for a bit of everything */
static void
ask_all(struct desk *desk)
{
	struct tacit_stream_request request = open_request("s", true);

	desk_ask(desk, "stream", &request);
	desk_push(desk, "stream.s", 1, "x", 1);
	request = (struct tacit_stream_request){.protocol = TACIT_PROTOCOL_INDEX};
	request.index.client_id = mail_slice("bob");
	request.index.name = mail_slice("s");
	desk_ask(desk, "stream_index", &request);
	desk_pull(desk, "stream.s", 1, 0, 10);
	request.index.save = true;
	desk_ask(desk, "stream_index", &request);
}

static void
service_goes_first(void **state)
{
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	desk->store->late = true;
	ask_all(desk);
	assert_int_equal(tacit_service_parked(desk->service), 1);
	tacit_service_free(desk->service);
	desk->service = NULL;
	assert_int_equal(desk->store->cancels, 1);
	while (fake_store_answer(desk->store))
		continue;
	assert_int_equal(desk->mail.count, 0);
}

static void
store_goes_first(void **state)
{
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	desk->store->late = true;
	ask_all(desk);
	fake_store_free(desk->store);
	desk->store = NULL;
	/* open, push and position were answered; the push answered the pull */
	assert_int_equal(desk->mail.count, 4);
}

/* whichever allocation fails, nothing breaks, there is one answer at most, and the service goes on */
static void
memory_that_runs_out(void **state)
{
	static const char *const to[] = {
	    "stream", "stream.s", "stream.s", "stream_index", "stream_index"};
	struct tacit_stream_request requests[] = {open_request("s", true),
	    {.protocol = TACIT_PROTOCOL_PUSH}, {.protocol = TACIT_PROTOCOL_PULL},
	    {.protocol = TACIT_PROTOCOL_INDEX}, {.protocol = TACIT_PROTOCOL_INDEX}};
	struct desk *desk = *state;
	struct tacit_msg *msg;

	(void)fake_make(desk->store, "s");
	requests[1].push.data = mail_slice("x");
	requests[2].pull.limit = 1;
	requests[3].index.client_id = requests[3].index.name = mail_slice("s");
	requests[4].index = requests[3].index;
	requests[4].index.save = true;
	for (unsigned long i = 0; i < 5 * 20; i++) {
		assert_int_equal(payload_encode_request(&requests[i % 5], &msg), TACIT_OK);
		tacit_alloc_fail_at(1 + i / 5);
		desk_hand(desk, to[i % 5], "conn", "client", msg);
		tacit_alloc_fail_at(0);
		assert_true(desk->mail.count <= 1);
		mail_drop(&desk->mail);
	}
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	assert_int_equal(tacit_service_parked(desk->service), 0);
	assert_int_equal(tacit_service_in_flight(desk->service), 0);
	mail_drop(&desk->mail);
	check_open(desk, &requests[0], TACIT_OPEN_OK);
}

static void
tap_can_be_taken_off(void **state)
{
	struct desk *desk = *state;

	(void)fake_make(desk->store, "s");
	tacit_service_set_tap(desk->service, NULL, NULL);
	desk_push(desk, "stream.s", 1, "x", 1);
	desk_pull(desk, "stream.s", 1, 0, 8);
	assert_int_equal(desk->taps[true] + desk->taps[false], 0);
	tacit_service_set_tap(desk->service, desk_tap, desk);
	desk_pull(desk, "stream.s", 1, 0, 8);
	assert_int_equal(desk->taps[false], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(create_leads_to_the_stream),
	    TEST(create_makes_up_a_name),
	    TEST(create_fails_in_silence),
	    TEST(open_says_no),
	    TEST(open_tells_bounds),
	    TEST(push_is_confirmed),
	    TEST(push_is_refused),
	    TEST(pushes_in_flight_are_confirmed),
	    TEST(what_waits_is_bounded),
	    TEST(no_return_route_no_answer),
	    TEST(wrong_address_is_ignored),
	    TEST(garbage_is_ignored),
	    TEST(service_goes_first),
	    TEST(store_goes_first),
	    TEST(memory_that_runs_out),
	    TEST(tap_can_be_taken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
