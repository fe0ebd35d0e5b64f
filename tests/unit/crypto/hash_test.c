#include "support/vectors.h"

#include <pthread.h>

#include "crypto/hash.h"

static void
assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
	char text[512];

	assert_true(2 * len < sizeof(text));
	tacit_hex_encode(text, bytes, len);
	assert_string_equal(text, hex);
}

/* FIPS 180-4's examples */
static void
sha256_examples_hold(void **state)
{
	static const char abc[] = "abc";
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t hash[TACIT_HASH_LEN];

	(void)state;
	tacit_hash(hash, NULL, 0, NULL, 0);
	assert_hex(
	    hash, sizeof(hash), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	tacit_hash(hash, abc, 3, NULL, 0);
	assert_hex(
	    hash, sizeof(hash), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	/* cut anywhere, it is the same message */
	for (size_t cut = 0; cut <= 56; cut++) {
		tacit_hash(hash, two, cut, two + cut, 56 - cut);
		assert_hex(hash, sizeof(hash),
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	}
}

static void
output_may_be_an_input(void **state)
{
	uint8_t a[TACIT_HASH_LEN] = {1}, b[TACIT_HASH_LEN] = {2}, expected[TACIT_HASH_LEN];

	(void)state;
	tacit_hash(expected, a, sizeof(a), b, sizeof(b));
	tacit_hash(a, a, sizeof(a), b, sizeof(b));
	assert_memory_equal(a, expected, sizeof(a));
	memset(a, 0, sizeof(a));
	a[0] = 1;
	tacit_hash(b, a, sizeof(a), b, sizeof(b));
	assert_memory_equal(b, expected, sizeof(b));
}

static void
hkdf_vectors_hold(void **state)
{
	uint8_t ikm[128], salt[128], info[128], prk[32], okm[128], out[128];
	size_t ikm_len, salt_len, info_len, len;
	struct vectors v;
	unsigned count = 0;

	(void)state;
	vectors_open(&v, "hkdf-rfc5869.txt");
	for (; vectors_next(&v); count++) {
		ikm_len = vectors_hex(&v, "ikm", ikm, sizeof(ikm));
		salt_len = vectors_hex(&v, "salt", salt, sizeof(salt));
		info_len = vectors_hex(&v, "info", info, sizeof(info));
		vectors_exact(&v, "prk", prk, sizeof(prk));
		len = vectors_hex(&v, "okm", okm, sizeof(okm));
		assert_int_equal(len, atoi(vectors_text(&v, "l")));
		tacit_hkdf_extract(out, salt, salt_len, ikm, ikm_len);
		assert_memory_equal(out, prk, sizeof(prk));
		tacit_hkdf_expand(out, len, prk, info, info_len);
		assert_memory_equal(out, okm, len);
	}
	vectors_close(&v);
	assert_int_equal(count, 3);
}

/* RFC 4231, test case 6: a key longer than a block is hashed first */
static void
long_key_is_hashed(void **state)
{
	static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131], mac[TACIT_HASH_LEN];

	(void)state;
	memset(key, 0xaa, sizeof(key));
	tacit_hkdf_extract(mac, key, sizeof(key), (const uint8_t *)text, strlen(text));
	assert_hex(
	    mac, sizeof(mac), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* Noise rev 34, 4.3: output 1 is HMAC(temp, 1), output 2 is HMAC(temp, output 1, 2) */
static void
hkdf2_is_noises(void **state)
{
	uint8_t salt[TACIT_HASH_LEN] = {7}, temp[TACIT_HASH_LEN], bytes[TACIT_HASH_LEN + 1];
	uint8_t one[TACIT_HASH_LEN], two[TACIT_HASH_LEN], a[TACIT_HASH_LEN], b[TACIT_HASH_LEN];
	static const uint8_t ikm[] = {1, 2, 3};

	(void)state;
	tacit_hkdf_extract(temp, salt, sizeof(salt), ikm, sizeof(ikm));
	bytes[0] = 1;
	tacit_hkdf_extract(one, temp, sizeof(temp), bytes, 1);
	memcpy(bytes, one, sizeof(one));
	bytes[sizeof(one)] = 2;
	tacit_hkdf_extract(two, temp, sizeof(temp), bytes, sizeof(bytes));
	tacit_hkdf2(a, b, salt, ikm, sizeof(ikm));
	assert_memory_equal(a, one, sizeof(a));
	assert_memory_equal(b, two, sizeof(b));
	/* either output may be the salt */
	memcpy(a, salt, sizeof(a));
	tacit_hkdf2(a, b, a, ikm, sizeof(ikm));
	assert_memory_equal(a, one, sizeof(a));
	memcpy(b, salt, sizeof(b));
	tacit_hkdf2(a, b, b, ikm, sizeof(ikm));
	assert_memory_equal(b, two, sizeof(b));
}

/* FIPS 180-4's examples */
static void
sha512_examples_hold(void **state)
{
	static const char two[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
				  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
	uint8_t hash[TACIT_HASH512_LEN];
	struct tacit_hash_part parts[3] = {{NULL, 0}, {"abc", 3}, {NULL, 0}};

	(void)state;
	tacit_hash512(hash, NULL, 0);
	assert_hex(hash, sizeof(hash),
	    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
	tacit_hash512(hash, parts, 3);
	assert_hex(hash, sizeof(hash),
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
	/* cut anywhere, it is the same message */
	for (size_t cut = 0; cut <= 112; cut++) {
		parts[0] = (struct tacit_hash_part){two, cut / 2};
		parts[1] = (struct tacit_hash_part){two + cut / 2, cut - cut / 2};
		parts[2] = (struct tacit_hash_part){two + cut, 112 - cut};
		tacit_hash512(hash, parts, 3);
		assert_hex(hash, sizeof(hash),
		    "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
		    "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
	}
	/* the output may be an input */
	memcpy(hash, "abc", 3);
	parts[0] = (struct tacit_hash_part){hash, 3};
	tacit_hash512(hash, parts, 1);
	assert_int_equal(hash[0], 0xdd);
	assert_int_equal(hash[63], 0x9f);
}

static void *
hash_often(void *arg)
{
	uint8_t *hash = arg;

	for (unsigned i = 0; i < 2000; i++)
		tacit_hash(hash, hash, TACIT_HASH_LEN, "x", 1);
	return NULL;
}

static void
threads_do_not_share(void **state)
{
	uint8_t hashes[4][TACIT_HASH_LEN] = {{0}};
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_often, hashes[i]), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 1; i < 4; i++)
		assert_memory_equal(hashes[i], hashes[0], TACIT_HASH_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_examples_hold),
	    cmocka_unit_test(output_may_be_an_input),
	    cmocka_unit_test(hkdf_vectors_hold),
	    cmocka_unit_test(long_key_is_hashed),
	    cmocka_unit_test(hkdf2_is_noises),
	    cmocka_unit_test(sha512_examples_hold),
	    cmocka_unit_test(threads_do_not_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
