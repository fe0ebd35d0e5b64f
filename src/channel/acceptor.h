/*
 * channel/acceptor.h: what a listener remembers of handshakes: those half open, and the first
 * messages of those that are over.  Source: PROTOCOL.md 5.3.
 *
 * The same message 1 gets the same message 2 while its handshake lives, and nothing afterwards:
 * a replayed message 1 makes no work and no second channel.
 */
#ifndef TACIT_CHANNEL_ACCEPTOR_H
#define TACIT_CHANNEL_ACCEPTOR_H

#include "tacit/err.h"
#include "wire/msg.h"

struct tacit_acceptor;

/* Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_acceptor_new(struct tacit_acceptor **ret);
/* frees the memory, not those who answer */
void tacit_acceptor_free(struct tacit_acceptor *acceptor);

enum tacit_hello {
	TACIT_HELLO_NEW,   /* make somebody who answers it, add him, and let him start */
	TACIT_HELLO_AGAIN, /* *ret answers it already */
	TACIT_HELLO_OLD,   /* ignore it */
};

/* what to do with a message 1 */
enum tacit_hello tacit_acceptor_hear(
    struct tacit_acceptor *acceptor, const struct tacit_msg *hello, void **ret);
/* answerer answers hello; borrowed until it is removed.  Returns the oldest one when there are too
 * many half open: it is forgotten here, and the caller frees it; otherwise NULL */
void *tacit_acceptor_add(
    struct tacit_acceptor *acceptor, const struct tacit_msg *hello, void *answerer);
/* answerer is not half open any more, or about to be freed; no-op when it is not known */
void tacit_acceptor_remove(struct tacit_acceptor *acceptor, const void *answerer);
size_t tacit_acceptor_count(const struct tacit_acceptor *acceptor);

#endif
