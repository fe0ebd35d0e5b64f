#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "ockam/contact.h"
#include "ockam/session_internal.h"

/*
 * The five messages (PROTOCOL.md 9.1): three of Noise, then an identity from each end inside the
 * encryption.  Each is said once.  Candidates for messages 2 and 3 are read on a copy of the state,
 * because anybody can write an entry.
 */

#define MESSAGE_2_LEN (TACIT_NOISE_XX_TOKENS2 + TACIT_NOISE_PAYLOAD_OVERHEAD)
#define MESSAGE_3_LEN (TACIT_NOISE_XX_TOKENS3 + TACIT_NOISE_PAYLOAD_OVERHEAD)

void
tacit_ockam_session_post(
    struct tacit_ockam_session *session, const struct tacit_route *route, struct tacit_msg *msg)
{
	tacit_err err;

	tacit_route_copy(&msg->onward, route);
	err = tacit_route_append(&msg->ret, tacit_address_worker(session->name));
	tacit_assert(err == TACIT_OK);
	msg->once = true;
	/* what carried has to know of it */
	msg->done_token = msg->len;
	session->carrying++;
	session->carrying_bytes += msg->len;
	session->config.port.send(session->config.port.arg, msg);
}

struct tacit_msg *
tacit_ockam_session_hello(struct tacit_ockam_run *run)
{
	uint8_t bytes[1 + TACIT_NOISE_XX_TOKENS1 + 3 + TACIT_SESSION_NAME_LEN - 1];
	uint8_t tokens[TACIT_NOISE_XX_TOKENS1];
	struct tacit_writer w;

	if (tacit_noise_xx_create1(run->noise, NULL, 0, tokens) != TACIT_OK)
		return NULL;
	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_data(&w, tokens, sizeof(tokens));
	tacit_writer_u8(&w, 1); /* optional<address>: there is one */
	tacit_writer_u8(&w, TACIT_ADDRESS_WORKER);
	tacit_bare_write_text(&w, run->entity);
	tacit_assert(!w.bad && w.len == sizeof(bytes));
	return tacit_msg_copy_of(bytes, sizeof(bytes));
}

/* an address inside the encryption that we may send to: any but a worker could make a program of
 * 2021 connect somewhere, or end it */
static bool
is_entity(struct tacit_address address)
{
	return address.type == TACIT_ADDRESS_WORKER && address.len > 0;
}

/* message 1, and the other's E, which it must tell */
static tacit_err
read_hello(struct tacit_ockam_run *run, const struct tacit_msg *hello, struct tacit_slice *ret)
{
	struct tacit_address entity;
	struct tacit_slice name;
	struct tacit_reader r;

	tacit_reader_init(&r, tacit_msg_payload(hello), hello->len);
	*ret = tacit_bare_read_data(&r);
	if (ret->len != TACIT_NOISE_XX_TOKENS1 || !tacit_bare_read_present(&r))
		return TACIT_EFORMAT;
	entity.type = tacit_reader_u8(&r);
	name = tacit_bare_read_data(&r);
	entity.bytes = name.bytes;
	entity.len = name.len;
	if (r.bad || !is_entity(entity) || hello->ret.count == 0 ||
	    tacit_route_append(&run->peer_entity, entity) != TACIT_OK)
		return TACIT_EFORMAT;
	return TACIT_OK;
}

tacit_err
tacit_ockam_session_answer(
    struct tacit_ockam_run *run, const struct tacit_msg *hello, struct tacit_msg **ret)
{
	struct tacit_noise_xx *noise = run->noise;
	uint8_t message[MESSAGE_2_LEN];
	struct tacit_slice tokens;
	tacit_err err;

	if ((err = read_hello(run, hello, &tokens)) != TACIT_OK ||
	    (err = tacit_noise_xx_consume1(noise, tokens.bytes, NULL, 0)) != TACIT_OK ||
	    (err = tacit_noise_xx_create2(noise, message)) != TACIT_OK ||
	    (err = tacit_noise_xx_seal_payload(noise, NULL, 0, message + TACIT_NOISE_XX_TOKENS2)) !=
		TACIT_OK)
		return err;
	tacit_route_copy(&run->route, &hello->ret);
	*ret = tacit_msg_new_body(message, sizeof(message));
	return *ret != NULL ? TACIT_OK : TACIT_ENOMEM;
}

/* the other end is who it says it is as soon as record 0 proves it; until then there are keys */
static tacit_err
take_keys(struct tacit_ockam_run *run, struct tacit_noise_xx *candidate, struct tacit_slice body)
{
	tacit_hash(run->answered, body.bytes, body.len, NULL, 0);
	return tacit_ockam_run_take_keys(run, candidate);
}

