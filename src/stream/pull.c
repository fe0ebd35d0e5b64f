#include "stream/pull.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "wire/stream_protocol.h"

#define KEY_LEN_MAX (TACIT_NAME_LEN_MAX + 1 + TACIT_ROUTE_LEN_MAX)

/* a stream that has pulls */
struct stream {
	size_t count;
	size_t name_len;
	char name[];
};

struct pull {
	struct tacit_list list;
	struct tacit_pulls *pulls;
	struct stream *stream;
	struct tacit_store_read *read; /* NULL: the store is done with it */
	tacit_msec deadline;
	bool asking;      /* the store, which answers at once or not */
	bool over;        /* nothing follows */
	bool flows;       /* has had an answer, and more follow */
	bool busy;        /* since the deadline was set: had much to give, or was let flow on */
	uint64_t given;   /* answers so far */
	uint64_t allowed; /* answers in all; as many as given: spent, until allowed more */
	unsigned holds;   /* for which it was spent */
	struct tacit_route reply;
	struct tacit_pull_wish request; /* points to reply and to the stream's name */
};

void
tacit_pulls_init(struct tacit_pulls *pulls, struct tacit_store *store, uint64_t seed,
    tacit_pull_answer answer, void *arg)
{
	memset(pulls, 0, sizeof(*pulls));
	pulls->store = store;
	pulls->answer = answer;
	pulls->arg = arg;
	tacit_map_init(&pulls->by_reader, seed);
	tacit_map_init(&pulls->streams, seed);
	tacit_list_init(&pulls->list);
}

/* a stream's name has no `/`, so no two readers share a key */
static size_t
make_key(uint8_t *ret, const char *name, const struct tacit_route *reply)
{
	size_t name_len = strlen(name);

	tacit_assert(name_len <= TACIT_NAME_LEN_MAX);
	memcpy(ret, name, name_len);
	ret[name_len] = '/';
	memcpy(ret + name_len + 1, reply->bytes, reply->len);
	return name_len + 1 + reply->len;
}

/* the stream's entry in the table, made if it is not there; NULL without memory */
static struct stream *
enter_stream(struct tacit_pulls *pulls, const char *name)
{
	size_t len = strlen(name);
	struct stream *stream = tacit_map_get(&pulls->streams, name, len);

	if (stream != NULL || (stream = tacit_alloc(sizeof(*stream) + len + 1)) == NULL)
		return stream;
	memcpy(stream->name, name, len);
	stream->name_len = len;
	if (tacit_map_put(&pulls->streams, name, len, stream) != TACIT_OK) {
		tacit_free(stream);
		return NULL;
	}
	return stream;
}

/* the last one takes the table's entry along */
static void
leave_stream(struct tacit_pulls *pulls, struct stream *stream)
{
	if (stream->count > 0)
		return;
	tacit_map_remove(&pulls->streams, stream->name, stream->name_len);
	tacit_free(stream);
}

/* takes the pull out of everything and frees it */
static void
drop(struct pull *pull)
{
	struct tacit_pulls *pulls = pull->pulls;
	uint8_t key[KEY_LEN_MAX];

	if (pull->read != NULL)
		pulls->store->ops->cancel(pulls->store, pull->read);
	tacit_map_remove(&pulls->by_reader, key, make_key(key, pull->request.name, &pull->reply));
	tacit_list_remove(&pull->list);
	pull->stream->count--;
	pulls->count--;
	pulls->flowing -= pull->flows;
	leave_stream(pulls, pull->stream);
	tacit_free(pull);
}

/* answers that a reader gets who asks for so many */
static uint64_t
at_most(uint64_t answers)
{
	if (answers == 0)
		return 1;
	return answers < TACIT_PULL_ANSWERS_MAX ? answers : TACIT_PULL_ANSWERS_MAX;
}

/* has answered all that it may, until its reader lets it flow on */
static bool
is_spent(const struct pull *pull)
{
	return pull->given == pull->allowed;
}

