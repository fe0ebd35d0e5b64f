#include "unit/stream/writer.h"

static void
opens_then_pushes(void **state)
{
	struct writer *writer = *state;
	uint64_t id;

	/* what is pushed too early waits */
	assert_int_equal(push(writer, "a"), TACIT_OK);
	assert_int_equal(writer->mail.count, 0);
	tacit_producer_start(writer->producer, writer->now);
	assert_int_equal(push(writer, "b"), TACIT_OK);
	assert_int_equal(writer->mail.count, 1);
	let_open(writer);
	assert_int_equal(writer->opened, 1);
	assert_int_equal(writer->first, 3);
	assert_int_equal(writer->end, 9);
	id = take_push(writer, "a");
	assert_int_equal(take_push(writer, "b"), id + 1);
	/* and then does not */
	assert_int_equal(push(writer, "c"), TACIT_OK);
	assert_int_equal(take_push(writer, "c"), id + 2);
	assert_int_equal(tacit_producer_pending(writer->producer), 3);
	assert_int_equal(tacit_producer_pushed(writer->producer), 3);
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	assert_int_equal(writer->confirmed, 1);
	hand(writer, hub_confirm(id + 2, TACIT_PUSH_OK));
	assert_int_equal(writer->confirmed, 1);
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_OK));
	assert_int_equal(writer->confirmed, 3);
	assert_int_equal(tacit_producer_pending(writer->producer), 0);
	assert_int_equal(writer->mail.count, 0);
}

static void
bad_names_are_refused(void **state)
{
	struct writer *writer = *state;
	struct tacit_route service = mail_route("hub", "stream");
	struct tacit_producer_config config = {
	    .service = &service, .name = "a/b", .reply = tacit_address_worker("me")};
	struct tacit_producer *producer = NULL;

	config.port = mail_port(&writer->mail);
	assert_int_equal(tacit_producer_new(&config, &producer), TACIT_EINVAL);
	assert_null(producer);
	config.name = "a.b";
	assert_int_equal(tacit_producer_new(&config, &producer), TACIT_OK);
	tacit_producer_free(producer);
	tacit_producer_free(NULL);
}

static void
refusals_are_told(void **state)
{
	static const struct {
		enum tacit_open_status status;
		tacit_err err;
	} answers[] = {
	    {TACIT_OPEN_NOT_FOUND, TACIT_ENOTFOUND},
	    {TACIT_OPEN_REFUSED, TACIT_EDENIED},
	    {TACIT_OPEN_BAD_NAME, TACIT_EINVAL},
	};
	struct writer *writer = *state;

	for (unsigned i = 0; i < 3; i++) {
		tacit_producer_reset(writer->producer, writer->now);
		hand(
		    writer, hub_open_answer(hub_take_open(&writer->mail), answers[i].status, 0, 0));
		assert_int_equal(writer->failed, i + 1);
		assert_int_equal(writer->err, answers[i].err);
		assert_string_equal(writer->text, "no ?[31mway");
		tick(writer, 60000);
		assert_int_equal(writer->mail.count, 0);
		assert_int_equal(writer->suspected, 0);
	}
	/* a new connection is a new chance */
	tacit_producer_reset(writer->producer, writer->now);
	let_open(writer);
	assert_int_equal(writer->opened, 1);
}

/* waits until the engine asks again, and tells how long that took */
static tacit_msec
wait_for_open(struct writer *writer)
{
	tacit_msec start = writer->now;

	assert_int_equal(writer->mail.count, 0);
	assert_true(writer->mail.wake != TACIT_NEVER);
	writer->now = writer->mail.wake;
	tick(writer, 0);
	assert_int_equal(writer->mail.count, 1);
	return writer->now - start;
}

static void
not_now_is_asked_again(void **state)
{
	struct writer *writer = *state;
	tacit_msec most = TACIT_RECONNECT_MS;

	tacit_producer_start(writer->producer, writer->now);
	for (int i = 0; i < 10; i++) {
		tacit_msec waited;

		hand(writer, hub_open_answer(hub_take_open(&writer->mail),
				 i % 2 == 0 ? TACIT_OPEN_UNAVAILABLE : TACIT_OPEN_LIMIT, 0, 0));
		waited = wait_for_open(writer);
		assert_in_range(waited, most / 2, most);
		most = most * 2 < TACIT_RECONNECT_MAX_MS ? most * 2 : TACIT_RECONNECT_MAX_MS;
	}
	assert_int_equal(writer->failed, 0);
	let_open(writer);
	assert_int_equal(writer->opened, 1);
}

