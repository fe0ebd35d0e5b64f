/*
 * support/hostile.h: what somebody does who can read and write the path between two sessions, and,
 * further down, a peer that holds the keys and breaks the rules.
 */
#ifndef TACIT_TESTS_HOSTILE_H
#define TACIT_TESTS_HOSTILE_H

#include "support/pair.h"

#include "channel/session_internal.h"

/* a session as it was: whatever does not verify must leave it like that */
struct hostile_snapshot {
	struct tacit_session session;
	struct tacit_noise_xx noise;
	unsigned unauthentic;
	uint64_t received, entries;
};

static inline void
hostile_save(const struct pair *pair, int i, struct hostile_snapshot *ret)
{
	const struct pair_end *end = &pair->ends[i];

	memset(ret, 0, sizeof(*ret));
	memcpy(&ret->session, end->session, sizeof(ret->session));
	if (end->session->noise != NULL)
		memcpy(&ret->noise, end->session->noise, sizeof(ret->noise));
	ret->unauthentic = end->events[TACIT_CHANNEL_UNAUTHENTIC];
	ret->received = end->received;
	ret->entries = end->entries;
}

/* nothing moved, and nothing left */
static inline void
hostile_check_unmoved(const struct pair *pair, int i, const struct hostile_snapshot *before)
{
	const struct pair_end *end = &pair->ends[i];

	assert_memory_equal(&before->session, end->session, sizeof(before->session));
	if (end->session->noise != NULL)
		assert_memory_equal(&before->noise, end->session->noise, sizeof(before->noise));
	assert_int_equal(end->received, before->received);
	assert_int_equal(end->entries, before->entries);
}

/* a path on which nothing arrives by itself */
static inline bool
hostile_hold_back(struct pair *pair, int from, struct tacit_msg *msg)
{
	(void)pair;
	(void)from;
	(void)msg;
	return false;
}

/* writes an entry for an end's own address, by way of mallory */
static inline void
hostile_hand(struct pair *pair, int to, const uint8_t *bytes, size_t len)
{
	struct tacit_session *session = pair->ends[to].session;
	struct tacit_msg *msg = tacit_msg_copy_of(bytes, len);

	assert_non_null(msg);
	assert_int_equal(
	    tacit_route_append(&msg->onward, tacit_address_worker(tacit_session_name(session))),
	    TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("mallory")), TACIT_OK);
	msg->origin = TACIT_ORIGIN_NETWORK;
	tacit_session_handle(session, msg, pair->now);
}

/* an entry as it was seen; entry is borrowed */
static inline void
hostile_replay(struct pair *pair, int to, const struct tacit_msg *entry)
{
	tacit_session_handle(pair->ends[to].session, pair_clone(entry), pair->now);
}

/* what left an end last; to be unreffed */
static inline struct tacit_msg *
hostile_catch(struct pair *pair, int from)
{
	assert_non_null(pair->ends[from].last_entry);
	return pair_clone(pair->ends[from].last_entry);
}

/* seals a record with the keys of from and hands it to the other end */
static inline void
hostile_seal(struct pair *pair, int from, enum tacit_record_type type, uint64_t sequence,
    const uint8_t *body, size_t len)
{
	uint8_t *entry = malloc(1 + TACIT_RECORD_OVERHEAD + len);

	assert_non_null(entry);
	entry[0] = TACIT_KIND_RECORDS;
	assert_int_equal(
	    tacit_record_seal(&pair->ends[from].session->out, type, sequence, body, len, entry + 1),
	    TACIT_OK);
	hostile_hand(pair, !from, entry, 1 + TACIT_RECORD_OVERHEAD + len);
	free(entry);
}

/* what from would say now, for a test to change */
static inline struct tacit_control
hostile_control(struct pair *pair, int from)
{
	struct tacit_session *session = pair->ends[from].session;
	struct tacit_control control = {
	    .flags = from == 1 ? TACIT_CONTROL_ACCEPTED : 0,
	    .echo = session->control_in,
	    .sent = session->outbox.next,
	};

	tacit_inbox_report(&session->inbox, &control);
	return control;
}

/* seals a control record with the next sequence of from, and hands it to the other end */
static inline void
hostile_say(struct pair *pair, int from, const struct tacit_control *control)
{
	uint8_t body[TACIT_CONTROL_LEN_MAX];
	size_t len = tacit_control_encode(control, body);

	hostile_seal(
	    pair, from, TACIT_RECORD_CONTROL, pair->ends[from].session->control_out++, body, len);
}

#endif
