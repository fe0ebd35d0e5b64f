#include "channel/handshake.h"

#include <string.h>

#include "base/memory.h"

/*
 *   -> e                        message 1
 *   <- e, ee, s, es, {proof}    message 2
 *   -> s, se, {proof}           message 3
 *
 * A proof signs h as it is between a message's tokens and its payload.
 */

tacit_err
tacit_handshake_init(struct tacit_noise_xx *xx, bool initiator, const uint8_t *context,
    size_t context_len, const struct tacit_random *random)
{
	uint8_t prologue[7 + TACIT_CONTEXT_LEN_MAX] = {
	    'T', 'a', 'c', 'i', 't', TACIT_CHANNEL_VERSION, TACIT_CHANNEL_SUITE};

	if (context_len > TACIT_CONTEXT_LEN_MAX)
		return TACIT_EINVAL;
	if (context_len > 0)
		memcpy(prologue + 7, context, context_len);
	tacit_noise_xx_init(xx, initiator, prologue, 7 + context_len, random);
	return TACIT_OK;
}

tacit_err
tacit_handshake_create1(struct tacit_noise_xx *xx, uint8_t ret[TACIT_MESSAGE_1_LEN])
{
	ret[0] = TACIT_KIND_MESSAGE_1;
	ret[1] = TACIT_CHANNEL_VERSION;
	ret[2] = TACIT_CHANNEL_SUITE;
	return tacit_noise_xx_create1(xx, NULL, 0, ret + 3);
}

tacit_err
tacit_handshake_consume1(struct tacit_noise_xx *xx, const uint8_t *bytes, size_t len)
{
	if (len < 3 || bytes[0] != TACIT_KIND_MESSAGE_1)
		return TACIT_EFORMAT;
	if (bytes[1] != TACIT_CHANNEL_VERSION || bytes[2] != TACIT_CHANNEL_SUITE)
		return TACIT_EUNSUPPORTED;
	if (len != TACIT_MESSAGE_1_LEN)
		return TACIT_EFORMAT;
	return tacit_noise_xx_consume1(xx, bytes + 3, NULL, 0);
}

/* the proof payload of message 2 or 3, behind its tokens */
static tacit_err
seal_proof(struct tacit_noise_xx *xx, const struct tacit_identity *identity, uint8_t *ret)
{
	enum tacit_role role = xx->initiator ? TACIT_ROLE_INITIATOR : TACIT_ROLE_RESPONDER;
	uint8_t payload[TACIT_PROOF_PAYLOAD_LEN];
	struct tacit_ed25519_signature proof;
	tacit_err err;

	if ((err = tacit_identity_prove(identity, role, xx->h, &proof)) != TACIT_OK)
		return err;
	tacit_proof_encode(payload, &identity->history, &proof);
	return tacit_noise_xx_seal_payload(xx, payload, sizeof(payload), ret);
}

static tacit_err
open_proof(struct tacit_noise_xx *xx, const uint8_t *sealed, struct tacit_proven *ret_peer)
{
	enum tacit_role role = xx->initiator ? TACIT_ROLE_RESPONDER : TACIT_ROLE_INITIATOR;
	uint8_t h[TACIT_HASH_LEN], payload[TACIT_PROOF_PAYLOAD_LEN];
	tacit_err err;

	memcpy(h, xx->h, sizeof(h));
	if ((err = tacit_noise_xx_open_payload(
		 xx, sealed, sizeof(payload) + TACIT_NOISE_PAYLOAD_OVERHEAD, payload)) != TACIT_OK)
		return err;
	return tacit_proof_verify(payload, role, h, ret_peer);
}

tacit_err
tacit_handshake_create2(struct tacit_noise_xx *xx, const struct tacit_identity *identity,
    uint8_t ret[TACIT_MESSAGE_2_LEN])
{
	tacit_err err;

	ret[0] = TACIT_KIND_MESSAGE_2;
	if ((err = tacit_noise_xx_create2(xx, ret + 1)) != TACIT_OK)
		return err;
	return seal_proof(xx, identity, ret + 1 + TACIT_NOISE_XX_TOKENS2);
}

tacit_err
tacit_handshake_consume2(
    struct tacit_noise_xx *xx, const uint8_t *bytes, size_t len, struct tacit_proven *ret_peer)
{
	tacit_err err;

	if (len != TACIT_MESSAGE_2_LEN || bytes[0] != TACIT_KIND_MESSAGE_2)
		return TACIT_EFORMAT;
	if ((err = tacit_noise_xx_consume2(xx, bytes + 1)) != TACIT_OK)
		return err;
	return open_proof(xx, bytes + 1 + TACIT_NOISE_XX_TOKENS2, ret_peer);
}

tacit_err
tacit_handshake_create3(struct tacit_noise_xx *xx, const struct tacit_identity *identity,
    uint8_t ret[TACIT_MESSAGE_3_LEN])
{
	tacit_err err;

	ret[0] = TACIT_KIND_MESSAGE_3;
	if ((err = tacit_noise_xx_create3(xx, ret + 1)) != TACIT_OK)
		return err;
	return seal_proof(xx, identity, ret + 1 + TACIT_NOISE_XX_TOKENS3);
}

tacit_err
tacit_handshake_consume3(
    struct tacit_noise_xx *xx, const uint8_t *bytes, size_t len, struct tacit_proven *ret_peer)
{
	tacit_err err;

	if (len != TACIT_MESSAGE_3_LEN || bytes[0] != TACIT_KIND_MESSAGE_3)
		return TACIT_EFORMAT;
	if ((err = tacit_noise_xx_consume3(xx, bytes + 1)) != TACIT_OK)
		return err;
	return open_proof(xx, bytes + 1 + TACIT_NOISE_XX_TOKENS3, ret_peer);
}
