#include "store/memory.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/memory.h"
#include "crypto/random.h"
#include "store/clock.h"
#include "store/recent.h"
#include "store/waiting.h"
#include "store/wake.h"
#include "stream/lister.h"

struct memory {
	struct tacit_store base;
	struct tacit_map streams;   /* name: struct stream */
	struct tacit_map positions; /* client id / name: struct position */
	struct tacit_list woken;    /* streams whose waiting reads have something to get */
	struct tacit_list due;      /* reads asked for while an answer was being looked at */
	struct tacit_answer answer;
	int wake;
	bool closing;
};

struct stream {
	struct tacit_list link;     /* in woken, or alone */
	struct tacit_recent recent; /* unbounded: the whole stream */
	struct tacit_list waiting;
	uint64_t len; /* bytes of all entries */
	char name[TACIT_NAME_LEN_MAX + 1];
};

struct position {
	uint64_t index;
	char client_id[TACIT_CLIENT_ID_LEN_MAX + 1];
	char name[TACIT_NAME_LEN_MAX + 1];
};

/* the longest key of positions: a client id, a slash, a stream's name, a NUL */
struct position_key {
	char text[TACIT_CLIENT_ID_LEN_MAX + TACIT_NAME_LEN_MAX + 2];
};

static struct memory *
memory_of(struct tacit_store *store)
{
	return TACIT_CONTAINER(store, struct memory, base);
}

static struct stream *
find(struct memory *memory, const char *name)
{
	return tacit_map_get(&memory->streams, name, strlen(name));
}

static tacit_err
create(struct memory *memory, const char *name, struct stream **ret)
{
	struct stream *stream = tacit_alloc(sizeof(*stream));

	if (stream == NULL)
		return TACIT_ENOMEM;
	tacit_list_init(&stream->link);
	tacit_list_init(&stream->waiting);
	tacit_recent_init(&stream->recent, 0);
	stream->recent.count_max = stream->recent.len_max = SIZE_MAX;
	snprintf(stream->name, sizeof(stream->name), "%s", name);
	if (tacit_map_put(&memory->streams, name, strlen(name), stream) != TACIT_OK) {
		tacit_free(stream);
		return TACIT_ENOMEM;
	}
	*ret = stream;
	return TACIT_OK;
}

static void
memory_open(
    struct tacit_store *store, const char *name, bool may_create, tacit_store_open_cb cb, void *arg)
{
	struct memory *memory = memory_of(store);
	struct stream *stream = find(memory, name);
	tacit_err err = TACIT_OK;

	if (memory->closing)
		err = TACIT_ECLOSED;
	else if (stream == NULL)
		err = may_create ? create(memory, name, &stream) : TACIT_ENOTFOUND;
	if (err != TACIT_OK)
		cb(arg, err, tacit_strerror(err), 0, 0);
	else
		cb(arg, TACIT_OK, "", stream->recent.from, stream->recent.end);
}

/* an entry came.  While an answer is being given its stream's reads are not all in waiting */
static void
wake(struct memory *memory, struct stream *stream)
{
	if (!memory->answer.busy && tacit_list_empty(&stream->waiting))
		return;
	if (tacit_list_empty(&stream->link))
		tacit_list_append(&memory->woken, &stream->link);
	tacit_wake_set(memory->wake);
}

static void
memory_append(struct tacit_store *store, const char *name, struct tacit_msg *msg,
    tacit_store_append_cb cb, void *arg)
{
	struct memory *memory = memory_of(store);
	struct stream *stream = find(memory, name);
	struct tacit_recent_entry entry = {
	    .bytes = tacit_msg_payload(msg), .len = msg->len, .block = msg->block};
	tacit_err err;

	if (memory->closing)
		err = TACIT_ECLOSED;
	else if (stream == NULL)
		err = TACIT_ENOTFOUND;
	else if (msg->len > TACIT_ENTRY_LEN_MAX)
		err = TACIT_ELIMIT;
	else {
		entry.index = stream->recent.end;
		entry.time_ms = tacit_store_clock();
		err = tacit_recent_append(&stream->recent, &entry, true);
	}
	if (err == TACIT_OK) {
		stream->len += msg->len;
		wake(memory, stream);
	}
	cb(arg, err, entry.index);
}

