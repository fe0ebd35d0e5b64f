/* what comes from elsewhere does nothing to a terminal, however it is cut into pieces */
#include "support/unit.h"

#include <locale.h>

#include "cli/printable.h"

/* text is handed over in pieces of so many bytes */
static void
expect(const char *text, size_t len, size_t piece, const char *want)
{
	char shown[1024];
	struct tacit_cli_printable state = {.len = 0};
	size_t used = 0;

	for (size_t at = 0; at < len; at += piece)
		used += tacit_cli_printable(
		    &state, text + at, piece < len - at ? piece : len - at, shown + used);
	used += tacit_cli_printable_end(&state, shown + used);
	assert_int_equal(state.len, 0);
	shown[used] = '\0';
	assert_string_equal(shown, want);
}

#define EXPECT(text, want)                                             \
	do {                                                           \
		for (size_t piece = 1; piece <= sizeof(text); piece++) \
			expect(text, sizeof(text) - 1, piece, want);   \
	} while (0)

static void
text_stays_text(void **state)
{
	(void)state;
	EXPECT("", "");
	EXPECT("plain text,\n\tof lines\n", "plain text,\n\tof lines\n");
	EXPECT("Gr\xc3\xbc\xc3\x9f"
	       "e \xe2\x82\xac \xf0\x9f\x90\x9f.",
	    "Gr\xc3\xbc\xc3\x9f"
	    "e \xe2\x82\xac \xf0\x9f\x90\x9f.");
}

static void
control_characters_are_escaped(void **state)
{
	(void)state;
	EXPECT("\x1b[2Jx\r\a\x7f", "\\x1b[2Jx\\x0d\\x07\\x7f");
	EXPECT("a\0b", "a\\x00b");
	/* C1, which moves a cursor as well */
	EXPECT("\xc2\x9b"
	       "2J",
	    "\\xc2\\x9b2J");
}

static void
what_turns_the_order_around_is_escaped(void **state)
{
	(void)state;
	EXPECT("\xe2\x80\xae"
	       "cod.exe",
	    "\\xe2\\x80\\xae"
	    "cod.exe");
	EXPECT("\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9",
	    "\\xe2\\x80\\xaa\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
	/* a text from right to left is a text, with the marks that it wants */
	EXPECT("\xd7\x90\xe2\x80\x8f!", "\xd7\x90\xe2\x80\x8f!");
}

static void
what_is_no_text_is_escaped(void **state)
{
	(void)state;
	EXPECT("\xff\x80z", "\\xff\\x80z");
	/* cut short, by another character and by the end */
	EXPECT("\xe2\x82z", "\\xe2\\x82z");
	EXPECT("\xe2\x82", "\\xe2\\x82");
	EXPECT("\xf0\x9f\x90", "\\xf0\\x9f\\x90");
	/* longer than need be, a surrogate, beyond Unicode */
	EXPECT("\xc0\x8a", "\\xc0\\x8a");
	EXPECT("\xed\xa0\x80", "\\xed\\xa0\\x80");
	EXPECT("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	EXPECT("\xe2\xe2\x82\xac", "\\xe2\xe2\x82\xac");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_stays_text),
	    cmocka_unit_test(control_characters_are_escaped),
	    cmocka_unit_test(what_turns_the_order_around_is_escaped),
	    cmocka_unit_test(what_is_no_text_is_escaped),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
