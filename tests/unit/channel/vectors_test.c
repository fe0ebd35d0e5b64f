/*
 * tests/vectors/channel.txt, a whole session of the native channel (PROTOCOL.md 4 to 6), byte for
 * byte: first piece by piece, then by two sessions whose randomness are the file's keys.
 */
#include "support/vectors.h"

#include "base/queue.h"
#include "channel/session_internal.h"
#include "crypto/random.h"
#include "wire/bare.h"

#define BYTES_MAX 2048

enum {
	BLOCK_SEEDS,
	BLOCK_IDENTITIES,
	BLOCK_HANDSHAKE,
	BLOCK_RECORDS,
	BLOCK_FRAGMENTS,
	BLOCKS,
};

/* bytes that are drawn in order, and no more than there are */
struct stream {
	uint8_t bytes[96];
	size_t len, next;
};

/* one end, and what left it last */
struct end {
	struct stream identity_bytes, session_bytes;
	struct tacit_random identity_random;
	struct tacit_vault *vault;
	struct tacit_identity identity;
	struct tacit_policy policy;
	struct tacit_session *session;
	struct tacit_msg *entry;
	unsigned established, closed;
	uint64_t delivered;
};

static struct vectors blocks[BLOCKS];

static void
stream_fill(void *arg, void *ret, size_t len)
{
	struct stream *stream = arg;

	assert_true(len <= stream->len - stream->next);
	memcpy(ret, stream->bytes + stream->next, len);
	stream->next += len;
}

static void
stream_add(struct stream *stream, const char *name)
{
	vectors_exact(&blocks[BLOCK_SEEDS], name, stream->bytes + stream->len, 32);
	stream->len += 32;
}

static void
check_field(int block, const char *name, const uint8_t *bytes, size_t len)
{
	uint8_t expected[BYTES_MAX];

	assert_int_equal(vectors_hex(&blocks[block], name, expected, sizeof(expected)), len);
	if (memcmp(expected, bytes, len) != 0)
		fail_msg("%s differs", name);
}

static void
check_hash(const char *name, const uint8_t *bytes, size_t len)
{
	uint8_t hash[TACIT_HASH_LEN];

	tacit_hash(hash, bytes, len, NULL, 0);
	check_field(BLOCK_FRAGMENTS, name, hash, sizeof(hash));
}

/* the text of the message in fragments, with routes and both lengths around it 61441 bytes */
#define LONG_LEN 61423

static void
check_long_text(struct tacit_slice body)
{
	assert_int_equal(body.len, LONG_LEN);
	for (size_t i = 0; i < body.len; i++)
		assert_int_equal(body.bytes[i], (uint8_t)i);
}

/* the two ends ---------------------------------------------------------------------------------- */

static void
end_send(void *arg, struct tacit_msg *msg)
{
	struct end *end = arg;

	tacit_msg_unref(end->entry);
	end->entry = msg;
}

static void
end_wake_at(void *arg, tacit_msec at)
{
	(void)arg;
	(void)at;
}

static void
end_deliver(void *arg, struct tacit_msg *msg, uint64_t sequence)
{
	struct end *end = arg;
	struct tacit_slice body;

	tacit_msg_body(msg, &body);
	if (sequence == 0)
		assert_true(tacit_slice_is(body, "hello"));
	else
		check_long_text(body);
	end->delivered++;
	tacit_msg_unref(msg);
}

static void
end_event(void *arg, const struct tacit_session_event *event)
{
	struct end *end = arg;

	end->established += event->kind == TACIT_CHANNEL_ESTABLISHED;
	end->closed += event->kind == TACIT_CHANNEL_CLOSED;
	assert_true(event->kind != TACIT_CHANNEL_FAILED);
	assert_true(event->kind != TACIT_CHANNEL_UNAUTHENTIC);
}

static void
end_flush_wanted(void *arg)
{
	(void)arg;
}

static struct tacit_session_config
end_config(struct end *end)
{
	return (struct tacit_session_config){
	    .identity = &end->identity,
	    .policy = &end->policy,
	    .port = {end, end_send, end_wake_at, {stream_fill, &end->session_bytes}},
	    .arg = end,
	    .deliver = end_deliver,
	    .event = end_event,
	    .flush_wanted = end_flush_wanted,
	};
}

