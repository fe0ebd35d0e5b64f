/* TCP alone (PROTOCOL.md 2): frames cut anywhere, garbage, pings, limits, connecting again */
#include "support/node.h"

#include <pthread.h>
#include <sys/resource.h>

#include "node/internal.h"
#include "wire/frame.h"

struct hub {
	struct tacit_node *node;
	const char *address;
	struct lines lines;
	unsigned seen;
	char last[64];
};

static void
hear(void *self, struct tacit_msg *msg)
{
	struct hub *hub = self;

	hub->seen++;
	snprintf(hub->last, sizeof(hub->last), "%s", tacit_msg_text(msg));
	tacit_msg_unref(msg);
}

static void
hub_init(struct hub *hub, const char *address)
{
	*hub = (struct hub){.node = tacit_node_new()};
	tacit_node_on_log(hub->node, lines_add, &hub->lines);
	assert_non_null(tacit_worker_add(hub->node, "ear", TACIT_HEARS_NETWORK, hear, hub));
	assert_non_null(hub->address = tacit_tcp_listen(hub->node, address));
}

static int
heard_one(void *arg)
{
	return ((struct hub *)arg)->seen > 0;
}

/* a frame for `to`, `x` bytes long text repeated; returns its length */
static size_t
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

static void
step_until(struct hub *hub, unsigned seen)
{
	for (unsigned i = 0; i < 10000 && hub->seen < seen; i++)
		(void)tacit_node_wait(hub->node, NULL, NULL, 1);
	assert_int_equal(hub->seen, seen);
}

static void
frames_may_be_cut_anywhere(void **state)
{
	uint8_t frames[256];
	size_t len, one;
	struct hub hub;
	int fd;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_true((fd = raw_connect(hub.address)) >= 0);
	one = make_frame(frames, "ear", "back", "\5first", 6);
	len = one + make_frame(frames + one, "ear", "back", "\6second", 7);
	for (size_t cut = 0; cut <= len; cut++) {
		raw_write(fd, frames, cut);
		(void)tacit_node_wait(hub.node, NULL, NULL, 0);
		(void)tacit_node_wait(hub.node, NULL, NULL, 0);
		raw_write(fd, frames + cut, len - cut);
		step_until(&hub, (unsigned)(cut + 1) * 2);
		assert_string_equal(hub.last, "second");
	}
	hub.seen = 0;
	for (size_t i = 0; i < len; i++) {
		raw_write(fd, frames + i, 1);
		node_step(hub.node);
	}
	step_until(&hub, 2);
	close(fd);
	tacit_node_free(hub.node);
}

static void
large_frames_may_be_cut_too(void **state)
{
	static const size_t cuts[] = {1, 2, 3, 100, 4095, 4096, 4097, 4098, 4099, 30000, 65535,
	    65536, 65537, 65538, 65600, 70000, 90000};
	static uint8_t payload[65535], frames[3 * 65537];
	size_t payload_len, len = 0;
	struct tacit_route onward, back;
	struct hub hub;
	int fd;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_true((fd = raw_connect(hub.address)) >= 0);
	tacit_route_init(&onward);
	tacit_route_init(&back);
	assert_int_equal(tacit_route_append(&onward, tacit_address_worker("ear")), TACIT_OK);
	payload_len = tacit_frame_payload_len_max(&onward, &back);
	memset(payload, 'x', sizeof(payload));
	len += make_frame(frames + len, "ear", NULL, payload, payload_len);
	assert_int_equal(len, 65537);
	len += make_frame(frames + len, "ear", NULL, payload, 5000);
	len += make_frame(frames + len, "ear", NULL, payload, 4093);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]) && cuts[i] < len; i++) {
		for (size_t at = 0, n; at < len; at += n) {
			n = len - at < cuts[i] ? len - at : cuts[i];
			/* very small pieces only at the borders */
			if (cuts[i] < 100 && at % 4096 > 8 && len - at > 64)
				n = len - at - 64 < 1000 ? len - at - 64 : 1000;
			raw_write(fd, frames + at, n);
			(void)tacit_node_wait(hub.node, NULL, NULL, 0);
			(void)tacit_node_wait(hub.node, NULL, NULL, 0);
		}
		step_until(&hub, (unsigned)(i + 1) * 3);
	}
	close(fd);
	tacit_node_free(hub.node);
}

