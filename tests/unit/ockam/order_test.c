/*
 * Order (PROTOCOL.md 9.7): each record at most once and in order, whatever the path does; what is
 * missing is waited for 2 s or until 64 records wait, and then it is told.
 */
#include "support/ockam_peer.h"

/* the order alone -------------------------------------------------------------------------------- */

static void
put(struct tacit_ockam_order *order, uint16_t counter, tacit_msec now)
{
	struct tacit_block *block = tacit_block_new(2);

	assert_non_null(block);
	block->bytes[0] = (uint8_t)(counter >> 8);
	block->bytes[1] = (uint8_t)counter;
	tacit_ockam_order_put(order, counter, block, now);
	tacit_block_unref(block);
}

/* the next in order is this one; -1: none */
static void
check_take(struct tacit_ockam_order *order, int due)
{
	uint16_t counter;
	struct tacit_block *block = tacit_ockam_order_take(order, &counter);

	if (due < 0) {
		assert_null(block);
		return;
	}
	assert_non_null(block);
	assert_int_equal(counter, due);
	assert_int_equal(block->bytes[0] << 8 | block->bytes[1], due);
	tacit_block_unref(block);
}

static struct tacit_ockam_order *
order_new(void)
{
	struct tacit_ockam_order *order = calloc(1, sizeof(*order));

	assert_non_null(order);
	return order;
}

static void
order_free(struct tacit_ockam_order *order)
{
	tacit_ockam_order_fini(order);
	free(order);
}

static void
counters_have_their_places(void **state)
{
	struct tacit_ockam_order *order = order_new();

	(void)state;
	check_take(order, -1);
	put(order, 0, 1);
	assert_int_equal(tacit_ockam_order_place(order, 0), TACIT_OCKAM_DUPLICATE);
	check_take(order, 0);
	assert_int_equal(tacit_ockam_order_place(order, 0), TACIT_OCKAM_DUPLICATE);
	put(order, 3, 5);
	check_take(order, -1);
	assert_int_equal(tacit_ockam_order_gap_at(order), 5 + TACIT_OCKAM_GAP_MS);
	assert_int_equal(tacit_ockam_order_place(order, 3), TACIT_OCKAM_DUPLICATE);
	assert_int_equal(tacit_ockam_order_place(order, 2), TACIT_OCKAM_NEW);
	tacit_ockam_order_give_up(order);
	assert_int_equal(tacit_ockam_order_place(order, 2), TACIT_OCKAM_LATE);
	assert_int_equal(tacit_ockam_order_place(order, 1), TACIT_OCKAM_LATE);
	check_take(order, 3);
	check_take(order, -1);
	assert_true(tacit_ockam_order_gap_at(order) == TACIT_NEVER);
	tacit_ockam_order_give_up(order); /* nothing waits: nothing is given up */
	assert_int_equal(order->next, 4);
	order_free(order);
}

/* the second gap is as old as what came behind it, not as the first */
static void
each_gap_has_its_own_time(void **state)
{
	struct tacit_ockam_order *order = order_new();

	(void)state;
	put(order, 1, 100);
	put(order, 3, 900);
	assert_int_equal(tacit_ockam_order_gap_at(order), 100 + TACIT_OCKAM_GAP_MS);
	put(order, 0, 1000);
	check_take(order, 0);
	check_take(order, 1);
	check_take(order, -1);
	assert_int_equal(tacit_ockam_order_gap_at(order), 900 + TACIT_OCKAM_GAP_MS);
	order_free(order);
}

static void
the_last_counter_is_the_last(void **state)
{
	struct tacit_ockam_order *order = order_new();

	(void)state;
	put(order, TACIT_OCKAM_RECORDS_MAX - 1, 1);
	tacit_ockam_order_give_up(order);
	check_take(order, TACIT_OCKAM_RECORDS_MAX - 1);
	check_take(order, -1);
	assert_int_equal(order->next, TACIT_OCKAM_RECORDS_MAX);
	assert_int_equal(
	    tacit_ockam_order_place(order, TACIT_OCKAM_RECORDS_MAX - 1), TACIT_OCKAM_DUPLICATE);
	assert_int_equal(tacit_ockam_order_place(order, 0), TACIT_OCKAM_LATE);
	order_free(order);
}

static void
enough_that_wait_are_a_gap(void **state)
{
	struct tacit_ockam_order *order = order_new();

	(void)state;
	for (unsigned i = 1; i < TACIT_OCKAM_HELD_MAX; i++)
		put(order, (uint16_t)i, 7);
	assert_int_equal(tacit_ockam_order_gap_at(order), 7 + TACIT_OCKAM_GAP_MS);
	put(order, TACIT_OCKAM_HELD_MAX, 7);
	assert_int_equal(tacit_ockam_order_gap_at(order), 0);
	tacit_ockam_order_give_up(order);
	for (unsigned i = 1; i <= TACIT_OCKAM_HELD_MAX; i++)
		check_take(order, (int)i);
	check_take(order, -1);
	order_free(order);
}

/* a peer of ours by hand ------------------------------------------------------------------------- */

