/*
 * ockam/order.h: records of one direction put in order: each at most once, and one that is missing
 * is waited for, but not for ever.  Source: PROTOCOL.md 9.7.
 *
 *	handed out or given up | next: due | some of what follows, held
 *
 * Only authentic records come here.  Invariants: all below next that came is marked seen, and so is
 * what is held; what is held lies above next, but between put and take.
 */
#ifndef TACIT_OCKAM_ORDER_H
#define TACIT_OCKAM_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/port.h"
#include "wire/msg.h"

enum tacit_ockam_place {
	TACIT_OCKAM_NEW,
	TACIT_OCKAM_DUPLICATE, /* it came before */
	TACIT_OCKAM_LATE,      /* it was given up */
};

struct tacit_ockam_held {
	uint16_t counter;
	tacit_msec came_at;
	struct tacit_block *block;
};

/* some 10 KiB; zeroed memory is ready */
struct tacit_ockam_order {
	uint32_t next; /* TACIT_OCKAM_RECORDS_MAX: all came or were given up */
	size_t held_count;
	struct tacit_ockam_held held[TACIT_OCKAM_HELD_MAX];
	uint8_t seen[(TACIT_OCKAM_RECORDS_MAX + 7) / 8];
};

void tacit_ockam_order_fini(struct tacit_ockam_order *order);

/* counter is below TACIT_OCKAM_RECORDS_MAX */
enum tacit_ockam_place tacit_ockam_order_place(
    const struct tacit_ockam_order *order, uint16_t counter);
/* a NEW one; keeps block by a reference of its own.  Not while a gap is due */
void tacit_ockam_order_put(
    struct tacit_ockam_order *order, uint16_t counter, struct tacit_block *block, tacit_msec now);
/* the next in order, given to the caller, or NULL */
struct tacit_block *tacit_ockam_order_take(struct tacit_ockam_order *order, uint16_t *ret_counter);

/* when what is missing is to be given up: TACIT_NEVER while nothing waits, 0 when enough do */
tacit_msec tacit_ockam_order_gap_at(const struct tacit_ockam_order *order);
/* gives up all that is missing before what is held; no-op when nothing is */
void tacit_ockam_order_give_up(struct tacit_ockam_order *order);

#endif
