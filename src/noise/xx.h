/*
 * noise/xx.h: the handshake Noise_XX_25519_AESGCM_SHA256, to the letter (Noise rev 34, 7.5).
 *
 *   -> e
 *   <- e, ee, s, es
 *   -> s, se
 *
 * create writes a message, consume reads one, both in the same file and in the order of the
 * pattern.  Payloads are the caller's.  A message that does not verify leaves a state that is
 * wiped and good for nothing: every later step answers TACIT_EAUTH.  Whoever may get forgeries
 * reads them on a copy (tacit_noise_xx_copy), see PROTOCOL.md 5.3.
 *
 * Proofs sign h *between* a message's last token and its payload (PROTOCOL.md 5.4), so creating and
 * consuming messages 2 and 3 takes two steps: the tokens, then the payload.
 */
#ifndef TACIT_NOISE_XX_H
#define TACIT_NOISE_XX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/port.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/x25519.h"
#include "tacit/err.h"

/* bytes that the tokens take in each message, and what a payload adds to its own length */
#define TACIT_NOISE_XX_TOKENS1       32
#define TACIT_NOISE_XX_TOKENS2       (32 + 32 + TACIT_TAG_LEN)
#define TACIT_NOISE_XX_TOKENS3       (32 + TACIT_TAG_LEN)
#define TACIT_NOISE_PAYLOAD_OVERHEAD TACIT_TAG_LEN /* 0 in message 1 */

/* where a handshake stands: the next thing that may happen to it */
enum tacit_noise_step {
	TACIT_NOISE_MESSAGE_1,
	TACIT_NOISE_MESSAGE_2,
	TACIT_NOISE_PAYLOAD_2,
	TACIT_NOISE_MESSAGE_3,
	TACIT_NOISE_PAYLOAD_3,
	TACIT_NOISE_SPLIT,
	TACIT_NOISE_OVER, /* split, failed or finished */
};

/* plain state, about 300 bytes, all of it secret; fini wipes.  Keep it in secret memory */
struct tacit_noise_xx {
	bool initiator;
	enum tacit_noise_step step;
	struct tacit_x25519_secret s, e;
	struct tacit_x25519_public s_public, e_public, rs, re;
	uint8_t ck[TACIT_HASH_LEN], h[TACIT_HASH_LEN];
	uint8_t k[TACIT_KEY_LEN];
	bool has_key;
	uint64_t n;
};

/* fresh keys s and e, both drawn now.  Borrows prologue and random */
void tacit_noise_xx_init(struct tacit_noise_xx *xx, bool initiator, const uint8_t *prologue,
    size_t prologue_len, const struct tacit_random *random);
/* keys given, for published vectors */
void tacit_noise_xx_init_keys(struct tacit_noise_xx *xx, bool initiator, const uint8_t *prologue,
    size_t prologue_len, const struct tacit_x25519_secret *s, const struct tacit_x25519_secret *e);
/* for consuming on the copy.  Creating on two copies may seal two payloads with one nonce */
void tacit_noise_xx_copy(struct tacit_noise_xx *ret, const struct tacit_noise_xx *xx);
/* wipes; also called by a step that fails */
void tacit_noise_xx_fini(struct tacit_noise_xx *xx);

/* Each of these asserts that its step is the one due and its caller's role the right one, unless
 * the handshake is over: TACIT_EAUTH.  Errors: TACIT_EAUTH (does not verify, or a
 * Diffie-Hellman result is all zeros, or the peer's ephemeral key is our own: a reflection),
 * TACIT_EFORMAT (too short), TACIT_ENOMEM.  `tokens` are the first bytes of a message, `payload`
 * what follows them. */

/* message 1; its payload is not encrypted, only hashed */
TACIT_MUST_USE tacit_err tacit_noise_xx_create1(struct tacit_noise_xx *xx, const uint8_t *payload,
    size_t payload_len, uint8_t ret_tokens[TACIT_NOISE_XX_TOKENS1]);
TACIT_MUST_USE tacit_err tacit_noise_xx_consume1(struct tacit_noise_xx *xx,
    const uint8_t tokens[TACIT_NOISE_XX_TOKENS1], const uint8_t *payload, size_t payload_len);
TACIT_MUST_USE tacit_err tacit_noise_xx_create2(
    struct tacit_noise_xx *xx, uint8_t ret_tokens[TACIT_NOISE_XX_TOKENS2]);
TACIT_MUST_USE tacit_err tacit_noise_xx_consume2(
    struct tacit_noise_xx *xx, const uint8_t tokens[TACIT_NOISE_XX_TOKENS2]);
TACIT_MUST_USE tacit_err tacit_noise_xx_create3(
    struct tacit_noise_xx *xx, uint8_t ret_tokens[TACIT_NOISE_XX_TOKENS3]);
TACIT_MUST_USE tacit_err tacit_noise_xx_consume3(
    struct tacit_noise_xx *xx, const uint8_t tokens[TACIT_NOISE_XX_TOKENS3]);
/* the payload of messages 2 and 3: seal writes len + TACIT_TAG_LEN bytes, open len - TACIT_TAG_LEN;
 * ret may be the input itself */
TACIT_MUST_USE tacit_err tacit_noise_xx_seal_payload(
    struct tacit_noise_xx *xx, const uint8_t *payload, size_t len, uint8_t *ret);
TACIT_MUST_USE tacit_err tacit_noise_xx_open_payload(
    struct tacit_noise_xx *xx, const uint8_t *sealed, size_t len, uint8_t *ret);
/* after message 3: k1 is the initiator's sending key, k2 the responder's (Noise rev 34, 5.3); the
 * final h stays in xx->h, all else is wiped */
void tacit_noise_xx_split(
    struct tacit_noise_xx *xx, uint8_t ret_k1[TACIT_KEY_LEN], uint8_t ret_k2[TACIT_KEY_LEN]);

#endif
