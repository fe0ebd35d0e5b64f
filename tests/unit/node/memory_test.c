/* Every allocation of an echo between two nodes fails once: nothing leaks, and nothing but memory
 * is blamed */
#include "support/node.h"

#include "base/memory.h"
#include "node/internal.h"
#include "tacit/inproc.h"

/* allocations of one run; more than there are */
#define ALLOCATIONS_MAX 400u

static void
echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);
	tacit_err err = tacit_reply(ctx, msg, bytes, len);

	(void)arg;
	assert_true(err == TACIT_OK || err == TACIT_ENOMEM || err == TACIT_ENOTFOUND);
}

static void
assert_only_memory(struct tacit_node *node)
{
	tacit_err err = tacit_node_err(node);

	assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
}

/* true when the echo came, before the program has looked for it so often */
static bool
run(bool tcp, unsigned patience)
{
	struct tacit_node *a = tacit_node_new(), *b = tacit_node_new();
	struct tacit_context *app = tacit_context_new(a, "app");
	struct tacit_msg *msg = NULL;
	const char *to_b;

	tacit_context_expose(app);
	tacit_context_expose(tacit_worker_start(b, "echoer", echo, NULL));
	to_b = tcp ? tacit_tcp_peer(a, tacit_tcp_listen(b, "127.0.0.1:0")) : NULL;
	if (!tcp && a != NULL && b != NULL)
		to_b = tacit_inproc_peer(a, b);
	if (to_b != NULL)
		(void)tacit_send_text(app, tacit_route_new(a, to_b, "echoer", NULL), "hello");
	for (unsigned i = 0; i < patience && msg == NULL; i++) {
		(void)tacit_node_wait(b, NULL, NULL, 0);
		msg = tacit_receive(app, 1);
	}
	(void)strlen(tacit_msg_text(msg));
	if (b != NULL && to_b != NULL)
		assert_only_memory(b);
	if (a != NULL && b != NULL && to_b != NULL)
		assert_only_memory(a);
	tacit_node_free(a);
	tacit_node_free(b);
	return msg != NULL;
}

static void
no_memory_harms_nobody(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		unsigned failed = 0;

		for (unsigned n = 1; n < ALLOCATIONS_MAX; n++) {
			bool echoed;

			tacit_alloc_fail_at(n);
			echoed = run(tcp, 10);
			tacit_alloc_fail_at(0);
			failed += !echoed;
		}
		assert_true(failed >= 10);
		assert_true(run(tcp, 20000));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_memory_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
