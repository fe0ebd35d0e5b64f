/*
 * wire/frame.h: what a TCP connection carries: length, transport message, length, ...
 *
 * A frame is a u16 big-endian length and as many bytes, one transport message (PROTOCOL.md 2.1).
 * A ping is a message with an empty onward route, a return route, and the payload 00; its pong
 * goes back along that route with the payload 01 (PROTOCOL.md 2.2).
 */
#ifndef TACIT_WIRE_FRAME_H
#define TACIT_WIRE_FRAME_H

#include "base/limits.h"
#include "wire/msg.h"

/* bytes of the length in front of a body */
#define TACIT_FRAME_HEADER_LEN 2u

/*
 * Puts the transport header and the frame's length in front of the payload: afterwards the payload
 * is the frame.  Routes stay.
 * Errors: TACIT_ELIMIT when the body would exceed TACIT_FRAME_LEN_MAX, TACIT_ENOMEM; the message
 *         is then unchanged.
 */
TACIT_MUST_USE tacit_err tacit_frame_encode(struct tacit_msg *msg);

/* the longest payload that fits a frame behind these two routes */
size_t tacit_frame_payload_len_max(const struct tacit_route *onward, const struct tacit_route *ret);

enum tacit_frame_state {
	TACIT_FRAME_INCOMPLETE, /* more bytes are needed */
	TACIT_FRAME_WHOLE,      /* a body of *ret_body_len bytes is there, after the header */
	TACIT_FRAME_BAD,        /* a body of no bytes: the connection has lost its place */
};
/* looks at the received bytes, where a frame begins; *ret_body_len is written for WHOLE only */
enum tacit_frame_state tacit_frame_next(const uint8_t *bytes, size_t len, size_t *ret_body_len);

bool tacit_frame_is_ping(const struct tacit_msg *msg);
/* the answer to a ping, with an empty return route; NULL when there is no memory */
struct tacit_msg *tacit_frame_new_pong(const struct tacit_msg *ping);

#endif
