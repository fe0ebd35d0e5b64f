/*
 * The captured session of two programs of 2021 once more, from its keys: both our ends, given what
 * the originals drew, say the same nine entries, byte for byte (PROTOCOL.md 9.1 to 9.5).
 */
#include "support/ockam_identity.h"

#include "crypto/aead.h"
#include "noise/xx.h"
#include "ockam/session.h"
#include "ockam/session_internal.h"

#define SESSION "ockam-0.22-session.txt"
#define ENTRIES 9

static const char *const end_names[] = {"alice", "bob"};

/* the entries in the order in which they were written, with who wrote each */
static const struct {
	int from;
	unsigned index; /* in its stream */
} order[ENTRIES] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}, {0, 2}, {0, 3}, {1, 2}, {0, 4}, {1, 3}};

struct bytes {
	size_t len;
	uint8_t b[1024];
};

static struct bytes
find_entry(int from, unsigned index)
{
	const char *prefix = from == 0 ? "alice_to_bob" : "bob_to_alice";
	struct bytes ret = {0};
	struct vectors v;

	vectors_open(&v, SESSION);
	while (vectors_next(&v)) {
		const char *stream = vectors_find(&v, "stream");

		if (stream != NULL && strncmp(stream, prefix, strlen(prefix)) == 0 &&
		    strtoul(vectors_text(&v, "index"), NULL, 10) == index)
			ret.len = vectors_hex(&v, "bytes", ret.b, sizeof(ret.b));
	}
	vectors_close(&v);
	assert_true(ret.len > 0);
	return ret;
}

/* the next block of the nth sealing of an end */
static void
find_sealed(struct vectors *v, int end, const char *number)
{
	vectors_open(v, OCKAM_KEYS);
	do {
		ockam_keys_find(v, "sealed", end_names[end]);
	} while (strcmp(vectors_text(v, "number"), number) != 0);
}

static struct bytes
find_plain(int end, const char *number)
{
	struct bytes ret = {0};
	struct vectors v;

	find_sealed(&v, end, number);
	ret.len = vectors_hex(&v, "plain", ret.b, sizeof(ret.b));
	vectors_close(&v);
	return ret;
}

static struct tacit_msg *
decode(const struct bytes *bytes)
{
	struct tacit_block *block = tacit_block_new(bytes->len);
	struct tacit_msg *msg;

	assert_non_null(block);
	memcpy(block->bytes, bytes->b, bytes->len);
	assert_int_equal(tacit_msg_decode(block, 0, bytes->len, &msg), TACIT_OK);
	tacit_block_unref(block);
	return msg;
}

static void
find_key(int end, const char *which, const char *field, uint8_t ret[32])
{
	struct vectors v;

	vectors_open(&v, OCKAM_KEYS);
	do {
		ockam_keys_find(&v, "key", end_names[end]);
	} while (strcmp(vectors_text(&v, "which"), which) != 0);
	vectors_exact(&v, field, ret, 32);
	vectors_close(&v);
}

static void
find_h(uint8_t ret[TACIT_HASH_LEN])
{
	struct vectors v;

	vectors_open(&v, OCKAM_KEYS);
	ockam_keys_find(&v, "identity", "alice");
	vectors_exact(&v, "h", ret, TACIT_HASH_LEN);
	vectors_close(&v);
}

/* the whole session, by two engines */
struct end {
	struct ockam_captured captured;
	struct scripted script; /* what the engine draws */
	struct tacit_policy policy;
	struct tacit_engine engine;
	bool flush_wanted;
	struct session *session;
	unsigned established;
	struct tacit_msg *got;
};

struct session {
	struct end ends[2];
	unsigned said;          /* entries */
	struct tacit_msg *last; /* the last of them, decoded from what was captured */
};

/* a name of 32 hex digits at the address where the bytes have it, as what it was drawn from */
static void
script_name(struct scripted *script, const uint8_t *name)
{
	char text[33] = "";

	memcpy(text, name, 32);
	assert_true(tacit_hex_decode(script->bytes + script->len, 16, text));
	script->len += 16;
}

