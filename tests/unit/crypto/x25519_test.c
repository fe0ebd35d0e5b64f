#include "support/random.h"
#include "support/vectors.h"

#include "crypto/random.h"
#include "crypto/x25519.h"

static bool
all_zero(const uint8_t *bytes, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum |= bytes[i];
	return sum == 0;
}

/* A result of "acceptable" means that an implementation may refuse; ours refuses exactly the
 * results that are all zeros. */
static void
wycheproof_vectors_hold(void **state)
{
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public peer;
	uint8_t expected[TACIT_X25519_LEN], shared[TACIT_X25519_LEN];
	static const uint8_t untouched[TACIT_X25519_LEN] = {0x5a};
	unsigned count = 0, refused = 0;
	struct vectors v;

	(void)state;
	vectors_open(&v, "x25519-wycheproof.txt");
	for (; vectors_next(&v); count++) {
		vectors_exact(&v, "private", secret.b, sizeof(secret.b));
		vectors_exact(&v, "public", peer.b, sizeof(peer.b));
		vectors_exact(&v, "shared", expected, sizeof(expected));
		memcpy(shared, untouched, sizeof(shared));
		if (all_zero(expected, sizeof(expected))) {
			assert_string_equal(vectors_text(&v, "result"), "acceptable");
			assert_int_equal(tacit_x25519_dh(&secret, &peer, shared), TACIT_EAUTH);
			assert_memory_equal(shared, untouched, sizeof(shared));
			refused++;
			continue;
		}
		assert_int_equal(tacit_x25519_dh(&secret, &peer, shared), TACIT_OK);
		assert_memory_equal(shared, expected, sizeof(shared));
	}
	vectors_close(&v);
	assert_int_equal(count, 87);
	assert_int_equal(refused, 28);
}

static void
from_hex(uint8_t ret[TACIT_X25519_LEN], const char *text)
{
	assert_true(tacit_hex_decode(ret, TACIT_X25519_LEN, text));
}

/* RFC 7748, 6.1 */
static void
rfc_exchange_holds(void **state)
{
	struct tacit_x25519_secret a, b;
	struct tacit_x25519_public a_public, b_public;
	uint8_t expected[TACIT_X25519_LEN], shared[TACIT_X25519_LEN];

	(void)state;
	from_hex(a.b, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	from_hex(b.b, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
	tacit_x25519_derive(&a, &a_public);
	tacit_x25519_derive(&b, &b_public);
	from_hex(expected, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	assert_memory_equal(a_public.b, expected, sizeof(expected));
	from_hex(expected, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
	assert_memory_equal(b_public.b, expected, sizeof(expected));
	from_hex(expected, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	assert_int_equal(tacit_x25519_dh(&a, &b_public, shared), TACIT_OK);
	assert_memory_equal(shared, expected, sizeof(expected));
	assert_int_equal(tacit_x25519_dh(&b, &a_public, shared), TACIT_OK);
	assert_memory_equal(shared, expected, sizeof(expected));
}

/* RFC 7748, 5.2: after one and after a thousand times k = X25519(k, u), u = the k before */
static void
rfc_iteration_holds(void **state)
{
	static const char once[] =
	    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
	struct tacit_x25519_secret k = {{9}};
	struct tacit_x25519_public u = {{9}};
	uint8_t result[TACIT_X25519_LEN], expected[TACIT_X25519_LEN];

	(void)state;
	for (unsigned i = 1; i <= 1000; i++) {
		assert_int_equal(tacit_x25519_dh(&k, &u, result), TACIT_OK);
		memcpy(u.b, k.b, sizeof(u.b));
		memcpy(k.b, result, sizeof(k.b));
		if (i == 1) {
			from_hex(expected, once);
			assert_memory_equal(result, expected, sizeof(expected));
		}
	}
	from_hex(expected, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
	assert_memory_equal(result, expected, sizeof(expected));
}

static void
generated_keys_agree(void **state)
{
	struct seeded seed = {1};
	struct tacit_random repeatable = seeded_random(&seed), system = tacit_random_system();
	struct tacit_x25519_secret a, b;
	struct tacit_x25519_public a_public, b_public;
	uint8_t x[TACIT_X25519_LEN], y[TACIT_X25519_LEN];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		tacit_x25519_generate(&repeatable, &a, &a_public);
		tacit_x25519_generate(&system, &b, &b_public);
		assert_memory_not_equal(a.b, b.b, sizeof(a.b));
		assert_int_equal(tacit_x25519_dh(&a, &b_public, x), TACIT_OK);
		assert_int_equal(tacit_x25519_dh(&b, &a_public, y), TACIT_OK);
		assert_memory_equal(x, y, sizeof(x));
	}
}

static int
start(void **state)
{
	(void)state;
	/* any number of times */
	return tacit_crypto_start() == TACIT_OK && tacit_crypto_start() == TACIT_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wycheproof_vectors_hold),
	    cmocka_unit_test(rfc_exchange_holds),
	    cmocka_unit_test(rfc_iteration_holds),
	    cmocka_unit_test(generated_keys_agree),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
