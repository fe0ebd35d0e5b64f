/*
 * wire/envelope.h: { protocol: string, data: data }, which is around each message to and from the
 * services of streams.  Source: PROTOCOL.md 3.1.
 */
#ifndef TACIT_WIRE_ENVELOPE_H
#define TACIT_WIRE_ENVELOPE_H

#include "wire/bare.h"
#include "wire/msg.h"

/* bytes of the envelope in front of a message of len bytes */
size_t tacit_envelope_len(const char *protocol, size_t len);
void tacit_envelope_write(struct tacit_writer *w, const char *protocol, size_t len);

/* reads the envelope: the protocol's id, and r over the message in it; both borrow from msg.
 * Errors: TACIT_EFORMAT */
TACIT_MUST_USE tacit_err tacit_envelope_open(
    const struct tacit_msg *msg, struct tacit_slice *ret_protocol, struct tacit_reader *ret);

/*
 * A message in its envelope, from what a writer holds: of local origin, with empty routes.
 * Gives:  *ret, tacit_msg_unref().
 * Errors: TACIT_ELIMIT (the writer went bad), TACIT_ENOMEM.
 */
TACIT_MUST_USE tacit_err tacit_envelope_close(
    const struct tacit_writer *inner, const char *protocol, struct tacit_msg **ret);

#endif
