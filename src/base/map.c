#include "base/map.h"

#include <string.h>

#include "base/memory.h"

struct tacit_map_slot {
	uint8_t *key; /* NULL: empty, or removed if value is not NULL */
	size_t len;
	uint64_t hash;
	void *value;
};

static char removed; /* its address marks a slot whose entry was removed */

static uint64_t
hash_of(const struct tacit_map *map, const uint8_t *key, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ map->seed;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
		hash ^= hash >> 29;
	}
	hash *= UINT64_C(0x9e3779b97f4a7c15) | map->seed << 1;
	return hash ^ hash >> 32;
}

void
tacit_map_init(struct tacit_map *map, uint64_t seed)
{
	memset(map, 0, sizeof(*map));
	map->seed = seed;
}

void
tacit_map_fini(struct tacit_map *map)
{
	for (size_t i = 0; i < map->slot_count; i++)
		tacit_free(map->slots[i].key);
	tacit_free(map->slots);
	tacit_map_init(map, map->seed);
}

static struct tacit_map_slot *
find(const struct tacit_map *map, const uint8_t *key, size_t len)
{
	uint64_t hash = hash_of(map, key, len);

	for (size_t i = 0; i < map->slot_count; i++) {
		struct tacit_map_slot *slot = &map->slots[(hash + i) & (map->slot_count - 1)];

		if (slot->key == NULL && slot->value == NULL)
			return NULL;
		if (slot->key != NULL && slot->hash == hash && slot->len == len &&
		    memcmp(slot->key, key, len) == 0)
			return slot;
	}
	return NULL;
}

void *
tacit_map_get(const struct tacit_map *map, const void *key, size_t len)
{
	struct tacit_map_slot *slot = find(map, key, len);

	return slot != NULL ? slot->value : NULL;
}

static struct tacit_map_slot *
free_slot(struct tacit_map_slot *slots, size_t slot_count, uint64_t hash)
{
	size_t i = hash & (slot_count - 1);

	while (slots[i].key != NULL)
		i = (i + 1) & (slot_count - 1);
	return &slots[i];
}

/* a table of twice the entries' size; marks of removed ones do not come along */
static tacit_err
grow(struct tacit_map *map)
{
	size_t slot_count = 16;
	struct tacit_map_slot *slots;

	while (slot_count < map->count * 2 + 2)
		slot_count *= 2;
	if ((slots = tacit_alloc_array(slot_count, sizeof(*slots))) == NULL)
		return TACIT_ENOMEM;
	for (size_t i = 0; i < map->slot_count; i++) {
		if (map->slots[i].key != NULL)
			*free_slot(slots, slot_count, map->slots[i].hash) = map->slots[i];
	}
	tacit_free(map->slots);
	map->slots = slots;
	map->slot_count = slot_count;
	map->used = map->count;
	return TACIT_OK;
}

tacit_err
tacit_map_put(struct tacit_map *map, const void *key, size_t len, void *value)
{
	struct tacit_map_slot *slot;
	uint8_t *copy;

	if (find(map, key, len) != NULL)
		return TACIT_EEXIST;
	if ((map->used + 1) * 4 > map->slot_count * 3 && grow(map) != TACIT_OK)
		return TACIT_ENOMEM;
	if ((copy = tacit_alloc(len)) == NULL)
		return TACIT_ENOMEM;
	memcpy(copy, key, len);
	slot = free_slot(map->slots, map->slot_count, hash_of(map, key, len));
	if (slot->value == NULL)
		map->used++;
	*slot = (struct tacit_map_slot){copy, len, hash_of(map, key, len), value};
	map->count++;
	return TACIT_OK;
}

void *
tacit_map_remove(struct tacit_map *map, const void *key, size_t len)
{
	struct tacit_map_slot *slot = find(map, key, len);
	void *value;

	if (slot == NULL)
		return NULL;
	value = slot->value;
	tacit_free(slot->key);
	*slot = (struct tacit_map_slot){.value = &removed};
	map->count--;
	return value;
}

void *
tacit_map_next(const struct tacit_map *map, size_t *cursor)
{
	while (*cursor < map->slot_count) {
		struct tacit_map_slot *slot = &map->slots[(*cursor)++];

		if (slot->key != NULL)
			return slot->value;
	}
	return NULL;
}
