#include "base/memory.h"
#include "ockam/session_internal.h"

/*
 * Records on their way out (PROTOCOL.md 9.3 and 9.8).  What send queued is sealed when it leaves,
 * counter by counter, and leaves once.
 */

/* what a message will take as a payload: with both ends' E inside, and its length in front */
static size_t
weight(const struct tacit_msg *msg)
{
	return 3 + TACIT_OCKAM_RECORD_OVERHEAD + tacit_msg_encoded_len(msg) +
	       2 * (1 + TACIT_SESSION_NAME_LEN);
}

/* the far end's node dials, or its process ends, at any hop that is no worker */
static bool
workers_only(const struct tacit_route *onward)
{
	struct tacit_address hop;
	struct tacit_route rest;

	tacit_route_copy(&rest, onward);
	for (; tacit_route_first(&rest, &hop); tacit_route_pop(&rest)) {
		if (hop.type != TACIT_ADDRESS_WORKER)
			return false;
	}
	return onward->count > 0;
}

tacit_err
tacit_ockam_session_check(const void *self, const struct tacit_msg *msg)
{
	const struct tacit_ockam_session *session = self;
	tacit_err err;

	if (session->state != TACIT_SESSION_ESTABLISHED)
		return TACIT_ECLOSED;
	if (!workers_only(&msg->onward))
		return TACIT_EINVAL;
	/* the other end's E of a handshake under way is not known, but as long as the one before */
	if ((err = tacit_ockam_run_check(
		 session->run->phase == TACIT_OCKAM_OPEN ? session->run : session->old, msg)) !=
	    TACIT_OK)
		return err;
	if (session->pending.count >= TACIT_UNSEALED_MAX ||
	    session->pending_bytes >= TACIT_UNSEALED_LEN_MAX)
		return TACIT_ELIMIT;
	if (!session->renews &&
	    session->run->sent + session->pending.count >= TACIT_OCKAM_RECORDS_MAX)
		return TACIT_EEXHAUSTED;
	return TACIT_OK;
}

bool
tacit_ockam_session_has_room(const void *self)
{
	const struct tacit_ockam_session *session = self;

	return session->state != TACIT_SESSION_ESTABLISHED ||
	       (session->carrying + session->pending.count < TACIT_OCKAM_WINDOW_RECORDS &&
		   session->carrying_bytes + session->pending_bytes < TACIT_OCKAM_WINDOW_BYTES);
}

tacit_err
tacit_ockam_session_send(void *self, struct tacit_msg *msg)
{
	struct tacit_ockam_session *session = self;
	tacit_err err = tacit_ockam_session_check(session, msg);

	if (err == TACIT_EEXHAUSTED) {
		/* the end, as soon as what came before is where it should be */
		session->refused = true;
		session->config.flush_wanted(session->config.arg);
	}
	if (err != TACIT_OK || (err = tacit_queue_push(&session->pending, msg)) != TACIT_OK) {
		tacit_msg_unref(msg);
		return err;
	}
	session->pending_bytes += weight(msg);
	session->config.flush_wanted(session->config.arg);
	return TACIT_OK;
}

uint64_t
tacit_ockam_session_unacknowledged(const void *self)
{
	const struct tacit_ockam_session *session = self;

	/* what may be lost is never known to be there */
	return session->carrying + session->pending.count + session->lost;
}

/* may be called by the port's send, therefore it sends nothing and ends nothing: the flush does */
void
tacit_ockam_session_carried(void *self, uint64_t token, bool taken, tacit_msec now)
{
	struct tacit_ockam_session *session = self;

	(void)now;
	tacit_assert(session->carrying > 0 && session->carrying_bytes >= token);
	session->carrying--;
	session->carrying_bytes -= (size_t)token;
	if (!taken)
		session->lost = true;
	session->config.flush_wanted(session->config.arg);
}

