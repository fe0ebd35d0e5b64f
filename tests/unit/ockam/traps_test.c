/*
 * What ends or wedges a program of 2021, done to ours: it survives and goes on talking.  Messages
 * that come again, before and after; entries that are garbage or not authentic; messages inside the
 * encryption that are nobody's; identities at the wrong time.
 */
#include "support/ockam_peer.h"

/* an entry as it was seen reaches an end; entry is borrowed */
static void
replay(struct ockam_pair *pair, int to, const struct tacit_msg *entry)
{
	assert_non_null(entry);
	ockam_arrive(pair, to, pair_clone(entry));
	ockam_settle(pair);
}

/* both ends hear each other, and each message once */
static void
check_talking(struct ockam_pair *pair)
{
	uint64_t received[2] = {pair->ends[0].received, pair->ends[1].received};

	for (int end = 0; end < 2; end++)
		assert_int_equal(ockam_say(pair, end, 8), TACIT_OK);
	ockam_run(pair, 5000);
	for (int end = 0; end < 2; end++) {
		assert_int_equal(pair->ends[end].received, received[end] + 1);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_GAP], 0);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_FAILED], 0);
		assert_int_equal(ockam_state(pair, end), TACIT_SESSION_ESTABLISHED);
	}
}

/* each entry of both ends again, to either; message 1 again makes another responder, which talks to
 * nobody */
static void
replay_all(struct ockam_pair *pair)
{
	struct ockam_side *responder = ockam_side(pair, 1);
	size_t sides = pair->ends[1].side_count;

	for (int from = 0; from < 2; from++) {
		for (size_t i = 0; i < 16 && pair->ends[from].log[i] != NULL; i++) {
			if (from == 0 && i == 0)
				continue; /* for the listener */
			replay(pair, !from, pair->ends[from].log[i]);
		}
	}
	assert_int_equal(pair->ends[1].side_count, sides);
	assert_ptr_equal(ockam_side(pair, 1), responder);
}

static void
everything_again(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(1);
	uint64_t entries[2];

	(void)state;
	ockam_establish(pair);
	check_talking(pair);
	for (int end = 0; end < 2; end++)
		entries[end] = pair->ends[end].entries;
	replay_all(pair);
	ockam_run(pair, 60000);
	for (int end = 0; end < 2; end++) {
		/* the identity and the message; handshake messages that come again are nothing */
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_DUPLICATE], 2);
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_UNAUTHENTIC], 0);
		assert_int_equal(pair->ends[end].entries, entries[end]);
		assert_int_equal(pair->ends[end].received, 1);
	}
	check_talking(pair);
	ockam_pair_free(pair);
}

/* the same while the handshake goes on: each message twice in a row, and all before once more */
static bool
double_each(struct ockam_pair *pair, int from, struct tacit_msg *msg)
{
	if (pair->ends[from].entries == 1 && from == 0)
		return true;
	for (size_t i = from == 0 ? 1 : 0; i < 16 && pair->ends[from].log[i] != NULL; i++)
		ockam_put_entry(pair, !from, pair->ends[from].log[i]);
	ockam_put_entry(pair, !from, msg);
	return true;
}

static void
everything_again_meanwhile(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(2);

	(void)state;
	pair->meddle = double_each;
	ockam_establish(pair);
	assert_int_equal(pair->ends[0].entries, 3);
	assert_int_equal(pair->ends[1].entries, 2);
	check_talking(pair);
	check_talking(pair);
	ockam_pair_free(pair);
}

/* a doubled message 1 makes a second responder, whose message 2 does not verify */
static void
hello_twice(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(3);

	(void)state;
	ockam_start(pair);
	replay(pair, 1, pair->ends[0].log[0]);
	ockam_run(pair, 1000);
	assert_int_equal(pair->ends[1].side_count, 2);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_UNAUTHENTIC], 1);
	assert_int_equal(pair->ends[0].entries, 3);
	ockam_pair_free(pair);
}

