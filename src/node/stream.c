#include <stdio.h>

#include "base/memory.h"
#include "node/internal.h"
#include "stream/consumer.h"
#include "stream/producer.h"
#include "tacit/stream.h"

/*
 * A stream client: a producer and a consumer, each with a worker for the service's answers, and
 * the worker `sender`, which is the way out for everybody in this process.
 *
 * When the route begins with a TCP peer the client wants that connection: what it loses with one
 * it asks for again on the next.
 */

struct tacit_stream {
	struct tacit_owned owned;
	struct tacit_node *node;
	struct tacit_producer *producer;
	struct tacit_consumer *consumer;
	struct tacit_worker *sender;      /* entries to write; hears this process alone */
	struct tacit_worker *to_producer; /* the service's answers */
	struct tacit_worker *to_consumer;
	struct tacit_alarm *producer_alarm, *consumer_alarm;
	struct tacit_tcp_want *want; /* NULL: the service is in this process */
	bool started, failed;
	bool producer_open, consumer_open;
	unsigned long long answers;
	const char *sender_name, *receiver_name, *peer;
	char down[256]; /* why there is no connection */
};

/* ports ---------------------------------------------------------------------------------------- */

static void
port_send(void *arg, struct tacit_msg *msg)
{
	struct tacit_stream *stream = arg;

	msg->origin = TACIT_ORIGIN_LOCAL;
	tacit_node_route(stream->node, msg);
}

static void
producer_wake_at(void *arg, tacit_msec at)
{
	struct tacit_stream *stream = arg;

	tacit_alarm_set(stream->producer_alarm, at);
}

static void
consumer_wake_at(void *arg, tacit_msec at)
{
	struct tacit_stream *stream = arg;

	tacit_alarm_set(stream->consumer_alarm, at);
}

static void
on_producer_alarm(void *arg)
{
	struct tacit_stream *stream = arg;

	tacit_producer_tick(stream->producer, tacit_node_now(stream->node));
}

static void
on_consumer_alarm(void *arg)
{
	struct tacit_stream *stream = arg;

	tacit_consumer_tick(stream->consumer, tacit_node_now(stream->node));
}

/* what the engines tell ------------------------------------------------------------------------ */

static void
on_producer_opened(void *arg, uint64_t first, uint64_t end)
{
	struct tacit_stream *stream = arg;

	(void)first;
	(void)end;
	stream->producer_open = true;
}

static void
on_consumer_opened(void *arg, uint64_t first, uint64_t end)
{
	struct tacit_stream *stream = arg;

	(void)first;
	(void)end;
	stream->consumer_open = true;
}

static void
fail(struct tacit_stream *stream, const char *name, tacit_err err, const char *text)
{
	stream->failed = true;
	tacit_node_fail(
	    stream->node, err, "stream %s: %s", name, text[0] != '\0' ? text : tacit_strerror(err));
}

static void
on_producer_failed(void *arg, tacit_err err, const char *text)
{
	struct tacit_stream *stream = arg;

	fail(stream, stream->sender_name, err, text);
}

static void
on_consumer_failed(void *arg, tacit_err err, const char *text)
{
	struct tacit_stream *stream = arg;

	fail(stream, stream->receiver_name, err, text);
}

static void
on_suspect(void *arg)
{
	struct tacit_stream *stream = arg;

	tacit_node_log(stream->node, TACIT_LOG_WARNING,
	    "the stream service does not answer: connecting again");
	if (stream->want != NULL)
		tacit_tcp_want_drop(stream->want);
}

static void
on_consumer_event(void *arg, enum tacit_consumer_event event, uint64_t from, uint64_t to)
{
	static const char *const texts[] = {
	    [TACIT_CONSUMER_ROLLED_BACK] = "was rolled back (position, end)",
	    [TACIT_CONSUMER_TRIMMED] = "was trimmed before it was read (position, first)",
	    [TACIT_CONSUMER_SKIPPED] = "has entries that are no messages (now, in all)",
	};
	struct tacit_stream *stream = arg;

	tacit_node_log(stream->node, TACIT_LOG_WARNING, "stream %s %s: %llu, %llu",
	    stream->receiver_name, texts[event], (unsigned long long)from, (unsigned long long)to);
}

