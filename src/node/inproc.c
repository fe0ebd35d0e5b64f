#include "tacit/inproc.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "node/state.h"

/* the living nodes of the process, because a peer may be freed by its own thread at any time */
static struct {
	pthread_mutex_t lock; /* guards the rest */
	struct tacit_map nodes;
	uint64_t last_id;
} door = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* a message on its way to another thread: bytes, since blocks are counted by one thread */
struct parcel {
	struct tacit_node *to;
	uint64_t from;
	struct tacit_block *block;
};

void
tacit_inproc_enter(struct tacit_node *node)
{
	pthread_mutex_lock(&door.lock);
	node->id = ++door.last_id;
	/* without memory the node lives on, and nobody in the process finds it */
	(void)!tacit_map_put(&door.nodes, &node->id, sizeof(node->id), node);
	pthread_mutex_unlock(&door.lock);
}

void
tacit_inproc_leave(struct tacit_node *node)
{
	pthread_mutex_lock(&door.lock);
	tacit_map_remove(&door.nodes, &node->id, sizeof(node->id));
	if (door.nodes.count == 0)
		tacit_map_fini(&door.nodes);
	pthread_mutex_unlock(&door.lock);
}

static void transport_take(void *self, struct tacit_msg *msg);

static void
start_transport(struct tacit_node *node)
{
	if (tacit_router_transport(node, TACIT_ADDRESS_INPROC) == NULL)
		tacit_node_set_transport(node, TACIT_ADDRESS_INPROC, transport_take, node);
}

static struct tacit_address
address_of(uint64_t id, char ret_text[21])
{
	int len = snprintf(ret_text, 21, "%llu", (unsigned long long)id);

	return (struct tacit_address){TACIT_ADDRESS_INPROC, (const uint8_t *)ret_text, (size_t)len};
}

static void
arrive(void *arg)
{
	struct parcel *parcel = arg;
	struct tacit_node *node = parcel->to;
	struct tacit_msg *msg;
	char text[21];

	if (tacit_msg_decode(parcel->block, 0, parcel->block->cap, &msg) == TACIT_OK) {
		start_transport(node);
		/* posts come faster than a turn handles messages: what waits is bounded, too */
		if (node->queue.count < TACIT_POSTED_MAX &&
		    tacit_route_prepend(&msg->ret, address_of(parcel->from, text)) == TACIT_OK)
			tacit_node_route(node, msg);
		else
			tacit_msg_unref(msg);
	}
	tacit_block_unref(parcel->block);
	tacit_free(parcel);
}

static struct parcel *
pack(const struct tacit_node *from, struct tacit_msg *msg)
{
	struct parcel *parcel;

	if (tacit_msg_encode(msg) != TACIT_OK || (parcel = tacit_alloc(sizeof(*parcel))) == NULL)
		return NULL;
	if ((parcel->block = tacit_block_new(msg->len)) == NULL) {
		tacit_free(parcel);
		return NULL;
	}
	memcpy(parcel->block->bytes, tacit_msg_payload(msg), msg->len);
	parcel->from = from->id;
	return parcel;
}

static tacit_err
deliver(uint64_t id, struct parcel *parcel)
{
	tacit_err err = TACIT_ENOTFOUND;

	pthread_mutex_lock(&door.lock);
	if ((parcel->to = tacit_map_get(&door.nodes, &id, sizeof(id))) != NULL)
		err = tacit_node_post(parcel->to, arrive, parcel);
	pthread_mutex_unlock(&door.lock);
	return err;
}

static uint64_t
parse_id(struct tacit_address address)
{
	uint64_t id = 0;

	for (size_t i = 0; i < address.len; i++) {
		if (address.bytes[i] < '0' || address.bytes[i] > '9' || i > 18)
			return 0; /* no node has it */
		id = id * 10 + (uint64_t)(address.bytes[i] - '0');
	}
	return id;
}

static void
transport_take(void *self, struct tacit_msg *msg)
{
	struct tacit_node *node = self;
	tacit_err err = TACIT_ENOMEM;
	struct tacit_address hop;
	struct parcel *parcel;
	uint64_t id = 0;

	if (tacit_route_first(&msg->onward, &hop))
		id = parse_id(hop);
	tacit_route_pop(&msg->onward);
	if ((parcel = pack(node, msg)) != NULL && (err = deliver(id, parcel)) != TACIT_OK) {
		tacit_block_unref(parcel->block);
		tacit_free(parcel);
	}
	msg->taken = err == TACIT_OK;
	if (err != TACIT_OK)
		tacit_node_log(node, TACIT_LOG_DEBUG, "a message to node %llu was dropped: %s",
		    (unsigned long long)id, tacit_strerror(err));
	tacit_msg_unref(msg);
}

const char *
tacit_inproc_peer(struct tacit_node *node, const struct tacit_node *other)
{
	if (!tacit_node_usable(node))
		return NULL;
	if (other == NULL) {
		(void)tacit_node_fail(node, TACIT_EINVAL, "there is no other node");
		return NULL;
	}
	start_transport(node);
	return tacit_node_text(
	    node, "%d#%llu", TACIT_ADDRESS_INPROC, (unsigned long long)other->id);
}
