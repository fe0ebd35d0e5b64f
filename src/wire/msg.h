/*
 * wire/msg.h: a message on its way: two routes, a payload, and what is known of its sender.
 *
 * A message is counted (ref, unref) and belongs to one thread at a time.  Its payload is a window
 * into a counted block; several messages may share a block (the frames of one read, the records of
 * one entry), and a written payload is never changed again.
 *
 * Head-room: a new block has TACIT_HEADROOM free bytes in front, and each layer puts its header
 * there (tacit_msg_prepend) instead of copying what it carries.  block->low is the lowest byte
 * that anybody claimed; only a message whose payload begins right there can grow downwards in
 * place, so two that share a block never write over each other.
 */
#ifndef TACIT_WIRE_MSG_H
#define TACIT_WIRE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "tacit/err.h"
#include "wire/route.h"

/* SHA-256 of an entity's first public key */
struct tacit_identifier {
	uint8_t b[32];
};

/* counted bytes */
struct tacit_block {
	unsigned refs;
	size_t low; /* offset of the first claimed byte */
	size_t cap;
	uint8_t bytes[];
};

/* where a message came from decides whom it may reach (DESIGN.md, "Who may reach what") */
enum tacit_origin {
	TACIT_ORIGIN_LOCAL,   /* a worker or program of this node */
	TACIT_ORIGIN_CHANNEL, /* the authenticated peer of a secure channel: sender is set */
	TACIT_ORIGIN_NETWORK, /* anybody: a TCP peer, another node, an entry of a stream */
};

struct tacit_msg {
	unsigned refs;
	enum tacit_origin origin;
	struct tacit_route onward; /* first hop: the worker that handles it now */
	struct tacit_route ret;    /* the way back; grows at the front */
	struct tacit_block *block; /* holds the payload */
	size_t offset, len;        /* the payload's window in block->bytes */
	bool has_sender;           /* sender is the proven identifier of the far end */
	struct tacit_identifier sender;
	/* runs once, when nobody will do anything more for the message: tells a channel that it was
	 * handled or handed out, or dropped; `taken` says which.  NULL: nobody asks */
	void (*done)(void *arg, const struct tacit_msg *msg);
	void *done_arg;
	uint64_t done_token;
	bool once;  /* never to be sent twice: whoever is in doubt gives it up, not taken */
	bool taken; /* whoever it was for has it: a worker here, a transport, or, when `once` is
		     * set and a stream carries it, the stream */
	/* the printable forms of body and origin, once somebody asked for them (node room) */
	char *text, *origin_text;
	/* in its node's list of messages that a program holds (node room); zeros: in none */
	struct tacit_list held;
};

/* a message with an uninitialised payload of len bytes behind head-room; routes empty, local.
 * NULL when there is no memory */
struct tacit_msg *tacit_msg_new(size_t len);
/* the same with the bytes copied in */
struct tacit_msg *tacit_msg_copy_of(const void *bytes, size_t len);
/* a message over len bytes of block from offset; takes one more reference of the block */
struct tacit_msg *tacit_msg_view(struct tacit_block *block, size_t offset, size_t len);
struct tacit_msg *tacit_msg_ref(struct tacit_msg *msg);
/* the last one runs done and frees; NULL is fine */
void tacit_msg_unref(struct tacit_msg *msg);
/* unref by who had taken it and has nothing to do with it after all */
void tacit_msg_drop(struct tacit_msg *msg);
/* runs done now, if it did not run yet */
void tacit_msg_done(struct tacit_msg *msg);

static inline uint8_t *
tacit_msg_payload(const struct tacit_msg *msg)
{
	return msg->block->bytes + msg->offset;
}

/* takes len bytes off the front (or the end); the caller checked that there are as many */
void tacit_msg_trim(struct tacit_msg *msg, size_t len);
void tacit_msg_truncate(struct tacit_msg *msg, size_t len);
/* puts len uninitialised bytes in front: in place when there is unclaimed head-room, or when the
 * message is its block's only holder and has trimmed as much off (slices into that are then lost);
 * otherwise in a copy of its own.  Errors: TACIT_ENOMEM, the message is then unchanged */
TACIT_MUST_USE tacit_err tacit_msg_prepend(struct tacit_msg *msg, size_t len);

/* cap uninitialised bytes, all of them claimed (low is 0), as fits a block that a socket fills; NULL
 * when there is no memory.  Whoever shows bytes to others has written them */
struct tacit_block *tacit_block_new(size_t cap);
/* makes it cap bytes long, by its only holder; *block may be NULL.  What is new is uninitialised.
 * Errors: TACIT_ENOMEM, *block is then unchanged */
TACIT_MUST_USE tacit_err tacit_block_resize(struct tacit_block **block, size_t cap);
struct tacit_block *tacit_block_ref(struct tacit_block *block);
/* the last one frees; NULL is fine */
void tacit_block_unref(struct tacit_block *block);

/*
 * The transport message, `version 1, onward, return, payload` (PROTOCOL.md 1.3).
 *
 * encode puts the header in front of the payload (tacit_msg_prepend): afterwards the payload is
 * the whole encoded message.  Routes stay.
 * Errors: TACIT_ENOMEM.
 *
 * decode makes a message over bytes[offset, offset + len) of block, payload and routes set, of
 * origin NETWORK.  Bytes after the payload are ignored, as in 2021; a version other than 1 is not.
 * Gives:  *ret, tacit_msg_unref().
 * Errors: TACIT_EFORMAT, TACIT_ENOMEM.
 */
size_t tacit_msg_encoded_len(const struct tacit_msg *msg);
TACIT_MUST_USE tacit_err tacit_msg_encode(struct tacit_msg *msg);
TACIT_MUST_USE tacit_err tacit_msg_decode(
    struct tacit_block *block, size_t offset, size_t len, struct tacit_msg **ret);

/*
 * The body of a typed message: `data` or `string`, uint length and bytes (PROTOCOL.md 1.4).
 * A payload that does not begin with its own length is taken as it is, as the 2021 programs do.
 */
struct tacit_slice;
void tacit_msg_body(const struct tacit_msg *msg, struct tacit_slice *ret);
/* a message whose payload is bytes with their length in front; NULL when there is no memory */
struct tacit_msg *tacit_msg_new_body(const void *bytes, size_t len);

#endif
