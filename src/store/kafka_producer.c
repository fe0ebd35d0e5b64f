/*
 * Appending.  An entry's bytes are not copied: a reference of their block is held until the
 * delivery report came.  When librdkafka's queue is full, appends wait in kafka.full, and are
 * tried again whenever a report event was destroyed: that is what makes room there, and there is
 * no other signal.
 *
 * The first append of a stream goes alone.  A broker whose replica of a young topic is not ready
 * refuses requests, and from a producer that it does not know it takes any sequence number.  So of
 * two requests on their way it may refuse the first and take the second, and librdkafka 2.0 then
 * reports the first as delivered, too: an entry would be confirmed that nobody has.
 */
#include "store/kafka_internal.h"

#include <string.h>

#include "base/memory.h"

tacit_err
tacit_kafka_producer_new(struct kafka *k, struct kafka_producer **ret, char *text, size_t cap)
{
	struct kafka_producer *producer = tacit_alloc(sizeof(*producer));
	tacit_err err;

	if (producer == NULL)
		return TACIT_ENOMEM;
	tacit_list_init(&producer->link);
	tacit_list_init(&producer->in_flight);
	err = tacit_kafka_handle_new(k, KAFKA_HANDLE_PRODUCER, &producer->rk, text, cap);
	if (err != TACIT_OK) {
		tacit_free(producer);
		return err;
	}
	producer->queue = rd_kafka_queue_get_main(producer->rk);
	tacit_kafka_queue_watch(k, producer->queue);
	*ret = producer;
	return TACIT_OK;
}

bool
tacit_kafka_producer_free(struct kafka_producer *producer)
{
	bool gone = true;

	if (producer == NULL)
		return true;
	if (producer->reports != NULL)
		rd_kafka_event_destroy(producer->reports);
	if (producer->queue != NULL)
		tacit_kafka_queue_free(producer->queue);
	if (producer->rk != NULL)
		gone = tacit_kafka_handles_end(&producer->rk, 1);
	tacit_free(producer);
	return gone;
}

void
tacit_kafka_append_answer(struct kafka_append *append, tacit_err err, uint64_t index)
{
	tacit_store_append_cb cb = append->cb;
	void *arg = append->arg;

	append->stream->kafka->append_count--;
	tacit_list_remove(&append->link);
	tacit_block_unref(append->block);
	tacit_free(append);
	cb(arg, err, index);
}

/* hands the append to librdkafka; TACIT_EBUSY: no room there */
static tacit_err
produce(struct kafka *k, struct kafka_append *append)
{
	rd_kafka_resp_err_t err;

	/* librdkafka does not write to it: without RD_KAFKA_MSG_F_FREE it is only read */
	if (rd_kafka_produce(
		append->stream->rkt, 0, 0, append->bytes, append->len, NULL, 0, append) == 0) {
		tacit_list_remove(&append->link);
		tacit_list_append(&k->producer->in_flight, &append->link);
		append->stream->alone = k->now >= append->stream->remembered_until;
		return TACIT_OK;
	}
	err = rd_kafka_last_error();
	if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return TACIT_EBUSY;
	/* fatal: the event that says so is on its way, and the next producer takes the append */
	return err == RD_KAFKA_RESP_ERR__FATAL ? TACIT_ECLOSED : tacit_kafka_err(err);
}

/* the append is in no list, its stream counts it as in flight */
static void
hand_over(struct kafka *k, struct kafka_append *append)
{
	struct kafka_stream *s = append->stream;
	tacit_err err;

	if (s->state != KAFKA_OPEN || !tacit_list_empty(&s->appends)) {
		s->in_flight--;
		tacit_list_append(&s->appends, &append->link);
		tacit_kafka_topic_pump(s);
		return;
	}
	if (s->alone && tacit_list_empty(&k->full)) {
		tacit_list_append(&s->held, &append->link);
		return;
	}
	err = tacit_list_empty(&k->full) ? produce(k, append) : TACIT_EBUSY;
	if (err == TACIT_EBUSY) {
		tacit_list_append(&k->full, &append->link);
	} else if (err == TACIT_ECLOSED) {
		s->in_flight--;
		tacit_list_append(&s->appends, &append->link);
	} else if (err != TACIT_OK) {
		s->in_flight--;
		tacit_kafka_append_answer(append, err, 0);
	}
}

void
tacit_kafka_append(struct tacit_store *store, const char *name, struct tacit_msg *msg,
    tacit_store_append_cb cb, void *arg)
{
	struct kafka *k = (struct kafka *)(void *)store;
	struct kafka_stream *s;
	struct kafka_append *append;

	if (k->closing || k->read_only || msg->len > TACIT_ENTRY_LEN_MAX) {
		tacit_err err = k->read_only ? TACIT_EDENIED : TACIT_ELIMIT;

		cb(arg, k->closing ? TACIT_ECLOSED : err, 0);
		return;
	}
	s = tacit_kafka_stream_get(k, name);
	append = s != NULL ? tacit_alloc(sizeof(*append)) : NULL;
	if (append == NULL) {
		cb(arg, TACIT_ENOMEM, 0);
		return;
	}
	tacit_list_init(&append->link);
	append->stream = s;
	append->block = tacit_block_ref(msg->block);
	append->bytes = tacit_msg_payload(msg);
	append->len = msg->len;
	append->cb = cb;
	append->arg = arg;
	k->append_count++;
	s->in_flight++;
	hand_over(k, append);
}

