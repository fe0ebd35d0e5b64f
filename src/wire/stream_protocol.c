#include "wire/stream_protocol.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "wire/envelope.h"

/* bytes of the longest message without entries: the answer to stream_open, five uints, two texts */
#define SMALL_LEN_MAX (5 * 10 + 2 + TACIT_TEXT_LEN_MAX + 2 + TACIT_NAME_LEN_MAX)

/* variants of an index request (PROTOCOL.md 3.2) */
#define INDEX_GET  0
#define INDEX_SAVE 1

static const char *const ids[] = {
    [TACIT_PROTOCOL_CREATE] = "stream_create",
    [TACIT_PROTOCOL_PUSH] = "stream_push",
    [TACIT_PROTOCOL_PULL] = "stream_pull",
    [TACIT_PROTOCOL_INDEX] = "stream_index",
    [TACIT_PROTOCOL_OPEN] = "tacit.stream_open",
    [TACIT_PROTOCOL_ERROR] = "error",
};

/* reads the envelope and leaves r over the message in it (PROTOCOL.md 3.1) */
static tacit_err
open_envelope(const struct tacit_msg *msg, struct tacit_reader *r, enum tacit_protocol *ret)
{
	enum tacit_protocol protocol = TACIT_PROTOCOL_CREATE;
	struct tacit_slice id;
	tacit_err err;

	if ((err = tacit_envelope_open(msg, &id, r)) != TACIT_OK)
		return err;
	while (!tacit_slice_is(id, ids[protocol])) {
		if (protocol == TACIT_PROTOCOL_ERROR)
			return TACIT_EUNSUPPORTED;
		protocol++;
	}
	*ret = protocol;
	return TACIT_OK;
}

/* fields ------------------------------------------------------------------------------------- */

static void
write_string(struct tacit_writer *w, struct tacit_slice string, size_t len_max)
{
	if (string.len > len_max)
		w->bad = true;
	else
		tacit_bare_write_data(w, string.bytes, string.len);
}

static void
write_name(struct tacit_writer *w, struct tacit_slice name)
{
	write_string(w, name, TACIT_NAME_LEN_MAX);
}

static void
write_optional_name(struct tacit_writer *w, bool has_name, struct tacit_slice name)
{
	tacit_writer_u8(w, has_name);
	if (has_name)
		write_name(w, name);
}

/* reads an enum's uint; a value above max has no meaning here */
static uint64_t
read_enum(struct tacit_reader *r, uint64_t max)
{
	uint64_t value = tacit_bare_read_uint(r);

	if (value <= max)
		return value;
	tacit_reader_fail(r);
	return 0;
}

/* stream_create (PROTOCOL.md 3.2) ------------------------------------------------------------ */

static void
write_create_request(struct tacit_writer *w, const struct tacit_create_request *create)
{
	write_optional_name(w, create->has_name, create->name);
}

static void
read_create_request(struct tacit_reader *r, struct tacit_create_request *create)
{
	create->has_name = tacit_bare_read_present(r);
	if (create->has_name)
		create->name = tacit_bare_read_data(r);
}

/* stream_push -------------------------------------------------------------------------------- */

static void
read_push_request(struct tacit_reader *r, struct tacit_push_request *push)
{
	push->request_id = tacit_bare_read_uint(r);
	push->data = tacit_bare_read_data(r);
}

size_t
tacit_push_request_overhead(uint64_t request_id, size_t len)
{
	size_t inner_len = tacit_bare_uint_len(request_id) + tacit_bare_uint_len(len);

	return tacit_envelope_len(ids[TACIT_PROTOCOL_PUSH], inner_len + len) + inner_len;
}

tacit_err
tacit_push_request_encode(struct tacit_msg *entry, uint64_t request_id)
{
	size_t len = entry->len, overhead = tacit_push_request_overhead(request_id, len);
	size_t inner_len = tacit_bare_uint_len(request_id) + tacit_bare_uint_len(len) + len;
	struct tacit_writer w;
	tacit_err err;

	if ((err = tacit_msg_prepend(entry, overhead)) != TACIT_OK)
		return err;
	tacit_writer_init(&w, tacit_msg_payload(entry), overhead);
	tacit_envelope_write(&w, ids[TACIT_PROTOCOL_PUSH], inner_len);
	tacit_bare_write_uint(&w, request_id);
	tacit_bare_write_uint(&w, len);
	tacit_assert(!w.bad && w.len == overhead);
	return TACIT_OK;
}

