#include "support/vectors.h"

#include "base/memory.h"
#include "crypto/aead.h"
#include "crypto/aead_nonce.h"

static const uint8_t key[TACIT_KEY_LEN] = {1, 2, 3};

static struct tacit_aead *
aead_of(const uint8_t bytes[TACIT_KEY_LEN])
{
	struct tacit_aead *aead = NULL;

	assert_int_equal(tacit_aead_new(bytes, &aead), TACIT_OK);
	return aead;
}

static void
check_nist(const struct vectors *v)
{
	uint8_t bytes[TACIT_KEY_LEN], nonce[TACIT_NONCE_LEN];
	uint8_t aad[256], plain[256], sealed[256], out[256];
	struct tacit_aead_input input = {.aad = aad};
	struct tacit_aead *aead;
	size_t len;

	vectors_exact(v, "key", bytes, sizeof(bytes));
	vectors_exact(v, "iv", nonce, sizeof(nonce));
	input.aad_len = vectors_hex(v, "aad", aad, sizeof(aad));
	input.bytes = sealed;
	input.len = vectors_hex(v, "sealed", sealed, sizeof(sealed));
	aead = aead_of(bytes);
	if (strcmp(vectors_text(v, "result"), "valid") == 0) {
		len = vectors_hex(v, "plain", plain, sizeof(plain));
		assert_int_equal(input.len, len + TACIT_TAG_LEN);
		assert_int_equal(tacit_aead_open_nonce(aead, nonce, &input, out), TACIT_OK);
		assert_memory_equal(out, plain, len);
		input.bytes = plain;
		input.len = len;
		assert_int_equal(tacit_aead_seal_nonce(aead, nonce, &input, out), TACIT_OK);
		assert_memory_equal(out, sealed, len + TACIT_TAG_LEN);
	} else {
		assert_int_equal(tacit_aead_open_nonce(aead, nonce, &input, out), TACIT_EAUTH);
	}
	tacit_aead_free(aead);
}

static void
nist_vectors_hold(void **state)
{
	struct vectors v;
	unsigned count = 0;

	(void)state;
	vectors_open(&v, "aes256gcm-nist.txt");
	for (; vectors_next(&v); count++)
		check_nist(&v);
	vectors_close(&v);
	assert_int_equal(count, 375);
}

/* Noise rev 34, 12.4: 32 zero bits, then the counter, big-endian */
static void
counter_is_the_nonce(void **state)
{
	static const uint8_t nonce[TACIT_NONCE_LEN] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
	static const uint8_t plain[] = "text";
	const struct tacit_aead_input input = {NULL, 0, plain, sizeof(plain)};
	uint8_t a[sizeof(plain) + TACIT_TAG_LEN], b[sizeof(a)];
	struct tacit_aead *aead = aead_of(key);

	(void)state;
	assert_int_equal(tacit_aead_seal_nonce(aead, nonce, &input, a), TACIT_OK);
	assert_int_equal(
	    tacit_aead_seal(aead, UINT64_C(0x0102030405060708), NULL, 0, plain, sizeof(plain), b),
	    TACIT_OK);
	assert_memory_equal(a, b, sizeof(a));
	tacit_aead_free(aead);
}

/* one object seals and opens in turns, in place, at every length around the block's */
static void
both_directions_share_an_object(void **state)
{
	uint8_t text[200], bytes[sizeof(text) + TACIT_TAG_LEN], other[sizeof(bytes)];
	struct tacit_aead *aead = aead_of(key), *fresh;

	(void)state;
	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, (int)len, sizeof(text));
		memcpy(bytes, text, len);
		assert_int_equal(tacit_aead_seal(aead, len, text, 7, bytes, len, bytes), TACIT_OK);
		fresh = aead_of(key);
		assert_int_equal(tacit_aead_seal(fresh, len, text, 7, text, len, other), TACIT_OK);
		tacit_aead_free(fresh);
		assert_memory_equal(bytes, other, len + TACIT_TAG_LEN);
		assert_int_equal(
		    tacit_aead_open(aead, len, text, 7, bytes, len + TACIT_TAG_LEN, bytes),
		    TACIT_OK);
		assert_memory_equal(bytes, text, len);
	}
	tacit_aead_free(aead);
}

static void
changed_bytes_are_refused(void **state)
{
	static const uint8_t plain[33] = "thirty-two bytes and one for NUL";
	uint8_t aad[5] = {1, 2, 3, 4, 5}, out[sizeof(plain)];
	uint8_t sealed[sizeof(plain) + TACIT_TAG_LEN];
	const size_t len = sizeof(sealed);
	struct tacit_aead *aead = aead_of(key), *other;
	uint8_t other_key[TACIT_KEY_LEN];

	(void)state;
	assert_int_equal(tacit_aead_seal(aead, 9, aad, 5, plain, sizeof(plain), sealed), TACIT_OK);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(tacit_aead_open(aead, 9, aad, 5, sealed, len, out), TACIT_EAUTH);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(aad); bit++) {
		aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(tacit_aead_open(aead, 9, aad, 5, sealed, len, out), TACIT_EAUTH);
		aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
		memcpy(other_key, key, sizeof(key));
		other_key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		other = aead_of(other_key);
		assert_int_equal(tacit_aead_open(other, 9, aad, 5, sealed, len, out), TACIT_EAUTH);
		tacit_aead_free(other);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		assert_int_equal(
		    tacit_aead_open(aead, 9 ^ UINT64_C(1) << bit, aad, 5, sealed, len, out),
		    TACIT_EAUTH);
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(tacit_aead_open(aead, 9, aad, 5, sealed, cut, out), TACIT_EAUTH);
	assert_int_equal(tacit_aead_open(aead, 9, aad, 4, sealed, len, out), TACIT_EAUTH);
	/* and after all that the object still opens what is right */
	assert_int_equal(tacit_aead_open(aead, 9, aad, 5, sealed, len, out), TACIT_OK);
	assert_memory_equal(out, plain, sizeof(plain));
	tacit_aead_free(aead);
}

static void
no_memory_is_an_error(void **state)
{
	struct tacit_aead *aead = NULL;

	(void)state;
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_aead_new(key, &aead), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_null(aead);
	tacit_aead_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nist_vectors_hold),
	    cmocka_unit_test(counter_is_the_nonce),
	    cmocka_unit_test(both_directions_share_an_object),
	    cmocka_unit_test(changed_bytes_are_refused),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