/* answers a read, unless it has to wait: then false, and the index may have moved up */
static bool
answer_now(struct memory *memory, struct stream *stream, struct tacit_store_range *range,
    tacit_store_read_cb cb, void *arg)
{
	if (tacit_recent_covers(&stream->recent, range->index) &&
	    tacit_answer_give(&memory->answer, &stream->recent, range, cb, arg, &range->index) > 0)
		return true;
	if (range->wait && range->index == stream->recent.end)
		return false;
	tacit_answer_none(cb, arg, TACIT_OK);
	return true;
}

static struct tacit_store_read *
memory_read(struct tacit_store *store, const char *name, const struct tacit_store_range *range,
    tacit_store_read_cb cb, void *arg)
{
	struct memory *memory = memory_of(store);
	struct stream *stream = find(memory, name);
	struct tacit_store_range rest = *range;
	struct tacit_store_read *read;

	if (memory->closing || stream == NULL) {
		tacit_answer_none(cb, arg, memory->closing ? TACIT_ECLOSED : TACIT_ENOTFOUND);
		return NULL;
	}
	if (!memory->answer.busy && answer_now(memory, stream, &rest, cb, arg))
		return NULL;
	if ((read = tacit_store_read_new(sizeof(*read), &rest, cb, arg)) == NULL) {
		tacit_answer_none(cb, arg, TACIT_ENOMEM);
		return NULL;
	}
	read->stream = stream;
	tacit_list_append(memory->answer.busy ? &memory->due : &stream->waiting, &read->link);
	if (memory->answer.busy)
		tacit_wake_set(memory->wake);
	return read;
}

static void
memory_cancel(struct tacit_store *store, struct tacit_store_read *read)
{
	(void)store;
	tacit_waiting_cancel(read);
}

static size_t
make_key(struct position_key *ret, const char *client_id, const char *name)
{
	int len = snprintf(ret->text, sizeof(ret->text), "%s/%s", client_id, name);

	tacit_assert(len > 0 && (size_t)len < sizeof(ret->text));
	return (size_t)len;
}

static void
memory_position_get(struct tacit_store *store, const char *client_id, const char *name,
    tacit_store_position_cb cb, void *arg)
{
	struct position_key key = {""};
	size_t len = make_key(&key, client_id, name);
	struct position *position = tacit_map_get(&memory_of(store)->positions, key.text, len);

	cb(arg, TACIT_OK, position != NULL, position != NULL ? position->index : 0);
}

static void
memory_position_set(
    struct tacit_store *store, const char *client_id, const char *name, uint64_t index)
{
	struct memory *memory = memory_of(store);
	struct position_key key = {""};
	size_t len = make_key(&key, client_id, name);
	struct position *position = tacit_map_get(&memory->positions, key.text, len);

	if (position == NULL) {
		/* only a hint: without memory it stays unknown */
		if ((position = tacit_alloc(sizeof(*position))) == NULL)
			return;
		if (tacit_map_put(&memory->positions, key.text, len, position) != TACIT_OK) {
			tacit_free(position);
			return;
		}
		snprintf(position->client_id, sizeof(position->client_id), "%s", client_id);
		snprintf(position->name, sizeof(position->name), "%s", name);
	}
	position->index = index;
}

static tacit_err
fill(const struct memory *memory, struct tacit_lister *lister)
{
	const struct position *position;
	const struct stream *stream;
	tacit_err err = TACIT_OK;
	size_t cursor = 0;

	while (err == TACIT_OK && (stream = tacit_map_next(&memory->streams, &cursor)) != NULL) {
		const struct tacit_recent *recent = &stream->recent;
		struct tacit_listed_stream listed = {.name = stream->name,
		    .first = recent->from,
		    .end = recent->end,
		    .entries = recent->count,
		    .bytes = stream->len};

		err = tacit_lister_stream(lister, &listed);
	}
	cursor = 0;
	while (err == TACIT_OK && (position = tacit_map_next(&memory->positions, &cursor)) != NULL)
		err = tacit_lister_reader(
		    lister, position->client_id, position->name, position->index);
	return err;
}

