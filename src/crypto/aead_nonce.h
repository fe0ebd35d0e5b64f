/*
 * crypto/aead_nonce.h: AES-256-GCM under any 96-bit nonce, for aead.c and the published vectors.
 *
 * Nobody else includes this: a caller who chooses nonces can choose one twice, and crypto/aead.h
 * takes a counter only.
 */
#ifndef TACIT_CRYPTO_AEAD_NONCE_H
#define TACIT_CRYPTO_AEAD_NONCE_H

#include "crypto/aead.h"

#define TACIT_NONCE_LEN 12

struct tacit_aead_input {
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *bytes;
	size_t len;
};

/* as tacit_aead_seal and tacit_aead_open */
TACIT_MUST_USE tacit_err tacit_aead_seal_nonce(struct tacit_aead *aead,
    const uint8_t nonce[TACIT_NONCE_LEN], const struct tacit_aead_input *input, uint8_t *ret);
TACIT_MUST_USE tacit_err tacit_aead_open_nonce(struct tacit_aead *aead,
    const uint8_t nonce[TACIT_NONCE_LEN], const struct tacit_aead_input *input, uint8_t *ret);

#endif
