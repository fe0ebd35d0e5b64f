/*
 * The first entries of a topic whose broker refuses the very first request, because its replica is
 * not ready, and takes the one that came close behind: against librdkafka's mock of a broker, which
 * can be told to do just that.
 */
#include "support/kafka.h"

#include <librdkafka/rdkafka_mock.h>

#define PRODUCE      0 /* ApiKey */
#define ENTRIES      20
#define RTT_MS       20
#define FREE_MS      10000
#define REFUSALS_MAX 2

/* a cluster of one broker, with a topic */
struct cluster {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *mock;
};

static void
cluster_init(struct cluster *cluster, const char *topic)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];

	rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text));
	cluster->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(cluster->rk);
	cluster->mock = rd_kafka_mock_cluster_new(cluster->rk, 1);
	assert_non_null(cluster->mock);
	assert_int_equal(rd_kafka_mock_topic_create(cluster->mock, topic, 1, 1), 0);
	/* so that several requests are on their way at once, if they are let */
	assert_int_equal(rd_kafka_mock_broker_set_rtt(cluster->mock, 1, RTT_MS), 0);
}

static void
cluster_fini(struct cluster *cluster)
{
	rd_kafka_mock_cluster_destroy(cluster->mock);
	rd_kafka_destroy(cluster->rk);
}

static void
append_all(struct tacit_store *store, const char *name, struct appending *appendings)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		append_later(store, name, i + 1, 100, &appendings[i]);
		pump_for(store, 2); /* a request each */
	}
	for (size_t i = 0; i < ENTRIES; i++) {
		pump(store, &appendings[i].calls, 1);
		assert_int_equal(appendings[i].err, TACIT_OK);
	}
}

/* what was confirmed is there, once and in its place */
static void
what_is_refused_at_first_is_not_lost(void **state)
{
	(void)state;
	for (size_t refusals = 1; refusals <= REFUSALS_MAX; refusals++) {
		struct appending appendings[ENTRIES] = {0};
		struct reading *reading = calloc(1, sizeof(*reading));
		struct tacit_store *store;
		struct cluster cluster;

		cluster_init(&cluster, "young");
		store = open_with(&(struct tacit_store_kafka_config){
		    .brokers = rd_kafka_mock_cluster_bootstraps(cluster.mock)});
		assert_int_equal(open_now(store, "young", false).err, TACIT_OK);
		for (size_t i = 0; i < refusals; i++)
			rd_kafka_mock_push_request_errors(
			    cluster.mock, PRODUCE, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
		append_all(store, "young", appendings);
		for (size_t i = 0; i < ENTRIES; i++)
			assert_int_equal(appendings[i].index, i);
		read_all(store, "young", 0, reading);
		assert_int_equal(reading->count, ENTRIES);
		for (size_t i = 0; i < ENTRIES; i++)
			assert_int_equal(reading->numbers[i], i + 1);
		store->ops->free(store, FREE_MS);
		cluster_fini(&cluster);
		free(reading);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_refused_at_first_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
