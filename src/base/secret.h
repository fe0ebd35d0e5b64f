/*
 * base/secret.h: memory for secrets: locked, guarded, left out of core dumps, empty in forked
 * children, wiped when freed.
 *
 * One arena per process, of fixed slots; a mutex guards it.  An arena costs one mapping, where
 * libsodium's sodium_malloc costs three pages and 28 us a piece.
 */
#ifndef TACIT_BASE_SECRET_H
#define TACIT_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* bytes of the largest secret: a Noise handshake state */
#define TACIT_SECRET_LEN_MAX 512

/* zeroed; NULL when there is none.  len at most TACIT_SECRET_LEN_MAX.  Thread: any */
void *tacit_secret_new(size_t len);
/* wipes; NULL is fine.  Thread: any */
void tacit_secret_free(void *secret);
/* false when the system refused to lock an arena (RLIMIT_MEMLOCK): secrets may reach swap */
bool tacit_secret_locked(void);

#endif
