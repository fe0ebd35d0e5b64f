/* Identity files as programs use them: real files, everything that is refused and in which words. */
#include "unit/node/identity_file.h"

static void
copy_secret(void *arg, const uint8_t secret[32])
{
	memcpy(arg, secret, 32);
}

static void
created_shown_loaded_exported(void **state)
{
	uint8_t secret[32], again[32];
	struct tacit_ed25519_public public;
	struct tacit_ed25519_secret expanded;
	struct tacit_identity_info info;
	struct tacit_entity *entity;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	assert_int_equal(place_mode(f.place.file), 0600);
	assert_int_equal(place_count(&f.place, false), 1);
	assert_int_equal(tacit_identity_show(f.node, f.place.file, NULL, &info), TACIT_OK);
	assert_string_equal(info.identifier, tacit_entity_identifier(entity));
	assert_true(info.has_passphrase && !info.opened && info.changes == 1);
	assert_int_equal(tacit_identity_show(f.node, f.place.file, &right, &info), TACIT_OK);
	assert_true(info.has_passphrase && info.opened && info.changes == 1);
	assert_string_equal(tacit_entity_identifier(load(&f, &right)), info.identifier);
	assert_int_equal(
	    tacit_identity_export(f.node, f.place.file, &right, copy_secret, secret), TACIT_OK);
	tacit_ed25519_from_seed(secret, &expanded, &public);
	assert_memory_equal(&public, tacit_history_key(&entity->identity.history), sizeof(public));
	/* a rotation is seen by all of them */
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
	assert_int_equal(changes_of(&f), 2);
	assert_string_equal(tacit_entity_identifier(load(&f, &right)), info.identifier);
	assert_int_equal(
	    tacit_identity_export(f.node, f.place.file, &right, copy_secret, again), TACIT_OK);
	assert_memory_not_equal(secret, again, sizeof(secret));
	assert_int_equal(place_mode(f.place.file), 0600);
	assert_int_equal(place_count(&f.place, false), 1);
	assert_int_equal(tacit_node_err(f.node), TACIT_OK);
	teardown(&f);
}

/* another process has nothing but the file */
static void
the_file_is_enough_for_another_node(void **state)
{
	struct tacit_entity *entity;
	struct fixture f;
	char text[66];

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	snprintf(text, sizeof(text), "%s", tacit_entity_identifier(entity));
	tacit_node_free(f.node);
	assert_non_null(f.node = tacit_node_new());
	f.vault = tacit_vault_new(f.node);
	assert_string_equal(tacit_entity_identifier(load(&f, &right)), text);
	teardown(&f);
}

static void
no_passphrase_is_a_choice(void **state)
{
	const struct tacit_passphrase empty = {"", 0, false, TACIT_COST_LEAST},
				      missing = {.cost = TACIT_COST_LEAST},
				      both = {"x", 1, true, TACIT_COST_LEAST},
				      no_cost = {"x", 1, false, (enum tacit_passphrase_cost)7};
	char much[1025] = {'x'};
	const struct tacit_passphrase longest = {much, 1024, false, TACIT_COST_LEAST},
				      too_long = {much, 1025, false, TACIT_COST_LEAST};
	struct tacit_identity_info info;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_null(create(&f, &empty));
	assert_failed(&f, TACIT_EINVAL, "empty passphrase");
	assert_null(create(&f, &missing));
	assert_failed(&f, TACIT_EINVAL, "empty passphrase");
	assert_null(create(&f, &both));
	assert_failed(&f, TACIT_EINVAL, "that there is none");
	assert_null(create(&f, NULL));
	assert_failed(&f, TACIT_EINVAL, "a passphrase");
	assert_null(create(&f, &no_cost));
	assert_failed(&f, TACIT_EINVAL, "no such cost");
	assert_null(create(&f, &too_long));
	assert_failed(&f, TACIT_ELIMIT, "more than 1024 bytes");
	assert_null(tacit_entity_create_file(f.node, f.vault, NULL, &right));
	assert_failed(&f, TACIT_EINVAL, "needs a name");
	assert_int_equal(place_count(&f.place, false), 0);

	assert_non_null(create(&f, &none));
	assert_true(lines_have(&f.lines, "has no passphrase"));
	assert_int_equal(tacit_identity_show(f.node, f.place.file, NULL, &info), TACIT_OK);
	assert_false(info.has_passphrase);
	assert_non_null(load(&f, &none));
	assert_refused(&f, &right, TACIT_EINVAL, "has no passphrase, and one was given");
	assert_int_equal(place_count(&f.place, true), 1);
	assert_non_null(create(&f, &longest));
	assert_non_null(load(&f, &longest));
	assert_refused(&f, &none, TACIT_EINVAL, "none was given");
	assert_refused(&f, &wrong, TACIT_EAUTH, "wrong passphrase, or the file is damaged");
	teardown(&f);
}