/* an identity of one key, or of two; the session's name is 16 zeros, and not in the file */
static void
end_init(struct end *end, const char *role, unsigned keys)
{
	char name[64];

	memset(end, 0, sizeof(*end));
	end->session_bytes.len = 16;
	for (unsigned i = 1; i <= keys; i++) {
		if (keys > 1)
			snprintf(name, sizeof(name), "%s_seed_%u", role, i);
		else
			snprintf(name, sizeof(name), "%s_seed", role);
		stream_add(&end->identity_bytes, name);
	}
	snprintf(name, sizeof(name), "%s_static", role);
	stream_add(&end->session_bytes, name);
	snprintf(name, sizeof(name), "%s_ephemeral", role);
	stream_add(&end->session_bytes, name);
	end->identity_random = (struct tacit_random){stream_fill, &end->identity_bytes};
	assert_int_equal(tacit_vault_create(&end->identity_random, &end->vault), TACIT_OK);
	assert_int_equal(tacit_identity_create(end->vault, &end->identity), TACIT_OK);
	for (unsigned i = 1; i < keys; i++)
		assert_int_equal(tacit_identity_rotate(&end->identity), TACIT_OK);
	tacit_policy_everyone(&end->policy);
}

static void
end_fini(struct end *end)
{
	tacit_session_free(end->session);
	tacit_msg_unref(end->entry);
	tacit_identity_fini(&end->identity);
	tacit_vault_destroy(end->vault);
}

/* tests ----------------------------------------------------------------------------------------- */

static void
check_identity(const struct end *end, const char *role)
{
	uint8_t bytes[BYTES_MAX];
	struct tacit_writer w;
	char name[64];

	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_history_encode(&w, &end->identity.history);
	snprintf(name, sizeof(name), "%s_history", role);
	check_field(BLOCK_IDENTITIES, name, bytes, w.len);
	snprintf(name, sizeof(name), "%s_identifier", role);
	check_field(BLOCK_IDENTITIES, name, end->identity.identifier.b, 32);
}

static void
noise_init(struct tacit_noise_xx *xx, bool initiator)
{
	struct tacit_x25519_secret s, e;
	uint8_t prologue[16];
	size_t len = vectors_hex(&blocks[BLOCK_HANDSHAKE], "prologue", prologue, sizeof(prologue));

	vectors_exact(&blocks[BLOCK_SEEDS], initiator ? "initiator_static" : "responder_static",
	    s.b, sizeof(s.b));
	vectors_exact(&blocks[BLOCK_SEEDS],
	    initiator ? "initiator_ephemeral" : "responder_ephemeral", e.b, sizeof(e.b));
	tacit_noise_xx_init_keys(xx, initiator, prologue, len, &s, &e);
}

/* the reader is between a message's tokens and its payload: what the proof signs, and what is in it */
static void
check_payload(
    struct tacit_noise_xx *reader, const struct end *writer, int number, const uint8_t *sealed)
{
	enum tacit_role role = number == 2 ? TACIT_ROLE_RESPONDER : TACIT_ROLE_INITIATOR;
	uint8_t input[TACIT_PROOF_INPUT_LEN], payload[TACIT_PROOF_PAYLOAD_LEN];
	char name[64];

	tacit_proof_input(input, role, reader->h, &writer->identity.history);
	snprintf(name, sizeof(name), "proof_input_%d", number);
	check_field(BLOCK_HANDSHAKE, name, input, sizeof(input));
	assert_int_equal(
	    tacit_noise_xx_open_payload(reader, sealed, TACIT_PROOF_PAYLOAD_LEN + 16, payload),
	    TACIT_OK);
	snprintf(name, sizeof(name), "payload_%d", number);
	check_field(BLOCK_HANDSHAKE, name, payload, sizeof(payload));
}

static void
check_keys(const uint8_t k[TACIT_KEY_LEN], const char *role)
{
	static const char *const types[] = {"data", "control"};
	uint8_t key[TACIT_KEY_LEN];
	char label[64], name[64];

	for (int i = 0; i < 2; i++) {
		snprintf(label, sizeof(label), "tacit.v1.%s", types[i]);
		tacit_hkdf_expand(key, sizeof(key), k, (const uint8_t *)label, strlen(label));
		snprintf(name, sizeof(name), "%s_%s_key", role, types[i]);
		check_field(BLOCK_RECORDS, name, key, sizeof(key));
	}
}

