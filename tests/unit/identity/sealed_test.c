/* Identity files as bytes (FORMAT.md 1): vectors, every cut, every flipped bit, every bound */
#include "support/damage.h"
#include "support/identity.h"
#include "support/vectors.h"

#include "base/memory.h"
#include "identity/sealed.h"

static const struct tacit_argon2id least = {
    .passes = TACIT_KDF_PASSES_MIN, .kib = TACIT_KDF_KIB_MIN};
static const struct tacit_sealed_passphrase right = {"right", 5}, wrong = {"wrong", 5},
					    none = {NULL, 0};

/* an identity and its file */
struct made {
	struct counting counting;
	struct tacit_identity identity;
	uint8_t bytes[TACIT_SEALED_IDENTITY_LEN_MAX];
	size_t len;
};

static void
make(struct made *made, unsigned changes, const struct tacit_sealed_passphrase *passphrase)
{
	counting_init(&made->counting, 0);
	counting_identity(&made->counting, changes, &made->identity);
	assert_int_equal(
	    tacit_identity_seal(&made->identity, passphrase, &least, made->bytes, &made->len),
	    TACIT_OK);
}

static void
made_fini(struct made *made)
{
	counting_fini(&made->counting);
}

static tacit_err
unseal(struct made *made, const uint8_t *bytes, size_t len,
    const struct tacit_sealed_passphrase *passphrase, const char **ret_flaw)
{
	struct tacit_identity identity;
	tacit_err err;

	*ret_flaw = NULL;
	err = tacit_identity_unseal(
	    made->counting.vault, bytes, len, passphrase, &identity, ret_flaw);
	if (err == TACIT_OK)
		tacit_identity_fini(&identity);
	else
		assert_non_null(*ret_flaw);
	return err;
}

static void
assert_flaw(struct made *made, const struct tacit_sealed_passphrase *passphrase, tacit_err err,
    const char *text)
{
	const char *flaw;

	assert_int_equal(unseal(made, made->bytes, made->len, passphrase, &flaw), err);
	assert_non_null(strstr(flaw, text));
}

/* both ways: our file is the vector, byte for byte, and the vector opens */
static void
check_vector(const struct vectors *v)
{
	const char *passphrase = vectors_find(v, "passphrase");
	const struct tacit_sealed_passphrase opening = {
	    passphrase, passphrase != NULL ? strlen(passphrase) : 0};
	const struct tacit_argon2id cost = {.passes = (uint32_t)atoi(vectors_text(v, "passes")),
	    .kib = (uint32_t)atoi(vectors_text(v, "kib"))};
	uint8_t expected[TACIT_SEALED_IDENTITY_LEN_MAX], bytes[TACIT_SEALED_IDENTITY_LEN_MAX];
	size_t expected_len = vectors_hex(v, "file", expected, sizeof(expected)), len;
	struct tacit_identity identity, found;
	char text[TACIT_IDENTIFIER_TEXT_LEN];
	struct counting counting;
	const char *flaw = "";

	counting_init(&counting, 0);
	counting_identity(&counting, (unsigned)atoi(vectors_text(v, "changes")), &identity);
	assert_int_equal(tacit_identity_seal(&identity, &opening, &cost, bytes, &len), TACIT_OK);
	assert_int_equal(len, expected_len);
	assert_memory_equal(bytes, expected, len);
	assert_int_equal(
	    tacit_identity_unseal(counting.vault, expected, expected_len, &opening, &found, &flaw),
	    TACIT_OK);
	tacit_identifier_format(&found.identifier, text);
	assert_string_equal(text, vectors_text(v, "identifier"));
	assert_memory_equal(&found.history, &identity.history, sizeof(found.history));
	counting_fini(&counting);
}

static void
vectors_hold(void **state)
{
	unsigned count = 0;
	struct vectors v;

	(void)state;
	vectors_open(&v, "identity-file.txt");
	for (; vectors_next(&v); count++)
		check_vector(&v);
	vectors_close(&v);
	assert_int_equal(count, 5);
}

