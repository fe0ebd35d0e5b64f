/*
 * hub/hub.h: the node in the middle: a TCP listener, the stream services, and a store.
 */
#ifndef TACIT_HUB_HUB_H
#define TACIT_HUB_HUB_H

#include <stdbool.h>

#include "tacit/node.h"
#include "tacit/stream.h"

struct tacit_hub_options {
	const char *listen;                      /* HOST:PORT */
	const char *folder;                      /* the embedded store's, or NULL */
	const struct tacit_kafka_options *kafka; /* or NULL */
	bool any_topic; /* strangers may name any topic of the cluster: no prefix is wanted */
};

struct tacit_hub {
	const char *address; /* where it listens */
	struct tacit_stream_service *service;
};

/*
 * tacit_hub_start: opens the store, offers the services, and listens, in this order.
 *
 * Errors, remembered by the node: as of store, listener, and TACIT_EDENIED: a hub that listens
 * beyond loopback would let strangers name any topic of the cluster.
 */
void tacit_hub_start(
    struct tacit_node *node, const struct tacit_hub_options *options, struct tacit_hub *ret);
/* takes no new pushes, and confirms those under way, for 5 s at most */
void tacit_hub_stop(struct tacit_hub *hub);

#endif
