/*
 * tacit/entity.h: vaults, entities and trust policies: who one is, and whom one trusts.
 */
#ifndef TACIT_ENTITY_H
#define TACIT_ENTITY_H

#include "tacit/err.h"
#include "tacit/node.h"

struct tacit_vault;
struct tacit_entity;
struct tacit_trust;

/*
 * tacit_vault_new: holds secret keys in locked memory; everyone else has handles.  Belongs to the node.
 */
TACIT_API struct tacit_vault *tacit_vault_new(struct tacit_node *node);

/*
 * tacit_entity_new: a party with a new identity key in the vault.  Lives as long as the node.
 */
TACIT_API struct tacit_entity *tacit_entity_new(struct tacit_node *node, struct tacit_vault *vault);
/* `P` and 64 hex digits, borrowed from the entity; "" for NULL.  Not secret: give it to whoever should pin it */
TACIT_API const char *tacit_entity_identifier(const struct tacit_entity *entity);

/*
 * A trust policy decides, from the proven identifier of the other end, whether a channel opens.
 * There is no default: each listener and each channel names one.
 *
 * tacit_trust_everyone: anybody.  The channel is then encrypted, but not protected from whoever
 * carries the bytes: the hub itself could sit in the middle.  For trying things out.
 *
 * tacit_trust_exactly: these identifiers (`P` and 64 hex digits each), ends with NULL.
 * Errors, remembered: TACIT_EINVAL: not an identifier, or none at all; TACIT_ELIMIT: more than 64.
 */
TACIT_API const struct tacit_trust *tacit_trust_everyone(struct tacit_node *node);
TACIT_API TACIT_SENTINEL const struct tacit_trust *tacit_trust_exactly(
    struct tacit_node *node, ...);

#endif
