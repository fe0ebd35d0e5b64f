/* Bytes of the stream protocol: what each message looks like, what is taken and what is not, and
 * the captured payloads of the 2021 programs (PROTOCOL.md 3.1 to 3.3) */
#include "support/unit.h"

#include "support/payload.h"
#include "support/vectors.h"

static struct tacit_slice
text(const char *bytes)
{
	return (struct tacit_slice){(const uint8_t *)bytes, strlen(bytes)};
}

static void
check_bytes(const struct tacit_msg *msg, const void *bytes, size_t len)
{
	assert_int_equal(msg->len, len);
	assert_memory_equal(tacit_msg_payload(msg), bytes, len);
}

/* what is taken and what is not -------------------------------------------------------------- */

/* an envelope around a message */
static struct tacit_msg *
payload(const char *id, const void *inner, size_t inner_len)
{
	uint8_t bytes[1000];
	struct tacit_writer w;

	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_bare_write_text(&w, id);
	tacit_bare_write_data(&w, inner, inner_len);
	assert_false(w.bad);
	return tacit_msg_copy_of(bytes, w.len);
}

static tacit_err
decode_request(const char *id, const char *inner, size_t len, struct tacit_stream_request *ret)
{
	struct tacit_msg *msg = payload(id, inner, len);
	tacit_err err = tacit_stream_request_decode(msg, ret);

	tacit_msg_unref(msg);
	return err;
}

static tacit_err
decode_response(const char *id, const char *inner, size_t len, struct tacit_stream_response *ret)
{
	struct tacit_msg *msg = payload(id, inner, len);
	tacit_err err = tacit_stream_response_decode(msg, ret);

	tacit_msg_unref(msg);
	return err;
}

static void
other_protocols_are_unsupported(void **state)
{
	struct tacit_stream_request request;
	struct tacit_stream_response response;
	struct tacit_msg *msg;

	(void)state;
	assert_int_equal(decode_request("stream_create_partitioned", "\x00\x01", 2, &request),
	    TACIT_EUNSUPPORTED);
	assert_int_equal(decode_request("", "", 0, &request), TACIT_EUNSUPPORTED);
	assert_int_equal(
	    decode_request("stream_pul", "\x00\x00\x00", 3, &request), TACIT_EUNSUPPORTED);
	assert_int_equal(decode_response("ping", "", 0, &response), TACIT_EUNSUPPORTED);
	/* `error` is an answer only, and one to be ignored */
	assert_int_equal(decode_request("error",
			     "\x03"
			     "why",
			     4, &request),
	    TACIT_EUNSUPPORTED);
	msg = payload("error", "\x0fInvalid request", 16);
	assert_int_equal(tacit_stream_response_decode(msg, &response), TACIT_OK);
	assert_int_equal(response.protocol, TACIT_PROTOCOL_ERROR);
	assert_true(tacit_slice_is(response.error.reason, "Invalid request"));
	tacit_msg_unref(msg);
	assert_int_equal(decode_response("error", "\x0fInvalid", 8, &response), TACIT_EFORMAT);
}

static void
trailing_bytes_are_ignored(void **state)
{
	struct tacit_stream_request request;
	struct tacit_stream_response response;
	struct tacit_msg *msg;

	(void)state;
	assert_int_equal(decode_request("stream_pull", "\x01\x02\x03more", 7, &request), TACIT_OK);
	assert_true(
	    request.pull.request_id == 1 && request.pull.index == 2 && request.pull.limit == 3);
	/* also those that would be the number of answers, and are none */
	assert_int_equal(decode_request("stream_pull", "\x01\x02\x03\xff", 4, &request), TACIT_OK);
	assert_true(request.pull.limit == 3 && request.pull.answers == 0);
	assert_int_equal(
	    decode_response("stream_push", "\x01\x01\x00more", 7, &response), TACIT_OK);
	assert_int_equal(response.push.status, TACIT_PUSH_ERROR);
	/* after the envelope */
	msg = tacit_msg_copy_of("\x0bstream_pull\x03\x04\x05\x06\x07", 17);
	assert_int_equal(tacit_stream_request_decode(msg, &request), TACIT_OK);
	assert_true(request.pull.request_id == 4 && request.pull.limit == 6);
	tacit_msg_unref(msg);
}

