/* Listings and looks through a node (tacit/look.h), with a store and a service of its own */
#include "support/node.h"

#include <stdlib.h>

#include "node/internal.h"
#include "stream/store.h"
#include "tacit/look.h"
#include "tacit/stream.h"
#include "wire/stream_look.h"

static void
on_open(void *arg, tacit_err err, const char *text, uint64_t first, uint64_t end)
{
	(void)arg;
	(void)text;
	(void)first;
	(void)end;
	assert_int_equal(err, TACIT_OK);
}

static void
on_append(void *arg, tacit_err err, uint64_t index)
{
	(void)arg;
	(void)index;
	assert_int_equal(err, TACIT_OK);
}

/* stream s of a store in memory, with count entries whose lengths are their indexes */
static struct tacit_store *
filled(struct tacit_node *node, size_t count)
{
	struct tacit_store *store = tacit_store_in_memory(node);

	assert_non_null(store);
	store->ops->open(store, "s", true, on_open, NULL);
	for (size_t i = 0; i < count; i++) {
		struct tacit_msg *msg = tacit_msg_new(i);

		assert_non_null(msg);
		memset(tacit_msg_payload(msg), (int)(i | 2), i); /* no message begins so */
		store->ops->append(store, "s", msg, on_append, NULL);
		tacit_msg_unref(msg);
	}
	store->ops->position_set(store, "bob", "s", 7);
	return store;
}

/* the entries that a look gives are those from first on, count of them */
static void
check_look(struct tacit_node *node, const struct tacit_look_options *options, uint64_t first,
    uint64_t count)
{
	struct tacit_look *look = tacit_look_open(node, options);
	const struct tacit_look_entry *entry;
	uint64_t index = first;

	assert_non_null(look);
	assert_int_equal(tacit_look_first(look), 0);
	while ((entry = tacit_look_next(look)) != NULL) {
		assert_int_equal(entry->index, index);
		assert_int_equal(entry->size, index);
		assert_int_equal(entry->head_len, index < 256 ? index : 256);
		assert_true(entry->time_ms > 0);
		assert_int_equal(entry->nature.kind, TACIT_ENTRY_NO_MESSAGE);
		for (size_t i = 0; i < entry->head_len; i++)
			assert_int_equal(entry->head[i], (uint8_t)(index | 2));
		index++;
	}
	assert_int_equal(index - first, count);
	assert_null(tacit_look_next(look));
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	tacit_look_close(look);
}

static void
looks_page_through_a_stream(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_look_options options = {.name = "s", .count = 20};

	(void)state;
	assert_non_null(tacit_stream_service_start(node, filled(node, 1000), false));
	check_look(node, &options, 980, 20);
	options.count = UINT64_MAX;
	check_look(node, &options, 0, 1000);
	options.count = 257;
	check_look(node, &options, 743, 257);
	options.count = 0;
	check_look(node, &options, 1000, 0);
	options.from = true;
	options.count = 600;
	options.index = 3;
	check_look(node, &options, 3, 600);
	options.index = 990;
	check_look(node, &options, 990, 10);
	options.index = UINT64_MAX;
	check_look(node, &options, UINT64_MAX, 0);
	tacit_node_free(node);
}

/* what comes after it was opened is not shown, and the node may end before it */
static void
a_look_ends_where_it_began(void **state)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_look_options options = {.name = "s", .count = 400};
	struct tacit_store *store = filled(node, 300);
	struct tacit_look *look;
	size_t count = 0;

	(void)state;
	assert_non_null(tacit_stream_service_start(node, store, false));
	assert_non_null(look = tacit_look_open(node, &options));
	assert_int_equal(tacit_look_end(look), 300);
	for (size_t i = 0; i < 10; i++) {
		struct tacit_msg *msg = tacit_msg_new(5);

		assert_non_null(msg);
		store->ops->append(store, "s", msg, on_append, NULL);
		tacit_msg_unref(msg);
	}
	while (tacit_look_next(look) != NULL)
		count++;
	assert_int_equal(count, 300);
	tacit_node_free(node);
}

static void
refused(const struct tacit_look_options *options, tacit_err err, const char *words)
{
	struct tacit_node *node = tacit_node_new();

	assert_non_null(tacit_stream_service_start(node, filled(node, 1), false));
	assert_null(tacit_look_open(node, options));
	assert_int_equal(tacit_node_err(node), err);
	assert_non_null(strstr(tacit_node_errmsg(node), words));
	/* the node's error stands */
	assert_null(tacit_look_open(node, &(struct tacit_look_options){.name = "s"}));
	tacit_node_free(node);
}

