/*
 * wire/port.h: what a worker's engine wishes of the node that runs it.
 *
 * Engines in src/channel and src/stream hold one of these by value.  Every call returns at once;
 * none calls back into the engine before the engine's own call has returned.
 */
#ifndef TACIT_WIRE_PORT_H
#define TACIT_WIRE_PORT_H

#include "base/port.h"
#include "wire/msg.h"

struct tacit_port {
	void *arg;
	/* routes a message by its onward route; takes it.  origin is set to LOCAL by the node */
	void (*send)(void *arg, struct tacit_msg *msg);
	/* wants the engine's tick at that time or soon after; a later wish replaces an earlier one;
	 * TACIT_NEVER withdraws it */
	void (*wake_at)(void *arg, tacit_msec at);
	struct tacit_random random;
};

#endif
