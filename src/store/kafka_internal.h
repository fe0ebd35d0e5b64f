/*
 * store/kafka_internal.h: what the files of the Kafka store share.
 *
 * Threads.  Everything here belongs to the loop's thread, except struct kafka_helper, whose mutex
 * guards its fields, and a struct kafka_ask while the helper thread has it.  librdkafka's own
 * threads only write to wake_fd.
 *
 * Events.  All queues write to wake_fd when they turn from empty to not empty, and at no other
 * time: whoever stops polling a queue before it is empty has to remember that (kafka.more).
 *
 * What is known of a stream.  recent is a window [from, end) of which everything is in memory;
 * kafka_stream.end >= recent.end is the highest end anybody told.  They differ while somebody
 * else's entries lie between (a gap).  While a stream is tailing, its tail was assigned at or
 * below recent.end, so the next record that the tail brings at or beyond recent.end is adjacent to
 * the window, and the tail closes gaps; otherwise a gap is read by the pool (kafka_readers.c).
 *
 * Streams are freed only at the end of dispatch, when no function holds one.
 */
#ifndef TACIT_STORE_KAFKA_INTERNAL_H
#define TACIT_STORE_KAFKA_INTERNAL_H

#include <pthread.h>

#include <librdkafka/rdkafka.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/port.h"
#include "store/kafka.h"
#include "store/recent.h"
#include "store/waiting.h"

/* assigned partitions of one tail handle: a fetch names them all, 100 cost a message 1 ms and
 * 1,000 cost it 10 ms */
#define KAFKA_TAIL_MAX 100u
/* ms that a tail stays assigned after the last read that waited */
#define KAFKA_TAIL_KEEP_MS 60000u
/* handles for readers that are behind */
#define KAFKA_READERS 2u
/* ms that a reader's handle stays on a stream without a read; that a read may take */
#define KAFKA_READER_KEEP_MS 1000u
#define KAFKA_READER_DEAD_MS 5000u
/* ms for one question about a topic, all attempts together: below TACIT_REQUEST_DEAD_MS */
#define KAFKA_ASK_MS 8000u
/* ms for a listing, all questions together; positions of groups that are asked for at a time */
#define KAFKA_LIST_MS     30000u
#define KAFKA_LIST_GROUPS 64u
/* ms between turns of the store's own clock */
#define KAFKA_TICK_MS 1000u
/* ms without use after which a stream's recent entries, and then the stream, are forgotten */
#define KAFKA_RECENT_KEEP_MS 60000u
#define KAFKA_STREAM_KEEP_MS 600000u
/* topics of one CreateTopics call */
#define KAFKA_CREATE_MAX 500u
/* position calls in flight: 100 took 68 ms, and they share the coordinator with nobody else */
#define KAFKA_POSITIONS_MAX 64u
/* ms until a position is saved again: offsets.retention.minutes counts from the last save, 7 days
 * by default */
#define KAFKA_POSITION_AGAIN_MS 86400000u
/* ms after a confirm in which the broker surely remembers this producer: it forgets one after
 * producer.id.expiration.ms, 1 day by default */
#define KAFKA_REMEMBERED_MS 3600000u

enum kafka_state {
	KAFKA_CLOSED, /* nothing known */
	KAFKA_OPEN,   /* rkt is usable, bounds are known */
};

