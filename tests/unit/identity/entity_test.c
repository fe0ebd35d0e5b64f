#include "support/identity.h"

#include "base/memory.h"

static const uint8_t h[TACIT_HASH_LEN] = {1, 2, 3};

static void
identity_rotates_up_to_its_limit(void **state)
{
	struct tacit_identity identity, before;
	struct tacit_ed25519_signature signature;
	struct tacit_identifier identifier;
	struct counting counting;
	tacit_key old;

	(void)state;
	counting_init(&counting, 0);
	assert_int_equal(tacit_identity_create(counting.vault, &identity), TACIT_OK);
	identifier = identity.identifier;
	for (unsigned count = 1; count < TACIT_HISTORY_CHANGES_MAX; count++) {
		assert_int_equal(identity.history.count, count);
		assert_int_equal(tacit_history_verify(&identity.history), TACIT_OK);
		old = identity.key;
		assert_int_equal(tacit_identity_rotate(&identity), TACIT_OK);
		assert_int_not_equal(identity.key, old);
		/* the old key is gone, the identifier stays */
		assert_int_equal(tacit_vault_sign(counting.vault, old, h, sizeof(h), &signature),
		    TACIT_ENOTFOUND);
		assert_true(tacit_identifier_equal(&identity.identifier, &identifier));
		tacit_history_identifier(&identity.history, &identifier);
		assert_true(tacit_identifier_equal(&identity.identifier, &identifier));
	}
	assert_int_equal(tacit_history_verify(&identity.history), TACIT_OK);
	before = identity;
	assert_int_equal(tacit_identity_rotate(&identity), TACIT_ELIMIT);
	assert_memory_equal(&identity, &before, sizeof(before));
	assert_int_equal(
	    tacit_identity_prove(&identity, TACIT_ROLE_INITIATOR, h, &signature), TACIT_OK);
	tacit_identity_fini(&identity);
	assert_int_equal(tacit_vault_sign(counting.vault, before.key, h, sizeof(h), &signature),
	    TACIT_ENOTFOUND);
	/* finished twice, or never begun, does no harm */
	tacit_identity_fini(&identity);
	counting_fini(&counting);
}

static void
lost_key_proves_and_rotates_nothing(void **state)
{
	struct tacit_identity identity, before;
	struct tacit_ed25519_signature signature;
	struct counting counting;

	(void)state;
	counting_init(&counting, 0);
	counting_identity(&counting, 2, &identity);
	tacit_vault_delete(counting.vault, identity.key);
	before = identity;
	assert_int_equal(
	    tacit_identity_prove(&identity, TACIT_ROLE_INITIATOR, h, &signature), TACIT_ENOTFOUND);
	assert_int_equal(tacit_identity_rotate(&identity), TACIT_ENOTFOUND);
	assert_memory_equal(&identity, &before, sizeof(before));
	counting_fini(&counting);
}

static void
no_memory_leaves_it_unchanged(void **state)
{
	struct tacit_identity identity, before;
	struct counting counting;

	(void)state;
	counting_init(&counting, 0);
	memset(&identity, 0x5a, sizeof(identity));
	before = identity;
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_identity_create(counting.vault, &identity), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_memory_equal(&identity, &before, sizeof(before));
	counting_identity(&counting, 2, &identity);
	before = identity;
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_identity_rotate(&identity), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_memory_equal(&identity, &before, sizeof(before));
	assert_int_equal(tacit_identity_rotate(&identity), TACIT_OK);
	counting_fini(&counting);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(identity_rotates_up_to_its_limit),
	    cmocka_unit_test(lost_key_proves_and_rotates_nothing),
	    cmocka_unit_test(no_memory_leaves_it_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
