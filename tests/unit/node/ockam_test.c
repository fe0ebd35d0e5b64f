/* Channels of 2021 between two nodes, beside native ones at the same listener: who is answered in
 * which protocol, who is refused, and what a lost connection does */
#include "support/ends.h"
#include "support/seeded.h"

#include "base/limits.h"
#include "channel/handshake.h"
#include "node/channel.h"
#include "node/ockam.h"
#include "node/tcp_state.h"
#include "ockam/session.h"
#include "tacit/ockam.h"
#include "tacit/stream.h"
#include "wire/bare.h"

static const enum ends_path paths[] = {ENDS_INPROC, ENDS_TCP};

static const char stranger[] = "P0000000000000000000000000000000000000000000000000000000000000001";

/* ends whose listener answers both protocols, and one that answers that of 2021 alone */
struct world {
	struct ends *ends;
	struct tacit_ockam_entity *alice, *bob;
	struct tacit_listener *old;
	const struct tacit_route *old_route;
	unsigned swallowed; /* by bob's `sink` */
};

static void
swallow(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)ctx;
	(void)msg;
	((struct world *)arg)->swallowed++;
}

/* trusted: whom bob accepts of those of 2021; NULL: alice */
static void
world_init(struct world *world, enum ends_path path, const char *trusted)
{
	struct ends *ends = ends_new(path, NULL);
	const struct tacit_trust *trust;

	*world = (struct world){.ends = ends};
	world->alice = tacit_ockam_entity_new(ends->alice, tacit_vault_new(ends->alice));
	world->bob = tacit_ockam_entity_new(ends->bob, tacit_vault_new(ends->bob));
	if (trusted == NULL)
		trusted = tacit_ockam_entity_identifier(world->alice);
	trust = tacit_trust_exactly(ends->bob, trusted, NULL);
	assert_int_equal(tacit_ockam_listener_add(ends->listener, world->bob, trust), TACIT_OK);
	world->old = tacit_ockam_listener_start(ends->bob, "old", world->bob, trust);
	assert_non_null(world->old);
	world->old_route = tacit_route_new(ends->alice, ends->peer, "old", NULL);
	assert_non_null(tacit_worker_start(ends->bob, "sink", swallow, world));
}

static void
world_fini(struct world *world)
{
	ends_free(world->ends);
}

static struct tacit_channel *
try_open(struct world *world, const struct tacit_route *route, const char *identifier, bool renews)
{
	struct tacit_node *node = world->ends->alice;

	return tacit_ockam_channel_open(
	    node, world->alice, route, tacit_trust_exactly(node, identifier, NULL), renews);
}

static struct tacit_channel *
open_channel(struct world *world, bool renews)
{
	struct tacit_channel *chan = try_open(
	    world, world->ends->listener_route, tacit_ockam_entity_identifier(world->bob), renews);

	assert_non_null(chan);
	assert_string_equal(tacit_channel_peer(chan), tacit_ockam_entity_identifier(world->bob));
	return chan;
}

static void
check_echo(struct world *world, const struct tacit_channel *chan, const char *text)
{
	struct ends *ends = world->ends;
	struct tacit_msg *msg;

	assert_int_equal(
	    tacit_send_text(ends->app, ends_route(ends, chan, "echoer"), text), TACIT_OK);
	assert_non_null(msg = tacit_receive(ends->app, 20000));
	assert_string_equal(tacit_msg_text(msg), text);
	assert_string_equal(tacit_msg_sender(msg), tacit_ockam_entity_identifier(world->bob));
	assert_string_equal(ends->sender, tacit_ockam_entity_identifier(world->alice));
	tacit_msg_free(msg);
}

