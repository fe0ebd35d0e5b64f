/*
 * support/damage.h: every truncation and every flip of one bit of a valid input.
 *
 * Each variant is handed over in memory of exactly its length, so that a sanitizer sees a read
 * past its end.
 */
#ifndef TACIT_TESTS_DAMAGE_H
#define TACIT_TESTS_DAMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* index: bytes left of a truncation, or number of the bit that was flipped */
enum damage_kind {
	DAMAGE_TRUNCATED,
	DAMAGE_FLIPPED,
};

typedef void (*damage_cb)(
    void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len);

static inline void
damage_each(const uint8_t *bytes, size_t len, damage_cb cb, void *arg)
{
	uint8_t *copy;

	for (size_t i = 0; i < len; i++) {
		if ((copy = malloc(i > 0 ? i : 1)) == NULL)
			abort();
		memcpy(copy, bytes, i);
		cb(arg, DAMAGE_TRUNCATED, i, copy, i);
		free(copy);
	}
	for (size_t i = 0; i < len * 8; i++) {
		if ((copy = malloc(len)) == NULL)
			abort();
		memcpy(copy, bytes, len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		cb(arg, DAMAGE_FLIPPED, i, copy, len);
		free(copy);
	}
}

#endif
