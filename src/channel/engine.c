#include "channel/engine.h"

/* The native session behind untyped pointers: each of these is the function of its name. */

static void
free_session(void *self)
{
	tacit_session_free(self);
}

static void
start(void *self, tacit_msec now)
{
	tacit_session_start(self, now);
}

static const char *
name(const void *self)
{
	return tacit_session_name(self);
}

static enum tacit_session_state
state(const void *self)
{
	return tacit_session_state(self);
}

static const struct tacit_identifier *
peer(const void *self)
{
	return tacit_session_peer(self);
}

static tacit_msec
heard_at(const void *self)
{
	return tacit_session_heard_at(self);
}

static void
patience(void *self, tacit_msec ms, tacit_msec now)
{
	tacit_session_patience(self, ms, now);
}

static void
handle(void *self, struct tacit_msg *msg, tacit_msec now)
{
	tacit_session_handle(self, msg, now);
}

static void
hello_again(void *self)
{
	tacit_session_hello_again(self);
}

static void
tick(void *self, tacit_msec now)
{
	tacit_session_tick(self, now);
}

static void
flush(void *self, tacit_msec now)
{
	tacit_session_flush(self, now);
}

static bool
has_room(const void *self)
{
	return tacit_session_has_room(self);
}

static tacit_err
check(const void *self, const struct tacit_msg *msg)
{
	return tacit_session_check(self, msg);
}

static tacit_err
send(void *self, struct tacit_msg *msg)
{
	return tacit_session_send(self, msg);
}

static uint64_t
unacknowledged(const void *self)
{
	return tacit_session_unacknowledged(self);
}

static void
delivered(void *self, uint64_t sequence, tacit_msec now)
{
	tacit_session_delivered(self, sequence, now);
}

static void
close_session(void *self, tacit_msec now)
{
	tacit_session_close(self, now);
}

static bool
close_confirmed(const void *self)
{
	return tacit_session_close_confirmed(self);
}

struct tacit_engine
tacit_session_engine(struct tacit_session *session)
{
	static const struct tacit_engine_ops ops = {
	    .free = free_session,
	    .start = start,
	    .name = name,
	    .state = state,
	    .peer = peer,
	    .heard_at = heard_at,
	    .patience = patience,
	    .handle = handle,
	    .hello_again = hello_again,
	    .tick = tick,
	    .flush = flush,
	    .has_room = has_room,
	    .check = check,
	    .send = send,
	    .unacknowledged = unacknowledged,
	    .delivered = delivered,
	    .close = close_session,
	    .close_confirmed = close_confirmed,
	};

	return (struct tacit_engine){&ops, session};
}
