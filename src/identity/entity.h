/*
 * identity/entity.h: a named party with an identity key in a vault, its identifier and history.
 *
 * Source: PROTOCOL.md 4 (identifier, change history, proof).
 */
#ifndef TACIT_IDENTITY_ENTITY_H
#define TACIT_IDENTITY_ENTITY_H

#include "identity/history.h"
#include "identity/proof.h"
#include "vault/vault.h"

struct tacit_identity {
	struct tacit_vault *vault; /* kept */
	tacit_key key;             /* the current key */
	struct tacit_history history;
	struct tacit_identifier identifier;
};

/* a new identity with a new key; keeps vault.  Errors: TACIT_ENOMEM, TACIT_ELIMIT */
TACIT_MUST_USE tacit_err tacit_identity_create(
    struct tacit_vault *vault, struct tacit_identity *ret);
/* a new key in the same history; the old one is deleted.  Errors: TACIT_ELIMIT (history is full),
 * TACIT_ENOMEM, TACIT_ENOTFOUND (the vault has lost the key); the identity is then unchanged */
TACIT_MUST_USE tacit_err tacit_identity_rotate(struct tacit_identity *identity);
/* deletes the key */
void tacit_identity_fini(struct tacit_identity *identity);

/* proves this identity in a handshake.  Errors: TACIT_ENOTFOUND */
TACIT_MUST_USE tacit_err tacit_identity_prove(const struct tacit_identity *identity,
    enum tacit_role role, const uint8_t h[TACIT_HASH_LEN], struct tacit_ed25519_signature *ret);

#endif
