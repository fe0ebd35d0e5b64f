#include "base/queue.h"

#include <string.h>

#include "base/memory.h"

void
tacit_queue_fini(struct tacit_queue *queue)
{
	tacit_free(queue->ring);
	memset(queue, 0, sizeof(*queue));
}

static tacit_err
grow(struct tacit_queue *queue)
{
	size_t cap = queue->cap > 0 ? queue->cap * 2 : 16;
	void **ring = tacit_alloc_array(cap, sizeof(*ring));

	if (ring == NULL)
		return TACIT_ENOMEM;
	for (size_t i = 0; i < queue->count; i++)
		ring[i] = tacit_queue_at(queue, i);
	tacit_free(queue->ring);
	queue->ring = ring;
	queue->cap = cap;
	queue->first = 0;
	return TACIT_OK;
}

tacit_err
tacit_queue_push(struct tacit_queue *queue, void *item)
{
	if (queue->count == queue->cap && grow(queue) != TACIT_OK)
		return TACIT_ENOMEM;
	queue->ring[(queue->first + queue->count++) & (queue->cap - 1)] = item;
	return TACIT_OK;
}

void *
tacit_queue_peek(const struct tacit_queue *queue)
{
	return queue->count > 0 ? queue->ring[queue->first] : NULL;
}

void *
tacit_queue_at(const struct tacit_queue *queue, size_t n)
{
	return queue->ring[(queue->first + n) & (queue->cap - 1)];
}

void *
tacit_queue_pop(struct tacit_queue *queue)
{
	void *item = tacit_queue_peek(queue);

	if (queue->count > 0) {
		queue->first = (queue->first + 1) & (queue->cap - 1);
		queue->count--;
	}
	return item;
}