/* what was sent comes back: in each of the states */
static void
reflected(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(4);
	struct tacit_ockam_session *session;
	struct tacit_msg *back;

	(void)state;
	ockam_establish(pair);
	check_talking(pair);
	for (int end = 0; end < 2; end++) {
		session = ockam_session(pair, end);
		for (size_t i = 0; pair->ends[end].log[i] != NULL; i++) {
			back = pair_clone(pair->ends[end].log[i]);
			tacit_route_init(&back->onward);
			assert_int_equal(
			    tacit_route_append(&back->onward, tacit_address_worker(session->name)),
			    TACIT_OK);
			ockam_arrive(pair, end, back);
		}
		assert_int_equal(pair->ends[end].events[TACIT_CHANNEL_REFLECTED], 2);
		assert_int_equal(pair->ends[end].sequences[TACIT_CHANNEL_REFLECTED], 1);
	}
	/* messages 1 and 3, and message 2 */
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_UNAUTHENTIC], 2);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], 1);
	check_talking(pair);
	ockam_pair_free(pair);
}

/* our initiator's own first message is no message 2, though it carries a key */
static void
reflected_hello(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(5);
	uint8_t message[96] = {0};
	struct tacit_msg *msg;

	(void)state;
	ockam_start(pair);
	memcpy(message, tacit_msg_payload(pair->ends[0].log[0]) + 1, 32);
	assert_non_null(msg = tacit_msg_new_body(message, sizeof(message)));
	assert_int_equal(
	    tacit_route_append(&msg->onward, tacit_address_worker(ockam_session(pair, 0)->name)),
	    TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("x")), TACIT_OK);
	ockam_arrive(pair, 0, msg);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_UNAUTHENTIC], 1);
	ockam_run(pair, 1000);
	check_talking(pair);
	ockam_pair_free(pair);
}

/* entries of garbage of every length, and with every prefix that means something */
static void
throw_garbage(struct ockam_pair *pair, int to)
{
	static const uint8_t prefixes[] = {0x00, 0x01, 0x10, 0x20, 0x40, 0x60, 0x7f, 0x80, 0xff};
	uint8_t bytes[160];

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		for (size_t i = 0; i < sizeof(prefixes); i++) {
			struct tacit_msg *msg;

			pair_fill(&pair->random, bytes, len);
			bytes[0] = prefixes[i];
			assert_non_null(msg = tacit_msg_copy_of(bytes, len));
			assert_int_equal(tacit_route_append(&msg->onward,
					     tacit_address_worker(ockam_session(pair, to)->name)),
			    TACIT_OK);
			assert_int_equal(
			    tacit_route_append(&msg->ret, tacit_address_worker("x")), TACIT_OK);
			ockam_arrive(pair, to, msg);
		}
	}
}

static bool
throw_between(struct ockam_pair *pair, int from, struct tacit_msg *msg)
{
	(void)msg;
	/* not into the engine that is just sending */
	if (pair->ends[!from].side_count > 0)
		throw_garbage(pair, !from);
	return true;
}

static void
garbage(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(6);

	(void)state;
	pair->meddle = throw_between;
	ockam_establish(pair);
	check_talking(pair);
	assert_true(pair->ends[0].events[TACIT_CHANNEL_UNAUTHENTIC] > 1000);
	assert_true(pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC] > 1000);
	ockam_pair_free(pair);
}

/* each bit of a record flipped, and each cut of it: nothing moves */
static void
damaged_records(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(7);
	const struct tacit_msg *entry;
	struct tacit_msg *damaged;
	tacit_msec heard_at;

	(void)state;
	ockam_establish(pair);
	pair->meddle = ockam_peer_hold_back;
	assert_int_equal(ockam_say(pair, 0, 8), TACIT_OK);
	ockam_run(pair, 1000);
	entry = pair->ends[0].log[3];
	heard_at = ockam_session(pair, 1)->heard_at;
	for (size_t bit = 8; bit < entry->len * 8; bit++) {
		damaged = pair_clone(entry);
		tacit_msg_payload(damaged)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ockam_arrive(pair, 1, damaged);
	}
	for (size_t len = 0; len < entry->len; len++) {
		damaged = pair_clone(entry);
		tacit_msg_truncate(damaged, entry->len - len);
		ockam_arrive(pair, 1, damaged);
	}
	assert_int_equal(
	    pair->ends[1].events[TACIT_CHANNEL_UNAUTHENTIC], entry->len * 8 - 8 + entry->len);
	assert_int_equal(ockam_session(pair, 1)->heard_at, heard_at);
	assert_int_equal(ockam_session(pair, 1)->run->order->next, 1);
	assert_int_equal(ockam_session(pair, 1)->run->order->held_count, 0);
	/* the twin */
	replay(pair, 1, entry);
	assert_int_equal(pair->ends[1].received, 1);
	ockam_pair_free(pair);
}

