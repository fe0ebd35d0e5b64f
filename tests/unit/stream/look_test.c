/* tacit.stream_look at the service (PROTOCOL.md 3.7) */
#include "unit/stream/desk.h"

#include "support/damage.h"
#include "wire/stream_look.h"

static void
ask(struct desk *desk, const char *to, uint64_t id, const char *name, uint64_t index,
    uint64_t count)
{
	struct tacit_look_request request = {
	    id, {(const uint8_t *)name, strlen(name)}, index, count};
	struct tacit_msg *msg;

	assert_int_equal(tacit_look_request_encode(&request, &msg), TACIT_OK);
	desk_hand(desk, to, "conn", "client", msg);
}

/* the oldest answer, which is one to a look */
static struct tacit_look_response
take(struct desk *desk, const char *from)
{
	struct tacit_look_response response;

	tacit_msg_unref(desk->held);
	desk->held = mail_take(&desk->mail);
	mail_check_route(&desk->held->onward, "conn", "client");
	mail_check_route(&desk->held->ret, from, NULL);
	assert_int_equal(tacit_look_response_decode(desk->held, &response), TACIT_OK);
	return response;
}

static void
check_refused(struct desk *desk, uint64_t id, enum tacit_open_status status)
{
	struct tacit_look_response response = take(desk, "stream_kafka");

	assert_int_equal(response.request_id, id);
	assert_int_equal(response.status, status);
	assert_true(response.text.len > 0);
	assert_int_equal(response.first, 0);
	assert_int_equal(response.end, 0);
	assert_int_equal(response.items.count, 0);
}

static void
fill(struct desk *desk, size_t count)
{
	char text[32];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), "entry %zu", i);
		fake_append_text(desk->store, "s", text);
	}
}

/* an answer with the indexes from first on */
static void
check_entries(struct desk *desk, uint64_t id, uint64_t first, size_t count)
{
	struct tacit_look_response response = take(desk, "stream_kafka");
	struct tacit_look_item item;
	char text[32];

	assert_int_equal(response.request_id, id);
	assert_int_equal(response.status, TACIT_OPEN_OK);
	assert_int_equal(response.text.len, 0);
	assert_int_equal(response.items.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(tacit_look_items_next(&response.items, &item));
		(void)snprintf(text, sizeof(text), "entry %zu", (size_t)first + i);
		assert_int_equal(item.index, first + i);
		assert_int_equal(item.time_ms, FAKE_TIME + first + i);
		assert_int_equal(item.size, strlen(text));
		assert_true(tacit_slice_is(item.head, text));
	}
}

static void
a_look_tells_bounds_and_entries(void **state)
{
	struct desk *desk = *state;
	struct tacit_look_response response;

	fill(desk, 10);
	ask(desk, "stream_kafka", 1, "s", 0, 0);
	response = take(desk, "stream_kafka");
	assert_int_equal(response.first, 0);
	assert_int_equal(response.end, 10);
	assert_int_equal(response.items.count, 0);
	ask(desk, "stream_kafka", 2, "s", 3, 4);
	check_entries(desk, 2, 3, 4);
	ask(desk, "stream_kafka", 3, "s", 8, 4);
	check_entries(desk, 3, 8, 2);
	/* the other name of the service answers by it */
	ask(desk, "stream", 4, "s", 0, 0);
	assert_int_equal(take(desk, "stream").request_id, 4);
	/* at the end and beyond it nothing, at once */
	ask(desk, "stream_kafka", 5, "s", 10, 4);
	check_entries(desk, 5, 0, 0);
	ask(desk, "stream_kafka", 6, "s", UINT64_MAX, UINT64_MAX);
	check_entries(desk, 6, 0, 0);
	/* below the first: from there */
	fake_trim(fake_the(desk->store, "s"), 4);
	ask(desk, "stream_kafka", 7, "s", 0, 1);
	response = take(desk, "stream_kafka");
	assert_int_equal(response.first, 4);
	assert_int_equal(response.items.count, 1);
	assert_int_equal(tacit_service_counters(desk->service)->looks, 7);
	assert_int_equal(tacit_service_counters(desk->service)->opens, 0);
	/* a look is no pull */
	assert_int_equal(desk->taps[false], 0);
	assert_int_equal(tacit_service_parked(desk->service), 0);
}

