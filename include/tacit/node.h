/*
 * tacit/node.h: a node: a router with workers, in one process, on one thread.
 *
 * Everything a program makes belongs to a node and ends with it.  A node remembers its first
 * error, as a FILE does: after one, every call that makes something returns NULL, every call that
 * waits returns at once, and a program may ask once, at the end:
 *
 *	struct tacit_node *node = tacit_node_new();
 *	... tacit_stream_connect(node, ...), tacit_channel_open(node, ...) ...
 *	if (tacit_node_err(node) != TACIT_OK)
 *		fprintf(stderr, "alice: %s\n", tacit_node_errmsg(node));
 *	tacit_node_free(node);
 *
 * All calls accept NULL where a node or an object made by it is wanted, and do nothing.
 *
 * Calls that wait (connect, open, receive, read_line, run) run the node's loop until they have
 * their answer, so a program reads from top to bottom.  They may not be made from a handler, which
 * runs inside the loop: there they fail with TACIT_EINVAL, remembered.
 *
 * Thread: one thread per node at a time, except where a call says "any".  Many nodes may live in one process.
 */
#ifndef TACIT_NODE_H
#define TACIT_NODE_H

#include <stdio.h>

#include "tacit/err.h"

struct tacit_node;
struct tacit_route;

/*
 * tacit_node_new: a node that runs nothing yet.
 *
 * Gives:  the node, tacit_node_free(); NULL when there is no memory.
 */
TACIT_API struct tacit_node *tacit_node_new(void);

/*
 * tacit_node_free: closes what the node holds, waits until it is quiet, and frees it with all that
 * was made in it.  Channels still open are closed without waiting for their far ends
 * (tacit_channel_close waits).
 */
TACIT_API void tacit_node_free(struct tacit_node *node);

/*
 * tacit_node_err, tacit_node_errmsg: the first error, and a sentence that says what happened and
 * what to do.  The text is valid until the node is freed.  For NULL: TACIT_ENOMEM.
 */
TACIT_API tacit_err tacit_node_err(const struct tacit_node *node);
TACIT_API const char *tacit_node_errmsg(const struct tacit_node *node);
/* forgets the error, for a program that dealt with it */
TACIT_API void tacit_node_clear_err(struct tacit_node *node);

/*
 * tacit_node_run: runs the node until tacit_node_stop or an error.
 *
 * Errors: the node's first error; TACIT_OK after a stop.
 */
TACIT_API tacit_err tacit_node_run(struct tacit_node *node);

/*
 * tacit_node_stop: ends tacit_node_run, and every call that waits with TACIT_ESTOPPED (which the node does not remember as its error).
 *
 * Thread: any.
 */
TACIT_API void tacit_node_stop(struct tacit_node *node);
/* whether it was stopped */
TACIT_API int tacit_node_stopped(const struct tacit_node *node);

/*
 * tacit_node_stop_on_signals: SIGINT, SIGTERM and, where it is not ignored (nohup), SIGHUP stop this
 * node; a second one ends the process as if this call had not been made.  Without it Tacit touches
 * no signal.
 */
TACIT_API void tacit_node_stop_on_signals(struct tacit_node *node);

/*
 * tacit_node_post: runs fn(arg) on the node's thread, in the order of the calls.
 *
 * Errors: TACIT_ELIMIT (65536 wait already), TACIT_ENOMEM, TACIT_ESTOPPED (being freed).
 * Thread: any.
 */
TACIT_API TACIT_MUST_USE tacit_err tacit_node_post(
    struct tacit_node *node, void (*fn)(void *arg), void *arg);

/*
 * tacit_node_wait: runs the node until done(arg) is not 0 or timeout_ms have passed
 * (TACIT_FOREVER: no limit).
 *
 * Errors: TACIT_ETIMEDOUT, TACIT_ESTOPPED, or the node's error.
 */
#define TACIT_FOREVER (-1)
TACIT_API tacit_err tacit_node_wait(
    struct tacit_node *node, int (*done)(void *arg), void *arg, long timeout_ms);

/*
 * tacit_node_read_line: the next line of a stream, without its newline, while the node runs.
 *
 * The stream should not be read by other means.  NULL at the end of input, on an error, and when the node is stopped.
 * The line is valid until the next call.
 */
TACIT_API const char *tacit_node_read_line(struct tacit_node *node, FILE *stream);

/*
 * tacit_node_wait_fd: runs the node until a descriptor can be read or written (at the end of input,
 * and when the other side is gone, it can), or timeout_ms have passed.  Files and folders always
 * can.  The descriptor's flags stay as they are, so what blocks still does: a pipe takes PIPE_BUF
 * bytes then, and a read gives what there is.
 *
 * Errors: as tacit_node_wait; TACIT_EIO, remembered.
 */
enum tacit_fd_use {
	TACIT_FD_READ,
	TACIT_FD_WRITE,
};
TACIT_API tacit_err tacit_node_wait_fd(
    struct tacit_node *node, int fd, enum tacit_fd_use use, long timeout_ms);

/* tacit_timer_after: runs fn(arg) once, on the loop, after delay_ms */
TACIT_API void tacit_timer_after(
    struct tacit_node *node, unsigned delay_ms, void (*fn)(void *arg), void *arg);

/*
 * tacit_unique: prefix, an underscore and 32 random hex digits: a name that nobody guesses.
 * Valid until the node is freed; NULL on error.
 */
TACIT_API const char *tacit_unique(struct tacit_node *node, const char *prefix);
/* a copy of text that is valid until the node is freed; NULL for NULL and on error */
TACIT_API const char *tacit_keep(struct tacit_node *node, const char *text);

/*
 * tacit_route_new: a route of hops, each the text of an address: a worker's name (`echoer`), or
 * what tacit_tcp_peer, tacit_stream_sender or tacit_channel_address gave; ends with NULL.  No hop
 * at all is the empty route: this node.
 * Valid until the node is freed; NULL on error (a hop that is NULL ends the list, so a failed call's result is caught by the
 * node's error).
 */
TACIT_API TACIT_SENTINEL const struct tacit_route *tacit_route_new(struct tacit_node *node, ...);
/* a copy of a route, for instance of a message's way back, that is valid until the node is freed;
 * NULL for NULL and on error */
TACIT_API const struct tacit_route *tacit_route_keep(
    struct tacit_node *node, const struct tacit_route *route);

/* what a node has to tell: levels as in syslog, lower is worse */
enum tacit_log_level {
	TACIT_LOG_ERROR,
	TACIT_LOG_WARNING,
	TACIT_LOG_INFO,
	TACIT_LOG_DEBUG,
};
/* calls fn with a line, without newline, no secret and no plaintext in it; NULL for nobody.  The
 * library itself prints nothing */
TACIT_API void tacit_node_on_log(struct tacit_node *node,
    void (*fn)(void *arg, enum tacit_log_level level, const char *line), void *arg);

#endif