static void
failed_push_is_pushed_again_with_those_after_it(void **state)
{
	struct writer *writer = *state;
	uint64_t id;

	assert_int_equal(push(writer, "a"), TACIT_OK);
	assert_int_equal(push(writer, "b"), TACIT_OK);
	assert_int_equal(push(writer, "c"), TACIT_OK);
	assert_int_equal(push(writer, "d"), TACIT_OK);
	id = take_push(writer, "a");
	mail_drop(&writer->mail);
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_ERROR));
	/* what stands before it is confirmed meanwhile; what stands after it has come too early */
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	hand(writer, hub_confirm(id + 2, TACIT_PUSH_OK));
	hand(writer, hub_confirm(id + 3, TACIT_PUSH_ERROR));
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_OK));
	assert_int_equal(writer->confirmed, 1);
	assert_int_equal(push(writer, "e"), TACIT_OK);
	assert_in_range(wait_for_open(writer), TACIT_RECONNECT_MS / 2, TACIT_RECONNECT_MS);
	let_open(writer);
	id = take_push(writer, "b");
	assert_int_equal(take_push(writer, "c"), id + 1);
	assert_int_equal(take_push(writer, "d"), id + 2);
	assert_int_equal(take_push(writer, "e"), id + 3);
	for (uint64_t i = 0; i < 4; i++)
		hand(writer, hub_confirm(id + i, TACIT_PUSH_OK));
	assert_int_equal(writer->confirmed, 5);
	assert_int_equal(tacit_producer_pending(writer->producer), 0);
	assert_int_equal(writer->suspected, 0);
}

static void
failures_back_off(void **state)
{
	struct writer *writer = *state;
	tacit_msec most = TACIT_RECONNECT_MS;

	assert_int_equal(push(writer, "a"), TACIT_OK);
	for (int i = 0; i < 8; i++) {
		hand(writer, hub_confirm(take_push(writer, "a"), TACIT_PUSH_ERROR));
		assert_in_range(wait_for_open(writer), most / 2, most);
		let_open(writer);
		most = most * 2 < TACIT_RECONNECT_MAX_MS ? most * 2 : TACIT_RECONNECT_MAX_MS;
	}
	/* until one succeeds */
	hand(writer, hub_confirm(take_push(writer, "a"), TACIT_PUSH_OK));
	assert_int_equal(push(writer, "b"), TACIT_OK);
	hand(writer, hub_confirm(take_push(writer, "b"), TACIT_PUSH_ERROR));
	assert_in_range(wait_for_open(writer), TACIT_RECONNECT_MS / 2, TACIT_RECONNECT_MS);
}

static void
reset_pushes_again(void **state)
{
	struct writer *writer = *state;
	uint64_t id, again;

	assert_int_equal(push(writer, "a"), TACIT_OK);
	assert_int_equal(push(writer, "b"), TACIT_OK);
	assert_int_equal(push(writer, "c"), TACIT_OK);
	id = take_push(writer, "a");
	mail_drop(&writer->mail);
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	/* the second is not confirmed, so the third comes after it again */
	hand(writer, hub_confirm(id + 2, TACIT_PUSH_OK));
	tacit_producer_pause(writer->producer);
	assert_int_equal(push(writer, "d"), TACIT_OK);
	tick(writer, 60000);
	assert_int_equal(writer->suspected, 0);
	assert_int_equal(writer->mail.count, 0);
	tacit_producer_reset(writer->producer, writer->now);
	/* twice: the answer to the first question is not one any more */
	tacit_producer_reset(writer->producer, writer->now);
	hand(writer, hub_open_answer(hub_take_open(&writer->mail), TACIT_OPEN_OK, 0, 0));
	assert_int_equal(writer->opened, 1);
	let_open(writer);
	again = take_push(writer, "b");
	assert_true(again > id + 2);
	assert_int_equal(take_push(writer, "c"), again + 1);
	assert_int_equal(take_push(writer, "d"), again + 2);
	/* late confirms of the old pushes mean nothing */
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_OK));
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_ERROR));
	assert_int_equal(tacit_producer_pending(writer->producer), 3);
	assert_int_equal(writer->mail.count, 0);
}

