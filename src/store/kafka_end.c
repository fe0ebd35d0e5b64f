/*
 * Ending handles.  rd_kafka_destroy of librdkafka 2.0 never returns once a topic was deleted while
 * it was assigned (a reference of the handle's internal broker is lost; its issues 3470 and 3954
 * show the same), and a hub that is told to stop has to stop.  So each handle is destroyed by a
 * thread of its own, and one that does not come back is left to the end of the process.
 */
#include "store/kafka_internal.h"

#include <time.h>

#include "base/memory.h"

/* ms for all of them; 1 to 2 is usual */
#define END_MS 2000

/* shared by those who destroy and the one who waits; the last one frees it */
struct ending {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	size_t left, refs;
};

struct end {
	struct ending *ending;
	rd_kafka_t *rk;
};

static void
destroy(rd_kafka_t *rk)
{
	/* the groups are never joined: there is nothing to leave, and a fetch that waits to
	 * wait for */
	rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* the caller holds the mutex, and does not any more */
static void
release(struct ending *ending)
{
	bool last = --ending->refs == 0;

	pthread_mutex_unlock(&ending->mutex);
	if (!last)
		return;
	pthread_cond_destroy(&ending->cond);
	pthread_mutex_destroy(&ending->mutex);
	tacit_free(ending);
}

static void *
run(void *arg)
{
	struct end *end = arg;
	struct ending *ending = end->ending;

	destroy(end->rk);
	tacit_free(end);
	pthread_mutex_lock(&ending->mutex);
	ending->left--;
	pthread_cond_signal(&ending->cond);
	release(ending);
	return NULL;
}

static bool
start(struct ending *ending, rd_kafka_t *rk)
{
	struct end *end = tacit_alloc(sizeof(*end));
	pthread_t thread;

	if (end == NULL)
		return false;
	end->ending = ending;
	end->rk = rk;
	if (pthread_create(&thread, NULL, run, end) != 0) {
		tacit_free(end);
		return false;
	}
	pthread_detach(thread);
	return true;
}

static struct ending *
new_ending(void)
{
	struct ending *ending = tacit_alloc(sizeof(*ending));
	pthread_condattr_t attr;

	if (ending == NULL)
		return NULL;
	pthread_mutex_init(&ending->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ending->cond, &attr);
	pthread_condattr_destroy(&attr);
	ending->refs = 1;
	return ending;
}

bool
tacit_kafka_handles_end(rd_kafka_t *const *handles, size_t count)
{
	struct ending *ending = new_ending();
	tacit_msec when = tacit_kafka_clock() + END_MS;
	struct timespec at = {
	    .tv_sec = (time_t)(when / 1000), .tv_nsec = (long)(when % 1000) * 1000000};
	bool all;

	if (ending == NULL) {
		for (size_t i = 0; i < count; i++)
			destroy(handles[i]);
		return true;
	}
	pthread_mutex_lock(&ending->mutex);
	for (size_t i = 0; i < count; i++) {
		if (!start(ending, handles[i])) {
			destroy(handles[i]);
			continue;
		}
		ending->left++;
		ending->refs++;
	}
	while (ending->left > 0 && tacit_kafka_clock() < when)
		(void)pthread_cond_timedwait(&ending->cond, &ending->mutex, &at);
	all = ending->left == 0;
	release(ending);
	return all;
}
