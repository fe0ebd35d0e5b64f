#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "node/tcp_state.h"
#include "wire/frame.h"

/* messages of one system call */
#define WRITE_COUNT 64
/* a frame's beginning up to this long is copied in front of what is read next; a longer one gets a
 * block of its own, so that frames which arrive byte by byte do not cost a copy each time */
#define TAIL_LEN_MAX 4096u
/* bytes of room that a read should have at least */
#define READ_LEN_MIN (16u << 10)
/* reads of one connection in a turn, and messages that wait to be routed before none are added */
#define READS_MAX  4u
#define QUEUED_MAX (4 * TACIT_TURN_MESSAGES)

static void on_event(uv_poll_t *poll, int status, int events);
static void flush(void *arg);

static void
set_events(struct tacit_tcp_connection *connection, int events)
{
	if (connection->closed || connection->events == events)
		return;
	connection->events = events;
	if (events != 0)
		uv_poll_start(&connection->poll, events, on_event);
	else
		uv_poll_stop(&connection->poll);
}

/* A peer that vanished without a word is noticed in two minutes even when nobody asks it anything;
 * a route through a NAT stays open. */
static void
set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
	    {IPPROTO_TCP, TCP_NODELAY, 1},
	    {SOL_SOCKET, SO_KEEPALIVE, 1},
#ifdef TCP_KEEPIDLE
	    {IPPROTO_TCP, TCP_KEEPIDLE, 60},
	    {IPPROTO_TCP, TCP_KEEPINTVL, 10},
	    {IPPROTO_TCP, TCP_KEEPCNT, 6},
#endif
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
		    sizeof(options[i].value));
}

struct tacit_tcp_connection *
tacit_tcp_connection_new(struct tacit_tcp *tcp, int fd, bool connecting, const char *address)
{
	struct tacit_tcp_connection *connection = tacit_alloc(sizeof(*connection));

	if (connection == NULL || uv_poll_init(&tcp->node->loop, &connection->poll, fd) != 0) {
		tacit_free(connection);
		close(fd);
		return NULL;
	}
	connection->tcp = tcp;
	connection->fd = fd;
	connection->poll.data = connection;
	connection->connecting = connecting;
	snprintf(connection->address, sizeof(connection->address), "%s", address);
	tacit_turn_end_init(&connection->flush, flush, connection);
	tacit_list_append(&tcp->connections, &connection->list);
	set_options(fd);
	set_events(connection, connecting ? UV_WRITABLE : UV_READABLE);
	return connection;
}

static void
closed(uv_handle_t *handle)
{
	tacit_loop_closed(handle);
	tacit_free(handle->data);
}

void
tacit_tcp_connection_close(struct tacit_tcp_connection *connection, const char *why)
{
	struct tacit_tcp *tcp = connection->tcp;

	if (connection->closed)
		return;
	connection->closed = true;
	tcp->cost -= connection->cost;
	tacit_list_remove(&connection->list);
	tacit_turn_end_cancel(&connection->flush);
	tacit_msg_queue_fini(&connection->queue);
	tacit_free(connection->tail);
	tacit_block_unref(connection->block);
	if (connection->lingering)
		tcp->node->lingering--;
	tacit_loop_close((uv_handle_t *)&connection->poll, closed);
	close(connection->fd);
	if (connection->listener != NULL) {
		tacit_map_remove(&tcp->accepted, connection->address, strlen(connection->address));
		tacit_node_log(tcp->node, TACIT_LOG_DEBUG, "the connection from %s is closed: %s",
		    connection->address, why);
		tacit_tcp_listener_release(connection->listener);
	} else if (connection->peer != NULL) {
		tacit_tcp_peer_down(connection->peer, why);
	}
}

/* writing -------------------------------------------------------------------------------------- */

/* what it takes to hold a message, which is more than its bytes when it is small */
static size_t
cost_of(const struct tacit_msg *msg)
{
	return msg->len + sizeof(*msg) + TACIT_HEADROOM;
}

