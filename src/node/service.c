#include <string.h>

#include "base/memory.h"
#include "node/state.h"
#include "stream/service.h"
#include "tacit/stream.h"

static const char *const service_names[] = {"stream_kafka", "stream", NULL};
static const char *const index_names[] = {"stream_kafka_index", "stream_index", NULL};

/* both names of both services, and the prefix of all streams */
#define WORKERS 5

struct tacit_stream_service {
	struct tacit_owned owned;
	struct tacit_node *node;
	struct tacit_service *engine;
	struct tacit_worker *workers[WORKERS];
	struct tacit_alarm *alarm;
};

static void
port_send(void *arg, struct tacit_msg *msg)
{
	struct tacit_stream_service *service = arg;

	msg->origin = TACIT_ORIGIN_LOCAL;
	tacit_node_route(service->node, msg);
}

static void
port_wake_at(void *arg, tacit_msec at)
{
	struct tacit_stream_service *service = arg;

	tacit_alarm_set(service->alarm, at);
}

static void
on_log(void *arg, enum tacit_log_level level, const char *text)
{
	struct tacit_stream_service *service = arg;

	tacit_node_log(service->node, level, "%s", text);
}

static void
on_msg(void *self, struct tacit_msg *msg)
{
	struct tacit_stream_service *service = self;

	tacit_service_handle(service->engine, msg, tacit_node_now(service->node));
}

static void
on_alarm(void *arg)
{
	struct tacit_stream_service *service = arg;

	tacit_service_tick(service->engine, tacit_node_now(service->node));
}

static void
free_service(struct tacit_owned *self)
{
	struct tacit_stream_service *service =
	    TACIT_CONTAINER(self, struct tacit_stream_service, owned);

	tacit_service_free(service->engine);
	for (size_t i = 0; i < WORKERS; i++)
		tacit_worker_remove(service->workers[i]);
	tacit_alarm_free(service->alarm);
	tacit_free(service);
}

/* false: the node remembers why */
static bool
add_workers(struct tacit_stream_service *service, bool exposed)
{
	static const char *const names[WORKERS] = {
	    "stream_kafka", "stream", "stream_kafka_index", "stream_index", TACIT_STREAM_PREFIX};
	unsigned hears = TACIT_HEARS_LOCAL | (exposed ? TACIT_HEARS_NETWORK : 0u);

	for (size_t i = 0; i < WORKERS; i++) {
		service->workers[i] =
		    tacit_worker_add(service->node, names[i], hears, on_msg, service);
		if (service->workers[i] == NULL)
			return false;
	}
	return true;
}

struct tacit_stream_service *
tacit_stream_service_start(struct tacit_node *node, struct tacit_store *store, bool exposed)
{
	struct tacit_stream_service *service;
	struct tacit_service_config config = {.store = store,
	    .service_names = service_names,
	    .index_names = index_names,
	    .log = on_log};

	if (!tacit_node_usable(node) || store == NULL)
		return NULL;
	if ((service = tacit_alloc(sizeof(*service))) == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a stream service");
		return NULL;
	}
	service->node = node;
	service->owned.free = free_service;
	tacit_node_own(node, &service->owned);
	config.arg = service;
	config.port =
	    (struct tacit_port){service, port_send, port_wake_at, *tacit_node_random(node)};
	if ((service->alarm = tacit_alarm_new(node, on_alarm, service)) == NULL)
		return NULL;
	if ((service->engine = tacit_service_new(&config)) == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a stream service");
		return NULL;
	}
	return add_workers(service, exposed) ? service : NULL;
}

void
tacit_stream_service_tap(struct tacit_stream_service *service, tacit_stream_tap tap, void *arg)
{
	if (service != NULL)
		tacit_service_set_tap(service->engine, tap, arg);
}

void
tacit_stream_service_stop(struct tacit_stream_service *service, long timeout_ms)
{
	tacit_msec deadline;
	unsigned once = 1;

	if (service == NULL || tacit_node_in_loop(service->node))
		return;
	deadline = tacit_node_now(service->node) + (tacit_msec)(timeout_ms > 0 ? timeout_ms : 0);
	tacit_service_stop(service->engine);
	while (tacit_service_in_flight(service->engine) > 0 &&
	       tacit_node_now(service->node) < deadline)
		tacit_loop_quiesce(service->node, &once, 10);
}
