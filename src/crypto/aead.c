#include "crypto/aead.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/memory.h"
#include "crypto/aead_nonce.h"

struct tacit_aead {
	EVP_CIPHER_CTX *ctx; /* holds the key schedule, for both directions */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *cipher; /* fetched once; NULL when there is none */

static void
fetch(void)
{
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

tacit_err
tacit_aead_new(const uint8_t key[TACIT_KEY_LEN], struct tacit_aead **ret)
{
	struct tacit_aead *aead;

	(void)pthread_once(&once, fetch);
	if (cipher == NULL)
		return TACIT_EINTERNAL;
	aead = tacit_alloc(sizeof(*aead));
	if (aead == NULL)
		return TACIT_ENOMEM;
	aead->ctx = EVP_CIPHER_CTX_new();
	if (aead->ctx == NULL) {
		tacit_free(aead);
		return TACIT_ENOMEM;
	}
	if (EVP_CipherInit_ex2(aead->ctx, cipher, key, NULL, 1, NULL) != 1) {
		tacit_aead_free(aead);
		return TACIT_EINTERNAL;
	}
	*ret = aead;
	return TACIT_OK;
}

void
tacit_aead_free(struct tacit_aead *aead)
{
	if (aead == NULL)
		return;
	/* libcrypto wipes the key schedule */
	EVP_CIPHER_CTX_free(aead->ctx);
	tacit_free(aead);
}

/* Sets nonce and direction.  GCM runs AES forwards both ways, so the kept schedule serves both and
 * no key is given again. */
static bool
begin(struct tacit_aead *aead, const uint8_t nonce[TACIT_NONCE_LEN], int sealing)
{
	return EVP_CipherInit_ex2(aead->ctx, NULL, NULL, nonce, sealing, NULL) == 1;
}

/* associated data, then len bytes from input to ret */
static bool
run(struct tacit_aead *aead, const struct tacit_aead_input *input, size_t len, uint8_t *ret)
{
	int n;

	if (input->aad_len > INT_MAX || len > INT_MAX)
		return false;
	if (input->aad_len > 0 &&
	    EVP_CipherUpdate(aead->ctx, NULL, &n, input->aad, (int)input->aad_len) != 1)
		return false;
	return len == 0 || EVP_CipherUpdate(aead->ctx, ret, &n, input->bytes, (int)len) == 1;
}

tacit_err
tacit_aead_seal_nonce(struct tacit_aead *aead, const uint8_t nonce[TACIT_NONCE_LEN],
    const struct tacit_aead_input *input, uint8_t *ret)
{
	uint8_t rest[TACIT_TAG_LEN]; /* GCM has none, the call wants a place for it */
	int n;

	if (!begin(aead, nonce, 1) || !run(aead, input, input->len, ret) ||
	    EVP_CipherFinal_ex(aead->ctx, rest, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(
		aead->ctx, EVP_CTRL_AEAD_GET_TAG, TACIT_TAG_LEN, ret + input->len) != 1)
		return TACIT_EINTERNAL;
	return TACIT_OK;
}

tacit_err
tacit_aead_open_nonce(struct tacit_aead *aead, const uint8_t nonce[TACIT_NONCE_LEN],
    const struct tacit_aead_input *input, uint8_t *ret)
{
	uint8_t tag[TACIT_TAG_LEN], rest[TACIT_TAG_LEN];
	size_t len;
	int n;

	if (input->len < TACIT_TAG_LEN)
		return TACIT_EAUTH;
	len = input->len - TACIT_TAG_LEN;
	memcpy(tag, input->bytes + len, TACIT_TAG_LEN);
	if (!begin(aead, nonce, 0) ||
	    EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_SET_TAG, TACIT_TAG_LEN, tag) != 1 ||
	    !run(aead, input, len, ret) || EVP_CipherFinal_ex(aead->ctx, rest, &n) != 1)
		return TACIT_EAUTH;
	return TACIT_OK;
}

/* Noise rev 34, 12.4 */
static void
nonce_of(uint8_t ret[TACIT_NONCE_LEN], uint64_t counter)
{
	memset(ret, 0, TACIT_NONCE_LEN);
	for (size_t i = 0; i < 8; i++)
		ret[TACIT_NONCE_LEN - 1 - i] = (uint8_t)(counter >> 8 * i);
}

tacit_err
tacit_aead_seal(struct tacit_aead *aead, uint64_t counter, const uint8_t *aad, size_t aad_len,
    const uint8_t *plain, size_t len, uint8_t *ret)
{
	const struct tacit_aead_input input = {aad, aad_len, plain, len};
	uint8_t nonce[TACIT_NONCE_LEN];

	nonce_of(nonce, counter);
	return tacit_aead_seal_nonce(aead, nonce, &input, ret);
}

tacit_err
tacit_aead_open(struct tacit_aead *aead, uint64_t counter, const uint8_t *aad, size_t aad_len,
    const uint8_t *sealed, size_t len, uint8_t *ret)
{
	const struct tacit_aead_input input = {aad, aad_len, sealed, len};
	uint8_t nonce[TACIT_NONCE_LEN];

	nonce_of(nonce, counter);
	return tacit_aead_open_nonce(aead, nonce, &input, ret);
}
