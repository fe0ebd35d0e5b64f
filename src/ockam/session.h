/*
 * ockam/session.h: one end of a secure channel of 2021, from its first message to its end: the
 * protocol of Ockam 0.22 and 0.23.  Source: PROTOCOL.md 9.
 *
 * An engine like the native one (channel/engine.h) and configured like it; of the config, identity
 * and context are the native protocol's and not looked at.  The differences that its user sees:
 *
 *	initiator  HELLO_SENT -> PROOF_SENT (message 3 is) -> ESTABLISHED -> CLOSING -> OVER
 *	responder  ANSWERED -> ESTABLISHED -> CLOSING -> OVER
 *
 * - Nothing acknowledges.  A record counts as acknowledged once whoever carries it has it for good
 *   (`once` in wire/msg.h); one that may be lost ends the channel: TACIT_EPOSSIBLYLOST.
 * - Nothing is sent twice, not even in the handshake; what a path loses is lost: TACIT_CHANNEL_GAP.
 * - A forged or malformed identity ends the handshake with TACIT_EAUTH or TACIT_EFORMAT and a
 *   text of its own, and the other end hears nothing of it, nor that the policy refused it.
 * - ESTABLISHED tells the initiator nothing about the other end's policy.
 * - Close sends nothing: it waits until everything sent is with its carrier, 10 s at most.
 * - Each direction has 65,535 records.  Without one left, check and send say TACIT_EEXHAUSTED; send
 *   also ends the channel with it, once all that came before has left.  For an initiator that
 *   renews there is a new handshake with the same listener instead, when it has more to send or
 *   the other end has no record left; the identity there must be the same.  What is sent meanwhile
 *   waits.
 * - Messages are no longer than TACIT_MESSAGE_LEN_MAX with the routes inside (TACIT_ELIMIT), and
 *   their onward route, behind the channel, names at least one worker and nothing else
 *   (TACIT_EINVAL).
 * - An event's sequence is the record's counter, and 65,536 more after each renewal.  What deliver
 *   and done_token give, to be given back to delivered and carried, is not that number.
 * - Whoever reads less than comes ends the channel: TACIT_ELIMIT.
 */
#ifndef TACIT_OCKAM_SESSION_H
#define TACIT_OCKAM_SESSION_H

#include "channel/engine.h"
#include "ockam/identity.h"

/* first byte of the first message of a handshake of 2021: the length of an X25519 key; no native
 * payload begins with it (PROTOCOL.md 5.1) */
#define TACIT_OCKAM_HELLO 0x20

/*
 * An end that will send its first message along route, or one that answers the first message in
 * hello, whose return route is the way back.  identity is kept.
 * Gives:  *ret, freed by its ops.
 * Errors: TACIT_ENOMEM; responder: TACIT_EFORMAT, TACIT_EAUTH.
 */
TACIT_MUST_USE tacit_err tacit_ockam_session_new_initiator(
    const struct tacit_session_config *config, const struct tacit_ockam_identity *identity,
    const struct tacit_route *route, bool renews, struct tacit_engine *ret);
TACIT_MUST_USE tacit_err tacit_ockam_session_new_responder(
    const struct tacit_session_config *config, const struct tacit_ockam_identity *identity,
    const struct tacit_msg *hello, struct tacit_engine *ret);

#endif
