/*
 * support/node.h: nodes that remember what they logged, and sockets that talk to them without one.
 */
#ifndef TACIT_TESTS_NODE_H
#define TACIT_TESTS_NODE_H

#include "support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tacit/context.h"
#include "tacit/node.h"
#include "tacit/tcp.h"

/* the lines of a node, joined */
struct lines {
	char text[16384];
	size_t len, count;
};

static inline void
lines_add(void *arg, enum tacit_log_level level, const char *line)
{
	struct lines *lines = arg;
	int n;

	lines->count++;
	n = snprintf(lines->text + lines->len, sizeof(lines->text) - lines->len, "%d %s\n",
	    (int)level, line);
	if (n > 0 && (size_t)n < sizeof(lines->text) - lines->len)
		lines->len += (size_t)n;
}

static inline bool
lines_have(const struct lines *lines, const char *text)
{
	return strstr(lines->text, text) != NULL;
}

/* runs a node for a moment, without waiting */
static inline void
node_step(struct tacit_node *node)
{
	assert_int_equal(tacit_node_wait(node, NULL, NULL, 0), TACIT_ETIMEDOUT);
}

/* runs a node until it has logged that; fails after 20 s */
static inline void
node_logs(struct tacit_node *node, const struct lines *lines, const char *text)
{
	for (unsigned i = 0; i < 20000 && !lines_have(lines, text); i++)
		(void)tacit_node_wait(node, NULL, NULL, 1);
	assert_true(lines_have(lines, text));
}

/* runs two nodes by turns until done; fails after 20 s */
static inline void
nodes_until(struct tacit_node *a, struct tacit_node *b, int (*done)(void *arg), void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		if (done(arg))
			return;
		if (b != NULL)
			(void)tacit_node_wait(b, NULL, NULL, 0);
		(void)tacit_node_wait(a, done, arg, b != NULL ? 1 : 20000);
	}
	fail_msg("the nodes did not get there");
}

/* socket of a client of `127.0.0.1:PORT`, blocking, or -1 */
static inline int
raw_connect(const char *host_port)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_port = htons((uint16_t)atoi(strrchr(host_port, ':') + 1));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline void
raw_write(int fd, const void *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* reads len bytes while the node runs; false when the other end closed before that */
static inline bool
raw_read(struct tacit_node *node, int fd, void *ret, size_t len)
{
	size_t got = 0;

	for (unsigned i = 0; got < len && i < 20000; i++) {
		struct pollfd at = {fd, POLLIN, 0};
		ssize_t n;

		(void)tacit_node_wait(node, NULL, NULL, 0);
		if (poll(&at, 1, 1) == 0)
			continue;
		if ((n = recv(fd, (char *)ret + got, len - got, 0)) <= 0)
			return false;
		got += (size_t)n;
	}
	return got == len;
}

/* true when the other end closes the connection */
static inline bool
raw_closed(struct tacit_node *node, int fd)
{
	char byte;

	return !raw_read(node, fd, &byte, 1);
}

#endif
