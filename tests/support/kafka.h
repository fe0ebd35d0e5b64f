/*
 * support/kafka.h: what a stranger does to the topics of a Kafka store: a raw librdkafka client,
 * for tests.  Everything here blocks until it is done.
 */
#ifndef TACIT_TESTS_KAFKA_H
#define TACIT_TESTS_KAFKA_H

#include "support/store_pump.h"

#include <stdlib.h>

#include <librdkafka/rdkafka.h>

#include "base/hex.h"
#include "crypto/random.h"
#include "store/kafka.h"

#define KAFKA_TIMEOUT_MS 60000

static inline void
print_diag(void *arg, enum tacit_store_kafka_level level, const char *text)
{
	(void)arg;
	if (level != TACIT_STORE_KAFKA_NOTE || getenv("TACIT_VERBOSE") != NULL)
		print_message("kafka: %s\n", text);
}

/* the store of the broker that TACIT_KAFKA names, unless config does */
static inline struct tacit_store *
open_with(const struct tacit_store_kafka_config *config)
{
	struct tacit_store_kafka_config own = *config;
	time_t deadline = time(NULL) + PUMP_S;
	struct tacit_store *store;
	char text[512];
	tacit_err err;

	if (own.brokers == NULL)
		own.brokers = getenv("TACIT_KAFKA");
	own.diag = print_diag;
	do
		err = tacit_store_kafka_open(&own, &store, text, sizeof(text));
	while (err == TACIT_EUNREACHABLE && time(NULL) < deadline);
	if (err != TACIT_OK)
		fail_msg("%s", text);
	return store;
}

static inline struct tacit_store *
open_kafka(void)
{
	return open_with(&(struct tacit_store_kafka_config){0});
}

static inline struct tacit_store *
open_sole(void)
{
	return open_with(&(struct tacit_store_kafka_config){.sole_writer = true});
}

/* a stream that no other test uses */
static inline const char *
fresh_name(char ret[64])
{
	struct tacit_random random = tacit_random_system();

	memcpy(ret, "kafka-", 6);
	tacit_random_hex(&random, ret + 6, 12);
	return ret;
}

/* creates a stream of a fresh name */
static inline const char *
make_stream(struct tacit_store *store, char ret[64])
{
	fresh_name(ret);
	assert_int_equal(open_now(store, ret, true).err, TACIT_OK);
	return ret;
}

/* a producer of its own, with transactions if transactional names one */
static inline rd_kafka_t *
stranger_new(const char *transactional)
{
	char text[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", getenv("TACIT_KAFKA"), text, sizeof(text));
	rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text));
	rd_kafka_conf_set(conf, "linger.ms", "0", text, sizeof(text));
	if (transactional != NULL)
		rd_kafka_conf_set(conf, "transactional.id", transactional, text, sizeof(text));
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(rk);
	return rk;
}

