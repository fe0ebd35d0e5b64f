/*
 * The Kafka store (DESIGN.md, "Stores"), against the broker that TACIT_KAFKA=HOST:PORT names;
 * without one, only what needs none is tested, and the program says that the rest was skipped.
 */
#include "support/store_contract.h"

#include "support/kafka.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct store_kind kafka_kind = {.open = open_kafka, .durable = true};
static const struct store_kind sole_kind = {.open = open_sole, .durable = true};

static void
properties_that_break_promises_are_refused(void **state)
{
	static const struct {
		struct tacit_store_kafka_property property;
		const char *word;
	} refused[] = {
	    {{"acks", "1"}, "acks"},
	    {{"request.required.acks", "0"}, "in-sync"},
	    {{"enable.idempotence", "false"}, "twice"},
	    {{"auto.offset.reset", "latest"}, "skips"},
	    {{"message.timeout.ms", "1000"}, "twice"},
	    {{"group.id", "mine"}, "group prefix"},
	    {{"bootstrap.servers", "elsewhere:1"}, "brokers"},
	    {{"no.such.property", "1"}, "no.such.property"},
	    {{"linger.ms", "long"}, "linger.ms"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct tacit_store_kafka_config config = {.brokers = "127.0.0.1:1",
		    .properties = &refused[i].property,
		    .property_count = 1};
		struct tacit_store *store = NULL;
		char text[256] = "";

		assert_int_equal(
		    tacit_store_kafka_open(&config, &store, text, sizeof(text)), TACIT_EINVAL);
		assert_null(store);
		if (strstr(text, refused[i].word) == NULL)
			fail_msg("%s does not name %s", text, refused[i].word);
	}
}

/* librdkafka would go to port 34463 for 99999, and to 0 for words */
static void
ports_of_brokers_are_checked(void **state)
{
	static const char *const bad[] = {"localhost:99999", "localhost:65536", "localhost:0",
	    "localhost:", "localhost:x", "localhost:90 92", "localhost:-1", "localhost:9092x",
	    "a:9092,b:99999,c:9092", "a:9092, b:0", "[::1]:65536", "PLAINTEXT://a:99999", ":0",
	    "a:18446744073709551617"};
	static const char *const good[] = {"a:1", "a:65535", "a", "a:9092,b:9093 , c, ",
	    "[::1]:9092", "[::1]", "::1", "SSL://a:9092", "SASL_SSL://a", "a:09092"};
	/* refused as well, but later */
	static const struct tacit_store_kafka_property property = {"acks", "1"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad) + COUNT(good); i++) {
		bool is_bad = i < COUNT(bad);
		struct tacit_store_kafka_config config = {
		    .brokers = is_bad ? bad[i] : good[i - COUNT(bad)],
		    .properties = &property,
		    .property_count = 1};
		struct tacit_store *store = NULL;
		char text[256] = "";

		assert_int_equal(
		    tacit_store_kafka_open(&config, &store, text, sizeof(text)), TACIT_EINVAL);
		if ((strstr(text, "is no Kafka broker") != NULL) != is_bad)
			fail_msg("%s: %s", config.brokers, text);
	}
}

static void
a_dead_address_is_not_reachable(void **state)
{
	struct tacit_store_kafka_config config = {.brokers = "127.0.0.1:1"};
	struct tacit_store *store = NULL;
	char text[256];

	(void)state;
	assert_int_equal(
	    tacit_store_kafka_open(&config, &store, text, sizeof(text)), TACIT_EUNREACHABLE);
	assert_null(store);
	assert_non_null(strstr(text, "127.0.0.1:1"));
}

static void
harmless_properties_are_taken(void **state)
{
	static const struct tacit_store_kafka_property properties[] = {
	    {"acks", "-1"}, {"linger.ms", "1"}, {"batch.size", "100000"}};
	struct tacit_store *store;
	char text[256], name[64];
	uint64_t index;

	(void)state;
	store = open_with(&(struct tacit_store_kafka_config){
	    .properties = properties, .property_count = 3, .topic_prefix = "prefix."});
	tacit_store_kafka_describe(store, text, sizeof(text));
	print_message("%s\n", text);
	assert_non_null(strstr(text, "replication factor "));
	assert_null(strstr(text, "unknown"));
	make_stream(store, name);
	fill_stream(store, name, 1, 10, &index);
	store->ops->free(store, FREE_MS);
	/* the prefix is part of the topic's name */
	store = open_kafka();
	assert_int_equal(open_now(store, name, false).err, TACIT_ENOTFOUND);
	store->ops->free(store, FREE_MS);
}

