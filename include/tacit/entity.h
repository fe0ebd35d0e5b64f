/*
 * tacit/entity.h: vaults, entities and trust policies: who one is, and whom one trusts.
 */
#ifndef TACIT_ENTITY_H
#define TACIT_ENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"
#include "tacit/node.h"

struct tacit_vault;
struct tacit_entity;
struct tacit_trust;

/*
 * tacit_vault_new: holds secret keys in locked memory; everyone else has handles.  Belongs to the
 * node.
 */
TACIT_API struct tacit_vault *tacit_vault_new(struct tacit_node *node);

/*
 * tacit_entity_new: a party with a new identity key in the vault.  Lives as long as the node.
 */
TACIT_API struct tacit_entity *tacit_entity_new(struct tacit_node *node, struct tacit_vault *vault);
/* `P` and 64 hex digits, borrowed from the entity; "" for NULL.  Not secret: give it to whoever
 * should pin it */
TACIT_API const char *tacit_entity_identifier(const struct tacit_entity *entity);

/*
 * Identity files: an entity that outlives its process.  Source: FORMAT.md 1.
 *
 * A file holds the identifier and the history of its keys for everybody to read who can read the
 * file, and the secret key sealed by a passphrase.  A file that anybody else could read or have
 * changed is refused, and so are symbolic links, in words that say what to do.  These calls wait
 * for the disk, and about half a second for the passphrase: make them before the node is busy.
 */

/* what it costs whoever guesses a passphrase, and everyone who opens the file */
enum tacit_passphrase_cost {
	TACIT_COST_STRONG, /* Argon2id: 3 passes over 256 MiB */
	TACIT_COST_LEAST,  /* 1 pass over 8 MiB: for tests, and where memory is short and the
			    * passphrase long and random */
};

/* borrowed for the call.  Its bytes are copied nowhere; the program wipes them */
struct tacit_passphrase {
	const void *bytes;
	size_t len; /* 1 to 1024 */
	/* no passphrase, on purpose: then bytes is NULL, and the file's mode is all that protects the
	 * key.  For services that nobody types one for */
	bool none;
	/* of one that a file is given; whoever opens a file pays what it says */
	enum tacit_passphrase_cost cost;
};

/*
 * tacit_entity_create_file: a party with a new identity key, in the vault and in a new file with
 * mode 0600.  It is on disk when the call returns; a file that is there is never overwritten.
 * tacit_entity_load: the party that a file holds.
 *
 * The entity lives as long as the node.
 * Errors, remembered, of both: TACIT_EINVAL (no passphrase and not `none`, or the other way round;
 * called by a handler), TACIT_ELIMIT (too long a passphrase), TACIT_ENOTFOUND, TACIT_EDENIED,
 * TACIT_EIO, TACIT_ENOMEM.  Of create: TACIT_EEXIST, TACIT_ENOSPACE, TACIT_EBUSY, TACIT_EINVAL
 * (a name that ends in .new: a file is changed under such a name).  Of load:
 * TACIT_EAUTH (wrong passphrase, or the file is damaged), TACIT_EFORMAT (no identity file, or cut
 * short), TACIT_EUNSUPPORTED (a later version), TACIT_ELIMIT (it is too big, or its passphrase
 * costs more than is allowed), TACIT_EINVAL (no regular file, or a symbolic link; it has a
 * passphrase and `none` was said, or the other way round).
 */
TACIT_API struct tacit_entity *tacit_entity_create_file(struct tacit_node *node,
    struct tacit_vault *vault, const char *path, const struct tacit_passphrase *passphrase);
TACIT_API struct tacit_entity *tacit_entity_load(struct tacit_node *node, struct tacit_vault *vault,
    const char *path, const struct tacit_passphrase *passphrase);

/*
 * tacit_entity_rotate: a new key for the same identifier: signed by the old key, which is deleted.
 * The entity proves the new one from now on; channels that are open stay open.  The file that the
 * entity came from is replaced as a whole: whatever happens, the old one or the new one is there.
 * Of two programs that rotate at once one waits for the other, and both keys are in the history.
 * passphrase: the file's; an entity without a file does not look at it.
 *
 * Peers that pinned the identifier go on as before.  A peer that has seen the new key takes the old
 * one no more: whoever runs with the file as it was loads it again.
 *
 * Errors, remembered: as load, and TACIT_ELIMIT (7 rotations are all that a history holds),
 * TACIT_ENOSPACE.  The entity keeps its key then; after TACIT_EIO the file may have the new one.
 */
TACIT_API tacit_err tacit_entity_rotate(
    struct tacit_entity *entity, const struct tacit_passphrase *passphrase);

