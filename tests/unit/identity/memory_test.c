/* What is remembered of others: which histories pass, and its text (FORMAT.md 2) */
#include "support/damage.h"
#include "support/identity.h"

#include "base/memory.h"
#include "identity/memory.h"

static const struct tacit_identifier own = {{1}}, other = {{2}};

/* two parties; what a has now, what it had before its two rotations, and what else it could have
 * become; only histories and identifiers of the older ones are good for anything */
struct cast {
	struct counting counting;
	struct tacit_identity a, a1, a2, fork, b;
};

static void
setup(struct cast *cast)
{
	/* seeds count, so that an identity can be made again and rotated otherwise */
	counting_init(&cast->counting, 0);
	counting_identity(&cast->counting, 1, &cast->fork);
	cast->a1 = cast->fork;
	cast->counting.next = 200;
	assert_int_equal(tacit_identity_rotate(&cast->fork), TACIT_OK);
	cast->counting.next = 0;
	counting_identity(&cast->counting, 2, &cast->a);
	cast->a2 = cast->a;
	assert_int_equal(tacit_identity_rotate(&cast->a), TACIT_OK);
	cast->counting.next = 100;
	counting_identity(&cast->counting, 1, &cast->b);
	assert_true(tacit_identifier_equal(&cast->a.identifier, &cast->fork.identifier));
	assert_false(tacit_identifier_equal(&cast->a.identifier, &cast->b.identifier));
}

static void
teardown(struct cast *cast)
{
	counting_fini(&cast->counting);
}

/* judges, and learns if it is allowed and news; text must then be in the reason, or NULL */
static void
meet(struct tacit_memory *memory, const struct tacit_identifier *as,
    const struct tacit_identity *peer, const char *label, const char *text)
{
	const struct tacit_claim claim = {as, &peer->identifier, &peer->history};
	const struct tacit_recall recall = {&claim, label, false};
	struct tacit_reason reason = {""};
	bool news = false;
	tacit_err err = tacit_memory_judge(memory, &recall, &news, &reason);

	if (text != NULL) {
		assert_int_equal(err, TACIT_EUNTRUSTED);
		assert_non_null(strstr(reason.text, text));
		return;
	}
	assert_int_equal(err, TACIT_OK);
	if (!news)
		return;
	assert_int_equal(tacit_memory_learn(memory, &recall), TACIT_OK);
	assert_int_equal(tacit_memory_judge(memory, &recall, &news, &reason), TACIT_OK);
	assert_false(news);
}

static void
the_longest_history_counts(void **state)
{
	struct tacit_memory memory = {.history_count = 0};
	struct cast cast;

	(void)state;
	setup(&cast);
	meet(&memory, &own, &cast.a1, NULL, NULL);
	meet(&memory, &own, &cast.b, NULL, NULL);
	meet(&memory, &own, &cast.a1, NULL, NULL);
	meet(&memory, &own, &cast.a2, NULL, NULL);
	meet(&memory, &own, &cast.a1, NULL, "with an old key: it shows 1 of the 2 keys");
	meet(&memory, &other, &cast.a1, NULL, "with an old key");
	meet(&memory, &own, &cast.a2, NULL, NULL);
	meet(&memory, &own, &cast.fork, NULL, "forks");
	meet(&memory, &own, &cast.a, NULL, NULL);
	meet(&memory, &own, &cast.a2, NULL, "2 of the 3 keys");
	meet(&memory, &own, &cast.fork, NULL, "with an old key");
	meet(&memory, &own, &cast.b, NULL, NULL);
	assert_int_equal(memory.history_count, 2);
	tacit_memory_fini(&memory);
	/* two rotations at once, which only a copied key can make */
	meet(&memory, &own, &cast.fork, NULL, NULL);
	meet(&memory, &own, &cast.a, NULL, "forks");
	tacit_memory_fini(&memory);
	teardown(&cast);
}

static void
the_first_one_counts(void **state)
{
	struct tacit_memory memory = {.history_count = 0};
	char a[TACIT_IDENTIFIER_TEXT_LEN], b[TACIT_IDENTIFIER_TEXT_LEN];
	struct cast cast;

	(void)state;
	setup(&cast);
	tacit_identifier_format(&cast.a.identifier, a);
	tacit_identifier_format(&cast.b.identifier, b);
	meet(&memory, &own, &cast.a1, "bob", NULL);
	meet(&memory, &own, &cast.a, "bob", NULL);
	meet(&memory, &own, &cast.b, "bob", a);
	meet(&memory, &own, &cast.b, "bob", b);
	meet(&memory, &own, &cast.a1, "bob", "old key");
	/* another label, and another of our own */
	meet(&memory, &own, &cast.b, "bo", NULL);
	meet(&memory, &other, &cast.b, "bob", NULL);
	meet(&memory, &other, &cast.a, "bob", a);
	meet(&memory, &other, &cast.a, "bob", b);
	assert_int_equal(memory.first_count, 3);
	assert_int_equal(memory.history_count, 2);
	tacit_memory_fini(&memory);
	teardown(&cast);
}