/* entries -------------------------------------------------------------------------------------- */

/* in: an entry's way back leads through the stream that we write */
static void
on_entry(void *arg, uint64_t index, struct tacit_msg *entry)
{
	struct tacit_stream *stream = arg;

	(void)index;
	if (entry->onward.count == 0 ||
	    tacit_route_prepend(&entry->ret, tacit_worker_address(stream->sender)) != TACIT_OK) {
		tacit_msg_unref(entry);
		return;
	}
	tacit_node_route(stream->node, entry);
}

/* out */
static void
on_sender(void *self, struct tacit_msg *msg)
{
	struct tacit_stream *stream = self;
	tacit_err err;

	tacit_route_pop(&msg->onward);
	if ((err = tacit_producer_push(stream->producer, msg, tacit_node_now(stream->node))) !=
	    TACIT_OK)
		tacit_node_log(stream->node, TACIT_LOG_INFO, "an entry for %s was dropped: %s",
		    stream->sender_name, tacit_strerror(err));
}

/* a program that writes faster than the service confirms waits */
static int
sender_has_room(void *self)
{
	const struct tacit_stream *stream = self;

	return tacit_producer_has_room(stream->producer);
}

static tacit_err
sender_check(void *self, const struct tacit_msg *msg)
{
	const struct tacit_stream *stream = self;

	return tacit_producer_has_room(stream->producer) &&
		       tacit_msg_encoded_len(msg) <= TACIT_ENTRY_LEN_MAX
		   ? TACIT_OK
		   : TACIT_ELIMIT;
}

static void
on_producer_answer(void *self, struct tacit_msg *msg)
{
	struct tacit_stream *stream = self;

	stream->answers++;
	tacit_producer_handle(stream->producer, msg, tacit_node_now(stream->node));
}

static void
on_consumer_answer(void *self, struct tacit_msg *msg)
{
	struct tacit_stream *stream = self;

	stream->answers++;
	tacit_consumer_handle(stream->consumer, msg, tacit_node_now(stream->node));
}

/* the connection ------------------------------------------------------------------------------- */

static void
on_up(void *arg)
{
	struct tacit_stream *stream = arg;
	tacit_msec now = tacit_node_now(stream->node);

	if (!stream->started) {
		stream->started = true;
		tacit_consumer_start(stream->consumer, now);
		tacit_producer_start(stream->producer, now);
	} else {
		tacit_consumer_reset(stream->consumer, now);
		tacit_producer_reset(stream->producer, now);
	}
}

static void
on_down(void *arg, const char *text)
{
	struct tacit_stream *stream = arg;

	stream->producer_open = stream->consumer_open = false;
	snprintf(stream->down, sizeof(stream->down), "%s", text);
	if (!stream->started)
		return;
	tacit_consumer_pause(stream->consumer);
	tacit_producer_pause(stream->producer);
}

/* making and ending ---------------------------------------------------------------------------- */

static void
free_stream(struct tacit_owned *self)
{
	struct tacit_stream *stream = TACIT_CONTAINER(self, struct tacit_stream, owned);

	tacit_tcp_want_free(stream->want);
	tacit_consumer_free(stream->consumer);
	tacit_producer_free(stream->producer);
	tacit_worker_remove(stream->sender);
	tacit_worker_remove(stream->to_producer);
	tacit_worker_remove(stream->to_consumer);
	tacit_alarm_free(stream->producer_alarm);
	tacit_alarm_free(stream->consumer_alarm);
	tacit_free(stream);
}

static void
close_stream(struct tacit_owned *self)
{
	struct tacit_stream *stream = TACIT_CONTAINER(self, struct tacit_stream, owned);

	if (stream->started)
		tacit_consumer_stop(stream->consumer);
}