static ssize_t
write_some(struct tacit_tcp_connection *connection)
{
	struct iovec parts[WRITE_COUNT];
	struct msghdr header = {.msg_iov = parts};
	size_t skip = connection->sent, n = 0;

	for (; n < WRITE_COUNT && n < connection->queue.count; n++) {
		const struct tacit_msg *msg = tacit_queue_at(&connection->queue, n);

		parts[n].iov_base = tacit_msg_payload(msg) + skip;
		parts[n].iov_len = msg->len - skip;
		skip = 0;
	}
	header.msg_iovlen = n;
	/* a connection that is gone is an error here, not a signal to the program */
	return sendmsg(connection->fd, &header, MSG_NOSIGNAL);
}

/* forgets len bytes that the system took */
static void
advance(struct tacit_tcp_connection *connection, size_t len)
{
	while (len > 0) {
		struct tacit_msg *msg = tacit_queue_at(&connection->queue, 0);
		size_t left = msg->len - connection->sent;

		if (len < left) {
			connection->sent += len;
			return;
		}
		len -= left;
		connection->sent = 0;
		connection->cost -= cost_of(msg);
		connection->tcp->cost -= cost_of(msg);
		tacit_msg_unref(tacit_queue_pop(&connection->queue));
	}
}

static void
flush(void *arg)
{
	struct tacit_tcp_connection *connection = arg;
	int reading = connection->lingering ? 0 : UV_READABLE;

	while (connection->queue.count > 0) {
		ssize_t n = write_some(connection);

		if (n >= 0) {
			advance(connection, (size_t)n);
		} else if (tacit_is_again(errno)) {
			set_events(connection, reading | UV_WRITABLE);
			return;
		} else {
			tacit_tcp_connection_close(connection, tacit_tcp_reason(errno));
			return;
		}
	}
	set_events(connection, reading);
	if (connection->lingering)
		tacit_tcp_connection_close(connection, "the node ends");
}

bool
tacit_tcp_connection_has_room(const struct tacit_tcp_connection *connection)
{
	return connection->cost < TACIT_SEND_ROOM_LEN;
}

static void
refuse_to_wait(struct tacit_tcp_connection *connection)
{
	tacit_node_log(connection->tcp->node, TACIT_LOG_WARNING,
	    "closed the connection to %s: it does not take what is sent to it, and %zu messages "
	    "wait",
	    connection->address, connection->queue.count);
	tacit_tcp_connection_close(connection, "it took too little of what was sent");
}

/* many that read nothing could otherwise take that much memory each */
static void
refuse_the_fullest(struct tacit_tcp *tcp)
{
	struct tacit_tcp_connection *fullest = NULL;

	for (struct tacit_list *at = tcp->connections.next; at != &tcp->connections;
	     at = at->next) {
		struct tacit_tcp_connection *connection =
		    TACIT_CONTAINER(at, struct tacit_tcp_connection, list);

		if (fullest == NULL || connection->cost > fullest->cost)
			fullest = connection;
	}
	if (fullest != NULL)
		refuse_to_wait(fullest);
}

void
tacit_tcp_connection_send(struct tacit_tcp_connection *connection, struct tacit_msg *msg)
{
	struct tacit_node *node = connection->tcp->node;
	tacit_err err = TACIT_ECLOSED;

	if (connection->closed || connection->lingering ||
	    (err = tacit_frame_encode(msg)) != TACIT_OK) {
		tacit_node_log(node, err == TACIT_ECLOSED ? TACIT_LOG_DEBUG : TACIT_LOG_WARNING,
		    "a message of %zu bytes to %s was dropped: %s", msg->len, connection->address,
		    tacit_strerror(err));
		tacit_msg_drop(msg);
		return;
	}
	if (connection->cost + cost_of(msg) > TACIT_SEND_QUEUE_LEN_MAX) {
		tacit_msg_drop(msg);
		refuse_to_wait(connection);
		return;
	}
	connection->cost += cost_of(msg);
	connection->tcp->cost += cost_of(msg);
	if (!tacit_msg_queue_push(&connection->queue, msg)) {
		/* the stream of frames has a hole now, which its other end could not see */
		tacit_tcp_connection_close(connection, "out of memory");
		return;
	}
	if ((connection->events & UV_WRITABLE) == 0)
		tacit_turn_flush_ask(node, &connection->flush);
	if (connection->tcp->cost > TACIT_SEND_QUEUES_LEN_MAX)
		refuse_the_fullest(connection->tcp);
}

