/*
 * crypto/x25519.h: Diffie-Hellman of RFC 7748.  Secret and public key are types of their own, so
 * that swapping them does not compile.
 */
#ifndef TACIT_CRYPTO_X25519_H
#define TACIT_CRYPTO_X25519_H

#include <stdint.h>

#include "base/port.h"
#include "tacit/err.h"

#define TACIT_X25519_LEN 32

struct tacit_x25519_secret {
	uint8_t b[TACIT_X25519_LEN];
};
struct tacit_x25519_public {
	uint8_t b[TACIT_X25519_LEN];
};

void tacit_x25519_generate(const struct tacit_random *random, struct tacit_x25519_secret *ret,
    struct tacit_x25519_public *ret_public);
void tacit_x25519_derive(const struct tacit_x25519_secret *secret, struct tacit_x25519_public *ret);
/* the number that any use of the secret takes it for (RFC 7748, section 5), in its place: the public
 * key stays the same */
void tacit_x25519_clamp(struct tacit_x25519_secret *secret);
/* Errors: TACIT_EAUTH: the result is all zeros, the peer sent a point of small order */
TACIT_MUST_USE tacit_err tacit_x25519_dh(const struct tacit_x25519_secret *secret,
    const struct tacit_x25519_public *peer, uint8_t ret[TACIT_X25519_LEN]);

#endif
