/*
 * wire/stream_look.h: tacit.stream_look: what a stream holds, as an outsider sees it.
 * Source: PROTOCOL.md 3.7.
 *
 *	request   request_id, name, index, count
 *	response  request_id, status, text, first, end, []{ index, time, size, head }
 *
 * Everything is uint, but name and text, which are string, and head, which is data.  As in
 * wire/stream_protocol.h, decoded slices borrow from the message's payload, bytes behind the last
 * field are ignored, and names and texts are taken as they come.
 */
#ifndef TACIT_WIRE_STREAM_LOOK_H
#define TACIT_WIRE_STREAM_LOOK_H

#include "wire/stream_protocol.h"

struct tacit_look_request {
	uint64_t request_id;
	struct tacit_slice name;
	uint64_t index; /* the first one wanted */
	uint64_t count; /* entries at most; 0: only the bounds */
};

struct tacit_look_item {
	uint64_t index;
	uint64_t time_ms; /* since the epoch; 0: nobody knows */
	uint64_t size;    /* bytes of the entry */
	struct tacit_slice head;
};

/* items not yet taken by tacit_look_items_next */
struct tacit_look_items {
	struct tacit_reader reader;
	size_t count;
};

struct tacit_look_response {
	uint64_t request_id;
	enum tacit_open_status status; /* the same as that of tacit.stream_open */
	struct tacit_slice text;       /* for people, when status is not OK */
	uint64_t first, end;           /* as in stream/store.h, when status is OK */
	struct tacit_look_items items; /* decoded only */
};

/* Errors of both: TACIT_EUNSUPPORTED (another protocol), TACIT_EFORMAT.  The items of a response
 * were all looked at: walking them cannot fail */
TACIT_MUST_USE tacit_err tacit_look_request_decode(
    const struct tacit_msg *msg, struct tacit_look_request *ret);
TACIT_MUST_USE tacit_err tacit_look_response_decode(
    const struct tacit_msg *msg, struct tacit_look_response *ret);
/* takes the next item; false at the end */
bool tacit_look_items_next(struct tacit_look_items *items, struct tacit_look_item *ret);

/*
 * Make a message of local origin, with empty routes; response->items is not looked at.
 * Gives:  *ret, tacit_msg_unref().
 * Errors: TACIT_ENOMEM, TACIT_ELIMIT (a name, text, head or count longer than base/limits.h says).
 */
TACIT_MUST_USE tacit_err tacit_look_request_encode(
    const struct tacit_look_request *request, struct tacit_msg **ret);
TACIT_MUST_USE tacit_err tacit_look_response_encode(const struct tacit_look_response *response,
    const struct tacit_look_item *items, size_t count, struct tacit_msg **ret);

#endif
