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
	    cmocka_unit_test(an_address_in_use_is_said),
	    cmocka_unit_test(descriptors_may_run_out),
	    cmocka_unit_test(listeners_names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
