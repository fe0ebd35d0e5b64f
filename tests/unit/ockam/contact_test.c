/*
 * PROTOCOL.md 9.4 to 9.6.  Each flaw has a message that has this one and no other: whatever follows
 * from the forged place was made anew and signed again.
 */
#include "support/damage.h"
#include "support/ockam_identity.h"

#include "identity/history.h"

#define STRANGER 900 /* a key that is in no history */

/* what was due when a message came, and what became of it */
struct verdict {
	tacit_err err;
	enum tacit_ockam_flaw flaw;
	struct tacit_identifier identifier;
};

static struct verdict
judge_bytes(const uint8_t *bytes, size_t len, enum tacit_ockam_variant variant, const uint8_t *h)
{
	static const struct tacit_identifier nobody;
	const struct tacit_ockam_due due = {.variant = variant, .h = h, .own = &nobody};
	struct verdict ret = {.flaw = TACIT_OCKAM_FLAW_VARIANT};

	ret.err = tacit_ockam_contact_verify(bytes, len, &due, &ret.flaw, &ret.identifier);
	/* nothing is said of who it is unless it is they */
	if (ret.err != TACIT_OK)
		assert_true(tacit_identifier_equal(&ret.identifier, &nobody));
	return ret;
}

static struct verdict
judge(const struct ockam_message *message)
{
	uint8_t h[TACIT_HASH_LEN], *bytes = malloc(OCKAM_MESSAGE_LEN_MAX);
	struct verdict verdict;
	size_t len;

	assert_non_null(bytes);
	memset(h, 0x68, sizeof(h));
	len = ockam_message_write(message, bytes);
	/* as many bytes as there are, so that a sanitizer sees a read past them */
	bytes = realloc(bytes, len);
	verdict = judge_bytes(bytes, len, TACIT_OCKAM_REQUEST, h);
	free(bytes);
	return verdict;
}

static void
expect_accepted(const struct ockam_message *message)
{
	struct verdict verdict = judge(message);
	struct tacit_identifier identifier;

	if (verdict.err != TACIT_OK)
		fail_msg("refused: %s", tacit_ockam_flaw_text(verdict.flaw));
	assert_int_equal(verdict.flaw, TACIT_OCKAM_FLAW_NONE);
	ockam_identifier(message->events[0].key, &identifier);
	assert_true(tacit_identifier_equal(&verdict.identifier, &identifier));
}

static void
expect_flaw(const struct ockam_message *message, tacit_err err, enum tacit_ockam_flaw flaw)
{
	struct verdict verdict = judge(message);

	if (verdict.flaw != flaw)
		fail_msg("%s, not: %s", tacit_ockam_flaw_text(verdict.flaw),
		    tacit_ockam_flaw_text(flaw));
	assert_int_equal(verdict.err, err);
}

#define EXPECT_MALFORMED(message, name) \
	expect_flaw((message), TACIT_EFORMAT, TACIT_OCKAM_FLAW_##name)
#define EXPECT_FORGED(message, name) expect_flaw((message), TACIT_EAUTH, TACIT_OCKAM_FLAW_##name)

/* Bob sent the request, Alice the response. */
static void
captured_messages_are_made_again_and_accepted(void **state)
{
	static const char *const ends[] = {"bob", "alice"};
	uint8_t expected[TACIT_OCKAM_MESSAGE_LEN], made[TACIT_OCKAM_MESSAGE_LEN];
	char text[TACIT_IDENTIFIER_TEXT_LEN];
	struct ockam_captured captured;
	uint8_t h[TACIT_HASH_LEN];
	struct verdict verdict;
	struct vectors v;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		enum tacit_ockam_variant variant = i;

		vectors_open(&v, OCKAM_KEYS);
		ockam_keys_find(&v, "identity", ends[i]);
		vectors_exact(&v, "message", expected, sizeof(expected));
		vectors_exact(&v, "h", h, sizeof(h));
		ockam_captured_init(&captured, ends[i]);
		assert_int_equal(
		    tacit_ockam_contact_encode(&captured.identity, variant, h, made), TACIT_OK);
		assert_memory_equal(made, expected, sizeof(made));
		assert_int_equal(captured.scripted.given, captured.scripted.len);
		verdict = judge_bytes(expected, sizeof(expected), variant, h);
		assert_int_equal(verdict.err, TACIT_OK);
		assert_int_equal(verdict.flaw, TACIT_OCKAM_FLAW_NONE);
		tacit_identifier_format(&verdict.identifier, text);
		assert_string_equal(text, vectors_text(&v, "identifier"));
		/* the other message was due, or this one for another handshake */
		verdict = judge_bytes(expected, sizeof(expected), 1 - i, h);
		assert_int_equal(verdict.flaw, TACIT_OCKAM_FLAW_VARIANT);
		h[31] ^= 1;
		verdict = judge_bytes(expected, sizeof(expected), variant, h);
		assert_int_equal(verdict.err, TACIT_EAUTH);
		assert_int_equal(verdict.flaw, TACIT_OCKAM_FLAW_PROOF);
		ockam_captured_fini(&captured);
		vectors_close(&v);
	}
}

