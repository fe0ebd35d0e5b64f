/*
 * tacit/tcp.h: the TCP transport: type 1 addresses, `1#host:port`.  Source: PROTOCOL.md 2.
 *
 * A client connects by itself when a message's next hop names a peer, and again when the
 * connection breaks and somebody still wants it.  A listener takes connections in; nobody dials out for them:
 * a node relays nothing from the network to a transport.
 */
#ifndef TACIT_TCP_H
#define TACIT_TCP_H

#include "tacit/err.h"
#include "tacit/node.h"

/*
 * tacit_tcp_peer: the address text of a TCP peer, for tacit_route_new; starts the transport if it
 * is the first.
 *
 * host_port: `HOST:PORT`, `[IPV6]:PORT`, or a list of them with commas: the next is tried when
 * one cannot be reached, or was lost, or does not answer.  Names are resolved at each connection.
 * Valid until the node is freed.  Errors, remembered: TACIT_EINVAL.
 */
TACIT_API const char *tacit_tcp_peer(struct tacit_node *node, const char *host_port);

/*
 * tacit_tcp_listen: accepts connections.  Port 0 takes a free one.
 *
 * Gives the address that it listens on as text `HOST:PORT`, valid until the node is freed; NULL
 * on errors, remembered: TACIT_EINVAL, TACIT_EBUSY (address in use), TACIT_EDENIED, TACIT_EIO.
 */
TACIT_API const char *tacit_tcp_listen(struct tacit_node *node, const char *host_port);

#endif
