#include "tacit/context.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "node/state.h"
#include "wire/bare.h"

struct tacit_context {
	struct tacit_owned owned;
	struct tacit_node *node;
	struct tacit_worker *worker;
	tacit_handle handle; /* NULL: messages go to the mailbox */
	void *arg;
	struct tacit_queue mailbox;
	size_t mailbox_len; /* bytes of payloads in it */
};

/* A message whose sender waits until it was handled is bounded by that sender's window; dropping
 * it would break what the sender was promised. */
static bool
fits(const struct tacit_context *ctx, const struct tacit_msg *msg)
{
	return msg->done != NULL || (ctx->mailbox.count < TACIT_MAILBOX_MAX &&
					ctx->mailbox_len + msg->len <= TACIT_MAILBOX_LEN_MAX);
}

static void
take(void *self, struct tacit_msg *msg)
{
	struct tacit_context *ctx = self;
	size_t len = msg->len;

	if (ctx->handle != NULL) {
		ctx->handle(ctx, msg, ctx->arg); /* may free ctx */
		tacit_msg_done(msg);
		tacit_msg_unref(msg);
	} else if (!fits(ctx, msg)) {
		tacit_node_log(ctx->node, TACIT_LOG_WARNING,
		    "the mailbox `%.80s` is full: a message was dropped",
		    tacit_worker_name(ctx->worker));
		tacit_msg_unref(msg);
	} else if (tacit_msg_queue_push(&ctx->mailbox, msg)) {
		ctx->mailbox_len += len;
	}
}

/* the node is quiet then: what nobody read is not acknowledged any more */
static void
free_with_node(struct tacit_owned *self)
{
	struct tacit_context *ctx = TACIT_CONTAINER(self, struct tacit_context, owned);

	tacit_worker_remove(ctx->worker);
	tacit_msg_queue_fini(&ctx->mailbox);
	tacit_free(ctx);
}

