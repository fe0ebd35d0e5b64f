/*
 * Listing: the topics that begin with the prefix and have one partition, their bounds, and the
 * committed offsets of the groups that begin with theirs.  The helper thread asks, on a consumer of
 * its own, which goes with whatever was not answered in time: see kafka_offsets.c for why no call
 * may time out by itself.
 *
 * librdkafka 2.0 asks for the bounds of one partition at a time, unless they are asked for as the
 * offsets of the times -2 and -1, which is how Kafka's own protocol has them.
 */
#include "store/kafka_internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "stream/lister.h"
#include "wire/name.h"

/* topics of one question for bounds; ms between attempts of what a cluster that starts, or moves,
 * does not answer; ms for a cluster to answer one; the longest that librdkafka lets a call take,
 * never reached */
#define TOPICS_MAX 500
#define AGAIN_MS   200
#define TURN_MS    5000
#define CALL_MS    3600000

struct question {
	struct kafka *k;
	struct kafka_listing *listing;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	tacit_msec deadline;
	const struct rd_kafka_metadata *metadata;
	char **groups; /* the first asked of them were asked */
	size_t group_count, asked, answered;
};

/* of the listing's time; 0 as well when the store is being freed */
static int
left_ms(const struct question *q)
{
	tacit_msec now = tacit_kafka_clock();

	return now < q->deadline && !tacit_kafka_helper_stopping(q->k) ? (int)(q->deadline - now)
								       : 0;
}

/* the same for one call, so that a store that is being freed need not wait for all of it */
static int
turn_ms(const struct question *q, int most)
{
	int left = left_ms(q);

	return left < most ? left : most;
}

static tacit_err
fail(struct question *q, const char *what, rd_kafka_resp_err_t err)
{
	tacit_err ours = tacit_kafka_err(err);

	snprintf(q->listing->text, sizeof(q->listing->text), "Kafka at %.80s: %.100s: %s",
	    q->k->brokers, what, rd_kafka_err2str(err));
	return ours;
}

static tacit_err
fail_late(struct question *q, const char *what)
{
	snprintf(q->listing->text, sizeof(q->listing->text),
	    "Kafka at %.80s did not tell %s within %u s: check that all its brokers run",
	    q->k->brokers, what, KAFKA_LIST_MS / 1000);
	return TACIT_EUNREACHABLE;
}

/* the stream's name behind the prefix of a topic, or NULL: it is no stream's topic */
static const char *
name_of(const struct question *q, const char *topic)
{
	size_t len = strlen(q->k->topic_prefix);

	if (strncmp(topic, q->k->topic_prefix, len) != 0 ||
	    !tacit_name_check(topic + len, strlen(topic + len)))
		return NULL;
	return topic + len;
}

/* bounds --------------------------------------------------------------------------------------- */

