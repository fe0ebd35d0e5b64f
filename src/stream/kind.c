#include "tacit/look.h"

#include "base/limits.h"
#include "channel/handshake.h"
#include "channel/record.h"
#include "ockam/run.h"
#include "ockam/session.h"
#include "wire/bare.h"
#include "wire/route.h"

/* bytes of the typed bodies with a Noise message in a handshake of 2021 (PROTOCOL.md 9.1), and of
 * a hello, at least: message 1 with its length, and whether an address follows */
#define OLD_MESSAGE_2_LEN 97
#define OLD_MESSAGE_3_LEN 65
#define OLD_HELLO_LEN_MIN 34

/* hex digits of a random name (PROTOCOL.md 1.2) */
#define RANDOM_NAME_LEN 32

/* a payload as far as it is seen: it has len bytes, of which those of the reader are there */
struct payload {
	struct tacit_reader seen;
	uint64_t len;
	bool onward_random, return_random; /* the first hop has a random name */
};

static bool
begins_random(const struct tacit_route *route)
{
	struct tacit_address first;

	if (!tacit_route_first(route, &first) || first.type != TACIT_ADDRESS_WORKER ||
	    first.len != RANDOM_NAME_LEN)
		return false;
	for (size_t i = 0; i < first.len; i++) {
		bool digit = first.bytes[i] >= '0' && first.bytes[i] <= '9';

		if (!digit && (first.bytes[i] < 'a' || first.bytes[i] > 'f'))
			return false;
	}
	return true;
}

/* the transport message around it (PROTOCOL.md 1.3); false: *ret_kind says why there is none */
static bool
find_payload(const uint8_t *head, size_t head_len, uint64_t size, struct payload *ret,
    enum tacit_entry_kind *ret_kind)
{
	struct tacit_route onward, back;
	struct tacit_reader r;
	uint8_t version, hops = head_len > 1 ? head[1] : 0;

	tacit_reader_init(&r, head, head_len);
	version = tacit_reader_u8(&r);
	tacit_route_decode(&r, &onward);
	tacit_route_decode(&r, &back);
	ret->len = tacit_bare_read_uint(&r);
	if (version != 1 || hops > TACIT_ROUTE_HOPS_MAX || (r.bad && head_len >= size) ||
	    (!r.bad && ret->len > size - (head_len - r.left))) {
		*ret_kind = TACIT_ENTRY_NO_MESSAGE;
		return false;
	}
	*ret_kind = TACIT_ENTRY_UNTOLD;
	if (ret->len < r.left)
		r.left = (size_t)ret->len;
	ret->seen = r;
	ret->onward_random = begins_random(&onward);
	ret->return_random = begins_random(&back);
	return !r.bad && (r.left > 0 || ret->len == 0);
}

/* the header of a record, and how many bytes lie behind it (PROTOCOL.md 6.1); false: it is cut, or
 * not as it should be */
static bool
read_header(struct tacit_reader *r, uint8_t *ret_type, uint64_t *ret_sequence, size_t *ret_len)
{
	uint8_t version = tacit_reader_u8(r);
	uint32_t epoch;

	*ret_type = tacit_reader_u8(r);
	epoch = tacit_reader_be32(r);
	*ret_sequence = tacit_reader_be64(r);
	*ret_len = tacit_reader_be16(r);
	return !r->bad && version == TACIT_RECORD_VERSION && epoch == 0 &&
	       *ret_len >= TACIT_TAG_LEN &&
	       (*ret_type == TACIT_RECORD_DATA || *ret_type == TACIT_RECORD_CONTROL);
}

/* kind 04: the first data record that is seen, or else the first record */
static void
describe_records(const struct payload *payload, struct tacit_entry_nature *ret)
{
	struct tacit_reader r = payload->seen;
	uint64_t left = payload->len - 1, sequence;
	size_t count = 0, len = 0;
	uint8_t type;

	ret->kind = TACIT_ENTRY_RECORDS;
	while (read_header(&r, &type, &sequence, &len) && TACIT_RECORD_HEADER_LEN + len <= left) {
		if (count++ == 0 || (type == TACIT_RECORD_DATA && ret->kind != TACIT_ENTRY_DATA)) {
			ret->kind =
			    type == TACIT_RECORD_DATA ? TACIT_ENTRY_DATA : TACIT_ENTRY_CONTROL;
			ret->sequence = sequence;
		}
		left -= TACIT_RECORD_HEADER_LEN + len;
		if (tacit_reader_take(&r, len) == NULL)
			break;
	}
	ret->more = count > 1 || (count == 1 && left > 0);
}

