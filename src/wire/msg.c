#include "wire/msg.h"

#include <string.h>

#include "base/memory.h"
#include "wire/bare.h"

/* the only version there is (PROTOCOL.md 1.3) */
#define VERSION 1

struct tacit_block *
tacit_block_new(size_t cap)
{
	struct tacit_block *block;

	/* zeroing what is written at once costs a bulk transfer a tenth of its time */
	if (cap > SIZE_MAX - sizeof(*block) ||
	    (block = tacit_alloc_raw(sizeof(*block) + cap)) == NULL)
		return NULL;
	block->refs = 1;
	block->low = 0;
	block->cap = cap;
	return block;
}

tacit_err
tacit_block_resize(struct tacit_block **block, size_t cap)
{
	struct tacit_block *resized;

	if (*block == NULL)
		return (*block = tacit_block_new(cap)) != NULL ? TACIT_OK : TACIT_ENOMEM;
	tacit_assert((*block)->refs == 1);
	if (cap > SIZE_MAX - sizeof(*resized) ||
	    (resized = tacit_realloc(*block, sizeof(*resized) + cap)) == NULL)
		return TACIT_ENOMEM;
	resized->cap = cap;
	*block = resized;
	return TACIT_OK;
}

struct tacit_block *
tacit_block_ref(struct tacit_block *block)
{
	block->refs++;
	return block;
}

void
tacit_block_unref(struct tacit_block *block)
{
	if (block != NULL && --block->refs == 0)
		tacit_free(block);
}

/* a message that has no block yet */
static struct tacit_msg *
new_bare(void)
{
	struct tacit_msg *msg = tacit_alloc(sizeof(*msg));

	if (msg != NULL)
		msg->refs = 1;
	return msg;
}

/* a block of len bytes behind head-room that nobody claimed */
static struct tacit_block *
new_block(size_t len)
{
	struct tacit_block *block = NULL;

	if (len <= SIZE_MAX - TACIT_HEADROOM)
		block = tacit_block_new(TACIT_HEADROOM + len);
	if (block != NULL)
		block->low = TACIT_HEADROOM;
	return block;
}

struct tacit_msg *
tacit_msg_new(size_t len)
{
	struct tacit_msg *msg = new_bare();

	if (msg == NULL)
		return NULL;
	if ((msg->block = new_block(len)) == NULL) {
		tacit_free(msg);
		return NULL;
	}
	msg->offset = TACIT_HEADROOM;
	msg->len = len;
	return msg;
}

struct tacit_msg *
tacit_msg_copy_of(const void *bytes, size_t len)
{
	struct tacit_msg *msg = tacit_msg_new(len);

	if (msg != NULL && len > 0)
		memcpy(tacit_msg_payload(msg), bytes, len);
	return msg;
}

/* gives the message its window; what is now visible is claimed */
static void
set_window(struct tacit_msg *msg, struct tacit_block *block, size_t offset, size_t len)
{
	tacit_assert(offset <= block->cap && len <= block->cap - offset);
	msg->block = tacit_block_ref(block);
	msg->offset = offset;
	msg->len = len;
	if (offset < block->low)
		block->low = offset;
}

struct tacit_msg *
tacit_msg_view(struct tacit_block *block, size_t offset, size_t len)
{
	struct tacit_msg *msg = new_bare();

	if (msg != NULL)
		set_window(msg, block, offset, len);
	return msg;
}

struct tacit_msg *
tacit_msg_ref(struct tacit_msg *msg)
{
	msg->refs++;
	return msg;
}

void
tacit_msg_unref(struct tacit_msg *msg)
{
	if (msg == NULL || --msg->refs > 0)
		return;
	tacit_msg_done(msg);
	tacit_block_unref(msg->block);
	tacit_free(msg->text);
	tacit_free(msg->origin_text);
	tacit_free(msg);
}

void
tacit_msg_drop(struct tacit_msg *msg)
{
	msg->taken = false;
	tacit_msg_unref(msg);
}

void
tacit_msg_done(struct tacit_msg *msg)
{
	void (*done)(void *arg, const struct tacit_msg *msg) = msg->done;

	msg->done = NULL;
	if (done != NULL)
		done(msg->done_arg, msg);
}

