#include "ockam/session.h"

#include <string.h>

#include "base/memory.h"
#include "ockam/session_internal.h"

/* the arrows of session.h: one bit per state that may follow */
static unsigned
may_follow(enum tacit_session_state state)
{
	switch (state) {
	case TACIT_SESSION_HELLO_SENT:
		return 1u << TACIT_SESSION_PROOF_SENT | 1u << TACIT_SESSION_OVER;
	case TACIT_SESSION_PROOF_SENT:
	case TACIT_SESSION_ANSWERED:
		return 1u << TACIT_SESSION_ESTABLISHED | 1u << TACIT_SESSION_OVER;
	case TACIT_SESSION_ESTABLISHED:
		return 1u << TACIT_SESSION_CLOSING | 1u << TACIT_SESSION_OVER;
	case TACIT_SESSION_CLOSING:
		return 1u << TACIT_SESSION_OVER;
	case TACIT_SESSION_REFUSING:
	case TACIT_SESSION_LINGERING:
	case TACIT_SESSION_OVER:
		break;
	}
	return 0;
}

void
tacit_ockam_session_set_state(struct tacit_ockam_session *session, enum tacit_session_state state)
{
	tacit_assert((may_follow(session->state) & 1u << state) != 0);
	session->state = state;
}

void
tacit_ockam_session_tell(struct tacit_ockam_session *session, enum tacit_channel_event_kind kind,
    uint64_t sequence, struct tacit_slice record)
{
	const struct tacit_session_event event = {.kind = kind,
	    .sequence = sequence,
	    .bytes = record.bytes,
	    .len = record.len,
	    .text = ""};

	session->config.event(session->config.arg, &event);
}

void
tacit_ockam_session_fail(struct tacit_ockam_session *session, tacit_err err, const char *text)
{
	const struct tacit_session_event event = {
	    .kind = TACIT_CHANNEL_FAILED, .err = err, .text = text};

	tacit_ockam_session_set_state(session, TACIT_SESSION_OVER);
	session->end_told = true;
	session->config.event(session->config.arg, &event);
}

static void
free_session(void *self)
{
	struct tacit_ockam_session *session = self;
	struct tacit_msg *msg;

	session->config.port.wake_at(session->config.port.arg, TACIT_NEVER);
	tacit_ockam_run_free(session->run);
	tacit_ockam_run_free(session->old);
	tacit_msg_unref(session->first);
	while ((msg = tacit_queue_pop(&session->pending)) != NULL)
		tacit_msg_unref(msg);
	tacit_queue_fini(&session->pending);
	tacit_free(session);
}

static void
start(void *self, tacit_msec now)
{
	struct tacit_ockam_session *session = self;
	struct tacit_msg *first = session->first;

	session->first = NULL;
	session->heard_at = now;
	session->deadline = now + TACIT_HANDSHAKE_LIFE_MS;
	tacit_ockam_session_post(
	    session, session->initiator ? &session->listener : &session->run->route, first);
	tacit_ockam_session_plan(session);
}

static const char *
name(const void *self)
{
	return ((const struct tacit_ockam_session *)self)->name;
}

static enum tacit_session_state
state(const void *self)
{
	return ((const struct tacit_ockam_session *)self)->state;
}

static const struct tacit_identifier *
peer(const void *self)
{
	const struct tacit_ockam_session *session = self;

	return session->peer_known ? &session->peer : NULL;
}

static tacit_msec
heard_at(const void *self)
{
	return ((const struct tacit_ockam_session *)self)->heard_at;
}

static void
handle(void *self, struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_ockam_session *session = self;

	if (session->state != TACIT_SESSION_OVER) {
		tacit_ockam_session_hear(session, msg, now);
		tacit_ockam_session_plan(session);
	}
	tacit_msg_unref(msg);
}

/* nothing of this protocol is said twice: its programs die of messages that come again */
static void
hello_again(void *self)
{
	(void)self;
}

static tacit_msec
earlier(tacit_msec a, tacit_msec b)
{
	return a < b ? a : b;
}

static tacit_msec
gap_at(const struct tacit_ockam_run *run)
{
	return run != NULL && run->order != NULL ? tacit_ockam_order_gap_at(run->order)
						 : TACIT_NEVER;
}

void
tacit_ockam_session_plan(struct tacit_ockam_session *session)
{
	tacit_msec at = earlier(earlier(session->deadline, session->again_at),
	    earlier(gap_at(session->run), gap_at(session->old)));

	if (session->state == TACIT_SESSION_OVER)
		at = TACIT_NEVER;
	session->config.port.wake_at(session->config.port.arg, at);
}

