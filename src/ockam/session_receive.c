#include "base/memory.h"
#include "ockam/session_internal.h"

/*
 * Records on their way in (PROTOCOL.md 9.7): a record is opened before anything is believed or
 * changed; then its counter is judged, and what is in order is handed out.
 */

static void
tell_counter(
    struct tacit_ockam_session *session, enum tacit_channel_event_kind kind, uint64_t sequence)
{
	tacit_ockam_session_tell(session, kind, sequence, (struct tacit_slice){NULL, 0});
}

/* takes our E off the onward route; false: it does not begin with that */
static bool
is_for_us(const struct tacit_ockam_run *run, struct tacit_msg *msg)
{
	struct tacit_address first;

	if (!tacit_route_first(&msg->onward, &first) ||
	    !tacit_address_equal(first, tacit_address_worker(run->entity)))
		return false;
	tacit_route_pop(&msg->onward);
	return true;
}

/* to the program; takes msg.  There is no word for "stop": who reads nothing ends the channel */
static void
deliver(struct tacit_ockam_session *session, struct tacit_msg *msg, size_t len)
{
	if (session->unread >= TACIT_UNSEALED_MAX ||
	    session->unread_bytes + len > TACIT_OCKAM_INBOX_BYTES) {
		tacit_msg_unref(msg);
		tacit_ockam_session_fail(session, TACIT_ELIMIT,
		    "this program does not read what the other end sends: too many messages wait "
		    "for it");
		return;
	}
	session->unread++;
	session->unread_bytes += len;
	tacit_route_pop(&msg->ret); /* the other's E */
	msg->origin = TACIT_ORIGIN_CHANNEL;
	msg->has_sender = true;
	msg->sender = session->peer;
	/* what delivered has to know of it */
	session->config.deliver(session->config.arg, msg, len);
}

/* may be called by deliver, therefore it hands nothing out: all that is in order was */
void
tacit_ockam_session_delivered(void *self, uint64_t sequence, tacit_msec now)
{
	struct tacit_ockam_session *session = self;

	(void)now;
	tacit_assert(session->unread > 0 && session->unread_bytes >= sequence);
	session->unread--;
	session->unread_bytes -= (size_t)sequence;
}

/* What the other end sealed that is no message for anybody here is dropped, and counts as received:
 * its keys are good, and only it could have meant something by it. */
static void
take_record(struct tacit_ockam_session *session, struct tacit_ockam_run *run, uint16_t counter,
    struct tacit_block *block)
{
	bool identity = run->phase != TACIT_OCKAM_OPEN, ours;
	struct tacit_msg *msg = NULL;
	tacit_err err = tacit_msg_decode(block, 0, block->cap, &msg);

	if (err == TACIT_ENOMEM && !identity) {
		tell_counter(session, TACIT_CHANNEL_GAP, tacit_ockam_sequence(run, counter));
		return;
	}
	ours = err == TACIT_OK && is_for_us(run, msg);
	if (identity && ours) {
		tacit_ockam_session_hear_identity(session, msg);
	} else if (identity) {
		tacit_ockam_session_fail(session, err == TACIT_ENOMEM ? err : TACIT_EFORMAT,
		    err == TACIT_ENOMEM ? tacit_strerror(err)
					: "the other end's first message is not its identity");
	} else if (ours && msg->onward.count > 0) {
		deliver(session, msg, block->cap);
		return;
	}
	tacit_msg_unref(msg);
}

static void
take_in_order(struct tacit_ockam_session *session, struct tacit_ockam_run *run)
{
	struct tacit_block *block;
	uint16_t counter;

	while (session->state != TACIT_SESSION_OVER &&
	       (block = tacit_ockam_order_take(run->order, &counter)) != NULL) {
		take_record(session, run, counter, block);
		tacit_block_unref(block);
	}
}

/* what is missing before the next record that waits is given up */
static void
give_up(struct tacit_ockam_session *session, struct tacit_ockam_run *run)
{
	uint64_t first = tacit_ockam_sequence(run, run->order->next);

	if (run->phase != TACIT_OCKAM_OPEN) {
		tacit_ockam_session_fail(session, TACIT_EPOSSIBLYLOST,
		    "the other end's identity was lost on the way, and this protocol cannot send "
		    "it "
		    "again: make a new channel");
		return;
	}
	tacit_ockam_order_give_up(run->order);
	tell_counter(session, TACIT_CHANNEL_GAP, first);
}