static void
both_protocols_at_one_listener(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tacit_channel *chan, *native;
		struct world world;
		char text[60001];

		world_init(&world, paths[i], NULL);
		chan = open_channel(&world, false);
		native = ends_open(world.ends);
		assert_string_not_equal(tacit_channel_peer(chan), tacit_channel_peer(native));
		check_echo(&world, chan, "Hello");
		ends_check_echo(world.ends, native, "Hello");
		check_echo(&world, chan, "");
		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		check_echo(&world, chan, text);
		assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_OK);
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		assert_int_equal(tacit_send_text(world.ends->app,
				     ends_route(world.ends, chan, "echoer"), "late"),
		    TACIT_ECLOSED);
		tacit_node_clear_err(world.ends->alice);
		/* and the other one does not care */
		ends_check_echo(world.ends, native, "still there");
		assert_int_equal(tacit_channel_close(native), TACIT_OK);
		assert_int_equal(world.ends->events[TACIT_CHANNEL_ESTABLISHED], 2);
		assert_int_equal(world.ends->events[TACIT_CHANNEL_FAILED], 0);
		world_fini(&world);
	}
}

/* both kinds, at once, each through its own */
static void
many_of_both(void **state)
{
	struct tacit_channel *chans[20];
	struct world world;

	(void)state;
	world_init(&world, ENDS_TCP, NULL);
	for (unsigned i = 0; i < 20; i++)
		chans[i] = i % 2 == 0 ? open_channel(&world, i % 4 == 0) : ends_open(world.ends);
	for (unsigned i = 0; i < 400; i++)
		assert_int_equal(tacit_send_text(world.ends->app,
				     ends_route(world.ends, chans[i % 20], "echoer"), "Hello"),
		    TACIT_OK);
	for (unsigned i = 0; i < 400; i++) {
		struct tacit_msg *msg = tacit_receive(world.ends->app, 20000);

		assert_non_null(msg);
		tacit_msg_free(msg);
	}
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(tacit_channel_close(chans[i]), TACIT_OK);
	assert_int_equal(tacit_node_err(world.ends->alice), TACIT_OK);
	world_fini(&world);
}

static void
stop(void *arg)
{
	tacit_node_stop(arg);
}

/* each initiator asks in its own protocol, and asks nobody who does not offer that */
static void
nobody_falls_back(void **state)
{
	struct ends *ends;
	struct world world;
	unsigned workers;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	ends = world.ends;
	workers = ends_count(&ends->bob->workers);
	tacit_timer_after(ends->alice, 700, stop, ends->alice);
	assert_null(tacit_channel_open(
	    ends->alice, ends->alice_entity, world.old_route, tacit_trust_everyone(ends->alice)));
	assert_int_equal(ends_count(&ends->bob->workers), workers);
	assert_true(lines_have(&ends->lines,
	    "old: a handshake in Tacit's own protocol was not answered: this listener does not "
	    "offer it"));
	world_fini(&world);

	world_init(&world, ENDS_INPROC, NULL);
	ends = world.ends;
	assert_non_null(tacit_listener_start(
	    ends->bob, "new", ends->bob_entity, tacit_trust_everyone(ends->bob)));
	workers = ends_count(&ends->bob->workers);
	tacit_timer_after(ends->alice, 300, stop, ends->alice);
	assert_null(tacit_ockam_channel_open(ends->alice, world.alice,
	    tacit_route_new(ends->alice, ends->peer, "new", NULL),
	    tacit_trust_everyone(ends->alice), true));
	assert_int_equal(ends_count(&ends->bob->workers), workers);
	assert_true(lines_have(&ends->lines,
	    "new: a handshake in the protocol of 2021 was not answered: this listener does not "
	    "offer it"));
	world_fini(&world);
}

static int
has_failed(void *arg)
{
	return ((struct ends *)arg)->events[TACIT_CHANNEL_FAILED] > 0;
}

