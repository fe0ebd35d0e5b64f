/* A listing of a store, as its parts come, in any order and with little memory */
#include "support/unit.h"

#include "base/memory.h"
#include "stream/lister.h"

static tacit_err
add_stream(struct tacit_lister *lister, const char *name, uint64_t end)
{
	struct tacit_listed_stream stream = {.name = name, .end = end, .entries = end, .bytes = 9};

	return tacit_lister_stream(lister, &stream);
}

/* streams and readers as they may come from a store: mixed, and not in order */
static tacit_err
fill(struct tacit_lister *lister)
{
	tacit_err err = tacit_lister_reader(lister, "zoe", "b", 3);

	for (int i = 0; i < 40 && err == TACIT_OK; i++)
		err = tacit_lister_reader(lister, "lost", "away", 1);
	if (err == TACIT_OK)
		err = add_stream(lister, "c", 0);
	if (err == TACIT_OK)
		err = add_stream(lister, "a", 5);
	if (err == TACIT_OK)
		err = tacit_lister_reader(lister, "ann", "b", 10);
	if (err == TACIT_OK)
		err = add_stream(lister, "b", 10);
	if (err == TACIT_OK)
		err = tacit_lister_reader(lister, "eve", "a", 99);
	return err;
}

static void
check(const struct tacit_listing *listing)
{
	const struct tacit_listed_stream *streams = listing->streams;

	assert_int_equal(listing->count, 3);
	assert_string_equal(streams[0].name, "a");
	assert_string_equal(streams[1].name, "b");
	assert_string_equal(streams[2].name, "c");
	assert_int_equal(streams[0].end, 5);
	assert_int_equal(streams[0].bytes, 9);
	/* a position beyond the end is not behind */
	assert_int_equal(streams[0].reader_count, 1);
	assert_string_equal(streams[0].readers[0].client_id, "eve");
	assert_int_equal(streams[0].readers[0].position, 99);
	assert_int_equal(streams[0].readers[0].lag, 0);
	assert_int_equal(streams[1].reader_count, 2);
	assert_string_equal(streams[1].readers[0].client_id, "ann");
	assert_int_equal(streams[1].readers[0].lag, 0);
	assert_string_equal(streams[1].readers[1].client_id, "zoe");
	assert_int_equal(streams[1].readers[1].lag, 7);
	assert_int_equal(streams[2].reader_count, 0);
}

static void
parts_come_in_any_order(void **state)
{
	struct tacit_lister *lister = tacit_lister_new();
	const struct tacit_listing *listing;

	(void)state;
	assert_non_null(lister);
	assert_int_equal(fill(lister), TACIT_OK);
	assert_int_equal(tacit_lister_finish(lister, &listing), TACIT_OK);
	check(listing);
	tacit_lister_free(lister);
}

static void
nothing_is_a_listing_too(void **state)
{
	struct tacit_lister *lister = tacit_lister_new();
	const struct tacit_listing *listing;

	(void)state;
	assert_non_null(lister);
	assert_int_equal(tacit_lister_finish(lister, &listing), TACIT_OK);
	assert_int_equal(listing->count, 0);
	tacit_lister_free(lister);
	tacit_lister_free(NULL);
}

/* whichever allocation fails, it is told, and nothing is lost */
static void
memory_that_runs_out(void **state)
{
	bool complete = false;

	(void)state;
	for (unsigned long nth = 1; !complete; nth++) {
		const struct tacit_listing *listing = NULL;
		struct tacit_lister *lister;
		tacit_err err = TACIT_ENOMEM;

		assert_true(nth < 1000);
		tacit_alloc_fail_at(nth);
		if ((lister = tacit_lister_new()) != NULL)
			err = fill(lister);
		if (err == TACIT_OK)
			err = tacit_lister_finish(lister, &listing);
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
		complete = err == TACIT_OK;
		if (complete)
			check(listing);
		tacit_lister_free(lister);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_come_in_any_order),
	    cmocka_unit_test(nothing_is_a_listing_too),
	    cmocka_unit_test(memory_that_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
