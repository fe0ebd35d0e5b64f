/*
 * Looking at what lies in Kafka: stores for reading only, and listings, against the broker that
 * TACIT_KAFKA=HOST:PORT names; without one the program says that it was skipped.
 */
#include "support/store_fixture.h"

#include "support/kafka.h"

static void
a_store_for_reading_changes_nothing(void **state)
{
	struct tacit_store *store = open_kafka();
	struct tacit_store *reader =
	    open_with(&(struct tacit_store_kafka_config){.read_only = true});
	struct reading reading, again;
	char name[64], none[64];
	uint64_t index[3];

	(void)state;
	make_stream(store, name);
	fresh_name(none);
	fill_stream(store, name, 3, 20, index);
	assert_int_equal(open_now(reader, name, true).end, 3);
	read_now(reader, name, range_of(0, 3, 1000, false), &reading);
	read_now(store, name, range_of(0, 3, 1000, false), &again);
	assert_int_equal(reading.count, 3);
	assert_memory_equal(reading.times, again.times, 3 * sizeof(reading.times[0]));
	assert_int_equal(open_now(reader, none, true).err, TACIT_EDENIED);
	assert_int_equal(append_now(reader, name, 9, 20).err, TACIT_EDENIED);
	reader->ops->position_set(reader, "anybody", name, 1);
	assert_false(position_now(reader, "anybody", name).found);
	assert_false(position_now(store, "anybody", name).found);
	assert_int_equal(open_now(store, none, false).err, TACIT_ENOTFOUND);
	assert_int_equal(open_now(store, name, false).end, 3);
	reader->ops->free(reader, FREE_MS);
	store->ops->free(store, FREE_MS);
}

/* Positions are saved beside everything else, and a young broker takes its time over the first one:
 * a listing that shows the reader, or the last of many that do not. */
static struct listing
list_with_reader(struct tacit_store *store, const char *client_id, const char *name, uint64_t index)
{
	struct listing listing;

	for (int left = 300;; left--) {
		store->ops->position_set(store, client_id, name, index);
		assert_true(position_now(store, client_id, name).found);
		listing = list_now(store);
		assert_int_equal(listing.err, TACIT_OK);
		if (left == 0 || listed(&listing, name)->reader_count > 0)
			return listing;
		tacit_lister_free(listing.lister);
		pump_for(store, 100);
	}
}

static void
a_listing_keeps_to_its_prefixes(void **state)
{
	char prefix[64], topic[80], other[64];
	struct tacit_store_kafka_config config = {.topic_prefix = prefix, .group_prefix = prefix};
	rd_kafka_t *stranger = stranger_new(NULL);
	struct listing listing;
	struct tacit_store *store;
	uint64_t index[5];

	(void)state;
	fresh_name(prefix);
	store = open_with(&config);
	listing = list_now(store);
	assert_int_equal(listing.listing->count, 0);
	tacit_lister_free(listing.lister);
	stranger_creates(stranger, fresh_name(other), 1);
	(void)snprintf(topic, sizeof(topic), "%s-two", prefix);
	stranger_creates(stranger, topic, 2);
	assert_int_equal(open_now(store, "-one", true).err, TACIT_OK);
	fill_stream(store, "-one", 5, 20, index);
	(void)snprintf(topic, sizeof(topic), "%s-one", prefix);
	stranger_forgets(stranger, topic, 3);
	listing = list_with_reader(store, "-bob", "-one", 4);
	assert_int_equal(listing.listing->count, 1);
	assert_int_equal(listed(&listing, "-one")->first, 3);
	assert_int_equal(listed(&listing, "-one")->end, 5);
	assert_int_equal(listed(&listing, "-one")->entries, 2);
	assert_true(listed(&listing, "-one")->bytes == TACIT_BYTES_UNKNOWN);
	assert_int_equal(listed(&listing, "-one")->reader_count, 1);
	assert_string_equal(listed(&listing, "-one")->readers[0].client_id, "-bob");
	assert_int_equal(listed(&listing, "-one")->readers[0].lag, 1);
	tacit_lister_free(listing.lister);
	stranger_deletes(stranger, topic);
	listing = list_now(store);
	assert_int_equal(listing.listing->count, 0);
	tacit_lister_free(listing.lister);
	store->ops->free(store, FREE_MS);
	rd_kafka_destroy(stranger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_store_for_reading_changes_nothing),
	    cmocka_unit_test(a_listing_keeps_to_its_prefixes),
	};

	if (getenv("TACIT_KAFKA") == NULL) {
		print_message("skipped: set TACIT_KAFKA=HOST:PORT to a broker\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
