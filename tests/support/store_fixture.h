/*
 * support/store_fixture.h: a store, and the name of a stream in it, for each test of the contract.
 */
#ifndef TACIT_TESTS_STORE_FIXTURE_H
#define TACIT_TESTS_STORE_FIXTURE_H

#include "support/store_pump.h"

#include "base/hex.h"
#include "crypto/random.h"

struct store_kind {
	/* opens the store, each time in the same place; asserts that it can */
	struct tacit_store *(*open)(void);
	/* what was confirmed is there when it is opened again */
	bool durable;
};

/* ms for free */
#define FREE_MS 10000

struct fixture {
	const struct store_kind *kind;
	struct tacit_store *store;
	char name[64]; /* of a stream that no other test uses */
};

static const struct store_kind *contract_kind;

static inline int
contract_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct tacit_random random = tacit_random_system();

	assert_non_null(f);
	f->kind = contract_kind;
	f->store = contract_kind->open();
	memcpy(f->name, "contract-", 9);
	tacit_random_hex(&random, f->name + 9, 12);
	*state = f;
	return 0;
}

static inline int
contract_teardown(void **state)
{
	struct fixture *f = *state;

	f->store->ops->free(f->store, FREE_MS);
	free(f);
	return 0;
}

/* makes the test's stream; returns its end */
static inline uint64_t
create(struct fixture *f)
{
	struct opening opening = open_now(f->store, f->name, true);

	assert_int_equal(opening.err, TACIT_OK);
	assert_int_equal(opening.first, opening.end);
	return opening.end;
}

#endif
