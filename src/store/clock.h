/*
 * store/clock.h: the time that entries get.
 */
#ifndef TACIT_STORE_CLOCK_H
#define TACIT_STORE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* ms since the epoch, as the system has it: for people, never for decisions */
static inline uint64_t
tacit_store_clock(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
