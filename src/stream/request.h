/*
 * stream/request.h: what the files of the service share: the service itself, the requests that its
 * store has, and how they are answered.
 */
#ifndef TACIT_STREAM_REQUEST_H
#define TACIT_STREAM_REQUEST_H

#include "base/limits.h"
#include "base/list.h"
#include "stream/position.h"
#include "stream/pull.h"
#include "stream/service.h"
#include "wire/stream_look.h"

/* bytes of a stream worker's address, with the NUL */
#define TACIT_STREAM_OWN_LEN (sizeof(TACIT_STREAM_PREFIX) + TACIT_NAME_LEN_MAX)

struct tacit_service {
	struct tacit_service_config config;
	struct tacit_service_counters counters;
	struct tacit_pulls pulls;
	struct tacit_positions positions;
	struct tacit_list requests; /* what the store has not answered, pulls apart */
	struct tacit_list creates;  /* what it is asked again; the one that is due next first */
	size_t request_count;       /* of both: opens and questions for positions */
	size_t look_count;          /* of those, looks */
	size_t append_count;        /* pushes */
	size_t append_len;          /* and their bytes */
	tacit_msec now;             /* of the last handle or tick */
	tacit_msec wake;            /* what the port was told last */
	bool stopping;
	bool store_full;    /* or broken: pushes fail for that, and it was said */
	unsigned store_oks; /* pushes that did not, since */
	void (*tap)(void *arg, bool push, const char *name, const void *bytes, size_t len);
	void *tap_arg;
};

/* an open, a look, a push or a question for a position, while the store has it */
struct tacit_request {
	struct tacit_list list;
	struct tacit_service *service; /* NULL: gone, nobody wants the answer */
	enum tacit_protocol protocol;
	uint64_t id;
	size_t cost; /* push: what it is counted with */
	bool create; /* open */
	bool look;   /* open: entries are wanted as well, and nothing is created */
	uint64_t index, count, first, end; /* of a look; the stream's bounds */
	tacit_msec due;  /* create: when the store is asked again; 0: it was asked once */
	const char *own; /* open, index: the name that was asked, the config's */
	struct tacit_route reply;
	char name[TACIT_NAME_LEN_MAX + 1];
	char client_id[TACIT_CLIENT_ID_LEN_MAX + 1]; /* index */
};

/*
 * A request that the store will have.  cost: what a push is counted with (its entry and
 * TACIT_APPEND_OVERHEAD), 0 for all else.  NULL: too many, or no memory.
 * tacit_request_free belongs to the store's answer.
 */
#define TACIT_APPEND_OVERHEAD 1024u
struct tacit_request *tacit_request_new(
    struct tacit_service *service, enum tacit_protocol protocol, size_t cost);
void tacit_request_free(struct tacit_request *request);

/* checks a name and makes a text of it, of TACIT_NAME_LEN_MAX + 1 bytes; false: no stream may have it */
bool tacit_request_name(struct tacit_slice name, char *ret);
/* text as a slice, cut at len_max */
struct tacit_slice tacit_slice_of(const char *text, size_t len_max);
/* the address of a stream's worker, of TACIT_STREAM_OWN_LEN bytes */
void tacit_stream_own(char *ret, const char *name);

/* sends an answer whose way back is the one hop `own`, or nothing when reply is empty.  Takes msg,
 * which may be NULL for want of memory */
void tacit_service_answer(struct tacit_service *service, const struct tacit_route *reply,
    const char *own, struct tacit_msg *msg);
/* encodes and sends it */
void tacit_service_respond(struct tacit_service *service, const struct tacit_route *reply,
    const char *own, const struct tacit_stream_response *response);
/* counts and logs */
void tacit_service_refused(
    struct tacit_service *service, const char *what, const char *name, const char *text);
void tacit_service_warn(
    struct tacit_service *service, const char *what, const char *name, const char *text);
/* tells the port when tick is wanted, if that changed */
void tacit_service_set_wake(struct tacit_service *service);

/* create and open, save and get; own is the service's name, the config's */
void tacit_service_open(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_stream_request *decoded);
/* creates that wait: asks the store again, tells when that is due, gives up */
void tacit_service_creates_tick(struct tacit_service *service);
tacit_msec tacit_service_creates_due(const struct tacit_service *service);
void tacit_service_creates_drop(struct tacit_service *service);
/* what an error of the store's is to a client that opens or looks */
enum tacit_open_status tacit_open_status_of(tacit_err err);
void tacit_service_look(struct tacit_service *service, const struct tacit_msg *msg, const char *own,
    const struct tacit_look_request *look);
void tacit_service_index(struct tacit_service *service, const struct tacit_msg *msg,
    const char *own, const struct tacit_index_request *index);

#endif
