/* the store in memory (DESIGN.md, "Stores") */
#include "support/store_contract.h"

#include "base/memory.h"
#include "store/memory.h"

static struct tacit_store *
open_memory(void)
{
	struct tacit_store *store;

	assert_int_equal(tacit_store_memory_new(&store), TACIT_OK);
	return store;
}

static const struct store_kind memory_kind = {.open = open_memory, .durable = false};

static void
starting_without_memory_fails_cleanly(void **state)
{
	struct tacit_store *store = NULL;

	(void)state;
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_store_memory_new(&store), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_null(store);
}

/* the nth allocation fails, for all n: the call says so and has changed nothing, then it works */
static void
open_without_memory_fails_cleanly(void **state)
{
	struct tacit_store *store = open_memory();
	unsigned long nth = 0;
	tacit_err err;

	(void)state;
	do {
		struct opening opening = {0};

		tacit_alloc_fail_at(++nth);
		store->ops->open(store, "a", true, on_open, &opening);
		tacit_alloc_fail_at(0);
		assert_int_equal(opening.calls, 1);
		err = opening.err;
		if (err != TACIT_OK) {
			assert_int_equal(err, TACIT_ENOMEM);
			assert_int_equal(open_now(store, "a", false).err, TACIT_ENOTFOUND);
		}
	} while (err != TACIT_OK);
	assert_true(nth > 2);
	store->ops->free(store, 0);
}

static void
append_without_memory_fails_cleanly(void **state)
{
	struct tacit_store *store = open_memory();
	struct tacit_msg *msg;
	struct reading reading;
	unsigned long nth = 0;
	tacit_err err;

	(void)state;
	open_now(store, "a", true);
	/* a message that is a small part of its block is copied */
	msg = entry_new(1, 60000);
	tacit_msg_truncate(msg, 60000 - 7);
	do {
		struct appending appending = {0};

		tacit_alloc_fail_at(++nth);
		store->ops->append(store, "a", msg, on_append, &appending);
		tacit_alloc_fail_at(0);
		err = appending.err;
		if (err != TACIT_OK) {
			assert_int_equal(err, TACIT_ENOMEM);
			assert_int_equal(open_now(store, "a", false).end, 0);
		}
	} while (err != TACIT_OK);
	assert_true(nth > 2);
	tacit_msg_unref(msg);
	read_all(store, "a", 0, &reading);
	assert_int_equal(reading.count, 1);
	assert_int_equal(reading.lens[0], 7);
	store->ops->free(store, 0);
}

static void
read_without_memory_fails_cleanly(void **state)
{
	struct tacit_store *store = open_memory();
	struct tacit_store_range range = range_of(0, 10, 1000, true);
	struct reading reading = {0};

	(void)state;
	open_now(store, "a", true);
	tacit_alloc_fail_at(1);
	assert_null(store->ops->read(store, "a", &range, on_read, &reading));
	tacit_alloc_fail_at(0);
	assert_int_equal(reading.calls, 1);
	assert_int_equal(reading.err, TACIT_ENOMEM);
	assert_non_null(store->ops->read(store, "a", &range, on_read, &reading));
	append_now(store, "a", 1, 10);
	pump(store, &reading.calls, 2);
	assert_int_equal(reading.count, 1);
	store->ops->free(store, 0);
}

/* a position is a hint: without memory it is not kept, and the next one is */
static void
position_without_memory_is_dropped(void **state)
{
	struct tacit_store *store = open_memory();

	(void)state;
	for (unsigned long nth = 1; nth <= 2; nth++) {
		tacit_alloc_fail_at(nth);
		store->ops->position_set(store, "c", "a", 5);
		tacit_alloc_fail_at(0);
		assert_false(position_now(store, "c", "a").found);
	}
	store->ops->position_set(store, "c", "a", 6);
	assert_int_equal(position_now(store, "c", "a").index, 6);
	store->ops->free(store, 0);
}

static void
indexes_are_dense_from_0(void **state)
{
	struct tacit_store *store = open_memory();
	uint64_t index[100];

	(void)state;
	assert_int_equal(open_now(store, "a", true).end, 0);
	fill_stream(store, "a", 100, 10, index);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(index[i], i);
	store->ops->free(store, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(starting_without_memory_fails_cleanly),
	    cmocka_unit_test(open_without_memory_fails_cleanly),
	    cmocka_unit_test(append_without_memory_fails_cleanly),
	    cmocka_unit_test(read_without_memory_fails_cleanly),
	    cmocka_unit_test(position_without_memory_is_dropped),
	    cmocka_unit_test(indexes_are_dense_from_0),
	};

	return store_contract(&memory_kind) + cmocka_run_group_tests(tests, NULL, NULL);
}