static void
heads_and_pages_are_bounded(void **state)
{
	struct desk *desk = *state;
	struct tacit_look_response response;
	struct tacit_look_item item;
	struct tacit_msg *msg = tacit_msg_new(TACIT_ENTRY_LEN_MAX);

	assert_non_null(msg);
	memset(tacit_msg_payload(msg), 'x', msg->len);
	fill(desk, 300);
	(void)fake_append(desk->store, fake_the(desk->store, "s"), msg);
	for (int greedy = 0; greedy < 2; greedy++) {
		desk->store->greedy = greedy;
		ask(desk, "stream_kafka", 1, "s", 0, UINT64_MAX);
		check_entries(desk, 1, 0, TACIT_LOOK_ENTRIES_MAX);
		assert_true(desk->held->len < TACIT_FRAME_LEN_MAX - TACIT_ROUTE_LEN_MAX);
	}
	ask(desk, "stream_kafka", 2, "s", 300, 10);
	response = take(desk, "stream_kafka");
	assert_int_equal(response.items.count, 1);
	assert_true(tacit_look_items_next(&response.items, &item));
	assert_int_equal(item.size, TACIT_ENTRY_LEN_MAX);
	assert_int_equal(item.head.len, TACIT_LOOK_HEAD_LEN);
}

static void
what_is_not_there_is_told(void **state)
{
	static const char *const bad[] = {"", ".", "..", "__x", "a b", "a/b", "\x1b[31m"};
	struct desk *desk = *state;

	ask(desk, "stream_kafka", 1, "none", 0, 10);
	check_refused(desk, 1, TACIT_OPEN_NOT_FOUND);
	/* and asking has not made it */
	assert_null(fake_find(desk->store, "none"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ask(desk, "stream_kafka", 2, bad[i], 0, 10);
		check_refused(desk, 2, TACIT_OPEN_BAD_NAME);
	}
	fill(desk, 1);
	desk->store->open_err = TACIT_EUNREACHABLE;
	ask(desk, "stream_kafka", 3, "s", 0, 10);
	check_refused(desk, 3, TACIT_OPEN_UNAVAILABLE);
	desk->store->open_err = TACIT_OK;
	desk->store->read_err = TACIT_EIO;
	ask(desk, "stream_kafka", 4, "s", 0, 10);
	check_refused(desk, 4, TACIT_OPEN_UNAVAILABLE);
	assert_int_equal(tacit_service_counters(desk->service)->looks, 0);
}

static void
too_many_at_once_are_refused(void **state)
{
	struct desk *desk = *state;

	fill(desk, 5);
	for (int round = 0; round < 2; round++) {
		desk->store->late = true;
		for (uint64_t i = 0; i < TACIT_LOOKS_MAX; i++)
			ask(desk, "stream_kafka", i, "s", 1, 2);
		assert_int_equal(desk->mail.count, 0);
		ask(desk, "stream_kafka", 99, "s", 1, 2);
		check_refused(desk, 99, TACIT_OPEN_LIMIT);
		desk->store->late = false;
		while (fake_store_answer(desk->store))
			continue;
		for (uint64_t i = 0; i < TACIT_LOOKS_MAX; i++)
			check_entries(desk, i, 1, 2);
	}
}

/* the service may go while the store has a look */
static void
answers_may_come_too_late(void **state)
{
	struct desk *desk = *state;

	fill(desk, 5);
	desk->store->late = true;
	ask(desk, "stream_kafka", 1, "s", 1, 2);
	desk->store->late_reads = true;
	assert_true(fake_store_answer(desk->store));
	ask(desk, "stream_kafka", 2, "s", 1, 2);
	tacit_service_free(desk->service);
	desk->service = NULL;
	fake_store_free(desk->store);
	desk->store = NULL;
	assert_int_equal(desk->mail.count, 0);
}

static void
only_the_service_shows(void **state)
{
	static const char *const others[] = {"stream.s", "stream_kafka_index", "elsewhere"};
	struct desk *desk = *state;

	fill(desk, 1);
	for (size_t i = 0; i < 3; i++)
		ask(desk, others[i], 1, "s", 0, 1);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_counters(desk->service)->dropped, 3);
}

static void
hand_damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct desk *desk = arg;

	(void)index;
	desk_hand(desk, "stream_kafka", "conn", "client", tacit_msg_copy_of(bytes, len));
	if (kind == DAMAGE_TRUNCATED)
		assert_int_equal(desk->mail.count, 0);
	mail_drop(&desk->mail);
}

static void
damaged_requests_do_no_harm(void **state)
{
	struct tacit_look_request request = {7, {(const uint8_t *)"s", 1}, 1, 2};
	struct desk *desk = *state;
	struct tacit_msg *msg;

	fill(desk, 5);
	assert_int_equal(tacit_look_request_encode(&request, &msg), TACIT_OK);
	damage_each(tacit_msg_payload(msg), msg->len, hand_damaged, desk);
	tacit_msg_unref(msg);
	ask(desk, "stream_kafka", 8, "s", 1, 2);
	check_entries(desk, 8, 1, 2);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
	const struct CMUnitTest tests[] = {
	    T(a_look_tells_bounds_and_entries),
	    T(heads_and_pages_are_bounded),
	    T(what_is_not_there_is_told),
	    T(too_many_at_once_are_refused),
	    T(answers_may_come_too_late),
	    T(only_the_service_shows),
	    T(damaged_requests_do_no_harm),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
