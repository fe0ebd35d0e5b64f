/*
 * support/ockam_identity.h: the identities of tests/vectors/ockam-0.22-keys.txt, and identity
 * messages of 2021 with any history, also with forged ones (PROTOCOL.md 9.4 and 9.5).
 *
 * The writer shares nothing with src/ockam/identity.c but the signature, so that each checks the
 * other.
 */
#ifndef TACIT_TESTS_OCKAM_IDENTITY_H
#define TACIT_TESTS_OCKAM_IDENTITY_H

#include "support/random.h"
#include "support/vectors.h"

#include "base/limits.h"
#include "crypto/random.h"
#include "ockam/contact.h"
#include "ockam/xeddsa.h"
#include "wire/bare.h"

#define OCKAM_KEYS "ockam-0.22-keys.txt"

/* randomness that was written down: gives its bytes in their order, and fails the test when it is
 * asked for more */
struct scripted {
	size_t len, given;
	uint8_t bytes[512];
};

static inline void
scripted_fill(void *arg, void *ret, size_t len)
{
	struct scripted *scripted = arg;

	assert_true(len <= scripted->len - scripted->given);
	memcpy(ret, scripted->bytes + scripted->given, len);
	scripted->given += len;
}

/* keeps scripted */
static inline struct tacit_random
scripted_random(struct scripted *scripted)
{
	return (struct tacit_random){scripted_fill, scripted};
}

/* adds a field of the current block */
static inline void
scripted_add(struct scripted *scripted, const struct vectors *v, const char *name)
{
	scripted->len += vectors_hex(
	    v, name, scripted->bytes + scripted->len, sizeof(scripted->bytes) - scripted->len);
}

/* the next block that has these values; ends the test when there is none */
static inline void
ockam_keys_find(struct vectors *v, const char *kind, const char *end)
{
	do {
		if (!vectors_next(v))
			fail_msg("no block %s of %s", kind, end);
	} while (
	    strcmp(vectors_text(v, "kind"), kind) != 0 || strcmp(vectors_text(v, "end"), end) != 0);
}

/* a captured identity in a vault of its own, which has the randomness of one proof left */
struct ockam_captured {
	struct scripted scripted;
	struct tacit_random random;
	struct tacit_vault *vault;
	struct tacit_ockam_identity identity;
};

/* end: alice or bob; ret may not move */
static inline void
ockam_captured_init(struct ockam_captured *ret, const char *end)
{
	struct vectors v;

	memset(ret, 0, sizeof(*ret));
	vectors_open(&v, OCKAM_KEYS);
	ockam_keys_find(&v, "key", end);
	assert_string_equal(vectors_text(&v, "which"), "identity");
	scripted_add(&ret->scripted, &v, "drawn");
	for (unsigned i = 0; i < 3; i++) {
		ockam_keys_find(&v, "signature", end);
		scripted_add(&ret->scripted, &v, "z");
	}
	vectors_close(&v);
	ret->random = scripted_random(&ret->scripted);
	assert_int_equal(tacit_vault_create(&ret->random, &ret->vault), TACIT_OK);
	assert_int_equal(tacit_ockam_identity_create(ret->vault, &ret->identity), TACIT_OK);
}

static inline void
ockam_captured_fini(struct ockam_captured *captured)
{
	tacit_ockam_identity_fini(&captured->identity);
	tacit_vault_destroy(captured->vault);
}

/* keys of tests by number */
static inline void
ockam_key(unsigned number, struct tacit_x25519_secret *ret, struct tacit_x25519_public *ret_public)
{
	struct seeded seed = {number + 1000};

	seeded_fill(&seed, ret->b, sizeof(ret->b));
	tacit_x25519_clamp(ret);
	tacit_x25519_derive(ret, ret_public);
}

static inline void
ockam_identifier(unsigned key, struct tacit_identifier *ret)
{
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;

	ockam_key(key, &secret, &public);
	tacit_hash(ret->b, public.b, sizeof(public.b), NULL, 0);
}

/* an event as it will be written; signatures fit whatever is written, by the keys named */
struct ockam_event {
	uint64_t type;
	unsigned key;            /* the one it is about */
	unsigned self, previous; /* who signs for the new key, and for the one before */
	unsigned root;           /* who signs the event */
	const char *label;
	uint64_t meta, kind, lasts, length;
	uint8_t version;
	unsigned attributes; /* entries of the map */
	unsigned changes;    /* how often the change is written */
	size_t key_len;
	uint64_t proof, proof_type;
	uint8_t id_xor, previous_id_xor; /* into the first byte */
};

struct ockam_message {
	uint64_t variant;
	const char *identifier; /* NULL: that of the first key */
	size_t count;
	struct ockam_event events[TACIT_OCKAM_EVENTS_MAX + 1];
	uint8_t h[TACIT_HASH_LEN];
	unsigned proof; /* the key that signs h */
	size_t proof_len;
};

#define OCKAM_MESSAGE_LEN_MAX 32768

static inline struct ockam_event
ockam_event_create(unsigned key, unsigned root)
{
	return (struct ockam_event){
	    .type = TACIT_OCKAM_CREATE_KEY,
	    .key = key,
	    .self = key,
	    .root = root,
	    .label = TACIT_OCKAM_LABEL,
	    .meta = TACIT_OCKAM_META,
	    .kind = TACIT_OCKAM_CURVE25519,
	    .lasts = TACIT_OCKAM_PERSISTENT,
	    .length = TACIT_OCKAM_KEY_LEN,
	    .version = 1,
	    .changes = 1,
	    .key_len = TACIT_X25519_LEN,
	    .proof = TACIT_OCKAM_SIGNATURE,
	    .proof_type = TACIT_OCKAM_ROOT_SIGN,
	};
}

