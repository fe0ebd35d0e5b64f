#include "node/entity.h"

#include "base/memory.h"
#include "base/secret.h"

struct owned_vault {
	struct tacit_owned owned;
	struct tacit_vault *vault;
};

static void
free_vault(struct tacit_owned *self)
{
	struct owned_vault *owned = TACIT_CONTAINER(self, struct owned_vault, owned);

	tacit_vault_destroy(owned->vault);
	tacit_free(owned);
}

struct tacit_vault *
tacit_vault_new(struct tacit_node *node)
{
	struct owned_vault *owned;

	if (!tacit_node_usable(node))
		return NULL;
	if ((owned = tacit_alloc(sizeof(*owned))) == NULL ||
	    tacit_vault_create(tacit_node_random(node), &owned->vault) != TACIT_OK) {
		tacit_free(owned);
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a vault");
		return NULL;
	}
	owned->owned.free = free_vault;
	tacit_node_own(node, &owned->owned);
	return owned->vault;
}

static void
free_entity(struct tacit_owned *self)
{
	struct tacit_entity *entity = TACIT_CONTAINER(self, struct tacit_entity, owned);

	tacit_identity_fini(&entity->identity);
	tacit_free(entity);
}

struct tacit_entity *
tacit_entity_adopt(struct tacit_node *node, const struct tacit_identity *identity, const char *path)
{
	struct tacit_identity mine = *identity;
	struct tacit_entity *entity = tacit_alloc(sizeof(*entity));

	if (entity == NULL) {
		tacit_identity_fini(&mine);
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for an entity");
		return NULL;
	}
	if (!tacit_secret_locked())
		tacit_node_log(node, TACIT_LOG_WARNING,
		    "memory for keys could not be locked and may be swapped out: raise ulimit -l");
	entity->node = node;
	entity->identity = mine;
	entity->path = path;
	tacit_identifier_format(&mine.identifier, entity->text);
	entity->owned.free = free_entity;
	tacit_node_own(node, &entity->owned);
	return entity;
}

struct tacit_entity *
tacit_entity_new(struct tacit_node *node, struct tacit_vault *vault)
{
	struct tacit_identity identity;

	if (!tacit_node_usable(node) || vault == NULL)
		return NULL;
	if (tacit_identity_create(vault, &identity) != TACIT_OK) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for an entity");
		return NULL;
	}
	return tacit_entity_adopt(node, &identity, NULL);
}

const char *
tacit_entity_identifier(const struct tacit_entity *entity)
{
	return entity != NULL ? entity->text : "";
}
