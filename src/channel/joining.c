#include "channel/joining.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"

/* bytes of a buffer at first: two fragments, because one alone is rarely a message */
#define FIRST_CAP ((size_t)2 * TACIT_MESSAGE_LEN_MAX)

void
tacit_joining_pool_init(struct tacit_joining_pool *pool)
{
	tacit_list_init(&pool->list);
	pool->bytes = 0;
}

void
tacit_joining_init(struct tacit_joining *joining, struct tacit_joining_pool *pool)
{
	memset(joining, 0, sizeof(*joining));
	tacit_list_init(&joining->list);
	joining->pool = pool;
}

void
tacit_joining_fini(struct tacit_joining *joining)
{
	if (joining->block == NULL)
		return;
	if (joining->pool != NULL)
		joining->pool->bytes -= joining->block->cap;
	tacit_list_remove(&joining->list);
	tacit_block_unref(joining->block);
	tacit_joining_init(joining, joining->pool);
}

/* room for len bytes in all */
static tacit_err
grow(struct tacit_joining *joining, size_t len)
{
	size_t before = joining->block != NULL ? joining->block->cap : 0;
	size_t cap = before > 0 ? before : FIRST_CAP;

	while (cap < len)
		cap *= 2;
	if (cap > TACIT_MESSAGE_MAX)
		cap = TACIT_MESSAGE_MAX;
	if (cap != before && tacit_block_resize(&joining->block, cap) != TACIT_OK)
		return TACIT_ENOMEM;
	if (joining->pool == NULL)
		return TACIT_OK;
	joining->pool->bytes += cap - before;
	tacit_list_remove(&joining->list);
	tacit_list_append(&joining->pool->list, &joining->list);
	return TACIT_OK;
}

tacit_err
tacit_joining_add(
    struct tacit_joining *joining, const struct tacit_msg *fragment, struct tacit_msg **ret)
{
	const uint8_t *payload = tacit_msg_payload(fragment);
	size_t len = fragment->len - 1;
	bool more = payload[0] != 0;
	struct tacit_msg *msg = NULL;
	tacit_err err;

	/* a message is delivered whole, so all of it has to be within the window */
	if (len > TACIT_MESSAGE_MAX - joining->len ||
	    (more && joining->count + 1 >= TACIT_WINDOW_RECORDS))
		return TACIT_ELIMIT;
	if ((err = grow(joining, joining->len + len)) != TACIT_OK)
		return err;
	memcpy(joining->block->bytes + joining->len, payload + 1, len);
	if (!more &&
	    (err = tacit_msg_decode(joining->block, 0, joining->len + len, &msg)) != TACIT_OK)
		return err;
	joining->len += len;
	joining->count++;
	if (!more)
		tacit_joining_fini(joining);
	*ret = msg;
	return TACIT_OK;
}

struct tacit_joining *
tacit_joining_excess(const struct tacit_joining_pool *pool)
{
	if (pool->bytes <= TACIT_JOINING_LEN_MAX)
		return NULL;
	return TACIT_CONTAINER(pool->list.next, struct tacit_joining, list);
}
