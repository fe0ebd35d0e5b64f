/*
 * tacit/invitation.h: one word that says how to reach somebody, and who that is:
 * `tacit://HOST:PORT[,HOST:PORT...]/STREAM-TO-READ/STREAM-TO-WRITE#IDENTIFIER`.
 *
 * It is no secret by itself, but the names of streams are all that is needed to write to them:
 * SECURITY.md says what its holder can do.  To read and to write is what the one who holds it does.
 */
#ifndef TACIT_INVITATION_H
#define TACIT_INVITATION_H

#include "tacit/entity.h"
#include "tacit/err.h"
#include "tacit/node.h"
#include "tacit/stream.h"

/*
 * tacit_invitation_new: an invitation to the other end of stream, as entity.
 *
 * hubs: as tacit_tcp_peer takes them, where the one who is invited can reach them.
 * Gives the word, valid until the node is freed; NULL on errors, remembered: TACIT_EINVAL.
 */
TACIT_API const char *tacit_invitation_new(struct tacit_node *node, const char *hubs,
    const struct tacit_stream *stream, const struct tacit_entity *entity);

/* the parts, valid until the node is freed */
struct tacit_invitation {
	const char *hubs;          /* for tacit_tcp_peer */
	const char *receiver_name; /* for struct tacit_stream_options: the stream to read, */
	const char *sender_name;   /* and the one to write */
	const char *identifier;    /* of the one who invites: for tacit_trust_exactly */
};

/*
 * tacit_invitation_parse: the parts of an invitation, each checked.
 *
 * *ret is written on success only.  Errors, remembered, in words that name the part:
 * TACIT_EINVAL.
 */
TACIT_API tacit_err tacit_invitation_parse(
    struct tacit_node *node, const char *text, struct tacit_invitation *ret);

#endif
