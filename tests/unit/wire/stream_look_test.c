/* tacit.stream_look (PROTOCOL.md 3.7) */
#include "support/unit.h"

#include "base/limits.h"
#include "base/memory.h"
#include "support/damage.h"
#include "support/seeded.h"
#include "wire/stream_look.h"

static struct tacit_slice
slice_of(const char *text)
{
	return (struct tacit_slice){(const uint8_t *)text, strlen(text)};
}

static bool
same(struct tacit_slice a, struct tacit_slice b)
{
	return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

/* the examples of PROTOCOL.md, to the byte */
static void
bytes_are_those_of_the_protocol(void **state)
{
	static const uint8_t ask[] = "\x11"
				     "tacit.stream_look"
				     "\x0a\x07\x06orders\x05\x02";
	static const uint8_t told[] =
	    "\x11"
	    "tacit.stream_look"
	    "\x11\x07\x00\x00\x00\x06\x01\x05\x80\xd0\x95\xff\xbc\x31\x02\x02hi";
	struct tacit_look_request request = {7, slice_of("orders"), 5, 2};
	struct tacit_look_response response = {.request_id = 7, .text = slice_of(""), .end = 6};
	struct tacit_look_item item = {5, 1700000000000, 2, slice_of("hi")};
	struct tacit_msg *msg;

	(void)state;
	assert_int_equal(tacit_look_request_encode(&request, &msg), TACIT_OK);
	assert_int_equal(msg->len, sizeof(ask) - 1);
	assert_memory_equal(tacit_msg_payload(msg), ask, sizeof(ask) - 1);
	tacit_msg_unref(msg);
	assert_int_equal(tacit_look_response_encode(&response, &item, 1, &msg), TACIT_OK);
	assert_int_equal(msg->len, sizeof(told) - 1);
	assert_memory_equal(tacit_msg_payload(msg), told, sizeof(told) - 1);
	tacit_msg_unref(msg);
}

static void
requests_come_back(void **state)
{
	struct seeded s = {11};
	char name[TACIT_NAME_LEN_MAX];
	struct tacit_msg *msg;

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct tacit_look_request request, got;

		seeded_fill(&s, (uint8_t *)name, sizeof(name));
		request = (struct tacit_look_request){seeded_uint(&s),
		    {(uint8_t *)name, seeded_below(&s, sizeof(name) + 1)}, seeded_uint(&s),
		    seeded_uint(&s)};
		assert_int_equal(tacit_look_request_encode(&request, &msg), TACIT_OK);
		assert_int_equal(tacit_look_request_decode(msg, &got), TACIT_OK);
		assert_true(got.request_id == request.request_id && got.index == request.index &&
			    got.count == request.count && same(got.name, request.name));
		tacit_msg_unref(msg);
	}
}

static struct tacit_msg *
answer(struct seeded *s, struct tacit_look_item *items, size_t count)
{
	static uint8_t head[TACIT_LOOK_HEAD_LEN];
	struct tacit_look_response response = {seeded_uint(s), TACIT_OPEN_OK, slice_of("a text"),
	    seeded_uint(s), seeded_uint(s), {{NULL, 0, false}, 0}};
	struct tacit_msg *msg;

	seeded_fill(s, head, sizeof(head));
	for (size_t i = 0; i < count; i++)
		items[i] = (struct tacit_look_item){seeded_uint(s), seeded_uint(s), seeded_uint(s),
		    {head, seeded_below(s, sizeof(head) + 1)}};
	assert_int_equal(tacit_look_response_encode(&response, items, count, &msg), TACIT_OK);
	return msg;
}

static void
responses_come_back(void **state)
{
	struct tacit_look_item items[TACIT_LOOK_ENTRIES_MAX], item;
	struct tacit_look_response response;
	struct seeded s = {12};

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		size_t count = i < 99 ? seeded_below(&s, 20) : TACIT_LOOK_ENTRIES_MAX;
		struct tacit_msg *msg = answer(&s, items, count);

		assert_int_equal(tacit_look_response_decode(msg, &response), TACIT_OK);
		assert_int_equal(response.items.count, count);
		for (size_t j = 0; j < count; j++) {
			assert_true(tacit_look_items_next(&response.items, &item));
			assert_true(item.index == items[j].index &&
				    item.time_ms == items[j].time_ms &&
				    item.size == items[j].size && same(item.head, items[j].head));
		}
		assert_false(tacit_look_items_next(&response.items, &item));
		tacit_msg_unref(msg);
	}
}

