/*
 * cli/whom.h: what --trust WHOM means: `ID[,ID...]`, `first[:LABEL]`, `everyone`, or a file that
 * lists identifiers.
 */
#ifndef TACIT_CLI_WHOM_H
#define TACIT_CLI_WHOM_H

#include <stdbool.h>

#include "tacit/entity.h"

/* what a usage calls it */
#define TACIT_CLI_WHOM "ID[,ID...] | FILE | first[:LABEL] | everyone"

/* whether it is `first`, with a label or without */
bool tacit_cli_whom_is_first(const char *whom);

/*
 * tacit_cli_whom_trust: the policy.  What looks like an identifier is one, or wrong, and never the
 * name of a file.
 *
 * memory: the file of first; label: of first without one.  NULL on errors, which the node remembers.
 */
const struct tacit_trust *tacit_cli_whom_trust(
    struct tacit_node *node, const char *whom, const char *memory, const char *label);

#endif
