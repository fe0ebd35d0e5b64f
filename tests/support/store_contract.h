/*
 * support/store_contract.h: what every store has to do (stream/store.h), as tests that the memory,
 * SQLite and Kafka stores all run.
 *
 * A test program defines one struct store_kind, and runs store_contract(&kind) as a cmocka group.
 * Nothing here knows which store it is: indexes may begin anywhere and have holes, answers may come
 * at once or later, and streams of other runs may be there.
 */
#ifndef TACIT_TESTS_STORE_CONTRACT_H
#define TACIT_TESTS_STORE_CONTRACT_H

#include "support/store_fixture.h"
#include "support/store_flow.h"
#include "support/store_look.h"

static void
an_unknown_stream_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct reading reading;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_now(f->store, f->name, false).err, TACIT_ENOTFOUND);
		assert_int_equal(append_now(f->store, f->name, 1, 10).err, TACIT_ENOTFOUND);
		read_now(f->store, f->name, range_of(0, 10, 1000, true), &reading);
		assert_int_equal(reading.err, TACIT_ENOTFOUND);
		assert_int_equal(reading.count, 0);
	}
	/* and asking has not made it */
	create(f);
	assert_int_equal(append_now(f->store, f->name, 1, 10).err, TACIT_OK);
}

static void
open_may_be_repeated(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f), index;
	struct opening opening;

	for (int i = 0; i < 3; i++) {
		opening = open_now(f->store, f->name, i % 2 == 0);
		assert_int_equal(opening.err, TACIT_OK);
		assert_int_equal(opening.first, end);
		assert_int_equal(opening.end, end);
	}
	fill_stream(f->store, f->name, 1, 10, &index);
	for (int i = 0; i < 3; i++) {
		opening = open_now(f->store, f->name, i % 2 == 0);
		assert_int_equal(opening.err, TACIT_OK);
		assert_true(opening.first <= index);
		assert_true(opening.end > index);
	}
}

/* several opens of the same new stream under way at once */
static void
opens_may_overlap(void **state)
{
	struct fixture *f = *state;
	struct opening openings[8] = {0};
	uint64_t index;

	for (int i = 0; i < 8; i++)
		f->store->ops->open(f->store, f->name, true, on_open, &openings[i]);
	for (int i = 0; i < 8; i++)
		finish_open(f->store, f->name, &openings[i]);
	fill_stream(f->store, f->name, 1, 10, &index);
	assert_true(index >= openings[0].end);
}

static void
appends_keep_their_order(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f), last = 0;
	struct appending *appendings = calloc(1000, sizeof(*appendings));
	struct reading *reading = calloc(1, sizeof(*reading));
	int before = 0;

	assert_non_null(appendings);
	assert_non_null(reading);
	for (size_t i = 0; i < 1000; i++)
		append_later(f->store, f->name, i + 1, 8 + i % 300, &appendings[i]);
	for (size_t i = 0; i < 1000; i++) {
		pump(f->store, &appendings[i].calls, 1);
		assert_int_equal(appendings[i].err, TACIT_OK);
		assert_true(i == 0 ? appendings[i].index >= end : appendings[i].index > last);
		last = appendings[i].index;
		before += appendings[i].calls;
	}
	assert_int_equal(before, 1000);
	assert_true(open_now(f->store, f->name, false).end > last);
	read_all(f->store, f->name, end, reading);
	assert_int_equal(reading->count, 1000);
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(reading->indexes[i], appendings[i].index);
		assert_int_equal(reading->lens[i], 8 + i % 300);
		assert_int_equal(reading->numbers[i], i + 1);
	}
	free(reading);
	free(appendings);
}

static void
reads_begin_where_asked(void **state)
{
	struct fixture *f = *state;
	uint64_t index[10], end;
	struct reading reading;

	create(f);
	fill_stream(f->store, f->name, 10, 20, index);
	for (size_t i = 0; i < 10; i++) {
		read_all(f->store, f->name, index[i], &reading);
		assert_int_equal(reading.count, 10 - i);
		assert_int_equal(reading.indexes[0], index[i]);
		assert_int_equal(reading.numbers[0], i + 1);
	}
	/* below the first entry: from the first one */
	read_all(f->store, f->name, 0, &reading);
	assert_int_equal(reading.count, 10);
	assert_int_equal(reading.indexes[0], index[0]);
	/* at the end without waiting, and beyond it in any case: nothing */
	end = open_now(f->store, f->name, false).end;
	read_now(f->store, f->name, range_of(end, 10, 1000, false), &reading);
	assert_int_equal(reading.err, TACIT_OK);
	assert_int_equal(reading.count, 0);
	for (int wait = 0; wait < 2; wait++) {
		read_now(f->store, f->name, range_of(end + 1000, 10, 1000, wait), &reading);
		assert_int_equal(reading.err, TACIT_OK);
		assert_int_equal(reading.count, 0);
	}
	read_now(f->store, f->name, range_of(UINT64_MAX, 10, 1000, false), &reading);
	assert_int_equal(reading.count, 0);
}

