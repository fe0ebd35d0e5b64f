/*
 * stream/pull.h: the pulls of a service that its store has not answered, most of them because there
 * is nothing to read yet.  Source: PROTOCOL.md 3.4, 3.8.
 *
 * A reader is known by the return route of its pulls, and has one on a stream: the next one empties
 * it.  A pull that the store cannot answer is answered empty when its time is over and not
 * before, so that its reader does not ask in circles.  When the stream is gone it is answered empty
 * at once: that is how a reader who waits at the end notices, and opens it again.
 *
 * A pull that asks for several answers, and whose first one is at least half full, flows: the store
 * is asked again as soon as it has answered, until the reader's answers are spent; he then lets it
 * flow on.  Few may do so at a time, and the others get one answer; who had none that was half full
 * since the last hold began gives his place up.
 */
#ifndef TACIT_STREAM_PULL_H
#define TACIT_STREAM_PULL_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "base/port.h"
#include "stream/store.h"

struct tacit_pull_wish {
	const char *name;                /* the stream's, checked */
	const struct tacit_route *reply; /* where the answer goes; not empty */
	uint64_t id;                     /* of its (next) answer */
	uint64_t index;
	uint64_t limit;   /* entries; 0: a pull that flows shall flow on */
	uint64_t answers; /* at most */
	size_t len_max;   /* room for entries in the answer, each counted with entry_overhead */
	size_t entry_overhead;
};

/* an answer */
struct tacit_pull_batch {
	const struct tacit_store_entry *entries;
	size_t count;
	size_t len;    /* of entries, each counted as it stands in the answer */
	uint64_t more; /* answers that follow */
};

/* gives an answer to a pull; both are borrowed.  May not call back */
typedef void (*tacit_pull_answer)(
    void *arg, const struct tacit_pull_wish *request, const struct tacit_pull_batch *batch);

struct tacit_pulls {
	struct tacit_store *store; /* kept */
	tacit_pull_answer answer;
	void *arg;
	struct tacit_map by_reader; /* by stream name, `/`, return route */
	struct tacit_map streams;   /* by name: how many pulls are on it */
	struct tacit_list list;     /* of all, the one that is over next first */
	size_t count;
	size_t flowing; /* those of them that flow */
};

void tacit_pulls_init(struct tacit_pulls *pulls, struct tacit_store *store, uint64_t seed,
    tacit_pull_answer answer, void *arg);
/* answers nothing; cancels what the store still has */
void tacit_pulls_fini(struct tacit_pulls *pulls);

/* answers now or later, at least once.  TACIT_ELIMIT, TACIT_ENOMEM: it was answered empty at once
 * because no more can be held */
TACIT_MUST_USE tacit_err tacit_pulls_ask(
    struct tacit_pulls *pulls, const struct tacit_pull_wish *request, tacit_msec now);
/* empties the pulls that are over */
void tacit_pulls_tick(struct tacit_pulls *pulls, tacit_msec now);
/* when tick is wanted */
tacit_msec tacit_pulls_due(const struct tacit_pulls *pulls);

#endif
