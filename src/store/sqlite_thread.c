#include "store/sqlite_thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "store/wake.h"
#include "stream/lister.h"

/* operations of one transaction: bounds what a failed one takes along, and how long it runs */
#define ROUND_MAX 1024

/* attempts to read a database that hubs begin to work on meanwhile */
#define LOOKS_MAX 5u

static struct tacit_sqlite_op *
op_of(struct tacit_list *link)
{
	return TACIT_CONTAINER(link, struct tacit_sqlite_op, link);
}

/* looks the stream up unless that was done before */
static tacit_err
look_up(struct tacit_sqlite_thread *thread, struct tacit_sqlite_stream *stream)
{
	tacit_err err;

	if (stream->round == thread->round)
		return TACIT_OK;
	err = tacit_sqlite_db_stream_find(&thread->db, stream->name, &stream->id);
	if (err == TACIT_OK && stream->id > 0)
		err = tacit_sqlite_db_stream_bounds(
		    &thread->db, stream->id, &stream->stored_first, &stream->stored_end);
	if (err == TACIT_OK)
		stream->round = thread->round;
	return err;
}

/* a round's transaction begins with its first write */
struct transaction {
	struct tacit_sqlite_thread *thread;
	bool begun;
};

static tacit_err
begin(struct transaction *transaction)
{
	tacit_err err = TACIT_OK;

	if (!transaction->begun)
		err = tacit_sqlite_db_begin(&transaction->thread->db);
	if (err == TACIT_OK)
		transaction->begun = true;
	return err;
}

static tacit_err
do_open(struct transaction *transaction, struct tacit_sqlite_open *open)
{
	struct tacit_sqlite_thread *thread = transaction->thread;
	struct tacit_sqlite_stream *stream = open->op.stream;
	tacit_err err = look_up(thread, stream);

	if (err == TACIT_OK && stream->id == 0 && open->create && thread->reading == NULL) {
		if ((err = begin(transaction)) == TACIT_OK)
			err = tacit_sqlite_db_stream_create(&thread->db, stream->name, &stream->id);
		stream->stored_first = stream->stored_end = 0;
	}
	if (err != TACIT_OK)
		return err;
	open->op.err = stream->id > 0 ? TACIT_OK : TACIT_ENOTFOUND;
	open->first = stream->stored_first;
	open->end = stream->stored_end;
	return TACIT_OK;
}

static tacit_err
do_append(struct transaction *transaction, struct tacit_sqlite_append *append)
{
	struct tacit_sqlite_thread *thread = transaction->thread;
	struct tacit_sqlite_stream *stream = append->op.stream;
	tacit_err err = look_up(thread, stream);

	if (err != TACIT_OK)
		return err;
	if (stream->id == 0) {
		append->op.err = TACIT_ENOTFOUND;
		return TACIT_OK;
	}
	if ((err = begin(transaction)) != TACIT_OK)
		return err;
	append->index = stream->stored_end;
	append->op.err = TACIT_OK;
	err = tacit_sqlite_db_append(&thread->db, stream->id,
	    &(struct tacit_store_entry){
		append->index, append->bytes, append->len, append->time_ms});
	if (err == TACIT_OK)
		stream->stored_end++;
	return err;
}

static tacit_err
do_set(struct transaction *transaction, struct tacit_sqlite_position *position)
{
	tacit_err err = begin(transaction);

	if (err != TACIT_OK)
		return err;
	return tacit_sqlite_db_position_set(
	    &transaction->thread->db, position->client_id, position->name, position->index);
}

/* OK: the operation has its own answer, if the transaction commits */
static tacit_err
write_one(struct transaction *transaction, struct tacit_sqlite_op *op)
{
	switch (op->kind) {
	case TACIT_SQLITE_OPEN:
		return do_open(transaction, TACIT_CONTAINER(op, struct tacit_sqlite_open, op));
	case TACIT_SQLITE_APPEND:
		return do_append(transaction, TACIT_CONTAINER(op, struct tacit_sqlite_append, op));
	case TACIT_SQLITE_SET:
		return do_set(transaction, TACIT_CONTAINER(op, struct tacit_sqlite_position, op));
	case TACIT_SQLITE_READ:
	case TACIT_SQLITE_GET:
	case TACIT_SQLITE_LIST:
		break;
	}
	return TACIT_EINTERNAL;
}

