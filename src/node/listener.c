#include <stdio.h>

#include "base/memory.h"
#include "channel/acceptor.h"
#include "channel/handshake.h"
#include "node/channel.h"
#include "node/state.h"
#include "ockam/session.h"

/* each protocol has its own half-open handshakes: a flood of one does not push out the other's */
struct offer {
	struct tacit_acceptor *acceptor; /* NULL: not offered */
	struct tacit_channel_parts parts;
};

enum protocol {
	NATIVE,
	OCKAM, /* that of 2021 */
	PROTOCOLS
};

struct tacit_listener {
	struct tacit_owned owned;
	struct tacit_node *node;
	struct tacit_worker *worker;
	struct offer offers[PROTOCOLS];
	struct tacit_list channels; /* the youngest last */
	struct tacit_list over;     /* sessions that are over; freed at the end of the turn */
	size_t count;
	unsigned awaited; /* channels whose end a call waits for */
	struct tacit_turn_end sweep;
	tacit_channel_watch watch;
	void *watch_arg;
	unsigned patience_ms;
};

static struct offer *
offer_of(struct tacit_listener *listener, const struct tacit_channel *chan)
{
	return &listener->offers[chan->ockam ? OCKAM : NATIVE];
}

static void
drop(struct tacit_listener *listener, struct tacit_channel *chan)
{
	tacit_acceptor_remove(offer_of(listener, chan)->acceptor, chan);
	listener->count--;
	listener->awaited -= chan->awaited ? 1 : 0;
	tacit_channel_unbind(chan);
}

static void
sweep(void *arg)
{
	struct tacit_listener *listener = arg;

	while (!tacit_list_empty(&listener->over))
		drop(listener, TACIT_CONTAINER(listener->over.next, struct tacit_channel, list));
}

void
tacit_listener_settled(struct tacit_listener *listener, struct tacit_channel *chan)
{
	if (tacit_channel_state(chan) != TACIT_SESSION_ANSWERED)
		tacit_acceptor_remove(offer_of(listener, chan)->acceptor, chan);
	if (!chan->open) {
		tacit_list_remove(&chan->list);
		tacit_list_append(&listener->over, &chan->list);
		tacit_turn_end_ask(listener->node, &listener->sweep);
	}
}

void
tacit_listener_tell(struct tacit_listener *listener, const struct tacit_channel_event *event)
{
	/* somebody pretended to be who he is not: that is worth more than an end */
	if (event->kind == TACIT_CHANNEL_FAILED)
		tacit_node_log(listener->node,
		    event->err == TACIT_EAUTH ? TACIT_LOG_WARNING : TACIT_LOG_INFO,
		    "channel%s ended: %s", event->channel->ockam ? " of 2021" : "", event->text);
	if (listener->watch != NULL)
		listener->watch(listener->watch_arg, event);
}

/* whether the other end of a channel is one that we accepted and that may still talk */
static bool
in_use(const struct tacit_channel *chan)
{
	enum tacit_session_state state = tacit_channel_state(chan);

	return state == TACIT_SESSION_ESTABLISHED || state == TACIT_SESSION_CLOSING;
}

static tacit_msec
heard_at(const struct tacit_channel *chan)
{
	return chan->engine.ops->heard_at(chan->engine.self);
}

static bool
missed_less(const struct tacit_channel *a, const struct tacit_channel *b)
{
	if (in_use(a) != in_use(b))
		return !in_use(a);
	return heard_at(a) < heard_at(b);
}

static size_t
half_open(const struct tacit_listener *listener)
{
	size_t count = 0;

	for (size_t i = 0; i < PROTOCOLS; i++) {
		if (listener->offers[i].acceptor != NULL)
			count += tacit_acceptor_count(listener->offers[i].acceptor);
	}
	return count;
}

/* Half-open handshakes have a bound of their own, and do not count.  Those that were refused or are
 * closed go first: whom nobody trusts must not be able to end the channels of others. */
