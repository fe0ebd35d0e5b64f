/* The body of a control record, byte by byte (PROTOCOL.md 6.3). */
#include "support/damage.h"
#include "support/unit.h"

#include "base/hex.h"
#include "channel/control.h"

static const struct tacit_control example = {
    .flags = TACIT_CONTROL_ACCEPTED | TACIT_CONTROL_PROBE,
    .echo = 0x0102030405060708,
    .next = 7,
    .window = 4103,
    .window_bytes = 8388620,
    .sent = 0xfffefdfcfbfaf9f8,
    .range_count = 2,
    .ranges = {{7, 8}, {0x0a0b, 0x0c0d0e0f}},
};

static const char example_hex[] = "05"
				  "0102030405060708"
				  "0000000000000007"
				  "0000000000001007"
				  "000000000080000c"
				  "fffefdfcfbfaf9f8"
				  "02"
				  "00000000000000070000000000000008"
				  "0000000000000a0b000000000c0d0e0f";

static void
check_same(const struct tacit_control *a, const struct tacit_control *b)
{
	assert_int_equal(a->flags, b->flags);
	assert_true(a->echo == b->echo && a->next == b->next && a->sent == b->sent);
	assert_true(a->window == b->window && a->window_bytes == b->window_bytes);
	assert_int_equal(a->range_count, b->range_count);
	for (size_t i = 0; i < a->range_count; i++)
		assert_true(a->ranges[i].first == b->ranges[i].first &&
			    a->ranges[i].end == b->ranges[i].end);
}

static void
test_bytes(void **state)
{
	uint8_t bytes[TACIT_CONTROL_LEN_MAX];
	char hex[2 * TACIT_CONTROL_LEN_MAX + 1];
	struct tacit_control control;
	size_t len = tacit_control_encode(&example, bytes);

	(void)state;
	assert_int_equal(len, 42 + 2 * 16);
	tacit_hex_encode(hex, bytes, len);
	assert_string_equal(hex, example_hex);
	assert_int_equal(tacit_control_decode(bytes, len, &control), TACIT_OK);
	check_same(&control, &example);
}

static void
test_longest_and_shortest(void **state)
{
	uint8_t bytes[TACIT_CONTROL_LEN_MAX + 17] = {0};
	struct tacit_control longest = {.range_count = 32}, shortest = {0}, control;

	(void)state;
	for (size_t i = 0; i < 32; i++)
		longest.ranges[i] = (struct tacit_range){3 * i, 3 * i + 1 + i % 3};
	assert_int_equal(tacit_control_encode(&longest, bytes), 554);
	assert_int_equal(tacit_control_decode(bytes, 554, &control), TACIT_OK);
	check_same(&control, &longest);
	/* one range more than a record may have */
	bytes[41] = 33;
	memset(bytes + 554, 0xff, 16);
	bytes[561] = 0xfe;
	assert_int_equal(tacit_control_decode(bytes, 570, &control), TACIT_EFORMAT);
	assert_int_equal(tacit_control_encode(&shortest, bytes), 42);
	assert_int_equal(tacit_control_decode(bytes, 42, &control), TACIT_OK);
	check_same(&control, &shortest);
	assert_int_equal(tacit_control_decode(bytes, 43, &control), TACIT_EFORMAT);
}

static void
decode_damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	uint8_t again[TACIT_CONTROL_LEN_MAX];
	struct tacit_control control = {.flags = 0xff};
	tacit_err err = tacit_control_decode(bytes, len, &control);

	(void)index;
	(void)arg;
	if (kind == DAMAGE_TRUNCATED)
		assert_int_equal(err, TACIT_EFORMAT);
	if (err != TACIT_OK) {
		assert_int_equal(control.flags, 0xff);
		return;
	}
	/* whatever is taken means these bytes and no others */
	assert_int_equal(tacit_control_encode(&control, again), len);
	assert_memory_equal(again, bytes, len);
}

static void
test_damaged(void **state)
{
	uint8_t bytes[TACIT_CONTROL_LEN_MAX];
	size_t len = tacit_control_encode(&example, bytes);

	(void)state;
	damage_each(bytes, len, decode_damaged, NULL);
}

static void
test_flags(void **state)
{
	uint8_t bytes[TACIT_CONTROL_LEN_MAX];
	size_t len = tacit_control_encode(&example, bytes);
	struct tacit_control control;

	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		bytes[0] = (uint8_t)flags;
		assert_int_equal(tacit_control_decode(bytes, len, &control),
		    flags < 32 ? TACIT_OK : TACIT_EFORMAT);
	}
}

static tacit_err
decode_ranges(uint64_t next, const struct tacit_range *ranges, size_t count)
{
	struct tacit_control control = {.next = next, .range_count = count};
	uint8_t bytes[TACIT_CONTROL_LEN_MAX];

	memcpy(control.ranges, ranges, count * sizeof(*ranges));
	return tacit_control_decode(bytes, tacit_control_encode(&control, bytes), &control);
}

static void
test_ranges(void **state)
{
	(void)state;
	assert_int_equal(decode_ranges(5, (struct tacit_range[]){{5, 6}}, 1), TACIT_OK);
	assert_int_equal(decode_ranges(5, (struct tacit_range[]){{4, 6}}, 1), TACIT_EFORMAT);
	assert_int_equal(decode_ranges(5, (struct tacit_range[]){{6, 6}}, 1), TACIT_EFORMAT);
	assert_int_equal(decode_ranges(5, (struct tacit_range[]){{7, 6}}, 1), TACIT_EFORMAT);
	assert_int_equal(decode_ranges(0, (struct tacit_range[]){{1, 3}, {3, 4}}, 2), TACIT_OK);
	assert_int_equal(
	    decode_ranges(0, (struct tacit_range[]){{1, 3}, {2, 4}}, 2), TACIT_EFORMAT);
	assert_int_equal(
	    decode_ranges(0, (struct tacit_range[]){{3, 4}, {1, 2}}, 2), TACIT_EFORMAT);
	assert_int_equal(decode_ranges(0, (struct tacit_range[]){{1, UINT64_MAX}}, 1), TACIT_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_longest_and_shortest),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_flags),
	    cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
