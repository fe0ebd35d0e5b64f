/*
 * Making streams known: a topic is created if that is wanted, then asked for its partitions and
 * bounds.  The controller works creations off one call after the other (30 ms each), so those that
 * wait go out in one call together, the next call when that one returned.
 */
#include "store/kafka_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* ms between two questions about an end that seems to have gone back */
#define DOUBT_MS 100u

static void
answer_open(struct kafka_open *open, tacit_err err, const char *text, const struct kafka_ask *ask)
{
	tacit_store_open_cb cb = open->cb;
	void *arg = open->arg;

	tacit_list_remove(&open->link);
	tacit_free(open);
	cb(arg, err, text, ask != NULL ? ask->low : 0, ask != NULL ? ask->high : 0);
}

static struct kafka_open *
first_open(const struct tacit_list *opens)
{
	if (tacit_list_empty(opens))
		return NULL;
	return TACIT_CONTAINER(opens->next, struct kafka_open, link);
}

void
tacit_kafka_opens_fail(struct kafka_stream *s, tacit_err err, const char *text)
{
	struct tacit_list opens;
	struct kafka_open *open;

	tacit_list_init(&opens);
	tacit_list_move(&s->opens, &opens);
	while ((open = first_open(&opens)) != NULL)
		answer_open(open, err, text, NULL);
}

void
tacit_kafka_open_stream(
    struct tacit_store *store, const char *name, bool create, tacit_store_open_cb cb, void *arg)
{
	struct kafka *k = (struct kafka *)(void *)store;
	struct kafka_stream *s;
	struct kafka_open *open;
	char text[TACIT_TEXT_LEN_MAX + 1];

	if (k->closing) {
		cb(arg, TACIT_ECLOSED, "the store is closing", 0, 0);
		return;
	}
	if (strlen(k->topic_prefix) + strlen(name) > TACIT_NAME_LEN_MAX) {
		snprintf(text, sizeof(text),
		    "the name is longer than Kafka's %u characters with the "
		    "topic prefix of this hub",
		    TACIT_NAME_LEN_MAX);
		cb(arg, TACIT_EDENIED, text, 0, 0);
		return;
	}
	s = tacit_kafka_stream_get(k, name);
	open = s != NULL ? tacit_alloc(sizeof(*open)) : NULL;
	if (open == NULL) {
		cb(arg, TACIT_ENOMEM, tacit_strerror(TACIT_ENOMEM), 0, 0);
		return;
	}
	open->create = create;
	open->cb = cb;
	open->arg = arg;
	tacit_list_append(&s->opens, &open->link);
	tacit_kafka_topic_pump(s);
}

static bool
wants_creation(struct kafka_stream *s)
{
	struct tacit_list *link;

	if (s->kafka->no_create || s->kafka->read_only || s->created)
		return false;
	for (link = s->opens.next; link != &s->opens; link = link->next)
		if (TACIT_CONTAINER(link, struct kafka_open, link)->create)
			return true;
	return false;
}

static void
ask_at(struct kafka_stream *s, tacit_msec not_before)
{
	struct kafka *k = s->kafka;
	struct kafka_ask *ask = tacit_alloc(sizeof(*ask));

	if (ask == NULL) {
		tacit_kafka_stream_fail(s, TACIT_ENOMEM);
		return;
	}
	tacit_list_init(&ask->link);
	ask->stream = s;
	ask->producer = k->producer;
	ask->asked_end = s->end;
	ask->not_before = not_before;
	ask->just_created = s->created && s->create_err == RD_KAFKA_RESP_ERR_NO_ERROR;
	ask->fresh = s->created && s->fresh;
	ask->deadline = tacit_kafka_clock() + KAFKA_ASK_MS;
	k->producer->calls++;
	s->asking = true;
	tacit_kafka_helper_ask(k, ask);
}

static void
ask(struct kafka_stream *s)
{
	ask_at(s, 0);
}

void
tacit_kafka_topic_ask(struct kafka_stream *s)
{
	if (!s->asking && !s->creating)
		ask(s);
}

static void
queue_creation(struct kafka_stream *s)
{
	s->creating = true;
	tacit_list_append(&s->kafka->creations, &s->creation);
	/* collected until the end of this turn of the loop */
	tacit_kafka_wake(s->kafka);
}

