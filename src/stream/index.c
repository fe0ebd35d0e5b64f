#include <string.h>

#include "stream/request.h"
#include "wire/name.h"

static void
answer(struct tacit_service *service, const struct tacit_route *reply, const char *own,
    const struct tacit_index_response *index)
{
	struct tacit_stream_response response = {.protocol = TACIT_PROTOCOL_INDEX, .index = *index};

	tacit_service_respond(service, reply, own, &response);
}

/* a position that could not be read is as good as none: a consumer that waited would never start */
static void
on_position(void *arg, tacit_err err, bool found, uint64_t index)
{
	struct tacit_request *request = arg;
	struct tacit_index_response response = {
	    .client_id = tacit_slice_of(request->client_id, TACIT_CLIENT_ID_LEN_MAX),
	    .name = tacit_slice_of(request->name, TACIT_NAME_LEN_MAX),
	    .has_index = err == TACIT_OK && found,
	    .index = index,
	};

	if (request->service != NULL)
		answer(request->service, &request->reply, request->own, &response);
	tacit_request_free(request);
}

static void
get(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_index_request *index)
{
	struct tacit_index_response response = {.client_id = index->client_id, .name = index->name};
	struct tacit_store *store = service->config.store;
	struct tacit_request *request = NULL;
	char name[TACIT_NAME_LEN_MAX + 1];
	bool good = tacit_request_name(index->name, name);

	if (good)
		response.has_index = tacit_positions_get(
		    &service->positions, index->client_id, name, &response.index);
	if (good && !response.has_index &&
	    tacit_client_id_check(index->client_id.bytes, index->client_id.len))
		request = tacit_request_new(service, TACIT_PROTOCOL_INDEX, 0);
	if (request == NULL) {
		answer(service, &msg->ret, own, &response);
		return;
	}
	request->own = own;
	tacit_route_copy(&request->reply, &msg->ret);
	memcpy(request->name, name, index->name.len);
	memcpy(request->client_id, index->client_id.bytes, index->client_id.len);
	store->ops->position_get(store, request->client_id, request->name, on_position, request);
}

void
tacit_service_index(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_index_request *index)
{
	char name[TACIT_NAME_LEN_MAX + 1];

	if (!index->save)
		get(service, msg, own, index);
	else if (tacit_request_name(index->name, name))
		tacit_positions_set(
		    &service->positions, index->client_id, name, index->index, service->now);
	else
		tacit_service_refused(service, "save", "?", "no stream may have this name");
}
