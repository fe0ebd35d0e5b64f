#include "base/memory.h"
#include "node/state.h"

struct tacit_fd_watch {
	struct tacit_list list;
	uv_poll_t poll;
	uv_idle_t again; /* active while fn wants to be called without waiting */
	unsigned open;   /* of the two handles */
	bool (*fn)(void *arg);
	void *arg;
};

static void
call_again(uv_idle_t *again)
{
	struct tacit_fd_watch *watch = again->data;
	struct tacit_node *node = again->loop->data;

	if (node->quiet || !watch->fn(watch->arg))
		uv_idle_stop(again);
}

static void
readable(uv_poll_t *poll, int status, int events)
{
	struct tacit_fd_watch *watch = poll->data;
	struct tacit_node *node = poll->loop->data;

	(void)status;
	(void)events;
	if (!node->quiet && watch->fn(watch->arg) && !uv_is_closing((uv_handle_t *)&watch->again))
		uv_idle_start(&watch->again, call_again);
}

struct tacit_fd_watch *
tacit_fd_watch_new(struct tacit_node *node, int fd, bool (*fn)(void *arg), void *arg)
{
	struct tacit_fd_watch *watch = tacit_alloc(sizeof(*watch));
	int status;

	if (watch == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	if ((status = uv_poll_init(&node->loop, &watch->poll, fd)) != 0) {
		(void)tacit_node_fail(
		    node, TACIT_EIO, "cannot watch a descriptor: %s", uv_strerror(status));
		tacit_free(watch);
		return NULL;
	}
	uv_idle_init(&node->loop, &watch->again);
	watch->poll.data = watch->again.data = watch;
	watch->fn = fn;
	watch->arg = arg;
	watch->open = 2;
	tacit_list_append(&node->watches, &watch->list);
	uv_poll_start(&watch->poll, UV_READABLE, readable);
	return watch;
}

static void
closed(uv_handle_t *handle)
{
	struct tacit_fd_watch *watch = handle->data;

	tacit_loop_closed(handle);
	if (--watch->open == 0)
		tacit_free(watch);
}

void
tacit_fd_watch_free(struct tacit_fd_watch *watch)
{
	if (watch == NULL)
		return;
	tacit_list_remove(&watch->list);
	tacit_loop_close((uv_handle_t *)&watch->poll, closed);
	tacit_loop_close((uv_handle_t *)&watch->again, closed);
}

void
tacit_fd_watches_fini(struct tacit_node *node)
{
	while (!tacit_list_empty(&node->watches))
		tacit_fd_watch_free(
		    TACIT_CONTAINER(node->watches.next, struct tacit_fd_watch, list));
}
