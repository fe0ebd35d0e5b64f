#include "crypto/ed25519.h"

#include <sodium.h>

#include "base/memory.h"

void
tacit_ed25519_generate(const struct tacit_random *random, struct tacit_ed25519_secret *ret,
    struct tacit_ed25519_public *ret_public)
{
	uint8_t seed[TACIT_ED25519_LEN];

	tacit_random_fill(random, seed, sizeof(seed));
	tacit_ed25519_from_seed(seed, ret, ret_public);
	tacit_wipe(seed, sizeof(seed));
}

void
tacit_ed25519_from_seed(const uint8_t seed[TACIT_ED25519_LEN], struct tacit_ed25519_secret *ret,
    struct tacit_ed25519_public *ret_public)
{
	tacit_assert(crypto_sign_ed25519_seed_keypair(ret_public->b, ret->b, seed) == 0);
}

void
tacit_ed25519_sign(const struct tacit_ed25519_secret *secret, const uint8_t *bytes, size_t len,
    struct tacit_ed25519_signature *ret)
{
	tacit_assert(crypto_sign_ed25519_detached(ret->b, NULL, bytes, len, secret->b) == 0);
}

tacit_err
tacit_ed25519_verify(const struct tacit_ed25519_public *key, const uint8_t *bytes, size_t len,
    const struct tacit_ed25519_signature *signature)
{
	return crypto_sign_ed25519_verify_detached(signature->b, bytes, len, key->b) == 0
		   ? TACIT_OK
		   : TACIT_EAUTH;
}
