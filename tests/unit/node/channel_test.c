/* Channels between two nodes: opening, who is trusted, echoes, acknowledging, closing, ends */
#include "support/ends.h"

#include "base/limits.h"

static const enum ends_path paths[] = {ENDS_INPROC, ENDS_TCP};

static const char stranger[] = "P0000000000000000000000000000000000000000000000000000000000000001";

static void
messages_are_echoed_and_the_close_confirmed(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);
		struct tacit_channel *chan = ends_open(ends);

		assert_string_equal(
		    tacit_channel_peer(chan), tacit_entity_identifier(ends->bob_entity));
		ends_check_echo(ends, chan, "Hello");
		ends_check_echo(ends, chan, "");
		assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_OK);
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		assert_int_equal(tacit_node_err(ends->alice), TACIT_OK);
		assert_int_equal(ends->events[TACIT_CHANNEL_ESTABLISHED], 1);
		assert_int_equal(ends->events[TACIT_CHANNEL_CLOSED], 1);
		assert_int_equal(ends->events[TACIT_CHANNEL_TRUNCATED], 0);
		/* nothing goes through it any more */
		assert_int_equal(
		    tacit_send_text(ends->app, ends_route(ends, chan, "echoer"), "late"),
		    TACIT_ECLOSED);
		assert_int_equal(ends->echoed, 2);
		ends_free(ends);
	}
}

/* no entity of a name that nobody expects: not bob's, not alice's, and not one's own */
static void
others_are_refused_by_both_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);

		assert_null(ends_open_to(ends, stranger));
		assert_int_equal(tacit_node_err(ends->alice), TACIT_EUNTRUSTED);
		assert_int_equal(ends->events[TACIT_CHANNEL_ESTABLISHED], 0);
		ends_free(ends);

		ends = ends_new(paths[i], stranger);
		assert_null(ends_open_to(ends, tacit_entity_identifier(ends->bob_entity)));
		assert_int_equal(tacit_node_err(ends->alice), TACIT_EREFUSED);
		assert_int_equal(ends->events[TACIT_CHANNEL_ESTABLISHED], 0);
		assert_int_equal(ends->events[TACIT_CHANNEL_FAILED], 1);
		assert_int_equal(ends->err, TACIT_EUNTRUSTED);
		assert_string_equal(ends->failed_peer, tacit_entity_identifier(ends->alice_entity));
		ends_free(ends);
	}
}

/* a program that tries again and again does not grow, and its tries do not come back to life */
static void
a_channel_that_did_not_open_leaves_nothing(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	unsigned workers = ends_count(&ends->alice->workers);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_null(ends_open_to(ends, stranger));
		assert_int_equal(tacit_node_err(ends->alice), TACIT_EUNTRUSTED);
		tacit_node_clear_err(ends->alice);
	}
	assert_int_equal(ends_count(&ends->alice->workers), workers);
	assert_int_equal(tacit_channel_close(ends_open(ends)), TACIT_OK);
	ends_free(ends);
}

/* nothing waits for an answer from where nothing was sent */
static void
a_route_to_nowhere_is_said_at_once(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);

	(void)state;
	ends->listener_route = tacit_route_new(ends->alice, "nobody", "listener", NULL);
	assert_null(ends_open_to(ends, stranger));
	assert_int_equal(tacit_node_err(ends->alice), TACIT_ENOTFOUND);
	ends_free(ends);
}

static void
stop(void *arg)
{
	tacit_node_stop(arg);
}

static void
a_stop_ends_opening(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	const struct tacit_route *nowhere =
	    tacit_route_new(ends->alice, ends->peer, "nobody", NULL);
	unsigned workers = ends_count(&ends->alice->workers);

	(void)state;
	tacit_timer_after(ends->alice, 20, stop, ends->alice);
	assert_null(tacit_channel_open(ends->alice, ends->alice_entity, nowhere,
	    tacit_trust_exactly(ends->alice, stranger, NULL)));
	assert_int_equal(tacit_node_err(ends->alice), TACIT_OK);
	assert_int_equal(ends_count(&ends->alice->workers), workers);
	ends_free(ends);
}

