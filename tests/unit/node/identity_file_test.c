/* Identity files as programs use them: real files, everything that is refused and in which words,
 * crashes and failures at each call that changes a file, and several programs at once */
#include "support/file_faults.h"
#include "support/node.h"
#include "support/place.h"

#include <sys/wait.h>

#include "base/memory.h"
#include "node/entity.h"
#include "tacit/entity.h"

static const struct tacit_passphrase right = {"right", 5, false, TACIT_COST_LEAST},
				     wrong = {"wrong", 5, false, TACIT_COST_LEAST},
				     fresh = {"fresh words", 11, false, TACIT_COST_LEAST},
				     none = {.none = true};

/* a node, its vault, and a folder; file is the name of nothing yet */
struct fixture {
	struct tacit_node *node;
	struct tacit_vault *vault;
	struct place place;
	struct lines lines;
};

static void
setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	place_init(&f->place, "bob.id");
	assert_non_null(f->node = tacit_node_new());
	tacit_node_on_log(f->node, lines_add, &f->lines);
	assert_non_null(f->vault = tacit_vault_new(f->node));
}

static void
teardown(struct fixture *f)
{
	tacit_node_free(f->node);
	place_fini(&f->place);
}

static struct tacit_entity *
create(struct fixture *f, const struct tacit_passphrase *passphrase)
{
	return tacit_entity_create_file(f->node, f->vault, f->place.file, passphrase);
}

static struct tacit_entity *
load(struct fixture *f, const struct tacit_passphrase *passphrase)
{
	return tacit_entity_load(f->node, f->vault, f->place.file, passphrase);
}

/* the node has this error, in these words, and forgets it */
static void
assert_failed(struct fixture *f, tacit_err err, const char *text)
{
	if (strstr(tacit_node_errmsg(f->node), text) == NULL)
		fail_msg("'%s' is not in '%s'", text, tacit_node_errmsg(f->node));
	assert_int_equal(tacit_node_err(f->node), err);
	tacit_node_clear_err(f->node);
}

static void
must_not_be_called(void *arg, const uint8_t secret[32])
{
	(void)arg;
	(void)secret;
	fail();
}

/* load, show, export and reseal refuse the file alike */
static void
assert_refused(
    struct fixture *f, const struct tacit_passphrase *passphrase, tacit_err err, const char *text)
{
	struct tacit_identity_info info = {.changes = 99};

	assert_null(load(f, passphrase));
	assert_failed(f, err, text);
	assert_int_equal(tacit_identity_show(f->node, f->place.file, passphrase, &info), err);
	assert_failed(f, err, text);
	assert_int_equal(info.changes, 99);
	assert_int_equal(
	    tacit_identity_export(f->node, f->place.file, passphrase, must_not_be_called, NULL),
	    err);
	assert_failed(f, err, text);
	assert_int_equal(tacit_identity_reseal(f->node, f->place.file, passphrase, &fresh), err);
	assert_failed(f, err, text);
}

static unsigned
changes_of(struct fixture *f)
{
	struct tacit_identity_info info;

	assert_int_equal(tacit_identity_show(f->node, f->place.file, &right, &info), TACIT_OK);
	return info.changes;
}

static tacit_err
reseal(
    struct fixture *f, const struct tacit_passphrase *before, const struct tacit_passphrase *after)
{
	return tacit_identity_reseal(f->node, f->place.file, before, after);
}

/* the bytes of an identity file: 34 of a header, its history, 48 that are sealed; FORMAT.md 1.1 */
struct whole {
	uint8_t bytes[4096];
	size_t len;
};

static struct whole
whole_of(const struct fixture *f)
{
	struct whole whole = {.len = 0};

	whole.len = place_read(f->place.file, whole.bytes, sizeof(whole.bytes));
	return whole;
}

static void
assert_same(const struct whole *a, const struct whole *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->bytes, b->bytes, a->len);
}

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

/* the salt and the sealed part are new, and the cost what was asked for: passes, then KiB; all else
 * is as it was, and it is the same key */