static void
values_without_a_meaning_are_refused(void **state)
{
	struct tacit_stream_request request;
	struct tacit_stream_response response;

	(void)state;
	assert_int_equal(decode_request("stream_index",
			     "\x01\x01"
			     "c\x01n\x09",
			     6, &request),
	    TACIT_OK);
	assert_true(request.index.save && request.index.index == 9);
	assert_int_equal(decode_request("stream_index",
			     "\x02\x01"
			     "c\x01n\x09",
			     6, &request),
	    TACIT_EFORMAT);
	assert_int_equal(
	    decode_response("stream_push", "\x00\x02\x00", 3, &response), TACIT_EFORMAT);
	assert_int_equal(
	    decode_response("tacit.stream_open", "\x00\x05\x00\x00\x00\x00", 6, &response),
	    TACIT_OK);
	assert_int_equal(response.open.status, TACIT_OPEN_LIMIT);
	assert_int_equal(
	    decode_response("tacit.stream_open", "\x00\x06\x00\x00\x00\x00", 6, &response),
	    TACIT_EFORMAT);
	/* any byte but 0 is true */
	assert_int_equal(
	    decode_request("tacit.stream_open", "\x07\x02\x01n\xff", 5, &request), TACIT_OK);
	assert_true(request.open.has_name && request.open.create);
	assert_int_equal(
	    decode_request("tacit.stream_open", "\x07\x00\x00", 3, &request), TACIT_OK);
	assert_false(request.open.has_name || request.open.create);
}

static void
counts_are_not_believed(void **state)
{
	struct tacit_stream_response response;

	(void)state;
	/* 2^64 - 1 entries in no bytes; 3 in the bytes of 2; 2 in those */
	assert_int_equal(decode_response("stream_pull",
			     "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, &response),
	    TACIT_EFORMAT);
	assert_int_equal(decode_response("stream_pull", "\x00\x03\x00\x00\x01\x00", 6, &response),
	    TACIT_EFORMAT);
	assert_int_equal(
	    decode_response("stream_pull", "\x00\x02\x00\x00\x01\x00", 6, &response), TACIT_OK);
	/* an entry longer than what is left */
	assert_int_equal(
	    decode_response("stream_pull", "\x00\x01\x00\x02x", 5, &response), TACIT_EFORMAT);
}

/* bytes -------------------------------------------------------------------------------------- */

static void
check_request_bytes(struct tacit_stream_request request, const char *bytes, size_t len)
{
	struct tacit_stream_request decoded;
	struct tacit_msg *msg;

	assert_int_equal(payload_encode_request(&request, &msg), TACIT_OK);
	check_bytes(msg, bytes, len);
	assert_int_equal(tacit_stream_request_decode(msg, &decoded), TACIT_OK);
	payload_check_request(&decoded, &request);
	tacit_msg_unref(msg);
}

static void
check_response_bytes(struct tacit_stream_response response, const char *bytes, size_t len)
{
	struct tacit_stream_response decoded;
	struct tacit_msg *msg;

	assert_int_equal(payload_encode_response(&response, &msg), TACIT_OK);
	check_bytes(msg, bytes, len);
	assert_int_equal(tacit_stream_response_decode(msg, &decoded), TACIT_OK);
	if (response.protocol != TACIT_PROTOCOL_PULL)
		payload_check_response(&decoded, &response);
	tacit_msg_unref(msg);
}

#define STREAM      "alice_to_bob_94e02814"
#define CLIENT      "bob_71b40998"
#define BYTES(text) text, sizeof(text) - 1

static void
requests_have_these_bytes(void **state)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_CREATE};

	(void)state;
	check_request_bytes(request, BYTES("\x0dstream_create\x01\x00"));
	request.create = (struct tacit_create_request){true, text(STREAM)};
	check_request_bytes(request, BYTES("\x0dstream_create\x17\x01\x15" STREAM));
	request = (struct tacit_stream_request){
	    .protocol = TACIT_PROTOCOL_PUSH, .push = {0, text("entry")}};
	check_request_bytes(request, BYTES("\x0bstream_push\x07\x00\x05"
					   "entry"));
	request =
	    (struct tacit_stream_request){.protocol = TACIT_PROTOCOL_PULL, .pull = {.limit = 8}};
	check_request_bytes(request, BYTES("\x0bstream_pull\x03\x00\x00\x08"));
	request.pull.answers = 32;
	check_request_bytes(request, BYTES("\x0bstream_pull\x04\x00\x00\x08 "));
	request = (struct tacit_stream_request){
	    .protocol = TACIT_PROTOCOL_INDEX, .index = {false, text(CLIENT), text(STREAM), 0}};
	check_request_bytes(request, BYTES("\x0cstream_index$\x00\x0c" CLIENT "\x15" STREAM));
	request.index.save = true;
	request.index.index = 1;
	check_request_bytes(
	    request, BYTES("\x0cstream_index%\x01\x0c" CLIENT "\x15" STREAM "\x01"));
	request = (struct tacit_stream_request){
	    .protocol = TACIT_PROTOCOL_OPEN, .open = {5, true, text("abc"), true}};
	check_request_bytes(request, BYTES("\x11tacit.stream_open\x07\x05\x01\x03"
					   "abc\x01"));
	request.open = (struct tacit_open_request){200, false, {NULL, 0}, false};
	check_request_bytes(request, BYTES("\x11tacit.stream_open\x04\xc8\x01\x00\x00"));
}

