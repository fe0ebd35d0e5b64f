#include "wire/frame.h"

#include "wire/bare.h"

/* the payloads of ping and pong (PROTOCOL.md 2.2) */
#define PING 0x00
#define PONG 0x01

tacit_err
tacit_frame_encode(struct tacit_msg *msg)
{
	size_t body_len = tacit_msg_encoded_len(msg), header_len = body_len - msg->len;
	struct tacit_writer w;
	tacit_err err;

	if (body_len > TACIT_FRAME_LEN_MAX)
		return TACIT_ELIMIT;
	if ((err = tacit_msg_encode(msg)) != TACIT_OK)
		return err;
	if ((err = tacit_msg_prepend(msg, TACIT_FRAME_HEADER_LEN)) != TACIT_OK) {
		tacit_msg_trim(msg, header_len);
		return err;
	}
	tacit_writer_init(&w, tacit_msg_payload(msg), TACIT_FRAME_HEADER_LEN);
	tacit_writer_be16(&w, (uint16_t)body_len);
	return TACIT_OK;
}

size_t
tacit_frame_payload_len_max(const struct tacit_route *onward, const struct tacit_route *ret)
{
	/* two routes of TACIT_ROUTE_LEN_MAX leave so much that its length always takes 3 bytes */
	size_t header_len = 1 + tacit_route_encoded_len(onward) + tacit_route_encoded_len(ret) +
			    tacit_bare_uint_len(TACIT_FRAME_LEN_MAX);

	return TACIT_FRAME_LEN_MAX - header_len;
}

enum tacit_frame_state
tacit_frame_next(const uint8_t *bytes, size_t len, size_t *ret_body_len)
{
	struct tacit_reader r;
	size_t body_len;

	tacit_reader_init(&r, bytes, len);
	body_len = tacit_reader_be16(&r);
	if (r.bad)
		return TACIT_FRAME_INCOMPLETE;
	if (body_len == 0)
		return TACIT_FRAME_BAD;
	if (body_len > r.left)
		return TACIT_FRAME_INCOMPLETE;
	*ret_body_len = body_len;
	return TACIT_FRAME_WHOLE;
}

bool
tacit_frame_is_ping(const struct tacit_msg *msg)
{
	return msg->onward.count == 0 && msg->ret.count > 0 && msg->len == 1 &&
	       tacit_msg_payload(msg)[0] == PING;
}

struct tacit_msg *
tacit_frame_new_pong(const struct tacit_msg *ping)
{
	static const uint8_t payload[1] = {PONG};
	struct tacit_msg *pong = tacit_msg_copy_of(payload, sizeof(payload));

	if (pong != NULL)
		tacit_route_copy(&pong->onward, &ping->ret);
	return pong;
}