static void
what_cannot_be_looked_at_is_said(void **state)
{
	struct tacit_look_options options = {.name = "none"};

	(void)state;
	refused(&options, TACIT_ENOTFOUND, "stream none: ");
	options.name = "a b";
	refused(&options, TACIT_EINVAL, "'a b' is no name for a stream");
	options.name = NULL;
	refused(&options, TACIT_EINVAL, "the name of a stream is needed");
	assert_null(tacit_look_open(NULL, &options));
	assert_null(tacit_look_next(NULL));
	assert_int_equal(tacit_look_first(NULL), 0);
	assert_int_equal(tacit_look_end(NULL), 0);
	tacit_look_close(NULL);
}

/* services that answer nonsense ---------------------------------------------------------------- */

/* answers a look for bounds (0 to 10), and then with items that cannot be */
static void
on_nonsense(void *self, struct tacit_msg *msg)
{
	struct tacit_node *node = ((void **)self)[0];
	const struct tacit_look_item *item = ((void **)self)[1];
	struct tacit_look_response response = {.text = {(const uint8_t *)"", 0}, .end = 10};
	struct tacit_look_request request;
	struct tacit_msg *answer;

	assert_int_equal(tacit_look_request_decode(msg, &request), TACIT_OK);
	response.request_id = request.request_id;
	assert_int_equal(
	    tacit_look_response_encode(&response, item, request.count > 0 ? 1 : 0, &answer),
	    TACIT_OK);
	tacit_route_copy(&answer->onward, &msg->ret);
	tacit_node_route(node, answer);
	tacit_msg_unref(msg);
}

static void
nonsense_is_refused(void **state)
{
	static const uint8_t bytes[4] = {1, 2, 3, 4};
	/* below what was asked for; an index that no next one follows; a head longer than its entry */
	static const struct tacit_look_item items[] = {
	    {4, 0, 4, {bytes, 4}}, {UINT64_MAX, 0, 4, {bytes, 4}}, {5, 0, 3, {bytes, 4}}};
	struct tacit_look_options options = {.name = "s", .from = true, .index = 5, .count = 5};

	(void)state;
	options.stream_service = "nonsense";
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct tacit_look_item item = items[i];
		struct tacit_node *node = tacit_node_new();
		void *self[2] = {node, &item};
		struct tacit_look *look;

		assert_non_null(
		    tacit_worker_add(node, "nonsense", TACIT_HEARS_LOCAL, on_nonsense, self));
		assert_non_null(look = tacit_look_open(node, &options));
		assert_null(tacit_look_next(look));
		assert_int_equal(tacit_node_err(node), TACIT_EFORMAT);
		tacit_node_free(node);
	}
}

static void
stores_are_listed(void **state)
{
	struct tacit_node *node = tacit_node_new();
	const struct tacit_listing *listing = tacit_store_list(node, filled(node, 10));

	(void)state;
	assert_non_null(listing);
	assert_int_equal(listing->count, 1);
	assert_string_equal(listing->streams[0].name, "s");
	assert_int_equal(listing->streams[0].entries, 10);
	assert_int_equal(listing->streams[0].bytes, 45);
	assert_int_equal(listing->streams[0].reader_count, 1);
	assert_string_equal(listing->streams[0].readers[0].client_id, "bob");
	assert_int_equal(listing->streams[0].readers[0].lag, 3);
	assert_null(tacit_store_list(node, NULL));
	assert_null(tacit_store_list(NULL, NULL));
	assert_null(tacit_store_read_disk(node, "/nowhere/at/all"));
	assert_int_equal(tacit_node_err(node), TACIT_ENOTFOUND);
	assert_non_null(strstr(tacit_node_errmsg(node), "there is no folder /nowhere/at/all"));
	tacit_node_free(node);
}

/* the store answers when the node is being freed, and nobody is there any more */
static void
a_stopped_listing_is_forgotten(void **state)
{
	char folder[] = "/tmp/tacit-look-XXXXXX", command[64];
	struct tacit_node *node = tacit_node_new();
	struct tacit_store *store;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_non_null(store = tacit_store_on_disk(node, folder));
	tacit_node_stop(node);
	assert_null(tacit_store_list(node, store));
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	tacit_node_free(node);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(looks_page_through_a_stream),
	    cmocka_unit_test(a_look_ends_where_it_began),
	    cmocka_unit_test(what_cannot_be_looked_at_is_said),
	    cmocka_unit_test(nonsense_is_refused),
	    cmocka_unit_test(stores_are_listed),
	    cmocka_unit_test(a_stopped_listing_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