/* a peer of 2021 has no history of ours */
static void
without_a_history_only_the_first_counts(void **state)
{
	struct tacit_memory memory = {.history_count = 0};
	const struct tacit_claim claim = {&own, &other, NULL}, again = {&own, &own, NULL};
	const struct tacit_recall recall = {&claim, "bob", false}, bad = {&again, "bob", false};
	struct tacit_reason reason;
	bool news = false;

	(void)state;
	assert_int_equal(tacit_memory_judge(&memory, &recall, &news, &reason), TACIT_OK);
	assert_true(news);
	assert_int_equal(tacit_memory_learn(&memory, &recall), TACIT_OK);
	assert_int_equal(tacit_memory_judge(&memory, &recall, &news, &reason), TACIT_OK);
	assert_false(news);
	assert_int_equal(tacit_memory_judge(&memory, &bad, &news, &reason), TACIT_EUNTRUSTED);
	assert_int_equal(memory.history_count, 0);
	tacit_memory_fini(&memory);
}

static void
known_only_adds_nobody(void **state)
{
	struct tacit_memory memory = {.history_count = 0};
	struct tacit_reason reason;
	struct cast cast;
	bool news = true;

	(void)state;
	setup(&cast);
	const struct tacit_claim old = {&own, &cast.a1.identifier, &cast.a1.history},
				 new = {&own, &cast.a.identifier, &cast.a.history};
	const struct tacit_recall recall_old = {&old, NULL, true}, recall_new = {&new, NULL, true};

	assert_int_equal(tacit_memory_judge(&memory, &recall_old, &news, &reason), TACIT_OK);
	assert_false(news);
	assert_int_equal(tacit_memory_learn(&memory, &recall_old), TACIT_OK);
	assert_int_equal(memory.history_count, 0);
	meet(&memory, &own, &cast.a1, NULL, NULL);
	assert_int_equal(tacit_memory_judge(&memory, &recall_new, &news, &reason), TACIT_OK);
	assert_true(news);
	assert_int_equal(tacit_memory_learn(&memory, &recall_new), TACIT_OK);
	assert_int_equal(
	    tacit_memory_judge(&memory, &recall_old, &news, &reason), TACIT_EUNTRUSTED);
	tacit_memory_fini(&memory);
	teardown(&cast);
}

static void
it_is_bounded(void **state)
{
	struct tacit_memory memory = {.history_count = 0};
	struct tacit_identity peer;
	struct cast cast;

	(void)state;
	setup(&cast);
	peer = cast.b;
	for (unsigned i = 0; i < TACIT_REMEMBERED_MAX; i++) {
		peer.identifier.b[0] = (uint8_t)i;
		peer.identifier.b[1] = (uint8_t)(i >> 8);
		meet(&memory, &peer.identifier, &peer, "x", NULL);
	}
	peer.identifier.b[2] ^= 1;
	const struct tacit_claim claim = {&own, &peer.identifier, &peer.history};
	struct tacit_recall recall = {&claim, "x", false};

	assert_int_equal(tacit_memory_learn(&memory, &recall), TACIT_ELIMIT);
	recall.label = NULL;
	assert_int_equal(tacit_memory_learn(&memory, &recall), TACIT_ELIMIT);
	assert_int_equal(memory.first_count, TACIT_REMEMBERED_MAX);
	assert_int_equal(memory.history_count, TACIT_REMEMBERED_MAX);
	/* whoever is known may still rotate, and what is full comes back from its text */
	char *text;
	size_t len, line = 0;
	struct tacit_memory again;

	assert_int_equal(tacit_memory_format(&memory, &text, &len), TACIT_OK);
	assert_true(len <= TACIT_TRUST_FILE_LEN_MAX);
	assert_int_equal(tacit_memory_parse(text, len, &again, &line), TACIT_OK);
	assert_memory_equal(
	    again.firsts, memory.firsts, memory.first_count * sizeof(*memory.firsts));
	tacit_memory_fini(&again);
	tacit_free(text);
	tacit_memory_fini(&memory);
	teardown(&cast);
}

