#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "node/tcp_state.h"
#include "tacit/tcp.h"

/* connections taken in one turn, and ms without taking any after descriptors ran out */
#define ACCEPTS_MAX 64u
#define PAUSE_MS    200u

struct tacit_tcp_listener {
	struct tacit_list list;
	struct tacit_tcp *tcp;
	int fd; /* -1: closed */
	uv_poll_t poll;
	struct tacit_alarm *alarm; /* ends a pause */
	unsigned count;
	bool full;    /* TACIT_CONNECTIONS_MAX are open */
	bool starved; /* the system refused the last one; said once */
};

static void on_event(uv_poll_t *poll, int status, int events);

static void
resume(void *arg)
{
	struct tacit_tcp_listener *listener = arg;

	if (listener->fd >= 0 && !listener->full)
		uv_poll_start(&listener->poll, UV_READABLE, on_event);
}

void
tacit_tcp_listener_release(struct tacit_tcp_listener *listener)
{
	listener->count--;
	if (listener->full && listener->fd >= 0) {
		listener->full = false;
		resume(listener);
	}
}

/* `ADDRESS:PORT/N` is the way back to the connection, and nobody else's ever: who comes from the
 * port of one that is gone must not get the answers to its questions, of which a program of 2021
 * goes deaf (PROTOCOL.md 2.1). */
static void
take(struct tacit_tcp_listener *listener, int fd, const struct sockaddr *from, socklen_t from_len)
{
	char numeric[TACIT_TCP_NUMERIC_LEN], text[TACIT_TCP_NUMERIC_LEN + 24];
	struct tacit_tcp *tcp = listener->tcp;
	struct tacit_tcp_connection *connection;

	tacit_tcp_format(from, from_len, numeric, sizeof(numeric));
	snprintf(text, sizeof(text), "%s/%llu", numeric, ++tcp->accepted_count);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
		tacit_node_log(tcp->node, TACIT_LOG_WARNING, "refused a connection from %s: %s",
		    text, tacit_tcp_reason(errno));
		close(fd);
		return;
	}
	if ((connection = tacit_tcp_connection_new(tcp, fd, false, text)) == NULL) {
		tacit_node_log(
		    tcp->node, TACIT_LOG_WARNING, "no memory: refused a connection from %s", text);
		return;
	}
	if (tacit_map_put(&tcp->accepted, text, strlen(text), connection) != TACIT_OK) {
		tacit_tcp_connection_close(connection, "out of memory");
		return;
	}
	connection->listener = listener;
	listener->count++;
	tacit_node_log(tcp->node, TACIT_LOG_DEBUG, "accepted a connection from %s", text);
}

static void
pause_accepting(struct tacit_tcp_listener *listener, int error)
{
	struct tacit_node *node = listener->tcp->node;

	if (!listener->starved)
		tacit_node_log(node, TACIT_LOG_WARNING, "cannot accept connections now: %s",
		    tacit_tcp_reason(error));
	listener->starved = true;
	uv_poll_stop(&listener->poll);
	tacit_alarm_set(listener->alarm, tacit_node_now(node) + PAUSE_MS);
}

static void
on_event(uv_poll_t *poll, int status, int events)
{
	struct tacit_tcp_listener *listener = poll->data;

	(void)status;
	(void)events;
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		int fd;

		if (listener->count >= TACIT_CONNECTIONS_MAX) {
			tacit_node_log(listener->tcp->node, TACIT_LOG_WARNING,
			    "%u connections are open: others have to wait", listener->count);
			listener->full = true;
			uv_poll_stop(&listener->poll);
			return;
		}
		if ((fd = accept(listener->fd, (struct sockaddr *)&from, &len)) >= 0) {
			listener->starved = false;
			take(listener, fd, (struct sockaddr *)&from, len);
		} else if (tacit_is_again(errno)) {
			return;
		} else if (errno != ECONNABORTED && errno != EPROTO) {
			pause_accepting(listener, errno);
			return;
		}
	}
}

static void
closed(uv_handle_t *handle)
{
	tacit_loop_closed(handle);
}

void
tacit_tcp_listeners_close(struct tacit_tcp *tcp)
{
	for (struct tacit_list *at = tcp->listeners.next; at != &tcp->listeners; at = at->next) {
		struct tacit_tcp_listener *listener =
		    TACIT_CONTAINER(at, struct tacit_tcp_listener, list);

		tacit_loop_close((uv_handle_t *)&listener->poll, closed);
		close(listener->fd);
		listener->fd = -1;
	}
}