static void
script_key(struct scripted *script, int end, const char *which)
{
	find_key(end, which, "drawn", script->bytes + script->len);
	script->len += 32;
}

static void
on_send(void *arg, struct tacit_msg *msg)
{
	struct end *end = arg;
	struct session *session = end->session;
	struct bytes entry;

	assert_true(session->said < ENTRIES);
	assert_ptr_equal(end, &session->ends[order[session->said].from]);
	entry = find_entry(order[session->said].from, order[session->said].index);
	session->said++;
	assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
	assert_int_equal(msg->len, entry.len);
	assert_memory_equal(tacit_msg_payload(msg), entry.b, entry.len);
	tacit_msg_unref(session->last);
	session->last = decode(&entry);
	tacit_msg_unref(msg);
}

static void
on_wake_at(void *arg, tacit_msec at)
{
	(void)arg;
	(void)at;
}

static void
on_deliver(void *arg, struct tacit_msg *msg, uint64_t sequence)
{
	struct end *end = arg;

	(void)sequence;
	tacit_msg_unref(end->got);
	end->got = msg;
}

static void
on_event(void *arg, const struct tacit_session_event *event)
{
	struct end *end = arg;

	if (event->kind == TACIT_CHANNEL_FAILED)
		fail_msg("%s", event->text);
	if (event->kind == TACIT_CHANNEL_ESTABLISHED)
		end->established++;
}

static void
on_flush_wanted(void *arg)
{
	((struct end *)arg)->flush_wanted = true;
}

static struct tacit_session_config
config_of(struct end *end)
{
	return (struct tacit_session_config){
	    .policy = &end->policy,
	    .port = {end, on_send, on_wake_at, scripted_random(&end->script)},
	    .arg = end,
	    .deliver = on_deliver,
	    .event = on_event,
	    .flush_wanted = on_flush_wanted,
	};
}

static void
end_init(struct session *session, int i)
{
	struct end *end = &session->ends[i];
	struct bytes entry = find_entry(i, 0), plain = find_plain(i, "2");
	struct tacit_msg *msg = decode(&entry);
	struct tacit_address address;

	end->session = session;
	ockam_captured_init(&end->captured, end_names[i]);
	tacit_policy_everyone(&end->policy);
	assert_true(tacit_route_first(&msg->ret, &address));
	script_name(&end->script, address.bytes);
	tacit_msg_unref(msg);
	msg = decode(&plain);
	assert_true(tacit_route_first(&msg->ret, &address));
	script_name(&end->script, address.bytes);
	tacit_msg_unref(msg);
	script_key(&end->script, i, "static");
	script_key(&end->script, i, "ephemeral");
}

static void
end_fini(struct end *end)
{
	tacit_msg_unref(end->got);
	end->engine.ops->free(end->engine.self);
	tacit_policy_fini(&end->policy);
	ockam_captured_fini(&end->captured);
}

/* the last entry reaches an end */
static void
hear(struct session *session, int to)
{
	struct end *end = &session->ends[to];

	end->engine.ops->handle(end->engine.self, tacit_msg_ref(session->last), 1);
	if (end->flush_wanted)
		end->engine.ops->flush(end->engine.self, 1);
	end->flush_wanted = false;
}

/* an end says what it said then: the plaintext less both ends' addresses inside */
static void
say(struct session *session, int from, const char *number)
{
	struct end *end = &session->ends[from];
	struct bytes plain = find_plain(from, number);
	struct tacit_msg *msg = decode(&plain);

	tacit_route_pop(&msg->onward);
	tacit_route_pop(&msg->ret);
	assert_int_equal(end->engine.ops->send(end->engine.self, msg), TACIT_OK);
	end->engine.ops->flush(end->engine.self, 1);
	end->flush_wanted = false;
}

