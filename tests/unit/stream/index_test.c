#include "unit/stream/desk.h"

static void
ask_index(struct desk *desk, const char *to, bool save, struct tacit_slice client, uint64_t index)
{
	/* the encoder keeps to the ids that we would use; clients of 2021 need not */
	uint8_t bytes[1024];
	struct tacit_writer inner, outer;
	uint8_t envelope[1200];

	tacit_writer_init(&inner, bytes, sizeof(bytes));
	tacit_bare_write_uint(&inner, save);
	tacit_bare_write_data(&inner, client.bytes, client.len);
	tacit_bare_write_text(&inner, "s");
	if (save)
		tacit_bare_write_uint(&inner, index);
	tacit_writer_init(&outer, envelope, sizeof(envelope));
	tacit_bare_write_text(&outer, "stream_index");
	tacit_bare_write_data(&outer, bytes, inner.len);
	assert_false(inner.bad || outer.bad);
	desk_hand(desk, to, "conn", "client", tacit_msg_copy_of(envelope, outer.len));
}

static void
save(struct desk *desk, const char *client, uint64_t index)
{
	ask_index(desk, "stream_index", true, mail_slice(client), index);
	assert_int_equal(desk->mail.count, 0);
}

/* the answer to a get: an index, or none */
static void
check_get(struct desk *desk, const char *client, bool found, uint64_t index)
{
	struct tacit_stream_response response;

	ask_index(desk, "stream_kafka_index", false, mail_slice(client), 0);
	response = desk_take(desk, "stream_kafka_index");
	assert_int_equal(response.protocol, TACIT_PROTOCOL_INDEX);
	assert_true(tacit_slice_is(response.index.client_id, client));
	assert_true(tacit_slice_is(response.index.name, "s"));
	assert_int_equal(response.index.has_index, found);
	if (found)
		assert_int_equal(response.index.index, index);
	assert_int_equal(desk->mail.count, 0);
}

static void
get_answers_what_is_stored(void **state)
{
	struct desk *desk = *state;

	check_get(desk, "bob", false, 0);
	desk->store->has_position = true;
	desk->store->saved_index = 12;
	check_get(desk, "bob", true, 12);
	/* a store that cannot tell must not keep a consumer from starting */
	desk->store->position_err = TACIT_EIO;
	check_get(desk, "bob", false, 0);
}

static void
answer_comes_from_the_name_asked(void **state)
{
	static const char *const names[] = {"stream_kafka_index", "stream_index"};
	struct desk *desk = *state;

	desk->store->late = true;
	for (int i = 0; i < 2; i++) {
		ask_index(desk, names[i], false, mail_slice("bob"), 0);
		assert_int_equal(desk->mail.count, 0);
		assert_true(fake_store_answer(desk->store));
		(void)desk_take(desk, names[i]);
	}
}

static void
saves_are_one_a_second(void **state)
{
	struct desk *desk = *state;

	save(desk, "bob", 1);
	assert_int_equal(desk->store->saves, 1);
	assert_string_equal(desk->store->saved_client, "bob");
	assert_string_equal(desk->store->saved_name, "s");
	for (uint64_t i = 2; i < 50; i++)
		save(desk, "bob", i);
	assert_int_equal(desk->store->saves, 1);
	assert_int_equal(desk->mail.wake, desk->now + TACIT_POSITION_SAVE_MS);
	/* whoever asks meanwhile gets the newest */
	check_get(desk, "bob", true, 49);
	desk_tick(desk, TACIT_POSITION_SAVE_MS - 1);
	assert_int_equal(desk->store->saves, 1);
	desk_tick(desk, 1);
	assert_int_equal(desk->store->saves, 2);
	assert_int_equal(desk->store->saved_index, 49);
	save(desk, "bob", 49);
	assert_int_equal(desk->store->saves, 2);
	desk_tick(desk, TACIT_POSITION_SAVE_MS);
	assert_int_equal(desk->store->saves, 3);
	/* nothing new, nothing saved, nothing remembered */
	desk_tick(desk, TACIT_POSITION_SAVE_MS);
	assert_int_equal(desk->store->saves, 3);
	save(desk, "bob", 50);
	assert_int_equal(desk->store->saves, 4);
}

