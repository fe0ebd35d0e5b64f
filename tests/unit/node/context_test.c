/* Contexts and workers: send, reply, receive, the mailbox's bound, back-pressure, errors */
#include "support/node.h"

#include "node/internal.h"

static void
echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	++*(unsigned *)arg;
	assert_int_equal(tacit_reply(ctx, msg, bytes, len), TACIT_OK);
}

static void
a_worker_answers(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	const struct tacit_route *route = tacit_route_new(node, "echoer", NULL), *back;
	unsigned count = 0;
	struct tacit_msg *msg;
	size_t len;

	(void)state;
	assert_non_null(tacit_worker_start(node, "echoer", echo, &count));
	assert_int_equal(tacit_send_text(app, route, "Hello"), TACIT_OK);
	assert_non_null(msg = tacit_receive(app, TACIT_FOREVER));
	assert_string_equal(tacit_msg_text(msg), "Hello");
	assert_memory_equal(tacit_msg_data(msg, &len), "Hello", 5);
	assert_int_equal(len, 5);
	assert_null(tacit_msg_sender(msg));
	assert_null(tacit_msg_channel(msg));
	assert_int_equal(tacit_msg_return_route(msg)->count, 1);
	back = tacit_route_keep(node, tacit_msg_return_route(msg));
	tacit_msg_free(msg);
	/* the way back outlives its message */
	assert_int_equal(tacit_send_text(app, back, "Again"), TACIT_OK);
	assert_non_null(msg = tacit_receive(app, TACIT_FOREVER));
	assert_string_equal(tacit_msg_text(msg), "Again");
	tacit_msg_free(msg);
	assert_null(tacit_route_keep(node, NULL));
	assert_null(tacit_receive(app, 0));
	assert_null(tacit_receive(app, 1));
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	/* one that is not freed goes with the node */
	assert_int_equal(tacit_send(app, route, "", 0), TACIT_OK);
	assert_non_null(msg = tacit_receive(app, TACIT_FOREVER));
	assert_string_equal(tacit_msg_text(msg), "");
	assert_int_equal(count, 3);
	/* a worker has no mailbox */
	assert_null(tacit_receive(tacit_worker_start(node, "w", echo, &count), TACIT_FOREVER));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_free(node);
}

static struct tacit_msg *
msg_for(const char *name, enum tacit_origin origin)
{
	struct tacit_msg *msg = tacit_msg_new_body("hi", 2);

	assert_int_equal(tacit_route_append(&msg->onward, tacit_address_worker(name)), TACIT_OK);
	msg->origin = origin;
	return msg;
}

static void
the_network_reaches_only_the_exposed(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");

	(void)state;
	tacit_node_route(node, msg_for("app", TACIT_ORIGIN_NETWORK));
	assert_null(tacit_receive(app, 0));
	tacit_node_route(node, msg_for("app", TACIT_ORIGIN_CHANNEL));
	assert_non_null(tacit_receive(app, 0));
	tacit_context_expose(app);
	tacit_node_route(node, msg_for("app", TACIT_ORIGIN_NETWORK));
	assert_non_null(tacit_receive(app, 0));
	tacit_node_free(node);
}

static void
the_sender_is_named(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	struct tacit_msg *msg = msg_for("app", TACIT_ORIGIN_CHANNEL);

	(void)state;
	msg->has_sender = true;
	memset(msg->sender.b, 0xab, sizeof(msg->sender.b));
	tacit_node_route(node, msg);
	assert_non_null(msg = tacit_receive(app, 0));
	assert_string_equal(tacit_msg_sender(msg),
	    "Pabababababababababababababababababababababababababababababababab");
	assert_string_equal(tacit_msg_text(msg), "hi");
	assert_string_equal(tacit_msg_channel(msg), "");
	tacit_node_free(node);
}

static void
count_done(void *arg, const struct tacit_msg *msg)
{
	((uint64_t *)arg)[0]++;
	((uint64_t *)arg)[1] = msg->done_token;
}

/* a channel's far end is told when the message was handed out or handled, not before */
static void
delivered_means_handed_out(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	struct tacit_msg *msg = msg_for("app", TACIT_ORIGIN_CHANNEL);
	uint64_t done[2] = {0, 0};

	(void)state;
	msg->done = count_done;
	msg->done_arg = done;
	msg->done_token = 77;
	tacit_node_route(node, msg);
	node_step(node);
	assert_int_equal(done[0], 0);
	assert_non_null(msg = tacit_receive(app, 0));
	assert_int_equal(done[0], 1);
	assert_int_equal(done[1], 77);
	tacit_msg_free(msg);
	assert_int_equal(done[0], 1);
	tacit_node_free(node);
}

struct handled {
	uint64_t done[2];
	bool frees;
};

static void
look(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct handled *handled = arg;

	assert_int_equal(handled->done[0], 0);
	tacit_msg_free(msg); /* borrowed: does nothing */
	if (handled->frees)
		tacit_context_free(ctx);
}