/* writes the entry that entry_new makes of number and len */
static inline void
stranger_writes(rd_kafka_t *rk, const char *topic, uint64_t number, size_t len)
{
	struct tacit_msg *msg = entry_new(number, len);
	rd_kafka_vu_t parts[4] = {
	    {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
	    {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = 0},
	    {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
	    {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {tacit_msg_payload(msg), len}},
	};

	assert_null(rd_kafka_produceva(rk, parts, 4));
	tacit_msg_unref(msg);
}

static inline void
stranger_flushes(rd_kafka_t *rk)
{
	assert_int_equal(rd_kafka_flush(rk, KAFKA_TIMEOUT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* the result of an admin call, for which the caller asked for on queue */
static inline void
wait_result(rd_kafka_queue_t *queue)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_TIMEOUT_MS);

	assert_non_null(event);
	assert_int_equal(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
}

/* the controller did it; brokers hear of it a little later */
static inline void
wait_for_topic(rd_kafka_t *rk, const char *topic, bool there)
{
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
	time_t deadline = time(NULL) + PUMP_S;
	bool known;

	do {
		const struct rd_kafka_metadata *metadata;

		assert_true(time(NULL) <= deadline);
		assert_int_equal(rd_kafka_metadata(rk, 0, rkt, &metadata, KAFKA_TIMEOUT_MS), 0);
		assert_int_equal(metadata->topic_cnt, 1);
		known = metadata->topics[0].partition_cnt > 0;
		rd_kafka_metadata_destroy(metadata);
	} while (known != there);
	rd_kafka_topic_destroy(rkt);
}

static inline void
stranger_creates(rd_kafka_t *rk, const char *topic, int partitions)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_t *fresh = rd_kafka_NewTopic_new(topic, partitions, -1, NULL, 0);

	rd_kafka_CreateTopics(rk, &fresh, 1, NULL, queue);
	wait_result(queue);
	rd_kafka_NewTopic_destroy(fresh);
	wait_for_topic(rk, topic, true);
}

static inline void
stranger_deletes(rd_kafka_t *rk, const char *topic)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_DeleteTopic_t *old = rd_kafka_DeleteTopic_new(topic);

	rd_kafka_DeleteTopics(rk, &old, 1, NULL, queue);
	wait_result(queue);
	rd_kafka_DeleteTopic_destroy(old);
	wait_for_topic(rk, topic, false);
}

/* the entries below index go, as retention makes them go */
static inline void
stranger_forgets(rd_kafka_t *rk, const char *topic, uint64_t index)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_DeleteRecords_t *request;

	rd_kafka_topic_partition_list_add(list, topic, 0)->offset = (int64_t)index;
	request = rd_kafka_DeleteRecords_new(list);
	rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
	wait_result(queue);
	rd_kafka_DeleteRecords_destroy(request);
	rd_kafka_topic_partition_list_destroy(list);
}

/* a reader that always has one read outstanding, and asks again from its callback, also when a busy
 * Kafka did not answer in time */
struct watcher {
	struct tacit_store *store;
	const char *name;
	uint64_t next;
	int count; /* entries */
	int calls;
	int empty; /* answers with nothing */
	tacit_err err;
	uint64_t numbers[READING_MAX], indexes[READING_MAX];
	struct tacit_store_read *read;
};

static inline void
on_watch(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct watcher *watcher = arg;
	struct tacit_store_range range;

	watcher->read = NULL;
	watcher->calls += err != TACIT_EUNREACHABLE;
	watcher->err = err;
	if (err != TACIT_OK && err != TACIT_EUNREACHABLE)
		return;
	watcher->empty += err == TACIT_OK && count == 0;
	for (size_t i = 0; i < count; i++) {
		assert_true(entries[i].index >= watcher->next && watcher->count < READING_MAX);
		watcher->numbers[watcher->count] = entry_number(&entries[i]);
		watcher->indexes[watcher->count++] = entries[i].index;
		watcher->next = entries[i].index + 1;
	}
	if (err == TACIT_OK && count == 0)
		return;
	range = range_of(watcher->next, 100, 20000, true);
	watcher->read =
	    watcher->store->ops->read(watcher->store, watcher->name, &range, on_watch, watcher);
}

static inline void
watch(struct watcher *watcher, struct tacit_store *store, const char *name, uint64_t index)
{
	struct tacit_store_range range = range_of(index, 100, 20000, true);

	memset(watcher, 0, sizeof(*watcher));
	watcher->store = store;
	watcher->name = name;
	watcher->next = index;
	watcher->read = store->ops->read(store, name, &range, on_watch, watcher);
}

/* ms of the loop's turning without anything to wait for */
static inline void
pump_for(struct tacit_store *store, int ms)
{
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000L;
	do {
		struct pollfd fd = {.fd = store->ops->fd(store), .events = POLLIN};

		if (!store->ops->dispatch(store, 256))
			poll(&fd, 1, 10);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (
	    now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
}

#endif
