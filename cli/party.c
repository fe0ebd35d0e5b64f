#include "party.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "data_folder.h"
#include "units.h"
#include "whom.h"

#define TEXT_LEN_MAX 2048
#define OPTIONS_MAX  32

/* whoever presses Ctrl-C does not wait for a far end that stands still */
#define HURRY_MS 2000u

#define TIMEOUT_MS     60000
#define TIMEOUT_MIN_MS 1000

uint64_t
tacit_cli_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* the command line ------------------------------------------------------------------------------ */

enum {
	PASSPHRASE_FILE = 256,
	NO_PASSPHRASE,
	PASSPHRASE,
	IDENTITY,
	TRUST,
	KNOWN,
	TIMEOUT,
	JSON,
	HUB,
};

static const struct option common[] = {
    {"identity", required_argument, NULL, IDENTITY},
    {"passphrase-file", required_argument, NULL, PASSPHRASE_FILE},
    {"no-passphrase", no_argument, NULL, NO_PASSPHRASE},
    /* it would be short for the first */
    {"passphrase", optional_argument, NULL, PASSPHRASE},
    {"trust", required_argument, NULL, TRUST},
    {"known", required_argument, NULL, KNOWN},
    {"timeout", required_argument, NULL, TIMEOUT},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};
static const struct option invites[] = {
    {"hub", required_argument, NULL, HUB},
    {NULL, 0, NULL, 0},
};

static void
append(struct option all[OPTIONS_MAX], const struct option *more)
{
	size_t count = 0;

	while (all[count].name != NULL)
		count++;
	for (; more != NULL && more->name != NULL && count + 1 < OPTIONS_MAX; more++)
		all[count++] = *more;
}

static bool
take_timeout(struct tacit_cli_party *party, const char *value)
{
	uint64_t ms;

	if (!tacit_cli_duration(value, UINT_MAX, &ms) || (ms > 0 && ms < TIMEOUT_MIN_MS)) {
		tacit_cli_complain(party->command->name,
		    "--timeout %s: that is no time from 1s on (30s, 2m, 1h), and not 0, which is "
		    "for ever",
		    value);
		return false;
	}
	party->timeout_ms = (unsigned)ms;
	return true;
}

/* an option that is none, or that stands alone */
static bool
take_none(struct tacit_cli_party *party, int option, const char *word)
{
	const char *name = party->command->name;

	if (option == PASSPHRASE)
		tacit_cli_complain(name,
		    "everybody can read a command line: no passphrase is taken from there; use "
		    "--passphrase-file FILE");
	else
		tacit_cli_complain(name,
		    option == ':' ? "%s wants a value; see tacit %s --help"
				  : "unknown option %s; see tacit %s --help",
		    word, name);
	return false;
}

/* one option; false: said why not */
static bool
take(struct tacit_cli_party *party, int option, char *value, const char *word)
{
	switch (option) {
	case HUB:
		party->hubs = value;
		return true;
	case IDENTITY:
		party->identity.path = value;
		return true;
	case PASSPHRASE_FILE:
		party->identity.passphrase_file = value;
		return true;
	case NO_PASSPHRASE:
		party->identity.no_passphrase = true;
		return true;
	case TRUST:
		party->whom = value;
		return true;
	case KNOWN:
		party->known = value;
		return true;
	case TIMEOUT:
		return take_timeout(party, value);
	case JSON:
		party->report.json = true;
		return true;
	case 'q':
		party->report.quiet = true;
		return true;
	case 'v':
		party->report.verbose = true;
		return true;
	case ':':
	case '?':
	case PASSPHRASE:
		return take_none(party, option, word);
	default:
		return party->command->take(party->command->arg, option, value);
	}
}

/* what the options mean together; NULL: they do */
static const char *
contradiction(const struct tacit_cli_party *party)
{
	const struct tacit_cli_identity_file *identity = &party->identity;

	if (party->operand_count < party->command->operands_min ||
	    party->operand_count > party->command->operands_max)
		return party->command->operands;
	if (party->command->invites && party->whom == NULL)
		return "say whom to talk to: --trust " TACIT_CLI_WHOM;
	if (identity->no_passphrase && identity->passphrase_file != NULL)
		return "--passphrase-file and --no-passphrase exclude each other";
	if (identity->path == NULL &&
	    (identity->no_passphrase || identity->passphrase_file != NULL))
		return "a passphrase is for a file: --identity FILE";
	if (party->whom != NULL && tacit_cli_whom_is_first(party->whom) && identity->path == NULL)
		return "--trust first remembers for an identity that stays: give --identity FILE";
	if (party->report.quiet && party->report.verbose)
		return "-q and -v exclude each other";
	return NULL;
}

