/*
 * Alice, where Bob may be a program of 2021: as examples/alice.c, in the protocol of that time.
 * docs/ockam.md says what one loses by it.
 *
 * usage: alice [HOST:PORT of the hub [IDENTIFIER of Bob]]
 */
#include <stdbool.h>
#include <stdio.h>

#include <tacit/tacit.h>

int
main(int argc, char **argv)
{
	struct tacit_node *node = tacit_program_start("alice");
	const char *hub = tacit_tcp_peer(node, argc > 1 ? argv[1] : "127.0.0.1:4000");
	struct tacit_vault *vault = tacit_vault_new(node);
	struct tacit_ockam_entity *alice = tacit_ockam_entity_new(node, vault);
	struct tacit_context *ctx = tacit_context_new(node, "app");
	struct tacit_stream_options options = {
	    .client_id = tacit_unique(node, "alice"),
	    .route = tacit_route_new(node, hub, NULL),
	    .from_end = true,
	};
	/* Without Bob's identifier the hub could pose as him. */
	const struct tacit_trust *trust =
	    argc > 2 ? tacit_trust_exactly(node, argv[2], NULL) : tacit_trust_everyone(node);
	const char *line;

	/* What Bob sends, Alice receives, and the other way round. */
	line = tacit_program_ask(node, "Enter the stream sender name for Bob:");
	options.receiver_name = tacit_keep(node, line);
	line = tacit_program_ask(node, "Enter the stream receiver name for Bob:");
	options.sender_name = tacit_keep(node, line);
	const char *sender = tacit_stream_sender(tacit_stream_connect(node, &options));

	const struct tacit_route *listener = tacit_route_new(node, sender, "listener", NULL);
	struct tacit_channel *bob = tacit_ockam_channel_open(node, alice, listener, trust, true);
	if (bob != NULL)
		printf("End-to-end encrypted secure channel was established with %s\n",
		    tacit_channel_peer(bob));

	const char *channel = tacit_channel_address(bob);
	const struct tacit_route *echoer = tacit_route_new(node, channel, "echoer", NULL);
	bool lost = false;
	while (
	    !lost && (line = tacit_program_ask(node, "Type a message for Bob's echoer:")) != NULL) {
		tacit_send_text(ctx, echoer, line);
		/* Nobody sends again what was lost on the way, in this protocol: not for ever. */
		struct tacit_msg *msg = tacit_receive(ctx, 30000);
		if (msg != NULL)
			printf("Alice received an echo: %s\n", tacit_msg_text(msg));
		else
			lost = tacit_node_err(node) == TACIT_OK && !tacit_node_stopped(node);
		tacit_msg_free(msg);
	}
	if (lost)
		fputs("alice: no echo within 30 s: it may be lost, or what it was to\n", stderr);
	tacit_channel_close(bob);
	int status = tacit_program_end(node);
	return lost && status == 0 ? 1 : status;
}
