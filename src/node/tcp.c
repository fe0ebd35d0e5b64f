#include "tacit/tcp.h"

#include <string.h>

#include "base/memory.h"
#include "node/tcp_state.h"
#include "wire/frame.h"

/* Those we named come first: whoever connects from the same address does not take their place. */
static struct tacit_tcp_peer *
find_peer(const struct tacit_tcp *tcp, const struct tacit_route *onward)
{
	struct tacit_address hop;

	return tacit_route_first(onward, &hop) ? tacit_map_get(&tcp->peers, hop.bytes, hop.len)
					       : NULL;
}

static struct tacit_tcp_connection *
find_accepted(const struct tacit_tcp *tcp, const struct tacit_route *onward)
{
	struct tacit_address hop;

	return tacit_route_first(onward, &hop) ? tacit_map_get(&tcp->accepted, hop.bytes, hop.len)
					       : NULL;
}

/* A hop that is neither is the way back to a connection that is gone, or a forged one: nobody
 * dials it.  An answer to a message that came without a return route has no hop behind the
 * connection, and a program of 2021 goes deaf when it gets one (PROTOCOL.md 2.1). */
static void
take(void *self, struct tacit_msg *msg)
{
	struct tacit_tcp *tcp = self;
	struct tacit_tcp_peer *peer = find_peer(tcp, &msg->onward);
	struct tacit_tcp_connection *connection = find_accepted(tcp, &msg->onward);
	char route[256];

	if (peer != NULL) {
		tacit_route_pop(&msg->onward);
		tacit_tcp_peer_send(peer, msg);
	} else if (connection != NULL && msg->onward.count > 1) {
		tacit_route_pop(&msg->onward);
		tacit_tcp_connection_send(connection, msg);
	} else {
		if (tcp->node->log != NULL) {
			tacit_route_format(&msg->onward, route, sizeof(route));
			tacit_node_log(tcp->node, TACIT_LOG_DEBUG,
			    "dropped a message for [%s]: there is no such connection, or nobody "
			    "named behind it",
			    route);
		}
		tacit_msg_drop(msg);
	}
}

static int
has_room(void *self, const struct tacit_route *onward)
{
	const struct tacit_tcp *tcp = self;
	const struct tacit_tcp_peer *peer = find_peer(tcp, onward);
	const struct tacit_tcp_connection *connection;

	if (peer != NULL)
		return tacit_tcp_peer_has_room(peer);
	connection = find_accepted(tcp, onward);
	return connection == NULL || tacit_tcp_connection_has_room(connection);
}

static tacit_err
check(void *self, const struct tacit_msg *msg)
{
	const struct tacit_tcp *tcp = self;
	struct tacit_route onward;

	if (find_peer(tcp, &msg->onward) == NULL && find_accepted(tcp, &msg->onward) == NULL)
		return TACIT_ENOTFOUND;
	tacit_route_copy(&onward, &msg->onward);
	tacit_route_pop(&onward);
	return msg->len <= tacit_frame_payload_len_max(&onward, &msg->ret) ? TACIT_OK
									   : TACIT_ELIMIT;
}

static void
close_with_node(struct tacit_owned *self)
{
	struct tacit_tcp *tcp = TACIT_CONTAINER(self, struct tacit_tcp, owned);
	struct tacit_list *at, *next;

	tcp->closing = true;
	tacit_tcp_listeners_close(tcp);
	for (at = tcp->connections.next; at != &tcp->connections; at = next) {
		next = at->next;
		tacit_tcp_connection_linger(TACIT_CONTAINER(at, struct tacit_tcp_connection, list));
	}
	tacit_tcp_peers_close(tcp);
}

static void
free_with_node(struct tacit_owned *self)
{
	struct tacit_tcp *tcp = TACIT_CONTAINER(self, struct tacit_tcp, owned);

	while (!tacit_list_empty(&tcp->connections))
		tacit_tcp_connection_close(
		    TACIT_CONTAINER(tcp->connections.next, struct tacit_tcp_connection, list),
		    "the node ends");
	tacit_tcp_listeners_free(tcp);
	tacit_tcp_peers_free(tcp);
	tacit_map_fini(&tcp->peers);
	tacit_map_fini(&tcp->accepted);
	tacit_block_unref(tcp->block);
	tcp->node->tcp = NULL;
	tacit_free(tcp);
}

struct tacit_tcp *
tacit_tcp_of(struct tacit_node *node)
{
	struct tacit_tcp *tcp = node->tcp;
	struct tacit_transport *transport;
	uint64_t seeds[2];

	if (tcp != NULL)
		return tcp;
	if ((tcp = tacit_alloc(sizeof(*tcp))) == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	tcp->node = node;
	tacit_random_fill(&node->random, seeds, sizeof(seeds));
	tacit_map_init(&tcp->peers, seeds[0]);
	tacit_map_init(&tcp->accepted, seeds[1]);
	tacit_list_init(&tcp->peer_list);
	tacit_list_init(&tcp->listeners);
	tacit_list_init(&tcp->connections);
	tcp->owned.close = close_with_node;
	tcp->owned.free = free_with_node;
	tacit_node_own_last(node, &tcp->owned);
	tacit_node_set_transport(node, TACIT_ADDRESS_TCP, take, tcp);
	transport = tacit_router_transport(node, TACIT_ADDRESS_TCP);
	transport->has_room = has_room;
	transport->check = check;
	return node->tcp = tcp;
}

const char *
tacit_tcp_peer(struct tacit_node *node, const char *host_port)
{
	const char *rest = host_port;
	struct tacit_address address;
	struct tacit_tcp_name name;
	struct tacit_tcp *tcp;
	size_t len;

	if (!tacit_node_usable(node))
		return NULL;
	len = host_port != NULL ? strlen(host_port) : 0;
	do {
		if (len == 0 || len > TACIT_ADDRESS_LEN_MAX ||
		    tacit_tcp_name_parse(&rest, false, &name) != TACIT_OK) {
			(void)tacit_node_fail(node, TACIT_EINVAL,
			    "`%.80s` is not HOST:PORT or a list of them with commas",
			    host_port != NULL ? host_port : "");
			return NULL;
		}
	} while (*rest != '\0');
	if ((tcp = tacit_tcp_of(node)) == NULL)
		return NULL;
	address = (struct tacit_address){TACIT_ADDRESS_TCP, (const uint8_t *)host_port, len};
	if (tacit_tcp_peer_add(tcp, address) == NULL)
		return NULL;
	return tacit_node_text(node, "%d#%s", TACIT_ADDRESS_TCP, host_port);
}