bool
tacit_cli_party_parse(
    struct tacit_cli_party *party, const struct tacit_cli_command *command, int argc, char **argv)
{
	struct option all[OPTIONS_MAX] = {{NULL, 0, NULL, 0}};
	const char *wrong;
	char letters[32];
	int option;

	*party = (struct tacit_cli_party){
	    .command = command, .hubs = "127.0.0.1:4000", .timeout_ms = TIMEOUT_MS};
	party->report = (struct tacit_cli_report){
	    .name = command->name, .stdout_is_data = command->stdout_is_data};
	append(all, common);
	append(all, command->invites ? invites : NULL);
	append(all, command->options);
	snprintf(
	    letters, sizeof(letters), ":qvh%s", command->letters != NULL ? command->letters : "");
	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, all, NULL)) != -1) {
		if (option == 'h')
			tacit_cli_help(command->name, command->usage);
		const char *word = argv[optind - 1];

		/* an empty value is a variable of a shell that holds nothing */
		if (option >= PASSPHRASE_FILE && option < TACIT_CLI_OWN_OPTION && optarg != NULL &&
		    optarg[0] == '\0') {
			option = ':';
			word = word[0] == '\0' ? argv[optind - 2] : word;
		}
		if (!take(party, option, optarg, word))
			return false;
	}
	party->operands = argv + optind;
	party->operand_count = argc - optind;
	if ((wrong = contradiction(party)) != NULL)
		tacit_cli_complain(command->name, "%s; see tacit %s --help", wrong, command->name);
	return wrong == NULL;
}

/* failures -------------------------------------------------------------------------------------- */

bool
tacit_cli_party_good(const struct tacit_cli_party *party)
{
	return party->status == STATUS_OK && party->node != NULL &&
	       tacit_node_err(party->node) == TACIT_OK && !tacit_node_stopped(party->node);
}

bool
tacit_cli_party_fail(struct tacit_cli_party *party, int status, const char *format, ...)
{
	char text[TEXT_LEN_MAX];
	va_list list;

	if (party->status != STATUS_OK)
		return false;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	party->status = status;
	tacit_cli_report_error(&party->report, status, text);
	return false;
}

int
tacit_cli_status_of(tacit_err err)
{
	switch (err) {
	case TACIT_OK:
		return STATUS_OK;
	case TACIT_EINVAL:
		return STATUS_USAGE;
	case TACIT_EUNTRUSTED:
	case TACIT_EREFUSED:
	case TACIT_EAUTH:
		return STATUS_REFUSED;
	case TACIT_ETIMEDOUT:
		return STATUS_SILENT;
	default:
		return STATUS_FAILED;
	}
}

/* what the node remembers counts as the party's failure */
static bool
settle(struct tacit_cli_party *party)
{
	tacit_err err = tacit_node_err(party->node);
	/* the commonest reason, and not to be seen from the other end's answer */
	bool is_nobody = err == TACIT_EREFUSED && party->identity.path == NULL;
	char rest[TACIT_CLI_LINE_MAX];

	return err == TACIT_OK ||
	       tacit_cli_party_fail(party, tacit_cli_status_of(err), "%s%s",
		   tacit_cli_rest(tacit_node_errmsg(party->node), party->said, rest),
		   is_nobody ? ", which is a fresh one: give --identity FILE" : "");
}

/* beginning and end ----------------------------------------------------------------------------- */

/* errors are said when the party fails with them */
static void
log_line(void *arg, enum tacit_log_level level, const char *line)
{
	struct tacit_cli_party *party = arg;

	if (level == TACIT_LOG_WARNING) {
		tacit_cli_report_warning(&party->report, "%s", line);
		if (!party->report.quiet && !party->report.json)
			snprintf(party->said, sizeof(party->said), "%s", line);
	} else if (level == TACIT_LOG_INFO)
		tacit_cli_report_note(&party->report, "%s", line);
}

static struct tacit_entity *
load_entity(struct tacit_cli_party *party, struct tacit_vault *vault)
{
	struct tacit_entity *entity = NULL;
	struct tacit_identity_info info;
	struct tacit_cli_opening opening;

	if (tacit_cli_opening_find(
		party->node, party->command->name, &party->identity, &info, &opening))
		entity = tacit_entity_load(
		    party->node, vault, party->identity.path, &opening.passphrase);
	else if (tacit_node_err(party->node) == TACIT_OK)
		party->status = STATUS_FAILED; /* said why */
	tacit_cli_passphrase_wipe(&opening.own);
	return entity;
}

