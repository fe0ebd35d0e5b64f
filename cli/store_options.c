#include "store_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* `name=value`, which came from there, is cut in two in place and kept; false: said why not */
static bool
add_property(const char *name, struct tacit_cli_store *store, char *text, const char *from)
{
	char *value = strchr(text, '=');

	if (value == NULL || value == text) {
		/* not the text itself: it may be a secret that was written wrongly */
		tacit_cli_complain(name, "%s: PROPERTY=VALUE is wanted", from);
		return false;
	}
	if (store->kafka.property_count == TACIT_CLI_PROPERTIES_MAX) {
		tacit_cli_complain(name, "more than %d properties", TACIT_CLI_PROPERTIES_MAX);
		return false;
	}
	*value++ = '\0';
	/* as in the files of Kafka's own programs */
	text[strcspn(text, " \t")] = '\0';
	value += strspn(value, " \t");
	store->properties[store->kafka.property_count++] =
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
read_properties(const char *name, struct tacit_cli_store *store, const char *path)
{
	FILE *file = fopen(path, "re");
	char from[TACIT_CLI_PATH_MAX], *line = NULL;
	bool good = true;
	size_t cap = 0;
	unsigned number = 0;

	if (file == NULL) {
		tacit_cli_complain(name, "cannot read %s: %s", path, strerror(errno));
		return false;
	}
	while (good && getline(&line, &cap, file) > 0) {
		char *text = property_line(line);

		snprintf(from, sizeof(from), "line %u of %s", ++number, path);
		good = text == NULL || add_property(name, store, text, from);
		if (!good)
			free(text);
	}
	free(line);
	fclose(file);
	return good;
}

bool
tacit_cli_store_take(const char *name, struct tacit_cli_store *store, int option, char *value)
{
	struct tacit_kafka_options *kafka = &store->kafka;

	switch (option) {
	case TACIT_CLI_STORE:
		store->folder = value;
		return true;
	case TACIT_CLI_KAFKA:
		kafka->brokers = value;
		return true;
	case TACIT_CLI_KAFKA_CONFIG:
		return read_properties(name, store, value);
	case TACIT_CLI_TOPIC_PREFIX:
		kafka->topic_prefix = value;
		return true;
	case TACIT_CLI_GROUP_PREFIX:
		kafka->group_prefix = value;
		return true;
	default:
		return add_property(name, store, value, "-X");
	}
}

int
tacit_cli_store_complete(const char *name, struct tacit_cli_store *store)
{
	struct tacit_kafka_options *kafka = &store->kafka;

	kafka->properties = store->properties;
	if (store->folder != NULL && kafka->brokers != NULL) {
		tacit_cli_complain(name, "--store and --kafka exclude each other");
		return STATUS_USAGE;
	}
	if (kafka->brokers == NULL &&
	    (kafka->property_count > 0 || kafka->topic_prefix != NULL ||
		kafka->group_prefix != NULL || kafka->no_create || kafka->sole_writer)) {
		tacit_cli_complain(name, "options for Kafka want --kafka BROKERS");
		return STATUS_USAGE;
	}
	if (kafka->brokers != NULL && kafka->brokers[0] == '\0') {
		tacit_cli_complain(name, "--kafka wants HOST:PORT[,HOST:PORT...]");
		return STATUS_USAGE;
	}
	if (kafka->brokers != NULL || store->folder != NULL)
		return STATUS_OK;
	if (!tacit_cli_data_folder("", store->path)) {
		tacit_cli_complain(name, "there is no home folder: give --store DIR");
		return STATUS_USAGE;
	}
	store->folder = store->path;
	return STATUS_OK;
}

int
tacit_cli_store_status(const struct tacit_node *node, const char *name)
{
	tacit_err err = tacit_node_err(node);

	if (err != TACIT_OK)
		return err == TACIT_EINVAL ? STATUS_USAGE : STATUS_FAILED;
	if (tacit_node_stopped(node)) {
		tacit_cli_complain(name, "interrupted");
		return STATUS_FAILED;
	}
	return STATUS_OK;
}
