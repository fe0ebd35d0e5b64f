/*
 * What a listener remembers of handshakes (PROTOCOL.md 5.3).  The acceptor keeps sessions by their
 * address only, so these are empty.
 */
#include "support/hostile.h"

#define SESSIONS 70

static struct tacit_session sessions[SESSIONS];

static struct tacit_acceptor *
new_acceptor(void)
{
	struct tacit_acceptor *acceptor;

	assert_int_equal(tacit_acceptor_new(&acceptor), TACIT_OK);
	return acceptor;
}

/* a message 1 of its own for each number */
static struct tacit_msg *
hello(unsigned number)
{
	struct tacit_msg *msg = tacit_msg_new(TACIT_MESSAGE_1_LEN);

	assert_non_null(msg);
	memset(tacit_msg_payload(msg), 0, msg->len);
	tacit_msg_payload(msg)[0] = TACIT_KIND_MESSAGE_1;
	memcpy(tacit_msg_payload(msg) + 3, &number, sizeof(number));
	return msg;
}

static enum tacit_hello
hear(struct tacit_acceptor *acceptor, unsigned number, void **ret)
{
	struct tacit_msg *msg = hello(number);
	enum tacit_hello heard = tacit_acceptor_hear(acceptor, msg, ret);

	tacit_msg_unref(msg);
	return heard;
}

static struct tacit_session *
add(struct tacit_acceptor *acceptor, unsigned number)
{
	struct tacit_msg *msg = hello(number);
	struct tacit_session *oldest =
	    tacit_acceptor_add(acceptor, msg, &sessions[number % SESSIONS]);

	tacit_msg_unref(msg);
	return oldest;
}

static void
test_new_again_old(void **state)
{
	struct tacit_acceptor *acceptor = new_acceptor();
	void *session = NULL;

	(void)state;
	assert_int_equal(hear(acceptor, 1, &session), TACIT_HELLO_NEW);
	assert_int_equal(hear(acceptor, 1, &session), TACIT_HELLO_NEW); /* nobody answered it */
	assert_null(session);
	assert_null(add(acceptor, 1));
	assert_int_equal(tacit_acceptor_count(acceptor), 1);
	assert_int_equal(hear(acceptor, 2, &session), TACIT_HELLO_NEW);
	assert_int_equal(hear(acceptor, 1, &session), TACIT_HELLO_AGAIN);
	assert_ptr_equal(session, &sessions[1]);
	tacit_acceptor_remove(acceptor, &sessions[1]);
	assert_int_equal(tacit_acceptor_count(acceptor), 0);
	assert_int_equal(hear(acceptor, 1, &session), TACIT_HELLO_OLD);
	tacit_acceptor_remove(acceptor, &sessions[1]);
	tacit_acceptor_remove(acceptor, &sessions[2]);
	assert_int_equal(tacit_acceptor_count(acceptor), 0);
	tacit_acceptor_free(acceptor);
}