void
tacit_kafka_topic_pump(struct kafka_stream *s)
{
	if (s->asking || s->creating)
		return;
	if (tacit_list_empty(&s->opens) && tacit_list_empty(&s->appends) &&
	    tacit_list_empty(&s->reads))
		return;
	if (s->state == KAFKA_CLOSED && wants_creation(s))
		queue_creation(s);
	else
		ask(s);
}

static rd_kafka_AdminOptions_t *
creation_options(rd_kafka_t *rk)
{
	rd_kafka_AdminOptions_t *options =
	    rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	char text[128];

	(void)rd_kafka_AdminOptions_set_request_timeout(
	    options, (int)KAFKA_ASK_MS, text, sizeof(text));
	(void)rd_kafka_AdminOptions_set_operation_timeout(
	    options, (int)KAFKA_ASK_MS / 2, text, sizeof(text));
	return options;
}

static void
fail_creation(struct kafka_stream *s)
{
	char text[TACIT_TEXT_LEN_MAX + 1];

	snprintf(
	    text, sizeof(text), "topic %.80s was not created: %.120s", s->topic, s->create_text);
	tacit_kafka_opens_fail(s, TACIT_EUNREACHABLE, text);
	tacit_kafka_stream_fail(s, TACIT_EUNREACHABLE);
}

