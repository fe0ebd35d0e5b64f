/* Messages, head-room and the transport message (PROTOCOL.md 1.3, 1.4) */
#include "support/unit.h"

#include "base/memory.h"
#include "support/damage.h"
#include "support/seeded.h"
#include "wire/bare.h"
#include "wire/msg.h"

static void
random_route(struct seeded *s, struct tacit_route *route)
{
	uint8_t name[40];

	tacit_route_init(route);
	for (size_t hops = seeded_below(s, 5); hops > 0; hops--) {
		struct tacit_address hop = {
		    (uint8_t)seeded_below(s, 3), name, seeded_below(s, sizeof(name))};

		seeded_fill(s, name, hop.len);
		assert_int_equal(tacit_route_append(route, hop), TACIT_OK);
	}
}

static struct tacit_msg *
random_msg(struct seeded *s)
{
	struct tacit_msg *msg = tacit_msg_new(seeded_below(s, 300));

	assert_non_null(msg);
	seeded_fill(s, tacit_msg_payload(msg), msg->len);
	random_route(s, &msg->onward);
	random_route(s, &msg->ret);
	return msg;
}

static struct tacit_msg *
decode(const uint8_t *bytes, size_t len, tacit_err expected)
{
	struct tacit_block *block = tacit_block_new(len);
	struct tacit_msg *msg = NULL;

	assert_non_null(block);
	memcpy(block->bytes, bytes, len);
	assert_int_equal(tacit_msg_decode(block, 0, len, &msg), expected);
	tacit_block_unref(block);
	return msg;
}

static void
check_payload(const struct tacit_msg *msg, const void *bytes, size_t len)
{
	assert_int_equal(msg->len, len);
	assert_memory_equal(tacit_msg_payload(msg), bytes, len);
}

static void
messages_round_trip(void **state)
{
	struct seeded s = {6};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct tacit_msg *msg = random_msg(&s), *decoded;
		size_t len = msg->len, encoded_len = tacit_msg_encoded_len(msg);
		uint8_t payload[300];

		memcpy(payload, tacit_msg_payload(msg), len);
		assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
		assert_int_equal(msg->len, encoded_len);
		decoded = decode(tacit_msg_payload(msg), msg->len, TACIT_OK);
		assert_int_equal(decoded->origin, TACIT_ORIGIN_NETWORK);
		assert_false(decoded->has_sender);
		assert_true(tacit_route_equal(&decoded->onward, &msg->onward));
		assert_true(tacit_route_equal(&decoded->ret, &msg->ret));
		check_payload(decoded, payload, len);
		assert_int_equal(tacit_msg_encode(decoded), TACIT_OK);
		check_payload(decoded, tacit_msg_payload(msg), msg->len);
		tacit_msg_unref(decoded);
		tacit_msg_unref(msg);
	}
}

static void
the_bytes_are_those_of_2021(void **state)
{
	static const char bytes[] = "\x01\x01\x00\x06"
				    "echoer\x01\x00\x03"
				    "app\x03\x02hi";
	struct tacit_msg *msg = tacit_msg_new_body("hi", 2);

	(void)state;
	assert_non_null(msg);
	assert_int_equal(
	    tacit_route_append(&msg->onward, tacit_address_worker("echoer")), TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("app")), TACIT_OK);
	assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
	check_payload(msg, bytes, sizeof(bytes) - 1);
	tacit_msg_unref(msg);
}

static void
trailing_bytes_are_ignored_and_other_versions_are_not(void **state)
{
	uint8_t bytes[] = {1, 0, 0, 1, 'x', 'y', 'z'};
	struct tacit_msg *msg = decode(bytes, sizeof(bytes), TACIT_OK);

	(void)state;
	check_payload(msg, "x", 1);
	tacit_msg_unref(msg);
	for (unsigned version = 0; version < 256; version++) {
		bytes[0] = (uint8_t)version;
		if (version != 1)
			decode(bytes, sizeof(bytes), TACIT_EFORMAT);
	}
}

