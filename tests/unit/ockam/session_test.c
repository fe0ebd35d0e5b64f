/*
 * A channel of 2021 from the first message on: who says what to whom, by which routes (PROTOCOL.md
 * 9.1), delivery both ways, and what the initiator's and responder's users are told.
 */
#include "support/ockam_pair.h"

#include "ockam/contact.h"
#include "ockam/session_internal.h"

static struct tacit_ockam_session *
session_of(const struct ockam_pair *pair, int end)
{
	return ockam_side(pair, end)->engine.self;
}

/* an entry of an end: its routes, and the length of its payload */
static void
check_entry(const struct ockam_pair *pair, int end, size_t i, const char *onward, const char *ret,
    size_t len)
{
	const struct tacit_msg *msg = pair->ends[end].log[i];
	char text[80];

	assert_non_null(msg);
	tacit_route_format(&msg->onward, text, sizeof(text));
	assert_string_equal(text, onward);
	tacit_route_format(&msg->ret, text, sizeof(text));
	assert_string_equal(text, ret);
	assert_int_equal(msg->len, len);
}

static void
test_routes(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(1);
	const char *a, *b;

	(void)state;
	ockam_establish(pair);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 100);
	assert_int_equal(ockam_say(pair, 1, 8), TACIT_OK);
	ockam_run(pair, 100);
	a = session_of(pair, 0)->name;
	b = session_of(pair, 1)->name;
	assert_int_equal(strlen(a), 32);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, session_of(pair, 0)->run->entity);
	assert_int_equal(pair->ends[0].entries, 4);
	assert_int_equal(pair->ends[1].entries, 3);
	check_entry(pair, 0, 0, "listener", a, 68);
	check_entry(pair, 1, 0, a, b, 1 + 96);
	check_entry(pair, 0, 1, b, a, 1 + 64);
	check_entry(pair, 1, 1, a, b, 2 + 475);
	check_entry(pair, 0, 2, b, a, 2 + 475);
	/* version, 2 + 2 hops, the message's length, and it */
	check_entry(pair, 0, 3, b, a, 1 + 2 + 1 + 2 * (1 + 34) + 5 + 4 + 1 + 8 + 16);
	ockam_pair_free(pair);
}

static void
test_hello(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(2);
	const uint8_t *bytes;

	(void)state;
	ockam_start(pair);
	bytes = tacit_msg_payload(pair->ends[0].log[0]);
	assert_int_equal(bytes[0], TACIT_OCKAM_HELLO);
	assert_memory_equal(bytes + 33, "\x01\x00\x20", 3);
	assert_memory_equal(bytes + 36, session_of(pair, 0)->run->entity, 32);
	ockam_pair_free(pair);
}

/* what came tells its way back behind the channel, and who sent it */
static void
test_delivery(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(3);

	(void)state;
	ockam_establish(pair);
	pair->ends[1].echo = true;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ockam_say(pair, 0, i % 100 == 99 ? 60000 : 8), TACIT_OK);
		if (i % 10 == 0)
			ockam_run(pair, 3);
	}
	ockam_run(pair, 1000);
	for (int end = 0; end < 2; end++) {
		assert_int_equal(pair->ends[end].received, 1000);
		assert_int_equal(ockam_unacknowledged(pair, end), 0);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_SEALED], 1000);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_OPENED], 1000);
		assert_int_equal(pair->ends[end].sequences[TACIT_CHANNEL_OPENED], 1000);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_GAP], 0);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_FAILED], 0);
		assert_string_equal(pair->ends[end].from, "me");
	}
	ockam_pair_free(pair);
}

/* the record told as it leaves is what stands in the entry, behind its length */
static void
test_sealed_bytes(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(4);
	const struct tacit_msg *entry;

	(void)state;
	ockam_establish(pair);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 100);
	entry = pair->ends[0].log[3];
	assert_int_equal(tacit_msg_payload(entry)[0], entry->len - 1);
	assert_memory_equal(tacit_msg_payload(entry) + 1, pair->ends[0].sealed, entry->len - 1);
	assert_memory_equal(pair->ends[0].sealed, "\x00\x01", 2);
	ockam_pair_free(pair);
}

