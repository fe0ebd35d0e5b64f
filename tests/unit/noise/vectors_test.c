#include "support/noise.h"
#include "support/vectors.h"

#include "crypto/random.h"

#define PAYLOAD_MAX 64
#define SEALED_MAX  (PAYLOAD_MAX + TACIT_TAG_LEN)

static void
init_from_vector(
    const struct vectors *v, struct tacit_noise_xx *initiator, struct tacit_noise_xx *responder)
{
	struct tacit_x25519_secret s, e;
	uint8_t bytes[64];
	size_t len = 0;

	if (vectors_find(v, "prologue") != NULL)
		len = vectors_hex(v, "prologue", bytes, sizeof(bytes));
	vectors_exact(v, "init_static", s.b, sizeof(s.b));
	vectors_exact(v, "gen_init_ephemeral", e.b, sizeof(e.b));
	tacit_noise_xx_init_keys(initiator, true, bytes, len, &s, &e);
	vectors_exact(v, "resp_static", s.b, sizeof(s.b));
	vectors_exact(v, "gen_resp_ephemeral", e.b, sizeof(e.b));
	tacit_noise_xx_init_keys(responder, false, bytes, len, &s, &e);
}

/* writes with one end, compares with msg_I_ciphertext, reads with the other */
static void
exchange(const struct vectors *v, unsigned i, struct tacit_noise_xx *writer,
    struct tacit_noise_xx *reader)
{
	static const size_t tokens[] = {
	    TACIT_NOISE_XX_TOKENS1, TACIT_NOISE_XX_TOKENS2, TACIT_NOISE_XX_TOKENS3};
	uint8_t payload[SEALED_MAX] = {0}, message[256], expected[256], opened[SEALED_MAX];
	char name[32];
	size_t len = 0, total;

	snprintf(name, sizeof(name), "msg_%u_payload", i);
	if (vectors_find(v, name) != NULL)
		len = vectors_hex(v, name, payload, PAYLOAD_MAX);
	total = tokens[i] + len + (i > 0 ? TACIT_TAG_LEN : 0);
	if (i == 0) {
		assert_int_equal(tacit_noise_xx_create1(writer, payload, len, message), TACIT_OK);
		memcpy(message + tokens[0], payload, len);
		assert_int_equal(consume_1(reader, message, total), TACIT_OK);
	} else {
		assert_int_equal(i == 1 ? tacit_noise_xx_create2(writer, message)
					: tacit_noise_xx_create3(writer, message),
		    TACIT_OK);
		assert_int_equal(
		    tacit_noise_xx_seal_payload(writer, payload, len, message + tokens[i]),
		    TACIT_OK);
		assert_int_equal(i == 1 ? consume_2(reader, message, total, opened)
					: consume_3(reader, message, total, opened),
		    TACIT_OK);
		assert_memory_equal(opened, payload, len);
	}
	assert_memory_equal(writer->h, reader->h, TACIT_HASH_LEN);
	snprintf(name, sizeof(name), "msg_%u_ciphertext", i);
	if (vectors_find(v, name) == NULL)
		return;
	assert_int_equal(vectors_hex(v, name, expected, sizeof(expected)), total);
	assert_memory_equal(message, expected, total);
}

/* messages 3 and 4: the first ones under the keys of the split */
static void
check_transport(const struct vectors *v, unsigned i, const uint8_t key[TACIT_KEY_LEN])
{
	uint8_t payload[SEALED_MAX], sealed[SEALED_MAX], expected[SEALED_MAX];
	struct tacit_aead *aead;
	char name[32];
	size_t len;

	snprintf(name, sizeof(name), "msg_%u_payload", i);
	if (vectors_find(v, name) == NULL)
		return;
	len = vectors_hex(v, name, payload, PAYLOAD_MAX);
	snprintf(name, sizeof(name), "msg_%u_ciphertext", i);
	vectors_exact(v, name, expected, len + TACIT_TAG_LEN);
	assert_int_equal(tacit_aead_new(key, &aead), TACIT_OK);
	assert_int_equal(tacit_aead_seal(aead, 0, NULL, 0, payload, len, sealed), TACIT_OK);
	assert_memory_equal(sealed, expected, len + TACIT_TAG_LEN);
	tacit_aead_free(aead);
}

static void
assert_field(const struct vectors *v, const char *name, const uint8_t bytes[32])
{
	uint8_t expected[32];

	if (vectors_find(v, name) == NULL)
		return;
	vectors_exact(v, name, expected, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void
published_vectors_hold(void **state)
{
	struct tacit_noise_xx initiator, responder;
	uint8_t k1[TACIT_KEY_LEN], k2[TACIT_KEY_LEN], other_k1[TACIT_KEY_LEN];
	uint8_t other_k2[TACIT_KEY_LEN];
	unsigned count = 0;
	struct vectors v;

	(void)state;
	vectors_open(&v, "noise-xx.txt");
	for (; vectors_next(&v); count++) {
		init_from_vector(&v, &initiator, &responder);
		exchange(&v, 0, &initiator, &responder);
		exchange(&v, 1, &responder, &initiator);
		exchange(&v, 2, &initiator, &responder);
		tacit_noise_xx_split(&initiator, k1, k2);
		tacit_noise_xx_split(&responder, other_k1, other_k2);
		assert_memory_equal(k1, other_k1, sizeof(k1));
		assert_memory_equal(k2, other_k2, sizeof(k2));
		assert_field(&v, "final_h", initiator.h);
		assert_field(&v, "final_h", responder.h);
		assert_field(&v, "k1", k1);
		assert_field(&v, "k2", k2);
		check_transport(&v, 3, k1);
		check_transport(&v, 4, k2);
	}
	vectors_close(&v);
	assert_int_equal(count, 5);
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
	    cmocka_unit_test(published_vectors_hold),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
