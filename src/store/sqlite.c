#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "crypto/random.h"
#include "store/clock.h"
#include "store/sqlite_folder.h"
#include "store/sqlite_loop.h"
#include "store/wake.h"

static struct tacit_sqlite *
sqlite_of(struct tacit_store *store)
{
	return TACIT_CONTAINER(store, struct tacit_sqlite, base);
}

void
tacit_sqlite_post(struct tacit_sqlite *sqlite, struct tacit_sqlite_op *op,
    enum tacit_sqlite_kind kind, struct tacit_sqlite_stream *stream)
{
	tacit_list_init(&op->link);
	op->kind = kind;
	op->stream = stream;
	if (stream != NULL)
		stream->pending++;
	tacit_sqlite_thread_post(&sqlite->thread, op);
}

void
tacit_sqlite_release(struct tacit_sqlite *sqlite, struct tacit_sqlite_stream *stream)
{
	stream->pending--;
	if (stream->known || stream->pending > 0)
		return;
	tacit_map_remove(&sqlite->streams, stream->name, strlen(stream->name));
	tacit_free(stream);
}

static struct tacit_sqlite_stream *
find(struct tacit_sqlite *sqlite, const char *name)
{
	return tacit_map_get(&sqlite->streams, name, strlen(name));
}

/* the stream of that name, new if need be; the caller posts an operation for it */
static struct tacit_sqlite_stream *
find_or_add(struct tacit_sqlite *sqlite, const char *name)
{
	struct tacit_sqlite_stream *stream = find(sqlite, name);

	tacit_assert(strlen(name) <= TACIT_NAME_LEN_MAX);
	if (stream != NULL || (stream = tacit_alloc(sizeof(*stream))) == NULL)
		return stream;
	snprintf(stream->name, sizeof(stream->name), "%s", name);
	tacit_list_init(&stream->waiting);
	tacit_list_init(&stream->fresh);
	tacit_recent_init(&stream->recent, 0);
	if (tacit_map_put(&sqlite->streams, name, strlen(name), stream) != TACIT_OK) {
		tacit_free(stream);
		return NULL;
	}
	return stream;
}

/* has the thread look the stream up (or make it); cb may be NULL */
static tacit_err
ask_open(struct tacit_sqlite *sqlite, struct tacit_sqlite_stream *stream, bool create,
    tacit_store_open_cb cb, void *arg)
{
	struct tacit_sqlite_open *open = tacit_alloc(sizeof(*open));

	if (open == NULL)
		return TACIT_ENOMEM;
	open->create = create;
	open->cb = cb;
	open->arg = arg;
	tacit_sqlite_post(sqlite, &open->op, TACIT_SQLITE_OPEN, stream);
	return TACIT_OK;
}

/* a stream with nothing pending that came to nothing */
static void
forget_unused(struct tacit_sqlite *sqlite, struct tacit_sqlite_stream *stream)
{
	if (stream == NULL)
		return;
	stream->pending++;
	tacit_sqlite_release(sqlite, stream);
}

static void
sqlite_open(
    struct tacit_store *store, const char *name, bool create, tacit_store_open_cb cb, void *arg)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	struct tacit_sqlite_stream *stream = find(sqlite, name);
	tacit_err err = TACIT_ENOMEM;

	if (sqlite->closing) {
		cb(arg, TACIT_ECLOSED, tacit_strerror(TACIT_ECLOSED), 0, 0);
		return;
	}
	if (stream != NULL && stream->known) {
		cb(arg, TACIT_OK, "", stream->first, stream->recent.end);
		return;
	}
	stream = find_or_add(sqlite, name);
	if (stream != NULL)
		err = ask_open(sqlite, stream, create, cb, arg);
	if (err != TACIT_OK) {
		forget_unused(sqlite, stream);
		cb(arg, err, tacit_strerror(err), 0, 0);
	}
}

