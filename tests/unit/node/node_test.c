/* The node: its first error, what it owns, its texts, its signals */
#include "support/node.h"

#include <signal.h>
#include <sys/wait.h>

#include "node/internal.h"

static int
is_set(void *arg)
{
	return *(int *)arg;
}

static void
fail_node(void *arg)
{
	(void)tacit_node_fail(arg, TACIT_EIO, "the %s broke", "thing");
	(void)tacit_node_fail(arg, TACIT_EBUSY, "a later one");
}

static void
the_first_error_is_remembered_and_ends_waiting(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct lines lines = {.count = 0};
	int done = 0;

	(void)state;
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	assert_string_equal(tacit_node_errmsg(node), tacit_strerror(TACIT_OK));
	tacit_node_on_log(node, lines_add, &lines);
	tacit_timer_after(node, 0, fail_node, node);
	assert_int_equal(tacit_node_run(node), TACIT_EIO);
	assert_string_equal(tacit_node_errmsg(node), "the thing broke");
	assert_string_equal(lines.text, "0 the thing broke\n0 a later one\n");
	assert_int_equal(tacit_node_wait(node, is_set, &done, TACIT_FOREVER), TACIT_EIO);
	assert_null(tacit_unique(node, "x"));
	tacit_node_clear_err(node);
	assert_int_equal(tacit_node_wait(node, is_set, &done, 0), TACIT_ETIMEDOUT);
	assert_int_equal(tacit_node_fail(NULL, TACIT_EBUSY, "nobody"), TACIT_EBUSY);
	tacit_node_free(node);
}

static void
route_one(struct tacit_node *node)
{
	struct tacit_msg *msg = tacit_msg_copy_of("x", 1);

	assert_int_equal(tacit_route_append(&msg->onward, tacit_address_worker("w")), TACIT_OK);
	tacit_node_route(node, msg);
}

/* owned things: closed and then freed, the youngest first; last words travel */
static char order[64];

struct thing {
	struct tacit_owned owned;
	struct tacit_node *node;
	char name;
};

static void
note(char what, const struct tacit_owned *self)
{
	size_t len = strlen(order);

	order[len] = what;
	order[len + 1] = ((const struct thing *)(const void *)self)->name;
}

static void
close_thing(struct tacit_owned *self)
{
	note('c', self);
	route_one(((struct thing *)(void *)self)->node);
}

static void
free_thing(struct tacit_owned *self)
{
	note('f', self);
}

static void
hear_last_words(void *self, struct tacit_msg *msg)
{
	strcat(self, "w");
	tacit_msg_unref(msg);
}

static void
what_a_node_owns_goes_with_it(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct thing things[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		things[i] = (struct thing){.node = node, .name = (char)('0' + i)};
		things[i].owned.free = free_thing;
		things[i].owned.close = i == 1 ? NULL : close_thing;
		tacit_node_own(node, &things[i].owned);
	}
	tacit_node_disown(&things[0].owned);
	tacit_node_own(node, &things[0].owned);
	assert_non_null(tacit_worker_add(node, "w", TACIT_HEARS_LOCAL, hear_last_words, order));
	tacit_node_free(node);
	assert_string_equal(order, "c0wc2wf0f2f1");
}

static void
texts_live_as_long_as_their_node(void **state)
{
	struct tacit_node *node = tacit_node_new();
	char longest[TACIT_ROUTE_LEN_MAX];
	const char *a, *b;

	(void)state;
	assert_string_equal(tacit_node_text(node, "%d and %s", 1, "two"), "1 and two");
	a = tacit_unique(node, "bob");
	b = tacit_unique(node, "bob");
	assert_int_equal(strlen(a), 3 + 1 + 32);
	assert_memory_equal(a, "bob_", 4);
	assert_string_not_equal(a, b);
	assert_null(tacit_unique(node, ""));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	assert_null(tacit_unique(node, NULL));
	tacit_node_clear_err(node);
	assert_int_equal(tacit_route_new(node, NULL)->count, 0);
	assert_int_equal(tacit_route_new(node, "a", "1#b:1", "7#c", NULL)->count, 3);
	assert_null(tacit_route_new(node, "a", "x#b", NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	memset(longest, 'a', sizeof(longest));
	longest[260] = '\0';
	assert_null(tacit_route_new(node, longest, longest, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	assert_null(tacit_route_new(
	    node, "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", NULL));
	assert_null(tacit_route_new(NULL, NULL));
	tacit_node_free(node);
}

static void
a_terminal_that_goes_stops_the_node_unless_that_is_ignored(void **state)
{
	int status;
	pid_t child;

	(void)state;
	for (int ignored = 0; ignored < 2; ignored++) {
		if ((child = fork()) == 0) {
			struct tacit_node *node = tacit_node_new();

			signal(SIGHUP, ignored ? SIG_IGN : SIG_DFL);
			tacit_node_stop_on_signals(node);
			raise(SIGHUP);
			if (ignored)
				raise(SIGTERM);
			if (tacit_node_run(node) != TACIT_OK)
				_exit(1);
			/* nobody watches any more */
			if (ignored)
				raise(SIGHUP);
			tacit_node_free(node);
			_exit(0);
		}
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void
signals_stop_the_node_and_then_the_process(void **state)
{
	int status;
	pid_t child;

	(void)state;
	for (int twice = 0; twice < 2; twice++) {
		if ((child = fork()) == 0) {
			struct tacit_node *node = tacit_node_new();

			tacit_node_stop_on_signals(node);
			tacit_node_stop_on_signals(node);
			raise(SIGTERM);
			if (tacit_node_run(node) != TACIT_OK || !tacit_node_stopped(node))
				_exit(1);
			if (twice)
				raise(SIGTERM);
			tacit_node_free(node);
			_exit(0);
		}
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (twice)
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
		else
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_error_is_remembered_and_ends_waiting),
	    cmocka_unit_test(what_a_node_owns_goes_with_it),
	    cmocka_unit_test(texts_live_as_long_as_their_node),
	    cmocka_unit_test(a_terminal_that_goes_stops_the_node_unless_that_is_ignored),
	    cmocka_unit_test(signals_stop_the_node_and_then_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
