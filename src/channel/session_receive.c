#include "base/memory.h"
#include "channel/session_internal.h"

/*
 * Records on their way in (PROTOCOL.md 6): a record is opened before anything is believed or
 * changed; then it is put in its place, and what is in order is handed out.
 */

/* something authentic came that had not come before: a replay is no sign of life */
static void
heard(struct tacit_session *session, tacit_msec now)
{
	session->heard_at = now;
	if (!tacit_session_in_flight(session))
		tacit_session_plan_probe(session, now);
	if (session->silent) {
		session->silent = false;
		tacit_session_tell(session, TACIT_CHANNEL_RESUMED);
	}
}

static void
answer_soon(struct tacit_session *session, tacit_msec now)
{
	if (tacit_inbox_report_due(&session->inbox))
		session->answer_now = true;
	else if (session->answer_at == TACIT_NEVER)
		session->answer_at = now + TACIT_ACK_DELAY_MS;
	if (session->answer_now)
		session->config.flush_wanted(session->config.arg);
}

static void
answer_now(struct tacit_session *session)
{
	session->answer_now = true;
	session->config.flush_wanted(session->config.arg);
}

static void
end_of_file(struct tacit_session *session, tacit_msec now)
{
	session->other_closed = true;
	answer_now(session);
	if (session->state == TACIT_SESSION_ESTABLISHED) {
		tacit_session_set_state(session, TACIT_SESSION_LINGERING);
		session->deadline = now + TACIT_HANDSHAKE_LIFE_MS;
		session->probe_at = TACIT_NEVER;
	}
	tacit_session_tell(session, TACIT_CHANNEL_CLOSED);
}

/* sees whether the other end's close is reached */
static void
see_close(struct tacit_session *session, tacit_msec now)
{
	if (session->other_closing && !session->other_closed &&
	    session->inbox.next == session->other_sent)
		end_of_file(session, now);
}

static bool
hands_out(const struct tacit_session *session)
{
	return session->state == TACIT_SESSION_ESTABLISHED ||
	       session->state == TACIT_SESSION_CLOSING;
}

/* a message out of authentic records, as the node may see it */
static struct tacit_msg *
from_peer(const struct tacit_session *session, struct tacit_msg *msg)
{
	msg->origin = TACIT_ORIGIN_CHANNEL;
	msg->has_sender = true;
	msg->sender = session->peer;
	return msg;
}

/* a fragment that is not the last was joined */
static void
joined(struct tacit_session *session, tacit_msec now)
{
	struct tacit_joining_pool *pool = session->config.joining;
	struct tacit_joining *oldest;
	struct tacit_session *other;

	tacit_inbox_join(&session->inbox);
	answer_soon(session, now);
	while (pool != NULL && (oldest = tacit_joining_excess(pool)) != NULL) {
		other = TACIT_CONTAINER(oldest, struct tacit_session, joining);
		tacit_session_fail(other, TACIT_ELIMIT,
		    "too many long messages are under way to this program at once: make a new "
		    "channel");
		/* whoever holds it looks at its state */
		other->config.flush_wanted(other->config.arg);
	}
}

static void
fail_joining(struct tacit_session *session, tacit_err err)
{
	tacit_session_fail(session, err,
	    err == TACIT_ELIMIT
		? "the other end sent a message that is longer than 64 MiB, or in too many pieces"
		: "the other end sent fragments that make no message");
}

/* hands out what is due, or joins it; false: nothing is, or it cannot go on */
static bool
hand_out_next(struct tacit_session *session, tacit_msec now)
{
	const struct tacit_inbox_record *due = tacit_inbox_due(&session->inbox);
	uint64_t sequence = session->inbox.handed;
	struct tacit_msg *msg = NULL;
	tacit_err err = TACIT_OK;

	if (due == NULL)
		return false;
	session->gap_told = false;
	if (due->fragment)
		err = tacit_joining_add(&session->joining, due->msg, &msg);
	else if (session->joining.count > 0)
		err = TACIT_EFORMAT;
	if (err != TACIT_OK) {
		if (err != TACIT_ENOMEM) /* without memory it stays due, until the next record */
			fail_joining(session, err);
		return false;
	}
	if (due->fragment && msg == NULL) {
		joined(session, now);
		return true;
	}
	if (due->fragment)
		tacit_msg_unref(tacit_inbox_take(&session->inbox));
	else
		msg = tacit_inbox_take(&session->inbox);
	session->config.deliver(session->config.arg, from_peer(session, msg), sequence);
	return true;
}