static void
our_own_messages_are_accepted(void **state)
{
	struct tacit_random random = tacit_random_system();
	uint8_t h[TACIT_HASH_LEN] = {4}, message[TACIT_OCKAM_MESSAGE_LEN] = {0};
	static const uint8_t untouched[TACIT_OCKAM_MESSAGE_LEN];
	struct tacit_ockam_identity identity;
	struct tacit_vault *vault;
	struct verdict verdict;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(tacit_ockam_identity_create(vault, &identity), TACIT_OK);
		assert_int_equal(
		    tacit_ockam_contact_encode(&identity, TACIT_OCKAM_RESPONSE, h, message),
		    TACIT_OK);
		verdict = judge_bytes(message, sizeof(message), TACIT_OCKAM_RESPONSE, h);
		assert_int_equal(verdict.err, TACIT_OK);
		assert_true(tacit_identifier_equal(&verdict.identifier, &identity.identifier));
	}
	memset(message, 0, sizeof(message));
	tacit_vault_delete(vault, identity.key);
	assert_int_equal(tacit_ockam_contact_encode(&identity, TACIT_OCKAM_RESPONSE, h, message),
	    TACIT_ENOTFOUND);
	assert_memory_equal(message, untouched, sizeof(message));
	tacit_vault_destroy(vault);
}

static void
rotated_histories_are_accepted(void **state)
{
	struct ockam_message message;

	(void)state;
	for (size_t count = 1; count <= 5; count++) {
		ockam_message_init(&message, count);
		expect_accepted(&message);
	}
}

/* none of it means anything to us, and the originals accept it: it only has to be in the hash */
static void
what_2021_leaves_open_is_accepted(void **state)
{
	uint8_t bytes[OCKAM_MESSAGE_LEN_MAX], h[TACIT_HASH_LEN];
	struct ockam_message message;
	size_t len;

	(void)state;
	memset(h, 0x68, sizeof(h));
	ockam_message_init(&message, 2);
	message.events[0].version = 0;
	message.events[0].attributes = 3;
	message.events[1].version = 255;
	message.events[1].attributes = 1;
	expect_accepted(&message);
	len = ockam_message_write(&message, bytes);
	memset(bytes + len, 0xff, 10);
	assert_int_equal(judge_bytes(bytes, len + 10, TACIT_OCKAM_REQUEST, h).err, TACIT_OK);

	/* attributes that are not there are not attributes of zeros */
	ockam_message_init(&message, 1);
	message.count = 3;
	message.events[1] = ockam_event_create(10, 0);
	message.events[1].label = "OTHER";
	message.events[1].meta = TACIT_OCKAM_META_NONE;
	message.events[2] = ockam_event_create(11, 0);
	message.events[2].label = "OTHER";
	message.events[2].kind = message.events[2].lasts = message.events[2].length = 0;
	expect_accepted(&message);

	/* other keys, signed by the identity key, come and change without touching it */
	ockam_message_init(&message, 1);
	message.count = 5;
	message.events[1] = ockam_event_create(10, 0);
	message.events[1].label = "OTHER";
	message.events[2] = ockam_event_create(11, 0);
	message.events[2].meta = TACIT_OCKAM_META_NONE;
	message.events[3] = ockam_event_rotate(1, 0, 0);
	message.events[4] = ockam_event_rotate(12, 10, 1);
	message.events[4].label = "OTHER";
	message.proof = 1;
	expect_accepted(&message);
	/* and sign nothing in its place */
	message.proof = 12;
	EXPECT_FORGED(&message, PROOF);
	message.proof = 1;
	message.events[4].root = 0;
	EXPECT_FORGED(&message, EVENT_SIGNATURE);
}