/* a stream to post operations for: the first of one that is not known asks for its bounds */
static tacit_err
want(struct tacit_sqlite *sqlite, const char *name, struct tacit_sqlite_stream **ret)
{
	struct tacit_sqlite_stream *stream;
	tacit_err err = TACIT_OK;

	if (sqlite->closing)
		return TACIT_ECLOSED;
	if ((stream = find_or_add(sqlite, name)) == NULL)
		return TACIT_ENOMEM;
	if (!stream->known && stream->pending == 0 && sqlite->path == NULL)
		err = ask_open(sqlite, stream, false, NULL, NULL);
	if (err != TACIT_OK)
		forget_unused(sqlite, stream);
	else
		*ret = stream;
	return err;
}

static void
sqlite_append(struct tacit_store *store, const char *name, struct tacit_msg *msg,
    tacit_store_append_cb cb, void *arg)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	struct tacit_sqlite_stream *stream;
	struct tacit_sqlite_append *append = NULL;
	tacit_err err = msg->len > TACIT_ENTRY_LEN_MAX ? TACIT_ELIMIT : TACIT_OK;

	if (sqlite->path != NULL)
		err = TACIT_EDENIED;
	if (err == TACIT_OK)
		err = want(sqlite, name, &stream);
	if (err == TACIT_OK && (append = tacit_alloc(sizeof(*append))) == NULL)
		err = TACIT_ENOMEM;
	if (err != TACIT_OK) {
		cb(arg, err, 0);
		return;
	}
	append->bytes = tacit_msg_payload(msg);
	append->len = msg->len;
	append->block = tacit_block_ref(msg->block);
	append->time_ms = tacit_store_clock();
	append->cb = cb;
	append->arg = arg;
	tacit_sqlite_post(sqlite, &append->op, TACIT_SQLITE_APPEND, stream);
}

enum tacit_sqlite_outcome
tacit_sqlite_answer_now(struct tacit_sqlite *sqlite, struct tacit_sqlite_stream *stream,
    struct tacit_store_range *range, tacit_store_read_cb cb, void *arg)
{
	const struct tacit_recent *recent = &stream->recent;

	if (range->index < stream->first)
		range->index = stream->first;
	if (tacit_recent_covers(recent, range->index) &&
	    tacit_answer_give(&sqlite->answer, recent, range, cb, arg, &range->index) > 0)
		return TACIT_SQLITE_ANSWERED;
	if (range->index < recent->end)
		return TACIT_SQLITE_ELSEWHERE;
	if (range->wait && range->index == recent->end)
		return TACIT_SQLITE_AT_THE_END;
	tacit_answer_none(cb, arg, TACIT_OK);
	return TACIT_SQLITE_ANSWERED;
}

void
tacit_sqlite_ask_read(struct tacit_sqlite *sqlite, struct tacit_store_read *read)
{
	struct tacit_sqlite_read *op = TACIT_CONTAINER(read, struct tacit_sqlite_read, read);

	tacit_sqlite_post(sqlite, &op->op, TACIT_SQLITE_READ, read->stream);
}

static struct tacit_store_read *
sqlite_read(struct tacit_store *store, const char *name, const struct tacit_store_range *range,
    tacit_store_read_cb cb, void *arg)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	struct tacit_store_range rest = *range;
	struct tacit_sqlite_stream *stream;
	struct tacit_store_read *read = NULL;
	enum tacit_sqlite_outcome outcome = TACIT_SQLITE_ELSEWHERE;
	tacit_err err = want(sqlite, name, &stream);

	if (err == TACIT_OK && stream->known && !sqlite->answer.busy)
		outcome = tacit_sqlite_answer_now(sqlite, stream, &rest, cb, arg);
	if (outcome == TACIT_SQLITE_ANSWERED)
		return NULL;
	if (err == TACIT_OK) {
		read = tacit_store_read_new(sizeof(struct tacit_sqlite_read), &rest, cb, arg);
		err = read == NULL ? TACIT_ENOMEM : TACIT_OK;
	}
	if (err != TACIT_OK) {
		tacit_answer_none(cb, arg, err);
		return NULL;
	}
	read->stream = stream;
	if (outcome == TACIT_SQLITE_AT_THE_END)
		tacit_list_append(&stream->waiting, &read->link);
	else if (stream->known && sqlite->answer.busy) {
		tacit_list_append(&sqlite->due, &read->link);
		tacit_wake_set(sqlite->wake);
	} else
		tacit_sqlite_ask_read(sqlite, read);
	return read;
}

