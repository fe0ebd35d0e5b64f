/*
 * unit/stream/desk.h: a service before a fake store, and the letters that come and go.
 */
#ifndef TACIT_TESTS_DESK_H
#define TACIT_TESTS_DESK_H

#include "support/payload.h"
#include "support/unit.h"
#include "unit/stream/fake_store.h"
#include "unit/stream/mail.h"

#include "base/limits.h"
#include "base/memory.h"
#include "stream/service.h"
#include "wire/frame.h"

struct desk {
	struct fake_store *store;
	struct tacit_service *service;
	struct mail mail;
	tacit_msec now;
	unsigned lines;         /* logged */
	unsigned taps[2];       /* of pulls, of pushes */
	size_t tap_len[2];      /* their bytes */
	struct tacit_msg *held; /* what the last answer's slices point into */
};

static inline void
desk_log(void *arg, enum tacit_log_level level, const char *text)
{
	struct desk *desk = arg;

	assert_true(level == TACIT_LOG_WARNING || level == TACIT_LOG_INFO);
	assert_true(strlen(text) > 0);
	desk->lines++;
}

static inline void
desk_tap(void *arg, bool push, const char *name, const void *bytes, size_t len)
{
	struct desk *desk = arg;

	assert_true(strlen(name) > 0);
	assert_non_null(bytes);
	desk->taps[push]++;
	desk->tap_len[push] += len;
}

/* a new service before the same store */
static inline void
desk_serve(struct desk *desk)
{
	static const char *const services[] = {"stream_kafka", "stream", NULL};
	static const char *const indexes[] = {"stream_kafka_index", "stream_index", NULL};
	struct tacit_service_config config = {.store = &desk->store->base,
	    .port = mail_port(&desk->mail),
	    .service_names = services,
	    .index_names = indexes,
	    .tap = desk_tap,
	    .log = desk_log,
	    .arg = desk};

	tacit_service_free(desk->service);
	desk->mail.wake = TACIT_NEVER;
	desk->service = tacit_service_new(&config);
	assert_non_null(desk->service);
}

static inline int
desk_open(void **state)
{
	struct desk *desk = tacit_alloc(sizeof(*desk));

	assert_non_null(desk);
	mail_init(&desk->mail, 1);
	desk->store = fake_store_new();
	desk->now = 1000;
	desk_serve(desk);
	*state = desk;
	return 0;
}

static inline int
desk_close(void **state)
{
	struct desk *desk = *state;

	tacit_service_free(desk->service);
	if (desk->store != NULL)
		fake_store_free(desk->store);
	mail_drop(&desk->mail);
	tacit_msg_unref(desk->held);
	tacit_free(desk);
	return 0;
}

/* hands msg to the service at an address, with a return route that ends with NULL */
static inline void
desk_hand(
    struct desk *desk, const char *to, const char *back1, const char *back2, struct tacit_msg *msg)
{
	msg->onward = mail_route(to, NULL);
	msg->ret = mail_route(back1, back2);
	tacit_service_handle(desk->service, msg, desk->now);
}

static inline void
desk_ask_from(
    struct desk *desk, const char *to, const char *back, const struct tacit_stream_request *request)
{
	struct tacit_msg *msg;

	assert_int_equal(payload_encode_request(request, &msg), TACIT_OK);
	desk_hand(desk, to, back != NULL ? "conn" : NULL, back, msg);
}

static inline void
desk_ask(struct desk *desk, const char *to, const struct tacit_stream_request *request)
{
	desk_ask_from(desk, to, "client", request);
}

static inline void
desk_push(struct desk *desk, const char *to, uint64_t id, const void *bytes, size_t len)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PUSH};

	request.push.request_id = id;
	request.push.data = (struct tacit_slice){bytes, len};
	desk_ask(desk, to, &request);
}

static inline void
desk_pull_from(
    struct desk *desk, const char *back, const char *to, uint64_t id, const uint64_t index_limit[2])
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PULL};

	request.pull.request_id = id;
	request.pull.index = index_limit[0];
	request.pull.limit = index_limit[1];
	desk_ask_from(desk, to, back, &request);
}

static inline void
desk_pull(struct desk *desk, const char *to, uint64_t id, uint64_t index, uint64_t limit)
{
	desk_pull_from(desk, "client", to, id, (const uint64_t[2]){index, limit});
}

/* the oldest answer, which must go to back by conn and lead back to from */
static inline struct tacit_stream_response
desk_take_to(struct desk *desk, const char *back, const char *from)
{
	struct tacit_stream_response response;

	tacit_msg_unref(desk->held);
	desk->held = mail_take(&desk->mail);
	mail_check_route(&desk->held->onward, "conn", back);
	mail_check_route(&desk->held->ret, from, NULL);
	assert_int_equal(tacit_stream_response_decode(desk->held, &response), TACIT_OK);
	return response;
}

static inline struct tacit_stream_response
desk_take(struct desk *desk, const char *from)
{
	return desk_take_to(desk, "client", from);
}

/* the next answer is a confirm */
static inline void
desk_check_confirm(
    struct desk *desk, const char *from, uint64_t id, enum tacit_push_status status, uint64_t index)
{
	struct tacit_stream_response response = desk_take(desk, from);

	assert_int_equal(response.protocol, TACIT_PROTOCOL_PUSH);
	assert_int_equal(response.push.request_id, id);
	assert_int_equal(response.push.status, status);
	assert_int_equal(response.push.index, index);
}

/* the next answer is one to a pull, with these indexes */
static inline void
desk_check_pull_to(struct desk *desk, const char *back, uint64_t id, uint64_t first, size_t count)
{
	struct tacit_stream_response response = desk_take_to(desk, back, "stream.s");
	struct tacit_slice data;
	uint64_t index;

	assert_int_equal(response.protocol, TACIT_PROTOCOL_PULL);
	assert_int_equal(response.pull.request_id, id);
	assert_int_equal(response.pull.entries.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(tacit_pull_entries_next(&response.pull.entries, &index, &data));
		assert_int_equal(index, first + i);
	}
}

static inline void
desk_check_pull(struct desk *desk, uint64_t id, uint64_t first, size_t count)
{
	desk_check_pull_to(desk, "client", id, first, count);
}

static inline void
desk_tick(struct desk *desk, tacit_msec after)
{
	desk->now += after;
	tacit_service_tick(desk->service, desk->now);
}

#endif
