#include "tacit/look.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "node/internal.h"
#include "stream/opener.h"
#include "wire/stream_look.h"

/*
 * One question at a time, in pages.  A question that a lost connection took along is asked again on
 * the next one, and so is one that the service has no time for; all within ANSWER_MS.
 */

#define ANSWER_MS 10000u

_Static_assert(TACIT_HEAD_LEN_MAX == TACIT_LOOK_HEAD_LEN, "the public header says so");

struct tacit_look {
	struct tacit_owned owned;
	struct tacit_node *node;
	struct tacit_worker *worker; /* for the answers */
	struct tacit_tcp_want *want; /* NULL: the service is in this process */
	struct tacit_route service;
	const char *name, *peer;
	char down[256]; /* why there is no connection */
	bool up, sent, answered, broken;
	struct tacit_look_request question;
	/* of the last answer */
	enum tacit_open_status status;
	char text[TACIT_TEXT_LEN_MAX + 1];
	uint64_t first, end;
	size_t count, at; /* entries, and those handed out */
	struct tacit_look_entry entries[TACIT_LOOK_ENTRIES_MAX];
	uint8_t heads[TACIT_LOOK_ENTRIES_MAX][TACIT_LOOK_HEAD_LEN];
	/* of all of them */
	uint64_t opened_first, opened_end;
	uint64_t next, left; /* the index to go on from, and how many entries more */
};

/* answers -------------------------------------------------------------------------------------- */

/* false: it is none that the question could have */
static bool
take_item(struct tacit_look *look, const struct tacit_look_item *item)
{
	struct tacit_look_entry *entry = &look->entries[look->count];
	uint8_t *head = look->heads[look->count];
	uint64_t least = look->count > 0 ? entry[-1].index + 1 : look->question.index;

	if (item->index < least || item->index == UINT64_MAX || item->head.len > item->size ||
	    item->head.len > TACIT_LOOK_HEAD_LEN || look->count == TACIT_LOOK_ENTRIES_MAX)
		return false;
	if (item->head.len > 0)
		memcpy(head, item->head.bytes, item->head.len);
	*entry = (struct tacit_look_entry){.index = item->index,
	    .time_ms = item->time_ms,
	    .size = item->size,
	    .head = head,
	    .head_len = item->head.len};
	tacit_entry_describe(head, entry->head_len, entry->size, &entry->nature);
	look->count++;
	return true;
}

static void
take_answer(struct tacit_look *look, struct tacit_look_response *response)
{
	struct tacit_open_response refusal = {.status = response->status, .text = response->text};
	struct tacit_look_item item;

	look->answered = true;
	look->status = response->status;
	look->broken = response->first > response->end;
	look->first = response->first;
	look->end = response->end;
	look->count = look->at = 0;
	if (response->status != TACIT_OPEN_OK)
		(void)tacit_opener_refusal(&refusal, look->text);
	while (!look->broken && tacit_look_items_next(&response->items, &item))
		look->broken = look->count >= look->question.count || !take_item(look, &item);
}

static void
on_answer(void *self, struct tacit_msg *msg)
{
	struct tacit_look *look = self;
	struct tacit_look_response response;

	if (!look->answered && look->sent &&
	    tacit_look_response_decode(msg, &response) == TACIT_OK &&
	    response.request_id == look->question.request_id)
		take_answer(look, &response);
	tacit_msg_unref(msg);
}

/* the connection ------------------------------------------------------------------------------- */

static void
on_up(void *arg)
{
	struct tacit_look *look = arg;

	look->up = true;
}

static void
on_down(void *arg, const char *text)
{
	struct tacit_look *look = arg;

	look->up = look->sent = false;
	snprintf(look->down, sizeof(look->down), "%s", text);
}

/* questions ------------------------------------------------------------------------------------ */

