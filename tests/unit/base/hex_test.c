/* Hex */
#include "support/unit.h"

#include "base/hex.h"

static void
every_byte_round_trips(void **state)
{
	uint8_t bytes[256], back[256];
	char text[513];

	(void)state;
	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	tacit_hex_encode(text, bytes, sizeof(bytes));
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 508, "feff");
	assert_true(tacit_hex_decode(back, sizeof(back), text));
	assert_memory_equal(back, bytes, sizeof(bytes));
	for (char *c = text; *c != '\0'; c++)
		*c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
	memset(back, 0, sizeof(back));
	assert_true(tacit_hex_decode(back, sizeof(back), text));
	assert_memory_equal(back, bytes, sizeof(bytes));
	tacit_hex_encode(text, bytes, 0);
	assert_string_equal(text, "");
	assert_true(tacit_hex_decode(back, 0, ""));
}

static void
only_hex_of_the_right_length_is_taken(void **state)
{
	uint8_t back[2];

	(void)state;
	assert_true(tacit_hex_decode(back, 2, "0aF9"));
	assert_false(tacit_hex_decode(back, 2, "0aF"));
	assert_false(tacit_hex_decode(back, 2, "0aF90"));
	assert_false(tacit_hex_decode(back, 2, "0aF900"));
	assert_false(tacit_hex_decode(back, 2, ""));
	assert_false(tacit_hex_decode(back, 0, "00"));
	for (int c = 1; c < 256; c++) {
		const char high[3] = {(char)c, '0', '\0'}, low[3] = {'0', (char)c, '\0'};
		bool digit = strchr("0123456789abcdefABCDEF", c) != NULL;

		assert_int_equal(tacit_hex_decode(back, 1, high), digit);
		assert_int_equal(tacit_hex_decode(back, 1, low), digit);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_round_trips),
	    cmocka_unit_test(only_hex_of_the_right_length_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
