/* mlock is POSIX; anonymous mappings and what madvise is told here are Linux's */
#define _DEFAULT_SOURCE

#include "base/secret.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

/* as many slots as a word has bits: 32 KiB, a half of the smallest usual RLIMIT_MEMLOCK */
#define SLOTS     64u
#define ARENA_LEN ((size_t)SLOTS * TACIT_SECRET_LEN_MAX)

/* Kept outside of the mapping, so that the mapping holds secrets only and its first and last page
 * can be guards.  Arenas stay until the process ends: a freed slot is used again. */
struct arena {
	struct arena *next;
	uint8_t *slots;
	uint64_t used; /* bit i: slot i is taken */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* lock guards these */
static struct arena *arenas;
static bool refused; /* mlock failed once */

/* ARENA_LEN bytes between two pages that nobody may touch, or NULL */
static uint8_t *
map_slots(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t len = (ARENA_LEN + page - 1) / page * page;
	uint8_t *mapping =
	    mmap(NULL, len + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mapping == MAP_FAILED)
		return NULL;
	if (mprotect(mapping + page, len, PROT_READ | PROT_WRITE) != 0) {
		(void)munmap(mapping, len + 2 * page);
		return NULL;
	}
	if (mlock(mapping + page, len) != 0)
		refused = true;
	/* old kernels know neither: the secrets are then protected less, and still usable */
	(void)madvise(mapping + page, len, MADV_DONTDUMP);
	(void)madvise(mapping + page, len, MADV_WIPEONFORK);
	return mapping + page;
}

static struct arena *
grow(void)
{
	struct arena *arena = tacit_alloc(sizeof(*arena));

	if (arena == NULL)
		return NULL;
	arena->slots = map_slots();
	if (arena->slots == NULL) {
		tacit_free(arena);
		return NULL;
	}
	arena->next = arenas;
	arenas = arena;
	return arena;
}

void *
tacit_secret_new(size_t len)
{
	struct arena *arena;
	uint8_t *slot = NULL;

	tacit_assert(len <= TACIT_SECRET_LEN_MAX);
	(void)pthread_mutex_lock(&lock);
	for (arena = arenas; arena != NULL && arena->used == UINT64_MAX; arena = arena->next)
		;
	if (arena == NULL)
		arena = grow();
	if (arena != NULL) {
		unsigned i = 0;

		while ((arena->used >> i & 1) != 0)
			i++;
		arena->used |= UINT64_C(1) << i;
		slot = arena->slots + (size_t)i * TACIT_SECRET_LEN_MAX;
	}
	(void)pthread_mutex_unlock(&lock);
	return slot;
}

void
tacit_secret_free(void *secret)
{
	uintptr_t at = (uintptr_t)secret;
	struct arena *arena;

	if (secret == NULL)
		return;
	tacit_wipe(secret, TACIT_SECRET_LEN_MAX);
	(void)pthread_mutex_lock(&lock);
	for (arena = arenas; arena != NULL; arena = arena->next) {
		uintptr_t first = (uintptr_t)arena->slots;

		if (at >= first && at - first < ARENA_LEN) {
			uint64_t bit = UINT64_C(1) << (at - first) / TACIT_SECRET_LEN_MAX;

			tacit_assert((at - first) % TACIT_SECRET_LEN_MAX == 0);
			tacit_assert((arena->used & bit) != 0);
			arena->used &= ~bit;
			break;
		}
	}
	(void)pthread_mutex_unlock(&lock);
	tacit_assert(arena != NULL);
}

bool
tacit_secret_locked(void)
{
	bool all;

	(void)pthread_mutex_lock(&lock);
	all = !refused;
	(void)pthread_mutex_unlock(&lock);
	return all;
}
