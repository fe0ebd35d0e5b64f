/* what the first bytes of an entry show (PROTOCOL.md 3.5, 5.1, 6.1, 9.1) */
#include "support/damage.h"
#include "support/unit.h"

#include "base/limits.h"
#include "tacit/look.h"
#include "wire/msg.h"

#define END_A "0123456789abcdef0123456789abcdef"
#define END_B "fedcba9876543210fedcba9876543210"

static void
add(struct tacit_route *route, const char *name)
{
	tacit_route_init(route);
	if (name != NULL)
		assert_int_equal(tacit_route_append(route, tacit_address_worker(name)), TACIT_OK);
}

/* an entry of len bytes of payload, which begins with those of begin */
static struct tacit_msg *
entry(const char *to, const char *from, const void *begin, size_t begin_len, size_t len)
{
	struct tacit_msg *msg = tacit_msg_new(len);

	assert_non_null(msg);
	assert_true(begin_len <= len);
	memset(tacit_msg_payload(msg), 0xa5, len);
	if (begin_len > 0)
		memcpy(tacit_msg_payload(msg), begin, begin_len);
	add(&msg->onward, to);
	add(&msg->ret, from);
	assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
	return msg;
}

/* by its first bytes, in memory of exactly that length */
static struct tacit_entry_nature
describe(const uint8_t *bytes, size_t len)
{
	size_t head_len = len < TACIT_HEAD_LEN_MAX ? len : TACIT_HEAD_LEN_MAX;
	uint8_t *head = malloc(head_len > 0 ? head_len : 1);
	struct tacit_entry_nature nature;

	if (head == NULL)
		abort();
	if (head_len > 0)
		memcpy(head, bytes, head_len);
	tacit_entry_describe(head, head_len, len, &nature);
	free(head);
	assert_true(strlen(tacit_entry_kind_text(nature.kind)) > 0);
	return nature;
}

static struct tacit_entry_nature
nature_of(struct tacit_msg *msg)
{
	struct tacit_entry_nature nature = describe(tacit_msg_payload(msg), msg->len);

	tacit_msg_unref(msg);
	return nature;
}

static void
check_kind(const void *begin, size_t begin_len, size_t len, enum tacit_entry_kind kind)
{
	assert_int_equal(nature_of(entry(END_A, END_B, begin, begin_len, len)).kind, kind);
}

static void
handshakes_are_known_by_kind_and_length(void **state)
{
	(void)state;
	assert_int_equal(
	    nature_of(entry("listener", END_B, "\1\1\1", 3, 35)).kind, TACIT_ENTRY_MESSAGE_1);
	check_kind("\2", 1, 1505, TACIT_ENTRY_MESSAGE_2);
	check_kind("\3", 1, 1473, TACIT_ENTRY_MESSAGE_3);
	check_kind("\1", 1, 36, TACIT_ENTRY_PLAIN);
	check_kind("\2", 1, 1504, TACIT_ENTRY_PLAIN);
	check_kind("\3", 1, 1474, TACIT_ENTRY_PLAIN);
}

