/* The in-process transport where it differs from others: a sender without a window is bounded */
#include "support/node.h"

#include "base/limits.h"
#include "node/state.h"
#include "tacit/inproc.h"

static void
ignore(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)ctx;
	(void)msg;
	++*(unsigned *)arg;
}

/* posts come faster than a turn handles messages: they do not pile up behind each other */
static void
what_waits_is_bounded(void **state)
{
	struct tacit_node *a = tacit_node_new(), *b = tacit_node_new();
	struct tacit_context *app = tacit_context_new(a, "app");
	const struct tacit_route *route = tacit_route_new(a, tacit_inproc_peer(a, b), "sink", NULL);
	unsigned count = 0;

	(void)state;
	tacit_context_expose(tacit_worker_start(b, "sink", ignore, &count));
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < TACIT_POSTED_MAX; i++)
			assert_int_equal(tacit_send(app, route, &i, sizeof(i)), TACIT_OK);
		node_step(b);
	}
	assert_true(b->queue.count > 0);
	assert_true(b->queue.count <= TACIT_POSTED_MAX);
	while (b->queue.count > 0)
		node_step(b);
	assert_true(count >= TACIT_POSTED_MAX);
	tacit_node_free(b);
	tacit_node_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_waits_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