static void
what_is_no_message_is_malformed(void **state)
{
	uint8_t bytes[OCKAM_MESSAGE_LEN_MAX], h[TACIT_HASH_LEN];
	struct ockam_message message;

	(void)state;
	memset(h, 0x68, sizeof(h));
	ockam_message_init(&message, 1);
	expect_accepted(&message);
	assert_int_equal(
	    judge_bytes(bytes, ockam_message_write(&message, bytes) - 1, TACIT_OCKAM_REQUEST, h)
		.flaw,
	    TACIT_OCKAM_FLAW_CUT_SHORT);
	for (uint64_t variant = 1; variant < 4; variant++) {
		message.variant = variant;
		EXPECT_MALFORMED(&message, VARIANT);
	}
	message.variant = TACIT_OCKAM_REQUEST;
	message.identifier = "";
	EXPECT_MALFORMED(&message, IDENTIFIER_LEN);
	message.identifier = "P0011223344556677889900112233445566778899001122334455667788990011";
	assert_int_equal(strlen(message.identifier), 65);
	EXPECT_MALFORMED(&message, IDENTIFIER_LEN);
	message.identifier = NULL;
	message.proof_len = 63;
	EXPECT_MALFORMED(&message, PROOF_LEN);
	message.proof_len = 65;
	EXPECT_MALFORMED(&message, PROOF_LEN);
	message.proof_len = 64;
	expect_accepted(&message);
	message.count = 0;
	EXPECT_MALFORMED(&message, NO_EVENTS);
}

static void
histories_are_bounded(void **state)
{
	struct ockam_message message;

	(void)state;
	ockam_message_init(&message, TACIT_OCKAM_EVENTS_MAX);
	expect_accepted(&message);
	ockam_message_init(&message, TACIT_OCKAM_EVENTS_MAX + 1);
	EXPECT_MALFORMED(&message, TOO_MANY_EVENTS);
}

/* Counts and lengths that are claimed and not there cost nothing: they are no more than cut short. */
static void
claims_are_not_believed(void **state)
{
	uint8_t bytes[256] = {0}, h[TACIT_HASH_LEN] = {0};
	struct verdict verdict;
	struct tacit_writer w;

	(void)state;
	/* a map of 2^64 - 1 entries */
	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_uint(&w, TACIT_OCKAM_REQUEST);
	tacit_bare_write_uint(&w, 64);
	(void)tacit_writer_reserve(&w, 64);
	tacit_bare_write_uint(&w, 1);
	(void)tacit_writer_reserve(&w, 2 * TACIT_HASH_LEN);
	tacit_bare_write_uint(&w, 1);
	tacit_writer_u8(&w, 1);
	tacit_bare_write_uint(&w, UINT64_MAX);
	verdict = judge_bytes(bytes, sizeof(bytes), TACIT_OCKAM_REQUEST, h);
	assert_int_equal(verdict.flaw, TACIT_OCKAM_FLAW_CUT_SHORT);
	assert_int_equal(verdict.err, TACIT_EFORMAT);
	/* an identifier of as many bytes */
	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_uint(&w, TACIT_OCKAM_REQUEST);
	tacit_bare_write_uint(&w, UINT64_MAX);
	verdict = judge_bytes(bytes, sizeof(bytes), TACIT_OCKAM_REQUEST, h);
	assert_int_equal(verdict.flaw, TACIT_OCKAM_FLAW_CUT_SHORT);
}