static void
garbage_closes_only_its_connection(void **state)
{
	static const char *const garbage[] = {"\0\0", "\0\3abc", "\0\1\2",
	    "GET / HTTP/1.1\r\n\r\n"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
	static const size_t lens[] = {2, 5, 3, 80};
	uint8_t frame[64];
	struct hub hub;
	int good, bad;
	size_t len;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_true((good = raw_connect(hub.address)) >= 0);
	len = make_frame(frame, "ear", NULL, "\2ok", 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true((bad = raw_connect(hub.address)) >= 0);
		raw_write(bad, frame, len);
		raw_write(bad, garbage[i], lens[i]);
		assert_true(raw_closed(hub.node, bad));
		close(bad);
		raw_write(good, frame, len);
		step_until(&hub, (unsigned)(i + 1) * 2);
	}
	assert_true(lines_have(&hub.lines, "2 closed the connection to 127.0.0.1:"));
	assert_true(lines_have(&hub.lines, "it sent a frame of no bytes"));
	assert_true(lines_have(&hub.lines, "it sent a frame that is no message"));
	/* text of another protocol claims a long frame, and is closed when that is there */
	assert_true((bad = raw_connect(hub.address)) >= 0);
	raw_write(bad, garbage[3], lens[3]);
	(void)tacit_node_wait(hub.node, NULL, NULL, 5);
	close(bad);
	raw_write(good, frame, len);
	step_until(&hub, 7);
	close(good);
	tacit_node_free(hub.node);
}

static void
unknown_workers_leave_the_connection_open(void **state)
{
	uint8_t frame[64];
	struct hub hub;
	size_t len;
	int fd;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_true((fd = raw_connect(hub.address)) >= 0);
	len = make_frame(frame, "nobody", "back", "\2no", 3);
	raw_write(fd, frame, len);
	len = make_frame(frame, "ear", "back", "\2ok", 3);
	raw_write(fd, frame, len);
	step_until(&hub, 1);
	assert_true(lines_have(&hub.lines, "3 dropped a message for [nobody]"));
	close(fd);
	tacit_node_free(hub.node);
}

/* PROTOCOL.md 2.2 */
static void
pings_are_answered_and_other_empty_routes_ignored(void **state)
{
	static const char pong[] = "\x00\x0b\x01\x01\x00\x04"
				   "back\x00\x01\x01";
	static const char beat[] = "\x00\x04\x01\x00\x00\x00";
	uint8_t frame[64];
	char answer[sizeof(pong) - 1];
	struct hub hub;
	size_t len;
	int fd;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_true((fd = raw_connect(hub.address)) >= 0);
	raw_write(fd, beat, sizeof(beat) - 1);
	raw_write(fd, frame, make_frame(frame, NULL, "back", "\1", 1));
	raw_write(fd, frame, make_frame(frame, NULL, "back", "\0\0", 2));
	raw_write(fd, frame, make_frame(frame, NULL, NULL, "\0", 1));
	len = make_frame(frame, NULL, "back", "\0", 1);
	raw_write(fd, frame, len);
	assert_true(raw_read(hub.node, fd, answer, sizeof(answer)));
	assert_memory_equal(answer, pong, sizeof(answer));
	len = make_frame(frame, "ear", NULL, "\2ok", 3);
	raw_write(fd, frame, len);
	step_until(&hub, 1);
	assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), -1);
	close(fd);
	tacit_node_free(hub.node);
}

