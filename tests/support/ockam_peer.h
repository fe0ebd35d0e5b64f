/*
 * support/ockam_peer.h: a peer of 2021 by hand, who holds the keys of a handshake with one of our
 * engines and may break every rule after that.
 */
#ifndef TACIT_TESTS_OCKAM_PEER_H
#define TACIT_TESTS_OCKAM_PEER_H

#include "support/ockam_identity.h"
#include "support/ockam_pair.h"

#include "ockam/session_internal.h"

struct ockam_peer {
	struct ockam_pair *pair;
	int us; /* the end of the pair that is ours */
	struct tacit_ockam_run *run;
};

#define OCKAM_PEER_NAME "mallory"

/* the path carries nothing by itself: the peer reads what leaves in the end's log */
static inline bool
ockam_peer_hold_back(struct ockam_pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	(void)from;
	(void)msg;
	return false;
}

static inline struct tacit_ockam_session *
ockam_session(const struct ockam_pair *pair, int end)
{
	return ockam_side(pair, end)->engine.self;
}

/* msg reaches our engine as an entry of the peer's; takes it */
static inline void
ockam_peer_send(struct ockam_peer *peer, struct tacit_msg *msg)
{
	struct tacit_ockam_session *session = ockam_session(peer->pair, peer->us);

	tacit_route_init(&msg->onward);
	tacit_route_init(&msg->ret);
	assert_int_equal(
	    tacit_route_append(&msg->onward, tacit_address_worker(session->name)), TACIT_OK);
	assert_int_equal(
	    tacit_route_append(&msg->ret, tacit_address_worker(OCKAM_PEER_NAME)), TACIT_OK);
	ockam_arrive(peer->pair, peer->us, msg);
	ockam_settle(peer->pair);
}

static inline void
ockam_peer_send_body(struct ockam_peer *peer, const uint8_t *bytes, size_t len)
{
	struct tacit_msg *msg = tacit_msg_new_body(bytes, len);

	assert_non_null(msg);
	ockam_peer_send(peer, msg);
}

/* the nth entry that our end sent, its body copied */
static inline size_t
ockam_peer_heard(const struct ockam_peer *peer, size_t n, uint8_t *ret, size_t cap)
{
	const struct tacit_msg *msg = peer->pair->ends[peer->us].log[n];
	struct tacit_slice body;

	assert_non_null(msg);
	tacit_msg_body(msg, &body);
	assert_true(body.len <= cap);
	memcpy(ret, body.bytes, body.len);
	return body.len;
}

static inline void
ockam_peer_take_keys(struct ockam_peer *peer)
{
	struct tacit_noise_xx noise;

	tacit_noise_xx_copy(&noise, peer->run->noise);
	assert_int_equal(tacit_ockam_run_take_keys(peer->run, &noise), TACIT_OK);
}

/* the peer answers our initiator, up to message 3 */
static inline void
ockam_peer_respond(struct ockam_peer *peer)
{
	uint8_t message[128];
	struct tacit_msg *second;
	uint8_t nothing[1];

	ockam_start(peer->pair);
	assert_int_equal(
	    tacit_ockam_session_answer(peer->run, peer->pair->ends[0].log[0], &second), TACIT_OK);
	ockam_peer_send(peer, second);
	assert_int_equal(ockam_peer_heard(peer, 1, message, sizeof(message)), 64);
	assert_int_equal(tacit_noise_xx_consume3(peer->run->noise, message), TACIT_OK);
	assert_int_equal(
	    tacit_noise_xx_open_payload(peer->run->noise, message + 48, 16, nothing), TACIT_OK);
	ockam_peer_take_keys(peer);
}

/* the peer calls our responder, up to its message 4 */
static inline void
ockam_peer_initiate(struct ockam_peer *peer)
{
	struct tacit_msg *hello = tacit_ockam_session_hello(peer->run);
	uint8_t message[128], third[64], nothing[1];

	assert_non_null(hello);
	assert_int_equal(
	    tacit_route_append(&hello->ret, tacit_address_worker(OCKAM_PEER_NAME)), TACIT_OK);
	ockam_listen(peer->pair, hello);
	assert_int_equal(ockam_peer_heard(peer, 0, message, sizeof(message)), 96);
	assert_int_equal(tacit_noise_xx_consume2(peer->run->noise, message), TACIT_OK);
	assert_int_equal(
	    tacit_noise_xx_open_payload(peer->run->noise, message + 80, 16, nothing), TACIT_OK);
	assert_int_equal(tacit_noise_xx_create3(peer->run->noise, third), TACIT_OK);
	assert_int_equal(
	    tacit_noise_xx_seal_payload(peer->run->noise, NULL, 0, third + 48), TACIT_OK);
	ockam_peer_take_keys(peer);
	ockam_peer_send_body(peer, third, sizeof(third));
}