static void
test_peers(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(5);

	(void)state;
	ockam_start(pair);
	assert_null(ockam_side(pair, 0)->engine.ops->peer(ockam_side(pair, 0)->engine.self));
	ockam_run(pair, 1000);
	for (int end = 0; end < 2; end++) {
		const struct tacit_engine *engine = &ockam_side(pair, end)->engine;

		assert_memory_equal(
		    engine->ops->peer(engine->self)->b, pair->ends[!end].identity.identifier.b, 32);
	}
	ockam_pair_free(pair);
}

static void
trust_only(struct ockam_pair *pair, int end, const struct tacit_identifier *identifier)
{
	tacit_policy_fini(&pair->ends[end].policy);
	assert_int_equal(tacit_policy_exactly(identifier, 1, &pair->ends[end].policy), TACIT_OK);
}

static void
test_pinned(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(6);

	(void)state;
	trust_only(pair, 0, &pair->ends[1].identity.identifier);
	trust_only(pair, 1, &pair->ends[0].identity.identifier);
	ockam_establish(pair);
	ockam_pair_free(pair);
}

/* the initiator refuses: the responder hears nothing more, and waits in vain */
static void
test_untrusted_responder(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(7);

	(void)state;
	trust_only(pair, 0, &pair->ends[0].identity.identifier);
	ockam_start(pair);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[0].err, TACIT_EUNTRUSTED);
	assert_non_null(strstr(pair->ends[0].text, "is trusted"));
	assert_int_equal(pair->ends[0].entries, 2);
	assert_int_equal(ockam_state(pair, 0), TACIT_SESSION_OVER);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	ockam_run(pair, 30000);
	assert_int_equal(pair->ends[1].err, TACIT_ETIMEDOUT);
	assert_non_null(strstr(pair->ends[1].text, "refused ours"));
	ockam_pair_free(pair);
}

/* the responder refuses: the initiator, established long ago, is not told */
static void
test_untrusted_initiator(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(8);

	(void)state;
	trust_only(pair, 1, &pair->ends[1].identity.identifier);
	ockam_start(pair);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 0);
	assert_int_equal(pair->ends[1].err, TACIT_EUNTRUSTED);
	assert_int_equal(pair->ends[1].entries, 2);
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 60000);
	assert_int_equal(pair->ends[1].received, 0);
	assert_int_equal(pair->ends[1].entries, 2);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	ockam_pair_free(pair);
}

static bool
drop_all(struct ockam_pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	(void)from;
	(void)msg;
	return false;
}

static bool
drop_third(struct ockam_pair *pair, int from, struct tacit_msg *msg)
{
	(void)msg;
	return from != 0 || pair->ends[0].entries != 2;
}

static void
test_no_answer(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(9);

	(void)state;
	pair->meddle = drop_all;
	ockam_start(pair);
	ockam_run(pair, TACIT_HANDSHAKE_LIFE_MS);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	ockam_run(pair, 2);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[0].err, TACIT_ETIMEDOUT);
	assert_non_null(strstr(pair->ends[0].text, "check the names"));
	/* nothing was said again */
	assert_int_equal(pair->ends[0].entries, 1);
	ockam_pair_free(pair);
}

static void
test_half_way(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(10);

	(void)state;
	pair->meddle = drop_third;
	ockam_start(pair);
	ockam_run(pair, TACIT_HANDSHAKE_LIFE_MS + 100);
	assert_int_equal(pair->ends[0].err, TACIT_ETIMEDOUT);
	assert_non_null(strstr(pair->ends[0].text, "did not show its identity"));
	assert_int_equal(pair->ends[1].err, TACIT_ETIMEDOUT);
	assert_non_null(strstr(pair->ends[1].text, "did not finish it"));
	assert_int_equal(pair->ends[0].entries + pair->ends[1].entries, 3);
	ockam_pair_free(pair);
}

