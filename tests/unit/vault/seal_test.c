#include "support/damage.h"
#include "support/unit.h"

#include "base/memory.h"
#include "crypto/random.h"
#include "vault/seal.h"

static const struct tacit_argon2id cost = {.passes = 1, .kib = 8};
static const uint8_t text[] = "what is signed";
static const uint8_t aad[] = "the header";

static struct tacit_random port;
static struct tacit_vault *vault;
static tacit_key key;
static struct tacit_ed25519_public public;
static const struct tacit_lock lock = {"secret", 6, &cost, aad, sizeof(aad)};

static tacit_err
opens(const struct tacit_lock *with, const uint8_t sealed[TACIT_SEALED_LEN])
{
	struct tacit_ed25519_public found;
	tacit_key again;
	tacit_err err = tacit_vault_unseal(vault, with, sealed, &again, &found);

	if (err != TACIT_OK)
		return err;
	assert_memory_equal(&found, &public, sizeof(found));
	tacit_vault_delete(vault, again);
	return TACIT_OK;
}

static void
what_is_sealed_comes_back(void **state)
{
	struct tacit_ed25519_public found;
	struct tacit_ed25519_signature signature;
	uint8_t sealed[TACIT_SEALED_LEN];
	struct tacit_vault *other;
	tacit_key again;

	(void)state;
	assert_int_equal(tacit_vault_create(&port, &other), TACIT_OK);
	assert_int_equal(tacit_vault_seal(vault, key, &lock, sealed), TACIT_OK);
	assert_int_equal(tacit_vault_unseal(other, &lock, sealed, &again, &found), TACIT_OK);
	assert_memory_equal(&found, &public, sizeof(found));
	assert_int_equal(tacit_vault_sign(other, again, text, sizeof(text), &signature), TACIT_OK);
	assert_int_equal(tacit_ed25519_verify(&public, text, sizeof(text), &signature), TACIT_OK);
	tacit_vault_destroy(other);
}

static void
another_passphrase_cost_or_header_is_refused(void **state)
{
	struct tacit_argon2id dearer = cost, salted = cost;
	struct tacit_lock bad = lock;
	uint8_t sealed[TACIT_SEALED_LEN];

	(void)state;
	dearer.passes++;
	salted.salt[15] = 1;
	assert_int_equal(tacit_vault_seal(vault, key, &lock, sealed), TACIT_OK);
	assert_int_equal(opens(&lock, sealed), TACIT_OK);
	bad.passphrase = "Secret";
	assert_int_equal(opens(&bad, sealed), TACIT_EAUTH);
	bad.passphrase = "secret ";
	bad.passphrase_len = 7;
	assert_int_equal(opens(&bad, sealed), TACIT_EAUTH);
	bad.passphrase = NULL;
	assert_int_equal(opens(&bad, sealed), TACIT_EAUTH);
	bad = lock;
	bad.cost = &dearer;
	assert_int_equal(opens(&bad, sealed), TACIT_EAUTH);
	bad.cost = &salted;
	assert_int_equal(opens(&bad, sealed), TACIT_EAUTH);
	bad = lock;
	bad.aad_len--;
	assert_int_equal(opens(&bad, sealed), TACIT_EAUTH);
}

static void
refused(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	(void)arg;
	(void)len;
	if (kind == DAMAGE_FLIPPED && opens(&lock, bytes) != TACIT_EAUTH)
		fail_msg("bit %zu", index);
}

static void
every_bit_counts(void **state)
{
	uint8_t sealed[TACIT_SEALED_LEN];

	(void)state;
	assert_int_equal(tacit_vault_seal(vault, key, &lock, sealed), TACIT_OK);
	damage_each(sealed, sizeof(sealed), refused, NULL);
}

static void
only_ed25519_keys_are_sealed(void **state)
{
	struct tacit_x25519_public other;
	uint8_t sealed[TACIT_SEALED_LEN];
	tacit_key x25519;

	(void)state;
	assert_int_equal(tacit_vault_generate_x25519(vault, &x25519, &other), TACIT_OK);
	assert_int_equal(tacit_vault_seal(vault, x25519, &lock, sealed), TACIT_ENOTFOUND);
	assert_int_equal(tacit_vault_seal(vault, 0, &lock, sealed), TACIT_ENOTFOUND);
	tacit_vault_delete(vault, x25519);
}

static void
no_memory_is_an_error(void **state)
{
	uint8_t sealed[TACIT_SEALED_LEN];
	tacit_err err = TACIT_ENOMEM;

	(void)state;
	for (unsigned long nth = 1; err != TACIT_OK; nth++) {
		tacit_alloc_fail_at(nth);
		err = tacit_vault_seal(vault, key, &lock, sealed);
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
		assert_true(nth < 100);
	}
	err = TACIT_ENOMEM;
	for (unsigned long nth = 1; err != TACIT_OK; nth++) {
		tacit_alloc_fail_at(nth);
		err = opens(&lock, sealed);
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
		assert_true(nth < 100);
	}
}

static int
start(void **state)
{
	(void)state;
	port = tacit_random_system();
	return tacit_crypto_start() == TACIT_OK && tacit_vault_create(&port, &vault) == TACIT_OK &&
		       tacit_vault_generate(vault, &key, &public) == TACIT_OK
		   ? 0
		   : -1;
}

static int
stop(void **state)
{
	(void)state;
	tacit_vault_destroy(vault);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_sealed_comes_back),
	    cmocka_unit_test(another_passphrase_cost_or_header_is_refused),
	    cmocka_unit_test(every_bit_counts),
	    cmocka_unit_test(only_ed25519_keys_are_sealed),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