static void
nothing_is_overwritten(void **state)
{
	char before[4096], after[4096];
	struct fixture f;
	size_t len;

	(void)state;
	setup(&f);
	place_write(f.place.file, "mine", 4);
	assert_null(create(&f, &right));
	assert_failed(&f, TACIT_EEXIST, "exists already");
	assert_int_equal(place_read(f.place.file, after, sizeof(after)), 4);
	(void)place_count(&f.place, true);
	/* nor what a symbolic link names, be it there or not */
	assert_int_equal(symlink("/nonexistent/file", f.place.file), 0);
	assert_null(create(&f, &right));
	assert_failed(&f, TACIT_EEXIST, "exists already");
	(void)place_count(&f.place, true);
	assert_non_null(create(&f, &right));
	len = place_read(f.place.file, before, sizeof(before));
	assert_null(create(&f, &right));
	assert_failed(&f, TACIT_EEXIST, "take another name");
	assert_int_equal(place_read(f.place.file, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(place_count(&f.place, false), 1);
	assert_null(tacit_entity_create_file(f.node, f.vault, "/nonexistent/x", &right));
	assert_failed(&f, TACIT_ENOTFOUND, "/nonexistent/x");
	teardown(&f);
}

/* a file that others can read or change, or that is no file of ours */
static void
open_files_are_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666};
	struct tacit_entity *entity;
	char other[128];
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(f.place.file, modes[i]), 0);
		assert_refused(&f, &right, TACIT_EDENIED, "chmod 600");
		assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EDENIED);
		assert_failed(&f, TACIT_EDENIED, "chmod 600");
	}
	assert_int_equal(chmod(f.place.file, 0400), 0);
	assert_non_null(load(&f, &right));
	assert_int_equal(chmod(f.place.file, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(f.place.file, 1, 1), 0);
		assert_refused(&f, &right, TACIT_EDENIED, "belongs to somebody else");
		assert_int_equal(chown(f.place.file, 0, 0), 0);
	}
	snprintf(other, sizeof(other), "%s/other", f.place.folder);
	assert_int_equal(rename(f.place.file, other), 0);
	assert_refused(&f, &right, TACIT_ENOTFOUND, "No such file");
	assert_int_equal(symlink(other, f.place.file), 0);
	assert_refused(&f, &right, TACIT_EINVAL, "symbolic link");
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EINVAL);
	assert_failed(&f, TACIT_EINVAL, "symbolic link");
	assert_int_equal(unlink(f.place.file), 0);
	assert_int_equal(mkfifo(f.place.file, 0600), 0);
	assert_refused(&f, &right, TACIT_EINVAL, "not a regular file");
	assert_int_equal(unlink(f.place.file), 0);
	assert_int_equal(mkdir(f.place.file, 0700), 0);
	assert_refused(&f, &right, TACIT_EINVAL, "not a regular file");
	assert_int_equal(rmdir(f.place.file), 0);
	assert_int_equal(rename(other, f.place.file), 0);
	assert_non_null(load(&f, &right));
	teardown(&f);
}

/* what identity/sealed_test.c does to the bytes, in short, with files */
static void
damaged_files_are_refused(void **state)
{
	char bytes[4096] = {0};
	struct fixture f;
	size_t len;

	(void)state;
	setup(&f);
	assert_non_null(create(&f, &right));
	len = place_read(f.place.file, bytes, sizeof(bytes));
	place_write(f.place.file, bytes, 0);
	assert_refused(&f, &right, TACIT_EFORMAT, "bob.id is not an identity file");
	for (size_t cut = 8; cut < len; cut++) {
		place_write(f.place.file, bytes, cut);
		assert_null(load(&f, &right));
		assert_failed(&f, TACIT_EFORMAT, "cut short");
	}
	place_write(f.place.file, bytes, sizeof(bytes));
	assert_refused(&f, &right, TACIT_ELIMIT, "too big");
	bytes[len - 1] ^= 1;
	place_write(f.place.file, bytes, len);
	assert_refused(&f, &right, TACIT_EAUTH, "wrong passphrase, or the file is damaged");
	bytes[len - 1] ^= 1;
	place_write(f.place.file, bytes, len);
	assert_non_null(load(&f, &right));
	teardown(&f);
}

