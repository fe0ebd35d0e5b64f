/*
 * Clients of 2021 ask once and wait for ever, and go deaf of what they did not ask for: whatever
 * the store does, each request that has an answer gets one.
 */
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

static void
check_init(struct desk *desk, const char *name)
{
	struct tacit_stream_response response;
	char from[300];

	(void)snprintf(from, sizeof(from), "stream.%s", name);
	response = desk_take(desk, from);
	assert_int_equal(response.protocol, TACIT_PROTOCOL_CREATE);
	assert_true(tacit_slice_is(response.create.name, name));
	assert_int_equal(desk->mail.count, 0);
}

static void
create_waits_until_the_store_can(void **state)
{
	static const tacit_err errs[] = {
	    TACIT_EUNREACHABLE, TACIT_ENOSPACE, TACIT_EIO, TACIT_ELIMIT, TACIT_ENOMEM};
	struct tacit_stream_request request = create_request("s");
	struct desk *desk = *state;

	for (size_t i = 0; i < sizeof(errs) / sizeof(*errs); i++) {
		desk->lines = 0;
		desk->store->open_err = errs[i];
		desk->store->late = i % 2 == 0;
		desk_ask(desk, "stream", &request);
		for (int again = 0; again < 20; again++) {
			while (fake_store_answer(desk->store))
				continue;
			assert_true(desk->mail.wake <= desk->now + TACIT_CREATE_AGAIN_MS);
			desk_tick(desk, TACIT_CREATE_AGAIN_MS);
		}
		assert_int_equal(desk->mail.count, 0);
		assert_int_equal(desk->lines, 1);
		desk->store->open_err = TACIT_OK;
		while (fake_store_answer(desk->store))
			continue;
		desk_tick(desk, TACIT_CREATE_AGAIN_MS);
		while (fake_store_answer(desk->store))
			continue;
		check_init(desk, "s");
		/* and that was all */
		desk_tick(desk, 10 * TACIT_CREATE_AGAIN_MS);
		assert_false(fake_store_answer(desk->store));
		assert_int_equal(desk->mail.count, 0);
	}
}

/* a name that was made up stays what it is */
static void
made_up_names_wait_too(void **state)
{
	struct tacit_stream_request request = create_request(NULL);
	struct desk *desk = *state;

	desk->store->open_err = TACIT_EUNREACHABLE;
	desk_ask(desk, "stream", &request);
	desk_ask(desk, "stream", &request);
	desk_tick(desk, TACIT_CREATE_AGAIN_MS);
	desk->store->open_err = TACIT_OK;
	desk_tick(desk, TACIT_CREATE_AGAIN_MS);
	assert_int_equal(desk->mail.count, 2);
	assert_non_null(desk->store->streams[1]);
	assert_null(desk->store->streams[2]);
}

/* what can never be is not asked again; nor is anything for those who ask again by themselves */
static void
others_do_not_wait(void **state)
{
	struct tacit_stream_request request = create_request("s");
	struct desk *desk = *state;

	for (int i = 0; i < 2; i++) {
		desk->store->open_err = i == 0 ? TACIT_EDENIED : TACIT_ECLOSED;
		desk_ask(desk, "stream", &request);
		assert_int_equal(desk->lines, i + 1);
		assert_int_equal(desk->mail.wake, TACIT_NEVER);
	}
	request = (struct tacit_stream_request){.protocol = TACIT_PROTOCOL_OPEN};
	request.open.has_name = request.open.create = true;
	request.open.name = mail_slice("s");
	desk->store->open_err = TACIT_EUNREACHABLE;
	desk_ask(desk, "stream", &request);
	assert_int_equal(desk_take(desk, "stream").open.status, TACIT_OPEN_UNAVAILABLE);
	assert_int_equal(desk->mail.wake, TACIT_NEVER);
	desk->store->open_err = TACIT_OK;
	desk_tick(desk, 10 * TACIT_CREATE_AGAIN_MS);
	assert_int_equal(desk->mail.count, 0);
	assert_null(desk->store->streams[0]);
}

static void
a_service_that_stops_gives_up(void **state)
{
	struct tacit_stream_request request = create_request("s");
	struct desk *desk = *state;

	desk->store->open_err = TACIT_EUNREACHABLE;
	desk_ask(desk, "stream", &request);
	desk->store->late = true;
	desk_ask(desk, "stream", &request);
	tacit_service_stop(desk->service);
	assert_true(fake_store_answer(desk->store));
	desk->store->open_err = TACIT_OK;
	desk_tick(desk, TACIT_CREATE_AGAIN_MS);
	assert_false(fake_store_answer(desk->store));
	assert_int_equal(desk->mail.count, 0);
}

/* many of all kinds, while the store fails, mends, and answers late, at random --------------- */

#define CLIENTS 5
#define ASKED   4000

struct crowd {
	struct desk *desk;
	/* by client and request id; creates and gets, which have none, by client */
	uint8_t owed[CLIENTS][ASKED];
	unsigned inits[CLIENTS], indexes[CLIENTS];
	unsigned confirmed, refused;
};

static const char *const clients[CLIENTS] = {"a", "b", "c", "d", "e"};
static const char *const streams[] = {"s", "t", "u"};

static unsigned
below(struct desk *desk, unsigned bound)
{
	return (unsigned)seeded_below(&desk->mail.seeded, bound);
}

