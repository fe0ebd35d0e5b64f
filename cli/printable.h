/*
 * cli/printable.h: bytes from elsewhere on their way to a terminal, in whatever pieces they come:
 * UTF-8 as it is, newlines and tabs too; control characters and what is no text as \xNN.
 */
#ifndef TACIT_CLI_PRINTABLE_H
#define TACIT_CLI_PRINTABLE_H

#include <stddef.h>

/* bytes that a piece of len bytes becomes at most, with those kept from before */
#define TACIT_CLI_PRINTABLE_CAP(len) (4 * ((len) + TACIT_CLI_CHARACTER_MAX))
#define TACIT_CLI_CHARACTER_MAX      4

/* the beginning of a character whose end did not come yet; zeros at first */
struct tacit_cli_printable {
	char kept[TACIT_CLI_CHARACTER_MAX];
	size_t len;
};

/*
 * tacit_cli_printable: what of len bytes can be shown now; ret has room for TACIT_CLI_PRINTABLE_CAP
 * of len.  tacit_cli_printable_end: what was kept; nothing follows that belongs to it.
 *
 * Both return how many bytes they wrote.  The locale's character set is UTF-8; in another one all
 * that is not ASCII is escaped.
 */
size_t tacit_cli_printable(
    struct tacit_cli_printable *state, const void *bytes, size_t len, char *ret);
size_t tacit_cli_printable_end(struct tacit_cli_printable *state, char *ret);

#endif
