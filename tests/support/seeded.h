/*
 * support/seeded.h: numbers that look random and are the same in every run (splitmix64).
 */
#ifndef TACIT_TESTS_SEEDED_H
#define TACIT_TESTS_SEEDED_H

#include <stddef.h>
#include <stdint.h>

struct seeded {
	uint64_t state;
};

static inline uint64_t
seeded_next(struct seeded *s)
{
	uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to bound - 1 */
static inline size_t
seeded_below(struct seeded *s, size_t bound)
{
	return (size_t)(seeded_next(s) % bound);
}

/* any width of number, small ones as often as large ones */
static inline uint64_t
seeded_uint(struct seeded *s)
{
	uint64_t value = seeded_next(s); /* first, whatever the compiler likes to do first */

	return value >> seeded_below(s, 64);
}

static inline void
seeded_fill(struct seeded *s, void *ret, size_t len)
{
	uint8_t *bytes = ret;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)seeded_next(s);
}

#endif
