#include "stream/consumer.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "stream/opener.h"
#include "wire/name.h"

/* what an open stream waits for */
enum awaited {
	NOTHING,
	POSITION, /* the answer of the index service */
	ENTRIES,  /* the next answer to the pull */
};

struct tacit_consumer {
	struct tacit_consumer_config config;
	struct tacit_opener opener;
	struct tacit_route index; /* to the index service */
	char client_id[TACIT_CLIENT_ID_LEN_MAX + 1];
	enum awaited awaited;
	uint64_t first, end;     /* the stream's bounds when it was last opened */
	bool started;            /* position is known */
	uint64_t position;       /* the next index to read */
	uint64_t answer_id;      /* of the next answer to the pull */
	uint64_t last_id;        /* of the last one that was asked for */
	uint64_t window;         /* answers that may be under way */
	uint64_t timed_id;       /* of the one whose way is timed; 0: none is */
	tacit_msec timed_at;     /* when it was asked for */
	bool flows;              /* answers follow each other without being asked for one by one */
	tacit_msec asked_at;     /* when the awaited answer was asked for */
	tacit_msec overdue_ms;   /* how long it may take */
	uint64_t saved_position; /* what the index service was told last */
	tacit_msec save_at;      /* when it may be told again */
	uint64_t skipped;        /* entries that were no messages */
	bool stopped;
};

tacit_err
tacit_consumer_new(const struct tacit_consumer_config *config, struct tacit_consumer **ret)
{
	const char *client_id = config->client_id;
	struct tacit_consumer *consumer;
	tacit_err err;

	if (client_id != NULL &&
	    (config->index == NULL || !tacit_client_id_check(client_id, strlen(client_id))))
		return TACIT_EINVAL;
	if ((consumer = tacit_alloc(sizeof(*consumer))) == NULL)
		return TACIT_ENOMEM;
	err = tacit_opener_init(
	    &consumer->opener, config->name, config->service, config->reply, &config->port);
	if (err != TACIT_OK) {
		tacit_free(consumer);
		return err;
	}
	if (client_id != NULL)
		memcpy(consumer->client_id, client_id, strlen(client_id));
	consumer->opener.create = config->create;
	consumer->config = *config;
	if (client_id != NULL)
		tacit_route_copy(&consumer->index, config->index);
	*ret = consumer;
	return TACIT_OK;
}

void
tacit_consumer_free(struct tacit_consumer *consumer)
{
	tacit_free(consumer);
}

static struct tacit_slice
slice_of(const char *text)
{
	return (struct tacit_slice){(const uint8_t *)text, strlen(text)};
}

static void
emit(struct tacit_consumer *consumer, enum tacit_consumer_event event, uint64_t from, uint64_t to)
{
	if (consumer->config.event != NULL)
		consumer->config.event(consumer->config.arg, event, from, to);
}

/* asking ------------------------------------------------------------------------------------- */

/* whether the index service should hear of a new position */
static bool
unsaved(const struct tacit_consumer *consumer)
{
	return consumer->client_id[0] != '\0' && consumer->started &&
	       consumer->position != consumer->saved_position &&
	       consumer->opener.state == TACIT_OPENER_OPEN;
}

/* tells the port when tick is wanted */
static void
set_wake(struct tacit_consumer *consumer)
{
	struct tacit_opener *opener = &consumer->opener;

	tacit_opener_wake(opener, tacit_opener_due(opener));
	if (consumer->awaited != NOTHING)
		tacit_opener_wake(opener, consumer->asked_at + consumer->overdue_ms);
	if (unsaved(consumer))
		tacit_opener_wake(opener, consumer->save_at);
}

/* sends a request whose answer, if any, is awaited */
static void
ask(struct tacit_consumer *consumer, const struct tacit_route *onward,
    const struct tacit_stream_request *request, tacit_msec now)
{
	struct tacit_msg *msg;

	consumer->asked_at = now;
	if (tacit_stream_request_encode(request, &msg) == TACIT_OK) {
		tacit_opener_send(&consumer->opener, onward, msg);
		return;
	}
	consumer->awaited = NOTHING;
	tacit_opener_retry(&consumer->opener, now);
}

