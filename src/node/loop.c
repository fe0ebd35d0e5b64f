#include "node/state.h"

#include "base/limits.h"
#include "base/memory.h"

/* turn-end hooks may route messages whose workers ask for hooks again: channel, stream and service
 * are three rounds, the rest waits for the next turn */
#define ROUNDS_MAX 8u
/* turns that a node being freed gives to what its things still have to say */
#define SETTLE_TURNS_MAX 64u

void
tacit_turn_end_init(struct tacit_turn_end *hook, void (*fn)(void *arg), void *arg)
{
	tacit_list_init(&hook->list);
	hook->fn = fn;
	hook->arg = arg;
}

void
tacit_turn_end_ask(struct tacit_node *node, struct tacit_turn_end *hook)
{
	if (tacit_list_empty(&hook->list))
		tacit_list_append(&node->turn_ends, &hook->list);
}

void
tacit_turn_flush_ask(struct tacit_node *node, struct tacit_turn_end *hook)
{
	if (tacit_list_empty(&hook->list))
		tacit_list_append(&node->flushes, &hook->list);
}

void
tacit_turn_end_cancel(struct tacit_turn_end *hook)
{
	tacit_list_remove(&hook->list);
}

/* runs the hooks asked for so far, each once; those they ask for stay.  False when there was none */
static bool
run_hooks(struct tacit_list *hooks)
{
	struct tacit_list now;
	bool any = !tacit_list_empty(hooks);

	tacit_list_init(&now);
	while (!tacit_list_empty(hooks)) {
		struct tacit_list *node = hooks->next;

		tacit_list_remove(node);
		tacit_list_append(&now, node);
	}
	while (!tacit_list_empty(&now)) {
		struct tacit_turn_end *hook =
		    TACIT_CONTAINER(now.next, struct tacit_turn_end, list);

		tacit_list_remove(&hook->list);
		hook->fn(hook->arg);
	}
	return any;
}

static void
run_turn(struct tacit_node *node)
{
	unsigned budget = TACIT_TURN_MESSAGES;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		while (budget > 0 && tacit_router_step(node))
			budget--;
		if (!run_hooks(&node->turn_ends))
			break;
	}
	run_hooks(&node->flushes);
}

static bool
has_work(const struct tacit_node *node)
{
	return node->queue.count > 0 || !tacit_list_empty(&node->turn_ends) ||
	       !tacit_list_empty(&node->flushes);
}

/* whether the call that waits has its answer */
static bool
wait_is_over(const struct tacit_node *node)
{
	return node->waiting &&
	       (node->err != TACIT_OK || node->timed_out || atomic_load(&node->stopped) ||
		   (node->done != NULL && node->done(node->done_arg)));
}

static void
idle(uv_idle_t *handle)
{
	(void)handle; /* it is enough that it is active */
}

/* Timers ran, perhaps also jobs and hooks: what they did must not wait until a socket wakes the
 * loop. */
static void
before_blocking(uv_prepare_t *handle)
{
	struct tacit_node *node = handle->loop->data;

	run_turn(node);
	if (has_work(node) || wait_is_over(node) || (node->counter != NULL && *node->counter == 0))
		uv_idle_start(&node->idle, idle);
	else
		uv_idle_stop(&node->idle);
}

static void
after_io(uv_check_t *handle)
{
	run_turn(handle->loop->data);
}

static void
on_async(uv_async_t *handle)
{
	struct tacit_node *node = handle->loop->data;

	tacit_post_run(&node->post);
}

static void
on_timeout(uv_timer_t *handle)
{
	struct tacit_node *node = handle->loop->data;

	node->timed_out = true;
}

tacit_err
tacit_loop_init(struct tacit_node *node)
{
	if (uv_loop_init(&node->loop) != 0)
		return TACIT_ENOMEM;
	node->loop.data = node;
	if (uv_async_init(&node->loop, &node->async, on_async) != 0) {
		uv_loop_close(&node->loop);
		return TACIT_ENOMEM;
	}
	uv_prepare_init(&node->loop, &node->prepare);
	uv_prepare_start(&node->prepare, before_blocking);
	uv_check_init(&node->loop, &node->check);
	uv_check_start(&node->check, after_io);
	uv_idle_init(&node->loop, &node->idle);
	uv_timer_init(&node->loop, &node->timeout);
	return TACIT_OK;
}