static tacit_err
service_route(const struct tacit_stream_options *options, const char *name, const char *otherwise,
    struct tacit_route *ret)
{
	tacit_route_init(ret);
	if (options->route != NULL)
		tacit_route_copy(ret, options->route);
	return tacit_route_append(ret, tacit_address_worker(name != NULL ? name : otherwise));
}

static tacit_err
make_producer(struct tacit_stream *stream, const struct tacit_stream_options *options)
{
	struct tacit_route service;
	struct tacit_producer_config config = {
	    .service = &service,
	    .name = options->sender_name,
	    .create = options->create,
	    .reply = tacit_worker_address(stream->to_producer),
	    .port = {stream, port_send, producer_wake_at, *tacit_node_random(stream->node)},
	    .opened = on_producer_opened,
	    .failed = on_producer_failed,
	    .suspect = on_suspect,
	    .arg = stream,
	};
	tacit_err err;

	err = service_route(options, options->stream_service, "stream_kafka", &service);
	return err != TACIT_OK ? err : tacit_producer_new(&config, &stream->producer);
}

static tacit_err
make_consumer(struct tacit_stream *stream, const struct tacit_stream_options *options)
{
	struct tacit_route service, index;
	struct tacit_consumer_config config = {
	    .service = &service,
	    .index = &index,
	    .name = options->receiver_name,
	    .create = options->create,
	    .client_id = options->client_id,
	    .start = options->from_end ? TACIT_START_END : TACIT_START_STORED,
	    .reply = tacit_worker_address(stream->to_consumer),
	    .port = {stream, port_send, consumer_wake_at, *tacit_node_random(stream->node)},
	    .opened = on_consumer_opened,
	    .deliver = on_entry,
	    .event = on_consumer_event,
	    .failed = on_consumer_failed,
	    .suspect = on_suspect,
	    .arg = stream,
	};
	tacit_err err;

	if ((err = service_route(options, options->stream_service, "stream_kafka", &service)) !=
		TACIT_OK ||
	    (err = service_route(options, options->index_service, "stream_kafka_index", &index)) !=
		TACIT_OK)
		return err;
	return tacit_consumer_new(&config, &stream->consumer);
}

/* workers and alarms; false: the node remembers why */
static bool
add_workers(struct tacit_stream *stream)
{
	struct tacit_node *node = stream->node;
	unsigned answers = TACIT_HEARS_LOCAL | TACIT_HEARS_NETWORK;

	return (stream->sender = tacit_worker_add(
		    node, NULL, TACIT_HEARS_LOCAL, on_sender, stream)) != NULL &&
	       (stream->to_producer =
		       tacit_worker_add(node, NULL, answers, on_producer_answer, stream)) != NULL &&
	       (stream->to_consumer =
		       tacit_worker_add(node, NULL, answers, on_consumer_answer, stream)) != NULL &&
	       (stream->producer_alarm = tacit_alarm_new(node, on_producer_alarm, stream)) !=
		   NULL &&
	       (stream->consumer_alarm = tacit_alarm_new(node, on_consumer_alarm, stream)) != NULL;
}

/* which of the options the engines did not take */
static void
say_unusable(struct tacit_node *node, const struct tacit_stream_options *options, tacit_err err)
{
	if (tacit_node_takes_name(node, options->sender_name) &&
	    tacit_node_takes_name(node, options->receiver_name) &&
	    (options->client_id == NULL || tacit_node_takes_client_id(node, options->client_id)))
		tacit_node_fail(node, err, "cannot make a stream client: %s", tacit_strerror(err));
}

static struct tacit_stream *
stream_new(struct tacit_node *node)
{
	struct tacit_stream *stream = tacit_alloc(sizeof(*stream));

	if (stream == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a stream client");
		return NULL;
	}
	stream->node = node;
	stream->owned.free = free_stream;
	stream->owned.close = close_stream;
	tacit_node_own(node, &stream->owned);
	return stream;
}