static void
bounds_of_an_answer_hold(void **state)
{
	struct fixture *f = *state;
	uint64_t index[10];
	struct reading reading;
	struct tacit_store_range range;

	create(f);
	fill_stream(f->store, f->name, 10, 100, index);
	for (size_t count_max = 1; count_max <= 10; count_max++) {
		range = range_of(index[0], count_max, 100000, false);
		read_now(f->store, f->name, range, &reading);
		assert_in_range(reading.count, 1, count_max);
		assert_int_equal(reading.indexes[0], index[0]);
	}
	for (size_t len_max = 100; len_max < 1100; len_max += 50) {
		range = range_of(index[0], 10, len_max, false);
		read_now(f->store, f->name, range, &reading);
		assert_in_range(reading.count, 1, len_max / 100);
	}
	/* the overhead counts for each entry */
	for (size_t len_max = 150; len_max < 1100; len_max += 50) {
		range = range_of(index[0], 10, len_max, false);
		range.entry_overhead = 50;
		read_now(f->store, f->name, range, &reading);
		assert_in_range(reading.count, 1, len_max / 150);
	}
	range = range_of(index[0], 10, 149, false);
	range.entry_overhead = 50;
	read_now(f->store, f->name, range, &reading);
	assert_int_equal(reading.count, 0);
}

/* an entry that no answer could hold does not stop its reader */
static void
too_long_entries_are_skipped(void **state)
{
	static const size_t lens[] = {500, 20, 500, 500, 20, 500};
	struct fixture *f = *state;
	uint64_t index[6];
	struct reading reading = {0};
	struct tacit_store_range range;

	create(f);
	for (size_t i = 0; i < 6; i++)
		index[i] = append_now(f->store, f->name, i + 1, lens[i]).index;
	for (size_t from = 0, got = 0; got < 2; got++) {
		read_now(f->store, f->name, range_of(index[from], 1, 400, false), &reading);
		assert_int_equal(reading.count, 1);
		assert_int_equal(reading.numbers[0], got == 0 ? 2 : 5);
		from = (size_t)reading.numbers[0];
	}
	/* behind the last one that fits it is like the end */
	read_now(f->store, f->name, range_of(index[5], 1, 400, false), &reading);
	assert_int_equal(reading.count, 0);
	memset(&reading, 0, sizeof(reading));
	range = range_of(index[5], 1, 400, true);
	assert_non_null(f->store->ops->read(f->store, f->name, &range, on_read, &reading));
	append_now(f->store, f->name, 7, 500);
	append_now(f->store, f->name, 8, 20);
	pump(f->store, &reading.calls, 1);
	assert_int_equal(reading.count, 1);
	assert_int_equal(reading.numbers[0], 8);
}

static void
an_append_answers_a_waiting_read(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f);

	for (uint64_t i = 1; i <= 20; i++) {
		struct reading reading = {0};
		struct tacit_store_range range = range_of(end, 10, 1000, true);
		struct appending appending;

		assert_non_null(f->store->ops->read(f->store, f->name, &range, on_read, &reading));
		assert_int_equal(reading.calls, 0);
		appending = append_now(f->store, f->name, i, 30);
		assert_int_equal(appending.err, TACIT_OK);
		pump(f->store, &reading.calls, 1);
		assert_int_equal(reading.err, TACIT_OK);
		assert_int_equal(reading.count, 1);
		assert_int_equal(reading.indexes[0], appending.index);
		assert_int_equal(reading.numbers[0], i);
		end = open_now(f->store, f->name, false).end;
	}
}

