/* The stream protocol (PROTOCOL.md 3.1 to 3.3) */
#include "support/unit.h"

#include "base/limits.h"
#include "base/memory.h"
#include "support/damage.h"
#include "support/payload.h"
#include "support/seeded.h"
#include "wire/frame.h"

/* random values ------------------------------------------------------------------------------ */

struct bytes {
	uint8_t a[TACIT_TEXT_LEN_MAX], b[TACIT_TEXT_LEN_MAX], data[2000];
};

static struct tacit_slice
random_slice(struct seeded *s, uint8_t *bytes, size_t len_max)
{
	size_t len = seeded_below(s, len_max + 1);

	seeded_fill(s, bytes, len);
	return (struct tacit_slice){bytes, len};
}

static void
random_request(struct seeded *s, struct bytes *bytes, struct tacit_stream_request *ret)
{
	struct tacit_slice name = random_slice(s, bytes->a, TACIT_NAME_LEN_MAX);

	memset(ret, 0, sizeof(*ret));
	ret->protocol = (enum tacit_protocol)seeded_below(s, TACIT_PROTOCOL_ERROR);
	switch (ret->protocol) {
	case TACIT_PROTOCOL_CREATE:
		ret->create.has_name = seeded_below(s, 2);
		if (ret->create.has_name)
			ret->create.name = name;
		break;
	case TACIT_PROTOCOL_PUSH:
		ret->push.request_id = seeded_uint(s);
		ret->push.data = random_slice(s, bytes->data, sizeof(bytes->data));
		break;
	case TACIT_PROTOCOL_PULL:
		ret->pull.request_id = seeded_uint(s);
		ret->pull.index = seeded_uint(s);
		ret->pull.limit = seeded_uint(s);
		ret->pull.answers = seeded_uint(s);
		break;
	case TACIT_PROTOCOL_INDEX:
		ret->index.save = seeded_below(s, 2);
		ret->index.name = name;
		ret->index.client_id = random_slice(s, bytes->b, TACIT_CLIENT_ID_LEN_MAX);
		ret->index.index = ret->index.save ? seeded_uint(s) : 0;
		break;
	default:
		ret->open.request_id = seeded_uint(s);
		ret->open.has_name = seeded_below(s, 2);
		if (ret->open.has_name)
			ret->open.name = name;
		ret->open.create = seeded_below(s, 2);
		break;
	}
}

/* any but a pull response, which has a test of its own */
static void
random_response(struct seeded *s, struct bytes *bytes, struct tacit_stream_response *ret)
{
	static const enum tacit_protocol protocols[] = {
	    TACIT_PROTOCOL_CREATE, TACIT_PROTOCOL_PUSH, TACIT_PROTOCOL_INDEX, TACIT_PROTOCOL_OPEN};
	struct tacit_slice name = random_slice(s, bytes->a, TACIT_NAME_LEN_MAX);

	memset(ret, 0, sizeof(*ret));
	ret->protocol = protocols[seeded_below(s, 4)];
	switch (ret->protocol) {
	case TACIT_PROTOCOL_CREATE:
		ret->create.name = name;
		break;
	case TACIT_PROTOCOL_PUSH:
		ret->push.request_id = seeded_uint(s);
		ret->push.status = (enum tacit_push_status)seeded_below(s, 2);
		ret->push.index = seeded_uint(s);
		break;
	case TACIT_PROTOCOL_INDEX:
		ret->index.name = name;
		ret->index.client_id = random_slice(s, bytes->b, TACIT_CLIENT_ID_LEN_MAX);
		ret->index.has_index = seeded_below(s, 2);
		ret->index.index = ret->index.has_index ? seeded_uint(s) : 0;
		break;
	default:
		ret->open.request_id = seeded_uint(s);
		ret->open.status = (enum tacit_open_status)seeded_below(s, 6);
		ret->open.text = random_slice(s, bytes->b, TACIT_TEXT_LEN_MAX);
		ret->open.name = name;
		ret->open.first = seeded_uint(s);
		ret->open.end = seeded_uint(s);
		break;
	}
}

/* round trips -------------------------------------------------------------------------------- */

