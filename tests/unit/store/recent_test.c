/* the window of recent entries, and reads that wait for it (DESIGN.md, "Stores") */
#include "support/store_pump.h"

#include "base/memory.h"
#include "store/recent.h"
#include "store/waiting.h"
#include "support/seeded.h"

static void
put(struct tacit_recent *recent, uint64_t index, size_t len, bool adjacent)
{
	struct tacit_msg *msg = entry_new(index + 1, len);
	struct tacit_recent_entry entry = {
	    index, tacit_msg_payload(msg), len, msg->block, 1000 + index};

	assert_int_equal(tacit_recent_append(recent, &entry, adjacent), TACIT_OK);
	tacit_msg_unref(msg);
}

/* what collect gives from index on, as a reading */
static size_t
collect(const struct tacit_recent *recent, struct tacit_store_range range, struct reading *ret,
    uint64_t *ret_next)
{
	struct tacit_store_entry entries[100];
	size_t count = tacit_recent_collect(recent, &range, entries, 100, ret_next);

	memset(ret, 0, sizeof(*ret));
	if (count > 0)
		on_read(ret, TACIT_OK, entries, count);
	return count;
}

static void
entries_with_holes_are_found(void **state)
{
	struct tacit_recent recent;
	struct reading reading;
	uint64_t next;

	(void)state;
	tacit_recent_init(&recent, 100);
	assert_false(tacit_recent_covers(&recent, 100));
	for (uint64_t index = 102; index < 142; index += 4)
		put(&recent, index, 20, true);
	assert_int_equal(recent.from, 100);
	assert_int_equal(recent.end, 139);
	for (uint64_t index = 100; index < 139; index++) {
		size_t before = index <= 102 ? 0 : (size_t)(index - 102 + 3) / 4;

		assert_true(tacit_recent_covers(&recent, index));
		assert_int_equal(
		    collect(&recent, range_of(index, 100, 10000, false), &reading, &next),
		    10 - before);
		assert_int_equal(reading.indexes[0], 102 + 4 * before);
		assert_int_equal(reading.numbers[0], 103 + 4 * before);
		assert_int_equal(next, 139);
	}
	assert_false(tacit_recent_covers(&recent, 99));
	assert_false(tacit_recent_covers(&recent, 139));
	/* the stream may tell that nothing follows for a while */
	tacit_recent_advance(&recent, 150);
	assert_true(tacit_recent_covers(&recent, 149));
	assert_int_equal(collect(&recent, range_of(140, 100, 10000, false), &reading, &next), 0);
	assert_int_equal(next, 150);
	put(&recent, 150, 20, true);
	assert_true(tacit_recent_covers(&recent, 102));
	tacit_recent_fini(&recent);
}

static void
an_unknown_distance_begins_a_new_window(void **state)
{
	struct tacit_recent recent;

	(void)state;
	tacit_recent_init(&recent, 0);
	put(&recent, 0, 20, false);
	put(&recent, 1, 20, false);
	assert_true(tacit_recent_covers(&recent, 0));
	put(&recent, 5, 20, false);
	assert_false(tacit_recent_covers(&recent, 1));
	assert_false(tacit_recent_covers(&recent, 4));
	assert_true(tacit_recent_covers(&recent, 5));
	assert_int_equal(recent.count, 1);
	tacit_recent_restart(&recent, 3);
	assert_int_equal(recent.from, 3);
	assert_int_equal(recent.end, 3);
	assert_int_equal(recent.len, 0);
	tacit_recent_fini(&recent);
}

static void
collecting_keeps_to_its_bounds(void **state)
{
	struct tacit_recent recent;
	struct reading reading;
	struct tacit_store_range range;
	uint64_t next;

	(void)state;
	tacit_recent_init(&recent, 0);
	for (uint64_t index = 0; index < 10; index++)
		put(&recent, index, index == 4 ? 1000 : 100, true);
	assert_int_equal(collect(&recent, range_of(0, 3, 10000, false), &reading, &next), 3);
	assert_int_equal(next, 3);
	assert_int_equal(collect(&recent, range_of(0, 50, 399, false), &reading, &next), 3);
	assert_int_equal(next, 3);
	/* what could never fit is skipped, in the middle and at the beginning */
	assert_int_equal(collect(&recent, range_of(3, 50, 300, false), &reading, &next), 3);
	assert_int_equal(reading.indexes[1], 5);
	assert_int_equal(next, 7);
	assert_int_equal(collect(&recent, range_of(4, 1, 999, false), &reading, &next), 1);
	assert_int_equal(reading.indexes[0], 5);
	/* what fits alone but not with the others waits for the next answer */
	assert_int_equal(collect(&recent, range_of(3, 50, 1000, false), &reading, &next), 1);
	assert_int_equal(next, 4);
	range = range_of(0, 50, 450, false);
	range.entry_overhead = 50;
	assert_int_equal(collect(&recent, range, &reading, &next), 3);
	range.len_max = 149;
	assert_int_equal(collect(&recent, range, &reading, &next), 0);
	assert_int_equal(next, 10);
	tacit_recent_fini(&recent);
}