/* a message that still waits in a socket is not written over when its entry is pushed again */
static void
pushing_again_leaves_the_first_alone(void **state)
{
	struct writer *writer = *state;
	struct tacit_msg *first, *second;
	uint8_t before[256];
	size_t len;

	assert_int_equal(push(writer, "payload"), TACIT_OK);
	first = mail_take(&writer->mail);
	len = first->len;
	assert_true(len < sizeof(before));
	memcpy(before, tacit_msg_payload(first), len);
	tacit_producer_reset(writer->producer, writer->now);
	let_open(writer);
	second = mail_take(&writer->mail);
	assert_int_equal(first->len, len);
	assert_memory_equal(tacit_msg_payload(first), before, len);
	assert_memory_not_equal(tacit_msg_payload(second), before, len);
	/* frames are put in front of both */
	assert_int_equal(tacit_msg_prepend(second, 20), TACIT_OK);
	memset(tacit_msg_payload(second), 0xee, 20);
	assert_int_equal(tacit_msg_prepend(first, 20), TACIT_OK);
	memset(tacit_msg_payload(first), 0xdd, 20);
	assert_memory_equal(tacit_msg_payload(first) + 20, before, len);
	assert_int_equal(tacit_msg_payload(second)[0], 0xee);
	tacit_msg_unref(first);
	tacit_msg_unref(second);
}

static void
first_push_is_not_copied(void **state)
{
	struct writer *writer = *state;
	struct tacit_msg *msg = tacit_msg_copy_of("payload", 7), *sent;
	struct tacit_block *block = msg->block;

	msg->onward = mail_route("echoer", NULL);
	msg->ret = mail_route("app", NULL);
	assert_int_equal(tacit_producer_push(writer->producer, msg, writer->now), TACIT_OK);
	sent = mail_take(&writer->mail);
	assert_ptr_equal(sent->block, block);
	tacit_msg_unref(sent);
}

static void
silence_is_suspected(void **state)
{
	struct writer *writer = *state;

	/* no answer to open */
	tacit_producer_start(writer->producer, writer->now);
	mail_drop(&writer->mail);
	tick(writer, TACIT_REQUEST_DEAD_MS - 1);
	assert_int_equal(writer->suspected, 0);
	tick(writer, 1);
	assert_int_equal(writer->suspected, 1);
	/* it asks again by itself if nobody resets it */
	assert_int_equal(wait_for_open(writer), TACIT_REQUEST_DEAD_MS);
	let_open(writer);
	/* with nothing to confirm there is nothing to miss */
	tick(writer, 10 * TACIT_PULL_DEAD_MS);
	assert_int_equal(writer->suspected, 1);
	/* no confirm */
	assert_int_equal(push(writer, "a"), TACIT_OK);
	assert_int_equal(push(writer, "b"), TACIT_OK);
	tick(writer, TACIT_PULL_DEAD_MS - 1);
	hand(writer, hub_confirm(take_push(writer, "a"), TACIT_PUSH_OK));
	tick(writer, TACIT_PULL_DEAD_MS - 1);
	assert_int_equal(writer->suspected, 1);
	tick(writer, 1);
	assert_int_equal(writer->suspected, 2);
	mail_drop(&writer->mail);
	tacit_producer_reset(writer->producer, writer->now);
	let_open(writer);
	(void)take_push(writer, "b");
}

static void
unconfirmed_are_bounded(void **state)
{
	struct writer *writer = *state;
	uint64_t id;

	for (unsigned i = 0; i < TACIT_PUSHES_MAX; i++)
		assert_int_equal(push(writer, "x"), TACIT_OK);
	assert_int_equal(push(writer, "y"), TACIT_ELIMIT);
	assert_int_equal(tacit_producer_pending(writer->producer), TACIT_PUSHES_MAX);
	id = take_push(writer, "x");
	for (unsigned i = 0; i < TACIT_PUSHES_MAX / 2; i++) {
		assert_int_equal(writer->room, 0);
		hand(writer, hub_confirm(id + i, TACIT_PUSH_OK));
	}
	assert_int_equal(writer->room, 1);
	assert_int_equal(push(writer, "z"), TACIT_OK);
	for (unsigned i = TACIT_PUSHES_MAX / 2; i <= TACIT_PUSHES_MAX; i++)
		hand(writer, hub_confirm(id + i, TACIT_PUSH_OK));
	assert_int_equal(writer->room, 1);
	assert_int_equal(tacit_producer_pending(writer->producer), 0);
}

