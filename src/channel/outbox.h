/*
 * channel/outbox.h: data records on the way: sealed once, kept until the far end delivered them,
 * and sent again only when it said that one is missing.  Source: PROTOCOL.md 6.4, 6.5.
 *
 * Loss is told by order, not by time.  Each entry that leaves gets a stamp, one higher than the one
 * before; each record remembers the stamp of the entry that carried it last.  When something with
 * a higher stamp has arrived at the far end (a record, or a probe that it answered) and the record has not, the path, which
 * keeps order, does not have it: it is missing.
 *
 * Invariants: first <= next; ring holds the records [first, next), each at sequence modulo cap;
 * flight_bytes is the sum of their lengths; sent_bytes that of all records sealed ever.
 */
#ifndef TACIT_CHANNEL_OUTBOX_H
#define TACIT_CHANNEL_OUTBOX_H

#include <stdbool.h>

#include "channel/control.h"
#include "wire/msg.h"

struct tacit_outbox_record {
	struct tacit_block *block; /* the entry that it was sealed in; one reference */
	uint32_t offset, len;      /* header and sealed body */
	uint64_t stamp;            /* of the entry that carried it last */
	bool arrived;              /* the far end has it, and did not deliver it yet */
	bool missing;              /* to be sent again */
};

struct tacit_outbox {
	struct tacit_outbox_record *ring;
	size_t cap;           /* a power of two, or 0 */
	uint64_t first, next; /* oldest not delivered; next to seal */
	uint64_t sent_bytes, flight_bytes;
	uint64_t window, window_bytes; /* what the far end allows, absolute */
	uint64_t stamp;                /* of the last entry that left */
	uint64_t arrived_stamp;        /* the highest known to have arrived */
	size_t missing_count, missing_bytes;
};

/* what the far end allows before it said anything (PROTOCOL.md 6.4) */
#define TACIT_OUTBOX_FIRST_WINDOW       64
#define TACIT_OUTBOX_FIRST_WINDOW_BYTES (256u << 10)

void tacit_outbox_init(struct tacit_outbox *outbox);
void tacit_outbox_fini(struct tacit_outbox *outbox);

/* whether the window lets another record of len bytes leave after ahead records of ahead_bytes */
bool tacit_outbox_allows(
    const struct tacit_outbox *outbox, size_t ahead, size_t ahead_bytes, size_t len);
/* room for one more record in the ring, to be called before it is sealed.  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_outbox_reserve(struct tacit_outbox *outbox);
/* the record `next`, sealed at offset of block, leaves with the entry of the current stamp */
void tacit_outbox_add(
    struct tacit_outbox *outbox, struct tacit_block *block, size_t offset, size_t len);
/* the next missing record of at most len_max bytes, taken as sent with the current stamp; NULL when there is none */
const struct tacit_outbox_record *tacit_outbox_take_missing(
    struct tacit_outbox *outbox, size_t len_max);

/*
 * What the far end says.  probe_stamp: the stamp of the entry with the last probe, if this answers
 * it, else 0.  ret_progress: something new was delivered or arrived.
 * Errors: TACIT_EFORMAT: it acknowledges what was never sent; nothing changed then.
 */
TACIT_MUST_USE tacit_err tacit_outbox_acknowledge(struct tacit_outbox *outbox,
    const struct tacit_control *control, uint64_t probe_stamp, bool *ret_progress);

#endif
