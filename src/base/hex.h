/*
 * base/hex.h: bytes as lower-case hex, and back.
 */
#ifndef TACIT_BASE_HEX_H
#define TACIT_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* writes 2 * len characters and a NUL */
void tacit_hex_encode(char *ret, const uint8_t *bytes, size_t len);
/* reads exactly 2 * len digits of either case, then the end of text; false otherwise */
bool tacit_hex_decode(uint8_t *ret, size_t len, const char *text);

#endif
