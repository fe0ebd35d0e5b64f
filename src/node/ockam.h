/*
 * node/ockam.h: entities of 2021 as a node owns them.
 */
#ifndef TACIT_NODE_OCKAM_H
#define TACIT_NODE_OCKAM_H

#include "identity/history.h"
#include "identity/history.h"
#include "node/internal.h"
#include "ockam/identity.h"
#include "tacit/ockam.h"

struct tacit_ockam_entity {
	struct tacit_owned owned;
	struct tacit_ockam_identity identity;
	char text[TACIT_IDENTIFIER_TEXT_LEN];
};

#endif