/* asks for answers from answer_id on; limit 0: those of the pull that flows */
static void
ask_entries(struct tacit_consumer *consumer, uint64_t limit, tacit_msec now)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PULL};

	request.pull.request_id = consumer->answer_id;
	request.pull.index = consumer->position;
	request.pull.limit = limit;
	request.pull.answers = consumer->window;
	consumer->last_id = consumer->answer_id + (consumer->window - 1);
	if (consumer->timed_id == 0) {
		consumer->timed_id = consumer->last_id;
		consumer->timed_at = now;
	}
	ask(consumer, &consumer->opener.stream, &request, now);
}

/* a new pull; what the one before it was promised may still come, and is not taken for its own */
static void
pull(struct tacit_consumer *consumer, tacit_msec now)
{
	consumer->awaited = ENTRIES;
	consumer->overdue_ms = TACIT_PULL_DEAD_MS;
	consumer->flows = false;
	consumer->answer_id = consumer->last_id + 1;
	consumer->timed_id = 0;
	ask_entries(consumer, TACIT_PULL_LIMIT, now);
}

/* waits for the next answer of a pull that flows, and sees to it that the flow does not end */
static void
flow_on(struct tacit_consumer *consumer, tacit_msec now)
{
	uint64_t left;

	consumer->awaited = ENTRIES;
	consumer->overdue_ms = TACIT_PULL_DEAD_MS + TACIT_PULL_HOLD_MS;
	consumer->flows = true;
	consumer->answer_id++;
	consumer->asked_at = now;
	left = consumer->last_id + 1 - consumer->answer_id;
	if (left <= consumer->window - (consumer->window + 3) / 4)
		ask_entries(consumer, 0, now);
}

/* An answer came.  How long the last one that was asked for takes, behind the others, tells how many
 * may be under way: on a slow one they keep everything else waiting that the hub has for us. */
static void
pace(struct tacit_consumer *consumer, uint64_t id, tacit_msec now)
{
	tacit_msec took = now - consumer->timed_at;

	if (consumer->timed_id == 0 || (id < consumer->timed_id && took < 2 * TACIT_PULL_WAY_MS))
		return;
	consumer->timed_id = 0;
	if (took < TACIT_PULL_WAY_MS)
		consumer->window *= 2;
	else if (took >= 2 * TACIT_PULL_WAY_MS && consumer->window > 1)
		consumer->window /= 2;
	if (consumer->window > TACIT_PULL_ANSWERS_MAX)
		consumer->window = TACIT_PULL_ANSWERS_MAX;
}

static void
ask_position(struct tacit_consumer *consumer, tacit_msec now)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_INDEX};

	consumer->awaited = POSITION;
	consumer->overdue_ms = TACIT_REQUEST_DEAD_MS;
	request.index.client_id = slice_of(consumer->client_id);
	request.index.name = slice_of(consumer->opener.name);
	ask(consumer, &consumer->index, &request, now);
}

/* a hint that gets lost does no harm, so nothing waits for it */
static void
save(struct tacit_consumer *consumer, tacit_msec now)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_INDEX};
	struct tacit_msg *msg;

	request.index.save = true;
	request.index.client_id = slice_of(consumer->client_id);
	request.index.name = slice_of(consumer->opener.name);
	request.index.index = consumer->position;
	consumer->saved_position = consumer->position;
	consumer->save_at = now + TACIT_POSITION_SAVE_MS;
	if (tacit_stream_request_encode(&request, &msg) == TACIT_OK)
		tacit_opener_send(&consumer->opener, &consumer->index, msg);
}

static void
save_if_due(struct tacit_consumer *consumer, tacit_msec now)
{
	if (unsaved(consumer) && now >= consumer->save_at)
		save(consumer, now);
}

/* opens (again); nothing that was asked before is waited for any more */
static void
reopen(struct tacit_consumer *consumer, tacit_msec now)
{
	if (consumer->stopped)
		return;
	consumer->awaited = NOTHING;
	consumer->window = TACIT_PULL_ANSWERS_MIN;
	tacit_opener_ask(&consumer->opener, now);
	set_wake(consumer);
}