static void
memory_list(struct tacit_store *store, tacit_store_list_cb cb, void *arg)
{
	struct tacit_lister *lister = tacit_lister_new();
	tacit_err err = lister != NULL ? fill(memory_of(store), lister) : TACIT_ENOMEM;

	if (err == TACIT_OK) {
		cb(arg, TACIT_OK, "", lister);
		return;
	}
	tacit_lister_free(lister);
	cb(arg, err, tacit_strerror(err), NULL);
}

static int
memory_fd(struct tacit_store *store)
{
	return memory_of(store)->wake;
}

static void
answer_due(struct memory *memory)
{
	struct tacit_list *link = memory->due.next;
	struct tacit_store_read *read = TACIT_CONTAINER(link, struct tacit_store_read, link);
	struct stream *stream = read->stream;

	tacit_list_remove(link);
	if (answer_now(memory, stream, &read->range, read->cb, read->arg))
		tacit_waiting_cancel(read);
	else
		tacit_list_append(&stream->waiting, link);
}

static size_t
answer_woken(struct memory *memory)
{
	struct stream *stream = TACIT_CONTAINER(memory->woken.next, struct stream, link);
	struct tacit_list missed;
	size_t count;

	tacit_list_init(&missed);
	tacit_list_remove(&stream->link);
	count = tacit_waiting_answer(&stream->waiting, &stream->recent, &memory->answer, &missed);
	tacit_assert(tacit_list_empty(&missed));
	return count;
}

static bool
memory_dispatch(struct tacit_store *store, size_t budget)
{
	struct memory *memory = memory_of(store);
	size_t done = 0;

	tacit_wake_clear(memory->wake);
	while (done < budget && !tacit_list_empty(&memory->due)) {
		answer_due(memory);
		done++;
	}
	while (done < budget && !tacit_list_empty(&memory->woken))
		done += 1 + answer_woken(memory);
	return !tacit_list_empty(&memory->due) || !tacit_list_empty(&memory->woken);
}

static void
memory_free(struct tacit_store *store, unsigned timeout_ms)
{
	struct memory *memory = memory_of(store);
	struct stream *stream;
	struct position *position;
	size_t cursor = 0;

	(void)timeout_ms;
	memory->closing = true;
	tacit_waiting_fail(&memory->due, TACIT_ECLOSED);
	while ((stream = tacit_map_next(&memory->streams, &cursor)) != NULL) {
		tacit_waiting_fail(&stream->waiting, TACIT_ECLOSED);
		tacit_recent_fini(&stream->recent);
		tacit_free(stream);
	}
	cursor = 0;
	while ((position = tacit_map_next(&memory->positions, &cursor)) != NULL)
		tacit_free(position);
	tacit_map_fini(&memory->streams);
	tacit_map_fini(&memory->positions);
	close(memory->wake);
	tacit_free(memory);
}

static const struct tacit_store_ops memory_ops = {
    .open = memory_open,
    .append = memory_append,
    .read = memory_read,
    .cancel = memory_cancel,
    .position_get = memory_position_get,
    .position_set = memory_position_set,
    .list = memory_list,
    .fd = memory_fd,
    .dispatch = memory_dispatch,
    .free = memory_free,
};

tacit_err
tacit_store_memory_new(struct tacit_store **ret)
{
	struct memory *memory = tacit_alloc(sizeof(*memory));
	struct tacit_random random = tacit_random_system();
	uint64_t seed;

	if (memory == NULL)
		return TACIT_ENOMEM;
	if ((memory->wake = tacit_wake_new()) < 0) {
		tacit_free(memory);
		return TACIT_EIO;
	}
	tacit_random_fill(&random, &seed, sizeof(seed));
	memory->base.ops = &memory_ops;
	tacit_map_init(&memory->streams, seed);
	tacit_map_init(&memory->positions, seed);
	tacit_list_init(&memory->woken);
	tacit_list_init(&memory->due);
	*ret = &memory->base;
	return TACIT_OK;
}