static void
rotation_keeps_what_is_newer(void **state)
{
	struct tacit_entity *a, *b;
	char other[128];
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(a = create(&f, &right));
	assert_non_null(b = load(&f, &right));
	assert_int_equal(tacit_entity_rotate(b, &right), TACIT_OK);
	/* a has the file as it was: its rotation goes behind that of b */
	assert_int_equal(tacit_entity_rotate(a, &right), TACIT_OK);
	assert_int_equal(a->identity.history.count, 3);
	assert_int_equal(b->identity.history.count, 2);
	assert_memory_equal(&a->identity.history.changes[1], &b->identity.history.changes[1],
	    sizeof(a->identity.history.changes[1]));
	/* a typing error does not change the passphrase */
	assert_int_equal(tacit_entity_rotate(a, &wrong), TACIT_EAUTH);
	assert_failed(&f, TACIT_EAUTH, "wrong passphrase");
	assert_int_equal(tacit_entity_rotate(a, NULL), TACIT_EINVAL);
	assert_failed(&f, TACIT_EINVAL, "a passphrase");
	assert_int_equal(changes_of(&f), 3);
	while (a->identity.history.count < TACIT_HISTORY_CHANGES_MAX)
		assert_int_equal(tacit_entity_rotate(a, &right), TACIT_OK);
	assert_int_equal(tacit_entity_rotate(a, &right), TACIT_ELIMIT);
	assert_failed(&f, TACIT_ELIMIT, "rotated 7 times");
	assert_int_equal(changes_of(&f), TACIT_HISTORY_CHANGES_MAX);
	/* somebody put another identity there */
	snprintf(other, sizeof(other), "%s/other", f.place.folder);
	assert_non_null(tacit_entity_create_file(f.node, f.vault, other, &right));
	assert_int_equal(rename(other, f.place.file), 0);
	assert_int_equal(tacit_entity_rotate(b, &right), TACIT_EAUTH);
	assert_failed(&f, TACIT_EAUTH, "another identity");
	assert_int_equal(place_count(&f.place, false), 1);
	teardown(&f);
}

static void
a_passphrase_is_changed_removed_and_set(void **state)
{
	uint8_t secret[32], again[32];
	struct whole first, before;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(tacit_entity_rotate(create(&f, &right), &right), TACIT_OK);
	assert_int_equal(
	    tacit_identity_export(f.node, f.place.file, &right, copy_secret, secret), TACIT_OK);
	first = whole_of(&f);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_OK);
	assert_resealed(&f, &first, &fresh, 1, 8 << 10);
	assert_refused(&f, &right, TACIT_EAUTH, "wrong passphrase");
	/* to the same again */
	before = whole_of(&f);
	assert_int_equal(reseal(&f, &fresh, &fresh), TACIT_OK);
	assert_resealed(&f, &before, &fresh, 1, 8 << 10);
	assert_false(lines_have(&f.lines, "has no passphrase"));
	before = whole_of(&f);
	assert_int_equal(reseal(&f, &fresh, &none), TACIT_OK);
	assert_true(lines_have(&f.lines, "bob.id has no passphrase"));
	assert_resealed(&f, &before, &none, 0, 0);
	assert_refused(&f, &fresh, TACIT_EINVAL, "has no passphrase, and one was given");
	before = whole_of(&f);
	assert_int_equal(reseal(&f, &none, &right), TACIT_OK);
	assert_resealed(&f, &before, &right, 1, 8 << 10);
	assert_refused(&f, &none, TACIT_EINVAL, "none was given");
	assert_int_equal(
	    tacit_identity_export(f.node, f.place.file, &right, copy_secret, again), TACIT_OK);
	assert_memory_equal(secret, again, sizeof(secret));
	assert_int_equal(changes_of(&f), 2);
	/* a copy that was made before knows nothing of it */
	place_write(f.place.file, first.bytes, first.len);
	assert_non_null(load(&f, &right));
	assert_refused(&f, &fresh, TACIT_EAUTH, "wrong passphrase");
	teardown(&f);
}

