#include "node/ockam.h"

#include "base/memory.h"
#include "base/secret.h"
#include "node/channel.h"

static void
free_entity(struct tacit_owned *self)
{
	struct tacit_ockam_entity *entity = TACIT_CONTAINER(self, struct tacit_ockam_entity, owned);

	tacit_ockam_identity_fini(&entity->identity);
	tacit_free(entity);
}

struct tacit_ockam_entity *
tacit_ockam_entity_new(struct tacit_node *node, struct tacit_vault *vault)
{
	struct tacit_ockam_entity *entity;

	if (!tacit_node_usable(node) || vault == NULL)
		return NULL;
	if ((entity = tacit_alloc(sizeof(*entity))) == NULL ||
	    tacit_ockam_identity_create(vault, &entity->identity) != TACIT_OK) {
		tacit_free(entity);
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for an entity of 2021");
		return NULL;
	}
	tacit_identifier_format(&entity->identity.identifier, entity->text);
	entity->owned.free = free_entity;
	tacit_node_own(node, &entity->owned);
	return entity;
}

const char *
tacit_ockam_entity_identifier(const struct tacit_ockam_entity *entity)
{
	return entity != NULL ? entity->text : "";
}

struct tacit_listener *
tacit_ockam_listener_start(struct tacit_node *node, const char *name,
    struct tacit_ockam_entity *entity, const struct tacit_trust *trust)
{
	const struct tacit_channel_parts parts = {.ockam = entity, .trust = trust};

	return tacit_listener_new(node, name, &parts);
}

tacit_err
tacit_ockam_listener_add(struct tacit_listener *listener, struct tacit_ockam_entity *entity,
    const struct tacit_trust *trust)
{
	const struct tacit_channel_parts parts = {.ockam = entity, .trust = trust};

	return tacit_listener_offer(listener, &parts);
}

struct tacit_channel *
tacit_ockam_channel_open(struct tacit_node *node, struct tacit_ockam_entity *entity,
    const struct tacit_route *route, const struct tacit_trust *trust, bool renews)
{
	const struct tacit_channel_parts parts = {
	    .ockam = entity, .trust = trust, .route = route, .renews = renews};

	return tacit_channel_start(node, &parts);
}
