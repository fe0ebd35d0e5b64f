/* Addresses and routes (PROTOCOL.md 1.2) */
#include "support/unit.h"

#include "support/damage.h"
#include "support/seeded.h"
#include "wire/bare.h"
#include "wire/route.h"

/* what a route should hold, kept the plain way */
struct model {
	struct tacit_address hops[TACIT_ROUTE_HOPS_MAX];
	size_t count;
	uint8_t bytes[TACIT_ROUTE_HOPS_MAX][TACIT_ADDRESS_LEN_MAX];
};

static void
check(const struct tacit_route *route, const struct model *model)
{
	struct tacit_route rest;
	struct tacit_address first;

	tacit_route_copy(&rest, route);
	assert_true(tacit_route_equal(&rest, route));
	for (size_t i = 0; i < model->count; i++) {
		assert_int_equal(rest.count, model->count - i);
		assert_true(tacit_route_first(&rest, &first));
		assert_true(tacit_address_equal(first, model->hops[i]));
		tacit_route_pop(&rest);
	}
	assert_int_equal(rest.count, 0);
	assert_int_equal(rest.len, 0);
	assert_false(tacit_route_first(&rest, &first));
	tacit_route_pop(&rest);
	assert_int_equal(rest.count, 0);
}

static void
check_encoding(const struct tacit_route *route)
{
	uint8_t bytes[TACIT_ROUTE_LEN_MAX + 1];
	struct tacit_route decoded;
	struct tacit_writer w;
	struct tacit_reader r;

	tacit_writer_init(&w, bytes, sizeof(bytes));
	tacit_route_encode(&w, route);
	assert_false(w.bad);
	assert_int_equal(w.len, tacit_route_encoded_len(route));
	tacit_reader_init(&r, bytes, w.len);
	tacit_route_decode(&r, &decoded);
	assert_true(tacit_reader_done(&r));
	assert_true(tacit_route_equal(&decoded, route));
}

static void
random_route(struct seeded *s, struct tacit_route *route, struct model *model)
{
	size_t hops = seeded_below(s, TACIT_ROUTE_HOPS_MAX + 1);

	tacit_route_init(route);
	model->count = 0;
	for (size_t i = 0; i < hops; i++) {
		struct tacit_address hop = {(uint8_t)seeded_next(s), model->bytes[i],
		    seeded_below(s, seeded_below(s, 4) == 0 ? TACIT_ADDRESS_LEN_MAX + 1 : 40)};
		bool front = seeded_below(s, 2) == 0;
		tacit_err err;

		seeded_fill(s, model->bytes[i], hop.len);
		err = front ? tacit_route_prepend(route, hop) : tacit_route_append(route, hop);
		if (err != TACIT_OK) {
			assert_int_equal(err, TACIT_ELIMIT);
			continue;
		}
		if (front)
			memmove(model->hops + 1, model->hops, model->count * sizeof(hop));
		model->hops[front ? 0 : model->count] = hop;
		model->count++;
	}
}

static void
routes_keep_what_is_put_in(void **state)
{
	struct seeded s = {3};
	struct tacit_route route;
	struct model model;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		random_route(&s, &route, &model);
		check(&route, &model);
		check_encoding(&route);
	}
}

static void
routes_join(void **state)
{
	struct seeded s = {4};
	struct tacit_route a, b, joined;
	struct model model_a, model_b;
	size_t refused = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		random_route(&s, &a, &model_a);
		random_route(&s, &b, &model_b);
		tacit_route_copy(&joined, &a);
		if (tacit_route_append_route(&joined, &b) != TACIT_OK) {
			assert_true(a.count + b.count > (int)TACIT_ROUTE_HOPS_MAX ||
				    a.len + b.len > (int)TACIT_ROUTE_LEN_MAX);
			assert_true(tacit_route_equal(&joined, &a));
			refused++;
			continue;
		}
		memcpy(model_a.hops + model_a.count, model_b.hops,
		    model_b.count * sizeof(model_b.hops[0]));
		model_a.count += model_b.count;
		check(&joined, &model_a);
	}
	assert_in_range(refused, 1, 2999);
}

static void
limits_hold_and_leave_the_route_alone(void **state)
{
	static uint8_t name[TACIT_ADDRESS_LEN_MAX + 1];
	struct tacit_address longest = {0, name, TACIT_ADDRESS_LEN_MAX};
	struct tacit_address too_long = {0, name, TACIT_ADDRESS_LEN_MAX + 1};
	struct tacit_address fits = {0, name, TACIT_ROUTE_LEN_MAX - 303 - 3};
	struct tacit_route route, before;

	(void)state;
	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, too_long), TACIT_ELIMIT);
	assert_int_equal(route.count, 0);
	assert_int_equal(tacit_route_append(&route, longest), TACIT_OK);
	tacit_route_copy(&before, &route);
	fits.len++;
	assert_int_equal(tacit_route_prepend(&route, fits), TACIT_ELIMIT);
	assert_true(tacit_route_equal(&route, &before));
	fits.len--;
	assert_int_equal(tacit_route_prepend(&route, fits), TACIT_OK);
	assert_int_equal(route.len, TACIT_ROUTE_LEN_MAX);

	tacit_route_init(&route);
	for (unsigned i = 0; i < TACIT_ROUTE_HOPS_MAX; i++)
		assert_int_equal(tacit_route_append(&route, tacit_address_worker("w")), TACIT_OK);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("w")), TACIT_ELIMIT);
	assert_int_equal(tacit_route_prepend(&route, tacit_address_worker("w")), TACIT_ELIMIT);
	assert_int_equal(route.count, TACIT_ROUTE_HOPS_MAX);
}

