/*
 * The one thread of the store's own: it asks what librdkafka 2.0 can only ask by blocking (does the
 * topic exist, how many partitions, which bounds; and what there is at all), destroys handles that were
 * replaced, and wakes the loop once a second for what is due by time.
 */
#include "store/kafka_internal.h"

#include <time.h>

#include "base/memory.h"

/* ms for one attempt, and between attempts: of a question in general, of one about a topic that
 * was created a moment ago */
#define ATTEMPT_MS 2000
#define AGAIN_MS   100u
#define SOON_MS    10u

static int
left_ms(const struct kafka_ask *ask)
{
	tacit_msec now = tacit_kafka_clock();

	if (now >= ask->deadline)
		return 0;
	return ask->deadline - now < ATTEMPT_MS ? (int)(ask->deadline - now) : ATTEMPT_MS;
}

static rd_kafka_resp_err_t
ask_partitions(struct kafka_ask *ask)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t err;

	err = rd_kafka_metadata(ask->producer->rk, 0, ask->rkt, &metadata, left_ms(ask));
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err;
	if (metadata->topic_cnt == 1) {
		err = metadata->topics[0].err;
		ask->partition_count = metadata->topics[0].partition_cnt;
	}
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR && ask->partition_count == 0)
		err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(metadata);
	return err;
}

/* the offset of a time, where the times -2 and -1 stand for the first offset and the end */
static rd_kafka_resp_err_t
ask_offset(struct kafka_ask *ask, int64_t time, uint64_t *ret)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *at =
	    rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(ask->rkt), 0);
	rd_kafka_resp_err_t err;

	at->offset = time;
	err = rd_kafka_offsets_for_times(ask->producer->rk, list, left_ms(ask));
	if (at->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		err = at->err;
	/* that no answer came in time is only seen by what it leaves there */
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR && at->offset < 0)
		err = RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		*ret = (uint64_t)at->offset;
	rd_kafka_topic_partition_list_destroy(list);
	return err;
}

/* Not by rd_kafka_query_watermark_offsets, which asks for both at once: it does not return while a
 * broker stands still, whatever its timeout, and the hub could not end. */
static rd_kafka_resp_err_t
ask_bounds(struct kafka_ask *ask)
{
	uint64_t low = 0, high = 0;
	rd_kafka_resp_err_t err = ask_offset(ask, RD_KAFKA_OFFSET_BEGINNING, &low);

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		err = ask_offset(ask, RD_KAFKA_OFFSET_END, &high);
	/* of a topic that was made again meanwhile */
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR && high < low)
		err = RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		ask->low = low;
		ask->high = high;
	}
	return err;
}

/* true: answered; false: try again after not_before */
static bool
run(struct kafka *k, struct kafka_ask *ask)
{
	bool patient;

	if (ask->listing != NULL) {
		tacit_kafka_listing_ask(k, ask->listing);
		return true;
	}
	if (ask->stream == NULL) {
		tacit_kafka_producer_free(ask->producer);
		ask->producer = NULL;
		return true;
	}
	if (left_ms(ask) == 0) {
		ask->err = RD_KAFKA_RESP_ERR__TIMED_OUT;
		return true;
	}
	if (ask->rkt == NULL)
		ask->rkt = rd_kafka_topic_new(ask->producer->rk, ask->stream->topic, NULL);
	if (ask->rkt == NULL) {
		ask->err = rd_kafka_last_error();
		return true;
	}
	ask->err = ask_partitions(ask);
	/* bounds of a fresh one are 0, and asking 300 streams for them takes its time */
	if (ask->err == RD_KAFKA_RESP_ERR_NO_ERROR && ask->partition_count == 1 && !ask->fresh)
		ask->err = ask_bounds(ask);
	patient = ask->just_created && tacit_kafka_is_missing(ask->err);
	if (!patient && tacit_kafka_err(ask->err) != TACIT_EUNREACHABLE)
		return true;
	ask->not_before = tacit_kafka_clock() + (patient ? SOON_MS : AGAIN_MS);
	return false;
}

/* the first that is due, or NULL; *ret_wait is then the time to wait for */
static struct kafka_ask *
take_due(struct kafka_helper *helper, tacit_msec now, tacit_msec *ret_wait)
{
	struct tacit_list *link;

	for (link = helper->asks.next; link != &helper->asks; link = link->next) {
		struct kafka_ask *ask = TACIT_CONTAINER(link, struct kafka_ask, link);

		if (ask->not_before <= now || ask->deadline <= now) {
			tacit_list_remove(link);
			return ask;
		}
		if (ask->not_before < *ret_wait)
			*ret_wait = ask->not_before;
	}
	return NULL;
}