static void
make_room(struct tacit_listener *listener)
{
	struct tacit_channel *least = NULL;

	if (listener->count - half_open(listener) < TACIT_CHANNELS_MAX)
		return;
	for (struct tacit_list *at = listener->channels.next; at != &listener->channels;
	     at = at->next) {
		struct tacit_channel *chan = TACIT_CONTAINER(at, struct tacit_channel, list);

		if (tacit_channel_state(chan) != TACIT_SESSION_ANSWERED &&
		    (least == NULL || missed_less(chan, least)))
			least = chan;
	}
	if (least == NULL)
		return;
	if (in_use(least))
		tacit_node_log(listener->node, TACIT_LOG_WARNING,
		    "too many channels: the one that was silent longest is given up");
	drop(listener, least);
}

static void
answer(struct tacit_listener *listener, struct offer *offer, const struct tacit_msg *hello)
{
	struct tacit_channel_parts parts = offer->parts;
	struct tacit_channel *chan, *oldest;
	tacit_err err;

	parts.hello = hello;
	make_room(listener);
	if ((err = tacit_channel_bind(listener->node, &parts, &chan)) != TACIT_OK) {
		tacit_node_log(listener->node, TACIT_LOG_INFO, "a handshake was not answered: %s",
		    tacit_strerror(err));
		return;
	}
	tacit_list_append(&listener->channels, &chan->list);
	listener->count++;
	if ((oldest = tacit_acceptor_add(offer->acceptor, hello, chan)) != NULL)
		drop(listener, oldest);
	tacit_channel_patience(chan, listener->patience_ms);
	chan->engine.ops->start(chan->engine.self, tacit_node_now(listener->node));
}

static void
hear(struct tacit_listener *listener, struct offer *offer, const struct tacit_msg *hello)
{
	struct tacit_channel *chan;
	void *answerer;

	switch (tacit_acceptor_hear(offer->acceptor, hello, &answerer)) {
	case TACIT_HELLO_NEW:
		answer(listener, offer, hello);
		break;
	case TACIT_HELLO_AGAIN:
		chan = answerer;
		chan->engine.ops->hello_again(chan->engine.self);
		break;
	case TACIT_HELLO_OLD:
		break;
	}
}

/* The first byte says which protocol; one is never answered in the other (PROTOCOL.md 9.1). */
static void
on_msg(void *self, struct tacit_msg *msg)
{
	struct tacit_listener *listener = self;
	uint8_t first = msg->len > 0 ? tacit_msg_payload(msg)[0] : 0;
	enum protocol protocol = first == TACIT_KIND_MESSAGE_1 ? NATIVE
				 : first == TACIT_OCKAM_HELLO  ? OCKAM
							       : PROTOCOLS;

	if (protocol == PROTOCOLS || msg->ret.count == 0)
		tacit_node_log(listener->node, TACIT_LOG_DEBUG,
		    "%s: a message that begins no handshake was dropped",
		    tacit_worker_name(listener->worker));
	else if (listener->offers[protocol].acceptor == NULL)
		tacit_node_log(listener->node, TACIT_LOG_INFO,
		    "%s: a handshake in %s was not answered: this listener does not offer it",
		    tacit_worker_name(listener->worker),
		    protocol == OCKAM ? "the protocol of 2021" : "Tacit's own protocol");
	else
		hear(listener, &listener->offers[protocol], msg);
	tacit_msg_unref(msg);
}

static void
free_listener(struct tacit_owned *self)
{
	struct tacit_listener *listener = TACIT_CONTAINER(self, struct tacit_listener, owned);

	tacit_turn_end_cancel(&listener->sweep);
	sweep(listener);
	while (!tacit_list_empty(&listener->channels))
		drop(
		    listener, TACIT_CONTAINER(listener->channels.next, struct tacit_channel, list));
	for (size_t i = 0; i < PROTOCOLS; i++)
		tacit_acceptor_free(listener->offers[i].acceptor);
	tacit_worker_remove(listener->worker);
	tacit_free(listener);
}

/* says goodbye on every channel, without waiting for the answers */
static void
close_listener(struct tacit_owned *self)
{
	struct tacit_listener *listener = TACIT_CONTAINER(self, struct tacit_listener, owned);

	for (struct tacit_list *at = listener->channels.next; at != &listener->channels;
	     at = at->next) {
		struct tacit_channel *chan = TACIT_CONTAINER(at, struct tacit_channel, list);

		chan->engine.ops->close(chan->engine.self, tacit_node_now(listener->node));
	}
}

