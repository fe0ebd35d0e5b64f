/*
 * vault/vault.h: holds secret keys; everyone else holds handles.
 *
 * Secrets lie in locked memory that no core dump shows and no child process inherits
 * (base/secret.h), are wiped when freed, and leave as bytes only sealed (vault/seal.h) or where a
 * program exports one.  A key is of one kind, Ed25519 or X25519: to whoever wants the other kind it
 * does not exist.
 */
#ifndef TACIT_VAULT_VAULT_H
#define TACIT_VAULT_VAULT_H

#include <stddef.h>
#include <stdint.h>

#include "base/port.h"
#include "crypto/ed25519.h"
#include "crypto/x25519.h"
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
/* the same for an X25519 key.  The secret is clamped (RFC 7748, section 5) before it is kept: who
 * reckons with its number gets the same as who multiplies a point with it */
TACIT_MUST_USE tacit_err tacit_vault_generate_x25519(
    struct tacit_vault *vault, tacit_key *ret, struct tacit_x25519_public *ret_public);
/* an Ed25519 key from the seed of RFC 8032, which the caller wipes.  Errors: as generate */
TACIT_MUST_USE tacit_err tacit_vault_import(struct tacit_vault *vault,
    const uint8_t seed[TACIT_ED25519_LEN], tacit_key *ret, struct tacit_ed25519_public *ret_public);
/* wipes; an unknown handle is fine */
void tacit_vault_delete(struct tacit_vault *vault, tacit_key key);
/* Errors: TACIT_ENOTFOUND */
TACIT_MUST_USE tacit_err tacit_vault_sign(struct tacit_vault *vault, tacit_key key,
    const uint8_t *bytes, size_t len, struct tacit_ed25519_signature *ret);
/* what is done with an X25519 secret inside the vault: borrows it for the call, copies none of it,
 * and does not call the vault */
typedef void (*tacit_vault_x25519_cb)(void *arg, const struct tacit_x25519_secret *secret);
/* calls use once, before it returns, or not at all.  Errors: TACIT_ENOTFOUND */
TACIT_MUST_USE tacit_err tacit_vault_use_x25519(
    struct tacit_vault *vault, tacit_key key, tacit_vault_x25519_cb use, void *arg);
/* the same for an Ed25519 secret, to seal or export it */
typedef void (*tacit_vault_ed25519_cb)(void *arg, const struct tacit_ed25519_secret *secret);
TACIT_MUST_USE tacit_err tacit_vault_use_ed25519(
    struct tacit_vault *vault, tacit_key key, tacit_vault_ed25519_cb use, void *arg);
/* len bytes of the vault's randomness, for signatures that want some */
void tacit_vault_random(struct tacit_vault *vault, void *ret, size_t len);

#endif
