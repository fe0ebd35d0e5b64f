/*
 * tacit dump: what an outsider sees of a stream, through a hub or in the store itself.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "report.h"
#include "store_options.h"
#include "tacit/look.h"
#include "tacit/tcp.h"
#include "units.h"

/* entries, unless told otherwise; bytes of an entry on a line for people */
#define COUNT       20
#define SHOWN_BYTES 16

/* characters of a time, of a kind */
#define TIME_LEN 40
#define KIND_LEN 48

/* clang-format off */
static const char usage[] =
    "usage: tacit dump STREAM [--hub HOST:PORT | --store DIR | --kafka BROKERS] [OPTION]...\n"
    "\n"
    "Shows what an outsider sees of a stream: index, time, size, kind and first bytes of its last\n"
    "entries. `+` says that other records are in the entry; what they say is sealed.\n"
    "\n"
    "  --hub HOST:PORT       ask a hub (127.0.0.1:4000)\n"
    "  --store DIR           look into the folder of a hub\n"
    "  --kafka BROKERS       look into Apache Kafka: HOST:PORT[,HOST:PORT...]\n"
    TACIT_CLI_KAFKA_USAGE
    "  -n N                  so many entries (20)\n"
    "  --from INDEX          begin at this index, and not so many before the end\n"
    "  --json                a JSON object a line, with up to 256 bytes of each entry\n"
    "  --help                say this\n"
    "\n"
    "example: tacit echo --trust everyone 2>invitation & sleep 1;\n"
    "         tacit dump \"$(grep ^tacit: invitation | cut -d/ -f4)\"; kill $!\n";
/* clang-format on */

struct arguments {
	struct tacit_cli_store store;
	struct tacit_look_options look;
	const char *hub;
	bool json;
};

enum {
	HUB = 256,
	FROM,
};

static bool
take_count(const char *option, const char *value, uint64_t *ret)
{
	if (tacit_cli_count(value, UINT64_MAX - 1, ret))
		return true;
	tacit_cli_complain(
	    "dump", "%s %s: that is no number from 0 on; see tacit dump --help", option, value);
	return false;
}

/* false: said why not */
static bool
take(struct arguments *arguments, int option, char *value)
{
	switch (option) {
	case HUB:
		arguments->hub = value;
		return true;
	case FROM:
		arguments->look.from = true;
		return take_count("--from", value, &arguments->look.index);
	case 'n':
		return take_count("-n", value, &arguments->look.count);
	case 'j':
		arguments->json = true;
		return true;
	default:
		return tacit_cli_store_take("dump", &arguments->store, option, value);
	}
}

/* false: said why not.  --help ends the process */
static bool
parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
	    TACIT_CLI_STORE_ARGUMENTS,
	    {"hub", required_argument, NULL, HUB},
	    {"from", required_argument, NULL, FROM},
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":X:n:h", options, NULL)) != -1) {
		if (option == 'h')
			tacit_cli_help("dump", usage);
		if (option == ':' || option == '?') {
			tacit_cli_complain("dump",
			    option == ':' ? "%s wants a value; see tacit dump --help"
					  : "unknown option %s; see tacit dump --help",
			    argv[optind - 1]);
			return false;
		}
		if (!take(ret, option, optarg))
			return false;
	}
	if (optind + 1 != argc) {
		tacit_cli_complain(
		    "dump", "the name of one stream is wanted; see tacit dump --help");
		return false;
	}
	ret->look.name = argv[optind];
	return true;
}

/* what the options mean together: with neither store, a hub is asked */
static int
complete(struct arguments *arguments)
{
	const struct tacit_cli_store *store = &arguments->store;

	if (arguments->hub == NULL && store->folder == NULL && store->kafka.brokers == NULL)
		arguments->hub = "127.0.0.1:4000";
	if (arguments->hub != NULL && (store->folder != NULL || store->kafka.brokers != NULL)) {
		tacit_cli_complain("dump", "--hub, --store and --kafka exclude each other");
		return STATUS_USAGE;
	}
	if (arguments->hub != NULL && store->kafka.property_count == 0 &&
	    store->kafka.topic_prefix == NULL && store->kafka.group_prefix == NULL)
		return STATUS_OK;
	return tacit_cli_store_complete("dump", &arguments->store);
}

/* ms since the epoch as ISO 8601 has it, in UTC; `-` when nobody knows */
static const char *
time_text(uint64_t ms, char ret[TIME_LEN])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;
	size_t len;

	if (ms == 0 || ms > INT64_MAX || gmtime_r(&seconds, &parts) == NULL ||
	    (len = strftime(ret, TIME_LEN - 8, "%Y-%m-%dT%H:%M:%S", &parts)) == 0)
		snprintf(ret, TIME_LEN, "-");
	else
		snprintf(ret + len, TIME_LEN - len, ".%03uZ", (unsigned)(ms % 1000));
	return ret;
}

