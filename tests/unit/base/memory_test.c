/* Memory, and the table of errors */
#include "support/unit.h"

#include "base/memory.h"
#include "tacit/err.h"

static void
memory_comes_zeroed(void **state)
{
	static const uint8_t zeros[1000];

	(void)state;
	for (int i = 0; i < 10; i++) {
		uint8_t *bytes = tacit_alloc(sizeof(zeros));

		assert_non_null(bytes);
		assert_memory_equal(bytes, zeros, sizeof(zeros));
		memset(bytes, 0xff, sizeof(zeros));
		tacit_free(bytes);
	}
	tacit_free(NULL);
}

static void
sizes_that_overflow_are_refused(void **state)
{
	uint64_t *numbers = tacit_alloc_array(3, sizeof(*numbers));
	void *nothing = tacit_alloc(0);

	(void)state;
	assert_non_null(numbers);
	assert_int_equal(numbers[0] | numbers[1] | numbers[2], 0);
	assert_non_null(nothing);
	assert_null(tacit_alloc_array(SIZE_MAX / 2 + 1, 2));
	assert_null(tacit_alloc_array(SIZE_MAX, SIZE_MAX));
	tacit_free(nothing);
	tacit_free(numbers);
}

static void
growing_keeps_the_bytes(void **state)
{
	char *text = tacit_strdup("text"), *more;

	(void)state;
	assert_string_equal(text, "text");
	more = tacit_realloc(text, 1000);
	assert_non_null(more);
	assert_string_equal(more, "text");
	tacit_alloc_fail_at(1);
	assert_null(tacit_realloc(more, 2000));
	tacit_alloc_fail_at(0);
	assert_string_equal(more, "text");
	tacit_free(more);
}

static void
the_nth_allocation_fails_and_no_other(void **state)
{
	(void)state;
	tacit_alloc_fail_at(3);
	for (int i = 1; i <= 5; i++) {
		void *p = tacit_alloc(1);

		assert_int_equal(p == NULL, i == 3);
		tacit_free(p);
	}
	tacit_alloc_fail_at(1);
	assert_null(tacit_strdup("x"));
	tacit_alloc_fail_at(1);
	assert_null(tacit_alloc_array(1, 1));
	tacit_alloc_fail_at(1);
	tacit_alloc_fail_at(0);
	tacit_free(tacit_strdup("x"));
}

static void
wiping_and_comparing(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	memset(a, 0x5a, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(tacit_equal_ct(a, b, sizeof(a)));
	assert_true(tacit_equal_ct(a, b, 0));
	for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(tacit_equal_ct(a, b, sizeof(a)));
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	tacit_wipe(b, 31);
	for (size_t i = 0; i < 31; i++)
		assert_int_equal(b[i], 0);
	assert_int_equal(b[31], 0x5a);
	tacit_wipe(NULL, 0);
}

static void
every_error_has_a_sentence(void **state)
{
	(void)state;
	assert_string_equal(tacit_strerror(TACIT_OK), "no error");
	for (int err = TACIT_OK; err <= TACIT_EINTERNAL; err++) {
		assert_non_null(tacit_strerror((tacit_err)err));
		assert_true(strlen(tacit_strerror((tacit_err)err)) > 3);
	}
	assert_non_null(tacit_strerror((tacit_err)1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_comes_zeroed),
	    cmocka_unit_test(sizes_that_overflow_are_refused),
	    cmocka_unit_test(growing_keeps_the_bytes),
	    cmocka_unit_test(the_nth_allocation_fails_and_no_other),
	    cmocka_unit_test(wiping_and_comparing),
	    cmocka_unit_test(every_error_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
