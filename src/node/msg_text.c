#include <stdint.h>
#include <string.h>

#include "base/hex.h"
#include "base/memory.h"
#include "tacit/context.h"
#include "wire/bare.h"
#include "wire/msg.h"

/* characters of an identifier's text with its NUL; it stands in front of the channel's address */
#define SENDER_LEN (1 + 2 * sizeof(struct tacit_identifier) + 1)

/* bytes of the well-formed character at the front (Unicode 15, table 3-7), or 0 */
static size_t
character_len(const uint8_t *bytes, size_t len)
{
	uint8_t first = bytes[0], low = 0x80, high = 0xbf;
	size_t need;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	need = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (first == 0xed)
		high = 0x9f; /* surrogates */
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	if (len < need || bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++) {
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	}
	return need;
}

/* C0, DEL, and C1, which moves a terminal's cursor as well as C0 does */
static bool
is_control(const uint8_t *bytes, size_t len)
{
	return (len == 1 && (bytes[0] < 0x20 || bytes[0] == 0x7f)) ||
	       (len == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0);
}

/* ret has room for four characters a byte, and a NUL */
static void
print(char *ret, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t n = character_len(bytes, len);

		if (n == 0 || is_control(bytes, n)) {
			n = 1;
			memcpy(ret, "\\x", 2);
			tacit_hex_encode(ret + 2, bytes, 1);
			ret += 4;
			/* the second byte of a C1 control is escaped by itself: it begins nothing */
		} else {
			memcpy(ret, bytes, n);
			ret += n;
		}
		bytes += n;
		len -= n;
	}
	*ret = '\0';
}

const char *
tacit_msg_text(struct tacit_msg *msg)
{
	struct tacit_slice body;

	if (msg == NULL)
		return "";
	if (msg->text == NULL) {
		tacit_msg_body(msg, &body);
		if ((msg->text = tacit_alloc(body.len * 4 + 1)) == NULL)
			return "";
		print(msg->text, body.bytes, body.len);
	}
	return msg->text;
}

/* who sent it, and behind that the first hop of the way back: the channel put itself there */
static const char *
origin_of(struct tacit_msg *msg)
{
	struct tacit_address hop = {.len = 0};

	if (msg->origin_text != NULL || !msg->has_sender)
		return msg->origin_text;
	(void)tacit_route_first(&msg->ret, &hop);
	if ((msg->origin_text = tacit_alloc(SENDER_LEN + hop.len + 1)) == NULL)
		return NULL;
	msg->origin_text[0] = 'P';
	tacit_hex_encode(msg->origin_text + 1, msg->sender.b, sizeof(msg->sender.b));
	if (hop.len > 0)
		memcpy(msg->origin_text + SENDER_LEN, hop.bytes, hop.len);
	return msg->origin_text;
}

const char *
tacit_msg_sender(struct tacit_msg *msg)
{
	return msg != NULL ? origin_of(msg) : NULL;
}

const char *
tacit_msg_channel(struct tacit_msg *msg)
{
	const char *text = msg != NULL ? origin_of(msg) : NULL;

	return text != NULL ? text + SENDER_LEN : NULL;
}
