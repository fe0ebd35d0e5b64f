/* A producer pushes no message twice that says `once`, and tells what became of each */
#include "unit/stream/writer.h"

/* what became of the messages of a sender, told by their tokens */
struct sender {
	unsigned done[512];
	bool taken[512];
	unsigned count; /* that were done */
};

static void
on_done(void *arg, const struct tacit_msg *msg)
{
	struct sender *sender = arg;

	assert_true(msg->done_token < 512);
	sender->done[msg->done_token]++;
	sender->taken[msg->done_token] = msg->taken;
	sender->count++;
}

static struct tacit_msg *
once_msg(struct sender *sender, uint64_t token, const char *text)
{
	struct tacit_msg *msg = tacit_msg_copy_of(text, strlen(text));

	msg->onward = mail_route("echoer", NULL);
	msg->ret = mail_route("app", NULL);
	msg->once = true;
	msg->taken = true; /* as the router leaves it */
	msg->done = on_done;
	msg->done_arg = sender;
	msg->done_token = token;
	return msg;
}

static void
push_once(struct writer *writer, struct sender *sender, uint64_t token, const char *text)
{
	assert_int_equal(
	    tacit_producer_push(writer->producer, once_msg(sender, token, text), writer->now),
	    TACIT_OK);
}

static void
check_done(const struct sender *sender, uint64_t token, bool taken)
{
	assert_int_equal(sender->done[token], 1);
	assert_int_equal(sender->taken[token], taken);
}

static void
wait_for_open(struct writer *writer)
{
	assert_true(writer->mail.wake != TACIT_NEVER);
	writer->now = writer->mail.wake;
	tick(writer, 0);
	let_open(writer);
}

static void
confirmed_is_taken(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};
	uint64_t id;

	push_once(writer, &sender, 1, "a");
	push_once(writer, &sender, 2, "b");
	id = take_push(writer, "a");
	assert_int_equal(take_push(writer, "b"), id + 1);
	assert_int_equal(sender.count, 0);
	/* each by its own confirm, whatever the order */
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_OK));
	assert_int_equal(sender.count, 1);
	check_done(&sender, 2, true);
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	check_done(&sender, 1, true);
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	assert_int_equal(sender.count, 2);
	assert_int_equal(tacit_producer_pending(writer->producer), 0);
	/* counted as nobody's */
	assert_int_equal(tacit_producer_pushed(writer->producer), 0);
	assert_int_equal(writer->confirmed, 0);
}

static void
pause_connection(struct writer *writer)
{
	tacit_producer_pause(writer->producer);
	tacit_producer_reset(writer->producer, writer->now);
	let_open(writer);
}

static void
reset_connection(struct writer *writer)
{
	tacit_producer_reset(writer->producer, writer->now);
	let_open(writer);
}

static void
miss_answers(struct writer *writer)
{
	tick(writer, TACIT_PULL_DEAD_MS);
	assert_int_equal(writer->suspected, 1);
	wait_for_open(writer);
}

static void
run_out_of_memory(struct writer *writer)
{
	struct tacit_msg *msg = tacit_msg_copy_of("c", 1);

	msg->onward = mail_route("echoer", NULL);
	msg->ret = mail_route("app", NULL);
	tacit_alloc_fail_at(1); /* the message that pushes it */
	assert_int_equal(tacit_producer_push(writer->producer, msg, writer->now), TACIT_OK);
	tacit_alloc_fail_at(0);
	wait_for_open(writer);
	(void)take_push(writer, "c");
}