#define A        "P0000000000000000000000000000000000000000000000000000000000000001"
#define B        "P0000000000000000000000000000000000000000000000000000000000000002"
#define C        "P1000000000000000000000000000000000000000000000000000000000000001"
#define H        "0000000000000000000000000000000000000000000000000000000000000003"
#define TITLE    "tacit memory 1\n"
#define FIRST    "first " A " bob " B "\n"
#define HISTORY  "history " B " 2 " H "\n"
#define LABEL_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
text_comes_back(void **state)
{
	static const char *const good[] = {TITLE, TITLE FIRST, TITLE HISTORY, TITLE FIRST HISTORY,
	    TITLE "first " A " " LABEL_64 " " B "\n", TITLE FIRST "first " B " bob " A "\n",
	    TITLE FIRST "first " A " bobby " A "\n" HISTORY,
	    TITLE HISTORY "history " C " 1 " H "\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct tacit_memory memory;
		size_t line = 0, len;
		char *text;

		assert_int_equal(
		    tacit_memory_parse(good[i], strlen(good[i]), &memory, &line), TACIT_OK);
		assert_int_equal(tacit_memory_format(&memory, &text, &len), TACIT_OK);
		assert_int_equal(len, strlen(good[i]));
		assert_memory_equal(text, good[i], len);
		tacit_free(text);
		tacit_memory_fini(&memory);
	}
}

static void
bad_lines_are_named(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} bad[] = {{"", 1}, {"tacit memory 2\n", 1}, {"tacit memory 1", 1}, {FIRST, 1},
	    {TITLE "\n", 2}, {TITLE FIRST "# comment\n", 3}, {TITLE FIRST FIRST, 3},
	    {TITLE HISTORY HISTORY, 3}, {TITLE FIRST " " HISTORY, 3},
	    {TITLE "first " A " bob " B " \n", 2}, {TITLE "first " A " bob " B " x\n", 2},
	    {TITLE "first " A "  bob " B "\n", 2}, {TITLE "first " A " " B "\n", 2},
	    {TITLE "first " A " " LABEL_64 "x " B "\n", 2}, {TITLE "first\n", 2},
	    {TITLE "first \n", 2}, {TITLE "second " A " bob " B "\n", 2},
	    {TITLE "history " B " 0 " H "\n", 2}, {TITLE "history " B " 9 " H "\n", 2},
	    {TITLE "history " B " 22 " H "\n", 2}, {TITLE "history " B " 2 " H "0\n", 2},
	    {TITLE "history " B " 2 \n", 2}, {TITLE "history " B " 2\n", 2},
	    {TITLE FIRST HISTORY "x", 4}, {TITLE HISTORY FIRST, 3},
	    {TITLE FIRST "first " A " bo " B "\n", 3}, {TITLE "first " B " bob " A "\n" FIRST, 3},
	    {TITLE "history " C " 1 " H "\n" HISTORY, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tacit_memory memory;
		size_t line = 0;

		assert_int_equal(
		    tacit_memory_parse(bad[i].text, strlen(bad[i].text), &memory, &line),
		    TACIT_EFORMAT);
		assert_int_equal(line, bad[i].line);
	}
}

/* damage is an error or says something else: it is never read beyond, and never half taken */
static void
damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	static const char text[] = TITLE FIRST HISTORY;
	const char *lines = text + sizeof(TITLE) - 1;
	struct tacit_memory memory = {.history_count = 99};
	size_t line = 0;
	tacit_err err = tacit_memory_parse((const char *)bytes, len, &memory, &line);

	(void)arg;
	if (err != TACIT_OK) {
		assert_int_equal(memory.history_count, 99);
		return;
	}
	/* a cut at a line's end is a shorter memory */
	if (kind == DAMAGE_TRUNCATED)
		assert_true(text[index - 1] == '\n' && text + index >= lines);
	tacit_memory_fini(&memory);
}

static void
damaged_text_is_survived(void **state)
{
	(void)state;
	damage_each(
	    (const uint8_t *)TITLE FIRST HISTORY, strlen(TITLE FIRST HISTORY), damaged, NULL);
}

static void
no_memory_is_an_error(void **state)
{
	struct tacit_memory memory;
	tacit_err err = TACIT_ENOMEM;
	size_t line, len;
	char *text;

	(void)state;
	for (unsigned long nth = 1; err != TACIT_OK; nth++) {
		tacit_alloc_fail_at(nth);
		err = tacit_memory_parse(
		    TITLE FIRST HISTORY, strlen(TITLE FIRST HISTORY), &memory, &line);
		tacit_alloc_fail_at(0);
		assert_true(nth < 10 && (err == TACIT_OK || err == TACIT_ENOMEM));
	}
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_memory_format(&memory, &text, &len), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	tacit_memory_fini(&memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_longest_history_counts),
	    cmocka_unit_test(the_first_one_counts),
	    cmocka_unit_test(without_a_history_only_the_first_counts),
	    cmocka_unit_test(known_only_adds_nobody),
	    cmocka_unit_test(it_is_bounded),
	    cmocka_unit_test(text_comes_back),
	    cmocka_unit_test(bad_lines_are_named),
	    cmocka_unit_test(damaged_text_is_survived),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
