/*
 * crypto/argon2id.h: a key from a passphrase, made costly for whoever guesses (RFC 9106: Argon2id,
 * version 0x13, one lane).
 */
#ifndef TACIT_CRYPTO_ARGON2ID_H
#define TACIT_CRYPTO_ARGON2ID_H

#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"

#define TACIT_ARGON2ID_SALT_LEN 16
#define TACIT_ARGON2ID_KEY_LEN  32

struct tacit_argon2id {
	uint32_t passes; /* 1 at least */
	uint32_t kib;    /* memory, 8 at least */
	uint8_t salt[TACIT_ARGON2ID_SALT_LEN];
};

/* takes the memory and the time that cost says: whoever reads a cost from somewhere bounds it.
 * Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_argon2id(const struct tacit_argon2id *cost, const void *passphrase,
    size_t len, uint8_t ret[TACIT_ARGON2ID_KEY_LEN]);

#endif
