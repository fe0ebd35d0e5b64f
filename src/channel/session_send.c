#include <string.h>

#include "base/memory.h"
#include "channel/session_internal.h"

/*
 * Records on their way out (PROTOCOL.md 6): what send queued is sealed at the flush, straight into
 * the entry that carries it; the entry stays referenced until the far end delivered its records, so
 * that sending again means the same bytes.  One entry takes, in this order, one control record if
 * one is due or may as well ride along, records found missing, and new data, as much as fits.
 *
 * A message that does not fit a record is cut at its front, a fragment for each record, while it
 * waits: the head of each is written over the end of the one before, which is sealed by then.
 */

bool
tacit_session_in_flight(const struct tacit_session *session)
{
	return session->outbox.first < session->outbox.next ||
	       session->state == TACIT_SESSION_CLOSING;
}

void
tacit_session_plan_probe(struct tacit_session *session, tacit_msec now)
{
	tacit_msec keepalive = session->patience_ms / 3;

	if ((session->state != TACIT_SESSION_ESTABLISHED &&
		session->state != TACIT_SESSION_CLOSING) ||
	    session->close_confirmed)
		session->probe_at = TACIT_NEVER;
	else
		session->probe_at =
		    now + (tacit_session_in_flight(session)
				  ? (session->probe_ms < keepalive ? session->probe_ms : keepalive)
				  : keepalive);
}

/* what a body of len bytes takes in an entry */
static size_t
sealed_len(size_t len)
{
	return len + TACIT_RECORD_OVERHEAD;
}

/* bytes of the next piece of a message of which so many are left */
static size_t
piece_len(size_t left)
{
	return left < TACIT_MESSAGE_LEN_MAX ? left : TACIT_MESSAGE_LEN_MAX;
}

/* bytes in front of that piece: the form and, unless the message is whole, `more` */
static size_t
head_len(size_t left, bool begun)
{
	return begun || left > TACIT_MESSAGE_LEN_MAX ? 2 : 1;
}

static size_t
sealed_piece_len(size_t left, bool begun)
{
	return sealed_len(head_len(left, begun) + piece_len(left));
}

/* what an encoded message of len bytes takes in entries */
static size_t
sealed_message_len(size_t len)
{
	size_t pieces = (len + TACIT_MESSAGE_LEN_MAX - 1) / TACIT_MESSAGE_LEN_MAX;

	return len + pieces * sealed_len(head_len(len, false));
}

tacit_err
tacit_session_check(const struct tacit_session *session, const struct tacit_msg *msg)
{
	if (session->state != TACIT_SESSION_ESTABLISHED)
		return TACIT_ECLOSED;
	if (tacit_msg_encoded_len(msg) > TACIT_MESSAGE_MAX ||
	    session->pending.count >= TACIT_UNSEALED_MAX ||
	    session->pending_bytes >= TACIT_UNSEALED_LEN_MAX)
		return TACIT_ELIMIT;
	return TACIT_OK;
}

bool
tacit_session_has_room(const struct tacit_session *session)
{
	return session->state != TACIT_SESSION_ESTABLISHED ||
	       tacit_outbox_allows(
		   &session->outbox, session->pending.count, session->pending_bytes, 0);
}

tacit_err
tacit_session_send(struct tacit_session *session, struct tacit_msg *msg)
{
	tacit_err err;

	if ((err = tacit_session_check(session, msg)) != TACIT_OK ||
	    (err = tacit_msg_encode(msg)) != TACIT_OK ||
	    (err = tacit_queue_push(&session->pending, msg)) != TACIT_OK) {
		tacit_msg_unref(msg);
		return err;
	}
	session->pending_bytes += sealed_message_len(msg->len);
	session->config.flush_wanted(session->config.arg);
	return TACIT_OK;
}

uint64_t
tacit_session_unacknowledged(const struct tacit_session *session)
{
	return session->outbox.next - session->outbox.first + session->pending.count;
}

static uint8_t
control_flags(const struct tacit_session *session, bool probing)
{
	uint8_t flags = probing ? TACIT_CONTROL_PROBE : 0;

	if (session->state == TACIT_SESSION_REFUSING)
		return TACIT_CONTROL_REFUSED;
	if (!session->initiator)
		flags |= TACIT_CONTROL_ACCEPTED;
	if (session->state == TACIT_SESSION_CLOSING && session->pending.count == 0)
		flags |= TACIT_CONTROL_CLOSING;
	if (session->other_closed)
		flags |= TACIT_CONTROL_CLOSED;
	return flags;
}