static void
oversize_is_refused(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	static char bytes[70000];
	const struct tacit_route *route;
	struct hub hub;
	size_t len = 65535;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	route = tacit_route_new(node, tacit_tcp_peer(node, hub.address), "ear", NULL);
	while (tacit_send(app, route, bytes, len) == TACIT_ELIMIT) {
		assert_int_equal(tacit_node_err(node), TACIT_ELIMIT);
		tacit_node_clear_err(node);
		len--;
	}
	/* version, two routes of one hop, the payload's length and the body's */
	assert_int_equal(len, 65535 - 1 - (1 + 5) - (1 + 5) - 3 - 3);
	nodes_until(node, hub.node, heard_one, &hub);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

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
	assert_int_equal(tacit_node_wait(node, is_down, &watcher, 20000), TACIT_OK);
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
	(void)tacit_node_wait(node, NULL, NULL, 5);
	assert_true(lines_have(&lines, "1 cannot connect to 127.0.0.1:"));
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

static void
two_hundred_connections(void **state)
{
	uint8_t frame[64];
	int fds[200];
	struct hub hub;
	size_t len;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	len = make_frame(frame, "ear", "back", "\2ok", 3);
	for (size_t i = 0; i < 200; i++) {
		assert_true((fds[i] = raw_connect(hub.address)) >= 0);
		if (i % 50 == 0)
			(void)tacit_node_wait(hub.node, NULL, NULL, 0);
	}
	for (unsigned round = 1; round <= 3; round++) {
		for (size_t i = 0; i < 200; i++)
			raw_write(fds[i], frame, len);
		step_until(&hub, round * 200);
	}
	for (size_t i = 0; i < 100; i++)
		close(fds[i]);
	(void)tacit_node_wait(hub.node, NULL, NULL, 5);
	raw_write(fds[150], frame, len);
	step_until(&hub, 601);
	for (size_t i = 100; i < 200; i++)
		close(fds[i]);
	tacit_node_free(hub.node);
}

static void
flood(void *self, struct tacit_msg *msg)
{
	struct hub *hub = self;

	for (unsigned i = 0; i < 1500; i++) {
		struct tacit_msg *answer = tacit_msg_new(60000);

		tacit_route_copy(&answer->onward, &msg->ret);
		tacit_node_route(hub->node, answer);
	}
	tacit_msg_unref(msg);
}

/* who does not read what he asked for is closed; the others get theirs */
static void
what_waits_to_be_written_is_bounded(void **state)
{
	uint8_t frame[64];
	struct hub hub;
	int slow, good;
	size_t len;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_non_null(tacit_worker_add(hub.node, "flood", TACIT_HEARS_NETWORK, flood, &hub));
	assert_true((slow = raw_connect(hub.address)) >= 0);
	assert_true((good = raw_connect(hub.address)) >= 0);
	len = make_frame(frame, "flood", "back", "", 0);
	raw_write(slow, frame, len);
	for (unsigned i = 0; i < 50; i++)
		(void)tacit_node_wait(hub.node, NULL, NULL, 1);
	assert_true(lines_have(&hub.lines, "1 closed the connection to 127.0.0.1:"));
	assert_true(lines_have(&hub.lines, "does not take what is sent to it"));
	len = make_frame(frame, "ear", NULL, "\2ok", 3);
	raw_write(good, frame, len);
	step_until(&hub, 1);
	close(slow);
	close(good);
	tacit_node_free(hub.node);
}

/* a hub on a thread of its own, which takes everything */
struct sink {
	struct tacit_node *node;
	unsigned seen;
};

static void
swallow(void *self, struct tacit_msg *msg)
{
	struct sink *sink = self;

	tacit_msg_unref(msg);
	if (++sink->seen == 2000)
		tacit_node_stop(sink->node);
}

static void *
run_sink(void *arg)
{
	return tacit_node_run(((struct sink *)arg)->node) == TACIT_OK ? arg : NULL;
}

/* a program that only sends is slowed down to what the connection takes: nothing is dropped, although
 * all of it is more than may wait */
static void
sending_waits_for_a_slow_connection(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *app = tacit_context_new(node, "app");
	struct sink sink = {.node = tacit_node_new()};
	static char bytes[60000];
	const struct tacit_route *route;
	const char *address;
	pthread_t thread;
	void *result;

	(void)state;
	assert_true(2000 * sizeof(bytes) > TACIT_SEND_QUEUE_LEN_MAX);
	assert_non_null(tacit_worker_add(sink.node, "sink", TACIT_HEARS_NETWORK, swallow, &sink));
	assert_non_null(address = tacit_tcp_listen(sink.node, "127.0.0.1:0"));
	route = tacit_route_new(node, tacit_tcp_peer(node, address), "sink", NULL);
	assert_int_equal(pthread_create(&thread, NULL, run_sink, &sink), 0);
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(tacit_send(app, route, bytes, sizeof(bytes)), TACIT_OK);
	tacit_node_free(node);
	pthread_join(thread, &result);
	assert_ptr_equal(result, &sink);
	assert_int_equal(sink.seen, 2000);
	tacit_node_free(sink.node);
}

static void
an_address_in_use_is_said(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct hub hub;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_null(tacit_tcp_listen(node, hub.address));
	assert_int_equal(tacit_node_err(node), TACIT_EBUSY);
	assert_non_null(strstr(tacit_node_errmsg(node), "choose another port"));
	tacit_node_clear_err(node);
	assert_null(tacit_tcp_listen(node, "203.0.113.7:0"));
	assert_int_equal(tacit_node_err(node), TACIT_EIO);
	tacit_node_free(node);
	tacit_node_free(hub.node);
}

static void
descriptors_may_run_out(void **state)
{
	struct rlimit old, few;
	uint8_t frame[64];
	int fds[40], dup_fd;
	struct hub hub;
	size_t len;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	len = make_frame(frame, "ear", NULL, "\2ok", 3);
	for (size_t i = 0; i < 40; i++)
		assert_true((fds[i] = raw_connect(hub.address)) >= 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true((dup_fd = dup(0)) >= 0);
	close(dup_fd);
	few = old;
	few.rlim_cur = (rlim_t)dup_fd + 10;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (size_t i = 0; i < 40; i++)
		raw_write(fds[i], frame, len);
	step_until(&hub, 10);
	assert_true(lines_have(&hub.lines, "1 cannot accept connections now: too many open files"));
	for (size_t i = 0; i < 20; i++)
		close(fds[i]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	/* nobody was turned away: the rest is accepted when descriptors are there again */
	step_until(&hub, 40);
	for (size_t i = 20; i < 40; i++)
		close(fds[i]);
	tacit_node_free(hub.node);
}

static void
names_are_checked(void **state)
{
	static const char *const bad[] = {"", ":", "host", "host:", ":4000", "host:0", "host:65536",
	    "host:99999999", "host:4a", "host: 1", " host:1", "host:-1", "host:+1", "ho st:1",
	    "::1:4000", "[::1]", "[::1]4000", "[::1:4000", "[]:1", "a:1,", ",a:1", "a:1,,b:1",
	    "a:1,b", "a:1 ,b:2", "h/x:1", "host#1:1", "[::1]:0"};
	static const char *const good[] = {"host:1", "host:65535", "127.0.0.1:4000", "[::1]:4000",
	    "[fe80::1%eth0]:4000", "a-b.c_d:4000", "a:1,b:2", "a:1,[::1]:2,127.0.0.1:3"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tacit_node *node = tacit_node_new();

		assert_null(tacit_tcp_peer(node, bad[i]));
		assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
		tacit_node_free(node);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct tacit_node *node = tacit_node_new();

		snprintf(text, sizeof(text), "1#%s", good[i]);
		assert_string_equal(tacit_tcp_peer(node, good[i]), text);
		tacit_node_free(node);
	}
}

static void
listeners_names_are_checked(void **state)
{
	static const char *const bad[] = {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
	    "127.0.0.1:0,127.0.0.1:0", "127.0.0.1:0,"};
	struct tacit_node *node = tacit_node_new();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(tacit_tcp_listen(node, bad[i]));
		assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
		tacit_node_clear_err(node);
	}
	assert_null(tacit_tcp_listen(node, NULL));
	tacit_node_clear_err(node);
	assert_null(tacit_tcp_peer(node, NULL));
	tacit_node_free(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_may_be_cut_anywhere),
	    cmocka_unit_test(large_frames_may_be_cut_too),
	    cmocka_unit_test(garbage_closes_only_its_connection),
	    cmocka_unit_test(unknown_workers_leave_the_connection_open),
	    cmocka_unit_test(pings_are_answered_and_other_empty_routes_ignored),
	    cmocka_unit_test(oversize_is_refused),
	    cmocka_unit_test(a_dead_peer_is_said_in_words),
	    cmocka_unit_test(a_want_connects_again),
	    cmocka_unit_test(wants_may_go_while_they_are_told),
	    cmocka_unit_test(the_next_of_a_list_is_tried),
	    cmocka_unit_test(names_are_resolved),
	    cmocka_unit_test(messages_wait_for_their_connection),
	    cmocka_unit_test(messages_to_a_wanted_peer_do_not_wait),
	    cmocka_unit_test(only_named_peers_are_dialled),
	    cmocka_unit_test(two_hundred_connections),
	    cmocka_unit_test(what_waits_to_be_written_is_bounded),
	    cmocka_unit_test(sending_waits_for_a_slow_connection),
	    cmocka_unit_test(an_address_in_use_is_said),
	    cmocka_unit_test(descriptors_may_run_out),
	    cmocka_unit_test(names_are_checked),
	    cmocka_unit_test(listeners_names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
