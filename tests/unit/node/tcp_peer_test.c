/* Peers: connecting, again and again, to the right one, and saying why not */
#include "support/tcp.h"

#include "node/tcp_state.h"

struct watcher {
	struct tacit_tcp_want *want;
	unsigned ups, downs;
	char text[256];
};

static void
on_up(void *arg)
{
	((struct watcher *)arg)->ups++;
}

static void
on_down(void *arg, const char *text)
{
	struct watcher *watcher = arg;

	watcher->downs++;
	snprintf(watcher->text, sizeof(watcher->text), "%s", text);
}

static int
is_up(void *arg)
{
	return ((struct watcher *)arg)->ups > 0;
}

static int
is_down(void *arg)
{
	return ((struct watcher *)arg)->downs > 0;
}

static struct tacit_address
peer_address(struct tacit_node *node, const char *host_port)
{
	struct tacit_address address;

	assert_int_equal(tacit_address_parse(tacit_tcp_peer(node, host_port), &address), TACIT_OK);
	return address;
}

static void
watcher_init(struct watcher *watcher, struct tacit_node *node, const char *host_port)
{
	*watcher = (struct watcher){.ups = 0};
	watcher->want =
	    tacit_tcp_want_new(node, peer_address(node, host_port), on_up, on_down, watcher);
	assert_non_null(watcher->want);
	/* never before the call has returned */
	assert_int_equal(watcher->ups + watcher->downs, 0);
}

/* an address of this machine where nobody listens */
static void
free_address(char ret[32])
{
	struct hub hub;

	hub_init(&hub, "127.0.0.1:0");
	snprintf(ret, 32, "%s", hub.address);
	tacit_node_free(hub.node);
}

static void
a_dead_peer_is_said_in_words(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct watcher watcher;
	char address[32], text[128];

	(void)state;
	free_address(address);
	watcher_init(&watcher, node, address);
	assert_int_equal(tacit_node_wait(node, is_down, &watcher, 20000), TACIT_OK);
	snprintf(text, sizeof(text), "cannot connect to %s: connection refused", address);
	assert_string_equal(watcher.text, text);
	assert_int_equal(watcher.ups, 0);
	tacit_tcp_want_free(watcher.want);
	tacit_node_free(node);
	/* and a name that nobody has */
	node = tacit_node_new();
	watcher_init(&watcher, node, "name.invalid:4000");
	/* servers of names that do not answer are asked several times */
	assert_int_equal(tacit_node_wait(node, is_down, &watcher, 120000), TACIT_OK);
	assert_non_null(strstr(watcher.text, "cannot connect to name.invalid:4000: "));
	tacit_tcp_want_free(watcher.want);
	tacit_node_free(node);
}

