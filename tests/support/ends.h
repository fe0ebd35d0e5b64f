/*
 * support/ends.h: two nodes in one thread, with an entity each, a listener and an echoer in the
 * second one.  The first one's loop drives the second one's, so calls that wait may be made on it.
 */
#ifndef TACIT_TESTS_ENDS_H
#define TACIT_TESTS_ENDS_H

#include "support/node.h"

#include "node/state.h"
#include "tacit/channel.h"
#include "tacit/entity.h"
#include "tacit/inproc.h"

enum ends_path {
	ENDS_INPROC,
	ENDS_TCP
};

struct ends {
	struct tacit_node *alice, *bob; /* bob is NULL once he was freed */
	struct tacit_entity *alice_entity, *bob_entity;
	const struct tacit_route *listener_route;
	const char *peer; /* the hop from alice to bob */
	struct tacit_listener *listener;
	struct tacit_context *app;                 /* alice's */
	struct tacit_alarm *drive;                 /* in alice's loop, turns bob's */
	unsigned echoed;                           /* by bob */
	char sender[128];                          /* of the last message that bob's echoer heard */
	unsigned events[TACIT_CHANNEL_FAILED + 1]; /* that bob's listener told */
	tacit_err err;                             /* of the last FAILED among them, */
	char failed_peer[128];                     /* and who that was */
	struct lines lines;                        /* bob's */
};

static inline void
ends_step_bob(void *arg)
{
	struct ends *ends = arg;

	if (ends->bob != NULL)
		(void)tacit_node_wait(ends->bob, NULL, NULL, 0);
	/* an alarm, which also rings when alice has an error */
	tacit_alarm_set(ends->drive, tacit_node_now(ends->alice) + 1);
}

static inline void
ends_echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct ends *ends = arg;
	const char *sender = tacit_msg_sender(msg);
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	ends->echoed++;
	snprintf(ends->sender, sizeof(ends->sender), "%s", sender != NULL ? sender : "nobody");
	assert_int_equal(tacit_reply(ctx, msg, bytes, len), TACIT_OK);
}

static inline void
ends_watch(void *arg, const struct tacit_channel_event *event)
{
	struct ends *ends = arg;

	ends->events[event->kind]++;
	if (event->kind != TACIT_CHANNEL_FAILED)
		return;
	ends->err = event->err;
	snprintf(ends->failed_peer, sizeof(ends->failed_peer), "%s", event->peer);
}

/* trusted: whom bob's listener accepts, as text; NULL: alice */
static inline struct ends *
ends_new(enum ends_path path, const char *trusted)
{
	struct ends *ends = calloc(1, sizeof(*ends));

	assert_non_null(ends);
	assert_non_null(ends->alice = tacit_node_new());
	assert_non_null(ends->bob = tacit_node_new());
	tacit_node_on_log(ends->bob, lines_add, &ends->lines);
	ends->alice_entity = tacit_entity_new(ends->alice, tacit_vault_new(ends->alice));
	ends->bob_entity = tacit_entity_new(ends->bob, tacit_vault_new(ends->bob));
	if (trusted == NULL)
		trusted = tacit_entity_identifier(ends->alice_entity);
	ends->listener = tacit_listener_start(
	    ends->bob, "listener", ends->bob_entity, tacit_trust_exactly(ends->bob, trusted, NULL));
	assert_non_null(ends->listener);
	tacit_listener_watch(ends->listener, ends_watch, ends);
	assert_non_null(tacit_worker_start(ends->bob, "echoer", ends_echo, ends));
	ends->peer = path == ENDS_INPROC
			 ? tacit_inproc_peer(ends->alice, ends->bob)
			 : tacit_tcp_peer(ends->alice, tacit_tcp_listen(ends->bob, "127.0.0.1:0"));
	ends->listener_route = tacit_route_new(ends->alice, ends->peer, "listener", NULL);
	assert_non_null(ends->app = tacit_context_new(ends->alice, "app"));
	assert_non_null(ends->drive = tacit_alarm_new(ends->alice, ends_step_bob, ends));
	ends_step_bob(ends);
	assert_int_equal(tacit_node_err(ends->alice), TACIT_OK);
	assert_int_equal(tacit_node_err(ends->bob), TACIT_OK);
	return ends;
}

static inline void
ends_free_bob(struct ends *ends)
{
	struct tacit_node *bob = ends->bob;

	ends->bob = NULL;
	tacit_node_free(bob);
}

static inline void
ends_free(struct ends *ends)
{
	tacit_node_free(ends->alice);
	ends_free_bob(ends);
	free(ends);
}

/* alice's channel to whom she takes for bob; NULL with her node's error */
static inline struct tacit_channel *
ends_open_to(struct ends *ends, const char *identifier)
{
	return tacit_channel_open(ends->alice, ends->alice_entity, ends->listener_route,
	    tacit_trust_exactly(ends->alice, identifier, NULL));
}

static inline struct tacit_channel *
ends_open(struct ends *ends)
{
	struct tacit_channel *chan = ends_open_to(ends, tacit_entity_identifier(ends->bob_entity));

	assert_non_null(chan);
	return chan;
}

static inline const struct tacit_route *
ends_route(struct ends *ends, const struct tacit_channel *chan, const char *worker)
{
	const struct tacit_route *route =
	    tacit_route_new(ends->alice, tacit_channel_address(chan), worker, NULL);

	assert_non_null(route);
	return route;
}

/* text comes back through the channel from bob's echoer, with his name on it */
static inline void
ends_check_echo(struct ends *ends, const struct tacit_channel *chan, const char *text)
{
	struct tacit_msg *msg;

	assert_int_equal(
	    tacit_send_text(ends->app, ends_route(ends, chan, "echoer"), text), TACIT_OK);
	assert_non_null(msg = tacit_receive(ends->app, 20000));
	assert_string_equal(tacit_msg_text(msg), text);
	assert_string_equal(tacit_msg_sender(msg), tacit_entity_identifier(ends->bob_entity));
	assert_string_equal(ends->sender, tacit_entity_identifier(ends->alice_entity));
	tacit_msg_free(msg);
}

/* runs both for some turns, without an end to wait for: one turn for each ms, or more, however long
 * the machine lets them wait */
static inline void
ends_turns(struct ends *ends, unsigned ms)
{
	do
		(void)tacit_node_wait(ends->alice, NULL, NULL, ms > 0);
	while (ms-- > 1);
}

/* the next message in a mailbox of bob's, while both run */
static inline struct tacit_msg *
ends_receive(struct ends *ends, struct tacit_context *box)
{
	struct tacit_msg *msg = NULL;

	for (unsigned i = 0; i < 20000 && (msg = tacit_receive(box, 0)) == NULL; i++)
		ends_turns(ends, 1);
	assert_non_null(msg);
	return msg;
}

static inline unsigned
ends_count(const struct tacit_list *list)
{
	unsigned count = 0;

	for (const struct tacit_list *at = list->next; at != list; at = at->next)
		count++;
	return count;
}

#endif
