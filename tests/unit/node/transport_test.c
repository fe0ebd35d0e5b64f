/*
 * What every transport promises, run over TCP and in the process: messages arrive whole, in order,
 * from the network; answers find their way back; reach only what is exposed; nothing is relayed.
 */
#include "support/node.h"

#include <pthread.h>
#include <stdatomic.h>

#include "node/internal.h"
#include "tacit/inproc.h"

/* a way from a to b */
struct way {
	struct tacit_node *a, *b;
	const char *to_b;
};

typedef const char *(*connect_fn)(struct tacit_node *a, struct tacit_node *b);

static const char *
over_tcp(struct tacit_node *a, struct tacit_node *b)
{
	return tacit_tcp_peer(a, tacit_tcp_listen(b, "127.0.0.1:0"));
}

static const char *
over_tcp6(struct tacit_node *a, struct tacit_node *b)
{
	return tacit_tcp_peer(a, tacit_tcp_listen(b, "[::1]:0"));
}

static const char *
in_process(struct tacit_node *a, struct tacit_node *b)
{
	return tacit_inproc_peer(a, b);
}

static void
way_init(struct way *way, connect_fn connect_nodes)
{
	way->a = tacit_node_new();
	way->b = tacit_node_new();
	assert_non_null(way->to_b = connect_nodes(way->a, way->b));
}

static void
way_fini(struct way *way)
{
	assert_int_equal(tacit_node_err(way->a), TACIT_OK);
	assert_int_equal(tacit_node_err(way->b), TACIT_OK);
	tacit_node_free(way->a);
	tacit_node_free(way->b);
}

struct count {
	unsigned seen, wanted;
	bool in_order;
};

static int
count_done(void *arg)
{
	const struct count *count = arg;

	return count->seen >= count->wanted;
}

/* each message begins with its number */
static void
see(struct count *count, struct tacit_msg *msg)
{
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);
	unsigned number;

	assert_true(len >= sizeof(number));
	memcpy(&number, bytes, sizeof(number));
	count->in_order = count->in_order && number == count->seen;
	for (size_t i = sizeof(number); i < len; i++)
		assert_int_equal(((const uint8_t *)bytes)[i], (uint8_t)(number + i));
	count->seen++;
}

static void
handle_count(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)ctx;
	see(arg, msg);
}

static void
handle_echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	see(arg, msg);
	assert_int_equal(tacit_reply(ctx, msg, bytes, len), TACIT_OK);
}

static size_t
make_numbered(uint8_t *ret, unsigned number, size_t len)
{
	memcpy(ret, &number, sizeof(number));
	for (size_t i = sizeof(number); i < len; i++)
		ret[i] = (uint8_t)(number + i);
	return len;
}

static size_t
any_len(unsigned number)
{
	return sizeof(number) + (size_t)number * number * 7919 % 20011;
}

static void
a_thousand_both_ways(connect_fn connect_nodes)
{
	struct count there = {.wanted = 1000, .in_order = true}, back = there;
	static uint8_t bytes[65536];
	struct tacit_context *ctx, *echo;
	const struct tacit_route *route;
	struct way way;

	way_init(&way, connect_nodes);
	ctx = tacit_worker_start(way.a, "app", handle_count, &back);
	tacit_context_expose(ctx);
	echo = tacit_worker_start(way.b, "echoer", handle_echo, &there);
	tacit_context_expose(echo);
	route = tacit_route_new(way.a, way.to_b, "echoer", NULL);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(
		    tacit_send(ctx, route, bytes, make_numbered(bytes, i, any_len(i))), TACIT_OK);
		if (i % 16 == 0)
			(void)tacit_node_wait(way.b, NULL, NULL, 0);
		if (i % 16 == 0)
			(void)tacit_node_wait(way.a, NULL, NULL, 0);
	}
	nodes_until(way.a, way.b, count_done, &back);
	assert_int_equal(there.seen, 1000);
	assert_int_equal(back.seen, 1000);
	assert_true(there.in_order && back.in_order);
	way_fini(&way);
}