static rd_kafka_resp_err_t
ask_offsets(struct question *q, rd_kafka_topic_partition_list_t *list, int64_t time)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__TIMED_OUT;

	while (left_ms(q) > 0) {
		for (int i = 0; i < list->cnt; i++)
			list->elems[i].offset = time;
		err = rd_kafka_offsets_for_times(q->rk, list, turn_ms(q, TURN_MS));
		/* the error of all of them together: those of each tell more */
		if (err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
			err = RD_KAFKA_RESP_ERR_NO_ERROR;
		for (int i = 0; i < list->cnt && err == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
			if (tacit_kafka_err(list->elems[i].err) == TACIT_EUNREACHABLE)
				err = list->elems[i].err;
		if (tacit_kafka_err(err) != TACIT_EUNREACHABLE)
			break;
		(void)poll(NULL, 0, AGAIN_MS);
	}
	return err;
}

static tacit_err
add_stream(struct question *q, const rd_kafka_topic_partition_t *low,
    const rd_kafka_topic_partition_t *high)
{
	rd_kafka_resp_err_t err = low->err != RD_KAFKA_RESP_ERR_NO_ERROR ? low->err : high->err;
	struct tacit_listed_stream listed = {
	    .name = name_of(q, low->topic), .bytes = TACIT_BYTES_UNKNOWN};

	/* deleted since the list of topics came */
	if (tacit_kafka_is_missing(err))
		return TACIT_OK;
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(q, low->topic, err);
	if (low->offset < 0 || high->offset < low->offset)
		return fail(q, low->topic, RD_KAFKA_RESP_ERR__BAD_MSG);
	listed.first = (uint64_t)low->offset;
	listed.end = (uint64_t)high->offset;
	listed.entries = listed.end - listed.first;
	return tacit_lister_stream(q->listing->lister, &listed);
}

static tacit_err
ask_bounds(struct question *q, rd_kafka_topic_partition_list_t *lows)
{
	rd_kafka_topic_partition_list_t *highs = rd_kafka_topic_partition_list_copy(lows);
	rd_kafka_resp_err_t rc = ask_offsets(q, lows, RD_KAFKA_OFFSET_BEGINNING);
	tacit_err err = TACIT_OK;

	if (rc == RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = ask_offsets(q, highs, RD_KAFKA_OFFSET_END);
	if (rc != RD_KAFKA_RESP_ERR_NO_ERROR)
		err = fail(q, "the bounds of topics", rc);
	for (int i = 0; i < lows->cnt && err == TACIT_OK; i++) {
		const rd_kafka_topic_partition_t *high = rd_kafka_topic_partition_list_find(
		    highs, lows->elems[i].topic, lows->elems[i].partition);

		if (high != NULL)
			err = add_stream(q, &lows->elems[i], high);
	}
	rd_kafka_topic_partition_list_destroy(highs);
	return err;
}

static tacit_err
ask_streams(struct question *q)
{
	const struct rd_kafka_metadata *metadata = q->metadata;
	tacit_err err = TACIT_OK;
	int at = 0;

	while (at < metadata->topic_cnt && err == TACIT_OK) {
		rd_kafka_topic_partition_list_t *list =
		    rd_kafka_topic_partition_list_new(TOPICS_MAX);

		for (; at < metadata->topic_cnt && list->cnt < TOPICS_MAX; at++) {
			const struct rd_kafka_metadata_topic *topic = &metadata->topics[at];

			if (name_of(q, topic->topic) != NULL && topic->partition_cnt == 1)
				(void)rd_kafka_topic_partition_list_add(list, topic->topic, 0);
		}
		if (list->cnt > 0)
			err = ask_bounds(q, list);
		rd_kafka_topic_partition_list_destroy(list);
	}
	return err;
}

/* groups --------------------------------------------------------------------------------------- */

static rd_kafka_AdminOptions_t *
options_for(struct question *q, rd_kafka_admin_op_t op, void *opaque)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(q->rk, op);
	char text[128];

	(void)rd_kafka_AdminOptions_set_request_timeout(options, CALL_MS, text, sizeof(text));
	rd_kafka_AdminOptions_set_opaque(options, opaque);
	return options;
}

/* the next answer of a kind; NULL: the time is over */
static rd_kafka_event_t *
wait_for(struct question *q, rd_kafka_event_type_t type)
{
	rd_kafka_event_t *event;

	while (left_ms(q) > 0) {
		event = rd_kafka_queue_poll(q->queue, turn_ms(q, AGAIN_MS));
		if (event != NULL && rd_kafka_event_type(event) == type)
			return event;
		if (event != NULL)
			rd_kafka_event_destroy(event);
	}
	return NULL;
}

static tacit_err
take_groups(struct question *q, rd_kafka_event_t *event)
{
	const rd_kafka_ListConsumerGroups_result_t *result =
	    rd_kafka_event_ListConsumerGroups_result(event);
	const rd_kafka_ConsumerGroupListing_t **groups;
	const rd_kafka_error_t **errors;
	const char *prefix = q->k->group_prefix;
	size_t count;

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(q, "the list of groups", rd_kafka_event_error(event));
	errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
	if (count > 0)
		return fail(q, "the list of groups", rd_kafka_error_code(errors[0]));
	groups = rd_kafka_ListConsumerGroups_result_valid(result, &count);
	if ((q->groups = tacit_alloc_array(count + 1, sizeof(*q->groups))) == NULL)
		return TACIT_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *id = rd_kafka_ConsumerGroupListing_group_id(groups[i]);

		if (strncmp(id, prefix, strlen(prefix)) != 0)
			continue;
		if ((q->groups[q->group_count] = tacit_strdup(id)) == NULL)
			return TACIT_ENOMEM;
		q->group_count++;
	}
	return TACIT_OK;
}

static tacit_err
ask_groups(struct question *q)
{
	rd_kafka_AdminOptions_t *options =
	    options_for(q, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, NULL);
	rd_kafka_event_t *event;
	tacit_err err;

	rd_kafka_ListConsumerGroups(q->rk, options, q->queue);
	rd_kafka_AdminOptions_destroy(options);
	if ((event = wait_for(q, RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT)) == NULL)
		return fail_late(q, "its groups");
	err = take_groups(q, event);
	rd_kafka_event_destroy(event);
	return err;
}

