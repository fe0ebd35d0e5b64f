/*
 * tacit/ockam.h: secure channels with programs of 2021, written in Rust against Ockam 0.22 or 0.23.
 *
 * Their protocol is weaker than ours and has an end after 65,535 messages: docs/ockam.md says what
 * one loses.  So it is never spoken unless a program asks for it here: a listener that offers it
 * and a channel that is opened with it.  A native listener answers no handshake of 2021, a native
 * initiator never falls back to it, and whoever speaks the native protocol to a listener that
 * offers both gets that.  Source: PROTOCOL.md 9.
 *
 * A channel of 2021 is a struct tacit_channel: tacit_channel_address, _peer, _watch_events, _flush
 * and _close work, with these differences.  Messages go to workers only (addresses of type 0), at
 * least one hop behind the channel.  Flush waits until the stream has everything: nobody in this
 * protocol acknowledges.  A message that is lost on the way is the event TACIT_CHANNEL_GAP.  When
 * a connection is lost with messages in doubt the channel ends: TACIT_EPOSSIBLYLOST.
 */
#ifndef TACIT_OCKAM_H
#define TACIT_OCKAM_H

#include <stdbool.h>

#include "tacit/channel.h"

struct tacit_ockam_entity;

/*
 * tacit_ockam_entity_new: a party as programs of 2021 know them: with a new key of its own in the vault,
 * unrelated to any other entity's.  Lives as long as the node.
 */
TACIT_API struct tacit_ockam_entity *tacit_ockam_entity_new(
    struct tacit_node *node, struct tacit_vault *vault);
/* `P` and 64 hex digits, borrowed from the entity; "" for NULL */
TACIT_API const char *tacit_ockam_entity_identifier(const struct tacit_ockam_entity *entity);

/*
 * tacit_ockam_listener_start: a listener for programs of 2021 alone; see tacit_listener_start.
 * tacit_ockam_listener_add: lets a listener answer them as well, as entity, when trust says so, at
 * the same name.
 *
 * Errors, remembered: as tacit_listener_start; TACIT_EEXIST: it answers them already.
 */
TACIT_API struct tacit_listener *tacit_ockam_listener_start(struct tacit_node *node,
    const char *name, struct tacit_ockam_entity *entity, const struct tacit_trust *trust);
TACIT_API tacit_err tacit_ockam_listener_add(struct tacit_listener *listener,
    struct tacit_ockam_entity *entity, const struct tacit_trust *trust);

/*
 * tacit_ockam_channel_open: as tacit_channel_open, in the protocol of 2021.
 *
 * renews: when either direction has used up its 65,535 messages a new channel is made to the same
 * listener, with the same identity at the other end, behind the same address.  Otherwise sending is
 * then refused with TACIT_EEXHAUSTED, and what was sent before still arrives; a handler, which
 * nobody tells, ends its channel by what it sends beyond.
 *
 * Established means that we accepted the other end; that it accepted us is not known until it
 * answers.  Errors, remembered: as tacit_channel_open, and TACIT_EAUTH (the other end's identity is
 * forged; the text says how), TACIT_EPOSSIBLYLOST.
 */
TACIT_API struct tacit_channel *tacit_ockam_channel_open(struct tacit_node *node,
    struct tacit_ockam_entity *entity, const struct tacit_route *route,
    const struct tacit_trust *trust, bool renews);

#endif
