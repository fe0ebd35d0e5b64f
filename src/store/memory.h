/*
 * store/memory.h: a store that keeps everything in the process, for tests, demonstrations and hubs
 * whose streams need not outlive them (DESIGN.md, "Stores").
 *
 * A confirmed append promises nothing beyond the process.  Indexes are dense, from 0.  Nothing is
 * ever removed: the store is bounded by nothing but memory.
 */
#ifndef TACIT_STORE_MEMORY_H
#define TACIT_STORE_MEMORY_H

#include "stream/store.h"

/*
 * Gives:  *ret, free with its ops->free.
 * Errors: TACIT_ENOMEM, TACIT_EIO (no descriptor left).
 */
TACIT_MUST_USE tacit_err tacit_store_memory_new(struct tacit_store **ret);

#endif
