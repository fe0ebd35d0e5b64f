/*
 * The Kafka store when things go wrong, and when there is much of it (DESIGN.md, "Stores"),
 * against the broker that TACIT_KAFKA=HOST:PORT names.
 *
 * With TACIT_KAFKA_RUN, a shell command whose process becomes a broker on TACIT_KAFKA's address
 * with what it held before (script/kafka run VERSION DIR PORT), that broker is killed and started
 * again.
 */
#include "support/kafka.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/kafka_internal.h"

#define FREE_MS 10000

static rd_kafka_t *
producer_of(struct tacit_store *store)
{
	return ((struct kafka *)(void *)store)->producer->rk;
}

/* a topic that was deleted and made again begins at 0: nobody may believe in the old offsets */
static void
a_topic_made_again_is_noticed(void **state)
{
	struct tacit_store *store = open_kafka();
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	rd_kafka_t *stranger = stranger_new(NULL);
	struct appending appending;
	struct opening opening;
	struct reading reading;
	uint64_t index[10];
	char name[64];

	(void)state;
	make_stream(store, name);
	fill_stream(store, name, 10, 20, index);
	stranger_deletes(stranger, name);
	stranger_creates(stranger, name, 1);
	/* who opens is told the new end; who waited at the old one gets nothing, at once */
	watch(watcher, store, name, 10);
	do
		opening = open_now(store, name, true);
	while (opening.err != TACIT_OK);
	assert_int_equal(opening.end, 0);
	pump(store, &watcher->calls, 1);
	assert_true(watcher->count == 0);
	do
		appending = append_now(store, name, 21, 20);
	while (appending.err != TACIT_OK);
	assert_int_equal(appending.index, 0);
	read_all(store, name, 0, &reading);
	assert_int_equal(reading.count, 1);
	assert_int_equal(reading.numbers[0], 21);
	/* and who only appends is noticed by the offset that comes back */
	fill_stream(store, name, 5, 20, index);
	stranger_deletes(stranger, name);
	stranger_creates(stranger, name, 1);
	do
		appending = append_now(store, name, 31, 20);
	while (appending.err != TACIT_OK);
	assert_int_equal(appending.index, 0);
	assert_int_equal(open_now(store, name, false).end, 1);
	read_all(store, name, 0, &reading);
	assert_int_equal(reading.count, 1);
	assert_int_equal(reading.numbers[0], 31);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
	free(watcher);
}

static void
a_deleted_topic_is_not_found(void **state)
{
	struct tacit_store *store = open_kafka();
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	rd_kafka_t *stranger = stranger_new(NULL);
	uint64_t index[10];
	char name[64];

	(void)state;
	make_stream(store, name);
	fill_stream(store, name, 10, 20, index);
	watch(watcher, store, name, 10);
	pump_for(store, 300);
	stranger_deletes(stranger, name);
	/* the tail hears of it by itself */
	pump(store, &watcher->calls, 1);
	assert_int_equal(watcher->err, TACIT_ENOTFOUND);
	assert_int_equal(append_now(store, name, 1, 20).err, TACIT_ENOTFOUND);
	assert_int_equal(open_now(store, name, false).err, TACIT_ENOTFOUND);
	assert_int_equal(open_now(store, name, true).err, TACIT_OK);
	assert_int_equal(append_now(store, name, 1, 20).index, 0);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
	free(watcher);
}

