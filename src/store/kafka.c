#define _GNU_SOURCE /* eventfd is Linux's own */
#include "store/kafka_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/random.h"

/* ms that free waits for what it gave up to come back */
#define PURGE_MS 500u

static struct kafka *
kafka_of(struct tacit_store *store)
{
	return (struct kafka *)(void *)store;
}

void
tacit_kafka_diag(struct kafka *k, enum tacit_store_kafka_level level, const char *format, ...)
{
	char text[512];
	va_list args;

	if (k->diag == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	k->diag(k->diag_arg, level, text);
}

void
tacit_kafka_wake(struct kafka *k)
{
	uint64_t one = 1;

	/* full means that it is readable already */
	if (write(k->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void
tacit_kafka_queue_watch(struct kafka *k, rd_kafka_queue_t *queue)
{
	uint64_t one = 1;

	rd_kafka_queue_io_event_enable(queue, k->wake_fd, &one, sizeof(one));
	tacit_kafka_wake(k);
}

void
tacit_kafka_queue_free(rd_kafka_queue_t *queue)
{
	/* the handle may outlive the descriptor, whose number is then somebody else's */
	rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
	rd_kafka_queue_destroy(queue);
}

tacit_msec
tacit_kafka_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (tacit_msec)now.tv_sec * 1000 + (tacit_msec)now.tv_nsec / 1000000;
}

uint64_t
tacit_kafka_time(const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(message, &type);

	return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms < 0 ? TACIT_TIME_UNKNOWN
								  : (uint64_t)ms;
}

void
tacit_kafka_event_other(struct kafka *k, rd_kafka_event_t *event)
{
	const char *facility, *line;
	int level;

	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG) {
		if (rd_kafka_event_log(event, &facility, &line, &level) == 0)
			tacit_kafka_diag(
			    k, TACIT_STORE_KAFKA_NOTE, "librdkafka: %s: %s", facility, line);
		return;
	}
	if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_ERROR)
		return;
	if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		if (!k->down)
			tacit_kafka_diag(k, TACIT_STORE_KAFKA_WARNING,
			    "no Kafka broker can be reached at %s%s", k->brokers,
			    k->read_only ? "" : ": pushes wait");
		k->down = true;
		return;
	}
	tacit_kafka_diag(
	    k, TACIT_STORE_KAFKA_NOTE, "Kafka: %s", rd_kafka_event_error_string(event));
}

static void
tick(struct kafka *k)
{
	if (k->now < k->ticked_at + KAFKA_TICK_MS / 2)
		return;
	k->ticked_at = k->now;
	tacit_kafka_producer_replace(k);
	tacit_kafka_tails_tick(k);
	tacit_kafka_readers_tick(k);
	tacit_kafka_positions_tick(k);
	tacit_kafka_streams_sweep(k);
}

static bool
dispatch(struct tacit_store *store, size_t budget)
{
	struct kafka *k = kafka_of(store);
	uint64_t wakes;

	k->now = tacit_kafka_clock();
	k->more = false;
	/* before the queues: what comes after this read wakes again */
	if (read(k->wake_fd, &wakes, sizeof(wakes)) < 0)
		wakes = 0;
	if (budget == 0)
		budget = 1;
	tacit_kafka_helper_answers(k);
	tacit_kafka_producers_serve(k, &budget);
	tacit_kafka_offsets_serve(k);
	tacit_kafka_tails_serve(k, &budget);
	tacit_kafka_streams_flush(k);
	tacit_kafka_readers_serve(k, &budget);
	tacit_kafka_tails_assign(k);
	tacit_kafka_topics_create(k);
	tick(k);
	return k->more;
}

static int
fd_of(struct tacit_store *store)
{
	return kafka_of(store)->wake_fd;
}

static void
free_config(struct kafka *k)
{
	for (size_t i = 0; i < k->property_count; i++) {
		tacit_free((char *)(uintptr_t)k->properties[i].key);
		/* values may be passwords */
		if (k->properties[i].value != NULL)
			tacit_wipe((char *)(uintptr_t)k->properties[i].value,
			    strlen(k->properties[i].value));
		tacit_free((char *)(uintptr_t)k->properties[i].value);
	}
	tacit_free(k->properties);
	tacit_free(k->brokers);
	tacit_free(k->topic_prefix);
	tacit_free(k->group_prefix);
}

static bool
is_busy(const struct kafka *k)
{
	return k->append_count > 0 || k->position_flight_count > 0;
}

/* waits for appends that are on their way, by doing what the loop does */
static void
drain(struct kafka *k, unsigned timeout_ms)
{
	tacit_msec deadline = tacit_kafka_clock() + timeout_ms;

	for (;;) {
		bool more = dispatch(&k->base, SIZE_MAX);
		tacit_msec now = tacit_kafka_clock();
		struct pollfd wake = {.fd = k->wake_fd, .events = POLLIN};

		if ((!more && !is_busy(k)) || now >= deadline)
			return;
		if (!more)
			(void)poll(&wake, 1, (int)(deadline - now < 100 ? deadline - now : 100));
	}
}

