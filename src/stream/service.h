/*
 * stream/service.h: the engine of the stream service and the index service: a hub's workers, or a
 * node's own.  Source: PROTOCOL.md 3.1 to 3.4, 3.7.
 *
 * It lives at several addresses, and the first hop of a message says which of them was meant:
 *
 *	a service name  stream_create (2021), tacit.stream_open and tacit.stream_look
 *	stream.NAME     stream_push, stream_pull
 *	an index name   stream_index
 *
 * A request gets one answer, by its own return route, which carries one hop as the way back:
 * `stream.NAME`, or the index name that was asked.  A request without a return route gets none,
 * and what cannot be read gets none; an `error` is never sent (a producer of 2021 would push it
 * into its stream).  Streams are looked up by name in each request, so that an address holds
 * across restarts and on every hub before the same store.
 *
 * Pulls that find nothing are held for TACIT_PULL_HOLD_MS, then answered empty.  All that a client
 * can make grow is bounded: TACIT_PULLS_MAX, TACIT_PARKED_PULLS_MAX, TACIT_REQUESTS_MAX,
 * TACIT_APPENDS_LEN_MAX, TACIT_POSITIONS_MAX, TACIT_LOOKS_MAX.
 */
#ifndef TACIT_STREAM_SERVICE_H
#define TACIT_STREAM_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/store.h"
#include "tacit/err.h"
#include "tacit/node.h"
#include "wire/port.h"

/* what a stream's name follows in its worker's address */
#define TACIT_STREAM_PREFIX "stream."

struct tacit_service;

struct tacit_service_config {
	struct tacit_store *store; /* kept, not owned */
	struct tacit_port port;
	const char *const *service_names; /* both end with NULL and are kept */
	const char *const *index_names;
	/* every entry that is pushed, and that a pull hands out; bytes are borrowed.  May be NULL */
	void (*tap)(void *arg, bool push, const char *name, const void *bytes, size_t len);
	/* what only the log learns; text is borrowed.  May be NULL */
	void (*log)(void *arg, enum tacit_log_level level, const char *text);
	void *arg;
};

/* since the start; for metrics */
struct tacit_service_counters {
	uint64_t opens;       /* streams opened or created for a client */
	uint64_t pushes;      /* appended and confirmed */
	uint64_t pushed_len;  /* bytes of them */
	uint64_t pulls;       /* asked */
	uint64_t entries;     /* handed out by pulls */
	uint64_t looks;       /* answered */
	uint64_t entries_len; /* bytes of them */
	uint64_t
	    refused; /* requests answered with an error, or not at all where 2021 has no words for it */
	uint64_t dropped; /* messages that are no request for the address they came to */
};

/*
 * tacit_service_new: keeps config->store and the names, copies the rest.
 * Gives:  the service, tacit_service_free(); NULL without memory.
 */
struct tacit_service *tacit_service_new(const struct tacit_service_config *config);

/* a message for one of its addresses; takes msg */
void tacit_service_handle(struct tacit_service *service, struct tacit_msg *msg, tacit_msec now);
/* does what is due; the port's wake_at asks for it */
void tacit_service_tick(struct tacit_service *service, tacit_msec now);

/* from now on pushes are answered ERROR; positions that wait are saved.  Again: no-op */
void tacit_service_stop(struct tacit_service *service);
/* pushes that the store has not answered yet */
size_t tacit_service_in_flight(const struct tacit_service *service);
/* pulls that are held now */
size_t tacit_service_parked(const struct tacit_service *service);
const struct tacit_service_counters *tacit_service_counters(const struct tacit_service *service);

/* sets or, with NULL, removes the tap */
void tacit_service_set_tap(struct tacit_service *service,
    void (*tap)(void *arg, bool push, const char *name, const void *bytes, size_t len), void *arg);

/*
 * tacit_service_free: sends nothing more.  NULL is fine.
 *
 * Store and service may be freed in either order: a store that goes first answers everything (its
 * answers are still sent), one that goes later finds nobody to tell.
 */
void tacit_service_free(struct tacit_service *service);

#endif
