#include "tacit/invitation.h"

#include <string.h>

#include "identity/history.h"
#include "node/internal.h"
#include "tacit/tcp.h"

#define SCHEME "tacit://"
#define FORM   "tacit://HOST:PORT/STREAM-TO-READ/STREAM-TO-WRITE#IDENTIFIER"

const char *
tacit_invitation_new(struct tacit_node *node, const char *hubs, const struct tacit_stream *stream,
    const struct tacit_entity *entity)
{
	if (tacit_tcp_peer(node, hubs) == NULL)
		return NULL;
	if (stream == NULL || entity == NULL) {
		(void)tacit_node_fail(
		    node, TACIT_EINVAL, "an invitation wants a stream client and an entity");
		return NULL;
	}
	/* what we write the other end reads */
	return tacit_node_text(node, SCHEME "%s/%s/%s#%s", hubs, tacit_stream_sender_name(stream),
	    tacit_stream_receiver_name(stream), tacit_entity_identifier(entity));
}

/* the text up to end, which is taken off *text with it; NULL: it is not there */
static const char *
take_part(struct tacit_node *node, const char **text, char end)
{
	const char *part = *text, *at = strchr(part, end);

	if (at == NULL)
		return NULL;
	*text = at + 1;
	return tacit_node_text(node, "%.*s", (int)(at - part), part);
}

/* whether it is there and fit; if not the node remembers why */
static bool
check_name(struct tacit_node *node, const char *which, const char *name)
{
	if (name != NULL)
		return tacit_node_takes_name(node, name);
	(void)tacit_node_fail(node, TACIT_EINVAL,
	    "the invitation is cut short: the stream to %s is missing of " FORM, which);
	return false;
}

static bool
check_names(struct tacit_node *node, const struct tacit_invitation *invitation)
{
	if (!check_name(node, "read", invitation->receiver_name) ||
	    !check_name(node, "write", invitation->sender_name))
		return false;
	if (strcmp(invitation->receiver_name, invitation->sender_name) != 0)
		return true;
	(void)tacit_node_fail(node, TACIT_EINVAL,
	    "the invitation names one stream to read and to write: there are to be two");
	return false;
}

tacit_err
tacit_invitation_parse(struct tacit_node *node, const char *text, struct tacit_invitation *ret)
{
	struct tacit_invitation invitation;
	struct tacit_identifier identifier;

	if (!tacit_node_usable(node))
		return tacit_node_err(node);
	if (text == NULL || strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return tacit_node_fail(
		    node, TACIT_EINVAL, "this is no invitation: those look like " FORM);
	text += strlen(SCHEME);
	if ((invitation.hubs = take_part(node, &text, '/')) == NULL)
		return tacit_node_fail(node, TACIT_EINVAL,
		    "the invitation is cut short: there is nothing behind its hub of " FORM);
	/* says what is wrong with it */
	if (tacit_tcp_peer(node, invitation.hubs) == NULL)
		return tacit_node_err(node);
	invitation.receiver_name = take_part(node, &text, '/');
	invitation.sender_name = take_part(node, &text, '#');
	if (invitation.receiver_name != NULL && invitation.sender_name == NULL && *text != '\0')
		return tacit_node_fail(node, TACIT_EINVAL,
		    "the invitation is cut short: # and the identifier are missing of " FORM);
	if (!check_names(node, &invitation))
		return tacit_node_err(node);
	if (tacit_identifier_parse(text, &identifier) != TACIT_OK)
		return tacit_node_fail(node, TACIT_EINVAL,
		    "the invitation is cut short or damaged: `P` and 64 hex digits are wanted "
		    "behind its #");
	if ((invitation.identifier = tacit_keep(node, text)) == NULL)
		return tacit_node_err(node);
	*ret = invitation;
	return TACIT_OK;
}
