/*
 * base/map.h: a hash table from short byte strings to pointers, open addressing.
 *
 * Keys are copied; values are the caller's.  The hash is seeded, so that a peer who picks names
 * cannot aim at one place of the table.
 */
#ifndef TACIT_BASE_MAP_H
#define TACIT_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"

struct tacit_map_slot;

struct tacit_map {
	struct tacit_map_slot *slots;
	size_t slot_count; /* a power of two, or 0 before the first entry */
	size_t used;       /* slots with an entry or the mark of a removed one */
	size_t count;      /* entries */
	uint64_t seed;
};

void tacit_map_init(struct tacit_map *map, uint64_t seed);
/* frees keys and table, not the values */
void tacit_map_fini(struct tacit_map *map);

/* the value, or NULL.  O(1) */
void *tacit_map_get(const struct tacit_map *map, const void *key, size_t len);
/* puts value (not NULL) under key; Errors: TACIT_EEXIST, TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_map_put(
    struct tacit_map *map, const void *key, size_t len, void *value);
/* removes and returns the value, or NULL */
void *tacit_map_remove(struct tacit_map *map, const void *key, size_t len);
/* walks: start with *cursor = 0; NULL at the end.  Meanwhile entries may be removed, not put */
void *tacit_map_next(const struct tacit_map *map, size_t *cursor);

#endif
