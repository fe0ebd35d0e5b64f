#include "ockam/contact.h"

#include <stdbool.h>
#include <string.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/memory.h"
#include "identity/history.h"
#include "ockam/xeddsa.h"
#include "wire/bare.h"

#define IDENTIFIER_TEXT_LEN (2 * sizeof(((struct tacit_identifier *)NULL)->b))
/* the highest numbers of the enums of 2021 */
#define KIND_MAX  4u
#define LASTS_MAX 1u

/* which key it is: another one when anything here differs */
struct attributes {
	struct tacit_slice label;
	uint64_t meta, kind, lasts, length;
};

/* all of it borrowed from the message */
struct event {
	const uint8_t *id, *previous_id;
	struct tacit_slice changes; /* what the id is the hash of */
	struct tacit_slice data;    /* what the key's signatures are over, hashed */
	uint64_t type;
	struct attributes attributes;
	const uint8_t *key, *self, *previous, *signature;
};

struct contact {
	struct tacit_slice identifier;
	size_t count;
	struct event events[TACIT_OCKAM_EVENTS_MAX];
	const uint8_t *proof;
};

/* flaw: the first one that was met, besides the end of the bytes, which the reader knows */
struct decoder {
	struct tacit_reader r;
	enum tacit_ockam_flaw flaw;
};

const char *
tacit_ockam_flaw_text(enum tacit_ockam_flaw flaw)
{
	static const char *const texts[] = {
#define X(name, err, text) text,
	    TACIT_OCKAM_FLAWS(X)
#undef X
	};

	tacit_assert((size_t)flaw < sizeof(texts) / sizeof(texts[0]));
	return texts[flaw];
}

/* writes down what is wrong, and gives the error that it is */
static tacit_err
found(enum tacit_ockam_flaw flaw, enum tacit_ockam_flaw *ret_flaw)
{
	static const tacit_err errors[] = {
#define X(name, err, text) TACIT_##err,
	    TACIT_OCKAM_FLAWS(X)
#undef X
	};

	*ret_flaw = flaw;
	return errors[flaw];
}

tacit_err
tacit_ockam_contact_encode(const struct tacit_ockam_identity *identity,
    enum tacit_ockam_variant variant, const uint8_t h[TACIT_HASH_LEN],
    uint8_t ret[TACIT_OCKAM_MESSAGE_LEN])
{
	struct tacit_ed25519_signature proof;
	struct tacit_writer w;
	tacit_err err;

	if ((err = tacit_ockam_identity_sign(identity, h, &proof)) != TACIT_OK)
		return err;
	tacit_writer_init(&w, ret, TACIT_OCKAM_MESSAGE_LEN);
	tacit_bare_write_uint(&w, variant);
	tacit_writer_put(&w, identity->contact, sizeof(identity->contact));
	tacit_bare_write_data(&w, proof.b, sizeof(proof.b));
	tacit_assert(!w.bad && w.len == TACIT_OCKAM_MESSAGE_LEN);
	return TACIT_OK;
}

/* ends the reading, because a value is not one of those that are read */
static void
require(struct decoder *d, bool condition, enum tacit_ockam_flaw flaw)
{
	if (condition || d->r.bad)
		return;
	d->flaw = flaw;
	tacit_reader_fail(&d->r);
}

/* what was read since start */
static struct tacit_slice
since(const struct decoder *d, const uint8_t *start)
{
	if (d->r.bad)
		return (struct tacit_slice){NULL, 0};
	return (struct tacit_slice){start, (size_t)(d->r.next - start)};
}

/* Nobody has a use for what the map says, but it is signed: it is read to where it ends. */
static void
decode_map(struct decoder *d)
{
	uint64_t count = tacit_bare_read_uint(&d->r);

	for (uint64_t i = 0; !d->r.bad && i < count; i++) {
		(void)tacit_bare_read_data(&d->r);
		(void)tacit_bare_read_data(&d->r);
	}
}

static void
decode_attributes(struct decoder *d, struct attributes *ret)
{
	ret->label = tacit_bare_read_data(&d->r);
	ret->meta = tacit_bare_read_uint(&d->r);
	require(d, ret->meta <= TACIT_OCKAM_META, TACIT_OCKAM_FLAW_KEY_ATTRIBUTES);
	if (ret->meta == TACIT_OCKAM_META_NONE)
		return;
	ret->kind = tacit_bare_read_uint(&d->r);
	ret->lasts = tacit_bare_read_uint(&d->r);
	ret->length = tacit_bare_read_u64(&d->r);
	require(
	    d, ret->kind <= KIND_MAX && ret->lasts <= LASTS_MAX, TACIT_OCKAM_FLAW_KEY_ATTRIBUTES);
}