static void
assert_resealed(struct fixture *f, const struct whole *before,
    const struct tacit_passphrase *passphrase, uint32_t passes, uint32_t kib)
{
	const uint8_t cost[8] = {
	    [3] = (uint8_t)passes, [5] = (uint8_t)(kib >> 16), [6] = (uint8_t)(kib >> 8)};
	struct whole after = whole_of(f);
	struct tacit_identity_info info;
	const char *identifier;

	assert_int_equal(after.len, before->len);
	assert_memory_equal(after.bytes, before->bytes, 9);
	assert_int_equal(after.bytes[9], passphrase->none ? 0 : 1);
	assert_memory_equal(after.bytes + 10, cost, sizeof(cost));
	assert_memory_not_equal(after.bytes + 18, before->bytes + 18, 16);
	assert_memory_equal(after.bytes + 34, before->bytes + 34, before->len - 34 - 48);
	assert_memory_not_equal(after.bytes + after.len - 48, before->bytes + after.len - 48, 48);
	assert_int_equal(place_mode(f->place.file), 0600);
	assert_int_equal(place_count(&f->place, false), 1);
	assert_int_equal(tacit_identity_show(f->node, f->place.file, passphrase, &info), TACIT_OK);
	assert_true(info.opened && info.has_passphrase == !passphrase->none);
	identifier = tacit_entity_identifier(load(f, passphrase));
	assert_string_equal(identifier, info.identifier);
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

/* the contents are on disk before the name leads to them, and the name before the call returns */
static void
calls_are_in_order(void **state)
{
	struct tacit_entity *entity;
	struct fixture f;

	(void)state;
	setup(&f);
	faults_start(0, false, 0);
	assert_non_null(entity = create(&f, &right));
	assert_string_equal(faults_trace, "wsluF");
	faults_start(0, false, 0);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
	assert_string_equal(faults_trace, "wsrF");
	faults_start(0, false, 0);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_OK);
	assert_string_equal(faults_trace, "wsrF");
	teardown(&f);
}

enum change {
	CREATE,
	ROTATE,
	RESEAL,
};

/* what a child process does, which may be ended at the nth call; true: it was */
static bool
child_dies_at(const char *file, unsigned nth, enum change change)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct tacit_node *node = tacit_node_new();
		struct tacit_vault *vault = tacit_vault_new(node);
		struct tacit_entity *entity =
		    change == ROTATE ? tacit_entity_load(node, vault, file, &right) : NULL;

		faults_start(nth, true, 0);
		if (change == ROTATE)
			_exit(tacit_entity_rotate(entity, &right) == TACIT_OK ? 0 : 1);
		if (change == RESEAL)
			_exit(
			    tacit_identity_reseal(node, file, &right, &fresh) == TACIT_OK ? 0 : 1);
		_exit(tacit_entity_create_file(node, vault, file, &right) != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != FAULTS_KILLED)
		assert_int_equal(WEXITSTATUS(status), 0);
	return WEXITSTATUS(status) == FAULTS_KILLED;
}

static void
a_crash_leaves_the_old_file_or_the_new_one(void **state)
{
	unsigned nth = 0, changes, old = 0, new = 0;
	struct tacit_entity *entity;
	bool died = true;
	struct fixture f;

	(void)state;
	while (died) {
		setup(&f);
		assert_non_null(create(&f, &right));
		died = child_dies_at(f.place.file, ++nth, ROTATE);
		changes = changes_of(&f);
		assert_true(changes == 1 || changes == 2);
		old += changes == 1;
		new += changes == 2;
		/* what it left behind is in nobody's way */
		assert_non_null(entity = load(&f, &right));
		assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
		assert_int_equal(changes_of(&f), changes + 1);
		assert_int_equal(place_count(&f.place, false), 1);
		teardown(&f);
	}
	/* killed in write, before sync, before rename, before the folder's sync; and not at all */
	assert_int_equal(nth, 5);
	assert_int_equal(old, 3);
	assert_int_equal(new, 2);
}

static void
a_crash_leaves_the_old_passphrase_or_the_new_one(void **state)
{
	unsigned nth = 0, new = 0;
	struct whole before, after;
	bool died = true, is_new;
	struct fixture f;

	(void)state;
	while (died) {
		setup(&f);
		assert_non_null(create(&f, &right));
		before = whole_of(&f);
		died = child_dies_at(f.place.file, ++nth, RESEAL);
		after = whole_of(&f);
		is_new = memcmp(before.bytes, after.bytes, sizeof(before.bytes)) != 0;
		if (is_new)
			assert_resealed(&f, &before, &fresh, 1, 8 << 10);
		new += is_new;
		/* what it left behind is in nobody's way */
		assert_int_equal(reseal(&f, is_new ? &fresh : &right, &wrong), TACIT_OK);
		assert_resealed(&f, &before, &wrong, 1, 8 << 10);
		teardown(&f);
	}
	assert_int_equal(nth, 5);
	assert_int_equal(new, 2);
}