void
tacit_consumer_start(struct tacit_consumer *consumer, tacit_msec now)
{
	reopen(consumer, now);
}

void
tacit_consumer_reset(struct tacit_consumer *consumer, tacit_msec now)
{
	reopen(consumer, now);
}

void
tacit_consumer_pause(struct tacit_consumer *consumer)
{
	consumer->awaited = NOTHING;
	tacit_opener_pause(&consumer->opener);
}

void
tacit_consumer_stop(struct tacit_consumer *consumer)
{
	if (unsaved(consumer))
		save(consumer, 0);
	consumer->stopped = true;
	tacit_consumer_pause(consumer);
}

/* answers ------------------------------------------------------------------------------------ */

/* the position is known and the stream is open: reads on, from where that makes sense */
static void
read_on(struct tacit_consumer *consumer, tacit_msec now)
{
	uint64_t from = consumer->position, first = consumer->first, end = consumer->end;
	bool rolled_back = end < from, trimmed = from < first;

	consumer->started = true;
	if (rolled_back || trimmed)
		consumer->position = first;
	pull(consumer, now);
	set_wake(consumer);
	if (rolled_back)
		emit(consumer, TACIT_CONSUMER_ROLLED_BACK, from, end);
	else if (trimmed)
		emit(consumer, TACIT_CONSUMER_TRIMMED, from, first);
}

static void
handle_opened(
    struct tacit_consumer *consumer, const struct tacit_open_response *open, tacit_msec now)
{
	const struct tacit_consumer_config *config = &consumer->config;
	uint64_t first = open->first, end = open->end;

	consumer->first = first;
	consumer->end = end;
	if (!consumer->started && config->start == TACIT_START_STORED &&
	    consumer->client_id[0] != '\0') {
		ask_position(consumer, now);
		set_wake(consumer);
	} else {
		if (!consumer->started)
			consumer->position = config->start == TACIT_START_END ? end : first;
		read_on(consumer, now);
	}
	if (config->opened != NULL)
		config->opened(config->arg, first, end);
}

static void
handle_open(struct tacit_consumer *consumer, const struct tacit_msg *msg,
    const struct tacit_open_response *open, tacit_msec now)
{
	const struct tacit_consumer_config *config = &consumer->config;
	char text[TACIT_TEXT_LEN_MAX + 1];
	tacit_err err;

	switch (tacit_opener_handle(&consumer->opener, msg, open, now)) {
	case TACIT_OPENER_OPENED:
		handle_opened(consumer, open, now);
		return;
	case TACIT_OPENER_REFUSED:
		err = tacit_opener_refusal(open, text);
		if (config->failed != NULL)
			config->failed(config->arg, err, text);
		return;
	case TACIT_OPENER_RETRIES:
		set_wake(consumer);
		return;
	case TACIT_OPENER_IGNORED:
		return;
	}
}

static void
handle_index(
    struct tacit_consumer *consumer, const struct tacit_index_response *index, tacit_msec now)
{
	if (consumer->awaited != POSITION ||
	    !tacit_slice_is(index->client_id, consumer->client_id) ||
	    !tacit_slice_is(index->name, consumer->opener.name))
		return;
	consumer->position = index->has_index ? index->index : consumer->first;
	consumer->saved_position = consumer->position;
	read_on(consumer, now);
}

/* hands an entry out, or counts it as skipped.  Errors: TACIT_ENOMEM, it is then still to be read */
static tacit_err
take_entry(struct tacit_consumer *consumer, const struct tacit_msg *msg, uint64_t index,
    struct tacit_slice data)
{
	size_t offset = (size_t)(data.bytes - msg->block->bytes);
	struct tacit_msg *entry;
	tacit_err err = tacit_msg_decode(msg->block, offset, data.len, &entry);

	if (err == TACIT_ENOMEM)
		return err;
	consumer->position = index + 1;
	if (err == TACIT_OK)
		consumer->config.deliver(consumer->config.arg, index, entry);
	else
		consumer->skipped++;
	return TACIT_OK;
}

