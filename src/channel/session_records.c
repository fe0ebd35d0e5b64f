#include <string.h>

#include "base/memory.h"
#include "channel/session_internal.h"

/*
 * Records, both ways (PROTOCOL.md 6).
 *
 * Out: what send queued is sealed at the flush, straight into the entry that carries it; the entry
 * stays referenced until the far end delivered its records, so that sending again means the same
 * bytes.  One entry takes, in this order, records found missing, one control record if one is due
 * or may as well ride along, and new data, as much as fits.
 *
 * In: a record is opened before anything is believed or changed; then it is put in its place,
 * and what is in order is handed out.
 */

/* a data record's body: its form, and then for the only form made today one transport message
 * (PROTOCOL.md 6.2) */
enum {
	FORM_WHOLE = 1,
};

static bool
in_flight(const struct tacit_session *session)
{
	return session->outbox.first < session->outbox.next ||
	       session->state == TACIT_SESSION_CLOSING;
}

void
tacit_session_plan_probe(struct tacit_session *session, tacit_msec now)
{
	if (session->state != TACIT_SESSION_ESTABLISHED && session->state != TACIT_SESSION_CLOSING)
		session->probe_at = TACIT_NEVER;
	else
		session->probe_at =
		    now + (in_flight(session) ? session->probe_ms : TACIT_KEEPALIVE_MS);
}

/* one authentic thing was heard */
static void
heard(struct tacit_session *session, tacit_msec now)
{
	session->heard_at = now;
	if (!in_flight(session))
		tacit_session_plan_probe(session, now);
	if (session->silent) {
		session->silent = false;
		tacit_session_tell(session, TACIT_CHANNEL_RESUMED);
	}
}

/* sending ------------------------------------------------------------------------------------- */

/* what a body of len bytes takes in an entry */
static size_t
sealed_len(size_t len)
{
	return len + TACIT_RECORD_OVERHEAD;
}

tacit_err
tacit_session_check(const struct tacit_session *session, const struct tacit_msg *msg)
{
	if (session->state != TACIT_SESSION_ESTABLISHED)
		return TACIT_ECLOSED;
	if (tacit_msg_encoded_len(msg) > TACIT_MESSAGE_LEN_MAX)
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
	    (err = tacit_msg_prepend(msg, 1)) != TACIT_OK ||
	    (err = tacit_queue_push(&session->pending, msg)) != TACIT_OK) {
		tacit_msg_unref(msg);
		return err;
	}
	tacit_msg_payload(msg)[0] = FORM_WHOLE;
	session->pending_bytes += sealed_len(msg->len);
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

/* bytes written at ret, which has room for the longest control record; 0 when it failed */
static size_t
seal_control(struct tacit_session *session, bool probing, tacit_msec now, uint8_t *ret)
{
	struct tacit_control control = {
	    .flags = control_flags(session, probing),
	    .echo = session->control_in,
	    .sent = session->outbox.next,
	};
	uint8_t body[TACIT_CONTROL_LEN_MAX];
	size_t len;

	tacit_inbox_report(&session->inbox, &control);
	len = tacit_control_encode(&control, body);
	if (tacit_record_seal(&session->out, TACIT_RECORD_CONTROL, session->control_out, body, len,
		ret) != TACIT_OK)
		return 0;
	session->control_out++;
	session->answer_now = false;
	session->answer_at = TACIT_NEVER;
	if (probing) {
		session->probe = session->control_out;
		session->probe_stamp = session->outbox.stamp;
		if (session->probe_ms < TACIT_PROBE_MAX_MS)
			session->probe_ms *= 2;
		tacit_session_plan_probe(session, now);
	}
	return sealed_len(len);
}

