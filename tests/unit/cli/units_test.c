/* Durations, sizes and counts as people write them, and what is none of them */
#include "support/unit.h"

#include "cli/units.h"

#define BIG UINT64_MAX

static uint64_t
duration(const char *text)
{
	uint64_t ret = 77;

	assert_true(tacit_cli_duration(text, BIG, &ret));
	return ret;
}

static uint64_t
size(const char *text)
{
	uint64_t ret = 77;

	assert_true(tacit_cli_size(text, BIG, &ret));
	return ret;
}

static void
a_duration_has_a_unit_or_is_seconds(void **state)
{
	(void)state;
	assert_int_equal(duration("0"), 0);
	assert_int_equal(duration("60"), 60000);
	assert_int_equal(duration("1500ms"), 1500);
	assert_int_equal(duration("30s"), 30000);
	assert_int_equal(duration("2m"), 120000);
	assert_int_equal(duration("1h"), 3600000);
}

static void
a_size_is_bytes_or_powers_of_1024(void **state)
{
	(void)state;
	assert_int_equal(size("1"), 1);
	assert_int_equal(size("60K"), 61440);
	assert_int_equal(size("1M"), 1048576);
	assert_int_equal(size("2G"), 2147483648);
	assert_int_equal(size("18446744073709551609"), UINT64_MAX - 6);
}

static void
all_else_is_refused(void **state)
{
	static const char *const wrong[] = {"", "s", "-1", "+1", " 1", "1 ", "1.5", "0x10", "1x",
	    "1sm", "1KK", "1k", "99999999999999999999", "20000000000000000000"};
	uint64_t ret = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(tacit_cli_duration(wrong[i], BIG, &ret));
		assert_false(tacit_cli_size(wrong[i], BIG, &ret));
		assert_false(tacit_cli_count(wrong[i], BIG, &ret));
	}
	assert_false(tacit_cli_count("1K", BIG, &ret));
	assert_false(tacit_cli_size("1s", BIG, &ret));
	assert_false(tacit_cli_duration("1K", BIG, &ret));
	assert_int_equal(ret, 77);
}

static void
a_bound_holds_with_its_unit(void **state)
{
	uint64_t ret = 77;

	(void)state;
	assert_false(tacit_cli_size("1025", 1024, &ret));
	assert_false(tacit_cli_size("2K", 1024, &ret));
	assert_false(tacit_cli_duration("18446744073709552000s", BIG, &ret));
	assert_int_equal(ret, 77);
	assert_true(tacit_cli_size("1K", 1024, &ret));
	assert_int_equal(ret, 1024);
	assert_true(tacit_cli_count("1024", 1024, &ret));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_duration_has_a_unit_or_is_seconds),
	    cmocka_unit_test(a_size_is_bytes_or_powers_of_1024),
	    cmocka_unit_test(all_else_is_refused),
	    cmocka_unit_test(a_bound_holds_with_its_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
