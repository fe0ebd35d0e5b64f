/* One TCP connection (PROTOCOL.md 2): frames cut anywhere, garbage, pings, bounds, back-pressure */
#include "support/tcp.h"

#include <pthread.h>

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
	static const char *const garbage[] = {
	    "\0\0", "\0\3abc", "\0\1\2", "GET / HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n\r\n"};
	static const size_t lens[] = {2, 5, 3, 40};
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
	node_logs(hub.node, &hub.lines, "1 closed the connection to 127.0.0.1:");
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

/* a program that only sends is slowed down to what the connection takes: nothing is dropped,
 * although all of it is more than may wait */
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
	    cmocka_unit_test(what_waits_to_be_written_is_bounded),
	    cmocka_unit_test(sending_waits_for_a_slow_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