/* reads what an answer has, and tells how many of its entries were new; false: some are still to be
 * read.  An index that has none after it cannot be passed, and one below the position was read
 * before */
static bool
take_entries(struct tacit_consumer *consumer, const struct tacit_msg *msg,
    struct tacit_pull_entries *entries, size_t *ret_count)
{
	uint64_t skipped = consumer->skipped, index;
	struct tacit_slice data;
	bool all = true;

	*ret_count = 0;
	while (all && tacit_pull_entries_next(entries, &index, &data)) {
		if (index < consumer->position)
			continue;
		if (index == UINT64_MAX || take_entry(consumer, msg, index, data) != TACIT_OK) {
			all = false;
			break;
		}
		++*ret_count;
		all = !consumer->stopped; /* by whoever it was delivered to */
	}
	if (consumer->skipped > skipped)
		emit(consumer, TACIT_CONSUMER_SKIPPED, consumer->skipped - skipped,
		    consumer->skipped);
	return all;
}

/* An answer of the flow before this one was lost: what was in it is asked for again. */
static bool
overtakes(const struct tacit_consumer *consumer, uint64_t id)
{
	return consumer->flows && id > consumer->answer_id && id <= consumer->last_id;
}

static void
handle_pull(struct tacit_consumer *consumer, const struct tacit_msg *msg,
    struct tacit_pull_response *response, tacit_msec now)
{
	struct tacit_opener *opener = &consumer->opener;
	/* what flows may end at any time */
	bool early = !consumer->flows && now - consumer->asked_at < TACIT_PULL_HOLD_MS / 2;
	bool flows = consumer->flows || response->more > 0;
	size_t count;

	if (consumer->awaited == ENTRIES && overtakes(consumer, response->request_id)) {
		pull(consumer, now);
		set_wake(consumer);
		return;
	}
	if (consumer->awaited != ENTRIES || response->request_id != consumer->answer_id)
		return;
	consumer->awaited = NOTHING;
	pace(consumer, response->request_id, now);
	flows = take_entries(consumer, msg, &response->entries, &count) && count > 0 && flows;
	if (count > 0) {
		tacit_opener_progress(opener);
		early = false;
	}
	if (opener->state != TACIT_OPENER_OPEN || consumer->awaited != NOTHING)
		return; /* a callback paused, stopped or reset it */
	save_if_due(consumer, now);
	if (flows)
		flow_on(consumer, now);
	else if (early)
		tacit_opener_retry_at(opener, now + TACIT_PULL_AGAIN_MS);
	else
		pull(consumer, now);
	set_wake(consumer);
}

void
tacit_consumer_handle(struct tacit_consumer *consumer, struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_stream_response response;

	if (tacit_stream_response_decode(msg, &response) == TACIT_OK) {
		if (response.protocol == TACIT_PROTOCOL_OPEN)
			handle_open(consumer, msg, &response.open, now);
		else if (response.protocol == TACIT_PROTOCOL_INDEX)
			handle_index(consumer, &response.index, now);
		else if (response.protocol == TACIT_PROTOCOL_PULL)
			handle_pull(consumer, msg, &response.pull, now);
	}
	tacit_msg_unref(msg);
}

void
tacit_consumer_tick(struct tacit_consumer *consumer, tacit_msec now)
{
	const struct tacit_consumer_config *config = &consumer->config;
	bool overdue = tacit_opener_tick(&consumer->opener, now);

	save_if_due(consumer, now);
	if (consumer->awaited != NOTHING && now >= consumer->asked_at + consumer->overdue_ms) {
		consumer->awaited = NOTHING;
		tacit_opener_retry_at(&consumer->opener, now + TACIT_REQUEST_DEAD_MS);
		overdue = true;
	}
	set_wake(consumer);
	if (overdue && config->suspect != NULL)
		config->suspect(config->arg);
}

uint64_t
tacit_consumer_position(const struct tacit_consumer *consumer)
{
	return consumer->position;
}
