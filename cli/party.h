/*
 * cli/party.h: one end of a channel as a command line describes it: what receive, send, echo and
 * ping share.
 *
 *	static const struct tacit_cli_command command = {.name = "send", .usage = usage, ...};
 *	struct tacit_cli_party party;
 *
 *	if (!tacit_cli_party_parse(&party, &command, argc, argv))
 *		return STATUS_USAGE;
 *	tacit_cli_party_start(&party);
 *	tacit_cli_party_join(&party, party.operands[0]);
 *	... while (tacit_cli_party_good(&party)) ...
 *	return tacit_cli_party_end(&party);
 *
 * As with a node, after the first failure each call does nothing.  Failures are said once: what
 * the node remembers at the end, all others when they happen.
 */
#ifndef TACIT_CLI_PARTY_H
#define TACIT_CLI_PARTY_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli.h"
#include "identity_file.h"
#include "report.h"
#include "tacit/tacit.h"

/* from here on long options without a letter are the command's own */
#define TACIT_CLI_OWN_OPTION 512

/* lines of a usage for the options that all of them have */
#define TACIT_CLI_IDENTITY_USAGE                                                          \
	"  --identity FILE       who this is (a fresh identity, as long as it runs)\n"    \
	"  --passphrase-file F   what opens that file; otherwise the terminal is asked\n" \
	"  --no-passphrase       that file has none\n"                                    \
	"  --known FILE          where peers are remembered, with --identity\n"           \
	"                        (tacit/known-peers in the data folder by XDG rules)\n"
#define TACIT_CLI_REPORT_USAGE                                                           \
	"  -q, -v, --json        say less; say more; say it as JSON, an object a line\n" \
	"  --help                say this\n"

struct tacit_cli_command {
	const char *name;
	const char *usage;
	bool invites;        /* --hub is there, and --trust has to be given; otherwise it joins */
	bool stdout_is_data; /* reports of JSON go to standard error */
	bool endless;        /* ends by a signal only: then that is no failure */
	int operands_min, operands_max;
	const char *operands; /* as the usage calls them: said when there are too few or too many */
	/* its own options, ended by zeros, and the letters among them as getopt wants them (`c:s:`);
	 * NULL: none.  take gets the option's val and its value (or NULL); false: said why not */
	const struct option *options;
	const char *letters;
	bool (*take)(void *arg, int option, const char *value);
	void *arg;
	/* what the end of the followed channel is to this command, whatever the cause:
	 * STATUS_TRUNCATED, or STATUS_OK: its cause's own status */
	int end_status;
};

struct tacit_cli_party {
	const struct tacit_cli_command *command;
	struct tacit_cli_report report;

	/* what the options say */
	const char *hubs;
	struct tacit_cli_identity_file identity; /* path NULL: a fresh identity */
	const char *whom;                        /* --trust; NULL: whom the invitation names */
	const char *known;                       /* NULL: the default */
	unsigned timeout_ms;                     /* of a silent far end; 0: for ever */
	char **operands;
	int operand_count;

	/* what was made of them: by start */
	struct tacit_node *node;
	struct tacit_entity *entity;
	const struct tacit_trust *trust; /* of a joining party without --trust: by join */
	/* by invite and join */
	struct tacit_stream *stream;
	struct tacit_listener *listener; /* invite's */
	struct tacit_channel *channel;   /* join's, followed */

	/* called for every event of the listener's channels, and of join's from its making on, when
	 * the party has said what there is to say.  NULL: nobody.  To be set before invite or join */
	tacit_channel_watch watch;
	void *watch_arg;

	int status;                    /* with which the command ends; STATUS_OK so far */
	char said[TACIT_CLI_LINE_MAX]; /* the node's last warning, if it was printed as words */

	/* the party's own: the followed channel, and the clock that looks at it and at the hub.  Times
	 * are tacit_cli_now_ms's */
	char followed[128];
	bool opening; /* it is not yet there */
	bool silent, lost;
	bool hub_away, hub_missed; /* missed: and said so */
	uint64_t hub_since;        /* since when it is away, or there */
	bool overdue;              /* the far end is; the hub had given so many answers then, */
	unsigned long long answers;
	uint64_t answered_at; /* and one more at this time; 0: not yet */
};

/* milliseconds of a clock that only goes on */
uint64_t tacit_cli_now_ms(void);

/*
 * tacit_cli_party_parse: takes the command line apart; nothing is made yet.  --help ends the
 * process.  False: said why not, and how to call it.
 */
bool tacit_cli_party_parse(
    struct tacit_cli_party *party, const struct tacit_cli_command *command, int argc, char **argv);

/* the node with its log and signals, the identity (which may ask for a passphrase), the memory of
 * peers and whom to trust; false: failed */
bool tacit_cli_party_start(struct tacit_cli_party *party);

/*
 * tacit_cli_party_invite: makes two streams named after the command, starts `listener`, and prints
 * the invitation when both streams are open.  Workers that far ends may talk to are started before.
 * tacit_cli_party_join: opens the channel to whom the invitation invites, and follows it.  Blanks
 * and newlines around the invitation do not count.
 *
 * False: failed.
 */
bool tacit_cli_party_invite(struct tacit_cli_party *party);
bool tacit_cli_party_join(struct tacit_cli_party *party, const char *invitation);

/*
 * tacit_cli_party_follow: from now on the party depends on the channel with this address text
 * (tacit_channel_address, tacit_msg_channel; copied): when it ends, or is silent for longer than
 * --timeout while the hub answers, the party fails with command->end_status or the cause's status,
 * and the node is stopped, so that whatever waits returns.  NULL: it depends on none any more, for
 * instance because all is done.
 *
 * A node that is stopped still sends what handlers and tacit_send give it, and closes channels.
 */
void tacit_cli_party_follow(struct tacit_cli_party *party, const char *address);

/* nothing failed, and nobody stopped it */
bool tacit_cli_party_good(const struct tacit_cli_party *party);

/* says why the command fails, and remembers its status: the first one counts and is printed, later
 * ones are not.  Returns false, for `return` of who calls it */
bool tacit_cli_party_fail(struct tacit_cli_party *party, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* the status that an error ends a command with */
int tacit_cli_status_of(tacit_err err);

/*
 * tacit_cli_party_end: closes the joined channel, unless it is lost; says what the node remembers,
 * or that a signal stopped it; frees the node and all that was made.
 *
 * Returns the status of the command.
 */
int tacit_cli_party_end(struct tacit_cli_party *party);

/* the worker `echoer`, which sends back whatever comes through a channel; says so with -v */
void tacit_cli_echo_start(struct tacit_cli_party *party);

#endif