static void
sqlite_cancel(struct tacit_store *store, struct tacit_store_read *read)
{
	(void)store;
	/* in no list: the thread has it, and it is freed when it comes back */
	if (tacit_list_empty(&read->link))
		read->cb = NULL;
	else
		tacit_waiting_cancel(read);
}

static struct tacit_sqlite_position *
position_new(const char *client_id, const char *name)
{
	struct tacit_sqlite_position *position = tacit_alloc(sizeof(*position));

	tacit_assert(strlen(client_id) <= TACIT_CLIENT_ID_LEN_MAX);
	tacit_assert(strlen(name) <= TACIT_NAME_LEN_MAX);
	if (position == NULL)
		return NULL;
	snprintf(position->client_id, sizeof(position->client_id), "%s", client_id);
	snprintf(position->name, sizeof(position->name), "%s", name);
	return position;
}

static void
sqlite_position_get(struct tacit_store *store, const char *client_id, const char *name,
    tacit_store_position_cb cb, void *arg)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	struct tacit_sqlite_position *position = NULL;

	if (!sqlite->closing)
		position = position_new(client_id, name);
	if (position == NULL) {
		cb(arg, sqlite->closing ? TACIT_ECLOSED : TACIT_ENOMEM, false, 0);
		return;
	}
	position->cb = cb;
	position->arg = arg;
	tacit_sqlite_post(sqlite, &position->op, TACIT_SQLITE_GET, NULL);
}

static void
sqlite_position_set(
    struct tacit_store *store, const char *client_id, const char *name, uint64_t index)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	struct tacit_sqlite_position *position = NULL;

	if (!sqlite->closing && sqlite->path == NULL)
		position = position_new(client_id, name);
	/* only a hint: without memory it stays as it was */
	if (position == NULL)
		return;
	position->index = index;
	tacit_sqlite_post(sqlite, &position->op, TACIT_SQLITE_SET, NULL);
}

static void
sqlite_list(struct tacit_store *store, tacit_store_list_cb cb, void *arg)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	struct tacit_sqlite_list *list = NULL;

	if (!sqlite->closing)
		list = tacit_alloc(sizeof(*list));
	if (list == NULL) {
		tacit_err err = sqlite->closing ? TACIT_ECLOSED : TACIT_ENOMEM;

		cb(arg, err, tacit_strerror(err), NULL);
		return;
	}
	list->cb = cb;
	list->arg = arg;
	tacit_sqlite_post(sqlite, &list->op, TACIT_SQLITE_LIST, NULL);
}

static int
sqlite_fd(struct tacit_store *store)
{
	return sqlite_of(store)->wake;
}

static bool
sqlite_dispatch(struct tacit_store *store, size_t budget)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	size_t used = 0;

	tacit_wake_clear(sqlite->wake);
	tacit_sqlite_thread_take(&sqlite->thread, &sqlite->finished);
	while (used < budget && !tacit_list_empty(&sqlite->finished))
		used += tacit_sqlite_finish_one(sqlite);
	tacit_sqlite_tell_fresh(sqlite);
	while (used < budget && !tacit_list_empty(&sqlite->due)) {
		tacit_sqlite_finish_due(sqlite);
		used++;
	}
	return !tacit_list_empty(&sqlite->finished) || !tacit_list_empty(&sqlite->due);
}

