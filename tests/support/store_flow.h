/*
 * support/store_flow.h: the part of the contract of stores (store_contract.h) where several things
 * go on at once: readers that follow, callbacks that call, and the end.
 */
#ifndef TACIT_TESTS_STORE_FLOW_H
#define TACIT_TESTS_STORE_FLOW_H

#include "support/store_fixture.h"

/* the first calls after a restart need not be open */
static void
a_stream_may_be_used_unopened(void **state)
{
	struct fixture *f = *state;
	struct appending appendings[10] = {0};
	struct reading reading = {0};
	struct tacit_store_range range;
	uint64_t index[10];

	create(f);
	fill_stream(f->store, f->name, 10, 30, index);
	if (!f->kind->durable)
		skip();
	f->store->ops->free(f->store, FREE_MS);
	f->store = f->kind->open();
	for (uint64_t i = 0; i < 10; i++)
		append_later(f->store, f->name, 11 + i, 30, &appendings[i]);
	range = range_of(index[5], 100, 10000, true);
	f->store->ops->read(f->store, f->name, &range, on_read, &reading);
	pump(f->store, &reading.calls, 1);
	if (reading.err == TACIT_EUNREACHABLE)
		read_now(f->store, f->name, range, &reading);
	assert_int_equal(reading.numbers[0], 6);
	for (unsigned i = 0; i < 10; i++) {
		pump(f->store, &appendings[i].calls, 1);
		if (appendings[i].err == TACIT_EUNREACHABLE)
			appendings[i] = append_now(f->store, f->name, 11 + i, 30);
		assert_int_equal(appendings[i].err, TACIT_OK);
	}
	read_all(f->store, f->name, index[0], &reading);
	assert_int_equal(reading.count, 20);
}

/* a reader that always has one read outstanding, and asks again from its callback */
struct follower {
	struct tacit_store *store;
	const char *name;
	uint64_t next;
	int count; /* entries, which came in order */
	int calls;
	bool done;
};

static void
on_follow(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct follower *follower = arg;
	struct tacit_store_range range;
	uint64_t before = (uint64_t)follower->count;

	follower->calls++;
	if (err == TACIT_ECLOSED) {
		follower->done = true;
		return;
	}
	/* unreachable: nothing was read, and it is asked again */
	assert_true(err == TACIT_OK || (err == TACIT_EUNREACHABLE && count == 0));
	for (size_t i = 0; i < count; i++) {
		assert_true(entries[i].index >= follower->next);
		assert_int_equal(entry_number(&entries[i]), ++follower->count);
		follower->next = entries[i].index + 1;
	}
	range = range_of(follower->next, 100, 20000, true);
	follower->store->ops->read(follower->store, follower->name, &range, on_follow, follower);
	/* the entries of this answer are still there, even if the next one came meanwhile */
	for (size_t i = 0; i < count; i++)
		assert_int_equal(entry_number(&entries[i]), before + 1 + i);
}

static void
readers_follow_appends_under_way(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f);
	struct follower followers[3];
	struct appending *appendings = calloc(2000, sizeof(*appendings));
	struct tacit_store_range range = range_of(end, 100, 20000, true);

	assert_non_null(appendings);
	for (int i = 0; i < 3; i++) {
		followers[i] = (struct follower){.store = f->store, .name = f->name, .next = end};
		f->store->ops->read(f->store, f->name, &range, on_follow, &followers[i]);
	}
	for (size_t i = 0; i < 2000; i++) {
		append_later(f->store, f->name, i + 1, 100 + i % 1000, &appendings[i]);
		if (i % 50 == 0)
			f->store->ops->dispatch(f->store, 10);
	}
	for (int i = 0; i < 3; i++)
		pump_with(f->store, &followers[i].count, 2000, 1 + 50 * (size_t)i);
	for (int i = 0; i < 2000; i++)
		pump(f->store, &appendings[i].calls, 1);
	/* free ends the reads that wait, and tells their callbacks once, which may ask again */
	f->store->ops->free(f->store, FREE_MS);
	for (int i = 0; i < 3; i++)
		assert_true(followers[i].done);
	f->store = f->kind->open();
	free(appendings);
}