/* every bit of a message 1 makes another one */
static void
test_other_bytes_are_new(void **state)
{
	struct tacit_acceptor *acceptor = new_acceptor();
	void *session;
	struct tacit_msg *msg = hello(1);

	(void)state;
	assert_null(add(acceptor, 1));
	for (size_t bit = 0; bit < TACIT_MESSAGE_1_LEN * 8; bit++) {
		tacit_msg_payload(msg)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(tacit_acceptor_hear(acceptor, msg, &session), TACIT_HELLO_NEW);
		tacit_msg_payload(msg)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(tacit_acceptor_hear(acceptor, msg, &session), TACIT_HELLO_AGAIN);
	tacit_msg_unref(msg);
	tacit_acceptor_free(acceptor);
}

/* 64 are half open; each one more lets the oldest go, whose message 1 then is an old one */
static void
test_oldest_makes_room(void **state)
{
	struct tacit_acceptor *acceptor = new_acceptor();
	void *session;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		assert_null(add(acceptor, i));
	assert_int_equal(tacit_acceptor_count(acceptor), 64);
	assert_ptr_equal(add(acceptor, 64), &sessions[0]);
	assert_int_equal(tacit_acceptor_count(acceptor), 64);
	assert_int_equal(hear(acceptor, 0, &session), TACIT_HELLO_OLD);
	for (unsigned i = 1; i <= 64; i++) {
		assert_int_equal(hear(acceptor, i, &session), TACIT_HELLO_AGAIN);
		assert_ptr_equal(session, &sessions[i]);
	}
	/* one in the middle is over: nobody has to go */
	tacit_acceptor_remove(acceptor, &sessions[30]);
	assert_null(add(acceptor, 65));
	assert_ptr_equal(add(acceptor, 66), &sessions[1]);
	assert_int_equal(hear(acceptor, 29, &session), TACIT_HELLO_AGAIN);
	assert_ptr_equal(session, &sessions[29]);
	assert_int_equal(hear(acceptor, 30, &session), TACIT_HELLO_OLD);
	tacit_acceptor_free(acceptor);
}

/* the last 1,024 are remembered; what is older would begin a handshake that nobody can finish */
static void
test_memory_is_bounded(void **state)
{
	struct tacit_acceptor *acceptor = new_acceptor();
	void *session;

	(void)state;
	for (unsigned i = 0; i < 1025; i++) {
		assert_null(add(acceptor, i));
		tacit_acceptor_remove(acceptor, &sessions[i % SESSIONS]);
	}
	assert_int_equal(hear(acceptor, 0, &session), TACIT_HELLO_NEW);
	for (unsigned i = 1; i < 1025; i++)
		assert_int_equal(hear(acceptor, i, &session), TACIT_HELLO_OLD);
	tacit_acceptor_free(acceptor);
}

/* 65 handshakes begun by somebody who never finishes one; sessions as a listener makes them */
static void
test_flood(void **state)
{
	struct pair *pair = pair_new(800);
	struct tacit_session *made[66], *oldest;
	void *session;
	struct tacit_msg *honest;

	(void)state;
	pair->meddle = hostile_hold_back;
	for (unsigned i = 0; i < 66; i++) {
		struct tacit_session_config config = pair_config(&pair->ends[1]);
		struct tacit_msg *msg;

		if (i == 65)
			pair_start(pair); /* one of them is honest, and comes last */
		msg = i == 65 ? hostile_catch(pair, 0) : hello(i + 2);
		if (i < 65) {
			tacit_msg_payload(msg)[1] = tacit_msg_payload(msg)[2] = 1;
			assert_int_equal(
			    tacit_route_append(&msg->ret, tacit_address_worker("mallory")),
			    TACIT_OK);
		}
		assert_int_equal(tacit_session_new_responder(&config, msg, &made[i]), TACIT_OK);
		oldest = tacit_acceptor_add(pair->acceptor, msg, made[i]);
		assert_ptr_equal(oldest, i < 64 ? NULL : made[i - 64]);
		tacit_session_free(oldest);
		tacit_session_start(made[i], pair->now);
		tacit_msg_unref(msg);
	}
	honest = hostile_catch(pair, 1);
	pair->ends[1].session = made[65];
	pair->meddle = NULL;
	hostile_replay(pair, 0, honest);
	tacit_msg_unref(honest);
	pair_run(pair, 1000);
	assert_int_equal(pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED], 1);
	assert_int_equal(tacit_acceptor_count(pair->acceptor), 63);
	/* the others time out, each at its own 30 s */
	for (unsigned i = 2; i < 65; i++) {
		tacit_session_tick(made[i], 1000 + 29999);
		assert_int_equal(tacit_session_state(made[i]), TACIT_SESSION_ANSWERED);
		tacit_session_tick(made[i], 1000 + 30000);
		assert_int_equal(tacit_session_state(made[i]), TACIT_SESSION_OVER);
		assert_int_equal(pair->ends[1].err, TACIT_ETIMEDOUT);
		tacit_acceptor_remove(pair->acceptor, made[i]);
		tacit_session_free(made[i]);
	}
	assert_int_equal(tacit_acceptor_count(pair->acceptor), 0);
	assert_int_equal(hear(pair->acceptor, 2, &session), TACIT_HELLO_NEW);
	pair_free(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_new_again_old),
	    cmocka_unit_test(test_other_bytes_are_new),
	    cmocka_unit_test(test_oldest_makes_room),
	    cmocka_unit_test(test_memory_is_bounded),
	    cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