static void
what_comes_back_proves_the_same(void **state)
{
	static const uint8_t h[TACIT_HASH_LEN] = {1};
	struct tacit_ed25519_signature a, b;
	struct tacit_identity identity;
	const char *flaw = "";
	struct made made;

	(void)state;
	make(&made, 3, &right);
	assert_int_equal(tacit_identity_unseal(
			     made.counting.vault, made.bytes, made.len, &right, &identity, &flaw),
	    TACIT_OK);
	assert_int_equal(tacit_identity_prove(&identity, TACIT_ROLE_INITIATOR, h, &a), TACIT_OK);
	assert_int_equal(
	    tacit_identity_prove(&made.identity, TACIT_ROLE_INITIATOR, h, &b), TACIT_OK);
	assert_memory_equal(&a, &b, sizeof(a));
	made_fini(&made);
}

/* the longest file is as long as the limit says */
static void
the_longest_history_fits(void **state)
{
	struct tacit_sealed_header header;
	const char *flaw = "";
	struct made made;

	(void)state;
	make(&made, TACIT_HISTORY_CHANGES_MAX, &none);
	assert_int_equal(made.len, TACIT_SEALED_IDENTITY_LEN_MAX);
	assert_int_equal(tacit_identity_peek(made.bytes, made.len, &header, &flaw), TACIT_OK);
	assert_int_equal(header.history.count, TACIT_HISTORY_CHANGES_MAX);
	assert_false(header.has_passphrase);
	made_fini(&made);
}

static void
passphrases_are_told_apart(void **state)
{
	struct made made;
	const char *flaw;

	(void)state;
	make(&made, 1, &right);
	assert_int_equal(unseal(&made, made.bytes, made.len, &right, &flaw), TACIT_OK);
	assert_flaw(&made, &wrong, TACIT_EAUTH, "wrong passphrase, or the file is damaged");
	assert_flaw(&made, &none, TACIT_EINVAL, "none was given");
	made_fini(&made);
	make(&made, 1, &none);
	assert_int_equal(unseal(&made, made.bytes, made.len, &none, &flaw), TACIT_OK);
	assert_flaw(&made, &right, TACIT_EINVAL, "has no passphrase");
	made_fini(&made);
}

/* each file has a salt, and so a key, of its own: the cipher's counter is always 0 */
static void
sealing_twice_is_not_the_same(void **state)
{
	uint8_t bytes[TACIT_SEALED_IDENTITY_LEN_MAX];
	struct made made;
	size_t len;

	(void)state;
	make(&made, 1, &right);
	assert_int_equal(
	    tacit_identity_seal(&made.identity, &right, &least, bytes, &len), TACIT_OK);
	assert_int_equal(len, made.len);
	assert_memory_not_equal(bytes + 18, made.bytes + 18, TACIT_ARGON2ID_SALT_LEN);
	assert_memory_not_equal(
	    bytes + len - TACIT_SEALED_LEN, made.bytes + len - TACIT_SEALED_LEN, TACIT_ED25519_LEN);
	made_fini(&made);
}

struct damaging {
	struct made made;
	const struct tacit_sealed_passphrase *passphrase;
};

static void
refused(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct damaging *damaging = arg;
	struct tacit_sealed_header header;
	const char *flaw = NULL;

	/* these may take a second each; the seal covers them as it does their neighbours */
	if (kind == DAMAGE_FLIPPED && index / 8 >= 10 && index / 8 < 18 &&
	    tacit_identity_peek(bytes, len, &header, &flaw) == TACIT_OK &&
	    header.cost.passes * (header.cost.kib >> 10) > 64)
		return;
	if (unseal(&damaging->made, bytes, len, damaging->passphrase, &flaw) == TACIT_OK)
		fail_msg("%s %zu was accepted", kind == DAMAGE_FLIPPED ? "bit" : "length", index);
}

static void
every_cut_and_every_bit_is_refused(void **state)
{
	struct damaging damaging;

	(void)state;
	damaging.passphrase = &right;
	make(&damaging.made, 1, &right);
	damage_each(damaging.made.bytes, damaging.made.len, refused, &damaging);
	made_fini(&damaging.made);
	damaging.passphrase = &none;
	make(&damaging.made, 2, &none);
	damage_each(damaging.made.bytes, damaging.made.len, refused, &damaging);
	made_fini(&damaging.made);
}

static void
cut_short(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_sealed_header header;
	const char *flaw = NULL;

	(void)arg;
	if (kind == DAMAGE_FLIPPED)
		return;
	if (tacit_identity_peek(bytes, len, &header, &flaw) != TACIT_EFORMAT)
		fail_msg("length %zu", index);
	assert_non_null(strstr(flaw, index < 8 ? "not an identity file" : "cut short"));
}

