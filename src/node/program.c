#include "tacit/program.h"

#include <stdio.h>

#include "node/state.h"

/* errors are printed once, at the end */
static void
print_line(void *arg, enum tacit_log_level level, const char *line)
{
	const char *name = arg;

	if (level == TACIT_LOG_WARNING || level == TACIT_LOG_INFO)
		fprintf(stderr, "%s: %s\n", name, line);
}

struct tacit_node *
tacit_program_start(const char *name)
{
	struct tacit_node *node = tacit_node_new();
	union {
		const char *name;
		void *arg;
	} log = {name};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (node == NULL)
		return NULL;
	node->program = name;
	tacit_node_on_log(node, print_line, log.arg);
	tacit_node_stop_on_signals(node);
	return node;
}

const char *
tacit_program_ask(struct tacit_node *node, const char *question)
{
	if (!tacit_node_usable(node) || tacit_node_stopped(node))
		return NULL;
	puts(question);
	return tacit_node_read_line(node, stdin);
}

int
tacit_program_end(struct tacit_node *node)
{
	tacit_err err = tacit_node_err(node);

	/* what it printed is what it was run for */
	if (err == TACIT_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
		err = tacit_node_fail(node, TACIT_EIO, "cannot write to standard output");
	if (err != TACIT_OK)
		fprintf(stderr, "%s: %s\n", node != NULL ? node->program : "tacit",
		    tacit_node_errmsg(node));
	tacit_node_free(node);
	return err == TACIT_OK ? 0 : err == TACIT_EINVAL ? 2 : 1;
}