/* a stream and its topic */
struct kafka_stream {
	struct tacit_list lru;      /* kafka.lru, the one used last at the end */
	struct tacit_list touched;  /* kafka.touched: entries arrived for waiting reads */
	struct tacit_list creation; /* kafka.creations */
	struct kafka *kafka;
	char *topic;
	const char *name; /* topic behind the prefix */
	enum kafka_state state;
	bool known;            /* first, end, acked and recent mean something */
	rd_kafka_topic_t *rkt; /* of kafka.producer */
	uint64_t first, end;
	int64_t acked; /* the last confirmed offset, or the one before the end when opened; -1 */
	struct tacit_recent recent;
	size_t fresh_len; /* bytes that arrived since waiting reads were last looked at */
	size_t in_flight; /* appends that librdkafka has, or that wait for room there, or in held */
	/* one append goes alone until the broker remembers the producer: kafka_producer.c */
	tacit_msec remembered_until;
	bool alone;             /* librdkafka has that one */
	struct tacit_list held; /* struct kafka_append: those behind it */
	tacit_msec used_at;
	/* opening */
	bool asking, creating, created;
	bool doubted; /* its end seemed to have gone back; asked again */
	bool fresh;   /* created: by us, not found there */
	rd_kafka_resp_err_t create_err;
	char create_text[160];
	struct tacit_list opens;   /* struct kafka_open */
	struct tacit_list appends; /* struct kafka_append: until the topic is open */
	struct tacit_list reads;   /* struct kafka_read: until the bounds were asked */
	struct tacit_list waiting; /* struct kafka_read: at the end */
	size_t jobs;               /* reads that the pool has or will have */
	/* the tail */
	bool tailing;                /* a tail is wanted or assigned */
	struct kafka_tail *tail;     /* the handle it is assigned on, or NULL */
	struct tacit_list tail_link; /* kafka.tails_wanted, then kafka.tails_assigned */
	rd_kafka_topic_t *tail_rkt;  /* keeps the topic known to that handle */
	tacit_msec tail_used_at;
	bool tail_gap; /* there was one at the last tick already */
};

struct kafka_open {
	struct tacit_list link;
	bool create;
	tacit_store_open_cb cb;
	void *arg;
};

struct kafka_append {
	/* a stream's appends or held, kafka.full, or a producer's in_flight */
	struct tacit_list link;
	struct kafka_stream *stream;
	struct tacit_block *block; /* holds bytes; the message itself is its caller's to change */
	uint8_t *bytes;
	size_t len;
	tacit_store_append_cb cb;
	void *arg;
};

struct kafka_read {
	struct tacit_store_read base; /* stream: struct kafka_stream */
	bool refreshed;               /* the bounds were asked for this read */
	bool job;                     /* counted in stream->jobs, in kafka.jobs or at a reader */
	unsigned tries;
	struct kafka_reader *reader; /* that works on it, or NULL */
};

/* a handle that produces, asks and administrates; after a fatal error it is replaced, and goes when
 * nothing of it is in flight */
struct kafka_producer {
	struct tacit_list link; /* kafka.old_producers */
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *reports; /* delivery reports, walked in part */
	struct tacit_list in_flight;
	size_t calls; /* admin calls and questions to the helper */
};

/* a consumer with up to KAFKA_TAIL_MAX assigned partitions */
struct kafka_tail {
	rd_kafka_t *rk;
	size_t count;
	rd_kafka_topic_partition_list_t *batch; /* what the next call assigns or unassigns */
};

/* a consumer for readers that are behind, one stream at a time */
struct kafka_reader {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct kafka_stream *stream; /* assigned, or NULL */
	rd_kafka_topic_t *rkt;
	uint64_t next; /* the offset after the last one taken from the queue */
	struct kafka_read *read;
	tacit_msec since; /* the last thing that happened */
	size_t count, len;
	struct tacit_store_entry entries[TACIT_ANSWER_MAX];
	rd_kafka_event_t *events[TACIT_ANSWER_MAX]; /* hold the bytes of the entries */
	/* did not fit the last answer: the next one begins with it */
	rd_kafka_event_t *held;
	const rd_kafka_message_t *held_message;
};

/* a question about all topics and groups that begin with the prefixes */
struct kafka_listing {
	struct tacit_lister *lister; /* the answer */
	tacit_err err;
	char text[TACIT_TEXT_LEN_MAX + 1];
	tacit_store_list_cb cb;
	void *arg;
};

