/*
 * tacit/inproc.h: the in-process transport: type 240 addresses, for nodes of one process, on one
 * thread or on several.
 *
 * Messages travel as bytes, as over TCP, and arrive as from the network: they reach only what is
 * exposed.
 */
#ifndef TACIT_INPROC_H
#define TACIT_INPROC_H

#include "tacit/err.h"
#include "tacit/node.h"

/*
 * tacit_inproc_peer: the address text of another node, for tacit_route_new.  Messages to a node
 * that was freed are dropped.
 *
 * Valid until node is freed.  Errors, remembered: TACIT_EINVAL, TACIT_ENOMEM.
 */
TACIT_API const char *tacit_inproc_peer(struct tacit_node *node, const struct tacit_node *other);

#endif
