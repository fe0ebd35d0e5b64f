#include "crypto/edwards.h"

#include <stdbool.h>

#include <openssl/bn.h>
#include <sodium.h>

#include "base/memory.h"

void
tacit_scalar_reduce(const uint8_t wide[TACIT_HASH512_LEN], struct tacit_scalar *ret)
{
	crypto_core_ed25519_scalar_reduce(ret->b, wide);
}

void
tacit_scalar_mul_add(const struct tacit_scalar *a, const struct tacit_scalar *b,
    const struct tacit_scalar *c, struct tacit_scalar *ret)
{
	struct tacit_scalar product;

	crypto_core_ed25519_scalar_mul(product.b, a->b, b->b);
	crypto_core_ed25519_scalar_add(ret->b, product.b, c->b);
	tacit_wipe(&product, sizeof(product));
}

void
tacit_scalar_negate_if(
    const struct tacit_scalar *scalar, uint8_t condition, struct tacit_scalar *ret)
{
	uint8_t mask = (uint8_t) - (condition & 1);
	struct tacit_scalar negative;

	crypto_core_ed25519_scalar_negate(negative.b, scalar->b);
	for (size_t i = 0; i < sizeof(ret->b); i++)
		ret->b[i] = (uint8_t)(scalar->b[i] ^ (mask & (scalar->b[i] ^ negative.b[i])));
	tacit_wipe(&negative, sizeof(negative));
}

void
tacit_edwards_base(const struct tacit_scalar *scalar, uint8_t ret[TACIT_ED25519_LEN])
{
	tacit_assert(crypto_scalarmult_ed25519_base_noclamp(ret, scalar->b) == 0);
}

/* The birational map of RFC 7748, 4.1.  There is no y for u = -1: no point of the curve has it. */
static tacit_err
map(BN_CTX *ctx, const uint8_t u_bytes[TACIT_X25519_LEN], uint8_t ret[TACIT_ED25519_LEN])
{
	BIGNUM *p = BN_CTX_get(ctx), *u = BN_CTX_get(ctx), *up = BN_CTX_get(ctx);
	BIGNUM *down = BN_CTX_get(ctx), *y = BN_CTX_get(ctx);
	bool ok;

	if (y == NULL || BN_lebin2bn(u_bytes, TACIT_X25519_LEN, u) == NULL)
		return TACIT_ENOMEM;
	/* p = 2^255 - 19; after this, up is u - 1 and down u + 1, both modulo p */
	ok = BN_set_bit(p, 255) == 1 && BN_sub_word(p, 19) == 1 && BN_copy(down, u) != NULL &&
	     BN_add_word(down, 1) == 1 && BN_mod_sub(up, u, BN_value_one(), p, ctx) == 1;
	if (!ok)
		return TACIT_ENOMEM;
	if (BN_cmp(down, p) >= 0)
		return TACIT_EAUTH;
	ok = BN_mod_inverse(down, down, p, ctx) != NULL && BN_mod_mul(y, up, down, p, ctx) == 1 &&
	     BN_bn2lebinpad(y, ret, TACIT_ED25519_LEN) == TACIT_ED25519_LEN;
	return ok ? TACIT_OK : TACIT_ENOMEM;
}

tacit_err
tacit_edwards_from_x25519(const struct tacit_x25519_public *key, struct tacit_ed25519_public *ret)
{
	struct tacit_ed25519_public point;
	BN_CTX *ctx = BN_CTX_new();
	tacit_err err;

	if (ctx == NULL)
		return TACIT_ENOMEM;
	BN_CTX_start(ctx);
	err = map(ctx, key->b, point.b);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	if (err == TACIT_OK)
		*ret = point;
	return err;
}