void
tacit_tcp_connection_linger(struct tacit_tcp_connection *connection)
{
	if (connection->connecting) {
		tacit_tcp_connection_close(connection, "the node ends");
		return;
	}
	connection->peer = NULL;
	connection->lingering = true;
	connection->tcp->node->lingering++;
	tacit_turn_end_cancel(&connection->flush);
	flush(connection);
}

/* reading -------------------------------------------------------------------------------------- */

static void
refuse(struct tacit_tcp_connection *connection, const char *why)
{
	tacit_node_log(connection->tcp->node, TACIT_LOG_INFO, "closed the connection to %s: %s",
	    connection->address, why);
	tacit_tcp_connection_close(connection, why);
}

/* A ping is answered on its own connection (PROTOCOL.md 2.2); others without an onward route come
 * from programs of 2021 that keep a connection alive, and mean nothing. */
static void
answer_ping(struct tacit_tcp_connection *connection, struct tacit_msg *ping)
{
	struct tacit_msg *pong;

	if (tacit_frame_is_ping(ping) && (pong = tacit_frame_new_pong(ping)) != NULL)
		tacit_tcp_connection_send(connection, pong);
	tacit_msg_unref(ping);
}

static void
take_frame(
    struct tacit_tcp_connection *connection, struct tacit_block *block, size_t offset, size_t len)
{
	struct tacit_address hop = {
	    TACIT_ADDRESS_TCP, (const uint8_t *)connection->address, strlen(connection->address)};
	struct tacit_msg *msg;

	if (tacit_msg_decode(block, offset, len, &msg) != TACIT_OK) {
		refuse(connection, "it sent a frame that is no message");
		return;
	}
	connection->heard = true;
	if (msg->onward.count == 0) {
		answer_ping(connection, msg);
	} else if (tacit_route_prepend(&msg->ret, hop) != TACIT_OK) {
		tacit_node_log(connection->tcp->node, TACIT_LOG_DEBUG,
		    "dropped a message from %s: its return route is too long", connection->address);
		tacit_msg_unref(msg);
	} else {
		tacit_node_route(connection->tcp->node, msg);
	}
}

/* keeps the beginning of a frame until the rest of it comes */
static void
keep_tail(struct tacit_tcp_connection *connection, const uint8_t *bytes, size_t len)
{
	size_t frame_len = TACIT_FRAME_HEADER_LEN;
	uint8_t *tail;

	if (len > TAIL_LEN_MAX) {
		frame_len += (size_t)bytes[0] << 8 | bytes[1];
		if ((connection->block = tacit_block_new(frame_len)) == NULL) {
			tacit_tcp_connection_close(connection, "out of memory");
			return;
		}
		memcpy(connection->block->bytes, bytes, len);
		connection->filled = len;
		len = 0;
	}
	if (len == 0) {
		tacit_free(connection->tail);
		connection->tail = NULL;
	} else if ((tail = tacit_realloc(connection->tail, len)) == NULL) {
		tacit_tcp_connection_close(connection, "out of memory");
		return;
	} else {
		memcpy(tail, bytes, len);
		connection->tail = tail;
	}
	connection->tail_len = len;
}

/* takes the whole frames among len bytes at offset; returns the bytes that they are */
static size_t
take_frames(
    struct tacit_tcp_connection *connection, struct tacit_block *block, size_t offset, size_t len)
{
	size_t done = 0, body_len;

