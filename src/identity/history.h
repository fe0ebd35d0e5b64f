/*
 * identity/history.h: an identifier's change history: one creation, then rotations, each signed by
 * the new key and by the one before.  Source: PROTOCOL.md 4.2.
 *
 * Encoded; the changes follow each other without gaps, count of them:
 *
 *   bytes  field
 *   1      count      1 to TACIT_HISTORY_CHANGES_MAX
 *   per change:
 *   1      type       1 create: the first, and only the first; 2 rotate: all others
 *   32     key        Ed25519 public key
 *   64     self       signature by key
 *   64     previous   signature by the key of the change before; only in a rotation
 *
 * Both signatures of a change cover the same 82 bytes:
 *
 *   bytes  field
 *   2      15         length of the label, u16, big-endian
 *   15     label      `tacit.v1.change`
 *   32     before     id of the change before; zeros in a creation
 *   1      type
 *   32     key
 *
 * The id of change i is SHA-256 over the encoded changes 0 to i, without the count.
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
/* the id of change number index, which must exist: the next one and proofs sign it */
void tacit_history_change_id(
    const struct tacit_history *history, size_t index, uint8_t ret[TACIT_HASH_LEN]);
/* the key that signs now; the history is not empty */
const struct tacit_ed25519_public *tacit_history_key(const struct tacit_history *history);
/* bytes that a change's signatures cover */
#define TACIT_CHANGE_INPUT_LEN (2 + 15 + TACIT_HASH_LEN + 1 + TACIT_ED25519_LEN)

/* reads type and key of change number index, and all changes before it; index may be the next one
 * that is not counted yet */
void tacit_history_change_input(
    const struct tacit_history *history, size_t index, uint8_t ret[TACIT_CHANGE_INPUT_LEN]);
/* checks every signature and the order of changes.  Errors: TACIT_EAUTH */
TACIT_MUST_USE tacit_err tacit_history_verify(const struct tacit_history *history);

/* bytes of the longest history, encoded */
#define TACIT_HISTORY_LEN_MAX (1 + 97 + (TACIT_HISTORY_CHANGES_MAX - 1) * 161)

size_t tacit_history_encoded_len(const struct tacit_history *history);
void tacit_history_encode(struct tacit_writer *w, const struct tacit_history *history);
/* fails the reader on anything that encode would not have written, and leaves *ret empty; verifies
 * no signature */
void tacit_history_decode(struct tacit_reader *r, struct tacit_history *ret);

void tacit_identifier_format(
    const struct tacit_identifier *identifier, char ret[TACIT_IDENTIFIER_TEXT_LEN]);
/* Errors: TACIT_EFORMAT: not `P` and 64 hex digits */
TACIT_MUST_USE tacit_err tacit_identifier_parse(const char *text, struct tacit_identifier *ret);
bool tacit_identifier_equal(const struct tacit_identifier *a, const struct tacit_identifier *b);

#endif
