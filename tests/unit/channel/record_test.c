/*
 * Records (PROTOCOL.md 5.6, 6.1): header, keys by label, associated data, nonce.  What a record is
 * made of is put together here once more, from the specification and the crypto room alone.
 */
#include "support/damage.h"
#include "support/unit.h"

#include "base/limits.h"
#include "channel/record.h"
#include "crypto/random.h"

static const uint8_t split_key[32] = {1, 2, 3};
static const uint8_t h[32] = {4, 5, 6};
static const uint8_t body[] = "forty-two bytes of a body that is no more";

static void
keys_init(struct tacit_record_keys *keys, bool from_initiator)
{
	assert_int_equal(tacit_crypto_start(), TACIT_OK);
	assert_int_equal(tacit_record_keys_init(keys, split_key, h, from_initiator), TACIT_OK);
}

static void
parse(const uint8_t *bytes, size_t len, struct tacit_record *ret)
{
	struct tacit_reader r;

	tacit_reader_init(&r, bytes, len);
	tacit_record_next(&r, ret);
	assert_true(tacit_reader_done(&r));
}

/* seals by the specification */
static void
seal_by_hand(const char *label, uint8_t direction, const uint8_t header[16], const uint8_t *plain,
    size_t len, uint8_t *ret)
{
	uint8_t key[32], aad[32 + 1 + 16];
	struct tacit_aead *aead;
	uint64_t sequence = 0;

	tacit_hkdf_expand(key, 32, split_key, (const uint8_t *)label, strlen(label));
	assert_int_equal(tacit_aead_new(key, &aead), TACIT_OK);
	memcpy(aad, h, 32);
	aad[32] = direction;
	memcpy(aad + 33, header, 16);
	for (int i = 0; i < 8; i++)
		sequence = sequence << 8 | header[6 + i];
	assert_int_equal(
	    tacit_aead_seal(aead, sequence, aad, sizeof(aad), plain, len, ret), TACIT_OK);
	tacit_aead_free(aead);
}

static void
check_bytes(bool from_initiator, enum tacit_record_type type, uint64_t sequence, size_t len)
{
	struct tacit_record_keys keys;
	uint8_t record[TACIT_RECORD_OVERHEAD + sizeof(body)], sealed[sizeof(body) + 16];
	uint8_t header[16] = {1, (uint8_t)type};

	for (int i = 0; i < 8; i++)
		header[6 + i] = (uint8_t)(sequence >> (56 - 8 * i));
	header[15] = (uint8_t)(len + 16);
	keys_init(&keys, from_initiator);
	assert_int_equal(tacit_record_seal(&keys, type, sequence, body, len, record), TACIT_OK);
	assert_memory_equal(record, header, 16);
	seal_by_hand(type == TACIT_RECORD_DATA ? "tacit.v1.data" : "tacit.v1.control",
	    from_initiator ? 1 : 2, header, body, len, sealed);
	assert_memory_equal(record + 16, sealed, len + 16);
	tacit_record_keys_fini(&keys);
}

static void
test_bytes(void **state)
{
	(void)state;
	for (int direction = 0; direction < 2; direction++) {
		check_bytes(direction, TACIT_RECORD_DATA, 0, sizeof(body));
		check_bytes(direction, TACIT_RECORD_CONTROL, 0, sizeof(body));
		check_bytes(direction, TACIT_RECORD_DATA, 0x0102030405060708, 1);
		check_bytes(direction, TACIT_RECORD_CONTROL, UINT64_MAX, 0);
	}
}

struct opening {
	struct tacit_record_keys keys;
	unsigned opened;
};

static void
open_damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct opening *opening = arg;
	uint8_t plain[TACIT_RECORD_OVERHEAD + sizeof(body)];
	struct tacit_record record;
	struct tacit_reader r;

	(void)kind;
	(void)index;
	tacit_reader_init(&r, bytes, len);
	tacit_record_next(&r, &record);
	if (!r.bad && tacit_record_open(&opening->keys, &record, plain) == TACIT_OK)
		opening->opened++;
}

static void
test_damaged(void **state)
{
	struct opening opening = {.opened = 0};
	uint8_t bytes[TACIT_RECORD_OVERHEAD + sizeof(body)];

	(void)state;
	keys_init(&opening.keys, true);
	for (int type = 1; type <= 2; type++) {
		assert_int_equal(tacit_record_seal(&opening.keys, (enum tacit_record_type)type, 5,
				     body, sizeof(body), bytes),
		    TACIT_OK);
		damage_each(bytes, sizeof(bytes), open_damaged, &opening);
	}
	assert_int_equal(opening.opened, 0);
	open_damaged(&opening, DAMAGE_FLIPPED, 0, bytes, sizeof(bytes));
	assert_int_equal(opening.opened, 1);
	tacit_record_keys_fini(&opening.keys);
}