static void
others_are_refused_by_both_ends(void **state)
{
	struct tacit_channel *chan;
	struct world world;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	/* the native identifier is that of somebody else */
	assert_null(try_open(
	    &world, world.old_route, tacit_entity_identifier(world.ends->bob_entity), false));
	assert_int_equal(tacit_node_err(world.ends->alice), TACIT_EUNTRUSTED);
	assert_non_null(
	    strstr(tacit_node_errmsg(world.ends->alice), tacit_ockam_entity_identifier(world.bob)));
	assert_int_equal(world.ends->events[TACIT_CHANNEL_ESTABLISHED], 0);
	world_fini(&world);

	/* alice is not told that bob refuses her, and gets no answer */
	world_init(&world, ENDS_INPROC, stranger);
	chan = open_channel(&world, false);
	assert_int_equal(
	    tacit_node_wait(world.ends->alice, has_failed, world.ends, 20000), TACIT_OK);
	assert_int_equal(world.ends->err, TACIT_EUNTRUSTED);
	assert_int_equal(
	    tacit_send_text(world.ends->app, ends_route(world.ends, chan, "echoer"), "Hello"),
	    TACIT_OK);
	assert_null(tacit_receive(world.ends->app, 50));
	assert_int_equal(world.ends->echoed, 0);
	assert_int_equal(world.ends->events[TACIT_CHANNEL_ESTABLISHED], 0);
	world_fini(&world);
}

/* in words, at either end, and as a warning where nobody asked for the channel */
static void
forged_identities_are_named(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	world.alice->identity.contact[TACIT_OCKAM_CONTACT_LEN - 64] ^= 1;
	(void)open_channel(&world, false);
	assert_int_equal(
	    tacit_node_wait(world.ends->alice, has_failed, world.ends, 20000), TACIT_OK);
	assert_int_equal(world.ends->err, TACIT_EAUTH);
	assert_true(lines_have(&world.ends->lines,
	    "1 channel of 2021 ended: the other end's identity is not valid: forged event "
	    "signature"));
	world_fini(&world);

	world_init(&world, ENDS_INPROC, NULL);
	world.bob->identity.contact[TACIT_OCKAM_CONTACT_LEN - 64] ^= 1;
	assert_null(try_open(
	    &world, world.ends->listener_route, tacit_ockam_entity_identifier(world.bob), false));
	assert_int_equal(tacit_node_err(world.ends->alice), TACIT_EAUTH);
	assert_non_null(strstr(tacit_node_errmsg(world.ends->alice),
	    "the other end's identity is not valid: forged event signature"));
	world_fini(&world);
}

/* a program of 2021 dials, or dies of, what names no worker behind the channel */
static void
only_workers_are_reached(void **state)
{
	static const char *const hops[] = {NULL, "1#127.0.0.1:1", "2#x"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct tacit_channel *chan;
		struct world world;
		struct ends *ends;

		world_init(&world, ENDS_INPROC, NULL);
		ends = world.ends;
		chan = open_channel(&world, false);
		check_echo(&world, chan, "before");
		assert_int_equal(
		    tacit_send_text(ends->app,
			tacit_route_new(ends->alice, tacit_channel_address(chan), hops[i], NULL),
			"nobody"),
		    TACIT_EINVAL);
		assert_int_equal(tacit_node_err(ends->alice), TACIT_EINVAL);
		world_fini(&world);
	}
}

static void
calls_want_all_they_need(void **state)
{
	const struct tacit_trust *trust;
	struct tacit_node *node;
	struct world world;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	node = world.ends->bob;
	trust = tacit_trust_everyone(node);
	assert_null(tacit_ockam_entity_new(node, NULL));
	assert_string_equal(tacit_ockam_entity_identifier(NULL), "");
	assert_int_equal(tacit_ockam_listener_add(NULL, world.bob, trust), TACIT_EINVAL);
	assert_int_equal(
	    tacit_ockam_listener_add(world.ends->listener, world.bob, trust), TACIT_EEXIST);
	assert_int_equal(tacit_node_err(node), TACIT_EEXIST);
	tacit_node_clear_err(node);
	assert_int_equal(tacit_ockam_listener_add(world.old, NULL, trust), TACIT_EINVAL);
	tacit_node_clear_err(node);
	assert_null(tacit_ockam_listener_start(node, "l", world.bob, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	assert_null(tacit_ockam_listener_start(node, "old", world.bob, trust));
	assert_int_equal(tacit_node_err(node), TACIT_EEXIST);
	tacit_node_clear_err(node);
	assert_null(try_open(&world, NULL, stranger, false));
	assert_int_equal(tacit_node_err(world.ends->alice), TACIT_EINVAL);
	world_fini(&world);
}

/* handshakes by hand ---------------------------------------------------------------------------- */

/* a message 1 from `back`, of either protocol, each with a key of its own */
static void
knock(struct world *world, bool native, const char *back, unsigned number)
{
	uint8_t bytes[80] = {TACIT_KIND_MESSAGE_1, TACIT_CHANNEL_VERSION, TACIT_CHANNEL_SUITE};
	struct tacit_writer w;
	struct tacit_msg *msg;
	uint8_t key[32] = {9};

	memcpy(key + 1, &number, sizeof(number));
	tacit_writer_init(&w, bytes, sizeof(bytes));
	if (native) {
		memcpy(bytes + 3, key, sizeof(key));
		w.len = 3 + sizeof(key);
	} else {
		tacit_bare_write_data(&w, key, sizeof(key));
		tacit_writer_u8(&w, 1);
		tacit_writer_u8(&w, TACIT_ADDRESS_WORKER);
		tacit_bare_write_text(&w, "0123456789abcdef0123456789abcdef");
	}
	assert_false(w.bad);
	assert_non_null(msg = tacit_msg_copy_of(bytes, w.len));
	tacit_route_copy(&msg->onward, world->ends->listener_route);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker(back)), TACIT_OK);
	tacit_node_route(world->ends->alice, msg);
}

