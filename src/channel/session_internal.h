/*
 * channel/session_internal.h: a session's state, shared by session.c (life, timers),
 * session_handshake.c (messages 1 to 3), session_send.c and session_receive.c (records).
 */
#ifndef TACIT_CHANNEL_SESSION_INTERNAL_H
#define TACIT_CHANNEL_SESSION_INTERNAL_H

#include "base/queue.h"
#include "channel/handshake.h"
#include "channel/joining.h"
#include "channel/record.h"
#include "channel/session.h"

/* a data record's body: its form, and then one transport message, or `more` and bytes of one
 * (PROTOCOL.md 6.2) */
enum tacit_form {
	TACIT_FORM_WHOLE = 1,
	TACIT_FORM_FRAGMENT = 3,
};

struct tacit_session {
	struct tacit_session_config config;
	enum tacit_session_state state;
	bool initiator;
	char name[TACIT_SESSION_NAME_LEN];
	struct tacit_route route; /* to the other end; fixed once it is authenticated */
	struct tacit_identifier peer;
	bool peer_known;

	/* the handshake, until it is over */
	struct tacit_noise_xx *noise; /* in secret memory */
	uint8_t *said;                /* our handshake message that may have to be said again */
	size_t said_len;
	uint8_t heard[TACIT_HASH_LEN]; /* hash of the other end's message that it answers */
	tacit_msec repeat_at, repeat_ms;
	tacit_msec deadline; /* of the handshake, the close, or the lingering */

	/* records */
	struct tacit_record_keys out, in;
	struct tacit_outbox outbox;
	struct tacit_inbox inbox;
	struct tacit_joining joining;
	struct tacit_queue pending; /* of tacit_msg: encoded messages not yet sealed */
	size_t pending_bytes;       /* what they will take sealed */
	bool begun;                 /* fragments of the first of them have left; it is the rest */
	uint64_t control_out;       /* control records sent */
	uint64_t control_in;        /* highest control sequence received, plus 1 */
	uint64_t other_sent;        /* data records that the other end says it sealed */
	bool gap_told;              /* the record that inbox.handed waits for was reported */

	/* what is due */
	bool answer_now;      /* a control record, at the next flush */
	tacit_msec answer_at; /* or then at the latest */
	tacit_msec probe_at, probe_ms;
	uint64_t probe,
	    probe_stamp; /* the last probe: control sequence plus 1, stamp of its entry */
	tacit_msec heard_at;
	tacit_msec patience_ms;
	bool silent;

	bool other_closing, other_closed; /* its close came; everything before it was delivered */
	bool closing_told;                /* ours has left: outbox.next is final */
	bool close_confirmed;
	bool end_told; /* CLOSED, TRUNCATED or FAILED was reported */
};

/* moves along the arrows of session.h, and nowhere else */
void tacit_session_set_state(struct tacit_session *session, enum tacit_session_state state);
void tacit_session_tell(struct tacit_session *session, enum tacit_channel_event_kind kind);
void tacit_session_tell_record(struct tacit_session *session, enum tacit_channel_event_kind kind,
    uint64_t sequence, const uint8_t *bytes, size_t len);
/* the end, with its reason */
void tacit_session_fail(struct tacit_session *session, tacit_err err, const char *text);
/* sends len bytes as an entry's payload along the route; a lack of memory loses the entry, as a
 * path may */
void tacit_session_send_payload(struct tacit_session *session, const uint8_t *bytes, size_t len);
/* asks for the tick that is due next */
void tacit_session_plan(struct tacit_session *session);

/* a payload of kind 2 or 3 */
void tacit_session_handle_handshake(
    struct tacit_session *session, const struct tacit_msg *msg, tacit_msec now);
/* the handshake's timers */
void tacit_session_repeat(struct tacit_session *session, tacit_msec now);
/* keys for records from the finished handshake, which is then wiped.  Errors: TACIT_ENOMEM, TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_session_take_keys(struct tacit_session *session);

/* a payload of kind 4 */
void tacit_session_handle_records(
    struct tacit_session *session, const struct tacit_msg *msg, tacit_msec now);
/* whether an answer of the other end is still to come */
bool tacit_session_in_flight(const struct tacit_session *session);
/* when the next probe is due: soon while something is in flight, else to keep the channel alive */
void tacit_session_plan_probe(struct tacit_session *session, tacit_msec now);
/* something new arrived at either end: a close waits from now on */
void tacit_session_progressed(struct tacit_session *session, tacit_msec now);
/* OVER, once our close is confirmed and the other end's, if it closes too, is answered */
void tacit_session_finish_close(struct tacit_session *session);
/* hands out what is in order, and sees whether the other end's close is reached */
void tacit_session_hand_out(struct tacit_session *session, tacit_msec now);

#endif
