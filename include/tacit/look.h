/*
 * tacit/look.h: what lies in a store, and what an outsider sees of a stream: names, counts, sizes
 * and times, and the first bytes of each entry.  Nothing here needs a key, and nothing writes.
 *
 * Names open streams (PROTOCOL.md 3.6), so a service tells nobody which ones it has: a listing is
 * taken from the store itself, by whoever may read its folder or its brokers.  Whoever knows a name
 * can look at that stream through a service, too.
 */
#ifndef TACIT_LOOK_H
#define TACIT_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacit/err.h"
#include "tacit/node.h"
#include "tacit/stream.h"

/*
 * Stores as in tacit/stream.h, for reading only: nothing is made, changed or locked, and a hub may
 * run on the same one.  Services on it refuse to create and to push, and keep no positions.
 *
 * on disk: errors, remembered: TACIT_ENOTFOUND (no folder, or no database in it), TACIT_EDENIED,
 * TACIT_EINVAL, TACIT_EFORMAT, TACIT_EUNSUPPORTED (of a newer version).
 * on Kafka: as tacit_store_on_kafka; no_create and sole_writer mean nothing.
 */
TACIT_API struct tacit_store *tacit_store_read_disk(struct tacit_node *node, const char *folder);
TACIT_API struct tacit_store *tacit_store_read_kafka(
    struct tacit_node *node, const struct tacit_kafka_options *options);

/* whose reading position is kept with a stream */
struct tacit_listed_reader {
	const char *client_id;
	uint64_t position; /* the next index that it reads; a hint */
	uint64_t lag;      /* from there to the end */
};

#define TACIT_BYTES_UNKNOWN UINT64_MAX

struct tacit_listed_stream {
	const char *name;
	uint64_t first, end; /* indexes: of the oldest entry, and above the newest */
	uint64_t entries;    /* at most so many: Kafka's indexes have holes */
	uint64_t bytes;      /* of all entries, or TACIT_BYTES_UNKNOWN, as in Kafka */
	const struct tacit_listed_reader *readers;
	size_t reader_count;
};

/* by name, and the readers of each stream by client id */
struct tacit_listing {
	const struct tacit_listed_stream *streams;
	size_t count;
};

/*
 * tacit_store_list: all streams of a store of this node.  On disk it reads the database once, which
 * takes its time where there is a lot; in Kafka it asks for all topics and groups that begin with the
 * prefixes, for 30 s at most.  Waits.
 *
 * Gives:  the listing, valid until the node is freed; NULL on errors, remembered:
 *         TACIT_EUNREACHABLE, TACIT_EDENIED, TACIT_EIO, TACIT_ENOMEM.
 */
TACIT_API const struct tacit_listing *tacit_store_list(
    struct tacit_node *node, struct tacit_store *store);

/* what the first bytes of an entry show (PROTOCOL.md 3.5, 5.1, 6.1, 9.1) */
enum tacit_entry_kind {
	TACIT_ENTRY_UNTOLD,     /* a message whose routes hide the rest: more bytes would tell */
	TACIT_ENTRY_NO_MESSAGE, /* readers skip it */
	TACIT_ENTRY_PLAIN,      /* a message that none of the channels below made */
	TACIT_ENTRY_MESSAGE_1,  /* of a handshake */
	TACIT_ENTRY_MESSAGE_2,
	TACIT_ENTRY_MESSAGE_3,
	TACIT_ENTRY_DATA,    /* records; one carries a message, or a fragment of one */
	TACIT_ENTRY_CONTROL, /* records: accepted, refused, acknowledgement, probe, close */
	TACIT_ENTRY_RECORDS, /* records with a header that is not known */
	TACIT_ENTRY_2021_1,  /* the same of a channel of 2021 */
	TACIT_ENTRY_2021_2,
	TACIT_ENTRY_2021_3,
	TACIT_ENTRY_2021_RECORD,
};

struct tacit_entry_nature {
	enum tacit_entry_kind kind;
	uint64_t sequence; /* DATA, CONTROL, 2021_RECORD: the number that its sender gave it */
	bool more;         /* DATA, CONTROL: there are other records in the entry */
};

/* bytes of an entry that a look shows */
#define TACIT_HEAD_LEN_MAX 256

struct tacit_look_entry {
	uint64_t index;
	uint64_t time_ms; /* when the store got it, since the epoch; 0: it does not know */
	uint64_t size;
	const unsigned char *head; /* the first head_len bytes */
	size_t head_len;           /* size, or TACIT_HEAD_LEN_MAX if that is less */
	struct tacit_entry_nature nature;
};

/* says what an entry of size bytes is by its first head_len.  Anybody may have written it */
TACIT_API void tacit_entry_describe(
    const void *head, size_t head_len, uint64_t size, struct tacit_entry_nature *ret);
/* `data`, `handshake 1`, `no message`, ...: a word or two for people and programs */
TACIT_API const char *tacit_entry_kind_text(enum tacit_entry_kind kind);

struct tacit_look_options {
	const struct tacit_route *route; /* to the node that has the service; empty: this one */
	const char *stream_service;      /* NULL: "stream_kafka" */
	const char *name;
	bool from; /* begin with the entry at index; otherwise with the last ones */
	uint64_t index;
	uint64_t
	    count; /* entries at most: with from the first, otherwise the last so many indexes */
};

/*
 * tacit_look_open: asks the service for the stream's bounds, and decides with which entry to
 * begin.  Waits, 10 s at most.
 *
 * Gives:  the look, tacit_look_close(), or with the node.  NULL on errors, remembered:
 *         TACIT_EUNREACHABLE, TACIT_ETIMEDOUT (no answer: it may be a hub that is too old),
 *         TACIT_ENOTFOUND, TACIT_EINVAL (a name that no stream may have), TACIT_EDENIED.
 */
struct tacit_look;
TACIT_API struct tacit_look *tacit_look_open(
    struct tacit_node *node, const struct tacit_look_options *options);
/* the stream's bounds when it was opened */
TACIT_API uint64_t tacit_look_first(const struct tacit_look *look);
TACIT_API uint64_t tacit_look_end(const struct tacit_look *look);
/* the next entry, valid until the next call; asks the service for more when need be.  NULL after
 * the last one of those that were there when the look was opened, and on errors, remembered */
TACIT_API const struct tacit_look_entry *tacit_look_next(struct tacit_look *look);
TACIT_API void tacit_look_close(struct tacit_look *look);

#endif
