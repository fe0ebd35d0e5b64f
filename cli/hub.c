/*
 * tacit hub: options and words of the node in the middle; hub/hub.h does the work.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "hub/hub.h"
#include "store_options.h"
#include "tacit/tacit.h"

static const char usage[] =
    "usage: tacit hub [--listen HOST:PORT] [--store DIR | --kafka BROKERS] [OPTION]...\n"
    "\n"
    "Keeps streams for clients that connect by TCP. Sees and stores ciphertext only.\n"
    "\n"
    "  --listen HOST:PORT    where to accept clients (127.0.0.1:4000; port 0: a free one)\n"
    "  --store DIR           keep streams in this folder (a data folder by XDG rules)\n"
    "  --kafka BROKERS       keep streams in Apache Kafka: "
    "HOST:PORT[,HOST:PORT...]\n" TACIT_CLI_KAFKA_USAGE
    "  --no-create           never create topics\n"
    "  --sole-writer         no other hub writes these topics: saves fetches\n"
    "  --any-topic           clients beyond loopback may name any topic of the cluster\n"
    "  -v                    log each entry, as network and store see it; -vv: more\n"
    "  --help                say this\n"
    "\n"
    "example: tacit hub --listen 127.0.0.1:4000 --store streams\n";

/* what the command line and its files say */
struct arguments {
	struct tacit_hub_options hub;
	struct tacit_cli_store store;
	int verbose;
};

enum {
	LISTEN = 256,
	NO_CREATE,
	SOLE_WRITER,
	ANY_TOPIC,
};

static const struct option options[] = {
    {"listen", required_argument, NULL, LISTEN},
    TACIT_CLI_STORE_ARGUMENTS,
    {"no-create", no_argument, NULL, NO_CREATE},
    {"sole-writer", no_argument, NULL, SOLE_WRITER},
    {"any-topic", no_argument, NULL, ANY_TOPIC},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* one option that has its value; false: said why not */
static bool
take(struct arguments *arguments, int option, char *value)
{
	struct tacit_kafka_options *kafka = &arguments->store.kafka;

	switch (option) {
	case LISTEN:
		arguments->hub.listen = value;
		return true;
	case NO_CREATE:
		kafka->no_create = true;
		return true;
	case SOLE_WRITER:
		kafka->sole_writer = true;
		return true;
	case ANY_TOPIC:
		arguments->hub.any_topic = true;
		return true;
	case 'v':
		arguments->verbose++;
		return true;
	default:
		return tacit_cli_store_take("hub", &arguments->store, option, value);
	}
}

/* false: said why not.  --help ends the process */
static bool
parse(int argc, char **argv, struct arguments *ret)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":X:vh", options, NULL)) != -1) {
		if (option == 'h')
			tacit_cli_help("hub", usage);
		if (option == ':' || option == '?') {
			tacit_cli_complain("hub",
			    option == ':' ? "%s wants a value; see tacit hub --help"
					  : "unknown option %s; see tacit hub --help",
			    argv[optind - 1]);
			return false;
		}
		if (!take(ret, option, optarg))
			return false;
	}
	if (optind < argc)
		tacit_cli_complain(
		    "hub", "unexpected argument '%s'; see tacit hub --help", argv[optind]);
	return optind == argc;
}

/* what the options mean together */
static int
complete(struct arguments *arguments)
{
	struct tacit_cli_store *store = &arguments->store;
	int status = tacit_cli_store_complete("hub", store);

	if (status != STATUS_OK)
		return status;
	arguments->hub.folder = store->folder;
	if (store->kafka.brokers != NULL)
		arguments->hub.kafka = &store->kafka;
	if (store->folder == store->path) {
		tacit_cli_make_above(store->path);
		tacit_cli_say("hub", "keeping streams in %s", store->path);
	}
	return STATUS_OK;
}

/* -v: an entry as the network and the store see it */
static void
print_entry(void *arg, bool push, const char *name, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	(void)arg;
	printf("%s the stream %s: ", push ? "Push to" : "Pull from", name);
	for (size_t i = 0; i < len; i++) {
		putchar(digits[at[i] >> 4]);
		putchar(digits[at[i] & 15]);
	}
	putchar('\n');
}

static int
run(const struct arguments *arguments)
{
	struct tacit_cli_log log = {
	    .name = "hub", .most = arguments->verbose > 1 ? TACIT_LOG_DEBUG : TACIT_LOG_INFO};
	struct tacit_node *node = tacit_node_new();
	struct tacit_hub hub;
	tacit_err err;

	tacit_node_on_log(node, tacit_cli_log_line, &log);
	tacit_node_stop_on_signals(node);
	tacit_hub_start(node, &arguments->hub, &hub);
	if (arguments->verbose > 0)
		tacit_stream_service_tap(hub.service, print_entry, NULL);
	if (tacit_node_err(node) == TACIT_OK)
		printf("Listening on %s\n", hub.address);
	if ((err = tacit_node_run(node)) == TACIT_OK)
		tacit_hub_stop(&hub);
	tacit_node_free(node);
	return err == TACIT_OK ? STATUS_OK : err == TACIT_EINVAL ? STATUS_USAGE : STATUS_FAILED;
}

int
tacit_cli_hub(int argc, char **argv)
{
	static struct arguments arguments = {.hub.listen = "127.0.0.1:4000"};
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_USAGE;
	if ((status = complete(&arguments)) != STATUS_OK)
		return status;
	return run(&arguments);
}
