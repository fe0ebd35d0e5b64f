/*
 * support/party.h: a party of the command line that has a node and nobody at the far end.  Stands in
 * for cli/party.c and cli/report.c: what they would say is kept.  One source file of a test includes
 * this; the linker does the rest.
 */
#ifndef TACIT_TESTS_PARTY_H
#define TACIT_TESTS_PARTY_H

#include "support/unit.h"

#include "cli/party.h"

static char party_failure[1024], party_warning[1024];

static inline void
party_init(struct tacit_cli_party *party)
{
	memset(party, 0, sizeof(*party));
	party_failure[0] = party_warning[0] = '\0';
	assert_non_null(party->node = tacit_node_new());
}

/* nothing failed that the test does not know of */
static inline void
party_fini(struct tacit_cli_party *party)
{
	assert_int_equal(tacit_node_err(party->node), TACIT_OK);
	tacit_node_free(party->node);
}

/* the command ends with 1, and says this */
static inline void
party_assert_failed(const struct tacit_cli_party *party, const char *text)
{
	assert_int_equal(party->status, STATUS_FAILED);
	assert_string_equal(party_failure, text);
}

bool
tacit_cli_party_good(const struct tacit_cli_party *party)
{
	return party->status == STATUS_OK && tacit_node_err(party->node) == TACIT_OK &&
	       !tacit_node_stopped(party->node);
}

bool
tacit_cli_party_fail(struct tacit_cli_party *party, int status, const char *format, ...)
{
	va_list list;

	assert_int_equal(party->status, STATUS_OK);
	party->status = status;
	va_start(list, format);
	vsnprintf(party_failure, sizeof(party_failure), format, list);
	va_end(list);
	return false;
}

void
tacit_cli_report_warning(struct tacit_cli_report *report, const char *format, ...)
{
	va_list list;

	(void)report;
	va_start(list, format);
	vsnprintf(party_warning, sizeof(party_warning), format, list);
	va_end(list);
}

#endif
