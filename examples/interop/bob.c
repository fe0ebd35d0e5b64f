/*
 * Bob, where Alice may be a program of 2021: as examples/bob.c, for both protocols at one listener.
 * docs/ockam.md says what one loses by the old one.
 *
 * usage: bob [HOST:PORT of the hub]
 */
#include <stdio.h>

#include <tacit/tacit.h>

static void
echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)arg;
	printf("Bob received: %s\n", tacit_msg_text(msg));
	tacit_reply(ctx, msg, tacit_msg_data(msg, NULL), tacit_msg_len(msg));
}

int
main(int argc, char **argv)
{
	struct tacit_node *node = tacit_program_start("bob");
	const char *hub = tacit_tcp_peer(node, argc > 1 ? argv[1] : "127.0.0.1:4000");
	struct tacit_vault *vault = tacit_vault_new(node);
	struct tacit_entity *bob = tacit_entity_new(node, vault);
	struct tacit_ockam_entity *old_bob = tacit_ockam_entity_new(node, vault);
	struct tacit_stream_options options = {
	    .stream_service = "stream_kafka",
	    .index_service = "stream_kafka_index",
	    .client_id = tacit_unique(node, "bob"),
	    .route = tacit_route_new(node, hub, NULL),
	    .sender_name = tacit_unique(node, "bob-to-alice"),
	    .receiver_name = tacit_unique(node, "alice-to-bob"),
	    .create = true,
	};

	tacit_worker_start(node, "echoer", echo, NULL);
	/* Anybody who has the names of Bob's streams may talk to his echoer. */
	const struct tacit_trust *trust = tacit_trust_everyone(node);
	struct tacit_listener *listener = tacit_listener_start(node, "listener", bob, trust);
	tacit_ockam_listener_add(listener, old_bob, trust);
	if (tacit_stream_connect(node, &options) != NULL) {
		printf("Bob's identifier is: %s\n", tacit_ockam_entity_identifier(old_bob));
		printf("Bob's native identifier is: %s\n", tacit_entity_identifier(bob));
		printf("Stream sender name is: %s\n", options.sender_name);
		printf("Stream receiver name is: %s\n", options.receiver_name);
	}
	tacit_node_run(node);
	return tacit_program_end(node);
}