static void
delivered_means_handled(void **state)
{
	(void)state;
	for (int frees = 0; frees < 2; frees++) {
		struct tacit_node *node = tacit_node_new();
		struct handled handled = {.frees = frees};
		struct tacit_msg *msg = msg_for("w", TACIT_ORIGIN_LOCAL);

		assert_non_null(tacit_worker_start(node, "w", look, &handled));
		msg->done = count_done;
		msg->done_arg = handled.done;
		tacit_node_route(node, msg);
		node_step(node);
		assert_int_equal(handled.done[0], 1);
		tacit_node_free(node);
	}
}

static void
a_mailbox_is_bounded(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	struct lines lines = {.count = 0};
	uint64_t done[2] = {0, 0};
	unsigned count = 0;
	struct tacit_msg *msg;

	(void)state;
	for (unsigned i = 0; i < 70; i++) {
		msg = tacit_msg_new(1u << 20);
		assert_int_equal(
		    tacit_route_append(&msg->onward, tacit_address_worker("app")), TACIT_OK);
		tacit_node_route(node, msg);
	}
	tacit_node_on_log(node, lines_add, &lines);
	node_step(node);
	assert_int_equal(lines.count, 70 - 64);
	assert_true(lines_have(&lines, "1 the mailbox `app` is full"));
	/* what somebody waits for is bounded by him, and never dropped */
	msg = msg_for("app", TACIT_ORIGIN_CHANNEL);
	msg->done = count_done;
	msg->done_arg = done;
	tacit_node_route(node, msg);
	node_step(node);
	assert_int_equal(done[0], 0);
	while ((msg = tacit_receive(app, 0)) != NULL) {
		tacit_msg_free(msg);
		count++;
	}
	assert_int_equal(count, 65);
	assert_int_equal(done[0], 1);
	tacit_node_free(node);
}

static void
errors_of_sending_are_remembered(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	const struct tacit_route *nobody = tacit_route_new(node, "nobody", NULL);

	(void)state;
	assert_int_equal(tacit_send_text(app, nobody, "x"), TACIT_ENOTFOUND);
	assert_int_equal(tacit_node_err(node), TACIT_ENOTFOUND);
	assert_string_equal(tacit_node_errmsg(node),
	    "cannot send to [nobody]: there is no such worker in this node");
	assert_null(tacit_receive(app, TACIT_FOREVER));
	assert_int_equal(tacit_node_run(node), TACIT_ENOTFOUND);
	assert_null(tacit_context_new(node, "other"));
	assert_null(tacit_route_new(node, "app", NULL));
	tacit_node_clear_err(node);
	assert_int_equal(tacit_send_text(app, tacit_route_new(node, NULL), "x"), TACIT_ENOTFOUND);
	tacit_node_clear_err(node);
	assert_int_equal(tacit_send_text(app, NULL, "x"), TACIT_EINVAL);
	tacit_node_free(node);
}

static void
fails_inside(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct tacit_node *node = arg;
	struct tacit_route route;

	(void)msg;
	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("nobody")), TACIT_OK);
	assert_int_equal(tacit_send_text(ctx, &route, "x"), TACIT_ENOTFOUND);
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	assert_null(tacit_receive(ctx, 1));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	assert_null(tacit_node_read_line(node, stdin));
	tacit_node_free(node); /* refused */
}

static void
handlers_get_their_errors_and_may_not_wait(void **state)
{
	struct tacit_node *node = tacit_node_new();

	(void)state;
	assert_non_null(tacit_worker_start(node, "w", fails_inside, node));
	tacit_node_route(node, msg_for("w", TACIT_ORIGIN_LOCAL));
	assert_int_equal(tacit_node_run(node), TACIT_EINVAL);
	tacit_node_free(node);
}

static void
null_is_a_failure_that_was_remembered(void **state)
{
	size_t len = 1;

	(void)state;
	assert_null(tacit_context_new(NULL, "app"));
	assert_null(tacit_worker_start(NULL, "app", echo, NULL));
	assert_int_equal(tacit_send_text(NULL, NULL, "x"), TACIT_EINVAL);
	assert_null(tacit_receive(NULL, TACIT_FOREVER));
	assert_null(tacit_msg_data(NULL, &len));
	assert_int_equal(len, 0);
	assert_string_equal(tacit_msg_text(NULL), "");
	assert_null(tacit_msg_sender(NULL));
	assert_null(tacit_msg_channel(NULL));
	assert_null(tacit_msg_return_route(NULL));
	assert_null(tacit_route_keep(NULL, NULL));
	tacit_msg_free(NULL);
	tacit_context_free(NULL);
	tacit_context_expose(NULL);
	assert_int_equal(tacit_node_err(NULL), TACIT_ENOMEM);
	assert_non_null(tacit_node_errmsg(NULL));
	assert_int_equal(tacit_node_run(NULL), TACIT_ENOMEM);
	tacit_node_stop(NULL);
	tacit_node_stop_on_signals(NULL);
	assert_null(tacit_node_read_line(NULL, stdin));
	assert_null(tacit_tcp_peer(NULL, "127.0.0.1:1"));
	assert_null(tacit_tcp_listen(NULL, "127.0.0.1:1"));
	tacit_node_free(NULL);
}

