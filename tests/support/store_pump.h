/*
 * support/store_pump.h: calls of a store (stream/store.h) that wait for their answer, for tests.
 */
#ifndef TACIT_TESTS_STORE_PUMP_H
#define TACIT_TESTS_STORE_PUMP_H

#include "support/unit.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "stream/lister.h"
#include "stream/store.h"

/* s without any answer after which a test has failed: on a machine with much else to do, a broker
 * that is killed is back after 20 */
#define PUMP_S 180

#define READING_MAX 2048

struct opening {
	int calls;
	tacit_err err;
	char text[256];
	uint64_t first, end;
};

struct appending {
	int calls;
	tacit_err err;
	uint64_t index;
};

/* what a read, or several in a row, handed out */
struct reading {
	int calls;
	tacit_err err;
	size_t count;
	uint64_t indexes[READING_MAX];
	size_t lens[READING_MAX];
	uint64_t numbers[READING_MAX]; /* of entries that entry_new made; 0 when too short */
	uint64_t times[READING_MAX];
};

struct listing {
	int calls;
	tacit_err err;
	char text[256];
	struct tacit_lister *lister;         /* tacit_lister_free() */
	const struct tacit_listing *listing; /* NULL on an error */
};

struct position {
	int calls;
	tacit_err err;
	bool found;
	uint64_t index;
};

/* waits until dispatch may have something to do */
static inline void
pump_wait(struct tacit_store *store)
{
	struct pollfd fd = {.fd = store->ops->fd(store), .events = POLLIN};

	poll(&fd, 1, 1000);
}

/* until *calls is want; budget is that of dispatch */
static inline void
pump_with(struct tacit_store *store, const int *calls, int want, size_t budget)
{
	time_t deadline = time(NULL) + PUMP_S;

	while (*calls < want) {
		bool more = store->ops->dispatch(store, budget);

		if (*calls < want && !more)
			pump_wait(store);
		if (*calls < want && time(NULL) > deadline)
			fail_msg("%d of %d answers came", *calls, want);
	}
	assert_int_equal(*calls, want);
}

static inline void
pump(struct tacit_store *store, const int *calls, int want)
{
	pump_with(store, calls, want, 256);
}

static inline void
on_open(void *arg, tacit_err err, const char *text, uint64_t first, uint64_t end)
{
	struct opening *opening = arg;

	opening->calls++;
	opening->err = err;
	opening->first = first;
	opening->end = end;
	snprintf(opening->text, sizeof(opening->text), "%s", text);
	assert_int_equal(err == TACIT_OK, text[0] == '\0');
}

static inline void
on_append(void *arg, tacit_err err, uint64_t index)
{
	struct appending *appending = arg;

	appending->calls++;
	appending->err = err;
	appending->index = index;
}

static inline uint8_t
pattern(uint64_t number, size_t offset)
{
	return (uint8_t)(number * 131 + offset * 7 + (offset >> 8));
}

/* an entry of len bytes that knows its number, which is above 0 */
static inline struct tacit_msg *
entry_new(uint64_t number, size_t len)
{
	struct tacit_msg *msg = tacit_msg_new(len);
	uint8_t *bytes;

	assert_non_null(msg);
	bytes = tacit_msg_payload(msg);
	for (size_t i = 0; i < len; i++)
		bytes[i] = i < 8 && len >= 8 ? (uint8_t)(number >> 8 * i) : pattern(number, i);
	return msg;
}

/* the number of an entry, whose bytes are all checked */
static inline uint64_t
entry_number(const struct tacit_store_entry *entry)
{
	uint64_t number = 0;

	if (entry->len < 8)
		return 0;
	for (size_t i = 0; i < 8; i++)
		number |= (uint64_t)entry->bytes[i] << 8 * i;
	for (size_t i = 8; i < entry->len; i++)
		if (entry->bytes[i] != pattern(number, i))
			fail_msg("entry %llu is damaged", (unsigned long long)number);
	return number;
}

static inline void
on_read(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct reading *reading = arg;

	reading->calls++;
	reading->err = err;
	for (size_t i = 0; i < count; i++) {
		size_t at = reading->count++;

		assert_true(at < READING_MAX);
		reading->indexes[at] = entries[i].index;
		reading->lens[at] = entries[i].len;
		reading->times[at] = entries[i].time_ms;
		reading->numbers[at] = entry_number(&entries[i]);
		if (at > 0)
			assert_true(reading->indexes[at] > reading->indexes[at - 1]);
	}
}

static inline void
on_position(void *arg, tacit_err err, bool found, uint64_t index)
{
	struct position *position = arg;

	position->calls++;
	position->err = err;
	position->found = found;
	position->index = index;
}

static inline void
on_listing(void *arg, tacit_err err, const char *text, struct tacit_lister *lister)
{
	struct listing *listing = arg;

	listing->calls++;
	listing->err = err;
	listing->lister = lister;
	snprintf(listing->text, sizeof(listing->text), "%s", text);
	assert_int_equal(err == TACIT_OK, text[0] == '\0');
	assert_int_equal(err == TACIT_OK, lister != NULL);
	if (err == TACIT_OK)
		assert_int_equal(tacit_lister_finish(lister, &listing->listing), TACIT_OK);
}