static void
free_store(struct tacit_store *store, unsigned timeout_ms)
{
	struct kafka *k = kafka_of(store);

	if (k == NULL)
		return;
	k->closing = true;
	if (k->helper.started) {
		drain(k, timeout_ms);
		tacit_kafka_producers_purge(k);
		drain(k, PURGE_MS);
	}
	tacit_kafka_helper_stop(k);
	tacit_kafka_tails_fini(k);
	tacit_kafka_streams_shut(k);
	tacit_kafka_readers_fini(k);
	tacit_kafka_positions_fini(k);
	tacit_kafka_producers_fini(k);
	tacit_kafka_streams_fini(k);
	if (k->wake_fd >= 0)
		close(k->wake_fd);
	free_config(k);
	tacit_free(k);
}

static const struct tacit_store_ops ops = {
    .open = tacit_kafka_open_stream,
    .append = tacit_kafka_append,
    .read = tacit_kafka_read,
    .cancel = tacit_kafka_cancel,
    .position_get = tacit_kafka_position_get,
    .position_set = tacit_kafka_position_set,
    .list = tacit_kafka_list,
    .fd = fd_of,
    .dispatch = dispatch,
    .free = free_store,
};

static tacit_err
copy_properties(struct kafka *k, const struct tacit_store_kafka_config *config)
{
	k->properties = tacit_alloc_array(config->property_count, sizeof(*k->properties));
	if (k->properties == NULL)
		return TACIT_ENOMEM;
	for (size_t i = 0; i < config->property_count; i++) {
		k->properties[i].key = tacit_strdup(config->properties[i].key);
		k->properties[i].value = tacit_strdup(config->properties[i].value);
		k->property_count = i + 1;
		if (k->properties[i].key == NULL || k->properties[i].value == NULL)
			return TACIT_ENOMEM;
	}
	return TACIT_OK;
}

static tacit_err
copy_config(struct kafka *k, const struct tacit_store_kafka_config *config)
{
	const char *topic_prefix = config->topic_prefix, *group_prefix = config->group_prefix;

	k->no_create = config->no_create;
	k->read_only = config->read_only;
	k->sole_writer = config->sole_writer;
	k->diag = config->diag;
	k->diag_arg = config->diag_arg;
	k->brokers = tacit_strdup(config->brokers);
	k->topic_prefix = tacit_strdup(topic_prefix != NULL ? topic_prefix : "");
	k->group_prefix = tacit_strdup(group_prefix != NULL ? group_prefix : "");
	if (k->brokers == NULL || k->topic_prefix == NULL || k->group_prefix == NULL)
		return TACIT_ENOMEM;
	return copy_properties(k, config);
}

static void
init_lists(struct kafka *k)
{
	struct tacit_random random = tacit_random_system();
	uint64_t seed;

	tacit_random_fill(&random, &seed, sizeof(seed));
	tacit_map_init(&k->streams, seed);
	tacit_map_init(&k->positions, seed);
	tacit_list_init(&k->lru);
	tacit_list_init(&k->touched);
	tacit_list_init(&k->creations);
	tacit_list_init(&k->old_producers);
	tacit_list_init(&k->full);
	tacit_list_init(&k->tails_wanted);
	tacit_list_init(&k->tails_assigned);
	tacit_list_init(&k->jobs);
	tacit_list_init(&k->positions_saved);
	tacit_list_init(&k->position_calls);
	tacit_list_init(&k->position_flights);
}

tacit_err
tacit_store_kafka_open(
    const struct tacit_store_kafka_config *config, struct tacit_store **ret, char *text, size_t cap)
{
	struct kafka *k = NULL;
	tacit_err err;

	if ((err = tacit_kafka_properties_check(config, text, cap)) != TACIT_OK)
		return err;
	snprintf(text, cap, "%s", tacit_strerror(TACIT_ENOMEM));
	if ((k = tacit_alloc(sizeof(*k))) == NULL)
		return TACIT_ENOMEM;
	k->base.ops = &ops;
	k->now = tacit_kafka_clock();
	init_lists(k);
	k->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (k->wake_fd < 0) {
		snprintf(text, cap, "no descriptor for Kafka's events: %s", strerror(errno));
		err = TACIT_EIO;
		goto done;
	}
	if ((err = copy_config(k, config)) != TACIT_OK)
		goto done;
	if ((err = tacit_kafka_producer_new(k, &k->producer, text, cap)) != TACIT_OK)
		goto done;
	if ((err = tacit_kafka_cluster_connect(k, text, cap)) != TACIT_OK)
		goto done;
	if ((err = tacit_kafka_helper_start(k)) != TACIT_OK) {
		snprintf(text, cap, "no thread for Kafka's questions");
		goto done;
	}
	*ret = &k->base;
	k = NULL;
done:
	if (k != NULL)
		free_store(&k->base, 0);
	return err;
}