static void
deadline_passed(struct tacit_ockam_session *session)
{
	if (session->state == TACIT_SESSION_CLOSING)
		tacit_ockam_session_fail(session, TACIT_EUNCONFIRMED,
		    "closed, but the hub did not confirm all that was sent: it may not arrive");
	else if (session->state == TACIT_SESSION_ESTABLISHED)
		tacit_ockam_session_fail(session, TACIT_ETIMEDOUT,
		    "this channel's messages are used up, and the other side did not answer a new "
		    "handshake within 30 s");
	else if (session->state == TACIT_SESSION_HELLO_SENT)
		tacit_ockam_session_fail(session, TACIT_ETIMEDOUT,
		    "no answer within 30 s: check the names, and that the other side runs and "
		    "offers the protocol of 2021");
	else if (session->state == TACIT_SESSION_PROOF_SENT)
		tacit_ockam_session_fail(session, TACIT_ETIMEDOUT,
		    "the other end did not show its identity within 30 s");
	else if (session->run->phase == TACIT_OCKAM_KEYED)
		tacit_ockam_session_fail(session, TACIT_ETIMEDOUT,
		    "the other end did not show its identity within 30 s: it may have refused "
		    "ours");
	else
		tacit_ockam_session_fail(session, TACIT_ETIMEDOUT,
		    "the other end began a handshake and did not finish it within 30 s");
}

static void
tick(void *self, tacit_msec now)
{
	struct tacit_ockam_session *session = self;

	if (session->state == TACIT_SESSION_OVER)
		return;
	if (now >= session->deadline) {
		deadline_passed(session);
	} else {
		if (session->old != NULL)
			tacit_ockam_session_hand_out(session, session->old, now);
		if (session->state != TACIT_SESSION_OVER && session->run->order != NULL)
			tacit_ockam_session_hand_out(session, session->run, now);
		if (now >= session->again_at) {
			session->again_at = TACIT_NEVER;
			session->config.flush_wanted(session->config.arg);
		}
	}
	tacit_ockam_session_plan(session);
}

static void
close_session(void *self, tacit_msec now)
{
	struct tacit_ockam_session *session = self;

	if (session->state == TACIT_SESSION_ESTABLISHED) {
		tacit_ockam_session_set_state(session, TACIT_SESSION_CLOSING);
		session->deadline = now + TACIT_CLOSE_WAIT_MS;
		tacit_ockam_session_flush(session, now);
	} else if (session->state != TACIT_SESSION_CLOSING &&
		   session->state != TACIT_SESSION_OVER) {
		tacit_ockam_session_set_state(session, TACIT_SESSION_OVER);
		session->end_told = true;
	}
	tacit_ockam_session_plan(session);
}

static bool
close_confirmed(const void *self)
{
	return ((const struct tacit_ockam_session *)self)->close_confirmed;
}

static struct tacit_engine
engine(struct tacit_ockam_session *session)
{
	static const struct tacit_engine_ops ops = {
	    .free = free_session,
	    .start = start,
	    .name = name,
	    .state = state,
	    .peer = peer,
	    .heard_at = heard_at,
	    .handle = handle,
	    .hello_again = hello_again,
	    .tick = tick,
	    .flush = tacit_ockam_session_flush,
	    .has_room = tacit_ockam_session_has_room,
	    .check = tacit_ockam_session_check,
	    .send = tacit_ockam_session_send,
	    .unacknowledged = tacit_ockam_session_unacknowledged,
	    .delivered = tacit_ockam_session_delivered,
	    .carried = tacit_ockam_session_carried,
	    .close = close_session,
	    .close_confirmed = close_confirmed,
	};

	return (struct tacit_engine){&ops, session};
}

static struct tacit_ockam_session *
session_new(const struct tacit_session_config *config, const struct tacit_ockam_identity *identity,
    bool initiator)
{
	struct tacit_ockam_session *session = tacit_alloc(sizeof(*session));

	if (session == NULL)
		return NULL;
	session->config = *config;
	session->identity = identity;
	session->initiator = initiator;
	session->state = initiator ? TACIT_SESSION_HELLO_SENT : TACIT_SESSION_ANSWERED;
	session->deadline = session->again_at = TACIT_NEVER;
	tacit_random_hex(&config->port.random, session->name, 16);
	session->run = tacit_ockam_run_new(initiator, 0, &config->port.random);
	if (session->run == NULL) {
		free_session(session);
		return NULL;
	}
	return session;
}

tacit_err
tacit_ockam_session_new_initiator(const struct tacit_session_config *config,
    const struct tacit_ockam_identity *identity, const struct tacit_route *route, bool renews,
    struct tacit_engine *ret)
{
	struct tacit_ockam_session *session = session_new(config, identity, true);

	if (session == NULL)
		return TACIT_ENOMEM;
	session->renews = renews;
	tacit_route_copy(&session->listener, route);
	if ((session->first = tacit_ockam_session_hello(session->run)) == NULL) {
		free_session(session);
		return TACIT_ENOMEM;
	}
	*ret = engine(session);
	return TACIT_OK;
}

tacit_err
tacit_ockam_session_new_responder(const struct tacit_session_config *config,
    const struct tacit_ockam_identity *identity, const struct tacit_msg *hello,
    struct tacit_engine *ret)
{
	struct tacit_ockam_session *session = session_new(config, identity, false);
	tacit_err err = TACIT_ENOMEM;

	if (session == NULL)
		return err;
	if ((err = tacit_ockam_session_answer(session->run, hello, &session->first)) != TACIT_OK) {
		free_session(session);
		return err;
	}
	*ret = engine(session);
	return TACIT_OK;
}