/* our identity, as record 0 */
static tacit_err
show_identity(struct tacit_ockam_session *session, struct tacit_ockam_run *run)
{
	uint8_t bytes[TACIT_OCKAM_MESSAGE_LEN];
	struct tacit_msg *inner, *record;
	tacit_err err;

	if ((err = tacit_ockam_contact_encode(session->identity,
		 run->initiator ? TACIT_OCKAM_RESPONSE : TACIT_OCKAM_REQUEST, run->h, bytes)) !=
	    TACIT_OK)
		return err;
	if ((inner = tacit_msg_copy_of(bytes, sizeof(bytes))) == NULL)
		return TACIT_ENOMEM;
	err = tacit_ockam_run_seal(run, inner, &record);
	tacit_msg_unref(inner);
	if (err == TACIT_OK)
		tacit_ockam_session_post(session, &run->route, record);
	return err;
}

static tacit_err
hear_message2(struct tacit_ockam_session *session, struct tacit_noise_xx *candidate,
    struct tacit_slice body, const struct tacit_msg *msg)
{
	struct tacit_ockam_run *run = session->run;
	uint8_t message[MESSAGE_3_LEN];
	struct tacit_msg *third;
	tacit_err err;

	if ((err = tacit_noise_xx_create3(candidate, message)) != TACIT_OK ||
	    (err = tacit_noise_xx_seal_payload(
		 candidate, NULL, 0, message + TACIT_NOISE_XX_TOKENS3)) != TACIT_OK ||
	    (err = take_keys(run, candidate, body)) != TACIT_OK)
		return err;
	if ((third = tacit_msg_new_body(message, sizeof(message))) == NULL)
		return TACIT_ENOMEM;
	tacit_route_copy(&run->route, &msg->ret);
	tacit_ockam_session_post(session, &run->route, third);
	if (session->state == TACIT_SESSION_HELLO_SENT)
		tacit_ockam_session_set_state(session, TACIT_SESSION_PROOF_SENT);
	return TACIT_OK;
}

static tacit_err
hear_message3(struct tacit_ockam_session *session, struct tacit_noise_xx *candidate,
    struct tacit_slice body, const struct tacit_msg *msg)
{
	tacit_err err = take_keys(session->run, candidate, body);

	if (err != TACIT_OK)
		return err;
	tacit_route_copy(&session->run->route, &msg->ret);
	return show_identity(session, session->run);
}

/* whether the body is the message that is due; candidate then stands behind it */
static tacit_err
consume(
    const struct tacit_ockam_run *run, struct tacit_noise_xx *candidate, struct tacit_slice body)
{
	size_t tokens = run->initiator ? TACIT_NOISE_XX_TOKENS2 : TACIT_NOISE_XX_TOKENS3;
	uint8_t nothing[1];
	tacit_err err;

	if (body.len != tokens + TACIT_NOISE_PAYLOAD_OVERHEAD)
		return TACIT_EFORMAT;
	tacit_noise_xx_copy(candidate, run->noise);
	err = run->initiator ? tacit_noise_xx_consume2(candidate, body.bytes)
			     : tacit_noise_xx_consume3(candidate, body.bytes);
	if (err != TACIT_OK)
		return err;
	return tacit_noise_xx_open_payload(
	    candidate, body.bytes + tokens, body.len - tokens, nothing);
}

bool
tacit_ockam_session_hear_handshake(struct tacit_ockam_session *session, struct tacit_slice body,
    const struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_ockam_run *run = session->run;
	struct tacit_noise_xx *candidate;
	tacit_err err;

	/* a way back that is empty is none: whoever has the keys does not send so */
	if (run->noise == NULL || msg->ret.count == 0)
		return false;
	if ((candidate = tacit_secret_new(sizeof(*candidate))) == NULL)
		return true; /* who knows: without memory it is lost */
	err = consume(run, candidate, body);
	if (err == TACIT_OK) {
		session->heard_at = now;
		err = run->initiator ? hear_message2(session, candidate, body, msg)
				     : hear_message3(session, candidate, body, msg);
		if (err != TACIT_OK)
			tacit_ockam_session_fail(session, err, tacit_strerror(err));
		err = TACIT_OK;
	}
	tacit_noise_xx_fini(candidate);
	tacit_secret_free(candidate);
	return err == TACIT_OK || err == TACIT_ENOMEM;
}

/* identities ------------------------------------------------------------------------------------ */