/* messages 2 and 3 with a bit flipped do not stop the ones that follow */
static bool
forge_before(struct ockam_pair *pair, int from, struct tacit_msg *msg)
{
	struct tacit_msg *forged;

	if (pair->ends[from].entries == 1 && from == 0)
		return true;
	for (size_t bit = 0; bit < msg->len * 8; bit += 7) {
		forged = pair_clone(msg);
		tacit_msg_payload(forged)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ockam_put_entry(pair, !from, forged);
		tacit_msg_unref(forged);
	}
	return true;
}

static void
damaged_handshake(void **state)
{
	struct ockam_pair *pair = ockam_pair_new(8);

	(void)state;
	pair->meddle = forge_before;
	ockam_establish(pair);
	pair->meddle = NULL;
	check_talking(pair);
	ockam_pair_free(pair);
}

/* a peer with the keys ---------------------------------------------------------------------------- */

/* a message inside the encryption: hops of onward behind our E, or without it */
static struct tacit_msg *
inside(const struct ockam_peer *peer, bool to_us, unsigned hops)
{
	struct tacit_msg *msg = tacit_msg_copy_of("payload.", 8);

	assert_non_null(msg);
	if (to_us)
		tacit_route_copy(&msg->onward, &peer->run->peer_entity);
	for (unsigned i = 0; i < hops; i++)
		assert_int_equal(
		    tacit_route_append(&msg->onward, tacit_address_worker("app")), TACIT_OK);
	return msg;
}

/* what is no message for anybody here counts as received, and is not delivered */
static void
check_ignored(struct ockam_peer *peer, uint16_t counter)
{
	const struct ockam_end *end = &peer->pair->ends[peer->us];

	assert_int_equal(end->received, 0);
	assert_int_equal(end->events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(end->events[TACIT_CHANNEL_OPENED], counter);
	assert_int_equal(ockam_session(peer->pair, peer->us)->run->order->next, counter + 1);
}

static void
nobodys_messages(void **state)
{
	static const uint8_t bad[][8] = {
	    {2, 0, 0, 0},             /* another version */
	    {1, 0, 0, 9},             /* a payload that is cut short */
	    {1, 0xff, 0xff, 0xff},    /* a route without end */
	    {1, 1, 0, 0, 0, 0, 0, 0}, /* onward to a worker without a name */
	};
	struct ockam_peer peer;
	uint16_t counter;

	(void)state;
	for (int us = 0; us < 2; us++) {
		counter = 1;
		ockam_peer_init(&peer, 20, us);
		ockam_peer_establish(&peer);
		ockam_peer_seal_raw(&peer, counter, inside(&peer, true, 0));
		check_ignored(&peer, counter++);
		ockam_peer_seal_raw(&peer, counter, inside(&peer, false, 0));
		check_ignored(&peer, counter++);
		ockam_peer_seal_raw(&peer, counter, inside(&peer, false, 2));
		check_ignored(&peer, counter++);
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			ockam_peer_seal_bytes(&peer, counter, bad[i], sizeof(bad[i]));
			check_ignored(&peer, counter++);
		}
		ockam_peer_seal_bytes(&peer, counter, bad[0], 0);
		check_ignored(&peer, counter++);
		/* without a way back there is nobody to answer, and the message is one */
		ockam_peer_seal(&peer, counter, ockam_numbered(0, 8));
		assert_int_equal(peer.pair->ends[us].received, 1);
		assert_string_equal(peer.pair->ends[us].from, "me");
		ockam_peer_fini(&peer);
	}
}

/* routes inside that are as long as ours may be, and longer */
static void
long_routes(void **state)
{
	struct ockam_peer peer;
	struct tacit_msg *msg;

	(void)state;
	ockam_peer_init(&peer, 21, 1);
	ockam_peer_establish(&peer);
	msg = inside(&peer, true, TACIT_ROUTE_HOPS_MAX - 1);
	memset(tacit_msg_payload(msg), 0, 8);
	ockam_peer_seal_raw(&peer, 1, msg);
	assert_int_equal(peer.pair->ends[1].received, 1);
	assert_string_equal(peer.pair->ends[1].from, "");
	ockam_peer_fini(&peer);
}

