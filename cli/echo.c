/*
 * tacit echo: sends back what comes, for trying a path out.
 */
#include "cli.h"
#include "party.h"

/* clang-format off */
static const char usage[] =
    "usage: tacit echo --trust WHOM [--hub HOST:PORT[,HOST:PORT...]] [OPTION]...\n"
    "\n"
    "Prints an invitation, and sends back whatever comes through a channel, until Ctrl-C.\n"
    "\n"
    "  --hub HOST:PORT       where the hub is (127.0.0.1:4000); more with commas between\n"
    "  --trust WHOM          who may come: ID[,ID...], a FILE of identifiers, first[:LABEL] to\n"
    "                        remember the first one and let nobody else in, or everyone\n"
    TACIT_CLI_IDENTITY_USAGE
    "  --timeout TIME        a far end is called silent after this (60s)\n"
    TACIT_CLI_REPORT_USAGE
    "\n"
    "example: tacit echo --trust everyone\n";
/* clang-format on */

static const struct tacit_cli_command command = {
    .name = "echo",
    .usage = usage,
    .invites = true,
    .stdout_is_data = true,
    .endless = true,
    .operands = "it takes options only",
};

int
tacit_cli_echo(int argc, char **argv)
{
	struct tacit_cli_party party;

	if (!tacit_cli_party_parse(&party, &command, argc, argv))
		return STATUS_USAGE;
	if (tacit_cli_party_start(&party)) {
		tacit_cli_echo_start(&party);
		if (tacit_cli_party_invite(&party))
			(void)tacit_node_run(party.node);
	}
	return tacit_cli_party_end(&party);
}