static void
say(struct ockam_peer *peer, uint16_t counter)
{
	ockam_peer_seal(peer, counter, ockam_numbered(counter - 1u, 8));
}

static const struct ockam_end *
our_end(const struct ockam_peer *peer)
{
	return &peer->pair->ends[peer->us];
}

static void
gap_by_time(void **state)
{
	struct ockam_peer peer;

	(void)state;
	for (int us = 0; us < 2; us++) {
		ockam_peer_init(&peer, 10, us);
		ockam_peer_establish(&peer);
		peer.pair->ends[us].lossy = true;
		say(&peer, 1);
		say(&peer, 4);
		ockam_run(peer.pair, TACIT_OCKAM_GAP_MS);
		assert_int_equal(our_end(&peer)->received, 1);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_GAP], 0);
		ockam_run(peer.pair, 1);
		assert_int_equal(our_end(&peer)->received, 2);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_GAP], 1);
		assert_int_equal(our_end(&peer)->sequences[TACIT_CHANNEL_GAP], 2);
		/* what was given up comes after all */
		say(&peer, 2);
		say(&peer, 3);
		say(&peer, 3);
		say(&peer, 4);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_LATE], 3);
		assert_int_equal(our_end(&peer)->sequences[TACIT_CHANNEL_LATE], 3);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_DUPLICATE], 1);
		say(&peer, 5);
		assert_int_equal(our_end(&peer)->received, 3);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_OPENED], 3);
		ockam_peer_fini(&peer);
	}
}

static void
no_gap_when_it_comes_in_time(void **state)
{
	struct ockam_peer peer;

	(void)state;
	ockam_peer_init(&peer, 11, 1);
	ockam_peer_establish(&peer);
	for (uint16_t counter = 2; counter <= TACIT_OCKAM_HELD_MAX; counter++)
		say(&peer, counter);
	ockam_run(peer.pair, TACIT_OCKAM_GAP_MS - 1);
	assert_int_equal(our_end(&peer)->received, 0);
	say(&peer, 1);
	assert_int_equal(our_end(&peer)->received, TACIT_OCKAM_HELD_MAX);
	ockam_run(peer.pair, 60000);
	assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_GAP], 0);
	ockam_peer_fini(&peer);
}

static void
gap_by_number(void **state)
{
	struct ockam_peer peer;

	(void)state;
	ockam_peer_init(&peer, 12, 0);
	ockam_peer_establish(&peer);
	peer.pair->ends[0].lossy = true;
	for (uint16_t counter = 2; counter <= TACIT_OCKAM_HELD_MAX; counter++)
		say(&peer, counter);
	assert_int_equal(our_end(&peer)->received, 0);
	say(&peer, TACIT_OCKAM_HELD_MAX + 1);
	assert_int_equal(our_end(&peer)->received, TACIT_OCKAM_HELD_MAX);
	assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(our_end(&peer)->sequences[TACIT_CHANNEL_GAP], 1);
	ockam_peer_fini(&peer);
}

/* every other record: each of them a gap, and never more than 63 that wait */
static void
many_gaps(void **state)
{
	struct ockam_peer peer;

	(void)state;
	ockam_peer_init(&peer, 13, 0);
	ockam_peer_establish(&peer);
	peer.pair->ends[0].lossy = true;
	for (uint16_t counter = 2; counter <= 400; counter += 2)
		say(&peer, counter);
	assert_int_equal(our_end(&peer)->received, 200 - (TACIT_OCKAM_HELD_MAX - 1));
	ockam_run(peer.pair, TACIT_OCKAM_GAP_MS + 1);
	assert_int_equal(our_end(&peer)->received, 200);
	assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_GAP], 200);
	ockam_peer_fini(&peer);
}

/* messages that overtake the identity wait for it; each end's peer sends them */
static void
identity_overtaken(void **state)
{
	struct ockam_message message;
	struct ockam_peer peer;

	(void)state;
	for (int us = 0; us < 2; us++) {
		ockam_peer_init(&peer, 14, us);
		ockam_identifier(0, &peer.pair->ends[!us].identity.identifier);
		for (uint16_t counter = 5; counter > 0; counter--)
			say(&peer, counter);
		assert_int_equal(our_end(&peer)->received, 0);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_ESTABLISHED], 0);
		ockam_peer_identity(&peer, 1, &message);
		ockam_peer_show(&peer, &message);
		ockam_run(peer.pair, 10);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_ESTABLISHED], 1);
		assert_int_equal(our_end(&peer)->received, 5);
		ockam_peer_fini(&peer);
	}
}

static void
check_identity_lost(const struct ockam_peer *peer)
{
	const struct ockam_end *end = our_end(peer);

	assert_int_equal(end->events[TACIT_CHANNEL_FAILED], 1);
	assert_int_equal(end->err, TACIT_EPOSSIBLYLOST);
	assert_non_null(strstr(end->text, "identity was lost"));
	assert_int_equal(end->events[TACIT_CHANNEL_GAP], 0);
	assert_int_equal(end->received, 0);
}