static void
a_reseal_says_what_guessing_costs(void **state)
{
	static const struct tacit_passphrase strong = {"right", 5, false, TACIT_COST_STRONG};
	static const uint8_t cost[] = {0, 0, 0, 3, 0, 4, 0, 0};
	struct whole after;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(create(&f, &right));
	assert_int_equal(reseal(&f, &right, &strong), TACIT_OK);
	after = whole_of(&f);
	assert_memory_equal(after.bytes + 10, cost, sizeof(cost));
	assert_non_null(load(&f, &right));
	teardown(&f);
}

static void
what_cannot_be_resealed_stays(void **state)
{
	const struct tacit_passphrase empty = {"", 0, false, TACIT_COST_LEAST},
				      both = {"x", 1, true, TACIT_COST_LEAST},
				      no_cost = {
					  .none = true, .cost = (enum tacit_passphrase_cost)7};
	const char much[1025] = {'x'};
	const struct tacit_passphrase too_long = {much, 1025, false, TACIT_COST_LEAST};
	const struct {
		const struct tacit_passphrase *before, *after;
		tacit_err err;
		const char *text;
	} calls[] = {
	    {&wrong, &fresh, TACIT_EAUTH, "wrong passphrase, or the file is damaged"},
	    {&none, &fresh, TACIT_EINVAL, "none was given"},
	    {NULL, &fresh, TACIT_EINVAL, "a passphrase"},
	    {&right, NULL, TACIT_EINVAL, "a passphrase"},
	    {&empty, &fresh, TACIT_EINVAL, "empty passphrase"},
	    {&right, &empty, TACIT_EINVAL, "empty passphrase"},
	    {&right, &both, TACIT_EINVAL, "that there is none"},
	    {&right, &no_cost, TACIT_EINVAL, "no such cost"},
	    {&too_long, &fresh, TACIT_ELIMIT, "more than 1024 bytes"},
	    {&right, &too_long, TACIT_ELIMIT, "more than 1024 bytes"},
	};
	struct whole before, after;
	struct fixture f;
	char next[128];

	(void)state;
	setup(&f);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_ENOTFOUND);
	assert_failed(&f, TACIT_ENOTFOUND, "No such file");
	assert_int_equal(place_count(&f.place, false), 0);
	assert_non_null(create(&f, &right));
	before = whole_of(&f);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(reseal(&f, calls[i].before, calls[i].after), calls[i].err);
		assert_failed(&f, calls[i].err, calls[i].text);
	}
	assert_int_equal(tacit_identity_reseal(f.node, NULL, &right, &fresh), TACIT_EINVAL);
	assert_failed(&f, TACIT_EINVAL, "needs a name");
	assert_int_equal(tacit_identity_reseal(NULL, f.place.file, &right, &fresh), TACIT_ENOMEM);
	snprintf(next, sizeof(next), "%s.new", f.place.file);
	assert_int_equal(tacit_identity_reseal(f.node, next, &right, &fresh), TACIT_EINVAL);
	assert_failed(&f, TACIT_EINVAL, "would be lost");
	after = whole_of(&f);
	assert_same(&before, &after);
	assert_int_equal(place_count(&f.place, false), 1);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_OK);
	teardown(&f);
}

static void
who_runs_goes_on_after_a_reseal(void **state)
{
	struct tacit_entity *entity;
	struct tacit_identity_info info;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_OK);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EAUTH);
	assert_failed(&f, TACIT_EAUTH, "wrong passphrase");
	assert_int_equal(tacit_entity_rotate(entity, &fresh), TACIT_OK);
	assert_int_equal(tacit_identity_show(f.node, f.place.file, &fresh, &info), TACIT_OK);
	assert_int_equal(info.changes, 2);
	assert_string_equal(info.identifier, tacit_entity_identifier(entity));
	teardown(&f);
}

