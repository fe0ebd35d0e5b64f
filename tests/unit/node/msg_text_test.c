/* The printable form of a body: nothing that moves a terminal's cursor comes through */
#include "support/node.h"

#include "wire/msg.h"

static void
assert_text(const char *bytes, size_t len, const char *text)
{
	struct tacit_msg *msg = tacit_msg_new_body(bytes, len);

	assert_string_equal(tacit_msg_text(msg), text);
	assert_string_equal(tacit_msg_text(msg), text);
	tacit_msg_unref(msg);
}

#define ASSERT_TEXT(bytes, text) assert_text(bytes, sizeof(bytes) - 1, text)

static void
utf8_stays_as_it_is(void **state)
{
	(void)state;
	ASSERT_TEXT("", "");
	ASSERT_TEXT("plain \\ text ~", "plain \\ text ~");
	ASSERT_TEXT("\xc2\xa0\xdf\xbf", "\xc2\xa0\xdf\xbf");
	ASSERT_TEXT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
	    "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
	ASSERT_TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void
control_characters_are_escaped(void **state)
{
	(void)state;
	ASSERT_TEXT("a\0b\n\r\t\x1b[2J\x7f", "a\\x00b\\x0a\\x0d\\x09\\x1b[2J\\x7f");
	ASSERT_TEXT("\xc2\x80\xc2\x9b\xc2\x9f", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f");
}

static void
broken_utf8_is_escaped(void **state)
{
	(void)state;
	ASSERT_TEXT("\x80z\xbfz\xffz\xfez", "\\x80z\\xbfz\\xffz\\xfez");
	/* cut short at the end and in the middle */
	ASSERT_TEXT("\xc3", "\\xc3");
	ASSERT_TEXT("\xe2\x82", "\\xe2\\x82");
	ASSERT_TEXT("\xf0\x9f\x98", "\\xf0\\x9f\\x98");
	ASSERT_TEXT("\xe2\x82z", "\\xe2\\x82z");
	ASSERT_TEXT("\xc3\xc3\xa9", "\\xc3\xc3\xa9");
	/* longer than needed, surrogates, beyond the last character */
	ASSERT_TEXT("\xc0\x8a\xc1\xbf", "\\xc0\\x8a\\xc1\\xbf");
	ASSERT_TEXT("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
	ASSERT_TEXT("\xed\xa0\x80", "\\xed\\xa0\\x80");
	ASSERT_TEXT("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
	ASSERT_TEXT("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	ASSERT_TEXT("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80");
}

/* every one and two bytes: what comes out is printable, and holds no less than went in */
static void
nothing_unprintable_comes_out(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		char bytes[2] = {(char)(i >> 8), (char)i};
		struct tacit_msg *msg = tacit_msg_new_body(bytes, 2);
		const uint8_t *text = (const uint8_t *)tacit_msg_text(msg);
		size_t len = strlen((const char *)text);

		assert_in_range(len, 2, 8);
		for (size_t at = 0; at < len; at++) {
			assert_true(text[at] >= 0x20 && text[at] != 0x7f);
			assert_false(text[at] == 0xc2 && text[at + 1] < 0xa0);
		}
		tacit_msg_unref(msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(utf8_stays_as_it_is),
	    cmocka_unit_test(control_characters_are_escaped),
	    cmocka_unit_test(broken_utf8_is_escaped),
	    cmocka_unit_test(nothing_unprintable_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
