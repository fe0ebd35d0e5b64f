/*
 * crypto/hash.h: SHA-256, the two ways in which Tacit derives keys with it, and SHA-512.
 */
#ifndef TACIT_CRYPTO_HASH_H
#define TACIT_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TACIT_HASH_LEN    32
#define TACIT_HASH512_LEN 64

/* borrowed bytes; NULL when len is 0 is fine */
struct tacit_hash_part {
	const void *bytes;
	size_t len;
};

/* SHA-256 of a and b one after the other; ret may be a or b; b may be NULL when b_len is 0 */
void tacit_hash(
    uint8_t ret[TACIT_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len);
/* Noise's HKDF with two outputs (rev 34, 4.3), which is RFC 5869 with empty info: salt is the
 * chaining key; either output may be the salt itself */
void tacit_hkdf2(uint8_t ret_a[TACIT_HASH_LEN], uint8_t ret_b[TACIT_HASH_LEN],
    const uint8_t salt[TACIT_HASH_LEN], const uint8_t *ikm, size_t ikm_len);
/* RFC 5869 2.2 and 2.3; len at most 255 * 32 */
void tacit_hkdf_extract(uint8_t ret[TACIT_HASH_LEN], const uint8_t *salt, size_t salt_len,
    const uint8_t *ikm, size_t ikm_len);
void tacit_hkdf_expand(uint8_t *ret, size_t len, const uint8_t prk[TACIT_HASH_LEN],
    const uint8_t *info, size_t info_len);

/* SHA-512 of the parts one after the other; ret may overlap any of them; leaves nothing of them on
 * the stack */
void tacit_hash512(
    uint8_t ret[TACIT_HASH512_LEN], const struct tacit_hash_part *parts, size_t count);

#endif