/* what was in flight is in doubt, what comes after goes on, in order */
static void
a_fatal_producer_is_replaced(void **state)
{
	struct tacit_store *store = open_kafka();
	struct appending *appendings = calloc(1000, sizeof(*appendings));
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	rd_kafka_t *before = producer_of(store);
	uint64_t last = 0;
	int good = 0;
	char name[64];

	(void)state;
	make_stream(store, name);
	watch(watcher, store, name, 0);
	for (size_t i = 0; i < 1000; i++) {
		append_later(store, name, i + 1, 20, &appendings[i]);
		if (i == 500)
			rd_kafka_test_fatal_error(
			    before, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test");
		while (i == 700 && producer_of(store) == before)
			pump_for(store, 1);
	}
	for (size_t i = 0; i < 1000; i++) {
		pump(store, &appendings[i].calls, 1);
		if (appendings[i].err != TACIT_OK) {
			assert_true(appendings[i].err == TACIT_EUNCONFIRMED ||
				    appendings[i].err == TACIT_EIO);
			assert_true(i <= 700);
			continue;
		}
		assert_true(good == 0 || appendings[i].index > last);
		last = appendings[i].index;
		good++;
	}
	assert_ptr_not_equal(producer_of(store), before);
	/* the reader has all that is confirmed, in its place */
	assert_true(good >= 299);
	while (watcher->next <= last)
		pump_for(store, 1);
	for (size_t i = 0; i < 1000; i++)
		if (appendings[i].err == TACIT_OK)
			assert_int_equal(watcher->numbers[appendings[i].index], i + 1);
	/* everything else works on the new one */
	make_stream(store, name);
	store->ops->position_set(store, name, name, 5);
	assert_int_equal(position_now(store, name, name).index, 5);
	store->ops->free(store, FREE_MS);
	free(watcher);
	free(appendings);
}

static void
a_full_queue_holds_appends_back(void **state)
{
	static const struct tacit_store_kafka_property few = {"queue.buffering.max.messages", "10"};
	struct tacit_store *store =
	    open_with(&(struct tacit_store_kafka_config){.properties = &few, .property_count = 1});
	struct appending *appendings = calloc(1000, sizeof(*appendings));
	char name[64];

	(void)state;
	make_stream(store, name);
	for (size_t i = 0; i < 1000; i++)
		append_later(store, name, i + 1, 20, &appendings[i]);
	for (size_t i = 0; i < 1000; i++) {
		pump(store, &appendings[i].calls, 1);
		assert_int_equal(appendings[i].err, TACIT_OK);
		assert_int_equal(appendings[i].index, i);
	}
	/* free with a full queue: each is answered once */
	memset(appendings, 0, 1000 * sizeof(*appendings));
	for (size_t i = 0; i < 1000; i++)
		append_later(store, name, i + 1, 20, &appendings[i]);
	store->ops->free(store, 0);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(appendings[i].calls, 1);
	free(appendings);
}

#define MANY 300

/* all at once: opened, and then waited on by tails of several handles, which a stranger wakes */
static void
many_streams_at_once(void **state)
{
	struct tacit_store *store = open_kafka();
	struct watcher *watchers = calloc(MANY, sizeof(*watchers));
	struct opening *openings = calloc(MANY, sizeof(*openings));
	char(*names)[64] = calloc(MANY, sizeof(*names));
	rd_kafka_t *stranger = stranger_new(NULL);

	(void)state;
	for (int i = 0; i < MANY; i++)
		store->ops->open(store, fresh_name(names[i]), true, on_open, &openings[i]);
	for (int i = 0; i < MANY; i++) {
		finish_open(store, names[i], &openings[i]);
		watch(&watchers[i], store, names[i], 0);
	}
	while (((struct kafka *)(void *)store)->tail_count < (MANY + 99) / 100)
		pump_for(store, 1);
	pump_for(store, 100);
	assert_int_equal(((struct kafka *)(void *)store)->tail_count, (MANY + 99) / 100);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++)
			stranger_writes(stranger, names[i], (uint64_t)(i + 1), 40);
		stranger_flushes(stranger);
		for (int i = 0; i < MANY; i++) {
			pump(store, &watchers[i].count, round + 1);
			assert_int_equal(watchers[i].numbers[round], i + 1);
		}
	}
	store->ops->free(store, FREE_MS);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(watchers[i].err, TACIT_ECLOSED);
	rd_kafka_destroy(stranger);
	free(names);
	free(openings);
	free(watchers);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

#define SAMPLES 300

/* printed, not asserted: us from an append, or a stranger's write, to the answer of a waiting
 * read */
static void
measure(struct tacit_store *store, const char *what, rd_kafka_t *stranger)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	double us[SAMPLES];
	char name[64];

	make_stream(store, name);
	watch(watcher, store, name, 0);
	pump_for(store, 300);
	for (int i = 0; i < SAMPLES; i++) {
		struct appending appending = {0};
		double start = now_us();

		if (stranger != NULL) {
			stranger_writes(stranger, name, (uint64_t)i + 1, 64);
			rd_kafka_poll(stranger, 0);
		} else {
			append_later(store, name, (uint64_t)i + 1, 64, &appending);
		}
		pump(store, &watcher->count, i + 1);
		us[i] = now_us() - start;
		if (stranger == NULL)
			pump(store, &appending.calls, 1);
	}
	qsort(us, SAMPLES, sizeof(us[0]), compare);
	print_message("%s: p50 %.0f us, p99 %.0f us, max %.0f us\n", what, us[SAMPLES / 2],
	    us[SAMPLES * 99 / 100], us[SAMPLES - 1]);
	store->ops->free(store, FREE_MS);
	free(watcher);
}