/* a question about a topic, asked by the helper thread because it blocks */
struct kafka_ask {
	struct tacit_list link;
	struct kafka_listing *listing; /* it is about all of them, and the rest means nothing */
	struct kafka_stream *stream;   /* NULL: destroy the producer */
	struct kafka_producer *producer;
	uint64_t asked_end; /* the stream's end when the question was put */
	bool just_created;  /* brokers may not know it yet: patience */
	bool fresh;         /* created by us: it is empty */
	tacit_msec not_before, deadline;
	/* the answer */
	rd_kafka_resp_err_t err;
	rd_kafka_topic_t *rkt;
	int partition_count;
	uint64_t low, high;
};

struct kafka_helper {
	pthread_t thread;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool stop;
	struct tacit_list asks, answers; /* struct kafka_ask */
};

struct kafka {
	struct tacit_store base;
	char *brokers, *topic_prefix, *group_prefix;
	struct tacit_store_kafka_property *properties; /* copies */
	size_t property_count;
	bool no_create, read_only, sole_writer;
	tacit_store_kafka_diag diag;
	void *diag_arg;
	int broker_count, replication_factor, min_insync; /* 0: not told */

	int wake_fd;
	bool more;    /* a queue was left before it was empty, or a read was put off */
	bool closing; /* free runs: nothing new */
	bool down;    /* brokers were reported as not reachable */
	bool fatal;   /* the producer has to be replaced */
	tacit_msec now, ticked_at, swept_at;

	struct tacit_map streams;
	struct tacit_list lru, touched, creations;
	bool creating; /* a CreateTopics call is under way, of the first creation_count */
	size_t creation_count;
	struct tacit_answer answer;

	struct kafka_producer *producer;
	struct tacit_list old_producers;
	struct tacit_list full; /* struct kafka_append: librdkafka's queue had no room */
	size_t append_count;    /* not answered yet */

	struct kafka_tail **tails;
	size_t tail_count;
	rd_kafka_queue_t *tail_queue;
	struct tacit_list tails_wanted, tails_assigned;

	struct kafka_reader *readers[KAFKA_READERS];
	struct tacit_list jobs; /* struct kafka_read */

	struct tacit_map positions;        /* struct kafka_position by client id and stream */
	struct tacit_list positions_saved; /* all of them, oldest save first */
	struct tacit_list position_calls; /* struct kafka_position_call: those that wait for room */
	struct tacit_list position_flights;
	size_t position_flight_count;
	tacit_msec positions_looked_at;
	bool positions_pause;   /* no coordinator yet: nothing goes out until the next tick */
	rd_kafka_t *offsets_rk; /* NULL: not yet needed */
	rd_kafka_queue_t *offsets_queue;

	struct kafka_helper helper;
};

