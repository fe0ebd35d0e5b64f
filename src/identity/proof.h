/*
 * identity/proof.h: what travels encrypted in handshake messages 2 and 3: a history, and the
 * signature that binds its last key to this one handshake.  Source: PROTOCOL.md 4.3, 5.4.
 */
#ifndef TACIT_IDENTITY_PROOF_H
#define TACIT_IDENTITY_PROOF_H

#include "crypto/hash.h"
#include "identity/history.h"

enum tacit_role {
	TACIT_ROLE_INITIATOR = 1,
	TACIT_ROLE_RESPONDER = 2,
};

/* bytes that a proof signs: "tacit.v1.proof", role, h, identifier, id of the last change, each with
 * its length in front (u16, big-endian) */
#define TACIT_PROOF_INPUT_LEN (2 + 14 + 2 + 1 + 3 * (2 + 32))

void tacit_proof_input(uint8_t ret[TACIT_PROOF_INPUT_LEN], enum tacit_role role,
    const uint8_t h[TACIT_HASH_LEN], const struct tacit_history *history);

/*
 * The padded payload of handshake messages 2 and 3:
 *
 *   bytes  field
 *   2      length     of version, history and proof together, u16, big-endian
 *   1      version    1
 *   n      history    PROTOCOL.md 4.2
 *   64     proof      by the history's last key
 *   rest   padding    zeros
 */
void tacit_proof_encode(uint8_t ret[TACIT_PROOF_PAYLOAD_LEN], const struct tacit_history *history,
    const struct tacit_ed25519_signature *proof);
/* who somebody proved to be, and by which keys */
struct tacit_proven {
	struct tacit_identifier identifier;
	struct tacit_history history;
};
/* reads the payload, verifies history and proof, and tells who it is.  role is the sender's.
 * Errors: TACIT_EFORMAT, TACIT_EAUTH; *ret is then untouched */
TACIT_MUST_USE tacit_err tacit_proof_verify(const uint8_t payload[TACIT_PROOF_PAYLOAD_LEN],
    enum tacit_role role, const uint8_t h[TACIT_HASH_LEN], struct tacit_proven *ret);

#endif
