/*
 * node/msg_queue.h: messages in a row: the router's, a mailbox's, a connection's.
 */
#ifndef TACIT_NODE_MSG_QUEUE_H
#define TACIT_NODE_MSG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/msg.h"

/* a ring that grows; zeros are an empty one */
struct tacit_msg_queue {
	struct tacit_msg **ring;
	size_t cap;   /* a power of two, or 0 */
	size_t first; /* index of the oldest */
	size_t count;
};

/* takes msg; false without memory: the message is then dropped */
bool tacit_msg_queue_push(struct tacit_msg_queue *queue, struct tacit_msg *msg);
/* gives the oldest, or NULL */
struct tacit_msg *tacit_msg_queue_pop(struct tacit_msg_queue *queue);
/* the nth oldest, borrowed; n below count */
struct tacit_msg *tacit_msg_queue_at(const struct tacit_msg_queue *queue, size_t n);
/* drops all and frees the ring */
void tacit_msg_queue_fini(struct tacit_msg_queue *queue);

#endif
