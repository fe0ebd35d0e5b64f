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

/* what a callback saw of a secret */
struct sight {
	unsigned calls;
	struct tacit_x25519_secret secret;
};

static void
look(void *arg, const struct tacit_x25519_secret *secret)
{
	struct sight *sight = arg;

	sight->calls++;
	sight->secret = *secret;
}

static void
x25519_keys_are_used_inside(void **state)
{
	struct seeded seed = {5}, same = {5};
	struct tacit_random random = seeded_random(&seed);
	struct tacit_x25519_public a_public, b_public, derived;
	struct tacit_x25519_secret drawn;
	struct sight sight = {0};
	struct tacit_vault *vault;
	tacit_key a, b;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_vault_generate_x25519(vault, &a, &a_public), TACIT_OK);
	assert_int_equal(tacit_vault_generate_x25519(vault, &b, &b_public), TACIT_OK);
	assert_int_not_equal(a, 0);
	assert_int_not_equal(a, b);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
		    tacit_vault_use_x25519(vault, i == 0 ? a : b, look, &sight), TACIT_OK);
		assert_int_equal(sight.calls, i + 1);
		/* it was clamped, and is the number that was drawn otherwise */
		seeded_fill(&same, drawn.b, sizeof(drawn.b));
		assert_memory_equal(sight.secret.b + 1, drawn.b + 1, 30);
		assert_int_equal(sight.secret.b[0], drawn.b[0] & 0xf8);
		assert_int_equal(sight.secret.b[31], (drawn.b[31] & 0x3f) | 0x40);
		tacit_x25519_derive(&drawn, &derived);
		assert_memory_equal(&derived, i == 0 ? &a_public : &b_public, sizeof(derived));
	}
	tacit_vault_delete(vault, a);
	assert_int_equal(tacit_vault_use_x25519(vault, a, look, &sight), TACIT_ENOTFOUND);
	assert_int_equal(sight.calls, 2);
	assert_int_equal(tacit_vault_use_x25519(vault, b, look, &sight), TACIT_OK);
	/* more of the same randomness, for whoever signs */
	tacit_vault_random(vault, derived.b, sizeof(derived.b));
	seeded_fill(&same, drawn.b, sizeof(drawn.b));
	assert_memory_equal(derived.b, drawn.b, sizeof(drawn.b));
	tacit_vault_destroy(vault);
}

static void
a_key_of_the_other_kind_does_not_exist(void **state)
{
	struct tacit_random random = tacit_random_system();
	struct tacit_ed25519_signature signature;
	struct tacit_ed25519_public ed_public;
	struct tacit_x25519_public x_public;
	struct sight sight = {0};
	struct tacit_vault *vault;
	tacit_key ed, x;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_vault_generate(vault, &ed, &ed_public), TACIT_OK);
	assert_int_equal(tacit_vault_generate_x25519(vault, &x, &x_public), TACIT_OK);
	assert_int_not_equal(ed, x);
	assert_int_equal(tacit_vault_use_x25519(vault, ed, look, &sight), TACIT_ENOTFOUND);
	assert_int_equal(tacit_vault_use_x25519(vault, 0, look, &sight), TACIT_ENOTFOUND);
	assert_int_equal(tacit_vault_use_x25519(vault, x + 1, look, &sight), TACIT_ENOTFOUND);
	assert_int_equal(sight.calls, 0);
	assert_int_equal(
	    tacit_vault_sign(vault, x, text, sizeof(text), &signature), TACIT_ENOTFOUND);
	assert_int_equal(tacit_vault_sign(vault, ed, text, sizeof(text), &signature), TACIT_OK);
	assert_int_equal(tacit_vault_use_x25519(vault, x, look, &sight), TACIT_OK);
	tacit_vault_destroy(vault);
}

/* The slot that was freed last is given next: so the test knows where the vault's key lies. */
static void
secrets_lie_in_secret_memory_and_are_wiped(void **state)
{
	static const uint8_t zeros[TACIT_SECRET_LEN_MAX];
	struct seeded seed = {1}, same = {1};
	struct tacit_random random = seeded_random(&seed);
	uint8_t expected[TACIT_ED25519_LEN], *slot = tacit_secret_new(1);
	struct tacit_x25519_public x_public;
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
	tacit_vault_delete(vault, key);
	assert_int_equal(tacit_vault_generate_x25519(vault, &key, &x_public), TACIT_OK);
	assert_memory_not_equal(slot, zeros, sizeof(zeros));
	tacit_vault_delete(vault, key);
	assert_memory_equal(slot, zeros, sizeof(zeros));
	assert_int_equal(tacit_vault_generate_x25519(vault, &key, &x_public), TACIT_OK);
	tacit_vault_destroy(vault);
	assert_memory_equal(slot, zeros, sizeof(zeros));
}

static void
no_memory_is_an_error(void **state)
{
	struct tacit_random random = tacit_random_system();
	struct tacit_ed25519_public public;
	struct tacit_x25519_public x_public;
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
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_vault_generate_x25519(vault, &key, &x_public), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(key, 0);
	assert_int_equal(tacit_vault_generate_x25519(vault, &key, &x_public), TACIT_OK);
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
	    cmocka_unit_test(x25519_keys_are_used_inside),
	    cmocka_unit_test(a_key_of_the_other_kind_does_not_exist),
	    cmocka_unit_test(secrets_lie_in_secret_memory_and_are_wiped),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