/*
 * tacit_identity_reseal: another passphrase for a file, or one where there was none, or none from
 * now on.  Key, identifier and history stay; the file is replaced as a whole, as by a rotation, and
 * waits for its turn as one does.  before: the passphrase that it has; after: what it is to have.
 * Entities that came from the file are who they were, and rotate with the passphrase it then has.
 *
 * Copies of the file that were made before, and what a disk keeps of it, open with the passphrase
 * they had: a key that somebody may have is not made safe by this.
 *
 * Errors, remembered: as load, TACIT_EBUSY, TACIT_ENOSPACE.  The file is then as it was; after
 * TACIT_EIO it may have the new passphrase.
 */
TACIT_API tacit_err tacit_identity_reseal(struct tacit_node *node, const char *path,
    const struct tacit_passphrase *before, const struct tacit_passphrase *after);

struct tacit_identity_info {
	char identifier[66]; /* `P` and 64 hex digits */
	unsigned changes;    /* keys it had so far: 1 plus rotations */
	bool has_passphrase;
	bool opened; /* by the passphrase: all this is authentic */
};

/*
 * tacit_identity_show: whom a file is for.  passphrase NULL: what everybody can read, with the
 * history's own signatures verified: the file cannot claim an identifier whose keys never signed
 * this history, but it may be a copy that somebody made of another's.  With a passphrase the file
 * is opened, as load does.
 *
 * *ret is written on success only.  Errors, remembered: as load.
 */
TACIT_API tacit_err tacit_identity_show(struct tacit_node *node, const char *path,
    const struct tacit_passphrase *passphrase, struct tacit_identity_info *ret);

/*
 * tacit_identity_export: hands the secret key of a file to use: the 32 bytes of the seed of RFC
 * 8032, borrowed for the call and wiped after it.  Whoever has them is this party.
 *
 * Errors, remembered: as load; use is then not called.
 */
typedef void (*tacit_secret_use)(void *arg, const uint8_t secret[32]);
TACIT_API tacit_err tacit_identity_export(struct tacit_node *node, const char *path,
    const struct tacit_passphrase *passphrase, tacit_secret_use use, void *arg);

/*
 * A trust policy decides, from the proven identifier of the other end, whether a channel opens.
 * There is no default: each listener and each channel names one.
 *
 * tacit_trust_everyone: anybody.  The channel is then encrypted, but not protected from whoever
 * carries the bytes: the hub itself could sit in the middle.  For trying things out.
 *
 * tacit_trust_exactly: these identifiers (`P` and 64 hex digits each, or several with commas
 * between), ends with NULL.
 * Errors, remembered: TACIT_EINVAL: not an identifier, or none at all; TACIT_ELIMIT: more than 64.
 *
 * tacit_trust_listed: the identifiers in a file, one a line; # begins a comment.  Read once.  The
 * file must be ours or root's, and nobody else's to write.
 * Errors, remembered: TACIT_EFORMAT (the text has the number of the line), TACIT_EINVAL (nobody is
 * listed, or not a file), TACIT_ELIMIT (more than 4,096), TACIT_ENOTFOUND, TACIT_EDENIED, TACIT_EIO
 *
 * tacit_trust_first_seen: whoever proves an identity first, and from then on nobody else; for each
 * entity of ours and each label, which is the name of a peer or of a listener (1 to 64 printable
 * characters without blanks).  Whoever carries the first handshake could be that first one; from
 * the second on it is as good as tacit_trust_exactly.  It is remembered in the file at path
 * (FORMAT.md 2), which is made when there is something to remember; before the channel is
 * established it is on disk.  Programs may share the file; of two that see somebody first at once
 * one wins, and the other compares.  The file must be ours, and nobody else's to write.
 * Errors, remembered: TACIT_EINVAL, TACIT_EFORMAT, TACIT_EDENIED, TACIT_ELIMIT, TACIT_EIO.  A file
 * that goes wrong later refuses everybody, and the channel fails with that error.
 */
TACIT_API const struct tacit_trust *tacit_trust_everyone(struct tacit_node *node);
TACIT_API TACIT_SENTINEL const struct tacit_trust *tacit_trust_exactly(
    struct tacit_node *node, ...);
TACIT_API const struct tacit_trust *tacit_trust_listed(struct tacit_node *node, const char *path);
TACIT_API const struct tacit_trust *tacit_trust_first_seen(
    struct tacit_node *node, const char *path, const char *label);

/*
 * tacit_trust_remember: the longest history that was seen of each party is remembered in the file
 * at path (FORMAT.md 2), for all policies of the node.  Without this call the node remembers as
 * long as it lives, and tacit_trust_first_seen what it has in its file.
 *
 * Who was seen with a rotated key is refused with an older one, and with a history that does not
 * continue the one that was seen: TACIT_EUNTRUSTED.  Those whom only tacit_trust_everyone lets in
 * are compared, and not remembered.
 *
 * Errors, remembered: TACIT_EEXIST (the node has a file already), and as first_seen.
 */
TACIT_API tacit_err tacit_trust_remember(struct tacit_node *node, const char *path);

#endif
