#include "ockam/identity.h"

#include <string.h>

#include "base/hex.h"
#include "base/memory.h"
#include "ockam/xeddsa.h"
#include "wire/bare.h"

#define CHANGE_VERSION 1u

struct signing {
	const uint8_t *hash;
	uint8_t z[TACIT_XEDDSA_Z_LEN];
	struct tacit_ed25519_signature signature;
};

static void
sign(void *arg, const struct tacit_x25519_secret *secret)
{
	struct signing *signing = arg;

	tacit_xeddsa_sign(secret, signing->hash, TACIT_HASH_LEN, signing->z, &signing->signature);
}

tacit_err
tacit_ockam_identity_sign(const struct tacit_ockam_identity *identity,
    const uint8_t hash[TACIT_HASH_LEN], struct tacit_ed25519_signature *ret)
{
	struct signing signing = {.hash = hash};
	tacit_err err;

	tacit_vault_random(identity->vault, signing.z, sizeof(signing.z));
	err = tacit_vault_use_x25519(identity->vault, identity->key, sign, &signing);
	if (err == TACIT_OK)
		*ret = signing.signature;
	tacit_wipe(&signing, sizeof(signing));
	return err;
}

void
tacit_ockam_no_event(uint8_t ret[TACIT_HASH_LEN])
{
	static const char text[] = "OCKAM_NO_EVENT";

	tacit_hash(ret, text, strlen(text), NULL, 0);
}

/* The change set and, over its data, the key's own signature. */
static tacit_err
write_changes(struct tacit_writer *w, const struct tacit_ockam_identity *identity)
{
	struct tacit_ed25519_signature self;
	uint8_t hash[TACIT_HASH_LEN];
	size_t data;
	tacit_err err;

	tacit_ockam_no_event(hash);
	tacit_writer_put(w, hash, sizeof(hash));
	tacit_bare_write_uint(w, 1);
	tacit_writer_u8(w, CHANGE_VERSION);
	tacit_bare_write_uint(w, 0);
	tacit_bare_write_uint(w, TACIT_OCKAM_CREATE_KEY);
	data = w->len;
	tacit_bare_write_text(w, TACIT_OCKAM_LABEL);
	tacit_bare_write_uint(w, TACIT_OCKAM_META);
	tacit_bare_write_uint(w, TACIT_OCKAM_CURVE25519);
	tacit_bare_write_uint(w, TACIT_OCKAM_PERSISTENT);
	tacit_bare_write_u64(w, TACIT_OCKAM_KEY_LEN);
	tacit_bare_write_data(w, identity->public.b, sizeof(identity->public.b));
	tacit_hash(hash, w->bytes + data, w->len - data, NULL, 0);
	if ((err = tacit_ockam_identity_sign(identity, hash, &self)) != TACIT_OK)
		return err;
	tacit_writer_put(w, self.b, sizeof(self.b));
	return TACIT_OK;
}

static tacit_err
write_contact(struct tacit_ockam_identity *identity)
{
	char text[2 * sizeof(identity->identifier.b) + 1];
	struct tacit_ed25519_signature signature;
	uint8_t id[TACIT_HASH_LEN], *id_at;
	struct tacit_writer w;
	tacit_err err;

	tacit_writer_init(&w, identity->contact, sizeof(identity->contact));
	tacit_hex_encode(text, identity->identifier.b, sizeof(identity->identifier.b));
	tacit_bare_write_text(&w, text);
	tacit_bare_write_uint(&w, 1);
	id_at = tacit_writer_reserve(&w, sizeof(id));
	if ((err = write_changes(&w, identity)) != TACIT_OK)
		return err;
	tacit_assert(id_at != NULL && !w.bad);
	tacit_hash(id, id_at + sizeof(id), (size_t)(w.bytes + w.len - id_at) - sizeof(id), NULL, 0);
	memcpy(id_at, id, sizeof(id));
	if ((err = tacit_ockam_identity_sign(identity, id, &signature)) != TACIT_OK)
		return err;
	tacit_bare_write_uint(&w, TACIT_OCKAM_SIGNATURE);
	tacit_bare_write_uint(&w, TACIT_OCKAM_ROOT_SIGN);
	tacit_writer_put(&w, signature.b, sizeof(signature.b));
	tacit_assert(!w.bad && w.len == sizeof(identity->contact));
	return TACIT_OK;
}

tacit_err
tacit_ockam_identity_create(struct tacit_vault *vault, struct tacit_ockam_identity *ret)
{
	struct tacit_ockam_identity identity = {.vault = vault};
	tacit_err err = tacit_vault_generate_x25519(vault, &identity.key, &identity.public);

	if (err != TACIT_OK)
		return err;
	tacit_hash(identity.identifier.b, identity.public.b, sizeof(identity.public.b), NULL, 0);
	if ((err = write_contact(&identity)) != TACIT_OK) {
		tacit_vault_delete(vault, identity.key);
		return err;
	}
	*ret = identity;
	return TACIT_OK;
}

void
tacit_ockam_identity_fini(struct tacit_ockam_identity *identity)
{
	if (identity->vault != NULL)
		tacit_vault_delete(identity->vault, identity->key);
	memset(identity, 0, sizeof(*identity));
}
