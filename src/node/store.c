#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "node/internal.h"
#include "store/kafka.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "tacit/look.h"
#include "tacit/stream.h"

/* ms that a store may take to confirm what is under way when its node ends */
#define FREE_MS 5000
/* entries that a store may answer with in one turn of the loop */
#define TURN_ENTRIES 4096

struct owned_store {
	struct tacit_owned owned;
	struct tacit_node *node;
	struct tacit_store *store;
	struct tacit_fd_watch *watch;
};

static bool
on_readable(void *arg)
{
	struct owned_store *owned = arg;

	return owned->store->ops->dispatch(owned->store, TURN_ENTRIES);
}

static void
free_store(struct tacit_owned *self)
{
	struct owned_store *owned = TACIT_CONTAINER(self, struct owned_store, owned);

	tacit_fd_watch_free(owned->watch);
	owned->store->ops->free(owned->store, FREE_MS);
	tacit_free(owned);
}

/* gives the store to the node; takes it */
static struct tacit_store *
own(struct tacit_node *node, struct tacit_store *store)
{
	struct owned_store *owned = tacit_alloc(sizeof(*owned));
	int fd = store->ops->fd(store);

	if (owned == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a store");
		store->ops->free(store, 0);
		return NULL;
	}
	owned->node = node;
	owned->store = store;
	owned->owned.free = free_store;
	tacit_node_own(node, &owned->owned);
	if (fd >= 0 && (owned->watch = tacit_fd_watch_new(node, fd, on_readable, owned)) == NULL)
		return NULL;
	return store;
}

struct tacit_store *
tacit_store_in_memory(struct tacit_node *node)
{
	struct tacit_store *store;
	tacit_err err;

	if (!tacit_node_usable(node))
		return NULL;
	if ((err = tacit_store_memory_new(&store)) != TACIT_OK) {
		tacit_node_fail(node, err, "cannot open a store: %s", tacit_strerror(err));
		return NULL;
	}
	return own(node, store);
}

typedef tacit_err (*open_folder)(
    const char *folder, struct tacit_store **ret, char *text, size_t cap);

static struct tacit_store *
store_on_disk(struct tacit_node *node, const char *folder, open_folder open)
{
	struct tacit_store *store;
	char text[PATH_MAX + 256];
	tacit_err err;

	if (!tacit_node_usable(node))
		return NULL;
	if ((err = open(folder, &store, text, sizeof(text))) != TACIT_OK) {
		tacit_node_fail(node, err, "%s", text);
		return NULL;
	}
	return own(node, store);
}

struct tacit_store *
tacit_store_on_disk(struct tacit_node *node, const char *folder)
{
	return store_on_disk(node, folder, tacit_store_sqlite_open);
}

struct tacit_store *
tacit_store_read_disk(struct tacit_node *node, const char *folder)
{
	return store_on_disk(node, folder, tacit_store_sqlite_read);
}

static void
on_kafka_diag(void *arg, enum tacit_store_kafka_level level, const char *text)
{
	static const enum tacit_log_level levels[] = {
	    [TACIT_STORE_KAFKA_NOTE] = TACIT_LOG_DEBUG,
	    [TACIT_STORE_KAFKA_WARNING] = TACIT_LOG_WARNING,
	    [TACIT_STORE_KAFKA_ERROR] = TACIT_LOG_ERROR,
	};

	tacit_node_log(arg, levels[level], "kafka: %s", text);
}

/* librdkafka's properties in the room's own type; NULL without memory */
static struct tacit_store_kafka_property *
properties_of(const struct tacit_kafka_options *options)
{
	struct tacit_store_kafka_property *properties =
	    tacit_alloc_array(options->property_count, sizeof(*properties));

	for (size_t i = 0; properties != NULL && i < options->property_count; i++)
		properties[i] = (struct tacit_store_kafka_property){
		    options->properties[i].name, options->properties[i].value};
	return properties;
}

static struct tacit_store *
store_on_kafka(struct tacit_node *node, const struct tacit_kafka_options *options, bool read_only)
{
	struct tacit_store_kafka_property *properties;
	struct tacit_store_kafka_config config;
	struct tacit_store *store;
	char text[1024];
	tacit_err err;

	if (!tacit_node_usable(node))
		return NULL;
	if ((properties = properties_of(options)) == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a store");
		return NULL;
	}
	config = (struct tacit_store_kafka_config){
	    .brokers = options->brokers,
	    .topic_prefix = options->topic_prefix,
	    .group_prefix = options->group_prefix,
	    .no_create = options->no_create,
	    .read_only = read_only,
	    .sole_writer = options->sole_writer && !read_only,
	    .properties = properties,
	    .property_count = options->property_count,
	    .diag = on_kafka_diag,
	    .diag_arg = node,
	};
	err = tacit_store_kafka_open(&config, &store, text, sizeof(text));
	tacit_free(properties);
	if (err != TACIT_OK) {
		tacit_node_fail(node, err, "%s", text);
		return NULL;
	}
	/* what may be lost concerns who writes */
	tacit_node_log(node,
	    tacit_store_kafka_describe(store, text, sizeof(text)) && !read_only ? TACIT_LOG_WARNING
										: TACIT_LOG_INFO,
	    "%s", text);
	return own(node, store);
}

struct tacit_store *
tacit_store_on_kafka(struct tacit_node *node, const struct tacit_kafka_options *options)
{
	return store_on_kafka(node, options, false);
}

struct tacit_store *
tacit_store_read_kafka(struct tacit_node *node, const struct tacit_kafka_options *options)
{
	return store_on_kafka(node, options, true);
}