static void
a_crash_leaves_nothing_or_the_new_file(void **state)
{
	unsigned nth = 0, there = 0;
	struct tacit_entity *entity;
	bool died = true;
	struct fixture f;

	(void)state;
	while (died) {
		setup(&f);
		died = child_dies_at(f.place.file, ++nth, CREATE);
		if (access(f.place.file, F_OK) != 0) {
			assert_non_null(entity = create(&f, &right));
		} else {
			there++;
			assert_non_null(entity = load(&f, &right));
		}
		assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
		assert_int_equal(changes_of(&f), 2);
		assert_int_equal(place_count(&f.place, false), 1);
		teardown(&f);
	}
	assert_int_equal(nth, 6);
	assert_int_equal(there, 3);
}

/* each call fails: it is said, the entity stays as it is or the file has the new key as a whole */
static void
failing_calls_are_told(void **state)
{
	struct tacit_entity *entity;
	struct whole before, after;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	for (unsigned nth = 1; nth <= 3; nth++) {
		faults_start(nth, false, ENOSPC);
		assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_ENOSPACE);
		assert_failed(&f, TACIT_ENOSPACE, "No space left");
		assert_int_equal(entity->identity.history.count, 1);
		assert_int_equal(changes_of(&f), 1);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	faults_start(4, false, EIO);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EIO);
	assert_failed(&f, TACIT_EIO, f.place.folder);
	assert_int_equal(entity->identity.history.count, 1);
	assert_int_equal(changes_of(&f), 2);
	faults_start(0, false, 0);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
	assert_int_equal(entity->identity.history.count, 3);
	before = whole_of(&f);
	for (unsigned nth = 1; nth <= 3; nth++) {
		faults_start(nth, false, EDQUOT);
		assert_int_equal(reseal(&f, &right, &fresh), TACIT_ENOSPACE);
		assert_failed(&f, TACIT_ENOSPACE, "bob.id");
		after = whole_of(&f);
		assert_same(&before, &after);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	faults_start(4, false, EIO);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_EIO);
	assert_failed(&f, TACIT_EIO, f.place.folder);
	assert_resealed(&f, &before, &fresh, 1, 8 << 10);
	(void)place_count(&f.place, true);
	for (unsigned nth = 1; nth <= 3; nth++) {
		faults_start(nth, false, EROFS);
		assert_null(create(&f, &right));
		assert_failed(&f, TACIT_EDENIED, "Read-only");
		assert_int_equal(place_count(&f.place, false), 0);
	}
	faults_start(0, false, 0);
	assert_non_null(create(&f, &right));
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

#define CHILDREN 3

/* starts children that do the same at once; returns how many ended with 0 */
static unsigned
all_at_once(const char *file, bool rotate)
{
	unsigned done = 0;
	pid_t pids[CHILDREN];
	int status;

	for (size_t i = 0; i < CHILDREN; i++) {
		assert_true((pids[i] = fork()) >= 0);
		if (pids[i] != 0)
			continue;
		struct tacit_node *node = tacit_node_new();
		struct tacit_vault *vault = tacit_vault_new(node);
		struct tacit_entity *entity =
		    rotate ? tacit_entity_load(node, vault, file, &right)
			   : tacit_entity_create_file(node, vault, file, &right);

		if (!rotate && entity == NULL)
			_exit(tacit_node_err(node) == TACIT_EEXIST ||
				      tacit_node_err(node) == TACIT_EBUSY
				  ? 3
				  : 1);
		for (unsigned k = 0; rotate && k < 2; k++) {
			/* a disk may take seconds */
			while (tacit_entity_rotate(entity, &right) == TACIT_EBUSY)
				tacit_node_clear_err(node);
			if (tacit_node_err(node) != TACIT_OK)
				_exit(1);
		}
		_exit(0);
	}
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		done += WEXITSTATUS(status) == 0;
	}
	return done;
}