/* the positions of one group, in all of its topics */
static void
ask_positions(struct question *q, char *group)
{
	rd_kafka_ListConsumerGroupOffsets_t *request =
	    rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
	rd_kafka_AdminOptions_t *options =
	    options_for(q, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, group);

	rd_kafka_ListConsumerGroupOffsets(q->rk, &request, 1, options, q->queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ListConsumerGroupOffsets_destroy(request);
}

static tacit_err
add_readers(struct question *q, const char *group, const rd_kafka_topic_partition_list_t *list)
{
	const char *client_id = group + strlen(q->k->group_prefix);
	tacit_err err = TACIT_OK;

	for (int i = 0; list != NULL && i < list->cnt && err == TACIT_OK; i++) {
		const rd_kafka_topic_partition_t *partition = &list->elems[i];
		const char *name = name_of(q, partition->topic);

		if (name != NULL && partition->partition == 0 && partition->offset >= 0)
			err = tacit_lister_reader(
			    q->listing->lister, client_id, name, (uint64_t)partition->offset);
	}
	return err;
}

static tacit_err
take_positions(struct question *q, rd_kafka_event_t *event)
{
	char *group = rd_kafka_event_opaque(event);
	const rd_kafka_group_result_t **results = NULL;
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	size_t count = 0;

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		results = rd_kafka_ListConsumerGroupOffsets_result_groups(
		    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
		if (count == 1 && rd_kafka_group_result_error(results[0]) != NULL)
			err = rd_kafka_error_code(rd_kafka_group_result_error(results[0]));
	}
	if (tacit_kafka_err(err) == TACIT_EUNREACHABLE && left_ms(q) > 0) {
		(void)poll(NULL, 0, AGAIN_MS);
		ask_positions(q, group);
		return TACIT_OK;
	}
	q->answered++;
	/* groups come and go, and some are not for everybody's eyes */
	if (err == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND || tacit_kafka_err(err) == TACIT_EDENIED)
		return TACIT_OK;
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(q, group, err);
	if (results == NULL || count != 1)
		return TACIT_OK;
	return add_readers(q, group, rd_kafka_group_result_partitions(results[0]));
}

static tacit_err
ask_readers(struct question *q)
{
	tacit_err err = TACIT_OK;

	while (q->answered < q->group_count && err == TACIT_OK) {
		rd_kafka_event_t *event;

		while (q->asked < q->group_count && q->asked - q->answered < KAFKA_LIST_GROUPS)
			ask_positions(q, q->groups[q->asked++]);
		event = wait_for(q, RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT);
		if (event == NULL)
			return fail_late(q, "the positions of its groups");
		err = take_positions(q, event);
		rd_kafka_event_destroy(event);
	}
	return err;
}

/* all of it ------------------------------------------------------------------------------------ */

static rd_kafka_resp_err_t
ask_topics(struct question *q)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__TIMED_OUT;

	while (left_ms(q) > 0) {
		err = rd_kafka_metadata(q->rk, 1, NULL, &q->metadata, turn_ms(q, TURN_MS));
		if (tacit_kafka_err(err) != TACIT_EUNREACHABLE)
			break;
		(void)poll(NULL, 0, AGAIN_MS);
	}
	return err;
}

static tacit_err
ask_all(struct question *q)
{
	rd_kafka_resp_err_t rc;
	tacit_err err;

	err = tacit_kafka_handle_new(
	    q->k, KAFKA_HANDLE_READER, &q->rk, q->listing->text, sizeof(q->listing->text));
	if (err != TACIT_OK)
		return err;
	q->queue = rd_kafka_queue_new(q->rk);
	if ((rc = ask_topics(q)) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail(q, "the list of topics", rc);
	if ((err = ask_streams(q)) == TACIT_OK)
		err = ask_groups(q);
	if (err == TACIT_OK)
		err = ask_readers(q);
	return err;
}

static void
closed(struct kafka_listing *listing)
{
	listing->err = TACIT_ECLOSED;
	snprintf(listing->text, sizeof(listing->text), "%s", tacit_strerror(TACIT_ECLOSED));
}

void
tacit_kafka_listing_ask(struct kafka *k, struct kafka_listing *listing)
{
	struct question q = {
	    .k = k, .listing = listing, .deadline = tacit_kafka_clock() + KAFKA_LIST_MS};

	snprintf(listing->text, sizeof(listing->text), "%s", tacit_strerror(TACIT_ENOMEM));
	listing->err = ask_all(&q);
	if (listing->err == TACIT_EUNREACHABLE && tacit_kafka_helper_stopping(k))
		closed(listing);
	if (q.metadata != NULL)
		rd_kafka_metadata_destroy(q.metadata);
	if (q.queue != NULL)
		rd_kafka_queue_destroy(q.queue);
	if (q.rk != NULL)
		(void)tacit_kafka_handles_end(&q.rk, 1);
	for (size_t i = 0; i < q.group_count; i++)
		tacit_free(q.groups[i]);
	tacit_free(q.groups);
}

void
tacit_kafka_listing_answer(struct kafka_listing *listing)
{
	if (listing->err == TACIT_OK) {
		listing->cb(listing->arg, TACIT_OK, "", listing->lister);
	} else {
		tacit_lister_free(listing->lister);
		listing->cb(listing->arg, listing->err, listing->text, NULL);
	}
	tacit_free(listing);
}

void
tacit_kafka_list(struct tacit_store *store, tacit_store_list_cb cb, void *arg)
{
	struct kafka *k = (struct kafka *)(void *)store;
	struct kafka_listing *listing = k->closing ? NULL : tacit_alloc(sizeof(*listing));
	struct kafka_ask *ask = listing != NULL ? tacit_alloc(sizeof(*ask)) : NULL;

	if (ask == NULL || (listing->lister = tacit_lister_new()) == NULL) {
		tacit_err err = k->closing ? TACIT_ECLOSED : TACIT_ENOMEM;

		tacit_free(ask);
		tacit_free(listing);
		cb(arg, err, tacit_strerror(err), NULL);
		return;
	}
	listing->cb = cb;
	listing->arg = arg;
	/* until the helper thread has asked */
	closed(listing);
	tacit_list_init(&ask->link);
	ask->listing = listing;
	tacit_kafka_helper_ask(k, ask);
}