/* far more than the first window and a mailbox's echo each: bob's replies wait inside */
static void
a_thousand_echoes_on_the_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);
		struct tacit_channel *chan = ends_open(ends);
		const struct tacit_route *route = ends_route(ends, chan, "echoer");
		char text[32];

		for (unsigned n = 0; n < 1000; n++) {
			snprintf(text, sizeof(text), "message %u", n);
			assert_int_equal(tacit_send_text(ends->app, route, text), TACIT_OK);
		}
		for (unsigned n = 0; n < 1000; n++) {
			struct tacit_msg *msg = tacit_receive(ends->app, 20000);

			snprintf(text, sizeof(text), "message %u", n);
			assert_non_null(msg);
			assert_string_equal(tacit_msg_text(msg), text);
			tacit_msg_free(msg);
		}
		assert_null(tacit_receive(ends->app, 50));
		assert_int_equal(ends->echoed, 1000);
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		ends_free(ends);
	}
}

/* one message makes a handler say more than the first window lets out */
static void
flood(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(tacit_reply(ctx, msg, &i, sizeof(i)), TACIT_OK);
}

static void
a_handler_may_say_more_than_a_window(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	struct tacit_channel *chan = ends_open(ends);

	(void)state;
	assert_non_null(tacit_worker_start(ends->bob, "flood", flood, NULL));
	assert_int_equal(
	    tacit_send_text(ends->app, ends_route(ends, chan, "flood"), "go"), TACIT_OK);
	for (unsigned i = 0; i < 5000; i++) {
		struct tacit_msg *msg = tacit_receive(ends->app, 20000);
		size_t len;

		assert_non_null(msg);
		assert_memory_equal(tacit_msg_data(msg, &len), &i, sizeof(i));
		tacit_msg_free(msg);
	}
	ends_free(ends);
}

static void
what_lies_in_a_mailbox_is_not_acknowledged(void **state)
{
	struct ends *ends = ends_new(ENDS_TCP, NULL);
	struct tacit_channel *chan = ends_open(ends);
	struct tacit_context *box = tacit_context_new(ends->bob, "box");
	const struct tacit_route *route = ends_route(ends, chan, "box");
	const char *alice = tacit_entity_identifier(ends->alice_entity);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tacit_send_text(ends->app, route, "hi"), TACIT_OK);
	assert_int_equal(tacit_channel_flush(chan, 200), TACIT_ETIMEDOUT);
	for (unsigned i = 0; i < 3; i++) {
		struct tacit_msg *msg = ends_receive(ends, box);

		assert_string_equal(tacit_msg_sender(msg), alice);
		assert_int_equal(tacit_channel_flush(chan, i < 2 ? 100 : 20000),
		    i < 2 ? TACIT_ETIMEDOUT : TACIT_OK);
	}
	/* a message for nobody keeps nothing waiting */
	assert_int_equal(
	    tacit_send_text(ends->app, ends_route(ends, chan, "nobody"), "hi"), TACIT_OK);
	assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_OK);
	assert_int_equal(tacit_node_err(ends->alice), TACIT_OK);
	ends_free(ends);
}

static void
note_channel(void *arg, const struct tacit_channel_event *event)
{
	if (event->kind == TACIT_CHANNEL_ESTABLISHED)
		snprintf(arg, 128, "%s", tacit_channel_address(event->channel));
}

/* of two channels of one party each message says which one it came through */
static void
a_message_names_its_channel(void **state)
{
	struct ends *ends = ends_new(ENDS_TCP, NULL);
	struct tacit_context *box = tacit_context_new(ends->bob, "box");
	struct tacit_channel *chans[2];
	char names[2][128] = {""};
	struct tacit_msg *msg;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tacit_listener_watch(ends->listener, note_channel, names[i]);
		chans[i] = ends_open(ends);
	}
	assert_string_not_equal(names[0], names[1]);
	for (size_t i = 0; i < 4; i++) {
		const struct tacit_route *route = ends_route(ends, chans[i % 2], "box");

		assert_int_equal(tacit_send_text(ends->app, route, "hi"), TACIT_OK);
		assert_int_equal(tacit_channel_flush(chans[i % 2], 100), TACIT_ETIMEDOUT);
		msg = ends_receive(ends, box);
		assert_string_equal(tacit_msg_channel(msg), names[i % 2]);
		assert_string_equal(
		    tacit_msg_sender(msg), tacit_entity_identifier(ends->alice_entity));
	}
	ends_free(ends);
}

/* the same worker that a channel reaches is out of reach for the peer without one, and for a
 * record's bytes that nobody sealed */
