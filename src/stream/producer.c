#include "stream/producer.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "stream/opener.h"

/* an entry in its wire form */
struct entry {
	struct tacit_block *block; /* held; but by msg, where there is one */
	size_t offset, len;
	bool confirmed; /* and an earlier one is not */
	bool once;
	struct tacit_msg *msg; /* `once`: until it was confirmed or given up */
};

/*
 * The entries stand in a ring, oldest first.  Those that were pushed since the stream was last
 * opened come first, and have consecutive request ids from head_id on.  An entry leaves when
 * it and all before it are confirmed: one that a failure puts behind its successors takes them along
 * when it is pushed again, so that the stream has all of them in order.
 *
 * While the stream is open everything is pushed.  So when that ends, in whatever way, every `once`
 * entry is in doubt, and is given up; those that come later wait, and know of none before them.
 * One that is done, either way, is an empty place in the ring, which the next opening takes out.
 */
struct tacit_producer {
	struct tacit_producer_config config;
	struct tacit_opener opener;
	struct entry *ring;
	size_t cap; /* a power of two */
	size_t head, count;
	size_t ordinary; /* entries that are not `once`, and their bytes: what has bounds */
	size_t len;
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

/* takes the oldest place out, and gives what stood there */
static struct entry
shift(struct tacit_producer *producer)
{
	struct entry entry = *entry_at(producer, 0);

	producer->head = (producer->head + 1) & (producer->cap - 1);
	producer->count--;
	return entry;
}

/* the oldest entry is in the stream, or nobody wants it any more */
static void
pop(struct tacit_producer *producer)
{
	struct entry entry = shift(producer);

	if (entry.once)
		return;
	tacit_block_unref(entry.block);
	producer->ordinary--;
	producer->len -= entry.len;
}

/* tells the sender of a `once` entry what became of it */
static void
finish(struct entry *entry, bool taken)
{
	struct tacit_msg *msg = entry->msg;

	if (msg == NULL)
		return;
	entry->msg = NULL;
	msg->taken = taken;
	tacit_msg_unref(msg);
}

static void
give_up(struct tacit_producer *producer)
{
	for (size_t i = 0; i < producer->count; i++)
		finish(entry_at(producer, i), false);
}

/* the stream is not open any more */
static void
leave(struct tacit_producer *producer)
{
	if (producer->opener.state == TACIT_OPENER_OPEN)
		give_up(producer);
}

/* everything is to be pushed, from the first one on */
static void
begin_again(struct tacit_producer *producer)
{
	for (size_t n = producer->count; n > 0; n--) {
		struct entry entry = shift(producer);

		if (entry.once && entry.msg == NULL)
			continue;
		entry.confirmed = false;
		*entry_at(producer, producer->count++) = entry;
	}
	producer->head_id = producer->next_id;
	producer->sent = 0;
}

void
tacit_producer_free(struct tacit_producer *producer)
{
	if (producer == NULL)
		return;
	give_up(producer);
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
			leave(producer);
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
	leave(producer);
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
	leave(producer);
	producer->sent = 0;
	tacit_opener_pause(&producer->opener);
}

static bool
fits(const struct tacit_producer *producer, size_t len)
{
	return producer->ordinary < TACIT_PUSHES_MAX && producer->len + len <= TACIT_PUSHES_LEN_MAX;
}

/* whether msg, encoded, may stand in the ring.  A `once` message is bounded by its sender's window,
 * and is none that could come later. */
static tacit_err
admit(struct tacit_producer *producer, const struct tacit_msg *msg)
{
	if (msg->len > TACIT_ENTRY_LEN_MAX)
		return TACIT_ELIMIT;
	if (msg->once)
		return producer->opener.state != TACIT_OPENER_FAILED ? TACIT_OK : TACIT_ECLOSED;
	if (fits(producer, msg->len))
		return TACIT_OK;
	producer->full = true;
	return TACIT_ELIMIT;
}

/* puts an entry, encoded as msg's payload, at the end of the ring; takes msg */
static void
append(struct tacit_producer *producer, struct tacit_msg *msg)
{
	struct entry *entry = entry_at(producer, producer->count++);

	*entry = (struct entry){.block = msg->block, .offset = msg->offset, .len = msg->len};
	if (msg->once) {
		entry->once = true;
		entry->msg = msg;
		return;
	}
	tacit_block_ref(entry->block);
	producer->ordinary++;
	producer->len += msg->len;
	producer->pushed++;
	tacit_msg_unref(msg);
}

tacit_err
tacit_producer_push(struct tacit_producer *producer, struct tacit_msg *msg, tacit_msec now)
{
	tacit_err err = tacit_msg_encode(msg);

	if (err == TACIT_OK)
		err = admit(producer, msg);
	if (err == TACIT_OK && producer->count == producer->cap)
		err = grow(producer);
	if (err != TACIT_OK) {
		tacit_msg_drop(msg);
		return err;
	}
	append(producer, msg);
	push_rest(producer, now);
	set_wake(producer);
	return TACIT_OK;
}

/* answers ------------------------------------------------------------------------------------ */

static void
tell_room(struct tacit_producer *producer)
{
	if (!producer->full || producer->ordinary > TACIT_PUSHES_MAX / 2 ||
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
		begin_again(producer);
		push_rest(producer, now);
		set_wake(producer);
		if (config->opened != NULL)
			config->opened(config->arg, open->first, open->end);
		return;
	case TACIT_OPENER_REFUSED:
		err = tacit_opener_refusal(open, text);
		give_up(producer);
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
	uint64_t id = producer->head_id, before = producer->confirmed;

	while (producer->sent > 0 && entry_at(producer, 0)->confirmed) {
		producer->confirmed += !entry_at(producer, 0)->once;
		pop(producer);
		producer->sent--;
		producer->head_id++;
	}
	if (producer->head_id == id)
		return;
	tacit_opener_progress(&producer->opener);
	if (config->confirmed != NULL && producer->confirmed != before)
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
		finish(entry_at(producer, (size_t)i), true);
		settle(producer);
		return;
	}
	producer->sent = (size_t)i;
	if (producer->opener.state == TACIT_OPENER_OPEN) {
		leave(producer);
		tacit_opener_retry(&producer->opener, now);
	}
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
		leave(producer);
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
	return fits(producer, TACIT_ENTRY_LEN_MAX);
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
