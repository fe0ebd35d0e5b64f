/*
 * crypto/random.h: the system's randomness as a port (base/port.h), and the library's start.
 */
#ifndef TACIT_CRYPTO_RANDOM_H
#define TACIT_CRYPTO_RANDOM_H

#include "base/port.h"
#include "tacit/err.h"

/* makes the crypto libraries ready, before anything else of this room is used; any number of times,
 * from any thread.  Errors: TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_crypto_start(void);
struct tacit_random tacit_random_system(void);

#endif
