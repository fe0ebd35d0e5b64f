#include "identity/proof.h"

#include <string.h>

#include "base/memory.h"

#define VERSION 1

static const char label[] = "tacit.v1.proof";

static void
put_field(struct tacit_writer *w, const void *bytes, size_t len)
{
	tacit_writer_be16(w, (uint16_t)len);
	tacit_writer_put(w, bytes, len);
}

void
tacit_proof_input(uint8_t ret[TACIT_PROOF_INPUT_LEN], enum tacit_role role,
    const uint8_t h[TACIT_HASH_LEN], const struct tacit_history *history)
{
	const uint8_t role_byte = (uint8_t)role;
	struct tacit_identifier identifier;
	uint8_t change_id[TACIT_HASH_LEN];
	struct tacit_writer w;

	tacit_history_identifier(history, &identifier);
	tacit_history_change_id(history, history->count - 1u, change_id);
	tacit_writer_init(&w, ret, TACIT_PROOF_INPUT_LEN);
	put_field(&w, label, strlen(label));
	put_field(&w, &role_byte, 1);
	put_field(&w, h, TACIT_HASH_LEN);
	put_field(&w, identifier.b, sizeof(identifier.b));
	put_field(&w, change_id, sizeof(change_id));
	tacit_assert(!w.bad && w.len == TACIT_PROOF_INPUT_LEN);
}

void
tacit_proof_encode(uint8_t ret[TACIT_PROOF_PAYLOAD_LEN], const struct tacit_history *history,
    const struct tacit_ed25519_signature *proof)
{
	size_t len = 1 + tacit_history_encoded_len(history) + sizeof(proof->b);
	struct tacit_writer w;

	tacit_writer_init(&w, ret, TACIT_PROOF_PAYLOAD_LEN);
	tacit_writer_be16(&w, (uint16_t)len);
	tacit_writer_u8(&w, VERSION);
	tacit_history_encode(&w, history);
	tacit_writer_put(&w, proof->b, sizeof(proof->b));
	tacit_assert(!w.bad && w.len == 2 + len);
	memset(ret + w.len, 0, TACIT_PROOF_PAYLOAD_LEN - w.len);
}

static tacit_err
decode(const uint8_t payload[TACIT_PROOF_PAYLOAD_LEN], struct tacit_history *ret_history,
    struct tacit_ed25519_signature *ret_proof)
{
	struct tacit_reader outer, r;
	size_t len;
	const uint8_t *bytes;

	tacit_reader_init(&outer, payload, TACIT_PROOF_PAYLOAD_LEN);
	len = tacit_reader_be16(&outer);
	bytes = tacit_reader_take(&outer, len);
	/* padding of anything but zeros would be a place to hide things in */
	while (outer.left > 0) {
		if (tacit_reader_u8(&outer) != 0)
			tacit_reader_fail(&outer);
	}
	if (outer.bad)
		return TACIT_EFORMAT;
	tacit_reader_init(&r, bytes, len);
	if (tacit_reader_u8(&r) != VERSION)
		tacit_reader_fail(&r);
	tacit_history_decode(&r, ret_history);
	tacit_reader_copy(&r, ret_proof->b, sizeof(ret_proof->b));
	return tacit_reader_done(&r) ? TACIT_OK : TACIT_EFORMAT;
}

tacit_err
tacit_proof_verify(const uint8_t payload[TACIT_PROOF_PAYLOAD_LEN], enum tacit_role role,
    const uint8_t h[TACIT_HASH_LEN], struct tacit_proven *ret)
{
	struct tacit_ed25519_signature proof;
	uint8_t input[TACIT_PROOF_INPUT_LEN];
	struct tacit_history history;
	tacit_err err;

	if ((err = decode(payload, &history, &proof)) != TACIT_OK ||
	    (err = tacit_history_verify(&history)) != TACIT_OK)
		return err;
	tacit_proof_input(input, role, h, &history);
	err = tacit_ed25519_verify(tacit_history_key(&history), input, sizeof(input), &proof);
	if (err != TACIT_OK)
		return err;
	ret->history = history;
	tacit_history_identifier(&history, &ret->identifier);
	return TACIT_OK;
}