/* whatever ends the time that the stream is open, what was pushed is in doubt and not pushed again */
static void
in_doubt_is_given_up(void **state)
{
	void (*const ends[])(struct writer * writer) = {
	    pause_connection, reset_connection, miss_answers, run_out_of_memory};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sender sender = {.count = 0};
		struct writer *writer;
		uint64_t id;

		writer_open(state);
		writer = *state;
		push_once(writer, &sender, 1, "a");
		push_once(writer, &sender, 2, "b");
		id = take_push(writer, "a");
		mail_drop(&writer->mail);
		hand(writer, hub_confirm(id, TACIT_PUSH_OK));
		ends[i](writer);
		assert_int_equal(sender.count, 2);
		check_done(&sender, 1, true);
		check_done(&sender, 2, false);
		assert_int_equal(writer->mail.count, 0);
		/* a confirm that comes late changes nothing */
		hand(writer, hub_confirm(id + 1, TACIT_PUSH_OK));
		assert_int_equal(sender.count, 2);
		writer_free(state);
	}
}

static void
not_pushed_yet_waits(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};
	uint64_t id;

	push_once(writer, &sender, 1, "a");
	assert_int_equal(push(writer, "b"), TACIT_OK);
	push_once(writer, &sender, 2, "c");
	tacit_producer_start(writer->producer, writer->now);
	/* connections that come and go before the stream was open */
	tacit_producer_pause(writer->producer);
	mail_drop(&writer->mail);
	tacit_producer_reset(writer->producer, writer->now);
	hand(writer, hub_open_answer(hub_take_open(&writer->mail), TACIT_OPEN_UNAVAILABLE, 0, 0));
	assert_int_equal(sender.count, 0);
	wait_for_open(writer);
	id = take_push(writer, "a");
	assert_int_equal(take_push(writer, "b"), id + 1);
	assert_int_equal(take_push(writer, "c"), id + 2);
	assert_int_equal(sender.count, 0);
	for (uint64_t i = 0; i < 3; i++)
		hand(writer, hub_confirm(id + i, TACIT_PUSH_OK));
	check_done(&sender, 1, true);
	check_done(&sender, 2, true);
	assert_int_equal(writer->confirmed, 1);
}

/* an error leaves every push in doubt that is not confirmed; what comes then waits */
static void
errors_give_up_what_is_in_doubt(void **state)
{
	struct writer *writer = *state;
	struct sender one = {.count = 0}, other = {.count = 0};
	uint64_t id;

	push_once(writer, &one, 1, "a");
	push_once(writer, &one, 2, "b");
	push_once(writer, &other, 1, "c");
	id = take_push(writer, "a");
	mail_drop(&writer->mail);
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_ERROR));
	check_done(&one, 1, true);
	check_done(&one, 2, false);
	check_done(&other, 1, false);
	hand(writer, hub_confirm(id + 2, TACIT_PUSH_ERROR));
	push_once(writer, &other, 2, "d");
	assert_int_equal(writer->mail.count, 0);
	wait_for_open(writer);
	id = take_push(writer, "d");
	assert_int_equal(writer->mail.count, 0);
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	check_done(&other, 2, true);
	assert_int_equal(one.count + other.count, 4);
	assert_int_equal(tacit_producer_pending(writer->producer), 0);
}

/* an ordinary entry that failed takes the ordinary ones behind it along, and no others */
static void
confirmed_is_not_taken_along(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};
	uint64_t id;

	assert_int_equal(push(writer, "a"), TACIT_OK);
	push_once(writer, &sender, 1, "b");
	assert_int_equal(push(writer, "c"), TACIT_OK);
	push_once(writer, &sender, 2, "d");
	id = take_push(writer, "a");
	mail_drop(&writer->mail);
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_OK));
	hand(writer, hub_confirm(id + 2, TACIT_PUSH_OK));
	hand(writer, hub_confirm(id + 3, TACIT_PUSH_OK));
	check_done(&sender, 1, true);
	check_done(&sender, 2, true);
	assert_int_equal(tacit_producer_pending(writer->producer), 4);
	hand(writer, hub_confirm(id, TACIT_PUSH_ERROR));
	wait_for_open(writer);
	id = take_push(writer, "a");
	assert_int_equal(take_push(writer, "c"), id + 1);
	assert_int_equal(writer->mail.count, 0);
	assert_int_equal(sender.count, 2);
	hand(writer, hub_confirm(id, TACIT_PUSH_OK));
	hand(writer, hub_confirm(id + 1, TACIT_PUSH_OK));
	assert_int_equal(writer->confirmed, 2);
	assert_int_equal(tacit_producer_pending(writer->producer), 0);
}

