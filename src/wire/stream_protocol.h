/*
 * wire/stream_protocol.h: what clients and the services of streams say to each other.
 *
 * A payload is an envelope { protocol: string, data: data }, and data is one of the messages below
 * (PROTOCOL.md 3.1).  Requests and responses share the protocol's id: who receives knows by the
 * direction which of the two it has.
 *
 *	protocol           request                            response
 *	stream_create      name: optional string              name: string  ("Init")
 *	stream_push        request_id, data                   request_id, status, index
 *	stream_pull        request_id, index, limit,          request_id, []{ index, data }, more
 *	                   answers
 *	stream_index       0 client_id, name          (get)   client_id, name, index: optional uint
 *	                   1 client_id, name, index   (save)  none
 *	tacit.stream_open  request_id, name: optional         request_id, status, text, name, first,
 *	                   string, create: bool               end
 *	error              never                              reason: string
 *
 * request_id, index, limit, answers, more, status, first and end are uint, client_id, name and text
 * string, data is data (PROTOCOL.md 3.2, 3.3).  answers and more may be missing.
 *
 * Decoded slices borrow from the message's payload.  Bytes after a message's last field, inside
 * the envelope or after it, are ignored, as the 2021 programs do.  Names, client ids and texts are
 * taken in any length and any bytes: wire/name.h judges them.
 */
#ifndef TACIT_WIRE_STREAM_PROTOCOL_H
#define TACIT_WIRE_STREAM_PROTOCOL_H

#include "wire/bare.h"
#include "wire/msg.h"

enum tacit_protocol {
	TACIT_PROTOCOL_CREATE,
	TACIT_PROTOCOL_PUSH,
	TACIT_PROTOCOL_PULL,
	TACIT_PROTOCOL_INDEX,
	TACIT_PROTOCOL_OPEN,
	/* what a service of 2021 answers to a bad request; known so that it can be ignored */
	TACIT_PROTOCOL_ERROR,
};

struct tacit_create_request {
	bool has_name; /* otherwise the service makes one up */
	struct tacit_slice name;
};

struct tacit_push_request {
	uint64_t request_id;
	struct tacit_slice data; /* the entry */
};

struct tacit_pull_request {
	uint64_t request_id;
	uint64_t index;   /* the first one wanted */
	uint64_t limit;   /* entries at most */
	uint64_t answers; /* at most; 0, which is not written, is 1 (PROTOCOL.md 3.8) */
};

struct tacit_index_request {
	bool save; /* otherwise get */
	struct tacit_slice client_id, name;
	uint64_t index; /* save: the next one to read */
};

struct tacit_open_request {
	uint64_t request_id;
	bool has_name; /* otherwise the service makes one up */
	struct tacit_slice name;
	bool create; /* when it does not exist */
};

struct tacit_stream_request {
	enum tacit_protocol protocol;
	union {
		struct tacit_create_request create;
		struct tacit_push_request push;
		struct tacit_pull_request pull;
		struct tacit_index_request index;
		struct tacit_open_request open;
	};
};

struct tacit_create_response {
	struct tacit_slice name;
};

enum tacit_push_status {
	TACIT_PUSH_OK = 0,
	TACIT_PUSH_ERROR = 1,
};

struct tacit_push_response {
	uint64_t request_id;
	enum tacit_push_status status;
	uint64_t index; /* of the new entry; 0 when status is ERROR */
};

/* entries not yet taken by tacit_pull_entries_next */
struct tacit_pull_entries {
	struct tacit_reader reader;
	size_t count;
};

struct tacit_pull_response {
	uint64_t request_id;
	struct tacit_pull_entries entries;
	uint64_t more; /* answers that follow this one; 0 is not written */
};

struct tacit_index_response {
	struct tacit_slice client_id, name;
	bool has_index; /* otherwise none was saved */
	uint64_t index;
};

