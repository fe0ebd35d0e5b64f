/* The hash table, against a plain array */
#include "support/unit.h"

#include "base/map.h"
#include "base/memory.h"
#include "support/seeded.h"

#define KEYS 500

/* keys of 0 to 6 bytes, all different */
static size_t
key_of(size_t i, uint8_t key[6])
{
	size_t len = 0;

	for (; i > 0; i /= 3)
		key[len++] = (uint8_t)(i % 3);
	return len;
}

static void
check_all(const struct tacit_map *map, char *const present[KEYS])
{
	size_t cursor = 0, count = 0, walked = 0;
	uint8_t key[6];

	for (size_t i = 0; i < KEYS; i++) {
		assert_ptr_equal(tacit_map_get(map, key, key_of(i, key)), present[i]);
		count += present[i] != NULL;
	}
	assert_int_equal(map->count, count);
	for (char *value; (value = tacit_map_next(map, &cursor)) != NULL; walked++)
		assert_ptr_equal(
		    present[(unsigned char)value[0] << 8 | (unsigned char)value[1]], value);
	assert_int_equal(walked, count);
}

static void
the_map_does_what_an_array_would(void **state)
{
	static char values[KEYS][2];
	char *present[KEYS] = {NULL};
	struct seeded s = {15};
	struct tacit_map map;

	(void)state;
	tacit_map_init(&map, seeded_next(&s));
	check_all(&map, present);
	for (int step = 0; step < 20000; step++) {
		size_t i = seeded_below(&s, KEYS);
		uint8_t key[6];
		size_t len = key_of(i, key);

		values[i][0] = (char)(i >> 8);
		values[i][1] = (char)i;
		if (seeded_below(&s, 2) == 0) {
			assert_ptr_equal(tacit_map_remove(&map, key, len), present[i]);
			present[i] = NULL;
		} else {
			assert_int_equal(tacit_map_put(&map, key, len, values[i]),
			    present[i] != NULL ? TACIT_EEXIST : TACIT_OK);
			present[i] = values[i];
		}
		if (step % 500 == 0)
			check_all(&map, present);
	}
	check_all(&map, present);
	/* entries came and went 40 times over, and the table did not grow with that */
	assert_true(map.slot_count <= 4 * KEYS);
	tacit_map_fini(&map);
	assert_int_equal(map.count, 0);
	assert_null(tacit_map_get(&map, "", 0));
}

static void
keys_are_copied_and_bytes(void **state)
{
	char key[4] = "a\0b";
	struct tacit_map map;
	int one, two;

	(void)state;
	tacit_map_init(&map, 1);
	assert_int_equal(tacit_map_put(&map, key, 3, &one), TACIT_OK);
	key[0] = 'x';
	assert_null(tacit_map_get(&map, key, 3));
	assert_ptr_equal(tacit_map_get(&map, "a\0b", 3), &one);
	assert_null(tacit_map_get(&map, "a\0c", 3));
	assert_null(tacit_map_get(&map, "a", 1));
	assert_int_equal(tacit_map_put(&map, "a", 1, &two), TACIT_OK);
	assert_ptr_equal(tacit_map_get(&map, "a", 1), &two);
	tacit_map_fini(&map);
}

static void
entries_may_be_removed_during_a_walk(void **state)
{
	struct tacit_map map;
	uint8_t numbers[100];
	size_t cursor = 0, seen = 0;

	(void)state;
	tacit_map_init(&map, 2);
	for (uint8_t i = 0; i < 100; i++) {
		numbers[i] = i;
		assert_int_equal(tacit_map_put(&map, &i, 1, &numbers[i]), TACIT_OK);
	}
	for (uint8_t *number; (number = tacit_map_next(&map, &cursor)) != NULL; seen++)
		assert_ptr_equal(tacit_map_remove(&map, number, 1), number);
	assert_int_equal(seen, 100);
	assert_int_equal(map.count, 0);
	tacit_map_fini(&map);
}

static void
a_put_that_fails_changes_nothing(void **state)
{
	struct tacit_map map;
	int value;

	(void)state;
	tacit_map_init(&map, 3);
	for (unsigned long nth = 1; nth <= 2; nth++) {
		tacit_alloc_fail_at(nth);
		assert_int_equal(tacit_map_put(&map, "k", 1, &value), TACIT_ENOMEM);
		assert_null(tacit_map_get(&map, "k", 1));
		assert_int_equal(map.count, 0);
		tacit_map_fini(&map);
	}
	tacit_alloc_fail_at(0);
	assert_int_equal(tacit_map_put(&map, "k", 1, &value), TACIT_OK);
	assert_ptr_equal(tacit_map_get(&map, "k", 1), &value);
	tacit_map_fini(&map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_map_does_what_an_array_would),
	    cmocka_unit_test(keys_are_copied_and_bytes),
	    cmocka_unit_test(entries_may_be_removed_during_a_walk),
	    cmocka_unit_test(a_put_that_fails_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