static void
several_reads_may_wait(void **state)
{
	struct fixture *f = *state;
	struct tacit_store_range range = range_of(create(f), 10, 1000, true);
	struct reading *readings = calloc(20, sizeof(*readings));
	struct tacit_store_read *reads[20];
	uint64_t index;

	assert_non_null(readings);
	for (int i = 0; i < 20; i++)
		reads[i] = f->store->ops->read(f->store, f->name, &range, on_read, &readings[i]);
	for (int i = 0; i < 20; i += 3)
		f->store->ops->cancel(f->store, reads[i]);
	fill_stream(f->store, f->name, 1, 40, &index);
	for (int i = 0; i < 20; i++) {
		pump(f->store, &readings[i].calls, i % 3 == 0 ? 0 : 1);
		assert_int_equal(readings[i].count, i % 3 == 0 ? 0 : 1);
		assert_true(i % 3 == 0 || readings[i].indexes[0] == index);
	}
	free(readings);
}

static void
a_cancelled_read_is_never_answered(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f), index[3];
	struct reading cancelled = {0}, other;
	struct tacit_store_range range = range_of(end, 10, 1000, true);
	struct tacit_store_read *read;

	/* one that waits, and one that is just being looked up */
	read = f->store->ops->read(f->store, f->name, &range, on_read, &cancelled);
	assert_non_null(read);
	f->store->ops->cancel(f->store, read);
	fill_stream(f->store, f->name, 3, 40, index);
	range = range_of(index[0], 10, 1000, true);
	f->store->ops->free(f->store, FREE_MS);
	f->store = f->kind->open();
	if (f->kind->durable) {
		assert_int_equal(open_now(f->store, f->name, false).err, TACIT_OK);
		read = f->store->ops->read(f->store, f->name, &range, on_read, &cancelled);
		if (read != NULL)
			f->store->ops->cancel(f->store, read);
		else
			cancelled.calls--;
		read_now(f->store, f->name, range_of(index[2], 10, 1000, false), &other);
		assert_int_equal(other.count, 1);
	}
	assert_int_equal(cancelled.calls, 0);
}

static void
positions_are_kept(void **state)
{
	struct fixture *f = *state;
	char client_id[80];
	struct position position;
	uint64_t index[10];

	snprintf(client_id, sizeof(client_id), "client-%s", f->name);
	create(f);
	fill_stream(f->store, f->name, 10, 20, index);
	position = position_now(f->store, client_id, f->name);
	assert_int_equal(position.err, TACIT_OK);
	assert_false(position.found);
	for (size_t i = 0; i < 10; i++) {
		f->store->ops->position_set(f->store, client_id, f->name, index[i]);
		position = position_now(f->store, client_id, f->name);
		assert_int_equal(position.err, TACIT_OK);
		assert_true(position.found);
		assert_int_equal(position.index, index[i]);
	}
	/* going back is allowed; other clients have their own */
	f->store->ops->position_set(f->store, client_id, f->name, index[2]);
	assert_int_equal(position_now(f->store, client_id, f->name).index, index[2]);
	client_id[0] = 'd';
	assert_false(position_now(f->store, client_id, f->name).found);
	f->store->ops->position_set(f->store, client_id, f->name, index[3]);
	assert_int_equal(position_now(f->store, client_id, f->name).index, index[3]);
	client_id[0] = 'c';
	assert_int_equal(position_now(f->store, client_id, f->name).index, index[2]);
}

#define MANY 100

static void
streams_do_not_mix(void **state)
{
	struct fixture *f = *state;
	struct opening openings[MANY] = {0};
	struct appending *appendings = calloc(MANY * 10, sizeof(*appendings));
	struct reading reading;
	char names[MANY][80];

	assert_non_null(appendings);
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%s-%d", f->name, i);
		f->store->ops->open(f->store, names[i], true, on_open, &openings[i]);
	}
	for (int i = 0; i < MANY; i++)
		finish_open(f->store, names[i], &openings[i]);
	for (int i = 0; i < MANY * 10; i++)
		append_later(f->store, names[i % MANY], (uint64_t)i + 1, 50, &appendings[i]);
	for (int i = 0; i < MANY * 10; i++) {
		pump(f->store, &appendings[i].calls, 1);
		assert_int_equal(appendings[i].err, TACIT_OK);
	}
	for (int i = 0; i < MANY; i++) {
		read_all(f->store, names[i], openings[i].end, &reading);
		assert_int_equal(reading.count, 10);
		for (int j = 0; j < 10; j++) {
			assert_int_equal(reading.numbers[j], j * MANY + i + 1);
			assert_int_equal(reading.indexes[j], appendings[j * MANY + i].index);
		}
	}
	free(appendings);
}