/* false: the node remembers why */
static bool
send_question(struct tacit_look *look)
{
	struct tacit_msg *msg;
	tacit_err err;

	look->question.request_id++;
	if ((err = tacit_look_request_encode(&look->question, &msg)) != TACIT_OK) {
		tacit_node_fail(look->node, err, "cannot ask for stream %s: %s", look->name,
		    tacit_strerror(err));
		return false;
	}
	tacit_route_copy(&msg->onward, &look->service);
	tacit_route_init(&msg->ret);
	if ((err = tacit_route_append(&msg->ret, tacit_worker_address(look->worker))) != TACIT_OK) {
		tacit_msg_unref(msg);
		tacit_node_fail(look->node, err, "no way back from %s", look->peer);
		return false;
	}
	look->sent = true;
	tacit_node_route(look->node, msg);
	return true;
}

/* there is something to do: an answer to take, or a question to send */
static int
is_due(void *arg)
{
	const struct tacit_look *look = arg;

	return look->answered || (look->up && !look->sent);
}

static int
never(void *arg)
{
	(void)arg;
	return 0;
}

static bool
fail_late(struct tacit_look *look)
{
	if (!look->up)
		tacit_node_fail(look->node, TACIT_EUNREACHABLE,
		    "%s; check the address, and that the hub runs",
		    look->down[0] != '\0' ? look->down : "no connection within 10 s");
	else
		tacit_node_fail(look->node, TACIT_ETIMEDOUT,
		    "%s does not answer: it may be no Tacit hub, or one that is too old to show"
		    " its streams, or its store may be down",
		    look->peer);
	return false;
}

static bool
fail_refused(struct tacit_look *look)
{
	struct tacit_open_response refusal = {.status = look->status};
	char none[TACIT_TEXT_LEN_MAX + 1];
	tacit_err err = tacit_opener_refusal(&refusal, none);

	if (look->status == TACIT_OPEN_UNAVAILABLE || look->status == TACIT_OPEN_LIMIT)
		err = TACIT_EUNREACHABLE;
	tacit_node_fail(look->node, err, "stream %s: %s", look->name,
	    look->text[0] != '\0' ? look->text : tacit_strerror(err));
	return false;
}

/* the service has no time, or no store, now: false when there is none left either */
static bool
pause(struct tacit_look *look, tacit_msec deadline)
{
	tacit_err err;

	if (tacit_node_now(look->node) + TACIT_LOOK_AGAIN_MS >= deadline)
		return fail_refused(look);
	look->answered = look->sent = false;
	err = tacit_node_wait(look->node, never, NULL, (long)TACIT_LOOK_AGAIN_MS);
	return err == TACIT_ETIMEDOUT;
}

/* true: the answer is there, and says OK */
static bool
judge(struct tacit_look *look)
{
	if (look->status != TACIT_OPEN_OK)
		return fail_refused(look);
	if (!look->broken)
		return true;
	tacit_node_fail(look->node, TACIT_EFORMAT, "%s answers what cannot be", look->peer);
	return false;
}

/* false: the node remembers why, or was stopped */
static bool
ask(struct tacit_look *look, uint64_t index, uint64_t count)
{
	tacit_msec deadline = tacit_node_now(look->node) + ANSWER_MS;

	look->question.index = index;
	look->question.count = count < TACIT_LOOK_ENTRIES_MAX ? count : TACIT_LOOK_ENTRIES_MAX;
	look->answered = look->sent = false;
	for (;;) {
		tacit_msec now = tacit_node_now(look->node);
		tacit_err err;

		if (look->up && !look->sent && !send_question(look))
			return false;
		if (now >= deadline)
			return fail_late(look);
		err = tacit_node_wait(look->node, is_due, look, (long)(deadline - now));
		if (err != TACIT_OK)
			return err == TACIT_ETIMEDOUT && fail_late(look);
		if (!look->answered)
			continue;
		if (look->status != TACIT_OPEN_LIMIT && look->status != TACIT_OPEN_UNAVAILABLE)
			return judge(look);
		if (!pause(look, deadline))
			return false;
	}
}

/* making and ending ---------------------------------------------------------------------------- */

static void
free_look(struct tacit_owned *self)
{
	struct tacit_look *look = TACIT_CONTAINER(self, struct tacit_look, owned);

	tacit_tcp_want_free(look->want);
	tacit_worker_remove(look->worker);
	tacit_free(look);
}

