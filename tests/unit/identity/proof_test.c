#include "support/damage.h"
#include "support/identity.h"
#include "support/vectors.h"

static const uint8_t h[TACIT_HASH_LEN] = {1, 2, 3};
/* what verify may not touch when it refuses */
static const struct tacit_proven untouched = {.identifier = {{0x5a}}};

static void
make(const struct tacit_identity *identity, enum tacit_role role, const uint8_t bound[32],
    uint8_t ret[TACIT_PROOF_PAYLOAD_LEN])
{
	struct tacit_ed25519_signature proof;

	assert_int_equal(tacit_identity_prove(identity, role, bound, &proof), TACIT_OK);
	tacit_proof_encode(ret, &identity->history, &proof);
}

static void
assert_refused(const uint8_t payload[TACIT_PROOF_PAYLOAD_LEN], enum tacit_role role,
    const uint8_t bound[32], tacit_err expected)
{
	struct tacit_proven proven = untouched;

	assert_int_equal(tacit_proof_verify(payload, role, bound, &proven), expected);
	assert_memory_equal(&proven, &untouched, sizeof(proven));
}

static void
check_vector(const struct vectors *v, const struct tacit_identity *identity, enum tacit_role role)
{
	const char *name = role == TACIT_ROLE_INITIATOR ? "initiator" : "responder";
	uint8_t payload[TACIT_PROOF_PAYLOAD_LEN], bound[32], hash[32], expected[64];
	struct tacit_ed25519_signature proof;
	struct tacit_proven proven;
	char field[64];

	vectors_exact(v, "h", bound, sizeof(bound));
	assert_int_equal(tacit_identity_prove(identity, role, bound, &proof), TACIT_OK);
	snprintf(field, sizeof(field), "%s_proof", name);
	vectors_exact(v, field, expected, sizeof(expected));
	assert_memory_equal(proof.b, expected, sizeof(expected));
	tacit_proof_encode(payload, &identity->history, &proof);
	tacit_hash(hash, payload, sizeof(payload), NULL, 0);
	snprintf(field, sizeof(field), "%s_payload_hash", name);
	vectors_exact(v, field, expected, sizeof(hash));
	assert_memory_equal(hash, expected, sizeof(hash));
	assert_int_equal(tacit_proof_verify(payload, role, bound, &proven), TACIT_OK);
	assert_true(tacit_identifier_equal(&proven.identifier, &identity->identifier));
	assert_memory_equal(&proven.history, &identity->history, sizeof(proven.history));
}

static void
vectors_hold(void **state)
{
	struct tacit_identity identity;
	struct counting counting;
	unsigned count = 0;
	struct vectors v;

	(void)state;
	vectors_open(&v, "identity.txt");
	for (; vectors_next(&v); count++) {
		counting_init(&counting, 0);
		counting_identity(
		    &counting, (unsigned)atoi(vectors_text(&v, "changes")), &identity);
		check_vector(&v, &identity, TACIT_ROLE_INITIATOR);
		check_vector(&v, &identity, TACIT_ROLE_RESPONDER);
		counting_fini(&counting);
	}
	vectors_close(&v);
	assert_int_equal(count, 4);
}

