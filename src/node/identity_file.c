#include "base/memory.h"
#include "identity/sealed.h"
#include "node/entity.h"
#include "node/small_file.h"

/*
 * Identity files, as FORMAT.md 1 has them: what the identity room makes of bytes, and the file that
 * has them.  Without a passphrase the bytes are as good as the key, so they are wiped.
 */

struct content {
	uint8_t bytes[TACIT_SEALED_IDENTITY_LEN_MAX];
	size_t len;
};

static const struct tacit_argon2id costs[] = {
    [TACIT_COST_STRONG] = {.passes = 3, .kib = 256u << 10},
    [TACIT_COST_LEAST] = {.passes = TACIT_KDF_PASSES_MIN, .kib = TACIT_KDF_KIB_MIN},
};

/* says what the caller did wrong, if anything */
static tacit_err
check_call(struct tacit_node *node, const char *path, const struct tacit_passphrase *passphrase)
{
	if (path == NULL || passphrase == NULL || tacit_node_in_loop(node))
		return tacit_node_fail(node, TACIT_EINVAL,
		    "an identity file needs a name and a passphrase, and no handler may wait for "
		    "it");
	if (passphrase->cost != TACIT_COST_STRONG && passphrase->cost != TACIT_COST_LEAST)
		return tacit_node_fail(node, TACIT_EINVAL, "no such cost of a passphrase");
	if (passphrase->none)
		return passphrase->bytes == NULL && passphrase->len == 0
			   ? TACIT_OK
			   : tacit_node_fail(node, TACIT_EINVAL,
				 "a passphrase was given for %s, and that there is none", path);
	if (passphrase->bytes == NULL || passphrase->len == 0)
		return tacit_node_fail(node, TACIT_EINVAL,
		    "an empty passphrase for %s: say that it has none, if that is meant", path);
	if (passphrase->len > TACIT_PASSPHRASE_LEN_MAX)
		return tacit_node_fail(node, TACIT_ELIMIT,
		    "the passphrase for %s has more than %u bytes", path, TACIT_PASSPHRASE_LEN_MAX);
	return TACIT_OK;
}

static struct tacit_sealed_passphrase
inner(const struct tacit_passphrase *passphrase)
{
	return (struct tacit_sealed_passphrase){passphrase->bytes, passphrase->len};
}

static tacit_err
fail_file(struct tacit_node *node, tacit_err err, const struct tacit_file_text *text)
{
	return tacit_node_fail(node, err, "%s", text->bytes);
}

static tacit_err
fail_flaw(struct tacit_node *node, tacit_err err, const char *path, const char *flaw)
{
	return tacit_node_fail(node, err, "%s %s", path, flaw);
}

static tacit_err
read_file(struct tacit_node *node, const char *path, struct content *ret)
{
	struct tacit_file_text text;
	tacit_err err = tacit_file_read(
	    path, TACIT_FILE_SECRET, ret->bytes, sizeof(ret->bytes), &ret->len, &text);

	return err == TACIT_OK ? err : fail_file(node, err, &text);
}

/* the file's identity, with its key in the vault */
static tacit_err
open_file(struct tacit_node *node, struct tacit_vault *vault, const char *path,
    const struct tacit_passphrase *passphrase, struct tacit_identity *ret)
{
	const struct tacit_sealed_passphrase opening = inner(passphrase);
	const char *flaw = "";
	struct content content;
	tacit_err err = read_file(node, path, &content);

	if (err != TACIT_OK)
		return err;
	err = tacit_identity_unseal(vault, content.bytes, content.len, &opening, ret, &flaw);
	tacit_wipe(&content, sizeof(content));
	return err == TACIT_OK ? err : fail_flaw(node, err, path, flaw);
}

static tacit_err
seal(struct tacit_node *node, const struct tacit_identity *identity,
    const struct tacit_passphrase *passphrase, const struct tacit_argon2id *cost,
    struct content *ret)
{
	const struct tacit_sealed_passphrase sealing = inner(passphrase);
	tacit_err err = tacit_identity_seal(identity, &sealing, cost, ret->bytes, &ret->len);

	return err == TACIT_OK
		   ? err
		   : tacit_node_fail(node, err, "cannot seal the key: %s", tacit_strerror(err));
}

static tacit_err
write_new(struct tacit_node *node, const char *path, const struct content *content)
{
	struct tacit_file_change change;
	struct tacit_file_text text;
	tacit_err err = tacit_file_begin(path, &change, &text);

	if (err != TACIT_OK)
		return fail_file(node, err, &text);
	err = tacit_file_create(&change, content->bytes, content->len, &text);
	tacit_file_end(&change);
	if (err == TACIT_EEXIST)
		return tacit_node_fail(node, err,
		    "%s exists already: an identity is never overwritten; take another name", path);
	return err == TACIT_OK ? err : fail_file(node, err, &text);
}

static void
warn_if_open(struct tacit_node *node, const char *path, const struct tacit_passphrase *passphrase)
{
	if (passphrase->none)
		tacit_node_log(node, TACIT_LOG_WARNING,
		    "%s has no passphrase: whoever reads it is this party", path);
}