/* kafka.c */
void tacit_kafka_diag(struct kafka *k, enum tacit_store_kafka_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tacit_kafka_wake(struct kafka *k);
/* lets the queue write to wake_fd, and has it drained once: until then it is silent */
void tacit_kafka_queue_watch(struct kafka *k, rd_kafka_queue_t *queue);
/* no more of that, and destroys it */
void tacit_kafka_queue_free(rd_kafka_queue_t *queue);
tacit_msec tacit_kafka_clock(void);
/* when the record was written, in ms since the epoch, or TACIT_TIME_UNKNOWN */
uint64_t tacit_kafka_time(const rd_kafka_message_t *message);
/* log lines, and errors that only inform */
void tacit_kafka_event_other(struct kafka *k, rd_kafka_event_t *event);

/* kafka_cluster.c */
/* waits until the cluster answers, and learns its size and defaults; blocks */
TACIT_MUST_USE tacit_err tacit_kafka_cluster_connect(struct kafka *k, char *text, size_t cap);

/* kafka_end.c */
/* destroys handles, whose queues were freed, and waits for that; false: not all were gone in time.
 * Thread: any */
bool tacit_kafka_handles_end(rd_kafka_t *const *handles, size_t count);

/* kafka_conf.c: handles with the settings of this store */
enum kafka_handle {
	KAFKA_HANDLE_PRODUCER,
	KAFKA_HANDLE_TAIL,
	KAFKA_HANDLE_READER,
};
TACIT_MUST_USE tacit_err tacit_kafka_handle_new(
    struct kafka *k, enum kafka_handle kind, rd_kafka_t **ret, char *text, size_t cap);
/* the properties that nobody may change, and the prefixes; text says why */
TACIT_MUST_USE tacit_err tacit_kafka_properties_check(
    const struct tacit_store_kafka_config *config, char *text, size_t cap);
tacit_err tacit_kafka_err(rd_kafka_resp_err_t err);
bool tacit_kafka_is_missing(rd_kafka_resp_err_t err);

/* kafka_streams.c */
/* NULL without memory, or when there are too many */
struct kafka_stream *tacit_kafka_stream_get(struct kafka *k, const char *name);
/* by topic, only if known */
struct kafka_stream *tacit_kafka_stream_find(struct kafka *k, const char *topic);
/* entries arrived: waiting reads are looked at soon, or now if len grew large */
void tacit_kafka_stream_touch(struct kafka_stream *s, size_t len);
/* answers the waiting reads of touched streams */
void tacit_kafka_streams_flush(struct kafka *k);
/* the topic was made anew: what was known is void */
void tacit_kafka_stream_reset(struct kafka_stream *s, uint64_t end);
/* merges what a question about the topic brought */
void tacit_kafka_stream_bounds(struct kafka_stream *s, const struct kafka_ask *ask);
/* forgets what is known of the topic; reads at its end are answered with err */
void tacit_kafka_stream_close(struct kafka_stream *s, tacit_err err);
/* opening or asking failed: what waits for it fails.  The stream is closed, unless the cluster was
 * only not reachable */
void tacit_kafka_stream_fail(struct kafka_stream *s, tacit_err err);
/* the producer was replaced: its topic objects go, and those that wait get new ones */
void tacit_kafka_streams_detach(struct kafka *k);
void tacit_kafka_streams_sweep(struct kafka *k);
/* answers everything that waits, because the store is being freed */
void tacit_kafka_streams_shut(struct kafka *k);
void tacit_kafka_streams_fini(struct kafka *k);

/* kafka_reads.c */
struct tacit_store_read *tacit_kafka_read(struct tacit_store *store, const char *name,
    const struct tacit_store_range *range, tacit_store_read_cb cb, void *arg);
void tacit_kafka_cancel(struct tacit_store *store, struct tacit_store_read *base);
/* answers the read, lets it wait, or gives it to the pool; the read is then gone or in a list */
void tacit_kafka_read_route(struct kafka_read *read);
/* the bounds of the stream are asked, then the read is routed again */
void tacit_kafka_read_refresh(struct kafka_read *read);
/* unlinks and frees it, then runs its callback */
void tacit_kafka_read_answer(
    struct kafka_read *read, tacit_err err, const struct tacit_store_entry *entries, size_t count);

/* kafka_topics.c */
void tacit_kafka_open_stream(
    struct tacit_store *store, const char *name, bool create, tacit_store_open_cb cb, void *arg);
void tacit_kafka_opens_fail(struct kafka_stream *s, tacit_err err, const char *text);
/* goes on with what the stream waits for: create it, or ask about it */
void tacit_kafka_topic_pump(struct kafka_stream *s);
/* asks about its bounds without anybody who waits for them */
void tacit_kafka_topic_ask(struct kafka_stream *s);
void tacit_kafka_topics_create(struct kafka *k);
void tacit_kafka_topics_created(struct kafka *k, rd_kafka_event_t *event);
void tacit_kafka_topic_answer(struct kafka *k, struct kafka_ask *ask);

/* kafka_helper.c */
TACIT_MUST_USE tacit_err tacit_kafka_helper_start(struct kafka *k);
/* takes the ask; its answer comes to tacit_kafka_topic_answer */
void tacit_kafka_helper_ask(struct kafka *k, struct kafka_ask *ask);
void tacit_kafka_helper_answers(struct kafka *k);
/* the store is being freed.  Thread: any */
bool tacit_kafka_helper_stopping(struct kafka *k);
void tacit_kafka_helper_stop(struct kafka *k);

/* kafka_list.c */
void tacit_kafka_list(struct tacit_store *store, tacit_store_list_cb cb, void *arg);
/* asks; blocks, KAFKA_LIST_MS at most.  Thread: the helper's */
void tacit_kafka_listing_ask(struct kafka *k, struct kafka_listing *listing);
/* runs the callback and frees */
void tacit_kafka_listing_answer(struct kafka_listing *listing);

/* kafka_producer.c */
TACIT_MUST_USE tacit_err tacit_kafka_producer_new(
    struct kafka *k, struct kafka_producer **ret, char *text, size_t cap);
/* false: the handle did not go in time.  Nothing is in flight.  Thread: any */
bool tacit_kafka_producer_free(struct kafka_producer *producer);
void tacit_kafka_append(struct tacit_store *store, const char *name, struct tacit_msg *msg,
    tacit_store_append_cb cb, void *arg);
/* the topic is open: hands over what waited for that */
void tacit_kafka_appends_send(struct kafka_stream *s);
/* the topic is not open any more: what is held waits for that, too */
void tacit_kafka_appends_unsend(struct kafka_stream *s);
void tacit_kafka_append_answer(struct kafka_append *append, tacit_err err, uint64_t index);
void tacit_kafka_producers_serve(struct kafka *k, size_t *budget);
/* after a fatal error */
void tacit_kafka_producer_replace(struct kafka *k);
/* gives up what is in flight */
void tacit_kafka_producers_purge(struct kafka *k);
/* destroys them; what is still in flight is answered with TACIT_EUNCONFIRMED */
void tacit_kafka_producers_fini(struct kafka *k);

/* kafka_tails.c */
void tacit_kafka_tail_want(struct kafka_stream *s);
void tacit_kafka_tail_drop(struct kafka_stream *s);
void tacit_kafka_tails_assign(struct kafka *k);
void tacit_kafka_tails_serve(struct kafka *k, size_t *budget);
void tacit_kafka_tails_tick(struct kafka *k);
void tacit_kafka_tails_fini(struct kafka *k);

/* kafka_readers.c */
/* takes a read that no list has */
void tacit_kafka_readers_add(struct kafka_read *read);
void tacit_kafka_readers_cancel(struct kafka_read *read);
/* nothing of the stream stays assigned; the reads that the pool has of it go to s->reads, and the
 * caller sees to it that the bounds are asked, or that they fail */
void tacit_kafka_readers_forget(struct kafka_stream *s);
void tacit_kafka_readers_serve(struct kafka *k, size_t *budget);
void tacit_kafka_readers_tick(struct kafka *k);
void tacit_kafka_readers_fini(struct kafka *k);

/* kafka_positions.c */
void tacit_kafka_position_get(struct tacit_store *store, const char *client_id, const char *name,
    tacit_store_position_cb cb, void *arg);
void tacit_kafka_position_set(
    struct tacit_store *store, const char *client_id, const char *name, uint64_t index);
struct kafka_position_call;
/* what came of a call; offset is -1 or less when there is none */
void tacit_kafka_position_answer(
    struct kafka *k, struct kafka_position_call *call, rd_kafka_resp_err_t err, int64_t offset);
void tacit_kafka_positions_tick(struct kafka *k);
void tacit_kafka_positions_fini(struct kafka *k);

/* kafka_offsets.c */
/* asks for a group's committed offset, or sets it; list has one partition, and is borrowed.
 * The answer comes to tacit_kafka_position_answer, unless the handle is ended before.  false:
 * no handle */
TACIT_MUST_USE bool tacit_kafka_offsets_get(struct kafka *k, const char *group,
    const rd_kafka_topic_partition_list_t *list, struct kafka_position_call *call);
TACIT_MUST_USE bool tacit_kafka_offsets_save(struct kafka *k, const char *group,
    const rd_kafka_topic_partition_list_t *list, struct kafka_position_call *call);
void tacit_kafka_offsets_serve(struct kafka *k);
/* ends the handle: what it was asked is not answered */
void tacit_kafka_offsets_end(struct kafka *k);

#endif
