/* BARE (PROTOCOL.md 1.1) */
#include "support/unit.h"

#include "support/seeded.h"
#include "wire/bare.h"

static void
check_uint(uint64_t value)
{
	uint8_t bytes[10];
	struct tacit_writer w;
	struct tacit_reader r;

	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_uint(&w, value);
	assert_false(w.bad);
	assert_int_equal(w.len, tacit_bare_uint_len(value));
	tacit_reader_init(&r, bytes, w.len);
	assert_int_equal(tacit_bare_read_uint(&r), value);
	assert_true(tacit_reader_done(&r));
	for (size_t len = 0; len < w.len; len++) {
		tacit_reader_init(&r, bytes, len);
		assert_int_equal(tacit_bare_read_uint(&r), 0);
		assert_true(r.bad);
	}
}

static void
uint_round_trips(void **state)
{
	struct seeded s = {1};

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		check_uint(UINT64_C(1) << bit);
		check_uint((UINT64_C(1) << bit) - 1);
	}
	check_uint(UINT64_MAX);
	for (int i = 0; i < 10000; i++)
		check_uint(seeded_uint(&s));
	assert_int_equal(tacit_bare_uint_len(127), 1);
	assert_int_equal(tacit_bare_uint_len(128), 2);
	assert_int_equal(tacit_bare_uint_len(UINT64_MAX), 10);
}

static uint64_t
read_uint(const char *bytes, size_t len, bool *ret_bad)
{
	struct tacit_reader r;
	uint64_t value;

	tacit_reader_init(&r, bytes, len);
	value = tacit_bare_read_uint(&r);
	*ret_bad = !tacit_reader_done(&r);
	return value;
}

static void
uint_takes_what_the_2021_programs_take(void **state)
{
	bool bad;

	(void)state;
	assert_int_equal(read_uint("\x85\x80\x00", 3, &bad), 5);
	assert_false(bad);
	assert_int_equal(
	    read_uint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10, &bad), UINT64_C(1) << 63);
	assert_false(bad);
	/* a 65th bit; an 11th byte */
	assert_int_equal(read_uint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10, &bad), 0);
	assert_true(bad);
	assert_int_equal(read_uint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, &bad), 0);
	assert_true(bad);
}

static void
data_round_trips(void **state)
{
	uint8_t bytes[400], data[300];
	struct seeded s = {2};

	(void)state;
	for (size_t len = 0; len <= sizeof(data); len++) {
		struct tacit_writer w;
		struct tacit_reader r;
		struct tacit_slice slice;

		seeded_fill(&s, data, len);
		tacit_writer_init(&w, bytes, sizeof(bytes));
		tacit_bare_write_data(&w, data, len);
		assert_int_equal(w.len, tacit_bare_uint_len(len) + len);
		tacit_reader_init(&r, bytes, w.len);
		slice = tacit_bare_read_data(&r);
		assert_true(tacit_reader_done(&r));
		assert_int_equal(slice.len, len);
		assert_non_null(slice.bytes);
		assert_memory_equal(slice.bytes, data, len);
		/* one byte short */
		tacit_reader_init(&r, bytes, w.len - 1);
		slice = tacit_bare_read_data(&r);
		assert_true(r.bad);
		assert_int_equal(slice.len, 0);
	}
}

static void
data_longer_than_its_input_is_refused(void **state)
{
	static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01xyz";
	struct tacit_reader r;
	struct tacit_slice slice;

	(void)state;
	tacit_reader_init(&r, huge, sizeof(huge) - 1);
	slice = tacit_bare_read_data(&r);
	assert_true(r.bad);
	assert_int_equal(slice.len, 0);
	assert_non_null(slice.bytes);
	/* and nothing can be read after it */
	assert_int_equal(tacit_reader_u8(&r), 0);
	assert_int_equal(tacit_bare_read_data(&r).len, 0);
}

static void
text_and_slices(void **state)
{
	uint8_t bytes[8];
	struct tacit_writer w;
	struct tacit_reader r;
	struct tacit_slice slice;

	(void)state;
	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_text(&w, "hi");
	assert_int_equal(w.len, 3);
	assert_memory_equal(bytes, "\x02hi", 3);
	tacit_reader_init(&r, bytes, w.len);
	slice = tacit_bare_read_data(&r);
	assert_true(tacit_slice_is(slice, "hi"));
	assert_false(tacit_slice_is(slice, "h"));
	assert_false(tacit_slice_is(slice, "ho"));
	assert_false(tacit_slice_is(slice, "hi!"));
	tacit_bare_write_text(&w, "too long");
	assert_true(w.bad);
}

static void
u64_is_little_endian(void **state)
{
	uint8_t bytes[8];
	struct tacit_writer w;
	struct tacit_reader r;

	(void)state;
	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_u64(&w, UINT64_C(0x0807060504030201));
	assert_memory_equal(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	tacit_reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(tacit_bare_read_u64(&r), UINT64_C(0x0807060504030201));
	assert_true(tacit_reader_done(&r));
	tacit_reader_init(&r, bytes, 7);
	assert_int_equal(tacit_bare_read_u64(&r), 0);
	assert_true(r.bad);
}

static void
any_byte_but_zero_is_present(void **state)
{
	struct tacit_reader r;

	(void)state;
	tacit_reader_init(&r, "\x00\x01\xff", 3);
	assert_false(tacit_bare_read_present(&r));
	assert_true(tacit_bare_read_present(&r));
	assert_true(tacit_bare_read_present(&r));
	assert_false(r.bad);
	assert_false(tacit_bare_read_present(&r));
	assert_true(r.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(uint_round_trips),
	    cmocka_unit_test(uint_takes_what_the_2021_programs_take),
	    cmocka_unit_test(data_round_trips),
	    cmocka_unit_test(data_longer_than_its_input_is_refused),
	    cmocka_unit_test(text_and_slices),
	    cmocka_unit_test(u64_is_little_endian),
	    cmocka_unit_test(any_byte_but_zero_is_present),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