static void
requests_round_trip(void **state)
{
	struct seeded s = {10};
	struct bytes bytes;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct tacit_stream_request request, decoded;
		struct tacit_msg *msg;

		random_request(&s, &bytes, &request);
		assert_int_equal(payload_encode_request(&request, &msg), TACIT_OK);
		assert_int_equal(tacit_stream_request_decode(msg, &decoded), TACIT_OK);
		payload_check_request(&decoded, &request);
		tacit_msg_unref(msg);
	}
}

static void
responses_round_trip(void **state)
{
	struct seeded s = {11};
	struct bytes bytes;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct tacit_stream_response response, decoded;
		struct tacit_msg *msg;

		random_response(&s, &bytes, &response);
		assert_int_equal(tacit_stream_response_encode(&response, &msg), TACIT_OK);
		assert_int_equal(tacit_stream_response_decode(msg, &decoded), TACIT_OK);
		payload_check_response(&decoded, &response);
		tacit_msg_unref(msg);
	}
}

struct entry {
	uint64_t index;
	size_t len;
	uint8_t bytes[300];
};

static struct tacit_msg *
write_entries(uint64_t request_id, const struct entry *entries, size_t count, uint64_t more)
{
	struct tacit_pull_writer writer;
	struct tacit_msg *msg;
	size_t entries_len = 0;

	for (size_t i = 0; i < count; i++)
		entries_len +=
		    entries[i].len + tacit_pull_entry_overhead(entries[i].index, entries[i].len);
	assert_int_equal(
	    tacit_pull_writer_begin(&writer, request_id, count, entries_len, more), TACIT_OK);
	for (size_t i = 0; i < count; i++)
		tacit_pull_writer_add(&writer, entries[i].index, entries[i].bytes, entries[i].len);
	msg = tacit_pull_writer_finish(&writer);
	assert_int_equal(msg->len,
	    entries_len + tacit_pull_response_overhead(request_id, count, entries_len, more));
	return msg;
}

static size_t
random_entries(struct seeded *s, struct entry *entries, size_t count_max)
{
	size_t count = seeded_below(s, count_max + 1);

	for (size_t i = 0; i < count; i++) {
		entries[i].index = seeded_uint(s);
		entries[i].len = seeded_below(s, sizeof(entries[i].bytes) + 1);
		seeded_fill(s, entries[i].bytes, entries[i].len);
	}
	return count;
}

static void
pull_responses_round_trip(void **state)
{
	static struct entry entries[200];
	struct seeded s = {12};

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t count = random_entries(&s, entries, 200), seen = 0;
		uint64_t request_id = seeded_uint(&s), more = seeded_uint(&s), index;
		struct tacit_msg *msg = write_entries(request_id, entries, count, more);
		struct tacit_stream_response response;
		struct tacit_slice data;

		assert_int_equal(tacit_stream_response_decode(msg, &response), TACIT_OK);
		assert_int_equal(response.protocol, TACIT_PROTOCOL_PULL);
		assert_true(response.pull.request_id == request_id);
		assert_true(response.pull.more == more);
		for (; tacit_pull_entries_next(&response.pull.entries, &index, &data); seen++) {
			assert_true(seen < count && index == entries[seen].index);
			assert_int_equal(data.len, entries[seen].len);
			assert_memory_equal(data.bytes, entries[seen].bytes, data.len);
		}
		assert_int_equal(seen, count);
		assert_false(tacit_pull_entries_next(&response.pull.entries, &index, &data));
		tacit_msg_unref(msg);
	}
}

static void
overheads_never_shrink(void **state)
{
	struct seeded s = {13};

	(void)state;
	for (int i = 0; i < 5000; i++) {
		uint64_t id = seeded_uint(&s) >> 1;
		size_t count = seeded_uint(&s) >> 8, len = seeded_uint(&s) >> 8;
		size_t overhead = tacit_pull_response_overhead(id, count, len, 0);

		assert_true(tacit_pull_response_overhead(id * 2 + 1, count, len, 0) >= overhead);
		assert_true(tacit_pull_response_overhead(id, count * 3, len, 0) >= overhead);
		assert_true(tacit_pull_response_overhead(id, count, len + 77, 0) >= overhead);
		assert_true(tacit_pull_response_overhead(id, count, len, 1) > overhead);
		assert_true(tacit_pull_entry_overhead(id * 2, len * 2) >=
			    tacit_pull_entry_overhead(id, len));
	}
}