void
tacit_ockam_session_hand_out(
    struct tacit_ockam_session *session, struct tacit_ockam_run *run, tacit_msec now)
{
	take_in_order(session, run);
	while (
	    session->state != TACIT_SESSION_OVER && now >= tacit_ockam_order_gap_at(run->order)) {
		give_up(session, run);
		if (session->state != TACIT_SESSION_OVER)
			take_in_order(session, run);
	}
	if (run->order->next >= TACIT_OCKAM_RECORDS_MAX && session->renews)
		session->config.flush_wanted(session->config.arg);
}

void
tacit_ockam_session_hand_out_rest(struct tacit_ockam_session *session, struct tacit_ockam_run *run)
{
	while (session->state != TACIT_SESSION_OVER && run->order->held_count > 0) {
		give_up(session, run);
		take_in_order(session, run);
	}
}

/* a record that the run's key opened */
static void
hear_record(struct tacit_ockam_session *session, struct tacit_ockam_run *run,
    struct tacit_slice record, struct tacit_block *block, tacit_msec now)
{
	uint16_t counter = tacit_ockam_record_counter(record);
	uint64_t sequence = tacit_ockam_sequence(run, counter);

	switch (tacit_ockam_order_place(run->order, counter)) {
	case TACIT_OCKAM_DUPLICATE:
		tell_counter(session, TACIT_CHANNEL_DUPLICATE, sequence);
		return;
	case TACIT_OCKAM_LATE:
		tell_counter(session, TACIT_CHANNEL_LATE, sequence);
		return;
	case TACIT_OCKAM_NEW:
		break;
	}
	/* a replay is no sign of life */
	session->heard_at = now;
	tacit_ockam_order_put(run->order, counter, block, now);
	/* record 0 is part of the handshake */
	if (counter > 0)
		tacit_ockam_session_tell(session, TACIT_CHANNEL_OPENED, sequence, record);
	tacit_ockam_session_hand_out(session, run, now);
}

/* whether this is the message that made the keys of the run, again: a path may double */
static bool
came_again(const struct tacit_ockam_run *run, struct tacit_slice body)
{
	uint8_t hash[TACIT_HASH_LEN];

	if (run == NULL || run->order == NULL)
		return false;
	tacit_hash(hash, body.bytes, body.len, NULL, 0);
	return tacit_equal_ct(hash, run->answered, sizeof(hash));
}

static bool
is_ours(struct tacit_ockam_run *run, struct tacit_slice body, struct tacit_block *scratch)
{
	return run != NULL && tacit_ockam_run_is_ours(run, body, scratch->bytes);
}

void
tacit_ockam_session_hear(
    struct tacit_ockam_session *session, const struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_ockam_run *run = session->run, *old = session->old;
	struct tacit_block *block;
	struct tacit_slice body;
	uint64_t counter;
	size_t len;

	tacit_msg_body(msg, &body);
	len = body.len < TACIT_OCKAM_RECORD_OVERHEAD ? 0 : body.len - TACIT_OCKAM_RECORD_OVERHEAD;
	counter = tacit_ockam_record_counter(body);
	if ((block = tacit_block_new(len)) == NULL)
		return; /* without memory it is lost, as on a path */
	if (tacit_ockam_run_open(run, body, block->bytes) == TACIT_OK)
		hear_record(session, run, body, block, now);
	else if (old != NULL && tacit_ockam_run_open(old, body, block->bytes) == TACIT_OK)
		hear_record(session, old, body, block, now);
	else if (tacit_ockam_session_hear_handshake(session, body, msg, now))
		session->config.flush_wanted(session->config.arg);
	else if (is_ours(run, body, block) || is_ours(old, body, block))
		tell_counter(session, TACIT_CHANNEL_REFLECTED, counter);
	else if (!came_again(run, body) && !came_again(old, body))
		tell_counter(session, TACIT_CHANNEL_UNAUTHENTIC, counter);
	tacit_block_unref(block);
}