static void
identity_lost(void **state)
{
	struct ockam_peer peer;

	(void)state;
	for (int us = 0; us < 2; us++) {
		ockam_peer_init(&peer, 15, us);
		say(&peer, 1);
		ockam_run(peer.pair, TACIT_OCKAM_GAP_MS);
		assert_int_equal(our_end(&peer)->events[TACIT_CHANNEL_FAILED], 0);
		ockam_run(peer.pair, 1);
		check_identity_lost(&peer);
		ockam_peer_fini(&peer);
		ockam_peer_init(&peer, 16, us);
		for (uint16_t counter = 1; counter <= TACIT_OCKAM_HELD_MAX; counter++)
			say(&peer, counter);
		check_identity_lost(&peer);
		ockam_peer_fini(&peer);
	}
}

/* whole channels over bad paths ------------------------------------------------------------------ */

static void
converse(struct ockam_pair *pair, unsigned messages)
{
	for (unsigned i = 0; i < messages; i++) {
		for (int end = 0; end < 2; end++)
			assert_int_equal(ockam_say(pair, end, 8 + i % 100), TACIT_OK);
		ockam_run(pair, pair_random(&pair->random) % 40);
	}
	ockam_run(pair, 60000);
}

/* late and shuffled, but within the waits: all of it arrives */
static void
nothing_is_lost_that_comes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct ockam_pair *pair = ockam_pair_new(seed);

		ockam_establish(pair);
		pair->shuffle = true;
		pair->twice = 200;
		pair->delay_max = 500;
		converse(pair, 300);
		for (int end = 0; end < 2; end++) {
			assert_int_equal(pair->ends[end].received, 300);
			assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_GAP], 0);
			assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_LATE], 0);
			assert_in_range(pair->ends[end].events[TACIT_CHANNEL_DUPLICATE], 10, 200);
			assert_int_equal(ockam_state(pair, end), TACIT_SESSION_ESTABLISHED);
		}
		ockam_pair_free(pair);
	}
}

/* anything goes: what is delivered is in order and once, and each loss was told */
static void
every_loss_is_a_gap(void **state)
{
	unsigned missed = 0, late = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct ockam_pair *pair = ockam_pair_new(seed);

		ockam_establish(pair);
		pair->shuffle = seed % 2 == 0;
		pair->twice = 100;
		pair->drop = (unsigned)(seed % 5) * 40;
		pair->delay_max = seed % 3 == 0 ? 6000 : 300;
		for (int end = 0; end < 2; end++)
			pair->ends[end].lossy = true;
		converse(pair, 300);
		/* nothing after it would tell that the last one is missing */
		pair->drop = 0;
		for (int end = 0; end < 2; end++)
			assert_int_equal(ockam_say(pair, end, 8), TACIT_OK);
		ockam_run(pair, 60000);
		for (int end = 0; end < 2; end++) {
			const struct ockam_end *e = &pair->ends[end];

			assert_int_equal(e->received + e->missed, 301);
			assert_int_equal(e->events[TACIT_CHANNEL_GAP], e->jumps);
			assert_int_equal(e->events[TACIT_CHANNEL_UNAUTHENTIC], 0);
			assert_int_equal(ockam_state(pair, end), TACIT_SESSION_ESTABLISHED);
			missed += (unsigned)e->missed;
			late += e->events[TACIT_CHANNEL_LATE];
		}
		ockam_pair_free(pair);
	}
	assert_true(missed > 1000 && late > 100);
}

/* a handshake over such a path is made or not, and whoever has an end knows */
static void
handshakes_over_bad_paths(void **state)
{
	unsigned made = 0, failed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct ockam_pair *pair = ockam_pair_new(seed);

		pair->shuffle = true;
		pair->twice = 300;
		pair->drop = 100;
		pair->delay_max = 1000;
		ockam_start(pair);
		ockam_run(pair, 60000);
		for (int end = 0; end < 2; end++) {
			const struct ockam_end *e = &pair->ends[end];
			unsigned ended = e->events[TACIT_CHANNEL_FAILED];

			made += e->events[TACIT_CHANNEL_ESTABLISHED];
			failed += ended;
			/* a doubled message 1 makes a responder whom nobody answers */
			assert_int_equal(
			    e->events[TACIT_CHANNEL_ESTABLISHED] + ended, e->side_count);
		}
		assert_true(pair->ends[0].entries <= 3);
		ockam_pair_free(pair);
	}
	assert_true(made > 100 && failed > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counters_have_their_places),
	    cmocka_unit_test(each_gap_has_its_own_time),
	    cmocka_unit_test(the_last_counter_is_the_last),
	    cmocka_unit_test(enough_that_wait_are_a_gap),
	    cmocka_unit_test(gap_by_time),
	    cmocka_unit_test(no_gap_when_it_comes_in_time),
	    cmocka_unit_test(gap_by_number),
	    cmocka_unit_test(many_gaps),
	    cmocka_unit_test(identity_overtaken),
	    cmocka_unit_test(identity_lost),
	    cmocka_unit_test(nothing_is_lost_that_comes),
	    cmocka_unit_test(every_loss_is_a_gap),
	    cmocka_unit_test(handshakes_over_bad_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
