/* PROTOCOL.md 9.4 */
#include "support/ockam_identity.h"

#include "base/memory.h"
#include "identity/history.h"

static void
captured_identities_are_made_again(void **state)
{
	static const char *const ends[] = {"alice", "bob"};
	struct ockam_captured captured;
	struct tacit_x25519_public public;
	char text[TACIT_IDENTIFIER_TEXT_LEN];
	uint8_t message[TACIT_OCKAM_MESSAGE_LEN];
	struct vectors v;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		ockam_captured_init(&captured, ends[i]);
		vectors_open(&v, OCKAM_KEYS);
		ockam_keys_find(&v, "key", ends[i]);
		vectors_exact(&v, "public", public.b, sizeof(public.b));
		assert_memory_equal(captured.identity.public.b, public.b, sizeof(public.b));
		ockam_keys_find(&v, "identity", ends[i]);
		tacit_identifier_format(&captured.identity.identifier, text);
		assert_string_equal(text, vectors_text(&v, "identifier"));
		vectors_exact(&v, "message", message, sizeof(message));
		assert_memory_equal(
		    captured.identity.contact, message + 1, TACIT_OCKAM_CONTACT_LEN);
		vectors_close(&v);
		ockam_captured_fini(&captured);
	}
}

static void
each_identity_has_a_key_of_its_own(void **state)
{
	struct tacit_random random = tacit_random_system();
	struct tacit_ockam_identity one, other;
	struct tacit_ed25519_signature signature, untouched;
	uint8_t hash[TACIT_HASH_LEN] = {1};
	struct tacit_vault *vault;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_ockam_identity_create(vault, &one), TACIT_OK);
	assert_int_equal(tacit_ockam_identity_create(vault, &other), TACIT_OK);
	assert_false(tacit_identifier_equal(&one.identifier, &other.identifier));
	assert_int_equal(tacit_ockam_identity_sign(&one, hash, &signature), TACIT_OK);
	assert_int_equal(
	    tacit_xeddsa_verify(&one.public, hash, sizeof(hash), &signature), TACIT_OK);
	assert_int_equal(
	    tacit_xeddsa_verify(&other.public, hash, sizeof(hash), &signature), TACIT_EAUTH);
	/* not even the same bytes twice: each signature has randomness of its own */
	assert_int_equal(tacit_ockam_identity_sign(&one, hash, &untouched), TACIT_OK);
	assert_memory_not_equal(&signature, &untouched, sizeof(signature));

	/* a key that is gone signs nothing */
	tacit_vault_delete(vault, one.key);
	signature = untouched;
	assert_int_equal(tacit_ockam_identity_sign(&one, hash, &signature), TACIT_ENOTFOUND);
	assert_memory_equal(&signature, &untouched, sizeof(signature));
	assert_int_equal(tacit_ockam_identity_sign(&other, hash, &signature), TACIT_OK);
	tacit_vault_destroy(vault);
}

static void
an_identity_that_ends_takes_its_key_along(void **state)
{
	struct tacit_random random = tacit_random_system();
	struct tacit_ockam_identity identity, copy;
	struct tacit_ed25519_signature signature;
	uint8_t hash[TACIT_HASH_LEN] = {1};
	struct tacit_vault *vault;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	assert_int_equal(tacit_ockam_identity_create(vault, &identity), TACIT_OK);
	copy = identity;
	tacit_ockam_identity_fini(&identity);
	assert_int_equal(identity.key, 0);
	assert_int_equal(tacit_ockam_identity_sign(&copy, hash, &signature), TACIT_ENOTFOUND);
	/* once more is fine */
	tacit_ockam_identity_fini(&identity);
	tacit_vault_destroy(vault);
}

static void
no_memory_is_an_error(void **state)
{
	struct tacit_random random = tacit_random_system();
	static const struct tacit_ockam_identity none;
	struct tacit_ockam_identity identity = none;
	struct tacit_vault *vault;

	(void)state;
	assert_int_equal(tacit_vault_create(&random, &vault), TACIT_OK);
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_ockam_identity_create(vault, &identity), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_memory_equal(&identity, &none, sizeof(none));
	assert_int_equal(tacit_ockam_identity_create(vault, &identity), TACIT_OK);
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
	    cmocka_unit_test(captured_identities_are_made_again),
	    cmocka_unit_test(each_identity_has_a_key_of_its_own),
	    cmocka_unit_test(an_identity_that_ends_takes_its_key_along),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
