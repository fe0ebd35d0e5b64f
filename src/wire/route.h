/*
 * wire/route.h: addresses, and routes of them.  Source: PROTOCOL.md 1.2.
 *
 * A route is kept in its wire form, the addresses back to back, so that a hop is taken off or put
 * in front by moving a few bytes.  Both kinds are plain values; nothing here allocates.
 */
#ifndef TACIT_WIRE_ROUTE_H
#define TACIT_WIRE_ROUTE_H

#include <stdbool.h>

#include "base/limits.h"
#include "base/reader.h"
#include "base/writer.h"
#include "tacit/err.h"

/* address types (PROTOCOL.md 1.2); others exist and are nobody's here */
enum tacit_address_type {
	TACIT_ADDRESS_WORKER = 0,
	TACIT_ADDRESS_TCP = 1,
	/* a node in the same process; never on a wire */
	TACIT_ADDRESS_INPROC = 240,
};

/* a borrowed view of one address */
struct tacit_address {
	uint8_t type;
	const uint8_t *bytes;
	size_t len;
};

struct tacit_route {
	uint8_t count; /* hops */
	uint16_t len;  /* bytes used */
	uint8_t bytes[TACIT_ROUTE_LEN_MAX];
};

/* a worker's address of the given name; borrows text */
struct tacit_address tacit_address_worker(const char *name);
bool tacit_address_equal(struct tacit_address a, struct tacit_address b);

/* `1#127.0.0.1:4000` or `echoer` (type 0 when there is no `#`), of 1 to TACIT_ADDRESS_LEN_MAX
 * bytes; borrows text.  Errors: TACIT_EFORMAT */
TACIT_MUST_USE tacit_err tacit_address_parse(const char *text, struct tacit_address *ret);

void tacit_route_init(struct tacit_route *route);
void tacit_route_copy(struct tacit_route *ret, const struct tacit_route *route);
bool tacit_route_equal(const struct tacit_route *a, const struct tacit_route *b);

/* the first hop; false when the route is empty */
bool tacit_route_first(const struct tacit_route *route, struct tacit_address *ret);
/* takes the first hop off; no-op when empty */
void tacit_route_pop(struct tacit_route *route);
/* Errors (all three): TACIT_ELIMIT; the route is then unchanged.  address may not point into it */
TACIT_MUST_USE tacit_err tacit_route_append(
    struct tacit_route *route, struct tacit_address address);
TACIT_MUST_USE tacit_err tacit_route_prepend(
    struct tacit_route *route, struct tacit_address address);
TACIT_MUST_USE tacit_err tacit_route_append_route(
    struct tacit_route *route, const struct tacit_route *tail);

/* the wire form: uint count, then the addresses */
size_t tacit_route_encoded_len(const struct tacit_route *route);
void tacit_route_encode(struct tacit_writer *w, const struct tacit_route *route);
/* a route over our bounds or malformed fails the reader and leaves *ret empty */
void tacit_route_decode(struct tacit_reader *r, struct tacit_route *ret);

/* `1#127.0.0.1:4000 => echoer` for logs: printable ASCII as it is, the rest as \xHH; always
 * NUL-terminated, cut when cap is short */
void tacit_route_format(const struct tacit_route *route, char *ret, size_t cap);

#endif
