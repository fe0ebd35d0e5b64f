/*
 * channel/record.h: sealed records: header, keys, sealing and opening.  Source: PROTOCOL.md 5.6, 6.1.
 *
 * A record is a 16 byte header and the sealed body behind it:
 *
 *	offset size field
 *	0      1    version, 01
 *	1      1    type: 01 data, 02 control
 *	2      4    epoch, 0
 *	6      8    sequence, from 0, counted for each type and direction by itself
 *	14     2    bytes of the sealed body, tag included
 *
 * Integers are big-endian.  The header, the final handshake hash and the direction are associated
 * data; the sequence is the nonce.
 */
#ifndef TACIT_CHANNEL_RECORD_H
#define TACIT_CHANNEL_RECORD_H

#include <stdbool.h>

#include "base/reader.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define TACIT_RECORD_VERSION    1
#define TACIT_RECORD_HEADER_LEN 16
/* bytes that a record adds to its body */
#define TACIT_RECORD_OVERHEAD (TACIT_RECORD_HEADER_LEN + TACIT_TAG_LEN)

enum tacit_record_type {
	TACIT_RECORD_DATA = 1,
	TACIT_RECORD_CONTROL = 2,
};

/* one direction's keys */
struct tacit_record_keys {
	uint8_t aad[TACIT_HASH_LEN + 1]; /* final h, direction: 01 from the initiator, 02 to it */
	struct tacit_aead *data, *control;
	uint64_t blocks; /* AES blocks sealed or to be sealed under the data key */
};

/* a borrowed record, nothing verified */
struct tacit_record {
	uint8_t version;
	uint8_t type;
	uint32_t epoch;
	uint64_t sequence;
	const uint8_t *header; /* the 16 bytes as they came */
	const uint8_t *sealed;
	size_t sealed_len;
};

/* derives both keys from a direction's split key.  Errors: TACIT_ENOMEM, TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_record_keys_init(struct tacit_record_keys *keys,
    const uint8_t split_key[TACIT_KEY_LEN], const uint8_t h[TACIT_HASH_LEN], bool from_initiator);
void tacit_record_keys_fini(struct tacit_record_keys *keys);

/* writes TACIT_RECORD_OVERHEAD + len bytes.  Errors: TACIT_ELIMIT (the key is used up),
 * TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_record_seal(struct tacit_record_keys *keys,
    enum tacit_record_type type, uint64_t sequence, const uint8_t *body, size_t len, uint8_t *ret);
/* the next record of an entry; fails the reader when it is cut */
void tacit_record_next(struct tacit_reader *r, struct tacit_record *ret);
/* writes sealed_len - TACIT_TAG_LEN bytes.  Errors: TACIT_EAUTH */
TACIT_MUST_USE tacit_err tacit_record_open(
    const struct tacit_record_keys *keys, const struct tacit_record *record, uint8_t *ret);

#endif