/* only a question now: err is for a stream that would have had to be made */
static void
open_again(struct transaction *transaction, struct tacit_sqlite_open *open, tacit_err err)
{
	bool create = open->create;

	open->create = false;
	open->op.err = TACIT_OK;
	if (do_open(transaction, open) != TACIT_OK || (create && open->op.err != TACIT_OK))
		open->op.err = err == TACIT_EUNCONFIRMED ? TACIT_EIO : err;
}

/*
 * The transaction failed, and nothing of it is in the database.  Appends and creations share its
 * error; opening a stream that exists is only a question, and is asked again.
 */
static void
fail_writes(struct tacit_sqlite_thread *thread, struct tacit_list *writes, tacit_err err)
{
	struct transaction transaction = {thread, false};

	thread->round++;
	for (struct tacit_list *link = writes->next; link != writes; link = link->next) {
		struct tacit_sqlite_op *op = op_of(link);

		op->err = err;
		if (op->kind == TACIT_SQLITE_OPEN)
			open_again(
			    &transaction, TACIT_CONTAINER(op, struct tacit_sqlite_open, op), err);
	}
}

static void
write_all(struct tacit_sqlite_thread *thread, struct tacit_list *writes)
{
	struct transaction transaction = {thread, false};
	tacit_err err = TACIT_OK;

	for (struct tacit_list *link = writes->next; link != writes && err == TACIT_OK;
	     link = link->next)
		err = write_one(&transaction, op_of(link));
	if (err != TACIT_OK)
		tacit_sqlite_db_rollback(&thread->db);
	else if (transaction.begun)
		err = tacit_sqlite_db_commit(&thread->db);
	if (err != TACIT_OK)
		fail_writes(thread, writes, err);
}

static tacit_err
read_entries(struct tacit_sqlite_thread *thread, struct tacit_sqlite_read *read)
{
	struct tacit_sqlite_stream *stream = read->op.stream;
	tacit_err err = look_up(thread, stream);

	if (err == TACIT_OK && stream->id == 0)
		err = TACIT_ENOTFOUND;
	if (err == TACIT_OK)
		err = tacit_sqlite_db_read(&thread->db, stream->id, &read->read.range, &read->rows);
	read->end = stream->stored_end;
	return err;
}

static tacit_err
read_list(struct tacit_sqlite_thread *thread, struct tacit_sqlite_list *list)
{
	tacit_err err = TACIT_ENOMEM;

	if ((list->lister = tacit_lister_new()) != NULL)
		err = tacit_sqlite_db_list(&thread->db, list->lister);
	return err;
}

static void
read_one(struct tacit_sqlite_thread *thread, struct tacit_sqlite_op *op)
{
	if (op->kind == TACIT_SQLITE_GET) {
		struct tacit_sqlite_position *position =
		    TACIT_CONTAINER(op, struct tacit_sqlite_position, op);

		op->err = tacit_sqlite_db_position_get(&thread->db, position->client_id,
		    position->name, &position->found, &position->index);
	} else if (op->kind == TACIT_SQLITE_LIST) {
		op->err = read_list(thread, TACIT_CONTAINER(op, struct tacit_sqlite_list, op));
	} else {
		op->err = read_entries(thread, TACIT_CONTAINER(op, struct tacit_sqlite_read, op));
	}
}

/* sorts a round into writes and reads, keeping the order of each */
static void
sort(struct tacit_list *round, struct tacit_list *writes, struct tacit_list *reads)
{
	while (!tacit_list_empty(round)) {
		struct tacit_sqlite_op *op = op_of(round->next);
		bool reading = op->kind == TACIT_SQLITE_READ || op->kind == TACIT_SQLITE_GET ||
			       op->kind == TACIT_SQLITE_LIST;

		tacit_list_remove(&op->link);
		tacit_list_append(reading ? reads : writes, &op->link);
	}
}