/* so many answers come, and no more */
static void
check_answers(struct tacit_context *ear, unsigned count)
{
	struct tacit_msg *msg;

	while (count-- > 0) {
		assert_non_null(msg = tacit_receive(ear, 20000));
		tacit_msg_free(msg);
	}
	assert_null(tacit_receive(ear, 20));
}

static void
check_workers(struct ends *ends, unsigned count)
{
	for (unsigned i = 0; i < 20000 && ends_count(&ends->bob->workers) < count; i++)
		ends_turns(ends, 1);
	ends_turns(ends, 20);
	assert_int_equal(ends_count(&ends->bob->workers), count);
}

static void
floods_do_not_push_out_the_other_kind(void **state)
{
	struct tacit_context *ear;
	struct world world;
	unsigned workers;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	workers = ends_count(&world.ends->bob->workers);
	assert_non_null(ear = tacit_context_new(world.ends->alice, "ear"));
	tacit_context_expose(ear);
	knock(&world, true, "ear", 0);
	check_answers(ear, 1);
	for (unsigned i = 1; i < 2 * TACIT_HALF_OPEN_MAX; i++)
		knock(&world, false, "nobody", i);
	check_workers(world.ends, workers + 2 * (1 + TACIT_HALF_OPEN_MAX));
	/* it is still answered, because it is still there */
	knock(&world, true, "ear", 0);
	check_answers(ear, 1);
	for (unsigned i = 1; i < 2 * TACIT_HALF_OPEN_MAX; i++)
		knock(&world, true, "nobody", i);
	check_workers(world.ends, workers + 2 * 2 * TACIT_HALF_OPEN_MAX);
	/* and that displaced it */
	knock(&world, true, "ear", 0);
	check_answers(ear, 0);
	/* channels are made all the same */
	check_echo(&world, open_channel(&world, false), "Hello");
	ends_check_echo(world.ends, ends_open(world.ends), "Hello");
	world_fini(&world);
}

/* what comes twice is answered once in this protocol: the programs of that time die of a second */
static void
a_message_1_that_comes_again_gets_nothing(void **state)
{
	struct tacit_context *ear;
	struct world world;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	assert_non_null(ear = tacit_context_new(world.ends->alice, "ear"));
	tacit_context_expose(ear);
	for (unsigned i = 0; i < 3; i++)
		knock(&world, false, "ear", 7);
	check_answers(ear, 1);
	knock(&world, false, "ear", 7);
	check_answers(ear, 0);
	knock(&world, false, "ear", 8);
	check_answers(ear, 1);
	world_fini(&world);
}

/* the limit ------------------------------------------------------------------------------------- */

static int
all_swallowed(void *arg)
{
	return ((struct world *)arg)->swallowed >= TACIT_OCKAM_RECORDS_MAX - 3;
}

