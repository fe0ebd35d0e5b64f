#include "support/random.h"
#include "support/unit.h"

#include "base/memory.h"
#include "base/secret.h"
#include "crypto/random.h"
#include "vault/vault.h"

static const uint8_t text[] = "what is signed";

static tacit_err
check(const struct tacit_ed25519_public *public, const struct tacit_ed25519_signature *signature)
{
	return tacit_ed25519_verify(public, text, sizeof(text), signature);
}

static void
keys_sign_and_go(void **state)
{
	struct tacit_random random = tacit_random_system();
	struct tacit_ed25519_public a_public, b_public, c_public;
	struct tacit_ed25519_signature signature, untouched;
	struct tacit_vault *vault;
	tacit_key a, b, c;

	(void)state;
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_vault_generate(vault, &a, &a_public), TACIT_OK);
	assert_int_equal(tacit_vault_generate(vault, &b, &b_public), TACIT_OK);
	assert_int_not_equal(a, 0);
	assert_int_not_equal(b, 0);
	assert_int_not_equal(a, b);
	assert_int_equal(tacit_vault_sign(vault, a, text, sizeof(text), &signature), TACIT_OK);
	assert_int_equal(check(&a_public, &signature), TACIT_OK);
	assert_int_equal(check(&b_public, &signature), TACIT_EAUTH);
	assert_int_equal(tacit_vault_sign(vault, b, text, sizeof(text), &signature), TACIT_OK);
	assert_int_equal(check(&b_public, &signature), TACIT_OK);

	/* deleting one leaves the other, and its handle is not given again */
	tacit_vault_delete(vault, a);
	signature = untouched;
	assert_int_equal(
	    tacit_vault_sign(vault, a, text, sizeof(text), &signature), TACIT_ENOTFOUND);
	assert_memory_equal(&signature, &untouched, sizeof(signature));
	assert_int_equal(tacit_vault_generate(vault, &c, &c_public), TACIT_OK);
	assert_int_not_equal(c, a);
	assert_int_equal(
	    tacit_vault_sign(vault, a, text, sizeof(text), &signature), TACIT_ENOTFOUND);
	assert_int_equal(tacit_vault_sign(vault, b, text, sizeof(text), &signature), TACIT_OK);
	assert_int_equal(check(&b_public, &signature), TACIT_OK);
	tacit_vault_destroy(vault);
}

static void
unknown_handles_are_nobodys(void **state)
{
	struct tacit_random random = tacit_random_system();
	struct tacit_ed25519_signature signature;
	struct tacit_ed25519_public public;
	struct tacit_vault *vault;
	tacit_key key;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_vault_sign(vault, 0, text, 1, &signature), TACIT_ENOTFOUND);
	assert_int_equal(tacit_vault_sign(vault, 1, text, 1, &signature), TACIT_ENOTFOUND);
	tacit_vault_delete(vault, 0);
	tacit_vault_delete(vault, 1);
	assert_int_equal(tacit_vault_generate(vault, &key, &public), TACIT_OK);
	tacit_vault_delete(vault, key + 1);
	tacit_vault_delete(vault, 0);
	assert_int_equal(tacit_vault_sign(vault, key, text, 1, &signature), TACIT_OK);
	tacit_vault_destroy(vault);
	tacit_vault_destroy(NULL);
}

/* The slot that was freed last is given next: so the test knows where the vault's key lies. */
static void
secrets_lie_in_secret_memory_and_are_wiped(void **state)
{
	static const uint8_t zeros[TACIT_SECRET_LEN_MAX];
	struct seeded seed = {1}, same = {1};
	struct tacit_random random = seeded_random(&seed);
	uint8_t expected[TACIT_ED25519_LEN], *slot = tacit_secret_new(1);
	struct tacit_ed25519_public public;
	struct tacit_vault *vault;
	tacit_key key;

	(void)state;
	assert_non_null(slot);
	tacit_secret_free(slot);
	seeded_fill(&same, expected, sizeof(expected));
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_vault_generate(vault, &key, &public), TACIT_OK);
	assert_memory_equal(slot, expected, sizeof(expected));
	tacit_vault_delete(vault, key);
	assert_memory_equal(slot, zeros, sizeof(zeros));
	assert_int_equal(tacit_vault_generate(vault, &key, &public), TACIT_OK);
	assert_memory_not_equal(slot, zeros, sizeof(zeros));
	tacit_vault_destroy(vault);
	assert_memory_equal(slot, zeros, sizeof(zeros));
}

static void
no_memory_is_an_error(void **state)
{
	struct tacit_random random = tacit_random_system();
	struct tacit_ed25519_public public;
	struct tacit_vault *vault = NULL;
	tacit_key key = 0;

	(void)state;
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_ENOMEM);
	assert_null(vault);
	tacit_alloc_fail_at(0);
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_vault_generate(vault, &key, &public), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(key, 0);
	assert_int_equal(tacit_vault_generate(vault, &key, &public), TACIT_OK);
	tacit_vault_destroy(vault);
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
	    cmocka_unit_test(keys_sign_and_go),
	    cmocka_unit_test(unknown_handles_are_nobodys),
	    cmocka_unit_test(secrets_lie_in_secret_memory_and_are_wiped),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
