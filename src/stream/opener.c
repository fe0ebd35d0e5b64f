#include "stream/opener.h"

#include <string.h>

#include "wire/name.h"

tacit_err
tacit_opener_init(struct tacit_opener *opener, const char *name, const struct tacit_route *service,
    struct tacit_address reply, const struct tacit_port *port)
{
	size_t len = strlen(name);

	if (!tacit_name_check(name, len))
		return TACIT_EINVAL;
	memset(opener, 0, sizeof(*opener));
	memcpy(opener->name, name, len);
	tacit_route_copy(&opener->service, service);
	opener->port = *port;
	opener->backoff_ms = TACIT_RECONNECT_MS;
	opener->wake = TACIT_NEVER;
	return tacit_route_append(&opener->ret, reply);
}

void
tacit_opener_send(
    struct tacit_opener *opener, const struct tacit_route *onward, struct tacit_msg *msg)
{
	tacit_route_copy(&msg->onward, onward);
	tacit_route_copy(&msg->ret, &opener->ret);
	opener->port.send(opener->port.arg, msg);
}

void
tacit_opener_wake(struct tacit_opener *opener, tacit_msec at)
{
	if (at >= opener->wake)
		return;
	opener->wake = at;
	opener->port.wake_at(opener->port.arg, at);
}

void
tacit_opener_ask(struct tacit_opener *opener, tacit_msec now)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_OPEN};
	struct tacit_msg *msg;

	request.open.request_id = ++opener->id;
	request.open.has_name = true;
	request.open.name =
	    (struct tacit_slice){(const uint8_t *)opener->name, strlen(opener->name)};
	request.open.create = opener->create;
	if (tacit_stream_request_encode(&request, &msg) != TACIT_OK) {
		tacit_opener_retry(opener, now);
		return;
	}
	opener->state = TACIT_OPENER_ASKED;
	opener->at = now + TACIT_REQUEST_DEAD_MS;
	tacit_opener_send(opener, &opener->service, msg);
}

void
tacit_opener_retry_at(struct tacit_opener *opener, tacit_msec at)
{
	opener->state = TACIT_OPENER_WAITING;
	opener->at = at;
}

void
tacit_opener_retry(struct tacit_opener *opener, tacit_msec now)
{
	unsigned half = opener->backoff_ms / 2;
	uint8_t jitter;

	/* between half and all of it, so that the clients of a hub do not come back as one */
	tacit_random_fill(&opener->port.random, &jitter, sizeof(jitter));
	tacit_opener_retry_at(opener, now + half + half * jitter / UINT8_MAX);
	opener->backoff_ms *= 2;
	if (opener->backoff_ms > TACIT_RECONNECT_MAX_MS)
		opener->backoff_ms = TACIT_RECONNECT_MAX_MS;
}

void
tacit_opener_pause(struct tacit_opener *opener)
{
	opener->state = TACIT_OPENER_IDLE;
}

void
tacit_opener_progress(struct tacit_opener *opener)
{
	opener->backoff_ms = TACIT_RECONNECT_MS;
}

/* an answer to our last question, with bounds that can be */
static bool
expected(const struct tacit_opener *opener, const struct tacit_msg *msg,
    const struct tacit_open_response *open)
{
	if (opener->state != TACIT_OPENER_ASKED || open->request_id != opener->id)
		return false;
	if (open->status != TACIT_OPEN_OK)
		return true;
	return tacit_slice_is(open->name, opener->name) && msg->ret.count > 0 &&
	       open->first <= open->end;
}

enum tacit_opener_result
tacit_opener_handle(struct tacit_opener *opener, const struct tacit_msg *msg,
    const struct tacit_open_response *open, tacit_msec now)
{
	if (!expected(opener, msg, open))
		return TACIT_OPENER_IGNORED;
	switch (open->status) {
	case TACIT_OPEN_OK:
		tacit_route_copy(&opener->stream, &msg->ret);
		opener->state = TACIT_OPENER_OPEN;
		return TACIT_OPENER_OPENED;
	case TACIT_OPEN_NOT_FOUND:
	case TACIT_OPEN_REFUSED:
	case TACIT_OPEN_BAD_NAME:
		opener->state = TACIT_OPENER_FAILED;
		return TACIT_OPENER_REFUSED;
	case TACIT_OPEN_UNAVAILABLE:
	case TACIT_OPEN_LIMIT:
		break;
	}
	tacit_opener_retry(opener, now);
	return TACIT_OPENER_RETRIES;
}

bool
tacit_opener_tick(struct tacit_opener *opener, tacit_msec now)
{
	opener->wake = TACIT_NEVER; /* the port's wish was used up */
	if (now < tacit_opener_due(opener))
		return false;
	if (opener->state == TACIT_OPENER_WAITING) {
		tacit_opener_ask(opener, now);
		return false;
	}
	tacit_opener_retry_at(opener, now + TACIT_REQUEST_DEAD_MS);
	return true;
}

tacit_msec
tacit_opener_due(const struct tacit_opener *opener)
{
	if (opener->state == TACIT_OPENER_ASKED || opener->state == TACIT_OPENER_WAITING)
		return opener->at;
	return TACIT_NEVER;
}

tacit_err
tacit_opener_refusal(const struct tacit_open_response *open, char ret_text[TACIT_TEXT_LEN_MAX + 1])
{
	size_t len = open->text.len < TACIT_TEXT_LEN_MAX ? open->text.len : TACIT_TEXT_LEN_MAX;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = open->text.bytes[i];

		ret_text[i] = (char)(c >= ' ' && c <= '~' ? c : '?');
	}
	ret_text[len] = '\0';
	if (open->status == TACIT_OPEN_NOT_FOUND)
		return TACIT_ENOTFOUND;
	if (open->status == TACIT_OPEN_BAD_NAME)
		return TACIT_EINVAL;
	return TACIT_EDENIED;
}
