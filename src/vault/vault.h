/*
 * vault/vault.h: holds secret keys; everyone else holds handles.
 *
 * Secrets lie in locked memory that no core dump shows and no child process inherits
 * (base/secret.h), are wiped when freed, and never leave as bytes.
 */
#ifndef TACIT_VAULT_VAULT_H
#define TACIT_VAULT_VAULT_H

#include <stddef.h>
#include <stdint.h>

#include "base/port.h"
#include "crypto/ed25519.h"
#include "tacit/err.h"

struct tacit_vault;
/* a key's handle; 0 is none; one that was deleted is never given again */
typedef uint32_t tacit_key;

/* keeps random.  Gives *ret, tacit_vault_destroy().  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_vault_create(
    const struct tacit_random *random, struct tacit_vault **ret);
/* wipes and frees all keys; NULL is fine */
void tacit_vault_destroy(struct tacit_vault *vault);

/* Errors: TACIT_ENOMEM, TACIT_ELIMIT (2^32 handles were given) */
TACIT_MUST_USE tacit_err tacit_vault_generate(
    struct tacit_vault *vault, tacit_key *ret, struct tacit_ed25519_public *ret_public);
/* wipes; an unknown handle is fine */
void tacit_vault_delete(struct tacit_vault *vault, tacit_key key);
/* Errors: TACIT_ENOTFOUND */
TACIT_MUST_USE tacit_err tacit_vault_sign(struct tacit_vault *vault, tacit_key key,
    const uint8_t *bytes, size_t len, struct tacit_ed25519_signature *ret);

#endif