/* what an end delivered is what the other said */
static void
check_got(const struct session *session, int to, const char *number)
{
	struct bytes plain = find_plain(!to, number);
	const struct tacit_msg *got = session->ends[to].got;
	struct tacit_msg *said = decode(&plain);

	tacit_route_pop(&said->onward);
	tacit_route_pop(&said->ret);
	assert_non_null(got);
	assert_true(tacit_route_equal(&got->onward, &said->onward));
	assert_true(tacit_route_equal(&got->ret, &said->ret));
	assert_int_equal(got->len, said->len);
	assert_memory_equal(tacit_msg_payload(got), tacit_msg_payload(said), got->len);
	tacit_msg_unref(said);
}

static void
start_both(struct session *session)
{
	struct tacit_session_config alice = config_of(&session->ends[0]);
	struct tacit_session_config bob = config_of(&session->ends[1]);
	struct end *ends = session->ends;
	struct tacit_route route;

	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("listener")), TACIT_OK);
	assert_int_equal(tacit_ockam_session_new_initiator(
			     &alice, &ends[0].captured.identity, &route, false, &ends[0].engine),
	    TACIT_OK);
	ends[0].engine.ops->start(ends[0].engine.self, 1);
	assert_int_equal(tacit_ockam_session_new_responder(
			     &bob, &ends[1].captured.identity, session->last, &ends[1].engine),
	    TACIT_OK);
	ends[1].engine.ops->start(ends[1].engine.self, 1);
}

static void
all_nine_entries_are_said_again(void **state)
{
	struct session *session = calloc(1, sizeof(*session));
	uint8_t h[TACIT_HASH_LEN];

	(void)state;
	assert_non_null(session);
	assert_int_equal(tacit_crypto_start(), TACIT_OK);
	for (int i = 0; i < 2; i++)
		end_init(session, i);
	start_both(session);
	hear(session, 0); /* message 2; then 3 */
	hear(session, 1); /* 3; then 4 */
	hear(session, 0); /* 4; then 5 */
	hear(session, 1);
	assert_int_equal(session->said, 5);
	find_h(h);
	for (int i = 0; i < 2; i++) {
		struct tacit_ockam_session *engine = session->ends[i].engine.self;

		assert_int_equal(session->ends[i].established, 1);
		assert_memory_equal(engine->run->h, h, sizeof(h));
		/* all that was drawn then was drawn now */
		assert_int_equal(session->ends[i].script.given, session->ends[i].script.len);
		assert_int_equal(session->ends[i].captured.scripted.given,
		    session->ends[i].captured.scripted.len);
	}
	for (int k = 0; k < 2; k++) {
		say(session, 0, k == 0 ? "3" : "4");
		hear(session, 1);
		check_got(session, 1, k == 0 ? "3" : "4");
		say(session, 1, k == 0 ? "3" : "4");
		hear(session, 0);
		check_got(session, 0, k == 0 ? "3" : "4");
	}
	assert_int_equal(session->said, ENTRIES);
	tacit_msg_unref(session->last);
	for (int i = 0; i < 2; i++)
		end_fini(&session->ends[i]);
	free(session);
}

/* where what an end sealed as its nth stands: entry of its stream, offset in the body */
static const struct {
	const char *number;
	unsigned index[2];
	size_t offset[2];
} places[] = {
    {"0", {1, 0}, {0, 32}},
    {"1", {1, 0}, {48, 80}},
    {"2", {2, 1}, {2, 2}},
    {"3", {3, 2}, {2, 2}},
    {"4", {4, 3}, {2, 2}},
};