static void
refused_is_given_up(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};

	push_once(writer, &sender, 1, "a");
	assert_int_equal(push(writer, "b"), TACIT_OK);
	tacit_producer_start(writer->producer, writer->now);
	hand(writer, hub_open_answer(hub_take_open(&writer->mail), TACIT_OPEN_NOT_FOUND, 0, 0));
	check_done(&sender, 1, false);
	assert_int_equal(
	    tacit_producer_push(writer->producer, once_msg(&sender, 2, "c"), writer->now),
	    TACIT_ECLOSED);
	check_done(&sender, 2, false);
	reset_connection(writer);
	(void)take_push(writer, "b");
	assert_int_equal(writer->mail.count, 0);
	push_once(writer, &sender, 3, "d");
	hand(writer, hub_confirm(take_push(writer, "d"), TACIT_PUSH_OK));
	check_done(&sender, 3, true);
}

static void
too_long_is_not_taken(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};
	/* without routes, an entry's header is version, two counts and a length of three */
	struct tacit_msg *msg = tacit_msg_new(TACIT_ENTRY_LEN_MAX - 6 + 1);

	msg->once = msg->taken = true;
	msg->done = on_done;
	msg->done_arg = &sender;
	assert_int_equal(tacit_producer_push(writer->producer, msg, writer->now), TACIT_ELIMIT);
	check_done(&sender, 0, false);
	msg = tacit_msg_new(TACIT_ENTRY_LEN_MAX - 6);
	msg->once = msg->taken = true;
	assert_int_equal(tacit_producer_push(writer->producer, msg, writer->now), TACIT_OK);
}

/* the bounds are those of ordinary entries: a sender's window bounds what it has under way */
static void
bounds_are_for_others(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};

	for (unsigned i = 0; i < 512; i++)
		push_once(writer, &sender, i, "o");
	for (unsigned i = 0; i < TACIT_PUSHES_MAX; i++) {
		assert_true(tacit_producer_has_room(writer->producer));
		assert_int_equal(push(writer, "x"), TACIT_OK);
	}
	assert_int_equal(push(writer, "y"), TACIT_ELIMIT);
	assert_false(tacit_producer_has_room(writer->producer));
	push_once(writer, &sender, 0, "o");
	assert_int_equal(sender.count, 0);
	assert_int_equal(tacit_producer_pending(writer->producer), 512 + TACIT_PUSHES_MAX + 1);
	tacit_producer_pause(writer->producer);
	assert_int_equal(sender.count, 513);
	assert_false(tacit_producer_has_room(writer->producer));
}

static void
free_gives_up(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};

	push_once(writer, &sender, 1, "a");
	tacit_producer_pause(writer->producer);
	push_once(writer, &sender, 2, "b");
	tacit_producer_free(writer->producer);
	writer->producer = NULL;
	assert_int_equal(sender.count, 2);
	check_done(&sender, 1, false);
	check_done(&sender, 2, false);
}

static void
memory_that_runs_out(void **state)
{
	struct writer *writer = *state;
	struct sender sender = {.count = 0};
	unsigned refused = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct tacit_msg *msg = once_msg(&sender, i, "x");
		tacit_err err;

		tacit_alloc_fail_at(i % 3 + 1);
		err = tacit_producer_push(writer->producer, msg, writer->now);
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
		refused += err != TACIT_OK;
		if (err != TACIT_OK)
			check_done(&sender, i, false);
		mail_drop(&writer->mail);
		if (i % 10 == 9)
			reset_connection(writer);
	}
	tacit_producer_pause(writer->producer);
	assert_true(refused > 0 && refused < 50);
	mail_drop(&writer->mail);
	reset_connection(writer);
	mail_drop(&writer->mail);
	tacit_producer_pause(writer->producer);
	for (unsigned i = 0; i < 100; i++)
		check_done(&sender, i, false);
}

