/*
 * channel/session.h: the engine of one end of a secure channel, from its first handshake message to its end.
 * Source: PROTOCOL.md 5 and 6.
 *
 * It does no I/O: messages, ticks and the time come in, messages and wishes go out.  Whoever holds
 * it calls, after any call into it that may have made work, tacit_session_flush at the end of the
 * turn (flush_wanted says when), so that all that is due then leaves in one entry.
 *
 *	initiator  HELLO_SENT -> PROOF_SENT -> ESTABLISHED -> CLOSING -> OVER
 *	responder  ANSWERED -> ESTABLISHED -> ... or REFUSING -> OVER
 *	           ESTABLISHED -> LINGERING (the other end closed; its repeats are answered) -> OVER
 */
#ifndef TACIT_CHANNEL_SESSION_H
#define TACIT_CHANNEL_SESSION_H

#include "channel/inbox.h"
#include "channel/outbox.h"
#include "identity/entity.h"
#include "identity/policy.h"
#include "tacit/channel.h"
#include "wire/port.h"

struct tacit_joining_pool;
struct tacit_session;

enum tacit_session_state {
	TACIT_SESSION_HELLO_SENT,
	TACIT_SESSION_PROOF_SENT,
	TACIT_SESSION_ANSWERED,
	TACIT_SESSION_ESTABLISHED,
	TACIT_SESSION_CLOSING,
	TACIT_SESSION_REFUSING,
	TACIT_SESSION_LINGERING,
	TACIT_SESSION_OVER,
};

struct tacit_session_event {
	enum tacit_channel_event_kind kind;
	uint64_t sequence;
	const uint8_t *bytes;
	size_t len;
	tacit_err err;
	const char *text;
};

struct tacit_session_config {
	const struct tacit_identity *identity; /* kept */
	const struct tacit_policy *policy;     /* kept */
	const uint8_t *context;                /* application context, borrowed; may be NULL */
	size_t context_len;
	struct tacit_joining_pool
	    *joining; /* of all sessions of a node, kept; NULL: this is alone */
	struct tacit_port port;
	void *arg; /* for the callbacks below; they may not call the session, but deliver may call
		    * tacit_session_delivered */
	/* the next message, in order and once; takes it.  Onward and return route are those inside
	 * the encryption.  tacit_session_delivered must follow, at once or later */
	void (*deliver)(void *arg, struct tacit_msg *msg, uint64_t sequence);
	void (*event)(void *arg, const struct tacit_session_event *event);
	void (*flush_wanted)(void *arg);
};

/* 32 hex digits and a NUL */
#define TACIT_SESSION_NAME_LEN 33

/*
 * An end that will send message 1 along route, or one that answers the message 1 in hello (whose
 * return route is the way back).  Both get a random name of their own, at which messages for them
 * arrive; start sends the first message.
 * Gives:  *ret, tacit_session_free().
 * Errors: TACIT_ENOMEM, TACIT_EINVAL; responder: TACIT_EFORMAT, TACIT_EUNSUPPORTED, TACIT_EAUTH.
 */
TACIT_MUST_USE tacit_err tacit_session_new_initiator(const struct tacit_session_config *config,
    const struct tacit_route *route, struct tacit_session **ret);
TACIT_MUST_USE tacit_err tacit_session_new_responder(const struct tacit_session_config *config,
    const struct tacit_msg *hello, struct tacit_session **ret);
/* before its end was announced: event TRUNCATED */
void tacit_session_free(struct tacit_session *session);

void tacit_session_start(struct tacit_session *session, tacit_msec now);
const char *tacit_session_name(const struct tacit_session *session);
enum tacit_session_state tacit_session_state(const struct tacit_session *session);
/* NULL before it is proven; proven is not accepted: state tells that */
const struct tacit_identifier *tacit_session_peer(const struct tacit_session *session);
/* monotonic ms when something authentic came last */
tacit_msec tacit_session_heard_at(const struct tacit_session *session);

/* ms without anything authentic until the event SILENT; a sign is asked for at a third of it */
void tacit_session_patience(struct tacit_session *session, tacit_msec ms, tacit_msec now);

/* a message for its name; takes it */
void tacit_session_handle(struct tacit_session *session, struct tacit_msg *msg, tacit_msec now);
/* the responder's message 1 came again: so does message 2 */
void tacit_session_hello_again(struct tacit_session *session);
void tacit_session_tick(struct tacit_session *session, tacit_msec now);
void tacit_session_flush(struct tacit_session *session, tacit_msec now);

/* whether send would take a message of the usual size now */
bool tacit_session_has_room(const struct tacit_session *session);
/* whether send would take this one; Errors: as send */
TACIT_MUST_USE tacit_err tacit_session_check(
    const struct tacit_session *session, const struct tacit_msg *msg);
/* seals and sends msg, in fragments if it is long, at the next flush or when the window lets it,
 * with its onward and return route inside; takes it.
 * Errors: TACIT_ELIMIT (too long, or too much waits), TACIT_ECLOSED, TACIT_ENOMEM */
tacit_err tacit_session_send(struct tacit_session *session, struct tacit_msg *msg);
/* 0: all that was sent is acknowledged; otherwise how many records and unsealed messages are not */
uint64_t tacit_session_unacknowledged(const struct tacit_session *session);
/* the message of deliver was handled or handed out */
void tacit_session_delivered(struct tacit_session *session, uint64_t sequence, tacit_msec now);
/* no more messages; OVER when the other end confirmed, or 10 s after something last arrived at either
 * end.  Before it is established, and when the other end closed first, nothing is sent */
void tacit_session_close(struct tacit_session *session, tacit_msec now);
/* whether the close was confirmed */
bool tacit_session_close_confirmed(const struct tacit_session *session);

#endif
