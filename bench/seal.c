/*
 * Sealing and opening of records beside libcrypto's own loop, alternating in one run: a line
 * `what LEN ours-ns raw-ns` for each of 64 B, 1 KiB and 16 KiB.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/reader.h"
#include "channel/record.h"
#include "crypto/random.h"

#define LEN_MAX 16384
#define ROUNDS  9

static uint8_t plain[LEN_MAX], sealed[LEN_MAX + TACIT_RECORD_OVERHEAD], opened[LEN_MAX];

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* one kept context, one nonce and 49 bytes of associated data per message: what anybody needs */
static double
raw_seal(EVP_CIPHER_CTX *ctx, size_t len, long count)
{
	uint8_t nonce[12] = {0}, aad[49] = {0}, tag[16];
	double before = now_ns();
	int n;

	for (long i = 0; i < count; i++) {
		memcpy(nonce + 4, &i, sizeof(i));
		EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, nonce);
		EVP_EncryptUpdate(ctx, NULL, &n, aad, sizeof(aad));
		EVP_EncryptUpdate(ctx, sealed, &n, plain, (int)len);
		EVP_EncryptFinal_ex(ctx, sealed + n, &n);
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag);
	}
	return (now_ns() - before) / (double)count;
}

static double
raw_open(EVP_CIPHER_CTX *ctx, size_t len, long count)
{
	uint8_t nonce[12] = {0}, aad[49] = {0}, tag[16] = {0};
	double before = now_ns();
	int n;

	for (long i = 0; i < count; i++) {
		EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, nonce);
		EVP_DecryptUpdate(ctx, NULL, &n, aad, sizeof(aad));
		EVP_DecryptUpdate(ctx, opened, &n, sealed, (int)len);
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag);
		EVP_DecryptFinal_ex(ctx, opened + n, &n); /* says no, after the same work */
	}
	return (now_ns() - before) / (double)count;
}

static double
our_seal(struct tacit_record_keys *keys, size_t len, long count, uint64_t *sequence)
{
	double before = now_ns();

	for (long i = 0; i < count; i++) {
		if (tacit_record_seal(keys, TACIT_RECORD_DATA, (*sequence)++, plain, len, sealed) !=
		    TACIT_OK)
			return 0;
	}
	return (now_ns() - before) / (double)count;
}

static double
our_open(struct tacit_record_keys *keys, size_t len, long count)
{
	struct tacit_record record;
	struct tacit_reader r;
	double before = now_ns();

	for (long i = 0; i < count; i++) {
		tacit_reader_init(&r, sealed, len + TACIT_RECORD_OVERHEAD);
		tacit_record_next(&r, &record);
		if (tacit_record_open(keys, &record, opened) != TACIT_OK)
			return 0;
	}
	return (now_ns() - before) / (double)count;
}

int
main(void)
{
	static const size_t lens[] = {64, 1024, 16384};
	uint8_t key[TACIT_KEY_LEN] = {1}, h[TACIT_HASH_LEN] = {2};
	EVP_CIPHER_CTX *seal = EVP_CIPHER_CTX_new(), *open = EVP_CIPHER_CTX_new();
	struct tacit_record_keys keys;
	uint64_t sequence = 0;

	if (tacit_crypto_start() != TACIT_OK ||
	    tacit_record_keys_init(&keys, key, h, true) != TACIT_OK ||
	    EVP_EncryptInit_ex(seal, EVP_aes_256_gcm(), NULL, key, NULL) != 1 ||
	    EVP_DecryptInit_ex(open, EVP_aes_256_gcm(), NULL, key, NULL) != 1)
		return 1;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		long count = lens[i] > 1024 ? 5000 : 40000;

		for (int round = 0; round < ROUNDS; round++) {
			double raw = raw_seal(seal, lens[i], count);

			printf("seal %zu %.0f %.0f\n", lens[i],
			    our_seal(&keys, lens[i], count, &sequence), raw);
			printf("open %zu %.0f %.0f\n", lens[i], our_open(&keys, lens[i], count),
			    raw_open(open, lens[i], count));
		}
	}
	return 0;
}
