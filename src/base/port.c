#include "base/port.h"

#include "base/hex.h"
#include "base/memory.h"

void
tacit_random_hex(const struct tacit_random *random, char *ret, size_t len)
{
	uint8_t bytes[16];

	tacit_assert(len <= sizeof(bytes));
	tacit_random_fill(random, bytes, len);
	tacit_hex_encode(ret, bytes, len);
}
