#include "store/kafka_internal.h"

#include <string.h>

#include "base/memory.h"

/* bytes that may gather for a waiting read before it is answered in the middle of a turn: about
 * what one answer carries; and well within recent */
#define FRESH_LEN_MAX 60000u
/* ms between sweeps */
#define SWEEP_MS 10000u

static struct kafka_stream *
new_stream(struct kafka *k, const char *name)
{
	size_t prefix_len = strlen(k->topic_prefix), len = strlen(name);
	struct kafka_stream *s = tacit_alloc(sizeof(*s));

	if (s == NULL || (s->topic = tacit_alloc(prefix_len + len + 1)) == NULL) {
		tacit_free(s);
		return NULL;
	}
	memcpy(s->topic, k->topic_prefix, prefix_len);
	memcpy(s->topic + prefix_len, name, len);
	s->name = s->topic + prefix_len;
	s->kafka = k;
	s->acked = -1;
	tacit_list_init(&s->lru);
	tacit_list_init(&s->touched);
	tacit_list_init(&s->creation);
	tacit_list_init(&s->opens);
	tacit_list_init(&s->appends);
	tacit_list_init(&s->held);
	tacit_list_init(&s->reads);
	tacit_list_init(&s->waiting);
	tacit_list_init(&s->tail_link);
	tacit_recent_init(&s->recent, 0);
	return s;
}

static void
free_stream(struct kafka_stream *s)
{
	tacit_list_remove(&s->lru);
	tacit_list_remove(&s->touched);
	tacit_list_remove(&s->creation);
	tacit_recent_fini(&s->recent);
	if (s->rkt != NULL)
		rd_kafka_topic_destroy(s->rkt);
	tacit_free(s->topic);
	tacit_free(s);
}

struct kafka_stream *
tacit_kafka_stream_get(struct kafka *k, const char *name)
{
	struct kafka_stream *s = tacit_map_get(&k->streams, name, strlen(name));

	if (s == NULL) {
		/* streams that are idle make room at the end of dispatch, not here */
		if (k->streams.count >= 2 * (size_t)TACIT_STREAMS_MAX ||
		    strlen(k->topic_prefix) + strlen(name) > TACIT_NAME_LEN_MAX)
			return NULL;
		if ((s = new_stream(k, name)) == NULL)
			return NULL;
		if (tacit_map_put(&k->streams, name, strlen(name), s) != TACIT_OK) {
			free_stream(s);
			return NULL;
		}
	}
	s->used_at = k->now;
	tacit_list_remove(&s->lru);
	tacit_list_append(&k->lru, &s->lru);
	return s;
}

struct kafka_stream *
tacit_kafka_stream_find(struct kafka *k, const char *topic)
{
	size_t prefix_len = strlen(k->topic_prefix);

	if (strncmp(topic, k->topic_prefix, prefix_len) != 0)
		return NULL;
	return tacit_map_get(&k->streams, topic + prefix_len, strlen(topic + prefix_len));
}

/* reads whose entries memory has lost go to the pool */
static void
flush(struct kafka_stream *s)
{
	struct tacit_list missed;

	tacit_list_remove(&s->touched);
	s->fresh_len = 0;
	if (tacit_list_empty(&s->waiting))
		return;
	tacit_list_init(&missed);
	tacit_waiting_answer(&s->waiting, &s->recent, &s->kafka->answer, &missed);
	while (!tacit_list_empty(&missed)) {
		struct kafka_read *read =
		    TACIT_CONTAINER(missed.next, struct kafka_read, base.link);

		tacit_list_remove(&read->base.link);
		tacit_kafka_read_route(read);
	}
}

void
tacit_kafka_stream_touch(struct kafka_stream *s, size_t len)
{
	if (tacit_list_empty(&s->waiting))
		return;
	if (tacit_list_empty(&s->touched))
		tacit_list_append(&s->kafka->touched, &s->touched);
	s->fresh_len += len;
	if (s->fresh_len > FRESH_LEN_MAX && !s->kafka->answer.busy)
		flush(s);
}

void
tacit_kafka_streams_flush(struct kafka *k)
{
	struct tacit_list touched;

	tacit_list_init(&touched);
	tacit_list_move(&k->touched, &touched);
	while (!tacit_list_empty(&touched))
		flush(TACIT_CONTAINER(touched.next, struct kafka_stream, touched));
	if (!tacit_list_empty(&k->touched))
		k->more = true;
}

void
tacit_kafka_stream_reset(struct kafka_stream *s, uint64_t end)
{
	tacit_kafka_diag(s->kafka, TACIT_STORE_KAFKA_WARNING,
	    "topic %s was deleted and made again, or its broker lost entries: it now ends at %llu, "
	    "and ended at %llu before",
	    s->topic, (unsigned long long)end, (unsigned long long)s->end);
	tacit_kafka_tail_drop(s);
	tacit_recent_restart(&s->recent, end);
	s->remembered_until = 0;
	s->first = 0;
	s->end = end;
	s->acked = (int64_t)end - 1;
	tacit_kafka_readers_forget(s);
	tacit_waiting_fail(&s->waiting, TACIT_OK);
}