static void
wait_until(struct kafka_helper *helper, tacit_msec when)
{
	struct timespec at = {
	    .tv_sec = (time_t)(when / 1000), .tv_nsec = (long)(when % 1000) * 1000000};

	(void)pthread_cond_timedwait(&helper->cond, &helper->mutex, &at);
}

static void *
work(void *arg)
{
	struct kafka *k = arg;
	struct kafka_helper *helper = &k->helper;
	tacit_msec tick = 0;

	pthread_mutex_lock(&helper->mutex);
	while (!helper->stop) {
		tacit_msec now = tacit_kafka_clock(), wait;
		struct kafka_ask *ask;
		bool answered;

		if (now >= tick) {
			tick = now + KAFKA_TICK_MS;
			tacit_kafka_wake(k);
		}
		wait = tick;
		if ((ask = take_due(helper, now, &wait)) == NULL) {
			wait_until(helper, wait);
			continue;
		}
		pthread_mutex_unlock(&helper->mutex);
		answered = run(k, ask);
		pthread_mutex_lock(&helper->mutex);
		tacit_list_append(answered ? &helper->answers : &helper->asks, &ask->link);
		if (answered)
			tacit_kafka_wake(k);
	}
	pthread_mutex_unlock(&helper->mutex);
	return NULL;
}

tacit_err
tacit_kafka_helper_start(struct kafka *k)
{
	struct kafka_helper *helper = &k->helper;
	pthread_condattr_t attr;
	int failed;

	pthread_mutex_init(&helper->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&helper->cond, &attr);
	pthread_condattr_destroy(&attr);
	tacit_list_init(&helper->asks);
	tacit_list_init(&helper->answers);
	failed = pthread_create(&helper->thread, NULL, work, k);
	if (failed != 0) {
		pthread_cond_destroy(&helper->cond);
		pthread_mutex_destroy(&helper->mutex);
		return TACIT_EIO;
	}
	helper->started = true;
	return TACIT_OK;
}

void
tacit_kafka_helper_ask(struct kafka *k, struct kafka_ask *ask)
{
	struct kafka_helper *helper = &k->helper;

	pthread_mutex_lock(&helper->mutex);
	tacit_list_append(&helper->asks, &ask->link);
	pthread_cond_signal(&helper->cond);
	pthread_mutex_unlock(&helper->mutex);
}

static struct kafka_ask *
take(struct kafka_helper *helper, struct tacit_list *list)
{
	struct kafka_ask *ask = NULL;

	pthread_mutex_lock(&helper->mutex);
	if (!tacit_list_empty(list)) {
		ask = TACIT_CONTAINER(list->next, struct kafka_ask, link);
		tacit_list_remove(&ask->link);
	}
	pthread_mutex_unlock(&helper->mutex);
	return ask;
}

void
tacit_kafka_helper_answers(struct kafka *k)
{
	struct kafka_ask *ask;

	while ((ask = take(&k->helper, &k->helper.answers)) != NULL) {
		if (ask->listing != NULL)
			tacit_kafka_listing_answer(ask->listing);
		else if (ask->stream != NULL)
			tacit_kafka_topic_answer(k, ask);
		tacit_free(ask);
	}
}

bool
tacit_kafka_helper_stopping(struct kafka *k)
{
	bool stop;

	pthread_mutex_lock(&k->helper.mutex);
	stop = k->helper.stop;
	pthread_mutex_unlock(&k->helper.mutex);
	return stop;
}

void
tacit_kafka_helper_stop(struct kafka *k)
{
	struct kafka_helper *helper = &k->helper;
	struct kafka_ask *ask;

	if (!helper->started)
		return;
	pthread_mutex_lock(&helper->mutex);
	helper->stop = true;
	pthread_cond_signal(&helper->cond);
	pthread_mutex_unlock(&helper->mutex);
	pthread_join(helper->thread, NULL);
	while ((ask = take(helper, &helper->asks)) != NULL ||
	       (ask = take(helper, &helper->answers)) != NULL) {
		if (ask->listing != NULL)
			tacit_kafka_listing_answer(ask->listing);
		else if (ask->stream == NULL)
			tacit_kafka_producer_free(ask->producer);
		else if (ask->rkt != NULL)
			rd_kafka_topic_destroy(ask->rkt);
		tacit_free(ask);
	}
	pthread_cond_destroy(&helper->cond);
	pthread_mutex_destroy(&helper->mutex);
	helper->started = false;
}
