/*
 * Reads of what memory does not have: a few consumers with nothing assigned while idle, one stream
 * at a time.  Re-reading on a handle whose fetch waits costs that wait, so tails are never used
 * for it; assigning anew on an idle one takes 1 to 4 ms.  A handle stays on its stream while reads
 * go on where the last one ended and nobody else waits for a handle.
 */
#include "store/kafka_internal.h"

#include <string.h>

#include "base/memory.h"

void
tacit_kafka_readers_add(struct kafka_read *read)
{
	struct kafka_stream *s = read->base.stream;

	s->jobs++;
	read->job = true;
	tacit_list_append(&s->kafka->jobs, &read->base.link);
	tacit_kafka_wake(s->kafka);
}

/* the read is no job any more; it is in no list */
static void
leave_pool(struct kafka_read *read)
{
	struct kafka_stream *s = read->base.stream;

	s->jobs--;
	read->job = false;
	read->reader = NULL;
	tacit_list_remove(&read->base.link);
}

static void
drop_entries(struct kafka_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++)
		rd_kafka_event_destroy(reader->events[i]);
	reader->count = 0;
	reader->len = 0;
}

static void
drop_held(struct kafka_reader *reader)
{
	if (reader->held != NULL)
		rd_kafka_event_destroy(reader->held);
	reader->held = NULL;
}

static void
run_assignment(struct kafka_reader *reader, const char *topic, uint64_t offset, bool assign)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_error_t *error;

	rd_kafka_topic_partition_list_add(list, topic, 0)->offset = (int64_t)offset;
	error = assign ? rd_kafka_incremental_assign(reader->rk, list)
		       : rd_kafka_incremental_unassign(reader->rk, list);
	if (error != NULL)
		rd_kafka_error_destroy(error);
	rd_kafka_topic_partition_list_destroy(list);
}

static void
unassign(struct kafka_reader *reader)
{
	if (reader->stream == NULL)
		return;
	drop_held(reader);
	run_assignment(reader, reader->stream->topic, 0, false);
	if (reader->rkt != NULL)
		rd_kafka_topic_destroy(reader->rkt);
	reader->rkt = NULL;
	reader->stream = NULL;
}

static void
assign(struct kafka_reader *reader, struct kafka_stream *s, uint64_t index)
{
	reader->rkt = rd_kafka_topic_new(reader->rk, s->topic, NULL);
	reader->stream = s;
	reader->next = index;
	run_assignment(reader, s->topic, index, true);
}

/* takes the read off the reader, with the entries still there */
static struct kafka_read *
take_read(struct kafka_reader *reader)
{
	struct kafka_read *read = reader->read;

	reader->read = NULL;
	reader->since = reader->stream->kafka->now;
	leave_pool(read);
	return read;
}

static void
answer(struct kafka_reader *reader, tacit_err err)
{
	struct kafka_read *read = take_read(reader);

	tacit_kafka_read_answer(read, err, reader->entries, err == TACIT_OK ? reader->count : 0);
	drop_entries(reader);
}

void
tacit_kafka_readers_cancel(struct kafka_read *read)
{
	struct kafka_reader *reader = read->reader;

	leave_pool(read);
	if (reader == NULL)
		return;
	reader->read = NULL;
	drop_entries(reader);
	unassign(reader);
}

void
tacit_kafka_readers_forget(struct kafka_stream *s)
{
	struct kafka *k = s->kafka;
	struct tacit_list *link, *next;

	for (size_t i = 0; i < KAFKA_READERS; i++) {
		struct kafka_reader *reader = k->readers[i];

		if (reader == NULL || reader->stream != s)
			continue;
		if (reader->read != NULL) {
			struct kafka_read *read = take_read(reader);

			drop_entries(reader);
			tacit_list_append(&s->reads, &read->base.link);
		}
		unassign(reader);
	}
	for (link = k->jobs.next; link != &k->jobs; link = next) {
		struct kafka_read *read = TACIT_CONTAINER(link, struct kafka_read, base.link);

		next = link->next;
		if (read->base.stream != s)
			continue;
		leave_pool(read);
		tacit_list_append(&s->reads, &read->base.link);
	}
}

