#include "store/sqlite_loop.h"

#include <string.h>

#include "base/memory.h"
#include "stream/lister.h"

/* waiting reads are told at the latest when this much came: before the window loses it again */
#define FRESH_LEN_MAX (TACIT_RECENT_LEN_MAX / 4)

static void
finish_open(struct tacit_sqlite *sqlite, struct tacit_sqlite_open *open)
{
	struct tacit_sqlite_stream *stream = open->op.stream;
	tacit_err err = open->op.err;
	bool refused = err == TACIT_ENOTFOUND && open->create && sqlite->path != NULL;

	if (err == TACIT_OK && !stream->known && sqlite->path == NULL) {
		stream->known = true;
		stream->first = open->first;
		tacit_recent_init(&stream->recent, open->end);
		tacit_recent_join(&stream->recent, &sqlite->pool);
	}
	if (open->cb != NULL && err == TACIT_OK && stream->known)
		open->cb(open->arg, TACIT_OK, "", stream->first, stream->recent.end);
	else if (open->cb != NULL && err == TACIT_OK)
		open->cb(open->arg, TACIT_OK, "", open->first, open->end);
	else if (open->cb != NULL && refused)
		open->cb(open->arg, TACIT_EDENIED, "this store is for reading only", 0, 0);
	else if (open->cb != NULL)
		open->cb(open->arg, err, tacit_strerror(err), 0, 0);
	tacit_sqlite_release(sqlite, stream);
	tacit_free(open);
}

static void
tell_waiting(struct tacit_sqlite *sqlite, struct tacit_sqlite_stream *stream)
{
	struct tacit_list missed;

	tacit_list_init(&missed);
	tacit_list_remove(&stream->fresh);
	stream->fresh_len = 0;
	tacit_waiting_answer(&stream->waiting, &stream->recent, &sqlite->answer, &missed);
	while (!tacit_list_empty(&missed)) {
		struct tacit_list *link = missed.next;

		tacit_list_remove(link);
		tacit_sqlite_ask_read(sqlite, TACIT_CONTAINER(link, struct tacit_store_read, link));
	}
}

/* a committed entry at the end of a known stream */
static void
add_recent(struct tacit_sqlite *sqlite, struct tacit_sqlite_append *append)
{
	struct tacit_sqlite_stream *stream = append->op.stream;
	struct tacit_recent_entry entry = {
	    append->index, append->bytes, append->len, append->block, append->time_ms};

	tacit_recent_put(&stream->recent, &entry, true);
	if (tacit_list_empty(&stream->waiting) || sqlite->closing)
		return;
	if (tacit_list_empty(&stream->fresh))
		tacit_list_append(&sqlite->fresh, &stream->fresh);
	stream->fresh_len += append->block->cap + sizeof(entry);
	if (stream->fresh_len >= FRESH_LEN_MAX)
		tell_waiting(sqlite, stream);
}

static void
finish_append(struct tacit_sqlite *sqlite, struct tacit_sqlite_append *append)
{
	if (append->op.err == TACIT_OK && append->op.stream->known)
		add_recent(sqlite, append);
	append->cb(append->arg, append->op.err, append->index);
	tacit_block_unref(append->block);
	tacit_sqlite_release(sqlite, append->op.stream);
	tacit_free(append);
}

/* decides where a read that is in no list goes on: answered (and freed), waiting, or the thread */
static void
go_on(struct tacit_sqlite *sqlite, struct tacit_store_read *read)
{
	struct tacit_sqlite_stream *stream = read->stream;

	switch (tacit_sqlite_answer_now(sqlite, stream, &read->range, read->cb, read->arg)) {
	case TACIT_SQLITE_ANSWERED:
		tacit_waiting_cancel(read);
		break;
	case TACIT_SQLITE_AT_THE_END:
		tacit_list_append(&stream->waiting, &read->link);
		break;
	case TACIT_SQLITE_ELSEWHERE:
		tacit_sqlite_ask_read(sqlite, read);
		break;
	}
}

/* returns how many entries were handed out */
static size_t
finish_read(struct tacit_sqlite *sqlite, struct tacit_sqlite_read *op)
{
	struct tacit_sqlite_stream *stream = op->op.stream;
	struct tacit_sqlite_rows rows = op->rows;
	struct tacit_store_read *read = &op->read;
	tacit_err err = sqlite->closing ? TACIT_ECLOSED : op->op.err;

	memset(&op->rows, 0, sizeof(op->rows));
	if (read->cb == NULL)
		tacit_waiting_cancel(read);
	else if (err != TACIT_OK || rows.count > 0 || !stream->known) {
		tacit_store_read_cb cb = read->cb;
		void *arg = read->arg;

		tacit_waiting_cancel(read);
		cb(arg, err, rows.entries, err == TACIT_OK ? rows.count : 0);
	} else {
		if (read->range.index < op->end)
			read->range.index = op->end;
		go_on(sqlite, read);
	}
	tacit_sqlite_release(sqlite, stream);
	tacit_sqlite_rows_fini(&rows);
	return rows.count;
}

static void
finish_position(struct tacit_sqlite_position *position)
{
	if (position->op.kind == TACIT_SQLITE_GET)
		position->cb(position->arg, position->op.err,
		    position->op.err == TACIT_OK && position->found, position->index);
	tacit_free(position);
}

static void
finish_list(struct tacit_sqlite_list *list)
{
	if (list->op.err == TACIT_OK) {
		list->cb(list->arg, TACIT_OK, "", list->lister);
	} else {
		tacit_lister_free(list->lister);
		list->cb(list->arg, list->op.err, tacit_strerror(list->op.err), NULL);
	}
	tacit_free(list);
}

size_t
tacit_sqlite_finish_one(struct tacit_sqlite *sqlite)
{
	struct tacit_sqlite_op *op =
	    TACIT_CONTAINER(sqlite->finished.next, struct tacit_sqlite_op, link);

	tacit_list_remove(&op->link);
	switch (op->kind) {
	case TACIT_SQLITE_OPEN:
		finish_open(sqlite, TACIT_CONTAINER(op, struct tacit_sqlite_open, op));
		break;
	case TACIT_SQLITE_APPEND:
		finish_append(sqlite, TACIT_CONTAINER(op, struct tacit_sqlite_append, op));
		break;
	case TACIT_SQLITE_READ:
		return 1 + finish_read(sqlite, TACIT_CONTAINER(op, struct tacit_sqlite_read, op));
	case TACIT_SQLITE_GET:
	case TACIT_SQLITE_SET:
		finish_position(TACIT_CONTAINER(op, struct tacit_sqlite_position, op));
		break;
	case TACIT_SQLITE_LIST:
		finish_list(TACIT_CONTAINER(op, struct tacit_sqlite_list, op));
		break;
	}
	return 1;
}

void
tacit_sqlite_finish_due(struct tacit_sqlite *sqlite)
{
	struct tacit_list *link = sqlite->due.next;

	tacit_list_remove(link);
	go_on(sqlite, TACIT_CONTAINER(link, struct tacit_store_read, link));
}

void
tacit_sqlite_tell_fresh(struct tacit_sqlite *sqlite)
{
	while (!tacit_list_empty(&sqlite->fresh))
		tell_waiting(
		    sqlite, TACIT_CONTAINER(sqlite->fresh.next, struct tacit_sqlite_stream, fresh));
}