static inline struct ockam_event
ockam_event_rotate(unsigned key, unsigned previous, unsigned root)
{
	struct ockam_event event = ockam_event_create(key, root);

	event.type = TACIT_OCKAM_ROTATE_KEY;
	event.previous = previous;
	return event;
}

/* an honest request of an identity that created key 0 and rotated to 1, 2 ... count - 1 */
static inline void
ockam_message_init(struct ockam_message *ret, size_t count)
{
	memset(ret, 0, sizeof(*ret));
	ret->variant = TACIT_OCKAM_REQUEST;
	ret->count = count;
	ret->events[0] = ockam_event_create(0, 0);
	for (unsigned i = 1; i < count; i++)
		ret->events[i] = ockam_event_rotate(i, i - 1, i - 1);
	memset(ret->h, 0x68, sizeof(ret->h));
	ret->proof = count > 0 ? (unsigned)count - 1 : 0;
	ret->proof_len = TACIT_ED25519_SIGNATURE_LEN;
}

static inline void
ockam_sign(unsigned key, const uint8_t hash[TACIT_HASH_LEN], uint8_t *ret)
{
	struct seeded seed = {key};
	struct tacit_ed25519_signature signature;
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	uint8_t z[TACIT_XEDDSA_Z_LEN];

	seeded_fill(&seed, z, sizeof(z));
	ockam_key(key, &secret, &public);
	tacit_xeddsa_sign(&secret, hash, TACIT_HASH_LEN, z, &signature);
	memcpy(ret, signature.b, sizeof(signature.b));
}

static inline void
ockam_put_signature(struct tacit_writer *w, unsigned key, const uint8_t hash[TACIT_HASH_LEN])
{
	uint8_t signature[TACIT_ED25519_SIGNATURE_LEN];

	ockam_sign(key, hash, signature);
	tacit_writer_put(w, signature, sizeof(signature));
}

static inline void
ockam_put_change(struct tacit_writer *w, const struct ockam_event *event)
{
	uint8_t key[128] = {0}, hash[TACIT_HASH_LEN];
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	size_t data;

	tacit_writer_u8(w, event->version);
	tacit_bare_write_uint(w, event->attributes);
	for (unsigned i = 0; i < event->attributes; i++) {
		tacit_bare_write_text(w, "a name");
		tacit_bare_write_text(w, "");
	}
	tacit_bare_write_uint(w, event->type);
	data = w->len;
	tacit_bare_write_text(w, event->label);
	tacit_bare_write_uint(w, event->meta);
	if (event->meta != TACIT_OCKAM_META_NONE) {
		tacit_bare_write_uint(w, event->kind);
		tacit_bare_write_uint(w, event->lasts);
		tacit_bare_write_u64(w, event->length);
	}
	ockam_key(event->key, &secret, &public);
	memcpy(key, public.b, sizeof(public.b));
	tacit_bare_write_data(w, key, event->key_len);
	tacit_hash(hash, w->bytes + data, w->len - data, NULL, 0);
	ockam_put_signature(w, event->self, hash);
	if (event->type == TACIT_OCKAM_ROTATE_KEY)
		ockam_put_signature(w, event->previous, hash);
}

/* id: of the event before; then of this one */
static inline void
ockam_put_event(struct tacit_writer *w, const struct ockam_event *event, uint8_t id[TACIT_HASH_LEN])
{
	size_t at = w->len, changes = at + TACIT_HASH_LEN;

	(void)tacit_writer_reserve(w, TACIT_HASH_LEN);
	id[0] ^= event->previous_id_xor;
	tacit_writer_put(w, id, TACIT_HASH_LEN);
	tacit_bare_write_uint(w, event->changes);
	for (unsigned i = 0; i < event->changes; i++)
		ockam_put_change(w, event);
	tacit_hash(id, w->bytes + changes, w->len - changes, NULL, 0);
	id[0] ^= event->id_xor;
	memcpy(w->bytes + at, id, TACIT_HASH_LEN);
	tacit_bare_write_uint(w, event->proof);
	tacit_bare_write_uint(w, event->proof_type);
	ockam_put_signature(w, event->root, id);
}

/* returns how many bytes, at most OCKAM_MESSAGE_LEN_MAX */
static inline size_t
ockam_message_write(const struct ockam_message *message, uint8_t *ret)
{
	uint8_t id[TACIT_HASH_LEN], proof[TACIT_ED25519_SIGNATURE_LEN + 64] = {0};
	struct tacit_identifier identifier;
	struct tacit_writer w;
	char text[65];

	tacit_writer_init(&w, ret, OCKAM_MESSAGE_LEN_MAX);
	tacit_bare_write_uint(&w, message->variant);
	ockam_identifier(message->events[0].key, &identifier);
	tacit_hex_encode(text, identifier.b, sizeof(identifier.b));
	tacit_bare_write_text(&w, message->identifier != NULL ? message->identifier : text);
	tacit_bare_write_uint(&w, message->count);
	tacit_hash(id, "OCKAM_NO_EVENT", 14, NULL, 0);
	for (size_t i = 0; i < message->count; i++)
		ockam_put_event(&w, &message->events[i], id);
	ockam_sign(message->proof, message->h, proof);
	tacit_bare_write_data(&w, proof, message->proof_len);
	assert_false(w.bad);
	return w.len;
}

#endif