/* the other direction, another h, another split key, the other type: none opens it */
static void
test_wrong_keys(void **state)
{
	const uint8_t other[32] = {9};
	struct tacit_record_keys keys, wrong[3];
	uint8_t bytes[TACIT_RECORD_OVERHEAD + sizeof(body)], plain[sizeof(body)];
	struct tacit_record record;

	(void)state;
	keys_init(&keys, true);
	keys_init(&wrong[0], false);
	assert_int_equal(tacit_record_keys_init(&wrong[1], split_key, other, true), TACIT_OK);
	assert_int_equal(tacit_record_keys_init(&wrong[2], other, h, true), TACIT_OK);
	assert_int_equal(
	    tacit_record_seal(&keys, TACIT_RECORD_DATA, 5, body, sizeof(body), bytes), TACIT_OK);
	parse(bytes, sizeof(bytes), &record);
	assert_int_equal(record.sequence, 5);
	assert_int_equal(tacit_record_open(&keys, &record, plain), TACIT_OK);
	assert_memory_equal(plain, body, sizeof(body));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tacit_record_open(&wrong[i], &record, plain), TACIT_EAUTH);
		tacit_record_keys_fini(&wrong[i]);
	}
	record.type = TACIT_RECORD_CONTROL;
	assert_int_equal(tacit_record_open(&keys, &record, plain), TACIT_EAUTH);
	tacit_record_keys_fini(&keys);
}

/* sealed by the right key, and still not ours to read (PROTOCOL.md 7.1) */
static void
test_other_versions_and_epochs(void **state)
{
	static const uint8_t headers[][16] = {{2, 1, [15] = 17}, {0, 1, [15] = 17},
	    {1, 1, [5] = 1, [15] = 17}, {1, 1, [2] = 0x80, [15] = 17}, {1, 3, [15] = 17},
	    {1, 0, [15] = 17}};
	static const uint8_t good[16] = {1, 1, [15] = 17};
	struct tacit_record_keys keys;
	struct tacit_record record;
	uint8_t bytes[33], plain[1];

	(void)state;
	keys_init(&keys, true);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		memcpy(bytes, headers[i], 16);
		seal_by_hand(headers[i][1] == 1 ? "tacit.v1.data" : "tacit.v1.control", 1,
		    headers[i], body, 1, bytes + 16);
		parse(bytes, sizeof(bytes), &record);
		assert_int_equal(tacit_record_open(&keys, &record, plain), TACIT_EAUTH);
	}
	memcpy(bytes, good, 16);
	seal_by_hand("tacit.v1.data", 1, good, body, 1, bytes + 16);
	parse(bytes, sizeof(bytes), &record);
	assert_int_equal(tacit_record_open(&keys, &record, plain), TACIT_OK);
	tacit_record_keys_fini(&keys);
}

static void
test_key_is_used_up(void **state)
{
	struct tacit_record_keys keys;
	uint8_t bytes[TACIT_RECORD_OVERHEAD + sizeof(body)];
	uint64_t sequence = 0, before;

	(void)state;
	keys_init(&keys, true);
	keys.blocks = TACIT_KEY_BLOCKS_MAX - 100;
	while (tacit_record_seal(&keys, TACIT_RECORD_DATA, sequence, body, 16, bytes) == TACIT_OK)
		sequence++;
	/* 1 block of body, 1 that may be begun, 1 for the tag, 3 and a part of associated data */
	assert_in_range(sequence, 100 / 7, 100 / 6);
	before = keys.blocks;
	assert_int_equal(
	    tacit_record_seal(&keys, TACIT_RECORD_CONTROL, 0, body, sizeof(body), bytes),
	    TACIT_ELIMIT);
	assert_true(keys.blocks == before);
	tacit_record_keys_fini(&keys);
}

static void
test_cut_records(void **state)
{
	uint8_t bytes[16 + 20] = {1, 1, [15] = 20};
	struct tacit_record record;
	struct tacit_reader r;

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		tacit_reader_init(&r, bytes, len);
		tacit_record_next(&r, &record);
		assert_int_equal(r.bad, len < sizeof(bytes));
	}
	assert_int_equal(record.sealed_len, 20);
	assert_ptr_equal(record.sealed, bytes + 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_wrong_keys),
	    cmocka_unit_test(test_other_versions_and_epochs),
	    cmocka_unit_test(test_key_is_used_up),
	    cmocka_unit_test(test_cut_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
