/*
 * cli/printable.h: bytes from elsewhere on their way to a terminal, in whatever pieces they come:
 * UTF-8 as it is, newlines and tabs too; control characters, bidi overrides and what is no text as
 * \xNN.
 */
#ifndef TACIT_CLI_PRINTABLE_H
#define TACIT_CLI_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* whether a terminal may be given it: no control character, and none of those that turn the order of
 * what is around them, so that it reads as something else (Unicode 15, 23.2: U+202A to U+202E and
 * U+2066 to U+2069) */
bool tacit_cli_is_harmless(wchar_t character);

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
