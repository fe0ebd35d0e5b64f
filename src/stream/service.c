#include "stream/service.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "stream/request.h"
#include "wire/frame.h"

/* pushes without a failure after which a store is well again: a small entry may still fit on a disk
 * that is nearly full */
#define STORE_WELL 16u

/* push (PROTOCOL.md 3.2) --------------------------------------------------------------------- */

static void
confirm(struct tacit_service *service, const struct tacit_route *reply, const char *name,
    const struct tacit_push_response *push)
{
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_PUSH, .push = *push};
	char own[TACIT_STREAM_OWN_LEN];

	if (push->status == TACIT_PUSH_OK)
		service->counters.pushes++;
	else
		service->counters.refused++;
	tacit_stream_own(own, name);
	tacit_service_respond(service, reply, own, &response);
}

/* Clients push again until there is room, and have no words for why it takes so long; whoever runs
 * the hub can do something about it. */
static void
tell_store(struct tacit_service *service, tacit_err err)
{
	bool full = err == TACIT_ENOSPACE || err == TACIT_EIO;
	bool over = err == TACIT_OK && ++service->store_oks >= STORE_WELL;
	char line[160];

	if (full)
		service->store_oks = 0;
	if (service->stopping || (service->store_full ? !over : !full))
		return;
	service->store_full = full;
	if (service->config.log == NULL)
		return;
	(void)snprintf(line, sizeof(line),
	    full ? "the store takes no entries: %s; clients wait until it does"
		 : "the store takes entries again",
	    tacit_strerror(err));
	service->config.log(service->config.arg, full ? TACIT_LOG_WARNING : TACIT_LOG_INFO, line);
}

static void
on_append(void *arg, tacit_err err, uint64_t index)
{
	struct tacit_request *request = arg;
	struct tacit_push_response push = {.request_id = request->id, .status = TACIT_PUSH_ERROR};

	if (err == TACIT_OK) {
		push.status = TACIT_PUSH_OK;
		push.index = index;
	}
	if (request->service != NULL) {
		tell_store(request->service, err);
		if (err == TACIT_OK)
			request->service->counters.pushed_len +=
			    request->cost - TACIT_APPEND_OVERHEAD;
		confirm(request->service, &request->reply, request->name, &push);
	}
	tacit_request_free(request);
}

/* the message becomes its entry and goes to the store without a copy */
static void
handle_push(struct tacit_service *service, struct tacit_msg *msg, const char *name,
    const struct tacit_push_request *push)
{
	struct tacit_push_response refusal = {push->request_id, TACIT_PUSH_ERROR, 0};
	struct tacit_store *store = service->config.store;
	struct tacit_request *request = NULL;

	if (!service->stopping && push->data.len <= TACIT_ENTRY_LEN_MAX)
		request = tacit_request_new(
		    service, TACIT_PROTOCOL_PUSH, push->data.len + TACIT_APPEND_OVERHEAD);
	if (request == NULL) {
		confirm(service, &msg->ret, name, &refusal);
		return;
	}
	request->id = push->request_id;
	tacit_route_copy(&request->reply, &msg->ret);
	memcpy(request->name, name, strlen(name));
	if (service->tap != NULL)
		service->tap(service->tap_arg, true, name, push->data.bytes, push->data.len);
	tacit_msg_trim(msg, (size_t)(push->data.bytes - tacit_msg_payload(msg)));
	tacit_msg_truncate(msg, msg->len - push->data.len);
	store->ops->append(store, request->name, msg, on_append, request);
}

/* pull (PROTOCOL.md 3.2, 3.4) ---------------------------------------------------------------- */

/* an upper bound of what one entry adds, and of what surrounds all of them */
static size_t
entry_overhead_max(void)
{
	return tacit_pull_entry_overhead(UINT64_MAX, TACIT_FRAME_LEN_MAX);
}

