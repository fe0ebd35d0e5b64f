#include "stream/producer.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "stream/opener.h"

/* an entry in its wire form */
struct entry {
	struct tacit_block *block;
	size_t offset, len;
	bool confirmed; /* and an earlier one is not */
};

/*
 * The entries stand in a ring, oldest first.  Those that were pushed since the stream was last
 * opened come first, and have consecutive request ids from head_id on.  An entry leaves when
 * it and all before it are confirmed: one that a failure puts behind its successors takes them along
 * when it is pushed again, so that the stream has all of them in order.
 */
struct tacit_producer {
	struct tacit_producer_config config;
	struct tacit_opener opener;
	struct entry *ring;
	size_t cap; /* a power of two */
	size_t head, count;
	size_t len;  /* bytes of all entries */
	size_t sent; /* entries whose confirm is awaited, or came early */
	uint64_t head_id, next_id;
	tacit_msec alive_at; /* when the service last answered, or first had something to answer */
	uint64_t pushed, confirmed;
	bool full; /* a push was refused since there was room */
};

tacit_err
tacit_producer_new(const struct tacit_producer_config *config, struct tacit_producer **ret)
{
	struct tacit_producer *producer = tacit_alloc(sizeof(*producer));
	tacit_err err;

	if (producer == NULL)
		return TACIT_ENOMEM;
	err = tacit_opener_init(
	    &producer->opener, config->name, config->service, config->reply, &config->port);
	if (err != TACIT_OK) {
		tacit_free(producer);
		return err;
	}
	producer->opener.create = config->create;
	producer->config = *config;
	*ret = producer;
	return TACIT_OK;
}

static struct entry *
entry_at(const struct tacit_producer *producer, size_t i)
{
	return &producer->ring[(producer->head + i) & (producer->cap - 1)];
}

/* takes the oldest entry out */
static void
pop(struct tacit_producer *producer)
{
	struct entry *entry = entry_at(producer, 0);

	tacit_block_unref(entry->block);
	producer->len -= entry->len;
	producer->head = (producer->head + 1) & (producer->cap - 1);
	producer->count--;
}

void
tacit_producer_free(struct tacit_producer *producer)
{
	if (producer == NULL)
		return;
	while (producer->count > 0)
		pop(producer);
	tacit_free(producer->ring);
	tacit_free(producer);
}

static tacit_err
grow(struct tacit_producer *producer)
{
	size_t cap = producer->cap > 0 ? producer->cap * 2 : 16;
	struct entry *ring = tacit_alloc_array(cap, sizeof(*ring));

	if (ring == NULL)
		return TACIT_ENOMEM;
	for (size_t i = 0; i < producer->count; i++)
		ring[i] = *entry_at(producer, i);
	tacit_free(producer->ring);
	producer->ring = ring;
	producer->cap = cap;
	producer->head = 0;
	return TACIT_OK;
}

/* tells the port when tick is wanted */
static void
set_wake(struct tacit_producer *producer)
{
	struct tacit_opener *opener = &producer->opener;

	tacit_opener_wake(opener, tacit_opener_due(opener));
	if (opener->state == TACIT_OPENER_OPEN && producer->sent > 0)
		tacit_opener_wake(opener, producer->alive_at + TACIT_PULL_DEAD_MS);
}

/*
 * Pushes what was not pushed since the stream was opened.  Each push is a message of its own over
 * the entry's block, so that one that still waits in a socket is not written over.
 */
static void
push_rest(struct tacit_producer *producer, tacit_msec now)
{
	struct tacit_opener *opener = &producer->opener;

	if (producer->sent == 0)
		producer->alive_at = now;
	while (opener->state == TACIT_OPENER_OPEN && producer->sent < producer->count) {
		const struct entry *entry = entry_at(producer, producer->sent);
		struct tacit_msg *msg = tacit_msg_view(entry->block, entry->offset, entry->len);

		if (msg == NULL || tacit_push_request_encode(msg, producer->next_id) != TACIT_OK) {
			tacit_msg_unref(msg);
			tacit_opener_retry(opener, now);
			return;
		}
		producer->next_id++;
		producer->sent++;
		tacit_opener_send(opener, &opener->stream, msg);
	}
}

/* opens (again); nothing that was asked before is waited for any more */
static void
reopen(struct tacit_producer *producer, tacit_msec now)
{
	producer->sent = 0;
	tacit_opener_ask(&producer->opener, now);
	set_wake(producer);
}

void
tacit_producer_start(struct tacit_producer *producer, tacit_msec now)
{
	reopen(producer, now);
}

void
tacit_producer_reset(struct tacit_producer *producer, tacit_msec now)
{
	reopen(producer, now);
}

void
tacit_producer_pause(struct tacit_producer *producer)
{
	tacit_opener_pause(&producer->opener);
	producer->sent = 0;
}