static void
proof_is_bound_to_role_and_handshake(void **state)
{
	uint8_t payload[TACIT_PROOF_PAYLOAD_LEN], bound[TACIT_HASH_LEN];
	struct tacit_proven proven;
	struct tacit_identity identity;
	struct counting counting;

	(void)state;
	counting_init(&counting, 0);
	counting_identity(&counting, 2, &identity);
	make(&identity, TACIT_ROLE_INITIATOR, h, payload);
	assert_int_equal(tacit_proof_verify(payload, TACIT_ROLE_INITIATOR, h, &proven), TACIT_OK);
	assert_refused(payload, TACIT_ROLE_RESPONDER, h, TACIT_EAUTH);
	for (size_t bit = 0; bit < 8 * sizeof(h); bit++) {
		memcpy(bound, h, sizeof(bound));
		bound[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_refused(payload, TACIT_ROLE_INITIATOR, bound, TACIT_EAUTH);
	}
	make(&identity, TACIT_ROLE_RESPONDER, h, payload);
	assert_refused(payload, TACIT_ROLE_INITIATOR, h, TACIT_EAUTH);
	counting_fini(&counting);
}

/* a proof says whose it is: it does not fit another identity, an older or a newer history */
static void
proof_is_bound_to_identifier_and_history(void **state)
{
	uint8_t payload[TACIT_PROOF_PAYLOAD_LEN], input[TACIT_PROOF_INPUT_LEN];
	struct tacit_ed25519_signature proof, older;
	struct tacit_identity identity, other;
	struct tacit_history history;
	struct counting counting;

	(void)state;
	counting_init(&counting, 0);
	counting_identity(&counting, 3, &identity);
	counting.next = 160;
	counting_identity(&counting, 1, &other);
	assert_int_equal(
	    tacit_identity_prove(&identity, TACIT_ROLE_RESPONDER, h, &proof), TACIT_OK);
	tacit_proof_encode(payload, &other.history, &proof);
	assert_refused(payload, TACIT_ROLE_RESPONDER, h, TACIT_EAUTH);
	/* the other one's key, over the input of this identity */
	tacit_proof_input(input, TACIT_ROLE_RESPONDER, h, &identity.history);
	assert_int_equal(
	    tacit_vault_sign(counting.vault, other.key, input, sizeof(input), &older), TACIT_OK);
	tacit_proof_encode(payload, &identity.history, &older);
	assert_refused(payload, TACIT_ROLE_RESPONDER, h, TACIT_EAUTH);
	tacit_proof_encode(payload, &other.history, &older);
	assert_refused(payload, TACIT_ROLE_RESPONDER, h, TACIT_EAUTH);
	/* the last change cut off */
	history = identity.history;
	history.count--;
	tacit_proof_encode(payload, &history, &proof);
	assert_refused(payload, TACIT_ROLE_RESPONDER, h, TACIT_EAUTH);
	/* a proof made before a rotation, with the history after it */
	assert_int_equal(tacit_identity_rotate(&identity), TACIT_OK);
	tacit_proof_encode(payload, &identity.history, &proof);
	assert_refused(payload, TACIT_ROLE_RESPONDER, h, TACIT_EAUTH);
	counting_fini(&counting);
}

/* only whole payloads: the cut ones are a matter of the handshake */
static void
refused(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_proven proven = untouched;

	(void)arg;
	(void)len;
	if (kind == DAMAGE_TRUNCATED)
		return;
	if (tacit_proof_verify(bytes, TACIT_ROLE_INITIATOR, h, &proven) == TACIT_OK)
		fail_msg("accepted with bit %zu changed", index);
	assert_memory_equal(&proven, &untouched, sizeof(proven));
}

static void
every_changed_bit_is_refused(void **state)
{
	uint8_t payload[TACIT_PROOF_PAYLOAD_LEN];
	struct tacit_identity identity;
	struct counting counting;

	(void)state;
	for (unsigned changes = 1; changes <= 2; changes++) {
		counting_init(&counting, 0);
		counting_identity(&counting, changes, &identity);
		make(&identity, TACIT_ROLE_INITIATOR, h, payload);
		damage_each(payload, sizeof(payload), refused, NULL);
		counting_fini(&counting);
	}
}

/* contents cut anywhere, the rest zeros as if it were padding; and every wrong length */
static void
cut_contents_and_wrong_lengths_are_refused(void **state)
{
	uint8_t payload[TACIT_PROOF_PAYLOAD_LEN], bad[TACIT_PROOF_PAYLOAD_LEN];
	struct tacit_identity identity;
	struct counting counting;
	size_t len;

	(void)state;
	counting_init(&counting, 0);
	counting_identity(&counting, 2, &identity);
	make(&identity, TACIT_ROLE_INITIATOR, h, payload);
	len = 1 + tacit_history_encoded_len(&identity.history) + TACIT_ED25519_SIGNATURE_LEN;
	assert_int_equal(payload[0] << 8 | payload[1], len);
	for (size_t claimed = 0; claimed <= UINT16_MAX; claimed++) {
		if (claimed == len)
			continue;
		memcpy(bad, payload, sizeof(bad));
		if (claimed < len)
			memset(bad + 2 + claimed, 0, sizeof(bad) - 2 - claimed);
		bad[0] = (uint8_t)(claimed >> 8);
		bad[1] = (uint8_t)claimed;
		assert_refused(bad, TACIT_ROLE_INITIATOR, h, TACIT_EFORMAT);
	}
	memcpy(bad, payload, sizeof(bad));
	bad[2] = 2; /* a version that is not ours */
	assert_refused(bad, TACIT_ROLE_INITIATOR, h, TACIT_EFORMAT);
	memcpy(bad, payload, sizeof(bad));
	bad[sizeof(bad) - 1] = 1; /* padding */
	assert_refused(bad, TACIT_ROLE_INITIATOR, h, TACIT_EFORMAT);
	counting_fini(&counting);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_hold),
	    cmocka_unit_test(proof_is_bound_to_role_and_handshake),
	    cmocka_unit_test(proof_is_bound_to_identifier_and_history),
	    cmocka_unit_test(every_changed_bit_is_refused),
	    cmocka_unit_test(cut_contents_and_wrong_lengths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
