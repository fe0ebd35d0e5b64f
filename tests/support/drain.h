/*
 * support/drain.h: somebody at the other end of what a program writes to, who reads on the program's
 * own loop, as fast as the test wants.
 */
#ifndef TACIT_TESTS_DRAIN_H
#define TACIT_TESTS_DRAIN_H

#include "support/unit.h"

#include <poll.h>
#include <unistd.h>

#include "tacit/node.h"

struct drain {
	struct tacit_node *node;
	int fd;
	size_t piece; /* bytes at a time */
	size_t until; /* hangs up after so many; 0: does not */
	char *bytes;  /* what was read */
	size_t len, cap;
};

static inline void
drain_init(struct drain *drain, struct tacit_node *node, int fd, size_t cap)
{
	*drain = (struct drain){.node = node, .fd = fd, .piece = cap, .cap = cap};
	assert_non_null(drain->bytes = malloc(cap));
}

static inline void
drain_hang_up(struct drain *drain)
{
	if (drain->fd >= 0)
		close(drain->fd);
	drain->fd = -1;
}

static inline void
drain_fini(struct drain *drain)
{
	drain_hang_up(drain);
	free(drain->bytes);
}

/* reads up to len bytes of what is there, or waits for some; false: there is no more */
static inline bool
drain_read(struct drain *drain, size_t len)
{
	ssize_t n;

	assert_true(drain->len < drain->cap);
	if (len > drain->cap - drain->len)
		len = drain->cap - drain->len;
	n = read(drain->fd, drain->bytes + drain->len, len);
	assert_true(n >= 0);
	drain->len += (size_t)n;
	return n > 0;
}

static inline bool
drain_has_more(const struct drain *drain)
{
	struct pollfd polled = {drain->fd, POLLIN, 0};

	return poll(&polled, 1, 0) > 0;
}

/* a turn of the loop */
static inline void
drain_turn(void *arg)
{
	struct drain *drain = arg;

	size_t len = drain->piece;

	if (drain->until > 0 && len > drain->until - drain->len)
		len = drain->until - drain->len;
	if (drain->len < drain->cap && drain_has_more(drain))
		(void)drain_read(drain, len);
	if (drain->until > 0 && drain->len == drain->until)
		drain_hang_up(drain);
	else
		tacit_timer_after(drain->node, 1, drain_turn, drain);
}

/* from now on, piece bytes a turn; the node is freed before drain */
static inline void
drain_start(struct drain *drain, size_t piece)
{
	drain->piece = piece;
	tacit_timer_after(drain->node, 1, drain_turn, drain);
}

/* all of these came, and nothing else is there */
static inline void
drain_expect(struct drain *drain, const void *bytes, size_t len)
{
	while (drain->len < len && drain_read(drain, len - drain->len))
		;
	assert_int_equal(drain->len, len);
	assert_memory_equal(drain->bytes, bytes, len);
	assert_false(drain_has_more(drain));
}

#endif