static void
damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_block *block = tacit_block_new(len);
	struct tacit_msg *msg = NULL;
	tacit_err err;

	(void)arg;
	(void)index;
	assert_non_null(block);
	memcpy(block->bytes, bytes, len);
	err = tacit_msg_decode(block, 0, len, &msg);
	if (kind == DAMAGE_TRUNCATED)
		assert_int_equal(err, TACIT_EFORMAT);
	if (err != TACIT_OK) {
		assert_int_equal(err, TACIT_EFORMAT);
		assert_null(msg);
	} else {
		assert_true(tacit_msg_encoded_len(msg) <= len);
		assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
		tacit_msg_unref(msg);
	}
	assert_int_equal(block->refs, 1);
	tacit_block_unref(block);
}

static void
damaged_messages(void **state)
{
	struct seeded s = {7};

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct tacit_msg *msg = random_msg(&s);

		assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
		damage_each(tacit_msg_payload(msg), msg->len, damaged, NULL);
		tacit_msg_unref(msg);
	}
}

static void
prepending_uses_the_headroom_and_then_copies(void **state)
{
	struct tacit_msg *msg = tacit_msg_copy_of("payload", 7);
	struct tacit_block *block = msg->block;

	(void)state;
	assert_int_equal(tacit_msg_prepend(msg, TACIT_HEADROOM), TACIT_OK);
	assert_ptr_equal(msg->block, block);
	assert_int_equal(msg->offset, 0);
	memset(tacit_msg_payload(msg), 'h', TACIT_HEADROOM);
	assert_int_equal(tacit_msg_prepend(msg, 1), TACIT_OK);
	assert_int_equal(msg->offset, TACIT_HEADROOM);
	assert_int_equal(msg->len, 1 + TACIT_HEADROOM + 7);
	tacit_msg_payload(msg)[0] = 'x';
	assert_memory_equal(tacit_msg_payload(msg) + 1 + TACIT_HEADROOM, "payload", 7);
	for (size_t i = 1; i <= TACIT_HEADROOM; i++)
		assert_int_equal(tacit_msg_payload(msg)[i], 'h');
	/* what was trimmed off can be written again: no copy */
	block = msg->block;
	tacit_msg_trim(msg, 1 + TACIT_HEADROOM);
	check_payload(msg, "payload", 7);
	assert_int_equal(tacit_msg_prepend(msg, 2 * TACIT_HEADROOM), TACIT_OK);
	assert_ptr_equal(msg->block, block);
	tacit_msg_trim(msg, 2 * TACIT_HEADROOM);
	tacit_msg_truncate(msg, 4);
	check_payload(msg, "pay", 3);
	tacit_msg_unref(msg);
}

static void
prepend(struct tacit_msg *msg, const char *text)
{
	assert_int_equal(tacit_msg_prepend(msg, strlen(text)), TACIT_OK);
	memcpy(tacit_msg_payload(msg), text, strlen(text));
}

static void
messages_that_share_a_block_never_write_over_each_other(void **state)
{
	struct tacit_msg *a = tacit_msg_copy_of("abcdef", 6);
	struct tacit_msg *b = tacit_msg_view(a->block, a->offset, 6);
	struct tacit_msg *c = tacit_msg_view(a->block, a->offset + 3, 3);

	(void)state;
	assert_int_equal(a->block->refs, 3);
	prepend(a, "one-");  /* in place: the head-room is free */
	prepend(b, "two-");  /* a has claimed it: a copy */
	prepend(c, "x");     /* would be the c of a: a copy */
	prepend(a, "zero-"); /* still the lowest: in place */
	check_payload(a, "zero-one-abcdef", 15);
	check_payload(b, "two-abcdef", 10);
	check_payload(c, "xdef", 4);
	assert_ptr_not_equal(a->block, b->block);
	assert_ptr_not_equal(a->block, c->block);
	assert_int_equal(a->block->refs, 1);
	tacit_msg_unref(a);
	tacit_msg_unref(b);
	tacit_msg_unref(c);
}