static void
seal_failed(struct tacit_session *session, tacit_err err)
{
	tacit_session_fail(session, err,
	    err == TACIT_ELIMIT ? "the keys of this channel are used up: make a new channel"
				: tacit_strerror(err));
}

static void
probed(struct tacit_session *session, tacit_msec now)
{
	session->probe = session->control_out;
	session->probe_stamp = session->outbox.stamp;
	session->probe_ms =
	    session->probe_ms < TACIT_PROBE_MAX_MS / 2 ? session->probe_ms * 2 : TACIT_PROBE_MAX_MS;
	tacit_session_plan_probe(session, now);
}

/* bytes written at ret, which has room for the longest control record; 0: the channel failed */
static size_t
seal_control(struct tacit_session *session, bool probing, tacit_msec now, uint8_t *ret)
{
	struct tacit_control control = {
	    .flags = control_flags(session, probing),
	    .echo = session->control_in,
	    .sent = session->outbox.next,
	};
	uint8_t body[TACIT_CONTROL_LEN_MAX];
	tacit_err err;
	size_t len;

	session->answer_now = false;
	session->answer_at = TACIT_NEVER;
	tacit_inbox_report(&session->inbox, &control);
	len = tacit_control_encode(&control, body);
	if ((err = tacit_record_seal(&session->out, TACIT_RECORD_CONTROL, session->control_out,
		 body, len, ret)) != TACIT_OK) {
		seal_failed(session, err);
		return 0;
	}
	session->control_out++;
	if ((control.flags & TACIT_CONTROL_CLOSING) != 0)
		session->closing_told = true;
	if (probing)
		probed(session, now);
	return sealed_len(len);
}

/* takes the body that was sealed off the oldest pending message */
static void
take_sealed(struct tacit_session *session, size_t body_len)
{
	struct tacit_msg *msg = tacit_queue_peek(&session->pending);

	tacit_msg_trim(msg, body_len);
	session->begun = msg->len > 0;
	session->pending_bytes -= sealed_len(body_len);
	if (!session->begun)
		tacit_msg_unref(tacit_queue_pop(&session->pending));
}

/* seals the oldest pending message, or its next piece, at offset of the entry; false: no memory, or
 * the channel failed */
static bool
seal_data(struct tacit_session *session, struct tacit_msg *entry, size_t offset)
{
	struct tacit_msg *msg = tacit_queue_peek(&session->pending);
	uint8_t *at = tacit_msg_payload(entry) + offset, *body;
	size_t head = head_len(msg->len, session->begun), piece = piece_len(msg->len);
	bool more = piece < msg->len;
	uint64_t sequence = session->outbox.next;
	tacit_err err;

	if (tacit_outbox_reserve(&session->outbox) != TACIT_OK ||
	    tacit_msg_prepend(msg, head) != TACIT_OK)
		return false; /* stays pending; the next flush tries again */
	body = tacit_msg_payload(msg);
	body[0] = head == 1 ? TACIT_FORM_WHOLE : TACIT_FORM_FRAGMENT;
	if (head > 1)
		body[1] = more;
	if ((err = tacit_record_seal(
		 &session->out, TACIT_RECORD_DATA, sequence, body, head + piece, at)) != TACIT_OK) {
		seal_failed(session, err);
		return false;
	}
	take_sealed(session, head + piece);
	tacit_outbox_add(
	    &session->outbox, entry->block, entry->offset + offset, sealed_len(head + piece));
	tacit_session_tell_record(
	    session, TACIT_CHANNEL_SEALED, sequence, at, sealed_len(head + piece));
	return true;
}

/* new data, as much as fits behind used bytes of the entry; returns the bytes used then */
static size_t
fill_data(struct tacit_session *session, struct tacit_msg *entry, size_t used, tacit_msec now)
{
	const struct tacit_msg *msg;

	while ((msg = tacit_queue_peek(&session->pending)) != NULL) {
		size_t len = sealed_piece_len(msg->len, session->begun);

		if (len > entry->len - used || !tacit_outbox_allows(&session->outbox, 0, 0, len))
			break;
		if (!tacit_session_in_flight(session)) {
			session->probe_ms = TACIT_PROBE_MS;
			session->probe_at = now + session->probe_ms;
		}
		if (!seal_data(session, entry, used))
			break;
		used += len;
	}
	return used;
}

