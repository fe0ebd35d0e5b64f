#include "tacit/node.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "crypto/random.h"
#include "node/state.h"

static void
init_lists(struct tacit_node *node)
{
	tacit_list_init(&node->owned);
	tacit_list_init(&node->closed);
	tacit_list_init(&node->texts);
	tacit_list_init(&node->alarms);
	tacit_list_init(&node->watches);
	tacit_list_init(&node->readers);
	tacit_list_init(&node->held);
	tacit_list_init(&node->turn_ends);
	tacit_list_init(&node->flushes);
	tacit_joining_pool_init(&node->joining);
}

struct tacit_node *
tacit_node_new(void)
{
	struct tacit_node *node;

	if (tacit_crypto_start() != TACIT_OK || (node = tacit_alloc(sizeof(*node))) == NULL)
		return NULL;
	init_lists(node);
	node->random = tacit_random_system();
	if (tacit_post_init(&node->post) != TACIT_OK) {
		tacit_free(node);
		return NULL;
	}
	if (tacit_loop_init(node) != TACIT_OK) {
		tacit_post_fini(&node->post);
		tacit_free(node);
		return NULL;
	}
	tacit_router_init(node);
	tacit_inproc_enter(node);
	return node;
}

/* youngest first: what is built on others closes before them, and its last words go through them */
static void
close_owned(struct tacit_node *node)
{
	tacit_loop_settle(node);
	while (!tacit_list_empty(&node->owned)) {
		struct tacit_owned *thing =
		    TACIT_CONTAINER(node->owned.prev, struct tacit_owned, list);

		tacit_list_remove(&thing->list);
		tacit_list_append(&node->closed, &thing->list);
		if (thing->close != NULL)
			thing->close(thing);
		tacit_loop_settle(node);
	}
}

static void
free_owned(struct tacit_node *node)
{
	while (!tacit_list_empty(&node->closed)) {
		struct tacit_owned *thing =
		    TACIT_CONTAINER(node->closed.next, struct tacit_owned, list);

		tacit_list_remove(&thing->list);
		thing->free(thing);
	}
}

static void
free_held(struct tacit_node *node)
{
	while (!tacit_list_empty(&node->held)) {
		struct tacit_msg *msg = TACIT_CONTAINER(node->held.next, struct tacit_msg, held);

		tacit_list_remove(&msg->held);
		tacit_msg_unref(msg);
	}
}

void
tacit_node_free(struct tacit_node *node)
{
	if (node == NULL)
		return;
	if (node->in_loop) {
		(void)tacit_node_fail(node, TACIT_EINVAL, "a handler may not free its node");
		return;
	}
	tacit_inproc_leave(node);
	uv_update_time(&node->loop);
	node->in_loop = true;
	tacit_post_close(&node->post);
	close_owned(node);
	node->quiet = true;
	tacit_msg_queue_fini(&node->queue);
	tacit_loop_quiesce(node, &node->lingering, TACIT_LINGER_MS);
	tacit_loop_quiesce(node, &node->busy, 0);
	free_owned(node);
	tacit_line_readers_fini(node);
	tacit_fd_watches_fini(node);
	tacit_alarms_fini(node);
	tacit_router_fini(node);
	free_held(node);
	tacit_loop_fini(node);
	tacit_texts_fini(node);
	tacit_post_fini(&node->post);
	tacit_free(node);
}

void
tacit_node_own(struct tacit_node *node, struct tacit_owned *thing)
{
	tacit_list_append(&node->owned, &thing->list);
}

void
tacit_node_own_last(struct tacit_node *node, struct tacit_owned *thing)
{
	tacit_list_append(node->owned.next, &thing->list);
}

void
tacit_node_disown(struct tacit_owned *thing)
{
	tacit_list_remove(&thing->list);
}

/* errors and lines ----------------------------------------------------------------------------- */

tacit_err
tacit_node_err(const struct tacit_node *node)
{
	return node != NULL ? node->err : TACIT_ENOMEM;
}

const char *
tacit_node_errmsg(const struct tacit_node *node)
{
	if (node == NULL)
		return tacit_strerror(TACIT_ENOMEM);
	return node->err != TACIT_OK ? node->errmsg : tacit_strerror(TACIT_OK);
}

void
tacit_node_clear_err(struct tacit_node *node)
{
	if (node != NULL)
		node->err = TACIT_OK;
}

bool
tacit_node_usable(const struct tacit_node *node)
{
	return node != NULL && node->err == TACIT_OK;
}

tacit_err
tacit_node_fail(struct tacit_node *node, tacit_err err, const char *format, ...)
{
	char text[sizeof(node->errmsg)];
	va_list args;

	if (node == NULL)
		return err;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (node->err == TACIT_OK) {
		node->err = err;
		memcpy(node->errmsg, text, sizeof(text));
	}
	tacit_node_log(node, TACIT_LOG_ERROR, "%s", text);
	return err;
}

void
tacit_node_log(struct tacit_node *node, enum tacit_log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (node->log == NULL)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	node->log(node->log_arg, level, line);
}

void
tacit_node_on_log(struct tacit_node *node,
    void (*fn)(void *arg, enum tacit_log_level level, const char *line), void *arg)
{
	if (node == NULL)
		return;
	node->log = fn;
	node->log_arg = arg;
}

const struct tacit_random *
tacit_node_random(const struct tacit_node *node)
{
	return &node->random;
}

/* running and stopping ------------------------------------------------------------------------- */

tacit_err
tacit_node_run(struct tacit_node *node)
{
	tacit_err err = tacit_node_wait(node, NULL, NULL, TACIT_FOREVER);

	return err == TACIT_ESTOPPED ? TACIT_OK : err;
}

void
tacit_node_stop(struct tacit_node *node)
{
	if (node == NULL)
		return;
	atomic_store(&node->stopped, true);
	uv_async_send(&node->async);
}

int
tacit_node_stopped(const struct tacit_node *node)
{
	return node != NULL && atomic_load(&node->stopped);
}

/* the second signal finds nobody who watches, and does what it does by default */
static void
on_signal(uv_signal_t *handle, int number)
{
	struct tacit_node *node = handle->loop->data;

	(void)number;
	for (size_t i = 0; i < TACIT_NODE_SIGNALS; i++)
		uv_signal_stop(&node->signals[i]);
	tacit_node_stop(node);
}

void
tacit_node_stop_on_signals(struct tacit_node *node)
{
	static const int numbers[TACIT_NODE_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;

	if (!tacit_node_usable(node) || node->has_signals)
		return;
	for (size_t i = 0; i < TACIT_NODE_SIGNALS; i++) {
		uv_signal_init(&node->loop, &node->signals[i]);
		/* nohup */
		if (numbers[i] == SIGHUP && sigaction(SIGHUP, NULL, &now) == 0 &&
		    now.sa_handler == SIG_IGN)
			continue;
		uv_signal_start(&node->signals[i], on_signal, numbers[i]);
	}
	node->has_signals = true;
}