static void
several_programs_at_once(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		setup(&f);
		assert_int_equal(all_at_once(f.place.file, false), 1);
		assert_int_equal(changes_of(&f), 1);
		assert_int_equal(all_at_once(f.place.file, true), CHILDREN);
		assert_int_equal(changes_of(&f), 1 + 2 * CHILDREN);
		assert_int_equal(place_count(&f.place, false), 1);
		teardown(&f);
	}
}

/* of those who change the same passphrase one is in time; to the others it is a wrong one */
static void
several_programs_reseal_at_once(void **state)
{
	static const struct tacit_passphrase each[CHILDREN] = {
	    {"a", 1, false, TACIT_COST_LEAST},
	    {"b", 1, false, TACIT_COST_LEAST},
	    {"c", 1, false, TACIT_COST_LEAST},
	};
	struct whole before;
	size_t winner = 0;
	unsigned done = 0;
	pid_t pids[CHILDREN];
	struct fixture f;
	int status;

	(void)state;
	setup(&f);
	assert_non_null(create(&f, &right));
	before = whole_of(&f);
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_true((pids[i] = fork()) >= 0);
		if (pids[i] != 0)
			continue;
		switch (tacit_identity_reseal(tacit_node_new(), f.place.file, &right, &each[i])) {
		case TACIT_OK:
			_exit(0);
		case TACIT_EAUTH:
		case TACIT_EBUSY: /* of a disk that takes seconds */
			_exit(3);
		default:
			_exit(1);
		}
	}
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		if (WEXITSTATUS(status) == 0)
			winner = i;
		done += WEXITSTATUS(status) == 0;
	}
	/* when nobody is there any more: who waited had FILE.new */
	assert_int_equal(done, 1);
	assert_resealed(&f, &before, &each[winner], 1, 8 << 10);
	teardown(&f);
}

/* each allocation fails in turn: an error, and everything as before */
static void
no_memory_is_an_error(void **state)
{
	struct tacit_entity *entity, *again = NULL;
	struct whole before, after;
	bool resealed = false;
	struct fixture f;

	(void)state;
	setup(&f);
	for (unsigned long nth = 1; again == NULL; nth++) {
		tacit_alloc_fail_at(nth);
		again = create(&f, &none);
		tacit_alloc_fail_at(0);
		if (again == NULL)
			assert_failed(&f, TACIT_ENOMEM, "");
		assert_true(nth < 50);
		if (again == NULL)
			(void)place_count(&f.place, true);
	}
	entity = again;
	again = NULL;
	for (unsigned long nth = 1; again == NULL; nth++) {
		tacit_alloc_fail_at(nth);
		again = load(&f, &none);
		tacit_alloc_fail_at(0);
		if (again == NULL)
			assert_failed(&f, TACIT_ENOMEM, "");
		assert_true(nth < 50);
	}
	for (unsigned long nth = 1; entity->identity.history.count == 1; nth++) {
		tacit_alloc_fail_at(nth);
		if (tacit_entity_rotate(entity, &none) != TACIT_OK) {
			tacit_alloc_fail_at(0);
			assert_failed(&f, TACIT_ENOMEM, "");
		}
		tacit_alloc_fail_at(0);
		assert_true(nth < 50);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	before = whole_of(&f);
	for (unsigned long nth = 1; !resealed; nth++) {
		tacit_alloc_fail_at(nth);
		resealed = reseal(&f, &none, &right) == TACIT_OK;
		tacit_alloc_fail_at(0);
		after = whole_of(&f);
		if (!resealed) {
			assert_failed(&f, TACIT_ENOMEM, "");
			assert_same(&before, &after);
		}
		assert_true(nth < 50);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	assert_resealed(&f, &before, &right, 1, 8 << 10);
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
	    cmocka_unit_test(calls_are_in_order),
	    cmocka_unit_test(a_crash_leaves_the_old_file_or_the_new_one),
	    cmocka_unit_test(a_crash_leaves_the_old_passphrase_or_the_new_one),
	    cmocka_unit_test(a_crash_leaves_nothing_or_the_new_file),
	    cmocka_unit_test(failing_calls_are_told),
	    cmocka_unit_test(the_way_is_blocked),
	    cmocka_unit_test(no_identity_is_named_like_a_change),
	    cmocka_unit_test(several_programs_at_once),
	    cmocka_unit_test(several_programs_reseal_at_once),
	    cmocka_unit_test(no_memory_is_an_error),
	    cmocka_unit_test(a_node_with_an_error_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
