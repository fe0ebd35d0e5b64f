/*
 * Clients' positions: committed offsets of consumer groups that nobody joins.  A committed offset
 * expires some days after its last save (offsets.retention.minutes), readers or not, so what this
 * hub knows is saved again once a day: unless another hub has saved another one since.  A position
 * that could not be saved stays in memory and is tried again.
 */
#include "store/kafka_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "wire/name.h"

/* ms for one call; between looks at what is to be saved again; until a failed save is repeated */
#define CALL_MS  5000
#define LOOK_MS  10000u
#define RETRY_MS 60000u

struct kafka_position {
	struct tacit_list link; /* kafka.positions_saved */
	uint64_t index;
	bool saved;        /* Kafka has it */
	bool saving;       /* a call about it waits or is under way */
	tacit_msec at;     /* when it was last set or saved */
	size_t client_len; /* key: client id, NUL, stream, NUL */
	char key[];
};

enum call_kind {
	CALL_GET,
	CALL_SAVE,
	CALL_AGAIN, /* get, and save if nobody else did */
};

struct kafka_position_call {
	struct tacit_list link; /* kafka.position_calls, then kafka.position_flights */
	enum call_kind kind;
	uint64_t index;             /* what is being saved */
	tacit_store_position_cb cb; /* of a get */
	void *arg;
	size_t client_len, key_len; /* key: as above */
	char key[];
};

static const char *
stream_of(const struct kafka_position_call *call)
{
	return call->key + call->client_len + 1;
}

static struct kafka_position *
find(struct kafka *k, const struct kafka_position_call *call)
{
	return tacit_map_get(&k->positions, call->key, call->key_len);
}

static struct kafka_position_call *
new_call(enum call_kind kind, const char *client_id, const char *name)
{
	size_t client_len = strlen(client_id), name_len = strlen(name);
	struct kafka_position_call *call = tacit_alloc(sizeof(*call) + client_len + name_len + 2);

	if (call == NULL)
		return NULL;
	tacit_list_init(&call->link);
	call->kind = kind;
	call->client_len = client_len;
	call->key_len = client_len + name_len + 2;
	memcpy(call->key, client_id, client_len);
	memcpy(call->key + client_len + 1, name, name_len);
	return call;
}

static void
free_position(struct kafka *k, struct kafka_position *position, size_t key_len)
{
	(void)tacit_map_remove(&k->positions, position->key, key_len);
	tacit_list_remove(&position->link);
	tacit_free(position);
}

static size_t
key_len_of(const struct kafka_position *position)
{
	return position->client_len + 1 + strlen(position->key + position->client_len + 1) + 1;
}

/* the position of the call's key, made if it is not there; the oldest makes room */
static struct kafka_position *
put(struct kafka *k, const struct kafka_position_call *call)
{
	struct kafka_position *position = find(k, call);

	if (position != NULL)
		return position;
	if (k->positions.count >= TACIT_STREAMS_MAX) {
		position = TACIT_CONTAINER(k->positions_saved.next, struct kafka_position, link);
		free_position(k, position, key_len_of(position));
	}
	if ((position = tacit_alloc(sizeof(*position) + call->key_len)) == NULL)
		return NULL;
	tacit_list_init(&position->link);
	position->client_len = call->client_len;
	memcpy(position->key, call->key, call->key_len);
	if (tacit_map_put(&k->positions, call->key, call->key_len, position) != TACIT_OK) {
		tacit_free(position);
		return NULL;
	}
	tacit_list_append(&k->positions_saved, &position->link);
	return position;
}

static void
mark(struct kafka *k, struct kafka_position *position, bool saved)
{
	position->saved = saved;
	position->at = k->now;
	tacit_list_remove(&position->link);
	tacit_list_append(&k->positions_saved, &position->link);
}

static void
answer_get(
    struct kafka *k, struct kafka_position_call *call, tacit_err err, bool found, uint64_t index)
{
	const struct kafka_position *position = find(k, call);

	/* what this hub remembers is better than nothing */
	if (!found && position != NULL) {
		found = true;
		index = position->index;
		err = TACIT_OK;
	}
	call->cb(call->arg, err, found, index);
}

static rd_kafka_AdminOptions_t *
options_for(rd_kafka_t *rk, rd_kafka_admin_op_t op, void *opaque)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
	char text[128];

	(void)rd_kafka_AdminOptions_set_request_timeout(options, CALL_MS, text, sizeof(text));
	rd_kafka_AdminOptions_set_opaque(options, opaque);
	return options;
}