static void
the_oldest_leave_first(void **state)
{
	struct tacit_recent recent;
	struct reading reading;
	uint64_t next;

	(void)state;
	tacit_recent_init(&recent, 0);
	for (uint64_t index = 0; index < TACIT_RECENT_MAX + 100; index++)
		put(&recent, index, 1, true);
	assert_true(recent.count <= TACIT_RECENT_MAX);
	assert_true(recent.len <= TACIT_RECENT_LEN_MAX);
	assert_int_equal(recent.from, recent.end - recent.count);
	for (uint64_t index = recent.end; index < TACIT_RECENT_MAX + 200; index++) {
		put(&recent, index, TACIT_ENTRY_LEN_MAX, true);
		assert_true(recent.len <= TACIT_RECENT_LEN_MAX);
	}
	assert_in_range(recent.count, 10, 16);
	assert_int_equal(
	    collect(&recent, range_of(recent.from, 100, SIZE_MAX, false), &reading, &next),
	    recent.count);
	tacit_recent_fini(&recent);
}

/* many streams keep within the bound of their pool; those written to last keep their entries */
static void
a_pool_has_one_bound(void **state)
{
	struct seeded s = {7};
	struct tacit_recent recents[50];
	struct tacit_recent_pool pool;
	size_t len = 0;

	(void)state;
	tacit_recent_pool_init(&pool);
	pool.len_max = 1 << 20;
	for (size_t i = 0; i < 50; i++) {
		tacit_recent_init(&recents[i], 0);
		tacit_recent_join(&recents[i], &pool);
	}
	for (int n = 0; n < 20000; n++) {
		struct tacit_recent *recent = &recents[seeded_below(&s, 50)];

		if (n % 500 == 0)
			tacit_recent_restart(recent, recent->end);
		put(recent, recent->end, seeded_below(&s, 3000), true);
		assert_true(pool.len <= pool.len_max);
		assert_true(tacit_recent_covers(recent, recent->end - 1));
	}
	for (size_t i = 0; i < 50; i++)
		len += recents[i].len;
	assert_int_equal(len, pool.len);
	assert_true(pool.len > pool.len_max - 5000);
	for (size_t i = 0; i < 300; i++)
		put(&recents[0], recents[0].end, 3000, true);
	assert_in_range(recents[0].count, 250, 300);
	for (size_t i = 0; i < 50; i++)
		tacit_recent_fini(&recents[i]);
	assert_int_equal(pool.len, 0);
	assert_true(tacit_list_empty(&pool.recents));
}

/* a small part of a large block would keep all of it in memory */
static void
a_large_block_is_not_held(void **state)
{
	struct tacit_block *block = tacit_block_new(256 << 10);
	struct tacit_recent_entry entry = {0, block->bytes, 100, block, 0};
	struct tacit_recent recent;

	(void)state;
	tacit_recent_init(&recent, 0);
	tacit_recent_put(&recent, &entry, true);
	assert_int_equal(block->refs, 1);
	assert_true(recent.len < 1000);
	entry = (struct tacit_recent_entry){1, block->bytes + 10, 200 << 10, block, 0};
	tacit_recent_put(&recent, &entry, true);
	assert_int_equal(block->refs, 2);
	tacit_recent_fini(&recent);
	assert_int_equal(block->refs, 1);
	tacit_block_unref(block);
}

/* a cache that lost an entry does not claim to have it */
static void
without_memory_a_cache_restarts(void **state)
{
	struct tacit_recent_entry entry = {.bytes = (const uint8_t *)"text", .len = 4};
	struct tacit_recent recent;

	(void)state;
	tacit_recent_init(&recent, 0);
	for (entry.index = 0; entry.index < 16; entry.index++)
		tacit_recent_put(&recent, &entry, true);
	for (unsigned long nth = 1; nth <= 2; nth++) {
		while (recent.count < 16) {
			entry.index = recent.end;
			tacit_recent_put(&recent, &entry, true);
		}
		entry.index = recent.end;
		tacit_alloc_fail_at(1);
		assert_int_equal(tacit_recent_append(&recent, &entry, true), TACIT_ENOMEM);
		assert_int_equal(recent.count, 16);
		assert_int_equal(recent.end, entry.index);
		tacit_alloc_fail_at(nth);
		tacit_recent_put(&recent, &entry, true);
		tacit_alloc_fail_at(0);
		assert_int_equal(recent.count, 0);
		assert_int_equal(recent.from, entry.index + 1);
		assert_int_equal(recent.end, entry.index + 1);
	}
	tacit_recent_fini(&recent);
}

