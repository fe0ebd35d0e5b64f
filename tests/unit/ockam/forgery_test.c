/*
 * Forged and malformed identities through a whole handshake, at both ends (PROTOCOL.md 9.6): each
 * ends it with the reason of its name, the peer gets no byte more, and nothing is delivered.
 */
#include "support/ockam_peer.h"

#define STRANGER 900

struct forgery {
	enum tacit_ockam_flaw flaw;
	tacit_err err;
	void (*forge)(struct ockam_message *message);
};

#define FORGE(name, change)                                     \
	static void forge_##name(struct ockam_message *message) \
	{                                                       \
		message->change;                                \
	}

FORGE(identifier_len, identifier = "abc")
FORGE(no_events, count = 0)
FORGE(changes, events[1].changes = 2)
FORGE(change_type, events[1].type = 2)
FORGE(key_attributes, events[1].meta = 2)
FORGE(key_len, events[1].key_len = 33)
FORGE(event_proof, events[1].proof = 1)
FORGE(event_proof_type, events[1].proof_type = 1)
FORGE(proof_len, proof_len = 63)
FORGE(previous_id, events[1].previous_id_xor = 1)
FORGE(event_id, events[1].id_xor = 1)
FORGE(first_key, events[0].label = "OTHER")
FORGE(self_signature, events[1].self = STRANGER)
FORGE(previous_signature, events[1].previous = STRANGER)
FORGE(event_signature, events[1].root = STRANGER)
FORGE(proof, proof = STRANGER)
FORGE(proof_of_another_handshake, h[0] ^= 1)

static void
forge_variant(struct ockam_message *message)
{
	message->variant = 1 - message->variant;
}

static void
forge_too_many_events(struct ockam_message *message)
{
	for (unsigned i = 2; i < TACIT_OCKAM_EVENTS_MAX + 1; i++)
		message->events[i] = ockam_event_rotate(i, i - 1, i - 1);
	message->count = TACIT_OCKAM_EVENTS_MAX + 1;
	message->proof = TACIT_OCKAM_EVENTS_MAX;
}

static void
forge_key_twice(struct ockam_message *message)
{
	message->events[1] = ockam_event_create(1, 0);
}

static void
forge_no_previous_key(struct ockam_message *message)
{
	message->events[1].label = "OTHER";
}

static void
forge_identifier(struct ockam_message *message)
{
	message->identifier = "0011223344556677889900112233445566778899001122334455667788990011";
}

static const struct forgery forgeries[] = {
    {TACIT_OCKAM_FLAW_VARIANT, TACIT_EFORMAT, forge_variant},
    {TACIT_OCKAM_FLAW_IDENTIFIER_LEN, TACIT_EFORMAT, forge_identifier_len},
    {TACIT_OCKAM_FLAW_NO_EVENTS, TACIT_EFORMAT, forge_no_events},
    {TACIT_OCKAM_FLAW_TOO_MANY_EVENTS, TACIT_EFORMAT, forge_too_many_events},
    {TACIT_OCKAM_FLAW_CHANGES, TACIT_EFORMAT, forge_changes},
    {TACIT_OCKAM_FLAW_CHANGE_TYPE, TACIT_EFORMAT, forge_change_type},
    {TACIT_OCKAM_FLAW_KEY_ATTRIBUTES, TACIT_EFORMAT, forge_key_attributes},
    {TACIT_OCKAM_FLAW_KEY_LEN, TACIT_EFORMAT, forge_key_len},
    {TACIT_OCKAM_FLAW_EVENT_PROOF, TACIT_EFORMAT, forge_event_proof},
    {TACIT_OCKAM_FLAW_EVENT_PROOF_TYPE, TACIT_EFORMAT, forge_event_proof_type},
    {TACIT_OCKAM_FLAW_PROOF_LEN, TACIT_EFORMAT, forge_proof_len},
    {TACIT_OCKAM_FLAW_PREVIOUS_ID, TACIT_EAUTH, forge_previous_id},
    {TACIT_OCKAM_FLAW_EVENT_ID, TACIT_EAUTH, forge_event_id},
    {TACIT_OCKAM_FLAW_FIRST_KEY, TACIT_EAUTH, forge_first_key},
    {TACIT_OCKAM_FLAW_KEY_TWICE, TACIT_EAUTH, forge_key_twice},
    {TACIT_OCKAM_FLAW_NO_PREVIOUS_KEY, TACIT_EAUTH, forge_no_previous_key},
    {TACIT_OCKAM_FLAW_SELF_SIGNATURE, TACIT_EAUTH, forge_self_signature},
    {TACIT_OCKAM_FLAW_PREVIOUS_SIGNATURE, TACIT_EAUTH, forge_previous_signature},
    {TACIT_OCKAM_FLAW_EVENT_SIGNATURE, TACIT_EAUTH, forge_event_signature},
    {TACIT_OCKAM_FLAW_IDENTIFIER, TACIT_EAUTH, forge_identifier},
    {TACIT_OCKAM_FLAW_PROOF, TACIT_EAUTH, forge_proof},
    {TACIT_OCKAM_FLAW_PROOF, TACIT_EAUTH, forge_proof_of_another_handshake},
};

