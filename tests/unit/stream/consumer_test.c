#include "unit/stream/reader.h"

static void
reads_from_the_first_entry(void **state)
{
	struct reader *reader = *state;
	uint64_t id;

	make(reader, NULL, TACIT_START_STORED);
	let_open(reader, 1, 7);
	assert_int_equal(reader->opened, 1);
	id = take_pull(reader, 1);
	assert_int_equal(reader->mail.count, 0);
	hand(reader, run_of(id, 1, 4));
	assert_int_equal(reader->delivered, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(reader->indexes[i], i + 1);
	/* asked again at once; a client without an id saves nothing */
	id = take_pull(reader, 5);
	hand(reader, run_of(id, 5, 2));
	assert_true(take_pull(reader, 7) > id);
	assert_int_equal(reader->mail.count, 0);
	assert_int_equal(tacit_consumer_position(reader->consumer), 7);
	assert_int_equal(reader->events, 0);
}

static void
reads_from_the_end(void **state)
{
	struct reader *reader = *state;

	make(reader, "bob", TACIT_START_END);
	let_open(reader, 1, 7);
	(void)take_pull(reader, 7);
	/* the end of the first time */
	tacit_consumer_reset(reader->consumer, reader->now);
	let_open(reader, 1, 9);
	(void)take_pull(reader, 7);
}

static void
reads_from_the_stored_position(void **state)
{
	static const struct {
		bool found;
		uint64_t index, from;
		unsigned events;
		enum tacit_consumer_event event;
	} cases[] = {
	    {true, 4, 4, 0, 0},
	    {true, 7, 7, 0, 0},
	    {false, 0, 2, 0, 0},
	    {true, 8, 2, 1, TACIT_CONSUMER_ROLLED_BACK},
	    {true, UINT64_MAX, 2, 1, TACIT_CONSUMER_ROLLED_BACK},
	    {true, 1, 2, 1, TACIT_CONSUMER_TRIMMED},
	};
	struct reader *reader = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		reader->events = 0;
		make(reader, "bob", TACIT_START_STORED);
		let_open(reader, 2, 7);
		(void)take_index(reader, false);
		assert_int_equal(reader->mail.count, 0);
		hand(reader, position(cases[i].found, cases[i].index));
		(void)take_pull(reader, cases[i].from);
		assert_int_equal(reader->events, cases[i].events);
		if (cases[i].events > 0)
			assert_int_equal(reader->event, cases[i].event);
		/* the answer counts once */
		hand(reader, position(true, 3));
		assert_int_equal(tacit_consumer_position(reader->consumer), cases[i].from);
		mail_drop(&reader->mail);
	}
}

static void
foreign_positions_are_ignored(void **state)
{
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_INDEX};
	struct reader *reader = *state;

	make(reader, "bob", TACIT_START_STORED);
	let_open(reader, 0, 7);
	(void)take_index(reader, false);
	response.index.has_index = true;
	response.index.client_id = mail_slice("bo");
	response.index.name = mail_slice("s");
	hand(reader, hub_answer(&response));
	response.index.client_id = mail_slice("bob");
	response.index.name = mail_slice("t");
	hand(reader, hub_answer(&response));
	assert_int_equal(reader->mail.count, 0);
	hand(reader, position(false, 0));
	(void)take_pull(reader, 0);
}

static void
bad_names_are_refused(void **state)
{
	struct reader *reader = *state;
	const struct tacit_route routes[2] = {
	    mail_route("hub", "stream"), mail_route("hub", "stream_index")};
	struct tacit_consumer_config config = config_of(reader, routes);
	struct tacit_consumer *consumer = NULL;

	config.name = "..";
	assert_int_equal(tacit_consumer_new(&config, &consumer), TACIT_EINVAL);
	config.name = "s";
	config.client_id = "bob bob";
	assert_int_equal(tacit_consumer_new(&config, &consumer), TACIT_EINVAL);
	config.client_id = "bob";
	config.index = NULL;
	assert_int_equal(tacit_consumer_new(&config, &consumer), TACIT_EINVAL);
	assert_null(consumer);
	config.client_id = NULL;
	assert_int_equal(tacit_consumer_new(&config, &consumer), TACIT_OK);
	tacit_consumer_free(consumer);
}