static size_t
entries_len_max(const struct tacit_route *reply, const char *name)
{
	char own[TACIT_STREAM_OWN_LEN];
	size_t payload, around;
	struct tacit_route ret;
	tacit_err err;

	tacit_stream_own(own, name);
	tacit_route_init(&ret);
	err = tacit_route_append(&ret, tacit_address_worker(own));
	tacit_assert(err == TACIT_OK);
	payload = tacit_frame_payload_len_max(reply, &ret);
	around = tacit_pull_response_overhead(
	    UINT64_MAX, TACIT_FRAME_LEN_MAX, TACIT_FRAME_LEN_MAX, TACIT_PULL_ANSWERS_MAX);
	return payload > around ? payload - around : 0;
}

static void
answer_pull(void *arg, const struct tacit_pull_wish *wish, const struct tacit_pull_batch *batch)
{
	char own[TACIT_STREAM_OWN_LEN];
	struct tacit_service *service = arg;
	struct tacit_pull_writer writer;

	if (tacit_pull_writer_begin(&writer, wish->id, batch->count, batch->len, batch->more) !=
	    TACIT_OK)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		const struct tacit_store_entry *entry = &batch->entries[i];

		tacit_pull_writer_add(&writer, entry->index, entry->bytes, entry->len);
		service->counters.entries++;
		service->counters.entries_len += entry->len;
		if (service->tap != NULL)
			service->tap(service->tap_arg, false, wish->name, entry->bytes, entry->len);
	}
	tacit_stream_own(own, wish->name);
	tacit_service_answer(service, wish->reply, own, tacit_pull_writer_finish(&writer));
}

static void
handle_pull(struct tacit_service *service, const struct tacit_msg *msg, const char *name,
    const struct tacit_pull_request *pull)
{
	struct tacit_pull_wish wish = {
	    .name = name,
	    .reply = &msg->ret,
	    .id = pull->request_id,
	    .index = pull->index,
	    .limit = pull->limit,
	    .answers = pull->answers,
	    .entry_overhead = entry_overhead_max(),
	};

	if (msg->ret.count == 0) {
		service->counters.dropped++;
		return;
	}
	wish.len_max = entries_len_max(&msg->ret, name);
	service->counters.pulls++;
	if (tacit_pulls_ask(&service->pulls, &wish, service->now) != TACIT_OK)
		service->counters.refused++;
}

/* the engine --------------------------------------------------------------------------------- */

void
tacit_service_set_wake(struct tacit_service *service)
{
	tacit_msec pulls = tacit_pulls_due(&service->pulls);
	tacit_msec positions = tacit_positions_due(&service->positions);
	tacit_msec creates = tacit_service_creates_due(service);
	tacit_msec at = pulls < positions ? pulls : positions;

	at = creates < at ? creates : at;
	if (at == service->wake)
		return;
	service->wake = at;
	service->config.port.wake_at(service->config.port.arg, at);
}

/* the config's name that the address is, or NULL */
static const char *
find_name(const char *const *names, struct tacit_address address)
{
	for (; *names != NULL; names++) {
		if (tacit_address_equal(address, tacit_address_worker(*names)))
			return *names;
	}
	return NULL;
}

/* the name of the stream whose worker the address is */
static bool
find_stream(struct tacit_address address, char *ret)
{
	size_t prefix_len = strlen(TACIT_STREAM_PREFIX);

	if (address.type != TACIT_ADDRESS_WORKER || address.len < prefix_len ||
	    memcmp(address.bytes, TACIT_STREAM_PREFIX, prefix_len) != 0)
		return false;
	return tacit_request_name(
	    (struct tacit_slice){address.bytes + prefix_len, address.len - prefix_len}, ret);
}

/* false: not a look, or not for this address */
static bool
dispatch_look(
    struct tacit_service *service, const struct tacit_msg *msg, struct tacit_address address)
{
	const char *own = find_name(service->config.service_names, address);
	struct tacit_look_request look;

	if (own == NULL || tacit_look_request_decode(msg, &look) != TACIT_OK)
		return false;
	tacit_service_look(service, msg, own, &look);
	return true;
}

