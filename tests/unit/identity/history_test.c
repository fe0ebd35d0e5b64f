#include "support/damage.h"
#include "support/identity.h"
#include "support/vectors.h"

#define ENCODED_MAX 2048

static void
encode(const struct tacit_history *history, uint8_t *ret, size_t *ret_len)
{
	struct tacit_writer w;

	tacit_writer_init(&w, ret, ENCODED_MAX);
	tacit_history_encode(&w, history);
	assert_false(w.bad);
	assert_int_equal(w.len, tacit_history_encoded_len(history));
	*ret_len = w.len;
}

/* decodes and verifies all of bytes */
static tacit_err
judge(const uint8_t *bytes, size_t len, struct tacit_history *ret)
{
	struct tacit_reader r;

	tacit_reader_init(&r, bytes, len);
	tacit_history_decode(&r, ret);
	if (!tacit_reader_done(&r))
		return TACIT_EFORMAT;
	return tacit_history_verify(ret);
}

static void
vectors_hold(void **state)
{
	uint8_t expected[ENCODED_MAX], encoded[ENCODED_MAX], id[TACIT_HASH_LEN];
	char text[TACIT_IDENTIFIER_TEXT_LEN];
	struct tacit_identity identity;
	struct tacit_history decoded;
	struct counting counting;
	unsigned count = 0;
	struct vectors v;
	size_t len;

	(void)state;
	vectors_open(&v, "identity.txt");
	for (; vectors_next(&v); count++) {
		counting_init(&counting, 0);
		counting_identity(
		    &counting, (unsigned)atoi(vectors_text(&v, "changes")), &identity);
		encode(&identity.history, encoded, &len);
		assert_int_equal(vectors_hex(&v, "history", expected, sizeof(expected)), len);
		assert_memory_equal(encoded, expected, len);
		assert_int_equal(judge(expected, len, &decoded), TACIT_OK);
		assert_memory_equal(&decoded, &identity.history, sizeof(decoded));
		tacit_history_change_id(&decoded, decoded.count - 1u, id);
		vectors_exact(&v, "change_id", expected, sizeof(id));
		assert_memory_equal(id, expected, sizeof(id));
		tacit_identifier_format(&identity.identifier, text);
		assert_string_equal(text, vectors_text(&v, "identifier"));
		counting_fini(&counting);
	}
	vectors_close(&v);
	assert_int_equal(count, 4);
}

static void
refused(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_history history;
	static const struct tacit_history empty;
	tacit_err err = judge(bytes, len, &history);

	(void)arg;
	if (err == TACIT_OK)
		fail_msg("accepted with damage %d at %zu", (int)kind, index);
	if (kind == DAMAGE_TRUNCATED) {
		assert_int_equal(err, TACIT_EFORMAT);
		assert_memory_equal(&history, &empty, sizeof(empty));
	}
}

static void
every_changed_bit_and_cut_is_refused(void **state)
{
	struct tacit_identity identity;
	struct tacit_history decoded;
	uint8_t encoded[ENCODED_MAX];
	struct counting counting;
	size_t len;

	(void)state;
	for (unsigned changes = 1; changes <= 3; changes++) {
		counting_init(&counting, 0);
		counting_identity(&counting, changes, &identity);
		encode(&identity.history, encoded, &len);
		assert_int_equal(judge(encoded, len, &decoded), TACIT_OK);
		damage_each(encoded, len, refused, NULL);
		/* and one byte more than there should be */
		encoded[len] = 0;
		assert_int_equal(judge(encoded, len + 1, &decoded), TACIT_EFORMAT);
		counting_fini(&counting);
	}
}

static void
counts_out_of_range_are_refused(void **state)
{
	struct tacit_identity identity;
	struct tacit_history history;
	uint8_t encoded[ENCODED_MAX] = {0};
	struct counting counting;
	size_t len;

	(void)state;
	assert_int_equal(judge(encoded, 1, &history), TACIT_EFORMAT);
	counting_init(&counting, 0);
	counting_identity(&counting, TACIT_HISTORY_CHANGES_MAX, &identity);
	encode(&identity.history, encoded, &len);
	assert_int_equal(judge(encoded, len, &history), TACIT_OK);
	/* a ninth change, of the right form */
	memcpy(encoded + len, encoded + len - 161, 161);
	encoded[0]++;
	assert_int_equal(judge(encoded, len + 161, &history), TACIT_EFORMAT);
	memset(&history, 0, sizeof(history));
	assert_int_equal(tacit_history_verify(&history), TACIT_EAUTH);
	history = identity.history;
	history.count = TACIT_HISTORY_CHANGES_MAX + 1;
	assert_int_equal(tacit_history_verify(&history), TACIT_EAUTH);
	counting_fini(&counting);
}