/* what a listener does not answer */
static void
refuse_hello(const struct tacit_msg *hello, const uint8_t *bytes, size_t len, tacit_err due)
{
	struct ockam_pair *pair = ockam_pair_new(11);
	struct ockam_side *side = ockam_side_new(pair, 1);
	struct tacit_session_config config = ockam_config(side);
	struct tacit_msg *msg = tacit_msg_copy_of(bytes, len);

	assert_non_null(msg);
	tacit_route_copy(&msg->ret, &hello->ret);
	assert_int_equal(
	    tacit_ockam_session_new_responder(&config, &pair->ends[1].identity, msg, &side->engine),
	    due);
	tacit_msg_unref(msg);
	ockam_pair_free(pair);
}

static void
test_hello_refused(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(12);
	struct tacit_msg *hello;
	uint8_t bytes[80] = {0};

	(void)state;
	ockam_start(pair);
	hello = pair->ends[0].log[0];
	memcpy(bytes, tacit_msg_payload(hello), hello->len);
	refuse_hello(hello, bytes, 68, TACIT_OK);
	refuse_hello(hello, bytes, 80, TACIT_OK); /* as in 2021, what follows is ignored */
	for (size_t len = 0; len < 68; len++)
		refuse_hello(hello, bytes, len, TACIT_EFORMAT);
	bytes[33] = 0; /* no address */
	refuse_hello(hello, bytes, 68, TACIT_EFORMAT);
	bytes[33] = 1;
	bytes[34] = TACIT_ADDRESS_TCP;
	refuse_hello(hello, bytes, 68, TACIT_EFORMAT);
	bytes[34] = TACIT_ADDRESS_WORKER;
	bytes[35] = 0;
	refuse_hello(hello, bytes, 68, TACIT_EFORMAT);
	bytes[35] = 32;
	tacit_route_init(&hello->ret); /* no way back */
	refuse_hello(hello, bytes, 68, TACIT_EFORMAT);
	assert_int_equal(tacit_route_append(&hello->ret, tacit_address_worker("back")), TACIT_OK);
	memset(bytes + 1, 0, 32); /* a key of small order */
	refuse_hello(hello, bytes, 68, TACIT_EAUTH);
	ockam_pair_free(pair);
}

/* a message that comes again gets no second answer */
static void
test_hello_again(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(13);
	const struct tacit_engine *engine;

	(void)state;
	ockam_start(pair);
	ockam_run(pair, 2);
	assert_int_equal(pair->ends[1].entries, 1);
	engine = &ockam_side(pair, 1)->engine;
	engine->ops->hello_again(engine->self);
	assert_int_equal(pair->ends[1].entries, 1);
	ockam_pair_free(pair);
}

static tacit_err
check_route(struct ockam_pair *pair, uint8_t type, unsigned hops, size_t len)
{
	const struct tacit_engine *engine = &ockam_side(pair, 0)->engine;
	struct tacit_msg *msg = tacit_msg_new(len);
	tacit_err err;

	assert_non_null(msg);
	memset(tacit_msg_payload(msg), 0, len);
	memcpy(tacit_msg_payload(msg), &pair->ends[0].sent, sizeof(pair->ends[0].sent));
	for (unsigned i = 0; i < hops; i++) {
		struct tacit_address hop = tacit_address_worker("w");

		if (i == hops - 1)
			hop.type = type;
		assert_int_equal(tacit_route_append(&msg->onward, hop), TACIT_OK);
	}
	err = engine->ops->check(engine->self, msg);
	assert_int_equal(engine->ops->send(engine->self, msg), err);
	if (err == TACIT_OK)
		pair->ends[0].sent++;
	return err;
}

