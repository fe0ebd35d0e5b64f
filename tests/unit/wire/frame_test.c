/* TCP frames and pings (PROTOCOL.md 2.1, 2.2), and the captured frames of the 2021 programs */
#include "support/unit.h"

#include "base/memory.h"
#include "support/seeded.h"
#include "support/vectors.h"
#include "wire/bare.h"
#include "wire/frame.h"

static void
frames_carry_their_length(void **state)
{
	static const char bytes[] = "\x00\x10\x01\x01\x00\x06"
				    "echoer\x00\x04okay";
	struct tacit_msg *msg = tacit_msg_copy_of("okay", 4);
	struct tacit_block *block = msg->block;

	(void)state;
	assert_int_equal(
	    tacit_route_append(&msg->onward, tacit_address_worker("echoer")), TACIT_OK);
	assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
	assert_int_equal(msg->len, sizeof(bytes) - 1);
	assert_memory_equal(tacit_msg_payload(msg), bytes, sizeof(bytes) - 1);
	assert_ptr_equal(msg->block, block);
	tacit_msg_unref(msg);
}

/* the longest routes that may be */
static void
fill_route(struct tacit_route *route)
{
	static uint8_t name[TACIT_ROUTE_LEN_MAX];
	struct tacit_address first = {0, name, 250},
			     rest = {0, name, TACIT_ROUTE_LEN_MAX - 253 - 3};

	assert_int_equal(tacit_route_append(route, first), TACIT_OK);
	assert_int_equal(tacit_route_append(route, rest), TACIT_OK);
	assert_int_equal(route->len, TACIT_ROUTE_LEN_MAX);
}

static void
frames_have_a_longest(void **state)
{
	struct tacit_route route;

	(void)state;
	for (int routes = 0; routes < 3; routes++) {
		struct tacit_msg *msg;
		size_t len_max;

		tacit_route_init(&route);
		if (routes > 0)
			fill_route(&route);
		msg = tacit_msg_new(0);
		tacit_route_copy(&msg->onward, &route);
		if (routes > 1)
			tacit_route_copy(&msg->ret, &route);
		len_max = tacit_frame_payload_len_max(&msg->onward, &msg->ret);
		assert_int_equal(tacit_msg_prepend(msg, len_max + 1), TACIT_OK);
		memset(tacit_msg_payload(msg), 'x', msg->len);
		assert_int_equal(tacit_frame_encode(msg), TACIT_ELIMIT);
		assert_int_equal(msg->len, len_max + 1);
		tacit_msg_trim(msg, 1);
		assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
		assert_int_equal(msg->len, TACIT_FRAME_HEADER_LEN + TACIT_FRAME_LEN_MAX);
		assert_memory_equal(tacit_msg_payload(msg), "\xff\xff\x01", 3);
		tacit_msg_unref(msg);
	}
}

static void
memory_that_runs_out_leaves_the_message_alone(void **state)
{
	unsigned failures = 0;
	tacit_err err = TACIT_ENOMEM;
	struct tacit_msg *msg = tacit_msg_copy_of("xyz", 3);
	struct tacit_msg *other = tacit_msg_view(msg->block, msg->offset - 1, 1);

	(void)state;
	/* the head-room is claimed, so there has to be a copy */
	for (unsigned long nth = 1; err != TACIT_OK; nth++) {
		tacit_alloc_fail_at(nth);
		err = tacit_frame_encode(msg);
		tacit_alloc_fail_at(0);
		if (err == TACIT_OK)
			break;
		assert_int_equal(err, TACIT_ENOMEM);
		assert_int_equal(msg->len, 3);
		assert_memory_equal(tacit_msg_payload(msg), "xyz", 3);
		failures++;
	}
	assert_true(failures >= 1);
	assert_int_equal(msg->len, 2 + 4 + 3);
	tacit_msg_unref(other);
	tacit_msg_unref(msg);
}

/* a header of 512 bytes takes all head-room, and the length needs a copy that cannot be made */
static void
memory_that_runs_out_between_header_and_length(void **state)
{
	static uint8_t name[300];
	struct tacit_address hop = {0, name, 250};
	struct tacit_msg *msg = tacit_msg_copy_of("xyz", 3);

	(void)state;
	assert_int_equal(tacit_route_append(&msg->onward, hop), TACIT_OK);
	hop.len = TACIT_HEADROOM - 253 - 4 - 3;
	assert_int_equal(tacit_route_append(&msg->onward, hop), TACIT_OK);
	assert_int_equal(tacit_msg_encoded_len(msg), TACIT_HEADROOM + 3);
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_frame_encode(msg), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	assert_int_equal(msg->len, 3);
	assert_memory_equal(tacit_msg_payload(msg), "xyz", 3);
	assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
	assert_int_equal(msg->len, 2 + TACIT_HEADROOM + 3);
	tacit_msg_unref(msg);
}

/* frames that arrive in pieces of any size come out whole, and in order */
static void
frames_are_found_in_any_pieces(void **state)
{
	static uint8_t bytes[1 << 18];
	struct seeded s = {9};

	(void)state;
	for (int round = 0; round < 50; round++) {
		size_t lens[20], count = 20, found = 0, len = 0, start = 0, seen = 0;

		for (size_t i = 0; i < count; i++) {
			lens[i] = 1 + seeded_below(&s, i == 7 ? 65535 : 600);
			bytes[len++] = (uint8_t)(lens[i] >> 8);
			bytes[len++] = (uint8_t)lens[i];
			memset(bytes + len, (int)i, lens[i]);
			len += lens[i];
		}
		while (start < len) {
			size_t body_len = SIZE_MAX;
			enum tacit_frame_state is =
			    tacit_frame_next(bytes + start, seen - start, &body_len);

			if (is == TACIT_FRAME_INCOMPLETE) {
				assert_true(body_len == SIZE_MAX && seen < len);
				seen += 1 + seeded_below(&s, len - seen < 700 ? len - seen : 700);
				continue;
			}
			assert_int_equal(is, TACIT_FRAME_WHOLE);
			assert_int_equal(body_len, lens[found]);
			assert_int_equal(bytes[start + 2], found);
			assert_int_equal(bytes[start + 1 + body_len], found);
			start += 2 + body_len;
			found++;
		}
		assert_int_equal(found, count);
	}
}

