/*
 * cli/units.h: quantities as people write them.
 */
#ifndef TACIT_CLI_UNITS_H
#define TACIT_CLI_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* `500ms`, `60s`, `2m`, `1h`; a bare number is seconds.  False: it is none, or beyond max_ms */
bool tacit_cli_duration(const char *text, uint64_t max_ms, uint64_t *ret_ms);
/* `100`, `60K`, `1M`, `2G`, by 1,024.  False: it is none, or beyond max */
bool tacit_cli_size(const char *text, uint64_t max, uint64_t *ret);
/* a number without a unit */
bool tacit_cli_count(const char *text, uint64_t max, uint64_t *ret);

#endif