/* the forms of an event, in the first and in a later one */
static void
malformed_events_are_refused(void **state)
{
	static const size_t key_lens[] = {0, 31, 33, 96};
	struct ockam_message message;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct ockam_event *event = &message.events[i];

		ockam_message_init(&message, 3);
		event->changes = 0;
		EXPECT_MALFORMED(&message, CHANGES);
		event->changes = 2;
		EXPECT_MALFORMED(&message, CHANGES);
		event->changes = 1;
		event->type = 2;
		EXPECT_MALFORMED(&message, CHANGE_TYPE);
		ockam_message_init(&message, 3);
		event->meta = 2;
		EXPECT_MALFORMED(&message, KEY_ATTRIBUTES);
		event->meta = TACIT_OCKAM_META;
		event->kind = 5;
		EXPECT_MALFORMED(&message, KEY_ATTRIBUTES);
		event->kind = TACIT_OCKAM_CURVE25519;
		event->lasts = 2;
		EXPECT_MALFORMED(&message, KEY_ATTRIBUTES);
		event->lasts = TACIT_OCKAM_PERSISTENT;
		for (size_t j = 0; j < sizeof(key_lens) / sizeof(key_lens[0]); j++) {
			event->key_len = key_lens[j];
			EXPECT_MALFORMED(&message, KEY_LEN);
		}
		event->key_len = TACIT_X25519_LEN;
		event->proof = 1;
		EXPECT_MALFORMED(&message, EVENT_PROOF);
		event->proof = TACIT_OCKAM_SIGNATURE;
		event->proof_type = 1;
		EXPECT_MALFORMED(&message, EVENT_PROOF_TYPE);
		event->proof_type = TACIT_OCKAM_ROOT_SIGN;
		expect_accepted(&message);
	}
}

static void
forged_ids_are_refused(void **state)
{
	struct ockam_message message;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ockam_message_init(&message, 3);
		message.events[i].id_xor = 1;
		EXPECT_FORGED(&message, EVENT_ID);
		message.events[i].id_xor = 0;
		message.events[i].previous_id_xor = 1;
		EXPECT_FORGED(&message, PREVIOUS_ID);
		message.events[i].previous_id_xor = 0;
		expect_accepted(&message);
	}
}

/* Whoever lacks one of the keys lacks one of the signatures. */
static void
forged_signatures_are_refused(void **state)
{
	struct ockam_message message;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ockam_message_init(&message, 3);
		message.events[i].self = STRANGER;
		EXPECT_FORGED(&message, SELF_SIGNATURE);
		ockam_message_init(&message, 3);
		message.events[i].root = STRANGER;
		EXPECT_FORGED(&message, EVENT_SIGNATURE);
	}
	for (size_t i = 1; i < 3; i++) {
		ockam_message_init(&message, 3);
		/* a thief of nothing signs for himself where the key before should */
		message.events[i].previous = message.events[i].key;
		EXPECT_FORGED(&message, PREVIOUS_SIGNATURE);
		ockam_message_init(&message, 3);
		message.events[i].root = message.events[i].key;
		EXPECT_FORGED(&message, EVENT_SIGNATURE);
		ockam_message_init(&message, 3);
		message.events[i].self = message.events[i].previous;
		EXPECT_FORGED(&message, SELF_SIGNATURE);
	}
	/* a key that was rotated away neither rotates nor signs any more */
	ockam_message_init(&message, 3);
	message.events[2].previous = 0;
	EXPECT_FORGED(&message, PREVIOUS_SIGNATURE);
	ockam_message_init(&message, 3);
	message.events[2].root = 0;
	EXPECT_FORGED(&message, EVENT_SIGNATURE);
	/* nor does the key of another name, rotated in the identity key's place */
	ockam_message_init(&message, 3);
	message.events[1] = ockam_event_create(10, 0);
	message.events[1].label = "OTHER";
	message.events[2] = ockam_event_rotate(2, 0, 0);
	expect_accepted(&message);
	message.events[2].previous = 10;
	EXPECT_FORGED(&message, PREVIOUS_SIGNATURE);
}