/* nothing in a record of 2021 says that it is one; but both routes begin with random names, and
 * a typed body fills the payload (PROTOCOL.md 9.1, 9.3) */
static void
describe_old(const struct payload *payload, struct tacit_entry_nature *ret)
{
	struct tacit_reader r = payload->seen;
	uint64_t len = tacit_bare_read_uint(&r);
	uint16_t counter = tacit_reader_be16(&r);

	if (r.bad || !payload->onward_random || !payload->return_random ||
	    len + tacit_bare_uint_len(len) != payload->len)
		return;
	if (payload->len == OLD_MESSAGE_2_LEN) {
		ret->kind = TACIT_ENTRY_2021_2;
	} else if (payload->len == OLD_MESSAGE_3_LEN) {
		ret->kind = TACIT_ENTRY_2021_3;
	} else if (len >= TACIT_OCKAM_RECORD_OVERHEAD) {
		ret->kind = TACIT_ENTRY_2021_RECORD;
		ret->sequence = counter;
	}
}

void
tacit_entry_describe(
    const void *head, size_t head_len, uint64_t size, struct tacit_entry_nature *ret)
{
	struct payload payload;
	uint8_t kind;

	*ret = (struct tacit_entry_nature){TACIT_ENTRY_NO_MESSAGE, 0, false};
	if (head_len > size || !find_payload(head, head_len, size, &payload, &ret->kind))
		return;
	ret->kind = TACIT_ENTRY_PLAIN;
	if (payload.len == 0)
		return;
	kind = payload.seen.next[0];
	if (kind == TACIT_KIND_RECORDS && payload.len > TACIT_RECORD_OVERHEAD) {
		(void)tacit_reader_u8(&payload.seen);
		describe_records(&payload, ret);
	} else if (kind == TACIT_KIND_MESSAGE_1 && payload.len == TACIT_MESSAGE_1_LEN) {
		ret->kind = TACIT_ENTRY_MESSAGE_1;
	} else if (kind == TACIT_KIND_MESSAGE_2 && payload.len == TACIT_MESSAGE_2_LEN) {
		ret->kind = TACIT_ENTRY_MESSAGE_2;
	} else if (kind == TACIT_KIND_MESSAGE_3 && payload.len == TACIT_MESSAGE_3_LEN) {
		ret->kind = TACIT_ENTRY_MESSAGE_3;
	} else if (kind == TACIT_OCKAM_HELLO && payload.len >= OLD_HELLO_LEN_MIN &&
		   payload.return_random) {
		ret->kind = TACIT_ENTRY_2021_1;
	} else {
		describe_old(&payload, ret);
	}
}

const char *
tacit_entry_kind_text(enum tacit_entry_kind kind)
{
	static const char *const texts[] = {
	    [TACIT_ENTRY_UNTOLD] = "message",
	    [TACIT_ENTRY_NO_MESSAGE] = "no message",
	    [TACIT_ENTRY_PLAIN] = "plain",
	    [TACIT_ENTRY_MESSAGE_1] = "handshake 1",
	    [TACIT_ENTRY_MESSAGE_2] = "handshake 2",
	    [TACIT_ENTRY_MESSAGE_3] = "handshake 3",
	    [TACIT_ENTRY_DATA] = "data",
	    [TACIT_ENTRY_CONTROL] = "control",
	    [TACIT_ENTRY_RECORDS] = "records",
	    [TACIT_ENTRY_2021_1] = "2021 handshake 1",
	    [TACIT_ENTRY_2021_2] = "2021 handshake 2",
	    [TACIT_ENTRY_2021_3] = "2021 handshake 3",
	    [TACIT_ENTRY_2021_RECORD] = "2021 record",
	};

	return texts[kind];
}
