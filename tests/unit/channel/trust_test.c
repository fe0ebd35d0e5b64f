/*
 * Who may be at the other end (PROTOCOL.md 5.5): each policy refuses the wrong identity, at either
 * end; established is told by nobody then, and an initiator's identity is shown to no one but a
 * responder that it trusts.
 */
#include "support/hostile.h"

/* what crossed the path, to be searched */
static uint8_t seen[1 << 20];
static size_t seen_len;
static unsigned proofs; /* messages 3 among it */

static bool
watch_path(struct pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	(void)from;
	assert_true(msg->len <= sizeof(seen) - seen_len);
	memcpy(seen + seen_len, tacit_msg_payload(msg), msg->len);
	seen_len += msg->len;
	if (tacit_msg_payload(msg)[0] == TACIT_KIND_MESSAGE_3)
		proofs++;
	return true;
}

static bool
was_seen(const void *bytes, size_t len)
{
	for (size_t i = 0; i + len <= seen_len; i++) {
		if (memcmp(seen + i, bytes, len) == 0)
			return true;
	}
	return false;
}

/* neither the identifier, nor its text, nor any key of its history */
static void
check_not_seen(const struct tacit_identity *identity)
{
	char text[TACIT_IDENTIFIER_TEXT_LEN];

	tacit_identifier_format(&identity->identifier, text);
	assert_false(was_seen(identity->identifier.b, 32));
	assert_false(was_seen(text + 1, 64));
	for (size_t i = 0; i < identity->history.count; i++)
		assert_false(was_seen(identity->history.changes[i].key.b, 32));
}

static struct pair *
watched_pair(uint64_t seed)
{
	struct pair *pair = pair_new(seed);

	seen_len = proofs = 0;
	pair->meddle = watch_path;
	return pair;
}

static void
trust_exactly(struct pair *pair, int who, const struct tacit_identifier *identifier)
{
	tacit_policy_fini(&pair->ends[who].policy);
	assert_int_equal(tacit_policy_exactly(identifier, 1, &pair->ends[who].policy), TACIT_OK);
}

static const struct tacit_identifier *
identifier_of(const struct pair *pair, int who)
{
	return &pair->ends[who].identity.identifier;
}

static void
check_not_established(const struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_ESTABLISHED], 0);
		assert_int_equal(pair->ends[i].received, 0);
		assert_int_equal(pair->ends[i].events[TACIT_CHANNEL_FAILED], 1);
	}
}

/* the initiator judges before it shows itself */
static void
check_initiator_refused(struct pair *pair)
{
	pair_start(pair);
	pair_run(pair, 40000);
	check_not_established(pair);
	assert_int_equal(pair->ends[0].err, TACIT_EUNTRUSTED);
	assert_int_equal(pair->ends[1].err, TACIT_ETIMEDOUT);
	assert_int_equal(proofs, 0);
	assert_null(tacit_session_peer(pair->ends[1].session));
	assert_int_equal(pair->ends[0].entries, 1);
	assert_int_equal(tacit_session_state(pair->ends[0].session), TACIT_SESSION_OVER);
	check_not_seen(&pair->ends[0].identity);
	check_not_seen(&pair->ends[1].identity);
	pair_free(pair);
}

/* the responder answers a proven identity that it does not trust, and says no more than that */
static void
check_responder_refused(struct pair *pair)
{
	pair_start(pair);
	pair_run(pair, 3000);
	check_not_established(pair);
	assert_int_equal(pair->ends[0].err, TACIT_EREFUSED);
	assert_int_equal(pair->ends[1].err, TACIT_EUNTRUSTED);
	/* whoever is refused has a name */
	assert_true(tacit_identifier_equal(
	    tacit_session_peer(pair->ends[1].session), identifier_of(pair, 0)));
	assert_int_equal(tacit_session_state(pair->ends[0].session), TACIT_SESSION_OVER);
	assert_int_equal(tacit_session_state(pair->ends[1].session), TACIT_SESSION_REFUSING);
	check_not_seen(&pair->ends[0].identity);
	check_not_seen(&pair->ends[1].identity);
	pair_run(pair, 30000);
	assert_int_equal(tacit_session_state(pair->ends[1].session), TACIT_SESSION_OVER);
	check_not_established(pair);
	pair_free(pair);
}

static void
test_right_identity_by_exactly(void **state)
{
	struct pair *pair = watched_pair(201);

	(void)state;
	trust_exactly(pair, 0, identifier_of(pair, 1));
	trust_exactly(pair, 1, identifier_of(pair, 0));
	pair_establish(pair);
	for (int i = 0; i < 2; i++)
		assert_true(tacit_identifier_equal(
		    tacit_session_peer(pair->ends[i].session), identifier_of(pair, !i)));
	assert_int_equal(proofs, 1);
	assert_int_equal(pair_say(pair, 0, 200), TACIT_OK);
	assert_int_equal(pair_say(pair, 1, 200), TACIT_OK);
	pair_run(pair, 1000);
	tacit_session_close(pair->ends[0].session, pair->now);
	pair_run(pair, 1000);
	assert_int_equal(pair->ends[0].received + pair->ends[1].received, 2);
	check_not_seen(&pair->ends[0].identity);
	check_not_seen(&pair->ends[1].identity);
	pair_free(pair);
}