static void
reordered_and_gapped_histories_are_refused(void **state)
{
	struct tacit_identity identity;
	struct tacit_history good, bad;
	struct tacit_change change;
	struct counting counting;

	(void)state;
	counting_init(&counting, 0);
	counting_identity(&counting, 4, &identity);
	good = identity.history;
	assert_int_equal(tacit_history_verify(&good), TACIT_OK);
	for (size_t i = 0; i < good.count; i++) {
		for (size_t j = i + 1; j < good.count; j++) {
			bad = good;
			change = bad.changes[i];
			bad.changes[i] = bad.changes[j];
			bad.changes[j] = change;
			assert_int_equal(tacit_history_verify(&bad), TACIT_EAUTH);
		}
	}
	/* without its creation, or one from the middle; the same one twice */
	for (size_t i = 0; i + 1 < good.count; i++) {
		bad = good;
		memmove(&bad.changes[i], &bad.changes[i + 1],
		    (good.count - i - 1) * sizeof(bad.changes[0]));
		bad.count--;
		assert_int_equal(tacit_history_verify(&bad), TACIT_EAUTH);
	}
	bad = good;
	bad.changes[bad.count] = bad.changes[bad.count - 1];
	bad.count++;
	assert_int_equal(tacit_history_verify(&bad), TACIT_EAUTH);
	/* a rotation that calls itself a creation */
	bad = good;
	bad.changes[1].type = TACIT_CHANGE_CREATE;
	assert_int_equal(tacit_history_verify(&bad), TACIT_EAUTH);
	bad = good;
	bad.changes[0].type = TACIT_CHANGE_ROTATE;
	assert_int_equal(tacit_history_verify(&bad), TACIT_EAUTH);
	counting_fini(&counting);
}

/* two rotations after the same change, each right by itself: their parts do not mix */
static void
forks_do_not_mix(void **state)
{
	struct counting one, other;
	struct tacit_identity a, b;
	struct tacit_history mixed;

	(void)state;
	counting_init(&one, 0);
	counting_identity(&one, 2, &a);
	counting_init(&other, 0);
	counting_identity(&other, 1, &b);
	other.next = 200;
	while (b.history.count < 3)
		assert_int_equal(tacit_identity_rotate(&b), TACIT_OK);
	assert_true(tacit_identifier_equal(&a.identifier, &b.identifier));
	assert_int_equal(tacit_history_verify(&a.history), TACIT_OK);
	assert_int_equal(tacit_history_verify(&b.history), TACIT_OK);
	mixed = a.history;
	mixed.changes[2] = b.history.changes[2];
	mixed.count = 3;
	assert_int_equal(tacit_history_verify(&mixed), TACIT_EAUTH);
	/* a key put in by one who holds the new key, and not the one before */
	mixed = a.history;
	mixed.changes[1].key = b.history.changes[1].key;
	mixed.changes[1].self = b.history.changes[1].self;
	assert_int_equal(tacit_history_verify(&mixed), TACIT_EAUTH);
	/* or holds the one before, and not the new key */
	mixed = b.history;
	mixed.changes[1].self = mixed.changes[1].previous;
	assert_int_equal(tacit_history_verify(&mixed), TACIT_EAUTH);
	counting_fini(&one);
	counting_fini(&other);
}

static void
identifiers_are_text_and_back(void **state)
{
	static const char good[] =
	    "P00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const char *const bad[] = {
	    "",
	    "P",
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	    "p00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	    "P00112233445566778899aabbccddeeff00112233445566778899aabbccddeef",
	    "P00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
	    "P00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg",
	    " P00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	};
	struct tacit_identifier identifier, other;
	char text[TACIT_IDENTIFIER_TEXT_LEN];

	(void)state;
	assert_int_equal(tacit_identifier_parse(good, &identifier), TACIT_OK);
	assert_int_equal(identifier.b[1], 0x11);
	tacit_identifier_format(&identifier, text);
	assert_string_equal(text, good);
	other = identifier;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tacit_identifier_parse(bad[i], &other), TACIT_EFORMAT);
	assert_true(tacit_identifier_equal(&identifier, &other));
	for (size_t bit = 0; bit < 8 * sizeof(other.b); bit++) {
		other.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(tacit_identifier_equal(&identifier, &other));
		other.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_hold),
	    cmocka_unit_test(every_changed_bit_and_cut_is_refused),
	    cmocka_unit_test(counts_out_of_range_are_refused),
	    cmocka_unit_test(reordered_and_gapped_histories_are_refused),
	    cmocka_unit_test(forks_do_not_mix),
	    cmocka_unit_test(identifiers_are_text_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
