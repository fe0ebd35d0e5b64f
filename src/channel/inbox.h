/*
 * channel/inbox.h: data records that came: each once, handed out in order, acknowledged when
 * delivered.  Source: PROTOCOL.md 6.4.
 *
 *	next            handed               highest
 *	 |  handed out,   |  arrived out of     |
 *	 |  not delivered |  order, waiting     |
 *
 * Of a message in fragments all records but the last are JOINED, and delivered with the last one.
 *
 * Invariants: next <= handed <= highest; ring holds [next, highest), each at sequence modulo cap;
 * records below next were delivered; held_bytes is the sum of the lengths in the ring, joined_bytes
 * of those among them whose message is not complete.  Windows only grow.
 */
#ifndef TACIT_CHANNEL_INBOX_H
#define TACIT_CHANNEL_INBOX_H

#include <stdbool.h>

#include "channel/control.h"
#include "wire/msg.h"

enum tacit_inbox_state {
	TACIT_INBOX_MISSING,
	TACIT_INBOX_ARRIVED,
	TACIT_INBOX_JOINED,
	TACIT_INBOX_HANDED,
	TACIT_INBOX_DELIVERED,
};

struct tacit_inbox_record {
	enum tacit_inbox_state state;
	bool fragment;
	uint32_t len;          /* of the sealed record */
	struct tacit_msg *msg; /* while ARRIVED: the message, or `more` and bytes of one */
};

struct tacit_inbox {
	struct tacit_inbox_record *ring;
	size_t cap;
	uint64_t next, handed, highest;
	uint64_t delivered_bytes, held_bytes, joined_bytes;
	uint64_t window, window_bytes; /* granted last */
};

void tacit_inbox_init(struct tacit_inbox *inbox);
void tacit_inbox_fini(struct tacit_inbox *inbox);

/* whether the record came before */
bool tacit_inbox_has(const struct tacit_inbox *inbox, uint64_t sequence);
/* whether it may be opened and put at all: within the window, and within the memory for records that wait */
bool tacit_inbox_wants(const struct tacit_inbox *inbox, uint64_t sequence, size_t len);
/* takes msg on success.  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_inbox_put(
    struct tacit_inbox *inbox, uint64_t sequence, size_t len, struct tacit_msg *msg, bool fragment);
/* the record `handed`, which is the next in order, or NULL when it did not come yet; borrowed */
const struct tacit_inbox_record *tacit_inbox_due(const struct tacit_inbox *inbox);
/* takes its message, for handing it out; the caller's */
struct tacit_msg *tacit_inbox_take(struct tacit_inbox *inbox);
/* or, of a fragment which is not the last: its bytes were joined, and its window is free again */
void tacit_inbox_join(struct tacit_inbox *inbox);
/* the record that was taken has been delivered, and with it those that were joined before it */
void tacit_inbox_delivered(struct tacit_inbox *inbox, uint64_t sequence);

/* fills in next, ranges and windows, and remembers the windows as granted */
void tacit_inbox_report(struct tacit_inbox *inbox, struct tacit_control *ret);
/* whether so much was delivered since the last report that the far end may soon have to wait */
bool tacit_inbox_report_due(const struct tacit_inbox *inbox);

#endif