/* an identity with a full history shows in no length either */
static void
test_rotated_identity(void **state)
{
	struct pair *pair = watched_pair(202);
	size_t len;

	(void)state;
	pair_establish(pair);
	len = seen_len;
	pair_free(pair);
	pair = watched_pair(202);
	for (int i = 0; i < 7; i++)
		assert_int_equal(tacit_identity_rotate(&pair->ends[0].identity), TACIT_OK);
	assert_int_equal(tacit_identity_rotate(&pair->ends[0].identity), TACIT_ELIMIT);
	trust_exactly(pair, 1, identifier_of(pair, 0));
	pair_establish(pair);
	assert_int_equal(seen_len, len);
	check_not_seen(&pair->ends[0].identity);
	pair_free(pair);
}

static void
test_initiator_refuses_another(void **state)
{
	struct pair *pair = watched_pair(203);
	struct tacit_identifier almost = *identifier_of(pair, 1);

	(void)state;
	almost.b[31] ^= 1;
	trust_exactly(pair, 0, &almost);
	check_initiator_refused(pair);
}

static void
test_initiator_refuses_by_an_empty_policy(void **state)
{
	struct pair *pair = watched_pair(204);

	(void)state;
	tacit_policy_fini(&pair->ends[0].policy); /* leaves zeros */
	check_initiator_refused(pair);
}

/* gives the responder the identity of the initiator, and keeps its own for it */
static void
share_identity(struct pair *pair, struct tacit_identity *ret_kept)
{
	*ret_kept = pair->ends[1].identity;
	pair->ends[1].identity = pair->ends[0].identity;
}

static void
test_initiator_refuses_itself(void **state)
{
	struct pair *pair = watched_pair(205);
	struct tacit_identity kept;

	(void)state;
	share_identity(pair, &kept);
	pair_start(pair);
	pair_run(pair, 40000);
	check_not_established(pair);
	assert_int_equal(pair->ends[0].err, TACIT_EUNTRUSTED);
	assert_non_null(strstr(pair->ends[0].text, "our own identity"));
	assert_int_equal(proofs, 0);
	pair->ends[1].identity = kept;
	pair_free(pair);
}

static void
test_responder_refuses_another(void **state)
{
	struct pair *pair = watched_pair(206);
	struct tacit_identifier almost = *identifier_of(pair, 0);

	(void)state;
	almost.b[0] ^= 0x80;
	trust_exactly(pair, 1, &almost);
	check_responder_refused(pair);
}

static void
test_responder_refuses_by_an_empty_policy(void **state)
{
	struct pair *pair = watched_pair(207);

	(void)state;
	tacit_policy_fini(&pair->ends[1].policy);
	check_responder_refused(pair);
}

/* whoever proves our own identity to us is nobody to talk to */
static void
test_responder_refuses_itself(void **state)
{
	struct pair *pair = watched_pair(208);
	struct tacit_session_config config;
	struct tacit_identity kept;
	struct tacit_route route;

	(void)state;
	/* the initiator has the responder's identity, and does not know itself: its own is swapped
	 * back once message 3 has left */
	share_identity(pair, &kept);
	pair->meddle = hostile_hold_back;
	config = pair_config(&pair->ends[0]);
	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("listener")), TACIT_OK);
	assert_int_equal(
	    tacit_session_new_initiator(&config, &route, &pair->ends[0].session), TACIT_OK);
	tacit_session_start(pair->ends[0].session, pair->now);
	pair->ends[1].identity = kept;
	pair_listen(pair, hostile_catch(pair, 0));
	hostile_replay(pair, 0, pair->ends[1].last_entry);
	assert_int_equal(tacit_session_state(pair->ends[0].session), TACIT_SESSION_PROOF_SENT);
	share_identity(pair, &kept);
	pair->meddle = NULL;
	hostile_replay(pair, 1, pair->ends[0].last_entry);
	pair_run(pair, 1000);
	assert_int_equal(pair->ends[1].err, TACIT_EUNTRUSTED);
	assert_non_null(strstr(pair->ends[1].text, "our own identity"));
	assert_int_equal(pair->ends[0].err, TACIT_EREFUSED);
	check_not_established(pair);
	pair->ends[1].identity = kept;
	pair_free(pair);
}

static unsigned verdicts;

static bool
lose_two_verdicts(struct pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	return from == 0 || tacit_msg_payload(msg)[0] != TACIT_KIND_RECORDS || verdicts++ >= 2;
}

/* REFUSED is lost, message 3 comes again, and so does REFUSED */
static void
test_refused_again(void **state)
{
	struct pair *pair = watched_pair(209);
	struct tacit_identifier nobody = {{1}};

	(void)state;
	trust_exactly(pair, 1, &nobody);
	verdicts = 0;
	pair->meddle = lose_two_verdicts;
	pair_start(pair);
	pair_run(pair, 3000);
	assert_int_equal(verdicts, 3);
	assert_int_equal(pair->ends[0].err, TACIT_EREFUSED);
	check_not_established(pair);
	pair_free(pair);
}