static struct tacit_store_read *
wait_at(struct tacit_list *waiting, uint64_t index, size_t len_max, struct reading *reading)
{
	struct tacit_store_range range = range_of(index, 100, len_max, true);
	struct tacit_store_read *read =
	    tacit_store_read_new(sizeof(*read), &range, on_read, reading);

	assert_non_null(read);
	tacit_list_append(waiting, &read->link);
	return read;
}

static void
waiting_reads_get_what_is_covered(void **state)
{
	struct reading readings[4] = {0};
	struct tacit_list waiting, missed;
	struct tacit_recent recent;
	struct tacit_answer *answer = calloc(1, sizeof(*answer));

	(void)state;
	assert_non_null(answer);
	tacit_list_init(&waiting);
	tacit_list_init(&missed);
	tacit_recent_init(&recent, 10);
	wait_at(&waiting, 10, 1000, &readings[0]); /* answered */
	wait_at(&waiting, 5, 1000, &readings[1]);  /* before the window */
	wait_at(&waiting, 11, 1000, &readings[2]); /* behind it */
	wait_at(&waiting, 10, 19, &readings[3]);   /* for short entries only */
	assert_int_equal(tacit_waiting_answer(&waiting, &recent, answer, &missed), 0);
	put(&recent, 10, 20, true);
	assert_int_equal(tacit_waiting_answer(&waiting, &recent, answer, &missed), 1);
	assert_int_equal(readings[0].count, 1);
	assert_int_equal(readings[0].indexes[0], 10);
	assert_int_equal(readings[1].calls + readings[2].calls + readings[3].calls, 0);
	put(&recent, 11, 10, true);
	assert_int_equal(tacit_waiting_answer(&waiting, &recent, answer, &missed), 2);
	assert_int_equal(readings[2].count, 1);
	assert_int_equal(readings[3].count, 1);
	assert_int_equal(readings[3].indexes[0], 11);
	assert_true(tacit_list_empty(&waiting));
	assert_int_equal(readings[1].calls, 0);
	assert_false(tacit_list_empty(&missed));
	tacit_waiting_fail(&missed, TACIT_EIO);
	assert_int_equal(readings[1].calls, 1);
	assert_int_equal(readings[1].err, TACIT_EIO);
	assert_true(tacit_list_empty(&missed));
	tacit_recent_fini(&recent);
	free(answer);
}

/* a callback that cancels another read, and adds one */
struct meddler {
	struct tacit_list *waiting;
	struct tacit_store_read *victim;
	struct reading *added;
	int calls;
};

static void
on_meddle(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct meddler *meddler = arg;

	(void)entries;
	assert_int_equal(err, TACIT_OK);
	assert_int_equal(count, 1);
	meddler->calls++;
	tacit_waiting_cancel(meddler->victim);
	wait_at(meddler->waiting, 0, 1000, meddler->added);
}

static void
callbacks_may_change_who_waits(void **state)
{
	struct reading victim = {0}, other = {0}, added = {0};
	struct tacit_store_range range = range_of(0, 100, 1000, true);
	struct tacit_list waiting, missed;
	struct tacit_recent recent;
	struct tacit_answer *answer = calloc(1, sizeof(*answer));
	struct meddler meddler = {.waiting = &waiting, .added = &added};
	struct tacit_store_read *read;

	(void)state;
	assert_non_null(answer);
	tacit_list_init(&waiting);
	tacit_list_init(&missed);
	tacit_recent_init(&recent, 0);
	put(&recent, 0, 20, true);
	read = tacit_store_read_new(sizeof(*read), &range, on_meddle, &meddler);
	assert_non_null(read);
	tacit_list_append(&waiting, &read->link);
	meddler.victim = wait_at(&waiting, 0, 1000, &victim);
	wait_at(&waiting, 0, 1000, &other);
	assert_int_equal(tacit_waiting_answer(&waiting, &recent, answer, &missed), 2);
	assert_int_equal(meddler.calls, 1);
	assert_int_equal(victim.calls, 0);
	assert_int_equal(other.count, 1);
	/* the new one gets its turn the next time */
	assert_int_equal(added.calls, 0);
	assert_int_equal(tacit_waiting_answer(&waiting, &recent, answer, &missed), 1);
	assert_int_equal(added.count, 1);
	assert_true(tacit_list_empty(&waiting));
	assert_true(tacit_list_empty(&missed));
	tacit_recent_fini(&recent);
	free(answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_with_holes_are_found),
	    cmocka_unit_test(an_unknown_distance_begins_a_new_window),
	    cmocka_unit_test(collecting_keeps_to_its_bounds),
	    cmocka_unit_test(the_oldest_leave_first),
	    cmocka_unit_test(a_pool_has_one_bound),
	    cmocka_unit_test(a_large_block_is_not_held),
	    cmocka_unit_test(without_memory_a_cache_restarts),
	    cmocka_unit_test(waiting_reads_get_what_is_covered),
	    cmocka_unit_test(callbacks_may_change_who_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