void
tacit_kafka_appends_send(struct kafka_stream *s)
{
	struct tacit_list appends;

	tacit_list_init(&appends);
	tacit_list_move(&s->appends, &appends);
	while (!tacit_list_empty(&appends)) {
		struct kafka_append *append =
		    TACIT_CONTAINER(appends.next, struct kafka_append, link);

		tacit_list_remove(&append->link);
		s->in_flight++;
		hand_over(s->kafka, append);
	}
}

void
tacit_kafka_appends_unsend(struct kafka_stream *s)
{
	struct tacit_list held;

	s->remembered_until = 0;
	tacit_list_init(&held);
	tacit_list_move(&s->held, &held);
	while (!tacit_list_empty(&held)) {
		struct tacit_list *link = held.next;

		tacit_list_remove(link);
		tacit_list_append(&s->appends, link);
		s->in_flight--;
	}
}

/* what is held goes before all that waits for room, because it is older */
static void
release(struct kafka *k, struct kafka_stream *s)
{
	s->alone = false;
	if (tacit_list_empty(&s->held))
		return;
	tacit_list_move(&k->full, &s->held);
	tacit_list_move(&s->held, &k->full);
}

static void
retry_full(struct kafka *k)
{
	while (!tacit_list_empty(&k->full)) {
		struct kafka_append *append =
		    TACIT_CONTAINER(k->full.next, struct kafka_append, link);
		struct kafka_stream *s = append->stream;
		tacit_err err;

		if (s->state != KAFKA_OPEN) {
			tacit_list_remove(&append->link);
			hand_over(k, append);
			continue;
		}
		if (s->alone) {
			tacit_list_remove(&append->link);
			tacit_list_append(&s->held, &append->link);
			continue;
		}
		err = produce(k, append);
		if (err == TACIT_EBUSY || err == TACIT_ECLOSED)
			return;
		if (err != TACIT_OK) {
			s->in_flight--;
			tacit_kafka_append_answer(append, err, 0);
		}
	}
}

/* the broker has the entry at offset: what memory and waiting reads make of it */
static void
confirmed(
    struct kafka_stream *s, const struct kafka_append *append, const rd_kafka_message_t *message)
{
	uint64_t offset = (uint64_t)message->offset;
	struct tacit_recent_entry entry = {
	    offset, append->bytes, append->len, append->block, tacit_kafka_time(message)};
	bool adjacent;

	if ((int64_t)offset <= s->acked) {
		tacit_kafka_stream_reset(s, offset);
		tacit_kafka_topic_pump(s);
	}
	s->acked = (int64_t)offset;
	adjacent = offset == s->recent.end;
	/* behind a gap: the tail brings this one too, and what lies between */
	if (offset >= s->recent.end && (adjacent || !s->tailing))
		tacit_recent_put(&s->recent, &entry, adjacent);
	if (s->end <= offset)
		s->end = offset + 1;
	tacit_kafka_stream_touch(s, append->len);
}

static tacit_err
failure_of(const rd_kafka_message_t *message)
{
	if (message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
	    tacit_kafka_err(message->err) != TACIT_EIO &&
	    tacit_kafka_err(message->err) != TACIT_EUNREACHABLE)
		return tacit_kafka_err(message->err);
	return rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED
		   ? TACIT_EIO
		   : TACIT_EUNCONFIRMED;
}

static void
report(struct kafka *k, const struct kafka_producer *producer, const rd_kafka_message_t *message)
{
	struct kafka_append *append = message->_private;
	struct kafka_stream *s = append->stream;
	uint64_t index = 0;
	tacit_err err = TACIT_OK;

	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		err = failure_of(message);
	} else if (message->offset >= 0) {
		index = (uint64_t)message->offset;
		k->down = false;
		if (s->known)
			confirmed(s, append, message);
		if (producer == k->producer)
			s->remembered_until = k->now + KAFKA_REMEMBERED_MS;
	} else {
		/* a repeated request that the broker had, so long ago that it forgot the offset */
		index = (uint64_t)(s->acked + 1);
		tacit_kafka_topic_ask(s);
	}
	tacit_kafka_append_answer(append, err, index);
	s->in_flight--;
	release(k, s);
	if (err == TACIT_ENOTFOUND && s->state == KAFKA_OPEN)
		tacit_kafka_stream_fail(s, TACIT_ENOTFOUND);
}

