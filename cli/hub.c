/*
 * tacit hub: options and words of the node in the middle; hub/hub.h does the work.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "data_folder.h"
#include "hub/hub.h"
#include "tacit/tacit.h"

#define PROPERTIES_MAX 64

static const char usage[] =
    "usage: tacit hub [--listen HOST:PORT] [--store DIR | --kafka BROKERS] [OPTION]...\n"
    "\n"
    "Keeps streams for clients that connect by TCP. Sees and stores ciphertext only.\n"
    "\n"
    "  --listen HOST:PORT    where to accept clients (127.0.0.1:4000; port 0: a free one)\n"
    "  --store DIR           keep streams in this folder (a data folder by XDG rules)\n"
    "  --kafka BROKERS       keep streams in Apache Kafka: HOST:PORT[,HOST:PORT...]\n"
    "  -X PROPERTY=VALUE     set a property of librdkafka; again for more\n"
    "  --kafka-config FILE   the same from a file, a PROPERTY=VALUE a line: for secrets\n"
    "  --topic-prefix TEXT   begin the names of all topics with TEXT\n"
    "  --group-prefix TEXT   begin the names of all consumer groups with TEXT\n"
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
	struct tacit_kafka_options kafka;
	struct tacit_kafka_property properties[PROPERTIES_MAX];
	char folder[TACIT_CLI_PATH_MAX];
	int verbose;
};

/* `name=value`, which came from there, is cut in two in place and kept; false: said why not */
static bool
add_property(struct arguments *arguments, char *text, const char *from)
{
	char *value = strchr(text, '=');

	if (value == NULL || value == text) {
		/* not the text itself: it may be a secret that was written wrongly */
		tacit_cli_complain("hub", "%s: PROPERTY=VALUE is wanted", from);
		return false;
	}
	if (arguments->kafka.property_count == PROPERTIES_MAX) {
		tacit_cli_complain("hub", "more than %d properties", PROPERTIES_MAX);
		return false;
	}
	*value++ = '\0';
	/* as in the files of Kafka's own programs */
	text[strcspn(text, " \t")] = '\0';
	value += strspn(value, " \t");
	arguments->properties[arguments->kafka.property_count++] =
	    (struct tacit_kafka_property){text, value};
	return true;
}

/* a line that is kept for the life of the process, or NULL when it is empty or a comment */
static char *
property_line(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t");
	return *line == '\0' || *line == '#' ? NULL : strdup(line);
}

static bool
read_properties(struct arguments *arguments, const char *path)
{
	FILE *file = fopen(path, "re");
	char from[TACIT_CLI_PATH_MAX], *line = NULL;
	bool good = true;
	size_t cap = 0;
	unsigned number = 0;

	if (file == NULL) {
		tacit_cli_complain("hub", "cannot read %s: %s", path, strerror(errno));
		return false;
	}
	while (good && getline(&line, &cap, file) > 0) {
		char *text = property_line(line);

		snprintf(from, sizeof(from), "line %u of %s", ++number, path);
		good = text == NULL || add_property(arguments, text, from);
		if (!good)
			free(text);
	}
	free(line);
	fclose(file);
	return good;
}

enum {
	LISTEN = 256,
	STORE,
	KAFKA,
	CONFIG,
	TOPIC_PREFIX,
	GROUP_PREFIX,
	NO_CREATE,
	SOLE_WRITER,
	ANY_TOPIC,
};

static const struct option options[] = {
    {"listen", required_argument, NULL, LISTEN},
    {"store", required_argument, NULL, STORE},
    {"kafka", required_argument, NULL, KAFKA},
    {"kafka-config", required_argument, NULL, CONFIG},
    {"topic-prefix", required_argument, NULL, TOPIC_PREFIX},
    {"group-prefix", required_argument, NULL, GROUP_PREFIX},
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
	struct tacit_kafka_options *kafka = &arguments->kafka;

	switch (option) {
	case LISTEN:
		arguments->hub.listen = value;
		return true;
	case STORE:
		arguments->hub.folder = value;
		return true;
	case KAFKA:
		kafka->brokers = value;
		return true;
	case CONFIG:
		return read_properties(arguments, value);
	case TOPIC_PREFIX:
		kafka->topic_prefix = value;
		return true;
	case GROUP_PREFIX:
		kafka->group_prefix = value;
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
	case 'X':
		return add_property(arguments, value, "-X");
	default:
		arguments->verbose++;
		return true;
	}
}

/* false: said why not.  --help ends the process */
static bool
parse(int argc, char **argv, struct arguments *ret)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":X:vh", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(STATUS_OK);
		}
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
	struct tacit_kafka_options *kafka = &arguments->kafka;

	if (arguments->hub.folder != NULL && kafka->brokers != NULL) {
		tacit_cli_complain("hub", "--store and --kafka exclude each other");
		return STATUS_USAGE;
	}
	if (kafka->brokers == NULL &&
	    (kafka->property_count > 0 || kafka->topic_prefix != NULL ||
		kafka->group_prefix != NULL || kafka->no_create || kafka->sole_writer)) {
		tacit_cli_complain("hub", "options for Kafka want --kafka BROKERS");
		return STATUS_USAGE;
	}
	if (kafka->brokers != NULL && kafka->brokers[0] == '\0') {
		tacit_cli_complain("hub", "--kafka wants HOST:PORT[,HOST:PORT...]");
		return STATUS_USAGE;
	}
	if (kafka->brokers != NULL) {
		kafka->properties = arguments->properties;
		arguments->hub.kafka = kafka;
		return STATUS_OK;
	}
	if (arguments->hub.folder == NULL) {
		if (!tacit_cli_data_folder("", arguments->folder)) {
			tacit_cli_complain("hub", "there is no home folder: give --store DIR");
			return STATUS_USAGE;
		}
		tacit_cli_make_above(arguments->folder);
		arguments->hub.folder = arguments->folder;
		tacit_cli_say("hub", "keeping streams in %s", arguments->folder);
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
	    "hub", arguments->verbose > 1 ? TACIT_LOG_DEBUG : TACIT_LOG_INFO};
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