static void
a_want_connects_again(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct watcher watcher, late;
	char address[32];
	struct hub hub;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	snprintf(address, sizeof(address), "%s", hub.address);
	watcher_init(&watcher, node, address);
	nodes_until(node, hub.node, is_up, &watcher);
	assert_int_equal(watcher.downs, 0);
	watcher_init(&late, node, address);
	assert_int_equal(tacit_node_wait(node, is_up, &late, 20000), TACIT_OK);
	assert_int_equal(watcher.ups, 1);
	tacit_tcp_want_free(late.want);
	for (unsigned i = 0; i < 3; i++) {
		watcher.ups = watcher.downs = 0;
		tacit_node_free(hub.node);
		assert_int_equal(tacit_node_wait(node, is_down, &watcher, 20000), TACIT_OK);
		if (i == 0)
			assert_non_null(strstr(watcher.text, "was lost: "));
		hub_init(&hub, address);
		nodes_until(node, hub.node, is_up, &watcher);
	}
	/* taken for dead */
	watcher.ups = watcher.downs = 0;
	tacit_tcp_want_drop(watcher.want);
	assert_int_equal(watcher.downs, 0);
	nodes_until(node, hub.node, is_up, &watcher);
	assert_int_equal(watcher.downs, 1);
	tacit_tcp_want_free(watcher.want);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

static void
free_both(void *arg)
{
	struct watcher *watchers = arg;

	tacit_tcp_want_free(watchers[0].want);
	tacit_tcp_want_free(watchers[1].want);
	watchers[0].want = watchers[1].want = NULL;
	watchers[0].ups++;
}

static void
wants_may_go_while_they_are_told(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct watcher watchers[2] = {{.ups = 0}, {.ups = 0}};
	struct hub hub;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	for (size_t i = 0; i < 2; i++)
		watchers[i].want = tacit_tcp_want_new(
		    node, peer_address(node, hub.address), free_both, on_down, watchers);
	nodes_until(node, hub.node, is_up, watchers);
	assert_int_equal(watchers[0].ups, 1);
	/* what is left is freed with the node */
	watcher_init(&watchers[0], node, hub.address);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

static void
the_next_of_a_list_is_tried(void **state)
{
	struct tacit_node *node = tacit_node_new();
	char dead[32], list[80];
	struct watcher watcher;
	struct hub hub;

	(void)state;
	free_address(dead);
	hub_init(&hub, "127.0.0.1:0");
	snprintf(list, sizeof(list), "%s,%s", dead, hub.address);
	watcher_init(&watcher, node, list);
	nodes_until(node, hub.node, is_up, &watcher);
	assert_int_equal(watcher.downs, 0);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

static void
names_are_resolved(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct watcher watcher;
	char name[32];
	struct hub hub;

	(void)state;
	hub_init(&hub, "localhost:0");
	assert_int_equal(strncmp(hub.address, "127.0.0.1:", 10), 0);
	snprintf(name, sizeof(name), "localhost:%s", strrchr(hub.address, ':') + 1);
	watcher_init(&watcher, node, name);
	nodes_until(node, hub.node, is_up, &watcher);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

/* nobody wants the connection: the first message makes it, and waits for it */
static void
messages_wait_for_their_connection(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	struct lines lines = {.count = 0};
	const struct tacit_route *route;
	char address[32];
	struct hub hub;

	(void)state;
	tacit_node_on_log(node, lines_add, &lines);
	free_address(address);
	route = tacit_route_new(node, tacit_tcp_peer(node, address), "ear", NULL);
	assert_int_equal(tacit_send_text(app, route, "lost"), TACIT_OK);
	node_logs(node, &lines, "1 cannot connect to 127.0.0.1:");
	hub_init(&hub, address);
	assert_int_equal(tacit_send_text(app, route, "kept"), TACIT_OK);
	nodes_until(node, hub.node, heard_one, &hub);
	assert_string_equal(hub.last, "kept");
	assert_int_equal(hub.seen, 1);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

/* with a want they are dropped while it is down: their sender pushes them again */
static void
messages_to_a_wanted_peer_do_not_wait(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	const struct tacit_route *route;
	struct watcher watcher;
	char address[32];
	struct hub hub;

	(void)state;
	free_address(address);
	watcher_init(&watcher, node, address);
	assert_int_equal(tacit_node_wait(node, is_down, &watcher, 20000), TACIT_OK);
	route = tacit_route_new(node, tacit_tcp_peer(node, address), "ear", NULL);
	assert_int_equal(tacit_send_text(app, route, "dropped"), TACIT_OK);
	hub_init(&hub, address);
	nodes_until(node, hub.node, is_up, &watcher);
	assert_int_equal(tacit_send_text(app, route, "kept"), TACIT_OK);
	nodes_until(node, hub.node, heard_one, &hub);
	assert_string_equal(hub.last, "kept");
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

static void
on_done(void *arg, const struct tacit_msg *msg)
{
	((char *)arg)[msg->done_token] = msg->taken ? 't' : 'd';
}

static void
route_once(struct tacit_node *node, const struct tacit_route *route, char *done, uint64_t token)
{
	struct tacit_msg *msg = tacit_msg_copy_of("x", 1);

	tacit_route_copy(&msg->onward, route);
	msg->once = true;
	msg->done = on_done;
	msg->done_arg = done;
	msg->done_token = token;
	tacit_node_route(node, msg);
	(void)tacit_node_wait(node, NULL, NULL, 0);
}

/* what must not be sent twice: taken by a connection, or dropped, and that is told */
static void
what_was_dropped_is_said(void **state)
{
	struct tacit_node *node = tacit_node_new();
	const struct tacit_route *route;
	struct watcher watcher;
	char address[32], done[6] = ".....";
	struct hub hub;

	(void)state;
	free_address(address);
	/* waits for a connection that is not made */
	route = tacit_route_new(node, tacit_tcp_peer(node, address), "ear", NULL);
	route_once(node, route, done, 0);
	watcher_init(&watcher, node, address);
	assert_int_equal(tacit_node_wait(node, is_down, &watcher, 20000), TACIT_OK);
	assert_int_equal(done[0], 'd');
	route_once(node, route, done, 1);
	hub_init(&hub, address);
	nodes_until(node, hub.node, is_up, &watcher);
	route_once(node, route, done, 2);
	nodes_until(node, hub.node, heard_one, &hub);
	/* a worker here is as good; nobody is not */
	assert_non_null(tacit_worker_add(node, "ear", TACIT_HEARS_LOCAL, hear, &hub));
	route_once(node, tacit_route_new(node, "ear", NULL), done, 3);
	route_once(node, tacit_route_new(node, "nobody", NULL), done, 4);
	assert_string_equal(done, "ddttd");
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

/* a peer that is only an address of the network is not dialled: not by a forged return route, not
 * by a message for a connection that is gone */
static void
only_named_peers_are_dialled(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	struct lines lines = {.count = 0};
	struct tacit_msg *msg;
	char address[40];
	struct hub hub;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	snprintf(address, sizeof(address), "1#%s", hub.address);
	assert_non_null(tacit_tcp_listen(node, "127.0.0.1:0"));
	tacit_node_on_log(node, lines_add, &lines);
	assert_int_equal(tacit_send_text(app, tacit_route_new(node, address, "ear", NULL), "x"),
	    TACIT_ENOTFOUND);
	tacit_node_clear_err(node);
	msg = tacit_msg_copy_of("x", 1);
	tacit_route_copy(&msg->onward, tacit_route_new(node, address, "ear", NULL));
	tacit_node_route(node, msg);
	(void)tacit_node_wait(node, NULL, NULL, 1);
	assert_true(lines_have(&lines, "there is no such connection"));
	(void)tacit_node_wait(hub.node, NULL, NULL, 5);
	assert_int_equal(hub.seen, 0);
	/* a want needs a peer that was named, too */
	assert_null(tacit_tcp_want_new(node,
	    (struct tacit_address){1, (const uint8_t *)address + 2, strlen(address + 2)}, on_up,
	    on_down, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

static unsigned
connections_of(const struct hub *hub)
{
	unsigned count = 0;

	for (const struct tacit_list *at = hub->node->tcp->connections.next;
	     at != &hub->node->tcp->connections; at = at->next)
		count++;
	return count;
}

/* which of the hubs has the connection; -1: none, or both */
static int
taken_by(const struct hub *hubs)
{
	unsigned first = connections_of(&hubs[0]), second = connections_of(&hubs[1]);

	return first + second != 1 ? -1 : first == 1 ? 0 : 1;
}

/* one that is taken for dead, although it takes connections, makes room for the next of the list; and
 * behind the last one comes the first */
static void
a_list_is_gone_round(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct watcher watcher;
	struct hub hubs[2];
	char list[64];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		hub_init(&hubs[i], "127.0.0.1:0");
	snprintf(list, sizeof(list), "%s,%s", hubs[0].address, hubs[1].address);
	watcher_init(&watcher, node, list);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(tacit_node_wait(node, is_up, &watcher, 20000), TACIT_OK);
		for (int turn = 0; turn < 10000 && taken_by(hubs) != i % 2; turn++) {
			node_step(hubs[0].node);
			(void)tacit_node_wait(hubs[1].node, NULL, NULL, 1);
		}
		assert_int_equal(taken_by(hubs), i % 2);
		watcher.ups = 0;
		tacit_tcp_want_drop(watcher.want);
	}
	tacit_tcp_want_free(watcher.want);
	tacit_node_free(node);
	for (size_t i = 0; i < 2; i++)
		tacit_node_free(hubs[i].node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_dead_peer_is_said_in_words),
	    cmocka_unit_test(a_want_connects_again),
	    cmocka_unit_test(wants_may_go_while_they_are_told),
	    cmocka_unit_test(the_next_of_a_list_is_tried),
	    cmocka_unit_test(names_are_resolved),
	    cmocka_unit_test(messages_wait_for_their_connection),
	    cmocka_unit_test(messages_to_a_wanted_peer_do_not_wait),
	    cmocka_unit_test(what_was_dropped_is_said),
	    cmocka_unit_test(only_named_peers_are_dialled),
	    cmocka_unit_test(a_list_is_gone_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