/* names, workers and engines; false: the node remembers why */
static bool
fill_in(struct tacit_stream *stream, const struct tacit_stream_options *options)
{
	struct tacit_node *node = stream->node;
	tacit_err err;

	stream->sender_name = tacit_node_text(node, "%s", options->sender_name);
	stream->receiver_name = tacit_node_text(node, "%s", options->receiver_name);
	if (!tacit_node_usable(node) || !add_workers(stream))
		return false;
	if ((err = make_producer(stream, options)) == TACIT_OK)
		err = make_consumer(stream, options);
	if (err != TACIT_OK) {
		say_unusable(node, options, err);
		return false;
	}
	tacit_worker_set_room(stream->sender, sender_has_room);
	tacit_worker_set_check(stream->sender, sender_check);
	return true;
}

static int
opened(void *arg)
{
	const struct tacit_stream *stream = arg;

	return (stream->producer_open && stream->consumer_open) || stream->failed;
}

/* waits until both streams are open; the node remembers why they are not */
static bool
wait_opened(struct tacit_stream *stream)
{
	tacit_err err = tacit_node_wait(stream->node, opened, stream, TACIT_STREAM_CONNECT_MS);

	if (err == TACIT_OK && !stream->failed)
		return true;
	if (err != TACIT_ETIMEDOUT)
		return false;
	if (!stream->started)
		tacit_node_fail(stream->node, TACIT_EUNREACHABLE,
		    "%s; check the address, and that the hub runs",
		    stream->down[0] != '\0' ? stream->down : "no connection within 10 s");
	else
		tacit_node_fail(stream->node, TACIT_ETIMEDOUT,
		    "%s does not answer: it may be no Tacit hub, or its store may be down",
		    stream->peer);
	return false;
}

/* begins to open both streams, as soon as there is a way to them */
static bool
set_out(struct tacit_stream *stream, const struct tacit_route *route)
{
	struct tacit_address first;

	if (route == NULL || !tacit_route_first(route, &first) || first.type != TACIT_ADDRESS_TCP) {
		stream->peer = "the stream service";
		on_up(stream);
		return true;
	}
	stream->peer =
	    tacit_node_text(stream->node, "%.*s", (int)first.len, (const char *)first.bytes);
	stream->want = tacit_tcp_want_new(stream->node, first, on_up, on_down, stream);
	return stream->want != NULL;
}

struct tacit_stream *
tacit_stream_connect(struct tacit_node *node, const struct tacit_stream_options *options)
{
	struct tacit_stream *stream;

	if (!tacit_node_usable(node) || tacit_node_stopped(node))
		return NULL;
	if (options->sender_name == NULL || options->receiver_name == NULL ||
	    tacit_node_in_loop(node)) {
		tacit_node_fail(node, TACIT_EINVAL, "%s",
		    tacit_node_in_loop(node) ? "a stream client cannot be made in a handler"
					     : "two names of streams are needed");
		return NULL;
	}
	if ((stream = stream_new(node)) == NULL)
		return NULL;
	if (fill_in(stream, options) && set_out(stream, options->route) && wait_opened(stream))
		return stream;
	/* nobody has it: opening later it would deliver what another one delivers, too */
	tacit_node_disown(&stream->owned);
	free_stream(&stream->owned);
	return NULL;
}

const char *
tacit_stream_sender(const struct tacit_stream *stream)
{
	return stream != NULL ? tacit_worker_name(stream->sender) : NULL;
}

const char *
tacit_stream_sender_name(const struct tacit_stream *stream)
{
	return stream != NULL ? stream->sender_name : NULL;
}

const char *
tacit_stream_receiver_name(const struct tacit_stream *stream)
{
	return stream != NULL ? stream->receiver_name : NULL;
}

bool
tacit_stream_connected(const struct tacit_stream *stream)
{
	return stream != NULL && stream->producer_open && stream->consumer_open;
}

unsigned long long
tacit_stream_answers(const struct tacit_stream *stream)
{
	return stream != NULL ? stream->answers : 0;
}
