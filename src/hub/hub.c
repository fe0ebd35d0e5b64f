#include "hub/hub.h"

#include <string.h>

#include "node/internal.h"
#include "tacit/tcp.h"

/* ms for pushes that are under way when the hub is told to end (DESIGN.md, "Streams and the hub") */
#define STOP_MS 5000

static bool
is_loopback(const char *host_port)
{
	return strncmp(host_port, "127.", 4) == 0 || strncmp(host_port, "localhost:", 10) == 0 ||
	       strncmp(host_port, "[::1]:", 6) == 0;
}

/* on an open hub a name is all that a client needs: without a prefix every topic has one */
static bool
exposes_cluster(const struct tacit_hub_options *options)
{
	const struct tacit_kafka_options *kafka = options->kafka;

	return kafka != NULL && (kafka->topic_prefix == NULL || kafka->topic_prefix[0] == '\0') &&
	       !options->any_topic && !is_loopback(options->listen);
}

void
tacit_hub_start(
    struct tacit_node *node, const struct tacit_hub_options *options, struct tacit_hub *ret)
{
	struct tacit_store *store;

	memset(ret, 0, sizeof(*ret));
	if (exposes_cluster(options)) {
		tacit_node_fail(node, TACIT_EDENIED,
		    "%s is not loopback: whoever connects could read and write every topic of the "
		    "cluster; give --topic-prefix, or --any-topic if that is meant",
		    options->listen);
		return;
	}
	store = options->kafka != NULL ? tacit_store_on_kafka(node, options->kafka)
				       : tacit_store_on_disk(node, options->folder);
	ret->service = tacit_stream_service_start(node, store, true);
	ret->address = tacit_tcp_listen(node, options->listen);
}

void
tacit_hub_stop(struct tacit_hub *hub)
{
	tacit_stream_service_stop(hub->service, STOP_MS);
}