static struct tacit_context *
start(struct tacit_node *node, const char *name, tacit_handle handle, void *arg)
{
	struct tacit_context *ctx;

	if ((ctx = tacit_alloc(sizeof(*ctx))) == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	ctx->worker =
	    tacit_worker_add(node, name, TACIT_HEARS_LOCAL | TACIT_HEARS_CHANNEL, take, ctx);
	if (ctx->worker == NULL) {
		tacit_free(ctx);
		return NULL;
	}
	ctx->node = node;
	ctx->handle = handle;
	ctx->arg = arg;
	ctx->owned.free = free_with_node;
	tacit_node_own(node, &ctx->owned);
	return ctx;
}

struct tacit_context *
tacit_context_new(struct tacit_node *node, const char *name)
{
	return tacit_node_usable(node) ? start(node, name, NULL, NULL) : NULL;
}

struct tacit_context *
tacit_worker_start(struct tacit_node *node, const char *name, tacit_handle handle, void *arg)
{
	if (!tacit_node_usable(node))
		return NULL;
	if (handle == NULL) {
		(void)tacit_node_fail(node, TACIT_EINVAL, "a worker needs a handler");
		return NULL;
	}
	return start(node, name, handle, arg);
}

void
tacit_context_expose(struct tacit_context *ctx)
{
	if (ctx != NULL)
		tacit_worker_set_hears(
		    ctx->worker, TACIT_HEARS_LOCAL | TACIT_HEARS_CHANNEL | TACIT_HEARS_NETWORK);
}

void
tacit_context_free(struct tacit_context *ctx)
{
	if (ctx == NULL)
		return;
	tacit_node_disown(&ctx->owned);
	tacit_worker_remove(ctx->worker);
	tacit_msg_queue_fini(&ctx->mailbox);
	tacit_free(ctx);
}

/* sending -------------------------------------------------------------------------------------- */

/* what a first hop says about taking a message; the hop is looked up each time, because it may
 * go while a call waits */
struct door {
	struct tacit_node *node;
	const struct tacit_route *onward;
};

static int
has_room(void *arg)
{
	const struct door *door = arg;
	const struct tacit_transport *transport;
	const struct tacit_worker *worker;
	struct tacit_address hop;

	if (!tacit_route_first(door->onward, &hop))
		return 1;
	if ((worker = tacit_router_worker(door->node, &hop)) != NULL)
		return worker->has_room == NULL || worker->has_room(worker->self);
	transport = tacit_router_transport(door->node, hop.type);
	return transport == NULL || transport->has_room == NULL ||
	       transport->has_room(transport->self, door->onward);
}

static tacit_err
check(struct tacit_node *node, const struct tacit_msg *msg)
{
	const struct tacit_transport *transport;
	const struct tacit_worker *worker;
	struct tacit_address hop;

	if (!tacit_node_reaches(node, &msg->onward) || !tacit_route_first(&msg->onward, &hop))
		return TACIT_ENOTFOUND;
	if (tacit_msg_encoded_len(msg) > TACIT_MESSAGE_MAX)
		return TACIT_ELIMIT;
	if ((worker = tacit_router_worker(node, &hop)) != NULL)
		return worker->check != NULL ? worker->check(worker->self, msg) : TACIT_OK;
	transport = tacit_router_transport(node, hop.type);
	return transport != NULL && transport->check != NULL
		   ? transport->check(transport->self, msg)
		   : TACIT_OK;
}

static tacit_err
admit(struct tacit_node *node, const struct tacit_msg *msg)
{
	struct door door = {node, &msg->onward};
	tacit_err err;

	/* a handler cannot wait: what it says waits instead, within the bounds that check knows */
	if (!node->in_loop && !has_room(&door) &&
	    (err = tacit_node_wait(node, has_room, &door, TACIT_FOREVER)) != TACIT_OK)
		return err;
	return check(node, msg);
}

/* in the loop errors are the handler's; outside they are the program's, which may ask later */
static tacit_err
report(struct tacit_node *node, tacit_err err, const struct tacit_route *route, size_t len)
{
	char text[256];

	if (err == TACIT_OK || err == TACIT_ESTOPPED || node->in_loop || node->err != TACIT_OK)
		return err;
	tacit_route_format(route, text, sizeof(text));
	if (err == TACIT_ENOTFOUND)
		return tacit_node_fail(
		    node, err, "cannot send to [%s]: there is no such worker in this node", text);
	if (err == TACIT_ELIMIT)
		return tacit_node_fail(
		    node, err, "cannot send to [%s]: %zu bytes are too long", text, len);
	if (err == TACIT_EINVAL)
		return tacit_node_fail(node, err,
		    "cannot send to [%s]: a channel of 2021 reaches workers, and wants one behind "
		    "it",
		    text);
	if (err == TACIT_EEXHAUSTED)
		return tacit_node_fail(node, err,
		    "cannot send to [%s]: all messages of this channel are used up: make a new "
		    "one",
		    text);
	return tacit_node_fail(node, err, "cannot send to [%s]: %s", text, tacit_strerror(err));
}

tacit_err
tacit_send(
    struct tacit_context *ctx, const struct tacit_route *route, const void *bytes, size_t len)
{
	struct tacit_node *node;
	struct tacit_msg *msg;
	tacit_err err;

	if (ctx == NULL)
		return TACIT_EINVAL;
	node = ctx->node;
	if (node->err != TACIT_OK && !node->in_loop)
		return node->err;
	if (route == NULL || (bytes == NULL && len > 0))
		return node->in_loop ? TACIT_EINVAL
				     : tacit_node_fail(node, TACIT_EINVAL,
					   "cannot send: there is no route or no bytes");
	if ((msg = tacit_msg_new_body(bytes, len)) == NULL)
		return report(node, TACIT_ENOMEM, route, len);
	tacit_route_copy(&msg->onward, route);
	if ((err = tacit_route_append(&msg->ret, tacit_worker_address(ctx->worker))) == TACIT_OK)
		err = admit(node, msg);
	if (err != TACIT_OK) {
		err = report(node, err, &msg->onward, len);
		tacit_msg_unref(msg);
		return err;
	}
	tacit_node_route(node, msg);
	/* so that the first hop knows of this message before it is asked about the next */
	if (!node->in_loop)
		tacit_loop_drain(node);
	return TACIT_OK;
}

tacit_err
tacit_send_text(struct tacit_context *ctx, const struct tacit_route *route, const char *text)
{
	return tacit_send(ctx, route, text, text != NULL ? strlen(text) : 0);
}

tacit_err
tacit_reply(struct tacit_context *ctx, const struct tacit_msg *msg, const void *bytes, size_t len)
{
	return tacit_send(ctx, msg != NULL ? &msg->ret : NULL, bytes, len);
}

/* receiving ------------------------------------------------------------------------------------ */

static int
has_mail(void *arg)
{
	return ((struct tacit_context *)arg)->mailbox.count > 0;
}

struct tacit_msg *
tacit_receive(struct tacit_context *ctx, long timeout_ms)
{
	struct tacit_node *node;
	struct tacit_msg *msg;

	if (ctx == NULL)
		return NULL;
	node = ctx->node;
	if (ctx->handle != NULL && node->err == TACIT_OK)
		(void)tacit_node_fail(node, TACIT_EINVAL,
		    "the messages of `%.80s` go to its handler: nothing can be received there",
		    tacit_worker_name(ctx->worker));
	if (tacit_node_stopped(node) || !tacit_node_usable(node) ||
	    tacit_node_wait(node, has_mail, ctx, timeout_ms) != TACIT_OK)
		return NULL;
	msg = tacit_queue_pop(&ctx->mailbox);
	ctx->mailbox_len -= msg->len;
	tacit_list_append(&node->held, &msg->held);
	tacit_msg_done(msg);
	return msg;
}

const void *
tacit_msg_data(const struct tacit_msg *msg, size_t *ret_len)
{
	struct tacit_slice body = {NULL, 0};

	if (msg != NULL)
		tacit_msg_body(msg, &body);
	if (ret_len != NULL)
		*ret_len = body.len;
	return body.bytes;
}

size_t
tacit_msg_len(const struct tacit_msg *msg)
{
	size_t len;

	tacit_msg_data(msg, &len);
	return len;
}

const struct tacit_route *
tacit_msg_return_route(const struct tacit_msg *msg)
{
	return msg != NULL ? &msg->ret : NULL;
}

void
tacit_msg_free(struct tacit_msg *msg)
{
	/* what a handler borrowed is not its to free */
	if (msg == NULL || msg->held.next == NULL)
		return;
	tacit_list_remove(&msg->held);
	tacit_msg_unref(msg);
}
