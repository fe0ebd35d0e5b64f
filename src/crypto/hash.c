/*
 * One digest context per thread is kept, always initialised: making one per call, with an implicit
 * fetch, costs more than hashing a block.  It is initialised again after each digest, not before
 * the next, so that no state of a key derivation lies in it meanwhile.
 */
#include "crypto/hash.h"

#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "base/memory.h"

#define BLOCK_LEN 64 /* of SHA-256 */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts;
static EVP_MD *sha256;

static void
free_context(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void
fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	tacit_assert(sha256 != NULL);
	tacit_assert(pthread_key_create(&contexts, free_context) == 0);
}

static EVP_MD_CTX *
context(void)
{
	EVP_MD_CTX *ctx;

	(void)pthread_once(&once, fetch);
	ctx = pthread_getspecific(contexts);
	if (ctx != NULL)
		return ctx;
	ctx = EVP_MD_CTX_new();
	tacit_assert(ctx != NULL);
	tacit_assert(EVP_DigestInit_ex2(ctx, sha256, NULL) == 1);
	tacit_assert(pthread_setspecific(contexts, ctx) == 0);
	return ctx;
}

static void
digest(uint8_t ret[TACIT_HASH_LEN], const struct tacit_hash_part *parts, size_t count)
{
	EVP_MD_CTX *ctx = context();

	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0)
			tacit_assert(EVP_DigestUpdate(ctx, parts[i].bytes, parts[i].len) == 1);
	}
	tacit_assert(EVP_DigestFinal_ex(ctx, ret, NULL) == 1);
	tacit_assert(EVP_DigestInit_ex2(ctx, NULL, NULL) == 1);
}

void
tacit_hash(uint8_t ret[TACIT_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len)
{
	const struct tacit_hash_part parts[] = {{a, a_len}, {b, b_len}};

	digest(ret, parts, 2);
}

/* RFC 2104; a, b and c are the message, one after the other; ret may overlap any of them */
static void
hmac(uint8_t ret[TACIT_HASH_LEN], struct tacit_hash_part key, struct tacit_hash_part a,
    struct tacit_hash_part b, struct tacit_hash_part c)
{
	uint8_t pad[BLOCK_LEN] = {0}, inner[TACIT_HASH_LEN];
	const struct tacit_hash_part inside[] = {{pad, BLOCK_LEN}, a, b, c};
	const struct tacit_hash_part outside[] = {{pad, BLOCK_LEN}, {inner, TACIT_HASH_LEN}};

	if (key.len > BLOCK_LEN)
		digest(pad, &key, 1);
	else if (key.len > 0)
		memcpy(pad, key.bytes, key.len);
	for (size_t i = 0; i < BLOCK_LEN; i++)
		pad[i] ^= 0x36;
	digest(inner, inside, 4);
	for (size_t i = 0; i < BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	digest(ret, outside, 2);
	tacit_wipe(pad, sizeof(pad));
	tacit_wipe(inner, sizeof(inner));
}

void
tacit_hkdf_extract(uint8_t ret[TACIT_HASH_LEN], const uint8_t *salt, size_t salt_len,
    const uint8_t *ikm, size_t ikm_len)
{
	const struct tacit_hash_part none = {NULL, 0};

	hmac(ret, (struct tacit_hash_part){salt, salt_len}, (struct tacit_hash_part){ikm, ikm_len},
	    none, none);
}

void
tacit_hkdf_expand(uint8_t *ret, size_t len, const uint8_t prk[TACIT_HASH_LEN], const uint8_t *info,
    size_t info_len)
{
	const struct tacit_hash_part key = {prk, TACIT_HASH_LEN};
	uint8_t block[TACIT_HASH_LEN], number = 0;
	struct tacit_hash_part before = {block, 0};

	tacit_assert(len <= 255u * TACIT_HASH_LEN);
	while (len > 0) {
		size_t n = len < TACIT_HASH_LEN ? len : TACIT_HASH_LEN;

		number++;
		hmac(block, key, before, (struct tacit_hash_part){info, info_len},
		    (struct tacit_hash_part){&number, 1});
		before.len = TACIT_HASH_LEN;
		memcpy(ret, block, n);
		ret += n;
		len -= n;
	}
	tacit_wipe(block, sizeof(block));
}

void
tacit_hkdf2(uint8_t ret_a[TACIT_HASH_LEN], uint8_t ret_b[TACIT_HASH_LEN],
    const uint8_t salt[TACIT_HASH_LEN], const uint8_t *ikm, size_t ikm_len)
{
	uint8_t prk[TACIT_HASH_LEN], okm[2 * TACIT_HASH_LEN];

	tacit_hkdf_extract(prk, salt, TACIT_HASH_LEN, ikm, ikm_len);
	tacit_hkdf_expand(okm, sizeof(okm), prk, NULL, 0);
	memcpy(ret_a, okm, TACIT_HASH_LEN);
	memcpy(ret_b, okm + TACIT_HASH_LEN, TACIT_HASH_LEN);
	tacit_wipe(prk, sizeof(prk));
	tacit_wipe(okm, sizeof(okm));
}

/* libsodium's, because its state lies on the stack and final wipes it: XEdDSA hashes its secret */
void
tacit_hash512(uint8_t ret[TACIT_HASH512_LEN], const struct tacit_hash_part *parts, size_t count)
{
	crypto_hash_sha512_state state;

	tacit_assert(crypto_hash_sha512_init(&state) == 0);
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0)
			tacit_assert(
			    crypto_hash_sha512_update(&state, parts[i].bytes, parts[i].len) == 0);
	}
	tacit_assert(crypto_hash_sha512_final(&state, ret) == 0);
}