/* its version is anything: 2021 has one form for all */
static void
decode_change(struct decoder *d, struct event *ret)
{
	struct tacit_slice key;
	const uint8_t *start;

	(void)tacit_reader_u8(&d->r);
	decode_map(d);
	ret->type = tacit_bare_read_uint(&d->r);
	require(d, ret->type <= TACIT_OCKAM_ROTATE_KEY, TACIT_OCKAM_FLAW_CHANGE_TYPE);
	start = d->r.next;
	decode_attributes(d, &ret->attributes);
	key = tacit_bare_read_data(&d->r);
	require(d, key.len == TACIT_X25519_LEN, TACIT_OCKAM_FLAW_KEY_LEN);
	ret->key = key.bytes;
	ret->data = since(d, start);
	ret->self = tacit_reader_take(&d->r, TACIT_ED25519_SIGNATURE_LEN);
	if (ret->type == TACIT_OCKAM_ROTATE_KEY)
		ret->previous = tacit_reader_take(&d->r, TACIT_ED25519_SIGNATURE_LEN);
}

static void
decode_event(struct decoder *d, struct event *ret)
{
	const uint8_t *start;

	ret->id = tacit_reader_take(&d->r, TACIT_HASH_LEN);
	start = d->r.next;
	ret->previous_id = tacit_reader_take(&d->r, TACIT_HASH_LEN);
	require(d, tacit_bare_read_uint(&d->r) == 1, TACIT_OCKAM_FLAW_CHANGES);
	decode_change(d, ret);
	ret->changes = since(d, start);
	require(
	    d, tacit_bare_read_uint(&d->r) == TACIT_OCKAM_SIGNATURE, TACIT_OCKAM_FLAW_EVENT_PROOF);
	require(d, tacit_bare_read_uint(&d->r) == TACIT_OCKAM_ROOT_SIGN,
	    TACIT_OCKAM_FLAW_EVENT_PROOF_TYPE);
	ret->signature = tacit_reader_take(&d->r, TACIT_ED25519_SIGNATURE_LEN);
}

/* NONE: all of *ret is there */
static enum tacit_ockam_flaw
decode(const uint8_t *bytes, size_t len, enum tacit_ockam_variant variant, struct contact *ret)
{
	struct decoder d = {.flaw = TACIT_OCKAM_FLAW_NONE};
	struct tacit_slice proof;
	uint64_t count;

	tacit_reader_init(&d.r, bytes, len);
	require(&d, tacit_bare_read_uint(&d.r) == variant, TACIT_OCKAM_FLAW_VARIANT);
	ret->identifier = tacit_bare_read_data(&d.r);
	require(&d, ret->identifier.len == IDENTIFIER_TEXT_LEN, TACIT_OCKAM_FLAW_IDENTIFIER_LEN);
	count = tacit_bare_read_uint(&d.r);
	require(&d, count > 0, TACIT_OCKAM_FLAW_NO_EVENTS);
	require(&d, count <= TACIT_OCKAM_EVENTS_MAX, TACIT_OCKAM_FLAW_TOO_MANY_EVENTS);
	for (ret->count = 0; !d.r.bad && ret->count < count; ret->count++)
		decode_event(&d, &ret->events[ret->count]);
	proof = tacit_bare_read_data(&d.r);
	require(&d, proof.len == TACIT_ED25519_SIGNATURE_LEN, TACIT_OCKAM_FLAW_PROOF_LEN);
	ret->proof = proof.bytes;
	if (d.r.bad && d.flaw == TACIT_OCKAM_FLAW_NONE)
		return TACIT_OCKAM_FLAW_CUT_SHORT;
	return d.flaw;
}

static bool
same_key(const struct attributes *a, const struct attributes *b)
{
	return a->label.len == b->label.len &&
	       tacit_equal_ct(a->label.bytes, b->label.bytes, a->label.len) && a->meta == b->meta &&
	       a->kind == b->kind && a->lasts == b->lasts && a->length == b->length;
}

static bool
is_identity_key(const struct attributes *attributes)
{
	static const struct attributes identity_key = {
	    {(const uint8_t *)TACIT_OCKAM_LABEL, sizeof(TACIT_OCKAM_LABEL) - 1}, TACIT_OCKAM_META,
	    TACIT_OCKAM_CURVE25519, TACIT_OCKAM_PERSISTENT, TACIT_OCKAM_KEY_LEN};

	return same_key(attributes, &identity_key);
}

/* the last event before number index with the same key, or NULL */
static const struct event *
key_before(const struct contact *contact, size_t index)
{
	for (size_t i = index; i-- > 0;) {
		if (same_key(&contact->events[i].attributes, &contact->events[index].attributes))
			return &contact->events[i];
	}
	return NULL;
}

/* signature: by the key of event over hash; when it is not, flaw is what that is called */
static tacit_err
check(const struct event *event, const uint8_t hash[TACIT_HASH_LEN], const uint8_t *signature,
    enum tacit_ockam_flaw flaw, enum tacit_ockam_flaw *ret_flaw)
{
	struct tacit_ed25519_signature copy;
	struct tacit_x25519_public key;
	tacit_err err;