static void
plaintext_reaches_no_worker(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);
		struct tacit_channel *chan = ends_open(ends);
		const struct tacit_route *plain =
		    tacit_route_new(ends->alice, ends->peer, "echoer", NULL);

		assert_int_equal(tacit_send_text(ends->app, plain, "plain"), TACIT_OK);
		ends_check_echo(ends, chan, "sealed");
		assert_null(tacit_receive(ends->app, 50));
		assert_int_equal(ends->echoed, 1);
		assert_true(lines_have(&ends->lines, "does not hear senders of this kind"));
		ends_free(ends);
	}
}

/* an authenticated peer reaches workers, and nothing that leads out of the node */
static void
a_peer_makes_nobody_send(void **state)
{
	struct ends *ends = ends_new(ENDS_TCP, NULL);
	struct tacit_channel *chan = ends_open(ends);
	const struct tacit_route *route = tacit_route_new(
	    ends->alice, tacit_channel_address(chan), "1#127.0.0.1:1", "redis", NULL);

	(void)state;
	assert_int_equal(tacit_send_text(ends->app, route, "relay this"), TACIT_OK);
	assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_OK);
	assert_true(lines_have(&ends->lines, "dropped a message for [1#127.0.0.1:1"));
	assert_int_equal(tacit_node_err(ends->bob), TACIT_OK);
	ends_free(ends);
}

/* a node that is freed says goodbye on its channels */
static void
the_far_node_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);
		struct tacit_channel *chan = ends_open(ends);

		ends_check_echo(ends, chan, "Hello");
		ends_free_bob(ends);
		assert_null(tacit_receive(ends->app, 20000));
		assert_int_equal(tacit_node_err(ends->alice), TACIT_ECLOSED);
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		ends_free(ends);
	}
}

static void
count_events(void *arg, const struct tacit_channel_event *event)
{
	++((unsigned *)arg)[event->kind];
}

static int
was_closed(void *arg)
{
	return ((unsigned *)arg)[TACIT_CHANNEL_CLOSED] > 0;
}

/* what lies unread at the end that goes was not delivered, and nobody says that it was */
static void
the_far_node_goes_with_messages_unread(void **state)
{
	struct ends *ends = ends_new(ENDS_TCP, NULL);
	struct tacit_channel *chan = ends_open(ends);
	unsigned events[TACIT_CHANNEL_FAILED + 1] = {0};

	(void)state;
	tacit_channel_watch_events(chan, count_events, events);
	assert_non_null(tacit_context_new(ends->bob, "box"));
	assert_int_equal(
	    tacit_send_text(ends->app, ends_route(ends, chan, "box"), "unread"), TACIT_OK);
	assert_int_equal(tacit_channel_flush(chan, 100), TACIT_ETIMEDOUT);
	ends_free_bob(ends);
	assert_int_equal(tacit_node_wait(ends->alice, was_closed, events, 20000), TACIT_OK);
	/* it is watched: nothing is remembered */
	assert_int_equal(tacit_node_err(ends->alice), TACIT_OK);
	assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_ECLOSED);
	assert_int_equal(tacit_channel_close(chan), TACIT_EUNCONFIRMED);
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EUNCONFIRMED);
	ends_free(ends);
}

/* who is told to go does not wait for an end that stands still, but for one that does not */
static void
a_close_may_have_an_end(void **state)
{
	struct ends *ends = ends_new(ENDS_TCP, NULL);
	struct tacit_channel *chan = ends_open(ends), *quick = ends_open(ends);

	(void)state;
	assert_non_null(tacit_context_new(ends->bob, "box"));
	assert_int_equal(
	    tacit_send_text(ends->app, ends_route(ends, chan, "box"), "unread"), TACIT_OK);
	tacit_node_stop(ends->alice);
	assert_int_equal(tacit_channel_close_within(quick, 20000), TACIT_OK);
	assert_int_equal(tacit_channel_close_within(chan, 100), TACIT_EUNCONFIRMED);
	assert_non_null(strstr(tacit_node_errmsg(ends->alice), "did not confirm in time"));
	assert_int_equal(tacit_channel_close_within(NULL, 100), TACIT_OK);
	ends_free(ends);
}