static void
keys_out_of_place_are_refused(void **state)
{
	struct ockam_message message;

	(void)state;
	/* the first event makes the identity key, or there is none */
	ockam_message_init(&message, 1);
	message.events[0] = ockam_event_rotate(0, 0, 0);
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0] = ockam_event_create(0, 0);
	expect_accepted(&message);
	message.events[0].label = "OCKAM_PUB";
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0].label = "OCKAM_PUK2";
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0].label = "OCKAM_PU";
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0].label = "";
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0].label = TACIT_OCKAM_LABEL;
	message.events[0].kind = 3;
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0].kind = TACIT_OCKAM_CURVE25519;
	message.events[0].lasts = 0;
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0].lasts = TACIT_OCKAM_PERSISTENT;
	message.events[0].length = 31;
	EXPECT_FORGED(&message, FIRST_KEY);
	message.events[0].length = TACIT_OCKAM_KEY_LEN;
	message.events[0].meta = TACIT_OCKAM_META_NONE;
	EXPECT_FORGED(&message, FIRST_KEY);

	/* created once, then rotated: a second creation would do without the key before */
	ockam_message_init(&message, 2);
	message.events[1] = ockam_event_create(1, 0);
	EXPECT_FORGED(&message, KEY_TWICE);
	message.events[1].label = "OTHER";
	message.proof = 0;
	expect_accepted(&message);
	message.count = 3;
	message.events[2] = message.events[1];
	EXPECT_FORGED(&message, KEY_TWICE);
	message.events[2].type = TACIT_OCKAM_ROTATE_KEY;
	message.events[2].previous = 1;
	expect_accepted(&message);

	/* and what was not created is not rotated */
	ockam_message_init(&message, 2);
	message.events[1].label = "OTHER";
	EXPECT_FORGED(&message, NO_PREVIOUS_KEY);
	message.events[1].label = TACIT_OCKAM_LABEL;
	message.events[1].length = 31;
	EXPECT_FORGED(&message, NO_PREVIOUS_KEY);
}

static void
identifiers_are_those_of_the_first_key(void **state)
{
	struct tacit_identifier identifier;
	struct ockam_message message;
	char text[65];

	(void)state;
	ockam_message_init(&message, 2);
	ockam_identifier(0, &identifier);
	tacit_hex_encode(text, identifier.b, sizeof(identifier.b));
	message.identifier = text;
	expect_accepted(&message);
	/* upper case is another text */
	for (size_t i = 0; i < 64; i++) {
		if (text[i] < 'a')
			continue;
		text[i] = (char)(text[i] - 'a' + 'A');
		EXPECT_FORGED(&message, IDENTIFIER);
		text[i] = (char)(text[i] - 'A' + 'a');
	}
	expect_accepted(&message);
	/* the one of the key in force, and somebody else's */
	ockam_identifier(1, &identifier);
	tacit_hex_encode(text, identifier.b, sizeof(identifier.b));
	EXPECT_FORGED(&message, IDENTIFIER);
	ockam_identifier(STRANGER, &identifier);
	tacit_hex_encode(text, identifier.b, sizeof(identifier.b));
	EXPECT_FORGED(&message, IDENTIFIER);
}

static void
proofs_are_by_the_key_in_force_and_for_this_handshake(void **state)
{
	struct ockam_message message;

	(void)state;
	ockam_message_init(&message, 1);
	message.proof = STRANGER;
	EXPECT_FORGED(&message, PROOF);
	ockam_message_init(&message, 3);
	for (message.proof = 0; message.proof < 2; message.proof++)
		EXPECT_FORGED(&message, PROOF);
	expect_accepted(&message);
	message.h[0] ^= 1;
	EXPECT_FORGED(&message, PROOF);
}

/* The proof of 2021 is the same for both ends: ours would do, when the other end gives it back. */
static void
our_own_identity_is_refused(void **state)
{
	uint8_t h[TACIT_HASH_LEN] = {4}, message[TACIT_OCKAM_MESSAGE_LEN];
	struct tacit_random random = tacit_random_system();
	struct tacit_ockam_identity identity, other;
	enum tacit_ockam_flaw flaw;
	struct tacit_identifier identifier;
	struct tacit_ockam_due due = {.variant = TACIT_OCKAM_RESPONSE, .h = h};
	struct tacit_vault *vault;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_ockam_identity_create(vault, &identity), TACIT_OK);
	assert_int_equal(tacit_ockam_identity_create(vault, &other), TACIT_OK);
	assert_int_equal(
	    tacit_ockam_contact_encode(&identity, TACIT_OCKAM_REQUEST, h, message), TACIT_OK);
	message[0] = TACIT_OCKAM_RESPONSE;
	due.own = &identity.identifier;
	assert_int_equal(
	    tacit_ockam_contact_verify(message, sizeof(message), &due, &flaw, &identifier),
	    TACIT_EAUTH);
	assert_int_equal(flaw, TACIT_OCKAM_FLAW_OWN_IDENTIFIER);
	due.own = &other.identifier;
	assert_int_equal(
	    tacit_ockam_contact_verify(message, sizeof(message), &due, &flaw, &identifier),
	    TACIT_OK);
	tacit_vault_destroy(vault);
}

