#include "base/reader.h"

#include <string.h>

void
tacit_reader_init(struct tacit_reader *r, const void *bytes, size_t len)
{
	r->next = bytes;
	r->left = len;
	r->bad = false;
}

const uint8_t *
tacit_reader_take(struct tacit_reader *r, size_t len)
{
	static const uint8_t nothing[1];
	const uint8_t *taken = r->next;

	if (r->bad || len > r->left) {
		tacit_reader_fail(r);
		return NULL;
	}
	if (len == 0)
		return taken != NULL ? taken : nothing;
	r->next += len;
	r->left -= len;
	return taken;
}

void
tacit_reader_copy(struct tacit_reader *r, void *ret, size_t len)
{
	const uint8_t *bytes = tacit_reader_take(r, len);

	if (bytes != NULL)
		memcpy(ret, bytes, len);
	else
		memset(ret, 0, len);
}

static uint64_t
big_endian(struct tacit_reader *r, size_t len)
{
	const uint8_t *bytes = tacit_reader_take(r, len);
	uint64_t value = 0;

	for (size_t i = 0; bytes != NULL && i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

uint8_t
tacit_reader_u8(struct tacit_reader *r)
{
	return (uint8_t)big_endian(r, 1);
}

uint16_t
tacit_reader_be16(struct tacit_reader *r)
{
	return (uint16_t)big_endian(r, 2);
}

uint32_t
tacit_reader_be32(struct tacit_reader *r)
{
	return (uint32_t)big_endian(r, 4);
}

uint64_t
tacit_reader_be64(struct tacit_reader *r)
{
	return big_endian(r, 8);
}

void
tacit_reader_fail(struct tacit_reader *r)
{
	r->bad = true;
	r->left = 0;
}

bool
tacit_reader_done(const struct tacit_reader *r)
{
	return !r->bad && r->left == 0;
}
