#include "whom.h"

#include <string.h>

#define FIRST "first"

bool
tacit_cli_whom_is_first(const char *whom)
{
	size_t len = strlen(FIRST);

	return strncmp(whom, FIRST, len) == 0 && (whom[len] == '\0' || whom[len] == ':');
}

/* P and hex digits, perhaps too few of them, perhaps more behind a comma, or a blank too many */
static bool
looks_like_identifiers(const char *whom)
{
	size_t len = whom[0] == 'P' ? strspn(whom + 1, "0123456789abcdefABCDEF") : 0;

	return whom[0] == 'P' && (whom[1 + len] == '\0' || strchr(", \n", whom[1 + len]) != NULL);
}

const struct tacit_trust *
tacit_cli_whom_trust(
    struct tacit_node *node, const char *whom, const char *memory, const char *label)
{
	if (strcmp(whom, "everyone") == 0)
		return tacit_trust_everyone(node);
	if (tacit_cli_whom_is_first(whom))
		return tacit_trust_first_seen(
		    node, memory, whom[strlen(FIRST)] == ':' ? whom + strlen(FIRST) + 1 : label);
	if (looks_like_identifiers(whom))
		return tacit_trust_exactly(node, whom, NULL);
	return tacit_trust_listed(node, whom);
}
