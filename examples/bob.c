/*
 * Bob: sits in a private network, opens no port, and echoes what comes through secure channels.
 *
 * usage: bob [HOST:PORT of the hub]
 */
#include <stdio.h>

#include <tacit/tacit.h>

static void
echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	(void)arg;
	printf("Bob received: %s\n", tacit_msg_text(msg));
	tacit_reply(ctx, msg, bytes, len);
}

int
main(int argc, char **argv)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_vault *vault = tacit_vault_new(node);
	struct tacit_entity *bob = tacit_entity_new(node, vault);
	const char *hub = tacit_tcp_peer(node, argc > 1 ? argv[1] : "127.0.0.1:4000");

	setvbuf(stdout, NULL, _IOLBF, 0);
	tacit_node_stop_on_signals(node);
	tacit_worker_start(node, "echoer", echo, NULL);
	/* Whoever has the names of Bob's streams may talk to this echoer. */
	tacit_listener_start(node, "listener", bob, tacit_trust_everyone(node));

	struct tacit_stream *stream = tacit_stream_connect(node,
	    &(struct tacit_stream_options){
		.route = tacit_route_new(node, hub, NULL),
		.stream_service = "stream_kafka",
		.index_service = "stream_kafka_index",
		.client_id = tacit_unique(node, "bob"),
		.sender_name = tacit_unique(node, "bob-to-alice"),
		.receiver_name = tacit_unique(node, "alice-to-bob"),
		.create = true,
	    });
	if (stream != NULL) {
		printf("Bob's identifier is: %s\n", tacit_entity_identifier(bob));
		printf("Stream sender name is: %s\n", tacit_stream_sender_name(stream));
		printf("Stream receiver name is: %s\n", tacit_stream_receiver_name(stream));
	}
	tacit_err err = tacit_node_run(node);
	if (err != TACIT_OK)
		fprintf(stderr, "bob: %s\n", tacit_node_errmsg(node));
	tacit_node_free(node);
	return err == TACIT_OK ? 0 : err == TACIT_EINVAL ? 2 : 1;
}
