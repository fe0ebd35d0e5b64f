#include "wire/bare.h"

#include <string.h>

uint64_t
tacit_bare_read_uint(struct tacit_reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = tacit_reader_u8(r);

		/* the tenth byte has one bit to give (PROTOCOL.md 1.1) */
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return r->bad ? 0 : value;
	}
	tacit_reader_fail(r);
	return 0;
}

void
tacit_bare_write_uint(struct tacit_writer *w, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		tacit_writer_u8(w, (uint8_t)(0x80 | (value & 0x7f)));
	tacit_writer_u8(w, (uint8_t)value);
}

size_t
tacit_bare_uint_len(uint64_t value)
{
	size_t len = 1;

	for (; value > 0x7f; value >>= 7)
		len++;
	return len;
}

struct tacit_slice
tacit_bare_read_data(struct tacit_reader *r)
{
	static const uint8_t nothing[1];
	uint64_t len = tacit_bare_read_uint(r);
	const uint8_t *bytes = NULL;

	if (len > r->left)
		tacit_reader_fail(r);
	else
		bytes = tacit_reader_take(r, (size_t)len);
	if (bytes == NULL)
		return (struct tacit_slice){nothing, 0};
	return (struct tacit_slice){bytes, (size_t)len};
}

void
tacit_bare_write_data(struct tacit_writer *w, const void *bytes, size_t len)
{
	tacit_bare_write_uint(w, len);
	tacit_writer_put(w, bytes, len);
}

void
tacit_bare_write_text(struct tacit_writer *w, const char *text)
{
	tacit_bare_write_data(w, text, strlen(text));
}

bool
tacit_slice_is(struct tacit_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.bytes, text, slice.len) == 0;
}

bool
tacit_bare_read_present(struct tacit_reader *r)
{
	return tacit_reader_u8(r) != 0;
}

uint64_t
tacit_bare_read_u64(struct tacit_reader *r)
{
	uint8_t bytes[8];
	uint64_t value = 0;

	tacit_reader_copy(r, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

void
tacit_bare_write_u64(struct tacit_writer *w, uint64_t value)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	tacit_writer_put(w, bytes, sizeof(bytes));
}
