/* Stream clients as a node binds them: refusals in words, second tries, room */
#include "support/node.h"

#include "base/limits.h"
#include "node/state.h"
#include "tacit/stream.h"
#include "tacit/tcp.h"

static struct tacit_node *
node_with_service(void)
{
	struct tacit_node *node = tacit_node_new();

	assert_non_null(node);
	assert_non_null(tacit_stream_service_start(node, tacit_store_in_memory(node), false));
	return node;
}

static unsigned
workers_of(const struct tacit_node *node)
{
	unsigned count = 0;

	for (const struct tacit_list *at = node->workers.next; at != &node->workers; at = at->next)
		count++;
	return count;
}

/* one stream, written and read by the same client, leads back to the node itself */
static struct tacit_stream_options
loop_through(const char *name)
{
	return (struct tacit_stream_options){
	    .sender_name = name, .receiver_name = name, .create = true};
}

/* a client that could not connect is gone: the next one alone delivers what is written */
static void
a_client_that_failed_leaves_nothing(void **state)
{
	struct tacit_node *node = node_with_service();
	struct tacit_stream_options options = loop_through("a");
	struct tacit_context *box = tacit_context_new(node, "box");
	unsigned workers = workers_of(node);
	struct tacit_stream *stream;

	(void)state;
	tacit_context_expose(box);
	options.create = false;
	assert_null(tacit_stream_connect(node, &options));
	assert_int_equal(tacit_node_err(node), TACIT_ENOTFOUND);
	tacit_node_clear_err(node);
	/* one of two: the other is open when this one is refused */
	options.sender_name = "b";
	options.create = true;
	assert_non_null(tacit_stream_connect(
	    node, &(struct tacit_stream_options){
		      .sender_name = "b", .receiver_name = "c", .create = true}));
	workers += 3;
	options.create = false;
	assert_null(tacit_stream_connect(node, &options));
	tacit_node_clear_err(node);
	assert_int_equal(workers_of(node), workers);
	options.create = true;
	options.sender_name = "a";
	assert_non_null(stream = tacit_stream_connect(node, &options));
	assert_int_equal(
	    tacit_send_text(
		box, tacit_route_new(node, tacit_stream_sender(stream), "box", NULL), "once"),
	    TACIT_OK);
	assert_non_null(tacit_receive(box, 20000));
	assert_null(tacit_receive(box, 50));
	tacit_node_free(node);
}

static void
refused(struct tacit_node *node, const struct tacit_stream_options *options, const char *text)
{
	assert_null(tacit_stream_connect(node, options));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	assert_non_null(strstr(tacit_node_errmsg(node), text));
	tacit_node_clear_err(node);
}

static void
names_and_ids_are_refused_in_words(void **state)
{
	struct tacit_node *node = node_with_service();
	struct tacit_stream_options options = loop_through("fine");

	(void)state;
	options.sender_name = "no/name";
	refused(node, &options, "'no/name' is no name for a stream");
	options.sender_name = "fine";
	options.receiver_name = "__no";
	refused(node, &options, "'__no' is no name for a stream");
	options.receiver_name = "fine";
	options.client_id = "no/id";
	refused(node, &options, "'no/id' is no client id");
	options.client_id = "id";
	assert_non_null(tacit_stream_connect(node, &options));
	tacit_node_free(node);
}