static void
write_push_response(struct tacit_writer *w, const struct tacit_push_response *push)
{
	tacit_bare_write_uint(w, push->request_id);
	tacit_bare_write_uint(w, push->status);
	tacit_bare_write_uint(w, push->index);
}

static void
read_push_response(struct tacit_reader *r, struct tacit_push_response *push)
{
	push->request_id = tacit_bare_read_uint(r);
	push->status = (enum tacit_push_status)read_enum(r, TACIT_PUSH_ERROR);
	push->index = tacit_bare_read_uint(r);
}

/* stream_pull (PROTOCOL.md 3.2, 3.8) --------------------------------------------------------- */

/* a last field that is not written when it is 0, so that all is as it was in 2021 */
static void
write_extra(struct tacit_writer *w, uint64_t value)
{
	if (value > 0)
		tacit_bare_write_uint(w, value);
}

/* bytes that are there and no uint are nothing, as all that comes after a message's last field */
static uint64_t
read_extra(const struct tacit_reader *r)
{
	struct tacit_reader extra = *r;
	uint64_t value = tacit_bare_read_uint(&extra);

	return extra.bad ? 0 : value;
}

static void
write_pull_request(struct tacit_writer *w, const struct tacit_pull_request *pull)
{
	tacit_bare_write_uint(w, pull->request_id);
	tacit_bare_write_uint(w, pull->index);
	tacit_bare_write_uint(w, pull->limit);
	write_extra(w, pull->answers);
}

static void
read_pull_request(struct tacit_reader *r, struct tacit_pull_request *pull)
{
	pull->request_id = tacit_bare_read_uint(r);
	pull->index = tacit_bare_read_uint(r);
	pull->limit = tacit_bare_read_uint(r);
	pull->answers = read_extra(r);
}

static size_t
pull_response_len(uint64_t request_id, size_t count, size_t entries_len, uint64_t more)
{
	return tacit_bare_uint_len(request_id) + tacit_bare_uint_len(count) + entries_len +
	       (more > 0 ? tacit_bare_uint_len(more) : 0);
}

size_t
tacit_pull_entry_overhead(uint64_t index, size_t len)
{
	return tacit_bare_uint_len(index) + tacit_bare_uint_len(len);
}

size_t
tacit_pull_response_overhead(uint64_t request_id, size_t count, size_t entries_len, uint64_t more)
{
	size_t inner_len = pull_response_len(request_id, count, entries_len, more);

	return tacit_envelope_len(ids[TACIT_PROTOCOL_PULL], inner_len) + inner_len - entries_len;
}

tacit_err
tacit_pull_writer_begin(struct tacit_pull_writer *writer, uint64_t request_id, size_t count,
    size_t entries_len, uint64_t more)
{
	struct tacit_writer *w = &writer->writer;
	size_t overhead = tacit_pull_response_overhead(request_id, count, entries_len, more);

	if ((writer->msg = tacit_msg_new(overhead + entries_len)) == NULL)
		return TACIT_ENOMEM;
	writer->left = count;
	writer->more = more;
	tacit_writer_init(w, tacit_msg_payload(writer->msg), writer->msg->len);
	tacit_envelope_write(
	    w, ids[TACIT_PROTOCOL_PULL], pull_response_len(request_id, count, entries_len, more));
	tacit_bare_write_uint(w, request_id);
	tacit_bare_write_uint(w, count);
	tacit_assert(!w->bad);
	return TACIT_OK;
}

void
tacit_pull_writer_add(
    struct tacit_pull_writer *writer, uint64_t index, const void *bytes, size_t len)
{
	tacit_assert(writer->left > 0);
	writer->left--;
	tacit_bare_write_uint(&writer->writer, index);
	tacit_bare_write_data(&writer->writer, bytes, len);
}

