/*
 * node/channel.h: a channel's engine, bound to a node: its two workers, its alarm, its flush.
 */
#ifndef TACIT_NODE_CHANNEL_H
#define TACIT_NODE_CHANNEL_H

#include "channel/engine.h"
#include "node/entity.h"
#include "node/ockam.h"
#include "tacit/channel.h"

struct tacit_listener;

/* what messages under way know of their channel; outlives it as long as one of them does */
struct tacit_channel_anchor {
	struct tacit_channel *channel; /* NULL: gone */
	unsigned refs;
};

struct tacit_channel {
	struct tacit_owned owned; /* of the node, or in no list when a listener owns it */
	struct tacit_list list;   /* of its listener */
	struct tacit_node *node;
	struct tacit_listener *listener; /* NULL: opened by the program */
	bool ockam;                      /* speaks the protocol of 2021 */
	struct tacit_engine engine;
	struct tacit_channel_anchor *anchor;
	struct tacit_worker *outer; /* at the engine's name: entries from the other end */
	struct tacit_worker
	    *inner; /* what routes through the channel name; hears this process alone */
	struct tacit_alarm *alarm;
	struct tacit_turn_end flush;
	tacit_channel_watch watch;
	void *watch_arg;
	char peer[TACIT_IDENTIFIER_TEXT_LEN];
	bool established;
	unsigned open; /* 1 until the engine is over */
	bool awaited;  /* its listener waits until it is over */
	tacit_err err; /* of its end */
	char text[512];
};

/* who opens or answers, and how: of the two entities there is one, and it says which protocol */
struct tacit_channel_parts {
	struct tacit_entity *entity;      /* the native one */
	struct tacit_ockam_entity *ockam; /* that of 2021 */
	const struct tacit_trust *trust;
	const struct tacit_route *route; /* initiator: to the listener */
	bool renews;                     /* initiator of 2021 */
	const struct tacit_msg *hello;   /* responder: message 1 */
	struct tacit_listener *listener;
};

/* bound, not started.  Errors: as the engine's new; not remembered */
TACIT_MUST_USE tacit_err tacit_channel_bind(
    struct tacit_node *node, const struct tacit_channel_parts *parts, struct tacit_channel **ret);
/* unbinds and frees */
void tacit_channel_unbind(struct tacit_channel *chan);
/* the node's, for the program, and established: tacit_channel_open says the rest */
struct tacit_channel *tacit_channel_start(
    struct tacit_node *node, const struct tacit_channel_parts *parts);

static inline enum tacit_session_state
tacit_channel_state(const struct tacit_channel *chan)
{
	return chan->engine.ops->state(chan->engine.self);
}

/*
 * listener.c.  A listener offers one protocol or both, each as its parts say: entity and trust are
 * copied.  Errors of both, remembered, are those of tacit_listener_start and
 * tacit_ockam_listener_add.
 */
struct tacit_listener *tacit_listener_new(
    struct tacit_node *node, const char *name, const struct tacit_channel_parts *parts);
tacit_err tacit_listener_offer(
    struct tacit_listener *listener, const struct tacit_channel_parts *parts);
/* the engine left the half-open ones, or is over */
void tacit_listener_settled(struct tacit_listener *listener, struct tacit_channel *chan);
/* its watcher, for a channel that has none of its own */
void tacit_listener_tell(struct tacit_listener *listener, const struct tacit_channel_event *event);

#endif
