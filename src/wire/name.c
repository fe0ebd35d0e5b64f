#include "wire/name.h"

#include <string.h>

#include "base/limits.h"

static bool
is_allowed(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static bool
all_allowed(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_allowed(bytes[i]))
			return false;
	}
	return true;
}

bool
tacit_name_check(const void *bytes, size_t len)
{
	if (len == 0 || len > TACIT_NAME_LEN_MAX || !all_allowed(bytes, len))
		return false;
	if (len <= 2 && memcmp(bytes, "..", len) == 0)
		return false;
	return len < 2 || memcmp(bytes, "__", 2) != 0;
}

bool
tacit_client_id_check(const void *bytes, size_t len)
{
	return len > 0 && len <= TACIT_CLIENT_ID_LEN_MAX && all_allowed(bytes, len);
}