/* record 0 was the identity */
static void
a_channel_is_used_up(void **state)
{
	const struct tacit_route *sink;
	struct tacit_channel *chan;
	struct world world;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	chan = open_channel(&world, false);
	sink = ends_route(world.ends, chan, "sink");
	for (unsigned i = 0; i < TACIT_OCKAM_RECORDS_MAX - 3; i++)
		assert_int_equal(tacit_send_text(world.ends->app, sink, "x"), TACIT_OK);
	assert_int_equal(
	    tacit_node_wait(world.ends->alice, all_swallowed, &world, 20000), TACIT_OK);
	check_echo(&world, chan, "second to last");
	assert_int_equal(
	    tacit_send_text(world.ends->app, ends_route(world.ends, chan, "echoer"), "last"),
	    TACIT_OK);
	assert_int_equal(tacit_send_text(world.ends->app, sink, "beyond"), TACIT_EEXHAUSTED);
	assert_int_equal(tacit_node_err(world.ends->alice), TACIT_EEXHAUSTED);
	assert_non_null(strstr(tacit_node_errmsg(world.ends->alice), "make a new one"));
	tacit_node_clear_err(world.ends->alice);
	/* what was sent before is answered */
	assert_non_null(tacit_receive(world.ends->app, 20000));
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
	check_echo(&world, open_channel(&world, false), "Hello");
	world_fini(&world);
}

static void
a_channel_is_renewed(void **state)
{
	const struct tacit_route *sink;
	struct tacit_channel *chan;
	struct world world;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	chan = open_channel(&world, true);
	sink = ends_route(world.ends, chan, "sink");
	for (unsigned i = 0; i < TACIT_OCKAM_RECORDS_MAX + 100; i++)
		assert_int_equal(tacit_send_text(world.ends->app, sink, "x"), TACIT_OK);
	check_echo(&world, chan, "Hello");
	assert_int_equal(world.swallowed, TACIT_OCKAM_RECORDS_MAX + 100);
	assert_int_equal(world.ends->events[TACIT_CHANNEL_ESTABLISHED], 2);
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
	assert_int_equal(tacit_node_err(world.ends->alice), TACIT_OK);
	world_fini(&world);
}

static void
flood(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < TACIT_OCKAM_RECORDS_MAX; i++)
		(void)tacit_reply(ctx, msg, "x", 1);
}

/* a handler that says too much is told by nobody: the channel's end is */
static void
a_handler_uses_a_channel_up(void **state)
{
	struct world world;
	unsigned count = 0;
	struct tacit_msg *msg;

	(void)state;
	world_init(&world, ENDS_INPROC, NULL);
	assert_non_null(tacit_worker_start(world.ends->bob, "flood", flood, NULL));
	assert_int_equal(tacit_send_text(world.ends->app,
			     ends_route(world.ends, open_channel(&world, false), "flood"), "go"),
	    TACIT_OK);
	assert_int_equal(
	    tacit_node_wait(world.ends->alice, has_failed, world.ends, 60000), TACIT_OK);
	assert_int_equal(world.ends->err, TACIT_EEXHAUSTED);
	assert_true(lines_have(&world.ends->lines, "channel of 2021 ended: the 65,535 messages"));
	while (count < TACIT_OCKAM_RECORDS_MAX - 1) {
		assert_non_null(msg = tacit_receive(world.ends->app, 20000));
		tacit_msg_free(msg);
		count++;
	}
	assert_null(tacit_receive(world.ends->app, 20));
	world_fini(&world);
}

/* connections ----------------------------------------------------------------------------------- */

/* bob's node is the hub as well; alice reaches it by TCP */
static void
world_init_streams(struct world *world)
{
	struct tacit_stream_options options = {
	    .sender_name = "to-alice", .receiver_name = "to-bob", .create = true};
	struct tacit_stream *stream;
	struct ends *ends;

	world_init(world, ENDS_TCP, NULL);
	ends = world->ends;
	assert_non_null(
	    tacit_stream_service_start(ends->bob, tacit_store_in_memory(ends->bob), true));
	assert_non_null(tacit_stream_connect(ends->bob, &options));
	options = (struct tacit_stream_options){.sender_name = "to-bob",
	    .receiver_name = "to-alice",
	    .route = tacit_route_new(ends->alice, ends->peer, NULL),
	    .from_end = true};
	assert_non_null(stream = tacit_stream_connect(ends->alice, &options));
	ends->listener_route =
	    tacit_route_new(ends->alice, tacit_stream_sender(stream), "listener", NULL);
}

