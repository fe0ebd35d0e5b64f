/* Listeners: many connections, addresses in use, descriptors that run out */
#include "support/tcp.h"

#include <sys/resource.h>

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

/* a connection from this port, or from any, that is reset when it is closed, so that the next one
 * may have its port at once */
static int
connect_from(const char *address, in_port_t *port)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = *port}, to = own;
	const struct linger reset = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	socklen_t len = sizeof(own);

	own.sin_addr.s_addr = to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
	*port = own.sin_port;
	return fd;
}

static void
keep_the_way_back(void *self, struct tacit_msg *msg)
{
	tacit_route_copy(self, &msg->ret);
	tacit_msg_unref(msg);
}

static void
answer(struct tacit_node *node, const struct tacit_route *way, const char *text)
{
	struct tacit_msg *msg = tacit_msg_copy_of(text, strlen(text));

	tacit_route_copy(&msg->onward, way);
	tacit_node_route(node, msg);
	node_step(node);
}

/* an answer that comes late is not for the next one at the same port */
static void
a_port_may_be_somebody_elses_later(void **state)
{
	static const char wanted[] = "\x00\x0f\x01\x01\x00\x04"
				     "back\x00\x05right";
	struct tacit_route first = {0}, second = {0};
	char got[sizeof(wanted) - 1];
	uint8_t frame[64];
	in_port_t port = 0;
	struct hub hub;
	size_t len;
	int fd;

	(void)state;
	hub_init(&hub, "127.0.0.1:0");
	assert_non_null(
	    tacit_worker_add(hub.node, "first", TACIT_HEARS_NETWORK, keep_the_way_back, &first));
	assert_non_null(
	    tacit_worker_add(hub.node, "second", TACIT_HEARS_NETWORK, keep_the_way_back, &second));
	fd = connect_from(hub.address, &port);
	len = make_frame(frame, "first", "back", "", 0);
	raw_write(fd, frame, len);
	while (first.count == 0)
		(void)tacit_node_wait(hub.node, NULL, NULL, 1);
	close(fd);
	/* it may be here before the hub knows that the one before is gone */
	fd = connect_from(hub.address, &port);
	len = make_frame(frame, "second", "back", "", 0);
	raw_write(fd, frame, len);
	while (second.count == 0)
		(void)tacit_node_wait(hub.node, NULL, NULL, 1);
	answer(hub.node, &first, "wrong");
	assert_true(lines_have(&hub.lines, "there is no such connection"));
	answer(hub.node, &second, "right");
	assert_true(raw_read(hub.node, fd, got, sizeof(got)));
	assert_memory_equal(got, wanted, sizeof(got));
	close(fd);
	tacit_node_free(hub.node);
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
	node_logs(hub.node, &hub.lines, "1 cannot accept connections now: too many open files");
	assert_int_equal(hub.seen, 10);
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
	    cmocka_unit_test(two_hundred_connections),
	    cmocka_unit_test(a_port_may_be_somebody_elses_later),
	    cmocka_unit_test(an_address_in_use_is_said),
	    cmocka_unit_test(descriptors_may_run_out),
	    cmocka_unit_test(listeners_names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
