/*
 * What a consumer makes of answers that are old, foreign, damaged or made up.
 */
#include "support/damage.h"
#include "unit/stream/reader.h"

static void
old_entries_are_skipped(void **state)
{
	static const uint64_t jumble[] = {3, 4, 4, 2, 5, 0, 9, 8, 9, UINT64_MAX, 10};
	static const uint64_t read[] = {3, 4, 5, 9};
	struct reader *reader = *state;

	make(reader, NULL, TACIT_START_END);
	let_open(reader, 0, 3);
	hand(reader, entries(take_pull(reader, 3), jumble, sizeof(jumble) / sizeof(*jumble)));
	assert_int_equal(reader->delivered, 4);
	assert_memory_equal(reader->indexes, read, sizeof(read));
	/* an answer with nothing new in it is as good as empty */
	hand(reader, run_of(take_pull(reader, 10), 0, 10));
	assert_int_equal(reader->delivered, 4);
	assert_int_equal(reader->mail.count, 0);
	tick(reader, TACIT_PULL_AGAIN_MS);
	let_open(reader, 0, 10);
	(void)take_pull(reader, 10);
}

static void
other_answers_are_ignored(void **state)
{
	struct reader *reader = *state;
	uint64_t id;

	make(reader, NULL, TACIT_START_END);
	hand(reader, run_of(0, 0, 1));
	hand(reader, run_of(1, 0, 1));
	let_open(reader, 0, 3);
	id = take_pull(reader, 3);
	hand(reader, run_of(id + 1, 3, 3));
	hand(reader, run_of(id - 1, 3, 3));
	assert_int_equal(reader->delivered, 0);
	hand(reader, run_of(id, 3, 3));
	assert_int_equal(reader->delivered, 3);
	hand(reader, run_of(id, 6, 3));
	assert_int_equal(reader->delivered, 3);
	hand(reader, hub_confirm(id, TACIT_PUSH_OK));
	(void)take_pull(reader, 6);
	assert_int_equal(reader->mail.count, 0);
}

/* an entry is a view of what was received, and one that is no message costs only itself */
static void
entries_are_views(void **state)
{
	struct reader *reader = *state;
	struct tacit_msg *msg, *good = entry("hello");
	struct tacit_pull_writer writer;
	struct tacit_block *block;
	size_t len = 2 * (good->len + tacit_pull_entry_overhead(0, good->len)) +
		     tacit_pull_entry_overhead(1, 3) + 3 + tacit_pull_entry_overhead(2, 0);

	make(reader, NULL, TACIT_START_STORED);
	let_open(reader, 0, 4);
	assert_int_equal(
	    tacit_pull_writer_begin(&writer, take_pull(reader, 0), 4, len, 0), TACIT_OK);
	tacit_pull_writer_add(&writer, 0, tacit_msg_payload(good), good->len);
	tacit_pull_writer_add(&writer, 1, "bad", 3);
	tacit_pull_writer_add(&writer, 2, tacit_msg_payload(good), good->len);
	tacit_pull_writer_add(&writer, 3, "", 0);
	msg = tacit_pull_writer_finish(&writer);
	block = tacit_block_ref(msg->block);
	hand(reader, msg);
	assert_int_equal(reader->delivered, 2);
	assert_int_equal(reader->indexes[1], 2);
	assert_true(reader->last > block->bytes && reader->last < block->bytes + block->cap);
	assert_int_equal(reader->event, TACIT_CONSUMER_SKIPPED);
	assert_int_equal(reader->events, 1);
	assert_int_equal(reader->from, 2);
	assert_int_equal(reader->to, 2);
	(void)take_pull(reader, 4);
	tacit_block_unref(block);
	tacit_msg_unref(good);
}

