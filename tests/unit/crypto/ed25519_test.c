#include "support/random.h"
#include "support/vectors.h"

#include "crypto/ed25519.h"
#include "crypto/random.h"

static void
rfc_vectors_hold(void **state)
{
	uint8_t seed[TACIT_ED25519_LEN], message[2048];
	struct tacit_ed25519_secret secret;
	struct tacit_ed25519_public expected, public;
	struct tacit_ed25519_signature signature, made;
	unsigned count = 0;
	struct vectors v;
	size_t len;

	(void)state;
	vectors_open(&v, "ed25519-rfc8032.txt");
	for (; vectors_next(&v); count++) {
		vectors_exact(&v, "seed", seed, sizeof(seed));
		vectors_exact(&v, "public", expected.b, sizeof(expected.b));
		vectors_exact(&v, "signature", signature.b, sizeof(signature.b));
		len = vectors_hex(&v, "message", message, sizeof(message));
		tacit_ed25519_from_seed(seed, &secret, &public);
		assert_memory_equal(public.b, expected.b, sizeof(public.b));
		tacit_ed25519_sign(&secret, message, len, &made);
		assert_memory_equal(made.b, signature.b, sizeof(made.b));
		assert_int_equal(tacit_ed25519_verify(&public, message, len, &made), TACIT_OK);
		message[len] = 0;
		assert_int_equal(
		    tacit_ed25519_verify(&public, message, len + 1, &made), TACIT_EAUTH);
	}
	vectors_close(&v);
	assert_int_equal(count, 68);
}

static void
wycheproof_vectors_hold(void **state)
{
	uint8_t message[1024], bytes[128];
	struct tacit_ed25519_signature signature;
	struct tacit_ed25519_public public;
	unsigned valid = 0, invalid = 0, lengths = 0;
	struct vectors v;
	size_t len;

	(void)state;
	vectors_open(&v, "ed25519-wycheproof.txt");
	while (vectors_next(&v)) {
		vectors_exact(&v, "public", public.b, sizeof(public.b));
		len = vectors_hex(&v, "signature", bytes, sizeof(bytes));
		if (len != sizeof(signature.b)) {
			/* our type has no room for a signature of another length */
			assert_string_equal(vectors_text(&v, "result"), "invalid");
			lengths++;
			continue;
		}
		memcpy(signature.b, bytes, sizeof(signature.b));
		len = vectors_hex(&v, "message", message, sizeof(message));
		if (strcmp(vectors_text(&v, "result"), "valid") == 0) {
			assert_int_equal(
			    tacit_ed25519_verify(&public, message, len, &signature), TACIT_OK);
			valid++;
		} else {
			assert_int_equal(
			    tacit_ed25519_verify(&public, message, len, &signature), TACIT_EAUTH);
			invalid++;
		}
	}
	vectors_close(&v);
	assert_int_equal(valid + invalid + lengths, 145);
	assert_int_equal(valid, 84);
}

static void
changed_bits_are_refused(void **state)
{
	struct seeded seed = {2};
	struct tacit_random random = seeded_random(&seed);
	struct tacit_ed25519_secret secret;
	struct tacit_ed25519_public public;
	struct tacit_ed25519_signature signature;
	uint8_t message[40];

	(void)state;
	seeded_fill(&seed, message, sizeof(message));
	tacit_ed25519_generate(&random, &secret, &public);
	tacit_ed25519_sign(&secret, message, sizeof(message), &signature);
	assert_int_equal(
	    tacit_ed25519_verify(&public, message, sizeof(message), &signature), TACIT_OK);
	for (size_t bit = 0; bit < 8 * (sizeof(public.b) + sizeof(signature.b) + sizeof(message));
	     bit++) {
		struct tacit_ed25519_public key = public;
		struct tacit_ed25519_signature sig = signature;
		uint8_t text[sizeof(message)], mask = (uint8_t)(1 << bit % 8);
		size_t at = bit / 8;

		memcpy(text, message, sizeof(text));
		if (at < sizeof(key.b))
			key.b[at] ^= mask;
		else if ((at -= sizeof(key.b)) < sizeof(sig.b))
			sig.b[at] ^= mask;
		else
			text[at - sizeof(sig.b)] ^= mask;
		assert_int_equal(tacit_ed25519_verify(&key, text, sizeof(text), &sig), TACIT_EAUTH);
	}
}

/* With a key of small order one signature fits many messages: s = 0 and R = the neutral element
 * verify for every message under the neutral element as a key, if nobody looks. */
static void
keys_of_small_order_are_refused(void **state)
{
	struct tacit_ed25519_public neutral = {{1}};
	struct tacit_ed25519_signature signature = {{1}};

	(void)state;
	assert_int_equal(
	    tacit_ed25519_verify(&neutral, (const uint8_t *)"any", 3, &signature), TACIT_EAUTH);
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
	    cmocka_unit_test(rfc_vectors_hold),
	    cmocka_unit_test(wycheproof_vectors_hold),
	    cmocka_unit_test(changed_bits_are_refused),
	    cmocka_unit_test(keys_of_small_order_are_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
