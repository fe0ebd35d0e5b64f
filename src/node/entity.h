/*
 * node/entity.h: entities and trust policies as a node owns them.
 */
#ifndef TACIT_NODE_ENTITY_H
#define TACIT_NODE_ENTITY_H

#include "identity/entity.h"
#include "identity/policy.h"
#include "node/internal.h"
#include "tacit/entity.h"

struct tacit_entity {
	struct tacit_owned owned;
	struct tacit_node *node;
	struct tacit_identity identity;
	const char *path; /* of its file; NULL: it has none */
	char text[TACIT_IDENTIFIER_TEXT_LEN];
};

/* an entity of the node that takes identity; path is kept.  NULL without memory, remembered, and
 * identity is then finished */
struct tacit_entity *tacit_entity_adopt(
    struct tacit_node *node, const struct tacit_identity *identity, const char *path);

struct tacit_trust {
	struct tacit_owned owned;
	struct tacit_policy policy; /* its port is trust.c's */
	struct tacit_node *node;
	const char *path, *label; /* first seen: its memory, and what for; otherwise NULL */
};

#endif
