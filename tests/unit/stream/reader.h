/*
 * unit/stream/reader.h: a consumer whose far end the test plays, and what came out of it.
 */
#ifndef TACIT_TESTS_READER_H
#define TACIT_TESTS_READER_H

#include "unit/stream/hub.h"

#include "stream/consumer.h"

#define READ_MAX 64

struct reader {
	struct mail mail;
	struct tacit_consumer *consumer;
	tacit_msec now;
	unsigned opened, failed, suspected, events, delivered;
	enum tacit_consumer_event event;
	uint64_t from, to;
	tacit_err err;
	uint64_t indexes[READ_MAX];
	const uint8_t *last; /* where the payload of the last one is */
	uint64_t end;        /* the highest index delivered, and one */
	bool stop, reset;    /* at the next delivery */
};

static inline void
on_opened(void *arg, uint64_t first, uint64_t end)
{
	assert_true(first <= end);
	((struct reader *)arg)->opened++;
}

static inline void
on_deliver(void *arg, uint64_t index, struct tacit_msg *entry)
{
	struct reader *reader = arg;

	assert_int_equal(entry->origin, TACIT_ORIGIN_NETWORK);
	reader->indexes[reader->delivered++ % READ_MAX] = index;
	reader->last = tacit_msg_payload(entry);
	if (index >= reader->end)
		reader->end = index + 1;
	if (reader->stop)
		tacit_consumer_stop(reader->consumer);
	if (reader->reset)
		tacit_consumer_reset(reader->consumer, reader->now);
	reader->reset = false;
	tacit_msg_unref(entry);
}

static inline void
on_event(void *arg, enum tacit_consumer_event event, uint64_t from, uint64_t to)
{
	struct reader *reader = arg;

	reader->events++;
	reader->event = event;
	reader->from = from;
	reader->to = to;
}

static inline void
on_failed(void *arg, tacit_err err, const char *text)
{
	struct reader *reader = arg;

	assert_string_equal(text, "no ?[31mway");
	reader->failed++;
	reader->err = err;
}

static inline void
on_suspect(void *arg)
{
	((struct reader *)arg)->suspected++;
}

static inline struct tacit_consumer_config
config_of(struct reader *reader, const struct tacit_route routes[2])
{
	return (struct tacit_consumer_config){
	    .service = &routes[0],
	    .index = &routes[1],
	    .name = "s",
	    .create = true,
	    .client_id = "bob",
	    .reply = tacit_address_worker("me"),
	    .port = mail_port(&reader->mail),
	    .opened = on_opened,
	    .deliver = on_deliver,
	    .event = on_event,
	    .failed = on_failed,
	    .suspect = on_suspect,
	    .arg = reader,
	};
}

static inline void
make(struct reader *reader, const char *client_id, enum tacit_consumer_start start)
{
	const struct tacit_route routes[2] = {
	    mail_route("hub", "stream"), mail_route("hub", "stream_index")};
	struct tacit_consumer_config config = config_of(reader, routes);

	config.client_id = client_id;
	config.start = start;
	tacit_consumer_free(reader->consumer);
	assert_int_equal(tacit_consumer_new(&config, &reader->consumer), TACIT_OK);
	tacit_consumer_start(reader->consumer, reader->now);
}

static inline int
reader_new(void **state)
{
	struct reader *reader = tacit_alloc(sizeof(*reader));

	assert_non_null(reader);
	mail_init(&reader->mail, 3);
	reader->now = 5000;
	*state = reader;
	return 0;
}

static inline int
reader_free(void **state)
{
	struct reader *reader = *state;

	tacit_consumer_free(reader->consumer);
	mail_drop(&reader->mail);
	tacit_free(reader);
	return 0;
}

static inline void
hand(struct reader *reader, struct tacit_msg *msg)
{
	tacit_consumer_handle(reader->consumer, msg, reader->now);
}

static inline void
tick(struct reader *reader, tacit_msec after)
{
	reader->now += after;
	tacit_consumer_tick(reader->consumer, reader->now);
}

static inline void
let_open(struct reader *reader, uint64_t first, uint64_t end)
{
	hand(reader, hub_open_answer(hub_take_open(&reader->mail), TACIT_OPEN_OK, first, end));
}

/* the next request is a pull from this index; its id */
static inline uint64_t
take_pull(struct reader *reader, uint64_t index)
{
	struct tacit_msg *msg;
	struct tacit_stream_request request = hub_take(&reader->mail, "stream.s", &msg);

	tacit_msg_unref(msg);
	assert_int_equal(request.protocol, TACIT_PROTOCOL_PULL);
	assert_int_equal(request.pull.index, index);
	assert_int_equal(request.pull.limit, TACIT_PULL_LIMIT);
	return request.pull.request_id;
}

/* the next request is for the index service; the index of a save */
static inline uint64_t
take_index(struct reader *reader, bool save)
{
	struct tacit_msg *msg;
	struct tacit_stream_request request = hub_take(&reader->mail, "stream_index", &msg);

	assert_int_equal(request.protocol, TACIT_PROTOCOL_INDEX);
	assert_int_equal(request.index.save, save);
	assert_true(tacit_slice_is(request.index.client_id, "bob"));
	assert_true(tacit_slice_is(request.index.name, "s"));
	tacit_msg_unref(msg);
	return request.index.index;
}

static inline struct tacit_msg *
position(bool found, uint64_t index)
{
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_INDEX};

	response.index.client_id = mail_slice("bob");
	response.index.name = mail_slice("s");
	response.index.has_index = found;
	response.index.index = index;
	return hub_answer(&response);
}

/* an entry with this payload, in its wire form */
static inline struct tacit_msg *
entry(const char *text)
{
	struct tacit_msg *msg = tacit_msg_copy_of(text, strlen(text));

	msg->onward = mail_route("echoer", NULL);
	msg->ret = mail_route("app", NULL);
	assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
	return msg;
}

/* an answer with entries of these indexes */
static inline struct tacit_msg *
entries(uint64_t id, const uint64_t *indexes, size_t count)
{
	struct tacit_msg *one = entry("hello"), *msg;
	struct tacit_pull_writer writer;
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += one->len + tacit_pull_entry_overhead(indexes[i], one->len);
	assert_int_equal(tacit_pull_writer_begin(&writer, id, count, len, 0), TACIT_OK);
	for (size_t i = 0; i < count; i++)
		tacit_pull_writer_add(&writer, indexes[i], tacit_msg_payload(one), one->len);
	msg = tacit_pull_writer_finish(&writer);
	msg->onward = mail_route("me", NULL);
	msg->ret = mail_route("hub", "stream.s");
	tacit_msg_unref(one);
	return msg;
}

static inline struct tacit_msg *
run_of(uint64_t id, uint64_t first, size_t count)
{
	uint64_t indexes[READ_MAX];

	for (size_t i = 0; i < count; i++)
		indexes[i] = first + i;
	return entries(id, indexes, count);
}

#endif
