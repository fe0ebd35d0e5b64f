/*
 * ockam/identity.h: a named party as the programs of 2021 know it: an X25519 key of its own in a
 * vault, never derived from a native one, and a history of one event.  Source: PROTOCOL.md 9.4.
 *
 * Its contact, BARE (PROTOCOL.md 1.1), made once:
 *
 *   offset  bytes  field
 *   0       65     identifier   string: 64 lower-case hex digits, SHA-256 of the public key
 *   65      1      events       01
 *   66      32     event id     SHA-256 of the change set
 *   98      154    change set:
 *   98      32       previous   id of the event before; SHA-256("OCKAM_NO_EVENT")
 *   130     1        changes    01
 *   131     1        version    01
 *   132     1        attributes 00: a map without entries
 *   133     1        type       00: creates a key
 *   134     54       data:
 *   134     10         label    string: "OCKAM_PUK"
 *   144     1          meta     01: attributes of the secret follow
 *   145     1          kind     02: Curve25519
 *   146     1          lasts    01: persistent
 *   147     8          length   u64: 32
 *   155     33         key      data: the public key
 *   188     64       self       signature by the new key over SHA-256(data)
 *   252     1      proof        00: a signature
 *   253     1      type         00: by the root key
 *   254     64     signature    by the identity key before this event, here the new one, over the
 *                               event id
 */
#ifndef TACIT_OCKAM_IDENTITY_H
#define TACIT_OCKAM_IDENTITY_H

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/x25519.h"
#include "vault/vault.h"
#include "wire/msg.h"

/* what an identity key is called, and what it is: a key with other attributes is another key */
#define TACIT_OCKAM_LABEL      "OCKAM_PUK"
#define TACIT_OCKAM_CURVE25519 2u /* kind of secret, 0 to 4 */
#define TACIT_OCKAM_PERSISTENT 1u
#define TACIT_OCKAM_KEY_LEN    32u

/* types of a change, kinds of what is said of a key besides its label, kinds of proof and of
 * signature */
#define TACIT_OCKAM_CREATE_KEY 0u
#define TACIT_OCKAM_ROTATE_KEY 1u
#define TACIT_OCKAM_META_NONE  0u
#define TACIT_OCKAM_META       1u
#define TACIT_OCKAM_SIGNATURE  0u
#define TACIT_OCKAM_ROOT_SIGN  0u

#define TACIT_OCKAM_CONTACT_LEN 318

struct tacit_ockam_identity {
	struct tacit_vault *vault; /* kept */
	tacit_key key;
	struct tacit_x25519_public public;
	struct tacit_identifier identifier;
	uint8_t contact[TACIT_OCKAM_CONTACT_LEN];
};

/* a new identity with a new key; keeps vault.  Errors: TACIT_ENOMEM, TACIT_ELIMIT */
TACIT_MUST_USE tacit_err tacit_ockam_identity_create(
    struct tacit_vault *vault, struct tacit_ockam_identity *ret);
/* deletes the key; an identity of zeros is fine */
void tacit_ockam_identity_fini(struct tacit_ockam_identity *identity);

/* what every signature of an event or a handshake is: over 32 bytes.  Errors: TACIT_ENOTFOUND */
TACIT_MUST_USE tacit_err tacit_ockam_identity_sign(const struct tacit_ockam_identity *identity,
    const uint8_t hash[TACIT_HASH_LEN], struct tacit_ed25519_signature *ret);
/* the hash that stands for the event before the first: SHA-256("OCKAM_NO_EVENT") */
void tacit_ockam_no_event(uint8_t ret[TACIT_HASH_LEN]);

#endif
