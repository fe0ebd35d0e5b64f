/*
 * support/identity.h: identities with the keys of tests/vectors/identity.txt.
 */
#ifndef TACIT_TESTS_IDENTITY_H
#define TACIT_TESTS_IDENTITY_H

#include "support/unit.h"

#include "crypto/random.h"
#include "identity/entity.h"

/* the bytes 00, 01, 02 and so on: the keys' seeds are 00..1f, 20..3f ... */
struct counting {
	struct tacit_random random;
	uint8_t next;
	struct tacit_vault *vault;
};

static inline void
counting_fill(void *arg, void *ret, size_t len)
{
	struct counting *counting = arg;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)ret)[i] = counting->next++;
}

/* a vault whose keys count from first; counting may not move */
static inline void
counting_init(struct counting *counting, uint8_t first)
{
	counting->random = (struct tacit_random){counting_fill, counting};
	counting->next = first;
	assert_int_equal(tacit_crypto_start(), TACIT_OK);
	assert_int_equal(tacit_vault_create(&counting->random, &counting->vault), TACIT_OK);
}

static inline void
counting_fini(struct counting *counting)
{
	tacit_vault_destroy(counting->vault);
}

/* an identity of that many changes */
static inline void
counting_identity(struct counting *counting, unsigned changes, struct tacit_identity *ret)
{
	assert_int_equal(tacit_identity_create(counting->vault, ret), TACIT_OK);
	while (ret->history.count < changes)
		assert_int_equal(tacit_identity_rotate(ret), TACIT_OK);
}

#endif
