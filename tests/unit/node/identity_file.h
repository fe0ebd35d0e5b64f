/*
 * unit/node/identity_file.h: a node, a folder with an identity file, and what tests of identity files
 * ask of it.
 */
#ifndef TACIT_TESTS_NODE_IDENTITY_FILE_H
#define TACIT_TESTS_NODE_IDENTITY_FILE_H

#include "support/node.h"
#include "support/place.h"

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

static inline void
setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	place_init(&f->place, "bob.id");
	assert_non_null(f->node = tacit_node_new());
	tacit_node_on_log(f->node, lines_add, &f->lines);
	assert_non_null(f->vault = tacit_vault_new(f->node));
}

static inline void
teardown(struct fixture *f)
{
	tacit_node_free(f->node);
	place_fini(&f->place);
}

static inline struct tacit_entity *
create(struct fixture *f, const struct tacit_passphrase *passphrase)
{
	return tacit_entity_create_file(f->node, f->vault, f->place.file, passphrase);
}

static inline struct tacit_entity *
load(struct fixture *f, const struct tacit_passphrase *passphrase)
{
	return tacit_entity_load(f->node, f->vault, f->place.file, passphrase);
}

/* the node has this error, in these words, and forgets it */
static inline void
assert_failed(struct fixture *f, tacit_err err, const char *text)
{
	if (strstr(tacit_node_errmsg(f->node), text) == NULL)
		fail_msg("'%s' is not in '%s'", text, tacit_node_errmsg(f->node));
	assert_int_equal(tacit_node_err(f->node), err);
	tacit_node_clear_err(f->node);
}

static inline void
must_not_be_called(void *arg, const uint8_t secret[32])
{
	(void)arg;
	(void)secret;
	fail();
}

/* load, show, export and reseal refuse the file alike */
static inline void
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

static inline unsigned
changes_of(struct fixture *f)
{
	struct tacit_identity_info info;

	assert_int_equal(tacit_identity_show(f->node, f->place.file, &right, &info), TACIT_OK);
	return info.changes;
}

static inline tacit_err
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

static inline struct whole
whole_of(const struct fixture *f)
{
	struct whole whole = {.len = 0};

	whole.len = place_read(f->place.file, whole.bytes, sizeof(whole.bytes));
	return whole;
}

static inline void
assert_same(const struct whole *a, const struct whole *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->bytes, b->bytes, a->len);
}

/* the salt and the sealed part are new, and the cost what was asked for: passes, then KiB; all else
 * is as it was, and it is the same key */
static inline void
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

#endif