static void
answers_come_soon(void **state)
{
	rd_kafka_t *stranger = stranger_new(NULL);

	(void)state;
	measure(open_kafka(), "append to answer of a waiting read", NULL);
	measure(open_sole(), "the same as sole writer", NULL);
	measure(open_kafka(), "another's write to answer", stranger);
	rd_kafka_destroy(stranger);
}

/* the broker's process, whose standard output says when it is ready */
static pid_t
start_broker(const char *command)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char exec[1024];

		snprintf(exec, sizeof(exec), "exec %s", command);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/bin/sh", "sh", "-c", exec, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	/* one line: "Kafka is ready on ..." */
	do
		assert_int_equal(read(ends[0], &byte, 1), 1);
	while (byte != '\n');
	close(ends[0]);
	return pid;
}

static void
end_broker(pid_t pid, int number)
{
	kill(pid, number);
	waitpid(pid, NULL, 0);
}

#define ROUNDS  3
#define APPENDS 1200

/* killed under appends, three times: each entry is there once, in order, and confirmed */
static void
a_killed_broker_is_ridden_out(void **state)
{
	const char *command = getenv("TACIT_KAFKA_RUN");
	struct appending *appendings = calloc(APPENDS, sizeof(*appendings));
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct listing listing = {0};
	struct tacit_store *store;
	char name[64];
	pid_t broker;

	(void)state;
	if (command == NULL) {
		free(watcher);
		free(appendings);
		skip();
	}
	broker = start_broker(command);
	store = open_kafka();
	make_stream(store, name);
	watch(watcher, store, name, 0);
	for (size_t i = 0; i < APPENDS; i++) {
		append_later(store, name, i + 1, 100, &appendings[i]);
		pump_for(store, 1);
		if (i % (APPENDS / ROUNDS) == APPENDS / ROUNDS / 2) {
			end_broker(broker, SIGKILL);
			for (int j = 0; j < 100 && ++i < APPENDS; j++) {
				append_later(store, name, i + 1, 100, &appendings[i]);
				pump_for(store, 1);
			}
			broker = start_broker(command);
		}
	}
	for (size_t i = 0; i < APPENDS; i++) {
		pump(store, &appendings[i].calls, 1);
		assert_int_equal(appendings[i].err, TACIT_OK);
		assert_int_equal(appendings[i].index, i);
	}
	pump(store, &watcher->count, APPENDS);
	for (size_t i = 0; i < APPENDS; i++)
		assert_int_equal(watcher->numbers[i], i + 1);
	assert_int_equal(open_now(store, name, false).end, APPENDS);
	/* away for good: what is asked fails in words, and what is in flight at the end is in
	 * doubt */
	end_broker(broker, SIGKILL);
	assert_int_equal(open_once(store, name, true).err, TACIT_EUNREACHABLE);
	memset(appendings, 0, sizeof(*appendings));
	append_later(store, name, 1, 100, &appendings[0]);
	/* a listing ends with its store, and not when its own time is over */
	store->ops->list(store, on_listing, &listing);
	pump_for(store, 500);
	assert_int_equal(listing.calls, 0);
	store->ops->free(store, 100);
	assert_int_equal(listing.calls, 1);
	assert_int_equal(listing.err, TACIT_ECLOSED);
	assert_int_equal(appendings[0].calls, 1);
	assert_true(appendings[0].err == TACIT_EUNCONFIRMED || appendings[0].err == TACIT_EIO);
	free(watcher);
	free(appendings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_topic_made_again_is_noticed),
	    cmocka_unit_test(a_deleted_topic_is_not_found),
	    cmocka_unit_test(a_fatal_producer_is_replaced),
	    cmocka_unit_test(a_full_queue_holds_appends_back),
	    cmocka_unit_test(many_streams_at_once),
	    cmocka_unit_test(answers_come_soon),
	};
	const struct CMUnitTest kills[] = {
	    cmocka_unit_test(a_killed_broker_is_ridden_out),
	};

	if (getenv("TACIT_KAFKA") == NULL) {
		print_message("skipped: set TACIT_KAFKA=HOST:PORT to a broker\n");
		return 77;
	}
	if (getenv("TACIT_KAFKA_RUN") != NULL)
		return cmocka_run_group_tests(kills, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
