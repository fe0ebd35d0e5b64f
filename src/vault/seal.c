#include "vault/seal.h"

#include "base/memory.h"
#include "base/secret.h"

/* the cipher under the lock's key; that key is zeros without a passphrase */
static tacit_err
make_cipher(const struct tacit_lock *lock, struct tacit_aead **ret)
{
	uint8_t *key = tacit_secret_new(TACIT_KEY_LEN);
	tacit_err err = TACIT_OK;

	_Static_assert(TACIT_KEY_LEN == TACIT_ARGON2ID_KEY_LEN, "a key is a key");
	if (key == NULL)
		return TACIT_ENOMEM;
	if (lock->passphrase != NULL)
		err = tacit_argon2id(lock->cost, lock->passphrase, lock->passphrase_len, key);
	if (err == TACIT_OK)
		err = tacit_aead_new(key, ret);
	tacit_secret_free(key);
	return err;
}

struct sealing {
	const struct tacit_lock *lock;
	struct tacit_aead *cipher;
	uint8_t *ret;
	tacit_err err;
};

static void
seal(void *arg, const struct tacit_ed25519_secret *secret)
{
	struct sealing *sealing = arg;

	sealing->err = tacit_aead_seal(sealing->cipher, 0, sealing->lock->aad,
	    sealing->lock->aad_len, secret->b, TACIT_ED25519_LEN, sealing->ret);
}

tacit_err
tacit_vault_seal(struct tacit_vault *vault, tacit_key key, const struct tacit_lock *lock,
    uint8_t ret[TACIT_SEALED_LEN])
{
	struct sealing sealing = {.lock = lock, .ret = ret};
	tacit_err err = make_cipher(lock, &sealing.cipher);

	if (err != TACIT_OK)
		return err;
	err = tacit_vault_use_ed25519(vault, key, seal, &sealing);
	tacit_aead_free(sealing.cipher);
	return err != TACIT_OK ? err : sealing.err;
}

tacit_err
tacit_vault_unseal(struct tacit_vault *vault, const struct tacit_lock *lock,
    const uint8_t sealed[TACIT_SEALED_LEN], tacit_key *ret, struct tacit_ed25519_public *ret_public)
{
	uint8_t *seed = tacit_secret_new(TACIT_ED25519_LEN);
	struct tacit_aead *cipher = NULL;
	tacit_err err = TACIT_ENOMEM;

	if (seed == NULL)
		return err;
	if ((err = make_cipher(lock, &cipher)) != TACIT_OK ||
	    (err = tacit_aead_open(
		 cipher, 0, lock->aad, lock->aad_len, sealed, TACIT_SEALED_LEN, seed)) != TACIT_OK)
		goto done;
	err = tacit_vault_import(vault, seed, ret, ret_public);
done:
	tacit_aead_free(cipher);
	tacit_secret_free(seed);
	return err;
}
