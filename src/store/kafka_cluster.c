#include "store/kafka_internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ms that opening waits for a first answer, and then for the cluster's defaults: below 10 s */
#define CONNECT_MS  8000
#define DESCRIBE_MS 1500
#define AGAIN_MS    100

/* why nobody answered, in librdkafka's words: the last error among what it had to say */
static void
last_error(struct kafka *k, char *ret, size_t cap)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(k->producer->queue, 0)) != NULL) {
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR &&
		    rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
			snprintf(ret, cap, " (%s)", rd_kafka_event_error_string(event));
		tacit_kafka_event_other(k, event);
		rd_kafka_event_destroy(event);
	}
}

static int
number_of(const char *value)
{
	long number = value != NULL ? strtol(value, NULL, 10) : 0;

	return number > 0 && number < 1000 ? (int)number : 0;
}

static void
take_configs(struct kafka *k, rd_kafka_event_t *event)
{
	const rd_kafka_DescribeConfigs_result_t *result =
	    rd_kafka_event_DescribeConfigs_result(event);
	const rd_kafka_ConfigResource_t **resources;
	const rd_kafka_ConfigEntry_t **entries;
	size_t count;

	if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
	if (count == 0)
		return;
	entries = rd_kafka_ConfigResource_configs(resources[0], &count);
	for (size_t i = 0; i < count; i++) {
		const char *name = rd_kafka_ConfigEntry_name(entries[i]);

		if (strcmp(name, "default.replication.factor") == 0)
			k->replication_factor = number_of(rd_kafka_ConfigEntry_value(entries[i]));
		else if (strcmp(name, "min.insync.replicas") == 0)
			k->min_insync = number_of(rd_kafka_ConfigEntry_value(entries[i]));
	}
}

/* what new topics get; a cluster may refuse to tell, and then it stays unknown */
static void
ask_defaults(struct kafka *k, int32_t broker_id)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(k->producer->rk);
	rd_kafka_AdminOptions_t *options =
	    rd_kafka_AdminOptions_new(k->producer->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_ConfigResource_t *resource;
	rd_kafka_event_t *event;
	char id[16], text[128];

	snprintf(id, sizeof(id), "%d", (int)broker_id);
	resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, id);
	(void)rd_kafka_AdminOptions_set_request_timeout(options, DESCRIBE_MS, text, sizeof(text));
	rd_kafka_DescribeConfigs(k->producer->rk, &resource, 1, options, queue);
	event = rd_kafka_queue_poll(queue, DESCRIBE_MS + 100);
	if (event != NULL) {
		take_configs(k, event);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_ConfigResource_destroy(resource);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
}

/* the cluster's brokers, at least one: a cluster that starts, or struggles, may count none for
 * a while */
static rd_kafka_resp_err_t
ask_brokers(struct kafka *k, const struct rd_kafka_metadata **ret)
{
	tacit_msec now = tacit_kafka_clock(), deadline = now + CONNECT_MS;
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE;

	for (; now < deadline; now = tacit_kafka_clock()) {
		err = rd_kafka_metadata(k->producer->rk, 0, NULL, ret, (int)(deadline - now));
		if (err != RD_KAFKA_RESP_ERR_NO_ERROR || (*ret)->broker_cnt > 0)
			return err;
		rd_kafka_metadata_destroy(*ret);
		err = RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE;
		(void)poll(NULL, 0, AGAIN_MS);
	}
	return err;
}

tacit_err
tacit_kafka_cluster_connect(struct kafka *k, char *text, size_t cap)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t err = ask_brokers(k, &metadata);
	char why[200] = "";

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		snprintf(why, sizeof(why), " (%s)", rd_kafka_err2str(err));
		last_error(k, why, sizeof(why));
		snprintf(text, cap,
		    "no Kafka broker answers at %.200s%s: check that it runs, and its address",
		    k->brokers, why);
		return TACIT_EUNREACHABLE;
	}
	k->broker_count = metadata->broker_cnt;
	ask_defaults(k, metadata->brokers[0].id);
	rd_kafka_metadata_destroy(metadata);
	return TACIT_OK;
}

bool
tacit_store_kafka_describe(const struct tacit_store *store, char *text, size_t cap)
{
	const struct kafka *k = (const struct kafka *)(const void *)store;
	char factor[16] = "unknown", insync[16] = "unknown";

	if (k->replication_factor > 0)
		snprintf(factor, sizeof(factor), "%d", k->replication_factor);
	if (k->min_insync > 0)
		snprintf(insync, sizeof(insync), "%d", k->min_insync);
	snprintf(text, cap, "Kafka at %.200s: %d %s, replication factor %s, min.insync.replicas %s",
	    k->brokers, k->broker_count, k->broker_count == 1 ? "broker" : "brokers", factor,
	    insync);
	return k->broker_count == 1 || k->replication_factor == 1 || k->min_insync == 1;
}