/* the channel is over for the reason, and neither a byte nor a message has gone anywhere; entries:
 * what our end had sent before */
static void
check_refused(struct ockam_peer *peer, uint64_t entries, tacit_err err, enum tacit_ockam_flaw flaw)
{
	struct ockam_end *end = &peer->pair->ends[peer->us];

	/* what the peer says then is not heard either */
	ockam_peer_seal(peer, 1, ockam_numbered(0, 8));
	ockam_run(peer->pair, 60000);
	if (strstr(end->text, tacit_ockam_flaw_text(flaw)) == NULL)
		fail_msg("%s, not: %s", end->text, tacit_ockam_flaw_text(flaw));
	assert_int_equal(end->err, err);
	assert_int_equal(end->events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(end->events[TACIT_CHANNEL_ESTABLISHED], 0);
	assert_int_equal(ockam_state(peer->pair, peer->us), TACIT_SESSION_OVER);
	assert_int_equal(end->entries, entries);
	assert_int_equal(end->received, 0);
}

static void
each_flaw_ends_the_handshake(void **state)
{
	bool met[TACIT_OCKAM_FLAW_PROOF + 1] = {false};

	(void)state;
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		for (int us = 0; us < 2; us++) {
			struct ockam_message message;
			struct ockam_peer peer;
			uint64_t entries;

			ockam_peer_init(&peer, 100 + i, us);
			entries = peer.pair->ends[us].entries;
			ockam_peer_identity(&peer, 2, &message);
			forgeries[i].forge(&message);
			ockam_peer_show(&peer, &message);
			check_refused(&peer, entries, forgeries[i].err, forgeries[i].flaw);
			ockam_peer_fini(&peer);
		}
		met[forgeries[i].flaw] = true;
	}
	/* these two are not made by changing a message: see below */
	met[TACIT_OCKAM_FLAW_NONE] = met[TACIT_OCKAM_FLAW_CUT_SHORT] =
	    met[TACIT_OCKAM_FLAW_OWN_IDENTIFIER] = true;
	for (size_t i = 0; i < sizeof(met); i++) {
		if (!met[i])
			fail_msg("nobody forged: %s", tacit_ockam_flaw_text(i));
	}
}

/* the twin: the same peer, honest, with histories of one event and of several */
static void
honest_identities_are_accepted(void **state)
{
	(void)state;
	for (size_t events = 1; events < 5; events++) {
		for (int us = 0; us < 2; us++) {
			struct ockam_message message;
			struct ockam_peer peer;

			ockam_peer_init(&peer, 200 + events, us);
			ockam_peer_identity(&peer, events, &message);
			ockam_peer_show(&peer, &message);
			ockam_identifier(0, &peer.pair->ends[!us].identity.identifier);
			ockam_peer_seal(&peer, 1, ockam_numbered(0, 8));
			ockam_run(peer.pair, 10);
			assert_int_equal(peer.pair->ends[us].events[TACIT_CHANNEL_ESTABLISHED], 1);
			assert_int_equal(peer.pair->ends[us].received, 1);
			/* messages 1, 3 and 5; or 2 and 4 */
			assert_int_equal(peer.pair->ends[us].entries, us == 0 ? 3 : 2);
			ockam_peer_fini(&peer);
		}
	}
}

