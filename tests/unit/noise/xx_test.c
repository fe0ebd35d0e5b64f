#include "support/noise.h"
#include "support/random.h"
#include "support/unit.h"

#include "base/memory.h"
#include "crypto/random.h"
#include "noise/xx.h"

#define SEALED_MAX 64

static const uint8_t prologue[] = "prologue";
static const uint8_t payload_1[] = "one", payload_2[] = "number two", payload_3[] = "third";

/* two ends, and what went between them: tokens and payload of each message in one piece */
struct pair {
	struct seeded seed;
	struct tacit_random random;
	struct tacit_noise_xx initiator, responder;
	uint8_t message_1[TACIT_NOISE_XX_TOKENS1 + sizeof(payload_1)];
	uint8_t message_2[TACIT_NOISE_XX_TOKENS2 + sizeof(payload_2) + TACIT_TAG_LEN];
	uint8_t message_3[TACIT_NOISE_XX_TOKENS3 + sizeof(payload_3) + TACIT_TAG_LEN];
};

static void
start_pair(struct pair *pair, uint64_t seed)
{
	pair->seed.state = seed;
	pair->random = seeded_random(&pair->seed);
	tacit_noise_xx_init(&pair->initiator, true, prologue, sizeof(prologue), &pair->random);
	tacit_noise_xx_init(&pair->responder, false, prologue, sizeof(prologue), &pair->random);
}

static void
create_1(struct pair *pair)
{
	memcpy(pair->message_1 + TACIT_NOISE_XX_TOKENS1, payload_1, sizeof(payload_1));
	assert_int_equal(
	    tacit_noise_xx_create1(&pair->initiator, payload_1, sizeof(payload_1), pair->message_1),
	    TACIT_OK);
}

static tacit_err
create_2(struct tacit_noise_xx *responder, uint8_t *ret)
{
	tacit_err err = tacit_noise_xx_create2(responder, ret);

	if (err != TACIT_OK)
		return err;
	return tacit_noise_xx_seal_payload(
	    responder, payload_2, sizeof(payload_2), ret + TACIT_NOISE_XX_TOKENS2);
}

static tacit_err
create_3(struct tacit_noise_xx *initiator, uint8_t *ret)
{
	tacit_err err = tacit_noise_xx_create3(initiator, ret);

	if (err != TACIT_OK)
		return err;
	return tacit_noise_xx_seal_payload(
	    initiator, payload_3, sizeof(payload_3), ret + TACIT_NOISE_XX_TOKENS3);
}

/* until message 2 is made and not yet read */
static void
run_to_2(struct pair *pair, uint64_t seed)
{
	start_pair(pair, seed);
	create_1(pair);
	assert_int_equal(
	    consume_1(&pair->responder, pair->message_1, sizeof(pair->message_1)), TACIT_OK);
	assert_int_equal(create_2(&pair->responder, pair->message_2), TACIT_OK);
}

/* until message 3 is made and not yet read */
static void
run_to_3(struct pair *pair, uint64_t seed)
{
	uint8_t payload[SEALED_MAX];

	run_to_2(pair, seed);
	assert_int_equal(
	    consume_2(&pair->initiator, pair->message_2, sizeof(pair->message_2), payload),
	    TACIT_OK);
	assert_memory_equal(payload, payload_2, sizeof(payload_2));
	assert_int_equal(create_3(&pair->initiator, pair->message_3), TACIT_OK);
}

/* a copy reads it, as PROTOCOL.md 5.3 wants; on failure the copy is dead */
static tacit_err
try_2(const struct pair *pair, const uint8_t *message, size_t len)
{
	struct tacit_noise_xx copy;
	uint8_t payload[SEALED_MAX], tokens[TACIT_NOISE_XX_TOKENS3];
	tacit_err err;

	tacit_noise_xx_copy(&copy, &pair->initiator);
	err = consume_2(&copy, message, len, payload);
	if (err != TACIT_OK) {
		assert_int_equal(copy.step, TACIT_NOISE_OVER);
		assert_int_equal(tacit_noise_xx_create3(&copy, tokens), TACIT_EAUTH);
	}
	tacit_noise_xx_fini(&copy);
	return err;
}

static tacit_err
try_3(const struct pair *pair, const uint8_t *message, size_t len)
{
	struct tacit_noise_xx copy;
	uint8_t payload[SEALED_MAX];
	tacit_err err;

	tacit_noise_xx_copy(&copy, &pair->responder);
	err = consume_3(&copy, message, len, payload);
	assert_int_equal(copy.step, err == TACIT_OK ? TACIT_NOISE_SPLIT : TACIT_NOISE_OVER);
	tacit_noise_xx_fini(&copy);
	return err;
}