static void
ask_something(struct crowd *crowd, uint64_t id)
{
	static const char *const to[] = {"stream.s", "stream.t", "stream.u"};
	struct desk *desk = crowd->desk;
	unsigned client = below(desk, CLIENTS), stream = below(desk, 3), kind = below(desk, 10);
	struct tacit_stream_request request = create_request(streams[stream]);

	if (kind == 0) {
		crowd->inits[client]++;
		desk_ask_from(desk, "stream_kafka", clients[client], &request);
	} else if (kind < 3) {
		request = (struct tacit_stream_request){.protocol = TACIT_PROTOCOL_INDEX};
		request.index.client_id = mail_slice(clients[client]);
		request.index.name = mail_slice(streams[stream]);
		if (!(request.index.save = kind == 1))
			crowd->indexes[client]++;
		desk_ask_from(desk, "stream_index", clients[client], &request);
	} else if (kind < 7) {
		crowd->owed[client][id] = 1;
		request = (struct tacit_stream_request){.protocol = TACIT_PROTOCOL_PUSH};
		request.push.request_id = id;
		request.push.data = mail_slice("entry");
		desk_ask_from(desk, to[stream], clients[client], &request);
	} else {
		crowd->owed[client][id] = 1;
		desk_pull_from(desk, clients[client], to[stream], id,
		    (const uint64_t[2]){below(desk, 200), 8});
	}
}

static void
read_answers(struct crowd *crowd)
{
	struct desk *desk = crowd->desk;

	while (desk->mail.count > 0) {
		struct tacit_msg *msg = mail_take(&desk->mail);
		struct tacit_stream_response response;
		struct tacit_route onward;
		struct tacit_address hop;
		uint64_t id = ASKED;
		unsigned client;

		assert_int_equal(msg->ret.count, 1);
		assert_int_equal(msg->onward.count, 2);
		tacit_route_copy(&onward, &msg->onward);
		tacit_route_pop(&onward);
		assert_true(tacit_route_first(&onward, &hop));
		client = (unsigned)(hop.bytes[0] - 'a');
		assert_true(client < CLIENTS);
		assert_int_equal(tacit_stream_response_decode(msg, &response), TACIT_OK);
		if (response.protocol == TACIT_PROTOCOL_CREATE) {
			assert_true(crowd->inits[client]-- > 0);
		} else if (response.protocol == TACIT_PROTOCOL_INDEX) {
			assert_true(crowd->indexes[client]-- > 0);
		} else if (response.protocol == TACIT_PROTOCOL_PUSH) {
			id = response.push.request_id;
			*(response.push.status == TACIT_PUSH_OK ? &crowd->confirmed
								: &crowd->refused) += 1;
		} else {
			assert_int_equal(response.protocol, TACIT_PROTOCOL_PULL);
			assert_true(response.pull.entries.count <= 8);
			id = response.pull.request_id;
		}
		if (id != ASKED) {
			assert_true(id < ASKED);
			assert_int_equal(crowd->owed[client][id], 1);
			crowd->owed[client][id] = 2;
		}
		tacit_msg_unref(msg);
	}
}

/* a store that is well, or full, or broken, or away */
static void
change_the_store(struct desk *desk)
{
	static const tacit_err errs[] = {
	    TACIT_OK, TACIT_OK, TACIT_ENOSPACE, TACIT_EIO, TACIT_EUNREACHABLE, TACIT_EUNCONFIRMED};
	struct fake_store *store = desk->store;

	store->open_err = errs[below(desk, 5)];
	store->append_err = errs[below(desk, 6)];
	store->read_err = errs[below(desk, 5)];
	store->position_err = errs[below(desk, 5)];
	store->late = below(desk, 2) == 0;
}

static void
check_all_answered(const struct crowd *crowd)
{
	for (unsigned client = 0; client < CLIENTS; client++) {
		assert_int_equal(crowd->inits[client], 0);
		assert_int_equal(crowd->indexes[client], 0);
		for (uint64_t id = 0; id < ASKED; id++)
			assert_int_not_equal(crowd->owed[client][id], 1);
	}
}

static void
each_request_has_one_answer(void **state)
{
	static struct crowd crowd;
	struct desk *desk = *state;

	memset(&crowd, 0, sizeof(crowd));
	crowd.desk = desk;
	for (uint64_t id = 0; id < ASKED; id++) {
		if (below(desk, 10) == 0)
			change_the_store(desk);
		ask_something(&crowd, id);
		if (below(desk, 3) == 0)
			(void)fake_store_answer(desk->store);
		if (below(desk, 20) == 0)
			desk_tick(desk, below(desk, 2000));
		read_answers(&crowd);
	}
	desk->store->late = false;
	desk->store->open_err = desk->store->append_err = desk->store->read_err = TACIT_OK;
	while (fake_store_answer(desk->store))
		continue;
	desk_tick(desk, TACIT_PULL_HOLD_MS);
	read_answers(&crowd);
	check_all_answered(&crowd);
	assert_true(crowd.confirmed > 100 && crowd.refused > 100);
	assert_int_equal(tacit_service_counters(desk->service)->pushes, crowd.confirmed);
	/* and none twice */
	for (int i = 0; i < 10; i++)
		desk_tick(desk, TACIT_PULL_HOLD_MS);
	assert_int_equal(desk->mail.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(create_waits_until_the_store_can),
	    TEST(made_up_names_wait_too),
	    TEST(others_do_not_wait),
	    TEST(a_service_that_stops_gives_up),
	    TEST(each_request_has_one_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
