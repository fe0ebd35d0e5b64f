#include "support/unit.h"

#include "base/hex.h"
#include "crypto/argon2id.h"
#include "crypto/random.h"

/* computed by python3-cryptography 48 (OpenSSL 3.5): one lane, version 0x13 */
static const struct {
	uint32_t passes, kib;
	const char *passphrase, *salt, *key;
} known[] = {
    {1, 8, "password", "000102030405060708090a0b0c0d0e0f",
	"3a008963c65f7ffa7331a90babd1fd17ea9f03bd05356b857ceb43f7b7080adc"},
    {3, 64, "", "00000000000000000000000000000000",
	"4006c525a83133979688b6019ef0c5a2fb216dd83386f1d908246b040f9a8537"},
    {2, 8192, "correct horse", "6465666768696a6b6c6d6e6f70717273",
	"f28f53d24a03edef5c63f1013e64431dd6519a77ba38280305d29c926ee04066"},
};

static void
known_keys_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct tacit_argon2id cost = {.passes = known[i].passes, .kib = known[i].kib};
		uint8_t key[TACIT_ARGON2ID_KEY_LEN];
		char text[2 * sizeof(key) + 1];

		assert_true(tacit_hex_decode(cost.salt, sizeof(cost.salt), known[i].salt));
		assert_int_equal(
		    tacit_argon2id(&cost, known[i].passphrase, strlen(known[i].passphrase), key),
		    TACIT_OK);
		tacit_hex_encode(text, key, sizeof(key));
		assert_string_equal(text, known[i].key);
	}
}

/* each of them makes another key */
static void
everything_counts(void **state)
{
	struct tacit_argon2id costs[4] = {{.passes = 1, .kib = 64}, {.passes = 2, .kib = 64},
	    {.passes = 1, .kib = 72}, {.passes = 1, .kib = 64, .salt = {1}}};
	uint8_t keys[6][TACIT_ARGON2ID_KEY_LEN];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(tacit_argon2id(&costs[i], "a", 1, keys[i]), TACIT_OK);
	assert_int_equal(tacit_argon2id(&costs[0], "b", 1, keys[4]), TACIT_OK);
	assert_int_equal(tacit_argon2id(&costs[0], "a\0", 2, keys[5]), TACIT_OK);
	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(keys[i], keys[k], sizeof(keys[i]));
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
	    cmocka_unit_test(known_keys_hold),
	    cmocka_unit_test(everything_counts),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