/* seals the oldest pending body at offset of the entry; false: the channel failed */
static bool
seal_data(struct tacit_session *session, struct tacit_msg *entry, size_t offset)
{
	struct tacit_msg *body = tacit_queue_peek(&session->pending);
	uint8_t *at = tacit_msg_payload(entry) + offset;
	uint64_t sequence = session->outbox.next;
	size_t len = sealed_len(body->len);
	tacit_err err;

	if ((err = tacit_outbox_reserve(&session->outbox)) != TACIT_OK)
		return false; /* stays pending; the next flush tries again */
	if ((err = tacit_record_seal(&session->out, TACIT_RECORD_DATA, sequence,
		 tacit_msg_payload(body), body->len, at)) != TACIT_OK) {
		tacit_session_fail(
		    session, err, "the keys of this channel are used up: make a new channel");
		return false;
	}
	tacit_queue_pop(&session->pending);
	session->pending_bytes -= len;
	tacit_msg_unref(body);
	tacit_outbox_add(&session->outbox, entry->block, entry->offset + offset, len);
	tacit_session_tell_record(session, TACIT_CHANNEL_SEALED, sequence, at, len);
	return true;
}

/* the entry's payload has room for cap bytes; returns those used */
static size_t
fill_entry(struct tacit_session *session, struct tacit_msg *entry, tacit_msec now)
{
	uint8_t *payload = tacit_msg_payload(entry);
	const struct tacit_outbox_record *missing;
	const struct tacit_msg *body;
	bool probing = now >= session->probe_at;
	size_t used = 1;

	payload[0] = TACIT_KIND_RECORDS;
	if (session->answer_now || session->answer_at != TACIT_NEVER || probing)
		used += seal_control(session, probing, now, payload + used);
	while ((missing = tacit_outbox_take_missing(&session->outbox, entry->len - used)) != NULL) {
		memcpy(payload + used, missing->block->bytes + missing->offset, missing->len);
		used += missing->len;
	}
	while ((body = tacit_queue_peek(&session->pending)) != NULL &&
	       sealed_len(body->len) <= entry->len - used &&
	       tacit_outbox_allows(&session->outbox, 0, 0, sealed_len(body->len))) {
		if (!in_flight(session)) {
			session->probe_ms = TACIT_PROBE_MS;
			session->probe_at = now + session->probe_ms;
		}
		if (!seal_data(session, entry, used))
			break;
		used += sealed_len(body->len);
	}
	return used;
}

/* whether anything is due that an entry should carry now */
static bool
entry_due(const struct tacit_session *session, tacit_msec now)
{
	const struct tacit_msg *body = tacit_queue_peek(&session->pending);

	return session->answer_now || now >= session->answer_at || now >= session->probe_at ||
	       session->outbox.missing_count > 0 ||
	       (body != NULL && tacit_outbox_allows(&session->outbox, 0, 0, sealed_len(body->len)));
}

/* the bytes that an entry's payload may take, and those that what waits would fill */
static size_t
entry_len(const struct tacit_session *session)
{
	size_t outer = tacit_route_encoded_len(&session->route) + TACIT_SESSION_NAME_LEN + 16;
	size_t wanted = 1 + sealed_len(TACIT_CONTROL_LEN_MAX) + session->pending_bytes;
	size_t most = TACIT_ENTRY_LEN_MAX - outer;

	return session->outbox.missing_count > 0 || wanted > most ? most : wanted;
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
	tacit_session_plan(session);
}

/* receiving ----------------------------------------------------------------------------------- */

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
	if (session->state == TACIT_SESSION_ESTABLISHED)
		tacit_session_set_state(session, TACIT_SESSION_LINGERING);
	session->deadline = now + TACIT_HANDSHAKE_LIFE_MS;
	session->probe_at = TACIT_NEVER;
	tacit_session_tell(session, TACIT_CHANNEL_CLOSED);
}

void
tacit_session_hand_out(struct tacit_session *session, tacit_msec now)
{
	struct tacit_msg *msg;
	uint64_t sequence;

	if (session->state != TACIT_SESSION_ESTABLISHED && session->state != TACIT_SESSION_CLOSING)
		return;
	while ((msg = tacit_inbox_take(&session->inbox, &sequence)) != NULL) {
		session->gap_told = false;
		session->config.deliver(session->config.arg, msg, sequence);
	}
	if (session->inbox.handed < session->inbox.highest && !session->gap_told) {
		session->gap_told = true;
		answer_now(session);
		tacit_session_tell_record(
		    session, TACIT_CHANNEL_GAP, session->inbox.handed, NULL, 0);
	}
	if (session->other_closing && !session->other_closed &&
	    session->inbox.next == session->other_sent)
		end_of_file(session, now);
}

