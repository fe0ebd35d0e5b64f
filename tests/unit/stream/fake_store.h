/*
 * unit/stream/fake_store.h: a store in memory that does what a test tells it: answers late, fails,
 * forgets its oldest entries, rolls back.  Allocations that a test lets fail are never its own.
 */
#ifndef TACIT_TESTS_FAKE_STORE_H
#define TACIT_TESTS_FAKE_STORE_H

#include "support/unit.h"

#include "base/list.h"
#include "stream/store.h"

#define FAKE_STREAMS 4
#define FAKE_ENTRIES 16384
/* the time of an entry is this and its index */
#define FAKE_TIME 1700000000000

struct fake_stream {
	char name[256];
	uint64_t first; /* index of entries[0] */
	size_t count;
	struct tacit_msg *entries[FAKE_ENTRIES];
};

/* a call that is not answered yet */
struct fake_call {
	struct tacit_list list;
	char name[256];
	char client_id[256];
	bool create;
	struct tacit_msg *msg;
	tacit_store_open_cb open;
	tacit_store_append_cb append;
	tacit_store_position_cb position;
	void *arg;
};

struct tacit_store_read {
	struct tacit_list list;
	char name[256];
	struct tacit_store_range range;
	tacit_store_read_cb cb;
	void *arg;
};

struct fake_store {
	struct tacit_store base;
	struct fake_stream *streams[FAKE_STREAMS];
	struct tacit_list calls; /* not answered */
	struct tacit_list reads; /* that wait */
	bool late;               /* open, append and position_get wait for fake_store_answer */
	bool late_reads;         /* so do all reads */
	bool greedy;             /* reads answer more than was asked for */
	uint64_t first;          /* of streams made from now on */
	tacit_err open_err, append_err, read_err, position_err;
	unsigned reads_asked, cancels, saves;
	char saved_client[256], saved_name[256];
	uint64_t saved_index;
	bool has_position;
};

static inline struct fake_store *
fake_of(struct tacit_store *store)
{
	return (struct fake_store *)(void *)store;
}

static inline struct fake_stream *
fake_find(struct fake_store *fake, const char *name)
{
	for (size_t i = 0; i < FAKE_STREAMS; i++) {
		if (fake->streams[i] != NULL && strcmp(fake->streams[i]->name, name) == 0)
			return fake->streams[i];
	}
	return NULL;
}

static inline struct fake_stream *
fake_make(struct fake_store *fake, const char *name)
{
	struct fake_stream *stream = fake_find(fake, name);

	for (size_t i = 0; stream == NULL && i < FAKE_STREAMS; i++) {
		if (fake->streams[i] != NULL)
			continue;
		if ((stream = fake->streams[i] = calloc(1, sizeof(*stream))) == NULL)
			abort();
		(void)snprintf(stream->name, sizeof(stream->name), "%s", name);
		stream->first = fake->first;
	}
	if (stream == NULL)
		abort();
	return stream;
}

/* a stream that is there */
static inline struct fake_stream *
fake_the(struct fake_store *fake, const char *name)
{
	struct fake_stream *stream = fake_find(fake, name);

	if (stream == NULL)
		abort();
	return stream;
}

/* takes the oldest entries away, as a retention time does */
static inline void
fake_trim(struct fake_stream *stream, size_t count)
{
	assert_true(count <= stream->count);
	for (size_t i = 0; i < count; i++)
		tacit_msg_unref(stream->entries[i]);
	memmove(stream->entries, stream->entries + count,
	    (stream->count - count) * sizeof(stream->entries[0]));
	stream->count -= count;
	stream->first += count;
}

/* takes the youngest entries away, as a restored backup does */
static inline void
fake_roll_back(struct fake_stream *stream, size_t count)
{
	assert_true(count <= stream->count);
	while (count-- > 0)
		tacit_msg_unref(stream->entries[--stream->count]);
}

