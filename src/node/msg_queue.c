#include "node/msg_queue.h"

#include "base/memory.h"

static bool
grow(struct tacit_msg_queue *queue)
{
	size_t cap = queue->cap > 0 ? queue->cap * 2 : 16;
	struct tacit_msg **ring = tacit_alloc_array(cap, sizeof(struct tacit_msg *));

	if (ring == NULL)
		return false;
	for (size_t i = 0; i < queue->count; i++)
		ring[i] = tacit_msg_queue_at(queue, i);
	tacit_free(queue->ring);
	queue->ring = ring;
	queue->cap = cap;
	queue->first = 0;
	return true;
}

bool
tacit_msg_queue_push(struct tacit_msg_queue *queue, struct tacit_msg *msg)
{
	if (queue->count == queue->cap && !grow(queue)) {
		tacit_msg_unref(msg);
		return false;
	}
	queue->ring[(queue->first + queue->count++) & (queue->cap - 1)] = msg;
	return true;
}

struct tacit_msg *
tacit_msg_queue_pop(struct tacit_msg_queue *queue)
{
	struct tacit_msg *msg;

	if (queue->count == 0)
		return NULL;
	msg = queue->ring[queue->first];
	queue->first = (queue->first + 1) & (queue->cap - 1);
	queue->count--;
	return msg;
}

struct tacit_msg *
tacit_msg_queue_at(const struct tacit_msg_queue *queue, size_t n)
{
	return queue->ring[(queue->first + n) & (queue->cap - 1)];
}

void
tacit_msg_queue_fini(struct tacit_msg_queue *queue)
{
	struct tacit_msg *msg;

	while ((msg = tacit_msg_queue_pop(queue)) != NULL)
		tacit_msg_unref(msg);
	tacit_free(queue->ring);
	*queue = (struct tacit_msg_queue){0};
}