static void
responses_have_these_bytes(void **state)
{
	struct tacit_stream_response response = {
	    .protocol = TACIT_PROTOCOL_CREATE, .create = {text(STREAM)}};

	(void)state;
	check_response_bytes(response, BYTES("\x0dstream_create\x16\x15" STREAM));
	response = (struct tacit_stream_response){
	    .protocol = TACIT_PROTOCOL_PUSH, .push = {0, TACIT_PUSH_OK, 0}};
	check_response_bytes(response, BYTES("\x0bstream_push\x03\x00\x00\x00"));
	response = (struct tacit_stream_response){.protocol = TACIT_PROTOCOL_PULL};
	check_response_bytes(response, BYTES("\x0bstream_pull\x02\x00\x00"));
	response.pull.more = 31;
	check_response_bytes(response, BYTES("\x0bstream_pull\x03\x00\x00\x1f"));
	response = (struct tacit_stream_response){
	    .protocol = TACIT_PROTOCOL_INDEX, .index = {text(CLIENT), text(STREAM), false, 0}};
	check_response_bytes(response, BYTES("\x0cstream_index$\x0c" CLIENT "\x15" STREAM "\x00"));
	response.index.has_index = true;
	response.index.index = 300;
	check_response_bytes(
	    response, BYTES("\x0cstream_index&\x0c" CLIENT "\x15" STREAM "\x01\xac\x02"));
	response = (struct tacit_stream_response){.protocol = TACIT_PROTOCOL_OPEN,
	    .open = {1, TACIT_OPEN_REFUSED, text("no"), text("abc"), 2, 3}};
	check_response_bytes(response, BYTES("\x11tacit.stream_open\x0b\x01\x02\x02no\x03"
					     "abc\x02\x03"));
}

/* the captured session ----------------------------------------------------------------------- */

static void
check_captured_request(const struct tacit_msg *msg, size_t *counts)
{
	struct tacit_stream_request request;
	struct tacit_msg *again;

	assert_int_equal(tacit_stream_request_decode(msg, &request), TACIT_OK);
	assert_int_equal(payload_encode_request(&request, &again), TACIT_OK);
	check_bytes(again, tacit_msg_payload(msg), msg->len);
	tacit_msg_unref(again);
	counts[request.protocol]++;
}

static void
check_captured_response(const struct tacit_msg *msg, size_t *counts)
{
	struct tacit_stream_response response;
	struct tacit_msg *again;

	assert_int_equal(tacit_stream_response_decode(msg, &response), TACIT_OK);
	assert_int_equal(payload_encode_response(&response, &again), TACIT_OK);
	check_bytes(again, tacit_msg_payload(msg), msg->len);
	tacit_msg_unref(again);
	counts[response.protocol]++;
}

static void
captured_payloads_come_out_as_they_went_in(void **state)
{
	size_t requests[TACIT_PROTOCOL_ERROR + 1] = {0}, responses[TACIT_PROTOCOL_ERROR + 1] = {0};
	struct vectors v;

	(void)state;
	vectors_open(&v, "ockam-0.22-session.txt");
	while (vectors_next(&v)) {
		struct tacit_block *block = tacit_block_new(1000);
		size_t len = vectors_hex(&v, "bytes", block->bytes, block->cap);
		const char *kind = vectors_text(&v, "kind");
		struct tacit_msg *msg = NULL;

		assert_int_equal(tacit_msg_decode(block, 0, len, &msg), TACIT_OK);
		if (strcmp(kind, "request") == 0)
			check_captured_request(msg, requests);
		else if (strcmp(kind, "response") == 0)
			check_captured_response(msg, responses);
		tacit_msg_unref(msg);
		tacit_block_unref(block);
	}
	vectors_close(&v);
	assert_int_equal(requests[TACIT_PROTOCOL_CREATE], 4);
	assert_int_equal(requests[TACIT_PROTOCOL_PUSH], 2);
	assert_int_equal(requests[TACIT_PROTOCOL_PULL], 12);
	assert_int_equal(requests[TACIT_PROTOCOL_INDEX], 3);
	assert_int_equal(responses[TACIT_PROTOCOL_CREATE], 4);
	assert_int_equal(responses[TACIT_PROTOCOL_PUSH], 1);
	assert_int_equal(responses[TACIT_PROTOCOL_PULL], 12);
	assert_int_equal(responses[TACIT_PROTOCOL_INDEX], 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(other_protocols_are_unsupported),
	    cmocka_unit_test(trailing_bytes_are_ignored),
	    cmocka_unit_test(values_without_a_meaning_are_refused),
	    cmocka_unit_test(counts_are_not_believed),
	    cmocka_unit_test(requests_have_these_bytes),
	    cmocka_unit_test(responses_have_these_bytes),
	    cmocka_unit_test(captured_payloads_come_out_as_they_went_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