/* false: not a request for this address */
static bool
dispatch(struct tacit_service *service, struct tacit_msg *msg, struct tacit_address address,
    const struct tacit_stream_request *decoded)
{
	char name[TACIT_NAME_LEN_MAX + 1];
	const char *own;

	switch (decoded->protocol) {
	case TACIT_PROTOCOL_CREATE:
	case TACIT_PROTOCOL_OPEN:
		if ((own = find_name(service->config.service_names, address)) == NULL)
			return false;
		tacit_service_open(service, msg, own, decoded);
		return true;
	case TACIT_PROTOCOL_PUSH:
		if (!find_stream(address, name))
			return false;
		handle_push(service, msg, name, &decoded->push);
		return true;
	case TACIT_PROTOCOL_PULL:
		if (!find_stream(address, name))
			return false;
		handle_pull(service, msg, name, &decoded->pull);
		return true;
	case TACIT_PROTOCOL_INDEX:
		if ((own = find_name(service->config.index_names, address)) == NULL)
			return false;
		tacit_service_index(service, msg, own, &decoded->index);
		return true;
	case TACIT_PROTOCOL_ERROR:
		break;
	}
	return false;
}

void
tacit_service_handle(struct tacit_service *service, struct tacit_msg *msg, tacit_msec now)
{
	struct tacit_stream_request decoded;
	struct tacit_address address;
	bool good = tacit_route_first(&msg->onward, &address);

	service->now = now;
	if (good && tacit_stream_request_decode(msg, &decoded) == TACIT_OK)
		good = dispatch(service, msg, address, &decoded);
	else if (good)
		good = dispatch_look(service, msg, address);
	if (!good)
		service->counters.dropped++;
	tacit_msg_unref(msg);
	tacit_service_set_wake(service);
}

void
tacit_service_tick(struct tacit_service *service, tacit_msec now)
{
	service->now = now;
	tacit_pulls_tick(&service->pulls, now);
	tacit_positions_tick(&service->positions, now);
	tacit_service_creates_tick(service);
	service->wake = TACIT_NEVER; /* the port's wish was used up */
	tacit_service_set_wake(service);
}

struct tacit_service *
tacit_service_new(const struct tacit_service_config *config)
{
	struct tacit_service *service = tacit_alloc(sizeof(*service));
	uint64_t seed;

	if (service == NULL)
		return NULL;
	service->config = *config;
	service->tap = config->tap;
	service->tap_arg = config->arg;
	service->wake = TACIT_NEVER;
	tacit_list_init(&service->requests);
	tacit_list_init(&service->creates);
	tacit_random_fill(&config->port.random, &seed, sizeof(seed));
	tacit_pulls_init(&service->pulls, config->store, seed, answer_pull, service);
	tacit_positions_init(&service->positions, config->store, seed);
	return service;
}

void
tacit_service_stop(struct tacit_service *service)
{
	if (service->stopping)
		return;
	service->stopping = true;
	tacit_service_creates_drop(service);
	tacit_positions_flush(&service->positions);
}

size_t
tacit_service_in_flight(const struct tacit_service *service)
{
	return service->append_count;
}

size_t
tacit_service_parked(const struct tacit_service *service)
{
	return service->pulls.count;
}

const struct tacit_service_counters *
tacit_service_counters(const struct tacit_service *service)
{
	return &service->counters;
}

void
tacit_service_set_tap(struct tacit_service *service,
    void (*tap)(void *arg, bool push, const char *name, const void *bytes, size_t len), void *arg)
{
	service->tap = tap;
	service->tap_arg = arg;
}

void
tacit_service_free(struct tacit_service *service)
{
	if (service == NULL)
		return;
	tacit_pulls_fini(&service->pulls);
	tacit_positions_fini(&service->positions);
	tacit_service_creates_drop(service);
	while (!tacit_list_empty(&service->requests)) {
		struct tacit_request *request =
		    TACIT_CONTAINER(service->requests.next, struct tacit_request, list);

		/* the store still has it, and frees it with its answer */
		request->service = NULL;
		tacit_list_remove(&request->list);
	}
	tacit_free(service);
}