/* ends a pull: an answer without entries is the last one */
static void
end(struct pull *pull)
{
	const struct tacit_pull_batch none = {0};

	if (!is_spent(pull))
		pull->pulls->answer(pull->pulls->arg, &pull->request, &none);
	drop(pull);
}

/* how many of the entries may go into the answer, and their bytes there: a store keeps to what it
 * was asked, but a frame that is too long would cost the reader its connection */
static struct tacit_pull_batch
fit(const struct tacit_pull_wish *wish, const struct tacit_store_entry *entries, size_t count)
{
	struct tacit_pull_batch batch = {.entries = entries};

	while (batch.count < count && batch.count < wish->limit) {
		const struct tacit_store_entry *entry = &entries[batch.count];
		size_t len = entry->len + tacit_pull_entry_overhead(entry->index, entry->len);

		if (len > wish->len_max - batch.len)
			break;
		batch.len += len;
		batch.count++;
	}
	return batch;
}

/* who reads little at a time would hold the place of one who has much to fetch */
static bool
is_much(const struct pull *pull, const struct tacit_pull_batch *batch)
{
	return batch->len >= pull->request.len_max / 2;
}

/* whether a pull that gets its first answer gets more of them */
static bool
may_flow(const struct pull *pull, const struct tacit_pull_batch *batch)
{
	return pull->allowed > 1 && is_much(pull, batch) &&
	       pull->pulls->flowing < TACIT_PULLS_FLOWING_MAX;
}

static void
give(struct pull *pull, const struct tacit_store_entry *entries, size_t count)
{
	struct tacit_pull_batch batch = fit(&pull->request, entries, count);

	if (!pull->flows && may_flow(pull, &batch)) {
		pull->flows = true;
		pull->pulls->flowing++;
	}
	pull->over = batch.count == 0 || !pull->flows;
	pull->given++;
	if (!pull->over)
		batch.more = pull->allowed - pull->given;
	pull->pulls->answer(pull->pulls->arg, &pull->request, &batch);
	pull->busy |= is_much(pull, &batch);
	pull->holds = 0;
	if (pull->over)
		return;
	pull->request.id++;
	pull->request.index = batch.entries[batch.count - 1].index + 1;
}

static void go_on(struct pull *pull);

/* the store's answer */
static void
on_read(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct pull *pull = arg;

	pull->read = NULL;
	if (err != TACIT_OK && err != TACIT_ENOTFOUND)
		return; /* its time will be over */
	give(pull, entries, err == TACIT_OK ? count : 0);
	if (!pull->asking)
		go_on(pull);
}

/* asks for what comes next, as long as the store answers at once; drops the pull that is over */
static void
go_on(struct pull *pull)
{
	struct tacit_store *store = pull->pulls->store;
	const struct tacit_pull_wish *wish = &pull->request;
	struct tacit_store_range range = {
	    .count_max =
		wish->limit < TACIT_FRAME_LEN_MAX ? (size_t)wish->limit : TACIT_FRAME_LEN_MAX,
	    .len_max = wish->len_max,
	    .entry_overhead = wish->entry_overhead,
	    .wait = true,
	};
	uint64_t given;

	pull->asking = true;
	do {
		if (pull->over || is_spent(pull))
			break;
		given = pull->given;
		range.index = wish->index;
		pull->read = store->ops->read(store, wish->name, &range, on_read, pull);
	} while (pull->given > given);
	pull->asking = false;
	if (pull->over)
		drop(pull);
}

static struct pull *
first_of(const struct tacit_pulls *pulls)
{
	if (tacit_list_empty(&pulls->list))
		return NULL;
	return TACIT_CONTAINER(pulls->list.next, struct pull, list);
}

void
tacit_pulls_fini(struct tacit_pulls *pulls)
{
	struct pull *pull;

	while ((pull = first_of(pulls)) != NULL)
		drop(pull);
	tacit_map_fini(&pulls->by_reader);
	tacit_map_fini(&pulls->streams);
}