/* true: the entry answers the read as far as it goes, or is beyond what it may carry */
static bool
is_full(const struct kafka_reader *reader)
{
	const struct tacit_store_range *range = &reader->read->base.range;

	return reader->count >= range->count_max || reader->count >= TACIT_ANSWER_MAX ||
	       reader->next >= reader->stream->end;
}

/* true: the event is kept */
static bool
take_record(struct kafka_reader *reader, rd_kafka_event_t *event, const rd_kafka_message_t *message)
{
	const struct tacit_store_range *range = &reader->read->base.range;
	uint64_t offset;
	size_t len;

	if (message == NULL || message->err != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    message->offset < (int64_t)reader->next ||
	    strcmp(rd_kafka_topic_name(message->rkt), reader->stream->topic) != 0)
		return false;
	offset = (uint64_t)message->offset;
	len = message->len + range->entry_overhead;
	if (len <= range->len_max && len > range->len_max - reader->len) {
		reader->held = event;
		reader->held_message = message;
		return true;
	}
	reader->next = offset + 1;
	if (len > range->len_max)
		return false;
	reader->entries[reader->count] = (struct tacit_store_entry){offset,
	    message->len > 0 ? message->payload : (const uint8_t *)"", message->len,
	    tacit_kafka_time(message)};
	reader->events[reader->count++] = event;
	reader->len += len;
	return true;
}

static void
take_held(struct kafka_reader *reader)
{
	rd_kafka_event_t *event = reader->held;

	reader->held = NULL;
	if (event != NULL && !take_record(reader, event, reader->held_message))
		rd_kafka_event_destroy(event);
}

/* answers with what is there; without anything the read goes on from where the reader is now */
static void
finish(struct kafka_reader *reader)
{
	struct kafka_read *read;

	if (reader->count > 0) {
		answer(reader, TACIT_OK);
		return;
	}
	read = take_read(reader);
	read->base.range.index = reader->next;
	tacit_kafka_read_route(read);
}

/* nothing lies between reader->next and the end of the topic, which may have moved since */
static void
reach_end(struct kafka_reader *reader, uint64_t end)
{
	reader->next = end;
	if (reader->stream->end < end)
		reader->stream->end = end;
	finish(reader);
}

static void
take_error(struct kafka_reader *reader, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_t *partition = rd_kafka_event_topic_partition(event);
	bool own = partition != NULL && strcmp(partition->topic, reader->stream->topic) == 0;
	uint64_t offset = own && partition->offset > 0 ? (uint64_t)partition->offset : 0;

	if (partition != NULL)
		rd_kafka_topic_partition_destroy(partition);
	if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (own && offset >= reader->next)
			reach_end(reader, offset);
	} else if (!own) {
		tacit_kafka_event_other(reader->stream->kafka, event);
	} else if (reader->count > 0) {
		answer(reader, TACIT_OK);
		unassign(reader);
	} else {
		/* out of range, deleted, not allowed: after such an error the fetch rests */
		struct kafka_read *read = take_read(reader);

		unassign(reader);
		tacit_kafka_read_refresh(read);
	}
}

static void
serve(struct kafka *k, struct kafka_reader *reader, size_t *budget)
{
	while (reader->read != NULL) {
		rd_kafka_event_t *event;

		take_held(reader);
		if (reader->held != NULL || is_full(reader)) {
			finish(reader);
			return;
		}
		if (*budget == 0) {
			k->more = true;
			return;
		}
		if ((event = rd_kafka_queue_poll(reader->queue, 0)) == NULL)
			break;
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH) {
			--*budget;
			if (take_record(reader, event, rd_kafka_event_message_next(event)))
				continue;
		} else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
			take_error(reader, event);
		} else {
			tacit_kafka_event_other(k, event);
		}
		rd_kafka_event_destroy(event);
	}
	/* what is here is worth an answer; the rest of the way is asked for again */
	if (reader->read != NULL && reader->count > 0)
		answer(reader, TACIT_OK);
}

