#include "vault/vault.h"

#include "base/memory.h"
#include "base/secret.h"

/* a vault holds a few keys: they are searched, not looked up */
struct entry {
	tacit_key key;
	/* in secret memory; one of them, and the other is NULL */
	struct tacit_ed25519_secret *ed25519;
	struct tacit_x25519_secret *x25519;
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

static void
free_secrets(struct entry *entry)
{
	tacit_secret_free(entry->ed25519);
	tacit_secret_free(entry->x25519);
}

void
tacit_vault_destroy(struct tacit_vault *vault)
{
	if (vault == NULL)
		return;
	for (size_t i = 0; i < vault->count; i++)
		free_secrets(&vault->entries[i]);
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

/* the next entry, zeroed but for its handle; it counts when its maker counts it */
static tacit_err
prepare(struct tacit_vault *vault, struct entry **ret)
{
	struct entry *entries;

	if (vault->last == UINT32_MAX)
		return TACIT_ELIMIT;
	entries = tacit_realloc(vault->entries, (vault->count + 1) * sizeof(*entries));
	if (entries == NULL)
		return TACIT_ENOMEM;
	vault->entries = entries;
	entries[vault->count] = (struct entry){.key = vault->last + 1};
	*ret = &entries[vault->count];
	return TACIT_OK;
}

static tacit_key
commit(struct tacit_vault *vault)
{
	vault->count++;
	return ++vault->last;
}

tacit_err
tacit_vault_generate(
    struct tacit_vault *vault, tacit_key *ret, struct tacit_ed25519_public *ret_public)
{
	struct entry *entry;
	tacit_err err = prepare(vault, &entry);

	if (err != TACIT_OK)
		return err;
	if ((entry->ed25519 = tacit_secret_new(sizeof(*entry->ed25519))) == NULL)
		return TACIT_ENOMEM;
	tacit_ed25519_generate(vault->random, entry->ed25519, ret_public);
	*ret = commit(vault);
	return TACIT_OK;
}

tacit_err
tacit_vault_import(struct tacit_vault *vault, const uint8_t seed[TACIT_ED25519_LEN], tacit_key *ret,
    struct tacit_ed25519_public *ret_public)
{
	struct entry *entry;
	tacit_err err = prepare(vault, &entry);

	if (err != TACIT_OK)
		return err;
	if ((entry->ed25519 = tacit_secret_new(sizeof(*entry->ed25519))) == NULL)
		return TACIT_ENOMEM;
	tacit_ed25519_from_seed(seed, entry->ed25519, ret_public);
	*ret = commit(vault);
	return TACIT_OK;
}

tacit_err
tacit_vault_generate_x25519(
    struct tacit_vault *vault, tacit_key *ret, struct tacit_x25519_public *ret_public)
{
	struct entry *entry;
	tacit_err err = prepare(vault, &entry);

	if (err != TACIT_OK)
		return err;
	if ((entry->x25519 = tacit_secret_new(sizeof(*entry->x25519))) == NULL)
		return TACIT_ENOMEM;
	tacit_x25519_generate(vault->random, entry->x25519, ret_public);
	tacit_x25519_clamp(entry->x25519);
	*ret = commit(vault);
	return TACIT_OK;
}

void
tacit_vault_delete(struct tacit_vault *vault, tacit_key key)
{
	struct entry *entry = find(vault, key);

	if (entry == NULL)
		return;
	free_secrets(entry);
	*entry = vault->entries[--vault->count];
}

tacit_err
tacit_vault_sign(struct tacit_vault *vault, tacit_key key, const uint8_t *bytes, size_t len,
    struct tacit_ed25519_signature *ret)
{
	const struct entry *entry = find(vault, key);

	if (entry == NULL || entry->ed25519 == NULL)
		return TACIT_ENOTFOUND;
	tacit_ed25519_sign(entry->ed25519, bytes, len, ret);
	return TACIT_OK;
}

tacit_err
tacit_vault_use_x25519(
    struct tacit_vault *vault, tacit_key key, tacit_vault_x25519_cb use, void *arg)
{
	const struct entry *entry = find(vault, key);

	if (entry == NULL || entry->x25519 == NULL)
		return TACIT_ENOTFOUND;
	use(arg, entry->x25519);
	return TACIT_OK;
}

tacit_err
tacit_vault_use_ed25519(
    struct tacit_vault *vault, tacit_key key, tacit_vault_ed25519_cb use, void *arg)
{
	const struct entry *entry = find(vault, key);

	if (entry == NULL || entry->ed25519 == NULL)
		return TACIT_ENOTFOUND;
	use(arg, entry->ed25519);
	return TACIT_OK;
}

void
tacit_vault_random(struct tacit_vault *vault, void *ret, size_t len)
{
	tacit_random_fill(vault->random, ret, len);
}
