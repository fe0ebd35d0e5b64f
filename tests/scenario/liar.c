/*
 * The other end of `tacit send` or `tacit receive`, which says what it is told to say, true or not.
 *
 * usage: liar tacit://...      a sender
 *        liar HOST:PORT        a receiver; prints its invitation
 *
 * Prints `got HEX` for each message of the pipe (PROTOCOL.md 10).  Lines of its input:
 *
 *	open        a sender's next channel; whatever is sent goes through it from now on
 *	door HEX    to the worker `pipe` of the other end
 *	say HEX     to whoever sent the last message
 *	keep HEX    to whoever said taken first
 *	close
 *	vanish      ends without a word
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tacit/tacit.h>

#define TAKEN 0x11

struct liar {
	struct tacit_node *node;
	struct tacit_entity *entity;
	struct tacit_stream *stream;
	struct tacit_invitation invitation;
	struct tacit_channel *channel;
	struct tacit_context *ctx;
	const struct tacit_route *taker, *last;
};

static void
on_message(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct liar *liar = arg;
	size_t len;
	const unsigned char *bytes = tacit_msg_data(msg, &len);

	(void)ctx;
	liar->last = tacit_route_keep(liar->node, tacit_msg_return_route(msg));
	if (liar->taker == NULL && len > 0 && bytes[0] == TAKEN)
		liar->taker = liar->last;
	fputs("got ", stdout);
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	fflush(stdout);
}

static void
on_event(void *arg, const struct tacit_channel_event *event)
{
	(void)arg;
	if (event->kind == TACIT_CHANNEL_CLOSED)
		puts("closed");
}

static void
connect_streams(struct liar *liar, const char *hub, const char *receive, const char *send)
{
	struct tacit_stream_options options = {
	    .client_id = tacit_unique(liar->node, "liar"),
	    .receiver_name = receive != NULL ? receive : tacit_unique(liar->node, "liar-in"),
	    .sender_name = send != NULL ? send : tacit_unique(liar->node, "liar-out"),
	    .route = tacit_route_new(liar->node, tacit_tcp_peer(liar->node, hub), NULL),
	    .create = receive == NULL,
	    .from_end = receive != NULL,
	};

	liar->stream = tacit_stream_connect(liar->node, &options);
}

static void
invite(struct liar *liar, const char *hub)
{
	struct tacit_listener *listener = tacit_listener_start(
	    liar->node, "listener", liar->entity, tacit_trust_everyone(liar->node));
	const char *text;

	tacit_listener_watch(listener, on_event, liar);
	connect_streams(liar, hub, NULL, NULL);
	text = tacit_invitation_new(liar->node, hub, liar->stream, liar->entity);
	printf("%s\n", text != NULL ? text : tacit_node_errmsg(liar->node));
}

static void
open_channel(struct liar *liar)
{
	struct tacit_node *node = liar->node;

	liar->channel = tacit_channel_open(node, liar->entity,
	    tacit_route_new(node, tacit_stream_sender(liar->stream), "listener", NULL),
	    tacit_trust_exactly(node, liar->invitation.identifier, NULL));
	tacit_channel_watch_events(liar->channel, on_event, liar);
}

static void
say(struct liar *liar, const struct tacit_route *route, const char *hex)
{
	unsigned char bytes[1024];
	unsigned byte;
	size_t len = 0;

	while (len < sizeof(bytes) && sscanf(hex + 2 * len, "%2x", &byte) == 1)
		bytes[len++] = (unsigned char)byte;
	(void)tacit_send(liar->ctx, route, bytes, len);
}

static void
obey(struct liar *liar, const char *line)
{
	if (strcmp(line, "vanish") == 0)
		_exit(0);
	if (strcmp(line, "open") == 0)
		open_channel(liar);
	else if (strcmp(line, "close") == 0)
		(void)tacit_channel_close(liar->channel);
	else if (strncmp(line, "door ", 5) == 0)
		say(liar,
		    tacit_route_new(liar->node, tacit_channel_address(liar->channel), "pipe", NULL),
		    line + 5);
	else if (strncmp(line, "say ", 4) == 0)
		say(liar, liar->last, line + 4);
	else if (strncmp(line, "keep ", 5) == 0)
		say(liar, liar->taker, line + 5);
	else
		printf("no command: %s\n", line);
}

int
main(int argc, char **argv)
{
	struct liar liar = {.node = tacit_program_start("liar")};
	const char *line, *where = argc > 1 ? argv[1] : "";

	liar.entity = tacit_entity_new(liar.node, tacit_vault_new(liar.node));
	liar.ctx = tacit_worker_start(liar.node, "pipe", on_message, &liar);
	if (strncmp(where, "tacit:", 6) != 0) {
		invite(&liar, where);
	} else if (tacit_invitation_parse(liar.node, where, &liar.invitation) == TACIT_OK) {
		connect_streams(&liar, liar.invitation.hubs, liar.invitation.receiver_name,
		    liar.invitation.sender_name);
		open_channel(&liar);
	}
	while ((line = tacit_program_ask(liar.node, "what next?")) != NULL)
		obey(&liar, line);
	return tacit_program_end(liar.node);
}
