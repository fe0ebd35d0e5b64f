#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "stream/request.h"

enum tacit_open_status
tacit_open_status_of(tacit_err err)
{
	if (err == TACIT_OK)
		return TACIT_OPEN_OK;
	if (err == TACIT_ENOTFOUND)
		return TACIT_OPEN_NOT_FOUND;
	if (err == TACIT_EDENIED)
		return TACIT_OPEN_REFUSED;
	if (err == TACIT_ELIMIT)
		return TACIT_OPEN_LIMIT;
	return TACIT_OPEN_UNAVAILABLE;
}

/* the stream's own worker says that it is open, and is what its answer leads back to */
static void
answer_ok(struct tacit_service *service, const struct tacit_request *request, uint64_t first,
    uint64_t end)
{
	struct tacit_stream_response response = {.protocol = request->protocol};
	struct tacit_slice name = tacit_slice_of(request->name, TACIT_NAME_LEN_MAX);
	char own[TACIT_STREAM_OWN_LEN];

	if (request->protocol == TACIT_PROTOCOL_OPEN) {
		response.open.request_id = request->id;
		response.open.name = name;
		response.open.first = first;
		response.open.end = end;
	} else {
		response.create.name = name;
	}
	service->counters.opens++;
	tacit_stream_own(own, request->name);
	tacit_service_respond(service, &request->reply, own, &response);
}

/* the service itself says no; the wire of 2021 has no words for it, and silence does no harm */
static void
answer_no(struct tacit_service *service, const struct tacit_request *request,
    enum tacit_open_status status, const char *text)
{
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_OPEN};

	tacit_service_refused(
	    service, "open", request->name[0] != '\0' ? request->name : "?", text);
	if (request->protocol != TACIT_PROTOCOL_OPEN)
		return;
	response.open.request_id = request->id;
	response.open.status = status;
	response.open.text = tacit_slice_of(text, TACIT_TEXT_LEN_MAX);
	response.open.name = tacit_slice_of(request->name, TACIT_NAME_LEN_MAX);
	tacit_service_respond(service, &request->reply, request->own, &response);
}

/* A client of 2021 asks once and waits for ever, so a store that only cannot do it now is asked
 * again.  Ours ask again by themselves, and are told. */
static bool
may_wait(const struct tacit_service *service, const struct tacit_request *request, tacit_err err)
{
	enum tacit_open_status status = tacit_open_status_of(err);

	return request->protocol == TACIT_PROTOCOL_CREATE && !service->stopping &&
	       err != TACIT_ECLOSED &&
	       (status == TACIT_OPEN_UNAVAILABLE || status == TACIT_OPEN_LIMIT);
}

static void
wait_for_store(struct tacit_service *service, struct tacit_request *request, const char *text)
{
	if (request->due == 0)
		tacit_service_warn(service, "a client of 2021 waits for", request->name, text);
	request->due = service->now + TACIT_CREATE_AGAIN_MS;
	tacit_list_remove(&request->list);
	tacit_list_append(&service->creates, &request->list);
	tacit_service_set_wake(service);
}

static void
on_open(void *arg, tacit_err err, const char *text, uint64_t first, uint64_t end)
{
	struct tacit_request *request = arg;
	struct tacit_service *service = request->service;

	if (service != NULL && err != TACIT_OK && may_wait(service, request, err)) {
		wait_for_store(service, request, text);
		return;
	}
	if (service != NULL && err == TACIT_OK)
		answer_ok(service, request, first, end);
	else if (service != NULL)
		answer_no(service, request, tacit_open_status_of(err), text);
	tacit_request_free(request);
}

static void
ask_store(struct tacit_service *service, struct tacit_request *request)
{
	struct tacit_store *store = service->config.store;

	store->ops->open(store, request->name, request->create, on_open, request);
}

static struct tacit_request *
first_create(const struct tacit_service *service)
{
	if (tacit_list_empty(&service->creates))
		return NULL;
	return TACIT_CONTAINER(service->creates.next, struct tacit_request, list);
}

tacit_msec
tacit_service_creates_due(const struct tacit_service *service)
{
	const struct tacit_request *request = first_create(service);

	return request != NULL ? request->due : TACIT_NEVER;
}

void
tacit_service_creates_tick(struct tacit_service *service)
{
	struct tacit_request *request;

	while ((request = first_create(service)) != NULL && request->due <= service->now) {
		tacit_list_remove(&request->list);
		tacit_list_append(&service->requests, &request->list);
		ask_store(service, request);
	}
}

void
tacit_service_creates_drop(struct tacit_service *service)
{
	struct tacit_request *request;

	while ((request = first_create(service)) != NULL)
		tacit_request_free(request);
}

/* finds or makes up the name; false: a bad one, or none and the stream shall exist */
static bool
name_stream(struct tacit_service *service, const struct tacit_open_request *open, char *ret)
{
	char digits[33];

	if (open->has_name)
		return tacit_request_name(open->name, ret);
	if (!open->create)
		return false;
	tacit_random_hex(&service->config.port.random, digits, 16);
	(void)snprintf(ret, TACIT_NAME_LEN_MAX + 1, "generated_%s", digits);
	return true;
}

/* refuses what the store will not see */
static void
refuse(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_stream_request *decoded, enum tacit_open_status status)
{
	struct tacit_request request = {.protocol = decoded->protocol, .own = own};

	if (decoded->protocol == TACIT_PROTOCOL_OPEN)
		request.id = decoded->open.request_id;
	tacit_route_copy(&request.reply, &msg->ret);
	answer_no(service, &request, status,
	    status == TACIT_OPEN_BAD_NAME ? "no stream may have this name"
					  : "the service is busy, try again");
}

void
tacit_service_open(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_stream_request *decoded)
{
	struct tacit_open_request open = {.create = true};
	struct tacit_request *request;
	char name[TACIT_NAME_LEN_MAX + 1];

	if (decoded->protocol == TACIT_PROTOCOL_OPEN) {
		open = decoded->open;
	} else {
		open.has_name = decoded->create.has_name;
		open.name = decoded->create.name;
	}
	if (!name_stream(service, &open, name)) {
		refuse(service, msg, own, decoded, TACIT_OPEN_BAD_NAME);
		return;
	}
	if ((request = tacit_request_new(service, decoded->protocol, 0)) == NULL) {
		refuse(service, msg, own, decoded, TACIT_OPEN_LIMIT);
		return;
	}
	request->id = open.request_id;
	request->own = own;
	request->create = open.create;
	tacit_route_copy(&request->reply, &msg->ret);
	memcpy(request->name, name, sizeof(name));
	ask_store(service, request);
}
