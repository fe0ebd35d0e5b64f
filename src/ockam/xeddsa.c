#include "ockam/xeddsa.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/edwards.h"
#include "crypto/hash.h"

#define SIGN_BIT 0x80 /* of the last byte of a compressed point */

/* SHA-512(R || A || bytes) mod L, which Ed25519 has, too: so its verifier serves (RFC 8032, 5.1.6) */
static void
challenge(const uint8_t point[TACIT_ED25519_LEN], const uint8_t key[TACIT_ED25519_LEN],
    const uint8_t *bytes, size_t len, struct tacit_scalar *ret)
{
	const struct tacit_hash_part parts[] = {
	    {point, TACIT_ED25519_LEN}, {key, TACIT_ED25519_LEN}, {bytes, len}};
	uint8_t wide[TACIT_HASH512_LEN];

	tacit_hash512(wide, parts, 3);
	tacit_scalar_reduce(wide, ret);
}

/* The prefix keeps these hashes apart from all others that the key takes part in.  XEdDSA's own is
 * fe and 31 ff; 2021 has two bytes, and no verifier can tell. */
static void
nonce(const struct tacit_scalar *k, const uint8_t *bytes, size_t len,
    const uint8_t z[TACIT_XEDDSA_Z_LEN], struct tacit_scalar *ret)
{
	static const uint8_t prefix[] = {0xfe, 0x20};
	const struct tacit_hash_part parts[] = {
	    {prefix, sizeof(prefix)}, {k->b, sizeof(k->b)}, {bytes, len}, {z, TACIT_XEDDSA_Z_LEN}};
	uint8_t wide[TACIT_HASH512_LEN];

	tacit_hash512(wide, parts, 4);
	tacit_scalar_reduce(wide, ret);
	tacit_wipe(wide, sizeof(wide));
}

void
tacit_xeddsa_sign(const struct tacit_x25519_secret *secret, const uint8_t *bytes, size_t len,
    const uint8_t z[TACIT_XEDDSA_Z_LEN], struct tacit_ed25519_signature *ret)
{
	struct tacit_ed25519_signature signature;
	uint8_t key[TACIT_ED25519_LEN];
	struct tacit_scalar a, k, r, c, s;

	memcpy(a.b, secret->b, sizeof(a.b));
	tacit_edwards_base(&a, key);
	tacit_scalar_negate_if(&a, (uint8_t)(key[TACIT_ED25519_LEN - 1] >> 7), &k);
	key[TACIT_ED25519_LEN - 1] &= (uint8_t)~SIGN_BIT;
	nonce(&k, bytes, len, z, &r);
	tacit_edwards_base(&r, signature.b);
	challenge(signature.b, key, bytes, len, &c);
	tacit_scalar_mul_add(&c, &k, &r, &s);
	memcpy(signature.b + TACIT_ED25519_LEN, s.b, sizeof(s.b));
	*ret = signature;
	tacit_wipe(&a, sizeof(a));
	tacit_wipe(&k, sizeof(k));
	tacit_wipe(&r, sizeof(r));
}

tacit_err
tacit_xeddsa_verify(const struct tacit_x25519_public *key, const uint8_t *bytes, size_t len,
    const struct tacit_ed25519_signature *signature)
{
	struct tacit_ed25519_public point;
	tacit_err err = tacit_edwards_from_x25519(key, &point);

	return err == TACIT_OK ? tacit_ed25519_verify(&point, bytes, len, signature) : err;
}
