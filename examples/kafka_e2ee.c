/*
 * Two programs exchange messages through Apache Kafka, end-to-end encrypted, without a hub: the
 * stream service runs in each program's own node, straight on the brokers.
 *
 * usage: [KAFKA=HOST:PORT[,HOST:PORT...]] MODE=responder kafka_e2ee
 *        [KAFKA=HOST:PORT[,HOST:PORT...]] IN=STREAM OUT=STREAM MODE=initiator kafka_e2ee
 *
 * Each prints a message's sealed bytes, too: what Kafka holds of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tacit/tacit.h>

static const char usage[] =
    "usage: [KAFKA=HOST:PORT[,HOST:PORT...]] MODE=responder kafka_e2ee\n"
    "       [KAFKA=HOST:PORT[,HOST:PORT...]] IN=STREAM OUT=STREAM MODE=initiator kafka_e2ee\n"
    "\n"
    "Start the responder first: it prints the streams for the initiator.\n"
    "KAFKA is localhost:9092 unless given.\n";

static void
print_hex(const char *words, const uint8_t *bytes, size_t len)
{
	printf("%s ", words);
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

/* what happens in a channel, at either end of it */
static void
watch(void *arg, const struct tacit_channel_event *event)
{
	(void)arg;
	switch (event->kind) {
	case TACIT_CHANNEL_ESTABLISHED:
		puts("Secure channel established");
		break;
	case TACIT_CHANNEL_SEALED:
		print_hex("Secure channel encrypted message:", event->bytes, event->len);
		break;
	case TACIT_CHANNEL_OPENED:
		print_hex("Received message", event->bytes, event->len);
		break;
	case TACIT_CHANNEL_FAILED:
		fprintf(stderr, "kafka_e2ee: %s\n", event->text);
		break;
	default:
		break;
	}
}

static void
print_message(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)ctx;
	(void)arg;
	printf("Secure channel decrypted message: %s\n", tacit_msg_text(msg));
}

/* a stream service of our own, straight on Kafka: with it the route to the streams is empty */
static void
start_streams(struct tacit_node *node)
{
	const char *brokers = getenv("KAFKA");
	struct tacit_kafka_options kafka = {
	    .brokers = brokers != NULL ? brokers : "localhost:9092",
	};

	tacit_stream_service_start(node, tacit_store_on_kafka(node, &kafka), false);
}

static void
respond(struct tacit_node *node)
{
	struct tacit_entity *entity = tacit_entity_new(node, tacit_vault_new(node));
	struct tacit_stream_options options = {
	    .sender_name = tacit_unique(node, "responder-to-initiator"),
	    .receiver_name = tacit_unique(node, "initiator-to-responder"),
	    .create = true,
	};
	struct tacit_listener *listener;

	start_streams(node);
	tacit_worker_start(node, "printer", print_message, NULL);
	/* Anybody who has the streams' names may talk to the printer. */
	listener = tacit_listener_start(node, "listener", entity, tacit_trust_everyone(node));
	tacit_listener_watch(listener, watch, NULL);
	if (tacit_stream_connect(node, &options) == NULL)
		return;
	puts("Created kafka topics.");
	printf("Receiving messages from: %s\n", options.receiver_name);
	printf("Sending messages to: %s\n", options.sender_name);
	puts("Use the following arguments to run the other node:");
	printf("IN=%s OUT=%s MODE=initiator build/examples/kafka_e2ee\n", options.sender_name,
	    options.receiver_name);
	puts("Waiting for secure channel...");
	tacit_node_run(node);
}

static void
initiate(struct tacit_node *node, const char *in, const char *out)
{
	struct tacit_entity *entity = tacit_entity_new(node, tacit_vault_new(node));
	struct tacit_context *ctx = tacit_context_new(node, "app");
	struct tacit_stream_options options = {
	    .sender_name = out,
	    .receiver_name = in,
	    .from_end = true,
	};
	const char *line;

	start_streams(node);
	const char *sender = tacit_stream_sender(tacit_stream_connect(node, &options));
	const struct tacit_route *listener = tacit_route_new(node, sender, "listener", NULL);
	/* Kafka itself could sit in the middle of this one: alice.c shows how it is kept out. */
	struct tacit_channel *responder =
	    tacit_channel_open(node, entity, listener, tacit_trust_everyone(node));
	if (responder != NULL)
		puts("Secure channel established");
	tacit_channel_watch_events(responder, watch, NULL);

	const char *channel = tacit_channel_address(responder);
	const struct tacit_route *printer = tacit_route_new(node, channel, "printer", NULL);
	while ((line = tacit_program_ask(node, "Enter your message:")) != NULL) {
		if (tacit_send_text(ctx, printer, line) != TACIT_OK)
			break;
		puts("Message sent through secure channel");
		/* It is sealed, and watched, on its way to the responder, who then confirms it. */
		tacit_channel_flush(responder, TACIT_FOREVER);
	}
	tacit_channel_close(responder);
}

int
main(void)
{
	const char *mode = getenv("MODE"), *in = getenv("IN"), *out = getenv("OUT");
	struct tacit_node *node;

	if (mode != NULL && strcmp(mode, "responder") == 0) {
		node = tacit_program_start("kafka_e2ee");
		respond(node);
	} else if (mode != NULL && strcmp(mode, "initiator") == 0 && in != NULL && out != NULL) {
		node = tacit_program_start("kafka_e2ee");
		initiate(node, in, out);
	} else {
		fputs(usage, stderr);
		return 2;
	}
	return tacit_program_end(node);
}
