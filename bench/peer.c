/*
 * One end of a benchmark over a secure channel, on the public API alone.
 *
 *	peer serve HUB                   Bob: echoes, or counts what comes to `sink`; prints NAMES;
 *	                                 for programs of 2021, too
 *	peer echo HUB NAMES COUNT LEN    one message at a time, there and back; prints microseconds
 *	                                 each, one a line
 *	peer push HUB NAMES COUNT LEN    one way, as fast as the window lets; prints messages a
 *	                                 second until the last one was acknowledged
 *	peer flow HUB NAMES COUNT LEN    there and back, 32 on their way; prints echoes a second
 *	peer open HUB NAMES              prints milliseconds from here to an established channel
 *
 * NAMES is SENDER,RECEIVER as `serve` prints it.  With --ockam before HUB the channel is one of 2021.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tacit/tacit.h>

/* As many as the peer of 2021 that it is compared with can have on their way (tests/interop). */
#define AHEAD 32

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)arg;
	tacit_reply(ctx, msg, tacit_msg_data(msg, NULL), tacit_msg_len(msg));
}

static void
swallow(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	(void)ctx;
	(void)msg;
	(void)arg;
}

static void
serve(struct tacit_node *node, const char *hub)
{
	struct tacit_stream_options options = {
	    .route = tacit_route_new(node, hub, NULL),
	    .sender_name = tacit_unique(node, "bench-out"),
	    .receiver_name = tacit_unique(node, "bench-in"),
	    .create = true,
	};

	struct tacit_vault *vault = tacit_vault_new(node);
	struct tacit_listener *listener;

	tacit_worker_start(node, "echoer", echo, NULL);
	tacit_worker_start(node, "sink", swallow, NULL);
	listener = tacit_listener_start(
	    node, "listener", tacit_entity_new(node, vault), tacit_trust_everyone(node));
	tacit_ockam_listener_add(
	    listener, tacit_ockam_entity_new(node, vault), tacit_trust_everyone(node));
	if (tacit_stream_connect(node, &options) != NULL)
		printf("%s,%s\n", options.sender_name, options.receiver_name);
	tacit_node_run(node);
}

static struct tacit_channel *
open_channel(struct tacit_node *node, const char *hub, char *names, bool ockam)
{
	char *receiver = strchr(names, ',');
	struct tacit_stream_options options = {
	    .route = tacit_route_new(node, hub, NULL), .from_end = true};
	struct tacit_vault *vault = tacit_vault_new(node);
	const struct tacit_trust *trust = tacit_trust_everyone(node);
	const struct tacit_route *listener;
	const char *sender;

	if (receiver == NULL)
		return NULL;
	*receiver++ = '\0';
	options.receiver_name = names;
	options.sender_name = receiver;
	sender = tacit_stream_sender(tacit_stream_connect(node, &options));
	listener = tacit_route_new(node, sender, "listener", NULL);
	if (ockam)
		return tacit_ockam_channel_open(
		    node, tacit_ockam_entity_new(node, vault), listener, trust, false);
	return tacit_channel_open(node, tacit_entity_new(node, vault), listener, trust);
}

static void
measure_echo(struct tacit_node *node, struct tacit_channel *bob, long count, size_t len)
{
	const struct tacit_route *route =
	    tacit_route_new(node, tacit_channel_address(bob), "echoer", NULL);
	struct tacit_context *ctx = tacit_context_new(node, "bench");
	char *bytes = calloc(1, len);

	for (long i = 0; i < count && tacit_node_err(node) == TACIT_OK; i++) {
		double before = now_us();

		tacit_send(ctx, route, bytes, len);
		tacit_msg_free(tacit_receive(ctx, TACIT_FOREVER));
		printf("%.1f\n", now_us() - before);
	}
	free(bytes);
}

static void
measure_flow(struct tacit_node *node, struct tacit_channel *bob, long count, size_t len)
{
	const struct tacit_route *route =
	    tacit_route_new(node, tacit_channel_address(bob), "echoer", NULL);
	struct tacit_context *ctx = tacit_context_new(node, "bench");
	char *bytes = calloc(1, len);
	double before = now_us();

	for (long i = 0; i < count + AHEAD && tacit_node_err(node) == TACIT_OK; i++) {
		if (i >= AHEAD)
			tacit_msg_free(tacit_receive(ctx, TACIT_FOREVER));
		if (i < count)
			tacit_send(ctx, route, bytes, len);
	}
	printf("%.1f\n", (double)count / ((now_us() - before) / 1e6));
	free(bytes);
}

static void
measure_push(struct tacit_node *node, struct tacit_channel *bob, long count, size_t len)
{
	const struct tacit_route *route =
	    tacit_route_new(node, tacit_channel_address(bob), "sink", NULL);
	struct tacit_context *ctx = tacit_context_new(node, "bench");
	char *bytes = calloc(1, len);
	double before = now_us();

	for (long i = 0; i < count && tacit_node_err(node) == TACIT_OK; i++)
		tacit_send(ctx, route, bytes, len);
	if (tacit_channel_flush(bob, TACIT_FOREVER) == TACIT_OK)
		printf("%.0f\n", (double)count / ((now_us() - before) / 1e6));
	free(bytes);
}

static int
usage(void)
{
	fputs("usage: peer serve|echo|push|flow|open [--ockam] HUB [NAMES [COUNT LEN]]\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	double start = now_us();
	bool ockam = argc > 2 && strcmp(argv[2], "--ockam") == 0;
	char **rest = argv + (ockam ? 3 : 2); /* HUB NAMES COUNT LEN */
	int count = argc - (int)(rest - argv);
	struct tacit_node *node;
	struct tacit_channel *bob;

	if (count < 1)
		return usage();
	node = tacit_program_start("peer");
	if (count == 1 && strcmp(argv[1], "serve") == 0) {
		serve(node, tacit_tcp_peer(node, rest[0]));
		return tacit_program_end(node);
	}
	if (count < 2)
		return usage();
	bob = open_channel(node, tacit_tcp_peer(node, rest[0]), rest[1], ockam);
	if (bob != NULL && strcmp(argv[1], "open") == 0)
		printf("%.2f\n", (now_us() - start) / 1e3);
	else if (bob != NULL && count == 4 && strcmp(argv[1], "echo") == 0)
		measure_echo(node, bob, atol(rest[2]), (size_t)atol(rest[3]));
	else if (bob != NULL && count == 4 && strcmp(argv[1], "push") == 0)
		measure_push(node, bob, atol(rest[2]), (size_t)atol(rest[3]));
	else if (bob != NULL && count == 4 && strcmp(argv[1], "flow") == 0)
		measure_flow(node, bob, atol(rest[2]), (size_t)atol(rest[3]));
	tacit_channel_close(bob);
	return tacit_program_end(node);
}
