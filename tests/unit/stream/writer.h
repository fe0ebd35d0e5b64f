/*
 * unit/stream/writer.h: a producer whose far end the test plays, and what came out of it.
 */
#ifndef TACIT_TESTS_WRITER_H
#define TACIT_TESTS_WRITER_H

#include "unit/stream/hub.h"

#include "stream/producer.h"

struct writer {
	struct mail mail;
	struct tacit_producer *producer;
	tacit_msec now;
	unsigned opened, failed, room, suspected;
	uint64_t first, end, confirmed;
	tacit_err err;
	char text[TACIT_TEXT_LEN_MAX + 1];
};

static inline void
on_opened(void *arg, uint64_t first, uint64_t end)
{
	struct writer *writer = arg;

	writer->opened++;
	writer->first = first;
	writer->end = end;
}

static inline void
on_failed(void *arg, tacit_err err, const char *text)
{
	struct writer *writer = arg;

	writer->failed++;
	writer->err = err;
	(void)snprintf(writer->text, sizeof(writer->text), "%s", text);
}

static inline void
on_confirmed(void *arg, uint64_t count)
{
	struct writer *writer = arg;

	assert_true(count > writer->confirmed);
	writer->confirmed = count;
}

static inline void
on_room(void *arg)
{
	((struct writer *)arg)->room++;
}

static inline void
on_suspect(void *arg)
{
	((struct writer *)arg)->suspected++;
}

static inline int
writer_new(void **state)
{
	struct writer *writer = tacit_alloc(sizeof(*writer));
	struct tacit_route service = mail_route("hub", "stream");
	struct tacit_producer_config config = {
	    .service = &service,
	    .name = "s",
	    .create = true,
	    .reply = tacit_address_worker("me"),
	    .opened = on_opened,
	    .failed = on_failed,
	    .confirmed = on_confirmed,
	    .room = on_room,
	    .suspect = on_suspect,
	};

	assert_non_null(writer);
	mail_init(&writer->mail, 2);
	config.port = mail_port(&writer->mail);
	config.arg = writer;
	writer->now = 5000;
	assert_int_equal(tacit_producer_new(&config, &writer->producer), TACIT_OK);
	*state = writer;
	return 0;
}

static inline int
writer_free(void **state)
{
	struct writer *writer = *state;

	tacit_producer_free(writer->producer);
	mail_drop(&writer->mail);
	tacit_free(writer);
	return 0;
}

static inline void
hand(struct writer *writer, struct tacit_msg *msg)
{
	tacit_producer_handle(writer->producer, msg, writer->now);
}

static inline void
tick(struct writer *writer, tacit_msec after)
{
	writer->now += after;
	tacit_producer_tick(writer->producer, writer->now);
}

/* answers the open request that was just sent */
static inline void
let_open(struct writer *writer)
{
	hand(writer, hub_open_answer(hub_take_open(&writer->mail), TACIT_OPEN_OK, 3, 9));
}

static inline int
writer_open(void **state)
{
	struct writer *writer;

	writer_new(state);
	writer = *state;
	tacit_producer_start(writer->producer, writer->now);
	let_open(writer);
	return 0;
}

static inline tacit_err
push(struct writer *writer, const char *text)
{
	struct tacit_msg *msg = tacit_msg_copy_of(text, strlen(text));

	msg->onward = mail_route("echoer", NULL);
	msg->ret = mail_route("app", NULL);
	return tacit_producer_push(writer->producer, msg, writer->now);
}

/* the next request pushes an entry with this payload; its id */
static inline uint64_t
take_push(struct writer *writer, const char *text)
{
	struct tacit_msg *msg, *entry;
	struct tacit_stream_request request = hub_take(&writer->mail, "stream.s", &msg);
	uint64_t id = request.push.request_id;

	assert_int_equal(request.protocol, TACIT_PROTOCOL_PUSH);
	assert_int_equal(
	    tacit_msg_decode(msg->block, (size_t)(request.push.data.bytes - msg->block->bytes),
		request.push.data.len, &entry),
	    TACIT_OK);
	mail_check_route(&entry->onward, "echoer", NULL);
	mail_check_route(&entry->ret, "app", NULL);
	assert_int_equal(entry->len, strlen(text));
	assert_memory_equal(tacit_msg_payload(entry), text, strlen(text));
	tacit_msg_unref(entry);
	tacit_msg_unref(msg);
	return id;
}

#endif