static void
records_show_their_header(void **state)
{
	/* sequence 258, 40 bytes behind the header */
	static const uint8_t data[] = "\4\1\1\0\0\0\0\0\0\0\0\0\0\1\2\0\x28";
	struct tacit_entry_nature nature;
	uint8_t bytes[17];

	(void)state;
	nature = nature_of(entry(END_A, END_B, data, 17, 57));
	assert_int_equal(nature.kind, TACIT_ENTRY_DATA);
	assert_int_equal(nature.sequence, 258);
	assert_false(nature.more);
	nature = nature_of(entry(END_A, END_B, data, 17, 58));
	assert_int_equal(nature.kind, TACIT_ENTRY_DATA);
	assert_true(nature.more);
	memcpy(bytes, data, 17);
	bytes[2] = 2;
	nature = nature_of(entry(END_A, END_B, bytes, 17, 57));
	assert_int_equal(nature.kind, TACIT_ENTRY_CONTROL);
	assert_int_equal(nature.sequence, 258);
	/* a data record behind a control record, or out of sight; rubbish behind one */
	{
		uint8_t both[300] = {0};

		memcpy(both, bytes, 17);
		memcpy(both + 57, data + 1, 16);
		both[57 + 12] = 7;
		nature = nature_of(entry(END_A, END_B, both, 113, 113));
		assert_int_equal(nature.kind, TACIT_ENTRY_DATA);
		assert_int_equal(nature.sequence, 0x702);
		assert_true(nature.more);
		both[57] = 2;
		nature = nature_of(entry(END_A, END_B, both, 113, 113));
		assert_int_equal(nature.kind, TACIT_ENTRY_CONTROL);
		assert_int_equal(nature.sequence, 258);
		assert_true(nature.more);
		both[16] = 200;
		nature = nature_of(entry(END_A, END_B, both, 300, 300));
		assert_int_equal(nature.kind, TACIT_ENTRY_CONTROL);
		assert_true(nature.more);
	}
	/* cut: longer than the payload; shorter than a tag; unknown version, type, epoch */
	check_kind(data, 17, 56, TACIT_ENTRY_RECORDS);
	bytes[2] = 1;
	bytes[16] = 15;
	check_kind(bytes, 17, 57, TACIT_ENTRY_RECORDS);
	for (size_t at = 1; at < 7; at++) {
		memcpy(bytes, data, 17);
		bytes[at] += 2;
		check_kind(bytes, 17, 57, TACIT_ENTRY_RECORDS);
	}
}

static void
messages_of_2021_are_guessed(void **state)
{
	static const uint8_t record[] = "\x1e\x01\x02";
	struct tacit_entry_nature nature;

	(void)state;
	check_kind("\x20", 1, 34, TACIT_ENTRY_2021_1);
	assert_int_equal(
	    nature_of(entry("listener", END_B, "\x20", 1, 68)).kind, TACIT_ENTRY_2021_1);
	check_kind("\x60", 1, 97, TACIT_ENTRY_2021_2);
	check_kind("\x40", 1, 65, TACIT_ENTRY_2021_3);
	nature = nature_of(entry(END_A, END_B, record, 3, 31));
	assert_int_equal(nature.kind, TACIT_ENTRY_2021_RECORD);
	assert_int_equal(nature.sequence, 258);
	/* texts for and from workers with names are plain, as are lengths that do not fit */
	assert_int_equal(nature_of(entry("echoer", END_B, record, 3, 31)).kind, TACIT_ENTRY_PLAIN);
	assert_int_equal(nature_of(entry(END_A, "app", record, 3, 31)).kind, TACIT_ENTRY_PLAIN);
	assert_int_equal(
	    nature_of(entry("listener", "app", "\x20", 1, 68)).kind, TACIT_ENTRY_PLAIN);
	check_kind(record, 3, 32, TACIT_ENTRY_PLAIN);
	check_kind("\x11", 1, 18, TACIT_ENTRY_PLAIN);
	check_kind("\x20", 1, 33, TACIT_ENTRY_2021_RECORD);
}

static void
the_rest_is_plain_or_nothing(void **state)
{
	static const uint8_t text[300] = "some words that are longer than nothing";
	uint8_t bytes[300] = {0};

	(void)state;
	check_kind("\2hi", 3, 3, TACIT_ENTRY_PLAIN);
	check_kind("", 0, 0, TACIT_ENTRY_PLAIN);
	assert_int_equal(nature_of(entry(NULL, NULL, "", 0, 0)).kind, TACIT_ENTRY_PLAIN);
	assert_int_equal(describe(text, 0).kind, TACIT_ENTRY_NO_MESSAGE);
	assert_int_equal(describe(text, 39).kind, TACIT_ENTRY_NO_MESSAGE);
	assert_int_equal(describe(text, 300).kind, TACIT_ENTRY_NO_MESSAGE);
	bytes[0] = 1;
	bytes[1] = 13; /* hops */
	assert_int_equal(describe(bytes, 300).kind, TACIT_ENTRY_NO_MESSAGE);
	/* a head that is longer than its entry is none */
	{
		struct tacit_entry_nature nature;

		tacit_entry_describe("\1\0\0\0", 4, 3, &nature);
		assert_int_equal(nature.kind, TACIT_ENTRY_NO_MESSAGE);
	}
}