/* base/limits.h promises that the longest entry fits one answer, and one request */
static void
the_longest_entry_fits_a_frame(void **state)
{
	static uint8_t name[TACIT_ADDRESS_LEN_MAX], entry[TACIT_ENTRY_LEN_MAX];
	struct tacit_address stream = {0, name, strlen("stream.") + TACIT_NAME_LEN_MAX};
	struct tacit_address half = {0, name, 253};
	struct tacit_pull_writer writer;
	struct tacit_msg *msg;
	size_t len = sizeof(entry) + tacit_pull_entry_overhead(UINT64_MAX, sizeof(entry));

	(void)state;
	assert_int_equal(tacit_pull_writer_begin(&writer, UINT64_MAX, 1, len, 0), TACIT_OK);
	tacit_pull_writer_add(&writer, UINT64_MAX, entry, sizeof(entry));
	msg = tacit_pull_writer_finish(&writer);
	assert_int_equal(tacit_route_append(&msg->onward, half), TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->onward, half), TACIT_OK);
	assert_int_equal(msg->onward.len, TACIT_ROUTE_LEN_MAX);
	assert_int_equal(tacit_route_append(&msg->ret, stream), TACIT_OK);
	assert_true(msg->len <= tacit_frame_payload_len_max(&msg->onward, &msg->ret));
	assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
	tacit_msg_unref(msg);

	msg = tacit_msg_copy_of(entry, sizeof(entry));
	assert_int_equal(tacit_push_request_encode(msg, UINT64_MAX), TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->onward, stream), TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->ret, half), TACIT_OK);
	assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
	tacit_msg_unref(msg);
}

static void
a_push_copies_nothing(void **state)
{
	struct tacit_msg *msg = tacit_msg_copy_of("entry", 5);
	struct tacit_block *block = msg->block;
	uint8_t *entry = tacit_msg_payload(msg);

	(void)state;
	assert_int_equal(tacit_push_request_encode(msg, 300), TACIT_OK);
	assert_int_equal(msg->len, 21);
	assert_memory_equal(tacit_msg_payload(msg),
	    "\x0bstream_push\x08\xac\x02\x05"
	    "entry",
	    21);
	assert_int_equal(tacit_push_request_overhead(300, 5), 16);
	assert_ptr_equal(msg->block, block);
	assert_ptr_equal(tacit_msg_payload(msg) + 16, entry);
	tacit_msg_unref(msg);
}

/* damage ------------------------------------------------------------------------------------- */

static void
damaged_request(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_msg *msg = tacit_msg_copy_of(bytes, len), *again = NULL;
	struct tacit_stream_request request;
	tacit_err err = tacit_stream_request_decode(msg, &request);

	(void)arg;
	(void)index;
	if (kind == DAMAGE_TRUNCATED)
		assert_int_equal(err, TACIT_EFORMAT);
	if (err != TACIT_OK) {
		assert_true(err == TACIT_EFORMAT || err == TACIT_EUNSUPPORTED);
	} else if (payload_encode_request(&request, &again) == TACIT_OK) {
		assert_true(again->len <= len);
	}
	tacit_msg_unref(again);
	tacit_msg_unref(msg);
}

static void
damaged_response(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_msg *msg = tacit_msg_copy_of(bytes, len), *again = NULL;
	struct tacit_stream_response response;
	tacit_err err = tacit_stream_response_decode(msg, &response);

	(void)arg;
	(void)index;
	if (kind == DAMAGE_TRUNCATED)
		assert_int_equal(err, TACIT_EFORMAT);
	if (err != TACIT_OK) {
		assert_true(err == TACIT_EFORMAT || err == TACIT_EUNSUPPORTED);
	} else if (payload_encode_response(&response, &again) == TACIT_OK) {
		assert_true(again->len <= len);
	}
	tacit_msg_unref(again);
	tacit_msg_unref(msg);
}