/* the message that shows that those before it were dropped: transports keep the order */
static void
fence(struct way *way, struct tacit_context *from)
{
	struct count fence = {.wanted = 1, .in_order = true};
	struct tacit_context *ctx = tacit_worker_start(way->b, "fence", handle_count, &fence);
	unsigned number = 0;

	tacit_context_expose(ctx);
	assert_int_equal(tacit_send(from, tacit_route_new(way->a, way->to_b, "fence", NULL),
			     &number, sizeof(number)),
	    TACIT_OK);
	nodes_until(way->a, way->b, count_done, &fence);
	tacit_context_free(ctx);
}

static void
only_the_exposed_are_reached(connect_fn connect_nodes)
{
	struct count count = {.wanted = 1, .in_order = true};
	struct tacit_context *app, *hidden;
	const struct tacit_route *route, *nobody;
	struct lines lines = {.count = 0};
	unsigned number = 0;
	struct way way;

	way_init(&way, connect_nodes);
	tacit_node_on_log(way.b, lines_add, &lines);
	app = tacit_context_new(way.a, "app");
	hidden = tacit_worker_start(way.b, "w", handle_count, &count);
	route = tacit_route_new(way.a, way.to_b, "w", NULL);
	nobody = tacit_route_new(way.a, way.to_b, "nobody", NULL);
	assert_int_equal(tacit_send(app, route, &number, sizeof(number)), TACIT_OK);
	assert_int_equal(tacit_send(app, nobody, &number, sizeof(number)), TACIT_OK);
	fence(&way, app);
	assert_int_equal(count.seen, 0);
	assert_true(lines_have(&lines, "3 dropped a message for [w]: the worker does not hear"));
	assert_true(lines_have(&lines, "3 dropped a message for [nobody]: no such worker"));
	tacit_context_expose(hidden);
	assert_int_equal(tacit_send(app, route, &number, sizeof(number)), TACIT_OK);
	fence(&way, app);
	assert_int_equal(count.seen, 1);
	way_fini(&way);
}

static void
nothing_is_relayed(connect_fn connect_nodes)
{
	struct tacit_node *c = tacit_node_new();
	struct count count = {.wanted = 1, .in_order = true};
	struct lines lines = {.count = 0};
	struct tacit_context *app, *w;
	const char *to_c;
	unsigned number = 0;
	struct way way;

	way_init(&way, connect_nodes);
	tacit_node_on_log(way.b, lines_add, &lines);
	app = tacit_context_new(way.a, "app");
	w = tacit_worker_start(c, "w", handle_count, &count);
	tacit_context_expose(w);
	assert_non_null(to_c = connect_nodes(way.b, c));
	assert_int_equal(tacit_send(app, tacit_route_new(way.a, way.to_b, to_c, "w", NULL), &number,
			     sizeof(number)),
	    TACIT_OK);
	fence(&way, app);
	assert_true(lines_have(&lines, "this node does not relay"));
	/* while b itself may */
	assert_int_equal(tacit_send(tacit_context_new(way.b, "app"),
			     tacit_route_new(way.b, to_c, "w", NULL), &number, sizeof(number)),
	    TACIT_OK);
	nodes_until(way.b, c, count_done, &count);
	assert_int_equal(count.seen, 1);
	way_fini(&way);
	tacit_node_free(c);
}

struct origin {
	enum tacit_origin origin;
	char onward[64], ret[128];
	unsigned seen;
};

static void
take_origin(void *self, struct tacit_msg *msg)
{
	struct origin *origin = self;

	origin->origin = msg->origin;
	tacit_route_format(&msg->onward, origin->onward, sizeof(origin->onward));
	tacit_route_format(&msg->ret, origin->ret, sizeof(origin->ret));
	origin->seen++;
	tacit_msg_unref(msg);
}