static tacit_err
push_len(struct writer *writer, size_t len)
{
	return tacit_producer_push(writer->producer, tacit_msg_new(len), writer->now);
}

static void
bytes_are_bounded(void **state)
{
	/* without routes, an entry's header is version, two counts and a length of three */
	const size_t longest = TACIT_ENTRY_LEN_MAX - 6;
	struct writer *writer = *state;
	size_t count = TACIT_PUSHES_LEN_MAX / TACIT_ENTRY_LEN_MAX;

	assert_int_equal(push_len(writer, longest + 1), TACIT_ELIMIT);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(push_len(writer, longest), TACIT_OK);
	assert_int_equal(push_len(writer, longest), TACIT_ELIMIT);
	assert_int_equal(tacit_producer_pending(writer->producer), count);
}

static void
answers_to_nothing_are_ignored(void **state)
{
	struct writer *writer = *state;
	struct tacit_stream_response other = {.protocol = TACIT_PROTOCOL_OPEN};
	uint64_t id;

	tacit_producer_start(writer->producer, writer->now);
	hand(writer, hub_confirm(0, TACIT_PUSH_OK));
	hand(writer, hub_confirm(UINT64_MAX, TACIT_PUSH_ERROR));
	id = hub_take_open(&writer->mail);
	hand(writer, hub_open_answer(id + 1, TACIT_OPEN_OK, 0, 0));
	hand(writer, hub_open_answer(id, TACIT_OPEN_OK, 5, 4));
	other.open.request_id = id;
	other.open.name = mail_slice("t");
	hand(writer, hub_answer(&other));
	hand(writer, tacit_msg_copy_of("\x00\xff", 2));
	hand(writer, tacit_msg_new(0));
	assert_int_equal(writer->opened, 0);
	hand(writer, hub_open_answer(id, TACIT_OPEN_OK, 4, 4));
	assert_int_equal(writer->opened, 1);
	hand(writer, hub_open_answer(id, TACIT_OPEN_OK, 4, 4));
	assert_int_equal(writer->opened, 1);
	assert_int_equal(writer->mail.count, 0);
}

static void
memory_that_runs_out(void **state)
{
	struct writer *writer = *state;
	unsigned taken = 0;

	for (unsigned long nth = 1; nth < 8; nth++) {
		struct tacit_msg *msg = tacit_msg_copy_of("x", 1);

		tacit_alloc_fail_at(nth);
		if (tacit_producer_push(writer->producer, msg, writer->now) == TACIT_OK)
			taken++;
		tacit_alloc_fail_at(0);
	}
	assert_true(taken >= 4);
	assert_int_equal(tacit_producer_pending(writer->producer), taken);
	/* whatever could not be sent is sent when it opened again */
	mail_drop(&writer->mail);
	tacit_producer_reset(writer->producer, writer->now);
	let_open(writer);
	assert_int_equal(writer->mail.count, taken);
}

#define TEST(name)   cmocka_unit_test_setup_teardown(name, writer_new, writer_free)
#define OPENED(name) cmocka_unit_test_setup_teardown(name, writer_open, writer_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(opens_then_pushes),
	    TEST(bad_names_are_refused),
	    TEST(refusals_are_told),
	    TEST(not_now_is_asked_again),
	    OPENED(failed_push_is_pushed_again_with_those_after_it),
	    OPENED(failures_back_off),
	    OPENED(reset_pushes_again),
	    OPENED(pushing_again_leaves_the_first_alone),
	    OPENED(first_push_is_not_copied),
	    TEST(silence_is_suspected),
	    OPENED(unconfirmed_are_bounded),
	    OPENED(bytes_are_bounded),
	    TEST(answers_to_nothing_are_ignored),
	    OPENED(memory_that_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