void
tacit_session_delivered(struct tacit_session *session, uint64_t sequence, tacit_msec now)
{
	if (session->state == TACIT_SESSION_OVER)
		return;
	tacit_inbox_delivered(&session->inbox, sequence);
	answer_soon(session, now);
	if (session->other_closing)
		tacit_session_hand_out(session, now);
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

/* the message inside an authentic data record; NULL (and failed) when there is none */
static struct tacit_msg *
read_body(struct tacit_session *session, struct tacit_block *block, size_t len)
{
	struct tacit_msg *msg;
	tacit_err err;

	if (len == 0 || block->bytes[0] != FORM_WHOLE) {
		tacit_session_fail(session, TACIT_EUNSUPPORTED,
		    "the other end sent a form of message that this version cannot read: upgrade");
		return NULL;
	}
	if ((err = tacit_msg_decode(block, 1, len - 1, &msg)) != TACIT_OK) {
		tacit_session_fail(session, err, "the other end sent a malformed message");
		return NULL;
	}
	msg->origin = TACIT_ORIGIN_CHANNEL;
	msg->has_sender = true;
	msg->sender = session->peer;
	return msg;
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
	/* beyond what we allowed, or no memory to wait: it is missing and comes again */
	if (!tacit_inbox_wants(&session->inbox, record->sequence, len))
		return;
	if ((msg = read_body(session, block, record->sealed_len - TACIT_TAG_LEN)) == NULL)
		return;
	if (tacit_inbox_put(&session->inbox, record->sequence, len, msg) != TACIT_OK) {
		tacit_msg_unref(msg);
		return;
	}
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
	if ((flags & TACIT_CONTROL_CLOSED) != 0 && session->state == TACIT_SESSION_CLOSING &&
	    session->pending.count == 0) {
		session->close_confirmed = true;
		session->end_told = true;
		tacit_session_set_state(session, TACIT_SESSION_OVER);
		return false;
	}
	return true;
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
	if ((err = tacit_control_decode(body, len, &control)) == TACIT_OK) {
		answers = session->probe > 0 && control.echo >= session->probe;
		err = tacit_outbox_acknowledge(
		    &session->outbox, &control, answers ? session->probe_stamp : 0, &progress);
	}
	/* a final count below what came; others may be overtaken by the data sealed after them */
	if (err == TACIT_OK && (control.flags & TACIT_CONTROL_CLOSING) != 0 &&
	    control.sent < session->inbox.highest)
		err = TACIT_EFORMAT;
	if (err != TACIT_OK) {
		tacit_session_fail(session, err,
		    "the other end contradicts itself: it acknowledged or counted what cannot be");
		return;
	}
	session->control_in = sequence + 1;
	session->other_sent = control.sent;
	if (answers)
		session->probe = 0;
	if (progress || answers) {
		if (progress)
			session->probe_ms = TACIT_PROBE_MS;
		tacit_session_plan_probe(session, now);
	}
	if (!on_flags(session, control.flags, now))
		return;
	tacit_session_hand_out(session, now);
	if (session->outbox.missing_count > 0 || session->pending.count > 0)
		session->config.flush_wanted(session->config.arg);
}

static void
on_record(struct tacit_session *session, const struct tacit_record *record, tacit_msec now)
{
	struct tacit_block *block;
	size_t len;

	if (record->sealed_len < TACIT_TAG_LEN ||
	    (block = tacit_block_new(record->sealed_len)) == NULL) {
		tacit_session_tell_record(
		    session, TACIT_CHANNEL_UNAUTHENTIC, record->sequence, NULL, 0);
		return;
	}
	len = record->sealed_len - TACIT_TAG_LEN;
	if (tacit_record_open(&session->in, record, block->bytes) != TACIT_OK) {
		not_theirs(session, record, block->bytes);
	} else {
		heard(session, now);
		if (record->type == TACIT_RECORD_DATA)
			on_data(session, record, block, now);
		else
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
