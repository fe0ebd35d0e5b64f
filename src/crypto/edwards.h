/*
 * crypto/edwards.h: arithmetic on the group of Ed25519, for signatures made with X25519 keys
 * (XEdDSA).
 *
 * Scalars are little-endian.  Everything that sees a scalar takes the same time for all of them.
 */
#ifndef TACIT_CRYPTO_EDWARDS_H
#define TACIT_CRYPTO_EDWARDS_H

#include <stdint.h>

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/x25519.h"
#include "tacit/err.h"

#define TACIT_SCALAR_LEN 32

/* secret, unless its maker says otherwise: to be wiped */
struct tacit_scalar {
	uint8_t b[TACIT_SCALAR_LEN];
};

/* modulo the group's order L (RFC 8032, 5.1) */
void tacit_scalar_reduce(const uint8_t wide[TACIT_HASH512_LEN], struct tacit_scalar *ret);
/* a * b + c modulo L; none of them has to be below L */
void tacit_scalar_mul_add(const struct tacit_scalar *a, const struct tacit_scalar *b,
    const struct tacit_scalar *c, struct tacit_scalar *ret);
/* -scalar modulo L where condition is 1; where it is 0, scalar as it is, reduced or not */
void tacit_scalar_negate_if(
    const struct tacit_scalar *scalar, uint8_t condition, struct tacit_scalar *ret);
/* scalar times the base point, compressed; the scalar is taken as it is (no clamping), is below
 * 2^255 and no multiple of L */
void tacit_edwards_base(const struct tacit_scalar *scalar, uint8_t ret[TACIT_ED25519_LEN]);
/* the point with this u on the other form of the curve, of the two the one whose sign is 0:
 * y = (u - 1) / (u + 1) modulo p.  Public data only: takes different times.
 * Errors: TACIT_EAUTH (u is -1, or not below p), TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_edwards_from_x25519(
    const struct tacit_x25519_public *key, struct tacit_ed25519_public *ret);

#endif
