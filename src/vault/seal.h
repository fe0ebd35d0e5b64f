/*
 * vault/seal.h: an Ed25519 key of the vault as sealed bytes, and back.
 *
 * The key that seals comes from a passphrase, and is used once: whoever seals draws a new salt.
 * Source: FORMAT.md 1.3.
 */
#ifndef TACIT_VAULT_SEAL_H
#define TACIT_VAULT_SEAL_H

#include "crypto/aead.h"
#include "crypto/argon2id.h"
#include "vault/vault.h"

/* the seed of RFC 8032 and a tag */
#define TACIT_SEALED_LEN (TACIT_ED25519_LEN + TACIT_TAG_LEN)

/* all borrowed */
struct tacit_lock {
	const void *passphrase; /* NULL: none; the seal then finds damage, and hides nothing */
	size_t passphrase_len;
	const struct tacit_argon2id *cost; /* not looked at without a passphrase */
	const uint8_t *aad;                /* what else the seal covers */
	size_t aad_len;
};

/* Errors: TACIT_ENOTFOUND, TACIT_ENOMEM (cost->kib of it), TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_vault_seal(struct tacit_vault *vault, tacit_key key,
    const struct tacit_lock *lock, uint8_t ret[TACIT_SEALED_LEN]);
/* puts the key into the vault.  Errors: TACIT_EAUTH (another passphrase, or other bytes),
 * TACIT_ENOMEM, TACIT_ELIMIT, TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_vault_unseal(struct tacit_vault *vault,
    const struct tacit_lock *lock, const uint8_t sealed[TACIT_SEALED_LEN], tacit_key *ret,
    struct tacit_ed25519_public *ret_public);

#endif
