#include "stream/position.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "wire/name.h"

/* bytes of a client id, fit for a store or not, that is remembered at all */
#define CLIENT_LEN_MAX TACIT_TEXT_LEN_MAX
#define KEY_LEN_MAX    (TACIT_NAME_LEN_MAX + 1 + CLIENT_LEN_MAX)

struct position {
	struct tacit_list list;
	uint64_t index;
	tacit_msec save_at; /* when the store may be told again */
	bool local;         /* no store takes its client id */
	bool waits;         /* the store does not have index yet */
	size_t key_len;
	uint8_t key[KEY_LEN_MAX];
	char client[TACIT_CLIENT_ID_LEN_MAX + 1];
	char name[TACIT_NAME_LEN_MAX + 1];
};

void
tacit_positions_init(struct tacit_positions *positions, struct tacit_store *store, uint64_t seed)
{
	positions->store = store;
	tacit_map_init(&positions->map, seed);
	tacit_list_init(&positions->saved);
	tacit_list_init(&positions->local);
}

static void
forget(struct tacit_positions *positions, struct position *position)
{
	tacit_map_remove(&positions->map, position->key, position->key_len);
	tacit_list_remove(&position->list);
	tacit_free(position);
}

/* the oldest of a list, or NULL */
static struct position *
first_of(const struct tacit_list *list)
{
	if (tacit_list_empty(list))
		return NULL;
	return TACIT_CONTAINER(list->next, struct position, list);
}

void
tacit_positions_fini(struct tacit_positions *positions)
{
	struct position *position;

	while ((position = first_of(&positions->saved)) != NULL)
		forget(positions, position);
	while ((position = first_of(&positions->local)) != NULL)
		forget(positions, position);
	tacit_map_fini(&positions->map);
}

/* a stream's name has no `/`, so no two pairs share a key; 0: not remembered */
static size_t
make_key(uint8_t *ret, struct tacit_slice client, const char *name)
{
	size_t name_len = strlen(name);

	if (client.len > CLIENT_LEN_MAX || name_len > TACIT_NAME_LEN_MAX)
		return 0;
	memcpy(ret, name, name_len);
	ret[name_len] = '/';
	if (client.len > 0)
		memcpy(ret + name_len + 1, client.bytes, client.len);
	return name_len + 1 + client.len;
}

static void
save(struct tacit_positions *positions, struct position *position)
{
	position->waits = false;
	positions->store->ops->position_set(
	    positions->store, position->client, position->name, position->index);
}

static struct position *
add(struct tacit_positions *positions, const uint8_t *key, size_t key_len)
{
	struct position *position, *oldest = first_of(&positions->local);

	if (positions->map.count >= TACIT_POSITIONS_MAX) {
		if (oldest == NULL)
			return NULL;
		forget(positions, oldest);
	}
	if ((position = tacit_alloc(sizeof(*position))) == NULL)
		return NULL;
	if (tacit_map_put(&positions->map, key, key_len, position) != TACIT_OK) {
		tacit_free(position);
		return NULL;
	}
	tacit_list_init(&position->list);
	memcpy(position->key, key, key_len);
	position->key_len = key_len;
	return position;
}

void
tacit_positions_set(struct tacit_positions *positions, struct tacit_slice client, const char *name,
    uint64_t index, tacit_msec now)
{
	uint8_t key[KEY_LEN_MAX];
	size_t key_len = make_key(key, client, name);
	struct position *position;

	if (key_len == 0)
		return;
	if ((position = tacit_map_get(&positions->map, key, key_len)) != NULL) {
		position->index = index;
		position->waits = !position->local;
	} else if ((position = add(positions, key, key_len)) != NULL) {
		position->index = index;
		position->local = !tacit_client_id_check(client.bytes, client.len);
		memcpy(position->name, name, strlen(name));
		if (!position->local) {
			memcpy(position->client, client.bytes, client.len);
			position->save_at = now + TACIT_POSITION_SAVE_MS;
			tacit_list_append(&positions->saved, &position->list);
			save(positions, position);
		}
	}
	if (position != NULL && position->local) {
		tacit_list_remove(&position->list);
		tacit_list_append(&positions->local, &position->list);
	}
}

bool
tacit_positions_get(const struct tacit_positions *positions, struct tacit_slice client,
    const char *name, uint64_t *ret)
{
	uint8_t key[KEY_LEN_MAX];
	size_t key_len = make_key(key, client, name);
	struct position *position;

	if (key_len == 0 || (position = tacit_map_get(&positions->map, key, key_len)) == NULL)
		return false;
	*ret = position->index;
	return true;
}

void
tacit_positions_tick(struct tacit_positions *positions, tacit_msec now)
{
	struct position *position;

	while ((position = first_of(&positions->saved)) != NULL && position->save_at <= now) {
		if (!position->waits) {
			forget(positions, position);
			continue;
		}
		save(positions, position);
		position->save_at = now + TACIT_POSITION_SAVE_MS;
		tacit_list_remove(&position->list);
		tacit_list_append(&positions->saved, &position->list);
	}
}

tacit_msec
tacit_positions_due(const struct tacit_positions *positions)
{
	const struct position *position = first_of(&positions->saved);

	return position != NULL ? position->save_at : TACIT_NEVER;
}

void
tacit_positions_flush(struct tacit_positions *positions)
{
	const struct tacit_list *list = &positions->saved;

	for (struct tacit_list *node = list->next; node != list; node = node->next) {
		struct position *position = TACIT_CONTAINER(node, struct position, list);

		if (position->waits)
			save(positions, position);
	}
}