/* what the other end had sent to this one, and this one did not read, is lost with it */
static void
cut(struct tacit_node *node)
{
	assert_false(tacit_list_empty(&node->tcp->connections));
	tacit_tcp_connection_close(
	    TACIT_CONTAINER(node->tcp->connections.next, struct tacit_tcp_connection, list),
	    "the test cut it");
}

static void
nothing_under_way_is_nothing_lost(void **state)
{
	struct tacit_channel *chan, *native;
	struct world world;

	(void)state;
	world_init_streams(&world);
	chan = open_channel(&world, false);
	native = ends_open(world.ends);
	for (unsigned i = 0; i < 5; i++) {
		check_echo(&world, chan, "before");
		assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_OK);
		cut(world.ends->alice);
		ends_turns(world.ends, 1);
		/* sent while there is no connection: it has not left, so it waits */
		check_echo(&world, chan, "after");
		ends_check_echo(world.ends, native, "beside");
	}
	assert_int_equal(world.ends->echoed, 15);
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
	assert_int_equal(tacit_channel_close(native), TACIT_OK);
	assert_int_equal(world.ends->events[TACIT_CHANNEL_DUPLICATE], 0);
	world_fini(&world);
}

/* whether the hub read it, or not, before the connection went */
static void
what_was_under_way_may_be_lost(void **state)
{
	(void)state;
	for (int heard = 0; heard < 2; heard++) {
		struct tacit_channel *chan, *native;
		struct tacit_node *bob;
		struct world world;

		world_init_streams(&world);
		bob = world.ends->bob;
		chan = open_channel(&world, true);
		native = ends_open(world.ends);
		check_echo(&world, chan, "before");
		ends_turns(world.ends, 20);
		world.ends->bob = NULL; /* the hub stands still */
		assert_int_equal(tacit_send_text(world.ends->app,
				     ends_route(world.ends, chan, "echoer"), "in doubt"),
		    TACIT_OK);
		ends_turns(world.ends, 20);
		/* nor does flush say that it was delivered */
		assert_int_equal(tacit_channel_flush(chan, 0), TACIT_ETIMEDOUT);
		cut(heard ? world.ends->alice : bob);
		world.ends->bob = bob;
		assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_ECLOSED);
		assert_int_equal(tacit_node_err(world.ends->alice), TACIT_EPOSSIBLYLOST);
		assert_non_null(strstr(tacit_node_errmsg(world.ends->alice),
		    "they may be lost, and this protocol cannot send them again: make a new "
		    "channel"));
		tacit_node_clear_err(world.ends->alice);
		assert_null(tacit_receive(world.ends->app, 20));
		tacit_node_clear_err(world.ends->alice);
		assert_int_equal(tacit_send_text(world.ends->app,
				     ends_route(world.ends, chan, "echoer"), "late"),
		    TACIT_ECLOSED);
		tacit_node_clear_err(world.ends->alice);
		assert_int_equal(tacit_channel_close(chan), TACIT_EUNCONFIRMED);
		tacit_node_clear_err(world.ends->alice);
		/* the native one rides it out, and a new one can be made */
		ends_check_echo(world.ends, native, "beside");
		check_echo(&world, open_channel(&world, true), "after");
		assert_int_equal(world.ends->echoed, 3 + heard);
		world_fini(&world);
	}
}

static void
watch(void *arg, const struct tacit_channel_event *event)
{
	if (event->kind == TACIT_CHANNEL_FAILED)
		*(tacit_err *)arg = event->err;
}