static void
fail_flaw(struct tacit_ockam_session *session, tacit_err err, enum tacit_ockam_flaw flaw)
{
	char text[256];

	if (err == TACIT_ENOMEM) {
		tacit_ockam_session_fail(session, err, tacit_strerror(err));
		return;
	}
	snprintf(text, sizeof(text), "the other end's identity is not valid: %s",
	    tacit_ockam_flaw_text(flaw));
	tacit_ockam_session_fail(session, err, text);
}

/* whether we want to talk with whom the other end proved to be; false: the channel failed */
static bool
accepts(struct tacit_ockam_session *session, const struct tacit_identifier *peer)
{
	const struct tacit_claim claim = {&session->identity->identifier, peer, NULL};
	char before[TACIT_IDENTIFIER_TEXT_LEN], after[TACIT_IDENTIFIER_TEXT_LEN];
	struct tacit_reason reason;
	tacit_err err = TACIT_EUNTRUSTED;

	if (session->peer_known && !tacit_identifier_equal(&session->peer, peer)) {
		tacit_identifier_format(&session->peer, before);
		tacit_identifier_format(peer, after);
		snprintf(reason.text, sizeof(reason.text),
		    "the channel was to be renewed, and the other end is now %s, not %s", after,
		    before);
	} else {
		err = tacit_policy_judge(session->config.policy, &claim, &reason);
	}
	if (err != TACIT_OK)
		tacit_ockam_session_fail(session, err, reason.text);
	return err == TACIT_OK;
}

static void
establish(struct tacit_ockam_session *session, const struct tacit_identifier *peer)
{
	session->run->phase = TACIT_OCKAM_OPEN;
	session->peer = *peer;
	session->peer_known = true;
	if (session->state != TACIT_SESSION_CLOSING)
		session->deadline = TACIT_NEVER;
	session->config.flush_wanted(session->config.arg);
	/* a renewal is nothing that the program has to know */
	if (session->state == TACIT_SESSION_ESTABLISHED || session->state == TACIT_SESSION_CLOSING)
		return;
	tacit_ockam_session_set_state(session, TACIT_SESSION_ESTABLISHED);
	tacit_ockam_session_tell(
	    session, TACIT_CHANNEL_ESTABLISHED, 0, (struct tacit_slice){NULL, 0});
}

void
tacit_ockam_session_hear_identity(struct tacit_ockam_session *session, const struct tacit_msg *msg)
{
	struct tacit_ockam_run *run = session->run;
	const struct tacit_ockam_due due = {
	    .variant = run->initiator ? TACIT_OCKAM_REQUEST : TACIT_OCKAM_RESPONSE,
	    .h = run->h,
	    .own = &session->identity->identifier,
	};
	enum tacit_ockam_flaw flaw;
	struct tacit_identifier peer;
	struct tacit_address entity;
	tacit_err err;

	if ((err = tacit_ockam_contact_verify(
		 tacit_msg_payload(msg), msg->len, &due, &flaw, &peer)) != TACIT_OK) {
		fail_flaw(session, err, flaw);
		return;
	}
	if (!tacit_route_first(&msg->ret, &entity) || !is_entity(entity) || msg->ret.count != 1) {
		tacit_ockam_session_fail(
		    session, TACIT_EFORMAT, "the other end does not say where its identity is");
		return;
	}
	if (!accepts(session, &peer))
		return;
	tacit_route_copy(&run->peer_entity, &msg->ret);
	if (run->initiator && (err = show_identity(session, run)) != TACIT_OK) {
		tacit_ockam_session_fail(session, err, tacit_strerror(err));
		return;
	}
	establish(session, &peer);
}

/* renewal --------------------------------------------------------------------------------------- */

void
tacit_ockam_session_renew(struct tacit_ockam_session *session, tacit_msec now)
{
	struct tacit_ockam_run *run;
	struct tacit_msg *hello = NULL;

	run = tacit_ockam_run_new(true, session->run->number + 1, &session->config.port.random);
	if (run == NULL || (hello = tacit_ockam_session_hello(run)) == NULL) {
		tacit_ockam_run_free(run);
		tacit_ockam_session_fail(session, TACIT_ENOMEM, tacit_strerror(TACIT_ENOMEM));
		return;
	}
	tacit_ockam_run_free(session->old);
	session->old = session->run;
	session->run = run;
	if (session->state != TACIT_SESSION_CLOSING)
		session->deadline = now + TACIT_HANDSHAKE_LIFE_MS;
	tacit_ockam_session_post(session, &session->listener, hello);
}
