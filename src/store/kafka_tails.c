/*
 * Tails: the partitions whose next record somebody waits for, assigned at their end.  A fetch names
 * every assigned partition of its handle, so that each handle has about a hundred; all of them
 * forward into one queue.
 */
#include "store/kafka_internal.h"

#include "base/memory.h"

void
tacit_kafka_tail_want(struct kafka_stream *s)
{
	struct kafka *k = s->kafka;

	if (k->sole_writer)
		return;
	s->tail_used_at = k->now;
	if (s->tailing)
		return;
	s->tailing = true;
	if (s->recent.end < s->end)
		tacit_recent_restart(&s->recent, s->end);
	tacit_list_append(&k->tails_wanted, &s->tail_link);
	tacit_kafka_wake(k);
}

static struct kafka_tail *
new_tail(struct kafka *k)
{
	struct kafka_tail *tail = tacit_alloc(sizeof(*tail)), **tails;
	rd_kafka_queue_t *queue;
	char text[256] = "out of memory";

	tails = tacit_realloc(k->tails, (k->tail_count + 1) * sizeof(*tails));
	if (tails != NULL)
		k->tails = tails;
	if (tail == NULL || tails == NULL ||
	    tacit_kafka_handle_new(k, KAFKA_HANDLE_TAIL, &tail->rk, text, sizeof(text)) !=
		TACIT_OK) {
		tacit_kafka_diag(k, TACIT_STORE_KAFKA_ERROR, "no consumer for a tail: %s", text);
		tacit_free(tail);
		return NULL;
	}
	tail->batch = rd_kafka_topic_partition_list_new((int)KAFKA_TAIL_MAX);
	if (k->tail_queue == NULL) {
		k->tail_queue = rd_kafka_queue_new(tail->rk);
		tacit_kafka_queue_watch(k, k->tail_queue);
	}
	queue = rd_kafka_queue_get_consumer(tail->rk);
	rd_kafka_queue_forward(queue, k->tail_queue);
	rd_kafka_queue_destroy(queue);
	k->tails[k->tail_count++] = tail;
	return tail;
}

static struct kafka_tail *
with_room(struct kafka *k)
{
	for (size_t i = 0; i < k->tail_count; i++)
		if (k->tails[i]->count < KAFKA_TAIL_MAX)
			return k->tails[i];
	return new_tail(k);
}

static void
put_in_batch(struct kafka_tail *tail, const struct kafka_stream *s, uint64_t offset)
{
	rd_kafka_topic_partition_list_add(tail->batch, s->topic, 0)->offset = (int64_t)offset;
}

static void
run_batches(struct kafka *k, bool assign)
{
	for (size_t i = 0; i < k->tail_count; i++) {
		struct kafka_tail *tail = k->tails[i];
		rd_kafka_error_t *error;

		if (tail->batch->cnt == 0)
			continue;
		error = assign ? rd_kafka_incremental_assign(tail->rk, tail->batch)
			       : rd_kafka_incremental_unassign(tail->rk, tail->batch);
		if (error != NULL) {
			tacit_kafka_diag(
			    k, TACIT_STORE_KAFKA_ERROR, "tails: %s", rd_kafka_error_string(error));
			rd_kafka_error_destroy(error);
		}
		rd_kafka_topic_partition_list_destroy(tail->batch);
		tail->batch = rd_kafka_topic_partition_list_new((int)KAFKA_TAIL_MAX);
	}
}

void
tacit_kafka_tails_assign(struct kafka *k)
{
	if (tacit_list_empty(&k->tails_wanted) || k->closing)
		return;
	while (!tacit_list_empty(&k->tails_wanted)) {
		struct kafka_stream *s =
		    TACIT_CONTAINER(k->tails_wanted.next, struct kafka_stream, tail_link);
		struct kafka_tail *tail = with_room(k);

		/* without a handle now: the next turn tries again */
		if (tail == NULL)
			break;
		tacit_list_remove(&s->tail_link);
		tacit_list_append(&k->tails_assigned, &s->tail_link);
		/* asks for the topic's metadata now, where the handle's own scan comes once a
		 * second */
		s->tail_rkt = rd_kafka_topic_new(tail->rk, s->topic, NULL);
		s->tail = tail;
		tail->count++;
		put_in_batch(tail, s, s->recent.end);
	}
	run_batches(k, true);
}

/* the caller unassigns */
static void
detach(struct kafka_stream *s)
{
	tacit_list_remove(&s->tail_link);
	s->tailing = false;
	if (s->tail == NULL)
		return;
	s->tail->count--;
	put_in_batch(s->tail, s, 0);
	if (s->tail_rkt != NULL)
		rd_kafka_topic_destroy(s->tail_rkt);
	s->tail_rkt = NULL;
	s->tail = NULL;
}

