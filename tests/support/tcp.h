/*
 * support/tcp.h: a listening node with a worker that counts, and frames made by hand.
 */
#ifndef TACIT_TESTS_TCP_H
#define TACIT_TESTS_TCP_H

#include "support/node.h"

#include "node/internal.h"
#include "wire/frame.h"

struct hub {
	struct tacit_node *node;
	const char *address;
	struct lines lines;
	unsigned seen;
	char last[64];
};

static inline void
hear(void *self, struct tacit_msg *msg)
{
	struct hub *hub = self;

	hub->seen++;
	snprintf(hub->last, sizeof(hub->last), "%s", tacit_msg_text(msg));
	tacit_msg_unref(msg);
}

static inline void
hub_init(struct hub *hub, const char *address)
{
	*hub = (struct hub){.node = tacit_node_new()};
	tacit_node_on_log(hub->node, lines_add, &hub->lines);
	assert_non_null(tacit_worker_add(hub->node, "ear", TACIT_HEARS_NETWORK, hear, hub));
	assert_non_null(hub->address = tacit_tcp_listen(hub->node, address));
}

static inline int
heard_one(void *arg)
{
	return ((struct hub *)arg)->seen > 0;
}

/* a frame for the worker `to`, from the worker `back`, either of which may be NULL; returns its
 * length */
static inline size_t
make_frame(uint8_t *ret, const char *to, const char *back, const void *payload, size_t len)
{
	struct tacit_msg *msg = tacit_msg_copy_of(payload, len);

	if (to != NULL)
		assert_int_equal(
		    tacit_route_append(&msg->onward, tacit_address_worker(to)), TACIT_OK);
	if (back != NULL)
		assert_int_equal(
		    tacit_route_append(&msg->ret, tacit_address_worker(back)), TACIT_OK);
	assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
	len = msg->len;
	memcpy(ret, tacit_msg_payload(msg), len);
	tacit_msg_unref(msg);
	return len;
}

static inline void
step_until(struct hub *hub, unsigned seen)
{
	for (unsigned i = 0; i < 10000 && hub->seen < seen; i++)
		(void)tacit_node_wait(hub->node, NULL, NULL, 1);
	assert_int_equal(hub->seen, seen);
}

#endif