static void
test_accepted_again(void **state)
{
	struct pair *pair = watched_pair(210);

	(void)state;
	verdicts = 0;
	pair->meddle = lose_two_verdicts;
	pair_start(pair);
	pair_run(pair, 400);
	/* the responder has accepted; the initiator cannot know, and may not say so */
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 0);
	assert_int_equal(pair_say(pair, 0, 100), TACIT_ECLOSED);
	pair_run(pair, 3000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 1);
	pair_free(pair);
}

/* messages that the responder sent before ACCEPTED arrived wait for it */
static void
test_data_before_accepted(void **state)
{
	struct pair *pair = watched_pair(211);

	(void)state;
	verdicts = 0;
	pair->meddle = lose_two_verdicts;
	pair_start(pair);
	pair_run(pair, 100);
	pair->meddle = NULL;
	hostile_seal(pair, 1, TACIT_RECORD_DATA, 0,
	    (const uint8_t *)"\x01\x01\x01\x00\x03"
			     "app\x00\x08\0\0\0\0\0\0\0\0",
	    18);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_OPENED], 1);
	assert_int_equal(pair->ends[0].received, 0);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 0);
	pair->ends[1].session->outbox.next = 1; /* the far end did send one */
	pair->ends[1].session->outbox.first = 1;
	pair_run(pair, 3000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(pair->ends[0].received, 1);
	pair_free(pair);
}

/* what the port was told of the other end, and what it says */
struct port {
	unsigned asked;
	struct tacit_identifier own, peer;
	uint8_t changes;
	tacit_err answer;
};

static tacit_err
ask(void *arg, const struct tacit_claim *claim, struct tacit_reason *ret)
{
	struct port *port = arg;

	port->asked++;
	port->own = *claim->own;
	port->peer = *claim->peer;
	port->changes = claim->history->count;
	if (port->answer != TACIT_OK)
		snprintf(ret->text, sizeof(ret->text), "the disk is full");
	return port->answer;
}

/* both ends ask theirs, once, about whom they have before them; ports[i] answers for end i */
static struct pair *
asking_pair(uint64_t seed, struct port ports[2])
{
	struct pair *pair = watched_pair(seed);

	assert_int_equal(tacit_identity_rotate(&pair->ends[0].identity), TACIT_OK);
	for (int i = 0; i < 2; i++)
		pair->ends[i].policy.port = (struct tacit_policy_port){ask, &ports[i]};
	return pair;
}

static void
test_asked_with_the_history(void **state)
{
	struct port ports[2] = {{.answer = TACIT_OK}, {.answer = TACIT_OK}};
	struct pair *pair = asking_pair(212, ports);

	(void)state;
	pair_establish(pair);
	pair_run(pair, 3000);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ports[i].asked, 1);
		assert_true(tacit_identifier_equal(&ports[i].own, identifier_of(pair, i)));
		assert_true(tacit_identifier_equal(&ports[i].peer, identifier_of(pair, !i)));
	}
	assert_int_equal(ports[0].changes, 1);
	assert_int_equal(ports[1].changes, 2);
	pair_free(pair);
}

/* what could not be remembered is an error of its own here, and a refusal there */
static void
test_asked_in_vain(void **state)
{
	struct port ports[2] = {{.answer = TACIT_ENOSPACE}, {.answer = TACIT_OK}};
	struct pair *pair = asking_pair(213, ports);

	(void)state;
	pair_start(pair);
	pair_run(pair, 40000);
	check_not_established(pair);
	assert_int_equal(pair->ends[0].err, TACIT_ENOSPACE);
	assert_string_equal(pair->ends[0].text, "the disk is full");
	assert_int_equal(proofs, 0);
	assert_int_equal(ports[1].asked, 0);
	pair_free(pair);
	ports[0] = (struct port){.answer = TACIT_OK};
	ports[1] = (struct port){.answer = TACIT_ENOSPACE};
	pair = asking_pair(214, ports);
	pair_start(pair);
	pair_run(pair, 3000);
	check_not_established(pair);
	assert_int_equal(pair->ends[0].err, TACIT_EREFUSED);
	assert_int_equal(pair->ends[1].err, TACIT_ENOSPACE);
	assert_string_equal(pair->ends[1].text, "the disk is full");
	assert_int_equal(ports[1].asked, 1);
	pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_right_identity_by_exactly),
	    cmocka_unit_test(test_rotated_identity),
	    cmocka_unit_test(test_initiator_refuses_another),
	    cmocka_unit_test(test_initiator_refuses_by_an_empty_policy),
	    cmocka_unit_test(test_initiator_refuses_itself),
	    cmocka_unit_test(test_responder_refuses_another),
	    cmocka_unit_test(test_responder_refuses_by_an_empty_policy),
	    cmocka_unit_test(test_responder_refuses_itself),
	    cmocka_unit_test(test_refused_again),
	    cmocka_unit_test(test_accepted_again),
	    cmocka_unit_test(test_data_before_accepted),
	    cmocka_unit_test(test_asked_with_the_history),
	    cmocka_unit_test(test_asked_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