void
tacit_tcp_listeners_free(struct tacit_tcp *tcp)
{
	while (!tacit_list_empty(&tcp->listeners)) {
		struct tacit_tcp_listener *listener =
		    TACIT_CONTAINER(tcp->listeners.next, struct tacit_tcp_listener, list);

		tacit_list_remove(&listener->list);
		tacit_alarm_free(listener->alarm);
		tacit_free(listener);
	}
}

/* a listening socket, or -1 and errno */
static int
open_socket(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
	int one = 1, flags, error;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    (flags = fcntl(fd, F_GETFL)) >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Clients of 2021 resolve a name to its first IPv4 address, so a name is bound there if it can
 * be. */
static int
bind_first(const struct addrinfo *addresses)
{
	static const bool four_first[2] = {true, false};
	int fd, error = EADDRNOTAVAIL;

	for (size_t i = 0; i < 2; i++) {
		for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
			if ((at->ai_family == AF_INET) != four_first[i])
				continue;
			if ((fd = open_socket(at)) >= 0)
				return fd;
			error = errno;
		}
	}
	errno = error;
	return -1;
}

static void
fail(struct tacit_node *node, const char *host_port, int error)
{
	if (error == EADDRINUSE)
		(void)tacit_node_fail(node, TACIT_EBUSY,
		    "cannot listen on %s: the address is in use: end the program that listens "
		    "there, or choose another port",
		    host_port);
	else if (error == EACCES || error == EPERM)
		(void)tacit_node_fail(node, TACIT_EDENIED,
		    "cannot listen on %s: permission denied: choose a port from 1024 up",
		    host_port);
	else
		(void)tacit_node_fail(
		    node, TACIT_EIO, "cannot listen on %s: %s", host_port, tacit_tcp_reason(error));
}

/* takes fd */
static bool
start(struct tacit_tcp *tcp, int fd)
{
	struct tacit_tcp_listener *listener = tacit_alloc(sizeof(*listener));

	if (listener == NULL)
		goto failed;
	listener->tcp = tcp;
	listener->fd = fd;
	listener->poll.data = listener;
	if ((listener->alarm = tacit_alarm_new(tcp->node, resume, listener)) == NULL ||
	    uv_poll_init(&tcp->node->loop, &listener->poll, fd) != 0) {
		tacit_alarm_free(listener->alarm);
		tacit_free(listener);
		goto failed;
	}
	tacit_list_append(&tcp->listeners, &listener->list);
	resume(listener);
	return true;
failed:
	close(fd);
	(void)tacit_node_fail(tcp->node, TACIT_ENOMEM, "out of memory");
	return false;
}

static int
bind_name(struct tacit_node *node, const char *host_port)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct tacit_tcp_name name;
	const char *rest = host_port;
	struct addrinfo *addresses;
	int fd, status;

	if (host_port == NULL || strchr(host_port, ',') != NULL ||
	    tacit_tcp_name_parse(&rest, true, &name) != TACIT_OK) {
		(void)tacit_node_fail(node, TACIT_EINVAL, "`%.80s` is not HOST:PORT",
		    host_port != NULL ? host_port : "");
		return -1;
	}
	if ((status = getaddrinfo(name.host, name.port, &hints, &addresses)) != 0) {
		(void)tacit_node_fail(
		    node, TACIT_EIO, "cannot listen on %s: %s", host_port, gai_strerror(status));
		return -1;
	}
	if ((fd = bind_first(addresses)) < 0)
		fail(node, host_port, errno);
	freeaddrinfo(addresses);
	return fd;
}

const char *
tacit_tcp_listen(struct tacit_node *node, const char *host_port)
{
	char text[TACIT_TCP_NUMERIC_LEN];
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct tacit_tcp *tcp;
	int fd;

	if (!tacit_node_usable(node) || (tcp = tacit_tcp_of(node)) == NULL ||
	    (fd = bind_name(node, host_port)) < 0)
		return NULL;
	if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0) {
		fail(node, host_port, errno);
		close(fd);
		return NULL;
	}
	if (!start(tcp, fd))
		return NULL;
	tacit_tcp_format((struct sockaddr *)&bound, len, text, sizeof(text));
	return tacit_node_text(node, "%s", text);
}
