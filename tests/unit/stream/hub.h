/*
 * unit/stream/hub.h: the far end of a producer or consumer, played by the test: takes the requests
 * that the engine sends one by one, and answers what it likes.
 */
#ifndef TACIT_TESTS_HUB_H
#define TACIT_TESTS_HUB_H

#include "support/payload.h"
#include "unit/stream/mail.h"

#include "base/limits.h"
#include "base/memory.h"

/* the oldest request, which must go to `to` behind the hub's hop, with our address as the way
 * back; *ret_msg holds what its slices point into */
static inline struct tacit_stream_request
hub_take(struct mail *mail, const char *to, struct tacit_msg **ret_msg)
{
	struct tacit_stream_request request;
	struct tacit_msg *msg = mail_take(mail);

	mail_check_route(&msg->onward, "hub", to);
	mail_check_route(&msg->ret, "me", NULL);
	assert_int_equal(tacit_stream_request_decode(msg, &request), TACIT_OK);
	*ret_msg = msg;
	return request;
}

/* the oldest request is for opening; its id */
static inline uint64_t
hub_take_open(struct mail *mail)
{
	struct tacit_msg *msg;
	struct tacit_stream_request request = hub_take(mail, "stream", &msg);

	assert_int_equal(request.protocol, TACIT_PROTOCOL_OPEN);
	assert_true(request.open.has_name);
	assert_true(tacit_slice_is(request.open.name, "s"));
	tacit_msg_unref(msg);
	return request.open.request_id;
}

/* an answer as it arrives: the way back is the stream's worker behind the hub */
static inline struct tacit_msg *
hub_answer(const struct tacit_stream_response *response)
{
	struct tacit_msg *msg;

	assert_int_equal(payload_encode_response(response, &msg), TACIT_OK);
	msg->onward = mail_route("me", NULL);
	msg->ret = mail_route("hub", "stream.s");
	return msg;
}

static inline struct tacit_msg *
hub_open_answer(uint64_t id, enum tacit_open_status status, uint64_t first, uint64_t end)
{
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_OPEN};

	response.open.request_id = id;
	response.open.status = status;
	response.open.name = mail_slice("s");
	response.open.first = first;
	response.open.end = end;
	if (status != TACIT_OPEN_OK)
		response.open.text = mail_slice("no \x1b[31mway");
	return hub_answer(&response);
}

static inline struct tacit_msg *
hub_confirm(uint64_t id, enum tacit_push_status status)
{
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_PUSH};

	response.push.request_id = id;
	response.push.status = status;
	return hub_answer(&response);
}

#endif
