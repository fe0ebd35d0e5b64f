/*
 * crypto/ed25519.h: signatures of RFC 8032.  Verifying is strict: s below the group order, no keys
 * of small order, canonical encodings (libsodium's rules).
 */
#ifndef TACIT_CRYPTO_ED25519_H
#define TACIT_CRYPTO_ED25519_H

#include <stddef.h>
#include <stdint.h>

#include "base/port.h"
#include "tacit/err.h"

#define TACIT_ED25519_LEN           32
#define TACIT_ED25519_SIGNATURE_LEN 64

/* the seed of RFC 8032 (32 bytes) and the public key behind it, as signing wants them */
struct tacit_ed25519_secret {
	uint8_t b[2 * TACIT_ED25519_LEN];
};
struct tacit_ed25519_public {
	uint8_t b[TACIT_ED25519_LEN];
};
struct tacit_ed25519_signature {
	uint8_t b[TACIT_ED25519_SIGNATURE_LEN];
};

void tacit_ed25519_generate(const struct tacit_random *random, struct tacit_ed25519_secret *ret,
    struct tacit_ed25519_public *ret_public);
void tacit_ed25519_from_seed(const uint8_t seed[TACIT_ED25519_LEN],
    struct tacit_ed25519_secret *ret, struct tacit_ed25519_public *ret_public);
void tacit_ed25519_sign(const struct tacit_ed25519_secret *secret, const uint8_t *bytes, size_t len,
    struct tacit_ed25519_signature *ret);
/* Errors: TACIT_EAUTH */
TACIT_MUST_USE tacit_err tacit_ed25519_verify(const struct tacit_ed25519_public *key,
    const uint8_t *bytes, size_t len, const struct tacit_ed25519_signature *signature);

#endif