/* puts an entry, encoded as msg's payload, at the end of the ring */
static tacit_err
append(struct tacit_producer *producer, const struct tacit_msg *msg)
{
	if (msg->len > TACIT_ENTRY_LEN_MAX)
		return TACIT_ELIMIT;
	if (producer->count >= TACIT_PUSHES_MAX ||
	    producer->len + msg->len > TACIT_PUSHES_LEN_MAX) {
		producer->full = true;
		return TACIT_ELIMIT;
	}
	if (producer->count == producer->cap && grow(producer) != TACIT_OK)
		return TACIT_ENOMEM;
	*entry_at(producer, producer->count) =
	    (struct entry){tacit_block_ref(msg->block), msg->offset, msg->len, false};
	producer->count++;
	producer->len += msg->len;
	producer->pushed++;
	return TACIT_OK;
}

tacit_err
tacit_producer_push(struct tacit_producer *producer, struct tacit_msg *msg, tacit_msec now)
{
	tacit_err err = tacit_msg_encode(msg);

	if (err == TACIT_OK)
		err = append(producer, msg);
	if (err == TACIT_OK) {
		push_rest(producer, now);
		set_wake(producer);
	}
	tacit_msg_unref(msg);
	return err;
}

/* answers ------------------------------------------------------------------------------------ */

static void
tell_room(struct tacit_producer *producer)
{
	if (!producer->full || producer->count > TACIT_PUSHES_MAX / 2 ||
	    producer->len > TACIT_PUSHES_LEN_MAX / 2)
		return;
	producer->full = false;
	if (producer->config.room != NULL)
		producer->config.room(producer->config.arg);
}

static void
handle_open(struct tacit_producer *producer, const struct tacit_msg *msg,
    const struct tacit_open_response *open, tacit_msec now)
{
	const struct tacit_producer_config *config = &producer->config;
	char text[TACIT_TEXT_LEN_MAX + 1];
	tacit_err err;

	switch (tacit_opener_handle(&producer->opener, msg, open, now)) {
	case TACIT_OPENER_OPENED:
		for (size_t i = 0; i < producer->count; i++)
			entry_at(producer, i)->confirmed = false;
		producer->head_id = producer->next_id;
		producer->sent = 0;
		push_rest(producer, now);
		set_wake(producer);
		if (config->opened != NULL)
			config->opened(config->arg, open->first, open->end);
		return;
	case TACIT_OPENER_REFUSED:
		err = tacit_opener_refusal(open, text);
		if (config->failed != NULL)
			config->failed(config->arg, err, text);
		return;
	case TACIT_OPENER_RETRIES:
		set_wake(producer);
		return;
	case TACIT_OPENER_IGNORED:
		return;
	}
}

/* takes out what is confirmed without a gap */
static void
settle(struct tacit_producer *producer)
{
	const struct tacit_producer_config *config = &producer->config;
	uint64_t before = producer->confirmed;

	while (producer->sent > 0 && entry_at(producer, 0)->confirmed) {
		pop(producer);
		producer->sent--;
		producer->head_id++;
		producer->confirmed++;
	}
	if (producer->confirmed == before)
		return;
	tacit_opener_progress(&producer->opener);
	if (config->confirmed != NULL)
		config->confirmed(config->arg, producer->confirmed);
	tell_room(producer);
}

static void
handle_push(struct tacit_producer *producer, const struct tacit_push_response *push, tacit_msec now)
{
	uint64_t i = push->request_id - producer->head_id;

	/* after a failure the confirms of what stands before it still count */
	if (i >= producer->sent)
		return;
	producer->alive_at = now;
	if (push->status == TACIT_PUSH_OK) {
		entry_at(producer, (size_t)i)->confirmed = true;
		settle(producer);
		return;
	}
	producer->sent = (size_t)i;
	if (producer->opener.state == TACIT_OPENER_OPEN)
		tacit_opener_retry(&producer->opener, now);
	set_wake(producer);
}

void
tacit_producer_handle(struct tacit_producer *producer, struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_stream_response response;

	if (tacit_stream_response_decode(msg, &response) == TACIT_OK) {
		if (response.protocol == TACIT_PROTOCOL_OPEN)
			handle_open(producer, msg, &response.open, now);
		else if (response.protocol == TACIT_PROTOCOL_PUSH)
			handle_push(producer, &response.push, now);
	}
	tacit_msg_unref(msg);
}

void
tacit_producer_tick(struct tacit_producer *producer, tacit_msec now)
{
	const struct tacit_producer_config *config = &producer->config;
	bool overdue = tacit_opener_tick(&producer->opener, now);

	if (producer->opener.state == TACIT_OPENER_OPEN && producer->sent > 0 &&
	    now >= producer->alive_at + TACIT_PULL_DEAD_MS) {
		producer->sent = 0;
		tacit_opener_retry_at(&producer->opener, now + TACIT_REQUEST_DEAD_MS);
		overdue = true;
	}
	set_wake(producer);
	if (overdue && config->suspect != NULL)
		config->suspect(config->arg);
}

bool
tacit_producer_has_room(const struct tacit_producer *producer)
{
	return producer->count < TACIT_PUSHES_MAX &&
	       producer->len + TACIT_ENTRY_LEN_MAX <= TACIT_PUSHES_LEN_MAX;
}

size_t
tacit_producer_pending(const struct tacit_producer *producer)
{
	return producer->count;
}

uint64_t
tacit_producer_pushed(const struct tacit_producer *producer)
{
	return producer->pushed;
}