enum tacit_open_status {
	TACIT_OPEN_OK = 0,
	TACIT_OPEN_NOT_FOUND = 1,
	TACIT_OPEN_REFUSED = 2,
	TACIT_OPEN_BAD_NAME = 3,
	TACIT_OPEN_UNAVAILABLE = 4,
	TACIT_OPEN_LIMIT = 5,
};

struct tacit_open_response {
	uint64_t request_id;
	enum tacit_open_status status;
	struct tacit_slice text; /* for people, when status is not OK */
	struct tacit_slice name;
	uint64_t first, end; /* as in stream/store.h, when status is OK */
};

struct tacit_error_response {
	struct tacit_slice reason;
};

struct tacit_stream_response {
	enum tacit_protocol protocol;
	union {
		struct tacit_create_response create;
		struct tacit_push_response push;
		struct tacit_pull_response pull;
		struct tacit_index_response index;
		struct tacit_open_response open;
		struct tacit_error_response error;
	};
};

/*
 * Reads a payload.  The entries of a pull response were all looked at: walking them cannot fail.
 * Errors: TACIT_EUNSUPPORTED (another protocol, or `error` as a request), TACIT_EFORMAT.
 */
TACIT_MUST_USE tacit_err tacit_stream_request_decode(
    const struct tacit_msg *msg, struct tacit_stream_request *ret);
TACIT_MUST_USE tacit_err tacit_stream_response_decode(
    const struct tacit_msg *msg, struct tacit_stream_response *ret);

/*
 * Makes a message of local origin, with empty routes.  The two kinds that carry entries are made
 * by the functions below, and `error` by none: asked for one of these it is TACIT_EINVAL.
 * Gives:  *ret, tacit_msg_unref().
 * Errors: TACIT_EINVAL, TACIT_ENOMEM, TACIT_ELIMIT (a name, client id or text longer than
 *         base/limits.h says).
 */
TACIT_MUST_USE tacit_err tacit_stream_request_encode(
    const struct tacit_stream_request *request, struct tacit_msg **ret);
TACIT_MUST_USE tacit_err tacit_stream_response_encode(
    const struct tacit_stream_response *response, struct tacit_msg **ret);

/*
 * Makes the entry, which is the message's payload, a push request: puts in front what is missing.
 * Errors: TACIT_ENOMEM; the message is then unchanged.
 */
TACIT_MUST_USE tacit_err tacit_push_request_encode(struct tacit_msg *entry, uint64_t request_id);
/* bytes that this puts in front of an entry of len bytes */
size_t tacit_push_request_overhead(uint64_t request_id, size_t len);

/* takes the next entry; false at the end */
bool tacit_pull_entries_next(
    struct tacit_pull_entries *entries, uint64_t *ret_index, struct tacit_slice *ret_data);

/*
 * A pull response is written in one go.  Who writes it knows its entries: entries_len is the sum of
 * len + tacit_pull_entry_overhead(index, len) over all of them.
 *
 *	begin(&writer, id, count, entries_len, more); add(&writer, ...) count times;
 *	msg = finish(&writer)
 *
 * Both overheads are exact, and do not shrink when an argument grows: called with upper bounds
 * they tell what is surely enough.
 */
size_t tacit_pull_entry_overhead(uint64_t index, size_t len);
/* bytes of the payload besides its entries */
size_t tacit_pull_response_overhead(
    uint64_t request_id, size_t count, size_t entries_len, uint64_t more);

struct tacit_pull_writer {
	struct tacit_msg *msg;
	struct tacit_writer writer;
	size_t left; /* entries announced and not yet added */
	uint64_t more;
};

/* Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_pull_writer_begin(struct tacit_pull_writer *writer,
    uint64_t request_id, size_t count, size_t entries_len, uint64_t more);
void tacit_pull_writer_add(
    struct tacit_pull_writer *writer, uint64_t index, const void *bytes, size_t len);
/* gives the message, as tacit_stream_response_encode does; the entries must be those announced */
struct tacit_msg *tacit_pull_writer_finish(struct tacit_pull_writer *writer);

#endif