static void
refused(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct verdict verdict = judge_bytes(bytes, len, TACIT_OCKAM_REQUEST, arg);

	if (verdict.err != TACIT_EFORMAT && verdict.err != TACIT_EAUTH)
		fail_msg("%d with damage %d at %zu", (int)verdict.err, (int)kind, index);
	assert_int_not_equal(verdict.flaw, TACIT_OCKAM_FLAW_NONE);
	if (kind == DAMAGE_TRUNCATED)
		assert_int_equal(verdict.flaw, TACIT_OCKAM_FLAW_CUT_SHORT);
}

/* no bit is without a meaning */
static void
every_changed_bit_and_cut_is_refused(void **state)
{
	uint8_t bytes[OCKAM_MESSAGE_LEN_MAX], h[TACIT_HASH_LEN];
	struct ockam_message message;
	size_t len;

	(void)state;
	memset(h, 0x68, sizeof(h));
	for (size_t count = 1; count <= 3; count++) {
		ockam_message_init(&message, count);
		message.events[count - 1].attributes = 1;
		len = ockam_message_write(&message, bytes);
		assert_int_equal(judge_bytes(bytes, len, TACIT_OCKAM_REQUEST, h).err, TACIT_OK);
		damage_each(bytes, len, refused, h);
	}
}

/* parts of messages that are each right by themselves do not mix */
static void
parts_of_other_messages_do_not_fit(void **state)
{
	static uint8_t one[OCKAM_MESSAGE_LEN_MAX], other[OCKAM_MESSAGE_LEN_MAX];
	uint8_t h[TACIT_HASH_LEN];
	struct ockam_message message;
	size_t len;

	(void)state;
	memset(h, 0x68, sizeof(h));
	ockam_message_init(&message, 1);
	len = ockam_message_write(&message, one);
	message.events[0] = ockam_event_create(5, 5);
	message.proof = 5;
	assert_int_equal(ockam_message_write(&message, other), len);
	assert_int_equal(judge_bytes(other, len, TACIT_OCKAM_REQUEST, h).err, TACIT_OK);
	/* identifier, history, proof: each of the other's in turn */
	for (unsigned part = 0; part < 3; part++) {
		static const size_t from[] = {1, 66, 319, 384};
		uint8_t mixed[TACIT_OCKAM_MESSAGE_LEN];

		assert_int_equal(len, sizeof(mixed));
		memcpy(mixed, one, sizeof(mixed));
		memcpy(mixed + from[part], other + from[part], from[part + 1] - from[part]);
		assert_int_equal(judge_bytes(mixed, sizeof(mixed), TACIT_OCKAM_REQUEST, h).flaw,
		    part < 2 ? TACIT_OCKAM_FLAW_IDENTIFIER : TACIT_OCKAM_FLAW_PROOF);
	}
}

static void
each_flaw_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= TACIT_OCKAM_FLAW_PROOF; i++) {
		assert_true(strlen(tacit_ockam_flaw_text(i)) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(tacit_ockam_flaw_text(i), tacit_ockam_flaw_text(j));
	}
}

static int
start(void **state)
{
	(void)state;
	return tacit_crypto_start() == TACIT_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(captured_messages_are_made_again_and_accepted),
	    cmocka_unit_test(our_own_messages_are_accepted),
	    cmocka_unit_test(rotated_histories_are_accepted),
	    cmocka_unit_test(what_2021_leaves_open_is_accepted),
	    cmocka_unit_test(what_is_no_message_is_malformed),
	    cmocka_unit_test(histories_are_bounded),
	    cmocka_unit_test(claims_are_not_believed),
	    cmocka_unit_test(malformed_events_are_refused),
	    cmocka_unit_test(forged_ids_are_refused),
	    cmocka_unit_test(forged_signatures_are_refused),
	    cmocka_unit_test(keys_out_of_place_are_refused),
	    cmocka_unit_test(identifiers_are_those_of_the_first_key),
	    cmocka_unit_test(proofs_are_by_the_key_in_force_and_for_this_handshake),
	    cmocka_unit_test(our_own_identity_is_refused),
	    cmocka_unit_test(every_changed_bit_and_cut_is_refused),
	    cmocka_unit_test(parts_of_other_messages_do_not_fit),
	    cmocka_unit_test(each_flaw_has_a_text_of_its_own),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
