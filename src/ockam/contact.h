/*
 * ockam/contact.h: the identity message of 2021: who sends it, and that it is they who made this
 * handshake.  Source: PROTOCOL.md 9.4 (bytes), 9.5 (signatures), 9.6 (what is checked).
 *
 *   bytes  field
 *   1      variant    00 request: the responder's, the first; 01 response: the initiator's
 *   n      contact    identifier and history (ockam/identity.h has the one of a single event)
 *   65     proof      data: signature by the identity key over h
 *
 * What comes is judged as bytes: every hash and signature is over what was received, nothing is
 * encoded again.
 */
#ifndef TACIT_OCKAM_CONTACT_H
#define TACIT_OCKAM_CONTACT_H

#include <stddef.h>
#include <stdint.h>

#include "ockam/identity.h"
#include "tacit/err.h"

enum tacit_ockam_variant {
	TACIT_OCKAM_REQUEST = 0,
	TACIT_OCKAM_RESPONSE = 1,
};

/* One for each way to be malformed or forged: name, error, text for the local program.  The first
 * that is met, in the order of reading and then of checking, is named. */
/* clang-format off */
#define TACIT_OCKAM_FLAWS(X)                                                                       \
	X(NONE,               OK,      "no flaw")                                                  \
	/* the bytes */                                                                            \
	X(CUT_SHORT,          EFORMAT, "the identity message cannot be read to its end")           \
	X(VARIANT,            EFORMAT, "not the identity message that was due")                    \
	X(IDENTIFIER_LEN,     EFORMAT, "an identifier that is not 64 characters long")             \
	X(NO_EVENTS,          EFORMAT, "a history without events")                                 \
	X(TOO_MANY_EVENTS,    EFORMAT, "a history of more events than are accepted")               \
	X(CHANGES,            EFORMAT, "an event that has not exactly one change")                 \
	X(CHANGE_TYPE,        EFORMAT, "a change of an unknown type")                              \
	X(KEY_ATTRIBUTES,     EFORMAT, "a key of unknown attributes")                              \
	X(KEY_LEN,            EFORMAT, "a public key that has not 32 bytes")                       \
	X(EVENT_PROOF,        EFORMAT, "the proof of an event is not a signature")                 \
	X(EVENT_PROOF_TYPE,   EFORMAT, "the proof of an event is not by the identity key")         \
	X(PROOF_LEN,          EFORMAT, "the proof of the handshake has not 64 bytes")              \
	/* the history */                                                                          \
	X(PREVIOUS_ID,        EAUTH,   "the previous event id does not match")                     \
	X(EVENT_ID,           EAUTH,   "the event id is not the hash of its change")               \
	X(FIRST_KEY,          EAUTH,   "the history does not begin with an identity key")          \
	X(KEY_TWICE,          EAUTH,   "a key is created that the history already has")            \
	X(NO_PREVIOUS_KEY,    EAUTH,   "a key is rotated that the history does not have")          \
	X(SELF_SIGNATURE,     EAUTH,   "forged self signature of a key")                           \
	X(PREVIOUS_SIGNATURE, EAUTH,   "forged signature of the previous key")                     \
	X(EVENT_SIGNATURE,    EAUTH,   "forged event signature")                                   \
	/* who it is */                                                                            \
	X(IDENTIFIER,         EAUTH,   "the identifier is not that of the first key")              \
	X(OWN_IDENTIFIER,     EAUTH,   "the other end shows us our own identity")                  \
	X(PROOF,              EAUTH,   "forged proof of the handshake")
/* clang-format on */

enum tacit_ockam_flaw {
#define X(name, err, text) TACIT_OCKAM_FLAW_##name,
	TACIT_OCKAM_FLAWS(X)
#undef X
};

/* never NULL, never to be freed */
const char *tacit_ockam_flaw_text(enum tacit_ockam_flaw flaw);

/* an identity message with a history of one event */
#define TACIT_OCKAM_MESSAGE_LEN (1 + TACIT_OCKAM_CONTACT_LEN + 1 + TACIT_ED25519_SIGNATURE_LEN)

/* our own identity message for the handshake with hash h.  Errors: TACIT_ENOTFOUND */
TACIT_MUST_USE tacit_err tacit_ockam_contact_encode(const struct tacit_ockam_identity *identity,
    enum tacit_ockam_variant variant, const uint8_t h[TACIT_HASH_LEN],
    uint8_t ret[TACIT_OCKAM_MESSAGE_LEN]);

/* what a message has to be to be accepted; all borrowed */
struct tacit_ockam_due {
	enum tacit_ockam_variant variant;
	const uint8_t *h; /* TACIT_HASH_LEN bytes */
	/* ours.  The proof of 2021 does not tell the ends apart, so what we sent would verify when
	 * it comes back */
	const struct tacit_identifier *own;
};

/* judges a whole identity message and tells who sent it.  Bytes behind it are ignored, as in 2021:
 * they came sealed.
 * *ret_flaw is written always: NONE with TACIT_OK and TACIT_ENOMEM, else what is wrong.
 * Errors: TACIT_EFORMAT, TACIT_EAUTH, TACIT_ENOMEM; *ret is then untouched */
TACIT_MUST_USE tacit_err tacit_ockam_contact_verify(const uint8_t *bytes, size_t len,
    const struct tacit_ockam_due *due, enum tacit_ockam_flaw *ret_flaw,
    struct tacit_identifier *ret);

#endif
