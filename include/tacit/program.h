/*
 * tacit/program.h: what a small command line program wants around its node: words on a terminal,
 * Ctrl-C, and a status.  The only calls of the library that print or touch signals.
 */
#ifndef TACIT_PROGRAM_H
#define TACIT_PROGRAM_H

#include "tacit/err.h"
#include "tacit/node.h"

/*
 * tacit_program_start: a node whose program is called name: standard output is flushed after each
 * line, SIGINT, SIGTERM and SIGHUP stop the node, and its warnings go to standard error as `NAME: ...`.
 *
 * Borrows name until the end.  Gives: the node, tacit_program_end().
 */
TACIT_API struct tacit_node *tacit_program_start(const char *name);

/*
 * tacit_program_ask: prints question, alone on its line, and reads the next line of standard input
 * while the node runs.  NULL at the end of input, after Ctrl-C, and after an error.
 * The line is valid until the next call (tacit_keep keeps it).
 */
TACIT_API const char *tacit_program_ask(struct tacit_node *node, const char *question);

/*
 * tacit_program_end: prints the node's error, if there is one, to standard error as `NAME: ...`,
 * and frees the node.  That standard output could not be written is an error, too.
 *
 * Returns the program's status: 0; 2 when it was called wrongly (TACIT_EINVAL); else 1.
 */
TACIT_API int tacit_program_end(struct tacit_node *node);

#endif
