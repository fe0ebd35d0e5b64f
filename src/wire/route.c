#include "wire/route.h"

#include <string.h>

#include "wire/bare.h"

struct tacit_address
tacit_address_worker(const char *name)
{
	return (struct tacit_address){TACIT_ADDRESS_WORKER, (const uint8_t *)name, strlen(name)};
}

bool
tacit_address_equal(struct tacit_address a, struct tacit_address b)
{
	return a.type == b.type && a.len == b.len &&
	       (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

/* 0 to 255, of at most three digits, all the text before end */
static bool
parse_type(const char *text, const char *end, uint8_t *ret)
{
	unsigned type = 0;

	if (text == end || end - text > 3)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		type = type * 10 + (unsigned)(*text - '0');
	}
	if (type > UINT8_MAX)
		return false;
	*ret = (uint8_t)type;
	return true;
}

tacit_err
tacit_address_parse(const char *text, struct tacit_address *ret)
{
	const char *mark = strchr(text, '#');
	const char *name = mark != NULL ? mark + 1 : text;
	uint8_t type = TACIT_ADDRESS_WORKER;
	size_t len = strlen(name);

	if (mark != NULL && (!parse_type(text, mark, &type) || strchr(name, '#') != NULL))
		return TACIT_EFORMAT;
	if (len == 0 || len > TACIT_ADDRESS_LEN_MAX)
		return TACIT_EFORMAT;
	*ret = (struct tacit_address){type, (const uint8_t *)name, len};
	return TACIT_OK;
}

void
tacit_route_init(struct tacit_route *route)
{
	route->count = 0;
	route->len = 0;
}

void
tacit_route_copy(struct tacit_route *ret, const struct tacit_route *route)
{
	if (ret == route)
		return;
	ret->count = route->count;
	ret->len = route->len;
	memcpy(ret->bytes, route->bytes, route->len);
}

bool
tacit_route_equal(const struct tacit_route *a, const struct tacit_route *b)
{
	return a->count == b->count && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static struct tacit_address
read_address(struct tacit_reader *r)
{
	uint8_t type = tacit_reader_u8(r);
	struct tacit_slice name = tacit_bare_read_data(r);

	return (struct tacit_address){type, name.bytes, name.len};
}

bool
tacit_route_first(const struct tacit_route *route, struct tacit_address *ret)
{
	struct tacit_reader r;

	if (route->count == 0)
		return false;
	tacit_reader_init(&r, route->bytes, route->len);
	*ret = read_address(&r);
	return !r.bad;
}

void
tacit_route_pop(struct tacit_route *route)
{
	struct tacit_reader r;

	if (route->count == 0)
		return;
	tacit_reader_init(&r, route->bytes, route->len);
	(void)read_address(&r);
	memmove(route->bytes, r.next, r.left);
	route->len = (uint16_t)r.left;
	route->count--;
}

static size_t
address_len(struct tacit_address address)
{
	return 1 + tacit_bare_uint_len(address.len) + address.len;
}

/* puts the address at offset, in front of what is there */
static tacit_err
insert(struct tacit_route *route, size_t offset, struct tacit_address address)
{
	struct tacit_writer w;
	size_t len;

	if (address.len > TACIT_ADDRESS_LEN_MAX || route->count >= TACIT_ROUTE_HOPS_MAX)
		return TACIT_ELIMIT;
	len = address_len(address);
	if (len > sizeof(route->bytes) - route->len)
		return TACIT_ELIMIT;
	memmove(route->bytes + offset + len, route->bytes + offset, route->len - offset);
	tacit_writer_init(&w, route->bytes + offset, len);
	tacit_writer_u8(&w, address.type);
	tacit_bare_write_data(&w, address.bytes, address.len);
	route->len = (uint16_t)(route->len + len);
	route->count++;
	return TACIT_OK;
}

tacit_err
tacit_route_append(struct tacit_route *route, struct tacit_address address)
{
	return insert(route, route->len, address);
}

tacit_err
tacit_route_prepend(struct tacit_route *route, struct tacit_address address)
{
	return insert(route, 0, address);
}

tacit_err
tacit_route_append_route(struct tacit_route *route, const struct tacit_route *tail)
{
	size_t len = tail->len; /* tail may be route itself */

	if (route->count + tail->count > (int)TACIT_ROUTE_HOPS_MAX ||
	    len > sizeof(route->bytes) - route->len)
		return TACIT_ELIMIT;
	memcpy(route->bytes + route->len, tail->bytes, len);
	route->count = (uint8_t)(route->count + tail->count);
	route->len = (uint16_t)(route->len + len);
	return TACIT_OK;
}

size_t
tacit_route_encoded_len(const struct tacit_route *route)
{
	return tacit_bare_uint_len(route->count) + route->len;
}

void
tacit_route_encode(struct tacit_writer *w, const struct tacit_route *route)
{
	tacit_bare_write_uint(w, route->count);
	tacit_writer_put(w, route->bytes, route->len);
}

void
tacit_route_decode(struct tacit_reader *r, struct tacit_route *ret)
{
	uint64_t count = tacit_bare_read_uint(r);

	tacit_route_init(ret);
	if (count > TACIT_ROUTE_HOPS_MAX)
		tacit_reader_fail(r);
	for (; count > 0 && !r->bad; count--) {
		struct tacit_address address = read_address(r);

		if (r->bad || tacit_route_append(ret, address) != TACIT_OK)
			tacit_reader_fail(r);
	}
	if (r->bad)
		tacit_route_init(ret);
}

/* a text that is cut where its space ends, and always ends in NUL */
struct text {
	char *bytes;
	size_t len, cap;
};

static void
put_char(struct text *text, char c)
{
	if (text->len + 1 < text->cap)
		text->bytes[text->len++] = c;
}

static void
put_text(struct text *text, const char *more)
{
	for (; *more != '\0'; more++)
		put_char(text, *more);
}

static void
put_type(struct text *text, unsigned type)
{
	if (type >= 100)
		put_char(text, (char)('0' + type / 100));
	if (type >= 10)
		put_char(text, (char)('0' + type / 10 % 10));
	put_char(text, (char)('0' + type % 10));
}

static void
put_address(struct text *text, struct tacit_address address)
{
	static const char digits[] = "0123456789abcdef";

	if (address.type != TACIT_ADDRESS_WORKER) {
		put_type(text, address.type);
		put_char(text, '#');
	}
	for (size_t i = 0; i < address.len; i++) {
		uint8_t byte = address.bytes[i];

		if (byte >= 0x20 && byte < 0x7f) {
			put_char(text, (char)byte);
		} else {
			put_text(text, "\\x");
			put_char(text, digits[byte >> 4]);
			put_char(text, digits[byte & 15]);
		}
	}
}

void
tacit_route_format(const struct tacit_route *route, char *ret, size_t cap)
{
	struct text text = {ret, 0, cap};
	struct tacit_reader r;

	if (cap == 0)
		return;
	tacit_reader_init(&r, route->bytes, route->len);
	for (unsigned i = 0; i < route->count; i++) {
		if (i > 0)
			put_text(&text, " => ");
		put_address(&text, read_address(&r));
	}
	ret[text.len] = '\0';
}