static bool
has_sequence(const struct tacit_entry_nature *nature)
{
	return nature->kind == TACIT_ENTRY_DATA || nature->kind == TACIT_ENTRY_CONTROL ||
	       nature->kind == TACIT_ENTRY_2021_RECORD;
}

static void
print_hex(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static void
print_json(const struct tacit_look_entry *entry)
{
	const struct tacit_entry_nature *nature = &entry->nature;
	char when[TIME_LEN];

	time_text(entry->time_ms, when);
	printf("{\"index\": %" PRIu64, entry->index);
	if (when[0] == '-')
		printf(", \"time\": null");
	else
		printf(", \"time\": \"%s\"", when);
	printf(", \"size\": %" PRIu64 ", \"kind\": \"%s\"", entry->size,
	    tacit_entry_kind_text(nature->kind));
	if (has_sequence(nature))
		printf(", \"sequence\": %" PRIu64 ", \"more\": %s", nature->sequence,
		    nature->more ? "true" : "false");
	printf(", \"head\": \"");
	print_hex(entry->head, entry->head_len);
	puts("\"}");
}

static void
print_line(const struct tacit_look_entry *entry, int width)
{
	const struct tacit_entry_nature *nature = &entry->nature;
	size_t len = entry->head_len < SHOWN_BYTES ? entry->head_len : SHOWN_BYTES;
	char when[TIME_LEN], kind[KIND_LEN];

	if (has_sequence(nature))
		snprintf(kind, sizeof(kind), "%s %" PRIu64 "%s",
		    tacit_entry_kind_text(nature->kind), nature->sequence,
		    nature->more ? " +" : "");
	else
		snprintf(kind, sizeof(kind), "%s", tacit_entry_kind_text(nature->kind));
	printf("%*" PRIu64 "  %-24s  %7" PRIu64 "  %-16s  ", width, entry->index,
	    time_text(entry->time_ms, when), entry->size, kind);
	print_hex(entry->head, len);
	printf("%*s  ", (int)(2 * (SHOWN_BYTES - len)), "");
	for (size_t i = 0; i < len; i++)
		putchar(entry->head[i] >= ' ' && entry->head[i] <= '~' ? entry->head[i] : '.');
	putchar('\n');
}

static void
print(struct tacit_look *look, bool json)
{
	const struct tacit_look_entry *entry;
	char end[24];
	int width;

	/* the longest index, and the header above it */
	width = snprintf(end, sizeof(end), "%" PRIu64, tacit_look_end(look));
	if (width < 5)
		width = 5;
	if (!json)
		printf("%*s  %-24s  %7s  %-16s  %s\n", width, "INDEX", "TIME", "SIZE", "KIND",
		    "FIRST BYTES");
	while (ferror(stdout) == 0 && (entry = tacit_look_next(look)) != NULL) {
		if (json)
			print_json(entry);
		else
			print_line(entry, width);
	}
}

/* a service to ask, in this process or behind a hub's address */
static void
find_service(struct tacit_node *node, struct arguments *arguments)
{
	const struct tacit_cli_store *store = &arguments->store;

	if (arguments->hub != NULL)
		arguments->look.route =
		    tacit_route_new(node, tacit_tcp_peer(node, arguments->hub), NULL);
	else
		tacit_stream_service_start(node,
		    store->kafka.brokers != NULL ? tacit_store_read_kafka(node, &store->kafka)
						 : tacit_store_read_disk(node, store->folder),
		    false);
}

static int
run(struct arguments *arguments)
{
	struct tacit_cli_log log = {.name = "dump", .most = TACIT_LOG_WARNING};
	struct tacit_node *node = tacit_node_new();
	struct tacit_look *look;
	int status;

	tacit_node_on_log(node, tacit_cli_log_line, &log);
	tacit_node_stop_on_signals(node);
	find_service(node, arguments);
	look = tacit_look_open(node, &arguments->look);
	if (look != NULL)
		print(look, arguments->json);
	status = tacit_cli_store_status(node, "dump");
	tacit_node_free(node);
	return status;
}

int
tacit_cli_dump(int argc, char **argv)
{
	static struct arguments arguments = {.look.count = COUNT};
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_USAGE;
	status = complete(&arguments);
	return status == STATUS_OK ? run(&arguments) : status;
}
