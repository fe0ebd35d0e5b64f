#include "vault/vault.h"

#include "base/memory.h"
#include "base/secret.h"

/* a vault holds a few keys: they are searched, not looked up */
struct entry {
	tacit_key key;
	struct tacit_ed25519_secret *secret; /* in secret memory */
};

struct tacit_vault {
	const struct tacit_random *random;
	struct entry *entries;
	size_t count;
	tacit_key last; /* the handle given last */
};

tacit_err
tacit_vault_create(const struct tacit_random *random, struct tacit_vault **ret)
{
	struct tacit_vault *vault = tacit_alloc(sizeof(*vault));

	if (vault == NULL)
		return TACIT_ENOMEM;
	vault->random = random;
	*ret = vault;
	return TACIT_OK;
}

void
tacit_vault_destroy(struct tacit_vault *vault)
{
	if (vault == NULL)
		return;
	for (size_t i = 0; i < vault->count; i++)
		tacit_secret_free(vault->entries[i].secret);
	tacit_free(vault->entries);
	tacit_free(vault);
}

static struct entry *
find(const struct tacit_vault *vault, tacit_key key)
{
	for (size_t i = 0; i < vault->count; i++) {
		if (vault->entries[i].key == key)
			return &vault->entries[i];
	}
	return NULL;
}

tacit_err
tacit_vault_generate(
    struct tacit_vault *vault, tacit_key *ret, struct tacit_ed25519_public *ret_public)
{
	struct tacit_ed25519_secret *secret;
	struct entry *entries;

	if (vault->last == UINT32_MAX)
		return TACIT_ELIMIT;
	entries = tacit_realloc(vault->entries, (vault->count + 1) * sizeof(*entries));
	if (entries == NULL)
		return TACIT_ENOMEM;
	vault->entries = entries;
	secret = tacit_secret_new(sizeof(*secret));
	if (secret == NULL)
		return TACIT_ENOMEM;
	tacit_ed25519_generate(vault->random, secret, ret_public);
	entries[vault->count++] = (struct entry){++vault->last, secret};
	*ret = vault->last;
	return TACIT_OK;
}

void
tacit_vault_delete(struct tacit_vault *vault, tacit_key key)
{
	struct entry *entry = find(vault, key);

	if (entry == NULL)
		return;
	tacit_secret_free(entry->secret);
	*entry = vault->entries[--vault->count];
}

tacit_err
tacit_vault_sign(struct tacit_vault *vault, tacit_key key, const uint8_t *bytes, size_t len,
    struct tacit_ed25519_signature *ret)
{
	const struct entry *entry = find(vault, key);

	if (entry == NULL)
		return TACIT_ENOTFOUND;
	tacit_ed25519_sign(entry->secret, bytes, len, ret);
	return TACIT_OK;
}
