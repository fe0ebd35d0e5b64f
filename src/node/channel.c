#include "node/channel.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "node/state.h"
#include "ockam/session.h"

/*
 * A message's way out: inner worker -> session (seals) -> along the route to the other end.
 * In: outer worker -> session (opens) -> router, with the way back through the inner worker.  What
 * the router hands to a worker or mailbox tells the session by its `done` that it was delivered.
 */

static void
port_wake_at(void *arg, tacit_msec at)
{
	struct tacit_channel *chan = arg;

	tacit_alarm_set(chan->alarm, at);
}

static void
flush_wanted(void *arg)
{
	struct tacit_channel *chan = arg;

	tacit_turn_end_ask(chan->node, &chan->flush);
}

static void
anchor_unref(struct tacit_channel_anchor *anchor)
{
	if (--anchor->refs == 0)
		tacit_free(anchor);
}

/* a message of the other end was handled, handed out or dropped */
static void
on_delivered(void *arg, const struct tacit_msg *msg)
{
	struct tacit_channel_anchor *anchor = arg;
	struct tacit_channel *chan = anchor->channel;

	if (chan != NULL)
		chan->engine.ops->delivered(
		    chan->engine.self, msg->done_token, tacit_node_now(chan->node));
	anchor_unref(anchor);
}

/* what must not be sent twice is in the stream, or given up */
static void
on_carried(void *arg, const struct tacit_msg *msg)
{
	struct tacit_channel_anchor *anchor = arg;
	struct tacit_channel *chan = anchor->channel;

	if (chan != NULL)
		chan->engine.ops->carried(
		    chan->engine.self, msg->done_token, msg->taken, tacit_node_now(chan->node));
	anchor_unref(anchor);
}

/* asks to be told when the message is done */
static void
follow(struct tacit_channel *chan, struct tacit_msg *msg,
    void (*done)(void *arg, const struct tacit_msg *msg), uint64_t token)
{
	chan->anchor->refs++;
	msg->done = done;
	msg->done_arg = chan->anchor;
	msg->done_token = token;
}

static void
port_send(void *arg, struct tacit_msg *msg)
{
	struct tacit_channel *chan = arg;

	if (msg->once)
		follow(chan, msg, on_carried, msg->done_token);
	msg->origin = TACIT_ORIGIN_LOCAL;
	tacit_node_route(chan->node, msg);
}

static void
on_deliver(void *arg, struct tacit_msg *msg, uint64_t sequence)
{
	struct tacit_channel *chan = arg;

	follow(chan, msg, on_delivered, sequence);
	if (tacit_route_prepend(&msg->ret, tacit_worker_address(chan->inner)) != TACIT_OK) {
		tacit_node_log(chan->node, TACIT_LOG_INFO,
		    "a message with too long a return route was dropped");
		tacit_msg_unref(msg);
		return;
	}
	tacit_node_route(chan->node, msg);
}

/* the end of a channel that the program opened and does not watch is an error of its node */
static void
remember_end(struct tacit_channel *chan, const struct tacit_session_event *event)
{
	chan->err = event->kind == TACIT_CHANNEL_FAILED ? event->err : TACIT_ECLOSED;
	snprintf(chan->text, sizeof(chan->text), "%s",
	    event->kind == TACIT_CHANNEL_FAILED ? event->text : "the other end closed the channel");
	if (chan->established && chan->listener == NULL && chan->watch == NULL &&
	    chan->err != TACIT_EUNCONFIRMED)
		tacit_node_fail(chan->node, chan->err, "%s", chan->text);
}

static void
on_event(void *arg, const struct tacit_session_event *event)
{
	struct tacit_channel *chan = arg;
	const struct tacit_identifier *peer = chan->engine.ops->peer(chan->engine.self);
	struct tacit_channel_event told = {.kind = event->kind,
	    .channel = chan,
	    .peer = chan->peer,
	    .sequence = event->sequence,
	    .bytes = event->bytes,
	    .len = event->len,
	    .err = event->err,
	    .text = event->text};

	if (chan->peer[0] == '\0' && peer != NULL)
		tacit_identifier_format(peer, chan->peer);
	if (event->kind == TACIT_CHANNEL_ESTABLISHED) {
		chan->established = true;
	} else if (event->kind == TACIT_CHANNEL_FAILED || event->kind == TACIT_CHANNEL_CLOSED) {
		remember_end(chan, event);
	}
	if (chan->watch != NULL)
		chan->watch(chan->watch_arg, &told);
	else if (chan->listener != NULL)
		tacit_listener_tell(chan->listener, &told);
}

