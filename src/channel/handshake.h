/*
 * channel/handshake.h: the three handshake messages: Noise XX with an identity proof inside
 * messages 2 and 3.  Source: PROTOCOL.md 5.
 *
 *	message 1  kind 01, version 01, suite 01, e                       35 bytes
 *	message 2  kind 02, e, ee, s, es, sealed proof payload          1505 bytes
 *	message 3  kind 03, s, se, sealed proof payload                 1473 bytes
 *
 * Each function asserts that its step is due.  One that fails leaves a state that is good for
 * nothing but fini; whoever may get forgeries works on a copy.
 */
#ifndef TACIT_CHANNEL_HANDSHAKE_H
#define TACIT_CHANNEL_HANDSHAKE_H

#include "identity/entity.h"
#include "noise/xx.h"

/* first byte of every payload of a native channel; all below 0x20 (PROTOCOL.md 5.1) */
enum tacit_kind {
	TACIT_KIND_MESSAGE_1 = 1,
	TACIT_KIND_MESSAGE_2 = 2,
	TACIT_KIND_MESSAGE_3 = 3,
	TACIT_KIND_RECORDS = 4,
};

#define TACIT_CHANNEL_VERSION 1
#define TACIT_CHANNEL_SUITE   1 /* Noise_XX_25519_AESGCM_SHA256 */

#define TACIT_MESSAGE_1_LEN (3 + TACIT_NOISE_XX_TOKENS1)
#define TACIT_MESSAGE_2_LEN \
	(1 + TACIT_NOISE_XX_TOKENS2 + TACIT_PROOF_PAYLOAD_LEN + TACIT_NOISE_PAYLOAD_OVERHEAD)
#define TACIT_MESSAGE_3_LEN \
	(1 + TACIT_NOISE_XX_TOKENS3 + TACIT_PROOF_PAYLOAD_LEN + TACIT_NOISE_PAYLOAD_OVERHEAD)

/* bytes of an application context that both ends may agree on (PROTOCOL.md 5.2) */
#define TACIT_CONTEXT_LEN_MAX 255

/* Errors: TACIT_EINVAL: context too long */
TACIT_MUST_USE tacit_err tacit_handshake_init(struct tacit_noise_xx *xx, bool initiator,
    const uint8_t *context, size_t context_len, const struct tacit_random *random);

/* Errors of create: TACIT_EINTERNAL, TACIT_ENOMEM, TACIT_ENOTFOUND (the identity's key is gone).
 * Errors of consume: TACIT_EFORMAT, TACIT_EUNSUPPORTED (version or suite), TACIT_EAUTH */
TACIT_MUST_USE tacit_err tacit_handshake_create1(
    struct tacit_noise_xx *xx, uint8_t ret[TACIT_MESSAGE_1_LEN]);
TACIT_MUST_USE tacit_err tacit_handshake_consume1(
    struct tacit_noise_xx *xx, const uint8_t *bytes, size_t len);
TACIT_MUST_USE tacit_err tacit_handshake_create2(struct tacit_noise_xx *xx,
    const struct tacit_identity *identity, uint8_t ret[TACIT_MESSAGE_2_LEN]);
TACIT_MUST_USE tacit_err tacit_handshake_consume2(
    struct tacit_noise_xx *xx, const uint8_t *bytes, size_t len, struct tacit_proven *ret_peer);
TACIT_MUST_USE tacit_err tacit_handshake_create3(struct tacit_noise_xx *xx,
    const struct tacit_identity *identity, uint8_t ret[TACIT_MESSAGE_3_LEN]);
TACIT_MUST_USE tacit_err tacit_handshake_consume3(
    struct tacit_noise_xx *xx, const uint8_t *bytes, size_t len, struct tacit_proven *ret_peer);

#endif
