/*
 * cli/output.h: where what is received goes: standard output, or a file that is there as a whole
 * or, by that name, not at all.
 *
 * Nothing here keeps the node waiting: it runs while a reader is slow and while a disk syncs.
 */
#ifndef TACIT_CLI_OUTPUT_H
#define TACIT_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "party.h"
#include "printable.h"

struct tacit_cli_output {
	struct tacit_cli_party *party;
	const char *name; /* for people */
	/* of a file that is replaced: what it is called, and what it is called until it is whole;
	 * NULL: what is written is there */
	char *path, *part;
	int fd;
	bool terminal, shared; /* shared: a write of more than PIPE_BUF bytes may block */
	bool begun, made;      /* part was written to; part is new */
	struct tacit_cli_printable printable;
	char *bytes; /* not written yet */
	size_t len;
	char why[512]; /* what the last call failed with; empty: the party was stopped */
};

/*
 * tacit_cli_output_open: path NULL or `-`: standard output.  A file is not touched; what will be it
 * lies beside it as FILE.part, and no other program of ours writes that meanwhile.  What is no
 * regular file is written directly.  A named pipe is waited for.  False: the party failed.
 */
bool tacit_cli_output_open(
    struct tacit_cli_party *party, const char *path, struct tacit_cli_output *ret);

/*
 * False, all of them: not done, and output->why says why, for both ends.
 *
 * begin: forgets what an earlier FILE.part had.
 * write: takes the bytes; they are written by and by, all of them by flush at the latest.
 * finish: all is written, and a file synced and in its place.
 */
bool tacit_cli_output_begin(struct tacit_cli_output *output);
bool tacit_cli_output_write(struct tacit_cli_output *output, const void *bytes, size_t len);
bool tacit_cli_output_flush(struct tacit_cli_output *output);
bool tacit_cli_output_finish(struct tacit_cli_output *output);

/* what was not finished stays, and is named; of nothing, nothing stays */
void tacit_cli_output_close(struct tacit_cli_output *output);

#endif
