/*
 * identity/sealed.h: an identity as the bytes of its file: the history for everybody to read, the
 * secret sealed by a passphrase.  Source: FORMAT.md 1.
 *
 *   bytes  field
 *   8      magic      `tacit-id`
 *   1      version    1
 *   1      kdf        0 no passphrase, 1 Argon2id
 *   4      passes     u32, big-endian; 0 without a passphrase, and so are the next two
 *   4      memory     in KiB, the same
 *   16     salt
 *   n      history    PROTOCOL.md 4.2
 *   48     sealed     the seed of the history's last key, and a tag that covers all before it
 */
#ifndef TACIT_IDENTITY_SEALED_H
#define TACIT_IDENTITY_SEALED_H

#include "base/limits.h"
#include "identity/entity.h"
#include "vault/seal.h"

#define TACIT_SEALED_IDENTITY_LEN_MAX (34 + TACIT_HISTORY_LEN_MAX + TACIT_SEALED_LEN)

/* what everybody can read of a file */
struct tacit_sealed_header {
	bool has_passphrase;
	struct tacit_argon2id cost; /* zeros without a passphrase */
	struct tacit_history history;
	struct tacit_identifier identifier;
	size_t len; /* bytes up to the sealed part */
};

/* borrowed; bytes NULL: none, on purpose */
struct tacit_sealed_passphrase {
	const void *bytes;
	size_t len;
};

/* writes *ret_len bytes with a new salt.  passes and kib of cost count, and only with a passphrase.
 * Errors: TACIT_ENOTFOUND, TACIT_ENOMEM, TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_identity_seal(const struct tacit_identity *identity,
    const struct tacit_sealed_passphrase *passphrase, const struct tacit_argon2id *cost,
    uint8_t ret[TACIT_SEALED_IDENTITY_LEN_MAX], size_t *ret_len);

/*
 * Reads what needs no passphrase, and verifies the history's signatures: who made the bytes up had
 * each key of it at some time, which does not say that the sealed part belongs to it.
 *
 * *ret_flaw is written with an error: what is wrong, to go behind the name of the file.
 * Errors: TACIT_EFORMAT (none of ours, cut short), TACIT_EUNSUPPORTED (version), TACIT_ELIMIT
 * (costs more, or less, than TACIT_KDF_* allow), TACIT_EAUTH (a signature)
 */
TACIT_MUST_USE tacit_err tacit_identity_peek(
    const uint8_t *bytes, size_t len, struct tacit_sealed_header *ret, const char **ret_flaw);

/*
 * The whole identity, its key in the vault, which is kept.  Everything in the bytes is then
 * authentic, by the passphrase if there is one.
 *
 * Errors: as peek; TACIT_EAUTH (wrong passphrase, or damaged), TACIT_EINVAL (there is a passphrase
 * and none was given, or the other way round), TACIT_ENOMEM, TACIT_ELIMIT (the vault),
 * TACIT_EINTERNAL
 */
TACIT_MUST_USE tacit_err tacit_identity_unseal(struct tacit_vault *vault, const uint8_t *bytes,
    size_t len, const struct tacit_sealed_passphrase *passphrase, struct tacit_identity *ret,
    const char **ret_flaw);

#endif
