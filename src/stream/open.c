#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "stream/request.h"

static enum tacit_open_status
status_of(tacit_err err)
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

static void
on_open(void *arg, tacit_err err, const char *text, uint64_t first, uint64_t end)
{
	struct tacit_request *request = arg;
	struct tacit_service *service = request->service;

	if (service != NULL && err == TACIT_OK)
		answer_ok(service, request, first, end);
	else if (service != NULL)
		answer_no(service, request, status_of(err), text);
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
	struct tacit_store *store = service->config.store;
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
	tacit_route_copy(&request->reply, &msg->ret);
	memcpy(request->name, name, sizeof(name));
	store->ops->open(store, request->name, open.create, on_open, request);
}
