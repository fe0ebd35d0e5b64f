#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "channel/session_internal.h"

/*
 * The handshake over a path that may lose, double and shuffle (PROTOCOL.md 5.3): the initiator says
 * message 1 again, then message 3, until it is answered; the same message gets the same answer,
 * byte for byte.  Candidates for messages 2 and 3 are read on a copy of the state, because anybody
 * can write an entry: what does not verify is reported and changes nothing.
 */

/* keeps our message, so that it can be said again, and says it */
static void
say(struct tacit_session *session, uint8_t *message, size_t len)
{
	tacit_free(session->said);
	session->said = message;
	session->said_len = len;
	tacit_session_send_payload(session, message, len);
}

static void
repeat_from(struct tacit_session *session, tacit_msec now)
{
	session->repeat_ms = TACIT_HANDSHAKE_REPEAT_MS;
	session->repeat_at = now + session->repeat_ms;
}

void
tacit_session_start(struct tacit_session *session, tacit_msec now)
{
	session->heard_at = now;
	session->deadline = now + TACIT_HANDSHAKE_LIFE_MS;
	if (session->initiator)
		repeat_from(session, now);
	tacit_session_send_payload(session, session->said, session->said_len);
	tacit_session_plan(session);
}

void
tacit_session_hello_again(struct tacit_session *session)
{
	if (session->state == TACIT_SESSION_ANSWERED)
		tacit_session_send_payload(session, session->said, session->said_len);
}

void
tacit_session_repeat(struct tacit_session *session, tacit_msec now)
{
	if (now < session->repeat_at)
		return;
	if (session->repeat_ms < TACIT_HANDSHAKE_REPEAT_MAX_MS)
		session->repeat_ms *= 2;
	session->repeat_at = now + session->repeat_ms;
	tacit_session_send_payload(session, session->said, session->said_len);
}

tacit_err
tacit_session_take_keys(struct tacit_session *session)
{
	uint8_t k1[TACIT_KEY_LEN], k2[TACIT_KEY_LEN];
	const uint8_t *h = session->noise->h;
	tacit_err err;

	tacit_noise_xx_split(session->noise, k1, k2);
	err =
	    tacit_record_keys_init(session->initiator ? &session->out : &session->in, k1, h, true);
	if (err == TACIT_OK)
		err = tacit_record_keys_init(
		    session->initiator ? &session->in : &session->out, k2, h, false);
	tacit_wipe(k1, sizeof(k1));
	tacit_wipe(k2, sizeof(k2));
	tacit_noise_xx_fini(session->noise);
	tacit_secret_free(session->noise);
	session->noise = NULL;
	return err;
}

/* what the policy says of a proven identity; our own one is a reflection */
static tacit_err
judge(
    const struct tacit_session *session, const struct tacit_proven *peer, struct tacit_reason *ret)
{
	const struct tacit_claim claim = {
	    &session->config.identity->identifier, &peer->identifier, &peer->history};
	char name[TACIT_IDENTIFIER_TEXT_LEN];

	if (!tacit_identifier_equal(claim.peer, claim.own))
		return tacit_policy_judge(session->config.policy, &claim, ret);
	tacit_identifier_format(claim.peer, name);
	snprintf(ret->text, sizeof(ret->text),
	    "the other end has our own identity %s: our messages are sent back to us", name);
	return TACIT_EUNTRUSTED;
}

/* message 3 is made of the state that message 2 left in candidate, which then is ours */
static tacit_err
answer_proof(struct tacit_session *session, struct tacit_noise_xx *candidate)
{
	uint8_t *message = tacit_alloc(TACIT_MESSAGE_3_LEN);
	tacit_err err = TACIT_ENOMEM;

	if (message == NULL)
		return err;
	if ((err = tacit_handshake_create3(candidate, session->config.identity, message)) ==
	    TACIT_OK) {
		tacit_noise_xx_copy(session->noise, candidate);
		err = tacit_session_take_keys(session);
	}
	if (err != TACIT_OK) {
		tacit_free(message);
		return err;
	}
	say(session, message, TACIT_MESSAGE_3_LEN);
	return TACIT_OK;
}

static void
accept_message2(struct tacit_session *session, struct tacit_noise_xx *candidate,
    const struct tacit_msg *msg, tacit_msec now)
{
	tacit_err err;

	tacit_route_copy(&session->route, &msg->ret);
	tacit_hash(session->heard, tacit_msg_payload(msg), msg->len, NULL, 0);
	if ((err = answer_proof(session, candidate)) != TACIT_OK) {
		tacit_session_fail(session, err, tacit_strerror(err));
		return;
	}
	session->heard_at = now;
	tacit_session_set_state(session, TACIT_SESSION_PROOF_SENT);
	repeat_from(session, now);
}