static int
has_origin(void *arg)
{
	return ((struct origin *)arg)->seen > 0;
}

static void
routes_are_as_the_next_hop_needs_them(connect_fn connect_nodes)
{
	struct tacit_context *app;
	struct origin origin = {.seen = 0};
	struct way way;

	way_init(&way, connect_nodes);
	app = tacit_context_new(way.a, "app");
	assert_non_null(tacit_worker_add(way.b, "w", TACIT_HEARS_NETWORK, take_origin, &origin));
	assert_int_equal(
	    tacit_send_text(app, tacit_route_new(way.a, way.to_b, "w", "further", NULL), "x"),
	    TACIT_OK);
	nodes_until(way.a, way.b, has_origin, &origin);
	assert_int_equal(origin.origin, TACIT_ORIGIN_NETWORK);
	assert_string_equal(origin.onward, "w => further");
	assert_non_null(strstr(origin.ret, " => app"));
	assert_int_equal(strncmp(origin.ret, way.to_b, strcspn(way.to_b, "#") + 1), 0);
	way_fini(&way);
}

/* a return route that is full already leaves no room for the hop of the connection */
static void
too_long_a_return_route_is_dropped(connect_fn connect_nodes)
{
	struct tacit_context *app;
	struct origin origin = {.seen = 0};
	struct tacit_address first;
	struct way way;

	way_init(&way, connect_nodes);
	app = tacit_context_new(way.a, "app");
	assert_non_null(tacit_worker_add(way.b, "w", TACIT_HEARS_NETWORK, take_origin, &origin));
	assert_int_equal(tacit_address_parse(way.to_b, &first), TACIT_OK);
	for (unsigned hops = TACIT_ROUTE_HOPS_MAX; hops >= TACIT_ROUTE_HOPS_MAX - 1; hops--) {
		struct tacit_msg *msg = tacit_msg_copy_of("x", 1);

		assert_int_equal(tacit_route_append(&msg->onward, first), TACIT_OK);
		assert_int_equal(
		    tacit_route_append(&msg->onward, tacit_address_worker("w")), TACIT_OK);
		for (unsigned i = 0; i < hops; i++)
			assert_int_equal(
			    tacit_route_append(&msg->ret, tacit_address_worker("a")), TACIT_OK);
		tacit_node_route(way.a, msg);
		fence(&way, app);
		assert_int_equal(origin.seen, hops < TACIT_ROUTE_HOPS_MAX);
	}
	way_fini(&way);
}

/* b runs on a thread of its own and is stopped and freed there */
struct runner {
	struct tacit_node *node;
	struct count count;
};

static void *
run_node(void *arg)
{
	struct runner *runner = arg;

	if (tacit_node_run(runner->node) != TACIT_OK)
		abort();
	tacit_node_free(runner->node);
	return NULL;
}

static void
nodes_on_two_threads(connect_fn connect_nodes)
{
	struct runner runner = {.count = {.wanted = 300, .in_order = true}};
	struct count back = runner.count;
	struct tacit_context *app, *echo;
	const struct tacit_route *route;
	uint8_t bytes[1024];
	pthread_t thread;
	struct way way;

	way_init(&way, connect_nodes);
	runner.node = way.b;
	echo = tacit_worker_start(way.b, "echoer", handle_echo, &runner.count);
	tacit_context_expose(echo);
	app = tacit_worker_start(way.a, "app", handle_count, &back);
	tacit_context_expose(app);
	route = tacit_route_new(way.a, way.to_b, "echoer", NULL);
	assert_int_equal(pthread_create(&thread, NULL, run_node, &runner), 0);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(
		    tacit_send(app, route, bytes, make_numbered(bytes, i, sizeof(bytes))),
		    TACIT_OK);
	assert_int_equal(tacit_node_wait(way.a, count_done, &back, 20000), TACIT_OK);
	assert_true(back.in_order);
	tacit_node_stop(way.b);
	pthread_join(thread, NULL);
	/* sending to one that is gone harms nobody */
	(void)tacit_send(app, route, bytes, sizeof(bytes));
	(void)tacit_node_wait(way.a, NULL, NULL, 5);
	tacit_node_free(way.a);
}