void
tacit_msg_trim(struct tacit_msg *msg, size_t len)
{
	tacit_assert(len <= msg->len);
	msg->offset += len;
	msg->len -= len;
}

void
tacit_msg_truncate(struct tacit_msg *msg, size_t len)
{
	tacit_assert(len <= msg->len);
	msg->len -= len;
}

tacit_err
tacit_msg_prepend(struct tacit_msg *msg, size_t len)
{
	struct tacit_block *block = msg->block;
	/* what the only holder of a block trimmed off is claimed by nobody */
	bool ours = block->refs == 1 || block->low == msg->offset;

	if (ours && len <= msg->offset) {
		msg->offset -= len;
		msg->len += len;
		block->low = msg->offset;
		return TACIT_OK;
	}
	if (len > SIZE_MAX - msg->len || (block = new_block(len + msg->len)) == NULL)
		return TACIT_ENOMEM;
	memcpy(block->bytes + TACIT_HEADROOM + len, tacit_msg_payload(msg), msg->len);
	tacit_block_unref(msg->block);
	msg->block = block;
	msg->offset = TACIT_HEADROOM;
	msg->len += len;
	return TACIT_OK;
}

static size_t
header_len(const struct tacit_msg *msg)
{
	return 1 + tacit_route_encoded_len(&msg->onward) + tacit_route_encoded_len(&msg->ret) +
	       tacit_bare_uint_len(msg->len);
}

size_t
tacit_msg_encoded_len(const struct tacit_msg *msg)
{
	return header_len(msg) + msg->len;
}

tacit_err
tacit_msg_encode(struct tacit_msg *msg)
{
	size_t payload_len = msg->len, len = header_len(msg);
	struct tacit_writer w;
	tacit_err err;

	if ((err = tacit_msg_prepend(msg, len)) != TACIT_OK)
		return err;
	tacit_writer_init(&w, tacit_msg_payload(msg), len);
	tacit_writer_u8(&w, VERSION);
	tacit_route_encode(&w, &msg->onward);
	tacit_route_encode(&w, &msg->ret);
	tacit_bare_write_uint(&w, payload_len);
	tacit_assert(!w.bad && w.len == len);
	return TACIT_OK;
}

tacit_err
tacit_msg_decode(struct tacit_block *block, size_t offset, size_t len, struct tacit_msg **ret)
{
	struct tacit_slice payload;
	struct tacit_reader r;
	struct tacit_msg *msg;

	tacit_assert(offset <= block->cap && len <= block->cap - offset);
	if ((msg = new_bare()) == NULL)
		return TACIT_ENOMEM;
	tacit_reader_init(&r, block->bytes + offset, len);
	/* what another version means is not known here, so nothing is guessed */
	if (tacit_reader_u8(&r) != VERSION)
		tacit_reader_fail(&r);
	tacit_route_decode(&r, &msg->onward);
	tacit_route_decode(&r, &msg->ret);
	payload = tacit_bare_read_data(&r);
	if (r.bad) {
		tacit_free(msg);
		return TACIT_EFORMAT;
	}
	msg->origin = TACIT_ORIGIN_NETWORK;
	set_window(msg, block, (size_t)(payload.bytes - block->bytes), payload.len);
	*ret = msg;
	return TACIT_OK;
}

void
tacit_msg_body(const struct tacit_msg *msg, struct tacit_slice *ret)
{
	struct tacit_reader r;
	struct tacit_slice body;

	tacit_reader_init(&r, tacit_msg_payload(msg), msg->len);
	body = tacit_bare_read_data(&r);
	*ret = r.bad ? (struct tacit_slice){tacit_msg_payload(msg), msg->len} : body;
}

struct tacit_msg *
tacit_msg_new_body(const void *bytes, size_t len)
{
	struct tacit_msg *msg;
	struct tacit_writer w;

	if (len > SIZE_MAX - 10 || (msg = tacit_msg_new(tacit_bare_uint_len(len) + len)) == NULL)
		return NULL;
	tacit_writer_init(&w, tacit_msg_payload(msg), msg->len);
	tacit_bare_write_data(&w, bytes, len);
	tacit_assert(!w.bad && w.len == msg->len);
	return msg;
}