static struct tacit_look *
look_new(struct tacit_node *node)
{
	struct tacit_look *look = tacit_alloc(sizeof(*look));

	if (look == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a look");
		return NULL;
	}
	look->node = node;
	look->owned.free = free_look;
	tacit_node_own(node, &look->owned);
	return look;
}

/* the way there and back, as far as that is known now; false: the node remembers why */
static bool
set_out(struct tacit_look *look, const struct tacit_look_options *options)
{
	const char *service =
	    options->stream_service != NULL ? options->stream_service : "stream_kafka";
	struct tacit_address first;
	tacit_err err;

	look->name = tacit_node_text(look->node, "%s", options->name);
	look->worker = tacit_worker_add(
	    look->node, NULL, TACIT_HEARS_LOCAL | TACIT_HEARS_NETWORK, on_answer, look);
	if (look->name == NULL || look->worker == NULL)
		return false;
	look->question.name = (struct tacit_slice){(const uint8_t *)look->name, strlen(look->name)};
	tacit_route_init(&look->service);
	if (options->route != NULL)
		tacit_route_copy(&look->service, options->route);
	if ((err = tacit_route_append(&look->service, tacit_address_worker(service))) != TACIT_OK) {
		tacit_node_fail(look->node, err, "the route to the stream service is too long");
		return false;
	}
	if (!tacit_route_first(&look->service, &first) || first.type != TACIT_ADDRESS_TCP) {
		look->peer = "the stream service";
		look->up = true;
		return true;
	}
	look->peer = tacit_node_text(look->node, "%.*s", (int)first.len, (const char *)first.bytes);
	look->want = tacit_tcp_want_new(look->node, first, on_up, on_down, look);
	return look->want != NULL && look->peer != NULL;
}

/* where to begin, now that the bounds are known */
static void
begin(struct tacit_look *look, const struct tacit_look_options *options)
{
	uint64_t held = look->end - look->first;

	look->opened_first = look->first;
	look->opened_end = look->end;
	look->left = options->count;
	if (options->from)
		look->next = options->index;
	else
		look->next = look->end - (options->count < held ? options->count : held);
}

struct tacit_look *
tacit_look_open(struct tacit_node *node, const struct tacit_look_options *options)
{
	struct tacit_look *look;

	if (!tacit_node_usable(node) || tacit_node_stopped(node))
		return NULL;
	if (options->name == NULL || tacit_node_in_loop(node)) {
		tacit_node_fail(node, TACIT_EINVAL, "%s",
		    tacit_node_in_loop(node) ? "a handler cannot look at a stream"
					     : "the name of a stream is needed");
		return NULL;
	}
	if (!tacit_node_takes_name(node, options->name) || (look = look_new(node)) == NULL)
		return NULL;
	if (!set_out(look, options) || !ask(look, 0, 0)) {
		tacit_look_close(look);
		return NULL;
	}
	begin(look, options);
	return look;
}

uint64_t
tacit_look_first(const struct tacit_look *look)
{
	return look != NULL ? look->opened_first : 0;
}

uint64_t
tacit_look_end(const struct tacit_look *look)
{
	return look != NULL ? look->opened_end : 0;
}

const struct tacit_look_entry *
tacit_look_next(struct tacit_look *look)
{
	const struct tacit_look_entry *entry;

	if (look == NULL || look->left == 0 || look->next >= look->opened_end)
		return NULL;
	if (look->at == look->count &&
	    (!tacit_node_usable(look->node) || !ask(look, look->next, look->left)))
		return NULL;
	/* none at all: the rest is holes, or entries too long to be read */
	if (look->at == look->count || look->entries[look->at].index >= look->opened_end) {
		look->left = 0;
		return NULL;
	}
	entry = &look->entries[look->at++];
	look->next = entry->index + 1;
	look->left--;
	return entry;
}

void
tacit_look_close(struct tacit_look *look)
{
	if (look == NULL)
		return;
	tacit_node_disown(&look->owned);
	free_look(&look->owned);
}