/* after each call into the engine: is it over, did its handshake end? */
static void
settle(struct tacit_channel *chan)
{
	if (tacit_channel_state(chan) == TACIT_SESSION_OVER)
		chan->open = 0;
	if (chan->listener != NULL)
		tacit_listener_settled(chan->listener, chan);
}

static void
on_outer(void *self, struct tacit_msg *msg)
{
	struct tacit_channel *chan = self;

	chan->engine.ops->handle(chan->engine.self, msg, tacit_node_now(chan->node));
	settle(chan);
}

static void
on_inner(void *self, struct tacit_msg *msg)
{
	struct tacit_channel *chan = self;
	tacit_err err;

	tacit_route_pop(&msg->onward);
	err = chan->engine.ops->send(chan->engine.self, tacit_msg_ref(msg));
	if (err == TACIT_OK) {
		tacit_msg_unref(msg);
		return;
	}
	tacit_node_log(chan->node, TACIT_LOG_INFO, "a message for a channel was dropped: %s",
	    tacit_strerror(err));
	tacit_msg_drop(msg);
}

static int
inner_has_room(void *self)
{
	struct tacit_channel *chan = self;

	return chan->engine.ops->has_room(chan->engine.self);
}

static tacit_err
inner_check(void *self, const struct tacit_msg *msg)
{
	struct tacit_channel *chan = self;
	tacit_err err = chan->engine.ops->check(chan->engine.self, msg);

	/* the first hop is ours: nothing behind it would end a worker of a program of 2021 */
	if (chan->ockam && msg->onward.count == 1)
		return TACIT_EINVAL;
	/* nobody asks a handler what became of its answers: it goes on to the engine, which then
	 * says that it is over */
	return err == TACIT_EEXHAUSTED && tacit_node_in_loop(chan->node) ? TACIT_OK : err;
}

static void
on_alarm(void *arg)
{
	struct tacit_channel *chan = arg;

	chan->engine.ops->tick(chan->engine.self, tacit_node_now(chan->node));
	settle(chan);
}

static void
on_turn_end(void *arg)
{
	struct tacit_channel *chan = arg;

	chan->engine.ops->flush(chan->engine.self, tacit_node_now(chan->node));
	settle(chan);
}

static tacit_err
make_engine(struct tacit_channel *chan, const struct tacit_channel_parts *parts)
{
	struct tacit_engine *engine = &chan->engine;
	const struct tacit_session_config config = {
	    .identity = parts->entity != NULL ? &parts->entity->identity : NULL,
	    .policy = &parts->trust->policy,
	    .joining = &chan->node->joining,
	    .port = {chan, port_send, port_wake_at, *tacit_node_random(chan->node)},
	    .arg = chan,
	    .deliver = on_deliver,
	    .event = on_event,
	    .flush_wanted = flush_wanted,
	};
	struct tacit_session *session;
	tacit_err err;

	if (parts->ockam != NULL && parts->hello != NULL)
		return tacit_ockam_session_new_responder(
		    &config, &parts->ockam->identity, parts->hello, engine);
	if (parts->ockam != NULL)
		return tacit_ockam_session_new_initiator(
		    &config, &parts->ockam->identity, parts->route, parts->renews, engine);
	if (parts->hello != NULL)
		err = tacit_session_new_responder(&config, parts->hello, &session);
	else
		err = tacit_session_new_initiator(&config, parts->route, &session);
	if (err == TACIT_OK)
		*engine = tacit_session_engine(session);
	return err;
}

tacit_err
tacit_channel_bind(
    struct tacit_node *node, const struct tacit_channel_parts *parts, struct tacit_channel **ret)
{
	struct tacit_channel *chan = tacit_alloc(sizeof(*chan));
	tacit_err err = TACIT_ENOMEM;