/* others' entries come in their place, by the tail and by the pool */
static void
a_stranger_writes_between_ours(void **state)
{
	struct tacit_store *store = open_kafka();
	struct appending appendings[200] = {0};
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct reading *reading = calloc(1, sizeof(*reading));
	rd_kafka_t *stranger = stranger_new(NULL);
	char name[64];

	(void)state;
	make_stream(store, name);
	watch(watcher, store, name, 0);
	for (size_t i = 0; i < 200; i++) {
		append_later(store, name, i + 1, 20, &appendings[i]);
		stranger_writes(stranger, name, 1000 + i, 30);
		if (i % 10 == 9) {
			stranger_flushes(stranger);
			pump(store, &appendings[i].calls, 1);
		}
	}
	stranger_flushes(stranger);
	pump(store, &watcher->count, 400);
	for (uint64_t i = 0; i < 400; i++)
		assert_int_equal(watcher->indexes[i], i);
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(appendings[i].err, TACIT_OK);
		assert_int_equal(watcher->numbers[appendings[i].index], i + 1);
	}
	/* and again from the start */
	read_all(store, name, 0, reading);
	assert_int_equal(reading->count, 400);
	assert_memory_equal(reading->numbers, watcher->numbers, 400 * sizeof(uint64_t));
	/* the end that somebody else moved is noticed without a tail, too */
	store->ops->free(store, FREE_MS);
	store = open_kafka();
	assert_int_equal(open_now(store, name, false).end, 400);
	stranger_writes(stranger, name, 2000, 30);
	stranger_flushes(stranger);
	read_now(store, name, range_of(400, 10, 1000, false), reading);
	assert_int_equal(reading->count, 1);
	assert_int_equal(reading->numbers[0], 2000);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
	free(watcher);
	free(reading);
}

/* who promised to be the only writer still gets what a stranger wrote, once it writes itself */
static void
a_sole_writer_reads_over_gaps(void **state)
{
	struct tacit_store *store = open_sole();
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	rd_kafka_t *stranger = stranger_new(NULL);
	char name[64];

	(void)state;
	make_stream(store, name);
	watch(watcher, store, name, 0);
	for (size_t i = 0; i < 10; i++) {
		for (size_t j = 0; j < i; j++)
			stranger_writes(stranger, name, 1000, 30);
		stranger_flushes(stranger);
		assert_int_equal(append_now(store, name, i + 1, 20).err, TACIT_OK);
	}
	pump(store, &watcher->count, 55);
	for (uint64_t i = 0; i < 55; i++)
		assert_int_equal(watcher->indexes[i], i);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
	free(watcher);
}

/* a marker is written some time after the commit returned */
static void
wait_for_end(struct tacit_store *store, const char *name, uint64_t end)
{
	while (open_now(store, name, false).end < end)
		pump_for(store, 1);
}

/* a transaction's marker takes an offset and is no entry */
static void
offsets_have_holes(void **state)
{
	struct tacit_store *store = open_kafka();
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct reading *reading = calloc(1, sizeof(*reading));
	char name[64];
	rd_kafka_t *stranger = stranger_new(make_stream(store, name));

	(void)state;
	assert_null(rd_kafka_init_transactions(stranger, KAFKA_TIMEOUT_MS));
	watch(watcher, store, name, 0);
	for (uint64_t i = 0; i < 5; i++) {
		assert_null(rd_kafka_begin_transaction(stranger));
		stranger_writes(stranger, name, 100 + i, 30);
		assert_null(rd_kafka_commit_transaction(stranger, KAFKA_TIMEOUT_MS));
		wait_for_end(store, name, 3 * i + 2);
		assert_int_equal(append_now(store, name, i + 1, 20).err, TACIT_OK);
	}
	pump(store, &watcher->count, 10);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(watcher->indexes[i], i / 2 * 3 + i % 2 * 2);
	/* a marker comes last: the end is behind it, and nothing lies before */
	assert_null(rd_kafka_begin_transaction(stranger));
	stranger_writes(stranger, name, 200, 30);
	assert_null(rd_kafka_commit_transaction(stranger, KAFKA_TIMEOUT_MS));
	store->ops->free(store, FREE_MS);
	store = open_kafka();
	wait_for_end(store, name, 17);
	read_all(store, name, 0, reading);
	assert_int_equal(reading->count, 11);
	read_now(store, name, range_of(16, 10, 1000, false), reading);
	assert_int_equal(reading->count, 0);
	/* a read that waits in the hole is answered by what comes behind it */
	watch(watcher, store, name, 16);
	pump_for(store, 200);
	assert_int_equal(watcher->calls, 0);
	assert_int_equal(append_now(store, name, 9, 20).index, 17);
	pump(store, &watcher->count, 1);
	assert_int_equal(watcher->numbers[0], 9);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
	free(watcher);
	free(reading);
}