struct tacit_msg *
tacit_pull_writer_finish(struct tacit_pull_writer *writer)
{
	struct tacit_msg *msg = writer->msg;

	write_extra(&writer->writer, writer->more);
	tacit_assert(writer->left == 0 && !writer->writer.bad && writer->writer.len == msg->len);
	writer->msg = NULL;
	return msg;
}

bool
tacit_pull_entries_next(
    struct tacit_pull_entries *entries, uint64_t *ret_index, struct tacit_slice *ret_data)
{
	if (entries->count == 0)
		return false;
	entries->count--;
	*ret_index = tacit_bare_read_uint(&entries->reader);
	*ret_data = tacit_bare_read_data(&entries->reader);
	return true;
}

/* a count that the bytes cannot hold ends the walk with them */
static void
read_pull_response(struct tacit_reader *r, struct tacit_pull_response *pull)
{
	uint64_t count;

	pull->request_id = tacit_bare_read_uint(r);
	count = tacit_bare_read_uint(r);
	pull->entries = (struct tacit_pull_entries){*r, (size_t)count};
	for (; count > 0 && !r->bad; count--) {
		(void)tacit_bare_read_uint(r);
		(void)tacit_bare_read_data(r);
	}
	pull->more = read_extra(r);
}

/* stream_index ------------------------------------------------------------------------------- */

static void
write_index_request(struct tacit_writer *w, const struct tacit_index_request *index)
{
	tacit_bare_write_uint(w, index->save ? INDEX_SAVE : INDEX_GET);
	write_string(w, index->client_id, TACIT_CLIENT_ID_LEN_MAX);
	write_name(w, index->name);
	if (index->save)
		tacit_bare_write_uint(w, index->index);
}

static void
read_index_request(struct tacit_reader *r, struct tacit_index_request *index)
{
	index->save = read_enum(r, INDEX_SAVE) == INDEX_SAVE;
	index->client_id = tacit_bare_read_data(r);
	index->name = tacit_bare_read_data(r);
	if (index->save)
		index->index = tacit_bare_read_uint(r);
}

static void
write_index_response(struct tacit_writer *w, const struct tacit_index_response *index)
{
	/* an echo: clients of 2021 may call themselves what no store would take */
	write_string(w, index->client_id, TACIT_TEXT_LEN_MAX);
	write_name(w, index->name);
	tacit_writer_u8(w, index->has_index);
	if (index->has_index)
		tacit_bare_write_uint(w, index->index);
}

static void
read_index_response(struct tacit_reader *r, struct tacit_index_response *index)
{
	index->client_id = tacit_bare_read_data(r);
	index->name = tacit_bare_read_data(r);
	index->has_index = tacit_bare_read_present(r);
	if (index->has_index)
		index->index = tacit_bare_read_uint(r);
}

/* tacit.stream_open (PROTOCOL.md 3.3) -------------------------------------------------------- */

static void
write_open_request(struct tacit_writer *w, const struct tacit_open_request *open)
{
	tacit_bare_write_uint(w, open->request_id);
	write_optional_name(w, open->has_name, open->name);
	tacit_writer_u8(w, open->create);
}

static void
read_open_request(struct tacit_reader *r, struct tacit_open_request *open)
{
	open->request_id = tacit_bare_read_uint(r);
	open->has_name = tacit_bare_read_present(r);
	if (open->has_name)
		open->name = tacit_bare_read_data(r);
	open->create = tacit_reader_u8(r) != 0;
}

static void
write_open_response(struct tacit_writer *w, const struct tacit_open_response *open)
{
	tacit_bare_write_uint(w, open->request_id);
	tacit_bare_write_uint(w, open->status);
	write_string(w, open->text, TACIT_TEXT_LEN_MAX);
	write_name(w, open->name);
	tacit_bare_write_uint(w, open->first);
	tacit_bare_write_uint(w, open->end);
}

static void
read_open_response(struct tacit_reader *r, struct tacit_open_response *open)
{
	open->request_id = tacit_bare_read_uint(r);
	open->status = (enum tacit_open_status)read_enum(r, TACIT_OPEN_LIMIT);
	open->text = tacit_bare_read_data(r);
	open->name = tacit_bare_read_data(r);
	open->first = tacit_bare_read_uint(r);
	open->end = tacit_bare_read_uint(r);
}

