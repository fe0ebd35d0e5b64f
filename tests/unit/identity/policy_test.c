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

/* what the port was asked, and what it answers */
struct port {
	unsigned asked;
	struct tacit_claim claim;
	tacit_err answer;
};

static tacit_err
ask(void *arg, const struct tacit_claim *claim, struct tacit_reason *ret)
{
	struct port *port = arg;

	port->asked++;
	port->claim = *claim;
	if (port->answer != TACIT_OK)
		snprintf(ret->text, sizeof(ret->text), "because");
	return port->answer;
}

static void
the_port_has_the_last_word(void **state)
{
	const struct tacit_claim good = {&known[1], &known[0], NULL},
				 bad = {&known[1], &stranger, NULL};
	struct port port = {.answer = TACIT_OK};
	struct tacit_policy policy, copy;
	struct tacit_reason reason = {""};

	(void)state;
	assert_int_equal(tacit_policy_exactly(known, 1, &policy), TACIT_OK);
	assert_int_equal(tacit_policy_judge(&policy, &good, &reason), TACIT_OK);
	policy.port = (struct tacit_policy_port){ask, &port};
	assert_int_equal(tacit_policy_judge(&policy, &good, &reason), TACIT_OK);
	assert_int_equal(port.asked, 1);
	assert_ptr_equal(port.claim.peer, &known[0]);
	/* about those whom the policy refuses it is not asked */
	assert_int_equal(tacit_policy_judge(&policy, &bad, &reason), TACIT_EUNTRUSTED);
	assert_non_null(strstr(reason.text, "only P01"));
	assert_int_equal(port.asked, 1);
	port.answer = TACIT_EIO;
	assert_int_equal(tacit_policy_judge(&policy, &good, &reason), TACIT_EIO);
	assert_string_equal(reason.text, "because");
	assert_int_equal(tacit_policy_copy(&policy, &copy), TACIT_OK);
	assert_int_equal(tacit_policy_judge(&copy, &good, &reason), TACIT_EIO);
	tacit_policy_fini(&copy);
	tacit_policy_fini(&policy);
}

static void
asked_means_asked(void **state)
{
	const struct tacit_claim claim = {&known[1], &known[0], NULL};
	struct tacit_policy policy = {.kind = TACIT_POLICY_ASKED};
	struct port port = {.answer = TACIT_OK};
	struct tacit_reason reason;

	(void)state;
	assert_int_equal(tacit_policy_judge(&policy, &claim, &reason), TACIT_EUNTRUSTED);
	policy.port = (struct tacit_policy_port){ask, &port};
	assert_int_equal(tacit_policy_decide(&policy, &known[0]), TACIT_EUNTRUSTED);
	assert_int_equal(tacit_policy_judge(&policy, &claim, &reason), TACIT_OK);
	port.answer = TACIT_EUNTRUSTED;
	assert_int_equal(tacit_policy_judge(&policy, &claim, &reason), TACIT_EUNTRUSTED);
	assert_int_equal(port.asked, 2);
}

#define A "P0100000000000000000000000000000000000000000000000000000000000000"
#define B "P0200000000000000000000000000000000000000000000000000000000000000"

static void
lists_are_read(void **state)
{
	static const char *const good[] = {
	    A "\n", A, "# us\n\n" A "\n" B, "  " A "\t# alice\r\n" B " \n", "#\n" A "#" B "\n"};
	struct tacit_policy policy;
	size_t line;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
		    tacit_policy_listed(good[i], strlen(good[i]), &policy, &line), TACIT_OK);
		assert_int_equal(tacit_policy_decide(&policy, &known[0]), TACIT_OK);
		assert_int_equal(tacit_policy_decide(&policy, &known[1]),
		    i == 2 || i == 3 ? TACIT_OK : TACIT_EUNTRUSTED);
		assert_int_equal(tacit_policy_decide(&policy, &stranger), TACIT_EUNTRUSTED);
		tacit_policy_fini(&policy);
	}
}

static void
bad_lists_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} bad[] = {{"alice\n", 1}, {A "\n" A " " B "\n", 2}, {A "\n\nP01\n" B "\n", 3}, {A "0", 1},
	    {A "\n" A B "\n", 2}, {"P", 1}};
	struct tacit_policy policy;
	size_t line = 0, len = 66 * (TACIT_LISTED_MAX + 1);
	char *many = malloc(len);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
		    tacit_policy_listed(bad[i].text, strlen(bad[i].text), &policy, &line),
		    TACIT_EFORMAT);
		assert_int_equal(line, bad[i].line);
	}
	assert_int_equal(tacit_policy_listed("", 0, &policy, &line), TACIT_ENOTFOUND);
	assert_int_equal(tacit_policy_listed("# " A "\n", 68, &policy, &line), TACIT_ENOTFOUND);
	assert_int_equal(tacit_policy_listed(A "\0" A, 131, &policy, &line), TACIT_EFORMAT);
	assert_non_null(many);
	for (size_t i = 0; i < len; i += 66)
		memcpy(many + i, A "\n", 66);
	assert_int_equal(tacit_policy_listed(many, len - 66, &policy, &line), TACIT_OK);
	tacit_policy_fini(&policy);
	assert_int_equal(tacit_policy_listed(many, len, &policy, &line), TACIT_ELIMIT);
	free(many);
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
	    cmocka_unit_test(the_port_has_the_last_word),
	    cmocka_unit_test(asked_means_asked),
	    cmocka_unit_test(lists_are_read),
	    cmocka_unit_test(bad_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
