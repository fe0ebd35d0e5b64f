#include "crypto/random.h"

#include <sodium.h>

tacit_err
tacit_crypto_start(void)
{
	return sodium_init() < 0 ? TACIT_EINTERNAL : TACIT_OK;
}

static void
fill(void *arg, void *ret, size_t len)
{
	(void)arg;
	randombytes_buf(ret, len);
}

struct tacit_random
tacit_random_system(void)
{
	return (struct tacit_random){fill, NULL};
}