/* a peer with the keys of a handshake with our end us, which waits for its identity */
static inline void
ockam_peer_init(struct ockam_peer *ret, uint64_t seed, int us)
{
	struct tacit_address entity;

	memset(ret, 0, sizeof(*ret));
	ret->pair = ockam_pair_new(seed);
	ret->us = us;
	ret->pair->meddle = ockam_peer_hold_back;
	ret->run = tacit_ockam_run_new(us == 1, 0, &ret->pair->ends[!us].random);
	assert_non_null(ret->run);
	if (us == 0)
		ockam_peer_respond(ret);
	else
		ockam_peer_initiate(ret);
	/* whatever its own handshake said, it knows our E */
	entity = tacit_address_worker(ockam_session(ret->pair, us)->run->entity);
	tacit_route_init(&ret->run->peer_entity);
	assert_int_equal(tacit_route_append(&ret->run->peer_entity, entity), TACIT_OK);
	ockam_run(ret->pair, 10);
}

static inline void
ockam_peer_fini(struct ockam_peer *peer)
{
	tacit_ockam_run_free(peer->run);
	ockam_pair_free(peer->pair);
}

/* a record with this counter whose plaintext is bytes */
static inline void
ockam_peer_seal_bytes(struct ockam_peer *peer, uint16_t counter, const uint8_t *bytes, size_t len)
{
	uint8_t *record = malloc(len + TACIT_OCKAM_RECORD_OVERHEAD);

	assert_non_null(record);
	record[0] = (uint8_t)(counter >> 8);
	record[1] = (uint8_t)counter;
	assert_int_equal(
	    tacit_aead_seal(peer->run->out, counter, NULL, 0, bytes, len, record + 2), TACIT_OK);
	ockam_peer_send_body(peer, record, len + TACIT_OCKAM_RECORD_OVERHEAD);
	free(record);
}

/* a record with inner in it, routes and all as they are; takes it */
static inline void
ockam_peer_seal_raw(struct ockam_peer *peer, uint16_t counter, struct tacit_msg *inner)
{
	assert_int_equal(tacit_msg_encode(inner), TACIT_OK);
	ockam_peer_seal_bytes(peer, counter, tacit_msg_payload(inner), inner->len);
	tacit_msg_unref(inner);
}

/* the same with both E in front of the routes */
static inline void
ockam_peer_seal(struct ockam_peer *peer, uint16_t counter, struct tacit_msg *inner)
{
	struct tacit_msg *msg;

	peer->run->sent = counter;
	assert_int_equal(tacit_ockam_run_seal(peer->run, inner, &msg), TACIT_OK);
	tacit_msg_unref(inner);
	ockam_peer_send(peer, msg);
}

/* an honest identity message for this handshake, for a test to change */
static inline void
ockam_peer_identity(const struct ockam_peer *peer, size_t events, struct ockam_message *ret)
{
	ockam_message_init(ret, events);
	ret->variant = peer->us == 0 ? TACIT_OCKAM_REQUEST : TACIT_OCKAM_RESPONSE;
	memcpy(ret->h, peer->run->h, sizeof(ret->h));
}

/* shows an identity, as record 0 */
static inline void
ockam_peer_show_bytes(struct ockam_peer *peer, const uint8_t *bytes, size_t len)
{
	struct tacit_msg *inner = tacit_msg_copy_of(bytes, len);

	assert_non_null(inner);
	ockam_peer_seal(peer, 0, inner);
}

static inline void
ockam_peer_show(struct ockam_peer *peer, const struct ockam_message *message)
{
	uint8_t *bytes = malloc(OCKAM_MESSAGE_LEN_MAX);

	assert_non_null(bytes);
	ockam_peer_show_bytes(peer, bytes, ockam_message_write(message, bytes));
	free(bytes);
}

/* shows an honest identity, which our end accepts, and remembers as its messages' sender */
static inline void
ockam_peer_establish(struct ockam_peer *peer)
{
	struct ockam_message message;

	ockam_peer_identity(peer, 1, &message);
	ockam_peer_show(peer, &message);
	ockam_run(peer->pair, 10);
	assert_int_equal(ockam_state(peer->pair, peer->us), TACIT_SESSION_ESTABLISHED);
	ockam_identifier(0, &peer->pair->ends[!peer->us].identity.identifier);
}

#endif