/* seeded worlds ------------------------------------------------------------------------------ */

#define STEPS   400
#define SENDERS 3

/* a hub that appends, confirms late and out of order, fails, and loses its connection */
struct world {
	struct writer *writer;
	struct seeded seeded;
	struct sender senders[SENDERS];
	unsigned sent[SENDERS], ordinary;
	/* of each push: was it appended */
	unsigned appended[SENDERS][512];
	unsigned confirmed[SENDERS][512];
	unsigned expected; /* of the ordinary entries, the next one that a reader takes */
	struct answer {
		uint64_t id;
		unsigned sender, number;
		bool ok;
	} answers[4096];
	size_t answer_count;
};

/* entries are `s<sender> <number>` */
static void
parse(const struct tacit_msg *msg, struct tacit_stream_request request, unsigned *ret_sender,
    unsigned *ret_number)
{
	struct tacit_msg *entry;
	char text[32] = "";

	assert_int_equal(
	    tacit_msg_decode(msg->block, (size_t)(request.push.data.bytes - msg->block->bytes),
		request.push.data.len, &entry),
	    TACIT_OK);
	memcpy(text, tacit_msg_payload(entry), entry->len);
	assert_int_equal(sscanf(text, "s%u %u", ret_sender, ret_number), 2);
	tacit_msg_unref(entry);
}

static void
hub_append(struct world *world, const struct tacit_msg *msg, struct tacit_stream_request request)
{
	struct answer *answer = &world->answers[world->answer_count++];

	assert_true(world->answer_count < 4096);
	parse(msg, request, &answer->sender, &answer->number);
	answer->id = request.push.request_id;
	answer->ok = seeded_below(&world->seeded, 50) > 0;
	/* a push that fails may have been appended, too */
	if (!answer->ok && seeded_below(&world->seeded, 2) == 0)
		return;
	if (answer->sender < SENDERS)
		assert_int_equal(++world->appended[answer->sender][answer->number], 1);
	else if (answer->number == world->expected)
		world->expected++;
}

/* the hub takes the next of what was sent, or it is lost with the connection */
static void
hub_step(struct world *world, bool lost)
{
	struct tacit_msg *msg = mail_take(&world->writer->mail);
	struct tacit_stream_request request;

	assert_int_equal(tacit_stream_request_decode(msg, &request), TACIT_OK);
	if (!lost && request.protocol == TACIT_PROTOCOL_OPEN)
		hand(
		    world->writer, hub_open_answer(request.open.request_id,
				       seeded_below(&world->seeded, 4) > 0 ? TACIT_OPEN_OK
									   : TACIT_OPEN_UNAVAILABLE,
				       0, 0));
	else if (!lost)
		hub_append(world, msg, request);
	tacit_msg_unref(msg);
}

static void
hub_answer_one(struct world *world)
{
	size_t i = seeded_below(&world->seeded, world->answer_count);
	struct answer answer = world->answers[i];
	struct sender *sender = &world->senders[answer.sender % SENDERS];
	bool waited = answer.sender < SENDERS && sender->done[answer.number] == 0;

	memmove(&world->answers[i], &world->answers[i + 1],
	    (--world->answer_count - i) * sizeof(answer));
	hand(world->writer, hub_confirm(answer.id, answer.ok ? TACIT_PUSH_OK : TACIT_PUSH_ERROR));
	if (waited)
		check_done(sender, answer.number, answer.ok);
	if (waited && answer.ok)
		world->confirmed[answer.sender][answer.number]++;
}

static void
cut(struct world *world)
{
	struct writer *writer = world->writer;

	/* what was sent last is lost, and every answer that is under way */
	while (writer->mail.count > 0)
		hub_step(world, seeded_below(&world->seeded, 2) == 0);
	world->answer_count = 0;
	if (seeded_below(&world->seeded, 2) == 0)
		tacit_producer_pause(writer->producer);
	mail_drop(&writer->mail);
	if (seeded_below(&world->seeded, 4) > 0)
		tacit_producer_reset(writer->producer, writer->now);
}