/* who watches a channel is told there, and the node has no error */
static void
a_watched_channel_ends_quietly(void **state)
{
	tacit_err err = TACIT_OK;
	struct tacit_channel *chan;
	struct tacit_node *bob;
	struct world world;

	(void)state;
	world_init_streams(&world);
	bob = world.ends->bob;
	chan = open_channel(&world, true);
	tacit_channel_watch_events(chan, watch, &err);
	ends_turns(world.ends, 20);
	world.ends->bob = NULL;
	(void)tacit_send_text(world.ends->app, ends_route(world.ends, chan, "sink"), "x");
	ends_turns(world.ends, 20);
	cut(world.ends->alice);
	world.ends->bob = bob;
	for (unsigned i = 0; i < 20000 && err == TACIT_OK; i++)
		ends_turns(world.ends, 1);
	assert_int_equal(err, TACIT_EPOSSIBLYLOST);
	assert_int_equal(tacit_node_err(world.ends->alice), TACIT_OK);
	world_fini(&world);
}

/* what bob heard: each number once, growing */
struct heard {
	unsigned last, count;
};

static void
hear_number(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct heard *heard = arg;
	unsigned number = (unsigned)strtoul(tacit_msg_text(msg), NULL, 10);

	(void)ctx;
	assert_true(number > heard->last);
	heard->last = number;
	heard->count++;
}

/* numbers through channels over a connection that is cut again and again: those that flush said are
 * there are heard, and none is heard twice */
static void
nothing_is_heard_twice(void **state)
{
	struct heard heard = {0, 0};
	unsigned sent = 0, sure = 0, ended = 0;
	struct seeded seeded = {5};
	const struct tacit_route *route;
	struct tacit_channel *chan;
	struct world world;
	char text[32];

	(void)state;
	world_init_streams(&world);
	assert_non_null(tacit_worker_start(world.ends->bob, "numbers", hear_number, &heard));
	chan = open_channel(&world, true);
	route = ends_route(world.ends, chan, "numbers");
	while (ended < 12) {
		tacit_err err = TACIT_OK;
		unsigned batch = 1 + (unsigned)seeded_below(&seeded, 1000);

		for (unsigned i = 0; i < batch && err == TACIT_OK; i++) {
			snprintf(text, sizeof(text), "%u", ++sent);
			err = tacit_send_text(world.ends->app, route, text);
			if (seeded_below(&seeded, 20) == 0)
				ends_turns(world.ends, 0);
			if (seeded_below(&seeded, 300) == 0 &&
			    !tacit_list_empty(&world.ends->alice->tcp->connections))
				cut(world.ends->alice);
		}
		if (err == TACIT_OK)
			err = tacit_channel_flush(chan, 20000);
		if (err == TACIT_OK) {
			sure += batch;
			continue;
		}
		assert_int_equal(tacit_node_err(world.ends->alice), TACIT_EPOSSIBLYLOST);
		tacit_node_clear_err(world.ends->alice);
		ended++;
		while ((chan = try_open(&world, world.ends->listener_route,
			    tacit_ockam_entity_identifier(world.bob), true)) == NULL)
			tacit_node_clear_err(world.ends->alice);
		route = ends_route(world.ends, chan, "numbers");
	}
	ends_turns(world.ends, 50);
	printf("%u sent, %u surely there, %u heard, %u channels ended\n", sent, sure, heard.count,
	    ended);
	assert_true(sure > 0 && heard.count >= sure && heard.count <= sent);
	world_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_protocols_at_one_listener),
	    cmocka_unit_test(many_of_both),
	    cmocka_unit_test(nobody_falls_back),
	    cmocka_unit_test(others_are_refused_by_both_ends),
	    cmocka_unit_test(forged_identities_are_named),
	    cmocka_unit_test(only_workers_are_reached),
	    cmocka_unit_test(calls_want_all_they_need),
	    cmocka_unit_test(floods_do_not_push_out_the_other_kind),
	    cmocka_unit_test(a_message_1_that_comes_again_gets_nothing),
	    cmocka_unit_test(a_channel_is_used_up),
	    cmocka_unit_test(a_channel_is_renewed),
	    cmocka_unit_test(a_handler_uses_a_channel_up),
	    cmocka_unit_test(nothing_under_way_is_nothing_lost),
	    cmocka_unit_test(what_was_under_way_may_be_lost),
	    cmocka_unit_test(a_watched_channel_ends_quietly),
	    cmocka_unit_test(nothing_is_heard_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