/* walks reports as far as the budget goes; true: all */
static bool
walk_reports(struct kafka *k, struct kafka_producer *producer, size_t *budget)
{
	const rd_kafka_message_t *message;

	while (*budget > 0) {
		message = rd_kafka_event_message_next(producer->reports);
		if (message == NULL) {
			rd_kafka_event_destroy(producer->reports);
			producer->reports = NULL;
			retry_full(k);
			return true;
		}
		report(k, producer, message);
		--*budget;
	}
	return false;
}

/* nothing was ever seen to lead here but rd_kafka_test_fatal_error; yet brokers that lost state
 * can */
void
tacit_kafka_producer_replace(struct kafka *k)
{
	struct kafka_producer *producer = k->producer, *fresh;
	char text[256];

	if (!k->fatal)
		return;
	if (tacit_kafka_producer_new(k, &fresh, text, sizeof(text)) != TACIT_OK) {
		tacit_kafka_diag(k, TACIT_STORE_KAFKA_ERROR, "no new producer: %s", text);
		return;
	}
	k->fatal = false;
	(void)rd_kafka_purge(producer->rk,
	    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
	k->producer = fresh;
	tacit_list_append(&k->old_producers, &producer->link);
	tacit_kafka_streams_detach(k);
	retry_full(k);
}

static void
serve_event(struct kafka *k, struct kafka_producer *producer, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		producer->reports = event;
		return;
	case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
		producer->calls--;
		tacit_kafka_topics_created(k, event);
		break;
	case RD_KAFKA_EVENT_ERROR:
		tacit_kafka_event_other(k, event);
		if (producer == k->producer && rd_kafka_event_error_is_fatal(event))
			k->fatal = true;
		break;
	default:
		tacit_kafka_event_other(k, event);
		break;
	}
	rd_kafka_event_destroy(event);
}

static void
serve(struct kafka *k, struct kafka_producer *producer, size_t *budget)
{
	rd_kafka_event_t *event;

	for (;;) {
		if (producer->reports != NULL && !walk_reports(k, producer, budget)) {
			k->more = true;
			return;
		}
		if ((event = rd_kafka_queue_poll(producer->queue, 0)) == NULL)
			return;
		serve_event(k, producer, event);
	}
}

/* an old producer goes when nothing of it is under way; the helper thread waits for its threads */
static void
retire(struct kafka *k, struct kafka_producer *producer)
{
	struct kafka_ask *ask;

	if (!tacit_list_empty(&producer->in_flight) || producer->calls > 0 ||
	    producer->reports != NULL || (ask = tacit_alloc(sizeof(*ask))) == NULL)
		return;
	tacit_list_remove(&producer->link);
	tacit_list_init(&ask->link);
	ask->producer = producer;
	tacit_kafka_helper_ask(k, ask);
}

void
tacit_kafka_producers_serve(struct kafka *k, size_t *budget)
{
	struct tacit_list *link, *next;

	serve(k, k->producer, budget);
	tacit_kafka_producer_replace(k);
	for (link = k->old_producers.next; link != &k->old_producers; link = next) {
		struct kafka_producer *producer =
		    TACIT_CONTAINER(link, struct kafka_producer, link);

		next = link->next;
		serve(k, producer, budget);
		retire(k, producer);
	}
}

void
tacit_kafka_producers_purge(struct kafka *k)
{
	struct tacit_list *link;
	const int all = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT;

	(void)rd_kafka_purge(k->producer->rk, all);
	for (link = k->old_producers.next; link != &k->old_producers; link = link->next)
		(void)rd_kafka_purge(TACIT_CONTAINER(link, struct kafka_producer, link)->rk, all);
}

static void
fini(struct kafka_producer *producer)
{
	struct tacit_list in_flight;
	bool gone;

	/* librdkafka borrows the bytes of what is in flight until it is gone */
	tacit_list_init(&in_flight);
	tacit_list_move(&producer->in_flight, &in_flight);
	gone = tacit_kafka_producer_free(producer);
	while (!tacit_list_empty(&in_flight)) {
		struct kafka_append *append =
		    TACIT_CONTAINER(in_flight.next, struct kafka_append, link);

		if (!gone)
			append->block = NULL; /* never freed */
		tacit_kafka_append_answer(append, TACIT_EUNCONFIRMED, 0);
	}
}

void
tacit_kafka_producers_fini(struct kafka *k)
{
	while (!tacit_list_empty(&k->old_producers)) {
		struct tacit_list *link = k->old_producers.next;

		tacit_list_remove(link);
		fini(TACIT_CONTAINER(link, struct kafka_producer, link));
	}
	if (k->producer != NULL)
		fini(k->producer);
	k->producer = NULL;
	while (!tacit_list_empty(&k->full))
		tacit_kafka_append_answer(
		    TACIT_CONTAINER(k->full.next, struct kafka_append, link), TACIT_EIO, 0);
}
