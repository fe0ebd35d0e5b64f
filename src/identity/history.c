#include "identity/history.h"

#include <string.h>

#include "base/hex.h"
#include "base/memory.h"

#define CREATE_LEN (1 + TACIT_ED25519_LEN + TACIT_ED25519_SIGNATURE_LEN)
#define ROTATE_LEN (CREATE_LEN + TACIT_ED25519_SIGNATURE_LEN)
/* all changes of the longest history */
#define CHANGES_LEN_MAX (TACIT_HISTORY_LEN_MAX - 1)
_Static_assert(CHANGES_LEN_MAX == CREATE_LEN + (TACIT_HISTORY_CHANGES_MAX - 1) * ROTATE_LEN,
    "history.h says it in numbers");

static const char label[] = "tacit.v1.change";

/* a history is one creation, then rotations (PROTOCOL.md 4.2) */
static enum tacit_change_type
type_at(size_t index)
{
	return index == 0 ? TACIT_CHANGE_CREATE : TACIT_CHANGE_ROTATE;
}

static void
encode_change(struct tacit_writer *w, const struct tacit_change *change)
{
	tacit_writer_u8(w, (uint8_t)change->type);
	tacit_writer_put(w, change->key.b, TACIT_ED25519_LEN);
	tacit_writer_put(w, change->self.b, TACIT_ED25519_SIGNATURE_LEN);
	if (change->type == TACIT_CHANGE_ROTATE)
		tacit_writer_put(w, change->previous.b, TACIT_ED25519_SIGNATURE_LEN);
}

void
tacit_history_identifier(const struct tacit_history *history, struct tacit_identifier *ret)
{
	tacit_assert(history->count > 0);
	tacit_hash(ret->b, history->changes[0].key.b, TACIT_ED25519_LEN, NULL, 0);
}

void
tacit_history_change_id(
    const struct tacit_history *history, size_t index, uint8_t ret[TACIT_HASH_LEN])
{
	uint8_t bytes[CHANGES_LEN_MAX];
	struct tacit_writer w;

	tacit_assert(index < history->count);
	tacit_writer_init(&w, bytes, sizeof(bytes));
	for (size_t i = 0; i <= index; i++)
		encode_change(&w, &history->changes[i]);
	tacit_assert(!w.bad);
	tacit_hash(ret, bytes, w.len, NULL, 0);
}

const struct tacit_ed25519_public *
tacit_history_key(const struct tacit_history *history)
{
	tacit_assert(history->count > 0);
	return &history->changes[history->count - 1].key;
}

void
tacit_history_change_input(
    const struct tacit_history *history, size_t index, uint8_t ret[TACIT_CHANGE_INPUT_LEN])
{
	uint8_t before[TACIT_HASH_LEN] = {0};
	struct tacit_writer w;

	tacit_assert(index < TACIT_HISTORY_CHANGES_MAX);
	if (index > 0)
		tacit_history_change_id(history, index - 1, before);
	tacit_writer_init(&w, ret, TACIT_CHANGE_INPUT_LEN);
	tacit_writer_be16(&w, (uint16_t)strlen(label));
	tacit_writer_put(&w, label, strlen(label));
	tacit_writer_put(&w, before, sizeof(before));
	tacit_writer_u8(&w, (uint8_t)history->changes[index].type);
	tacit_writer_put(&w, history->changes[index].key.b, TACIT_ED25519_LEN);
	tacit_assert(!w.bad && w.len == TACIT_CHANGE_INPUT_LEN);
}

static tacit_err
verify_change(const struct tacit_history *history, size_t index)
{
	const struct tacit_change *change = &history->changes[index];
	uint8_t input[TACIT_CHANGE_INPUT_LEN];
	tacit_err err;

	if (change->type != type_at(index))
		return TACIT_EAUTH;
	tacit_history_change_input(history, index, input);
	err = tacit_ed25519_verify(&change->key, input, sizeof(input), &change->self);
	if (err != TACIT_OK || index == 0)
		return err;
	return tacit_ed25519_verify(
	    &history->changes[index - 1].key, input, sizeof(input), &change->previous);
}

tacit_err
tacit_history_verify(const struct tacit_history *history)
{
	if (history->count == 0 || history->count > TACIT_HISTORY_CHANGES_MAX)
		return TACIT_EAUTH;
	for (size_t i = 0; i < history->count; i++) {
		tacit_err err = verify_change(history, i);

		if (err != TACIT_OK)
			return err;
	}
	return TACIT_OK;
}

size_t
tacit_history_encoded_len(const struct tacit_history *history)
{
	tacit_assert(history->count > 0);
	return 1 + CREATE_LEN + (size_t)(history->count - 1) * ROTATE_LEN;
}

void
tacit_history_encode(struct tacit_writer *w, const struct tacit_history *history)
{
	tacit_writer_u8(w, history->count);
	for (size_t i = 0; i < history->count; i++)
		encode_change(w, &history->changes[i]);
}

void
tacit_history_decode(struct tacit_reader *r, struct tacit_history *ret)
{
	uint8_t count = tacit_reader_u8(r);

	memset(ret, 0, sizeof(*ret));
	if (count == 0 || count > TACIT_HISTORY_CHANGES_MAX)
		tacit_reader_fail(r);
	for (size_t i = 0; !r->bad && i < count; i++) {
		struct tacit_change *change = &ret->changes[i];

		change->type = type_at(i);
		if (tacit_reader_u8(r) != change->type)
			tacit_reader_fail(r);
		tacit_reader_copy(r, change->key.b, TACIT_ED25519_LEN);
		tacit_reader_copy(r, change->self.b, TACIT_ED25519_SIGNATURE_LEN);
		if (change->type == TACIT_CHANGE_ROTATE)
			tacit_reader_copy(r, change->previous.b, TACIT_ED25519_SIGNATURE_LEN);
	}
	if (r->bad)
		memset(ret, 0, sizeof(*ret));
	else
		ret->count = count;
}

void
tacit_identifier_format(
    const struct tacit_identifier *identifier, char ret[TACIT_IDENTIFIER_TEXT_LEN])
{
	ret[0] = 'P';
	tacit_hex_encode(ret + 1, identifier->b, sizeof(identifier->b));
}

tacit_err
tacit_identifier_parse(const char *text, struct tacit_identifier *ret)
{
	struct tacit_identifier identifier;

	if (text[0] != 'P' || !tacit_hex_decode(identifier.b, sizeof(identifier.b), text + 1))
		return TACIT_EFORMAT;
	*ret = identifier;
	return TACIT_OK;
}

bool
tacit_identifier_equal(const struct tacit_identifier *a, const struct tacit_identifier *b)
{
	return tacit_equal_ct(a->b, b->b, sizeof(a->b));
}
