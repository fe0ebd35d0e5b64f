#include "channel/session.h"

#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "channel/session_internal.h"

/* the arrows of session.h: one bit per state that may follow */
static const unsigned may_follow[] = {
    [TACIT_SESSION_HELLO_SENT] = 1u << TACIT_SESSION_PROOF_SENT | 1u << TACIT_SESSION_OVER,
    [TACIT_SESSION_PROOF_SENT] = 1u << TACIT_SESSION_ESTABLISHED | 1u << TACIT_SESSION_OVER,
    [TACIT_SESSION_ANSWERED] =
	1u << TACIT_SESSION_ESTABLISHED | 1u << TACIT_SESSION_REFUSING | 1u << TACIT_SESSION_OVER,
    [TACIT_SESSION_ESTABLISHED] =
	1u << TACIT_SESSION_CLOSING | 1u << TACIT_SESSION_LINGERING | 1u << TACIT_SESSION_OVER,
    [TACIT_SESSION_CLOSING] = 1u << TACIT_SESSION_OVER,
    [TACIT_SESSION_REFUSING] = 1u << TACIT_SESSION_OVER,
    [TACIT_SESSION_LINGERING] = 1u << TACIT_SESSION_OVER,
    [TACIT_SESSION_OVER] = 0,
};

void
tacit_session_set_state(struct tacit_session *session, enum tacit_session_state state)
{
	tacit_assert((may_follow[session->state] & 1u << state) != 0);
	session->state = state;
	if (state == TACIT_SESSION_OVER)
		tacit_joining_fini(&session->joining);
}

void
tacit_session_tell(struct tacit_session *session, enum tacit_channel_event_kind kind)
{
	tacit_session_tell_record(session, kind, 0, NULL, 0);
}

void
tacit_session_tell_record(struct tacit_session *session, enum tacit_channel_event_kind kind,
    uint64_t sequence, const uint8_t *bytes, size_t len)
{
	struct tacit_session_event event = {
	    .kind = kind, .sequence = sequence, .bytes = bytes, .len = len, .text = ""};

	if (kind == TACIT_CHANNEL_CLOSED || kind == TACIT_CHANNEL_TRUNCATED)
		session->end_told = true;
	session->config.event(session->config.arg, &event);
}

void
tacit_session_fail(struct tacit_session *session, tacit_err err, const char *text)
{
	struct tacit_session_event event = {.kind = TACIT_CHANNEL_FAILED, .err = err, .text = text};

	if (session->state != TACIT_SESSION_REFUSING)
		tacit_session_set_state(session, TACIT_SESSION_OVER);
	if (session->end_told)
		return;
	session->end_told = true;
	session->config.event(session->config.arg, &event);
}

static struct tacit_session *
session_new(const struct tacit_session_config *config, bool initiator)
{
	struct tacit_session *session = tacit_alloc(sizeof(*session));

	if (session == NULL)
		return NULL;
	session->config = *config;
	session->initiator = initiator;
	session->state = initiator ? TACIT_SESSION_HELLO_SENT : TACIT_SESSION_ANSWERED;
	session->answer_at = session->probe_at = session->repeat_at = TACIT_NEVER;
	session->probe_ms = TACIT_PROBE_MS;
	session->patience_ms = TACIT_SILENT_MS;
	tacit_random_hex(&config->port.random, session->name, 16);
	tacit_outbox_init(&session->outbox);
	tacit_inbox_init(&session->inbox);
	tacit_joining_init(&session->joining, config->joining);
	session->noise = tacit_secret_new(sizeof(*session->noise));
	session->said_len = initiator ? TACIT_MESSAGE_1_LEN : TACIT_MESSAGE_2_LEN;
	session->said = tacit_alloc(session->said_len);
	if (session->noise == NULL || session->said == NULL) {
		tacit_session_free(session);
		return NULL;
	}
	return session;
}