struct tacit_entity *
tacit_entity_create_file(struct tacit_node *node, struct tacit_vault *vault, const char *path,
    const struct tacit_passphrase *passphrase)
{
	struct tacit_identity identity;
	struct content content;
	tacit_err err;

	if (!tacit_node_usable(node) || vault == NULL ||
	    check_call(node, path, passphrase) != TACIT_OK ||
	    (path = tacit_keep(node, path)) == NULL)
		return NULL;
	if ((err = tacit_identity_create(vault, &identity)) != TACIT_OK) {
		tacit_node_fail(node, err, "no memory for an identity");
		return NULL;
	}
	if ((err = seal(node, &identity, passphrase, &costs[passphrase->cost], &content)) ==
	    TACIT_OK)
		err = write_new(node, path, &content);
	tacit_wipe(&content, sizeof(content));
	if (err != TACIT_OK) {
		tacit_identity_fini(&identity);
		return NULL;
	}
	warn_if_open(node, path, passphrase);
	return tacit_entity_adopt(node, &identity, path);
}

struct tacit_entity *
tacit_entity_load(struct tacit_node *node, struct tacit_vault *vault, const char *path,
    const struct tacit_passphrase *passphrase)
{
	struct tacit_identity identity;

	if (!tacit_node_usable(node) || vault == NULL ||
	    check_call(node, path, passphrase) != TACIT_OK ||
	    (path = tacit_keep(node, path)) == NULL ||
	    open_file(node, vault, path, passphrase, &identity) != TACIT_OK)
		return NULL;
	return tacit_entity_adopt(node, &identity, path);
}

/* rotating ------------------------------------------------------------------------------------- */

static tacit_err
rotate(struct tacit_node *node, struct tacit_identity *identity)
{
	tacit_err err = tacit_identity_rotate(identity);

	if (err == TACIT_OK)
		return err;
	return identity->history.count == TACIT_HISTORY_CHANGES_MAX
		   ? tacit_node_fail(node, err,
			 "this identity was rotated %u times, and its history has room for no "
			 "more: make a new identity",
			 TACIT_HISTORY_CHANGES_MAX - 1)
		   : tacit_node_fail(node, err, "cannot rotate: %s", tacit_strerror(err));
}

/* The file may have been rotated since it was loaded: what counts is what it has now.  *ret has the
 * file's identity and the cost of its passphrase. */
static tacit_err
open_again(struct tacit_entity *entity, const struct tacit_passphrase *passphrase,
    struct tacit_identity *ret, struct tacit_argon2id *ret_cost)
{
	struct tacit_node *node = entity->node;
	const struct tacit_sealed_passphrase opening = inner(passphrase);
	struct tacit_sealed_header header;
	const char *flaw = "";
	struct content content;
	tacit_err err = read_file(node, entity->path, &content);

	if (err != TACIT_OK)
		return err;
	if ((err = tacit_identity_peek(content.bytes, content.len, &header, &flaw)) == TACIT_OK &&
	    !tacit_identifier_equal(&header.identifier, &entity->identity.identifier)) {
		flaw = "is the file of another identity now";
		err = TACIT_EAUTH;
	}
	if (err == TACIT_OK)
		err = tacit_identity_unseal(
		    entity->identity.vault, content.bytes, content.len, &opening, ret, &flaw);
	tacit_wipe(&content, sizeof(content));
	if (err != TACIT_OK)
		return fail_flaw(node, err, entity->path, flaw);
	*ret_cost = header.cost;
	return TACIT_OK;
}

/* while it is our turn to change the file */
static tacit_err
rotate_in_turn(struct tacit_entity *entity, const struct tacit_passphrase *passphrase,
    struct tacit_file_change *change)
{
	struct tacit_node *node = entity->node;
	struct tacit_identity identity;
	struct tacit_argon2id cost;
	struct tacit_file_text text;
	struct content content;
	tacit_err err = open_again(entity, passphrase, &identity, &cost);

	if (err != TACIT_OK)
		return err;
	if ((err = rotate(node, &identity)) == TACIT_OK &&
	    (err = seal(node, &identity, passphrase, &cost, &content)) == TACIT_OK &&
	    (err = tacit_file_replace(change, content.bytes, content.len, &text)) != TACIT_OK)
		fail_file(node, err, &text);
	tacit_wipe(&content, sizeof(content));
	if (err != TACIT_OK) {
		tacit_identity_fini(&identity);
		return err;
	}
	tacit_identity_fini(&entity->identity);
	entity->identity = identity;
	return TACIT_OK;
}

tacit_err
tacit_entity_rotate(struct tacit_entity *entity, const struct tacit_passphrase *passphrase)
{
	struct tacit_file_change change;
	struct tacit_file_text text;
	tacit_err err;

	if (entity == NULL)
		return TACIT_EINVAL;
	if (!tacit_node_usable(entity->node))
		return tacit_node_err(entity->node);
	if (entity->path == NULL)
		return rotate(entity->node, &entity->identity);
	if ((err = check_call(entity->node, entity->path, passphrase)) != TACIT_OK)
		return err;
	if ((err = tacit_file_begin(entity->path, &change, &text)) != TACIT_OK)
		return fail_file(entity->node, err, &text);
	err = rotate_in_turn(entity, passphrase, &change);
	tacit_file_end(&change);
	return err;
}

