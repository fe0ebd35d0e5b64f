/*
 * node/state.h: the node's own struct, and what the files that run it share with each other and
 * with nobody else.  This header and its includers are all of Tacit that sees libuv.
 *
 * A turn of the loop: what libuv calls (timers, posts, sockets, watches) puts messages into the
 * queue; after sockets were read, and again before the loop blocks, the queue is emptied (at most
 * TACIT_TURN_MESSAGES), then the turn-end hooks run, what they routed goes the same way, and last
 * the connections write.  So an answer leaves in the turn that brought its question, and nothing
 * calls anything recursively.
 */
#ifndef TACIT_NODE_STATE_H
#define TACIT_NODE_STATE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <uv.h>

#include "base/map.h"
#include "channel/joining.h"
#include "node/internal.h"
#include "node/msg_queue.h"

/* address types that some transport takes: TCP and in-process */
#define TACIT_TRANSPORTS_MAX 4

struct tacit_transport {
	uint8_t type;
	tacit_worker_fn fn;
	void *self;
	/* as a worker's (internal.h); may be NULL */
	int (*has_room)(void *self, const struct tacit_route *onward);
	tacit_err (*check)(void *self, const struct tacit_msg *msg);
};

struct tacit_worker {
	struct tacit_list list; /* in node->workers or node->prefixes */
	struct tacit_node *node;
	char *name;
	unsigned hears;
	tacit_worker_fn fn;
	void *self;
	int (*has_room)(void *self);
	tacit_err (*check)(void *self, const struct tacit_msg *msg);
};

struct tacit_job {
	struct tacit_job *next;
	void (*fn)(void *arg);
	void *arg;
};

struct tacit_post {
	pthread_mutex_t lock; /* guards the rest, and async from being closed */
	struct tacit_job *first, **end;
	unsigned count;
	bool closed;
};

#define TACIT_NODE_SIGNALS 3

struct tacit_node {
	uv_loop_t loop;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle;     /* active: the loop comes back without blocking */
	uv_async_t async;   /* wakes the loop from other threads */
	uv_timer_t timeout; /* of the call that waits */
	uv_signal_t signals[TACIT_NODE_SIGNALS];
	bool has_signals;
	unsigned busy; /* handles being closed and requests under way: freeing waits for them */
	unsigned lingering; /* connections that still write while the node is freed */
	bool in_loop;
	bool in_alarm;
	bool quiet; /* being freed: alarms are still, nothing is routed */

	/* the call that waits; NULL and false when none does */
	int (*done)(void *arg);
	void *done_arg;
	bool waiting, timed_out;
	const unsigned *counter; /* tacit_loop_quiesce's, while it runs */
	atomic_bool stopped;
	struct tacit_post post;

	tacit_err err;
	char errmsg[512];
	void (*log)(void *arg, enum tacit_log_level level, const char *line);
	void *log_arg;
	struct tacit_random random;
	const char *program; /* program.c */
	uint64_t id;         /* of the process's nodes, for the in-process transport */

	struct tacit_list owned;  /* oldest first */
	struct tacit_list closed; /* owned things that were told to close, youngest first */
	struct tacit_list texts;
	struct tacit_list alarms;
	struct tacit_list watches;
	struct tacit_list readers; /* read_line.c */
	struct tacit_list held;    /* messages that a program got and has not freed */
	struct tacit_list turn_ends, flushes;

	struct tacit_joining_pool joining; /* of all channels */

	struct tacit_queue queue;
	struct tacit_map names; /* name -> worker, prefixes too */
	struct tacit_list workers, prefixes;
	struct tacit_transport transports[TACIT_TRANSPORTS_MAX];
	size_t transport_count;
	struct tacit_tcp *tcp;            /* NULL until there is a peer or a listener */
	struct tacit_node_memory *memory; /* trust.c; NULL until there is a trust policy */
};

/* whether a call on a descriptor that does not block has to be made again later */
static inline bool
tacit_is_again(int error)
{
#if EAGAIN != EWOULDBLOCK
	if (error == EWOULDBLOCK)
		return true;
#endif
	return error == EAGAIN || error == EINTR;
}

/* loop.c --------------------------------------------------------------------------------------- */

/* Errors: TACIT_ENOMEM: libuv got no descriptors or memory */
TACIT_MUST_USE tacit_err tacit_loop_init(struct tacit_node *node);
/* closes the loop's own handles; everything else was closed */
void tacit_loop_fini(struct tacit_node *node);
/* uv_close that counts in node->busy; the callback given calls tacit_loop_closed */
void tacit_loop_close(uv_handle_t *handle, uv_close_cb closed);
struct tacit_node *tacit_loop_closed(uv_handle_t *handle);
/* empties the queue outside the loop, as far as one turn goes */
void tacit_loop_drain(struct tacit_node *node);
/* whole turns without waiting until nothing is left to do, or a bound is reached */
void tacit_loop_settle(struct tacit_node *node);
/* runs until nothing is busy and done says so (or until deadline_ms from now, 0: none) */
void tacit_loop_quiesce(struct tacit_node *node, const unsigned *counter, unsigned deadline_ms);
/* like tacit_turn_end_ask, but after all of those: for writing to sockets */
void tacit_turn_flush_ask(struct tacit_node *node, struct tacit_turn_end *hook);

/* alarm.c, fd_watch.c, read_line.c, text.c: frees what the owners left -------------------------- */

void tacit_alarms_fini(struct tacit_node *node);
void tacit_fd_watches_fini(struct tacit_node *node);
void tacit_line_readers_fini(struct tacit_node *node);
void tacit_texts_fini(struct tacit_node *node);

/* post.c --------------------------------------------------------------------------------------- */

TACIT_MUST_USE tacit_err tacit_post_init(struct tacit_post *post);
void tacit_post_fini(struct tacit_post *post);
/* runs all that was posted */
void tacit_post_run(struct tacit_post *post);
/* refuses more, and runs what is left */
void tacit_post_close(struct tacit_post *post);

/* router.c ------------------------------------------------------------------------------------- */

void tacit_router_init(struct tacit_node *node);
void tacit_router_fini(struct tacit_node *node);
/* hands the oldest message to its worker; false when there was none */
bool tacit_router_step(struct tacit_node *node);
struct tacit_worker *tacit_router_worker(
    const struct tacit_node *node, const struct tacit_address *address);
struct tacit_transport *tacit_router_transport(struct tacit_node *node, uint8_t type);

/* inproc.c ------------------------------------------------------------------------------------- */

/* the node can be found by others in the process; and cannot any more */
void tacit_inproc_enter(struct tacit_node *node);
void tacit_inproc_leave(struct tacit_node *node);

#endif