/* what is confirmed is there for everybody, whatever a stranger leaves undecided before it */
static void
an_open_transaction_hides_nothing(void **state)
{
	struct tacit_store *store = open_kafka();
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct reading *reading = calloc(1, sizeof(*reading));
	uint64_t index[10];
	char name[64];
	rd_kafka_t *stranger = stranger_new(make_stream(store, name));

	(void)state;
	assert_null(rd_kafka_init_transactions(stranger, KAFKA_TIMEOUT_MS));
	watch(watcher, store, name, 0);
	assert_null(rd_kafka_begin_transaction(stranger));
	stranger_writes(stranger, name, 100, 30);
	stranger_flushes(stranger);
	fill_stream(store, name, 10, 20, index);
	assert_int_equal(open_now(store, name, false).end, 11);
	pump(store, &watcher->count, 11);
	assert_int_equal(watcher->empty, 0);
	store->ops->free(store, FREE_MS);
	store = open_kafka();
	assert_int_equal(open_now(store, name, false).end, 11);
	read_all(store, name, 0, reading);
	assert_int_equal(reading->count, 11);
	assert_null(rd_kafka_abort_transaction(stranger, KAFKA_TIMEOUT_MS));
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
	free(watcher);
	free(reading);
}

/* the same handle reads forwards and back: nothing of an earlier place may slip in */
static void
reads_jump_about(void **state)
{
	struct tacit_store *store = open_kafka();
	struct appending *appendings = calloc(2000, sizeof(*appendings));
	struct reading *reading = calloc(1, sizeof(*reading));
	char name[2][64];

	(void)state;
	for (int which = 0; which < 2; which++) {
		memset(appendings, 0, 2000 * sizeof(*appendings));
		make_stream(store, name[which]);
		for (size_t i = 0; i < 2000; i++)
			append_later(store, name[which], i + 1, 500, &appendings[i]);
		for (size_t i = 0; i < 2000; i++)
			pump(store, &appendings[i].calls, 1);
	}
	store->ops->free(store, FREE_MS);
	store = open_kafka();
	for (uint64_t i = 0; i < 60; i++) {
		uint64_t index = i * 7919 % 1900;

		read_now(store, name[i % 3 == 0], range_of(index, 50, 10000, false), reading);
		assert_in_range(reading->count, 1, 20);
		for (size_t j = 0; j < reading->count; j++)
			assert_int_equal(reading->numbers[j], index + j + 1);
	}
	store->ops->free(store, FREE_MS);
	free(appendings);
	free(reading);
}

static void
several_partitions_are_refused(void **state)
{
	struct tacit_store *store = open_kafka();
	rd_kafka_t *stranger = stranger_new(NULL);
	struct opening opening;
	struct reading reading;
	char name[64];

	(void)state;
	stranger_creates(stranger, fresh_name(name), 2);
	for (int create = 0; create < 2; create++) {
		opening = open_now(store, name, create);
		assert_int_equal(opening.err, TACIT_EDENIED);
		assert_non_null(strstr(opening.text, "2 partitions"));
	}
	assert_int_equal(append_now(store, name, 1, 10).err, TACIT_EDENIED);
	read_now(store, name, range_of(0, 1, 100, true), &reading);
	assert_int_equal(reading.err, TACIT_EDENIED);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
}

