/*
 * cli/progress.h: how far it is, as a line that is drawn over itself on standard error, where that
 * is a terminal.
 */
#ifndef TACIT_CLI_PROGRESS_H
#define TACIT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "party.h"

struct tacit_cli_progress {
	struct tacit_cli_party *party;
	/* the caller's to change */
	uint64_t bytes, taken; /* taken: only with has_taken */
	uint64_t size;         /* TACIT_CLI_PIPE_UNKNOWN */
	bool has_taken;

	bool drawing;
	uint64_t began_ms;
	unsigned width; /* columns that the line has now */
};

/*
 * tacit_cli_progress_start: once, from now on; not when quiet, as JSON, on no terminal, or when crowded:
 * when something else is on the terminal.  The line is out of the way of what the party reports.
 * tacit_cli_progress_stop: wipes it.
 *
 * Keeps progress until the party's node is freed.
 */
void tacit_cli_progress_start(
    struct tacit_cli_progress *progress, struct tacit_cli_party *party, bool crowded);
void tacit_cli_progress_stop(struct tacit_cli_progress *progress);
/* since the start */
double tacit_cli_progress_seconds(const struct tacit_cli_progress *progress);

#endif