/* what was sent before the node was freed arrives */
static void
last_words_arrive(connect_fn connect_nodes)
{
	struct count count = {.wanted = 101, .in_order = true};
	struct tacit_context *app, *w;
	const struct tacit_route *route;
	static uint8_t bytes[40000];
	struct way way;

	way_init(&way, connect_nodes);
	w = tacit_worker_start(way.b, "w", handle_count, &count);
	tacit_context_expose(w);
	app = tacit_context_new(way.a, "app");
	route = tacit_route_new(way.a, way.to_b, "w", NULL);
	count.wanted = 1;
	assert_int_equal(tacit_send(app, route, bytes, make_numbered(bytes, 0, 8)), TACIT_OK);
	nodes_until(way.a, way.b, count_done, &count);
	count.wanted = 41;
	for (unsigned i = 1; i < 41; i++)
		assert_int_equal(
		    tacit_send(app, route, bytes, make_numbered(bytes, i, 1000)), TACIT_OK);
	tacit_node_free(way.a);
	nodes_until(way.b, NULL, count_done, &count);
	assert_true(count.in_order);
	tacit_node_free(way.b);
}

#define CONTRACT(way)                                                         \
	static void a_thousand_both_ways_##way(void **state)                  \
	{                                                                     \
		(void)state;                                                  \
		a_thousand_both_ways(way);                                    \
	}                                                                     \
	static void only_the_exposed_are_reached_##way(void **state)          \
	{                                                                     \
		(void)state;                                                  \
		only_the_exposed_are_reached(way);                            \
	}                                                                     \
	static void nothing_is_relayed_##way(void **state)                    \
	{                                                                     \
		(void)state;                                                  \
		nothing_is_relayed(way);                                      \
	}                                                                     \
	static void routes_are_as_the_next_hop_needs_them_##way(void **state) \
	{                                                                     \
		(void)state;                                                  \
		routes_are_as_the_next_hop_needs_them(way);                   \
	}                                                                     \
	static void too_long_a_return_route_is_dropped_##way(void **state)    \
	{                                                                     \
		(void)state;                                                  \
		too_long_a_return_route_is_dropped(way);                      \
	}                                                                     \
	static void nodes_on_two_threads_##way(void **state)                  \
	{                                                                     \
		(void)state;                                                  \
		nodes_on_two_threads(way);                                    \
	}                                                                     \
	static void last_words_arrive_##way(void **state)                     \
	{                                                                     \
		(void)state;                                                  \
		last_words_arrive(way);                                       \
	}
CONTRACT(over_tcp)
CONTRACT(over_tcp6)
CONTRACT(in_process)

#define CONTRACT_TESTS(way)                                                \
	cmocka_unit_test(a_thousand_both_ways_##way),                      \
	    cmocka_unit_test(only_the_exposed_are_reached_##way),          \
	    cmocka_unit_test(nothing_is_relayed_##way),                    \
	    cmocka_unit_test(routes_are_as_the_next_hop_needs_them_##way), \
	    cmocka_unit_test(too_long_a_return_route_is_dropped_##way),    \
	    cmocka_unit_test(nodes_on_two_threads_##way),                  \
	    cmocka_unit_test(last_words_arrive_##way)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CONTRACT_TESTS(over_tcp),
	    CONTRACT_TESTS(in_process),
	};
	const struct CMUnitTest tests6[] = {CONTRACT_TESTS(over_tcp6)};
	int fd = socket(AF_INET6, SOCK_STREAM, 0), failed;
	struct sockaddr_in6 loopback = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool has_tcp6 = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof(loopback)) == 0;

	if (fd >= 0)
		close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (has_tcp6 ? cmocka_run_group_tests(tests6, NULL, NULL) : 0);
}
