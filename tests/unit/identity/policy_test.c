#include "support/unit.h"

#include "base/memory.h"
#include "identity/policy.h"

static const struct tacit_identifier known[3] = {{{1}}, {{2}}, {{3}}};
static const struct tacit_identifier stranger = {{4}};

static void
zeroed_memory_refuses_everybody(void **state)
{
	static const struct tacit_identifier zeros;
	struct tacit_policy policy, copy;

	(void)state;
	memset(&policy, 0, sizeof(policy));
	assert_int_equal(tacit_policy_decide(&policy, &known[0]), TACIT_EUNTRUSTED);
	assert_int_equal(tacit_policy_decide(&policy, &zeros), TACIT_EUNTRUSTED);
	assert_int_equal(tacit_policy_copy(&policy, &copy), TACIT_OK);
	assert_int_equal(tacit_policy_decide(&copy, &zeros), TACIT_EUNTRUSTED);
	tacit_policy_fini(&copy);
	tacit_policy_fini(&policy);
}

static void
everyone_is_everyone(void **state)
{
	struct tacit_policy policy, copy;

	(void)state;
	tacit_policy_everyone(&policy);
	assert_int_equal(tacit_policy_decide(&policy, &stranger), TACIT_OK);
	assert_int_equal(tacit_policy_copy(&policy, &copy), TACIT_OK);
	tacit_policy_fini(&policy);
	assert_int_equal(tacit_policy_decide(&policy, &stranger), TACIT_EUNTRUSTED);
	assert_int_equal(tacit_policy_decide(&copy, &stranger), TACIT_OK);
	tacit_policy_fini(&copy);
}

static void
exactly_is_those_and_nobody_else(void **state)
{
	struct tacit_identifier mine[3], near;
	struct tacit_policy policy, copy;

	(void)state;
	memcpy(mine, known, sizeof(mine));
	assert_int_equal(tacit_policy_exactly(mine, 3, &policy), TACIT_OK);
	/* a copy was made, and the copy's copy is its own too */
	memset(mine, 4, sizeof(mine));
	assert_int_equal(tacit_policy_copy(&policy, &copy), TACIT_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tacit_policy_decide(&policy, &known[i]), TACIT_OK);
	assert_int_equal(tacit_policy_decide(&policy, &stranger), TACIT_EUNTRUSTED);
	for (size_t bit = 2; bit < 8 * sizeof(near.b); bit++) {
		near = known[0];
		near.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(tacit_policy_decide(&policy, &near), TACIT_EUNTRUSTED);
	}
	tacit_policy_fini(&policy);
	assert_int_equal(tacit_policy_decide(&policy, &known[0]), TACIT_EUNTRUSTED);
	assert_int_equal(tacit_policy_decide(&copy, &known[2]), TACIT_OK);
	assert_int_equal(tacit_policy_decide(&copy, &stranger), TACIT_EUNTRUSTED);
	tacit_policy_fini(&copy);
}

static void
empty_list_is_nobody(void **state)
{
	struct tacit_policy policy;

	(void)state;
	assert_int_equal(tacit_policy_exactly(NULL, 0, &policy), TACIT_OK);
	assert_int_equal(tacit_policy_decide(&policy, &stranger), TACIT_EUNTRUSTED);
	tacit_policy_fini(&policy);
}

static void
no_memory_is_an_error(void **state)
{
	struct tacit_policy policy, copy;

	(void)state;
	memset(&copy, 0, sizeof(copy));
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_policy_exactly(known, 3, &policy), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(tacit_policy_exactly(known, 3, &policy), TACIT_OK);
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_policy_copy(&policy, &copy), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(tacit_policy_decide(&copy, &known[0]), TACIT_EUNTRUSTED);
	assert_int_equal(tacit_policy_decide(&policy, &known[0]), TACIT_OK);
	tacit_policy_fini(&policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(zeroed_memory_refuses_everybody),
	    cmocka_unit_test(everyone_is_everyone),
	    cmocka_unit_test(exactly_is_those_and_nobody_else),
	    cmocka_unit_test(empty_list_is_nobody),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