/* every message keeps its payload, whatever is done to those it shares its block with */
static void
sharing_by_property(void **state)
{
	struct seeded s = {8};

	(void)state;
	for (int round = 0; round < 300; round++) {
		uint8_t expected[8][2000];
		struct tacit_msg *msgs[8];

		msgs[0] = tacit_msg_new(200);
		seeded_fill(&s, tacit_msg_payload(msgs[0]), 200);
		memcpy(expected[0], tacit_msg_payload(msgs[0]), 200);
		for (int i = 1; i < 8; i++) {
			size_t from = seeded_below(&s, 200), len = seeded_below(&s, 200 - from + 1);

			msgs[i] = tacit_msg_view(msgs[0]->block, msgs[0]->offset + from, len);
			memcpy(expected[i], expected[0] + from, len);
		}
		for (int step = 0; step < 30; step++) {
			size_t i = seeded_below(&s, 8), len = seeded_below(&s, 60);
			struct tacit_msg *msg = msgs[i];

			if (seeded_below(&s, 3) == 0 && len <= msg->len) {
				tacit_msg_trim(msg, len);
				memmove(expected[i], expected[i] + len, msg->len);
			} else if (msg->len + len <= sizeof(expected[i])) {
				memmove(expected[i] + len, expected[i], msg->len);
				seeded_fill(&s, expected[i], len);
				assert_int_equal(tacit_msg_prepend(msg, len), TACIT_OK);
				memcpy(tacit_msg_payload(msg), expected[i], len);
			}
			for (int j = 0; j < 8; j++)
				check_payload(msgs[j], expected[j], msgs[j]->len);
		}
		for (int i = 0; i < 8; i++)
			tacit_msg_unref(msgs[i]);
	}
}

static void
a_socket_block_is_all_claimed(void **state)
{
	struct tacit_block *block = tacit_block_new(20);
	struct tacit_msg *second, *first;

	(void)state;
	memcpy(block->bytes, "\x01\x00\x00\x01x\x01\x00\x00\x01y", 10);
	/* the later one first: its header goes into a copy, not over the earlier one */
	assert_int_equal(tacit_msg_decode(block, 5, 5, &second), TACIT_OK);
	prepend(second, "12345678");
	assert_int_equal(tacit_msg_decode(block, 0, 5, &first), TACIT_OK);
	check_payload(first, "x", 1);
	check_payload(second, "12345678y", 9);
	tacit_msg_unref(first);
	tacit_msg_unref(second);
	assert_int_equal(block->refs, 1);
	tacit_block_unref(block);
}

struct done {
	unsigned count;
	uint64_t token;
};

static void
note_done(void *arg, const struct tacit_msg *msg)
{
	struct done *done = arg;

	done->count++;
	done->token = msg->done_token;
}

static struct tacit_msg *
with_done(struct done *done, uint64_t token)
{
	struct tacit_msg *msg = tacit_msg_new(0);

	*done = (struct done){0, 0};
	msg->done = note_done;
	msg->done_arg = done;
	msg->done_token = token;
	return msg;
}

static void
done_runs_exactly_once(void **state)
{
	struct done done;
	struct tacit_msg *msg = with_done(&done, 7);

	(void)state;
	tacit_msg_done(msg);
	assert_int_equal(done.count, 1);
	assert_int_equal(done.token, 7);
	tacit_msg_done(msg);
	tacit_msg_unref(msg);
	assert_int_equal(done.count, 1);

	msg = with_done(&done, UINT64_MAX);
	tacit_msg_ref(msg);
	tacit_msg_unref(msg);
	assert_int_equal(done.count, 0);
	tacit_msg_unref(msg);
	assert_int_equal(done.count, 1);
	assert_true(done.token == UINT64_MAX);

	/* nobody asked, and no message at all */
	msg = tacit_msg_new(0);
	tacit_msg_done(msg);
	tacit_msg_unref(msg);
	tacit_msg_unref(NULL);
}