/* a slow reader far behind the end gets all, in order */
static void
a_reader_behind_gets_everything(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f);
	struct appending *appendings = calloc(6000, sizeof(*appendings));
	struct follower follower = {.store = f->store, .name = f->name, .next = end};
	struct tacit_store_range range = range_of(end, 100, 20000, true);

	assert_non_null(appendings);
	for (size_t i = 0; i < 6000; i++)
		append_later(f->store, f->name, i + 1, 400, &appendings[i]);
	for (int i = 0; i < 6000; i++) {
		pump(f->store, &appendings[i].calls, 1);
		assert_int_equal(appendings[i].err, TACIT_OK);
	}
	f->store->ops->read(f->store, f->name, &range, on_follow, &follower);
	pump(f->store, &follower.count, 6000);
	f->store->ops->free(f->store, FREE_MS);
	assert_true(follower.done);
	f->store = f->kind->open();
	free(appendings);
}

struct chain {
	struct tacit_store *store;
	const char *name;
	int calls;
};

static void
on_chain(void *arg, tacit_err err, uint64_t index)
{
	struct chain *chain = arg;
	struct tacit_msg *msg;

	(void)index;
	assert_int_equal(err, TACIT_OK);
	if (++chain->calls >= 100)
		return;
	msg = entry_new((uint64_t)chain->calls + 1, 30);
	chain->store->ops->append(chain->store, chain->name, msg, on_chain, chain);
	tacit_msg_unref(msg);
}

static void
callbacks_may_append(void **state)
{
	struct fixture *f = *state;
	struct chain chain = {f->store, f->name, 0};
	uint64_t end = create(f);
	struct follower follower = {.store = f->store, .name = f->name, .next = end};
	struct tacit_store_range range = range_of(end, 100, 20000, true);
	struct tacit_msg *msg = entry_new(1, 30);

	f->store->ops->read(f->store, f->name, &range, on_follow, &follower);
	f->store->ops->append(f->store, f->name, msg, on_chain, &chain);
	tacit_msg_unref(msg);
	pump(f->store, &chain.calls, 100);
	pump(f->store, &follower.count, 100);
	f->store->ops->free(f->store, FREE_MS);
	f->store = f->kind->open();
}

static void
free_answers_what_is_under_way(void **state)
{
	struct fixture *f = *state;
	uint64_t end = create(f);
	struct appending *appendings = calloc(500, sizeof(*appendings));
	struct reading *readings = calloc(3, sizeof(*readings));
	struct tacit_store_range range = range_of(end, 10, 10000, true);
	struct opening opening = {0};
	char other[80];
	int confirmed = 0;

	assert_non_null(appendings);
	assert_non_null(readings);
	for (int i = 0; i < 3; i++)
		f->store->ops->read(f->store, f->name, &range, on_read, &readings[i]);
	for (size_t i = 0; i < 500; i++)
		append_later(f->store, f->name, i + 1, 100, &appendings[i]);
	snprintf(other, sizeof(other), "%s-other", f->name);
	f->store->ops->open(f->store, other, true, on_open, &opening);
	f->store->ops->free(f->store, FREE_MS);
	assert_int_equal(opening.calls, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(readings[i].calls, 1);
		/* unreachable: a Kafka that is too busy to say where the stream ends */
		assert_true(readings[i].err == TACIT_ECLOSED ||
			    readings[i].err == TACIT_EUNREACHABLE || readings[i].count > 0);
	}
	for (int i = 0; i < 500; i++) {
		assert_int_equal(appendings[i].calls, 1);
		confirmed += appendings[i].err == TACIT_OK;
	}
	f->store = f->kind->open();
	if (f->kind->durable) {
		read_all(f->store, f->name, end, &readings[0]);
		assert_true(readings[0].count >= (size_t)confirmed);
	}
	free(readings);
	free(appendings);
}

#endif