static void
refusal_is_told(void **state)
{
	struct reader *reader = *state;

	make(reader, NULL, TACIT_START_STORED);
	hand(reader, hub_open_answer(hub_take_open(&reader->mail), TACIT_OPEN_NOT_FOUND, 0, 0));
	assert_int_equal(reader->failed, 1);
	assert_int_equal(reader->err, TACIT_ENOTFOUND);
	tick(reader, 60000);
	assert_int_equal(reader->mail.count, 0);
	tacit_consumer_reset(reader->consumer, reader->now);
	hand(reader, hub_open_answer(hub_take_open(&reader->mail), TACIT_OPEN_UNAVAILABLE, 0, 0));
	assert_int_equal(reader->failed, 1);
	tick(reader, TACIT_RECONNECT_MS);
	let_open(reader, 0, 0);
	(void)take_pull(reader, 0);
}

static void
empty_answers_in_time_are_asked_again(void **state)
{
	struct reader *reader = *state;
	uint64_t id;

	make(reader, NULL, TACIT_START_STORED);
	let_open(reader, 0, 0);
	id = take_pull(reader, 0);
	tick(reader, TACIT_PULL_HOLD_MS / 2);
	hand(reader, entries(id, NULL, 0));
	(void)take_pull(reader, 0);
}

static void
empty_answers_too_soon_are_looked_into(void **state)
{
	struct reader *reader = *state;
	uint64_t id;

	make(reader, NULL, TACIT_START_STORED);
	let_open(reader, 0, 8);
	id = take_pull(reader, 0);
	hand(reader, run_of(id, 0, 8));
	id = take_pull(reader, 8);
	tick(reader, TACIT_PULL_HOLD_MS / 2 - 1);
	hand(reader, entries(id, NULL, 0));
	assert_int_equal(reader->mail.count, 0);
	tick(reader, TACIT_PULL_AGAIN_MS - 1);
	assert_int_equal(reader->mail.count, 0);
	tick(reader, 1);
	/* the stream was made anew behind our back, and has three entries now */
	let_open(reader, 0, 3);
	assert_int_equal(reader->event, TACIT_CONSUMER_ROLLED_BACK);
	assert_int_equal(reader->from, 8);
	assert_int_equal(reader->to, 3);
	id = take_pull(reader, 0);
	hand(reader, run_of(id, 0, 3));
	assert_int_equal(reader->delivered, 11);
	(void)take_pull(reader, 3);
}

static void
trimmed_streams_are_told(void **state)
{
	struct reader *reader = *state;

	make(reader, NULL, TACIT_START_STORED);
	let_open(reader, 0, 8);
	hand(reader, run_of(take_pull(reader, 0), 0, 2));
	mail_drop(&reader->mail);
	tacit_consumer_reset(reader->consumer, reader->now);
	let_open(reader, 5, 8);
	assert_int_equal(reader->events, 1);
	assert_int_equal(reader->event, TACIT_CONSUMER_TRIMMED);
	assert_int_equal(reader->from, 2);
	assert_int_equal(reader->to, 5);
	(void)take_pull(reader, 5);
	/* the twin: nothing was lost */
	tacit_consumer_reset(reader->consumer, reader->now);
	let_open(reader, 5, 8);
	assert_int_equal(reader->events, 1);
}

static void
positions_are_saved_once_a_second(void **state)
{
	struct reader *reader = *state;

	make(reader, "bob", TACIT_START_STORED);
	let_open(reader, 0, 8);
	(void)take_index(reader, false);
	hand(reader, position(true, 2));
	hand(reader, run_of(take_pull(reader, 2), 2, 2));
	assert_int_equal(take_index(reader, true), 4);
	hand(reader, run_of(take_pull(reader, 4), 4, 2));
	hand(reader, run_of(take_pull(reader, 6), 6, 2));
	(void)take_pull(reader, 8);
	assert_int_equal(reader->mail.count, 0);
	tick(reader, TACIT_POSITION_SAVE_MS - 1);
	assert_int_equal(reader->mail.count, 0);
	tick(reader, 1);
	assert_int_equal(take_index(reader, true), 8);
	tick(reader, TACIT_POSITION_SAVE_MS);
	assert_int_equal(reader->mail.count, 0);
}