/* answers a read with what there is, which may be nothing */
static inline void
fake_read_now(struct fake_store *fake, const char *name, const struct tacit_store_range *range,
    tacit_store_read_cb cb, void *arg)
{
	struct fake_stream *stream = fake_find(fake, name);
	struct tacit_store_entry *entries;
	size_t count = 0, len = 0, i;

	if (stream == NULL || fake->read_err != TACIT_OK) {
		cb(arg, stream == NULL ? TACIT_ENOTFOUND : fake->read_err, NULL, 0);
		return;
	}
	entries = calloc(stream->count + 1, sizeof(*entries));
	i = range->index > stream->first ? (size_t)(range->index - stream->first) : 0;
	for (; i < stream->count && (fake->greedy || count < range->count_max); i++) {
		const struct tacit_msg *msg = stream->entries[i];

		len += msg->len + range->entry_overhead;
		if (!fake->greedy && len > range->len_max)
			break;
		entries[count++] = (struct tacit_store_entry){stream->first + i,
		    tacit_msg_payload(msg), msg->len, FAKE_TIME + stream->first + i};
	}
	cb(arg, TACIT_OK, entries, count);
	free(entries);
}

static inline void
fake_answer_read(struct fake_store *fake, struct tacit_store_read *read)
{
	tacit_list_remove(&read->list);
	fake_read_now(fake, read->name, &read->range, read->cb, read->arg);
	free(read);
}

/* whether there is nothing to answer yet */
static inline bool
fake_at_end(struct fake_store *fake, const char *name, const struct tacit_store_range *range)
{
	const struct fake_stream *stream = fake_find(fake, name);

	return stream != NULL && range->wait && fake->read_err == TACIT_OK &&
	       range->index == stream->first + stream->count;
}

/* answers the reads that wait, but for those that still have nothing to get, or are made meanwhile */
static inline void
fake_answer_reads(struct fake_store *fake)
{
	struct tacit_list todo;

	tacit_list_init(&todo);
	tacit_list_move(&fake->reads, &todo);
	while (!tacit_list_empty(&todo)) {
		struct tacit_store_read *read =
		    TACIT_CONTAINER(todo.next, struct tacit_store_read, list);

		tacit_list_remove(&read->list);
		if (fake_at_end(fake, read->name, &read->range))
			tacit_list_append(&fake->reads, &read->list);
		else
			fake_answer_read(fake, read);
	}
}

/* puts an entry at the end and answers who waits for it */
static inline uint64_t
fake_append(struct fake_store *fake, struct fake_stream *stream, struct tacit_msg *msg)
{
	assert_true(stream->count < FAKE_ENTRIES);
	stream->entries[stream->count++] = msg;
	if (!fake->late_reads)
		fake_answer_reads(fake);
	return stream->first + stream->count - 1;
}

static inline void
fake_append_text(struct fake_store *fake, const char *name, const char *text)
{
	(void)fake_append(fake, fake_make(fake, name), tacit_msg_copy_of(text, strlen(text)));
}

static inline void
fake_answer_open(struct fake_store *fake, const struct fake_call *call)
{
	struct fake_stream *stream = fake_find(fake, call->name);
	tacit_err err = fake->open_err;

	if (err == TACIT_OK && stream == NULL && !call->create)
		err = TACIT_ENOTFOUND;
	if (err != TACIT_OK) {
		call->open(call->arg, err, "the fake store says no", 0, 0);
		return;
	}
	if (stream == NULL)
		stream = fake_make(fake, call->name);
	call->open(call->arg, TACIT_OK, "", stream->first, stream->first + stream->count);
}

static inline void
fake_answer_append(struct fake_store *fake, const struct fake_call *call)
{
	struct fake_stream *stream = fake_find(fake, call->name);
	tacit_err err = fake->append_err;

	if (err == TACIT_OK && stream == NULL)
		err = TACIT_ENOTFOUND;
	if (err != TACIT_OK) {
		tacit_msg_unref(call->msg);
		call->append(call->arg, err, 0);
		return;
	}
	call->append(call->arg, TACIT_OK, fake_append(fake, stream, call->msg));
}

static inline void
fake_answer_call(struct fake_store *fake, struct fake_call *call)
{
	tacit_list_remove(&call->list);
	if (call->open != NULL)
		fake_answer_open(fake, call);
	else if (call->append != NULL)
		fake_answer_append(fake, call);
	else
		call->position(
		    call->arg, fake->position_err, fake->has_position, fake->saved_index);
	free(call);
}