	while (!connection->closed) {
		enum tacit_frame_state state =
		    tacit_frame_next(block->bytes + offset + done, len - done, &body_len);

		if (state == TACIT_FRAME_BAD)
			refuse(connection, "it sent a frame of no bytes");
		if (state != TACIT_FRAME_WHOLE)
			break;
		done += TACIT_FRAME_HEADER_LEN;
		take_frame(connection, block, offset + done, body_len);
		done += body_len;
	}
	return done;
}

/* the shared block, with room for what this connection kept and a read */
static struct tacit_block *
shared_block(struct tacit_tcp *tcp, size_t tail_len)
{
	if (tcp->block != NULL && tcp->block->refs == 1)
		tcp->filled = 0; /* nobody looks at it any more */
	if (tcp->block == NULL || tcp->block->cap - tcp->filled < tail_len + READ_LEN_MIN) {
		tacit_block_unref(tcp->block);
		tcp->block = tacit_block_new(TACIT_RECEIVE_LEN);
		tcp->filled = 0;
	}
	return tcp->block;
}

/* true when there may be more to read */
static bool
read_shared(struct tacit_tcp_connection *connection, ssize_t *ret)
{
	struct tacit_tcp *tcp = connection->tcp;
	struct tacit_block *block = shared_block(tcp, connection->tail_len);
	size_t offset = tcp->filled, len = connection->tail_len, room, done;

	if (block == NULL) {
		errno = ENOMEM;
		*ret = -1;
		return false;
	}
	if (len > 0)
		memcpy(block->bytes + offset, connection->tail, len);
	room = block->cap - offset - len;
	if ((*ret = recv(connection->fd, block->bytes + offset + len, room, 0)) <= 0)
		return false;
	len += (size_t)*ret;
	done = take_frames(connection, block, offset, len);
	tcp->filled = offset + done;
	if (!connection->closed)
		keep_tail(connection, block->bytes + offset + done, len - done);
	return (size_t)*ret == room;
}

static bool
read_own(struct tacit_tcp_connection *connection, ssize_t *ret)
{
	struct tacit_block *block = connection->block;
	size_t room = block->cap - connection->filled;

	*ret = recv(connection->fd, block->bytes + connection->filled, room, 0);
	if (*ret <= 0)
		return false;
	connection->filled += (size_t)*ret;
	if (connection->filled < block->cap)
		return false;
	connection->block = NULL;
	connection->filled = 0;
	take_frames(connection, block, 0, block->cap);
	tacit_block_unref(block);
	return true;
}

static void
read_some(struct tacit_tcp_connection *connection)
{
	bool more = true;
	ssize_t n = 1;

	/* what is not read now makes the socket readable in the next turn too */
	for (unsigned i = 0; i < READS_MAX && more && !connection->closed &&
			     connection->tcp->node->queue.count < QUEUED_MAX;
	     i++)
		more = connection->block != NULL ? read_own(connection, &n)
						 : read_shared(connection, &n);
	if (connection->closed || n > 0)
		return;
	if (n == 0)
		tacit_tcp_connection_close(connection, "the other end closed it");
	else if (!tacit_is_again(errno))
		tacit_tcp_connection_close(connection, tacit_tcp_reason(errno));
}

/* connect() has its answer */
static void
finish_connect(struct tacit_tcp_connection *connection)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		tacit_tcp_connection_close(connection, tacit_tcp_reason(error));
		return;
	}
	connection->connecting = false;
	set_events(connection, UV_READABLE);
	tacit_tcp_peer_up(connection->peer);
}

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct tacit_tcp_connection *connection = poll->data;

	if (status < 0)
		connection->events = 0; /* libuv stopped polling; reading or writing says why */
	if (connection->connecting) {
		finish_connect(connection);
		return;
	}
	if (!connection->lingering && (status < 0 || (events & UV_READABLE) != 0))
		read_some(connection);
	if (!connection->closed && (status < 0 || (events & UV_WRITABLE) != 0))
		flush(connection);
}