/* puts a pull into the tables */
static tacit_err
add(struct tacit_pulls *pulls, const struct tacit_pull_wish *request, struct pull **ret)
{
	struct stream *stream = enter_stream(pulls, request->name);
	struct pull *pull = NULL;
	uint8_t key[KEY_LEN_MAX];
	tacit_err err = TACIT_ENOMEM;

	if (stream == NULL)
		return TACIT_ENOMEM;
	if (pulls->count >= TACIT_PULLS_MAX || stream->count >= TACIT_PARKED_PULLS_MAX) {
		err = TACIT_ELIMIT;
		goto done;
	}
	if ((pull = tacit_alloc(sizeof(*pull))) == NULL)
		goto done;
	err = tacit_map_put(
	    &pulls->by_reader, key, make_key(key, request->name, request->reply), pull);
	if (err != TACIT_OK)
		goto done;
	pull->pulls = pulls;
	pull->stream = stream;
	tacit_route_copy(&pull->reply, request->reply);
	pull->request = *request;
	pull->request.reply = &pull->reply;
	pull->request.name = stream->name;
	pull->allowed = at_most(request->answers);
	tacit_list_append(&pulls->list, &pull->list);
	stream->count++;
	pulls->count++;
	*ret = pull;
	pull = NULL; /* transferred */
done:
	tacit_free(pull);
	leave_stream(pulls, stream);
	return err;
}

/* The reader wants what flows to flow on, up to so many answers from the one that the request names:
 * that one is under way, or the next.  False: nothing flows to him, or something else */
static bool
flow_on(struct pull *pull, const struct tacit_pull_wish *request)
{
	uint64_t back = pull->request.id - request->id, allowed;
	bool spent = is_spent(pull);

	if (!pull->flows || back > pull->given)
		return false;
	allowed = pull->given - back + at_most(request->answers);
	if (allowed <= pull->allowed)
		return true;
	pull->allowed = allowed;
	if (spent) {
		pull->busy = true; /* its hold begins */
		go_on(pull);
	}
	return true;
}

tacit_err
tacit_pulls_ask(struct tacit_pulls *pulls, const struct tacit_pull_wish *request, tacit_msec now)
{
	const struct tacit_pull_batch none = {0};
	uint8_t key[KEY_LEN_MAX];
	struct pull *pull;
	tacit_err err;

	pull = tacit_map_get(&pulls->by_reader, key, make_key(key, request->name, request->reply));
	if (request->limit == 0 && pull != NULL && flow_on(pull, request))
		return TACIT_OK;
	if (pull != NULL)
		end(pull);
	if (request->limit == 0) {
		pulls->answer(pulls->arg, request, &none);
		return TACIT_OK;
	}
	if ((err = add(pulls, request, &pull)) != TACIT_OK) {
		pulls->answer(pulls->arg, request, &none);
		return err;
	}
	pull->deadline = now + TACIT_PULL_HOLD_MS;
	go_on(pull);
	return TACIT_OK;
}

/* Its time is over: it ends, unless it had much to give meanwhile and its time began anew, or it is
 * spent and its reader has more of it. */
static void
end_hold(struct pull *pull, tacit_msec now)
{
	bool stays = is_spent(pull) ? pull->holds++ < TACIT_PULL_SPENT_HOLDS : pull->busy;

	if (!stays) {
		end(pull);
		return;
	}
	pull->busy = false;
	pull->deadline = now + TACIT_PULL_HOLD_MS;
	tacit_list_remove(&pull->list);
	tacit_list_append(&pull->pulls->list, &pull->list);
}

void
tacit_pulls_tick(struct tacit_pulls *pulls, tacit_msec now)
{
	struct pull *pull;

	while ((pull = first_of(pulls)) != NULL && pull->deadline <= now)
		end_hold(pull, now);
}

tacit_msec
tacit_pulls_due(const struct tacit_pulls *pulls)
{
	const struct pull *pull = first_of(pulls);

	return pull != NULL ? pull->deadline : TACIT_NEVER;
}