static void
files_that_are_something_else(void **state)
{
	struct made made;

	(void)state;
	make(&made, 1, &right);
	damage_each(made.bytes, made.len, cut_short, NULL);
	made.bytes[made.len++] = 0;
	assert_flaw(&made, &right, TACIT_EFORMAT, "cut short");
	made.len--;
	made.bytes[8] = 2;
	assert_flaw(&made, &right, TACIT_EUNSUPPORTED, "another version");
	made.bytes[8] = 1;
	made.bytes[9] = 2;
	assert_flaw(&made, &right, TACIT_EFORMAT, "damaged");
	made.bytes[9] = 1;
	made.bytes[0] = 'T';
	assert_flaw(&made, &right, TACIT_EFORMAT, "not an identity file");
	made_fini(&made);
}

static void
set_cost(struct made *made, uint32_t passes, uint32_t kib)
{
	struct tacit_writer w;

	tacit_writer_init(&w, made->bytes + 10, 8);
	tacit_writer_be32(&w, passes);
	tacit_writer_be32(&w, kib);
}

/* judged before anything is allocated or waited for; the allowed ones fail by the seal */
static void
no_file_chooses_what_it_costs_us(void **state)
{
	static const uint32_t refused_costs[][2] = {{0, TACIT_KDF_KIB_MIN},
	    {TACIT_KDF_PASSES_MAX + 1, TACIT_KDF_KIB_MIN}, {1, TACIT_KDF_KIB_MIN - 1},
	    {1, TACIT_KDF_KIB_MAX + 1}, {UINT32_MAX, UINT32_MAX}, {1, 0}, {0, 0}};
	struct made made;

	(void)state;
	make(&made, 1, &right);
	for (size_t i = 0; i < sizeof(refused_costs) / sizeof(refused_costs[0]); i++) {
		set_cost(&made, refused_costs[i][0], refused_costs[i][1]);
		assert_flaw(&made, &right, TACIT_ELIMIT, "more or less memory and time");
	}
	set_cost(&made, TACIT_KDF_PASSES_MAX, TACIT_KDF_KIB_MIN);
	assert_flaw(&made, &right, TACIT_EAUTH, "wrong passphrase");
	set_cost(&made, 1, TACIT_KDF_KIB_MIN + 1);
	assert_flaw(&made, &right, TACIT_EAUTH, "wrong passphrase");
	made_fini(&made);
	/* without a passphrase there is nothing to choose */
	make(&made, 1, &none);
	set_cost(&made, 1, 0);
	assert_flaw(&made, &none, TACIT_ELIMIT, "more or less");
	set_cost(&made, 0, 0);
	made.bytes[18] = 1;
	assert_flaw(&made, &none, TACIT_ELIMIT, "more or less");
	made_fini(&made);
}

/* sealed properly, by somebody who has another key than the history's last */
static void
the_key_must_be_the_historys(void **state)
{
	struct tacit_identity odd;
	struct tacit_ed25519_public public;
	struct made made;

	(void)state;
	make(&made, 2, &right);
	odd = made.identity;
	assert_int_equal(tacit_vault_generate(made.counting.vault, &odd.key, &public), TACIT_OK);
	assert_int_equal(
	    tacit_identity_seal(&odd, &right, &least, made.bytes, &made.len), TACIT_OK);
	assert_flaw(&made, &right, TACIT_EAUTH, "damaged");
	/* and a history whose signatures are another's is refused before the passphrase counts */
	odd = made.identity;
	odd.history.changes[1].previous.b[0] ^= 1;
	assert_int_equal(
	    tacit_identity_seal(&odd, &right, &least, made.bytes, &made.len), TACIT_OK);
	assert_flaw(&made, &right, TACIT_EAUTH, "signature in its history");
	assert_flaw(&made, &none, TACIT_EAUTH, "signature in its history");
	made_fini(&made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_hold),
	    cmocka_unit_test(what_comes_back_proves_the_same),
	    cmocka_unit_test(the_longest_history_fits),
	    cmocka_unit_test(passphrases_are_told_apart),
	    cmocka_unit_test(sealing_twice_is_not_the_same),
	    cmocka_unit_test(every_cut_and_every_bit_is_refused),
	    cmocka_unit_test(files_that_are_something_else),
	    cmocka_unit_test(no_file_chooses_what_it_costs_us),
	    cmocka_unit_test(the_key_must_be_the_historys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
