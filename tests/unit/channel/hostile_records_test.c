/*
 * Records on a path that belongs to somebody else (PROTOCOL.md 6.1, 6.4, 6.7): what is changed,
 * cut, swapped, repeated or sent back gets its typed event, moves no state, and delivery goes on.
 */
#include "support/damage.h"
#include "support/hostile.h"

/* two ends that have said all they had to say; nothing arrives by itself any more */
static struct pair *
quiet_pair(uint64_t seed)
{
	struct pair *pair = pair_new(seed);

	pair_establish(pair);
	assert_int_equal(pair_say(pair, 0, 10), TACIT_OK);
	assert_int_equal(pair_say(pair, 1, 10), TACIT_OK);
	pair_run(pair, 1000);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair->ends[i].received, 1);
		assert_int_equal(tacit_session_unacknowledged(pair->ends[i].session), 0);
	}
	pair->meddle = hostile_hold_back;
	return pair;
}

/* the entry with count new messages of from, and nothing else; to be unreffed */
static struct tacit_msg *
catch_data(struct pair *pair, int from, unsigned count)
{
	pair_run(pair, TACIT_ACK_DELAY_MS + 1); /* no acknowledgement rides along */
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pair_say(pair, from, 20), TACIT_OK);
	pair_settle(pair);
	return hostile_catch(pair, from);
}

/* the entry with a control record of from, and nothing else; to be unreffed */
static struct tacit_msg *
catch_control(struct pair *pair, int from)
{
	struct tacit_session *session = pair->ends[from].session;

	session->answer_now = true;
	tacit_session_flush(session, pair->now);
	return hostile_catch(pair, from);
}

/* the path is honest again, and everything arrives */
static void
check_all_arrives(struct pair *pair)
{
	pair->meddle = NULL;
	assert_int_equal(pair_say(pair, 0, 30), TACIT_OK);
	assert_int_equal(pair_say(pair, 1, 30), TACIT_OK);
	pair_run(pair, 10000);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair->ends[!i].received, pair->ends[i].sent);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 0);
		assert_int_equal(tacit_session_unacknowledged(pair->ends[i].session), 0);
	}
}

/* bytes that no key opens: at least one event, and nothing else */
static void
check_forged(struct pair *pair, int to, const uint8_t *bytes, size_t len)
{
	struct hostile_snapshot before;
	unsigned opened = pair->ends[to].events[TACIT_CHANNEL_OPENED];

	hostile_save(pair, to, &before);
	hostile_hand(pair, to, bytes, len);
	hostile_check_unmoved(pair, to, &before);
	assert_int_equal(pair->ends[to].events[TACIT_CHANNEL_OPENED], opened);
	/* an entry of no record says nothing, true or false */
	if (len == 1 && bytes[0] == TACIT_KIND_RECORDS)
		return;
	assert_true(pair->ends[to].events[TACIT_CHANNEL_UNAUTHENTIC] > before.unauthentic);
}

struct target {
	struct pair *pair;
	int to;
};

static void
damage_entry(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	const struct target *target = arg;

	(void)kind;
	(void)index;
	check_forged(target->pair, target->to, bytes, len);
}

/* every flip and every cut of a record, both ways */
static void
damage_both_ways(uint64_t seed, bool control)
{
	struct pair *pair = quiet_pair(seed);

	for (int from = 0; from < 2; from++) {
		struct target target = {pair, !from};
		struct tacit_msg *entry =
		    control ? catch_control(pair, from) : catch_data(pair, from, 1);
		uint64_t received = pair->ends[!from].received;

		damage_each(tacit_msg_payload(entry), entry->len, damage_entry, &target);
		hostile_replay(pair, !from, entry);
		pair_settle(pair);
		assert_int_equal(pair->ends[!from].received, received + !control);
		tacit_msg_unref(entry);
	}
	check_all_arrives(pair);
	pair_free(pair);
}

static void
test_damaged_data(void **state)
{
	(void)state;
	damage_both_ways(301, false);
}

static void
test_damaged_control(void **state)
{
	(void)state;
	damage_both_ways(302, true);
}

static void
test_swapped(void **state)
{
	struct pair *pair = quiet_pair(303);
	struct tacit_msg *a = catch_data(pair, 0, 1), *b = catch_data(pair, 0, 1);

	(void)state;
	hostile_replay(pair, 1, b);
	pair_settle(pair);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(pair->ends[1].sequences[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(pair->ends[1].received, 1);
	hostile_replay(pair, 1, a);
	pair_settle(pair);
	assert_int_equal(pair->ends[1].received, 3);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_GAP], 1);
	tacit_msg_unref(a);
	tacit_msg_unref(b);
	check_all_arrives(pair);
	pair_free(pair);
}