void
tacit_loop_close(uv_handle_t *handle, uv_close_cb closed)
{
	struct tacit_node *node = handle->loop->data;

	node->busy++;
	uv_close(handle, closed);
}

struct tacit_node *
tacit_loop_closed(uv_handle_t *handle)
{
	struct tacit_node *node = handle->loop->data;

	node->busy--;
	return node;
}

static void
closed(uv_handle_t *handle)
{
	tacit_loop_closed(handle);
}

void
tacit_loop_fini(struct tacit_node *node)
{
	tacit_loop_close((uv_handle_t *)&node->prepare, closed);
	tacit_loop_close((uv_handle_t *)&node->check, closed);
	tacit_loop_close((uv_handle_t *)&node->idle, closed);
	tacit_loop_close((uv_handle_t *)&node->async, closed);
	tacit_loop_close((uv_handle_t *)&node->timeout, closed);
	for (size_t i = 0; node->has_signals && i < TACIT_NODE_SIGNALS; i++)
		tacit_loop_close((uv_handle_t *)&node->signals[i], closed);
	tacit_loop_quiesce(node, &node->busy, 0);
	tacit_assert(uv_loop_close(&node->loop) == 0);
}

static void
run_once(struct tacit_node *node, uv_run_mode mode)
{
	bool in_loop = node->in_loop;

	node->in_loop = true;
	uv_run(&node->loop, mode);
	node->in_loop = in_loop;
}

void
tacit_loop_drain(struct tacit_node *node)
{
	uv_update_time(&node->loop);
	node->in_loop = true;
	for (unsigned i = 0; i < TACIT_TURN_MESSAGES && tacit_router_step(node); i++)
		;
	node->in_loop = false;
}

void
tacit_loop_settle(struct tacit_node *node)
{
	for (unsigned i = 0; i < SETTLE_TURNS_MAX && has_work(node); i++)
		run_turn(node);
}

void
tacit_loop_quiesce(struct tacit_node *node, const unsigned *counter, unsigned deadline_ms)
{
	node->timed_out = false;
	if (deadline_ms > 0) {
		uv_update_time(&node->loop);
		uv_timer_start(&node->timeout, on_timeout, deadline_ms, 0);
	}
	node->counter = counter;
	while (*counter > 0 && !node->timed_out)
		run_once(node, UV_RUN_ONCE);
	node->counter = NULL;
	if (deadline_ms > 0)
		uv_timer_stop(&node->timeout);
}

tacit_msec
tacit_node_now(const struct tacit_node *node)
{
	/* outside the loop its own clock stands still */
	return node->in_loop ? uv_now(&node->loop) : uv_hrtime() / 1000000;
}

bool
tacit_node_in_loop(const struct tacit_node *node)
{
	return node->in_loop;
}

static tacit_err
wait_result(const struct tacit_node *node)
{
	if (node->done != NULL && node->done(node->done_arg))
		return TACIT_OK;
	if (node->err != TACIT_OK)
		return node->err;
	return atomic_load(&node->stopped) ? TACIT_ESTOPPED : TACIT_ETIMEDOUT;
}

tacit_err
tacit_node_wait(struct tacit_node *node, int (*done)(void *arg), void *arg, long timeout_ms)
{
	tacit_err err;

	if (node == NULL)
		return TACIT_ENOMEM;
	if (node->in_loop)
		return tacit_node_fail(
		    node, TACIT_EINVAL, "a handler may not wait: it runs inside the loop");
	node->done = done;
	node->done_arg = arg;
	node->waiting = true;
	node->timed_out = false;
	if (timeout_ms > 0) {
		uv_update_time(&node->loop);
		uv_timer_start(&node->timeout, on_timeout, (uint64_t)timeout_ms, 0);
	}
	while (!wait_is_over(node)) {
		run_once(node, timeout_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
		node->timed_out = node->timed_out || timeout_ms == 0;
	}
	uv_timer_stop(&node->timeout);
	err = wait_result(node);
	node->waiting = false;
	node->done = NULL;
	return err;
}
