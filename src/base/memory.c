#include "base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* counts down to the allocation that fails; 0 is off */
static atomic_ulong fail_at;

static bool
fails_now(void)
{
	if (atomic_load_explicit(&fail_at, memory_order_relaxed) == 0)
		return false;
	return atomic_fetch_sub(&fail_at, 1) == 1;
}

void
tacit_alloc_fail_at(unsigned long nth)
{
	atomic_store(&fail_at, nth);
}

void *
tacit_alloc(size_t len)
{
	return fails_now() ? NULL : calloc(1, len > 0 ? len : 1);
}

void *
tacit_alloc_raw(size_t len)
{
	return fails_now() ? NULL : malloc(len > 0 ? len : 1);
}

void *
tacit_alloc_array(size_t count, size_t len)
{
	if (len != 0 && count > SIZE_MAX / len)
		return NULL;
	return tacit_alloc(count * len);
}

void *
tacit_realloc(void *p, size_t len)
{
	return fails_now() ? NULL : realloc(p, len > 0 ? len : 1);
}

void
tacit_free(void *p)
{
	free(p);
}

char *
tacit_strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = tacit_alloc(len);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

void
tacit_wipe(void *p, size_t len)
{
	if (len == 0)
		return;
	memset(p, 0, len);
	/* the compiler has to assume that this reads the bytes */
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

bool
tacit_equal_ct(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

void
tacit_assert_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "tacit: invariant broken: %s (%s:%d)\n", condition, file, line);
	abort();
}