/* all ---------------------------------------------------------------------------------------- */

tacit_err
tacit_stream_request_encode(const struct tacit_stream_request *request, struct tacit_msg **ret)
{
	uint8_t inner[SMALL_LEN_MAX];
	struct tacit_writer w;

	tacit_writer_init(&w, inner, sizeof(inner));
	switch (request->protocol) {
	case TACIT_PROTOCOL_CREATE:
		write_create_request(&w, &request->create);
		break;
	case TACIT_PROTOCOL_PULL:
		write_pull_request(&w, &request->pull);
		break;
	case TACIT_PROTOCOL_INDEX:
		write_index_request(&w, &request->index);
		break;
	case TACIT_PROTOCOL_OPEN:
		write_open_request(&w, &request->open);
		break;
	case TACIT_PROTOCOL_PUSH:
	case TACIT_PROTOCOL_ERROR:
		return TACIT_EINVAL;
	}
	return tacit_envelope_close(&w, ids[request->protocol], ret);
}

tacit_err
tacit_stream_request_decode(const struct tacit_msg *msg, struct tacit_stream_request *ret)
{
	struct tacit_stream_request request = {0};
	struct tacit_reader r;
	tacit_err err;

	if ((err = open_envelope(msg, &r, &request.protocol)) != TACIT_OK)
		return err;
	switch (request.protocol) {
	case TACIT_PROTOCOL_CREATE:
		read_create_request(&r, &request.create);
		break;
	case TACIT_PROTOCOL_PUSH:
		read_push_request(&r, &request.push);
		break;
	case TACIT_PROTOCOL_PULL:
		read_pull_request(&r, &request.pull);
		break;
	case TACIT_PROTOCOL_INDEX:
		read_index_request(&r, &request.index);
		break;
	case TACIT_PROTOCOL_OPEN:
		read_open_request(&r, &request.open);
		break;
	case TACIT_PROTOCOL_ERROR:
		return TACIT_EUNSUPPORTED;
	}
	if (r.bad)
		return TACIT_EFORMAT;
	*ret = request;
	return TACIT_OK;
}

tacit_err
tacit_stream_response_encode(const struct tacit_stream_response *response, struct tacit_msg **ret)
{
	uint8_t inner[SMALL_LEN_MAX];
	struct tacit_writer w;

	tacit_writer_init(&w, inner, sizeof(inner));
	switch (response->protocol) {
	case TACIT_PROTOCOL_CREATE:
		write_name(&w, response->create.name);
		break;
	case TACIT_PROTOCOL_PUSH:
		write_push_response(&w, &response->push);
		break;
	case TACIT_PROTOCOL_INDEX:
		write_index_response(&w, &response->index);
		break;
	case TACIT_PROTOCOL_OPEN:
		write_open_response(&w, &response->open);
		break;
	case TACIT_PROTOCOL_PULL:
	case TACIT_PROTOCOL_ERROR:
		return TACIT_EINVAL;
	}
	return tacit_envelope_close(&w, ids[response->protocol], ret);
}

tacit_err
tacit_stream_response_decode(const struct tacit_msg *msg, struct tacit_stream_response *ret)
{
	struct tacit_stream_response response = {0};
	struct tacit_reader r;
	tacit_err err;

	if ((err = open_envelope(msg, &r, &response.protocol)) != TACIT_OK)
		return err;
	switch (response.protocol) {
	case TACIT_PROTOCOL_CREATE:
		response.create.name = tacit_bare_read_data(&r);
		break;
	case TACIT_PROTOCOL_PUSH:
		read_push_response(&r, &response.push);
		break;
	case TACIT_PROTOCOL_PULL:
		read_pull_response(&r, &response.pull);
		break;
	case TACIT_PROTOCOL_INDEX:
		read_index_response(&r, &response.index);
		break;
	case TACIT_PROTOCOL_OPEN:
		read_open_response(&r, &response.open);
		break;
	case TACIT_PROTOCOL_ERROR:
		response.error.reason = tacit_bare_read_data(&r);
		break;
	}
	if (r.bad)
		return TACIT_EFORMAT;
	*ret = response;
	return TACIT_OK;
}
