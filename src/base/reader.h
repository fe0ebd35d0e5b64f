/*
 * base/reader.h: a sticky cursor over borrowed bytes.
 *
 * Reading past the end gives zeros and marks the reader bad; a decoder reads its whole table and
 * asks once, at the end.  Nothing is copied: slices point into the input.
 */
#ifndef TACIT_BASE_READER_H
#define TACIT_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tacit_reader {
	const uint8_t *next; /* first byte not read */
	size_t left;         /* bytes from there to the end */
	bool bad;            /* a read went past the end, or a decoder said so */
};

void tacit_reader_init(struct tacit_reader *r, const void *bytes, size_t len);

/* the next len bytes, or NULL and bad; len 0 gives a pointer that is not NULL */
const uint8_t *tacit_reader_take(struct tacit_reader *r, size_t len);
/* the same, copied; zeros when bad */
void tacit_reader_copy(struct tacit_reader *r, void *ret, size_t len);
uint8_t tacit_reader_u8(struct tacit_reader *r);
uint16_t tacit_reader_be16(struct tacit_reader *r);
uint32_t tacit_reader_be32(struct tacit_reader *r);
uint64_t tacit_reader_be64(struct tacit_reader *r);
/* marks the reader bad and empties it: for a decoder that met a value out of range */
void tacit_reader_fail(struct tacit_reader *r);
/* true when nothing went wrong and every byte was read */
bool tacit_reader_done(const struct tacit_reader *r);

#endif
