/*
 * stream/consumer.h: the engine that reads one stream.  Source: PROTOCOL.md 3.2 to 3.5, 3.8.
 *
 * It opens the stream, finds where to begin, and keeps one pull outstanding, asked again as soon
 * as it was answered.  Where there is much to read the hub answers a pull many times (PROTOCOL.md
 * 3.8), and what one answer needs for its way does not keep the next one waiting; as many are under
 * way as come within a second or two.  Every entry is delivered in the order of its index, none
 * twice, as long as the stream keeps its indexes; where it does not, an event says so.
 *
 * Callbacks run inside handle, tick, start and reset; they may not free the consumer.
 */
#ifndef TACIT_STREAM_CONSUMER_H
#define TACIT_STREAM_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"
#include "wire/port.h"

struct tacit_consumer;

enum tacit_consumer_start {
	TACIT_START_STORED, /* at the position stored under the client id, else at the first entry */
	TACIT_START_END,    /* at the end as the first open tells it */
};

enum tacit_consumer_event {
	/* the stream ends below our position: it was deleted or restored.  from: our position, to:
	 * its end.  Reading goes on at its first entry */
	TACIT_CONSUMER_ROLLED_BACK,
	/* entries from our position on were deleted before we read them.  from: our position, to: the
	 * first entry there is */
	TACIT_CONSUMER_TRIMMED,
	/* entries that are no transport messages were skipped.  from: how many in this answer, to: how
	 * many since the start */
	TACIT_CONSUMER_SKIPPED,
};

struct tacit_consumer_config {
	const struct tacit_route *service; /* to the stream service: the hub's hop, then its name */
	const struct tacit_route *index;   /* the same for the index service */
	const char *name;                  /* the stream's */
	bool create;                       /* make it if it does not exist */
	const char *client_id;             /* NULL: the position is not stored */
	enum tacit_consumer_start start;
	struct tacit_address reply; /* our own address, where the services' answers go */
	struct tacit_port port;
	/* the stream is open, after start and again after each failure.  May be NULL */
	void (*opened)(void *arg, uint64_t first, uint64_t end);
	/* an entry, decoded: its routes as they stand in it, origin NETWORK.  A view of the block that was
	 * received.  Gives a reference */
	void (*deliver)(void *arg, uint64_t index, struct tacit_msg *entry);
	/* May be NULL */
	void (*event)(void *arg, enum tacit_consumer_event event, uint64_t from, uint64_t to);
	/* the service said no: TACIT_ENOTFOUND, TACIT_EINVAL (the name), TACIT_EDENIED.  Nothing is read
	 * any more until a reset.  text is the service's, printable, borrowed.  May be NULL */
	void (*failed)(void *arg, tacit_err err, const char *text);
	/* an answer is overdue: the connection must be taken for dead.  Opens again by itself after a while
	 * if no reset comes.  May be NULL */
	void (*suspect)(void *arg);
	void *arg;
};

/*
 * tacit_consumer_new: copies config.
 * Gives:  *ret, tacit_consumer_free().
 * Errors: TACIT_EINVAL (a name or client id that nobody may have), TACIT_ENOMEM.
 */
TACIT_MUST_USE tacit_err tacit_consumer_new(
    const struct tacit_consumer_config *config, struct tacit_consumer **ret);
/* sends nothing.  NULL is fine */
void tacit_consumer_free(struct tacit_consumer *consumer);

/* opens the stream; once, when the way to the service is there */
void tacit_consumer_start(struct tacit_consumer *consumer, tacit_msec now);
/* there is a new connection: opens again and reads on */
void tacit_consumer_reset(struct tacit_consumer *consumer, tacit_msec now);
/* the connection went: nothing is sent or suspected until the next reset */
void tacit_consumer_pause(struct tacit_consumer *consumer);
/* saves the position if it moved, and reads no more; for good */
void tacit_consumer_stop(struct tacit_consumer *consumer);

/* a message that came to the reply address; takes msg.  What answers nothing we asked is ignored */
void tacit_consumer_handle(struct tacit_consumer *consumer, struct tacit_msg *msg, tacit_msec now);
/* does what is due; the port's wake_at asks for it */
void tacit_consumer_tick(struct tacit_consumer *consumer, tacit_msec now);

/* the index that comes after the last entry delivered or skipped; 0 before the start is known */
uint64_t tacit_consumer_position(const struct tacit_consumer *consumer);

#endif