void
tacit_session_hand_out(struct tacit_session *session, tacit_msec now)
{
	while (hands_out(session) && hand_out_next(session, now))
		continue;
	if (!hands_out(session))
		return;
	if (session->other_closing && session->inbox.handed == session->other_sent &&
	    session->joining.count > 0) {
		tacit_session_fail(session, TACIT_EFORMAT,
		    "the other end closed the channel in the middle of a message");
		return;
	}
	if (session->inbox.handed < session->inbox.highest && !session->gap_told &&
	    tacit_inbox_due(&session->inbox) == NULL) {
		session->gap_told = true;
		answer_now(session);
		tacit_session_tell_record(
		    session, TACIT_CHANNEL_GAP, session->inbox.handed, NULL, 0);
	}
	see_close(session, now);
}

/* may be called by deliver, therefore it hands nothing out: all that is in order was */
void
tacit_session_delivered(struct tacit_session *session, uint64_t sequence, tacit_msec now)
{
	if (session->state == TACIT_SESSION_OVER)
		return;
	tacit_inbox_delivered(&session->inbox, sequence);
	answer_soon(session, now);
	see_close(session, now);
	tacit_session_plan(session);
}

/* a record that our keys for the other end do not open */
static void
not_theirs(struct tacit_session *session, const struct tacit_record *record, uint8_t *scratch)
{
	bool ours = tacit_record_open(&session->out, record, scratch) == TACIT_OK;

	tacit_session_tell_record(session,
	    ours ? TACIT_CHANNEL_REFLECTED : TACIT_CHANNEL_UNAUTHENTIC, record->sequence, NULL, 0);
}

/* a fragment that has `more` and bytes.  Errors: TACIT_EFORMAT, TACIT_ENOMEM */
static tacit_err
read_fragment(struct tacit_block *block, size_t len, struct tacit_msg **ret)
{
	if (len < 3 || block->bytes[1] > 1)
		return TACIT_EFORMAT;
	*ret = tacit_msg_view(block, 1, len - 1);
	return *ret != NULL ? TACIT_OK : TACIT_ENOMEM;
}

/* the message inside an authentic data record, or the fragment of one; NULL when there is none (the
 * channel failed) or no memory (the record is missing, and comes again) */
static struct tacit_msg *
read_body(struct tacit_session *session, struct tacit_block *block, size_t len)
{
	struct tacit_msg *msg = NULL;
	tacit_err err;

	if (len > 0 && block->bytes[0] == TACIT_FORM_WHOLE) {
		err = tacit_msg_decode(block, 1, len - 1, &msg);
	} else if (len > 0 && block->bytes[0] == TACIT_FORM_FRAGMENT) {
		err = read_fragment(block, len, &msg);
	} else {
		tacit_session_fail(session, TACIT_EUNSUPPORTED,
		    "the other end sent a form of message that this version cannot read: upgrade");
		return NULL;
	}
	if (err != TACIT_OK && err != TACIT_ENOMEM)
		tacit_session_fail(session, err, "the other end sent a malformed message");
	return msg;
}

static void
contradicts(struct tacit_session *session, tacit_err err)
{
	tacit_session_fail(session, err,
	    "the other end contradicts itself: it acknowledged or counted what cannot be");
}

static void
on_data(struct tacit_session *session, const struct tacit_record *record, struct tacit_block *block,
    tacit_msec now)
{
	size_t len = TACIT_RECORD_HEADER_LEN + record->sealed_len;
	struct tacit_msg *msg;

	if (tacit_inbox_has(&session->inbox, record->sequence)) {
		answer_soon(session, now);
		tacit_session_tell_record(
		    session, TACIT_CHANNEL_DUPLICATE, record->sequence, NULL, 0);
		return;
	}
	if (session->other_closing && record->sequence >= session->other_sent) {
		contradicts(session, TACIT_EFORMAT);
		return;
	}
	/* beyond what we allowed, or no memory to wait: it is missing and comes again */
	if (!tacit_inbox_wants(&session->inbox, record->sequence, len))
		return;
	if ((msg = read_body(session, block, record->sealed_len - TACIT_TAG_LEN)) == NULL)
		return;
	if (tacit_inbox_put(&session->inbox, record->sequence, len, msg,
		block->bytes[0] == TACIT_FORM_FRAGMENT) != TACIT_OK) {
		tacit_msg_unref(msg);
		return;
	}
	heard(session, now);
	tacit_session_progressed(session, now);
	tacit_session_tell_record(
	    session, TACIT_CHANNEL_OPENED, record->sequence, record->header, len);
	tacit_session_hand_out(session, now);
}

