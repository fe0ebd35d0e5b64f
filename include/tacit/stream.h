/*
 * tacit/stream.h: streams: named, append-only sequences of opaque entries that a service keeps; a
 * pair of them makes a two-way path.  Source: PROTOCOL.md 3.
 *
 * A client (tacit_stream_connect) writes one stream and reads the other.  The services run in a
 * hub, or in the program's own node, straight on a store (tacit_stream_service_start): then the
 * route to them is empty.
 */
#ifndef TACIT_STREAM_H
#define TACIT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "tacit/err.h"
#include "tacit/node.h"

struct tacit_stream;
struct tacit_store;

struct tacit_stream_options {
	const struct tacit_route *route; /* to the node that has the services; empty: this one */
	const char *stream_service;      /* NULL: "stream_kafka" */
	const char *index_service;       /* NULL: "stream_kafka_index" */
	const char *client_id;     /* under which the reading position is kept; NULL: it is not */
	const char *sender_name;   /* the stream that we write */
	const char *receiver_name; /* the stream that we read */
	bool create;               /* make streams that do not exist; otherwise that is an error */
	bool from_end;             /* read only what comes from now on: for an initiator, whose
	                                    answers cannot have been written yet */
};

/*
 * tacit_stream_connect: opens both streams and waits until they are open, up to 10 s.  From then
 * on outages of the hub are ridden out.
 *
 * Copies the options.  Belongs to the node.  Errors, remembered: TACIT_EUNREACHABLE,
 * TACIT_ENOTFOUND (no such stream), TACIT_EINVAL (a name that no stream may have), TACIT_EDENIED.
 */
TACIT_API struct tacit_stream *tacit_stream_connect(
    struct tacit_node *node, const struct tacit_stream_options *options);
/* the address text of the way out: tacit_route_new(node, tacit_stream_sender(stream), "listener",
 * NULL) is the worker `listener` of whoever reads the stream that we write */
TACIT_API const char *tacit_stream_sender(const struct tacit_stream *stream);
TACIT_API const char *tacit_stream_sender_name(const struct tacit_stream *stream);
TACIT_API const char *tacit_stream_receiver_name(const struct tacit_stream *stream);
/* whether the service answers as far as we know: both streams were opened on the connection that is
 * there now.  False for NULL */
TACIT_API bool tacit_stream_connected(const struct tacit_stream *stream);
/* how many answers the service has given: while it is there, one more within 5 s even when nothing
 * happens.  0 for NULL */
TACIT_API unsigned long long tacit_stream_answers(const struct tacit_stream *stream);

/*
 * Stores: where a stream service keeps entries.  Opening one blocks; it belongs to the node.
 *
 * in_memory: gone with the process.
 * on_disk: a folder of SQLite's on disk, made if missing; one hub at a time (TACIT_EBUSY).
 * on_kafka: every stream is a topic of one partition.  Errors, remembered: TACIT_EUNREACHABLE within
 * 10 s, TACIT_EINVAL (a property that would weaken what the store promises).
 */
struct tacit_kafka_property {
	const char *name, *value;
};
struct tacit_kafka_options {
	const char *brokers;                           /* HOST:PORT[,HOST:PORT...] */
	const char *topic_prefix;                      /* NULL: none */
	const char *group_prefix;                      /* NULL: none */
	bool no_create;                                /* never create topics */
	bool sole_writer;                              /* no other hub writes these topics */
	const struct tacit_kafka_property *properties; /* librdkafka's */
	size_t property_count;
};
TACIT_API struct tacit_store *tacit_store_in_memory(struct tacit_node *node);
TACIT_API struct tacit_store *tacit_store_on_disk(struct tacit_node *node, const char *folder);
TACIT_API struct tacit_store *tacit_store_on_kafka(
    struct tacit_node *node, const struct tacit_kafka_options *options);

/*
 * tacit_stream_service_start: offers streams kept in store: `stream_kafka` and
 * `stream_kafka_index`, also as `stream` and `stream_index`, and each stream at `stream.NAME`.
 * exposed: to the network too, as a hub does; otherwise to this node alone.
 * Belongs to the node.
 */
struct tacit_stream_service;
TACIT_API struct tacit_stream_service *tacit_stream_service_start(
    struct tacit_node *node, struct tacit_store *store, bool exposed);
/* every entry that is pushed, and that is handed out by a pull, as the network and the store see it; bytes are borrowed */
typedef void (*tacit_stream_tap)(
    void *arg, bool push, const char *stream_name, const void *bytes, size_t len);
TACIT_API void tacit_stream_service_tap(
    struct tacit_stream_service *service, tacit_stream_tap tap, void *arg);
/* takes no new pushes, and waits up to timeout_ms until those under way are confirmed */
TACIT_API void tacit_stream_service_stop(struct tacit_stream_service *service, long timeout_ms);

#endif
