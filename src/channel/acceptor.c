#include "channel/acceptor.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "crypto/hash.h"

struct half_open {
	uint8_t hash[TACIT_HASH_LEN];
	void *answerer;
};

struct tacit_acceptor {
	struct half_open half_open[TACIT_HALF_OPEN_MAX]; /* the oldest first */
	size_t count;
	uint8_t seen[TACIT_SEEN_MAX][TACIT_HASH_LEN]; /* a ring */
	size_t seen_count, seen_next;
};

tacit_err
tacit_acceptor_new(struct tacit_acceptor **ret)
{
	struct tacit_acceptor *acceptor = tacit_alloc(sizeof(*acceptor));

	if (acceptor == NULL)
		return TACIT_ENOMEM;
	*ret = acceptor;
	return TACIT_OK;
}

void
tacit_acceptor_free(struct tacit_acceptor *acceptor)
{
	tacit_free(acceptor);
}

static void
hash_of(const struct tacit_msg *hello, uint8_t ret[TACIT_HASH_LEN])
{
	tacit_hash(ret, tacit_msg_payload(hello), hello->len, NULL, 0);
}

enum tacit_hello
tacit_acceptor_hear(struct tacit_acceptor *acceptor, const struct tacit_msg *hello, void **ret)
{
	uint8_t hash[TACIT_HASH_LEN];

	hash_of(hello, hash);
	for (size_t i = 0; i < acceptor->count; i++) {
		if (tacit_equal_ct(acceptor->half_open[i].hash, hash, sizeof(hash))) {
			*ret = acceptor->half_open[i].answerer;
			return TACIT_HELLO_AGAIN;
		}
	}
	for (size_t i = 0; i < acceptor->seen_count; i++) {
		if (tacit_equal_ct(acceptor->seen[i], hash, sizeof(hash)))
			return TACIT_HELLO_OLD;
	}
	return TACIT_HELLO_NEW;
}

static void
remove_at(struct tacit_acceptor *acceptor, size_t i)
{
	acceptor->count--;
	memmove(&acceptor->half_open[i], &acceptor->half_open[i + 1],
	    (acceptor->count - i) * sizeof(acceptor->half_open[0]));
}

void *
tacit_acceptor_add(struct tacit_acceptor *acceptor, const struct tacit_msg *hello, void *answerer)
{
	void *oldest = NULL;
	uint8_t hash[TACIT_HASH_LEN];

	hash_of(hello, hash);
	if (acceptor->count == TACIT_HALF_OPEN_MAX) {
		oldest = acceptor->half_open[0].answerer;
		remove_at(acceptor, 0);
	}
	memcpy(acceptor->half_open[acceptor->count].hash, hash, sizeof(hash));
	acceptor->half_open[acceptor->count++].answerer = answerer;
	memcpy(acceptor->seen[acceptor->seen_next], hash, sizeof(hash));
	acceptor->seen_next = (acceptor->seen_next + 1) % TACIT_SEEN_MAX;
	if (acceptor->seen_count < TACIT_SEEN_MAX)
		acceptor->seen_count++;
	return oldest;
}

void
tacit_acceptor_remove(struct tacit_acceptor *acceptor, const void *answerer)
{
	for (size_t i = 0; i < acceptor->count; i++) {
		if (acceptor->half_open[i].answerer == answerer) {
			remove_at(acceptor, i);
			return;
		}
	}
}

size_t
tacit_acceptor_count(const struct tacit_acceptor *acceptor)
{
	return acceptor->count;
}
