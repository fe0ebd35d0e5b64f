/*
 * node/tcp_state.h: what the files of the TCP transport share.
 *
 * tcp.c has the transport, peers those we connect to and who wants them, connection one socket
 * with its frames and what waits to be written, listener those who take sockets in.  Sockets are
 * ours and libuv only polls them: its own writes would raise SIGPIPE, its own accept closes
 * connections when descriptors run out, and its own reads have no budget.
 */
#ifndef TACIT_NODE_TCP_STATE_H
#define TACIT_NODE_TCP_STATE_H

#include <netdb.h>
#include <sys/socket.h>

#include "node/state.h"

/* `ADDRESS:PORT`, numeric, brackets and a scope and all */
#define TACIT_TCP_NUMERIC_LEN 96

/* one of a list's names */
struct tacit_tcp_name {
	char host[256];
	char port[6];
};

/*
 * Reads the first of the names at *text, moves *text to the next one or to the end.
 * zero: port 0 is allowed.  Errors: TACIT_EINVAL.
 */
TACIT_MUST_USE tacit_err tacit_tcp_name_parse(
    const char **text, bool zero, struct tacit_tcp_name *ret);
/* `HOST:PORT`, `[IPV6]:PORT` in numbers */
void tacit_tcp_format(const struct sockaddr *address, socklen_t len, char *ret, size_t cap);
/* a sentence's end for an errno */
const char *tacit_tcp_reason(int error);

struct tacit_tcp {
	struct tacit_owned owned;
	struct tacit_node *node;
	bool closing;
	struct tacit_map peers;            /* address bytes -> those we may connect to */
	struct tacit_map accepted;         /* address bytes -> connections that came in */
	unsigned long long accepted_count; /* all that ever came */
	struct tacit_list peer_list, listeners, connections;
	size_t cost; /* of what waits on all connections */
	/* where sockets are read into: shared, because most connections are idle */
	struct tacit_block *block;
	size_t filled;
};

struct tacit_tcp_peer;
struct tacit_tcp_listener;

struct tacit_tcp_connection {
	struct tacit_list list;
	struct tacit_tcp *tcp;
	struct tacit_tcp_peer *peer;             /* the one it was made for, or */
	struct tacit_tcp_listener *listener;     /* the one that took it in */
	char address[TACIT_ADDRESS_LEN_MAX + 1]; /* the type 1 address: map key and return hop */
	int fd;
	uv_poll_t poll;
	int events;
	bool connecting, heard, lingering, closed;
	/* written in order; sent: bytes of the oldest that are on their way */
	struct tacit_queue queue;
	size_t sent, cost;
	struct tacit_turn_end flush;
	/* the beginning of a frame: a small one in tail, a larger one in a block of its own */
	uint8_t *tail;
	size_t tail_len;
	struct tacit_block *block;
	size_t filled;
};

/* tcp.c ---------------------------------------------------------------------------------------- */

/* the node's transport, started if it is not there; NULL, remembered, without memory */
struct tacit_tcp *tacit_tcp_of(struct tacit_node *node);

/* tcp_connection.c ----------------------------------------------------------------------------- */

/* takes fd, and closes it on errors.  connecting: connect() is under way.  NULL without memory */
struct tacit_tcp_connection *tacit_tcp_connection_new(
    struct tacit_tcp *tcp, int fd, bool connecting, const char *address);
/* takes a message whose onward route is what the other end sees; writes at the end of the turn */
void tacit_tcp_connection_send(struct tacit_tcp_connection *connection, struct tacit_msg *msg);
bool tacit_tcp_connection_has_room(const struct tacit_tcp_connection *connection);
/* closes it and tells its peer or listener; later calls do nothing */
void tacit_tcp_connection_close(struct tacit_tcp_connection *connection, const char *why);
/* the node ends: reads no more, writes what waits, closes then */
void tacit_tcp_connection_linger(struct tacit_tcp_connection *connection);

/* tcp_peer.c ----------------------------------------------------------------------------------- */

struct tacit_tcp_peer *tacit_tcp_peer_add(struct tacit_tcp *tcp, struct tacit_address address);
void tacit_tcp_peer_send(struct tacit_tcp_peer *peer, struct tacit_msg *msg);
bool tacit_tcp_peer_has_room(const struct tacit_tcp_peer *peer);
/* its connection stands; is no more, or was not made */
void tacit_tcp_peer_up(struct tacit_tcp_peer *peer);
void tacit_tcp_peer_down(struct tacit_tcp_peer *peer, const char *why);
void tacit_tcp_peers_close(struct tacit_tcp *tcp);
void tacit_tcp_peers_free(struct tacit_tcp *tcp);

/* tcp_listener.c ------------------------------------------------------------------------------- */

/* one of its connections is gone: there is room for another */
void tacit_tcp_listener_release(struct tacit_tcp_listener *listener);
void tacit_tcp_listeners_close(struct tacit_tcp *tcp);
void tacit_tcp_listeners_free(struct tacit_tcp *tcp);

#endif