/* what was not read because memory lacked says nothing about its sender, and comes again */
static void
not_read(struct tacit_session *session, tacit_err err)
{
	if (err != TACIT_ENOMEM)
		tacit_session_tell(session, TACIT_CHANNEL_UNAUTHENTIC);
}

static void
handle_message2(struct tacit_session *session, const struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_noise_xx *candidate = tacit_secret_new(sizeof(*candidate));
	struct tacit_reason reason;
	struct tacit_proven peer;
	tacit_err err;

	if (candidate == NULL)
		return;
	tacit_noise_xx_copy(candidate, session->noise);
	err = tacit_handshake_consume2(candidate, tacit_msg_payload(msg), msg->len, &peer);
	if (err != TACIT_OK) {
		not_read(session, err);
	} else {
		session->peer = peer.identifier;
		session->peer_known = true;
		if ((err = judge(session, &peer, &reason)) != TACIT_OK)
			tacit_session_fail(session, err, reason.text);
		else
			accept_message2(session, candidate, msg, now);
	}
	tacit_noise_xx_fini(candidate);
	tacit_secret_free(candidate);
}

/* message 3 verifies; ACCEPTED or REFUSED leaves with the next flush */
static void
accept_message3(struct tacit_session *session, const struct tacit_msg *msg,
    const struct tacit_proven *peer, tacit_msec now)
{
	struct tacit_reason reason;
	tacit_err verdict = judge(session, peer, &reason), err;

	tacit_route_copy(&session->route, &msg->ret);
	tacit_hash(session->heard, tacit_msg_payload(msg), msg->len, NULL, 0);
	if ((err = tacit_session_take_keys(session)) != TACIT_OK) {
		tacit_session_fail(session, err, tacit_strerror(err));
		return;
	}
	tacit_free(session->said);
	session->said = NULL;
	session->peer = peer->identifier;
	session->peer_known = true;
	session->heard_at = now;
	session->answer_now = true;
	session->config.flush_wanted(session->config.arg);
	if (verdict != TACIT_OK) {
		/* the deadline of the handshake stands: until then repeats are refused again */
		tacit_session_set_state(session, TACIT_SESSION_REFUSING);
		tacit_session_fail(session, verdict, reason.text);
		return;
	}
	session->deadline = TACIT_NEVER;
	tacit_session_set_state(session, TACIT_SESSION_ESTABLISHED);
	tacit_session_plan_probe(session, now);
	tacit_session_tell(session, TACIT_CHANNEL_ESTABLISHED);
}

static void
handle_message3(struct tacit_session *session, const struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_noise_xx *candidate = tacit_secret_new(sizeof(*candidate));
	struct tacit_proven peer;
	tacit_err err;

	if (candidate == NULL)
		return;
	tacit_noise_xx_copy(candidate, session->noise);
	err = tacit_handshake_consume3(candidate, tacit_msg_payload(msg), msg->len, &peer);
	if (err == TACIT_OK) {
		tacit_noise_xx_copy(session->noise, candidate);
		accept_message3(session, msg, &peer, now);
	} else {
		not_read(session, err);
	}
	tacit_noise_xx_fini(candidate);
	tacit_secret_free(candidate);
}

/* whether this is, byte for byte, the message that we answered */
static bool
came_again(const struct tacit_session *session, const struct tacit_msg *msg)
{
	uint8_t hash[TACIT_HASH_LEN];

	tacit_hash(hash, tacit_msg_payload(msg), msg->len, NULL, 0);
	return tacit_equal_ct(hash, session->heard, sizeof(hash));
}

void
tacit_session_handle_handshake(
    struct tacit_session *session, const struct tacit_msg *msg, tacit_msec now)
{
	enum tacit_kind due = session->initiator ? TACIT_KIND_MESSAGE_2 : TACIT_KIND_MESSAGE_3;

	if (tacit_msg_payload(msg)[0] != due) {
		tacit_session_tell(session, TACIT_CHANNEL_UNAUTHENTIC);
		return;
	}
	if (session->state == TACIT_SESSION_HELLO_SENT) {
		handle_message2(session, msg, now);
	} else if (session->state == TACIT_SESSION_ANSWERED) {
		handle_message3(session, msg, now);
	} else if (!came_again(session, msg)) {
		tacit_session_tell(session, TACIT_CHANNEL_UNAUTHENTIC);
	} else if (session->state == TACIT_SESSION_PROOF_SENT) {
		tacit_session_send_payload(session, session->said, session->said_len);
	} else if (!session->initiator) {
		session->answer_now = true;
		session->config.flush_wanted(session->config.arg);
	}
}