/* answers the oldest call that waits; false: none */
static inline bool
fake_store_answer(struct fake_store *fake)
{
	if (tacit_list_empty(&fake->calls))
		return false;
	fake_answer_call(fake, TACIT_CONTAINER(fake->calls.next, struct fake_call, list));
	return true;
}

static inline void
fake_call(struct tacit_store *store, const struct fake_call *what, const char *name)
{
	struct fake_store *fake = fake_of(store);
	struct fake_call *call = calloc(1, sizeof(*call));

	assert_non_null(call);
	*call = *what;
	(void)snprintf(call->name, sizeof(call->name), "%s", name);
	tacit_list_append(&fake->calls, &call->list);
	if (!fake->late)
		fake_answer_call(fake, call);
}

static inline void
fake_open(
    struct tacit_store *store, const char *name, bool create, tacit_store_open_cb cb, void *arg)
{
	fake_call(store, &(struct fake_call){.create = create, .open = cb, .arg = arg}, name);
}

static inline void
fake_append_call(struct tacit_store *store, const char *name, struct tacit_msg *msg,
    tacit_store_append_cb cb, void *arg)
{
	fake_call(
	    store, &(struct fake_call){.msg = tacit_msg_ref(msg), .append = cb, .arg = arg}, name);
}

static inline struct tacit_store_read *
fake_read(struct tacit_store *store, const char *name, const struct tacit_store_range *range,
    tacit_store_read_cb cb, void *arg)
{
	struct fake_store *fake = fake_of(store);
	struct tacit_store_read *read;

	fake->reads_asked++;
	assert_true(range->count_max > 0);
	if (!fake->late_reads && !fake_at_end(fake, name, range)) {
		fake_read_now(fake, name, range, cb, arg);
		return NULL;
	}
	read = calloc(1, sizeof(*read));
	assert_non_null(read);
	(void)snprintf(read->name, sizeof(read->name), "%s", name);
	read->range = *range;
	read->cb = cb;
	read->arg = arg;
	tacit_list_append(&fake->reads, &read->list);
	return read;
}

static inline void
fake_cancel(struct tacit_store *store, struct tacit_store_read *read)
{
	fake_of(store)->cancels++;
	tacit_list_remove(&read->list);
	free(read);
}

static inline void
fake_position_get(struct tacit_store *store, const char *client_id, const char *name,
    tacit_store_position_cb cb, void *arg)
{
	(void)client_id;
	fake_call(store, &(struct fake_call){.position = cb, .arg = arg}, name);
}

static inline void
fake_position_set(
    struct tacit_store *store, const char *client_id, const char *name, uint64_t index)
{
	struct fake_store *fake = fake_of(store);

	fake->saves++;
	fake->has_position = true;
	fake->saved_index = index;
	(void)snprintf(fake->saved_client, sizeof(fake->saved_client), "%s", client_id);
	(void)snprintf(fake->saved_name, sizeof(fake->saved_name), "%s", name);
}

static const struct tacit_store_ops fake_ops = {
    .open = fake_open,
    .append = fake_append_call,
    .read = fake_read,
    .cancel = fake_cancel,
    .position_get = fake_position_get,
    .position_set = fake_position_set,
};

static inline struct fake_store *
fake_store_new(void)
{
	struct fake_store *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	fake->base.ops = &fake_ops;
	tacit_list_init(&fake->calls);
	tacit_list_init(&fake->reads);
	return fake;
}

/* answers all: what waits for an entry, with TACIT_ECLOSED */
static inline void
fake_store_free(struct fake_store *fake)
{
	while (fake_store_answer(fake))
		continue;
	fake->read_err = TACIT_ECLOSED;
	while (!tacit_list_empty(&fake->reads))
		fake_answer_read(
		    fake, TACIT_CONTAINER(fake->reads.next, struct tacit_store_read, list));
	for (size_t i = 0; i < FAKE_STREAMS; i++) {
		if (fake->streams[i] != NULL)
			fake_roll_back(fake->streams[i], fake->streams[i]->count);
		free(fake->streams[i]);
	}
	free(fake);
}

#endif