tacit_err
tacit_session_new_initiator(const struct tacit_session_config *config,
    const struct tacit_route *route, struct tacit_session **ret)
{
	struct tacit_session *session = session_new(config, true);
	tacit_err err = TACIT_ENOMEM;

	if (session == NULL)
		return err;
	tacit_route_copy(&session->route, route);
	if ((err = tacit_handshake_init(session->noise, true, config->context, config->context_len,
		 &config->port.random)) != TACIT_OK ||
	    (err = tacit_handshake_create1(session->noise, session->said)) != TACIT_OK) {
		tacit_session_free(session);
		return err;
	}
	*ret = session;
	return TACIT_OK;
}

tacit_err
tacit_session_new_responder(const struct tacit_session_config *config,
    const struct tacit_msg *hello, struct tacit_session **ret)
{
	struct tacit_session *session = session_new(config, false);
	tacit_err err = TACIT_ENOMEM;

	if (session == NULL)
		return err;
	tacit_route_copy(&session->route, &hello->ret);
	if ((err = tacit_handshake_init(session->noise, false, config->context, config->context_len,
		 &config->port.random)) != TACIT_OK ||
	    (err = tacit_handshake_consume1(
		 session->noise, tacit_msg_payload(hello), hello->len)) != TACIT_OK ||
	    (err = tacit_handshake_create2(session->noise, config->identity, session->said)) !=
		TACIT_OK) {
		tacit_session_free(session);
		return err;
	}
	*ret = session;
	return TACIT_OK;
}

static bool
exchanging(const struct tacit_session *session)
{
	return session->state == TACIT_SESSION_ESTABLISHED ||
	       session->state == TACIT_SESSION_CLOSING;
}

void
tacit_session_free(struct tacit_session *session)
{
	struct tacit_msg *msg;

	if (session == NULL)
		return;
	if (exchanging(session) && !session->end_told)
		tacit_session_tell(session, TACIT_CHANNEL_TRUNCATED);
	session->config.port.wake_at(session->config.port.arg, TACIT_NEVER);
	if (session->noise != NULL)
		tacit_noise_xx_fini(session->noise);
	tacit_secret_free(session->noise);
	tacit_free(session->said);
	tacit_record_keys_fini(&session->out);
	tacit_record_keys_fini(&session->in);
	tacit_outbox_fini(&session->outbox);
	tacit_inbox_fini(&session->inbox);
	tacit_joining_fini(&session->joining);
	while ((msg = tacit_queue_pop(&session->pending)) != NULL)
		tacit_msg_unref(msg);
	tacit_queue_fini(&session->pending);
	tacit_free(session);
}

const char *
tacit_session_name(const struct tacit_session *session)
{
	return session->name;
}

enum tacit_session_state
tacit_session_state(const struct tacit_session *session)
{
	return session->state;
}

const struct tacit_identifier *
tacit_session_peer(const struct tacit_session *session)
{
	return session->peer_known ? &session->peer : NULL;
}

tacit_msec
tacit_session_heard_at(const struct tacit_session *session)
{
	return session->heard_at;
}

void
tacit_session_patience(struct tacit_session *session, tacit_msec ms, tacit_msec now)
{
	session->patience_ms = ms;
	tacit_session_plan_probe(session, now);
	tacit_session_plan(session);
}

bool
tacit_session_close_confirmed(const struct tacit_session *session)
{
	return session->close_confirmed;
}

void
tacit_session_send_payload(struct tacit_session *session, const uint8_t *bytes, size_t len)
{
	struct tacit_msg *msg = tacit_msg_copy_of(bytes, len);

	if (msg == NULL)
		return;
	tacit_route_copy(&msg->onward, &session->route);
	if (tacit_route_append(&msg->ret, tacit_address_worker(session->name)) != TACIT_OK) {
		tacit_msg_unref(msg);
		return;
	}
	session->config.port.send(session->config.port.arg, msg);
}

void
tacit_session_handle(struct tacit_session *session, struct tacit_msg *msg, tacit_msec now)
{
	uint8_t kind = msg->len > 0 ? tacit_msg_payload(msg)[0] : 0;

	if (session->state == TACIT_SESSION_OVER) {
		tacit_msg_unref(msg);
		return;
	}
	if (kind == TACIT_KIND_MESSAGE_2 || kind == TACIT_KIND_MESSAGE_3)
		tacit_session_handle_handshake(session, msg, now);
	else if (kind == TACIT_KIND_RECORDS)
		tacit_session_handle_records(session, msg, now);
	else
		tacit_session_tell(session, TACIT_CHANNEL_UNAUTHENTIC);
	tacit_msg_unref(msg);
	tacit_session_plan(session);
}

