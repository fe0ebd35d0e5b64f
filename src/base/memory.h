/*
 * base/memory.h: allocation, wiping, comparing in constant time, and the check of invariants.
 */
#ifndef TACIT_BASE_MEMORY_H
#define TACIT_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* all of Tacit's memory comes from here, zeroed; NULL when there is none */
void *tacit_alloc(size_t len);
/* the same, not zeroed: for bytes that are written before anybody reads them */
void *tacit_alloc_raw(size_t len);
/* array of count items, checked against overflow */
void *tacit_alloc_array(size_t count, size_t len);
/* grows or shrinks; what is new is not zeroed; NULL leaves the old one as it was */
void *tacit_realloc(void *p, size_t len);
void tacit_free(void *p);
char *tacit_strdup(const char *text);

/* tests let the nth allocation from now fail (1 is the next; 0 turns it off) */
void tacit_alloc_fail_at(unsigned long nth);

/* zeroes, and the compiler may not leave it out */
void tacit_wipe(void *p, size_t len);
/* compares without telling by its time where the difference is */
bool tacit_equal_ct(const void *a, const void *b, size_t len);

/* an invariant of our own: holds in release builds too, because a corrupt state must stop */
#define tacit_assert(condition) \
	((condition) ? (void)0 : tacit_assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void tacit_assert_failed(const char *condition, const char *file, int line);

#endif
