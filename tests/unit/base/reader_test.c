/* The cursors that read and write */
#include "support/unit.h"

#include "base/reader.h"
#include "base/writer.h"

static void
numbers_are_big_endian(void **state)
{
	uint8_t bytes[15];
	struct tacit_writer w;
	struct tacit_reader r;

	(void)state;
	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_writer_u8(&w, 0x01);
	tacit_writer_be16(&w, 0x0203);
	tacit_writer_be32(&w, 0x04050607);
	tacit_writer_be64(&w, UINT64_C(0x08090a0b0c0d0e0f));
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], i + 1);
	tacit_reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(tacit_reader_u8(&r), 0x01);
	assert_int_equal(tacit_reader_be16(&r), 0x0203);
	assert_int_equal(tacit_reader_be32(&r), 0x04050607);
	assert_false(tacit_reader_done(&r));
	assert_int_equal(tacit_reader_be64(&r), UINT64_C(0x08090a0b0c0d0e0f));
	assert_true(tacit_reader_done(&r));
}

static void
reading_past_the_end_gives_zeros_from_then_on(void **state)
{
	uint8_t copy[2] = {7, 7};
	struct tacit_reader r;

	(void)state;
	tacit_reader_init(&r, "\x01\x02\x03", 3);
	assert_int_equal(tacit_reader_u8(&r), 1);
	assert_int_equal(tacit_reader_be32(&r), 0);
	assert_true(r.bad);
	/* two bytes were left, and they are not given to anybody now */
	assert_int_equal(tacit_reader_u8(&r), 0);
	assert_null(tacit_reader_take(&r, 0));
	tacit_reader_copy(&r, copy, sizeof(copy));
	assert_memory_equal(copy, "\0\0", 2);
	assert_false(tacit_reader_done(&r));
}

static void
slices_point_into_the_input(void **state)
{
	const uint8_t bytes[3] = {1, 2, 3};
	uint8_t copy[2];
	struct tacit_reader r;

	(void)state;
	tacit_reader_init(&r, bytes, sizeof(bytes));
	assert_ptr_equal(tacit_reader_take(&r, 1), bytes);
	assert_ptr_equal(tacit_reader_take(&r, 0), bytes + 1);
	tacit_reader_copy(&r, copy, 2);
	assert_memory_equal(copy, bytes + 1, 2);
	assert_true(tacit_reader_done(&r));
	assert_non_null(tacit_reader_take(&r, 0));
	assert_null(tacit_reader_take(&r, 1));
	/* no input at all */
	tacit_reader_init(&r, NULL, 0);
	assert_non_null(tacit_reader_take(&r, 0));
	assert_true(tacit_reader_done(&r));
	assert_null(tacit_reader_take(&r, SIZE_MAX));
}

static void
a_decoder_can_fail_a_reader(void **state)
{
	struct tacit_reader r;

	(void)state;
	tacit_reader_init(&r, "x", 1);
	tacit_reader_fail(&r);
	assert_true(r.bad);
	assert_int_equal(tacit_reader_u8(&r), 0);
	assert_false(tacit_reader_done(&r));
}

static void
writing_past_the_end_writes_nothing(void **state)
{
	uint8_t bytes[4] = {9, 9, 9, 9};
	struct tacit_writer w;

	(void)state;
	tacit_writer_init(&w, bytes, 3);
	tacit_writer_put(&w, "ab", 2);
	tacit_writer_be16(&w, 0x4142);
	assert_true(w.bad);
	assert_memory_equal(bytes, "ab\x09\x09", 4);
	/* one byte would fit, but what comes after a gap is worth nothing */
	tacit_writer_u8(&w, 'c');
	assert_memory_equal(bytes, "ab\x09\x09", 4);
	assert_int_equal(w.len, 2);
	assert_null(tacit_writer_reserve(&w, 0));

	tacit_writer_init(&w, bytes, 3);
	assert_ptr_equal(tacit_writer_reserve(&w, 3), bytes);
	tacit_writer_put(&w, NULL, 0);
	assert_false(w.bad);
	assert_null(tacit_writer_reserve(&w, SIZE_MAX));
	assert_true(w.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_big_endian),
	    cmocka_unit_test(reading_past_the_end_gives_zeros_from_then_on),
	    cmocka_unit_test(slices_point_into_the_input),
	    cmocka_unit_test(a_decoder_can_fail_a_reader),
	    cmocka_unit_test(writing_past_the_end_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
