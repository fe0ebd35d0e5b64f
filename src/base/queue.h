/*
 * base/queue.h: a first-in, first-out queue of pointers, in a ring that doubles.
 */
#ifndef TACIT_BASE_QUEUE_H
#define TACIT_BASE_QUEUE_H

#include <stddef.h>

#include "tacit/err.h"

struct tacit_queue {
	void **ring;
	size_t cap;   /* a power of two, or 0 */
	size_t first; /* index of the oldest */
	size_t count;
};

/* zeroed memory is an empty queue.  fini frees the ring, not what the pointers lead to */
void tacit_queue_fini(struct tacit_queue *queue);
/* Errors: TACIT_ENOMEM; the queue is then unchanged */
TACIT_MUST_USE tacit_err tacit_queue_push(struct tacit_queue *queue, void *item);
/* the oldest, without taking it; NULL when empty */
void *tacit_queue_peek(const struct tacit_queue *queue);
/* the nth oldest, without taking it; n below count */
void *tacit_queue_at(const struct tacit_queue *queue, size_t n);
void *tacit_queue_pop(struct tacit_queue *queue);

#endif
