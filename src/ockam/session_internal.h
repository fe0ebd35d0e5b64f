/*
 * ockam/session_internal.h: a session's state, shared by session.c (life, timers),
 * session_handshake.c (messages 1 to 5, renewal), session_send.c and session_receive.c (records).
 */
#ifndef TACIT_OCKAM_SESSION_INTERNAL_H
#define TACIT_OCKAM_SESSION_INTERNAL_H

#include "base/queue.h"
#include "ockam/run.h"
#include "ockam/session.h"

struct tacit_ockam_session {
	struct tacit_session_config config;
	const struct tacit_ockam_identity *identity;
	enum tacit_session_state state;
	bool initiator, renews;
	char name[TACIT_SESSION_NAME_LEN]; /* our R */
	struct tacit_route listener;       /* the initiator's: where message 1 goes */
	struct tacit_msg *first;           /* message 1 or 2, until start */
	struct tacit_identifier peer;
	bool peer_known;

	struct tacit_ockam_run *run; /* the newest */
	struct tacit_ockam_run *old; /* the one before: only receives; may be NULL */

	/* on the way out */
	struct tacit_queue pending; /* of tacit_msg, not yet sealed */
	size_t pending_bytes;
	size_t carrying, carrying_bytes; /* left, and whoever carries them does not have them yet */
	bool lost;                       /* one of them may be lost */
	bool refused;                    /* a message that has no counter any more was refused */

	/* on the way in: handed out and not delivered */
	size_t unread, unread_bytes;

	tacit_msec deadline; /* of a handshake or the close */
	tacit_msec again_at; /* tries to seal again, for want of memory */
	tacit_msec heard_at;
	bool close_confirmed;
	bool end_told; /* FAILED was reported, or the program closed */
};

/* moves along the arrows of session.h, and nowhere else */
void tacit_ockam_session_set_state(
    struct tacit_ockam_session *session, enum tacit_session_state state);
void tacit_ockam_session_tell(struct tacit_ockam_session *session,
    enum tacit_channel_event_kind kind, uint64_t sequence, struct tacit_slice record);
/* the end, with its reason */
void tacit_ockam_session_fail(struct tacit_ockam_session *session, tacit_err err, const char *text);
/* sends msg along route, once; takes it */
void tacit_ockam_session_post(
    struct tacit_ockam_session *session, const struct tacit_route *route, struct tacit_msg *msg);

/* the initiator's message 1 for the run.  NULL when there is no memory */
struct tacit_msg *tacit_ockam_session_hello(struct tacit_ockam_run *run);
/* the responder's message 2 for message 1 in hello.  Gives *ret.
 * Errors: TACIT_EFORMAT, TACIT_EAUTH, TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_ockam_session_answer(
    struct tacit_ockam_run *run, const struct tacit_msg *hello, struct tacit_msg **ret);
/* judges what may be message 2 or 3; false: it is not the one that is due, and changed nothing */
bool tacit_ockam_session_hear_handshake(struct tacit_ockam_session *session,
    struct tacit_slice body, const struct tacit_msg *msg, tacit_msec now);
/* record 0 of the other end, authentic, and in its place */
void tacit_ockam_session_hear_identity(
    struct tacit_ockam_session *session, const struct tacit_msg *msg);
/* a new handshake with the same listener */
void tacit_ockam_session_renew(struct tacit_ockam_session *session, tacit_msec now);

/* an entry's payload */
void tacit_ockam_session_hear(
    struct tacit_ockam_session *session, const struct tacit_msg *msg, tacit_msec now);
/* hands out what is in order, and what waited long enough */
void tacit_ockam_session_hand_out(
    struct tacit_ockam_session *session, struct tacit_ockam_run *run, tacit_msec now);
/* hands out all that waits: nothing more will come */
void tacit_ockam_session_hand_out_rest(
    struct tacit_ockam_session *session, struct tacit_ockam_run *run);

/* of the table of operations (channel/engine.h) */
bool tacit_ockam_session_has_room(const void *self);
tacit_err tacit_ockam_session_check(const void *self, const struct tacit_msg *msg);
tacit_err tacit_ockam_session_send(void *self, struct tacit_msg *msg);
uint64_t tacit_ockam_session_unacknowledged(const void *self);
void tacit_ockam_session_carried(void *self, uint64_t token, bool taken, tacit_msec now);
void tacit_ockam_session_flush(void *self, tacit_msec now);
void tacit_ockam_session_delivered(void *self, uint64_t sequence, tacit_msec now);
/* asks for the tick that is due next */
void tacit_ockam_session_plan(struct tacit_ockam_session *session);

#endif
