/*
 * cli/pipe.h: what send and receive say to each other, as bytes and back.  Source: PROTOCOL.md 10.
 */
#ifndef TACIT_CLI_PIPE_H
#define TACIT_CLI_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the worker that a sender begins with */
#define TACIT_CLI_PIPE_WORKER "pipe"
/* bytes of the longest message that is not data, and of the text in it */
#define TACIT_CLI_PIPE_TEXT_MAX 255
#define TACIT_CLI_PIPE_LEN_MAX  (1 + TACIT_CLI_PIPE_TEXT_MAX)
/* bytes of a line: what a message can have, less room for its routes */
#define TACIT_CLI_PIPE_LINE_MAX ((64u << 20) - 1024)
/* the size of what is to come is not known */
#define TACIT_CLI_PIPE_UNKNOWN UINT64_MAX

/* the first byte of each message */
enum tacit_cli_pipe_kind {
	/* from the sender */
	TACIT_CLI_PIPE_BEGIN = 0x01, /* lines, size */
	TACIT_CLI_PIPE_BYTES = 0x02, /* data, len */
	TACIT_CLI_PIPE_LINE = 0x03,  /* data, len; without its newline */
	TACIT_CLI_PIPE_END = 0x04,   /* bytes, messages */
	TACIT_CLI_PIPE_ABORT = 0x05, /* data, len: a text */
	/* from the receiver */
	TACIT_CLI_PIPE_TAKEN = 0x11,  /* bytes */
	TACIT_CLI_PIPE_DONE = 0x12,   /* bytes */
	TACIT_CLI_PIPE_FAILED = 0x13, /* data, len: a text */
	TACIT_CLI_PIPE_BUSY = 0x14,
};

/* kind says which of the others count */
struct tacit_cli_pipe {
	enum tacit_cli_pipe_kind kind;
	bool lines;
	uint64_t size;            /* TACIT_CLI_PIPE_UNKNOWN, or what the sender believes */
	uint64_t bytes, messages; /* as the receiver writes them: with the newlines of lines */
	const void *data;
	size_t len;
};

/*
 * tacit_cli_pipe_encode: any message but bytes and lines, which are their kind and the data behind
 * it.  A text that is too long is cut.  Returns the bytes written.
 *
 * tacit_cli_pipe_decode: data is borrowed from bytes.  False: it is no message of this version, and
 * *ret is as it was.
 */
size_t tacit_cli_pipe_encode(const struct tacit_cli_pipe *pipe, char ret[TACIT_CLI_PIPE_LEN_MAX]);
bool tacit_cli_pipe_decode(const void *bytes, size_t len, struct tacit_cli_pipe *ret);

#endif
