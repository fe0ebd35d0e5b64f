/*
 * stream/producer.h: the engine that writes one stream.  Source: PROTOCOL.md 3.2, 3.3, 3.5.
 *
 * It opens the stream, pushes entries without waiting for their confirms, and keeps each until the
 * service confirmed it.  After a failure, or a new connection, everything from the first
 * unconfirmed entry on is pushed again, in order; so a reader finds every entry at least once, and
 * in order if it takes each entry's first copy after those before it.
 *
 * A message that says `once` (wire/msg.h) is pushed at most once (PROTOCOL.md 9.8).  It is kept,
 * its `done` not run, until its push was confirmed: taken.  All that were pushed and are not
 * confirmed when the stream ceases to be open (reset, pause, a push that failed, whosever it was, an
 * overdue answer) are given up: not taken.  One that comes while it is not open waits, and
 * is pushed with the others when it is.  Its `done` must not call the producer.
 *
 * Callbacks run inside handle, tick, push, start and reset, as their last act; they may call the producer
 * again, but not free it.
 */
#ifndef TACIT_STREAM_PRODUCER_H
#define TACIT_STREAM_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"
#include "wire/port.h"

struct tacit_producer;

struct tacit_producer_config {
	const struct tacit_route *service; /* to the stream service: the hub's hop, then its name */
	const char *name;                  /* the stream's */
	bool create;                       /* make it if it does not exist */
	struct tacit_address reply;        /* our own address, where the service's answers go */
	struct tacit_port port;
	/* the stream is open, after start and again after each failure; its bounds are those from
	 * before anything was pushed (again).  May be NULL */
	void (*opened)(void *arg, uint64_t first, uint64_t end);
	/* the service said no: TACIT_ENOTFOUND, TACIT_EINVAL (the name), TACIT_EDENIED.  Nothing is pushed
	 * any more until a reset.  text is the service's, printable, borrowed.  May be NULL */
	void (*failed)(void *arg, tacit_err err, const char *text);
	/* the first `count` entries ever pushed are in the stream, those of `once` messages not
	 * counted.  May be NULL */
	void (*confirmed)(void *arg, uint64_t count);
	/* a push was refused with TACIT_ELIMIT before, and now there is room.  May be NULL */
	void (*room)(void *arg);
	/* an answer is overdue: the connection must be taken for dead.  Opens again by itself after a while
	 * if no reset comes.  May be NULL */
	void (*suspect)(void *arg);
	void *arg;
};

/*
 * tacit_producer_new: copies config.
 * Gives:  *ret, tacit_producer_free().
 * Errors: TACIT_EINVAL (a name that no stream may have), TACIT_ENOMEM.
 */
TACIT_MUST_USE tacit_err tacit_producer_new(
    const struct tacit_producer_config *config, struct tacit_producer **ret);
/* drops what is not confirmed, and gives it up; sends nothing.  NULL is fine */
void tacit_producer_free(struct tacit_producer *producer);

/* opens the stream; once, when the way to the service is there */
void tacit_producer_start(struct tacit_producer *producer, tacit_msec now);
/* there is a new connection: opens again, then pushes again */
void tacit_producer_reset(struct tacit_producer *producer, tacit_msec now);
/* the connection went: nothing is sent or suspected until the next reset */
void tacit_producer_pause(struct tacit_producer *producer);

/*
 * tacit_producer_push: makes an entry of msg, whose routes are those that the entry shall have
 * (the producer's own address is off already), and pushes it as soon as the stream is open; the
 * payload is not copied.
 *
 * Takes:  msg, its only reference.
 * Errors, `once` messages are not taken then: TACIT_ELIMIT: it is longer than TACIT_ENTRY_LEN_MAX,
 *         or too many are unconfirmed (TACIT_PUSHES_MAX, TACIT_PUSHES_LEN_MAX; room is told), which
 *         no `once` message is refused for: it is bounded by its sender's window; TACIT_ECLOSED: a
 *         `once` message, and the service said no; TACIT_ENOMEM.
 */
TACIT_MUST_USE tacit_err tacit_producer_push(
    struct tacit_producer *producer, struct tacit_msg *msg, tacit_msec now);

/* a message that came to the reply address; takes msg.  What answers nothing we asked is ignored */
void tacit_producer_handle(struct tacit_producer *producer, struct tacit_msg *msg, tacit_msec now);
/* does what is due; the port's wake_at asks for it */
void tacit_producer_tick(struct tacit_producer *producer, tacit_msec now);

/* whether push would take an entry of any length now */
bool tacit_producer_has_room(const struct tacit_producer *producer);
/* entries that are not confirmed; 0: everything pushed is in the stream, or was given up */
size_t tacit_producer_pending(const struct tacit_producer *producer);
/* entries taken by tacit_producer_push so far, those of `once` messages not counted */
uint64_t tacit_producer_pushed(const struct tacit_producer *producer);

#endif
