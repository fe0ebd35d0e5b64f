/*
 * tacit identity: identity files by hand; tacit/entity.h does the work.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "identity_file.h"
#include "tacit/entity.h"

#define NAME "identity"

static const char usage[] =
    "usage: tacit identity COMMAND FILE [OPTION]...\n"
    "\n"
    "Who a program is, in a file: its keys outlive the process, sealed by a passphrase.\n"
    "\n"
    "commands:\n"
    "  new         makes one\n"
    "  show        prints its identifier: what peers trust\n"
    "  rotate      gives it a new key; the identifier stays\n"
    "  passphrase  changes, sets or removes its passphrase\n"
    "  export      prints its secret key\n"
    "\n"
    "  tacit identity COMMAND --help   says more\n"
    "\n"
    "example: tacit identity new alice.id && tacit identity show alice.id\n";

#define PASSPHRASE_USAGE                                                                       \
	"  --passphrase-file F   the passphrase is in this file; one newline at its end does " \
	"not\n"                                                                                \
	"                        count. Otherwise the terminal is asked, without echo\n"
#define OTHER_USAGE                            \
	"  --json                print JSON\n" \
	"  --help                say this\n"   \
	"\n"

static const char new_usage[] =
    "usage: tacit identity new FILE [--passphrase-file F | --no-passphrase] [--json]\n"
    "\n"
    "Makes an identity in a new file that only you can read, and prints its identifier. A file\n"
    "that is there is never overwritten.\n"
    "\n" PASSPHRASE_USAGE
    "  --no-passphrase       do not seal it: whoever reads the file is this party\n" OTHER_USAGE
    "example: tacit identity new alice.id\n";

static const char show_usage[] =
    "usage: tacit identity show FILE [--json]\n"
    "\n"
    "Prints the identifier, P and 64 hex digits, and needs no passphrase. The history's\n"
    "signatures are verified; but the file may be a copy that somebody made of another's.\n"
    "\n" OTHER_USAGE "example: tacit identity show alice.id\n";

static const char rotate_usage[] =
    "usage: tacit identity rotate FILE [--passphrase-file F | --no-passphrase] [--json]\n"
    "\n"
    "Replaces the key, and prints the identifier, which stays. Peers that trust it go on; the\n"
    "old key stops working for those who have seen the new one. Programs that run with the old\n"
    "key have to be started again. 7 rotations are all that a file has room for.\n"
    "\n" PASSPHRASE_USAGE "  --no-passphrase       the file has none\n" OTHER_USAGE
    "example: tacit identity rotate alice.id\n";

static const char passphrase_usage[] =
    "usage: tacit identity passphrase FILE [--passphrase-file F | --no-passphrase]\n"
    "           [--new-passphrase-file F | --new-no-passphrase] [--json]\n"
    "\n"
    "Changes the passphrase, sets one or removes it, and prints the identifier. The key stays:\n"
    "copies of the file that were made before open with the passphrase they had.\n"
    "\n"
    "  --passphrase-file F      the passphrase it has is in this file; one newline at its end\n"
    "                           does not count. Otherwise the terminal is asked, without echo\n"
    "  --no-passphrase          the file has none\n"
    "  --new-passphrase-file F  the same for the one it is to have; the terminal is asked twice\n"
    "  --new-no-passphrase      it is to have none: whoever reads the file is this party\n"
    "  --json                   print JSON\n"
    "  --help                   say this\n"
    "\n"
    "example: tacit identity passphrase alice.id\n";

static const char export_usage[] =
    "usage: tacit identity export FILE [--passphrase-file F | --no-passphrase] [--json]\n"
    "\n"
    "Prints the secret key in the clear: the seed of RFC 8032, 64 hex digits. Whoever has it is\n"
    "this party.\n"
    "\n" PASSPHRASE_USAGE "  --no-passphrase       the file has none\n" OTHER_USAGE
    "example: (umask 077; tacit identity export alice.id > alice.secret)\n";

struct arguments {
	struct tacit_cli_identity_file file, next; /* as it is, and as it is to be */
	bool json;
};

/* of a file that is there; that nobody sealed it has to be said, because somebody else could have
 * put it there */
static bool
find_opening(struct tacit_node *node, const struct arguments *arguments,
    struct tacit_identity_info *ret_info, struct tacit_cli_opening *ret)
{
	if (!tacit_cli_opening_find(node, NAME, &arguments->file, ret_info, ret))
		return false;
	if (!ret_info->has_passphrase && !arguments->file.no_passphrase) {
		tacit_cli_complain(NAME,
		    "%s has no passphrase: use --no-passphrase if it is the file that is meant",
		    arguments->file.path);
		return false;
	}
	return true;
}

