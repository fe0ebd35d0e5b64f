/*
 * store/kafka.h: streams as Apache Kafka topics; the hub itself keeps nothing (DESIGN.md,
 * "Stores").
 *
 * A stream is the topic topic_prefix + name, of one partition; an entry is a record's value; a
 * confirm is the brokers' acks=all.  A client's position in a stream is the committed offset of
 * the group group_prefix + client id, where Kafka's own tools show it.  Broker outages are ridden
 * out: what was pushed waits, and is written once.
 */
#ifndef TACIT_STORE_KAFKA_H
#define TACIT_STORE_KAFKA_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/store.h"

enum tacit_store_kafka_level {
	TACIT_STORE_KAFKA_NOTE, /* librdkafka's own lines: for whoever asked for much detail */
	TACIT_STORE_KAFKA_WARNING,
	TACIT_STORE_KAFKA_ERROR,
};

/* a line for people, without a line feed; borrowed.  Runs within calls of the store only */
typedef void (*tacit_store_kafka_diag)(
    void *arg, enum tacit_store_kafka_level level, const char *text);

struct tacit_store_kafka_property {
	const char *key, *value;
};

struct tacit_store_kafka_config {
	const char *brokers;      /* HOST:PORT[,HOST:PORT...] */
	const char *topic_prefix; /* NULL: none */
	const char *group_prefix; /* NULL: none */
	bool no_create;           /* only topics that are there already */
	bool read_only;   /* creates and appends nothing (TACIT_EDENIED), keeps no positions */
	bool sole_writer; /* nobody else writes the topics: saves a fetch per reader at an end */
	/* librdkafka's configuration properties, for all handles: sasl, ssl, batch.size, ... */
	const struct tacit_store_kafka_property *properties;
	size_t property_count;
	tacit_store_kafka_diag diag; /* NULL: nobody listens */
	void *diag_arg;
};

/*
 * Connects.  Blocks until the cluster answered, 10 s at most.  Borrows config.
 *
 * Gives:  *ret, free through its ops table.
 * Errors: TACIT_EUNREACHABLE; TACIT_EINVAL: a property that is unknown, or that would break a
 *         promise of this store, a prefix that no name may have, or a port that is none;
 *         TACIT_ENOMEM; TACIT_EIO.  text then says what happened and what to do.
 */
TACIT_MUST_USE tacit_err tacit_store_kafka_open(const struct tacit_store_kafka_config *config,
    struct tacit_store **ret, char *text, size_t cap);

/*
 * What the cluster promises for new topics, in one line: brokers, replication factor,
 * min.insync.replicas.  Returns true when one lost disk can lose confirmed entries: worth a
 * warning.
 */
bool tacit_store_kafka_describe(const struct tacit_store *store, char *text, size_t cap);

#endif