static void
readers_do_not_share_their_second(void **state)
{
	struct desk *desk = *state;

	save(desk, "bob", 1);
	save(desk, "alice", 2);
	assert_int_equal(desk->store->saves, 2);
	assert_string_equal(desk->store->saved_client, "alice");
}

static void
stop_saves_what_waits(void **state)
{
	struct desk *desk = *state;

	save(desk, "bob", 1);
	save(desk, "alice", 1);
	save(desk, "bob", 2);
	tacit_service_stop(desk->service);
	assert_int_equal(desk->store->saves, 3);
	assert_int_equal(desk->store->saved_index, 2);
	assert_string_equal(desk->store->saved_client, "bob");
	tacit_service_stop(desk->service);
	assert_int_equal(desk->store->saves, 3);
}

static void
bad_client_ids_live_in_memory(void **state)
{
	static char longest[TACIT_TEXT_LEN_MAX + 1], fits[TACIT_CLIENT_ID_LEN_MAX + 1];
	static const char *const bad[] = {"", "bob bob", "a/b", "\xff\xfe", "bob\n", longest};
	struct desk *desk = *state;

	memset(longest, 'x', sizeof(longest) - 1);
	memset(fits, 'x', sizeof(fits) - 1);
	for (uint64_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		check_get(desk, bad[i], false, 0);
		save(desk, bad[i], i);
		save(desk, bad[i], i + 10);
		check_get(desk, bad[i], true, i + 10);
	}
	desk_tick(desk, 10 * TACIT_POSITION_SAVE_MS);
	tacit_service_stop(desk->service);
	assert_int_equal(desk->store->saves, 0);
	check_get(desk, longest, true, 15);
	save(desk, fits, 3);
	assert_int_equal(desk->store->saves, 1);
}

static void
longer_ids_are_not_remembered(void **state)
{
	static const uint8_t bytes[TACIT_TEXT_LEN_MAX + 1] = {1};
	struct desk *desk = *state;
	struct tacit_slice client = {bytes, sizeof(bytes)};

	ask_index(desk, "stream_index", true, client, 5);
	ask_index(desk, "stream_index", false, client, 5);
	assert_int_equal(desk->mail.count, 0);
	assert_int_equal(tacit_service_counters(desk->service)->refused, 1);
	client.len--;
	ask_index(desk, "stream_index", true, client, 5);
	ask_index(desk, "stream_index", false, client, 5);
	assert_int_equal(desk->mail.count, 1);
}

static void
bad_stream_names_have_no_position(void **state)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_INDEX};
	struct desk *desk = *state;
	struct tacit_stream_response response;

	request.index.client_id = mail_slice("bob");
	request.index.name = mail_slice("a/b");
	request.index.save = true;
	request.index.index = 3;
	desk_ask(desk, "stream_index", &request);
	assert_int_equal(desk->store->saves, 0);
	request.index.save = false;
	desk_ask(desk, "stream_index", &request);
	response = desk_take(desk, "stream_index");
	assert_true(tacit_slice_is(response.index.name, "a/b"));
	assert_false(response.index.has_index);
}

/* what no store takes makes room, the oldest first; what one takes is saved and forgotten */
static void
memory_of_positions_is_bounded(void **state)
{
	struct desk *desk = *state;
	char client[32];

	for (uint64_t i = 0; i <= TACIT_POSITIONS_MAX; i++) {
		(void)snprintf(client, sizeof(client), "client %u", (unsigned)i);
		save(desk, client, i);
	}
	check_get(desk, "client 0", false, 0);
	check_get(desk, "client 1", true, 1);
	check_get(desk, client, true, TACIT_POSITIONS_MAX);
	save(desk, "bob", 1);
	assert_int_equal(desk->store->saves, 1);
	check_get(desk, "client 1", false, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(get_answers_what_is_stored),
	    TEST(answer_comes_from_the_name_asked),
	    TEST(saves_are_one_a_second),
	    TEST(readers_do_not_share_their_second),
	    TEST(stop_saves_what_waits),
	    TEST(bad_client_ids_live_in_memory),
	    TEST(longer_ids_are_not_remembered),
	    TEST(bad_stream_names_have_no_position),
	    TEST(memory_of_positions_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