static void
no_create_creates_nothing(void **state)
{
	struct tacit_store *store =
	    open_with(&(struct tacit_store_kafka_config){.no_create = true});
	rd_kafka_t *stranger = stranger_new(NULL);
	struct opening opening;
	char name[64];

	(void)state;
	fresh_name(name);
	opening = open_now(store, name, true);
	assert_int_equal(opening.err, TACIT_EDENIED);
	assert_non_null(strstr(opening.text, name));
	assert_int_equal(open_now(store, name, false).err, TACIT_ENOTFOUND);
	stranger_creates(stranger, name, 1);
	assert_int_equal(open_now(store, name, true).err, TACIT_OK);
	assert_int_equal(append_now(store, name, 1, 10).err, TACIT_OK);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
}

/* groups that Kafka would not take are kept in memory; others outlive the hub */
static void
positions_of_odd_clients_stay_in_memory(void **state)
{
	struct tacit_store *store = open_kafka();
	char name[64];

	(void)state;
	make_stream(store, name);
	assert_false(position_now(store, "not / valid", name).found);
	store->ops->position_set(store, "not / valid", name, 7);
	store->ops->position_set(store, name, name, 8);
	assert_int_equal(position_now(store, "not / valid", name).index, 7);
	store->ops->free(store, FREE_MS);
	store = open_kafka();
	assert_false(position_now(store, "not / valid", name).found);
	assert_int_equal(position_now(store, name, name).index, 8);
	store->ops->free(store, FREE_MS);
}

static void
entries_below_the_first_are_gone(void **state)
{
	struct tacit_store *store = open_kafka();
	rd_kafka_t *stranger = stranger_new(NULL);
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	uint64_t index[100];
	struct reading reading;
	char name[64];

	(void)state;
	make_stream(store, name);
	fill_stream(store, name, 100, 20, index);
	store->ops->free(store, FREE_MS);
	store = open_kafka();
	assert_int_equal(open_now(store, name, false).first, 0);
	/* behind the store's back: it still believes in 0 */
	stranger_forgets(stranger, name, 60);
	read_now(store, name, range_of(10, 5, 1000, false), &reading);
	assert_int_equal(reading.count, 5);
	assert_int_equal(reading.indexes[0], 60);
	assert_int_equal(open_now(store, name, false).first, 60);
	/* all of it: a read waits, wherever it would have begun */
	stranger_forgets(stranger, name, 100);
	watch(watcher, store, name, 70);
	pump_for(store, 300);
	assert_int_equal(watcher->calls, 0);
	assert_int_equal(append_now(store, name, 5, 20).index, 100);
	pump(store, &watcher->count, 1);
	assert_int_equal(watcher->indexes[0], 100);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
	free(watcher);
}

int
main(void)
{
	const struct CMUnitTest without[] = {
	    cmocka_unit_test(properties_that_break_promises_are_refused),
	    cmocka_unit_test(ports_of_brokers_are_checked),
	    cmocka_unit_test(a_dead_address_is_not_reachable),
	};
	const struct CMUnitTest with[] = {
	    cmocka_unit_test(harmless_properties_are_taken),
	    cmocka_unit_test(a_stranger_writes_between_ours),
	    cmocka_unit_test(a_sole_writer_reads_over_gaps),
	    cmocka_unit_test(offsets_have_holes),
	    cmocka_unit_test(an_open_transaction_hides_nothing),
	    cmocka_unit_test(reads_jump_about),
	    cmocka_unit_test(several_partitions_are_refused),
	    cmocka_unit_test(no_create_creates_nothing),
	    cmocka_unit_test(positions_of_odd_clients_stay_in_memory),
	    cmocka_unit_test(entries_below_the_first_are_gone),
	};
	int failed = cmocka_run_group_tests(without, NULL, NULL);

	if (getenv("TACIT_KAFKA") == NULL) {
		print_message("skipped: set TACIT_KAFKA=HOST:PORT to a broker\n");
		return failed > 0 ? 1 : 77;
	}
	failed += cmocka_run_group_tests(with, NULL, NULL);
	failed += store_contract(&kafka_kind);
	failed += store_contract(&sole_kind);
	return failed > 0;
}