/* an identity that does not open is no matter of how the command was called, nor of the other end */
static bool
find_entity(struct tacit_cli_party *party)
{
	struct tacit_vault *vault = tacit_vault_new(party->node);

	party->entity = party->identity.path != NULL ? load_entity(party, vault)
						     : tacit_entity_new(party->node, vault);
	return party->entity != NULL ||
	       tacit_cli_party_fail(party, STATUS_FAILED, "%s", tacit_node_errmsg(party->node));
}

/* A memory that cannot be written would refuse everybody, one after the other: 0, or errno. */
static int
try_memory(const char *path)
{
	char folder[TACIT_CLI_PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	return access(strchr(path, '/') != NULL ? dirname(folder) : ".", W_OK | X_OK) == 0 ? 0
											   : errno;
}

/* the file of peers, or NULL; ret: room for it */
static const char *
find_memory(struct tacit_cli_party *party, char ret[TACIT_CLI_PATH_MAX])
{
	bool insists = party->whom != NULL && tacit_cli_whom_is_first(party->whom);
	int error;

	if (party->known == NULL && !tacit_cli_data_folder("/known-peers", ret)) {
		if (insists)
			tacit_cli_party_fail(party, STATUS_USAGE,
			    "there is no home folder to remember anybody in: give --known FILE");
		return NULL;
	}
	if (party->known == NULL)
		tacit_cli_make_above(ret);
	else
		snprintf(ret, TACIT_CLI_PATH_MAX, "%s", party->known);
	if ((error = try_memory(ret)) == 0)
		return ret;
	if (party->known != NULL)
		tacit_cli_party_fail(party, STATUS_FAILED, "nobody can be remembered in %s: %s",
		    ret, strerror(error));
	else if (insists)
		tacit_cli_party_fail(party, STATUS_USAGE,
		    "nobody can be remembered in %s: %s: give --known FILE", ret, strerror(error));
	else
		tacit_cli_report_note(
		    &party->report, "nobody is remembered in %s: %s", ret, strerror(error));
	return NULL;
}

static bool
find_trust(struct tacit_cli_party *party)
{
	bool remembers = party->identity.path != NULL || party->known != NULL;
	char room[TACIT_CLI_PATH_MAX];
	const char *memory = remembers ? find_memory(party, room) : NULL;

	if (party->status != STATUS_OK)
		return false;
	if (memory != NULL && tacit_trust_remember(party->node, memory) != TACIT_OK)
		return tacit_cli_party_fail(
		    party, STATUS_FAILED, "%s", tacit_node_errmsg(party->node));
	if (party->whom != NULL)
		party->trust =
		    tacit_cli_whom_trust(party->node, party->whom, memory, party->command->name);
	return settle(party);
}

bool
tacit_cli_party_start(struct tacit_cli_party *party)
{
	if (party->status != STATUS_OK)
		return false;
	if ((party->node = tacit_node_new()) == NULL)
		return tacit_cli_party_fail(party, STATUS_FAILED, "%s", tacit_node_errmsg(NULL));
	tacit_node_on_log(party->node, log_line, party);
	/* wrong words are told before a passphrase is asked for, which handles signals by itself */
	if (party->command->invites && tacit_tcp_peer(party->node, party->hubs) == NULL)
		return tacit_cli_party_fail(party, tacit_cli_status_of(tacit_node_err(party->node)),
		    "--hub: %s", tacit_node_errmsg(party->node));
	if (!find_trust(party) || !find_entity(party))
		return false;
	tacit_node_stop_on_signals(party->node);
	return true;
}

/* whoever is still there shall know that nothing more comes; what was lost is not waited for */
static void
say_goodbye(struct tacit_cli_party *party, bool is_hurried)
{
	tacit_err err;

	if (party->channel == NULL || party->lost)
		return;
	tacit_cli_party_follow(party, NULL);
	err = is_hurried ? tacit_channel_close_within(party->channel, HURRY_MS)
			 : tacit_channel_close(party->channel);
	/* it is not the other end that goes without a word */
	if (err != TACIT_OK && is_hurried)
		tacit_channel_watch_events(party->channel, NULL, NULL);
	/* what matters was acknowledged before, or has failed already */
	if (err != TACIT_OK && party->status == STATUS_OK) {
		tacit_cli_report_note(&party->report, "%s", tacit_node_errmsg(party->node));
		tacit_node_clear_err(party->node);
	}
}

int
tacit_cli_party_end(struct tacit_cli_party *party)
{
	bool is_interrupted;

	if (party->node != NULL)
		settle(party);
	is_interrupted = party->status == STATUS_OK && tacit_node_stopped(party->node);
	if (is_interrupted && !party->command->endless)
		tacit_cli_party_fail(party, STATUS_FAILED, "interrupted");
	say_goodbye(party, is_interrupted);
	tacit_node_free(party->node);
	return party->status;
}
