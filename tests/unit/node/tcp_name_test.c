/* HOST:PORT and lists of them */
#include "support/tcp.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
