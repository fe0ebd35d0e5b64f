/*
 * cli/identity_file.h: the passphrase of an identity file, from wherever the options say.
 */
#ifndef TACIT_CLI_IDENTITY_FILE_H
#define TACIT_CLI_IDENTITY_FILE_H

#include <stdbool.h>

#include "passphrase.h"
#include "tacit/entity.h"

struct tacit_cli_identity_file {
	const char *path;
	const char *passphrase_file; /* NULL: the terminal is asked */
	bool no_passphrase;
	bool is_next; /* what a file that is there is to have: --new-passphrase-file and so on */
};

/* a passphrase as the library wants it, and where its bytes lie meanwhile */
struct tacit_cli_opening {
	struct tacit_passphrase passphrase;
	struct tacit_cli_passphrase own;
};

/*
 * tacit_cli_opening_new: for a file that is to be made, or sealed anew: the terminal asks twice.
 * tacit_cli_opening_find: for a file that is there: asks only if it has a passphrase.
 *
 * name: the command's, before diagnostics.  ret is to be wiped, always: tacit_cli_passphrase_wipe
 * of its own.  False: said why not; what the node remembers its log has said.
 */
bool tacit_cli_opening_new(
    const char *name, const struct tacit_cli_identity_file *file, struct tacit_cli_opening *ret);
bool tacit_cli_opening_find(struct tacit_node *node, const char *name,
    const struct tacit_cli_identity_file *file, struct tacit_identity_info *ret_info,
    struct tacit_cli_opening *ret);

#endif