static void
sqlite_free(struct tacit_store *store, unsigned timeout_ms)
{
	struct tacit_sqlite *sqlite = sqlite_of(store);
	struct tacit_sqlite_stream *stream;
	size_t cursor = 0;

	sqlite->closing = true;
	tacit_sqlite_thread_stop(&sqlite->thread, timeout_ms, &sqlite->finished);
	while (!tacit_list_empty(&sqlite->finished))
		tacit_sqlite_finish_one(sqlite);
	tacit_waiting_fail(&sqlite->due, TACIT_ECLOSED);
	while ((stream = tacit_map_next(&sqlite->streams, &cursor)) != NULL) {
		tacit_waiting_fail(&stream->waiting, TACIT_ECLOSED);
		tacit_recent_fini(&stream->recent);
		tacit_free(stream);
	}
	tacit_map_fini(&sqlite->streams);
	close(sqlite->wake);
	if (sqlite->lock >= 0)
		close(sqlite->lock);
	tacit_free(sqlite->path);
	tacit_free(sqlite);
}

static const struct tacit_store_ops sqlite_ops = {
    .open = sqlite_open,
    .append = sqlite_append,
    .read = sqlite_read,
    .cancel = sqlite_cancel,
    .position_get = sqlite_position_get,
    .position_set = sqlite_position_set,
    .list = sqlite_list,
    .fd = sqlite_fd,
    .dispatch = sqlite_dispatch,
    .free = sqlite_free,
};

static void
init(struct tacit_sqlite *sqlite)
{
	struct tacit_random random = tacit_random_system();
	uint64_t seed;

	tacit_random_fill(&random, &seed, sizeof(seed));
	sqlite->base.ops = &sqlite_ops;
	tacit_map_init(&sqlite->streams, seed);
	tacit_list_init(&sqlite->finished);
	tacit_list_init(&sqlite->due);
	tacit_list_init(&sqlite->fresh);
	tacit_recent_pool_init(&sqlite->pool);
	sqlite->wake = sqlite->lock = -1;
}

/* the folder: locked and its database open, or only its path; nothing needs undoing on an error */
static tacit_err
enter(struct tacit_sqlite *sqlite, const char *folder, bool reading, struct tacit_sqlite_db *ret_db,
    struct tacit_sqlite_text text)
{
	return reading ? tacit_sqlite_folder_look(folder, &sqlite->path, text)
		       : tacit_sqlite_folder_open(folder, ret_db, &sqlite->lock, text);
}

static tacit_err
open_store(
    const char *folder, bool reading, struct tacit_store **ret, struct tacit_sqlite_text text)
{
	struct tacit_sqlite *sqlite = tacit_alloc(sizeof(*sqlite));
	struct tacit_sqlite_db db = {0};
	tacit_err err = TACIT_ENOMEM;

	snprintf(text.bytes, text.cap, "%s", tacit_strerror(TACIT_ENOMEM));
	if (sqlite == NULL)
		return err;
	init(sqlite);
	if ((err = enter(sqlite, folder, reading, &db, text)) != TACIT_OK)
		goto done;
	if ((sqlite->wake = tacit_wake_new()) < 0) {
		snprintf(
		    text.bytes, text.cap, "cannot open the store %s: no descriptor left", folder);
		err = TACIT_EIO;
		goto done;
	}
	err = tacit_sqlite_thread_start(&sqlite->thread, &db, sqlite->path, sqlite->wake);
	if (err != TACIT_OK)
		goto done;
	text.bytes[0] = '\0';
	*ret = &sqlite->base;
	sqlite = NULL;
done:
	if (sqlite != NULL) {
		tacit_sqlite_db_close(&db);
		if (sqlite->wake >= 0)
			close(sqlite->wake);
		if (sqlite->lock >= 0)
			close(sqlite->lock);
		tacit_free(sqlite->path);
		tacit_free(sqlite);
	}
	return err;
}

tacit_err
tacit_store_sqlite_open(const char *folder, struct tacit_store **ret, char *text, size_t cap)
{
	return open_store(folder, false, ret, (struct tacit_sqlite_text){text, cap});
}

tacit_err
tacit_store_sqlite_read(const char *folder, struct tacit_store **ret, char *text, size_t cap)
{
	return open_store(folder, true, ret, (struct tacit_sqlite_text){text, cap});
}