static void
check_sealed(int end, size_t i)
{
	struct bytes entry = find_entry(end, places[i].index[end]);
	uint8_t key[TACIT_KEY_LEN], nonce[12], aad[64], plain[512], sealed[600];
	size_t aad_len, len, offset = places[i].offset[end];
	struct tacit_msg *msg = decode(&entry);
	struct tacit_aead *aead;
	struct tacit_slice body;
	uint64_t counter = 0;
	struct vectors v;

	tacit_msg_body(msg, &body);
	find_sealed(&v, end, places[i].number);
	vectors_exact(&v, "key", key, sizeof(key));
	vectors_exact(&v, "nonce", nonce, sizeof(nonce));
	aad_len = vectors_hex(&v, "aad", aad, sizeof(aad));
	len = vectors_hex(&v, "plain", plain, sizeof(plain));
	vectors_close(&v);
	for (size_t k = 4; k < sizeof(nonce); k++)
		counter = counter << 8 | nonce[k];
	assert_int_equal(tacit_aead_new(key, &aead), TACIT_OK);
	assert_int_equal(
	    tacit_aead_seal(aead, counter, aad, aad_len, plain, len, sealed), TACIT_OK);
	assert_true(offset + len + TACIT_TAG_LEN <= body.len);
	assert_memory_equal(sealed, body.bytes + offset, len + TACIT_TAG_LEN);
	/* records say the counter in front; nothing stands behind them, nor behind the handshake's last */
	if (i != 0)
		assert_int_equal(offset + len + TACIT_TAG_LEN, body.len);
	if (i >= 2)
		assert_int_equal(body.bytes[0] << 8 | body.bytes[1], counter);
	tacit_aead_free(aead);
	tacit_msg_unref(msg);
}

static void
every_sealing_is_made_again(void **state)
{
	(void)state;
	for (int end = 0; end < 2; end++) {
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			check_sealed(end, i);
	}
}

static void
init_noise(struct tacit_noise_xx *xx, int end)
{
	struct tacit_x25519_secret s, e;

	find_key(end, "static", "secret", s.b);
	find_key(end, "ephemeral", "secret", e.b);
	tacit_noise_xx_init_keys(xx, end == 0, NULL, 0, &s, &e);
}

static void
find_sealing_key(int end, uint8_t ret[TACIT_KEY_LEN])
{
	struct vectors v;

	find_sealed(&v, end, "2");
	vectors_exact(&v, "key", ret, TACIT_KEY_LEN);
	vectors_close(&v);
}

/* Noise to the letter, and then the initiator seals with the second key */
static void
h_and_both_keys_are_found_again(void **state)
{
	uint8_t k[2][2][TACIT_KEY_LEN], key[TACIT_KEY_LEN], h[TACIT_HASH_LEN];
	uint8_t m1[32], m2[96], m3[64], nothing[1];
	struct tacit_noise_xx a, b;

	(void)state;
	init_noise(&a, 0);
	init_noise(&b, 1);
	assert_int_equal(tacit_noise_xx_create1(&a, NULL, 0, m1), TACIT_OK);
	assert_int_equal(tacit_noise_xx_consume1(&b, m1, NULL, 0), TACIT_OK);
	assert_int_equal(tacit_noise_xx_create2(&b, m2), TACIT_OK);
	assert_int_equal(tacit_noise_xx_seal_payload(&b, NULL, 0, m2 + 80), TACIT_OK);
	assert_int_equal(tacit_noise_xx_consume2(&a, m2), TACIT_OK);
	assert_int_equal(tacit_noise_xx_open_payload(&a, m2 + 80, 16, nothing), TACIT_OK);
	assert_int_equal(tacit_noise_xx_create3(&a, m3), TACIT_OK);
	assert_int_equal(tacit_noise_xx_seal_payload(&a, NULL, 0, m3 + 48), TACIT_OK);
	assert_int_equal(tacit_noise_xx_consume3(&b, m3), TACIT_OK);
	assert_int_equal(tacit_noise_xx_open_payload(&b, m3 + 48, 16, nothing), TACIT_OK);
	tacit_noise_xx_split(&a, k[0][0], k[0][1]);
	tacit_noise_xx_split(&b, k[1][0], k[1][1]);
	find_h(h);
	assert_memory_equal(a.h, h, sizeof(h));
	assert_memory_equal(b.h, h, sizeof(h));
	assert_memory_equal(k[0], k[1], sizeof(k[0]));
	find_sealing_key(0, key);
	assert_memory_equal(k[0][1], key, sizeof(key));
	find_sealing_key(1, key);
	assert_memory_equal(k[0][0], key, sizeof(key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_nine_entries_are_said_again),
	    cmocka_unit_test(every_sealing_is_made_again),
	    cmocka_unit_test(h_and_both_keys_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
