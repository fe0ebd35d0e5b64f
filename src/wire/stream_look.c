#include "wire/stream_look.h"

#include "base/limits.h"
#include "base/memory.h"
#include "wire/envelope.h"

static const char protocol_id[] = "tacit.stream_look";

/* bytes of the longest request, of an answer besides its items, and of an item: uints of 10 bytes,
 * and slices behind their lengths */
#define REQUEST_LEN_MAX (3 * 10 + 2 + TACIT_NAME_LEN_MAX)
#define AROUND_LEN_MAX  (5 * 10 + 2 + TACIT_TEXT_LEN_MAX)
#define ITEM_LEN_MAX    (3 * 10 + 2 + TACIT_LOOK_HEAD_LEN)

static tacit_err
open_envelope(const struct tacit_msg *msg, struct tacit_reader *ret)
{
	struct tacit_slice protocol;
	tacit_err err;

	if ((err = tacit_envelope_open(msg, &protocol, ret)) != TACIT_OK)
		return err;
	return tacit_slice_is(protocol, protocol_id) ? TACIT_OK : TACIT_EUNSUPPORTED;
}

tacit_err
tacit_look_request_decode(const struct tacit_msg *msg, struct tacit_look_request *ret)
{
	struct tacit_look_request request;
	struct tacit_reader r;
	tacit_err err;

	if ((err = open_envelope(msg, &r)) != TACIT_OK)
		return err;
	request.request_id = tacit_bare_read_uint(&r);
	request.name = tacit_bare_read_data(&r);
	request.index = tacit_bare_read_uint(&r);
	request.count = tacit_bare_read_uint(&r);
	if (r.bad)
		return TACIT_EFORMAT;
	*ret = request;
	return TACIT_OK;
}

static void
read_item(struct tacit_reader *r, struct tacit_look_item *ret)
{
	ret->index = tacit_bare_read_uint(r);
	ret->time_ms = tacit_bare_read_uint(r);
	ret->size = tacit_bare_read_uint(r);
	ret->head = tacit_bare_read_data(r);
}

bool
tacit_look_items_next(struct tacit_look_items *items, struct tacit_look_item *ret)
{
	if (items->count == 0)
		return false;
	items->count--;
	read_item(&items->reader, ret);
	return true;
}

tacit_err
tacit_look_response_decode(const struct tacit_msg *msg, struct tacit_look_response *ret)
{
	struct tacit_look_response response;
	struct tacit_look_item item;
	struct tacit_reader r;
	uint64_t status, count;
	tacit_err err;

	if ((err = open_envelope(msg, &r)) != TACIT_OK)
		return err;
	response.request_id = tacit_bare_read_uint(&r);
	status = tacit_bare_read_uint(&r);
	response.text = tacit_bare_read_data(&r);
	response.first = tacit_bare_read_uint(&r);
	response.end = tacit_bare_read_uint(&r);
	count = tacit_bare_read_uint(&r);
	response.items = (struct tacit_look_items){r, (size_t)count};
	/* a count that the bytes cannot hold ends the walk with them */
	for (; count > 0 && !r.bad; count--)
		read_item(&r, &item);
	if (r.bad || status > TACIT_OPEN_LIMIT)
		return TACIT_EFORMAT;
	response.status = (enum tacit_open_status)status;
	*ret = response;
	return TACIT_OK;
}

static void
write_slice(struct tacit_writer *w, struct tacit_slice slice, size_t len_max)
{
	if (slice.len > len_max)
		w->bad = true;
	else
		tacit_bare_write_data(w, slice.bytes, slice.len);
}

tacit_err
tacit_look_request_encode(const struct tacit_look_request *request, struct tacit_msg **ret)
{
	uint8_t bytes[REQUEST_LEN_MAX];
	struct tacit_writer w;

	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_uint(&w, request->request_id);
	write_slice(&w, request->name, TACIT_NAME_LEN_MAX);
	tacit_bare_write_uint(&w, request->index);
	tacit_bare_write_uint(&w, request->count);
	return tacit_envelope_close(&w, protocol_id, ret);
}

tacit_err
tacit_look_response_encode(const struct tacit_look_response *response,
    const struct tacit_look_item *items, size_t count, struct tacit_msg **ret)
{
	struct tacit_writer w;
	uint8_t *bytes;
	tacit_err err;

	if (count > TACIT_LOOK_ENTRIES_MAX)
		return TACIT_ELIMIT;
	if ((bytes = tacit_alloc_raw(AROUND_LEN_MAX + count * ITEM_LEN_MAX)) == NULL)
		return TACIT_ENOMEM;
	tacit_writer_init(&w, bytes, AROUND_LEN_MAX + count * ITEM_LEN_MAX);
	tacit_bare_write_uint(&w, response->request_id);
	tacit_bare_write_uint(&w, response->status);
	write_slice(&w, response->text, TACIT_TEXT_LEN_MAX);
	tacit_bare_write_uint(&w, response->first);
	tacit_bare_write_uint(&w, response->end);
	tacit_bare_write_uint(&w, count);
	for (size_t i = 0; i < count; i++) {
		tacit_bare_write_uint(&w, items[i].index);
		tacit_bare_write_uint(&w, items[i].time_ms);
		tacit_bare_write_uint(&w, items[i].size);
		write_slice(&w, items[i].head, TACIT_LOOK_HEAD_LEN);
	}
	err = tacit_envelope_close(&w, protocol_id, ret);
	tacit_free(bytes);
	return err;
}
