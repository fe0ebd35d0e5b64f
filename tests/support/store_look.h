/*
 * support/store_look.h: the part of the stores' contract that is for people: times and listings.
 */
#ifndef TACIT_TESTS_STORE_LOOK_H
#define TACIT_TESTS_STORE_LOOK_H

#include "support/store_fixture.h"

#include "store/clock.h"

static void
entries_know_their_time(void **state)
{
	struct fixture *f = *state;
	uint64_t before, after, index[20], end = create(f);
	struct reading *readings = calloc(2, sizeof(*readings));

	assert_non_null(readings);
	before = tacit_store_clock();
	fill_stream(f->store, f->name, 20, 50, index);
	after = tacit_store_clock();
	/* from memory; and when the store is durable, the same from where it keeps them */
	for (int round = 0; round < (f->kind->durable ? 2 : 1); round++) {
		struct reading *reading = &readings[round];

		read_all(f->store, f->name, end, reading);
		assert_int_equal(reading->count, 20);
		for (size_t i = 0; i < 20; i++) {
			assert_in_range(reading->times[i], before, after);
			assert_true(i == 0 || reading->times[i] >= reading->times[i - 1]);
			assert_int_equal(reading->times[i], readings[0].times[i]);
		}
		f->store->ops->free(f->store, FREE_MS);
		f->store = f->kind->open();
	}
	free(readings);
}

/* a stream with that many entries of 100 bytes, as a listing has it */
static inline const struct tacit_listed_stream *
check_listed(const struct listing *listing, const char *name, uint64_t entries)
{
	const struct tacit_listed_stream *stream = listed(listing, name);

	assert_int_equal(stream->end - stream->first, entries);
	assert_int_equal(stream->entries, entries);
	if (stream->bytes != TACIT_BYTES_UNKNOWN)
		assert_int_equal(stream->bytes, 100 * entries);
	return stream;
}

static inline void
check_reader(const struct tacit_listed_stream *stream, size_t place, const char *client_id,
    uint64_t position)
{
	const struct tacit_listed_reader *reader = &stream->readers[place];

	assert_true(place < stream->reader_count);
	assert_string_equal(reader->client_id, client_id);
	assert_int_equal(reader->position, position);
	assert_int_equal(reader->lag, position < stream->end ? stream->end - position : 0);
}

static void
a_listing_has_everything(void **state)
{
	static const size_t counts[3] = {5, 0, 1};
	struct fixture *f = *state;
	const struct tacit_listed_stream *stream;
	char names[3][80], ann[80], bob[80];
	struct listing listing;
	uint64_t index[5];

	snprintf(ann, sizeof(ann), "ann-%s", f->name);
	snprintf(bob, sizeof(bob), "bob-%s", f->name);
	for (size_t i = 0; i < 3; i++) {
		snprintf(names[i], sizeof(names[i]), "%s-%zu", f->name, 2 - i);
		assert_int_equal(open_now(f->store, names[i], true).err, TACIT_OK);
		fill_stream(f->store, names[i], counts[i], 100, index + (i == 0 ? 0 : 4));
		if (i == 0) {
			f->store->ops->position_set(f->store, bob, names[0], index[2]);
			f->store->ops->position_set(f->store, ann, names[0], index[4] + 1);
		}
	}
	/* asking for them makes sure that they were saved */
	assert_int_equal(position_now(f->store, bob, names[0]).index, index[2]);
	assert_int_equal(position_now(f->store, ann, names[0]).found, true);
	if (f->kind->durable) {
		f->store->ops->free(f->store, FREE_MS);
		f->store = f->kind->open();
	}
	listing = list_now(f->store);
	assert_int_equal(listing.err, TACIT_OK);
	stream = check_listed(&listing, names[0], 5);
	assert_int_equal(stream->reader_count, 2);
	check_reader(stream, 0, ann, stream->end);
	check_reader(stream, 1, bob, stream->end - 3);
	assert_int_equal(check_listed(&listing, names[1], 0)->reader_count, 0);
	assert_int_equal(check_listed(&listing, names[2], 1)->reader_count, 0);
	assert_null(find_listed(&listing, f->name));
	tacit_lister_free(listing.lister);
}

/* answered in any case, once */
static void
free_answers_a_listing(void **state)
{
	struct fixture *f = *state;
	struct listing listing = {0};

	create(f);
	f->store->ops->list(f->store, on_listing, &listing);
	f->store->ops->free(f->store, FREE_MS);
	assert_int_equal(listing.calls, 1);
	assert_true(listing.err == TACIT_OK || listing.err == TACIT_ECLOSED);
	tacit_lister_free(listing.lister);
	f->store = f->kind->open();
}

#endif
