/*
 * node/msg_queue.h: a queue (base/queue.h) that owns the messages in it: the router's, a mailbox's,
 * a connection's.
 */
#ifndef TACIT_NODE_MSG_QUEUE_H
#define TACIT_NODE_MSG_QUEUE_H

#include <stdbool.h>

#include "base/queue.h"
#include "wire/msg.h"

/* takes msg; false without memory: the message is then dropped */
bool tacit_msg_queue_push(struct tacit_queue *queue, struct tacit_msg *msg);
/* drops all messages and frees the ring */
void tacit_msg_queue_fini(struct tacit_queue *queue);

#endif