static struct kafka_reader *
new_reader(struct kafka *k)
{
	struct kafka_reader *reader = tacit_alloc(sizeof(*reader));
	char text[256] = "out of memory";

	if (reader == NULL || tacit_kafka_handle_new(k, KAFKA_HANDLE_READER, &reader->rk, text,
				  sizeof(text)) != TACIT_OK) {
		tacit_kafka_diag(k, TACIT_STORE_KAFKA_ERROR, "no consumer to read: %s", text);
		tacit_free(reader);
		return NULL;
	}
	reader->queue = rd_kafka_queue_get_consumer(reader->rk);
	tacit_kafka_queue_watch(k, reader->queue);
	return reader;
}

/* a handle that can take the read: best one that is there already, next one with nothing
 * assigned */
static struct kafka_reader *
choose(struct kafka *k, const struct kafka_read *read)
{
	struct kafka_reader *best = NULL;

	for (size_t i = 0; i < KAFKA_READERS; i++) {
		struct kafka_reader *reader = k->readers[i];

		if (reader == NULL)
			reader = k->readers[i] = new_reader(k);
		if (reader == NULL || reader->read != NULL)
			continue;
		if (reader->stream == read->base.stream && reader->next == read->base.range.index)
			return reader;
		if (best == NULL || (best->stream != NULL && reader->stream == NULL))
			best = reader;
	}
	return best;
}

static void
start_jobs(struct kafka *k)
{
	while (!tacit_list_empty(&k->jobs)) {
		struct kafka_read *read =
		    TACIT_CONTAINER(k->jobs.next, struct kafka_read, base.link);
		struct kafka_reader *reader = choose(k, read);

		if (reader == NULL)
			return;
		tacit_list_remove(&read->base.link);
		if (reader->stream != read->base.stream || reader->next != read->base.range.index) {
			unassign(reader);
			assign(reader, read->base.stream, read->base.range.index);
		}
		read->reader = reader;
		reader->read = read;
		reader->since = k->now;
	}
}

void
tacit_kafka_readers_serve(struct kafka *k, size_t *budget)
{
	start_jobs(k);
	for (size_t i = 0; i < KAFKA_READERS; i++) {
		if (k->readers[i] == NULL || k->readers[i]->read == NULL)
			continue;
		serve(k, k->readers[i], budget);
		if (k->readers[i]->read == NULL && !tacit_list_empty(&k->jobs))
			k->more = true;
	}
}

void
tacit_kafka_readers_tick(struct kafka *k)
{
	for (size_t i = 0; i < KAFKA_READERS; i++) {
		struct kafka_reader *reader = k->readers[i];

		if (reader == NULL || reader->stream == NULL)
			continue;
		if (reader->read == NULL && k->now >= reader->since + KAFKA_READER_KEEP_MS) {
			unassign(reader);
		} else if (reader->read != NULL && k->now >= reader->since + KAFKA_READER_DEAD_MS) {
			answer(reader, TACIT_EUNREACHABLE);
			unassign(reader);
		}
	}
}

void
tacit_kafka_readers_fini(struct kafka *k)
{
	rd_kafka_t *handles[KAFKA_READERS];
	size_t count = 0;

	for (size_t i = 0; i < KAFKA_READERS; i++) {
		struct kafka_reader *reader = k->readers[i];

		if (reader == NULL)
			continue;
		unassign(reader);
		tacit_kafka_queue_free(reader->queue);
		handles[count++] = reader->rk;
		tacit_free(reader);
	}
	(void)tacit_kafka_handles_end(handles, count);
}
