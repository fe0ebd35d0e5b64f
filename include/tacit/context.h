/*
 * tacit/context.h: workers and contexts, and the messages that they send each other.
 *
 * A worker lives at a name and handles messages one at a time.  A context is a worker with a
 * mailbox, for code that reads from top to bottom: it sends, and waits for what comes back.
 *
 * Who may reach them: this process, and the authenticated far end of a secure channel.  A message
 * from the network or from a stream reaches nobody who was not exposed to it.
 */
#ifndef TACIT_CONTEXT_H
#define TACIT_CONTEXT_H

#include <stddef.h>

#include "tacit/err.h"
#include "tacit/node.h"

struct tacit_context;
struct tacit_msg;

/*
 * tacit_context_new: a mailbox at name; NULL for a random name.
 *
 * Belongs to the node.  Errors, remembered: TACIT_EEXIST, TACIT_EINVAL, TACIT_ENOMEM.
 */
TACIT_API struct tacit_context *tacit_context_new(struct tacit_node *node, const char *name);

/*
 * tacit_worker_start: handle is called for each message that comes to name, inside the loop, so
 * it may send and reply but not wait.  msg is borrowed until handle returns; its return is what
 * a secure channel's far end gets acknowledged.
 *
 * Belongs to the node.  Errors as above.
 */
typedef void (*tacit_handle)(struct tacit_context *ctx, struct tacit_msg *msg, void *arg);
TACIT_API struct tacit_context *tacit_worker_start(
    struct tacit_node *node, const char *name, tacit_handle handle, void *arg);

/* lets messages from the network and from streams come to this worker, unauthenticated */
TACIT_API void tacit_context_expose(struct tacit_context *ctx);
/* ends a worker or context before its node ends; not one that a call is waiting with.  What lies in
 * its mailbox is dropped, and counts as delivered */
TACIT_API void tacit_context_free(struct tacit_context *ctx);

/*
 * tacit_send: sends len bytes along a route; the answer comes back to ctx.
 *
 * The bytes travel as a typed body (PROTOCOL.md 1.4): what a program of 2021 calls a String or
 * bytes.  Sending does not wait, except for room: through a secure channel whose window is full,
 * or into a stream that has not confirmed what it got, it runs the loop until there is some; a
 * handler's messages wait their turn inside: 64 MiB of them in a channel and one more, 32 MiB in a
 * stream.  The bytes are copied; a message of any size is handed out as a whole.
 * Errors: TACIT_ELIMIT (too long: with its routes a message has at most 64 MiB in this process and
 * through a channel, 61,440 bytes through one of 2021 (ockam.h), 64,512 into a stream and 65,535
 * over TCP without a channel), TACIT_ECLOSED, TACIT_ENOTFOUND (no such worker here), TACIT_ENOMEM;
 * remembered by the node when not sent by a handler.
 */
TACIT_API tacit_err tacit_send(
    struct tacit_context *ctx, const struct tacit_route *route, const void *bytes, size_t len);
/* the same for a text, up to its NUL */
TACIT_API tacit_err tacit_send_text(
    struct tacit_context *ctx, const struct tacit_route *route, const char *text);
/* sends back along msg's return route */
TACIT_API tacit_err tacit_reply(
    struct tacit_context *ctx, const struct tacit_msg *msg, const void *bytes, size_t len);

/*
 * tacit_receive: the next message of a context, waiting up to timeout_ms (TACIT_FOREVER).
 *
 * Gives:  the message, tacit_msg_free(), or freed with the node.  NULL after the time, after a stop, on an error.
 */
TACIT_API struct tacit_msg *tacit_receive(struct tacit_context *ctx, long timeout_ms);

/* the body's bytes, borrowed, and how many they are (ret_len may be NULL).  NULL and 0 for NULL */
TACIT_API const void *tacit_msg_data(const struct tacit_msg *msg, size_t *ret_len);
TACIT_API size_t tacit_msg_len(const struct tacit_msg *msg);
/* the body for people: UTF-8 as it is, control characters and broken UTF-8 as \xHH.  Borrowed; "" for NULL */
TACIT_API const char *tacit_msg_text(struct tacit_msg *msg);
/* `P` and 64 hex digits: the proven identifier of the sender, when it came through a secure
 * channel; NULL otherwise.  Borrowed */
TACIT_API const char *tacit_msg_sender(struct tacit_msg *msg);
/* the address text, as tacit_channel_address gives it, of our end of the channel that it came through;
 * NULL when it came through none.  Valid until msg is freed */
TACIT_API const char *tacit_msg_channel(struct tacit_msg *msg);
/* the way back, borrowed */
TACIT_API const struct tacit_route *tacit_msg_return_route(const struct tacit_msg *msg);
TACIT_API void tacit_msg_free(struct tacit_msg *msg);

#endif
