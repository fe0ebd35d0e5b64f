/* the messages of send and receive (PROTOCOL.md 10), each byte of them, and what is refused */
#include "support/unit.h"

#include "cli/pipe.h"

#define COUNT_A UINT64_C(0x0102030405060708)
#define BYTES_A "\x08\x07\x06\x05\x04\x03\x02\x01"
#define COUNT_B UINT64_C(0xf000000000000009)
#define BYTES_B "\x09\x00\x00\x00\x00\x00\x00\xf0"
#define ONES    "\xff\xff\xff\xff\xff\xff\xff\xff"

static const struct {
	const char *bytes;
	size_t len;
	struct tacit_cli_pipe pipe;
} samples[] = {
    {"\x01\x01\x00" BYTES_A, 11, {.kind = TACIT_CLI_PIPE_BEGIN, .size = COUNT_A}},
    {"\x01\x01\x01" ONES, 11,
	{.kind = TACIT_CLI_PIPE_BEGIN, .lines = true, .size = TACIT_CLI_PIPE_UNKNOWN}},
    {"\x04" BYTES_A BYTES_B, 17,
	{.kind = TACIT_CLI_PIPE_END, .bytes = COUNT_A, .messages = COUNT_B}},
    {"\x05no", 3, {.kind = TACIT_CLI_PIPE_ABORT, .data = "no", .len = 2}},
    {"\x11" BYTES_B, 9, {.kind = TACIT_CLI_PIPE_TAKEN, .bytes = COUNT_B}},
    {"\x12" BYTES_A, 9, {.kind = TACIT_CLI_PIPE_DONE, .bytes = COUNT_A}},
    {"\x13", 1, {.kind = TACIT_CLI_PIPE_FAILED, .data = "", .len = 0}},
    {"\x14", 1, {.kind = TACIT_CLI_PIPE_BUSY}},
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static bool
is_text(enum tacit_cli_pipe_kind kind)
{
	return kind == TACIT_CLI_PIPE_ABORT || kind == TACIT_CLI_PIPE_FAILED;
}

static void
messages_are_these_bytes(void **state)
{
	char bytes[TACIT_CLI_PIPE_LEN_MAX];
	struct tacit_cli_pipe got;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct tacit_cli_pipe *want = &samples[i].pipe;

		assert_int_equal(tacit_cli_pipe_encode(want, bytes), samples[i].len);
		assert_memory_equal(bytes, samples[i].bytes, samples[i].len);
		assert_true(tacit_cli_pipe_decode(bytes, samples[i].len, &got));
		assert_int_equal(got.kind, want->kind);
		assert_int_equal(got.lines, want->lines);
		assert_true(got.size == want->size && got.bytes == want->bytes &&
			    got.messages == want->messages);
		if (is_text(want->kind)) {
			assert_int_equal(got.len, want->len);
			assert_memory_equal(got.data, want->data, want->len);
		}
	}
}

static void
data_are_a_kind_and_what_follows(void **state)
{
	static const char line[] = "\x03\x00\nx";
	struct tacit_cli_pipe got;

	(void)state;
	assert_true(tacit_cli_pipe_decode(line, 4, &got));
	assert_int_equal(got.kind, TACIT_CLI_PIPE_LINE);
	assert_int_equal(got.len, 3);
	assert_ptr_equal(got.data, line + 1);
	assert_true(tacit_cli_pipe_decode("\x03", 1, &got));
	assert_int_equal(got.len, 0);
	assert_true(tacit_cli_pipe_decode("\x02z", 2, &got));
	assert_int_equal(got.kind, TACIT_CLI_PIPE_BYTES);
	assert_int_equal(got.len, 1);
}

/* a message that is cut or has something behind it is none, and nothing is written for it */
static void
other_lengths_are_refused(void **state)
{
	char bytes[TACIT_CLI_PIPE_LEN_MAX + 1];
	struct tacit_cli_pipe got = {.bytes = 7};

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, samples[i].bytes, samples[i].len);
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			bool good =
			    len == samples[i].len || (is_text(samples[i].pipe.kind) && len > 0 &&
							 len <= TACIT_CLI_PIPE_LEN_MAX);

			got.bytes = 7;
			assert_int_equal(tacit_cli_pipe_decode(bytes, len, &got), good);
			assert_true(good || got.bytes == 7);
		}
	}
}

static void
other_kinds_are_refused(void **state)
{
	static const char known[] = "\x01\x02\x03\x04\x05\x11\x12\x13\x14";
	struct tacit_cli_pipe got;

	(void)state;
	for (int kind = 0; kind < 256; kind++) {
		char bytes[] = {(char)kind, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
		bool any = false;

		for (size_t len = 1; len <= sizeof(bytes); len++)
			any = tacit_cli_pipe_decode(bytes, len, &got) || any;
		assert_int_equal(any, kind != 0 && strchr(known, kind) != NULL);
	}
}

static void
other_versions_and_flags_are_refused(void **state)
{
	char bytes[] = "\x01\x01\x01" ONES;
	struct tacit_cli_pipe got;

	(void)state;
	for (int value = 0; value < 256; value++) {
		bytes[1] = (char)value;
		assert_int_equal(tacit_cli_pipe_decode(bytes, 11, &got), value == 1);
		bytes[1] = 1;
		bytes[2] = (char)value;
		assert_int_equal(tacit_cli_pipe_decode(bytes, 11, &got), value < 2);
		bytes[2] = 1;
	}
}

static void
texts_are_cut(void **state)
{
	char text[TACIT_CLI_PIPE_TEXT_MAX + 1], bytes[TACIT_CLI_PIPE_LEN_MAX];
	struct tacit_cli_pipe pipe = {
	    .kind = TACIT_CLI_PIPE_FAILED, .data = text, .len = sizeof(text)};

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(tacit_cli_pipe_encode(&pipe, bytes), sizeof(bytes));
	assert_true(tacit_cli_pipe_decode(bytes, sizeof(bytes), &pipe));
	assert_int_equal(pipe.len, TACIT_CLI_PIPE_TEXT_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_are_these_bytes),
	    cmocka_unit_test(data_are_a_kind_and_what_follows),
	    cmocka_unit_test(other_lengths_are_refused),
	    cmocka_unit_test(other_kinds_are_refused),
	    cmocka_unit_test(other_versions_and_flags_are_refused),
	    cmocka_unit_test(texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
