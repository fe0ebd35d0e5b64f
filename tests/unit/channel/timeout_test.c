/*
 * Handshakes that nobody answers (PROTOCOL.md 5.3): the same bytes again, more and more seldom, and
 * an end after 30 s with the right error, at both ends.
 */
#include "support/carried.h"

static struct tacit_msg *first_entry[2];
static unsigned repeats[2];

/* each end's first entry is kept, and all that follow must be the same */
static bool
count_repeats(struct pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	if (first_entry[from] == NULL || first_entry[from]->len != msg->len) {
		tacit_msg_unref(first_entry[from]);
		first_entry[from] = pair_clone(msg);
		repeats[from] = 0;
	}
	assert_memory_equal(tacit_msg_payload(first_entry[from]), tacit_msg_payload(msg), msg->len);
	repeats[from]++;
	return false;
}

static void
forget_entries(void)
{
	for (int i = 0; i < 2; i++) {
		tacit_msg_unref(first_entry[i]);
		first_entry[i] = NULL;
		repeats[i] = 0;
	}
}

static void
test_nobody_answers(void **state)
{
	struct pair *pair = pair_new(113);

	(void)state;
	forget_entries();
	pair->meddle = count_repeats;
	pair_start(pair);
	pair_run(pair, 29999);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	/* at 0, 0.5, 1.5, 3.5, 7.5, 11.5, ... 27.5 s */
	assert_int_equal(repeats[0], 10);
	pair_run(pair, 2);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(pair->ends[0].err, TACIT_ETIMEDOUT);
	assert_int_equal(tacit_session_state(pair->ends[0].session), TACIT_SESSION_OVER);
	pair_run(pair, 120000);
	assert_int_equal(repeats[0], 10);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 0);
	pair_free(pair);
	forget_entries();
}

static void
test_nobody_answers_message3(void **state)
{
	struct carried carried;
	struct pair *pair;

	(void)state;
	carry_hello(&carried, 114);
	pair = carried.pair;
	carry_answer(&carried);
	carry_proof(&carried);
	forget_entries();
	pair->meddle = count_repeats;
	pair_run(pair, 29999);
	assert_int_equal(repeats[0], 9);
	assert_int_equal(repeats[1], 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	pair_run(pair, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 1);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_ESTABLISHED], 0);
		assert_int_equal(pair->ends[i].err, TACIT_ETIMEDOUT);
	}
	/* too late: the proof opens nothing any more */
	hostile_replay(pair, 1, carried.entries[3]);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 0);
	carry_free(&carried);
	forget_entries();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nobody_answers),
	    cmocka_unit_test(test_nobody_answers_message3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
