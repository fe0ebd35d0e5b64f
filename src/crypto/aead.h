/*
 * crypto/aead.h: AES-256-GCM with a counter nonce (Noise rev 34, 12.4: 4 zero bytes, then the
 * counter as u64, big-endian).
 *
 * One object per key.  The cipher is fetched once per process, the key schedule is kept, and only
 * the nonce changes per message: a new context per message costs three times as much at 64 B.
 */
#ifndef TACIT_CRYPTO_AEAD_H
#define TACIT_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"

#define TACIT_KEY_LEN 32
#define TACIT_TAG_LEN 16

struct tacit_aead;

/* borrows key.  Gives *ret, tacit_aead_free(), which wipes.
 * Errors: TACIT_ENOMEM, TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_aead_new(const uint8_t key[TACIT_KEY_LEN], struct tacit_aead **ret);
void tacit_aead_free(struct tacit_aead *aead);

/* writes len + TACIT_TAG_LEN bytes; ret may be plain itself.  Never twice with one counter: the
 * callers are cipher state and record, which count for themselves.  Errors: TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_aead_seal(struct tacit_aead *aead, uint64_t counter,
    const uint8_t *aad, size_t aad_len, const uint8_t *plain, size_t len, uint8_t *ret);
/* len counts the tag; writes len - TACIT_TAG_LEN bytes, which are worthless unless TACIT_OK.
 * Errors: TACIT_EAUTH (also when len is below the tag's) */
TACIT_MUST_USE tacit_err tacit_aead_open(struct tacit_aead *aead, uint64_t counter,
    const uint8_t *aad, size_t aad_len, const uint8_t *sealed, size_t len, uint8_t *ret);

#endif
