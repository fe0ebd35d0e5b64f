/*
 * tacit/channel.h: secure channels: authenticated, encrypted, ordered, each message once.
 *
 * An initiator opens a channel along any route to a listener.  Messages sent through it carry a
 * route behind its address: tacit_route_new(node, tacit_channel_address(chan), "echoer", NULL).
 * While both ends live it delivers everything in order and once, whatever happens to hubs,
 * brokers and connections.  Source: PROTOCOL.md 5 and 6.
 */
#ifndef TACIT_CHANNEL_H
#define TACIT_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "tacit/entity.h"
#include "tacit/err.h"
#include "tacit/node.h"

struct tacit_channel;
struct tacit_listener;

/* what a channel tells those who watch it (PROTOCOL.md 6.7) */
enum tacit_channel_event_kind {
	TACIT_CHANNEL_ESTABLISHED, /* both ends accepted each other */
	TACIT_CHANNEL_SEALED,      /* bytes: a data record as it leaves for the first time */
	TACIT_CHANNEL_OPENED,      /* bytes: a data record as it arrived, authentic */
	TACIT_CHANNEL_DUPLICATE, /* an authentic record that had come before: duplicated or replayed */
	TACIT_CHANNEL_LATE,      /* an authentic control record that a newer one overtook; in
				  * the protocol of 2021 a record that was given up: dropped */
	TACIT_CHANNEL_GAP,       /* a record is missing, and asked for again; in the protocol
				  * of 2021 (ockam.h) all from this one up to the next that
				  * came are given up */
	TACIT_CHANNEL_REFLECTED,   /* one of our own records was sent back to us */
	TACIT_CHANNEL_UNAUTHENTIC, /* bytes that are nobody's we know */
	TACIT_CHANNEL_SILENT,      /* nothing authentic for 3 minutes, or another patience */
	TACIT_CHANNEL_RESUMED,     /* heard again after that */
	TACIT_CHANNEL_CLOSED, /* the other end closed, and everything before that was delivered */
	TACIT_CHANNEL_TRUNCATED, /* ended without a close: messages may be missing at the end */
	TACIT_CHANNEL_FAILED,    /* err and text say why; the channel is over */
};

struct tacit_channel_event {
	enum tacit_channel_event_kind kind;
	struct tacit_channel *channel; /* a listener's: until the event that ends it returns */
	/* proven identifier of the far end, also of one that is refused; "" before it is known */
	const char *peer;
	uint64_t sequence;    /* of the record, where there is one; claimed, when UNAUTHENTIC */
	const uint8_t *bytes; /* SEALED, OPENED; borrowed */
	size_t len;
	tacit_err err;    /* FAILED */
	const char *text; /* FAILED: what happened and what to do */
};

typedef void (*tacit_channel_watch)(void *arg, const struct tacit_channel_event *event);

/*
 * tacit_listener_start: answers handshakes at name, proves entity, and asks trust about each
 * initiator.  Reachable from the network, as it must be.
 * watch: called for every event of every channel that this listener makes; may be NULL.  When there
 * are 4,096 channels the one that was silent longest makes room for another.
 *
 * Belongs to the node.
 */
TACIT_API struct tacit_listener *tacit_listener_start(struct tacit_node *node, const char *name,
    struct tacit_entity *entity, const struct tacit_trust *trust);
TACIT_API void tacit_listener_watch(
    struct tacit_listener *listener, tacit_channel_watch watch, void *arg);

/*
 * tacit_listener_close: closes its channels, each of which still sends what it has, and waits for
 * the far ends' confirmations, also when the node was stopped.  New ones may come meanwhile.
 *
 * Errors, not remembered: TACIT_ETIMEDOUT (not all confirmed it within timeout_ms), TACIT_EINVAL
 * (NULL; in a handler).
 */
TACIT_API tacit_err tacit_listener_close(struct tacit_listener *listener, unsigned timeout_ms);

/*
 * tacit_channel_open: makes a channel to the listener at the end of route, and waits until it is
 * established: up to 30 s.
 *
 * Belongs to the node.  Errors, remembered: TACIT_EUNTRUSTED (trust refused the other end),
 * TACIT_EREFUSED (the other end refused entity), TACIT_ETIMEDOUT (no answer: check the route and
 * that the other side runs), TACIT_ENOTFOUND (the route begins with no worker here),
 * TACIT_EUNSUPPORTED.
 */
TACIT_API struct tacit_channel *tacit_channel_open(struct tacit_node *node,
    struct tacit_entity *entity, const struct tacit_route *route, const struct tacit_trust *trust);
TACIT_API void tacit_channel_watch_events(
    struct tacit_channel *chan, tacit_channel_watch watch, void *arg);

/*
 * tacit_channel_patience, tacit_listener_patience: how long nothing may come from the other end
 * until the event SILENT; it is asked for a sign at a third of that.  A listener's is that of the
 * channels which it makes from then on.
 *
 * ms: at least 1,000; 180,000 unless told.  Less is taken for 1,000.  Of the protocol of 2021, which
 * has no such signs: no-op.
 */
TACIT_API void tacit_channel_patience(struct tacit_channel *chan, unsigned ms);
TACIT_API void tacit_listener_patience(struct tacit_listener *listener, unsigned ms);

/* the text of the channel's address, for routes through it; NULL for NULL */
TACIT_API const char *tacit_channel_address(const struct tacit_channel *chan);
/* the proven identifier of the far end; "" for NULL */
TACIT_API const char *tacit_channel_peer(const struct tacit_channel *chan);

/*
 * tacit_channel_flush: waits until the far end has acknowledged every message sent so far: its
 * workers handled them, its program received them, or nobody there has the name.
 * Errors: TACIT_ETIMEDOUT, TACIT_ECLOSED, TACIT_ESTOPPED.  Not remembered.
 */
TACIT_API tacit_err tacit_channel_flush(struct tacit_channel *chan, long timeout_ms);

/*
 * tacit_channel_close: no more messages; tells the far end so and waits for its confirmation, even
 * when the node was stopped, until nothing has arrived for 10 s.  NULL: no-op.  When the other end
 * closed first this tells whether it had acknowledged everything.
 * tacit_channel_close_within: waits no longer than timeout_ms, whatever still arrives; for a program
 * that was told to go.
 * Errors, remembered: TACIT_EUNCONFIRMED: what was sent last may not have been delivered;
 * TACIT_EINVAL: a listener's channel, which ends with its other end or with the node.
 */
TACIT_API tacit_err tacit_channel_close(struct tacit_channel *chan);
TACIT_API tacit_err tacit_channel_close_within(struct tacit_channel *chan, unsigned timeout_ms);

#endif
