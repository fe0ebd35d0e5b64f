/*
 * store/sqlite_loop.h: the loop's side of an embedded store: what sqlite.c, which takes the calls,
 * and sqlite_finish.c, which runs the callbacks, share.
 */
#ifndef TACIT_STORE_SQLITE_LOOP_H
#define TACIT_STORE_SQLITE_LOOP_H

#include "base/map.h"
#include "store/sqlite_thread.h"

/*
 * A stream is known once an operation of kind OPEN came back; from then on its window of recent
 * entries ends where the committed stream does, because nobody else writes.  A stream that is not
 * known has operations pending, otherwise it is forgotten: names that do not exist take no memory.
 * In a store that only reads no stream is ever known, because others write: each call goes to the
 * thread.
 */
struct tacit_sqlite {
	struct tacit_store base;
	struct tacit_map streams;   /* name: struct tacit_sqlite_stream */
	struct tacit_list finished; /* operations that came back and are not yet answered */
	struct tacit_list due;      /* reads asked for while an answer was being looked at */
	struct tacit_list fresh;    /* streams with entries that waiting reads were not told of */
	struct tacit_recent_pool pool; /* of the streams' recent entries */
	struct tacit_answer answer;
	struct tacit_sqlite_thread thread;
	int wake, lock;
	char *path; /* of the database, for a store that only reads; otherwise NULL */
	bool closing;
};

enum tacit_sqlite_outcome {
	TACIT_SQLITE_ANSWERED,
	TACIT_SQLITE_AT_THE_END, /* it has to wait */
	TACIT_SQLITE_ELSEWHERE,  /* the thread has to read */
};

/* hands an operation to the thread */
void tacit_sqlite_post(struct tacit_sqlite *sqlite, struct tacit_sqlite_op *op,
    enum tacit_sqlite_kind kind, struct tacit_sqlite_stream *stream);
/* an operation that was counted as pending is done with the stream */
void tacit_sqlite_release(struct tacit_sqlite *sqlite, struct tacit_sqlite_stream *stream);
/* hands a read, whose stream is set and that is in no list, to the thread */
void tacit_sqlite_ask_read(struct tacit_sqlite *sqlite, struct tacit_store_read *read);
/* answers a read of a known stream from memory, if that can be; range->index may move up */
enum tacit_sqlite_outcome tacit_sqlite_answer_now(struct tacit_sqlite *sqlite,
    struct tacit_sqlite_stream *stream, struct tacit_store_range *range, tacit_store_read_cb cb,
    void *arg);
/* answers the oldest operation of finished; returns about how much of a budget that took */
size_t tacit_sqlite_finish_one(struct tacit_sqlite *sqlite);
/* the same for the oldest of due */
void tacit_sqlite_finish_due(struct tacit_sqlite *sqlite);
/* answers the waiting reads of all fresh streams */
void tacit_sqlite_tell_fresh(struct tacit_sqlite *sqlite);

#endif