/* freed with sealed, unsealed, received and acknowledged messages everywhere, in every order */
static void
nodes_go_in_the_middle_of_everything(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 12; n++) {
		struct ends *ends = ends_new(paths[n % 2], NULL);
		struct tacit_channel *chan = ends_open(ends), *second = ends_open(ends);
		const struct tacit_route *route = ends_route(ends, chan, "echoer");
		struct tacit_context *box = tacit_context_new(ends->bob, "box");

		assert_non_null(tacit_worker_start(ends->bob, "flood", flood, NULL));
		for (unsigned i = 0; i < 200; i++) {
			assert_int_equal(tacit_send_text(ends->app, route, "echo"), TACIT_OK);
			assert_int_equal(
			    tacit_send_text(ends->app, ends_route(ends, second, "box"), "mail"),
			    TACIT_OK);
		}
		assert_int_equal(
		    tacit_send_text(ends->app, ends_route(ends, second, "flood"), "go"), TACIT_OK);
		ends_turns(ends, n);
		if (n % 3 == 0)
			tacit_context_free(box);
		else
			(void)tacit_receive(box, 0);
		if (n % 4 < 2)
			ends_free_bob(ends);
		if (n % 5 < 2)
			ends_turns(ends, 3);
		ends_free(ends);
	}
}

/* a message whose way back grows too long at the receiver is dropped there, and holds up nothing */
static void
a_return_route_may_be_too_long(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	struct tacit_channel *chan = ends_open(ends);
	struct tacit_msg *msg;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(msg = tacit_msg_new_body("hi", 2));
		tacit_route_copy(&msg->onward, ends_route(ends, chan, "echoer"));
		while (msg->ret.count < TACIT_ROUTE_HOPS_MAX)
			assert_int_equal(
			    tacit_route_append(&msg->ret, tacit_address_worker("a")), TACIT_OK);
		tacit_node_route(ends->alice, msg);
	}
	ends_check_echo(ends, chan, "Hello");
	assert_int_equal(tacit_channel_flush(chan, 20000), TACIT_OK);
	assert_int_equal(ends->echoed, 1);
	assert_true(lines_have(&ends->lines, "too long a return route"));
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
	ends_free(ends);
}

static void
nothing_waits_in_a_handler(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct ends *ends = arg;

	(void)msg;
	(void)ctx;
	assert_null(ends_open_to(ends, stranger));
	ends->echoed++;
}

static void
a_handler_opens_nothing(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	struct tacit_channel *chan = ends_open(ends);

	(void)state;
	assert_non_null(
	    tacit_worker_start(ends->alice, "opener", nothing_waits_in_a_handler, ends));
	assert_int_equal(
	    tacit_send_text(ends->app, tacit_route_new(ends->alice, "opener", NULL), "go"),
	    TACIT_OK);
	assert_int_equal(ends->echoed, 1);
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EINVAL);
	/* an error does not keep a channel from closing */
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EINVAL);
	ends_free(ends);
}

static void
null_is_fine(void **state)
{
	struct tacit_node *node = tacit_node_new();
	const struct tacit_route *route = tacit_route_new(node, "listener", NULL);

	(void)state;
	assert_null(tacit_channel_open(NULL, NULL, NULL, NULL));
	assert_null(tacit_channel_address(NULL));
	assert_string_equal(tacit_channel_peer(NULL), "");
	assert_int_equal(tacit_channel_close(NULL), TACIT_OK);
	assert_int_equal(tacit_channel_flush(NULL, 0), TACIT_EINVAL);
	tacit_channel_watch_events(NULL, NULL, NULL);
	assert_null(tacit_channel_open(node, NULL, route, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_free(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_are_echoed_and_the_close_confirmed),
	    cmocka_unit_test(others_are_refused_by_both_ends),
	    cmocka_unit_test(a_channel_that_did_not_open_leaves_nothing),
	    cmocka_unit_test(a_route_to_nowhere_is_said_at_once),
	    cmocka_unit_test(a_stop_ends_opening),
	    cmocka_unit_test(a_thousand_echoes_on_the_way),
	    cmocka_unit_test(a_handler_may_say_more_than_a_window),
	    cmocka_unit_test(what_lies_in_a_mailbox_is_not_acknowledged),
	    cmocka_unit_test(a_message_names_its_channel),
	    cmocka_unit_test(plaintext_reaches_no_worker),
	    cmocka_unit_test(a_peer_makes_nobody_send),
	    cmocka_unit_test(the_far_node_goes),
	    cmocka_unit_test(the_far_node_goes_with_messages_unread),
	    cmocka_unit_test(a_close_may_have_an_end),
	    cmocka_unit_test(nodes_go_in_the_middle_of_everything),
	    cmocka_unit_test(a_return_route_may_be_too_long),
	    cmocka_unit_test(a_handler_opens_nothing),
	    cmocka_unit_test(null_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