/* names so long that the payload is out of sight */
static void
long_routes_hide_the_kind(void **state)
{
	char name[260];
	struct tacit_entry_nature nature;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	nature = nature_of(entry(name, END_B, "\1", 1, 35));
	assert_int_equal(nature.kind, TACIT_ENTRY_UNTOLD);
	nature = nature_of(entry(END_A, name, "\1", 1, 35));
	assert_int_equal(nature.kind, TACIT_ENTRY_UNTOLD);
	/* its first byte is the last one that is seen, and the first one that is not */
	name[214] = '\0';
	assert_int_equal(nature_of(entry(name, END_B, "\1", 1, 35)).kind, TACIT_ENTRY_MESSAGE_1);
	name[214] = 'n';
	name[215] = '\0';
	assert_int_equal(nature_of(entry(name, END_B, "\1", 1, 35)).kind, TACIT_ENTRY_UNTOLD);
}

static void
look_at_damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_entry_nature nature = describe(bytes, len);
	size_t *none = arg;

	(void)index;
	if (kind == DAMAGE_TRUNCATED)
		assert_int_equal(nature.kind, TACIT_ENTRY_NO_MESSAGE);
	*none += nature.kind == TACIT_ENTRY_NO_MESSAGE;
}

static void
damage_is_never_read_past_its_end(void **state)
{
	static const uint8_t data[] = "\4\1\1\0\0\0\0\0\0\0\0\0\0\1\2\0\x28";
	struct tacit_msg *msgs[] = {entry("listener", END_B, "\1\1\1", 3, 35),
	    entry(END_A, END_B, data, 17, 57), entry("listener", END_B, "\x20", 1, 68),
	    entry(END_A, END_B, "\x60", 1, 97), entry("echoer", "app", "\2hi", 3, 3)};

	(void)state;
	for (size_t i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++) {
		size_t none = 0;

		damage_each(tacit_msg_payload(msgs[i]), msgs[i]->len, look_at_damaged, &none);
		assert_true(none > msgs[i]->len);
		tacit_msg_unref(msgs[i]);
	}
}

/* a number below bound, the same ones in each run */
static uint64_t
below(uint64_t *seed, uint64_t bound)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % bound;
}

/* whoever may write to a stream writes what he likes: half of these begin as messages do, behind
 * routes of one hop, or of none */
static void
garbage_is_something_or_nothing(void **state)
{
	static const uint8_t begins[][8] = {
	    {1, 1, 0, 1, 'a', 1, 0, 0}, {1, 0, 1, 0, 0, 4, 1, 1}, {1, 0, 0, 255, 255, 3, 4, 1}};
	uint64_t seed = 1;
	size_t kinds[TACIT_ENTRY_2021_RECORD + 1] = {0};

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		size_t len = (size_t)below(&seed, i % 8 == 0 ? 2000 : 80);
		uint8_t bytes[2000];

		for (size_t at = 0; at < len; at++)
			bytes[at] = (uint8_t)below(&seed, i % 3 == 0 ? 256 : 5);
		if (i % 2 == 0 && len > 8)
			memcpy(bytes, begins[i % 3], (size_t)below(&seed, 9));
		kinds[describe(bytes, len).kind]++;
	}
	assert_true(kinds[TACIT_ENTRY_NO_MESSAGE] > 0);
	assert_true(kinds[TACIT_ENTRY_PLAIN] > 0);
	assert_true(kinds[TACIT_ENTRY_RECORDS] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(handshakes_are_known_by_kind_and_length),
	    cmocka_unit_test(records_show_their_header),
	    cmocka_unit_test(messages_of_2021_are_guessed),
	    cmocka_unit_test(the_rest_is_plain_or_nothing),
	    cmocka_unit_test(long_routes_hide_the_kind),
	    cmocka_unit_test(damage_is_never_read_past_its_end),
	    cmocka_unit_test(garbage_is_something_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
