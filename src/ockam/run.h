/*
 * ockam/run.h: one handshake of 2021 and the keys that it made: two counters, two addresses, and
 * the order of what comes.  A channel that renews has several, one after the other.
 * Source: PROTOCOL.md 9.1 to 9.3.
 *
 *   bytes  record
 *   2      counter, big-endian
 *   n      sealed: transport message
 *   16     tag
 */
#ifndef TACIT_OCKAM_RUN_H
#define TACIT_OCKAM_RUN_H

#include "channel/session.h"
#include "noise/xx.h"
#include "ockam/order.h"
#include "wire/bare.h"

#define TACIT_OCKAM_RECORD_OVERHEAD (2 + TACIT_TAG_LEN)

enum tacit_ockam_phase {
	TACIT_OCKAM_HELLO_SENT, /* the initiator's message 1 is under way */
	TACIT_OCKAM_ANSWERED,   /* the responder's message 2 is */
	TACIT_OCKAM_KEYED,      /* keys; the other end's identity is due */
	TACIT_OCKAM_OPEN,       /* it was accepted, and our own has left */
};

struct tacit_ockam_run {
	enum tacit_ockam_phase phase;
	bool initiator;
	uint64_t number;                     /* 0 for a channel's first */
	char entity[TACIT_SESSION_NAME_LEN]; /* our E */
	struct tacit_route peer_entity;      /* the other's E: one hop */
	struct tacit_route route;            /* to the other's R; fixed by message 2 or 3 */
	struct tacit_noise_xx *noise;        /* in secret memory; until there are keys */
	/* from here on: once there are keys */
	uint8_t h[TACIT_HASH_LEN];
	uint8_t answered[TACIT_HASH_LEN]; /* hash of the message that made the keys */
	struct tacit_aead *out, *in;
	uint32_t sent; /* counter of the next record */
	struct tacit_ockam_order *order;
};

/* fresh keys for a handshake, and a fresh E.  NULL when there is no memory; NULL may be freed */
struct tacit_ockam_run *tacit_ockam_run_new(
    bool initiator, uint64_t number, const struct tacit_random *random);
void tacit_ockam_run_free(struct tacit_ockam_run *run);

/* the keys of the finished handshake in noise, swapped as in 2021 (PROTOCOL.md 9.2).  noise is
 * wiped, and so is the run's own, which is another.  Errors: TACIT_ENOMEM, TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_ockam_run_take_keys(
    struct tacit_ockam_run *run, struct tacit_noise_xx *noise);

/* whether inner, with both E in front of its routes, is short enough for a record.
 * Errors: TACIT_ELIMIT */
TACIT_MUST_USE tacit_err tacit_ockam_run_check(
    const struct tacit_ockam_run *run, const struct tacit_msg *inner);
/* a message whose payload is the next record as `data`, with inner in it; never one counter twice.
 * Gives *ret.  Errors: TACIT_ELIMIT (too long), TACIT_EEXHAUSTED, TACIT_ENOMEM: nothing was sealed;
 * TACIT_EINTERNAL */
TACIT_MUST_USE tacit_err tacit_ockam_run_seal(
    struct tacit_ockam_run *run, const struct tacit_msg *inner, struct tacit_msg **ret);
/* writes len - TACIT_OCKAM_RECORD_OVERHEAD bytes.  Errors: TACIT_EAUTH, also for a record that is
 * too short or whose counter nobody uses */
TACIT_MUST_USE tacit_err tacit_ockam_run_open(
    struct tacit_ockam_run *run, struct tacit_slice record, uint8_t *ret);
/* the same with our own key */
bool tacit_ockam_run_is_ours(
    struct tacit_ockam_run *run, struct tacit_slice record, uint8_t *scratch);

/* what a record's counter says; 0 for one that is too short */
uint16_t tacit_ockam_record_counter(struct tacit_slice record);
/* the number of a record in its channel: as events tell it */
static inline uint64_t
tacit_ockam_sequence(const struct tacit_ockam_run *run, uint32_t counter)
{
	return run->number << 16 | counter;
}

#endif