/* afterwards round holds the same operations, answered */
static void
work(struct tacit_sqlite_thread *thread, struct tacit_list *round)
{
	struct tacit_list writes, reads;

	tacit_list_init(&writes);
	tacit_list_init(&reads);
	sort(round, &writes, &reads);
	write_all(thread, &writes);
	for (struct tacit_list *link = reads.next; link != &reads; link = link->next)
		read_one(thread, op_of(link));
	tacit_list_move(&writes, round);
	tacit_list_move(&reads, round);
}

/* what a read or a list has got, for another attempt */
static void
forget_answer(struct tacit_sqlite_op *op)
{
	if (op->kind == TACIT_SQLITE_READ) {
		tacit_sqlite_rows_fini(&TACIT_CONTAINER(op, struct tacit_sqlite_read, op)->rows);
	} else if (op->kind == TACIT_SQLITE_LIST) {
		struct tacit_sqlite_list *list = TACIT_CONTAINER(op, struct tacit_sqlite_list, op);

		tacit_lister_free(list->lister);
		list->lister = NULL;
	}
}

/* false: it failed as it does when a hub comes or goes meanwhile */
static bool
read_again(struct tacit_sqlite_thread *thread, struct tacit_sqlite_op *op)
{
	struct transaction none = {thread, false};
	tacit_err err;

	forget_answer(op);
	if (op->kind != TACIT_SQLITE_OPEN)
		read_one(thread, op);
	else if ((err = do_open(&none, TACIT_CONTAINER(op, struct tacit_sqlite_open, op))) !=
		 TACIT_OK)
		op->err = err;
	return op->err != TACIT_EIO && op->err != TACIT_EBUSY;
}

static int
is_abandoned(void *arg)
{
	struct tacit_sqlite_thread *thread = arg;
	bool abandoned;

	pthread_mutex_lock(&thread->mutex);
	abandoned = thread->abandon;
	pthread_mutex_unlock(&thread->mutex);
	return abandoned;
}

/* the same for a store that only reads: others write, so nothing is known from the round before.
 * false: something failed, or what was read may be no one state of the database */
static bool
look(struct tacit_sqlite_thread *thread, struct tacit_list *round, bool *ret_moved)
{
	char detail[256];
	struct tacit_sqlite_text text = {detail, sizeof(detail)};
	tacit_err err = tacit_sqlite_db_open_reading(&thread->db, thread->reading, text);
	bool good = true;

	thread->round++;
	if (err == TACIT_OK)
		tacit_sqlite_db_stop_when(&thread->db, is_abandoned, thread);
	for (struct tacit_list *link = round->next; link != round; link = link->next) {
		if (err == TACIT_OK)
			good = read_again(thread, op_of(link)) && good;
		else
			op_of(link)->err = err;
	}
	*ret_moved = tacit_sqlite_db_moved(&thread->db, thread->reading);
	tacit_sqlite_db_close(&thread->db);
	return good && !*ret_moved;
}

static void
abandon(struct tacit_list *round)
{
	for (struct tacit_list *link = round->next; link != round; link = link->next)
		op_of(link)->err = TACIT_ECLOSED;
}

static void
look_at_all(struct tacit_sqlite_thread *thread, struct tacit_list *round)
{
	bool moved = false;

	for (unsigned tries = 0; tries < LOOKS_MAX && !is_abandoned(thread); tries++) {
		if (look(thread, round, &moved))
			return;
	}
	for (struct tacit_list *link = round->next; moved && link != round; link = link->next) {
		forget_answer(op_of(link));
		op_of(link)->err = TACIT_EBUSY;
	}
	if (is_abandoned(thread))
		abandon(round);
}