/* returns how much of the entry's payload was used */
static size_t
fill_entry(struct tacit_session *session, struct tacit_msg *entry, tacit_msec now)
{
	uint8_t *payload = tacit_msg_payload(entry);
	const struct tacit_outbox_record *missing;
	bool probing = now >= session->probe_at;
	size_t used = 1;

	payload[0] = TACIT_KIND_RECORDS;
	if (session->answer_now || session->answer_at != TACIT_NEVER || probing)
		used += seal_control(session, probing, now, payload + used);
	if (session->state == TACIT_SESSION_OVER)
		return used;
	while ((missing = tacit_outbox_take_missing(&session->outbox, entry->len - used)) != NULL) {
		memcpy(payload + used, missing->block->bytes + missing->offset, missing->len);
		used += missing->len;
	}
	used = fill_data(session, entry, used, now);
	/* the last message is on its way: the close may follow it */
	if (session->state == TACIT_SESSION_CLOSING && session->pending.count == 0 &&
	    !session->closing_told)
		session->answer_now = true;
	return used;
}

/* whether anything is due that an entry should carry now */
static bool
entry_due(const struct tacit_session *session, tacit_msec now)
{
	const struct tacit_msg *msg = tacit_queue_peek(&session->pending);

	return session->answer_now || now >= session->answer_at || now >= session->probe_at ||
	       session->outbox.missing_count > 0 ||
	       (msg != NULL && tacit_outbox_allows(&session->outbox, 0, 0,
				   sealed_piece_len(msg->len, session->begun)));
}

/* what of the messages that wait may leave in one entry of at most len_max bytes */
static size_t
sealable_len(const struct tacit_session *session, size_t len_max)
{
	size_t used = 0, records = 0;
	bool begun = session->begun;

	for (size_t i = 0; i < session->pending.count; i++) {
		const struct tacit_msg *msg = tacit_queue_at(&session->pending, i);

		for (size_t left = msg->len; left > 0; left -= piece_len(left)) {
			size_t len = sealed_piece_len(left, begun);

			if (used + len > len_max ||
			    !tacit_outbox_allows(&session->outbox, records, used, len))
				return used;
			used += len;
			records++;
			begun = true;
		}
		begun = false;
	}
	return used;
}

/* The bytes of an entry's payload: no more than will be used, because a record keeps its whole
 * entry until it was delivered, and the far end's window may let out one at a time. */
static size_t
entry_len(const struct tacit_session *session)
{
	size_t outer = tacit_route_encoded_len(&session->route) + TACIT_SESSION_NAME_LEN + 16;
	size_t most = TACIT_ENTRY_LEN_MAX - outer;
	size_t first = 1 + sealed_len(TACIT_CONTROL_LEN_MAX);
	size_t wanted = first + session->outbox.missing_bytes + sealable_len(session, most - first);

	return wanted < most ? wanted : most;
}

static void
send_entry(struct tacit_session *session, tacit_msec now)
{
	struct tacit_msg *entry = tacit_msg_new(entry_len(session));

	if (entry == NULL)
		return;
	session->outbox.stamp++;
	tacit_msg_truncate(entry, entry->len - fill_entry(session, entry, now));
	tacit_route_copy(&entry->onward, &session->route);
	if (entry->len == 1 ||
	    tacit_route_append(&entry->ret, tacit_address_worker(session->name)) != TACIT_OK) {
		tacit_msg_unref(entry);
		return;
	}
	session->config.port.send(session->config.port.arg, entry);
}

void
tacit_session_flush(struct tacit_session *session, tacit_msec now)
{
	unsigned entries = 0;

	if (session->out.data == NULL || session->state == TACIT_SESSION_OVER)
		return;
	/* the bound: a window's worth of the smallest entries, so that a lack of memory cannot
	 * keep the loop here */
	while (entry_due(session, now) && entries++ < TACIT_WINDOW_RECORDS &&
	       session->state != TACIT_SESSION_OVER)
		send_entry(session, now);
	tacit_session_finish_close(session);
	tacit_session_plan(session);
}
