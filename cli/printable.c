#include "printable.h"

#include <string.h>
#include <wctype.h>

bool
tacit_cli_is_harmless(wchar_t character)
{
	return iswprint((wint_t)character) && !(character >= 0x202a && character <= 0x202e) &&
	       !(character >= 0x2066 && character <= 0x2069);
}

static size_t
escape(unsigned char byte, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	ret[0] = '\\';
	ret[1] = 'x';
	ret[2] = digits[byte >> 4];
	ret[3] = digits[byte & 15];
	return 4;
}

static void
drop(struct tacit_cli_printable *state, size_t len)
{
	state->len -= len;
	memmove(state->kept, state->kept + len, state->len);
}

/* The character at the front of what is kept, or its first byte, if it is known which; returns the
 * bytes written, 0: more has to come. */
static size_t
show(struct tacit_cli_printable *state, bool ended, char *ret)
{
	mbstate_t begin = {0};
	wchar_t character;
	size_t n = mbrtowc(&character, state->kept, state->len, &begin);

	if (n == (size_t)-2 && !ended && state->len < sizeof(state->kept))
		return 0;
	if (n == 0) /* a NUL */
		n = (size_t)-1;
	if (n <= state->len &&
	    (tacit_cli_is_harmless(character) || character == L'\n' || character == L'\t')) {
		memcpy(ret, state->kept, n);
		drop(state, n);
		return n;
	}
	/* what is behind it in the same character is escaped by itself: it begins nothing */
	n = escape((unsigned char)state->kept[0], ret);
	drop(state, 1);
	return n;
}

static size_t
show_all(struct tacit_cli_printable *state, bool ended, char *ret)
{
	size_t used = 0, n;

	while (state->len > 0 && (n = show(state, ended, ret + used)) > 0)
		used += n;
	return used;
}

size_t
tacit_cli_printable(struct tacit_cli_printable *state, const void *bytes, size_t len, char *ret)
{
	const char *at = bytes;
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		state->kept[state->len++] = at[i];
		used += show_all(state, false, ret + used);
	}
	return used;
}

size_t
tacit_cli_printable_end(struct tacit_cli_printable *state, char *ret)
{
	return show_all(state, true, ret);
}