static void
a_frame_of_no_bytes_is_bad(void **state)
{
	size_t body_len = 77;

	(void)state;
	assert_int_equal(tacit_frame_next(NULL, 0, &body_len), TACIT_FRAME_INCOMPLETE);
	assert_int_equal(
	    tacit_frame_next((const uint8_t *)"\x00", 1, &body_len), TACIT_FRAME_INCOMPLETE);
	assert_int_equal(
	    tacit_frame_next((const uint8_t *)"\x00\x00", 2, &body_len), TACIT_FRAME_BAD);
	assert_int_equal(
	    tacit_frame_next((const uint8_t *)"\x00\x00\x01", 3, &body_len), TACIT_FRAME_BAD);
	assert_int_equal(body_len, 77);
	assert_int_equal(
	    tacit_frame_next((const uint8_t *)"\x00\x01\x01", 3, &body_len), TACIT_FRAME_WHOLE);
	assert_int_equal(body_len, 1);
}

static struct tacit_msg *
ping(const char *onward, const char *ret, const void *payload, size_t len)
{
	struct tacit_msg *msg = tacit_msg_copy_of(payload, len);

	if (onward != NULL)
		assert_int_equal(
		    tacit_route_append(&msg->onward, tacit_address_worker(onward)), TACIT_OK);
	if (ret != NULL)
		assert_int_equal(
		    tacit_route_append(&msg->ret, tacit_address_worker(ret)), TACIT_OK);
	return msg;
}

static bool
is_ping(const char *onward, const char *ret, const void *payload, size_t len)
{
	struct tacit_msg *msg = ping(onward, ret, payload, len);
	bool is = tacit_frame_is_ping(msg);

	tacit_msg_unref(msg);
	return is;
}

static void
pings_get_pongs(void **state)
{
	struct tacit_msg *msg = ping(NULL, "prober", "\x00", 1), *pong;

	(void)state;
	assert_true(tacit_frame_is_ping(msg));
	pong = tacit_frame_new_pong(msg);
	assert_true(tacit_route_equal(&pong->onward, &msg->ret));
	assert_int_equal(pong->ret.count, 0);
	assert_int_equal(pong->len, 1);
	assert_int_equal(tacit_msg_payload(pong)[0], 1);
	assert_false(tacit_frame_is_ping(pong));
	tacit_msg_unref(pong);
	tacit_alloc_fail_at(1);
	assert_null(tacit_frame_new_pong(msg));
	tacit_alloc_fail_at(0);
	tacit_msg_unref(msg);
	/* a worker's message; a heartbeat; a pong; nothing; more */
	assert_false(is_ping("worker", "prober", "\x00", 1));
	assert_false(is_ping(NULL, NULL, "\x00", 1));
	assert_false(is_ping(NULL, "prober", "\x01", 1));
	assert_false(is_ping(NULL, "prober", "", 0));
	assert_false(is_ping(NULL, "prober", "\x00\x00", 2));
}

static void
check_captured(const uint8_t *bytes, size_t len)
{
	struct tacit_block *block = tacit_block_new(len);
	struct tacit_msg *msg = NULL;
	size_t body_len;

	memcpy(block->bytes, bytes, len);
	assert_int_equal(tacit_msg_decode(block, 0, len, &msg), TACIT_OK);
	assert_true(msg->onward.count >= 1 && msg->ret.count >= 1);
	assert_int_equal(tacit_frame_encode(msg), TACIT_OK);
	assert_int_equal(
	    tacit_frame_next(tacit_msg_payload(msg), msg->len, &body_len), TACIT_FRAME_WHOLE);
	assert_int_equal(body_len, len);
	assert_memory_equal(tacit_msg_payload(msg) + TACIT_FRAME_HEADER_LEN, bytes, len);
	tacit_msg_unref(msg);
	tacit_block_unref(block);
}

/* frame bodies and stream entries alike are transport messages (PROTOCOL.md 3.5) */
static void
captured_messages_come_out_as_they_went_in(void **state)
{
	struct vectors v;
	uint8_t bytes[1000];
	size_t count = 0;

	(void)state;
	vectors_open(&v, "ockam-0.22-session.txt");
	for (; vectors_next(&v); count++)
		check_captured(bytes, vectors_hex(&v, "bytes", bytes, sizeof(bytes)));
	vectors_close(&v);
	assert_int_equal(count, 49);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_carry_their_length),
	    cmocka_unit_test(frames_have_a_longest),
	    cmocka_unit_test(memory_that_runs_out_leaves_the_message_alone),
	    cmocka_unit_test(memory_that_runs_out_between_header_and_length),
	    cmocka_unit_test(frames_are_found_in_any_pieces),
	    cmocka_unit_test(a_frame_of_no_bytes_is_bad),
	    cmocka_unit_test(pings_get_pongs),
	    cmocka_unit_test(captured_messages_come_out_as_they_went_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