void
tacit_kafka_tail_drop(struct kafka_stream *s)
{
	if (!s->tailing)
		return;
	detach(s);
	run_batches(s->kafka, false);
}

static void
take_record(struct kafka *k, const rd_kafka_message_t *message)
{
	struct kafka_stream *s = tacit_kafka_stream_find(k, rd_kafka_topic_name(message->rkt));
	uint64_t offset = (uint64_t)message->offset;
	struct tacit_recent_entry entry = {offset,
	    message->len > 0 ? message->payload : (const uint8_t *)"", message->len, NULL,
	    tacit_kafka_time(message)};

	if (s == NULL || s->tail == NULL || message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	/* most often our own: its report was here first */
	if (offset < s->recent.end)
		return;
	tacit_recent_put(&s->recent, &entry, true);
	if (s->end <= offset)
		s->end = offset + 1;
	tacit_kafka_stream_touch(s, message->len);
}

/* out of range, deleted, not allowed: the bounds decide; who waits is routed again with them */
static void
take_error(struct kafka *k, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_t *partition = rd_kafka_event_topic_partition(event);
	struct kafka_stream *s = NULL;
	struct tacit_list waiting;

	if (partition != NULL) {
		s = tacit_kafka_stream_find(k, partition->topic);
		rd_kafka_topic_partition_destroy(partition);
	}
	if (s == NULL || s->tail == NULL) {
		tacit_kafka_event_other(k, event);
		return;
	}
	tacit_kafka_tail_drop(s);
	tacit_list_init(&waiting);
	tacit_list_move(&s->waiting, &waiting);
	while (!tacit_list_empty(&waiting)) {
		struct kafka_read *read =
		    TACIT_CONTAINER(waiting.next, struct kafka_read, base.link);

		tacit_list_remove(&read->base.link);
		tacit_kafka_read_refresh(read);
	}
}

void
tacit_kafka_tails_serve(struct kafka *k, size_t *budget)
{
	rd_kafka_event_t *event;

	if (k->tail_queue == NULL)
		return;
	for (;;) {
		if (*budget == 0) {
			k->more = true;
			return;
		}
		if ((event = rd_kafka_queue_poll(k->tail_queue, 0)) == NULL)
			return;
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH) {
			const rd_kafka_message_t *message = rd_kafka_event_message_next(event);

			if (message != NULL)
				take_record(k, message);
			--*budget;
		} else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
			take_error(k, event);
		} else {
			tacit_kafka_event_other(k, event);
		}
		rd_kafka_event_destroy(event);
	}
}

/* a tail that should have closed a gap by now: the pool reads instead */
static void
read_gap(struct kafka_stream *s)
{
	struct tacit_list waiting;

	tacit_list_init(&waiting);
	tacit_list_move(&s->waiting, &waiting);
	while (!tacit_list_empty(&waiting)) {
		struct kafka_read *read =
		    TACIT_CONTAINER(waiting.next, struct kafka_read, base.link);

		tacit_list_remove(&read->base.link);
		if (read->base.range.index < s->end)
			tacit_kafka_readers_add(read);
		else
			tacit_list_append(&s->waiting, &read->base.link);
	}
}

void
tacit_kafka_tails_tick(struct kafka *k)
{
	struct tacit_list *link, *next;

	for (link = k->tails_assigned.next; link != &k->tails_assigned; link = next) {
		struct kafka_stream *s = TACIT_CONTAINER(link, struct kafka_stream, tail_link);
		bool gap = s->recent.end < s->end;

		next = link->next;
		if (!tacit_list_empty(&s->waiting))
			s->tail_used_at = k->now;
		if (gap && s->tail_gap)
			read_gap(s);
		s->tail_gap = gap;
		if (k->now >= s->tail_used_at + KAFKA_TAIL_KEEP_MS)
			detach(s);
	}
	run_batches(k, false);
}

/* handles that are ended side by side */
#define ENDED_MAX 32

void
tacit_kafka_tails_fini(struct kafka *k)
{
	rd_kafka_t *handles[ENDED_MAX];
	struct tacit_list *link, *next;

	for (link = k->tails_assigned.next; link != &k->tails_assigned; link = next) {
		next = link->next;
		detach(TACIT_CONTAINER(link, struct kafka_stream, tail_link));
	}
	run_batches(k, false);
	if (k->tail_queue != NULL)
		tacit_kafka_queue_free(k->tail_queue);
	while (k->tail_count > 0) {
		size_t count = 0;

		while (k->tail_count > 0 && count < ENDED_MAX) {
			struct kafka_tail *tail = k->tails[--k->tail_count];

			rd_kafka_topic_partition_list_destroy(tail->batch);
			handles[count++] = tail->rk;
			tacit_free(tail);
		}
		(void)tacit_kafka_handles_end(handles, count);
	}
	tacit_free(k->tails);
}
