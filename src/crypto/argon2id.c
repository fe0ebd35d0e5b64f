#include "crypto/argon2id.h"

#include <sodium.h>

#include "base/memory.h"

tacit_err
tacit_argon2id(const struct tacit_argon2id *cost, const void *passphrase, size_t len,
    uint8_t ret[TACIT_ARGON2ID_KEY_LEN])
{
	tacit_assert(cost->passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN &&
		     (size_t)cost->kib * 1024 >= crypto_pwhash_argon2id_MEMLIMIT_MIN);
	return crypto_pwhash_argon2id(ret, TACIT_ARGON2ID_KEY_LEN, passphrase, len, cost->salt,
		   cost->passes, (size_t)cost->kib * 1024,
		   crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0
		   ? TACIT_OK
		   : TACIT_ENOMEM;
}
