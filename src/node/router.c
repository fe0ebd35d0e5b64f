#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "node/state.h"

void
tacit_router_init(struct tacit_node *node)
{
	uint64_t seed;

	tacit_random_fill(&node->random, &seed, sizeof(seed));
	tacit_map_init(&node->names, seed);
	tacit_list_init(&node->workers);
	tacit_list_init(&node->prefixes);
}

void
tacit_router_fini(struct tacit_node *node)
{
	tacit_msg_queue_fini(&node->queue);
	while (!tacit_list_empty(&node->workers))
		tacit_worker_remove(TACIT_CONTAINER(node->workers.next, struct tacit_worker, list));
	while (!tacit_list_empty(&node->prefixes))
		tacit_worker_remove(
		    TACIT_CONTAINER(node->prefixes.next, struct tacit_worker, list));
	tacit_map_fini(&node->names);
}

/* workers -------------------------------------------------------------------------------------- */

static bool
is_prefix(const char *name)
{
	return name[strlen(name) - 1] == '.';
}

static tacit_err
check_name(struct tacit_node *node, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > TACIT_ADDRESS_LEN_MAX || strchr(name, '#') != NULL)
		return tacit_node_fail(node, TACIT_EINVAL,
		    "`%.80s` cannot be a worker's name: 1 to %u bytes without `#`", name,
		    TACIT_ADDRESS_LEN_MAX);
	if (tacit_map_get(&node->names, name, len) != NULL)
		return tacit_node_fail(
		    node, TACIT_EEXIST, "there is a worker `%.80s` in this node already", name);
	return TACIT_OK;
}

struct tacit_worker *
tacit_worker_add(
    struct tacit_node *node, const char *name, unsigned hears, tacit_worker_fn fn, void *self)
{
	struct tacit_worker *worker;
	char digits[33];