static void
stop_saves_and_ends(void **state)
{
	struct reader *reader = *state;
	uint64_t id;

	make(reader, "bob", TACIT_START_STORED);
	let_open(reader, 0, 8);
	(void)take_index(reader, false);
	hand(reader, position(false, 0));
	hand(reader, run_of(take_pull(reader, 0), 0, 2));
	(void)take_index(reader, true);
	hand(reader, run_of(take_pull(reader, 2), 2, 2));
	id = take_pull(reader, 4);
	tacit_consumer_stop(reader->consumer);
	assert_int_equal(take_index(reader, true), 4);
	hand(reader, run_of(id, 4, 2));
	assert_int_equal(reader->delivered, 4);
	tick(reader, 60000);
	tacit_consumer_reset(reader->consumer, reader->now);
	assert_int_equal(reader->mail.count, 0);
	assert_int_equal(reader->suspected, 0);
}

/* whoever gets an entry may stop or reset the consumer from there */
static void
callbacks_may_stop_and_reset(void **state)
{
	struct reader *reader = *state;

	make(reader, "bob", TACIT_START_END);
	let_open(reader, 0, 0);
	reader->reset = true;
	hand(reader, run_of(take_pull(reader, 0), 0, 3));
	assert_int_equal(reader->delivered, 3);
	let_open(reader, 0, 3);
	reader->stop = true;
	hand(reader, run_of(take_pull(reader, 3), 3, 3));
	assert_int_equal(reader->delivered, 4);
	assert_int_equal(take_index(reader, true), 4);
	assert_int_equal(reader->mail.count, 0);
}

static void
silence_is_suspected(void **state)
{
	struct reader *reader = *state;

	make(reader, "bob", TACIT_START_STORED);
	mail_drop(&reader->mail);
	tick(reader, TACIT_REQUEST_DEAD_MS);
	assert_int_equal(reader->suspected, 1);
	tick(reader, TACIT_REQUEST_DEAD_MS);
	let_open(reader, 0, 4);
	mail_drop(&reader->mail);
	tick(reader, TACIT_REQUEST_DEAD_MS - 1);
	assert_int_equal(reader->suspected, 1);
	tick(reader, 1);
	assert_int_equal(reader->suspected, 2);
	tacit_consumer_reset(reader->consumer, reader->now);
	let_open(reader, 0, 4);
	(void)take_index(reader, false);
	hand(reader, position(true, 4));
	mail_drop(&reader->mail);
	tick(reader, TACIT_PULL_DEAD_MS - 1);
	assert_int_equal(reader->suspected, 2);
	tick(reader, 1);
	assert_int_equal(reader->suspected, 3);
	/* without a connection nothing is missed */
	tacit_consumer_pause(reader->consumer);
	tick(reader, 10 * TACIT_PULL_DEAD_MS);
	assert_int_equal(reader->suspected, 3);
	assert_int_equal(reader->mail.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reader_new, reader_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reads_from_the_first_entry),
	    TEST(reads_from_the_end),
	    TEST(reads_from_the_stored_position),
	    TEST(foreign_positions_are_ignored),
	    TEST(bad_names_are_refused),
	    TEST(refusal_is_told),
	    TEST(empty_answers_in_time_are_asked_again),
	    TEST(empty_answers_too_soon_are_looked_into),
	    TEST(trimmed_streams_are_told),
	    TEST(positions_are_saved_once_a_second),
	    TEST(stop_saves_and_ends),
	    TEST(callbacks_may_stop_and_reset),
	    TEST(silence_is_suspected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