static void
test_replayed_data(void **state)
{
	struct pair *pair = quiet_pair(304);
	struct tacit_msg *entry = catch_data(pair, 0, 1);

	(void)state;
	hostile_replay(pair, 1, entry);
	pair_run(pair, 1000);
	for (unsigned i = 1; i <= 5; i++) {
		hostile_replay(pair, 1, entry);
		pair_run(pair, 1000);
		assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_DUPLICATE], i);
		assert_int_equal(pair->ends[1].sequences[TACIT_CHANNEL_DUPLICATE], 1);
		assert_int_equal(pair->ends[1].received, 2);
	}
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	tacit_msg_unref(entry);
	check_all_arrives(pair);
	pair_free(pair);
}

/* an old report may not take anything back: not an acknowledgement, not a window */
static void
test_replayed_control(void **state)
{
	struct pair *pair = quiet_pair(305);
	struct tacit_msg *old = catch_control(pair, 0), *new = catch_control(pair, 0);
	struct hostile_snapshot before;

	(void)state;
	hostile_replay(pair, 1, new);
	hostile_save(pair, 1, &before);
	for (unsigned i = 1; i <= 5; i++) {
		hostile_replay(pair, 1, i % 2 == 0 ? old : new);
		hostile_check_unmoved(pair, 1, &before);
		assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_LATE], i);
	}
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	tacit_msg_unref(old);
	tacit_msg_unref(new);
	check_all_arrives(pair);
	pair_free(pair);
}

/* whoever withholds all that is new cannot keep the channel alive with what is old */
static void
test_replays_are_no_life(void **state)
{
	struct pair *pair = quiet_pair(306);
	struct tacit_msg *data = catch_data(pair, 0, 1), *control = catch_control(pair, 0);
	tacit_msec heard_at;

	(void)state;
	hostile_replay(pair, 1, data);
	hostile_replay(pair, 1, control);
	heard_at = tacit_session_heard_at(pair->ends[1].session);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_SILENT], 0);
		pair_run(pair, 20 * 1000);
		hostile_replay(pair, 1, data);
		hostile_replay(pair, 1, control);
		assert_true(tacit_session_heard_at(pair->ends[1].session) == heard_at);
	}
	pair_run(pair, 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_SILENT], 1);
	hostile_replay(pair, 1, data);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_RESUMED], 0);
	tacit_msg_unref(data);
	tacit_msg_unref(control);
	pair->meddle = NULL;
	pair_run(pair, 70 * 1000);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_RESUMED], 1);
	check_all_arrives(pair);
	pair_free(pair);
}

static void
test_reflected(void **state)
{
	struct pair *pair = quiet_pair(307);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct tacit_msg *entries[2] = {catch_data(pair, i, 1), catch_control(pair, i)};
		struct hostile_snapshot before;

		hostile_save(pair, i, &before);
		for (unsigned k = 0; k < 2; k++) {
			hostile_replay(pair, i, entries[k]);
			hostile_check_unmoved(pair, i, &before);
			assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_REFLECTED], k + 1);
			tacit_msg_unref(entries[k]);
		}
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
	}
	check_all_arrives(pair);
	pair_free(pair);
}

/* the same ends, the same sequence numbers, another handshake */
static void
test_records_of_another_channel(void **state)
{
	struct pair *a = quiet_pair(308), *b = quiet_pair(309);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct tacit_msg *data = catch_data(a, i, 1), *control = catch_control(a, i);

		for (int to = 0; to < 2; to++) {
			check_forged(b, to, tacit_msg_payload(data), data->len);
			check_forged(b, to, tacit_msg_payload(control), control->len);
		}
		tacit_msg_unref(data);
		tacit_msg_unref(control);
	}
	check_all_arrives(a);
	check_all_arrives(b);
	pair_free(a);
	pair_free(b);
}

/* three records in one entry, the middle one forged: the others count */
static void
test_one_of_several_forged(void **state)
{
	struct pair *pair = quiet_pair(310);
	struct tacit_msg *entry = catch_data(pair, 0, 3);
	size_t len = (entry->len - 1) / 3;
	uint8_t *bytes = tacit_msg_payload(entry);

	(void)state;
	assert_int_equal((entry->len - 1) % 3, 0);
	bytes[1 + 2 * len - 1] ^= 1;
	hostile_replay(pair, 1, entry);
	pair_settle(pair);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], 1);
	assert_int_equal(pair->ends[1].sequences[TACIT_CHANNEL_UNAUTHENTIC], 2);
	assert_int_equal(pair->ends[1].received, 2);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_GAP], 1);
	assert_int_equal(pair->ends[1].sequences[TACIT_CHANNEL_GAP], 2);
	/* the honest copy of it is taken; the others came before */
	bytes[1 + 2 * len - 1] ^= 1;
	hostile_replay(pair, 1, entry);
	pair_settle(pair);
	assert_int_equal(pair->ends[1].received, 4);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_DUPLICATE], 2);
	tacit_msg_unref(entry);
	check_all_arrives(pair);
	pair_free(pair);
}

