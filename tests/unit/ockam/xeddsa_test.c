/* PROTOCOL.md 9.5 */
#include "support/ockam_identity.h"

#include "crypto/edwards.h"

static void
captured_signatures_are_made_again(void **state)
{
	struct tacit_ed25519_signature expected, made;
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	uint8_t z[TACIT_XEDDSA_Z_LEN], message[64];
	unsigned count = 0;
	struct vectors v;
	size_t len;

	(void)state;
	vectors_open(&v, OCKAM_KEYS);
	while (vectors_next(&v)) {
		if (strcmp(vectors_text(&v, "kind"), "signature") != 0)
			continue;
		vectors_exact(&v, "secret", secret.b, sizeof(secret.b));
		vectors_exact(&v, "z", z, sizeof(z));
		vectors_exact(&v, "signature", expected.b, sizeof(expected.b));
		len = vectors_hex(&v, "message", message, sizeof(message));
		tacit_xeddsa_sign(&secret, message, len, z, &made);
		assert_memory_equal(made.b, expected.b, sizeof(made.b));
		tacit_x25519_derive(&secret, &public);
		assert_int_equal(tacit_xeddsa_verify(&public, message, len, &expected), TACIT_OK);
		message[0] ^= 1;
		assert_int_equal(
		    tacit_xeddsa_verify(&public, message, len, &expected), TACIT_EAUTH);
		count++;
	}
	vectors_close(&v);
	assert_int_equal(count, 6);
}

/* both signs of the point behind a key, and every length around a block of the hash */
static void
what_is_signed_verifies(void **state)
{
	struct seeded seed = {3};
	struct tacit_ed25519_signature signature;
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	uint8_t z[TACIT_XEDDSA_Z_LEN], message[256], point[TACIT_ED25519_LEN];
	unsigned signs[2] = {0};

	(void)state;
	seeded_fill(&seed, message, sizeof(message));
	for (size_t len = 0; len < sizeof(message); len++) {
		struct tacit_scalar scalar;

		ockam_key((unsigned)len, &secret, &public);
		memcpy(scalar.b, secret.b, sizeof(scalar.b));
		tacit_edwards_base(&scalar, point);
		signs[point[31] >> 7]++;
		seeded_fill(&seed, z, sizeof(z));
		tacit_xeddsa_sign(&secret, message, len, z, &signature);
		assert_int_equal(tacit_xeddsa_verify(&public, message, len, &signature), TACIT_OK);
		assert_int_equal(
		    tacit_xeddsa_verify(&public, message, len + 1, &signature), TACIT_EAUTH);
	}
	assert_true(signs[0] > 64 && signs[1] > 64);
}

/* r must never come again for another message: it follows from key, message and z */
static void
another_message_or_z_is_another_point(void **state)
{
	struct tacit_ed25519_signature one, other;
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	uint8_t z[TACIT_XEDDSA_Z_LEN] = {0}, message[] = {1, 2, 3};

	(void)state;
	ockam_key(1, &secret, &public);
	tacit_xeddsa_sign(&secret, message, sizeof(message), z, &one);
	tacit_xeddsa_sign(&secret, message, sizeof(message), z, &other);
	assert_memory_equal(&one, &other, sizeof(one));
	message[0]++;
	tacit_xeddsa_sign(&secret, message, sizeof(message), z, &other);
	assert_memory_not_equal(one.b, other.b, 32);
	message[0]--;
	z[63]++;
	tacit_xeddsa_sign(&secret, message, sizeof(message), z, &other);
	assert_memory_not_equal(one.b, other.b, 32);
}

static void
every_changed_bit_is_refused(void **state)
{
	struct tacit_ed25519_signature signature;
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	uint8_t z[TACIT_XEDDSA_Z_LEN] = {7}, message[TACIT_HASH_LEN] = {8};

	(void)state;
	ockam_key(2, &secret, &public);
	tacit_xeddsa_sign(&secret, message, sizeof(message), z, &signature);
	assert_int_equal(
	    tacit_xeddsa_verify(&public, message, sizeof(message), &signature), TACIT_OK);
	for (size_t bit = 0; bit < 8 * (32 + 64 + sizeof(message)); bit++) {
		uint8_t mask = (uint8_t)(1 << bit % 8), *byte;
		size_t at = bit / 8;

		byte = at < 32   ? &public.b[at]
		       : at < 96 ? &signature.b[at - 32]
				 : &message[at - 96];
		*byte ^= mask;
		assert_int_equal(tacit_xeddsa_verify(&public, message, sizeof(message), &signature),
		    TACIT_EAUTH);
		*byte ^= mask;
	}
}

/* s + L is the same number modulo L: one signature, two encodings, and one of them is refused */
static void
scalars_above_the_order_are_refused(void **state)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
	    0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	struct tacit_ed25519_signature signature;
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	uint8_t z[TACIT_XEDDSA_Z_LEN] = {9};
	unsigned carry = 0;

	(void)state;
	ockam_key(3, &secret, &public);
	tacit_xeddsa_sign(&secret, z, 1, z, &signature);
	assert_int_equal(tacit_xeddsa_verify(&public, z, 1, &signature), TACIT_OK);
	for (size_t i = 0; i < sizeof(order); i++) {
		carry += (unsigned)signature.b[32 + i] + order[i];
		signature.b[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(carry, 0);
	assert_int_equal(tacit_xeddsa_verify(&public, z, 1, &signature), TACIT_EAUTH);
}

/* Under a key of small order, R the neutral element and s = 0 would do for one message in eight at
 * least, if nobody looked at the key. */
static void
keys_that_nobody_has_are_refused(void **state)
{
	static const struct tacit_x25519_public keys[] = {
	    {{0}},
	    {{1}},
	    /* of order 8 */
	    {{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
		0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
		0x5f, 0x49, 0xb8, 0x00}},
	    {{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
		0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
		0xd0, 0x9f, 0x11, 0x57}},
	};
	struct tacit_ed25519_signature signature = {{1}};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		for (uint8_t message = 0; message < 100; message++)
			assert_int_equal(
			    tacit_xeddsa_verify(&keys[i], &message, 1, &signature), TACIT_EAUTH);
	}
}

static int
start(void **state)
{
	(void)state;
	return tacit_crypto_start() == TACIT_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(captured_signatures_are_made_again),
	    cmocka_unit_test(what_is_signed_verifies),
	    cmocka_unit_test(another_message_or_z_is_another_point),
	    cmocka_unit_test(every_changed_bit_is_refused),
	    cmocka_unit_test(scalars_above_the_order_are_refused),
	    cmocka_unit_test(keys_that_nobody_has_are_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