static bool
write_out(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			tacit_cli_complain(NAME, "cannot write: %s", strerror(errno));
			return false;
		}
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
show(struct tacit_node *node, const struct arguments *arguments)
{
	struct tacit_identity_info info;
	char text[256];
	int len;

	if (tacit_identity_show(node, arguments->file.path, NULL, &info) != TACIT_OK)
		return false;
	if (arguments->json)
		len = snprintf(text, sizeof(text),
		    "{\"identifier\": \"%s\", \"keys\": %u, \"passphrase\": %s}\n", info.identifier,
		    info.changes, info.has_passphrase ? "true" : "false");
	else
		len = snprintf(text, sizeof(text), "%s\n", info.identifier);
	return write_out(text, (size_t)len);
}

static bool
make_new(struct tacit_node *node, const struct arguments *arguments)
{
	struct tacit_cli_opening opening;
	struct stat st;
	bool good;

	/* the library looks, too, but only after the passphrase was typed twice */
	if (lstat(arguments->file.path, &st) == 0) {
		tacit_cli_complain(NAME,
		    "%s exists already: an identity is never overwritten; take another name",
		    arguments->file.path);
		return false;
	}
	good = tacit_cli_opening_new(NAME, &arguments->file, &opening) &&
	       tacit_entity_create_file(
		   node, tacit_vault_new(node), arguments->file.path, &opening.passphrase) != NULL;
	tacit_cli_passphrase_wipe(&opening.own);
	return good && show(node, arguments);
}

static bool
rotate(struct tacit_node *node, const struct arguments *arguments)
{
	struct tacit_identity_info info;
	struct tacit_cli_opening opening;
	struct tacit_entity *entity;
	bool good = false;

	if (find_opening(node, arguments, &info, &opening)) {
		entity = tacit_entity_load(
		    node, tacit_vault_new(node), arguments->file.path, &opening.passphrase);
		good =
		    entity != NULL && tacit_entity_rotate(entity, &opening.passphrase) == TACIT_OK;
	}
	tacit_cli_passphrase_wipe(&opening.own);
	return good && show(node, arguments);
}

static bool
reseal(struct tacit_node *node, const struct arguments *arguments)
{
	const char *path = arguments->file.path;
	struct tacit_identity_info info;
	struct tacit_cli_opening before, after = {.own.len = 0};
	/* who mistyped the first is not asked for the next; the library looks again */
	bool good =
	    find_opening(node, arguments, &info, &before) &&
	    tacit_identity_show(node, path, &before.passphrase, &info) == TACIT_OK &&
	    tacit_cli_opening_new(NAME, &arguments->next, &after) &&
	    tacit_identity_reseal(node, path, &before.passphrase, &after.passphrase) == TACIT_OK;

	tacit_cli_passphrase_wipe(&before.own);
	tacit_cli_passphrase_wipe(&after.own);
	return good && show(node, arguments);
}

/* what goes around the secret */
struct printing {
	bool json, good;
	const char *identifier;
};

static void
print_secret(void *arg, const uint8_t secret[32])
{
	struct printing *printing = arg;
	char hex[65], text[256];
	int len;

	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", secret[i]);
	if (printing->json)
		len = snprintf(text, sizeof(text), "{\"identifier\": \"%s\", \"secret\": \"%s\"}\n",
		    printing->identifier, hex);
	else
		len = snprintf(text, sizeof(text), "%s\n", hex);
	/* not by stdio, which would keep a copy */
	printing->good = write_out(text, (size_t)len);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(hex, sizeof(hex));
}

static bool
export_secret(struct tacit_node *node, const struct arguments *arguments)
{
	struct tacit_identity_info info;
	struct tacit_cli_opening opening;
	struct printing printing = {.json = arguments->json, .identifier = info.identifier};
	bool good = find_opening(node, arguments, &info, &opening) &&
		    tacit_identity_export(node, arguments->file.path, &opening.passphrase,
			print_secret, &printing) == TACIT_OK;

	tacit_cli_passphrase_wipe(&opening.own);
	return good && printing.good;
}

