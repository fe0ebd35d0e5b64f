/*
 * Alice: makes an end-to-end encrypted, mutually authenticated channel to Bob through a hub, sends
 * what is typed, and prints the echo.
 *
 * usage: alice [HOST:PORT of the hub [IDENTIFIER of Bob]]
 */
#include <stdio.h>

#include <tacit/tacit.h>

static const char *
ask(struct tacit_node *node, const char *question)
{
	puts(question);
	return tacit_node_read_line(node, stdin);
}

int
main(int argc, char **argv)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_vault *vault = tacit_vault_new(node);
	struct tacit_entity *alice = tacit_entity_new(node, vault);
	struct tacit_context *ctx = tacit_context_new(node, "app");
	const char *hub = tacit_tcp_peer(node, argc > 1 ? argv[1] : "127.0.0.1:4000");
	const struct tacit_trust *trust =
	    argc > 2 ? tacit_trust_exactly(node, argv[2], NULL) : tacit_trust_everyone(node);
	const char *line;

	...
}
