/*
 * tacit.stream_look: bounds, and the first bytes of entries (PROTOCOL.md 3.7).  The store is asked
 * to open the stream, and then for what fits one answer.
 */
#include <string.h>

#include "stream/request.h"

static void
answer(struct tacit_request *request, struct tacit_look_response *response,
    const struct tacit_look_item *items, size_t count)
{
	struct tacit_service *service = request->service;
	struct tacit_msg *msg = NULL;
	tacit_err err;

	response->request_id = request->id;
	err = tacit_look_response_encode(response, items, count, &msg);
	if (err == TACIT_OK)
		tacit_service_answer(service, &request->reply, request->own, msg);
	else
		tacit_service_refused(service, "look at", request->name, tacit_strerror(err));
}

static void
answer_no(struct tacit_request *request, enum tacit_open_status status, const char *text)
{
	struct tacit_look_response response = {
	    .status = status, .text = tacit_slice_of(text, TACIT_TEXT_LEN_MAX)};

	request->service->counters.refused++;
	answer(request, &response, NULL, 0);
}

/* a store keeps to what it was asked, but an answer has only so many places */
static void
answer_entries(struct tacit_request *request, const struct tacit_store_entry *entries, size_t count)
{
	struct tacit_look_response response = {.first = request->first, .end = request->end};
	struct tacit_look_item items[TACIT_LOOK_ENTRIES_MAX];
	size_t taken = 0;

	for (; taken < count && taken < TACIT_LOOK_ENTRIES_MAX; taken++) {
		const struct tacit_store_entry *entry = &entries[taken];

		items[taken] = (struct tacit_look_item){
		    .index = entry->index,
		    .time_ms = entry->time_ms,
		    .size = entry->len,
		    .head = {entry->bytes,
			entry->len < TACIT_LOOK_HEAD_LEN ? entry->len : TACIT_LOOK_HEAD_LEN},
		};
	}
	request->service->counters.looks++;
	answer(request, &response, items, taken);
}

static void
on_read(void *arg, tacit_err err, const struct tacit_store_entry *entries, size_t count)
{
	struct tacit_request *request = arg;

	if (request->service != NULL && err == TACIT_OK)
		answer_entries(request, entries, count);
	else if (request->service != NULL)
		answer_no(request, tacit_open_status_of(err), tacit_strerror(err));
	tacit_request_free(request);
}

static void
on_open(void *arg, tacit_err err, const char *text, uint64_t first, uint64_t end)
{
	struct tacit_request *request = arg;
	struct tacit_service *service = request->service;
	struct tacit_store_range range = {.len_max = TACIT_LOOK_READ_LEN_MAX};

	if (service == NULL) {
		tacit_request_free(request);
		return;
	}
	if (err != TACIT_OK) {
		answer_no(request, tacit_open_status_of(err), text);
		tacit_request_free(request);
		return;
	}
	request->first = first;
	request->end = end;
	range.index = request->index > first ? request->index : first;
	range.count_max = request->count < TACIT_LOOK_ENTRIES_MAX ? (size_t)request->count
								  : TACIT_LOOK_ENTRIES_MAX;
	if (range.count_max == 0 || range.index >= end) {
		answer_entries(request, NULL, 0);
		tacit_request_free(request);
		return;
	}
	/* it does not wait: answered now or soon, whatever becomes of the service */
	(void)service->config.store->ops->read(
	    service->config.store, request->name, &range, on_read, request);
}

/* what the store will not see */
static void
refuse(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_look_request *look, enum tacit_open_status status)
{
	struct tacit_request request = {.service = service, .id = look->request_id, .own = own};

	tacit_route_copy(&request.reply, &msg->ret);
	answer_no(&request, status,
	    status == TACIT_OPEN_BAD_NAME ? "no stream may have this name"
					  : "the service is busy, try again");
}

void
tacit_service_look(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_look_request *look)
{
	struct tacit_store *store = service->config.store;
	struct tacit_request *request = NULL;
	char name[TACIT_NAME_LEN_MAX + 1];

	if (!tacit_request_name(look->name, name)) {
		refuse(service, msg, own, look, TACIT_OPEN_BAD_NAME);
		return;
	}
	if (service->look_count < TACIT_LOOKS_MAX)
		request = tacit_request_new(service, TACIT_PROTOCOL_OPEN, 0);
	if (request == NULL) {
		refuse(service, msg, own, look, TACIT_OPEN_LIMIT);
		return;
	}
	service->look_count++;
	request->look = true;
	request->id = look->request_id;
	request->own = own;
	request->index = look->index;
	request->count = look->count;
	tacit_route_copy(&request->reply, &msg->ret);
	memcpy(request->name, name, sizeof(name));
	store->ops->open(store, request->name, false, on_open, request);
}
