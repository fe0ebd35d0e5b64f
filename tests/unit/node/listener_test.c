/* Listeners: many channels at once, what is no handshake, and strangers who want to displace others */
#include "support/ends.h"

#include "base/limits.h"
#include "node/channel.h"

#define CHANNELS 30

static void
thirty_channels(void **state)
{
	(void)state;
	for (int path = ENDS_INPROC; path <= ENDS_TCP; path++) {
		struct ends *ends = ends_new((enum ends_path)path, NULL);
		struct tacit_channel *chans[CHANNELS];
		struct tacit_msg *msg;

		for (unsigned i = 0; i < CHANNELS; i++)
			chans[i] = ends_open(ends);
		/* all at once, each message through its own */
		for (unsigned i = 0; i < 10 * CHANNELS; i++)
			assert_int_equal(
			    tacit_send_text(ends->app,
				ends_route(ends, chans[i % CHANNELS], "echoer"), "Hello"),
			    TACIT_OK);
		for (unsigned i = 0; i < 10 * CHANNELS; i++) {
			assert_non_null(msg = tacit_receive(ends->app, 20000));
			tacit_msg_free(msg);
		}
		for (unsigned i = 0; i < CHANNELS; i++)
			assert_int_equal(tacit_channel_close(chans[i]), TACIT_OK);
		assert_int_equal(ends->echoed, 10 * CHANNELS);
		assert_int_equal(ends->events[TACIT_CHANNEL_ESTABLISHED], CHANNELS);
		assert_int_equal(ends->events[TACIT_CHANNEL_CLOSED], CHANNELS);
		assert_int_equal(tacit_node_err(ends->alice), TACIT_OK);
		ends_free(ends);
	}
}

/* messages to the listener that begin no handshake make nothing */
static void
what_is_no_handshake_makes_nothing(void **state)
{
	static const char *const texts[] = {"", "\x01", "\x01\x01\x01", "\x02\x01\x01", "hello"};
	struct ends *ends = ends_new(ENDS_TCP, NULL);
	unsigned workers = ends_count(&ends->bob->workers);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tacit_msg *msg = tacit_msg_copy_of(texts[i], strlen(texts[i]));

		assert_non_null(msg);
		tacit_route_copy(&msg->onward, ends->listener_route);
		assert_int_equal(
		    tacit_route_append(&msg->ret, tacit_address_worker("app")), TACIT_OK);
		tacit_node_route(ends->alice, msg);
	}
	ends_check_echo(ends, ends_open(ends), "Hello");
	assert_null(tacit_receive(ends->app, 20));
	/* the channel's two */
	assert_int_equal(ends_count(&ends->bob->workers), workers + 2);
	assert_true(lines_have(&ends->lines, "begins no handshake"));
	assert_true(lines_have(&ends->lines, "a handshake was not answered"));
	ends_free(ends);
}

#define BATCH 60

struct strangers {
	struct tacit_channel *chans[BATCH];
	unsigned count;
};

static int
all_over(void *arg)
{
	const struct strangers *strangers = arg;

	for (unsigned i = 0; i < strangers->count; i++) {
		if (strangers->chans[i]->open)
			return 0;
	}
	return 1;
}

/* many handshakes at once, all of them refused */
static void
knock(struct ends *ends, struct tacit_entity *entity, unsigned count)
{
	struct tacit_channel_parts parts = {.entity = entity,
	    .trust = tacit_trust_everyone(ends->alice),
	    .route = ends->listener_route};
	struct strangers strangers = {.count = count};

	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(
		    tacit_channel_bind(ends->alice, &parts, &strangers.chans[i]), TACIT_OK);
		strangers.chans[i]->engine.ops->start(
		    strangers.chans[i]->engine.self, tacit_node_now(ends->alice));
	}
	assert_int_equal(tacit_node_wait(ends->alice, all_over, &strangers, 60000), TACIT_OK);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(strangers.chans[i]->err, TACIT_EREFUSED);
		tacit_channel_unbind(strangers.chans[i]);
	}
}

/* refused handshakes are remembered for half a minute; those who make thousands of them displace
 * each other, and nobody who was accepted */
static void
strangers_displace_nobody(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	struct tacit_entity *stranger = tacit_entity_new(ends->alice, tacit_vault_new(ends->alice));
	struct tacit_channel *chan = ends_open(ends);
	unsigned left = TACIT_CHANNELS_MAX + BATCH;

	(void)state;
	while (left > 0) {
		unsigned count = left < BATCH ? left : BATCH;

		knock(ends, stranger, count);
		left -= count;
	}
	ends_check_echo(ends, chan, "Hello");
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
	assert_int_equal(ends->events[TACIT_CHANNEL_TRUNCATED], 0);
	assert_true(
	    ends_count(&ends->bob->workers) < 2 * (TACIT_CHANNELS_MAX + TACIT_HALF_OPEN_MAX) + 10);
	ends_free(ends);
}

struct driver {
	struct tacit_node *driven, *driving;
	struct tacit_alarm *alarm; /* in the loop of the driving one */
};

static void
drive(void *arg)
{
	struct driver *driver = arg;

	(void)tacit_node_wait(driver->driven, NULL, NULL, 0);
	tacit_alarm_set(driver->alarm, tacit_node_now(driver->driving) + 1);
}

static void
a_listener_says_goodbye_and_waits(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	struct tacit_channel *one = ends_open(ends), *other = ends_open(ends);
	struct tacit_node *bob = ends->bob;
	struct driver driver = {ends->alice, bob, NULL};

	(void)state;
	assert_int_equal(tacit_listener_close(NULL, 1), TACIT_EINVAL);
	/* from here on bob's loop drives alice's, and not the other way round */
	ends->bob = NULL;
	tacit_node_stop(bob);
	assert_int_equal(tacit_listener_close(ends->listener, 20), TACIT_ETIMEDOUT);
	assert_int_equal(ends->events[TACIT_CHANNEL_CLOSED], 0);
	driver.alarm = tacit_alarm_new(bob, drive, &driver);
	tacit_alarm_set(driver.alarm, tacit_node_now(bob));
	assert_int_equal(tacit_listener_close(ends->listener, 20000), TACIT_OK);
	assert_int_equal(tacit_channel_state(one), TACIT_SESSION_LINGERING);
	assert_int_equal(tacit_channel_state(other), TACIT_SESSION_LINGERING);
	assert_int_equal(tacit_listener_close(ends->listener, 1), TACIT_OK);
	tacit_alarm_free(driver.alarm);
	ends->bob = bob;
	ends_free(ends);
}

static void
listeners_want_all_they_need(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	const struct tacit_trust *trust = tacit_trust_everyone(ends->bob);

	(void)state;
	assert_null(tacit_listener_start(NULL, "l", ends->bob_entity, trust));
	tacit_listener_watch(NULL, NULL, NULL);
	assert_null(tacit_listener_start(ends->bob, "l", ends->bob_entity, NULL));
	assert_int_equal(tacit_node_err(ends->bob), TACIT_EINVAL);
	tacit_node_clear_err(ends->bob);
	assert_null(tacit_listener_start(ends->bob, "listener", ends->bob_entity, trust));
	assert_int_equal(tacit_node_err(ends->bob), TACIT_EEXIST);
	ends_free(ends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(thirty_channels),
	    cmocka_unit_test(what_is_no_handshake_makes_nothing),
	    cmocka_unit_test(strangers_displace_nobody),
	    cmocka_unit_test(a_listener_says_goodbye_and_waits),
	    cmocka_unit_test(listeners_want_all_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