static void
damaged_payloads(void **state)
{
	static struct entry entries[4];
	struct seeded s = {14};
	struct bytes bytes;

	(void)state;
	for (int i = 0; i < 30; i++) {
		struct tacit_stream_request request;
		struct tacit_stream_response response;
		struct tacit_msg *msg;
		size_t count;

		random_request(&s, &bytes, &request);
		assert_int_equal(payload_encode_request(&request, &msg), TACIT_OK);
		damage_each(tacit_msg_payload(msg), msg->len, damaged_request, NULL);
		tacit_msg_unref(msg);
		random_response(&s, &bytes, &response);
		assert_int_equal(payload_encode_response(&response, &msg), TACIT_OK);
		damage_each(tacit_msg_payload(msg), msg->len, damaged_response, NULL);
		tacit_msg_unref(msg);
		count = random_entries(&s, entries, 4);
		msg = write_entries(seeded_uint(&s), entries, count, 0);
		damage_each(tacit_msg_payload(msg), msg->len, damaged_response, NULL);
		tacit_msg_unref(msg);
	}
}

static void
what_cannot_be_encoded(void **state)
{
	static uint8_t long_name[TACIT_TEXT_LEN_MAX + 1];
	struct tacit_slice name = {long_name, TACIT_NAME_LEN_MAX + 1};
	struct tacit_slice id = {long_name, TACIT_CLIENT_ID_LEN_MAX + 1};
	struct tacit_slice too_much = {long_name, TACIT_TEXT_LEN_MAX + 1};
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PUSH};
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_PULL};
	struct tacit_msg *msg = NULL;

	(void)state;
	assert_int_equal(tacit_stream_request_encode(&request, &msg), TACIT_EINVAL);
	assert_int_equal(tacit_stream_response_encode(&response, &msg), TACIT_EINVAL);
	request.protocol = TACIT_PROTOCOL_ERROR;
	response.protocol = TACIT_PROTOCOL_ERROR;
	assert_int_equal(tacit_stream_request_encode(&request, &msg), TACIT_EINVAL);
	assert_int_equal(tacit_stream_response_encode(&response, &msg), TACIT_EINVAL);

	request = (struct tacit_stream_request){
	    .protocol = TACIT_PROTOCOL_CREATE, .create = {.has_name = true, .name = name}};
	assert_int_equal(tacit_stream_request_encode(&request, &msg), TACIT_ELIMIT);
	request.create.name.len--;
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_stream_request_encode(&request, &msg), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	request = (struct tacit_stream_request){
	    .protocol = TACIT_PROTOCOL_INDEX, .index = {.client_id = id, .name = {long_name, 1}}};
	assert_int_equal(tacit_stream_request_encode(&request, &msg), TACIT_ELIMIT);
	response = (struct tacit_stream_response){
	    .protocol = TACIT_PROTOCOL_OPEN, .open = {.text = too_much}};
	assert_int_equal(tacit_stream_response_encode(&response, &msg), TACIT_ELIMIT);
	assert_null(msg);
	/* the longest answer there is */
	response.open = (struct tacit_open_response){
	    UINT64_MAX, TACIT_OPEN_LIMIT, too_much, name, UINT64_MAX, UINT64_MAX};
	response.open.text.len--;
	response.open.name.len--;
	assert_int_equal(tacit_stream_response_encode(&response, &msg), TACIT_OK);
	tacit_msg_unref(msg);
}

static void
memory_that_runs_out(void **state)
{
	struct tacit_pull_writer writer;
	struct tacit_msg *msg = tacit_msg_new(0);
	struct tacit_msg *other = tacit_msg_view(msg->block, msg->offset - 1, 1);

	(void)state;
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_pull_writer_begin(&writer, 0, 0, 0, 0), TACIT_ENOMEM);
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_push_request_encode(msg, 1), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(msg->len, 0);
	tacit_msg_unref(other);
	tacit_msg_unref(msg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_round_trip),
	    cmocka_unit_test(responses_round_trip),
	    cmocka_unit_test(pull_responses_round_trip),
	    cmocka_unit_test(overheads_never_shrink),
	    cmocka_unit_test(the_longest_entry_fits_a_frame),
	    cmocka_unit_test(a_push_copies_nothing),
	    cmocka_unit_test(damaged_payloads),
	    cmocka_unit_test(what_cannot_be_encoded),
	    cmocka_unit_test(memory_that_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