/* one topic of the call returned, or the call as a whole */
static void
created(struct kafka_stream *s, rd_kafka_resp_err_t err, const char *text)
{
	tacit_list_remove(&s->creation);
	s->creating = false;
	s->created = true;
	s->fresh = err == RD_KAFKA_RESP_ERR_NO_ERROR;
	if (err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		err = RD_KAFKA_RESP_ERR_NO_ERROR;
	s->create_err = err;
	snprintf(s->create_text, sizeof(s->create_text), "%s",
	    text != NULL ? text : rd_kafka_err2str(err));
	if (tacit_kafka_err(err) == TACIT_EUNREACHABLE)
		fail_creation(s);
	else
		/* refused creations too: the topic may be there, and only the right be missing */
		tacit_kafka_topic_pump(s);
}

void
tacit_kafka_topics_create(struct kafka *k)
{
	rd_kafka_NewTopic_t *topics[KAFKA_CREATE_MAX];
	rd_kafka_AdminOptions_t *options;
	struct tacit_list *link, *next;
	size_t count = 0;
	char text[128];

	if (k->creating || k->closing)
		return;
	for (link = k->creations.next; link != &k->creations && count < KAFKA_CREATE_MAX;
	     link = next) {
		struct kafka_stream *s = TACIT_CONTAINER(link, struct kafka_stream, creation);

		next = link->next;
		topics[count] = rd_kafka_NewTopic_new(s->topic, 1, -1, text, sizeof(text));
		if (topics[count] != NULL)
			count++;
		else
			created(s, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, text);
	}
	if (count == 0)
		return;
	options = creation_options(k->producer->rk);
	rd_kafka_CreateTopics(k->producer->rk, topics, count, options, k->producer->queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy_array(topics, count);
	k->producer->calls++;
	k->creating = true;
	k->creation_count = count;
}

void
tacit_kafka_topics_created(struct kafka *k, rd_kafka_event_t *event)
{
	const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
	const rd_kafka_topic_result_t **topics = NULL;
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	size_t count = 0;

	k->creating = false;
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		topics = rd_kafka_CreateTopics_result_topics(result, &count);
	for (size_t i = 0; i < count; i++) {
		struct kafka_stream *s =
		    tacit_kafka_stream_find(k, rd_kafka_topic_result_name(topics[i]));

		if (s != NULL && s->creating)
			created(s, rd_kafka_topic_result_error(topics[i]),
			    rd_kafka_topic_result_error_string(topics[i]));
	}
	/* the call failed as a whole: those that it carried are the first of the list */
	for (size_t i = 0; topics == NULL && i < k->creation_count; i++) {
		if (tacit_list_empty(&k->creations))
			break;
		created(TACIT_CONTAINER(k->creations.next, struct kafka_stream, creation), err,
		    rd_kafka_event_error_string(event));
	}
}

static void
fail_opens(struct kafka_stream *s, const struct kafka_ask *ask)
{
	char text[TACIT_TEXT_LEN_MAX + 1], denied[TACIT_TEXT_LEN_MAX + 1];
	tacit_err err = tacit_kafka_err(ask->err);
	bool missing = err == TACIT_ENOTFOUND;
	struct tacit_list opens;
	struct kafka_open *open;
	const char *why = "try again";

	if (s->created && s->create_err != RD_KAFKA_RESP_ERR_NO_ERROR)
		why = s->create_text;
	else if (s->kafka->read_only)
		why = "this store is for reading only";
	else if (s->kafka->no_create)
		why = "this hub creates no topics";
	snprintf(denied, sizeof(denied), "topic %.80s is not there and was not created: %.120s",
	    s->topic, why);
	if (missing)
		snprintf(text, sizeof(text), "there is no topic %s", s->topic);
	else
		snprintf(
		    text, sizeof(text), "topic %.120s: %s", s->topic, rd_kafka_err2str(ask->err));
	tacit_list_init(&opens);
	tacit_list_move(&s->opens, &opens);
	while ((open = first_open(&opens)) != NULL) {
		if (missing && open->create)
			answer_open(open, TACIT_EDENIED, denied, NULL);
		else
			answer_open(open, err, text, NULL);
	}
}

static void
refuse_partitions(struct kafka_stream *s, const struct kafka_ask *ask)
{
	char text[TACIT_TEXT_LEN_MAX + 1];

	snprintf(text, sizeof(text),
	    "topic %s has %d partitions; a stream is a topic of one partition", s->topic,
	    ask->partition_count);
	tacit_kafka_opens_fail(s, TACIT_EDENIED, text);
	tacit_kafka_stream_fail(s, TACIT_EDENIED);
}

static void
opened(struct kafka_stream *s, struct kafka_ask *ask)
{
	struct tacit_list reads, opens;
	struct kafka_open *open;

	if (s->rkt == NULL) {
		s->rkt = ask->rkt;
		ask->rkt = NULL;
	}
	s->state = KAFKA_OPEN;
	s->created = s->doubted = false;
	tacit_kafka_stream_bounds(s, ask);
	/* what callbacks add waits for the next answer */
	tacit_list_init(&reads);
	tacit_list_init(&opens);
	tacit_list_move(&s->reads, &reads);
	tacit_list_move(&s->opens, &opens);
	tacit_kafka_appends_send(s);
	while ((open = first_open(&opens)) != NULL)
		answer_open(open, TACIT_OK, "", ask);
	while (!tacit_list_empty(&reads)) {
		struct kafka_read *read = TACIT_CONTAINER(reads.next, struct kafka_read, base.link);

		tacit_list_remove(&read->base.link);
		read->refreshed = true;
		tacit_kafka_read_route(read);
	}
}

/* an end below the one that is known: a topic made anew, or a broker that has just become the
 * leader and is not sure yet.  The second answer is believed */
static bool
is_doubtful(struct kafka_stream *s, const struct kafka_ask *ask)
{
	if (!s->known || ask->high >= ask->asked_end || s->doubted)
		return false;
	s->doubted = true;
	return true;
}

void
tacit_kafka_topic_answer(struct kafka *k, struct kafka_ask *ask)
{
	struct kafka_stream *s = ask->stream;

	s->asking = false;
	ask->producer->calls--;
	if (ask->producer != k->producer) {
		/* its topic object went with the producer that was replaced: ask the new one */
		tacit_kafka_topic_pump(s);
	} else if (ask->err == RD_KAFKA_RESP_ERR_NO_ERROR && ask->partition_count == 1) {
		if (is_doubtful(s, ask))
			ask_at(s, tacit_kafka_clock() + DOUBT_MS);
		else
			opened(s, ask);
	} else if (tacit_kafka_is_missing(ask->err) && wants_creation(s)) {
		/* it was deleted behind us, and somebody wants it again */
		tacit_kafka_stream_close(s, TACIT_OK);
		tacit_kafka_topic_pump(s);
	} else if (ask->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		refuse_partitions(s, ask);
	} else {
		fail_opens(s, ask);
		tacit_kafka_stream_fail(s, tacit_kafka_err(ask->err));
	}
	if (ask->rkt != NULL)
		rd_kafka_topic_destroy(ask->rkt);
}