static void
send_one(struct world *world)
{
	unsigned sender = (unsigned)seeded_below(&world->seeded, SENDERS + 1);
	char text[32];

	if (sender == SENDERS) {
		snprintf(text, sizeof(text), "s%u %u", sender, world->ordinary++);
		assert_int_equal(push(world->writer, text), TACIT_OK);
		return;
	}
	snprintf(text, sizeof(text), "s%u %u", sender, world->sent[sender]);
	push_once(world->writer, &world->senders[sender], world->sent[sender]++, text);
}

static void
step(struct world *world)
{
	switch (seeded_below(&world->seeded, 8)) {
	case 0:
	case 1:
	case 2:
		send_one(world);
		break;
	case 3:
	case 4:
		if (world->writer->mail.count > 0)
			hub_step(world, false);
		break;
	case 5:
	case 6:
		if (world->answer_count > 0)
			hub_answer_one(world);
		break;
	default:
		if (seeded_below(&world->seeded, 12) == 0)
			cut(world);
		else
			tick(world->writer, seeded_below(&world->seeded, 2000));
	}
}

/* the hub behaves, until nothing is left */
static void
finish(struct world *world)
{
	struct writer *writer = world->writer;

	tacit_producer_reset(writer->producer, writer->now);
	for (unsigned i = 0; tacit_producer_pending(writer->producer) > 0; i++) {
		assert_true(i < 100000);
		while (writer->mail.count > 0)
			hub_step(world, false);
		while (world->answer_count > 0)
			hub_answer_one(world);
		tick(writer, 500);
	}
}

static void
check_world(const struct world *world)
{
	for (unsigned s = 0; s < SENDERS; s++) {
		for (unsigned i = 0; i < world->sent[s]; i++) {
			const struct sender *sender = &world->senders[s];

			assert_int_equal(sender->done[i], 1);
			assert_int_equal(sender->taken[i], world->confirmed[s][i]);
			assert_true(world->appended[s][i] <= 1);
			assert_true(!sender->taken[i] || world->appended[s][i] == 1);
		}
	}
	assert_int_equal(world->expected, world->ordinary);
	assert_int_equal(world->writer->confirmed, world->ordinary);
}

static void
never_twice_in_any_world(void **state)
{
	unsigned taken = 0, lost = 0;

	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct world *world = tacit_alloc(sizeof(*world));

		writer_new(state);
		world->writer = *state;
		world->seeded.state = seed;
		tacit_producer_start(world->writer->producer, world->writer->now);
		for (unsigned i = 0; i < STEPS; i++)
			step(world);
		finish(world);
		check_world(world);
		for (unsigned s = 0; s < SENDERS; s++) {
			for (unsigned i = 0; i < world->sent[s]; i++)
				*(world->senders[s].taken[i] ? &taken : &lost) += 1;
		}
		writer_free(state);
		tacit_free(world);
	}
	printf("%u taken, %u given up\n", taken, lost);
	assert_true(taken > 1000 && lost > 1000);
}

#define TEST(name)   cmocka_unit_test_setup_teardown(name, writer_new, writer_free)
#define OPENED(name) cmocka_unit_test_setup_teardown(name, writer_open, writer_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OPENED(confirmed_is_taken),
	    cmocka_unit_test(in_doubt_is_given_up),
	    TEST(not_pushed_yet_waits),
	    OPENED(errors_give_up_what_is_in_doubt),
	    OPENED(confirmed_is_not_taken_along),
	    TEST(refused_is_given_up),
	    OPENED(too_long_is_not_taken),
	    OPENED(bounds_are_for_others),
	    OPENED(free_gives_up),
	    OPENED(memory_that_runs_out),
	    cmocka_unit_test(never_twice_in_any_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