tacit_err
tacit_listener_close(struct tacit_listener *listener, unsigned timeout_ms)
{
	if (listener == NULL || tacit_node_in_loop(listener->node))
		return TACIT_EINVAL;
	close_listener(&listener->owned);
	for (struct tacit_list *at = listener->channels.next; at != &listener->channels;
	     at = at->next) {
		struct tacit_channel *chan = TACIT_CONTAINER(at, struct tacit_channel, list);

		if (!chan->awaited && tacit_channel_state(chan) == TACIT_SESSION_CLOSING) {
			chan->awaited = true;
			listener->awaited++;
		}
	}
	/* without a time it would be for ever */
	tacit_loop_quiesce(listener->node, &listener->awaited, timeout_ms > 0 ? timeout_ms : 1);
	return listener->awaited == 0 ? TACIT_OK : TACIT_ETIMEDOUT;
}

static bool
complete(const struct tacit_channel_parts *parts)
{
	return (parts->entity != NULL || parts->ockam != NULL) && parts->trust != NULL;
}

/* without the node's memory of errors: parts are complete */
static tacit_err
offer(struct tacit_listener *listener, const struct tacit_channel_parts *parts)
{
	struct offer *offered = &listener->offers[parts->ockam != NULL ? OCKAM : NATIVE];

	if (offered->acceptor != NULL)
		return TACIT_EEXIST;
	offered->parts = *parts;
	offered->parts.listener = listener;
	return tacit_acceptor_new(&offered->acceptor);
}

tacit_err
tacit_listener_offer(struct tacit_listener *listener, const struct tacit_channel_parts *parts)
{
	tacit_err err;

	if (listener == NULL || !tacit_node_usable(listener->node))
		return listener == NULL ? TACIT_EINVAL : tacit_node_err(listener->node);
	if (!complete(parts))
		return tacit_node_fail(
		    listener->node, TACIT_EINVAL, "a listener needs an entity and a trust policy");
	if ((err = offer(listener, parts)) == TACIT_EEXIST)
		return tacit_node_fail(listener->node, err,
		    "the listener `%.80s` answers this protocol already",
		    tacit_worker_name(listener->worker));
	return err == TACIT_OK ? TACIT_OK
			       : tacit_node_fail(listener->node, err, "no memory for a listener");
}

struct tacit_listener *
tacit_listener_new(
    struct tacit_node *node, const char *name, const struct tacit_channel_parts *parts)
{
	struct tacit_listener *listener;

	if (!tacit_node_usable(node))
		return NULL;
	if (name == NULL || !complete(parts)) {
		tacit_node_fail(
		    node, TACIT_EINVAL, "a listener needs a name, an entity and a trust policy");
		return NULL;
	}
	if ((listener = tacit_alloc(sizeof(*listener))) == NULL ||
	    offer(listener, parts) != TACIT_OK) {
		tacit_free(listener);
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a listener");
		return NULL;
	}
	listener->node = node;
	listener->patience_ms = TACIT_SILENT_MS;
	tacit_list_init(&listener->channels);
	tacit_list_init(&listener->over);
	tacit_turn_end_init(&listener->sweep, sweep, listener);
	listener->owned.free = free_listener;
	listener->owned.close = close_listener;
	tacit_node_own(node, &listener->owned);
	listener->worker = tacit_worker_add(node, name,
	    TACIT_HEARS_LOCAL | TACIT_HEARS_NETWORK | TACIT_HEARS_CHANNEL, on_msg, listener);
	if (listener->worker == NULL) {
		tacit_node_disown(&listener->owned);
		free_listener(&listener->owned);
		return NULL;
	}
	return listener;
}

struct tacit_listener *
tacit_listener_start(struct tacit_node *node, const char *name, struct tacit_entity *entity,
    const struct tacit_trust *trust)
{
	const struct tacit_channel_parts parts = {.entity = entity, .trust = trust};

	return tacit_listener_new(node, name, &parts);
}

void
tacit_listener_patience(struct tacit_listener *listener, unsigned ms)
{
	if (listener != NULL)
		listener->patience_ms = ms;
}

void
tacit_listener_watch(struct tacit_listener *listener, tacit_channel_watch watch, void *arg)
{
	if (listener == NULL)
		return;
	listener->watch = watch;
	listener->watch_arg = arg;
}
