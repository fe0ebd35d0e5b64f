/*
 * wire/bare.h: the part of BARE that the 2021 wire uses.  Source: PROTOCOL.md 1.1.
 *
 * Readers accept what the 2021 programs accept (varints that are not minimal); writers emit
 * minimal ones.  Slices borrow from the reader's input.
 */
#ifndef TACIT_WIRE_BARE_H
#define TACIT_WIRE_BARE_H

#include "base/reader.h"
#include "base/writer.h"

/* a borrowed byte string */
struct tacit_slice {
	const uint8_t *bytes;
	size_t len;
};

/* LEB128, at most 10 bytes and 64 bits */
uint64_t tacit_bare_read_uint(struct tacit_reader *r);
void tacit_bare_write_uint(struct tacit_writer *w, uint64_t value);
/* bytes that write_uint takes for value: 1 to 10 */
size_t tacit_bare_uint_len(uint64_t value);

/* `data` and `string`: uint length, then the bytes */
struct tacit_slice tacit_bare_read_data(struct tacit_reader *r);
void tacit_bare_write_data(struct tacit_writer *w, const void *bytes, size_t len);
void tacit_bare_write_text(struct tacit_writer *w, const char *text);
/* `data` that must equal text */
bool tacit_slice_is(struct tacit_slice slice, const char *text);

/* an `optional`'s first byte: 00 absent, anything else present */
bool tacit_bare_read_present(struct tacit_reader *r);
/* u64, little-endian */
uint64_t tacit_bare_read_u64(struct tacit_reader *r);
void tacit_bare_write_u64(struct tacit_writer *w, uint64_t value);

#endif
