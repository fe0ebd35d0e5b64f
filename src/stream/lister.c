#include "stream/lister.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct stream {
	char *name;
	struct tacit_listed_stream listed;
};

struct reader {
	char *client_id, *name;
	uint64_t position;
};

/* a growing array */
struct array {
	void *items;
	size_t count, cap;
};

struct tacit_lister {
	struct array streams, readers;
	struct tacit_listed_stream *listed_streams;
	struct tacit_listed_reader *listed_readers;
	struct tacit_listing listing;
};

struct tacit_lister *
tacit_lister_new(void)
{
	return tacit_alloc(sizeof(struct tacit_lister));
}

void
tacit_lister_free(struct tacit_lister *lister)
{
	struct stream *streams;
	struct reader *readers;

	if (lister == NULL)
		return;
	streams = lister->streams.items;
	readers = lister->readers.items;
	for (size_t i = 0; i < lister->streams.count; i++)
		tacit_free(streams[i].name);
	for (size_t i = 0; i < lister->readers.count; i++) {
		tacit_free(readers[i].client_id);
		tacit_free(readers[i].name);
	}
	tacit_free(streams);
	tacit_free(readers);
	tacit_free(lister->listed_streams);
	tacit_free(lister->listed_readers);
	tacit_free(lister);
}

/* room for one more item of len bytes; NULL without memory */
static void *
reserve(struct array *array, size_t len)
{
	if (array->count == array->cap) {
		size_t cap = array->cap > 0 ? 2 * array->cap : 16;
		void *items = tacit_realloc(array->items, cap * len);

		if (items == NULL)
			return NULL;
		array->items = items;
		array->cap = cap;
	}
	return (char *)array->items + array->count * len;
}

tacit_err
tacit_lister_stream(struct tacit_lister *lister, const struct tacit_listed_stream *stream)
{
	struct stream *item = reserve(&lister->streams, sizeof(*item));

	if (item == NULL || (item->name = tacit_strdup(stream->name)) == NULL)
		return TACIT_ENOMEM;
	item->listed = *stream;
	item->listed.name = item->name;
	item->listed.readers = NULL;
	item->listed.reader_count = 0;
	lister->streams.count++;
	return TACIT_OK;
}

tacit_err
tacit_lister_reader(
    struct tacit_lister *lister, const char *client_id, const char *name, uint64_t position)
{
	struct reader *item = reserve(&lister->readers, sizeof(*item));

	if (item == NULL)
		return TACIT_ENOMEM;
	item->client_id = tacit_strdup(client_id);
	item->name = tacit_strdup(name);
	item->position = position;
	if (item->client_id == NULL || item->name == NULL) {
		tacit_free(item->client_id);
		tacit_free(item->name);
		return TACIT_ENOMEM;
	}
	lister->readers.count++;
	return TACIT_OK;
}

static int
compare_streams(const void *left, const void *right)
{
	const struct stream *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int
compare_readers(const void *left, const void *right)
{
	const struct reader *a = left, *b = right;
	int names = strcmp(a->name, b->name);

	return names != 0 ? names : strcmp(a->client_id, b->client_id);
}

static void
sort(struct array *array, size_t len, int (*compare)(const void *, const void *))
{
	if (array->count > 1)
		qsort(array->items, array->count, len, compare);
}

/* the readers of a stream, among those from *at on, both in the order of names */
static void
take_readers(struct tacit_lister *lister, struct tacit_listed_stream *stream, size_t *at)
{
	const struct reader *readers = lister->readers.items;

	while (*at < lister->readers.count && strcmp(readers[*at].name, stream->name) < 0)
		++*at;
	stream->readers = &lister->listed_readers[*at];
	while (*at < lister->readers.count && strcmp(readers[*at].name, stream->name) == 0) {
		uint64_t position = readers[*at].position;

		lister->listed_readers[*at] = (struct tacit_listed_reader){readers[*at].client_id,
		    position, position < stream->end ? stream->end - position : 0};
		stream->reader_count++;
		++*at;
	}
}

tacit_err
tacit_lister_finish(struct tacit_lister *lister, const struct tacit_listing **ret)
{
	const struct stream *streams;
	size_t count = lister->streams.count, at = 0;

	/* one more: an array of none would be no array */
	lister->listed_streams = tacit_alloc_array(count + 1, sizeof(*lister->listed_streams));
	lister->listed_readers =
	    tacit_alloc_array(lister->readers.count + 1, sizeof(*lister->listed_readers));
	if (lister->listed_streams == NULL || lister->listed_readers == NULL)
		return TACIT_ENOMEM;
	sort(&lister->streams, sizeof(struct stream), compare_streams);
	sort(&lister->readers, sizeof(struct reader), compare_readers);
	streams = lister->streams.items;
	for (size_t i = 0; i < count; i++) {
		lister->listed_streams[i] = streams[i].listed;
		take_readers(lister, &lister->listed_streams[i], &at);
	}
	lister->listing = (struct tacit_listing){lister->listed_streams, count};
	*ret = &lister->listing;
	return TACIT_OK;
}
