/*
 * cli/passphrase.h: where a passphrase comes from: the terminal, or a file; never the command line.
 */
#ifndef TACIT_CLI_PASSPHRASE_H
#define TACIT_CLI_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

#define TACIT_CLI_PASSPHRASE_LEN_MAX 1024 /* tacit/entity.h */

/* bytes has room for the newline behind it, and for a byte more, which is too many */
struct tacit_cli_passphrase {
	char bytes[TACIT_CLI_PASSPHRASE_LEN_MAX + 2];
	size_t len;
};

/* whose passphrase is wanted, for what is said */
struct tacit_cli_asker {
	const char *name;   /* the program's, before diagnostics */
	const char *prefix; /* "new-" for --new-passphrase-file and --new-no-passphrase, or "" */
	bool is_new;        /* there may be none */
};

/*
 * tacit_cli_passphrase_ask: prints the question to the terminal and takes a line from it, without
 * echo.  The echo is back when this returns, and before a signal ends or stops the process; after a
 * stop it asks again.
 * tacit_cli_passphrase_read: a file's bytes; one newline at its end does not count.
 *
 * ret is to be wiped, always.  False: said why not.
 */
bool tacit_cli_passphrase_ask(
    const struct tacit_cli_asker *asker, const char *question, struct tacit_cli_passphrase *ret);
bool tacit_cli_passphrase_read(
    const struct tacit_cli_asker *asker, const char *path, struct tacit_cli_passphrase *ret);

void tacit_cli_passphrase_wipe(struct tacit_cli_passphrase *passphrase);

#endif