/* a worker with a window of two, which a timer empties */
struct window {
	struct tacit_node *node;
	struct tacit_alarm *alarm;
	struct tacit_worker *worker;
	unsigned open, seen, waits;
	bool closed;
};

static int
has_room(void *self)
{
	struct window *window = self;

	return window->closed || window->open < 2;
}

static tacit_err
check(void *self, const struct tacit_msg *msg)
{
	struct window *window = self;

	if (window->closed)
		return TACIT_ECLOSED;
	return msg->len > 100 ? TACIT_ELIMIT : TACIT_OK;
}

static void
empty_window(void *arg)
{
	struct window *window = arg;

	window->waits++;
	window->open = 0;
}

static void
fill_window(void *self, struct tacit_msg *msg)
{
	struct window *window = self;

	window->open++;
	window->seen++;
	if (window->open == 2)
		tacit_alarm_set(window->alarm, tacit_node_now(window->node) + 1);
	tacit_msg_unref(msg);
}

static void
window_start(struct window *window, struct tacit_node *node)
{
	window->node = node;
	window->alarm = tacit_alarm_new(node, empty_window, window);
	window->worker = tacit_worker_add(node, "window", TACIT_HEARS_LOCAL, fill_window, window);
	tacit_worker_set_room(window->worker, has_room);
	tacit_worker_set_check(window->worker, check);
}

static void
sending_waits_for_room(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	const struct tacit_route *route = tacit_route_new(node, "window", NULL);
	struct window window = {.open = 0};
	char bytes[200] = "";

	(void)state;
	window_start(&window, node);
	for (unsigned i = 0; i < 11; i++)
		assert_int_equal(tacit_send_text(app, route, "x"), TACIT_OK);
	assert_int_equal(window.seen, 11);
	assert_int_equal(window.waits, 5);
	assert_int_equal(tacit_send(app, route, bytes, sizeof(bytes)), TACIT_ELIMIT);
	assert_int_equal(tacit_node_err(node), TACIT_ELIMIT);
	tacit_node_clear_err(node);
	window.closed = true;
	assert_int_equal(tacit_send_text(app, route, "x"), TACIT_ECLOSED);
	tacit_node_clear_err(node);
	/* a stop ends the waiting, and is no error of the node */
	window.closed = false;
	window.open = 2;
	tacit_node_stop(node);
	assert_int_equal(tacit_send_text(app, route, "x"), TACIT_ESTOPPED);
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	tacit_node_free(node);
}

static void
gone(void *arg)
{
	struct window *window = arg;

	tacit_worker_remove(window->worker);
}

static void
a_hop_may_go_while_sending_waits(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	const struct tacit_route *route = tacit_route_new(node, "window", NULL);
	struct window window = {.open = 2};

	(void)state;
	window_start(&window, node);
	tacit_timer_after(node, 1, gone, &window);
	assert_int_equal(tacit_send_text(app, route, "x"), TACIT_ENOTFOUND);
	tacit_node_free(node);
}

static void
sends_inside(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	*(tacit_err *)arg = tacit_reply(ctx, msg, "x", 1);
}

static void
a_handler_does_not_wait_for_room(void **state)
{
	struct tacit_node *node = tacit_node_new();
	tacit_err err = TACIT_OK;
	struct window window = {.open = 2};
	struct tacit_msg *msg = msg_for("w", TACIT_ORIGIN_LOCAL);

	(void)state;
	window_start(&window, node);
	assert_non_null(tacit_worker_start(node, "w", sends_inside, &err));
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("window")), TACIT_OK);
	tacit_node_route(node, msg);
	node_step(node);
	assert_int_equal(err, TACIT_OK);
	assert_int_equal(window.seen, 1);
	/* check still refuses */
	window.closed = true;
	msg = msg_for("w", TACIT_ORIGIN_LOCAL);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("window")), TACIT_OK);
	tacit_node_route(node, msg);
	node_step(node);
	assert_int_equal(err, TACIT_ECLOSED);
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	tacit_node_free(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_worker_answers),
	    cmocka_unit_test(the_network_reaches_only_the_exposed),
	    cmocka_unit_test(the_sender_is_named),
	    cmocka_unit_test(delivered_means_handed_out),
	    cmocka_unit_test(delivered_means_handled),
	    cmocka_unit_test(a_mailbox_is_bounded),
	    cmocka_unit_test(errors_of_sending_are_remembered),
	    cmocka_unit_test(handlers_get_their_errors_and_may_not_wait),
	    cmocka_unit_test(null_is_a_failure_that_was_remembered),
	    cmocka_unit_test(sending_waits_for_room),
	    cmocka_unit_test(a_hop_may_go_while_sending_waits),
	    cmocka_unit_test(a_handler_does_not_wait_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