/* an identity once more, as a record of its own counter, is a message to nobody */
static void
identity_later(void **state)
{
	struct ockam_message message;
	uint8_t *bytes = malloc(OCKAM_MESSAGE_LEN_MAX);
	struct ockam_peer peer;
	struct tacit_msg *inner;

	(void)state;
	assert_non_null(bytes);
	for (int us = 0; us < 2; us++) {
		ockam_peer_init(&peer, 22, us);
		ockam_peer_establish(&peer);
		ockam_peer_identity(&peer, 1, &message);
		inner = tacit_msg_copy_of(bytes, ockam_message_write(&message, bytes));
		assert_non_null(inner);
		ockam_peer_seal(&peer, 1, inner);
		check_ignored(&peer, 1);
		ockam_peer_show(&peer, &message);
		assert_int_equal(peer.pair->ends[us].events[TACIT_CHANNEL_DUPLICATE], 1);
		assert_int_equal(peer.pair->ends[us].events[TACIT_CHANNEL_ESTABLISHED], 1);
		ockam_peer_fini(&peer);
	}
	free(bytes);
}

/* the counter that nobody uses */
static void
last_counter(void **state)
{
	static const uint8_t bytes[8] = {1};
	struct ockam_peer peer;

	(void)state;
	ockam_peer_init(&peer, 23, 0);
	ockam_peer_establish(&peer);
	ockam_peer_seal_bytes(&peer, 65535, bytes, sizeof(bytes));
	assert_int_equal(peer.pair->ends[0].events[TACIT_CHANNEL_UNAUTHENTIC], 1);
	assert_int_equal(peer.pair->ends[0].sequences[TACIT_CHANNEL_UNAUTHENTIC], 65535);
	ockam_peer_seal(&peer, 1, ockam_numbered(0, 8));
	assert_int_equal(peer.pair->ends[0].received, 1);
	ockam_peer_fini(&peer);
}

/* whoever does not read is over, because the other end cannot be told to stop */
static void
unread(void **state)
{
	struct ockam_peer peer;
	struct ockam_end *end;
	uint16_t counter = 1;

	(void)state;
	ockam_peer_init(&peer, 24, 1);
	ockam_peer_establish(&peer);
	end = &peer.pair->ends[1];
	end->hold = true;
	while (end->events[TACIT_CHANNEL_FAILED] == 0 && counter < 2000) {
		ockam_peer_seal(&peer, counter, ockam_numbered(counter - 1u, 60000));
		counter++;
	}
	assert_int_equal(end->err, TACIT_ELIMIT);
	assert_non_null(strstr(end->text, "does not read"));
	assert_in_range(
	    end->received, TACIT_OCKAM_INBOX_BYTES / 60200, TACIT_OCKAM_INBOX_BYTES / 60000);
	ockam_peer_fini(&peer);
}

/* the twin: read now and then */
static void
read_in_time(void **state)
{
	struct ockam_peer peer;

	(void)state;
	ockam_peer_init(&peer, 25, 1);
	ockam_peer_establish(&peer);
	for (uint16_t counter = 1; counter <= 3000; counter++) {
		peer.pair->ends[1].hold = counter % 1000 != 0;
		ockam_peer_seal(&peer, counter, ockam_numbered(counter - 1u, 60000));
	}
	assert_int_equal(peer.pair->ends[1].received, 3000);
	assert_int_equal(peer.pair->ends[1].events[TACIT_CHANNEL_FAILED], 0);
	assert_int_equal(ockam_session(peer.pair, 1)->unread_bytes, 0);
	ockam_peer_fini(&peer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everything_again),
	    cmocka_unit_test(everything_again_meanwhile),
	    cmocka_unit_test(hello_twice),
	    cmocka_unit_test(reflected),
	    cmocka_unit_test(reflected_hello),
	    cmocka_unit_test(garbage),
	    cmocka_unit_test(damaged_records),
	    cmocka_unit_test(damaged_handshake),
	    cmocka_unit_test(nobodys_messages),
	    cmocka_unit_test(long_routes),
	    cmocka_unit_test(identity_later),
	    cmocka_unit_test(last_counter),
	    cmocka_unit_test(unread),
	    cmocka_unit_test(read_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
