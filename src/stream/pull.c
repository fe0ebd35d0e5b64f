#include "stream/pull.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"

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
	leave_stream(pulls, pull->stream);
	tacit_free(pull);
}

static void
answer(struct pull *pull, const struct tacit_store_entry *entries, size_t count)
{
	struct tacit_pulls *pulls = pull->pulls;

	pulls->answer(pulls->arg, &pull->request, entries, count);
	drop(pull);
}

/* the store's answer */
static void
on_read(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct pull *pull = arg;

	pull->read = NULL;
	if (err == TACIT_OK || err == TACIT_ENOTFOUND)
		answer(pull, entries, err == TACIT_OK ? count : 0);
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

tacit_err
tacit_pulls_ask(struct tacit_pulls *pulls, const struct tacit_pull_wish *request, tacit_msec now)
{
	struct tacit_store_range range = {.index = request->index, .wait = true};
	uint8_t key[KEY_LEN_MAX];
	struct tacit_store_read *read;
	struct pull *pull;
	tacit_err err;

	pull = tacit_map_get(&pulls->by_reader, key, make_key(key, request->name, request->reply));
	if (pull != NULL)
		answer(pull, NULL, 0);
	if (request->limit == 0) {
		pulls->answer(pulls->arg, request, NULL, 0);
		return TACIT_OK;
	}
	if ((err = add(pulls, request, &pull)) != TACIT_OK) {
		pulls->answer(pulls->arg, request, NULL, 0);
		return err;
	}
	pull->deadline = now + TACIT_PULL_HOLD_MS;
	range.count_max =
	    request->limit < TACIT_FRAME_LEN_MAX ? (size_t)request->limit : TACIT_FRAME_LEN_MAX;
	range.len_max = request->len_max;
	range.entry_overhead = request->entry_overhead;
	read = pulls->store->ops->read(pulls->store, pull->request.name, &range, on_read, pull);
	if (read != NULL) /* otherwise it was answered, and is gone */
		pull->read = read;
	return TACIT_OK;
}

void
tacit_pulls_tick(struct tacit_pulls *pulls, tacit_msec now)
{
	struct pull *pull;

	while ((pull = first_of(pulls)) != NULL && pull->deadline <= now)
		answer(pull, NULL, 0);
}

tacit_msec
tacit_pulls_due(const struct tacit_pulls *pulls)
{
	const struct pull *pull = first_of(pulls);

	return pull != NULL ? pull->deadline : TACIT_NEVER;
}