static void
check_body(const char *payload, size_t payload_len, const char *body, size_t body_len)
{
	struct tacit_msg *msg = tacit_msg_copy_of(payload, payload_len);
	struct tacit_slice slice;

	tacit_msg_body(msg, &slice);
	assert_int_equal(slice.len, body_len);
	assert_memory_equal(slice.bytes, body, body_len);
	tacit_msg_unref(msg);
}

static void
typed_bodies(void **state)
{
	char text[300];

	(void)state;
	memset(text, 't', sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len++) {
		struct tacit_msg *msg = tacit_msg_new_body(text, len);
		struct tacit_slice slice;

		tacit_msg_body(msg, &slice);
		assert_int_equal(slice.len, len);
		assert_memory_equal(slice.bytes, text, len);
		assert_int_equal(msg->len, tacit_bare_uint_len(len) + len);
		tacit_msg_unref(msg);
	}
	check_body("\x02hi", 3, "hi", 2);
	/* more than the body; no length; nothing at all */
	check_body("\x02hi!", 4, "hi", 2);
	check_body("hello", 5, "hello", 5);
	check_body("\x06hello", 6, "\x06hello", 6);
	check_body("", 0, "", 0);
	check_body("\x80", 1, "\x80", 1);
}

static void
memory_that_runs_out(void **state)
{
	static const uint8_t bytes[] = {1, 0, 0, 1, 'x'};
	struct tacit_block *block = tacit_block_new(sizeof(bytes));
	struct tacit_msg *msg = NULL;

	(void)state;
	memcpy(block->bytes, bytes, sizeof(bytes));
	for (unsigned long nth = 1; nth <= 2; nth++) {
		tacit_alloc_fail_at(nth);
		assert_null(tacit_msg_new(10));
		tacit_alloc_fail_at(nth);
		assert_null(tacit_msg_new_body("x", 1));
	}
	tacit_alloc_fail_at(1);
	assert_null(tacit_msg_view(block, 0, 1));
	assert_int_equal(block->refs, 1);
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_msg_decode(block, 0, sizeof(bytes), &msg), TACIT_ENOMEM);
	assert_null(msg);
	tacit_alloc_fail_at(0);
	assert_int_equal(tacit_msg_decode(block, 0, sizeof(bytes), &msg), TACIT_OK);
	tacit_alloc_fail_at(1);
	assert_int_equal(tacit_msg_prepend(msg, 100), TACIT_ENOMEM);
	tacit_alloc_fail_at(0);
	check_payload(msg, "x", 1);
	assert_null(tacit_block_new(SIZE_MAX));
	assert_null(tacit_msg_new(SIZE_MAX));
	assert_null(tacit_msg_new_body("", SIZE_MAX));
	assert_int_equal(tacit_msg_prepend(msg, SIZE_MAX), TACIT_ENOMEM);
	check_payload(msg, "x", 1);
	tacit_msg_unref(msg);
	tacit_block_unref(block);
	tacit_block_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(messages_round_trip),
	    cmocka_unit_test(the_bytes_are_those_of_2021),
	    cmocka_unit_test(trailing_bytes_are_ignored_and_other_versions_are_not),
	    cmocka_unit_test(damaged_messages),
	    cmocka_unit_test(prepending_uses_the_headroom_and_then_copies),
	    cmocka_unit_test(messages_that_share_a_block_never_write_over_each_other),
	    cmocka_unit_test(sharing_by_property),
	    cmocka_unit_test(a_socket_block_is_all_claimed),
	    cmocka_unit_test(done_runs_exactly_once),
	    cmocka_unit_test(typed_bodies),
	    cmocka_unit_test(memory_that_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
