#include "units.h"

#include <stddef.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t size;
};

/* digits, and one of the units behind them; the last one has no name */
static bool
parse(const char *text, const struct unit *units, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (number > (UINT64_MAX - 9) / 10)
			return false;
		number = 10 * number + (uint64_t)(*at - '0');
	}
	while (strcmp(at, units->name) != 0 && units->name[0] != '\0')
		units++;
	if (at == text || strcmp(at, units->name) != 0 || number > max / units->size)
		return false;
	*ret = number * units->size;
	return true;
}

bool
tacit_cli_duration(const char *text, uint64_t max_ms, uint64_t *ret_ms)
{
	static const struct unit units[] = {
	    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"", 1000}};

	return parse(text, units, max_ms, ret_ms);
}

bool
tacit_cli_size(const char *text, uint64_t max, uint64_t *ret)
{
	static const struct unit units[] = {
	    {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}};

	return parse(text, units, max, ret);
}

bool
tacit_cli_count(const char *text, uint64_t max, uint64_t *ret)
{
	static const struct unit units[] = {{"", 1}};

	return parse(text, units, max, ret);
}