/* seals the oldest message, and it leaves; false: no memory, or the channel failed */
static bool
seal_next(struct tacit_ockam_session *session, tacit_msec now)
{
	struct tacit_msg *inner = tacit_queue_peek(&session->pending), *msg;
	struct tacit_ockam_run *run = session->run;
	uint32_t counter = run->sent;
	struct tacit_slice record;
	tacit_err err = tacit_ockam_run_seal(run, inner, &msg);

	if (err == TACIT_ENOMEM) {
		session->again_at = now + TACIT_HANDSHAKE_REPEAT_MS;
		return false;
	}
	if (err != TACIT_OK) {
		tacit_ockam_session_fail(session, err, tacit_strerror(err));
		return false;
	}
	tacit_queue_pop(&session->pending);
	session->pending_bytes -= weight(inner);
	tacit_msg_unref(inner);
	tacit_msg_body(msg, &record);
	tacit_ockam_session_tell(
	    session, TACIT_CHANNEL_SEALED, tacit_ockam_sequence(run, counter), record);
	tacit_ockam_session_post(session, &run->route, msg);
	return true;
}

static void
seal_pending(struct tacit_ockam_session *session, tacit_msec now)
{
	const struct tacit_msg *inner;

	session->again_at = TACIT_NEVER;
	while (session->run->phase == TACIT_OCKAM_OPEN &&
	       session->run->sent < TACIT_OCKAM_RECORDS_MAX &&
	       (inner = tacit_queue_peek(&session->pending)) != NULL) {
		if (session->carrying >= TACIT_OCKAM_WINDOW_RECORDS ||
		    session->carrying_bytes + weight(inner) > TACIT_OCKAM_WINDOW_BYTES ||
		    !seal_next(session, now))
			break;
	}
}

/* a direction is used up: ours when there is more to say, the other's as soon as it is */
static bool
renewal_due(const struct tacit_ockam_session *session)
{
	const struct tacit_ockam_run *run = session->run;

	if (!session->renews || run->phase != TACIT_OCKAM_OPEN)
		return false;
	if (run->sent >= TACIT_OCKAM_RECORDS_MAX && session->pending.count > 0)
		return true;
	return run->order->next >= TACIT_OCKAM_RECORDS_MAX &&
	       session->state == TACIT_SESSION_ESTABLISHED;
}

static void
fail_lost(struct tacit_ockam_session *session)
{
	if (session->state == TACIT_SESSION_ESTABLISHED || session->state == TACIT_SESSION_CLOSING)
		tacit_ockam_session_fail(session, TACIT_EPOSSIBLYLOST,
		    "the connection to the hub was lost while messages were under way: they may be "
		    "lost, and this protocol cannot send them again: make a new channel");
	else
		tacit_ockam_session_fail(session, TACIT_EPOSSIBLYLOST,
		    "a message of the handshake may be lost, and this protocol cannot send it "
		    "again: "
		    "check the connection to the hub, and make a new channel");
}

/* all that was sent is where it should be: a close is done, and so is a channel without counters
 * of which somebody wants another */
static void
see_end(struct tacit_ockam_session *session)
{
	if (session->pending.count > 0 || session->carrying > 0)
		return;
	if (session->state == TACIT_SESSION_CLOSING) {
		session->close_confirmed = true;
		session->end_told = true;
		tacit_ockam_session_set_state(session, TACIT_SESSION_OVER);
	} else if (session->refused) {
		tacit_ockam_session_fail(session, TACIT_EEXHAUSTED,
		    "the 65,535 messages that a channel of 2021 can send are used up: make a new "
		    "channel");
	}
}

void
tacit_ockam_session_flush(void *self, tacit_msec now)
{
	struct tacit_ockam_session *session = self;

	if (session->state == TACIT_SESSION_OVER)
		return;
	if (session->lost) {
		fail_lost(session);
	} else {
		seal_pending(session, now);
		if (session->state != TACIT_SESSION_OVER && renewal_due(session)) {
			if (session->old != NULL)
				tacit_ockam_session_hand_out_rest(session, session->old);
			if (session->state != TACIT_SESSION_OVER)
				tacit_ockam_session_renew(session, now);
		}
		if (session->state != TACIT_SESSION_OVER)
			see_end(session);
	}
	tacit_ockam_session_plan(session);
}