static void
entries_of_all_lengths(void **state)
{
	static const size_t lens[] = {0, 1, 7, 8, 1000, 1024, 4096, 30000, 64000,
	    TACIT_ENTRY_LEN_MAX - 1, TACIT_ENTRY_LEN_MAX, 0};
	size_t count = sizeof(lens) / sizeof(lens[0]);
	struct fixture *f = *state;
	uint64_t end = create(f);
	struct reading reading;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(append_now(f->store, f->name, i + 1, lens[i]).err, TACIT_OK);
	assert_int_equal(
	    append_now(f->store, f->name, 99, TACIT_ENTRY_LEN_MAX + 1).err, TACIT_ELIMIT);
	/* from memory; and when the store is durable, from where it keeps them */
	for (int round = 0; round < (f->kind->durable ? 2 : 1); round++) {
		read_all(f->store, f->name, end, &reading);
		assert_int_equal(reading.count, count);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(reading.lens[i], lens[i]);
			assert_int_equal(reading.numbers[i], lens[i] < 8 ? 0 : i + 1);
		}
		f->store->ops->free(f->store, FREE_MS);
		f->store = f->kind->open();
	}
}

/* the caller goes on with its message: puts headers in front, and drops it */
static void
the_message_stays_the_callers(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f);
	struct appending appendings[50] = {0};
	struct reading reading;

	for (uint64_t i = 0; i < 50; i++) {
		struct tacit_msg *msg = entry_new(i + 1, 200);

		f->store->ops->append(f->store, f->name, msg, on_append, &appendings[i]);
		assert_int_equal(tacit_msg_prepend(msg, 100), TACIT_OK);
		memset(tacit_msg_payload(msg), 0xee, 100);
		tacit_msg_unref(msg);
	}
	for (int i = 0; i < 50; i++)
		pump(f->store, &appendings[i].calls, 1);
	read_all(f->store, f->name, end, &reading);
	assert_int_equal(reading.count, 50);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(reading.numbers[i], i + 1);
}

static void
a_stream_survives_reopening(void **state)
{
	struct fixture *f = *state;
	uint64_t index[40], end = create(f);
	struct opening opening;
	struct reading reading;

	if (!f->kind->durable)
		skip();
	for (size_t round = 0; round < 4; round++) {
		for (size_t i = 10 * round; i < 10 * round + 10; i++) {
			struct appending appending = append_now(f->store, f->name, i + 1, 3000);

			assert_int_equal(appending.err, TACIT_OK);
			assert_true(i == 0 || appending.index > index[i - 1]);
			index[i] = appending.index;
		}
		f->store->ops->position_set(f->store, f->name, f->name, index[10 * round]);
		assert_true(position_now(f->store, f->name, f->name).found);
		f->store->ops->free(f->store, FREE_MS);
		f->store = f->kind->open();
		opening = open_now(f->store, f->name, false);
		assert_int_equal(opening.err, TACIT_OK);
		assert_true(opening.first <= index[0]);
		assert_true(opening.end > index[10 * round + 9]);
		read_all(f->store, f->name, end, &reading);
		assert_int_equal(reading.count, 10 * round + 10);
		for (size_t i = 0; i < reading.count; i++) {
			assert_int_equal(reading.indexes[i], index[i]);
			assert_int_equal(reading.numbers[i], i + 1);
		}
		assert_int_equal(position_now(f->store, f->name, f->name).index, index[10 * round]);
	}
}

/* runs the contract as a group; 0 when all of it holds */
static int
store_contract(const struct store_kind *kind)
{
#define T(name) cmocka_unit_test_setup_teardown(name, contract_setup, contract_teardown)
	const struct CMUnitTest tests[] = {
	    T(an_unknown_stream_is_not_found),
	    T(open_may_be_repeated),
	    T(opens_may_overlap),
	    T(appends_keep_their_order),
	    T(reads_begin_where_asked),
	    T(bounds_of_an_answer_hold),
	    T(too_long_entries_are_skipped),
	    T(an_append_answers_a_waiting_read),
	    T(several_reads_may_wait),
	    T(a_cancelled_read_is_never_answered),
	    T(positions_are_kept),
	    T(streams_do_not_mix),
	    T(entries_of_all_lengths),
	    T(the_message_stays_the_callers),
	    T(a_stream_survives_reopening),
	    T(a_stream_may_be_used_unopened),
	    T(readers_follow_appends_under_way),
	    T(a_reader_behind_gets_everything),
	    T(callbacks_may_append),
	    T(free_answers_what_is_under_way),
	    T(entries_know_their_time),
	    T(a_listing_has_everything),
	    T(free_answers_a_listing),
	};
#undef T

	contract_kind = kind;
	return cmocka_run_group_tests_name("store contract", tests, NULL, NULL);
}

#endif