static void
test_piece_by_piece(void **state)
{
	struct tacit_noise_xx initiator, responder;
	uint8_t message[TACIT_MESSAGE_2_LEN], k1[TACIT_KEY_LEN], k2[TACIT_KEY_LEN];
	struct end alice, bob;

	(void)state;
	end_init(&alice, "initiator", 2);
	end_init(&bob, "responder", 1);
	check_identity(&alice, "initiator");
	check_identity(&bob, "responder");
	noise_init(&initiator, true);
	noise_init(&responder, false);
	assert_int_equal(tacit_handshake_create1(&initiator, message), TACIT_OK);
	check_field(BLOCK_HANDSHAKE, "message_1", message, TACIT_MESSAGE_1_LEN);
	assert_int_equal(
	    tacit_handshake_consume1(&responder, message, TACIT_MESSAGE_1_LEN), TACIT_OK);
	assert_int_equal(tacit_handshake_create2(&responder, &bob.identity, message), TACIT_OK);
	check_field(BLOCK_HANDSHAKE, "message_2", message, TACIT_MESSAGE_2_LEN);
	assert_int_equal(tacit_noise_xx_consume2(&initiator, message + 1), TACIT_OK);
	check_payload(&initiator, &bob, 2, message + 1 + TACIT_NOISE_XX_TOKENS2);
	assert_int_equal(tacit_handshake_create3(&initiator, &alice.identity, message), TACIT_OK);
	check_field(BLOCK_HANDSHAKE, "message_3", message, TACIT_MESSAGE_3_LEN);
	assert_int_equal(tacit_noise_xx_consume3(&responder, message + 1), TACIT_OK);
	check_payload(&responder, &alice, 3, message + 1 + TACIT_NOISE_XX_TOKENS3);
	for (int i = 0; i < 2; i++) {
		struct tacit_noise_xx *xx = i == 0 ? &initiator : &responder;

		check_field(BLOCK_HANDSHAKE, "h", xx->h, sizeof(xx->h));
		tacit_noise_xx_split(xx, k1, k2);
		check_field(BLOCK_HANDSHAKE, "k1", k1, sizeof(k1));
		check_field(BLOCK_HANDSHAKE, "k2", k2, sizeof(k2));
	}
	check_keys(k1, "initiator");
	check_keys(k2, "responder");
	end_fini(&alice);
	end_fini(&bob);
}

/* what left an end last is the file's, and goes to the other one */
static void
carry(struct end *from, int block, const char *name, struct end *to, tacit_msec now)
{
	assert_non_null(from->entry);
	check_field(block, name, tacit_msg_payload(from->entry), from->entry->len);
	tacit_session_handle(to->session, from->entry, now);
	from->entry = NULL;
}

static void
shake_hands(struct end *alice, struct end *bob)
{
	struct tacit_session_config config = end_config(alice);
	struct tacit_route route;

	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("listener")), TACIT_OK);
	assert_int_equal(tacit_session_new_initiator(&config, &route, &alice->session), TACIT_OK);
	tacit_session_start(alice->session, 0);
	check_field(BLOCK_HANDSHAKE, "message_1", tacit_msg_payload(alice->entry), 35);
	config = end_config(bob);
	assert_int_equal(
	    tacit_session_new_responder(&config, alice->entry, &bob->session), TACIT_OK);
	tacit_session_start(bob->session, 0);
	carry(bob, BLOCK_HANDSHAKE, "message_2", alice, 1);
	carry(alice, BLOCK_HANDSHAKE, "message_3", bob, 2);
	tacit_session_flush(bob->session, 2);
	carry(bob, BLOCK_RECORDS, "accepted_entry", alice, 3);
	assert_int_equal(alice->established + bob->established, 2);
}

static void
say(struct end *end, const void *bytes, size_t len)
{
	struct tacit_msg *msg = tacit_msg_new_body(bytes, len);

	assert_non_null(msg);
	assert_int_equal(tacit_route_append(&msg->onward, tacit_address_worker("app")), TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("me")), TACIT_OK);
	assert_int_equal(tacit_session_send(end->session, msg), TACIT_OK);
	tacit_session_flush(end->session, 4);
}

static void
test_by_two_sessions(void **state)
{
	struct end alice, bob;

	(void)state;
	end_init(&alice, "initiator", 2);
	end_init(&bob, "responder", 1);
	shake_hands(&alice, &bob);
	say(&alice, "hello", 5);
	carry(&alice, BLOCK_RECORDS, "data_entry", &bob, 5);
	assert_int_equal(bob.delivered, 1);
	tacit_session_delivered(bob.session, 0, 5);
	tacit_session_flush(bob.session, 5 + TACIT_ACK_DELAY_MS);
	carry(&bob, BLOCK_RECORDS, "acknowledged_entry", &alice, 40);
	tacit_session_close(alice.session, 41);
	tacit_session_flush(alice.session, 41);
	carry(&alice, BLOCK_RECORDS, "closing_entry", &bob, 42);
	tacit_session_flush(bob.session, 42);
	carry(&bob, BLOCK_RECORDS, "closed_entry", &alice, 43);
	assert_int_equal(bob.closed, 1);
	assert_true(tacit_session_close_confirmed(alice.session));
	/* nobody drew more randomness than the file has */
	assert_int_equal(alice.session_bytes.next, 16 + 64);
	assert_int_equal(bob.session_bytes.next, 16 + 64);
	end_fini(&alice);
	end_fini(&bob);
}