void
tacit_kafka_stream_bounds(struct kafka_stream *s, const struct kafka_ask *ask)
{
	if (!s->known) {
		s->known = true;
		s->acked = (int64_t)ask->high - 1;
		s->end = ask->high;
		tacit_recent_restart(&s->recent, ask->high);
	} else if (ask->high < ask->asked_end) {
		tacit_kafka_stream_reset(s, ask->high);
	}
	s->first = ask->low;
	if (s->end < ask->high)
		s->end = ask->high;
	/* with appends in flight or a tail, what lies between is about to come */
	if (s->recent.end < s->end && !s->tailing && s->in_flight == 0)
		tacit_recent_restart(&s->recent, s->end);
	tacit_kafka_stream_touch(s, 0);
}

void
tacit_kafka_stream_close(struct kafka_stream *s, tacit_err err)
{
	tacit_kafka_tail_drop(s);
	tacit_kafka_readers_forget(s);
	tacit_recent_restart(&s->recent, 0);
	if (s->rkt != NULL)
		rd_kafka_topic_destroy(s->rkt);
	s->rkt = NULL;
	s->state = KAFKA_CLOSED;
	tacit_kafka_appends_unsend(s);
	s->known = false;
	s->first = s->end = 0;
	s->acked = -1;
	tacit_waiting_fail(&s->waiting, err);
}

void
tacit_kafka_stream_fail(struct kafka_stream *s, tacit_err err)
{
	struct tacit_list appends, reads;

	s->created = false;
	if (err != TACIT_EUNREACHABLE && err != TACIT_ENOMEM)
		tacit_kafka_stream_close(s, err);
	tacit_list_init(&appends);
	tacit_list_init(&reads);
	tacit_list_move(&s->appends, &appends);
	tacit_list_move(&s->reads, &reads);
	tacit_kafka_opens_fail(s, err, tacit_strerror(err));
	while (!tacit_list_empty(&appends))
		tacit_kafka_append_answer(
		    TACIT_CONTAINER(appends.next, struct kafka_append, link), err, 0);
	tacit_waiting_fail(&reads, err);
}

void
tacit_kafka_streams_detach(struct kafka *k)
{
	struct kafka_stream *s;
	size_t cursor = 0;

	while ((s = tacit_map_next(&k->streams, &cursor)) != NULL) {
		if (s->rkt != NULL)
			rd_kafka_topic_destroy(s->rkt);
		s->rkt = NULL;
		s->state = KAFKA_CLOSED;
		tacit_kafka_appends_unsend(s);
		tacit_kafka_topic_pump(s);
	}
}

static bool
is_idle(const struct kafka_stream *s)
{
	return s->in_flight == 0 && s->jobs == 0 && !s->tailing && !s->asking && !s->creating &&
	       tacit_list_empty(&s->opens) && tacit_list_empty(&s->appends) &&
	       tacit_list_empty(&s->reads) && tacit_list_empty(&s->waiting);
}

static void
remove_stream(struct kafka *k, struct kafka_stream *s)
{
	tacit_kafka_readers_forget(s);
	(void)tacit_map_remove(&k->streams, s->name, strlen(s->name));
	free_stream(s);
}

static void
forget_recent(struct kafka_stream *s)
{
	tacit_recent_fini(&s->recent);
	tacit_recent_restart(&s->recent, s->end);
}

void
tacit_kafka_streams_sweep(struct kafka *k)
{
	struct tacit_list *link, *next;

	if (k->streams.count <= TACIT_STREAMS_MAX && k->now < k->swept_at + SWEEP_MS)
		return;
	k->swept_at = k->now;
	for (link = k->lru.next; link != &k->lru; link = next) {
		struct kafka_stream *s = TACIT_CONTAINER(link, struct kafka_stream, lru);
		bool crowded = k->streams.count > TACIT_STREAMS_MAX;

		next = link->next;
		if (!crowded && k->now < s->used_at + KAFKA_RECENT_KEEP_MS)
			return;
		if (!is_idle(s))
			continue;
		if (crowded || k->now >= s->used_at + KAFKA_STREAM_KEEP_MS)
			remove_stream(k, s);
		else
			forget_recent(s);
	}
}

void
tacit_kafka_streams_shut(struct kafka *k)
{
	struct kafka_stream *s;
	size_t cursor = 0;

	while ((s = tacit_map_next(&k->streams, &cursor)) != NULL) {
		tacit_kafka_opens_fail(s, TACIT_ECLOSED, tacit_strerror(TACIT_ECLOSED));
		tacit_kafka_readers_forget(s);
		tacit_waiting_fail(&s->reads, TACIT_ECLOSED);
		tacit_waiting_fail(&s->waiting, TACIT_ECLOSED);
		tacit_kafka_appends_unsend(s);
		while (!tacit_list_empty(&s->appends))
			tacit_kafka_append_answer(
			    TACIT_CONTAINER(s->appends.next, struct kafka_append, link), TACIT_EIO,
			    0);
		if (s->rkt != NULL)
			rd_kafka_topic_destroy(s->rkt);
		s->rkt = NULL;
	}
}

void
tacit_kafka_streams_fini(struct kafka *k)
{
	struct kafka_stream *s;
	size_t cursor = 0;

	while ((s = tacit_map_next(&k->streams, &cursor)) != NULL)
		free_stream(s);
	tacit_map_fini(&k->streams);
}