	if (chan == NULL)
		return err;
	chan->node = node;
	chan->listener = parts->listener;
	chan->ockam = parts->ockam != NULL;
	chan->open = 1;
	tacit_list_init(&chan->list);
	tacit_turn_end_init(&chan->flush, on_turn_end, chan);
	if ((chan->anchor = tacit_alloc(sizeof(*chan->anchor))) == NULL)
		goto fail;
	*chan->anchor = (struct tacit_channel_anchor){chan, 1};
	if ((chan->alarm = tacit_alarm_new(node, on_alarm, chan)) == NULL)
		goto fail;
	if ((err = make_engine(chan, parts)) != TACIT_OK)
		goto fail;
	err = TACIT_ENOMEM;
	if ((chan->outer = tacit_worker_add(node, chan->engine.ops->name(chan->engine.self),
		 TACIT_HEARS_LOCAL | TACIT_HEARS_NETWORK | TACIT_HEARS_CHANNEL, on_outer, chan)) ==
		NULL ||
	    (chan->inner = tacit_worker_add(node, NULL, TACIT_HEARS_LOCAL, on_inner, chan)) == NULL)
		goto fail;
	tacit_worker_set_room(chan->inner, inner_has_room);
	tacit_worker_set_check(chan->inner, inner_check);
	*ret = chan;
	return TACIT_OK;
fail:
	tacit_channel_unbind(chan);
	return err;
}

void
tacit_channel_unbind(struct tacit_channel *chan)
{
	tacit_list_remove(&chan->list);
	tacit_turn_end_cancel(&chan->flush);
	if (chan->anchor != NULL) {
		chan->anchor->channel = NULL;
		anchor_unref(chan->anchor);
	}
	if (chan->engine.ops != NULL)
		chan->engine.ops->free(chan->engine.self);
	tacit_worker_remove(chan->outer);
	tacit_worker_remove(chan->inner);
	tacit_alarm_free(chan->alarm);
	tacit_free(chan);
}

/* the program's side ---------------------------------------------------------------------------- */

static void
free_channel(struct tacit_owned *self)
{
	tacit_channel_unbind(TACIT_CONTAINER(self, struct tacit_channel, owned));
}

/* a program that goes without closing says so, without waiting */
static void
close_channel(struct tacit_owned *self)
{
	struct tacit_channel *chan = TACIT_CONTAINER(self, struct tacit_channel, owned);

	chan->engine.ops->close(chan->engine.self, tacit_node_now(chan->node));
}

static int
decided(void *arg)
{
	const struct tacit_channel *chan = arg;

	return chan->established || !chan->open;
}

struct tacit_channel *
tacit_channel_start(struct tacit_node *node, const struct tacit_channel_parts *parts)
{
	struct tacit_channel *chan;
	tacit_err err;

	if (!tacit_node_usable(node) || tacit_node_stopped(node))
		return NULL;
	if ((parts->entity == NULL && parts->ockam == NULL) || parts->route == NULL ||
	    parts->trust == NULL || tacit_node_in_loop(node)) {
		tacit_node_fail(node, TACIT_EINVAL,
		    "a channel needs an entity, a route and a "
		    "trust policy, and cannot be opened in a handler");
		return NULL;
	}
	err = tacit_node_reaches(node, parts->route) ? tacit_channel_bind(node, parts, &chan)
						     : TACIT_ENOTFOUND;
	if (err != TACIT_OK) {
		tacit_node_fail(node, err, "cannot open a channel: %s", tacit_strerror(err));
		return NULL;
	}
	chan->owned.free = free_channel;
	chan->owned.close = close_channel;
	tacit_node_own(node, &chan->owned);
	chan->engine.ops->start(chan->engine.self, tacit_node_now(node));
	err = tacit_node_wait(node, decided, chan, TACIT_FOREVER);
	if (err == TACIT_OK && chan->established)
		return chan;
	if (err == TACIT_OK)
		tacit_node_fail(node, chan->err, "no secure channel: %s", chan->text);
	/* nobody has it: it must not open later, nor pile up in a program that tries again */
	tacit_node_disown(&chan->owned);
	tacit_channel_unbind(chan);
	return NULL;
}

