/*
 * identity/history.h: an identifier's change history: one creation, then rotations, each signed by
 * the new key and by the one before.  Source: PROTOCOL.md 4.2.
 */
#ifndef TACIT_IDENTITY_HISTORY_H
#define TACIT_IDENTITY_HISTORY_H

#include "base/limits.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "wire/msg.h"

enum tacit_change_type {
	TACIT_CHANGE_CREATE = 1,
	TACIT_CHANGE_ROTATE = 2,
};

struct tacit_change {
	enum tacit_change_type type;
	struct tacit_ed25519_public key;
	struct tacit_ed25519_signature self;     /* by key */
	struct tacit_ed25519_signature previous; /* by the key before; zeros in a creation */
};

struct tacit_history {
	uint8_t count;
	struct tacit_change changes[TACIT_HISTORY_CHANGES_MAX];
};

/* `P` and 64 hex digits, and a NUL */
#define TACIT_IDENTIFIER_TEXT_LEN 66

/* SHA-256 of the first public key */
void tacit_history_identifier(const struct tacit_history *history, struct tacit_identifier *ret);
/* SHA-256 over the encoded history up to and with change number index: the change's id, which the next one and proofs sign */
void tacit_history_change_id(
    const struct tacit_history *history, size_t index, uint8_t ret[TACIT_HASH_LEN]);
/* the key that signs now */
const struct tacit_ed25519_public *tacit_history_key(const struct tacit_history *history);
/* the bytes that a change's signatures cover */
/* checks every signature and the order of changes.  Errors: TACIT_EAUTH */
TACIT_MUST_USE tacit_err tacit_history_verify(const struct tacit_history *history);

size_t tacit_history_encoded_len(const struct tacit_history *history);
void tacit_history_encode(struct tacit_writer *w, const struct tacit_history *history);
/* fails the reader on anything that encode would not have written; verifies nothing */
void tacit_history_decode(struct tacit_reader *r, struct tacit_history *ret);

void tacit_identifier_format(
    const struct tacit_identifier *identifier, char ret[TACIT_IDENTIFIER_TEXT_LEN]);
/* Errors: TACIT_EFORMAT: not `P` and 64 hex digits */
TACIT_MUST_USE tacit_err tacit_identifier_parse(const char *text, struct tacit_identifier *ret);
bool tacit_identifier_equal(const struct tacit_identifier *a, const struct tacit_identifier *b);

#endif
