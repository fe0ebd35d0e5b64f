/* The router: who hears whom (DESIGN.md, "Who may reach what"), prefixes, transports, no
 * recursion */
#include "support/node.h"

#include "node/internal.h"

struct ear {
	struct tacit_node *node;
	struct tacit_worker *worker;
	unsigned count;
	char first_hop[64];
	unsigned depth, depth_max;
	bool relays, removes;
};

static void
on_msg(void *self, struct tacit_msg *msg)
{
	struct ear *ear = self;

	ear->count++;
	ear->depth++;
	if (ear->depth > ear->depth_max)
		ear->depth_max = ear->depth;
	tacit_route_format(&msg->onward, ear->first_hop, sizeof(ear->first_hop));
	if (ear->relays && ear->count < 10)
		tacit_node_route(ear->node, tacit_msg_ref(msg));
	if (ear->removes)
		tacit_worker_remove(ear->worker);
	tacit_msg_unref(msg);
	ear->depth--;
}

static void
route_to(struct tacit_node *node, struct tacit_address hop, enum tacit_origin origin)
{
	struct tacit_msg *msg = tacit_msg_copy_of("x", 1);

	assert_int_equal(tacit_route_append(&msg->onward, hop), TACIT_OK);
	msg->origin = origin;
	tacit_node_route(node, msg);
	node_step(node);
}

static void
workers_hear_whom_they_want_and_nobody_else(void **state)
{
	(void)state;
	for (unsigned hears = 0; hears < 8; hears++) {
		struct tacit_node *node = tacit_node_new();
		struct ear ear = {.node = node};

		assert_non_null(tacit_worker_add(node, "ear", hears, on_msg, &ear));
		for (int origin = TACIT_ORIGIN_LOCAL; origin <= TACIT_ORIGIN_NETWORK; origin++) {
			unsigned before = ear.count;

			route_to(node, tacit_address_worker("ear"), (enum tacit_origin)origin);
			assert_int_equal(ear.count - before, hears >> origin & 1);
		}
		tacit_node_free(node);
	}
}

static void
what_nobody_hears_is_dropped_with_a_line(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct lines lines = {.count = 0};
	struct tacit_route none;

	(void)state;
	tacit_node_on_log(node, lines_add, &lines);
	route_to(node, tacit_address_worker("nobody"), TACIT_ORIGIN_LOCAL);
	assert_true(lines_have(&lines, "3 dropped a message for [nobody]: no such worker"));
	route_to(node, (struct tacit_address){7, (const uint8_t *)"x", 1}, TACIT_ORIGIN_LOCAL);
	assert_true(lines_have(&lines, "[7#x]: nothing here takes"));
	tacit_node_route(node, tacit_msg_copy_of("x", 1));
	node_step(node);
	assert_true(lines_have(&lines, "it has no onward route"));
	assert_int_equal(lines.count, 3);
	tacit_route_init(&none);
	assert_false(tacit_node_reaches(node, &none));
	tacit_node_free(node);
}

static void
transports_take_what_is_local_and_relay_nothing(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_address hop = {7, (const uint8_t *)"x", 1};
	struct ear ear = {.node = node};
	struct tacit_route route;

	(void)state;
	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, hop), TACIT_OK);
	assert_false(tacit_node_reaches(node, &route));
	tacit_node_set_transport(node, 7, on_msg, &ear);
	assert_true(tacit_node_reaches(node, &route));
	route_to(node, hop, TACIT_ORIGIN_NETWORK);
	route_to(node, hop, TACIT_ORIGIN_CHANNEL);
	assert_int_equal(ear.count, 0);
	route_to(node, hop, TACIT_ORIGIN_LOCAL);
	assert_int_equal(ear.count, 1);
	assert_string_equal(ear.first_hop, "7#x");
	tacit_node_free(node);
}