static void
both_ends_agree(void **state)
{
	uint8_t k1[TACIT_KEY_LEN], k2[TACIT_KEY_LEN], other_k1[TACIT_KEY_LEN];
	uint8_t other_k2[TACIT_KEY_LEN], payload[SEALED_MAX];
	struct tacit_x25519_public initiator_s, responder_s;
	struct tacit_noise_xx nothing;
	struct pair pair;

	(void)state;
	run_to_3(&pair, 1);
	assert_int_equal(
	    consume_3(&pair.responder, pair.message_3, sizeof(pair.message_3), payload), TACIT_OK);
	assert_memory_equal(payload, payload_3, sizeof(payload_3));
	initiator_s = pair.initiator.s_public;
	responder_s = pair.responder.s_public;
	assert_memory_equal(pair.responder.rs.b, initiator_s.b, sizeof(initiator_s.b));
	assert_memory_equal(pair.initiator.rs.b, responder_s.b, sizeof(responder_s.b));
	tacit_noise_xx_split(&pair.initiator, k1, k2);
	tacit_noise_xx_split(&pair.responder, other_k1, other_k2);
	assert_memory_equal(k1, other_k1, sizeof(k1));
	assert_memory_equal(k2, other_k2, sizeof(k2));
	assert_memory_not_equal(k1, k2, sizeof(k1));
	assert_memory_equal(pair.initiator.h, pair.responder.h, TACIT_HASH_LEN);
	/* of the handshake only h is left */
	memset(&nothing, 0, sizeof(nothing));
	nothing.step = TACIT_NOISE_OVER;
	memcpy(nothing.h, pair.initiator.h, TACIT_HASH_LEN);
	assert_memory_equal(&pair.initiator, &nothing, sizeof(nothing));
	assert_memory_equal(&pair.responder, &nothing, sizeof(nothing));
}

static void
payload_may_be_sealed_in_place(void **state)
{
	uint8_t bytes[sizeof(payload_2) + TACIT_TAG_LEN];
	uint8_t tokens[TACIT_NOISE_XX_TOKENS2];
	struct pair pair;

	(void)state;
	start_pair(&pair, 2);
	create_1(&pair);
	assert_int_equal(
	    consume_1(&pair.responder, pair.message_1, sizeof(pair.message_1)), TACIT_OK);
	assert_int_equal(tacit_noise_xx_create2(&pair.responder, tokens), TACIT_OK);
	memcpy(bytes, payload_2, sizeof(payload_2));
	assert_int_equal(
	    tacit_noise_xx_seal_payload(&pair.responder, bytes, sizeof(payload_2), bytes),
	    TACIT_OK);
	assert_int_equal(tacit_noise_xx_consume2(&pair.initiator, tokens), TACIT_OK);
	assert_int_equal(
	    tacit_noise_xx_open_payload(&pair.initiator, bytes, sizeof(bytes), bytes), TACIT_OK);
	assert_memory_equal(bytes, payload_2, sizeof(payload_2));
	assert_memory_equal(pair.initiator.h, pair.responder.h, TACIT_HASH_LEN);
}

/* Nothing authenticates message 1 itself; what is changed in it shows when its sender reads the
 * answer. */