	memcpy(key.b, event->key, sizeof(key.b));
	memcpy(copy.b, signature, sizeof(copy.b));
	err = tacit_xeddsa_verify(&key, hash, TACIT_HASH_LEN, &copy);
	return err == TACIT_EAUTH ? found(flaw, ret_flaw) : err;
}

/* the place of event number index in the chain, and what it says of its key; before: the event of
 * the same key before it, or NULL */
static enum tacit_ockam_flaw
judge_place(const struct contact *contact, size_t index, const struct event *before)
{
	const struct event *event = &contact->events[index];
	bool creates = event->type == TACIT_OCKAM_CREATE_KEY;
	uint8_t hash[TACIT_HASH_LEN];

	if (index == 0)
		tacit_ockam_no_event(hash);
	else
		memcpy(hash, contact->events[index - 1].id, sizeof(hash));
	if (!tacit_equal_ct(event->previous_id, hash, sizeof(hash)))
		return TACIT_OCKAM_FLAW_PREVIOUS_ID;
	tacit_hash(hash, event->changes.bytes, event->changes.len, NULL, 0);
	if (!tacit_equal_ct(event->id, hash, sizeof(hash)))
		return TACIT_OCKAM_FLAW_EVENT_ID;
	if (index == 0 && !(creates && is_identity_key(&event->attributes)))
		return TACIT_OCKAM_FLAW_FIRST_KEY;
	if (creates && before != NULL)
		return TACIT_OCKAM_FLAW_KEY_TWICE;
	if (!creates && before == NULL)
		return TACIT_OCKAM_FLAW_NO_PREVIOUS_KEY;
	return TACIT_OCKAM_FLAW_NONE;
}

/* root: the event of the identity key before this one, or in the first event itself */
static tacit_err
verify_event(const struct contact *contact, size_t index, const struct event *root,
    enum tacit_ockam_flaw *ret_flaw)
{
	const struct event *event = &contact->events[index], *before = key_before(contact, index);
	enum tacit_ockam_flaw flaw = judge_place(contact, index, before);
	uint8_t data[TACIT_HASH_LEN];
	tacit_err err;

	if (flaw != TACIT_OCKAM_FLAW_NONE)
		return found(flaw, ret_flaw);
	tacit_hash(data, event->data.bytes, event->data.len, NULL, 0);
	err = check(event, data, event->self, TACIT_OCKAM_FLAW_SELF_SIGNATURE, ret_flaw);
	/* a rotation: judge_place has refused whatever else has a key before it */
	if (err == TACIT_OK && before != NULL)
		err = check(
		    before, data, event->previous, TACIT_OCKAM_FLAW_PREVIOUS_SIGNATURE, ret_flaw);
	if (err == TACIT_OK)
		err = check(
		    root, event->id, event->signature, TACIT_OCKAM_FLAW_EVENT_SIGNATURE, ret_flaw);
	return err;
}

/* all events; *ret_root is the one of the identity key that is in force after them */
static tacit_err
verify_history(
    const struct contact *contact, enum tacit_ockam_flaw *ret_flaw, const struct event **ret_root)
{
	const struct event *root = &contact->events[0];

	for (size_t i = 0; i < contact->count; i++) {
		tacit_err err = verify_event(contact, i, root, ret_flaw);

		if (err != TACIT_OK)
			return err;
		if (is_identity_key(&contact->events[i].attributes))
			root = &contact->events[i];
	}
	*ret_root = root;
	return TACIT_OK;
}

tacit_err
tacit_ockam_contact_verify(const uint8_t *bytes, size_t len, const struct tacit_ockam_due *due,
    enum tacit_ockam_flaw *ret_flaw, struct tacit_identifier *ret)
{
	struct contact contact = {.count = 0};
	char text[IDENTIFIER_TEXT_LEN + 1];
	struct tacit_identifier identifier;
	const struct event *root;
	enum tacit_ockam_flaw flaw;
	tacit_err err;

	*ret_flaw = TACIT_OCKAM_FLAW_NONE;
	flaw = decode(bytes, len, due->variant, &contact);
	if (flaw != TACIT_OCKAM_FLAW_NONE)
		return found(flaw, ret_flaw);
	if ((err = verify_history(&contact, ret_flaw, &root)) != TACIT_OK)
		return err;
	tacit_hash(identifier.b, contact.events[0].key, TACIT_X25519_LEN, NULL, 0);
	tacit_hex_encode(text, identifier.b, sizeof(identifier.b));
	if (!tacit_equal_ct(contact.identifier.bytes, text, IDENTIFIER_TEXT_LEN))
		return found(TACIT_OCKAM_FLAW_IDENTIFIER, ret_flaw);
	if (tacit_identifier_equal(&identifier, due->own))
		return found(TACIT_OCKAM_FLAW_OWN_IDENTIFIER, ret_flaw);
	err = check(root, due->h, contact.proof, TACIT_OCKAM_FLAW_PROOF, ret_flaw);
	if (err == TACIT_OK)
		*ret = identifier;
	return err;
}