static inline struct opening
open_once(struct tacit_store *store, const char *name, bool create)
{
	struct opening opening = {0};

	store->ops->open(store, name, create, on_open, &opening);
	pump(store, &opening.calls, 1);
	return opening;
}

/* A question to a Kafka that others keep busy may take longer than it may: those below that are
 * answered with TACIT_EUNREACHABLE, which means that nothing was done, are asked again. */
static inline struct opening
open_now(struct tacit_store *store, const char *name, bool create)
{
	time_t deadline = time(NULL) + PUMP_S;
	struct opening opening;

	do
		opening = open_once(store, name, create);
	while (opening.err == TACIT_EUNREACHABLE && time(NULL) < deadline);
	return opening;
}

/* waits for what open(), with create, was asked for */
static inline void
finish_open(struct tacit_store *store, const char *name, struct opening *opening)
{
	pump(store, &opening->calls, 1);
	if (opening->err == TACIT_EUNREACHABLE)
		*opening = open_now(store, name, true);
	assert_int_equal(opening->err, TACIT_OK);
}

/* appends without waiting; appending has to live until it is answered */
static inline void
append_later(struct tacit_store *store, const char *name, uint64_t number, size_t len,
    struct appending *appending)
{
	struct tacit_msg *msg = entry_new(number, len);

	store->ops->append(store, name, msg, on_append, appending);
	tacit_msg_unref(msg);
}

static inline struct appending
append_now(struct tacit_store *store, const char *name, uint64_t number, size_t len)
{
	time_t deadline = time(NULL) + PUMP_S;
	struct appending appending;

	do {
		memset(&appending, 0, sizeof(appending));
		append_later(store, name, number, len, &appending);
		pump(store, &appending.calls, 1);
	} while (appending.err == TACIT_EUNREACHABLE && time(NULL) < deadline);
	return appending;
}

/* appends entries numbered from 1 on and checks that each got a higher index than the last */
static inline void
fill_stream(struct tacit_store *store, const char *name, size_t count, size_t len, uint64_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		struct appending appending = append_now(store, name, i + 1, len);

		assert_int_equal(appending.err, TACIT_OK);
		if (i > 0)
			assert_true(appending.index > ret[i - 1]);
		ret[i] = appending.index;
	}
}

static inline struct tacit_store_range
range_of(uint64_t index, size_t count_max, size_t len_max, bool wait)
{
	return (struct tacit_store_range){index, count_max, len_max, 0, wait};
}

/* one answer to a read that does not wait, behind what is in ret */
static inline void
read_more(struct tacit_store *store, const char *name, struct tacit_store_range range,
    struct reading *ret)
{
	time_t deadline = time(NULL) + PUMP_S;

	do {
		ret->calls = 0;
		store->ops->read(store, name, &range, on_read, ret);
		pump(store, &ret->calls, 1);
	} while (ret->err == TACIT_EUNREACHABLE && time(NULL) < deadline);
}

/* everything from index on, at most READING_MAX, in as many answers as the store likes */
static inline void
read_all(struct tacit_store *store, const char *name, uint64_t index, struct reading *ret)
{
	size_t before;

	memset(ret, 0, sizeof(*ret));
	do {
		before = ret->count;
		read_more(store, name, range_of(index, READING_MAX, SIZE_MAX / 2, false), ret);
		assert_int_equal(ret->err, TACIT_OK);
		if (ret->count > 0)
			index = ret->indexes[ret->count - 1] + 1;
	} while (ret->count > before);
}

/* one answer to a read that does not wait */
static inline void
read_now(struct tacit_store *store, const char *name, struct tacit_store_range range,
    struct reading *ret)
{
	memset(ret, 0, sizeof(*ret));
	read_more(store, name, range, ret);
}

static inline struct position
position_now(struct tacit_store *store, const char *client_id, const char *name)
{
	time_t deadline = time(NULL) + PUMP_S;
	struct position position;

	do {
		memset(&position, 0, sizeof(position));
		store->ops->position_get(store, client_id, name, on_position, &position);
		pump(store, &position.calls, 1);
	} while (position.err == TACIT_EUNREACHABLE && time(NULL) < deadline);
	return position;
}

static inline struct listing
list_now(struct tacit_store *store)
{
	time_t deadline = time(NULL) + PUMP_S;
	struct listing listing;

	do {
		memset(&listing, 0, sizeof(listing));
		store->ops->list(store, on_listing, &listing);
		pump(store, &listing.calls, 1);
	} while (listing.err == TACIT_EUNREACHABLE && time(NULL) < deadline);
	return listing;
}

/* the stream of that name in a listing, or NULL */
static inline const struct tacit_listed_stream *
find_listed(const struct listing *listing, const char *name)
{
	const struct tacit_listed_stream *found = NULL;

	assert_non_null(listing->listing);
	for (size_t i = 0; i < listing->listing->count; i++) {
		const struct tacit_listed_stream *stream = &listing->listing->streams[i];

		if (i > 0)
			assert_true(strcmp(stream[-1].name, stream->name) < 0);
		if (strcmp(stream->name, name) == 0)
			found = stream;
	}
	return found;
}

/* the same, which is there */
static inline const struct tacit_listed_stream *
listed(const struct listing *listing, const char *name)
{
	const struct tacit_listed_stream *stream = find_listed(listing, name);

	if (stream == NULL) {
		fail_msg("%s is not listed", name);
		abort();
	}
	return stream;
}

#endif
