/*
 * cli/input.h: what there is to send: a file, or standard input, as bytes or in lines.
 */
#ifndef TACIT_CLI_INPUT_H
#define TACIT_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "party.h"

struct tacit_cli_input {
	struct tacit_cli_party *party;
	const char *name; /* for people */
	int fd;
	bool lines, terminal;
	uint64_t size; /* from here to the end of a file; TACIT_CLI_PIPE_UNKNOWN */
	/* bytes[start, end) was read and not handed out, and has no newline before scanned; start is
	 * never 0 */
	char *bytes;
	size_t start, scanned, end, cap;
	bool ended;
};

/*
 * tacit_cli_input_open: path NULL or `-`: standard input.  Nothing is read yet, and nobody waited
 * for.  ret is to be closed if this succeeds.  False: the party failed.
 *
 * tacit_cli_input_next: what comes next: bytes as soon as there are some, or a line without its
 * newline; waits for it while the node runs.  It is the caller's to change until the next call, and
 * so is the byte before it.  False: the end, or the party failed or was stopped.
 */
bool tacit_cli_input_open(
    struct tacit_cli_party *party, const char *path, bool lines, struct tacit_cli_input *ret);
bool tacit_cli_input_next(struct tacit_cli_input *input, char **ret, size_t *ret_len);
void tacit_cli_input_close(struct tacit_cli_input *input);

#endif
