#include "stream/request.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "wire/name.h"

#define LINE_LEN_MAX (TACIT_NAME_LEN_MAX + TACIT_TEXT_LEN_MAX + 64)

struct tacit_request *
tacit_request_new(struct tacit_service *service, enum tacit_protocol protocol, size_t cost)
{
	struct tacit_request *request;

	if (cost == 0 && service->request_count >= TACIT_REQUESTS_MAX)
		return NULL;
	if (cost > 0 && service->append_len + cost > TACIT_APPENDS_LEN_MAX)
		return NULL;
	if ((request = tacit_alloc(sizeof(*request))) == NULL)
		return NULL;
	request->service = service;
	request->protocol = protocol;
	request->cost = cost;
	tacit_list_append(&service->requests, &request->list);
	if (cost == 0) {
		service->request_count++;
	} else {
		service->append_count++;
		service->append_len += cost;
	}
	return request;
}

void
tacit_request_free(struct tacit_request *request)
{
	struct tacit_service *service = request->service;

	tacit_list_remove(&request->list);
	if (service != NULL && request->cost == 0) {
		service->request_count--;
		service->look_count -= request->look;
	} else if (service != NULL) {
		service->append_count--;
		service->append_len -= request->cost;
	}
	tacit_free(request);
}

bool
tacit_request_name(struct tacit_slice name, char *ret)
{
	if (!tacit_name_check(name.bytes, name.len))
		return false;
	memcpy(ret, name.bytes, name.len);
	ret[name.len] = '\0';
	return true;
}

struct tacit_slice
tacit_slice_of(const char *text, size_t len_max)
{
	size_t len = strlen(text);

	return (struct tacit_slice){(const uint8_t *)text, len < len_max ? len : len_max};
}

void
tacit_stream_own(char *ret, const char *name)
{
	(void)snprintf(ret, TACIT_STREAM_OWN_LEN, TACIT_STREAM_PREFIX "%s", name);
}

void
tacit_service_answer(struct tacit_service *service, const struct tacit_route *reply,
    const char *own, struct tacit_msg *msg)
{
	tacit_err err;

	if (msg == NULL || reply->count == 0) {
		tacit_msg_unref(msg);
		return;
	}
	tacit_route_copy(&msg->onward, reply);
	tacit_route_init(&msg->ret);
	err = tacit_route_append(&msg->ret, tacit_address_worker(own));
	tacit_assert(err == TACIT_OK);
	service->config.port.send(service->config.port.arg, msg);
}

void
tacit_service_respond(struct tacit_service *service, const struct tacit_route *reply,
    const char *own, const struct tacit_stream_response *response)
{
	struct tacit_msg *msg = NULL;
	tacit_err err = tacit_stream_response_encode(response, &msg);

	if (err == TACIT_OK)
		tacit_service_answer(service, reply, own, msg);
	else
		tacit_service_refused(service, "answer of", own, tacit_strerror(err));
}

void
tacit_service_refused(
    struct tacit_service *service, const char *what, const char *name, const char *text)
{
	service->counters.refused++;
	tacit_service_warn(service, what, name, text);
}

void
tacit_service_warn(
    struct tacit_service *service, const char *what, const char *name, const char *text)
{
	char line[LINE_LEN_MAX];

	if (service->config.log == NULL)
		return;
	(void)snprintf(line, sizeof(line), "%s %s: %s", what, name, text);
	service->config.log(service->config.arg, TACIT_LOG_WARNING, line);
}