/* what the flags of an authentic control record say; false: the channel is over */
static bool
on_flags(struct tacit_session *session, uint8_t flags, tacit_msec now)
{
	if (session->initiator && session->state == TACIT_SESSION_PROOF_SENT) {
		if ((flags & TACIT_CONTROL_REFUSED) != 0) {
			tacit_session_fail(
			    session, TACIT_EREFUSED, "the other end refused our identity");
			return false;
		}
		if ((flags & TACIT_CONTROL_ACCEPTED) != 0) {
			tacit_free(session->said);
			session->said = NULL;
			session->repeat_at = session->deadline = TACIT_NEVER;
			tacit_session_set_state(session, TACIT_SESSION_ESTABLISHED);
			tacit_session_plan_probe(session, now);
			tacit_session_tell(session, TACIT_CHANNEL_ESTABLISHED);
		}
	}
	if ((flags & TACIT_CONTROL_PROBE) != 0)
		answer_now(session);
	if ((flags & TACIT_CONTROL_CLOSING) != 0) {
		session->other_closing = true;
		answer_now(session);
	}
	if ((flags & TACIT_CONTROL_CLOSED) != 0 && session->state == TACIT_SESSION_CLOSING) {
		session->close_confirmed = true;
		session->probe_at = TACIT_NEVER;
	}
	return true;
}

void
tacit_session_finish_close(struct tacit_session *session)
{
	bool all_came = session->inbox.handed == session->other_sent;

	if (session->state != TACIT_SESSION_CLOSING || !session->close_confirmed)
		return;
	/* the other end closes as well: what it still sends may arrive, and our answer leaves */
	if (session->other_closing && (session->answer_now || !all_came))
		return;
	session->end_told = true;
	tacit_session_set_state(session, TACIT_SESSION_OVER);
}

/* what a control record may not say (PROTOCOL.md 6.6).  A count of records may lag behind those
 * that came, sealed after it; a final one may not */
static bool
closes_wrongly(const struct tacit_session *session, const struct tacit_control *control)
{
	bool closing = (control->flags & TACIT_CONTROL_CLOSING) != 0;

	if (closing && control->sent < session->inbox.highest)
		return true;
	if (session->other_closing && (!closing || control->sent != session->other_sent))
		return true;
	return (control->flags & TACIT_CONTROL_CLOSED) != 0 &&
	       (!session->closing_told || control->next != session->outbox.next);
}

static void
on_control(struct tacit_session *session, uint64_t sequence, const uint8_t *body, size_t len,
    tacit_msec now)
{
	struct tacit_control control;
	bool progress, answers = false;
	tacit_err err;

	if (sequence < session->control_in) {
		tacit_session_tell_record(session, TACIT_CHANNEL_LATE, sequence, NULL, 0);
		return;
	}
	if ((err = tacit_control_decode(body, len, &control)) == TACIT_OK &&
	    closes_wrongly(session, &control))
		err = TACIT_EFORMAT;
	if (err == TACIT_OK) {
		answers = session->probe > 0 && control.echo >= session->probe;
		err = tacit_outbox_acknowledge(
		    &session->outbox, &control, answers ? session->probe_stamp : 0, &progress);
	}
	if (err != TACIT_OK) {
		contradicts(session, err);
		return;
	}
	session->control_in = sequence + 1;
	session->other_sent = control.sent;
	heard(session, now);
	if (answers)
		session->probe = 0;
	if (progress || answers) {
		if (progress) {
			session->probe_ms = TACIT_PROBE_MS;
			tacit_session_progressed(session, now);
		}
		tacit_session_plan_probe(session, now);
	}
	if (!on_flags(session, control.flags, now))
		return;
	tacit_session_hand_out(session, now);
	tacit_session_finish_close(session);
	if (session->outbox.missing_count > 0 || session->pending.count > 0)
		session->config.flush_wanted(session->config.arg);
}

static void
on_record(struct tacit_session *session, const struct tacit_record *record, tacit_msec now)
{
	struct tacit_block *block;
	size_t len;

	if (record->sealed_len < TACIT_TAG_LEN) {
		tacit_session_tell_record(
		    session, TACIT_CHANNEL_UNAUTHENTIC, record->sequence, NULL, 0);
		return;
	}
	if ((block = tacit_block_new(record->sealed_len)) == NULL)
		return; /* without memory it is missing, and comes again */
	len = record->sealed_len - TACIT_TAG_LEN;
	if (tacit_record_open(&session->in, record, block->bytes) != TACIT_OK) {
		not_theirs(session, record, block->bytes);
	} else if (record->type == TACIT_RECORD_DATA) {
		on_data(session, record, block, now);
	} else {
		on_control(session, record->sequence, block->bytes, len, now);
	}
	tacit_block_unref(block);
}

void
tacit_session_handle_records(
    struct tacit_session *session, const struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_record record;
	struct tacit_reader r;

	if (session->in.data == NULL || session->state == TACIT_SESSION_REFUSING)
		return; /* records before message 3: they come again */
	tacit_reader_init(&r, tacit_msg_payload(msg) + 1, msg->len - 1);
	while (r.left > 0 && session->state != TACIT_SESSION_OVER) {
		tacit_record_next(&r, &record);
		if (r.bad)
			tacit_session_tell(session, TACIT_CHANNEL_UNAUTHENTIC);
		else
			on_record(session, &record, now);
	}
}