/* far more than may be unconfirmed: the program waits instead of losing some */
static void
a_program_waits_for_confirmations(void **state)
{
	struct tacit_node *node = node_with_service();
	struct tacit_stream_options options = loop_through("a");
	struct tacit_context *box = tacit_context_new(node, "box");
	const struct tacit_route *route;
	struct tacit_stream *stream;
	struct tacit_msg *msg;
	char *large = calloc(1, TACIT_ENTRY_LEN_MAX);

	(void)state;
	tacit_context_expose(box);
	assert_non_null(stream = tacit_stream_connect(node, &options));
	route = tacit_route_new(node, tacit_stream_sender(stream), "box", NULL);
	for (unsigned i = 0; i < TACIT_PUSHES_MAX + 3000; i++)
		assert_int_equal(tacit_send(box, route, &i, sizeof(i)), TACIT_OK);
	for (unsigned i = 0; i < TACIT_PUSHES_MAX + 3000; i++) {
		size_t len;

		assert_non_null(msg = tacit_receive(box, 20000));
		assert_memory_equal(tacit_msg_data(msg, &len), &i, sizeof(i));
		tacit_msg_free(msg);
	}
	/* what no entry can hold is refused, not dropped */
	assert_non_null(large);
	assert_int_equal(tacit_send(box, route, large, TACIT_ENTRY_LEN_MAX), TACIT_ELIMIT);
	assert_int_equal(tacit_node_err(node), TACIT_ELIMIT);
	tacit_node_clear_err(node);
	assert_int_equal(tacit_send(box, route, large, TACIT_MESSAGE_LEN_MAX), TACIT_OK);
	assert_non_null(msg = tacit_receive(box, 20000));
	assert_int_equal(tacit_msg_len(msg), TACIT_MESSAGE_LEN_MAX);
	free(large);
	tacit_node_free(node);
}

/* a hub in another node, turned by the client's loop; NULL: gone */
struct driven {
	struct tacit_node *hub, *client;
};

static void
drive(void *arg)
{
	struct driven *driven = arg;

	if (driven->hub != NULL)
		(void)tacit_node_wait(driven->hub, NULL, NULL, 0);
	tacit_timer_after(driven->client, 1, drive, driven);
}

static const char *
start_hub(struct driven *driven, const char *address)
{
	driven->hub = tacit_node_new();
	assert_non_null(
	    tacit_stream_service_start(driven->hub, tacit_store_in_memory(driven->hub), true));
	assert_non_null(address = tacit_tcp_listen(driven->hub, address));
	return address;
}

static int
is_connected(void *arg)
{
	return tacit_stream_connected(arg);
}

static int
is_not_connected(void *arg)
{
	return !tacit_stream_connected(arg);
}

static void
one_knows_whether_the_service_answers(void **state)
{
	struct tacit_stream_options options = loop_through("a");
	struct tacit_node *node = tacit_node_new();
	struct driven driven = {.client = node};
	struct tacit_stream *stream;
	unsigned long long answers;
	struct tacit_node *hub;
	char address[64];

	(void)state;
	assert_false(tacit_stream_connected(NULL));
	assert_int_equal(tacit_stream_answers(NULL), 0);
	snprintf(address, sizeof(address), "%s", start_hub(&driven, "127.0.0.1:0"));
	options.route = tacit_route_new(node, tacit_tcp_peer(node, address), NULL);
	drive(&driven);
	assert_non_null(stream = tacit_stream_connect(node, &options));
	for (int i = 0; i < 2; i++) {
		assert_true(tacit_stream_connected(stream));
		tacit_node_free(driven.hub);
		driven.hub = NULL;
		assert_int_equal(tacit_node_wait(node, is_not_connected, stream, 20000), TACIT_OK);
		start_hub(&driven, address);
		assert_int_equal(tacit_node_wait(node, is_connected, stream, 20000), TACIT_OK);
	}
	/* one that stands still with its connections open gives no answers, and then it does */
	hub = driven.hub;
	driven.hub = NULL;
	for (int turn = 0; turn < 100; turn++)
		assert_int_equal(tacit_node_wait(node, NULL, NULL, 1), TACIT_ETIMEDOUT);
	answers = tacit_stream_answers(stream);
	assert_int_equal(tacit_node_wait(node, NULL, NULL, 300), TACIT_ETIMEDOUT);
	assert_true(tacit_stream_connected(stream));
	assert_int_equal(tacit_stream_answers(stream), answers);
	driven.hub = hub;
	while (tacit_stream_answers(stream) == answers)
		assert_int_equal(tacit_node_wait(node, NULL, NULL, 100), TACIT_ETIMEDOUT);
	tacit_node_free(node);
	tacit_node_free(driven.hub);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_client_that_failed_leaves_nothing),
	    cmocka_unit_test(names_and_ids_are_refused_in_words),
	    cmocka_unit_test(a_program_waits_for_confirmations),
	    cmocka_unit_test(one_knows_whether_the_service_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