/* without an entity ---------------------------------------------------------------------------- */

/* the file's identity in a vault of its own, which goes with it */
static tacit_err
open_apart(struct tacit_node *node, const char *path, const struct tacit_passphrase *passphrase,
    struct tacit_identity *ret)
{
	struct tacit_vault *vault;
	tacit_err err = tacit_vault_create(tacit_node_random(node), &vault);

	if (err != TACIT_OK)
		return tacit_node_fail(node, err, "no memory for a vault");
	if ((err = open_file(node, vault, path, passphrase, ret)) != TACIT_OK)
		tacit_vault_destroy(vault);
	return err;
}

/* while it is our turn to change the file */
static tacit_err
reseal_in_turn(struct tacit_node *node, const struct tacit_passphrase *before,
    const struct tacit_passphrase *after, struct tacit_file_change *change)
{
	struct tacit_identity identity;
	struct tacit_file_text text;
	struct content content;
	tacit_err err = open_apart(node, change->path, before, &identity);

	if (err != TACIT_OK)
		return err;
	if ((err = seal(node, &identity, after, &costs[after->cost], &content)) == TACIT_OK &&
	    (err = tacit_file_replace(change, content.bytes, content.len, &text)) != TACIT_OK)
		fail_file(node, err, &text);
	tacit_wipe(&content, sizeof(content));
	tacit_vault_destroy(identity.vault);
	return err;
}

tacit_err
tacit_identity_reseal(struct tacit_node *node, const char *path,
    const struct tacit_passphrase *before, const struct tacit_passphrase *after)
{
	struct tacit_file_change change;
	struct tacit_file_text text;
	tacit_err err;

	if (!tacit_node_usable(node))
		return tacit_node_err(node);
	if ((err = check_call(node, path, before)) != TACIT_OK ||
	    (err = check_call(node, path, after)) != TACIT_OK)
		return err;
	if ((err = tacit_file_begin(path, &change, &text)) != TACIT_OK)
		return fail_file(node, err, &text);
	err = reseal_in_turn(node, before, after, &change);
	tacit_file_end(&change);
	if (err == TACIT_OK)
		warn_if_open(node, path, after);
	return err;
}

static tacit_err
peek(struct tacit_node *node, const char *path, struct tacit_sealed_header *ret)
{
	const char *flaw = "";
	struct content content;
	tacit_err err = read_file(node, path, &content);

	if (err != TACIT_OK)
		return err;
	err = tacit_identity_peek(content.bytes, content.len, ret, &flaw);
	tacit_wipe(&content, sizeof(content));
	return err == TACIT_OK ? err : fail_flaw(node, err, path, flaw);
}

tacit_err
tacit_identity_show(struct tacit_node *node, const char *path,
    const struct tacit_passphrase *passphrase, struct tacit_identity_info *ret)
{
	const struct tacit_passphrase nobody = {.none = true};
	struct tacit_sealed_header header;
	struct tacit_identity identity;
	struct tacit_identity_info info = {.opened = passphrase != NULL};
	tacit_err err;

	if (!tacit_node_usable(node))
		return tacit_node_err(node);
	if ((err = check_call(node, path, passphrase != NULL ? passphrase : &nobody)) != TACIT_OK)
		return err;
	if (passphrase == NULL) {
		if ((err = peek(node, path, &header)) != TACIT_OK)
			return err;
		info.has_passphrase = header.has_passphrase;
		info.changes = header.history.count;
		tacit_identifier_format(&header.identifier, info.identifier);
	} else {
		if ((err = open_apart(node, path, passphrase, &identity)) != TACIT_OK)
			return err;
		info.has_passphrase = !passphrase->none;
		info.changes = identity.history.count;
		tacit_identifier_format(&identity.identifier, info.identifier);
		tacit_vault_destroy(identity.vault);
	}
	*ret = info;
	return TACIT_OK;
}

struct export
{
	tacit_secret_use use;
	void *arg;
};

static void
hand_out(void *arg, const struct tacit_ed25519_secret *secret)
{
	struct export *export = arg;

	export->use(export->arg, secret->b);
}

tacit_err
tacit_identity_export(struct tacit_node *node, const char *path,
    const struct tacit_passphrase *passphrase, tacit_secret_use use, void *arg)
{
	struct export export = {use, arg};
	struct tacit_identity identity;
	tacit_err err;

	if (!tacit_node_usable(node))
		return tacit_node_err(node);
	if ((err = check_call(node, path, passphrase)) != TACIT_OK ||
	    (err = open_apart(node, path, passphrase, &identity)) != TACIT_OK)
		return err;
	err = tacit_vault_use_ed25519(identity.vault, identity.key, hand_out, &export);
	tacit_vault_destroy(identity.vault);
	return err;
}
