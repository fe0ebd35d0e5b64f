/*
 * store/sqlite_thread.h: the thread that works on the database of an embedded store.
 *
 * The loop posts operations; the thread takes all that are there (up to a bound), puts their writes
 * into one transaction, commits, then reads; what is finished comes back in order, all writes of a
 * round before its reads.  An operation belongs to the thread from post until take.
 */
#ifndef TACIT_STORE_SQLITE_THREAD_H
#define TACIT_STORE_SQLITE_THREAD_H

#include <pthread.h>

#include "base/limits.h"
#include "base/list.h"
#include "store/recent.h"
#include "store/sqlite_db.h"
#include "store/waiting.h"

/* a stream that the loop uses; lives while operations name it */
struct tacit_sqlite_stream {
	/* the loop's */
	size_t pending; /* operations posted and not taken back */
	bool known;     /* it exists, and the rest is valid */
	uint64_t first; /* the committed end is recent.end */
	struct tacit_recent recent;
	struct tacit_list waiting;
	struct tacit_list fresh; /* link: entries came that waiting reads were not told of */
	size_t fresh_len;        /* about how much memory they hold */
	/* the thread's */
	int64_t id;                        /* 0: does not exist */
	uint64_t stored_first, stored_end; /* stored_end counts appends of the open transaction */
	uint64_t round; /* those are valid if it equals the thread's; 0 at the start */
	/* never changed */
	char name[TACIT_NAME_LEN_MAX + 1];
};

enum tacit_sqlite_kind {
	TACIT_SQLITE_OPEN,
	TACIT_SQLITE_APPEND,
	TACIT_SQLITE_READ,
	TACIT_SQLITE_GET,
	TACIT_SQLITE_SET,
	TACIT_SQLITE_LIST,
};

struct tacit_sqlite_op {
	struct tacit_list link;
	enum tacit_sqlite_kind kind;
	tacit_err err;                      /* the thread's answer */
	struct tacit_sqlite_stream *stream; /* NULL for positions */
};

struct tacit_sqlite_open {
	struct tacit_sqlite_op op;
	bool create;
	uint64_t first, end;    /* answer */
	tacit_store_open_cb cb; /* NULL: only to make the stream known */
	void *arg;
};

struct tacit_sqlite_append {
	struct tacit_sqlite_op op;
	uint64_t time_ms;
	const uint8_t *bytes; /* of msg as it was appended; the loop may put headers before them */
	size_t len;
	struct tacit_block *block; /* a reference */
	uint64_t index;            /* answer */
	tacit_store_append_cb cb;
	void *arg;
};

struct tacit_sqlite_read {
	struct tacit_store_read read; /* first, as waiting.h wants it; cb NULL: cancelled */
	struct tacit_sqlite_op op;
	struct tacit_sqlite_rows rows; /* answer */
	uint64_t end;                  /* answer: the stream's, when it was read */
};

struct tacit_sqlite_position {
	struct tacit_sqlite_op op;
	char client_id[TACIT_CLIENT_ID_LEN_MAX + 1];
	char name[TACIT_NAME_LEN_MAX + 1];
	uint64_t index; /* what to set, or the answer */
	bool found;     /* answer */
	tacit_store_position_cb cb;
	void *arg;
};

struct tacit_sqlite_list {
	struct tacit_sqlite_op op;
	struct tacit_lister *lister; /* answer */
	tacit_store_list_cb cb;
	void *arg;
};

struct tacit_sqlite_thread {
	pthread_t thread;
	const char *reading; /* the database's path, which is opened anew for each round; NULL: db
				is open, and is written to.  Never changed */
	/* the thread's */
	struct tacit_sqlite_db db;
	uint64_t round; /* grows when a transaction failed: what streams know is then stale */
	/* never changed */
	int wake; /* made readable when done gets its first */
	pthread_mutex_t mutex;
	pthread_cond_t work; /* something was posted, or stop */
	pthread_cond_t idle; /* stop was seen, and all is done */
	/* guarded by mutex */
	struct tacit_list queue, done;
	bool asleep;  /* waits for work */
	bool stop;    /* ends when the queue is empty */
	bool abandon; /* fails with TACIT_ECLOSED what it has not begun, or only reads */
	bool stopped;
};

/* starts it on db, which it takes on success, or, with a path to read from, which is kept, without
 * one.  wake is kept.  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_sqlite_thread_start(
    struct tacit_sqlite_thread *thread, struct tacit_sqlite_db *db, const char *reading, int wake);
void tacit_sqlite_thread_post(struct tacit_sqlite_thread *thread, struct tacit_sqlite_op *op);
/* moves the links of finished operations to the end of ret */
void tacit_sqlite_thread_take(struct tacit_sqlite_thread *thread, struct tacit_list *ret);
/* works off the queue for at most about timeout_ms, or not at all if it only reads, fails the rest, closes the database and ends;
 * moves what take had not given yet to the end of ret.  Blocks */
void tacit_sqlite_thread_stop(
    struct tacit_sqlite_thread *thread, unsigned timeout_ms, struct tacit_list *ret);

#endif
