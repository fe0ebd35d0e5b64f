/*
 * support/payload.h: payloads of the stream protocol of every kind, made and compared.
 */
#ifndef TACIT_TESTS_PAYLOAD_H
#define TACIT_TESTS_PAYLOAD_H

#include "support/unit.h"

#include "wire/stream_protocol.h"

static inline bool
payload_same(struct tacit_slice a, struct tacit_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

/* any request, also one that carries an entry */
static inline tacit_err
payload_encode_request(const struct tacit_stream_request *request, struct tacit_msg **ret)
{
	struct tacit_msg *msg;

	if (request->protocol != TACIT_PROTOCOL_PUSH)
		return tacit_stream_request_encode(request, ret);
	msg = tacit_msg_copy_of(request->push.data.bytes, request->push.data.len);
	assert_non_null(msg);
	assert_int_equal(tacit_push_request_encode(msg, request->push.request_id), TACIT_OK);
	*ret = msg;
	return TACIT_OK;
}

static inline struct tacit_msg *
payload_encode_pull_response(const struct tacit_pull_response *pull)
{
	struct tacit_pull_entries entries = pull->entries;
	struct tacit_pull_writer writer;
	struct tacit_slice data;
	size_t count = entries.count, entries_len = 0;
	uint64_t index;

	while (tacit_pull_entries_next(&entries, &index, &data))
		entries_len += tacit_pull_entry_overhead(index, data.len) + data.len;
	assert_int_equal(
	    tacit_pull_writer_begin(&writer, pull->request_id, count, entries_len, pull->more),
	    TACIT_OK);
	entries = pull->entries;
	while (tacit_pull_entries_next(&entries, &index, &data))
		tacit_pull_writer_add(&writer, index, data.bytes, data.len);
	return tacit_pull_writer_finish(&writer);
}

/* any response but `error` */
static inline tacit_err
payload_encode_response(const struct tacit_stream_response *response, struct tacit_msg **ret)
{
	if (response->protocol != TACIT_PROTOCOL_PULL)
		return tacit_stream_response_encode(response, ret);
	*ret = payload_encode_pull_response(&response->pull);
	return TACIT_OK;
}

static inline void
payload_check_request(const struct tacit_stream_request *a, const struct tacit_stream_request *b)
{
	assert_int_equal(a->protocol, b->protocol);
	switch (a->protocol) {
	case TACIT_PROTOCOL_CREATE:
		assert_int_equal(a->create.has_name, b->create.has_name);
		assert_true(payload_same(a->create.name, b->create.name));
		break;
	case TACIT_PROTOCOL_PUSH:
		assert_true(a->push.request_id == b->push.request_id);
		assert_true(payload_same(a->push.data, b->push.data));
		break;
	case TACIT_PROTOCOL_PULL:
		assert_memory_equal(&a->pull, &b->pull, sizeof(a->pull));
		break;
	case TACIT_PROTOCOL_INDEX:
		assert_int_equal(a->index.save, b->index.save);
		assert_true(payload_same(a->index.client_id, b->index.client_id));
		assert_true(payload_same(a->index.name, b->index.name));
		assert_true(a->index.index == b->index.index);
		break;
	default:
		assert_true(a->open.request_id == b->open.request_id);
		assert_int_equal(a->open.has_name, b->open.has_name);
		assert_true(payload_same(a->open.name, b->open.name));
		assert_int_equal(a->open.create, b->open.create);
		break;
	}
}

static inline void
payload_check_response(const struct tacit_stream_response *a, const struct tacit_stream_response *b)
{
	assert_int_equal(a->protocol, b->protocol);
	switch (a->protocol) {
	case TACIT_PROTOCOL_CREATE:
		assert_true(payload_same(a->create.name, b->create.name));
		break;
	case TACIT_PROTOCOL_PUSH:
		assert_true(a->push.request_id == b->push.request_id);
		assert_int_equal(a->push.status, b->push.status);
		assert_true(a->push.index == b->push.index);
		break;
	case TACIT_PROTOCOL_INDEX:
		assert_true(payload_same(a->index.client_id, b->index.client_id));
		assert_true(payload_same(a->index.name, b->index.name));
		assert_int_equal(a->index.has_index, b->index.has_index);
		assert_true(a->index.index == b->index.index);
		break;
	default:
		assert_true(a->open.request_id == b->open.request_id);
		assert_int_equal(a->open.status, b->open.status);
		assert_true(payload_same(a->open.text, b->open.text));
		assert_true(payload_same(a->open.name, b->open.name));
		assert_true(a->open.first == b->open.first && a->open.end == b->open.end);
		break;
	}
}

#endif