struct tacit_channel *
tacit_channel_open(struct tacit_node *node, struct tacit_entity *entity,
    const struct tacit_route *route, const struct tacit_trust *trust)
{
	const struct tacit_channel_parts parts = {.entity = entity, .trust = trust, .route = route};

	return tacit_channel_start(node, &parts);
}

void
tacit_channel_patience(struct tacit_channel *chan, unsigned ms)
{
	if (chan != NULL && chan->engine.ops->patience != NULL)
		chan->engine.ops->patience(chan->engine.self,
		    ms > TACIT_SILENT_MIN_MS ? ms : TACIT_SILENT_MIN_MS,
		    tacit_node_now(chan->node));
}

void
tacit_channel_watch_events(struct tacit_channel *chan, tacit_channel_watch watch, void *arg)
{
	if (chan == NULL)
		return;
	chan->watch = watch;
	chan->watch_arg = arg;
}

const char *
tacit_channel_address(const struct tacit_channel *chan)
{
	return chan != NULL ? tacit_worker_name(chan->inner) : NULL;
}

const char *
tacit_channel_peer(const struct tacit_channel *chan)
{
	return chan != NULL ? chan->peer : "";
}

static uint64_t
unacknowledged(const struct tacit_channel *chan)
{
	return chan->engine.ops->unacknowledged(chan->engine.self);
}

static int
acknowledged(void *arg)
{
	const struct tacit_channel *chan = arg;

	return !chan->open || tacit_channel_state(chan) != TACIT_SESSION_ESTABLISHED ||
	       unacknowledged(chan) == 0;
}

tacit_err
tacit_channel_flush(struct tacit_channel *chan, long timeout_ms)
{
	tacit_err err;

	if (chan == NULL)
		return TACIT_EINVAL;
	if ((err = tacit_node_wait(chan->node, acknowledged, chan, timeout_ms)) != TACIT_OK)
		return err;
	return unacknowledged(chan) == 0 ? TACIT_OK : TACIT_ECLOSED;
}

/* limit_ms 0: the engine's own deadline ends this, which begins anew while something arrives */
static tacit_err
close_within(struct tacit_channel *chan, unsigned limit_ms)
{
	if (chan == NULL)
		return TACIT_OK;
	if (tacit_node_in_loop(chan->node))
		return tacit_node_fail(
		    chan->node, TACIT_EINVAL, "a handler cannot wait for a channel to close");
	if (chan->listener != NULL)
		return tacit_node_fail(chan->node, TACIT_EINVAL,
		    "a listener's channel is closed by its other end, or with the node");
	chan->engine.ops->close(chan->engine.self, tacit_node_now(chan->node));
	settle(chan);
	/* also when the node was stopped */
	while (tacit_channel_state(chan) == TACIT_SESSION_CLOSING) {
		tacit_loop_quiesce(
		    chan->node, &chan->open, limit_ms > 0 ? limit_ms : 2 * TACIT_CLOSE_WAIT_MS);
		if (limit_ms > 0 && chan->open)
			return tacit_node_fail(chan->node, TACIT_EUNCONFIRMED,
			    "the other end did not confirm in time that everything arrived");
	}
	if (chan->engine.ops->close_confirmed(chan->engine.self))
		return TACIT_OK;
	if (chan->err != TACIT_ECLOSED)
		return tacit_node_fail(chan->node, TACIT_EUNCONFIRMED, "%s", chan->text);
	if (unacknowledged(chan) == 0)
		return TACIT_OK;
	return tacit_node_fail(chan->node, TACIT_EUNCONFIRMED,
	    "the other end closed the channel before it said that it had everything");
}

tacit_err
tacit_channel_close(struct tacit_channel *chan)
{
	return close_within(chan, 0);
}

tacit_err
tacit_channel_close_within(struct tacit_channel *chan, unsigned timeout_ms)
{
	return close_within(chan, timeout_ms > 0 ? timeout_ms : 1);
}
