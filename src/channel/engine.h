/*
 * channel/engine.h: one end of a secure channel, as whoever runs it sees it, whatever protocol it
 * speaks: the native one (channel/session.h) or that of 2021 (ockam/session.h).
 *
 * Each operation does what the function of the same name in channel/session.h says.
 */
#ifndef TACIT_CHANNEL_ENGINE_H
#define TACIT_CHANNEL_ENGINE_H

#include "channel/session.h"

struct tacit_engine_ops {
	void (*free)(void *self);
	void (*start)(void *self, tacit_msec now);
	const char *(*name)(const void *self);
	enum tacit_session_state (*state)(const void *self);
	const struct tacit_identifier *(*peer)(const void *self);
	tacit_msec (*heard_at)(const void *self);
	/* NULL: has none */
	void (*patience)(void *self, tacit_msec ms, tacit_msec now);
	void (*handle)(void *self, struct tacit_msg *msg, tacit_msec now);
	void (*hello_again)(void *self);
	void (*tick)(void *self, tacit_msec now);
	void (*flush)(void *self, tacit_msec now);
	bool (*has_room)(const void *self);
	tacit_err (*check)(const void *self, const struct tacit_msg *msg);
	tacit_err (*send)(void *self, struct tacit_msg *msg);
	uint64_t (*unacknowledged)(const void *self);
	void (*delivered)(void *self, uint64_t sequence, tacit_msec now);
	/* a message that the engine sent with `once` set is done; token is its done_token.  taken:
	 * who carries it has it for good; otherwise it may be lost.  NULL: sends none of these */
	void (*carried)(void *self, uint64_t token, bool taken, tacit_msec now);
	void (*close)(void *self, tacit_msec now);
	bool (*close_confirmed)(const void *self);
};

struct tacit_engine {
	const struct tacit_engine_ops *ops; /* NULL: none yet */
	void *self;
};

/* the native session as an engine; takes it: ops->free frees it */
struct tacit_engine tacit_session_engine(struct tacit_session *session);

#endif
