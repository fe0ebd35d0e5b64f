/*
 * stream/position.h: clients' reading positions on their way into the store: at most one save
 * a second for each client and stream, and the ones whose client id no store takes, which live
 * here only.  Source: PROTOCOL.md 3.2, 3.6.
 *
 * A position is a hint, so when there is no room or no memory it is forgotten.
 */
#ifndef TACIT_STREAM_POSITION_H
#define TACIT_STREAM_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "base/port.h"
#include "stream/store.h"
#include "wire/bare.h"

struct tacit_positions {
	struct tacit_store *store; /* kept */
	struct tacit_map map;      /* by stream name, `/`, client id */
	struct tacit_list saved;   /* those that the store has or gets, the next one due first */
	struct tacit_list local;   /* those that no store takes, the oldest first */
};

void tacit_positions_init(
    struct tacit_positions *positions, struct tacit_store *store, uint64_t seed);
/* saves nothing */
void tacit_positions_fini(struct tacit_positions *positions);

/* name has been checked; client is whatever the client calls itself */
void tacit_positions_set(struct tacit_positions *positions, struct tacit_slice client,
    const char *name, uint64_t index, tacit_msec now);
/* false: not here, ask the store */
bool tacit_positions_get(const struct tacit_positions *positions, struct tacit_slice client,
    const char *name, uint64_t *ret);

void tacit_positions_tick(struct tacit_positions *positions, tacit_msec now);
/* when tick is wanted */
tacit_msec tacit_positions_due(const struct tacit_positions *positions);
/* saves all that waits */
void tacit_positions_flush(struct tacit_positions *positions);

#endif
