/*
 * channel/control.h: the body of a control record: all that one end has to say, as it is now.
 * Source: PROTOCOL.md 6.3.
 *
 *	offset size field
 *	0      1    flags
 *	1      8    echo: the highest control sequence received from the other end, plus 1; 0: none
 *	9      8    next: every data record below was delivered
 *	17     8    window: the other end may send data records below
 *	25     8    window_bytes: and sealed bytes of data records up to, since the first
 *	33     8    sent: data records sealed so far; with CLOSING, there will be no more
 *	41     1    count of ranges, at most 32
 *	42     16   each range: first, end: data records [first, end) arrived, at or above next
 *
 * Each is a whole picture, so that a later one replaces an earlier one and none has to be sent
 * again as it was.
 */
#ifndef TACIT_CHANNEL_CONTROL_H
#define TACIT_CHANNEL_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "tacit/err.h"

enum {
	TACIT_CONTROL_ACCEPTED = 1, /* the responder accepted the initiator */
	TACIT_CONTROL_REFUSED = 2,  /* or did not */
	TACIT_CONTROL_PROBE = 4,    /* answer now */
	TACIT_CONTROL_CLOSING = 8,  /* the sender closes; `sent` is final */
	TACIT_CONTROL_CLOSED = 16,  /* the other end's close and all before it was delivered */
};

struct tacit_range {
	uint64_t first, end;
};

struct tacit_control {
	uint8_t flags;
	uint64_t echo, next, window, window_bytes, sent;
	size_t range_count;
	struct tacit_range ranges[TACIT_RANGES_MAX];
};

#define TACIT_CONTROL_LEN_MAX (42 + 16 * TACIT_RANGES_MAX)

/* bytes written to ret */
size_t tacit_control_encode(
    const struct tacit_control *control, uint8_t ret[TACIT_CONTROL_LEN_MAX]);
/* Errors: TACIT_EFORMAT: cut, too long, unknown flags, or ranges that are empty, not ascending, or
 * below next */
TACIT_MUST_USE tacit_err tacit_control_decode(
    const uint8_t *bytes, size_t len, struct tacit_control *ret);

#endif