static void
send_get(struct kafka *k, struct kafka_position_call *call, const char *group,
    const rd_kafka_topic_partition_list_t *list)
{
	struct kafka_producer *producer = k->producer;
	rd_kafka_ListConsumerGroupOffsets_t *request =
	    rd_kafka_ListConsumerGroupOffsets_new(group, list);
	rd_kafka_AdminOptions_t *options =
	    options_for(producer->rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, call);

	rd_kafka_ListConsumerGroupOffsets(producer->rk, &request, 1, options, producer->queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ListConsumerGroupOffsets_destroy(request);
}

static void
send_save(struct kafka *k, struct kafka_position_call *call, const char *group,
    const rd_kafka_topic_partition_list_t *list)
{
	struct kafka_producer *producer = k->producer;
	rd_kafka_AlterConsumerGroupOffsets_t *request =
	    rd_kafka_AlterConsumerGroupOffsets_new(group, list);
	rd_kafka_AdminOptions_t *options =
	    options_for(producer->rk, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, call);

	rd_kafka_AlterConsumerGroupOffsets(producer->rk, &request, 1, options, producer->queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_AlterConsumerGroupOffsets_destroy(request);
}

static void
send_call(struct kafka *k, struct kafka_position_call *call)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	const struct kafka_position *position = find(k, call);
	rd_kafka_topic_partition_t *partition;
	char topic[TACIT_NAME_LEN_MAX + 1], group[TACIT_NAME_LEN_MAX + 7];

	snprintf(topic, sizeof(topic), "%s%s", k->topic_prefix, stream_of(call));
	snprintf(group, sizeof(group), "%s%s", k->group_prefix, call->key);
	partition = rd_kafka_topic_partition_list_add(list, topic, 0);
	/* the newest, if it was set again while this one waited */
	if (call->kind == CALL_SAVE && position != NULL)
		call->index = position->index;
	partition->offset = (int64_t)call->index;
	tacit_list_append(&k->position_flights, &call->link);
	k->position_flight_count++;
	k->producer->calls++;
	if (call->kind == CALL_SAVE)
		send_save(k, call, group, list);
	else
		send_get(k, call, group, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static void
pump(struct kafka *k)
{
	while (!tacit_list_empty(&k->position_calls) &&
	       k->position_flight_count < KAFKA_POSITIONS_MAX) {
		struct kafka_position_call *call =
		    TACIT_CONTAINER(k->position_calls.next, struct kafka_position_call, link);

		tacit_list_remove(&call->link);
		send_call(k, call);
	}
}

static void
post(struct kafka *k, struct kafka_position_call *call)
{
	tacit_list_append(&k->position_calls, &call->link);
	pump(k);
}

/* Kafka can keep it: a valid group of at most 255 characters, an offset of 63 bits */
static bool
is_kept(const struct kafka *k, const char *client_id, uint64_t index)
{
	return tacit_client_id_check(client_id, strlen(client_id)) && index <= INT64_MAX &&
	       strlen(k->group_prefix) + strlen(client_id) <= 255;
}

void
tacit_kafka_position_set(
    struct tacit_store *store, const char *client_id, const char *name, uint64_t index)
{
	struct kafka *k = (struct kafka *)(void *)store;
	struct kafka_position_call *call;
	struct kafka_position *position;

	if (k->closing || (call = new_call(CALL_SAVE, client_id, name)) == NULL)
		return;
	if ((position = put(k, call)) != NULL) {
		position->index = index;
		mark(k, position, false);
	}
	if (position == NULL || position->saving || !is_kept(k, client_id, index)) {
		tacit_free(call);
		return;
	}
	position->saving = true;
	post(k, call);
}

void
tacit_kafka_position_get(struct tacit_store *store, const char *client_id, const char *name,
    tacit_store_position_cb cb, void *arg)
{
	struct kafka *k = (struct kafka *)(void *)store;
	struct kafka_position_call *call;
	struct kafka_position *position;

	if (k->closing || (call = new_call(CALL_GET, client_id, name)) == NULL) {
		cb(arg, k->closing ? TACIT_ECLOSED : TACIT_ENOMEM, false, 0);
		return;
	}
	call->cb = cb;
	call->arg = arg;
	position = find(k, call);
	if ((position != NULL && !position->saved) || !is_kept(k, client_id, 0)) {
		answer_get(k, call, TACIT_OK, false, 0);
		tacit_free(call);
		return;
	}
	post(k, call);
}

/* the one partition that was asked for, or why there is none */
static rd_kafka_resp_err_t
result_of(rd_kafka_event_t *event, bool save, int64_t *ret_offset)
{
	const rd_kafka_group_result_t **groups;
	const rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	size_t count = 0;

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err;
	groups = save ? rd_kafka_AlterConsumerGroupOffsets_result_groups(
			    rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count)
		      : rd_kafka_ListConsumerGroupOffsets_result_groups(
			    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
	if (count != 1)
		return RD_KAFKA_RESP_ERR__BAD_MSG;
	if (rd_kafka_group_result_error(groups[0]) != NULL)
		return rd_kafka_error_code(rd_kafka_group_result_error(groups[0]));
	list = rd_kafka_group_result_partitions(groups[0]);
	if (list == NULL || list->cnt != 1)
		return RD_KAFKA_RESP_ERR__BAD_MSG;
	*ret_offset = list->elems[0].offset;
	return list->elems[0].err;
}

/* another call about the same position: what is there is the newest */
static void
save_again(struct kafka *k, struct kafka_position *position)
{
	const char *name = position->key + position->client_len + 1;
	struct kafka_position_call *call = new_call(CALL_SAVE, position->key, name);

	position->saving = call != NULL;
	if (call != NULL)
		post(k, call);
}

static void
saved(struct kafka *k, struct kafka_position_call *call, rd_kafka_resp_err_t err)
{
	struct kafka_position *position = find(k, call);

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		tacit_kafka_diag(k, TACIT_STORE_KAFKA_NOTE,
		    "position of group %s%s was not saved: %s", k->group_prefix, call->key,
		    rd_kafka_err2str(err));
	if (position == NULL)
		return;
	position->saving = false;
	if (tacit_kafka_is_missing(err))
		free_position(k, position, call->key_len);
	else if (position->index != call->index)
		save_again(k, position);
	else
		mark(k, position, err == RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* once a day: nobody else's save is written over */
static void
looked_at(
    struct kafka *k, struct kafka_position_call *call, rd_kafka_resp_err_t err, int64_t offset)
{
	struct kafka_position *position = find(k, call);

	if (position == NULL)
		return;
	position->saving = false;
	if (!position->saved)
		save_again(k, position);
	else if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		mark(k, position, true);
	else if (offset >= 0 && (uint64_t)offset != position->index)
		free_position(k, position, call->key_len);
	else
		save_again(k, position);
}

void
tacit_kafka_positions_event(struct kafka *k, rd_kafka_event_t *event)
{
	struct kafka_position_call *call = rd_kafka_event_opaque(event);
	int64_t offset = RD_KAFKA_OFFSET_INVALID;
	rd_kafka_resp_err_t err = result_of(event, call->kind == CALL_SAVE, &offset);

	tacit_list_remove(&call->link);
	k->position_flight_count--;
	if (call->kind == CALL_SAVE)
		saved(k, call, err);
	else if (call->kind == CALL_AGAIN)
		looked_at(k, call, err, offset);
	else
		answer_get(k, call, tacit_kafka_err(err),
		    err == RD_KAFKA_RESP_ERR_NO_ERROR && offset >= 0, (uint64_t)offset);
	tacit_free(call);
	pump(k);
}

void
tacit_kafka_positions_tick(struct kafka *k)
{
	struct tacit_list *link, *next;

	if (k->closing || k->now < k->positions_looked_at + LOOK_MS)
		return;
	k->positions_looked_at = k->now;
	for (link = k->positions_saved.next; link != &k->positions_saved; link = next) {
		struct kafka_position *position =
		    TACIT_CONTAINER(link, struct kafka_position, link);
		struct kafka_position_call *call;

		next = link->next;
		if (k->now < position->at + RETRY_MS)
			return;
		if (position->saving || !is_kept(k, position->key, position->index) ||
		    (position->saved && k->now < position->at + KAFKA_POSITION_AGAIN_MS))
			continue;
		call = new_call(position->saved ? CALL_AGAIN : CALL_SAVE, position->key,
		    position->key + position->client_len + 1);
		if (call == NULL)
			return;
		position->saving = true;
		post(k, call);
	}
}

void
tacit_kafka_positions_fini(struct kafka *k)
{
	struct tacit_list all;
	struct kafka_position *position;
	size_t cursor = 0;

	tacit_list_init(&all);
	tacit_kafka_list_move(&k->position_calls, &all);
	tacit_kafka_list_move(&k->position_flights, &all);
	while (!tacit_list_empty(&all)) {
		struct kafka_position_call *call =
		    TACIT_CONTAINER(all.next, struct kafka_position_call, link);

		tacit_list_remove(&call->link);
		if (call->kind == CALL_GET)
			call->cb(call->arg, TACIT_ECLOSED, false, 0);
		tacit_free(call);
	}
	while ((position = tacit_map_next(&k->positions, &cursor)) != NULL)
		tacit_free(position);
	tacit_map_fini(&k->positions);
}
