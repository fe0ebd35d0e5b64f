/*
 * stream/opener.h: what producer and consumer share: opening their stream, again after failures
 * and on new connections, and sending to its worker.  Source: PROTOCOL.md 3.3.
 */
#ifndef TACIT_STREAM_OPENER_H
#define TACIT_STREAM_OPENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "wire/port.h"
#include "wire/stream_protocol.h"

enum tacit_opener_state {
	TACIT_OPENER_IDLE,    /* not started, or the connection is down */
	TACIT_OPENER_ASKED,   /* waits for the answer */
	TACIT_OPENER_WAITING, /* asks again at a set time */
	TACIT_OPENER_OPEN,
	TACIT_OPENER_FAILED, /* was told no */
};

struct tacit_opener {
	enum tacit_opener_state state;
	struct tacit_port port;
	struct tacit_route service; /* to the stream service */
	struct tacit_route stream;  /* to the stream's worker, as the last answer led back */
	struct tacit_route ret;     /* our own address */
	bool create;
	uint64_t id;         /* of the last open request */
	tacit_msec at;       /* ASKED: when the answer is overdue; WAITING: when to ask */
	unsigned backoff_ms; /* until the next attempt after a failure */
	tacit_msec wake;     /* what the port was told */
	char name[TACIT_NAME_LEN_MAX + 1];
};

/* what an answer meant */
enum tacit_opener_result {
	TACIT_OPENER_IGNORED, /* no answer to what was asked */
	TACIT_OPENER_OPENED,
	TACIT_OPENER_RETRIES, /* not now: it asks again */
	TACIT_OPENER_REFUSED,
};

/* Errors: TACIT_EINVAL (the name), TACIT_ELIMIT (an address or route) */
TACIT_MUST_USE tacit_err tacit_opener_init(struct tacit_opener *opener, const char *name,
    const struct tacit_route *service, struct tacit_address reply, const struct tacit_port *port);

/* asks now */
void tacit_opener_ask(struct tacit_opener *opener, tacit_msec now);
/* asks after the backoff, which doubles */
void tacit_opener_retry(struct tacit_opener *opener, tacit_msec now);
/* asks after a set time */
void tacit_opener_retry_at(struct tacit_opener *opener, tacit_msec at);
/* asks no more until told to */
void tacit_opener_pause(struct tacit_opener *opener);
/* the stream works: the next backoff is the first one again */
void tacit_opener_progress(struct tacit_opener *opener);

/* an answer to open, and the message that it came in */
enum tacit_opener_result tacit_opener_handle(struct tacit_opener *opener,
    const struct tacit_msg *msg, const struct tacit_open_response *open, tacit_msec now);
/* true: the answer is overdue (it asks again after a while) */
bool tacit_opener_tick(struct tacit_opener *opener, tacit_msec now);
/* when tick is wanted */
tacit_msec tacit_opener_due(const struct tacit_opener *opener);

/* sends msg, which has its payload; takes it */
void tacit_opener_send(
    struct tacit_opener *opener, const struct tacit_route *onward, struct tacit_msg *msg);
/* wants to be woken at `at` or before; a wish for earlier stands until tick used it up */
void tacit_opener_wake(struct tacit_opener *opener, tacit_msec at);

/* the error that a refusal stands for, and its text with nothing in it that a terminal obeys */
tacit_err tacit_opener_refusal(
    const struct tacit_open_response *open, char ret_text[TACIT_TEXT_LEN_MAX + 1]);

#endif
