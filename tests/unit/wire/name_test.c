/* Names and client ids (PROTOCOL.md 3.6) */
#include "support/unit.h"

#include "base/limits.h"
#include "wire/name.h"

static bool
name(const char *text)
{
	return tacit_name_check(text, strlen(text));
}

static bool
client_id(const char *text)
{
	return tacit_client_id_check(text, strlen(text));
}

static void
every_byte_is_judged(void **state)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		const char text[3] = {'a', (char)byte, 'a'};
		bool good = byte != 0 && strchr(allowed, byte) != NULL;

		assert_int_equal(tacit_name_check(text, sizeof(text)), good);
		assert_int_equal(tacit_client_id_check(text, sizeof(text)), good);
	}
}

static void
names_that_kafka_keeps_are_refused(void **state)
{
	(void)state;
	assert_true(name("alice_to_bob_94e02814"));
	assert_false(name("."));
	assert_false(name(".."));
	assert_true(name("..."));
	assert_true(name(".a"));
	assert_true(name("a."));
	assert_false(name("__"));
	assert_false(name("__consumer_offsets"));
	assert_true(name("_"));
	assert_true(name("_a"));
	assert_true(name("a__"));
	/* they are no topics, so these are client ids */
	assert_true(client_id("."));
	assert_true(client_id("__a"));
	assert_true(client_id("bob_71b40998"));
}

static void
lengths(void **state)
{
	char text[TACIT_NAME_LEN_MAX + 1];

	(void)state;
	memset(text, 'n', sizeof(text));
	assert_false(tacit_name_check(text, 0));
	assert_true(tacit_name_check(text, 1));
	assert_true(tacit_name_check(text, TACIT_NAME_LEN_MAX));
	assert_false(tacit_name_check(text, TACIT_NAME_LEN_MAX + 1));
	assert_false(tacit_client_id_check(text, 0));
	assert_true(tacit_client_id_check(text, 1));
	assert_true(tacit_client_id_check(text, TACIT_CLIENT_ID_LEN_MAX));
	assert_false(tacit_client_id_check(text, TACIT_CLIENT_ID_LEN_MAX + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_is_judged),
	    cmocka_unit_test(names_that_kafka_keeps_are_refused),
	    cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
