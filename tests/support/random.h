/*
 * support/random.h: seeded numbers behind the port that engines draw their randomness from.
 */
#ifndef TACIT_TESTS_RANDOM_H
#define TACIT_TESTS_RANDOM_H

#include "support/seeded.h"

#include "base/port.h"

static inline void
seeded_random_fill(void *arg, void *ret, size_t len)
{
	seeded_fill(arg, ret, len);
}

/* keeps s */
static inline struct tacit_random
seeded_random(struct seeded *s)
{
	return (struct tacit_random){seeded_random_fill, s};
}

#endif
