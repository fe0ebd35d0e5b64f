/*
 * ockam/xeddsa.h: signatures with X25519 keys, XEdDSA, in the form of 2021.
 * Source: PROTOCOL.md 9.5.
 *
 *   a        the secret, clamped; E = a B, A = E with sign bit 0
 *   k        -a mod L when the sign bit of E is 1, else a
 *   r        SHA-512(fe 20 || k || bytes || z) mod L; R = r B
 *   s        r + SHA-512(R || A || bytes) k mod L
 *
 *   bytes    signature
 *   32       R
 *   32       s
 *
 * For whoever verifies it is an Ed25519 signature by A, which is made from the public X25519 key.
 */
#ifndef TACIT_OCKAM_XEDDSA_H
#define TACIT_OCKAM_XEDDSA_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/ed25519.h"
#include "crypto/x25519.h"
#include "tacit/err.h"

#define TACIT_XEDDSA_Z_LEN 64

/* z: random, another for each signature.  secret is clamped.  Takes the same time for all secrets
 * and leaves nothing of them on the stack */
void tacit_xeddsa_sign(const struct tacit_x25519_secret *secret, const uint8_t *bytes, size_t len,
    const uint8_t z[TACIT_XEDDSA_Z_LEN], struct tacit_ed25519_signature *ret);
/* strict, as tacit_ed25519_verify; refuses keys that no honest secret has (u = -1, u not below p,
 * points of the twist, points of small order).  Errors: TACIT_EAUTH, TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_xeddsa_verify(const struct tacit_x25519_public *key,
    const uint8_t *bytes, size_t len, const struct tacit_ed25519_signature *signature);

#endif
