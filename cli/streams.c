/*
 * tacit streams: what a store holds.  It asks no hub, because a hub tells the names of its streams
 * to nobody.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "report.h"
#include "store_options.h"
#include "tacit/look.h"

/* of a name or a client id, with every byte escaped */
#define SHOWN_LEN_MAX (4 * 256)

/* clang-format off */
static const char usage[] =
    "usage: tacit streams [--store DIR | --kafka BROKERS] [OPTION]...\n"
    "\n"
    "Lists the streams of a store: entries, bytes, readers, and how far each of them is behind.\n"
    "Reads the store itself, beside a running hub or without one, and changes nothing.\n"
    "\n"
    "  --store DIR           look into this folder (a data folder by XDG rules)\n"
    "  --kafka BROKERS       look into Apache Kafka: HOST:PORT[,HOST:PORT...]; how many bytes a\n"
    "                        stream has is not told there, and entries are at most so many\n"
    TACIT_CLI_KAFKA_USAGE
    "  --json                a JSON object a line\n"
    "  --help                say this\n"
    "\n"
    "example: tacit hub --listen 127.0.0.1:0 --store streams & sleep 1;\n"
    "         tacit streams --store streams; kill $!\n";
/* clang-format on */

struct arguments {
	struct tacit_cli_store store;
	bool json;
};

/* false: said why not.  --help ends the process */
static bool
parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
	    TACIT_CLI_STORE_ARGUMENTS,
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":X:h", options, NULL)) != -1) {
		if (option == 'h')
			tacit_cli_help("streams", usage);
		if (option == ':' || option == '?') {
			tacit_cli_complain("streams",
			    option == ':' ? "%s wants a value; see tacit streams --help"
					  : "unknown option %s; see tacit streams --help",
			    argv[optind - 1]);
			return false;
		}
		if (option == 'j')
			ret->json = true;
		else if (!tacit_cli_store_take("streams", &ret->store, option, optarg))
			return false;
	}
	if (optind < argc)
		tacit_cli_complain(
		    "streams", "unexpected argument '%s'; see tacit streams --help", argv[optind]);
	return optind == argc;
}

static void
print_json(const struct tacit_listed_stream *stream)
{
	printf("{\"name\": ");
	tacit_cli_json_string(stdout, stream->name);
	printf(", \"first\": %" PRIu64 ", \"end\": %" PRIu64 ", \"entries\": %" PRIu64,
	    stream->first, stream->end, stream->entries);
	if (stream->bytes == TACIT_BYTES_UNKNOWN)
		printf(", \"bytes\": null, \"readers\": [");
	else
		printf(", \"bytes\": %" PRIu64 ", \"readers\": [", stream->bytes);
	for (size_t i = 0; i < stream->reader_count; i++) {
		const struct tacit_listed_reader *reader = &stream->readers[i];

		printf("%s{\"client\": ", i > 0 ? ", " : "");
		tacit_cli_json_string(stdout, reader->client_id);
		printf(", \"position\": %" PRIu64 ", \"lag\": %" PRIu64 "}", reader->position,
		    reader->lag);
	}
	puts("]}");
}

static const char *
bytes_text(const struct tacit_listed_stream *stream, char ret[24])
{
	if (stream->bytes == TACIT_BYTES_UNKNOWN)
		snprintf(ret, 24, "-");
	else
		snprintf(ret, 24, "%" PRIu64, stream->bytes);
	return ret;
}

static int
name_width(const struct tacit_listing *listing)
{
	char name[SHOWN_LEN_MAX];
	size_t width = strlen("STREAM");

	for (size_t i = 0; i < listing->count; i++) {
		tacit_cli_escape(listing->streams[i].name, name, sizeof(name));
		if (strlen(name) > width)
			width = strlen(name);
	}
	return (int)width;
}

static void
print_line(const struct tacit_listed_stream *stream, int width)
{
	char text[SHOWN_LEN_MAX], bytes[24];

	tacit_cli_escape(stream->name, text, sizeof(text));
	printf(
	    "%-*s  %12" PRIu64 "  %14s  ", width, text, stream->entries, bytes_text(stream, bytes));
	if (stream->reader_count == 0)
		putchar('-');
	for (size_t i = 0; i < stream->reader_count; i++) {
		tacit_cli_escape(stream->readers[i].client_id, text, sizeof(text));
		printf("%s%s: %" PRIu64, i > 0 ? ", " : "", text, stream->readers[i].lag);
	}
	putchar('\n');
}

static void
print(const struct tacit_listing *listing, bool json)
{
	int width = name_width(listing);

	if (!json)
		printf(
		    "%-*s  %12s  %14s  %s\n", width, "STREAM", "ENTRIES", "BYTES", "READERS: LAG");
	for (size_t i = 0; i < listing->count; i++) {
		if (json)
			print_json(&listing->streams[i]);
		else
			print_line(&listing->streams[i], width);
	}
}

static int
run(const struct arguments *arguments)
{
	struct tacit_cli_log log = {.name = "streams", .most = TACIT_LOG_WARNING};
	struct tacit_node *node = tacit_node_new();
	const struct tacit_cli_store *store = &arguments->store;
	const struct tacit_listing *listing;
	int status;

	tacit_node_on_log(node, tacit_cli_log_line, &log);
	tacit_node_stop_on_signals(node);
	listing = tacit_store_list(node, store->kafka.brokers != NULL
					     ? tacit_store_read_kafka(node, &store->kafka)
					     : tacit_store_read_disk(node, store->folder));
	if (listing != NULL)
		print(listing, arguments->json);
	status = tacit_cli_store_status(node, "streams");
	tacit_node_free(node);
	return status;
}

int
tacit_cli_streams(int argc, char **argv)
{
	static struct arguments arguments;
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_USAGE;
	status = tacit_cli_store_complete("streams", &arguments.store);
	return status == STATUS_OK ? run(&arguments) : status;
}
