/*
 * Two honest ends over a path that drops, doubles, delays and shuffles: everything arrives, in
 * order and once (PROTOCOL.md 6.4, 6.5).  Hundreds of seeds; a failing one is printed.
 */
#include "support/pair.h"

/* both ends say count messages of mixed sizes, as the windows allow, until all were received */
static void
converse(struct pair *pair, uint64_t count, tacit_msec limit_ms)
{
	tacit_msec limit = pair->now + limit_ms;

	while (pair->ends[0].received < count || pair->ends[1].received < count ||
	       tacit_session_unacknowledged(pair->ends[0].session) > 0 ||
	       tacit_session_unacknowledged(pair->ends[1].session) > 0) {
		for (int i = 0; i < 2; i++) {
			struct pair_end *end = &pair->ends[i];
			size_t len = 8 + pair_random(&pair->random) %
					     (pair_random(&pair->random) % 20 == 0 ? 50000 : 200);

			if (end->session != NULL && end->sent < count &&
			    tacit_session_state(end->session) == TACIT_SESSION_ESTABLISHED &&
			    tacit_session_has_room(end->session))
				assert_int_equal(pair_say(pair, i, len), TACIT_OK);
		}
		pair_run(pair, 1 + pair_random(&pair->random) % 20);
		if (pair->now > limit)
			fail_msg("seed %llu: stuck: alice %llu/%llu, bob %llu/%llu",
			    (unsigned long long)pair->seed,
			    (unsigned long long)pair->ends[0].received,
			    (unsigned long long)pair->ends[0].sent,
			    (unsigned long long)pair->ends[1].received,
			    (unsigned long long)pair->ends[1].sent);
	}
}

static void
run_seed(uint64_t seed, uint64_t count)
{
	struct pair *pair = pair_new(seed);
	bool both = false;

	pair->drop = (unsigned)(pair_random(&pair->random) % 300);
	pair->twice = (unsigned)(pair_random(&pair->random) % 300);
	pair->delay_max = (unsigned)(pair_random(&pair->random) % 400);
	pair->shuffle = pair_random(&pair->random) % 2 == 0;
	pair_establish(pair);
	converse(pair, count, 3600 * 1000);
	tacit_session_close(pair->ends[0].session, pair->now);
	pair->drop = 0;
	/* every other time both close, one later than the other by up to a second */
	if (seed % 2 == 0) {
		pair_run(pair, pair_random(&pair->random) % 1000);
		both = tacit_session_state(pair->ends[1].session) == TACIT_SESSION_ESTABLISHED;
		tacit_session_close(pair->ends[1].session, pair->now);
	}
	pair_run(pair, TACIT_CLOSE_WAIT_MS + 1);
	assert_true(tacit_session_close_confirmed(pair->ends[0].session));
	assert_int_equal(tacit_session_close_confirmed(pair->ends[1].session), both);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_CLOSED], both);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_CLOSED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	pair_free(pair);
}

static void
test_hundreds_of_seeds(void **state)
{
	uint64_t seeds = getenv("TACIT_ALL") != NULL ? 3000 : 300;

	(void)state;
	for (uint64_t seed = 1; seed <= seeds; seed++)
		run_seed(seed, 150);
}

static void
test_quiet_path_sends_nothing_twice(void **state)
{
	struct pair *pair = pair_new(7);

	(void)state;
	pair_establish(pair);
	converse(pair, 2000, 3600 * 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_DUPLICATE], 0);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_DUPLICATE], 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_GAP], 0);
	pair_free(pair);
}

/* an idle channel costs a probe and its answer a minute, and is not silent */
static void
test_keepalive(void **state)
{
	struct pair *pair = pair_new(8);
	uint64_t before;

	(void)state;
	pair_establish(pair);
	pair_run(pair, 1000);
	before = pair->ends[0].entries + pair->ends[1].entries;
	pair_run(pair, 10 * 60 * 1000);
	assert_in_range(pair->ends[0].entries + pair->ends[1].entries - before, 10, 44);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 0);
	pair->drop = 1000;
	pair_run(pair, 10 * 60 * 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_SILENT], 1);
	pair->drop = 0;
	pair_run(pair, 2 * 60 * 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_RESUMED], 1);
	pair_free(pair);
}

/* who wants to know sooner asks sooner, by himself; and silence is told in his time, with something on
 * the way as well */
static void
test_patience(void **state)
{
	struct pair *pair = pair_new(9);
	uint64_t before;

	(void)state;
	pair_establish(pair);
	tacit_session_patience(pair->ends[0].session, 9000, pair->now);
	pair_run(pair, 1000);
	before = pair->ends[0].entries + pair->ends[1].entries;
	pair_run(pair, 60 * 1000);
	assert_in_range(pair->ends[0].entries + pair->ends[1].entries - before, 30, 44);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 0);
	pair->drop = 1000;
	pair_run(pair, 8000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 0);
	pair_say(pair, 0, 100);
	pair_run(pair, 5000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_SILENT], 0);
	pair_run(pair, 100 * 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_SILENT], 1);
	pair->drop = 0;
	pair_run(pair, 4000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_RESUMED], 1);
	pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quiet_path_sends_nothing_twice),
	    cmocka_unit_test(test_keepalive),
	    cmocka_unit_test(test_patience),
	    cmocka_unit_test(test_hundreds_of_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