/* what would make a node of 2021 dial, or end it, is not sent; nor what is too long */
static void
test_refused_sends(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(14);
	uint64_t entries;

	(void)state;
	ockam_start(pair);
	assert_int_equal(check_route(pair, TACIT_ADDRESS_WORKER, 1, 10), TACIT_ECLOSED);
	ockam_run(pair, 100);
	entries = pair->ends[0].entries;
	assert_int_equal(check_route(pair, 0, 0, 10), TACIT_EINVAL);
	assert_int_equal(check_route(pair, TACIT_ADDRESS_TCP, 1, 10), TACIT_EINVAL);
	assert_int_equal(check_route(pair, 2, 3, 10), TACIT_EINVAL);
	assert_int_equal(check_route(pair, TACIT_ADDRESS_WORKER, 1, 70000), TACIT_ELIMIT);
	assert_int_equal(check_route(pair, TACIT_ADDRESS_WORKER, 12, 10), TACIT_ELIMIT);
	ockam_run(pair, 100);
	assert_int_equal(pair->ends[0].entries, entries);
	assert_int_equal(check_route(pair, TACIT_ADDRESS_WORKER, 11, 10), TACIT_OK);
	/* version, routes of 2 and 1 hops, length */
	assert_int_equal(check_route(pair, TACIT_ADDRESS_WORKER, 1,
			     TACIT_MESSAGE_LEN_MAX - (1 + 1 + 34 + 3 + 1 + 34 + 3)),
	    TACIT_OK);
	assert_int_equal(check_route(pair, TACIT_ADDRESS_WORKER, 1,
			     TACIT_MESSAGE_LEN_MAX - (1 + 1 + 34 + 3 + 1 + 34 + 3) + 1),
	    TACIT_ELIMIT);
	ockam_run(pair, 100);
	assert_int_equal(pair->ends[0].entries, entries + 2);
	ockam_pair_free(pair);
}

/* the way back is that of message 3, and then no other; the initiator's that of message 2 */
static bool
change_way_back(struct ockam_pair *pair, int from, struct tacit_msg *msg)
{
	char name[16];

	snprintf(name, sizeof(name), "hop%llu", (unsigned long long)pair->ends[from].entries);
	assert_int_equal(tacit_route_prepend(&msg->ret, tacit_address_worker(name)), TACIT_OK);
	/* the streams take their hop off again */
	if (msg->onward.count == 2)
		tacit_route_pop(&msg->onward);
	return true;
}

static void
test_ways_back(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(15);
	char text[80];

	(void)state;
	pair->meddle = change_way_back;
	ockam_establish(pair);
	for (int i = 0; i < 3; i++) {
		for (int end = 0; end < 2; end++)
			assert_int_equal(ockam_say(pair, end, 8), TACIT_OK);
		ockam_run(pair, 10);
	}
	assert_int_equal(pair->ends[0].received, 3);
	assert_int_equal(pair->ends[1].received, 3);
	tacit_route_format(&session_of(pair, 0)->run->route, text, sizeof(text));
	assert_int_equal(strncmp(text, "hop1 => ", 8), 0);
	tacit_route_format(&session_of(pair, 1)->run->route, text, sizeof(text));
	assert_int_equal(strncmp(text, "hop2 => ", 8), 0);
	ockam_pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_hello),
	    cmocka_unit_test(test_delivery),
	    cmocka_unit_test(test_sealed_bytes),
	    cmocka_unit_test(test_peers),
	    cmocka_unit_test(test_pinned),
	    cmocka_unit_test(test_untrusted_responder),
	    cmocka_unit_test(test_untrusted_initiator),
	    cmocka_unit_test(test_no_answer),
	    cmocka_unit_test(test_half_way),
	    cmocka_unit_test(test_hello_refused),
	    cmocka_unit_test(test_hello_again),
	    cmocka_unit_test(test_refused_sends),
	    cmocka_unit_test(test_ways_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
