/* Long messages of programs: through channels, within a process, and where none can go */
#include "support/ends.h"

#include "base/limits.h"

#define MIB ((size_t)1 << 20)

static const enum ends_path paths[] = {ENDS_INPROC, ENDS_TCP};

/* len bytes that are text, and the same at no two places nearby */
static char *
new_bytes(size_t len)
{
	char *bytes = malloc(len + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)('a' + (i * 7 + (i >> 8) + (i >> 16)) % 26);
	bytes[len] = '\0';
	return bytes;
}

static void
check_bytes(const struct tacit_msg *msg, const char *bytes, size_t len)
{
	size_t got;
	const void *data = tacit_msg_data(msg, &got);

	assert_int_equal(got, len);
	assert_memory_equal(data, bytes, len);
}

static void
echo(struct ends *ends, const struct tacit_channel *chan, const char *bytes, size_t len)
{
	struct tacit_msg *msg;

	assert_int_equal(
	    tacit_send(ends->app, ends_route(ends, chan, "echoer"), bytes, len), TACIT_OK);
	assert_non_null(msg = tacit_receive(ends->app, 60000));
	check_bytes(msg, bytes, len);
	tacit_msg_free(msg);
}

static void
long_messages_are_echoed(void **state)
{
	static const size_t lens[] = {61300, 61440, 100000, MIB, 16 * MIB};
	char *bytes = new_bytes(16 * MIB);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);
		struct tacit_channel *chan = ends_open(ends);

		for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
			echo(ends, chan, bytes, lens[k]);
			ends_check_echo(ends, chan, "a short one");
		}
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		assert_int_equal(ends->alice->joining.bytes, 0);
		assert_int_equal(ends->bob->joining.bytes, 0);
		ends_free(ends);
	}
	free(bytes);
}

/* the longest is echoed, a longer one refused in words; the channel goes on */
static void
the_longest_and_longer_ones(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	struct tacit_channel *chan = ends_open(ends);
	char *bytes = new_bytes(TACIT_MESSAGE_MAX);

	(void)state;
	echo(ends, chan, bytes, TACIT_MESSAGE_MAX - 100);
	assert_int_equal(
	    tacit_send(ends->app, ends_route(ends, chan, "echoer"), bytes, TACIT_MESSAGE_MAX),
	    TACIT_ELIMIT);
	assert_non_null(strstr(tacit_node_errmsg(ends->alice), "67108864 bytes are too long"));
	tacit_node_clear_err(ends->alice);
	ends_check_echo(ends, chan, "a short one");
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
	free(bytes);
	ends_free(ends);
}

/* a close right behind it waits until it was handled */
static void
a_close_behind_a_long_message(void **state)
{
	char *bytes = new_bytes(40 * MIB);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);
		struct tacit_channel *chan = ends_open(ends);

		assert_int_equal(
		    tacit_send(ends->app, ends_route(ends, chan, "nobody"), bytes, 40 * MIB),
		    TACIT_OK);
		assert_int_equal(tacit_channel_close(chan), TACIT_OK);
		assert_int_equal(ends->events[TACIT_CHANNEL_CLOSED], 1);
		ends_free(ends);
	}
	free(bytes);
}

/* without a channel: as far in this process, not over TCP */
static void
within_the_process(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_context *ctx = tacit_context_new(node, "box");
	const struct tacit_route *route = tacit_route_new(node, "box", NULL);
	char *bytes = new_bytes(TACIT_MESSAGE_MAX);
	struct tacit_msg *msg;

	(void)state;
	assert_int_equal(tacit_send(ctx, route, bytes, TACIT_MESSAGE_MAX - 100), TACIT_OK);
	assert_non_null(msg = tacit_receive(ctx, 20000));
	check_bytes(msg, bytes, TACIT_MESSAGE_MAX - 100);
	tacit_msg_free(msg);
	assert_int_equal(tacit_send(ctx, route, bytes, TACIT_MESSAGE_MAX), TACIT_ELIMIT);
	tacit_node_free(node);
	free(bytes);
}

static void
between_two_nodes(void **state)
{
	char *bytes = new_bytes(16 * MIB);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ends *ends = ends_new(paths[i], NULL);
		struct tacit_context *ctx = tacit_context_new(ends->bob, "open");
		const struct tacit_route *route =
		    tacit_route_new(ends->alice, ends->peer, "open", NULL);
		struct tacit_msg *msg;

		tacit_context_expose(ctx);
		if (paths[i] == ENDS_TCP) {
			assert_int_equal(
			    tacit_send(ends->app, route, bytes, 16 * MIB), TACIT_ELIMIT);
			assert_non_null(strstr(tacit_node_errmsg(ends->alice), "too long"));
			tacit_node_clear_err(ends->alice);
			assert_int_equal(tacit_send(ends->app, route, bytes, 60000), TACIT_OK);
		} else {
			assert_int_equal(tacit_send(ends->app, route, bytes, 16 * MIB), TACIT_OK);
		}
		msg = ends_receive(ends, ctx);
		check_bytes(msg, bytes, paths[i] == ENDS_TCP ? 60000 : 16 * MIB);
		tacit_msg_free(msg);
		ends_free(ends);
	}
	free(bytes);
}

/* a joined message has its text, and its sender */
static void
text_of_a_long_message(void **state)
{
	struct ends *ends = ends_new(ENDS_INPROC, NULL);
	struct tacit_channel *chan = ends_open(ends);
	char *bytes = new_bytes(16 * MIB);
	struct tacit_msg *msg;
	const char *text;

	(void)state;
	ends_check_echo(ends, chan, bytes);
	bytes[10 * MIB] = '\n';
	assert_int_equal(
	    tacit_send_text(ends->app, ends_route(ends, chan, "echoer"), bytes), TACIT_OK);
	assert_non_null(msg = tacit_receive(ends->app, 60000));
	text = tacit_msg_text(msg);
	assert_int_equal(strlen(text), 16 * MIB + 3);
	assert_memory_equal(text + 10 * MIB, "\\x0a", 4);
	assert_string_equal(text + 10 * MIB + 4, bytes + 10 * MIB + 1);
	tacit_msg_free(msg);
	free(bytes);
	ends_free(ends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(long_messages_are_echoed),
	    cmocka_unit_test(the_longest_and_longer_ones),
	    cmocka_unit_test(a_close_behind_a_long_message),
	    cmocka_unit_test(within_the_process),
	    cmocka_unit_test(between_two_nodes),
	    cmocka_unit_test(text_of_a_long_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
