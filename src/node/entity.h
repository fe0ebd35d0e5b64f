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
	struct tacit_identity identity;
	char text[TACIT_IDENTIFIER_TEXT_LEN];
};

struct tacit_trust {
	struct tacit_owned owned;
	struct tacit_policy policy;
};

#endif
