/*
 * cli/store_options.h: which store the hub keeps, or streams and dump look into: a folder, or
 * Apache Kafka with all that its clients want to know.
 */
#ifndef TACIT_CLI_STORE_OPTIONS_H
#define TACIT_CLI_STORE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "data_folder.h"
#include "tacit/stream.h"

#define TACIT_CLI_PROPERTIES_MAX 64

struct tacit_cli_store {
	const char *folder;               /* NULL: the default one, or Kafka */
	struct tacit_kafka_options kafka; /* brokers NULL: a folder */
	struct tacit_kafka_property properties[TACIT_CLI_PROPERTIES_MAX];
	char path[TACIT_CLI_PATH_MAX]; /* of the default folder, when it is taken */
};

/* for an array of struct option; "X:" belongs to the short ones */
/* clang-format off */
#define TACIT_CLI_STORE_ARGUMENTS \
	{"store", required_argument, NULL, TACIT_CLI_STORE}, \
	{"kafka", required_argument, NULL, TACIT_CLI_KAFKA}, \
	{"kafka-config", required_argument, NULL, TACIT_CLI_KAFKA_CONFIG}, \
	{"topic-prefix", required_argument, NULL, TACIT_CLI_TOPIC_PREFIX}, \
	{"group-prefix", required_argument, NULL, TACIT_CLI_GROUP_PREFIX}
/* clang-format on */
enum {
	TACIT_CLI_STORE = 512,
	TACIT_CLI_KAFKA,
	TACIT_CLI_KAFKA_CONFIG,
	TACIT_CLI_TOPIC_PREFIX,
	TACIT_CLI_GROUP_PREFIX,
};
/* the lines of --help about Kafka */
#define TACIT_CLI_KAFKA_USAGE                                                                  \
	"  -X PROPERTY=VALUE     set a property of librdkafka; again for more\n"               \
	"  --kafka-config FILE   the same from a file, a PROPERTY=VALUE a line: for secrets\n" \
	"  --topic-prefix TEXT   begin the names of all topics with TEXT\n"                    \
	"  --group-prefix TEXT   begin the names of all consumer groups with TEXT\n"

/* takes one of the options above, by name the command's; keeps value.  False: said why not */
bool tacit_cli_store_take(const char *name, struct tacit_cli_store *store, int option, char *value);
/* what they mean together: afterwards there is a folder, which is path if none was named, or Kafka's
 * brokers.  A status */
int tacit_cli_store_complete(const char *name, struct tacit_cli_store *store);

/* with what a command ends that printed what it read: says what is not the node's to say */
int tacit_cli_store_status(const struct tacit_node *node, const char *name);

#endif