	if (!tacit_node_usable(node))
		return NULL;
	if (name == NULL) {
		tacit_random_hex(&node->random, digits, 16);
		name = digits;
	}
	if (check_name(node, name) != TACIT_OK)
		return NULL;
	if ((worker = tacit_alloc(sizeof(*worker))) == NULL ||
	    (worker->name = tacit_strdup(name)) == NULL ||
	    tacit_map_put(&node->names, name, strlen(name), worker) != TACIT_OK) {
		if (worker != NULL)
			tacit_free(worker->name);
		tacit_free(worker);
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	worker->node = node;
	worker->hears = hears;
	worker->fn = fn;
	worker->self = self;
	tacit_list_append(is_prefix(name) ? &node->prefixes : &node->workers, &worker->list);
	return worker;
}

void
tacit_worker_remove(struct tacit_worker *worker)
{
	if (worker == NULL)
		return;
	tacit_map_remove(&worker->node->names, worker->name, strlen(worker->name));
	tacit_list_remove(&worker->list);
	tacit_free(worker->name);
	tacit_free(worker);
}

void
tacit_worker_set_hears(struct tacit_worker *worker, unsigned hears)
{
	worker->hears = hears;
}

void
tacit_worker_set_room(struct tacit_worker *worker, int (*has_room)(void *self))
{
	worker->has_room = has_room;
}

void
tacit_worker_set_check(
    struct tacit_worker *worker, tacit_err (*check)(void *self, const struct tacit_msg *msg))
{
	worker->check = check;
}

const char *
tacit_worker_name(const struct tacit_worker *worker)
{
	return worker->name;
}

struct tacit_address
tacit_worker_address(const struct tacit_worker *worker)
{
	return tacit_address_worker(worker->name);
}

/* routing -------------------------------------------------------------------------------------- */

/* the longest prefix wins; there are one or two of them in a node */
static struct tacit_worker *
find_prefix(const struct tacit_node *node, const struct tacit_address *address)
{
	struct tacit_worker *best = NULL;
	size_t best_len = 0;

	for (struct tacit_list *at = node->prefixes.next; at != &node->prefixes; at = at->next) {
		struct tacit_worker *worker = TACIT_CONTAINER(at, struct tacit_worker, list);
		size_t len = strlen(worker->name);

		if (len > best_len && len <= address->len &&
		    memcmp(worker->name, address->bytes, len) == 0) {
			best = worker;
			best_len = len;
		}
	}
	return best;
}

struct tacit_worker *
tacit_router_worker(const struct tacit_node *node, const struct tacit_address *address)
{
	struct tacit_worker *worker;

	if (address->type != TACIT_ADDRESS_WORKER)
		return NULL;
	worker = tacit_map_get(&node->names, address->bytes, address->len);
	return worker != NULL ? worker : find_prefix(node, address);
}

struct tacit_transport *
tacit_router_transport(struct tacit_node *node, uint8_t type)
{
	for (size_t i = 0; i < node->transport_count; i++) {
		if (node->transports[i].type == type)
			return &node->transports[i];
	}
	return NULL;
}

void
tacit_node_set_transport(struct tacit_node *node, uint8_t type, tacit_worker_fn fn, void *self)
{
	struct tacit_transport *transport = tacit_router_transport(node, type);

	if (transport == NULL) {
		tacit_assert(node->transport_count < TACIT_TRANSPORTS_MAX);
		transport = &node->transports[node->transport_count++];
	}
	*transport = (struct tacit_transport){.type = type, .fn = fn, .self = self};
}

bool
tacit_node_reaches(const struct tacit_node *node, const struct tacit_route *onward)
{
	struct tacit_address hop;

	if (!tacit_route_first(onward, &hop))
		return false;
	if (hop.type == TACIT_ADDRESS_WORKER)
		return tacit_router_worker(node, &hop) != NULL;
	for (size_t i = 0; i < node->transport_count; i++) {
		if (node->transports[i].type == hop.type)
			return true;
	}
	return false;
}

void
tacit_node_route(struct tacit_node *node, struct tacit_msg *msg)
{
	if (node->quiet)
		tacit_msg_unref(msg);
	else if (!tacit_msg_queue_push(&node->queue, msg))
		tacit_node_log(node, TACIT_LOG_WARNING, "no memory: a message was dropped");
}

static void
drop(struct tacit_node *node, struct tacit_msg *msg, const char *why)
{
	char route[256];

	if (node->log != NULL) {
		tacit_route_format(&msg->onward, route, sizeof(route));
		tacit_node_log(node, TACIT_LOG_DEBUG, "dropped a message for [%s]: %s", route, why);
	}
	tacit_msg_unref(msg);
}

static void
deliver(struct tacit_node *node, struct tacit_msg *msg)
{
	const struct tacit_transport *transport;
	const struct tacit_worker *worker;
	struct tacit_address hop;

	if (!tacit_route_first(&msg->onward, &hop)) {
		drop(node, msg, "it has no onward route");
	} else if (hop.type == TACIT_ADDRESS_WORKER) {
		if ((worker = tacit_router_worker(node, &hop)) == NULL)
			drop(node, msg, "no such worker here");
		else if ((worker->hears & 1u << msg->origin) == 0)
			drop(node, msg, "the worker does not hear senders of this kind");
		else {
			msg->taken = true;
			worker->fn(worker->self, msg);
		}
	} else if ((transport = tacit_router_transport(node, hop.type)) == NULL) {
		drop(node, msg, "nothing here takes addresses of this type");
	} else if (msg->origin != TACIT_ORIGIN_LOCAL) {
		drop(node, msg, "this node does not relay");
	} else {
		msg->taken = true;
		transport->fn(transport->self, msg);
	}
}

bool
tacit_router_step(struct tacit_node *node)
{
	struct tacit_msg *msg = tacit_queue_pop(&node->queue);

	if (msg == NULL)
		return false;
	deliver(node, msg);
	return true;
}
