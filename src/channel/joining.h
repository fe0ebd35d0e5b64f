/*
 * channel/joining.h: a message that comes in fragments, put together.  Source: PROTOCOL.md 6.2.
 *
 * The buffer grows with what arrives and by nothing that a peer claims.  Those of a node's channels
 * share a pool, which knows what they take together and which of them grew longest ago.
 */
#ifndef TACIT_CHANNEL_JOINING_H
#define TACIT_CHANNEL_JOINING_H

#include "base/list.h"
#include "wire/msg.h"

struct tacit_joining_pool {
	struct tacit_list
	    list;     /* of those that have a buffer; the one that grew longest ago first */
	size_t bytes; /* of their buffers */
};

struct tacit_joining {
	struct tacit_list list;          /* in the pool, while there is a buffer */
	struct tacit_joining_pool *pool; /* NULL: nobody counts */
	struct tacit_block *block;       /* NULL: no buffer yet */
	size_t len, count;               /* bytes and fragments in it; 0: no message has begun */
};

void tacit_joining_pool_init(struct tacit_joining_pool *pool);

/* pool is kept, and may be NULL */
void tacit_joining_init(struct tacit_joining *joining, struct tacit_joining_pool *pool);
/* forgets what was joined */
void tacit_joining_fini(struct tacit_joining *joining);

/*
 * Puts the payload of fragment, `more` and bytes, behind what is there.  With the last one *ret is
 * the message, as tacit_msg_decode makes it, and nothing is left; before that it is NULL.
 * Gives:  *ret, tacit_msg_unref().
 * Errors: TACIT_ENOMEM (nothing changed: it may be tried again); TACIT_ELIMIT: longer than a message
 * may be, or in so many fragments that it could never be delivered; TACIT_EFORMAT.
 */
TACIT_MUST_USE tacit_err tacit_joining_add(
    struct tacit_joining *joining, const struct tacit_msg *fragment, struct tacit_msg **ret);

/* when the pool is beyond its bound: the one that grew longest ago; otherwise NULL */
struct tacit_joining *tacit_joining_excess(const struct tacit_joining_pool *pool);

#endif