static bool
decodes(const void *bytes, size_t len, struct tacit_route *ret)
{
	struct tacit_reader r;

	tacit_reader_init(&r, bytes, len);
	tacit_route_decode(&r, ret);
	if (r.bad)
		assert_true(ret->count == 0 && ret->len == 0);
	return !r.bad;
}

static void
decoding_bounds(void **state)
{
	uint8_t bytes[1000] = {0};
	struct tacit_route route, same;

	(void)state;
	/* 12 hops without a name, and 13 */
	bytes[0] = TACIT_ROUTE_HOPS_MAX;
	assert_true(decodes(bytes, 25, &route));
	assert_int_equal(route.count, TACIT_ROUTE_HOPS_MAX);
	bytes[0] = TACIT_ROUTE_HOPS_MAX + 1;
	assert_false(decodes(bytes, sizeof(bytes), &route));
	/* a name of 300, and of 301 */
	memcpy(bytes, "\x01\x00\xac\x02", 4);
	assert_true(decodes(bytes, sizeof(bytes), &route));
	bytes[2]++;
	assert_false(decodes(bytes, sizeof(bytes), &route));
	/* 2^64 - 1 hops */
	assert_false(decodes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &route));
	/* numbers that are longer than they must be mean the same */
	assert_true(decodes("\x81\x00\x00\x83\x80\x00"
			    "app",
	    9, &route));
	assert_true(decodes("\x01\x00\x03"
			    "app",
	    6, &same));
	assert_true(tacit_route_equal(&route, &same));
}

static void
damaged(void *arg, enum damage_kind kind, size_t index, const uint8_t *bytes, size_t len)
{
	struct tacit_route route;
	bool good = decodes(bytes, len, &route);

	(void)arg;
	(void)index;
	if (kind == DAMAGE_TRUNCATED)
		assert_false(good);
	if (good)
		check_encoding(&route);
}

static void
damaged_routes(void **state)
{
	uint8_t bytes[TACIT_ROUTE_LEN_MAX + 1];
	struct seeded s = {5};
	struct tacit_route route;
	struct model model;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct tacit_writer w;

		random_route(&s, &route, &model);
		tacit_writer_init(&w, bytes, sizeof(bytes));
		tacit_route_encode(&w, &route);
		damage_each(bytes, w.len, damaged, NULL);
	}
}

static void
addresses_are_read(void **state)
{
	struct tacit_address address;

	(void)state;
	assert_int_equal(tacit_address_parse("1#127.0.0.1:4000", &address), TACIT_OK);
	assert_int_equal(address.type, TACIT_ADDRESS_TCP);
	assert_int_equal(address.len, 14);
	assert_memory_equal(address.bytes, "127.0.0.1:4000", 14);
	assert_int_equal(tacit_address_parse("echoer", &address), TACIT_OK);
	assert_true(tacit_address_equal(address, tacit_address_worker("echoer")));
	assert_false(tacit_address_equal(address, tacit_address_worker("echoes")));
	assert_false(tacit_address_equal(address, tacit_address_worker("echo")));
	assert_int_equal(tacit_address_parse("0#echoer", &address), TACIT_OK);
	assert_true(tacit_address_equal(address, tacit_address_worker("echoer")));
	assert_int_equal(tacit_address_parse("255#x", &address), TACIT_OK);
	assert_int_equal(address.type, 255);
	assert_false(tacit_address_equal(address, tacit_address_worker("x")));
}

static void
addresses_are_refused(void **state)
{
	static const char *const bad[] = {
	    "", "#", "#x", "1#", "256#x", "0001#x", "-1#x", "a#x", " 1#x", "1#a#b", "+1#x"};
	char text[TACIT_ADDRESS_LEN_MAX + 4];
	struct tacit_address address;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tacit_address_parse(bad[i], &address), TACIT_EFORMAT);
	memset(text, 'x', sizeof(text));
	memcpy(text, "1#", 2);
	text[2 + TACIT_ADDRESS_LEN_MAX + 1] = '\0';
	assert_int_equal(tacit_address_parse(text, &address), TACIT_EFORMAT);
	text[2 + TACIT_ADDRESS_LEN_MAX] = '\0';
	assert_int_equal(tacit_address_parse(text, &address), TACIT_OK);
}

static void
routes_are_printed(void **state)
{
	static const char expected[] = "1#127.0.0.1:4000 => echoer => 240#a\\x00\\x7f b";
	struct tacit_address odd = {TACIT_ADDRESS_INPROC, (const uint8_t *)"a\0\x7f b", 5};
	struct tacit_address address;
	struct tacit_route route;
	char text[100];

	(void)state;
	tacit_route_init(&route);
	tacit_route_format(&route, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(tacit_address_parse("1#127.0.0.1:4000", &address), TACIT_OK);
	assert_int_equal(tacit_route_append(&route, address), TACIT_OK);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("echoer")), TACIT_OK);
	assert_int_equal(tacit_route_append(&route, odd), TACIT_OK);
	for (size_t cap = 1; cap < sizeof(text); cap++) {
		size_t len = cap <= strlen(expected) ? cap - 1 : strlen(expected);

		memset(text, '?', sizeof(text));
		tacit_route_format(&route, text, cap);
		assert_int_equal(strlen(text), len);
		assert_memory_equal(text, expected, len);
	}
	text[0] = '?';
	tacit_route_format(&route, text, 0);
	assert_int_equal(text[0], '?');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(routes_keep_what_is_put_in),
	    cmocka_unit_test(routes_join),
	    cmocka_unit_test(limits_hold_and_leave_the_route_alone),
	    cmocka_unit_test(decoding_bounds),
	    cmocka_unit_test(damaged_routes),
	    cmocka_unit_test(addresses_are_read),
	    cmocka_unit_test(addresses_are_refused),
	    cmocka_unit_test(routes_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
