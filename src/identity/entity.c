#include "identity/entity.h"

#include <string.h>

/* Fills the change after the last one and counts it: key (public) is new, previous signed before;
 * 0 for a creation.  The history is unchanged on failure. */
static tacit_err
append(struct tacit_vault *vault, struct tacit_history *history, tacit_key key, tacit_key previous,
    const struct tacit_ed25519_public *public)
{
	struct tacit_change *change = &history->changes[history->count];
	uint8_t input[TACIT_CHANGE_INPUT_LEN];
	tacit_err err;

	memset(change, 0, sizeof(*change));
	change->type = previous == 0 ? TACIT_CHANGE_CREATE : TACIT_CHANGE_ROTATE;
	change->key = *public;
	tacit_history_change_input(history, history->count, input);
	err = tacit_vault_sign(vault, key, input, sizeof(input), &change->self);
	if (err == TACIT_OK && previous != 0)
		err = tacit_vault_sign(vault, previous, input, sizeof(input), &change->previous);
	if (err == TACIT_OK)
		history->count++;
	else
		memset(change, 0, sizeof(*change));
	return err;
}

tacit_err
tacit_identity_create(struct tacit_vault *vault, struct tacit_identity *ret)
{
	struct tacit_identity identity = {.vault = vault};
	struct tacit_ed25519_public public;
	tacit_err err;

	if ((err = tacit_vault_generate(vault, &identity.key, &public)) != TACIT_OK)
		return err;
	if ((err = append(vault, &identity.history, identity.key, 0, &public)) != TACIT_OK) {
		tacit_vault_delete(vault, identity.key);
		return err;
	}
	tacit_history_identifier(&identity.history, &identity.identifier);
	*ret = identity;
	return TACIT_OK;
}

tacit_err
tacit_identity_rotate(struct tacit_identity *identity)
{
	struct tacit_ed25519_public public;
	tacit_key key;
	tacit_err err;

	if (identity->history.count == TACIT_HISTORY_CHANGES_MAX)
		return TACIT_ELIMIT;
	if ((err = tacit_vault_generate(identity->vault, &key, &public)) != TACIT_OK)
		return err;
	err = append(identity->vault, &identity->history, key, identity->key, &public);
	if (err != TACIT_OK) {
		tacit_vault_delete(identity->vault, key);
		return err;
	}
	tacit_vault_delete(identity->vault, identity->key);
	identity->key = key;
	return TACIT_OK;
}

void
tacit_identity_fini(struct tacit_identity *identity)
{
	if (identity->vault != NULL)
		tacit_vault_delete(identity->vault, identity->key);
	memset(identity, 0, sizeof(*identity));
}

tacit_err
tacit_identity_prove(const struct tacit_identity *identity, enum tacit_role role,
    const uint8_t h[TACIT_HASH_LEN], struct tacit_ed25519_signature *ret)
{
	uint8_t input[TACIT_PROOF_INPUT_LEN];

	tacit_proof_input(input, role, h, &identity->history);
	return tacit_vault_sign(identity->vault, identity->key, input, sizeof(input), ret);
}
