/* Entities and trust policies as programs make them: what is refused, and in which words */
#include "support/node.h"

#include "tacit/entity.h"

#define A   "P0000000000000000000000000000000000000000000000000000000000000001"
#define A8  A, A, A, A, A, A, A, A
#define A64 A8, A8, A8, A8, A8, A8, A8, A8
/* the same in one word */
#define L8 A "," A "," A "," A "," A "," A "," A "," A

static void
refused(struct tacit_node *node, const struct tacit_trust *trust, tacit_err err, const char *text)
{
	assert_null(trust);
	assert_int_equal(tacit_node_err(node), err);
	assert_non_null(strstr(tacit_node_errmsg(node), text));
	tacit_node_clear_err(node);
}

static void
identifiers_are_checked(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_entity *entity = tacit_entity_new(node, tacit_vault_new(node));

	(void)state;
	assert_int_equal(strlen(tacit_entity_identifier(entity)), 65);
	assert_non_null(tacit_trust_exactly(node, tacit_entity_identifier(entity), NULL));
	assert_non_null(tacit_trust_exactly(node, A64, NULL));
	refused(node, tacit_trust_exactly(node, A64, A, NULL), TACIT_ELIMIT, "64 identifiers");
	assert_non_null(tacit_trust_exactly(node, A "," A, A, NULL));
	refused(node, tacit_trust_exactly(node, A ",", NULL), TACIT_EINVAL, "''");
	refused(node, tacit_trust_exactly(node, A "," A "0", NULL), TACIT_EINVAL, "'" A "0'");
	assert_non_null(tacit_trust_exactly(node, L8, L8, L8, L8, L8, L8, L8, L8, NULL));
	refused(node, tacit_trust_exactly(node, L8, L8, L8, L8, L8, L8, L8, L8 "," A, NULL),
	    TACIT_ELIMIT, "64 identifiers");
	refused(node, tacit_trust_exactly(node, NULL), TACIT_EINVAL, "not an identifier");
	refused(node, tacit_trust_exactly(node, A, "bob", NULL), TACIT_EINVAL, "'bob'");
	refused(node, tacit_trust_exactly(node, "", NULL), TACIT_EINVAL, "''");
	assert_string_equal(tacit_entity_identifier(NULL), "");
	assert_null(tacit_trust_exactly(NULL, A, NULL));
	assert_null(tacit_trust_everyone(NULL));
	assert_null(tacit_entity_new(node, NULL));
	tacit_node_free(node);
}

static void
trusting_everyone_is_said(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct lines lines = {.len = 0};

	(void)state;
	tacit_node_on_log(node, lines_add, &lines);
	assert_non_null(tacit_trust_everyone(node));
	assert_true(lines_have(&lines, "could sit in the middle"));
	tacit_node_free(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(identifiers_are_checked),
	    cmocka_unit_test(trusting_everyone_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
