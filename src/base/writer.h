/*
 * base/writer.h: a sticky cursor that writes into the caller's bytes.
 *
 * Writing past the end writes nothing more and marks the writer bad; an encoder writes its whole
 * table and asks once, at the end.
 */
#ifndef TACIT_BASE_WRITER_H
#define TACIT_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tacit_writer {
	uint8_t *bytes; /* the caller's, kept */
	size_t len;     /* bytes written */
	size_t cap;     /* bytes there are */
	bool bad;       /* something did not fit */
};

void tacit_writer_init(struct tacit_writer *w, void *bytes, size_t cap);

/* room for len bytes, counted as written, or NULL and bad */
uint8_t *tacit_writer_reserve(struct tacit_writer *w, size_t len);
void tacit_writer_put(struct tacit_writer *w, const void *bytes, size_t len);
void tacit_writer_u8(struct tacit_writer *w, uint8_t value);
void tacit_writer_be16(struct tacit_writer *w, uint16_t value);
void tacit_writer_be32(struct tacit_writer *w, uint32_t value);
void tacit_writer_be64(struct tacit_writer *w, uint64_t value);

#endif
