/*
 * stream/store.h: where a stream service keeps entries; the contract of all stores.
 *
 * A store keeps named, append-only sequences of opaque entries, each with an index.  Indexes grow;
 * they may have holes (Kafka's offsets do).  `first` is the index of the oldest entry kept, `end`
 * the index that comes after the newest one: first == end means empty.
 *
 * Answers: each call with a callback runs it exactly once, either before the call returns or later
 * from dispatch; unless cancelled.  A callback may call the store again, except for dispatch and
 * free; the entries that it was given stay valid while it does.  All calls and callbacks belong to
 * one thread, the loop's; a store's own threads reach it through fd.
 *
 * Names are checked by the caller (wire/name.h).
 */
#ifndef TACIT_STREAM_STORE_H
#define TACIT_STREAM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"
#include "wire/msg.h"

struct tacit_lister; /* stream/lister.h */
struct tacit_store;
struct tacit_store_read; /* a read that waits */

/* of an entry's time: nobody knows */
#define TACIT_TIME_UNKNOWN UINT64_C(0)

struct tacit_store_entry {
	uint64_t index;
	const uint8_t *bytes; /* borrowed until the callback returns */
	size_t len;
	uint64_t time_ms; /* when the store got it, since the epoch, or TACIT_TIME_UNKNOWN */
};

/* what to read */
struct tacit_store_range {
	uint64_t index;   /* the first index wanted */
	size_t count_max; /* entries, at least 1 */
	size_t len_max;   /* sum over entries of len + entry_overhead */
	size_t entry_overhead;
	bool wait; /* when index is the end: wait for an entry instead of answering none */
};

/* text: what happened and what to do, for people; "" when err is TACIT_OK */
typedef void (*tacit_store_open_cb)(
    void *arg, tacit_err err, const char *text, uint64_t first, uint64_t end);
typedef void (*tacit_store_append_cb)(void *arg, tacit_err err, uint64_t index);
/* err TACIT_OK with count 0: nothing there */
typedef void (*tacit_store_read_cb)(
    void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count);
typedef void (*tacit_store_position_cb)(void *arg, tacit_err err, bool found, uint64_t index);
/* gives the lister, on which tacit_lister_finish was not called yet; NULL on an error */
typedef void (*tacit_store_list_cb)(
    void *arg, tacit_err err, const char *text, struct tacit_lister *lister);

struct tacit_store_ops {
	/*
	 * Makes the stream known, and with create also existing, and tells its bounds as they are
	 * now.  Idempotent; asked again at each reconnection of a client.
	 * Errors: TACIT_ENOTFOUND (not there and not create), TACIT_EDENIED (may not be created, or
	 * is not fit: a topic of several partitions), TACIT_EUNREACHABLE, TACIT_ENOSPACE, TACIT_EIO.
	 */
	void (*open)(struct tacit_store *store, const char *name, bool create,
	    tacit_store_open_cb cb, void *arg);
	/*
	 * Appends the message's payload.  OK means what this store promises (DESIGN.md, "Stores").
	 * Entries of one stream are appended in the order of the calls; an empty payload is an entry
	 * too.  Keeps a reference of msg or of its block: the caller may go on to put headers before
	 * the payload.
	 * Errors: TACIT_ENOTFOUND, TACIT_ENOSPACE, TACIT_EIO, TACIT_ELIMIT (too long), ...; the entry
	 * is then not in the stream, or may be, if err is TACIT_EUNCONFIRMED.
	 */
	void (*append)(struct tacit_store *store, const char *name, struct tacit_msg *msg,
	    tacit_store_append_cb cb, void *arg);
	/*
	 * Reads entries from range->index on, in order.  Below first: from first.  Beyond the end,
	 * or at the end without wait: answers none, at once.  An entry that alone exceeds len_max is skipped;
	 * with nothing but such entries up to the end, the end is where the read is.  May give fewer
	 * entries than there are: the reader asks again.
	 * Returns the waiting read, or NULL when cb ran already.
	 * Errors: TACIT_ENOTFOUND, TACIT_EIO, TACIT_EUNREACHABLE.
	 */
	struct tacit_store_read *(*read)(struct tacit_store *store, const char *name,
	    const struct tacit_store_range *range, tacit_store_read_cb cb, void *arg);
	/* the read's callback never runs after this */
	void (*cancel)(struct tacit_store *store, struct tacit_store_read *read);
	/* a client's reading position in a stream; a hint */
	void (*position_get)(struct tacit_store *store, const char *client_id, const char *name,
	    tacit_store_position_cb cb, void *arg);
	void (*position_set)(
	    struct tacit_store *store, const char *client_id, const char *name, uint64_t index);
	/*
	 * Lists all streams, with the positions of clients.  Looks at every entry, or asks a whole
	 * cluster: for people, not for services.
	 * Errors: TACIT_EUNREACHABLE, TACIT_EDENIED, TACIT_EIO, TACIT_ENOMEM.
	 */
	void (*list)(struct tacit_store *store, tacit_store_list_cb cb, void *arg);
	/* a descriptor that is readable when dispatch has something to do; -1 when never */
	int (*fd)(struct tacit_store *store);
	/* runs the callbacks that are due, of about budget entries; true: more are due now, come
	 * back without waiting for fd */
	bool (*dispatch)(struct tacit_store *store, size_t budget);
	/* answers what is under way (appends already confirmed or failed, reads with TACIT_ECLOSED),
	 * waiting up to timeout_ms for appends, stops the threads and frees.  Blocks. */
	void (*free)(struct tacit_store *store, unsigned timeout_ms);
};

/* every store begins with this */
struct tacit_store {
	const struct tacit_store_ops *ops;
};

#endif