static tacit_msec
earlier(tacit_msec a, tacit_msec b)
{
	return a < b ? a : b;
}

void
tacit_session_plan(struct tacit_session *session)
{
	tacit_msec at = session->deadline > 0 ? session->deadline : TACIT_NEVER;

	if (session->state == TACIT_SESSION_OVER) {
		at = TACIT_NEVER;
	} else {
		if (session->state == TACIT_SESSION_HELLO_SENT ||
		    session->state == TACIT_SESSION_PROOF_SENT)
			at = earlier(at, session->repeat_at);
		at = earlier(at, earlier(session->answer_at, session->probe_at));
		if (exchanging(session))
			at = earlier(
			    at, session->heard_at +
				    (session->silent ? TACIT_NEVER / 2 : session->patience_ms));
	}
	session->config.port.wake_at(session->config.port.arg, at);
}

static void
deadline_passed(struct tacit_session *session)
{
	enum tacit_session_state state = session->state;

	if (state == TACIT_SESSION_REFUSING || state == TACIT_SESSION_LINGERING) {
		tacit_session_set_state(session, TACIT_SESSION_OVER);
	} else if (state == TACIT_SESSION_CLOSING && session->close_confirmed) {
		/* the other end closed as well, and its last messages did not come */
		tacit_session_set_state(session, TACIT_SESSION_OVER);
		tacit_session_tell(session, TACIT_CHANNEL_TRUNCATED);
	} else if (state == TACIT_SESSION_CLOSING) {
		tacit_session_fail(session, TACIT_EUNCONFIRMED,
		    "closed, but the other end did not confirm that everything arrived");
	} else if (session->initiator) {
		tacit_session_fail(session, TACIT_ETIMEDOUT,
		    "no answer within 30 s: check the names, and that the other side runs");
	} else {
		tacit_session_fail(session, TACIT_ETIMEDOUT,
		    "the other end began a handshake and did not finish it within 30 s");
	}
}

void
tacit_session_tick(struct tacit_session *session, tacit_msec now)
{
	if (session->state == TACIT_SESSION_OVER)
		return;
	if (session->deadline > 0 && now >= session->deadline) {
		deadline_passed(session);
		tacit_session_plan(session);
		return;
	}
	if (session->state == TACIT_SESSION_HELLO_SENT ||
	    session->state == TACIT_SESSION_PROOF_SENT)
		tacit_session_repeat(session, now);
	if (exchanging(session) && !session->silent &&
	    now >= session->heard_at + session->patience_ms) {
		session->silent = true;
		tacit_session_tell(session, TACIT_CHANNEL_SILENT);
	}
	if (now >= session->answer_at || now >= session->probe_at)
		session->config.flush_wanted(session->config.arg);
	tacit_session_plan(session);
}

void
tacit_session_progressed(struct tacit_session *session, tacit_msec now)
{
	if (session->state == TACIT_SESSION_CLOSING)
		session->deadline = now + TACIT_CLOSE_WAIT_MS;
}

void
tacit_session_close(struct tacit_session *session, tacit_msec now)
{
	if (session->state == TACIT_SESSION_ESTABLISHED) {
		tacit_session_set_state(session, TACIT_SESSION_CLOSING);
		tacit_session_progressed(session, now);
		session->probe_ms = TACIT_CLOSE_REPEAT_MS;
		tacit_session_plan_probe(session, now);
		if (session->pending.count == 0)
			session->answer_now = true;
		session->config.flush_wanted(session->config.arg);
	} else if (session->state == TACIT_SESSION_HELLO_SENT ||
		   session->state == TACIT_SESSION_PROOF_SENT ||
		   session->state == TACIT_SESSION_ANSWERED) {
		tacit_session_set_state(session, TACIT_SESSION_OVER);
		session->end_told = true;
	}
	tacit_session_plan(session);
}