/* an entry that is cut behind its first record: that one counts */
static void
test_cut_behind_a_record(void **state)
{
	struct pair *pair = quiet_pair(311);
	struct tacit_msg *entry = catch_data(pair, 0, 2);

	(void)state;
	hostile_hand(pair, 1, tacit_msg_payload(entry), entry->len - 1);
	pair_settle(pair);
	assert_int_equal(pair->ends[1].received, 2);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], 1);
	tacit_msg_unref(entry);
	check_all_arrives(pair);
	pair_free(pair);
}

/* sealed by the peer itself, but with a header that this version does not make (PROTOCOL.md 7.1) */
static void
hand_header(struct pair *pair, uint8_t version, uint8_t type, uint8_t epoch)
{
	struct tacit_record_keys *keys = &pair->ends[0].session->out;
	uint8_t entry[1 + 16 + 42 + 16] = {TACIT_KIND_RECORDS, version, type};
	uint8_t body[42] = {0}, aad[33 + 16];

	entry[1 + 5] = epoch;
	entry[1 + 13] = 9; /* sequence */
	entry[1 + 15] = 42 + 16;
	memcpy(aad, keys->aad, 33);
	memcpy(aad + 33, entry + 1, 16);
	assert_int_equal(tacit_aead_seal(type == TACIT_RECORD_DATA ? keys->data : keys->control, 9,
			     aad, sizeof(aad), body, sizeof(body), entry + 17),
	    TACIT_OK);
	hostile_hand(pair, 1, entry, sizeof(entry));
}

static void
test_sealed_with_another_header(void **state)
{
	static const uint8_t headers[][3] = {
	    {0, 2, 0}, {2, 2, 0}, {1, 0, 0}, {1, 3, 0}, {1, 2, 1}, {1, 1, 1}, {1, 1, 0x80}};
	struct pair *pair = quiet_pair(312);
	struct hostile_snapshot before;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		hostile_save(pair, 1, &before);
		hand_header(pair, headers[i][0], headers[i][1], headers[i][2]);
		hostile_check_unmoved(pair, 1, &before);
		assert_int_equal(
		    pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], before.unauthentic + 1);
	}
	assert_int_equal(pair->ends[1].sequences[TACIT_CHANNEL_UNAUTHENTIC], 9);
	/* the twin: with the header of this version it is opened */
	hostile_save(pair, 1, &before);
	hand_header(pair, 1, 2, 0);
	assert_int_equal(pair->ends[1].session->control_in, 10);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], before.unauthentic);
	pair_free(pair);
}

/* payloads of no kind, and handshake messages where records are due */
static void
test_other_kinds(void **state)
{
	struct pair *pair = quiet_pair(313);
	struct hostile_snapshot before;
	uint8_t bytes[1505] = {0};

	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		bytes[0] = (uint8_t)kind;
		if (kind == TACIT_KIND_RECORDS)
			continue;
		for (int to = 0; to < 2; to++) {
			hostile_save(pair, to, &before);
			hostile_hand(pair, to, bytes, kind % 3 == 0 ? 1473 : sizeof(bytes));
			hostile_check_unmoved(pair, to, &before);
			assert_int_equal(pair->ends[to].events[TACIT_CHANNEL_UNAUTHENTIC],
			    before.unauthentic + 1);
		}
	}
	hostile_save(pair, 0, &before);
	hostile_hand(pair, 0, bytes, 0);
	hostile_check_unmoved(pair, 0, &before);
	check_all_arrives(pair);
	pair_free(pair);
}

/* the channel's return route is the handshake's, whatever a later entry says */
static void
test_later_return_routes_mean_nothing(void **state)
{
	struct pair *pair = quiet_pair(314);
	struct tacit_msg *entry = catch_data(pair, 0, 1);
	struct tacit_route route = pair->ends[1].session->route;

	(void)state;
	hostile_hand(pair, 1, tacit_msg_payload(entry), entry->len);
	pair_settle(pair);
	assert_int_equal(pair->ends[1].received, 2);
	assert_true(tacit_route_equal(&route, &pair->ends[1].session->route));
	pair_run(pair, 100);
	assert_true(tacit_route_equal(&route, &pair->ends[1].last_entry->onward));
	tacit_msg_unref(entry);
	pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_damaged_data),
	    cmocka_unit_test(test_damaged_control),
	    cmocka_unit_test(test_swapped),
	    cmocka_unit_test(test_replayed_data),
	    cmocka_unit_test(test_replayed_control),
	    cmocka_unit_test(test_replays_are_no_life),
	    cmocka_unit_test(test_reflected),
	    cmocka_unit_test(test_records_of_another_channel),
	    cmocka_unit_test(test_one_of_several_forged),
	    cmocka_unit_test(test_cut_behind_a_record),
	    cmocka_unit_test(test_sealed_with_another_header),
	    cmocka_unit_test(test_other_kinds),
	    cmocka_unit_test(test_later_return_routes_mean_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
