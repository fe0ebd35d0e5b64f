/*
 * Where a read's answer comes from: memory, the next entry that arrives, the pool of consumers for
 * what lies further back, or nowhere, once the topic's bounds were asked.
 */
#include "store/kafka_internal.h"

#include "base/memory.h"

/* questions about bounds for one read: each one means that the topic moved under it */
#define TRIES_MAX 8u

void
tacit_kafka_read_answer(
    struct kafka_read *read, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	tacit_store_read_cb cb = read->base.cb;
	void *arg = read->base.arg;

	tacit_list_remove(&read->base.link);
	tacit_free(read);
	cb(arg, err, entries, count);
}

void
tacit_kafka_read_refresh(struct kafka_read *read)
{
	struct kafka_stream *s = read->base.stream;

	if (++read->tries > TRIES_MAX) {
		tacit_kafka_read_answer(read, TACIT_EIO, NULL, 0);
		return;
	}
	tacit_list_append(&s->reads, &read->base.link);
	tacit_kafka_topic_pump(s);
}

static void
wait_for_more(struct kafka_stream *s, struct kafka_read *read)
{
	tacit_list_append(&s->waiting, &read->base.link);
	tacit_kafka_tail_want(s);
}

/* at the end, or beyond it, as far as is known */
static void
route_end(struct kafka_stream *s, struct kafka_read *read)
{
	const struct tacit_store_range *range = &read->base.range;
	/* the end that is known is the end now, not only when it was asked */
	bool current =
	    read->refreshed || s->kafka->sole_writer || (s->tail != NULL && range->index == s->end);

	if (range->wait && range->index == s->end)
		wait_for_more(s, read);
	else if (current)
		tacit_kafka_read_answer(read, TACIT_OK, NULL, 0);
	else
		tacit_kafka_read_refresh(read);
}

/* true: answered, or left to be answered soon */
static bool
route_recent(struct kafka_stream *s, struct kafka_read *read)
{
	struct tacit_answer *answer = &s->kafka->answer;
	tacit_store_read_cb cb = read->base.cb;
	void *arg = read->base.arg;
	size_t count;

	if (answer->busy) {
		tacit_list_append(&s->waiting, &read->base.link);
		tacit_kafka_stream_touch(s, 0);
		tacit_kafka_wake(s->kafka);
		return true;
	}
	count = tacit_recent_collect(&s->recent, &read->base.range, answer->entries,
	    TACIT_ANSWER_MAX, &read->base.range.index);
	if (count == 0)
		return false;
	tacit_waiting_cancel(&read->base);
	answer->busy = true;
	cb(arg, TACIT_OK, answer->entries, count);
	answer->busy = false;
	return true;
}

void
tacit_kafka_read_route(struct kafka_read *read)
{
	struct kafka_stream *s = read->base.stream;
	struct tacit_store_range *range = &read->base.range;

	if (!s->known) {
		tacit_kafka_read_refresh(read);
		return;
	}
	if (range->index < s->first)
		range->index = s->first;
	if (tacit_recent_covers(&s->recent, range->index) && route_recent(s, read))
		return;
	if (range->index >= s->end)
		route_end(s, read);
	else if (range->index == s->recent.end && s->tailing && range->wait)
		wait_for_more(s, read);
	else
		tacit_kafka_readers_add(read);
}

/* notices an answer that is given before the read is handed out */
struct early {
	tacit_store_read_cb cb;
	void *arg;
	bool answered;
};

static void
answer_early(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct early *early = arg;

	early->answered = true;
	early->cb(early->arg, err, entries, count);
}

struct tacit_store_read *
tacit_kafka_read(struct tacit_store *store, const char *name, const struct tacit_store_range *range,
    tacit_store_read_cb cb, void *arg)
{
	struct kafka *k = (struct kafka *)(void *)store;
	struct kafka_stream *s = k->closing ? NULL : tacit_kafka_stream_get(k, name);
	struct early early = {cb, arg, false};
	struct kafka_read *read;

	if (s == NULL) {
		cb(arg, k->closing ? TACIT_ECLOSED : TACIT_ENOTFOUND, NULL, 0);
		return NULL;
	}
	read = (struct kafka_read *)(void *)tacit_store_read_new(
	    sizeof(*read), range, answer_early, &early);
	if (read == NULL) {
		cb(arg, TACIT_ENOMEM, NULL, 0);
		return NULL;
	}
	read->base.stream = s;
	tacit_kafka_read_route(read);
	if (early.answered)
		return NULL;
	read->base.cb = cb;
	read->base.arg = arg;
	return &read->base;
}

void
tacit_kafka_cancel(struct tacit_store *store, struct tacit_store_read *base)
{
	struct kafka_read *read = (struct kafka_read *)(void *)base;

	(void)store;
	if (read->job)
		tacit_kafka_readers_cancel(read);
	tacit_waiting_cancel(base);
}
