/*
 * node/channel.h: a channel's engine, bound to a node: its two workers, its alarm, its flush.
 */
#ifndef TACIT_NODE_CHANNEL_H
#define TACIT_NODE_CHANNEL_H

#include "channel/engine.h"
#include "node/entity.h"
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
	tacit_err err; /* of its end */
	char text[512];
};

/* who answers, and how: shared by both ways to make one */
struct tacit_channel_parts {
	struct tacit_entity *entity;
	const struct tacit_trust *trust;
	const struct tacit_route *route; /* initiator: to the listener */
	const struct tacit_msg *hello;   /* responder: message 1 */
	struct tacit_listener *listener;
};

/* bound, not started.  Errors: as the engine's new; not remembered */
TACIT_MUST_USE tacit_err tacit_channel_bind(
    struct tacit_node *node, const struct tacit_channel_parts *parts, struct tacit_channel **ret);
/* unbinds and frees */
void tacit_channel_unbind(struct tacit_channel *chan);

static inline enum tacit_session_state
tacit_channel_state(const struct tacit_channel *chan)
{
	return chan->engine.ops->state(chan->engine.self);
}

/* listener.c: the engine left the half-open ones, or is over */
void tacit_listener_settled(struct tacit_listener *listener, struct tacit_channel *chan);
/* its watcher, for a channel that has none of its own */
void tacit_listener_tell(struct tacit_listener *listener, const struct tacit_channel_event *event);

#endif
