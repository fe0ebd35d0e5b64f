/*
 * store/wake.h: the descriptor that tells the loop of a store's due callbacks.
 */
#ifndef TACIT_STORE_WAKE_H
#define TACIT_STORE_WAKE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* -1 when there is none left; close() */
static inline int
tacit_wake_new(void)
{
	return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

/* makes fd readable.  Thread: any */
static inline void
tacit_wake_set(int fd)
{
	uint64_t one = 1;
	/* fails only when the counter is full, and then it is readable */
	ssize_t written = write(fd, &one, sizeof(one));

	(void)written;
}

/* makes it not readable */
static inline void
tacit_wake_clear(int fd)
{
	uint64_t counter;
	/* fails only when it was not readable */
	ssize_t got = read(fd, &counter, sizeof(counter));

	(void)got;
}

#endif
