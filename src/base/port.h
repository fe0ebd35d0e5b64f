/*
 * base/port.h: what an engine may ask of the world, because engines do no I/O (DESIGN.md, "Rules
 * of the house"): randomness, a diagnostic line, and the unit of time.
 */
#ifndef TACIT_BASE_PORT_H
#define TACIT_BASE_PORT_H

#include <stddef.h>
#include <stdint.h>

/* monotonic milliseconds; always an argument, never read by an engine */
typedef uint64_t tacit_msec;
/* a deadline that never comes */
#define TACIT_NEVER UINT64_MAX

/* fills bytes with randomness fit for keys; must not fail */
struct tacit_random {
	void (*fill)(void *arg, void *ret, size_t len);
	void *arg;
};

static inline void
tacit_random_fill(const struct tacit_random *random, void *ret, size_t len)
{
	random->fill(random->arg, ret, len);
}

/* len random bytes (16 at most) as lower-case hex and a NUL: names and addresses */
void tacit_random_hex(const struct tacit_random *random, char *ret, size_t len);

#endif