static void
test_fragments(void **state)
{
	struct tacit_msg *message;
	struct end alice, bob;
	uint8_t text[LONG_LEN], *entry;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	assert_non_null(message = tacit_msg_new_body(text, sizeof(text)));
	assert_int_equal(
	    tacit_route_append(&message->onward, tacit_address_worker("app")), TACIT_OK);
	assert_int_equal(tacit_route_append(&message->ret, tacit_address_worker("me")), TACIT_OK);
	assert_int_equal(tacit_msg_encode(message), TACIT_OK);
	assert_int_equal(message->len, TACIT_MESSAGE_LEN_MAX + 1);
	check_hash("message_sha256", tacit_msg_payload(message), message->len);
	tacit_msg_unref(message);
	end_init(&alice, "initiator", 2);
	end_init(&bob, "responder", 1);
	shake_hands(&alice, &bob);
	say(&alice, text, sizeof(text));
	entry = tacit_msg_payload(alice.entry);
	assert_int_equal(alice.entry->len, 1 + 61474 + 35);
	check_field(BLOCK_FRAGMENTS, "first_header", entry + 1, TACIT_RECORD_HEADER_LEN);
	check_field(BLOCK_FRAGMENTS, "first_tag", entry + 1 + 61474 - 16, 16);
	check_field(BLOCK_FRAGMENTS, "last_record", entry + 1 + 61474, 35);
	check_hash("entry_sha256", entry, alice.entry->len);
	tacit_session_handle(bob.session, alice.entry, 5);
	alice.entry = NULL;
	assert_int_equal(bob.delivered, 1);
	tacit_session_flush(bob.session, 5 + TACIT_ACK_DELAY_MS);
	carry(&bob, BLOCK_FRAGMENTS, "arrived_entry", &alice, 40);
	assert_int_equal(tacit_session_unacknowledged(alice.session), 2);
	tacit_session_delivered(bob.session, 1, 41);
	tacit_session_flush(bob.session, 41 + TACIT_ACK_DELAY_MS);
	carry(&bob, BLOCK_FRAGMENTS, "delivered_entry", &alice, 80);
	assert_int_equal(tacit_session_unacknowledged(alice.session), 0);
	end_fini(&alice);
	end_fini(&bob);
}

/* the bodies of the file's control records, by their fields */
static void
test_control_bodies(void **state)
{
	static const struct {
		const char *name;
		struct tacit_control control;
	} cases[] = {
	    {"accepted_body", {.flags = 1, .window = 4096, .window_bytes = 8 << 20}},
	    {"acknowledged_body",
		{.flags = 1, .next = 1, .window = 4097, .window_bytes = (8 << 20) + 32 + 20}},
	    {"closing_body",
		{.flags = 8, .echo = 2, .window = 4096, .window_bytes = 8 << 20, .sent = 1}},
	    {"closed_body", {.flags = 17,
				.echo = 1,
				.next = 1,
				.window = 4097,
				.window_bytes = (8 << 20) + 32 + 20}},
	};
	uint8_t bytes[TACIT_CONTROL_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_field(BLOCK_RECORDS, cases[i].name, bytes,
		    tacit_control_encode(&cases[i].control, bytes));
}

static int
read_file(void **state)
{
	(void)state;
	for (int i = 0; i < BLOCKS; i++) {
		vectors_open(&blocks[i], "channel.txt");
		for (int k = 0; k <= i; k++)
			assert_true(vectors_next(&blocks[i]));
	}
	return tacit_crypto_start() == TACIT_OK ? 0 : -1;
}

static int
forget_file(void **state)
{
	(void)state;
	for (int i = 0; i < BLOCKS; i++)
		vectors_close(&blocks[i]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_piece_by_piece),
	    cmocka_unit_test(test_by_two_sessions),
	    cmocka_unit_test(test_fragments),
	    cmocka_unit_test(test_control_bodies),
	};

	return cmocka_run_group_tests(tests, read_file, forget_file);
}