static void
cut_identities_are_refused(void **state)
{
	uint8_t *bytes = malloc(OCKAM_MESSAGE_LEN_MAX);

	(void)state;
	assert_non_null(bytes);
	for (size_t cut = 1; cut <= 384; cut += 61) {
		for (int us = 0; us < 2; us++) {
			struct ockam_message message;
			struct ockam_peer peer;
			uint64_t entries;

			ockam_peer_init(&peer, 300, us);
			entries = peer.pair->ends[us].entries;
			ockam_peer_identity(&peer, 1, &message);
			ockam_peer_show_bytes(
			    &peer, bytes, ockam_message_write(&message, bytes) - cut);
			check_refused(&peer, entries, TACIT_EFORMAT, TACIT_OCKAM_FLAW_CUT_SHORT);
			ockam_peer_fini(&peer);
		}
	}
	free(bytes);
}

/* our responder's own request comes back as a response: its proof would do */
static void
our_own_identity_is_refused(void **state)
{
	uint8_t record[600], plain[600];
	struct tacit_block *block;
	struct tacit_msg *inner;
	struct ockam_peer peer;
	size_t len;

	(void)state;
	ockam_peer_init(&peer, 400, 1);
	len = ockam_peer_heard(&peer, 1, record, sizeof(record));
	assert_int_equal(
	    tacit_ockam_run_open(peer.run, (struct tacit_slice){record, len}, plain), TACIT_OK);
	len -= TACIT_OCKAM_RECORD_OVERHEAD;
	assert_non_null(block = tacit_block_new(len));
	memcpy(block->bytes, plain, len);
	assert_int_equal(tacit_msg_decode(block, 0, len, &inner), TACIT_OK);
	tacit_block_unref(block);
	tacit_msg_payload(inner)[0] = TACIT_OCKAM_RESPONSE;
	ockam_peer_show_bytes(&peer, tacit_msg_payload(inner), inner->len);
	tacit_msg_unref(inner);
	check_refused(&peer, 2, TACIT_EAUTH, TACIT_OCKAM_FLAW_OWN_IDENTIFIER);
	ockam_peer_fini(&peer);
}

/* record 0 of somebody who does not say where the identity is, or that is not for ours */
static void
show_from(int us, unsigned hops, uint8_t type, bool to_us)
{
	uint8_t *bytes = malloc(OCKAM_MESSAGE_LEN_MAX);
	struct ockam_message message;
	struct ockam_peer peer;
	struct tacit_msg *inner;
	uint64_t entries;

	assert_non_null(bytes);
	ockam_peer_init(&peer, 500, us);
	entries = peer.pair->ends[us].entries;
	ockam_peer_identity(&peer, 1, &message);
	inner = tacit_msg_copy_of(bytes, ockam_message_write(&message, bytes));
	assert_non_null(inner);
	if (to_us)
		tacit_route_copy(&inner->onward, &peer.run->peer_entity);
	for (unsigned i = 0; i < hops; i++) {
		struct tacit_address hop = tacit_address_worker("somebody");

		hop.type = type;
		assert_int_equal(tacit_route_append(&inner->ret, hop), TACIT_OK);
	}
	ockam_peer_seal_raw(&peer, 0, inner);
	free(bytes);
	ockam_run(peer.pair, 10);
	if (hops == 1 && type == TACIT_ADDRESS_WORKER && to_us) {
		assert_int_equal(ockam_state(peer.pair, us), TACIT_SESSION_ESTABLISHED);
	} else {
		assert_int_equal(peer.pair->ends[us].err, TACIT_EFORMAT);
		assert_int_equal(peer.pair->ends[us].events[TACIT_CHANNEL_ESTABLISHED], 0);
		assert_int_equal(peer.pair->ends[us].entries, entries);
	}
	ockam_peer_fini(&peer);
}

static void
identities_from_nowhere_are_refused(void **state)
{
	(void)state;
	for (int us = 0; us < 2; us++) {
		show_from(us, 1, TACIT_ADDRESS_WORKER, true);
		show_from(us, 1, TACIT_ADDRESS_WORKER, false);
		show_from(us, 0, TACIT_ADDRESS_WORKER, true);
		show_from(us, 2, TACIT_ADDRESS_WORKER, true);
		show_from(us, 1, TACIT_ADDRESS_TCP, true);
		show_from(us, 1, 2, true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_flaw_ends_the_handshake),
	    cmocka_unit_test(honest_identities_are_accepted),
	    cmocka_unit_test(cut_identities_are_refused),
	    cmocka_unit_test(our_own_identity_is_refused),
	    cmocka_unit_test(identities_from_nowhere_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