static void
entities_without_a_file_rotate_too(void **state)
{
	struct tacit_entity *entity;
	struct fixture f;

	(void)state;
	setup(&f);
	entity = tacit_entity_new(f.node, f.vault);
	for (unsigned i = 1; i < TACIT_HISTORY_CHANGES_MAX; i++)
		assert_int_equal(tacit_entity_rotate(entity, NULL), TACIT_OK);
	assert_int_equal(entity->identity.history.count, TACIT_HISTORY_CHANGES_MAX);
	assert_int_equal(tacit_entity_rotate(entity, NULL), TACIT_ELIMIT);
	assert_failed(&f, TACIT_ELIMIT, "rotated 7 times");
	assert_int_equal(tacit_entity_rotate(NULL, NULL), TACIT_EINVAL);
	teardown(&f);
}

/* what lies at the name that changes are written under */
static void
the_way_is_blocked(void **state)
{
	static const char rubbish[4096]; /* more than will be written */
	struct tacit_entity *entity;
	struct fixture f;
	char next[128];

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	snprintf(next, sizeof(next), "%s.new", f.place.file);
	assert_int_equal(symlink(f.place.file, next), 0);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EINVAL);
	assert_failed(&f, TACIT_EINVAL, "symbolic link");
	assert_int_equal(unlink(next), 0);
	assert_int_equal(mkfifo(next, 0600), 0);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EINVAL);
	assert_failed(&f, TACIT_EINVAL, "bob.id.new is not a regular file");
	assert_int_equal(unlink(next), 0);
	/* a crash between link and unlink: writing there would be writing to the file itself */
	assert_int_equal(link(f.place.file, next), 0);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
	assert_int_equal(changes_of(&f), 2);
	place_write(next, rubbish, sizeof(rubbish));
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
	assert_int_equal(changes_of(&f), 3);
	assert_int_equal(place_count(&f.place, false), 1);
	teardown(&f);
}

/* what is named like a change of another file would go with that one's next change */
static void
no_identity_is_named_like_a_change(void **state)
{
	struct fixture f;
	char next[128];

	(void)state;
	setup(&f);
	assert_non_null(create(&f, &right));
	snprintf(next, sizeof(next), "%s.new", f.place.file);
	assert_null(tacit_entity_create_file(f.node, f.vault, next, &right));
	assert_failed(&f, TACIT_EINVAL, "bob.id.new would be lost");
	assert_int_equal(place_count(&f.place, false), 1);
	teardown(&f);
}

static void
a_node_with_an_error_does_nothing(void **state)
{
	struct tacit_identity_info info;
	struct tacit_entity *entity;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	assert_null(load(&f, &wrong));
	assert_null(load(&f, &right));
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EAUTH);
	assert_int_equal(tacit_identity_show(f.node, f.place.file, &right, &info), TACIT_EAUTH);
	assert_int_equal(
	    tacit_identity_export(f.node, f.place.file, &right, must_not_be_called, NULL),
	    TACIT_EAUTH);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_EAUTH);
	tacit_node_clear_err(f.node);
	assert_int_equal(changes_of(&f), 1);
	assert_null(tacit_entity_load(NULL, NULL, f.place.file, &right));
	assert_null(tacit_entity_load(f.node, NULL, f.place.file, &right));
	assert_int_equal(tacit_identity_show(NULL, f.place.file, NULL, &info), TACIT_ENOMEM);
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(created_shown_loaded_exported),
	    cmocka_unit_test(the_file_is_enough_for_another_node),
	    cmocka_unit_test(no_passphrase_is_a_choice),
	    cmocka_unit_test(nothing_is_overwritten),
	    cmocka_unit_test(open_files_are_refused),
	    cmocka_unit_test(damaged_files_are_refused),
	    cmocka_unit_test(rotation_keeps_what_is_newer),
	    cmocka_unit_test(a_passphrase_is_changed_removed_and_set),
	    cmocka_unit_test(a_reseal_says_what_guessing_costs),
	    cmocka_unit_test(what_cannot_be_resealed_stays),
	    cmocka_unit_test(who_runs_goes_on_after_a_reseal),
	    cmocka_unit_test(entities_without_a_file_rotate_too),
	    cmocka_unit_test(the_way_is_blocked),
	    cmocka_unit_test(no_identity_is_named_like_a_change),
	    cmocka_unit_test(a_node_with_an_error_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