/* with the mutex: waits for work and takes a round of it; false when all is done for ever */
static bool
next_round(struct tacit_sqlite_thread *thread, struct tacit_list *ret)
{
	while (tacit_list_empty(&thread->queue) && !thread->stop) {
		thread->asleep = true;
		pthread_cond_wait(&thread->work, &thread->mutex);
		thread->asleep = false;
	}
	for (size_t i = 0; i < ROUND_MAX && !tacit_list_empty(&thread->queue); i++) {
		struct tacit_list *link = thread->queue.next;

		tacit_list_remove(link);
		tacit_list_append(ret, link);
	}
	return !tacit_list_empty(ret);
}

static void *
run(void *arg)
{
	struct tacit_sqlite_thread *thread = arg;
	struct tacit_list round;

	tacit_list_init(&round);
	pthread_mutex_lock(&thread->mutex);
	while (next_round(thread, &round)) {
		bool abandoned = thread->abandon, first;

		pthread_mutex_unlock(&thread->mutex);
		if (abandoned)
			abandon(&round);
		else if (thread->reading != NULL)
			look_at_all(thread, &round);
		else
			work(thread, &round);
		pthread_mutex_lock(&thread->mutex);
		first = tacit_list_empty(&thread->done);
		tacit_list_move(&round, &thread->done);
		if (first)
			tacit_wake_set(thread->wake);
	}
	thread->stopped = true;
	pthread_cond_signal(&thread->idle);
	pthread_mutex_unlock(&thread->mutex);
	tacit_sqlite_db_close(&thread->db);
	return NULL;
}

/* signals are for the program's own threads */
static int
create_thread(struct tacit_sqlite_thread *thread)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread->thread, NULL, run, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void
destroy(struct tacit_sqlite_thread *thread)
{
	pthread_cond_destroy(&thread->idle);
	pthread_cond_destroy(&thread->work);
	pthread_mutex_destroy(&thread->mutex);
}

tacit_err
tacit_sqlite_thread_start(
    struct tacit_sqlite_thread *thread, struct tacit_sqlite_db *db, const char *reading, int wake)
{
	pthread_condattr_t monotonic;

	memset(thread, 0, sizeof(*thread));
	if (reading == NULL)
		thread->db = *db;
	thread->reading = reading;
	thread->round = 1;
	thread->wake = wake;
	tacit_list_init(&thread->queue);
	tacit_list_init(&thread->done);
	/* on Linux none of these fails */
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&thread->mutex, NULL);
	pthread_cond_init(&thread->work, NULL);
	pthread_cond_init(&thread->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (create_thread(thread) != 0) {
		destroy(thread);
		return TACIT_ENOMEM;
	}
	if (reading == NULL)
		memset(db, 0, sizeof(*db));
	return TACIT_OK;
}

void
tacit_sqlite_thread_post(struct tacit_sqlite_thread *thread, struct tacit_sqlite_op *op)
{
	bool asleep;

	pthread_mutex_lock(&thread->mutex);
	tacit_list_append(&thread->queue, &op->link);
	asleep = thread->asleep;
	thread->asleep = false;
	pthread_mutex_unlock(&thread->mutex);
	if (asleep)
		pthread_cond_signal(&thread->work);
}

void
tacit_sqlite_thread_take(struct tacit_sqlite_thread *thread, struct tacit_list *ret)
{
	pthread_mutex_lock(&thread->mutex);
	tacit_list_move(&thread->done, ret);
	pthread_mutex_unlock(&thread->mutex);
}

static struct timespec
time_in(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

void
tacit_sqlite_thread_stop(
    struct tacit_sqlite_thread *thread, unsigned timeout_ms, struct tacit_list *ret)
{
	struct timespec deadline = time_in(timeout_ms);
	int rc = 0;

	pthread_mutex_lock(&thread->mutex);
	thread->stop = true;
	/* nothing would be lost */
	thread->abandon = thread->reading != NULL;
	pthread_cond_signal(&thread->work);
	while (!thread->stopped && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&thread->idle, &thread->mutex, &deadline);
	thread->abandon = true;
	pthread_mutex_unlock(&thread->mutex);
	pthread_join(thread->thread, NULL);
	tacit_list_move(&thread->done, ret);
	destroy(thread);
}
