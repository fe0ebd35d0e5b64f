/*
 * The Kafka store (DESIGN.md, "Stores"), against the broker that TACIT_KAFKA=HOST:PORT names; without
 * one, these tests are skipped.
 */
#include "support/store_contract.h"

#include <stdlib.h>

#include "store/kafka.h"

static void
print_diag(void *arg, enum tacit_store_kafka_level level, const char *text)
{
	(void)arg;
	if (level != TACIT_STORE_KAFKA_NOTE || getenv("TACIT_VERBOSE") != NULL)
		print_message("kafka: %s\n", text);
}

static struct tacit_store *
open_with(const struct tacit_store_kafka_config *config)
{
	struct tacit_store_kafka_config own = *config;
	struct tacit_store *store;
	char text[512];

	own.brokers = getenv("TACIT_KAFKA");
	own.diag = print_diag;
	if (tacit_store_kafka_open(&own, &store, text, sizeof(text)) != TACIT_OK)
		fail_msg("%s", text);
	return store;
}

static struct tacit_store *
open_kafka(void)
{
	return open_with(&(struct tacit_store_kafka_config){0});
}

static struct tacit_store *
open_sole(void)
{
	return open_with(&(struct tacit_store_kafka_config){.sole_writer = true});
}

static const struct store_kind kafka_kind = {.open = open_kafka, .durable = true};
static const struct store_kind sole_kind = {.open = open_sole, .durable = true};

int
main(void)
{
	int failed;

	if (getenv("TACIT_KAFKA") == NULL) {
		print_message("skipped: set TACIT_KAFKA=HOST:PORT to a broker\n");
		return 77;
	}
	failed = store_contract(&kafka_kind);
	failed += store_contract(&sole_kind);
	return failed;
}
