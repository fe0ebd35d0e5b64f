#include "crypto/x25519.h"

#include <string.h>

#include <sodium.h>

#include "base/memory.h"

void
tacit_x25519_generate(const struct tacit_random *random, struct tacit_x25519_secret *ret,
    struct tacit_x25519_public *ret_public)
{
	/* clamped when it is used (RFC 7748, section 5) */
	tacit_random_fill(random, ret->b, sizeof(ret->b));
	tacit_x25519_derive(ret, ret_public);
}

void
tacit_x25519_derive(const struct tacit_x25519_secret *secret, struct tacit_x25519_public *ret)
{
	tacit_assert(crypto_scalarmult_curve25519_base(ret->b, secret->b) == 0);
}

void
tacit_x25519_clamp(struct tacit_x25519_secret *secret)
{
	secret->b[0] &= 0xf8;
	secret->b[31] = (uint8_t)((secret->b[31] & 0x7f) | 0x40);
}

tacit_err
tacit_x25519_dh(const struct tacit_x25519_secret *secret, const struct tacit_x25519_public *peer,
    uint8_t ret[TACIT_X25519_LEN])
{
	uint8_t shared[TACIT_X25519_LEN];
	tacit_err err = TACIT_OK;

	/* fails exactly when the result is all zeros (RFC 7748, 6.1) */
	if (crypto_scalarmult_curve25519(shared, secret->b, peer->b) != 0)
		err = TACIT_EAUTH;
	if (err == TACIT_OK)
		memcpy(ret, shared, sizeof(shared));
	tacit_wipe(shared, sizeof(shared));
	return err;
}
