#include "base/writer.h"

#include <string.h>

void
tacit_writer_init(struct tacit_writer *w, void *bytes, size_t cap)
{
	w->bytes = bytes;
	w->len = 0;
	w->cap = cap;
	w->bad = false;
}

uint8_t *
tacit_writer_reserve(struct tacit_writer *w, size_t len)
{
	uint8_t *room = w->bytes + w->len;

	if (w->bad || len > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	w->len += len;
	return room;
}

void
tacit_writer_put(struct tacit_writer *w, const void *bytes, size_t len)
{
	uint8_t *room = tacit_writer_reserve(w, len);

	if (room != NULL && len > 0)
		memcpy(room, bytes, len);
}

static void
big_endian(struct tacit_writer *w, uint64_t value, size_t len)
{
	uint8_t *room = tacit_writer_reserve(w, len);

	for (size_t i = 0; room != NULL && i < len; i++)
		room[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

void
tacit_writer_u8(struct tacit_writer *w, uint8_t value)
{
	big_endian(w, value, 1);
}

void
tacit_writer_be16(struct tacit_writer *w, uint16_t value)
{
	big_endian(w, value, 2);
}

void
tacit_writer_be32(struct tacit_writer *w, uint32_t value)
{
	big_endian(w, value, 4);
}

void
tacit_writer_be64(struct tacit_writer *w, uint64_t value)
{
	big_endian(w, value, 8);
}
