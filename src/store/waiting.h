/*
 * store/waiting.h: answering reads from a window of recent entries, and the reads that wait at the
 * end of a stream for more (DESIGN.md, "Stores").
 *
 * A store has one struct tacit_answer, and per stream a list of waiting reads.  A read that is
 * answered or cancelled is unlinked and freed first, so that callbacks may read, append and cancel.
 */
#ifndef TACIT_STORE_WAITING_H
#define TACIT_STORE_WAITING_H

#include "base/list.h"
#include "store/recent.h"
#include "stream/store.h"

/* entries of one answer; beyond, a reader asks again */
#define TACIT_ANSWER_MAX 1024u

/* a store's own read that embeds one has it as its first field: it is freed with tacit_free */
struct tacit_store_read {
	struct tacit_list link; /* in a list of waiting reads, or in one of the store's own */
	struct tacit_store_range range; /* index moves up as entries too long are skipped */
	tacit_store_read_cb cb;
	void *arg;
	void *stream; /* the store's own */
};

/* the entries of the answer that is being given */
struct tacit_answer {
	bool busy; /* a callback is looking at entries: the store must not fill them again */
	struct tacit_store_entry entries[TACIT_ANSWER_MAX];
};

/* in no list; len is that of the struct around it.  NULL without memory.
 * Gives: the read, tacit_waiting_cancel() or an answer frees it */
struct tacit_store_read *tacit_store_read_new(
    size_t len, const struct tacit_store_range *range, tacit_store_read_cb cb, void *arg);

/*
 * Answers a read whose range->index the window covers; returns how many entries it gave.  0: all
 * entries from there on are too long, and nothing was answered.  *ret_next, written before the
 * callback runs, is the index to go on from.  answer must not be busy.
 */
size_t tacit_answer_give(struct tacit_answer *answer, const struct tacit_recent *recent,
    const struct tacit_store_range *range, tacit_store_read_cb cb, void *arg, uint64_t *ret_next);
/* runs the callback with an error, or with TACIT_OK for "nothing there" */
static inline void
tacit_answer_none(tacit_store_read_cb cb, void *arg, tacit_err err)
{
	cb(arg, err, NULL, 0);
}

/*
 * Entries arrived: answers those of the list whose index the window covers, oldest read first.
 * What waits for an index that the window has lost goes to the end of missed, for the store to
 * look up elsewhere; the rest stays.  Returns how many entries were handed out.
 * answer must not be busy.
 */
size_t tacit_waiting_answer(struct tacit_list *waiting, const struct tacit_recent *recent,
    struct tacit_answer *answer, struct tacit_list *missed);
/* answers all with err and frees them */
void tacit_waiting_fail(struct tacit_list *waiting, tacit_err err);
/* unlinks and frees one, unanswered */
void tacit_waiting_cancel(struct tacit_store_read *read);

#endif