static void
a_prefix_hears_names_without_a_worker(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct ear all = {.node = node}, some = {.node = node}, one = {.node = node};

	(void)state;
	assert_non_null(tacit_worker_add(node, "s.", TACIT_HEARS_LOCAL, on_msg, &all));
	assert_non_null(tacit_worker_add(node, "s.a.", TACIT_HEARS_LOCAL, on_msg, &some));
	one.worker = tacit_worker_add(node, "s.one", TACIT_HEARS_LOCAL, on_msg, &one);
	route_to(node, tacit_address_worker("s.one"), TACIT_ORIGIN_LOCAL);
	assert_int_equal(one.count, 1);
	route_to(node, tacit_address_worker("s.two"), TACIT_ORIGIN_LOCAL);
	assert_int_equal(all.count, 1);
	assert_string_equal(all.first_hop, "s.two");
	route_to(node, tacit_address_worker("s.a.b"), TACIT_ORIGIN_LOCAL);
	assert_int_equal(some.count, 1);
	route_to(node, tacit_address_worker("t.two"), TACIT_ORIGIN_LOCAL);
	route_to(node, tacit_address_worker("s"), TACIT_ORIGIN_LOCAL);
	assert_int_equal(all.count + some.count + one.count, 3);
	tacit_worker_remove(one.worker);
	route_to(node, tacit_address_worker("s.one"), TACIT_ORIGIN_LOCAL);
	assert_int_equal(all.count, 2);
	tacit_node_free(node);
}

static void
routing_does_not_recurse(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct ear ear = {.node = node, .relays = true};

	(void)state;
	assert_non_null(tacit_worker_add(node, "ear", TACIT_HEARS_LOCAL, on_msg, &ear));
	route_to(node, tacit_address_worker("ear"), TACIT_ORIGIN_LOCAL);
	assert_int_equal(ear.count, 10);
	assert_int_equal(ear.depth_max, 1);
	tacit_node_free(node);
}

static void
a_worker_may_remove_itself(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct ear ear = {.node = node, .removes = true};

	(void)state;
	ear.worker = tacit_worker_add(node, NULL, TACIT_HEARS_LOCAL, on_msg, &ear);
	assert_int_equal(strlen(tacit_worker_name(ear.worker)), 32);
	tacit_node_route(node, tacit_msg_copy_of("no route", 8));
	route_to(node, tacit_worker_address(ear.worker), TACIT_ORIGIN_LOCAL);
	assert_int_equal(ear.count, 1);
	tacit_node_free(node);
}

static void
names_are_checked(void **state)
{
	char longest[TACIT_ADDRESS_LEN_MAX + 2];
	const char *bad[] = {"", "a#b", longest};

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < 3; i++) {
		struct tacit_node *node = tacit_node_new();

		assert_null(tacit_worker_add(node, bad[i], 0, on_msg, NULL));
		assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
		tacit_node_clear_err(node);
		longest[sizeof(longest) - 2] = '\0';
		assert_non_null(tacit_worker_add(node, longest, 0, on_msg, NULL));
		longest[sizeof(longest) - 2] = 'a';
		assert_non_null(tacit_worker_add(node, "twice", 0, on_msg, NULL));
		assert_null(tacit_worker_add(node, "twice", 0, on_msg, NULL));
		assert_int_equal(tacit_node_err(node), TACIT_EEXIST);
		assert_null(tacit_worker_add(node, "other", 0, on_msg, NULL));
		tacit_node_free(node);
	}
}

/* more messages than one turn routes: sockets and timers get theirs in between, nothing is lost */
static void
a_turn_is_bounded(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct ear ear = {.node = node};

	(void)state;
	assert_non_null(tacit_worker_add(node, "ear", TACIT_HEARS_LOCAL, on_msg, &ear));
	for (unsigned i = 0; i < 5 * TACIT_TURN_MESSAGES; i++) {
		struct tacit_msg *msg = tacit_msg_copy_of("x", 1);

		assert_int_equal(
		    tacit_route_append(&msg->onward, tacit_address_worker("ear")), TACIT_OK);
		tacit_node_route(node, msg);
	}
	node_step(node);
	assert_in_range(ear.count, 1, 2 * TACIT_TURN_MESSAGES);
	for (unsigned i = 0; i < 10; i++)
		(void)tacit_node_wait(node, NULL, NULL, 0);
	assert_int_equal(ear.count, 5 * TACIT_TURN_MESSAGES);
	tacit_node_free(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(workers_hear_whom_they_want_and_nobody_else),
	    cmocka_unit_test(what_nobody_hears_is_dropped_with_a_line),
	    cmocka_unit_test(transports_take_what_is_local_and_relay_nothing),
	    cmocka_unit_test(a_prefix_hears_names_without_a_worker),
	    cmocka_unit_test(routing_does_not_recurse),
	    cmocka_unit_test(a_worker_may_remove_itself),
	    cmocka_unit_test(names_are_checked),
	    cmocka_unit_test(a_turn_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