static void
limits_hold(void **state)
{
	static uint8_t long_bytes[TACIT_NAME_LEN_MAX + TACIT_TEXT_LEN_MAX];
	struct tacit_slice too_long = {long_bytes, TACIT_NAME_LEN_MAX + 1};
	struct tacit_look_request request = {.name = too_long};
	struct tacit_look_response response = {.text = slice_of("")};
	struct tacit_look_item items[TACIT_LOOK_ENTRIES_MAX + 1] = {{.head = slice_of("")}};
	struct tacit_msg *msg;

	(void)state;
	assert_int_equal(tacit_look_request_encode(&request, &msg), TACIT_ELIMIT);
	assert_int_equal(
	    tacit_look_response_encode(&response, items, TACIT_LOOK_ENTRIES_MAX + 1, &msg),
	    TACIT_ELIMIT);
	items[0].head = (struct tacit_slice){long_bytes, TACIT_LOOK_HEAD_LEN + 1};
	assert_int_equal(tacit_look_response_encode(&response, items, 1, &msg), TACIT_ELIMIT);
	response.text = (struct tacit_slice){long_bytes, TACIT_TEXT_LEN_MAX + 1};
	assert_int_equal(tacit_look_response_encode(&response, NULL, 0, &msg), TACIT_ELIMIT);
	response.text = slice_of("");
	for (unsigned long nth = 1; nth <= 2; nth++) {
		tacit_alloc_fail_at(nth);
		assert_int_equal(
		    tacit_look_response_encode(&response, NULL, 0, &msg), TACIT_ENOMEM);
		tacit_alloc_fail_at(0);
	}
}

/* whatever is read is within what came */
static void
decode_damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_msg *msg = tacit_msg_copy_of(bytes, len);
	struct tacit_look_response response;
	struct tacit_look_request request;
	struct tacit_look_item item;
	size_t *refused = arg;

	(void)index;
	assert_non_null(msg);
	if (tacit_look_request_decode(msg, &request) != TACIT_OK &&
	    tacit_look_response_decode(msg, &response) != TACIT_OK) {
		*refused += 1;
	} else if (tacit_look_response_decode(msg, &response) == TACIT_OK) {
		assert_int_equal(kind, DAMAGE_FLIPPED);
		while (tacit_look_items_next(&response.items, &item)) {
			assert_true(item.head.len <= len);
			assert_false(response.items.reader.bad);
		}
	}
	tacit_msg_unref(msg);
}

static void
damage_is_noticed_or_does_no_harm(void **state)
{
	struct tacit_look_item items[4];
	struct seeded s = {13};
	struct tacit_msg *msg = answer(&s, items, 4);
	struct tacit_look_request request = {1, slice_of("orders"), 2, 3};
	size_t refused = 0;

	(void)state;
	damage_each(tacit_msg_payload(msg), msg->len, decode_damaged, &refused);
	assert_true(refused >= msg->len);
	tacit_msg_unref(msg);
	assert_int_equal(tacit_look_request_encode(&request, &msg), TACIT_OK);
	refused = 0;
	damage_each(tacit_msg_payload(msg), msg->len, decode_damaged, &refused);
	assert_true(refused >= msg->len);
	tacit_msg_unref(msg);
}

static void
other_protocols_are_none(void **state)
{
	struct tacit_stream_request open = {.protocol = TACIT_PROTOCOL_PULL};
	struct tacit_look_response response;
	struct tacit_look_request request;
	struct tacit_msg *msg;

	(void)state;
	assert_int_equal(tacit_stream_request_encode(&open, &msg), TACIT_OK);
	assert_int_equal(tacit_look_request_decode(msg, &request), TACIT_EUNSUPPORTED);
	assert_int_equal(tacit_look_response_decode(msg, &response), TACIT_EUNSUPPORTED);
	tacit_msg_unref(msg);
	request = (struct tacit_look_request){.name = slice_of("a")};
	assert_int_equal(tacit_look_request_encode(&request, &msg), TACIT_OK);
	assert_int_equal(tacit_stream_request_decode(msg, &open), TACIT_EUNSUPPORTED);
	tacit_msg_unref(msg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_are_those_of_the_protocol),
	    cmocka_unit_test(requests_come_back),
	    cmocka_unit_test(responses_come_back),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(damage_is_noticed_or_does_no_harm),
	    cmocka_unit_test(other_protocols_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
