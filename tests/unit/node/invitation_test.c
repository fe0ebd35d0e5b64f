/* Invitations: there and back, and every way in which one can be cut, edited or made up */
#include "support/node.h"

#include "tacit/invitation.h"

#define HUBS "hub.example:4000,[::1]:4001"
#define ID   "P0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
one_leads_back(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_entity *entity = tacit_entity_new(node, tacit_vault_new(node));
	const struct tacit_stream_options options = {
	    .sender_name = "bob-out", .receiver_name = "bob_in.2", .create = true};
	struct tacit_invitation invitation;
	struct tacit_stream *stream;
	const char *text;
	char expected[512];

	(void)state;
	assert_non_null(tacit_stream_service_start(node, tacit_store_in_memory(node), false));
	assert_non_null(stream = tacit_stream_connect(node, &options));
	assert_non_null(text = tacit_invitation_new(node, HUBS, stream, entity));
	snprintf(expected, sizeof(expected), "tacit://" HUBS "/bob-out/bob_in.2#%s",
	    tacit_entity_identifier(entity));
	assert_string_equal(text, expected);
	assert_int_equal(tacit_invitation_parse(node, text, &invitation), TACIT_OK);
	assert_string_equal(invitation.hubs, HUBS);
	assert_string_equal(invitation.receiver_name, "bob-out");
	assert_string_equal(invitation.sender_name, "bob_in.2");
	assert_string_equal(invitation.identifier, tacit_entity_identifier(entity));
	assert_null(tacit_invitation_new(node, "no port", stream, entity));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_clear_err(node);
	assert_null(tacit_invitation_new(node, HUBS, NULL, entity));
	tacit_node_clear_err(node);
	assert_null(tacit_invitation_new(node, HUBS, stream, NULL));
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	tacit_node_free(node);
	assert_null(tacit_invitation_new(NULL, HUBS, stream, entity));
}

/* refused, in words that have text in them, and *ret is left alone */
static void
refused(const char *invitation, const char *text)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_invitation ret = {.hubs = "as before"};

	assert_int_equal(tacit_invitation_parse(node, invitation, &ret), TACIT_EINVAL);
	assert_int_equal(tacit_node_err(node), TACIT_EINVAL);
	if (strstr(tacit_node_errmsg(node), text) == NULL)
		fail_msg("%s: %s", invitation, tacit_node_errmsg(node));
	assert_string_equal(ret.hubs, "as before");
	/* the node's error stands */
	assert_int_equal(tacit_invitation_parse(node, "tacit://h:1/a/b#" ID, &ret), TACIT_EINVAL);
	tacit_node_free(node);
}

static void
what_is_wrong_is_named(void **state)
{
	(void)state;
	refused(NULL, "no invitation");
	refused("", "no invitation");
	refused("http://h:1/a/b#" ID, "no invitation");
	refused("TACIT://h:1/a/b#" ID, "no invitation");
	refused(" tacit://h:1/a/b#" ID, "no invitation");
	refused("tacit://", "cut short");
	refused("tacit://h:1", "cut short");
	refused("tacit:///a/b#" ID, "HOST:PORT");
	refused("tacit://h/a/b#" ID, "HOST:PORT");
	refused("tacit://h:0/a/b#" ID, "HOST:PORT");
	refused("tacit://h:1,/a/b#" ID, "HOST:PORT");
	refused("tacit://h:1/", "stream to read is missing");
	refused("tacit://h:1/a", "stream to read is missing");
	refused("tacit://h:1/a/", "stream to write is missing");
	refused("tacit://h:1/a/b", "# and the identifier are missing");
	refused("tacit://h:1//b#" ID, "no name for a stream");
	refused("tacit://h:1/a/#" ID, "no name for a stream");
	refused("tacit://h:1/a b/c#" ID, "no name for a stream");
	refused("tacit://h:1/a/b/c#" ID, "no name for a stream");
	refused("tacit://h:1/__a/b#" ID, "no name for a stream");
	refused("tacit://h:1/a/a#" ID, "there are to be two");
	refused("tacit://h:1/a/b#", "64 hex digits");
	refused("tacit://h:1/a/b#" ID "0", "64 hex digits");
	refused("tacit://h:1/a/b#Q123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
	    "64 hex digits");
	refused("tacit://h:1/a/b#" ID "\n", "64 hex digits");
}

/* every cut is refused */
static void
no_beginning_will_do(void **state)
{
	static const char whole[] = "tacit://" HUBS "/bob-out/bob-in#" ID;
	struct tacit_invitation ret;
	char text[sizeof(whole)];

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		struct tacit_node *node = tacit_node_new();

		memcpy(text, whole, len);
		text[len] = '\0';
		assert_int_equal(tacit_invitation_parse(node, text, &ret),
		    len < sizeof(whole) - 1 ? TACIT_EINVAL : TACIT_OK);
		tacit_node_free(node);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_leads_back),
	    cmocka_unit_test(what_is_wrong_is_named),
	    cmocka_unit_test(no_beginning_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