static void
changed_message_1_is_refused_by_its_sender(void **state)
{
	uint8_t message_2[sizeof(((struct pair *)0)->message_2)];
	struct tacit_noise_xx responder;
	struct pair pair;

	(void)state;
	start_pair(&pair, 3);
	create_1(&pair);
	for (size_t bit = 0; bit < 8 * sizeof(pair.message_1); bit++) {
		pair.message_1[bit / 8] ^= (uint8_t)(1 << bit % 8);
		tacit_noise_xx_copy(&responder, &pair.responder);
		assert_int_equal(
		    consume_1(&responder, pair.message_1, sizeof(pair.message_1)), TACIT_OK);
		assert_int_equal(create_2(&responder, message_2), TACIT_OK);
		assert_int_equal(try_2(&pair, message_2, sizeof(message_2)), TACIT_EAUTH);
		pair.message_1[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* a payload that was cut, or grew */
	for (size_t len = TACIT_NOISE_XX_TOKENS1; len < sizeof(pair.message_1); len++) {
		tacit_noise_xx_copy(&responder, &pair.responder);
		assert_int_equal(consume_1(&responder, pair.message_1, len), TACIT_OK);
		assert_int_equal(create_2(&responder, message_2), TACIT_OK);
		assert_int_equal(try_2(&pair, message_2, sizeof(message_2)), TACIT_EAUTH);
	}
	tacit_noise_xx_copy(&responder, &pair.responder);
	assert_int_equal(consume_1(&responder, pair.message_1, sizeof(pair.message_1)), TACIT_OK);
	assert_int_equal(create_2(&responder, message_2), TACIT_OK);
	assert_int_equal(try_2(&pair, message_2, sizeof(message_2)), TACIT_OK);
}

static void
changed_message_2_is_refused(void **state)
{
	struct pair pair;

	(void)state;
	run_to_2(&pair, 4);
	for (size_t bit = 0; bit < 8 * sizeof(pair.message_2); bit++) {
		pair.message_2[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(try_2(&pair, pair.message_2, sizeof(pair.message_2)), TACIT_EAUTH);
		pair.message_2[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = TACIT_NOISE_XX_TOKENS2; len < sizeof(pair.message_2); len++) {
		assert_int_equal(try_2(&pair, pair.message_2, len),
		    len < TACIT_NOISE_XX_TOKENS2 + TACIT_TAG_LEN ? TACIT_EFORMAT : TACIT_EAUTH);
	}
	assert_int_equal(try_2(&pair, pair.message_2, sizeof(pair.message_2)), TACIT_OK);
}

static void
changed_message_3_is_refused(void **state)
{
	struct pair pair;

	(void)state;
	run_to_3(&pair, 5);
	for (size_t bit = 0; bit < 8 * sizeof(pair.message_3); bit++) {
		pair.message_3[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(try_3(&pair, pair.message_3, sizeof(pair.message_3)), TACIT_EAUTH);
		pair.message_3[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = TACIT_NOISE_XX_TOKENS3; len < sizeof(pair.message_3); len++) {
		assert_int_equal(try_3(&pair, pair.message_3, len),
		    len < TACIT_NOISE_XX_TOKENS3 + TACIT_TAG_LEN ? TACIT_EFORMAT : TACIT_EAUTH);
	}
	assert_int_equal(try_3(&pair, pair.message_3, sizeof(pair.message_3)), TACIT_OK);
}

static void
replays_are_refused(void **state)
{
	struct tacit_noise_xx second;
	uint8_t message_2[sizeof(((struct pair *)0)->message_2)], payload[SEALED_MAX];
	struct pair old, new;

	(void)state;
	run_to_3(&old, 6);
	run_to_2(&new, 7);
	assert_int_equal(try_2(&new, old.message_2, sizeof(old.message_2)), TACIT_EAUTH);
	assert_int_equal(try_3(&new, old.message_3, sizeof(old.message_3)), TACIT_EAUTH);
	/* message 1 again, to a responder that draws new keys: the recorded message 3 does not fit */
	tacit_noise_xx_init(&second, false, prologue, sizeof(prologue), &old.random);
	assert_int_equal(consume_1(&second, old.message_1, sizeof(old.message_1)), TACIT_OK);
	assert_int_equal(create_2(&second, message_2), TACIT_OK);
	assert_memory_not_equal(message_2, old.message_2, sizeof(message_2));
	assert_int_equal(
	    consume_3(&second, old.message_3, sizeof(old.message_3), payload), TACIT_EAUTH);
}

static void
reflections_are_refused(void **state)
{
	struct tacit_noise_xx other;
	struct pair pair;

	(void)state;
	/* message 2 that begins with the initiator's own ephemeral key */
	run_to_2(&pair, 8);
	memcpy(pair.message_2, pair.initiator.e_public.b, TACIT_X25519_LEN);
	assert_int_equal(try_2(&pair, pair.message_2, sizeof(pair.message_2)), TACIT_EAUTH);
	/* even made by one who knows the initiator's ephemeral secret, so that all would verify */
	start_pair(&pair, 9);
	create_1(&pair);
	tacit_noise_xx_init_keys(
	    &other, false, prologue, sizeof(prologue), &pair.responder.s, &pair.initiator.e);
	assert_int_equal(consume_1(&other, pair.message_1, sizeof(pair.message_1)), TACIT_EAUTH);
	assert_int_equal(other.step, TACIT_NOISE_OVER);
}

static void
zero_results_are_refused(void **state)
{
	static const uint8_t zeros[TACIT_NOISE_XX_TOKENS2];
	uint8_t message[sizeof(((struct pair *)0)->message_2)];
	struct pair pair;

	(void)state;
	/* ee, seen by the responder, then by the initiator */
	start_pair(&pair, 10);
	create_1(&pair);
	assert_int_equal(tacit_noise_xx_consume1(&pair.responder, zeros, NULL, 0), TACIT_OK);
	assert_int_equal(create_2(&pair.responder, message), TACIT_EAUTH);
	assert_int_equal(try_2(&pair, zeros, sizeof(zeros)), TACIT_EAUTH);
	/* es: a responder that seals a static key of zeros */
	start_pair(&pair, 11);
	memset(&pair.responder.s_public, 0, sizeof(pair.responder.s_public));
	create_1(&pair);
	assert_int_equal(
	    consume_1(&pair.responder, pair.message_1, sizeof(pair.message_1)), TACIT_OK);
	assert_int_equal(create_2(&pair.responder, pair.message_2), TACIT_OK);
	assert_int_equal(tacit_noise_xx_consume2(&pair.initiator, pair.message_2), TACIT_EAUTH);
	/* se: an initiator that does */
	start_pair(&pair, 12);
	memset(&pair.initiator.s_public, 0, sizeof(pair.initiator.s_public));
	create_1(&pair);
	assert_int_equal(
	    consume_1(&pair.responder, pair.message_1, sizeof(pair.message_1)), TACIT_OK);
	assert_int_equal(create_2(&pair.responder, pair.message_2), TACIT_OK);
	assert_int_equal(
	    consume_2(&pair.initiator, pair.message_2, sizeof(pair.message_2), message), TACIT_OK);
	assert_int_equal(create_3(&pair.initiator, pair.message_3), TACIT_OK);
	assert_int_equal(tacit_noise_xx_consume3(&pair.responder, pair.message_3), TACIT_EAUTH);
}

static void
other_prologue_is_refused(void **state)
{
	struct pair pair;

	(void)state;
	start_pair(&pair, 13);
	tacit_noise_xx_init(&pair.responder, false, prologue, sizeof(prologue) - 1, &pair.random);
	create_1(&pair);
	assert_int_equal(
	    consume_1(&pair.responder, pair.message_1, sizeof(pair.message_1)), TACIT_OK);
	assert_int_equal(create_2(&pair.responder, pair.message_2), TACIT_OK);
	assert_int_equal(try_2(&pair, pair.message_2, sizeof(pair.message_2)), TACIT_EAUTH);
}

static void
failed_state_is_wiped_and_stays_dead(void **state)
{
	static const struct tacit_noise_xx dead = {.step = TACIT_NOISE_OVER};
	uint8_t bytes[256];
	struct pair pair;

	(void)state;
	run_to_2(&pair, 14);
	pair.message_2[TACIT_X25519_LEN] ^= 1;
	assert_int_equal(tacit_noise_xx_consume2(&pair.initiator, pair.message_2), TACIT_EAUTH);
	assert_memory_equal(&pair.initiator, &dead, sizeof(dead));
	assert_int_equal(tacit_noise_xx_create1(&pair.initiator, NULL, 0, bytes), TACIT_EAUTH);
	assert_int_equal(consume_1(&pair.initiator, pair.message_1, 32), TACIT_EAUTH);
	assert_int_equal(tacit_noise_xx_create2(&pair.initiator, bytes), TACIT_EAUTH);
	pair.message_2[TACIT_X25519_LEN] ^= 1;
	assert_int_equal(tacit_noise_xx_consume2(&pair.initiator, pair.message_2), TACIT_EAUTH);
	assert_int_equal(tacit_noise_xx_create3(&pair.initiator, bytes), TACIT_EAUTH);
	assert_int_equal(tacit_noise_xx_consume3(&pair.initiator, bytes), TACIT_EAUTH);
	assert_int_equal(
	    tacit_noise_xx_seal_payload(&pair.initiator, bytes, 1, bytes), TACIT_EAUTH);
	assert_int_equal(
	    tacit_noise_xx_open_payload(&pair.initiator, bytes, 20, bytes), TACIT_EAUTH);
	assert_memory_equal(&pair.initiator, &dead, sizeof(dead));
}

static void
no_memory_is_an_error(void **state)
{
	uint8_t bytes[256];
	struct pair pair;

	(void)state;
	run_to_3(&pair, 15);
	tacit_alloc_fail_at(1);
	assert_int_equal(try_3(&pair, pair.message_3, sizeof(pair.message_3)), TACIT_ENOMEM);
	tacit_alloc_fail_at(2);
	assert_int_equal(try_3(&pair, pair.message_3, sizeof(pair.message_3)), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(try_3(&pair, pair.message_3, sizeof(pair.message_3)), TACIT_OK);
	start_pair(&pair, 16);
	create_1(&pair);
	assert_int_equal(
	    consume_1(&pair.responder, pair.message_1, sizeof(pair.message_1)), TACIT_OK);
	tacit_alloc_fail_at(1);
	assert_int_equal(create_2(&pair.responder, bytes), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(create_2(&pair.responder, bytes), TACIT_EAUTH);
}

static int
start(void **state)
{
	(void)state;
	return tacit_crypto_start() == TACIT_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_ends_agree),
	    cmocka_unit_test(payload_may_be_sealed_in_place),
	    cmocka_unit_test(changed_message_1_is_refused_by_its_sender),
	    cmocka_unit_test(changed_message_2_is_refused),
	    cmocka_unit_test(changed_message_3_is_refused),
	    cmocka_unit_test(replays_are_refused),
	    cmocka_unit_test(reflections_are_refused),
	    cmocka_unit_test(zero_results_are_refused),
	    cmocka_unit_test(other_prologue_is_refused),
	    cmocka_unit_test(failed_state_is_wiped_and_stays_dead),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
