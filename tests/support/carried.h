/*
 * support/carried.h: a handshake whose messages are carried by hand, one at a time.
 */
#ifndef TACIT_TESTS_CARRIED_H
#define TACIT_TESTS_CARRIED_H

#include "support/hostile.h"

/* a handshake that is carried by hand: entries[i] is the entry with message i */
struct carried {
	struct pair *pair;
	struct tacit_msg *entries[4];
};

static inline void
carry_hello(struct carried *carried, uint64_t seed)
{
	memset(carried, 0, sizeof(*carried));
	carried->pair = pair_new(seed);
	carried->pair->meddle = hostile_hold_back;
	pair_start(carried->pair);
	carried->entries[1] = hostile_catch(carried->pair, 0);
}

static inline void
carry_answer(struct carried *carried)
{
	pair_listen(carried->pair, pair_clone(carried->entries[1]));
	assert_non_null(carried->pair->ends[1].session);
	carried->entries[2] = hostile_catch(carried->pair, 1);
}

static inline void
carry_proof(struct carried *carried)
{
	hostile_replay(carried->pair, 0, carried->entries[2]);
	assert_int_equal(
	    tacit_session_state(carried->pair->ends[0].session), TACIT_SESSION_PROOF_SENT);
	carried->entries[3] = hostile_catch(carried->pair, 0);
}

/* what is left of the handshake goes well */
static inline void
carry_rest(struct carried *carried)
{
	struct pair *pair = carried->pair;

	if (carried->entries[2] == NULL)
		carry_answer(carried);
	if (carried->entries[3] == NULL)
		carry_proof(carried);
	if (tacit_session_state(pair->ends[1].session) == TACIT_SESSION_ANSWERED)
		hostile_replay(pair, 1, carried->entries[3]);
	pair->meddle = NULL;
	pair_run(pair, 2000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair_say(pair, 0, 100), TACIT_OK);
	assert_int_equal(pair_say(pair, 1, 100), TACIT_OK);
	pair_run(pair, 2000);
	assert_int_equal(pair->ends[0].received, 1);
	assert_int_equal(pair->ends[1].received, 1);
}

static inline void
carry_free(struct carried *carried)
{
	for (int i = 0; i < 4; i++)
		tacit_msg_unref(carried->entries[i]);
	pair_free(carried->pair);
}

#endif
