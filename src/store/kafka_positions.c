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

/* ms that a get may take; between looks at what is to be saved again; until a failed save is
 * repeated; after which what is under way is given up, together with its handle */
#define GET_MS   5000u
#define LOOK_MS  10000u
#define RETRY_MS 60000u
#define OLD_MS   600000u

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
	tacit_msec asked_at, sent_at;
	uint64_t index;             /* what is being saved */
	tacit_store_position_cb cb; /* of a get; NULL: answered already */
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
	if (call->cb != NULL)
		call->cb(call->arg, err, found, index);
	call->cb = NULL;
}

static void finish(
    struct kafka *k, struct kafka_position_call *call, rd_kafka_resp_err_t err, int64_t offset);

static void
send_call(struct kafka *k, struct kafka_position_call *call)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	const struct kafka_position *position = find(k, call);
	rd_kafka_topic_partition_t *partition;
	char topic[TACIT_NAME_LEN_MAX + 1], group[TACIT_NAME_LEN_MAX + 7];
	bool sent;

	snprintf(topic, sizeof(topic), "%s%s", k->topic_prefix, stream_of(call));
	snprintf(group, sizeof(group), "%s%s", k->group_prefix, call->key);
	partition = rd_kafka_topic_partition_list_add(list, topic, 0);
	/* the newest, if it was set again while this one waited */
	if (call->kind == CALL_SAVE && position != NULL)
		call->index = position->index;
	partition->offset = (int64_t)call->index;
	call->sent_at = k->now;
	tacit_list_append(&k->position_flights, &call->link);
	k->position_flight_count++;
	if (call->kind == CALL_SAVE)
		sent = tacit_kafka_offsets_save(k, group, list, call);
	else
		sent = tacit_kafka_offsets_get(k, group, list, call);
	rd_kafka_topic_partition_list_destroy(list);
	if (!sent)
		finish(k, call, RD_KAFKA_RESP_ERR__FAIL, RD_KAFKA_OFFSET_INVALID);
}

static void
pump(struct kafka *k)
{
	while (!tacit_list_empty(&k->position_calls) && !k->positions_pause &&
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
	call->asked_at = k->now;
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

	if (k->closing || k->read_only || (call = new_call(CALL_SAVE, client_id, name)) == NULL)
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

/* the coordinator is moving or starting: the same question is worth asking again soon */
static bool
is_transient(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
	       err == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
	       err == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
}

/* the call is no longer under way, and goes */
static void
finish(struct kafka *k, struct kafka_position_call *call, rd_kafka_resp_err_t err, int64_t offset)
{
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
}

void
tacit_kafka_position_answer(
    struct kafka *k, struct kafka_position_call *call, rd_kafka_resp_err_t err, int64_t offset)
{
	if (is_transient(err) && call->kind == CALL_GET && call->cb != NULL) {
		tacit_list_remove(&call->link);
		k->position_flight_count--;
		k->positions_pause = true; /* until the next tick */
		tacit_list_append(&k->position_calls, &call->link);
		return;
	}
	finish(k, call, err, offset);
	pump(k);
}

/* answers the gets of a list whose time is over */
static void
answer_late(struct kafka *k, const struct tacit_list *list)
{
	struct tacit_list *link;

	for (link = list->next; link != list; link = link->next) {
		struct kafka_position_call *call =
		    TACIT_CONTAINER(link, struct kafka_position_call, link);

		if (call->kind == CALL_GET && k->now >= call->asked_at + GET_MS)
			answer_get(k, call, TACIT_EUNREACHABLE, false, 0);
	}
}

static void
give_up_old(struct kafka *k)
{
	const struct kafka_position_call *oldest =
	    TACIT_CONTAINER(k->position_flights.next, struct kafka_position_call, link);
	struct tacit_list calls;

	if (tacit_list_empty(&k->position_flights) || k->now < oldest->sent_at + OLD_MS)
		return;
	tacit_kafka_offsets_end(k);
	tacit_list_init(&calls);
	tacit_list_move(&k->position_flights, &calls);
	while (!tacit_list_empty(&calls))
		finish(k, TACIT_CONTAINER(calls.next, struct kafka_position_call, link),
		    RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_OFFSET_INVALID);
}

void
tacit_kafka_positions_tick(struct kafka *k)
{
	struct tacit_list *link, *next;

	answer_late(k, &k->position_calls);
	answer_late(k, &k->position_flights);
	give_up_old(k);
	k->positions_pause = false;
	pump(k);
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

	tacit_kafka_offsets_end(k);
	tacit_list_init(&all);
	tacit_list_move(&k->position_calls, &all);
	tacit_list_move(&k->position_flights, &all);
	while (!tacit_list_empty(&all)) {
		struct kafka_position_call *call =
		    TACIT_CONTAINER(all.next, struct kafka_position_call, link);

		tacit_list_remove(&call->link);
		if (call->cb != NULL)
			call->cb(call->arg, TACIT_ECLOSED, false, 0);
		tacit_free(call);
	}
	while ((position = tacit_map_next(&k->positions, &cursor)) != NULL)
		tacit_free(position);
	tacit_map_fini(&k->positions);
}