enum {
	PASSPHRASE_FILE = 256,
	NO_PASSPHRASE,
	NEW_PASSPHRASE_FILE,
	NEW_NO_PASSPHRASE,
	PASSPHRASE,
	JSON,
};

/* a command takes those from somewhere on */
#define OPENING 3
#define COMMON  5
static const struct option options[] = {
    {"new-passphrase-file", required_argument, NULL, NEW_PASSPHRASE_FILE},
    {"new-no-passphrase", no_argument, NULL, NEW_NO_PASSPHRASE},
    /* it would be short for the first */
    {"new-passphrase", optional_argument, NULL, PASSPHRASE},
    {"passphrase-file", required_argument, NULL, PASSPHRASE_FILE},
    {"no-passphrase", no_argument, NULL, NO_PASSPHRASE},
    {"passphrase", optional_argument, NULL, PASSPHRASE},
    {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct command {
	const char *name;
	const char *usage;
	const struct option *options;
	/* false: said why not */
	bool (*run)(struct tacit_node *node, const struct arguments *arguments);
};

static const struct command commands[] = {
    {"new", new_usage, options + OPENING, make_new},
    {"show", show_usage, options + COMMON, show},
    {"rotate", rotate_usage, options + OPENING, rotate},
    {"passphrase", passphrase_usage, options, reseal},
    {"export", export_usage, options + OPENING, export_secret},
};

/* one option; false: said why not */
static bool
take(const struct command *command, int option, const char *text, struct arguments *ret)
{
	switch (option) {
	case PASSPHRASE_FILE:
		ret->file.passphrase_file = optarg;
		return true;
	case NO_PASSPHRASE:
		ret->file.no_passphrase = true;
		return true;
	case NEW_PASSPHRASE_FILE:
		ret->next.passphrase_file = optarg;
		return true;
	case NEW_NO_PASSPHRASE:
		ret->next.no_passphrase = true;
		return true;
	case JSON:
		ret->json = true;
		return true;
	case PASSPHRASE:
		tacit_cli_complain(NAME,
		    "everybody can read a command line: no passphrase is taken from there; use "
		    "--passphrase-file FILE");
		return false;
	default:
		tacit_cli_complain(NAME,
		    option == ':' ? "%s wants a value; see tacit identity %s --help"
				  : "unknown option %s; see tacit identity %s --help",
		    text, command->name);
		return false;
	}
}

/* false: said why not.  --help ends the process */
static bool
parse(const struct command *command, int argc, char **argv, struct arguments *ret)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", command->options, NULL)) != -1) {
		if (option == 'h')
			tacit_cli_help(NAME, command->usage);
		if (!take(command, option, argv[optind - 1], ret))
			return false;
	}
	if (argc - optind != 1)
		tacit_cli_complain(NAME, "%s wants one FILE; see tacit identity %s --help",
		    command->name, command->name);
	else if (ret->file.no_passphrase && ret->file.passphrase_file != NULL)
		tacit_cli_complain(
		    NAME, "--passphrase-file and --no-passphrase exclude each other");
	else if (ret->next.no_passphrase && ret->next.passphrase_file != NULL)
		tacit_cli_complain(
		    NAME, "--new-passphrase-file and --new-no-passphrase exclude each other");
	else
		ret->file.path = ret->next.path = argv[optind];
	return ret->file.path != NULL;
}

static int
run(const struct command *command, const struct arguments *arguments)
{
	const struct rlimit none = {0, 0};
	struct tacit_cli_log log = {.name = NAME, .most = TACIT_LOG_WARNING};
	struct tacit_node *node = tacit_node_new();
	bool good;

	/* a core dump would have the secret; the limit alone does not hold where a pipe takes them */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (node == NULL) {
		tacit_cli_complain(NAME, "%s", tacit_node_errmsg(NULL));
		return STATUS_FAILED;
	}
	tacit_node_on_log(node, tacit_cli_log_line, &log);
	good = command->run(node, arguments);
	tacit_node_free(node);
	return good ? STATUS_OK : STATUS_FAILED;
}

int
tacit_cli_identity(int argc, char **argv)
{
	struct arguments arguments = {.next.is_next = true};

	if (argc < 2) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		tacit_cli_help(NAME, usage);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (!parse(&commands[i], argc - 1, argv + 1, &arguments))
			return STATUS_USAGE;
		return run(&commands[i], &arguments);
	}
	tacit_cli_complain(NAME, "no command '%s'; tacit identity --help lists them", argv[1]);
	return STATUS_USAGE;
}
