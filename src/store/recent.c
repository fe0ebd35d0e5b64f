#include "store/recent.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"

/* a slice may keep this much more memory than its own length before it is copied instead; a block
 * of its own has TACIT_HEADROOM in front */
#define WASTE_MAX ((size_t)2 * TACIT_HEADROOM)

void
tacit_recent_init(struct tacit_recent *recent, uint64_t index)
{
	memset(recent, 0, sizeof(*recent));
	recent->from = recent->end = index;
	recent->count_max = TACIT_RECENT_MAX;
	recent->len_max = TACIT_RECENT_LEN_MAX;
	tacit_list_init(&recent->link);
}

void
tacit_recent_pool_init(struct tacit_recent_pool *pool)
{
	tacit_list_init(&pool->recents);
	pool->len = 0;
	pool->len_max = TACIT_RECENT_POOL_LEN_MAX;
}

void
tacit_recent_join(struct tacit_recent *recent, struct tacit_recent_pool *pool)
{
	tacit_assert(recent->count == 0);
	recent->pool = pool;
}

static void
free_ring(struct tacit_recent *recent)
{
	tacit_free(recent->ring);
	recent->ring = NULL;
	recent->cap = recent->head = 0;
}

void
tacit_recent_fini(struct tacit_recent *recent)
{
	tacit_recent_restart(recent, 0);
	free_ring(recent);
}

static struct tacit_recent_entry *
entry_at(const struct tacit_recent *recent, size_t place)
{
	return &recent->ring[(recent->head + place) & (recent->cap - 1)];
}

static size_t
memory_of(const struct tacit_recent_entry *entry)
{
	return sizeof(*entry) + sizeof(*entry->block) + entry->block->cap;
}

static void
drop_oldest(struct tacit_recent *recent)
{
	struct tacit_recent_entry *entry = entry_at(recent, 0);

	recent->from = entry->index + 1;
	recent->len -= memory_of(entry);
	if (recent->pool != NULL)
		recent->pool->len -= memory_of(entry);
	tacit_block_unref(entry->block);
	recent->head = (recent->head + 1) & (recent->cap - 1);
	recent->count--;
	if (recent->count == 0)
		tacit_list_remove(&recent->link);
}

void
tacit_recent_restart(struct tacit_recent *recent, uint64_t index)
{
	while (recent->count > 0)
		drop_oldest(recent);
	recent->from = recent->end = index;
}

static tacit_err
grow(struct tacit_recent *recent)
{
	size_t cap = recent->cap > 0 ? recent->cap * 2 : 16;
	struct tacit_recent_entry *ring = tacit_alloc_array(cap, sizeof(*ring));

	if (ring == NULL)
		return TACIT_ENOMEM;
	for (size_t i = 0; i < recent->count; i++)
		ring[i] = *entry_at(recent, i);
	tacit_free(recent->ring);
	recent->ring = ring;
	recent->cap = cap;
	recent->head = 0;
	return TACIT_OK;
}

/* a reference of the entry's block, or a copy where that would hold on to too much */
static tacit_err
keep(const struct tacit_recent_entry *entry, struct tacit_recent_entry *ret)
{
	struct tacit_block *block = entry->block;

	*ret = *entry;
	if (block != NULL && block->cap <= 2 * entry->len + WASTE_MAX) {
		ret->block = tacit_block_ref(block);
		return TACIT_OK;
	}
	if ((block = tacit_block_new(entry->len)) == NULL)
		return TACIT_ENOMEM;
	if (entry->len > 0)
		memcpy(block->bytes, entry->bytes, entry->len);
	block->low = 0;
	ret->block = block;
	ret->bytes = block->bytes;
	return TACIT_OK;
}

/* recent has a new entry: it comes last in its pool, and the first ones make room */
static void
share(struct tacit_recent *recent, size_t len)
{
	struct tacit_recent_pool *pool = recent->pool;

	if (pool == NULL)
		return;
	tacit_list_remove(&recent->link);
	tacit_list_append(&pool->recents, &recent->link);
	pool->len += len;
	while (pool->len > pool->len_max) {
		struct tacit_recent *oldest =
		    TACIT_CONTAINER(pool->recents.next, struct tacit_recent, link);

		drop_oldest(oldest);
		if (oldest->count == 0)
			free_ring(oldest);
	}
}

tacit_err
tacit_recent_append(
    struct tacit_recent *recent, const struct tacit_recent_entry *entry, bool adjacent)
{
	struct tacit_recent_entry kept;

	tacit_assert(entry->index >= recent->end);
	if (recent->count == recent->cap && grow(recent) != TACIT_OK)
		return TACIT_ENOMEM;
	if (keep(entry, &kept) != TACIT_OK)
		return TACIT_ENOMEM;
	if (entry->index > recent->end && !adjacent)
		tacit_recent_restart(recent, entry->index);
	*entry_at(recent, recent->count) = kept;
	recent->count++;
	recent->len += memory_of(&kept);
	recent->end = entry->index + 1;
	share(recent, memory_of(&kept));
	while (recent->count > recent->count_max || recent->len > recent->len_max)
		drop_oldest(recent);
	return TACIT_OK;
}

void
tacit_recent_put(struct tacit_recent *recent, const struct tacit_recent_entry *entry, bool adjacent)
{
	if (tacit_recent_append(recent, entry, adjacent) != TACIT_OK)
		tacit_recent_restart(recent, entry->index + 1);
}

void
tacit_recent_advance(struct tacit_recent *recent, uint64_t end)
{
	tacit_assert(end >= recent->end);
	recent->end = end;
}

bool
tacit_recent_covers(const struct tacit_recent *recent, uint64_t index)
{
	return index >= recent->from && index < recent->end;
}

/* the place of the first entry at or after index */
static size_t
place_of(const struct tacit_recent *recent, uint64_t index)
{
	size_t low = 0, high = recent->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entry_at(recent, middle)->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
tacit_recent_collect(const struct tacit_recent *recent, const struct tacit_store_range *range,
    struct tacit_store_entry *entries, size_t cap, uint64_t *ret_next)
{
	size_t count = 0, left = range->len_max;
	size_t count_max = range->count_max < cap ? range->count_max : cap;

	for (size_t i = place_of(recent, range->index); i < recent->count; i++) {
		const struct tacit_recent_entry *entry = entry_at(recent, i);
		size_t len = entry->len + range->entry_overhead;

		if (len > range->len_max)
			continue;
		if (count == count_max || len > left) {
			*ret_next = entry->index;
			return count;
		}
		entries[count++] = (struct tacit_store_entry){
		    entry->index, entry->bytes, entry->len, entry->time_ms};
		left -= len;
	}
	*ret_next = recent->end;
	return count;
}
