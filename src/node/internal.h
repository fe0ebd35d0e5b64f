/*
 * node/internal.h: what the files of this room share: the router, errors, alarms, and the things
 * that a node owns.
 */
#ifndef TACIT_NODE_INTERNAL_H
#define TACIT_NODE_INTERNAL_H

#include <stdbool.h>

#include "base/list.h"
#include "base/port.h"
#include "tacit/node.h"
#include "wire/msg.h"

/* errors and lines ----------------------------------------------------------------------------- */

/* remembers err and its sentence if it is the node's first, logs it, and returns it.  node may be
 * NULL */
tacit_err tacit_node_fail(struct tacit_node *node, tacit_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tacit_node_log(struct tacit_node *node, enum tacit_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* true when a call that makes something should go on: node is there and has no error */
bool tacit_node_usable(const struct tacit_node *node);
/* text that lives as long as the node; NULL (remembered) without memory */
const char *tacit_node_text(struct tacit_node *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* whether a stream, a client may have that name; if not, remembers TACIT_EINVAL and why */
bool tacit_node_takes_name(struct tacit_node *node, const char *name);
bool tacit_node_takes_client_id(struct tacit_node *node, const char *id);

tacit_msec tacit_node_now(const struct tacit_node *node);
const struct tacit_random *tacit_node_random(const struct tacit_node *node);
/* true inside the loop: calls that wait are then refused */
bool tacit_node_in_loop(const struct tacit_node *node);

/* things that a node owns ---------------------------------------------------------------------- */

/*
 * Freed with the node, the youngest first, in two rounds: close (may be NULL: no new work, does
 * not wait) of all, then the loop runs until its handles are closed, then free of all.  Embed one
 * in each thing.
 */
struct tacit_owned {
	struct tacit_list list;
	void (*close)(struct tacit_owned *self);
	void (*free)(struct tacit_owned *self);
};
void tacit_node_own(struct tacit_node *node, struct tacit_owned *thing);
/* the same for what carries the last words of all others, whenever it was made: closed and freed
 * after them */
void tacit_node_own_last(struct tacit_node *node, struct tacit_owned *thing);
/* the thing goes before its node: takes it out of the list, calls nothing */
void tacit_node_disown(struct tacit_owned *thing);

/* router --------------------------------------------------------------------------------------- */

/* whom a worker hears: bits of 1 << enum tacit_origin */
enum {
	TACIT_HEARS_LOCAL = 1 << TACIT_ORIGIN_LOCAL,
	TACIT_HEARS_CHANNEL = 1 << TACIT_ORIGIN_CHANNEL,
	TACIT_HEARS_NETWORK = 1 << TACIT_ORIGIN_NETWORK,
};

struct tacit_worker;
/* takes msg; its onward route still begins with the worker's own address */
typedef void (*tacit_worker_fn)(void *self, struct tacit_msg *msg);

/*
 * tacit_worker_add: a worker at name (NULL: 32 random hex digits).  A name that ends with `.` is
 * a prefix: the worker hears every name that begins with it and has no worker of its own. NULL on
 * errors, remembered.  Freed by tacit_worker_remove, or with the node.
 */
struct tacit_worker *tacit_worker_add(
    struct tacit_node *node, const char *name, unsigned hears, tacit_worker_fn fn, void *self);
void tacit_worker_remove(struct tacit_worker *worker);
void tacit_worker_set_hears(struct tacit_worker *worker, unsigned hears);
const char *tacit_worker_name(const struct tacit_worker *worker);
/*
 * Back-pressure for tacit_send and tacit_reply, whose first hop this worker is: outside the loop
 * they wait until has_room says that one more message may come; a handler, which cannot wait, is
 * not held up.  Then check may refuse the message (its onward route begins with the worker); it
 * bounds what handlers send.  Both are called with the worker's self, and may be NULL.  A worker
 * whose end is over says that there is room, and refuses.
 */
void tacit_worker_set_room(struct tacit_worker *worker, int (*has_room)(void *self));
void tacit_worker_set_check(
    struct tacit_worker *worker, tacit_err (*check)(void *self, const struct tacit_msg *msg));
/* the name's address, borrowed from the worker */
struct tacit_address tacit_worker_address(const struct tacit_worker *worker);

/*
 * tacit_node_route: takes msg to the first hop of its onward route, in this turn of the loop but
 * after the caller returned.  Transports hear LOCAL messages only: a node relays nothing.  What
 * nobody hears is dropped and logged at DEBUG.  The node takes the routes and payload apart: no
 * one else may hold a reference and expect them as they were.
 */
void tacit_node_route(struct tacit_node *node, struct tacit_msg *msg);
/* whether some worker is at the first hop, or a transport takes it */
bool tacit_node_reaches(const struct tacit_node *node, const struct tacit_route *onward);
/* a transport takes every message whose first hop has this address type */
void tacit_node_set_transport(
    struct tacit_node *node, uint8_t type, tacit_worker_fn fn, void *self);

/* the loop ------------------------------------------------------------------------------------- */

/* runs fn once at a time; set again and again */
struct tacit_alarm;
struct tacit_alarm *tacit_alarm_new(struct tacit_node *node, void (*fn)(void *arg), void *arg);
/* at: monotonic ms as in tacit_node_now; TACIT_NEVER: not at all.  A set earlier is replaced.
 * Set by an alarm to a time that is over it rings after the turn ends, in the next ms */
void tacit_alarm_set(struct tacit_alarm *alarm, tacit_msec at);
void tacit_alarm_free(struct tacit_alarm *alarm);

/* runs fn once, at the end of this turn of the loop: after what was read was routed, before it
 * waits again.  Asking twice in a turn runs it once.  Embed one; init, then ask as often as
 * wanted */
struct tacit_turn_end {
	struct tacit_list list;
	void (*fn)(void *arg);
	void *arg;
};
void tacit_turn_end_init(struct tacit_turn_end *hook, void (*fn)(void *arg), void *arg);
void tacit_turn_end_ask(struct tacit_node *node, struct tacit_turn_end *hook);
void tacit_turn_end_cancel(struct tacit_turn_end *hook);

/* runs fn when fd is readable; fn returns true to be called again without waiting (it ran out of
 * its budget) */
struct tacit_fd_watch;
struct tacit_fd_watch *tacit_fd_watch_new(
    struct tacit_node *node, int fd, bool (*fn)(void *arg), void *arg);
void tacit_fd_watch_free(struct tacit_fd_watch *watch);

/* tcp ------------------------------------------------------------------------------------------ */

/*
 * tacit_tcp_want: keeps a connection to the peer up for as long as the want lives: connects at
 * once, and again after 50 ms to 1 s, doubling, with jitter, when it breaks.  up and down are
 * called at the end of a turn, never before a call of ours has returned; text says why it went
 * down or could not be made.  While a peer with a want is down, messages to it are dropped. peer
 * is the type 1 address of a route's first hop.
 */
struct tacit_tcp_want;
struct tacit_tcp_want *tacit_tcp_want_new(struct tacit_node *node, struct tacit_address peer,
    void (*up)(void *arg), void (*down)(void *arg, const char *text), void *arg);
void tacit_tcp_want_free(struct tacit_tcp_want *want);
/* takes the connection for dead: closes it and connects anew; down is called, at the end of the
 * turn */
void tacit_tcp_want_drop(struct tacit_tcp_want *want);

#endif
