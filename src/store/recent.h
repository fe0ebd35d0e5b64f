/*
 * store/recent.h: the recent entries of a stream in memory, so that readers at its end are answered
 * without disk or broker (DESIGN.md, "Stores").
 *
 * A window [from, end) of indexes, gapless in this sense: every entry of the stream whose index lies
 * in it is here.  Indexes may have holes, where the stream has no entry.  Entries are counted
 * slices; one that would hold on to a much larger block is copied.
 */
#ifndef TACIT_STORE_RECENT_H
#define TACIT_STORE_RECENT_H

#include "base/list.h"
#include "stream/store.h"

struct tacit_recent_entry {
	uint64_t index;
	const uint8_t *bytes;
	size_t len;
	struct tacit_block *block; /* holds bytes; NULL when handed to append: bytes are copied */
	uint64_t time_ms;          /* as in struct tacit_store_entry */
};

/* the windows of a store, which share a bound on their memory */
struct tacit_recent_pool {
	struct tacit_list
	    recents;         /* those with entries; the one appended to longest ago comes first */
	size_t len, len_max; /* bytes of memory that all entries hold; and may hold */
};

/* plain fields to read; only the calls below write them */
struct tacit_recent {
	uint64_t from, end;
	struct tacit_recent_entry *ring;
	size_t cap;                     /* of ring: a power of two, or 0 */
	size_t head, count;             /* the oldest entry's place, and how many there are */
	size_t len;                     /* bytes of memory that the entries hold */
	size_t count_max, len_max;      /* the oldest entries leave when these are exceeded */
	struct tacit_recent_pool *pool; /* or NULL */
	struct tacit_list link;         /* in pool->recents, or alone */
};

/* of TACIT_RECENT_POOL_LEN_MAX, without windows */
void tacit_recent_pool_init(struct tacit_recent_pool *pool);

/* an empty window at index, within TACIT_RECENT_MAX and TACIT_RECENT_LEN_MAX.  Allocates nothing;
 * for a window without bounds set count_max and len_max to SIZE_MAX afterwards */
void tacit_recent_init(struct tacit_recent *recent, uint64_t index);
/* frees; what stays is an empty window at 0 of the same bounds and pool */
void tacit_recent_fini(struct tacit_recent *recent);
/* lets an empty window, after init, share the bound of pool, which it keeps.  From now on an append
 * to one window may take the oldest entries of another */
void tacit_recent_join(struct tacit_recent *recent, struct tacit_recent_pool *pool);
/* forgets all entries; the window is then empty at index */
void tacit_recent_restart(struct tacit_recent *recent, uint64_t index);

/*
 * Puts an entry at the end; its index must not be below recent->end.  adjacent says that the stream
 * has no entry in [end, index); otherwise, when there is such a distance, the window restarts at
 * index.  References entry->block, or copies.
 * Errors: TACIT_ENOMEM; nothing has changed then.
 */
TACIT_MUST_USE tacit_err tacit_recent_append(
    struct tacit_recent *recent, const struct tacit_recent_entry *entry, bool adjacent);
/* the same for a cache: without memory the window restarts behind the entry */
void tacit_recent_put(
    struct tacit_recent *recent, const struct tacit_recent_entry *entry, bool adjacent);
/* the stream has no entry in [recent->end, end) */
void tacit_recent_advance(struct tacit_recent *recent, uint64_t end);

/* index is in the window.  What collect tells from there is complete up to recent->end */
bool tacit_recent_covers(const struct tacit_recent *recent, uint64_t index);
/*
 * Fills entries with what answers range, from the first entry at or after range->index, which must
 * be covered; returns how many.  Entries longer than range->len_max are skipped.
 * *ret_next is the index to go on from: behind the last entry that was taken or skipped.
 * The bytes are borrowed until the next call that changes the window or one of its pool.  O(log n + answer)
 */
size_t tacit_recent_collect(const struct tacit_recent *recent,
    const struct tacit_store_range *range, struct tacit_store_entry *entries, size_t cap,
    uint64_t *ret_next);

#endif