/* whichever allocation fails, no entry is passed over */
static void
memory_that_runs_out(void **state)
{
	struct reader *reader = *state;
	uint64_t next = 0;

	make(reader, NULL, TACIT_START_END);
	let_open(reader, 0, 0);
	for (unsigned long nth = 1; nth < 10; nth++) {
		struct tacit_msg *msg = run_of(take_pull(reader, next), next, 5);

		reader->delivered = 0;
		tacit_alloc_fail_at(nth);
		hand(reader, msg);
		tacit_alloc_fail_at(0);
		for (unsigned i = 0; i < reader->delivered; i++)
			assert_int_equal(reader->indexes[i], next + i);
		next += reader->delivered;
		assert_int_equal(tacit_consumer_position(reader->consumer), next);
		if (reader->mail.count == 0) {
			tick(reader, TACIT_RECONNECT_MAX_MS);
			let_open(reader, 0, next);
		}
	}
	assert_true(next > 10);
}

/* an answer damaged in any one place: whatever comes of it, the position does not go beyond what
 * was delivered or skipped, and the consumer lives */
static void
hand_damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct reader *reader = arg;

	(void)kind;
	(void)index;
	reader->end = 3;
	reader->events = 0;
	make(reader, NULL, TACIT_START_END);
	let_open(reader, 0, 3);
	mail_drop(&reader->mail);
	hand(reader, tacit_msg_copy_of(bytes, len));
	assert_true(tacit_consumer_position(reader->consumer) == reader->end ||
		    (reader->events == 1 && reader->event == TACIT_CONSUMER_SKIPPED));
	mail_drop(&reader->mail);
}

static void
damaged_answers_do_no_harm(void **state)
{
	struct reader *reader = *state;
	struct tacit_msg *msg;

	make(reader, NULL, TACIT_START_END);
	let_open(reader, 0, 3);
	msg = run_of(take_pull(reader, 3), 3, 3);
	damage_each(tacit_msg_payload(msg), msg->len, hand_damaged, reader);
	/* the twin: undamaged, all three are read */
	reader->delivered = 0;
	make(reader, NULL, TACIT_START_END);
	let_open(reader, 0, 3);
	hand(reader, msg);
	assert_int_equal(reader->delivered, 3);
	assert_int_equal(tacit_consumer_position(reader->consumer), 6);
}

static void
huge_counts_do_no_harm(void **state)
{
	struct reader *reader = *state;
	struct tacit_writer inner, outer;
	uint8_t bytes[64], envelope[96];
	uint64_t id;

	make(reader, NULL, TACIT_START_END);
	let_open(reader, 0, 3);
	id = take_pull(reader, 3);
	for (unsigned bits = 1; bits < 64; bits++) {
		tacit_writer_init(&inner, bytes, sizeof(bytes));
		tacit_bare_write_uint(&inner, id);
		tacit_bare_write_uint(&inner, UINT64_C(1) << bits);
		tacit_bare_write_uint(&inner, 3);
		tacit_bare_write_uint(&inner, UINT64_C(1) << bits);
		tacit_writer_init(&outer, envelope, sizeof(envelope));
		tacit_bare_write_text(&outer, "stream_pull");
		tacit_bare_write_data(&outer, bytes, inner.len);
		assert_false(inner.bad || outer.bad);
		hand(reader, tacit_msg_copy_of(envelope, outer.len));
	}
	assert_int_equal(reader->delivered, 0);
	assert_int_equal(tacit_consumer_position(reader->consumer), 3);
	hand(reader, run_of(id, 3, 3));
	assert_int_equal(reader->delivered, 3);
}

static void
garbage_does_no_harm(void **state)
{
	struct reader *reader = *state;
	uint8_t bytes[256];

	make(reader, "bob", TACIT_START_STORED);
	for (int i = 0; i < 20000; i++) {
		size_t len = seeded_below(&reader->mail.seeded, sizeof(bytes));

		seeded_fill(&reader->mail.seeded, bytes, len);
		hand(reader, tacit_msg_copy_of(bytes, len));
	}
	assert_int_equal(reader->opened, 0);
	assert_int_equal(reader->delivered, 0);
	let_open(reader, 0, 3);
	assert_int_equal(reader->opened, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reader_new, reader_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(old_entries_are_skipped),
	    TEST(other_answers_are_ignored),
	    TEST(entries_are_views),
	    TEST(memory_that_runs_out),
	    TEST(damaged_answers_do_no_harm),
	    TEST(huge_counts_do_no_harm),
	    TEST(garbage_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
