/*
 * support/pair.h: two sessions in a world without sockets: a virtual clock, seeded randomness, and
 * a path between them that drops, doubles, delays and shuffles as much as a test asks for.
 */
#ifndef TACIT_TESTS_PAIR_H
#define TACIT_TESTS_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "channel/acceptor.h"
#include "channel/handshake.h"
#include "channel/session.h"
#include "crypto/random.h"

/* splitmix64: the same schedule for the same seed, everywhere */
static inline uint64_t
pair_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline void
pair_fill(void *arg, void *ret, size_t len)
{
	uint8_t *bytes = ret;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(pair_random(arg) >> 32);
}

#define PAIR_PATH_MAX   65536
#define PAIR_EVENTS_MAX (TACIT_CHANNEL_FAILED + 1)

struct pair;

struct pair_end {
	struct pair *pair;
	struct tacit_random random; /* the vault keeps it */
	struct tacit_vault *vault;
	struct tacit_identity identity;
	struct tacit_policy policy;
	struct tacit_session *session;
	tacit_msec wake_at;
	bool flush_wanted;
	unsigned events[PAIR_EVENTS_MAX];
	uint64_t sequences[PAIR_EVENTS_MAX]; /* of the last event of each kind */
	tacit_err err;                       /* of FAILED */
	char text[256];
	/* what the application got: message i must carry the number i, unless they are raw */
	uint64_t received, sent;
	bool raw;
	size_t last_len;         /* of the last message received */
	bool hold;               /* messages are handed out, but not delivered yet */
	bool at_once;            /* messages are delivered while they are handed out */
	unsigned depth, deepest; /* of handing out within handing out */
	uint64_t held[PAIR_PATH_MAX];
	size_t held_count;
	struct tacit_msg *last_entry; /* the last entry that left this end */
	uint64_t entries;
};

/* byte i of the message with this number */
static inline uint8_t
pair_byte(uint64_t number, size_t i)
{
	return (uint8_t)(number * 131 + i * 7 + (i >> 8) + (i >> 16));
}

/* one entry under way */
struct pair_entry {
	int to; /* 0: alice, 1: bob */
	tacit_msec at;
	struct tacit_msg *msg;
};

struct pair {
	struct pair_end ends[2]; /* 0 initiates */
	struct tacit_acceptor *acceptor;
	uint64_t seed, random;
	tacit_msec now;
	struct pair_entry path[PAIR_PATH_MAX];
	size_t path_count;
	/* the path's vices, in per mille; delays in ms */
	unsigned drop, twice, delay_max;
	bool shuffle;
	/* sees, and may change, every entry; false drops it */
	bool (*meddle)(struct pair *pair, int from, struct tacit_msg *msg);
};

static inline struct tacit_port pair_port(struct pair_end *end);

static inline void
pair_put(struct pair *pair, int to, struct tacit_msg *msg)
{
	tacit_msec delay = pair->delay_max > 0 ? pair_random(&pair->random) % pair->delay_max : 0;
	tacit_msec at = pair->now + 1 + delay;

	/* a path that keeps order lets nobody overtake */
	for (size_t i = 0; !pair->shuffle && i < pair->path_count; i++) {
		if (pair->path[i].to == to && pair->path[i].at > at)
			at = pair->path[i].at;
	}
	assert_true(pair->path_count < PAIR_PATH_MAX);
	pair->path[pair->path_count++] = (struct pair_entry){to, at, msg};
}

/* what the streams do: the entry keeps its bytes, the message object is a new one.  A test that
 * lets an allocation fail means the sessions' and not this one: it is tried again */
static inline struct tacit_msg *
pair_clone(const struct tacit_msg *msg)
{
	struct tacit_msg *clone = tacit_msg_copy_of(tacit_msg_payload(msg), msg->len);

	if (clone == NULL)
		clone = tacit_msg_copy_of(tacit_msg_payload(msg), msg->len);
	assert_non_null(clone);
	tacit_route_copy(&clone->onward, &msg->onward);
	tacit_route_copy(&clone->ret, &msg->ret);
	clone->origin = TACIT_ORIGIN_NETWORK;
	return clone;
}

static inline void
pair_send(void *arg, struct tacit_msg *msg)
{
	struct pair_end *end = arg;
	struct pair *pair = end->pair;
	int from = end == &pair->ends[1];

	end->entries++;
	tacit_msg_unref(end->last_entry);
	end->last_entry = pair_clone(msg);
	if ((pair->meddle == NULL || pair->meddle(pair, from, msg)) &&
	    pair_random(&pair->random) % 1000 >= pair->drop) {
		pair_put(pair, !from, pair_clone(msg));
		if (pair_random(&pair->random) % 1000 < pair->twice)
			pair_put(pair, !from, pair_clone(msg));
	}
	tacit_msg_unref(msg);
}

static inline void
pair_wake_at(void *arg, tacit_msec at)
{
	((struct pair_end *)arg)->wake_at = at;
}

static inline void
pair_flush_wanted(void *arg)
{
	((struct pair_end *)arg)->flush_wanted = true;
}

static inline void
pair_deliver(void *arg, struct tacit_msg *msg, uint64_t sequence)
{
	struct pair_end *end = arg;
	uint64_t number = end->received;

	end->last_len = msg->len;
	if (!end->raw) {
		assert_true(msg->len >= sizeof(number));
		memcpy(&number, tacit_msg_payload(msg), sizeof(number));
	}
	if (number != end->received)
		fail_msg("seed %llu: message %llu came where %llu was due",
		    (unsigned long long)end->pair->seed, (unsigned long long)number,
		    (unsigned long long)end->received);
	for (size_t i = sizeof(number); !end->raw && i < msg->len; i++) {
		if (tacit_msg_payload(msg)[i] != pair_byte(number, i))
			fail_msg("seed %llu: byte %zu of message %llu is another one",
			    (unsigned long long)end->pair->seed, i, (unsigned long long)number);
	}
	assert_int_equal(msg->origin, TACIT_ORIGIN_CHANNEL);
	assert_true(msg->has_sender);
	end->received++;
	tacit_msg_unref(msg);
	if (!end->at_once) {
		end->held[end->held_count++] = sequence;
		return;
	}
	if (++end->depth > end->deepest)
		end->deepest = end->depth;
	tacit_session_delivered(end->session, sequence, end->pair->now);
	end->depth--;
}

static inline void
pair_event(void *arg, const struct tacit_session_event *event)
{
	struct pair_end *end = arg;

	end->events[event->kind]++;
	end->sequences[event->kind] = event->sequence;
	if (event->kind == TACIT_CHANNEL_FAILED) {
		end->err = event->err;
		snprintf(end->text, sizeof(end->text), "%s", event->text);
	}
}

static inline struct tacit_port
pair_port(struct pair_end *end)
{
	return (struct tacit_port){end, pair_send, pair_wake_at, {pair_fill, &end->pair->random}};
}

static inline struct tacit_session_config
pair_config(struct pair_end *end)
{
	return (struct tacit_session_config){
	    .identity = &end->identity,
	    .policy = &end->policy,
	    .port = pair_port(end),
	    .arg = end,
	    .deliver = pair_deliver,
	    .event = pair_event,
	    .flush_wanted = pair_flush_wanted,
	};
}

/* two identities that trust everyone; no session yet */
static inline struct pair *
pair_new(uint64_t seed)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	assert_int_equal(tacit_crypto_start(), TACIT_OK);
	pair->seed = seed;
	pair->random = seed;
	pair->now = 1000;
	for (int i = 0; i < 2; i++) {
		struct pair_end *end = &pair->ends[i];

		end->pair = pair;
		end->wake_at = TACIT_NEVER;
		end->random = (struct tacit_random){pair_fill, &pair->random};
		assert_int_equal(tacit_vault_create(&end->random, &end->vault), TACIT_OK);
		assert_int_equal(tacit_identity_create(end->vault, &end->identity), TACIT_OK);
		tacit_policy_everyone(&end->policy);
	}
	assert_int_equal(tacit_acceptor_new(&pair->acceptor), TACIT_OK);
	return pair;
}

static inline void
pair_free(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		struct pair_end *end = &pair->ends[i];

		tacit_session_free(end->session);
		tacit_policy_fini(&end->policy);
		tacit_identity_fini(&end->identity);
		tacit_vault_destroy(end->vault);
		tacit_msg_unref(end->last_entry);
	}
	for (size_t i = 0; i < pair->path_count; i++)
		tacit_msg_unref(pair->path[i].msg);
	tacit_acceptor_free(pair->acceptor);
	free(pair);
}

/* the initiator says message 1 to the worker `listener` */
static inline void
pair_start(struct pair *pair)
{
	struct tacit_session_config config = pair_config(&pair->ends[0]);
	struct tacit_route route;

	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("listener")), TACIT_OK);
	assert_int_equal(
	    tacit_session_new_initiator(&config, &route, &pair->ends[0].session), TACIT_OK);
	tacit_session_start(pair->ends[0].session, pair->now);
}

/* what a listener does with a message 1: as the node room does it */
static inline void
pair_listen(struct pair *pair, struct tacit_msg *hello)
{
	struct tacit_session_config config = pair_config(&pair->ends[1]);
	struct tacit_session *session;
	void *answerer;

	switch (tacit_acceptor_hear(pair->acceptor, hello, &answerer)) {
	case TACIT_HELLO_AGAIN:
		tacit_session_hello_again(answerer);
		break;
	case TACIT_HELLO_NEW:
		if (pair->ends[1].session == NULL &&
		    tacit_session_new_responder(&config, hello, &session) == TACIT_OK) {
			pair->ends[1].session = session;
			assert_null(tacit_acceptor_add(pair->acceptor, hello, session));
			tacit_session_start(session, pair->now);
		}
		break;
	case TACIT_HELLO_OLD:
		break;
	}
	tacit_msg_unref(hello);
}

static inline void
pair_arrive(struct pair *pair, int to, struct tacit_msg *msg)
{
	struct pair_end *end = &pair->ends[to];
	struct tacit_address first;

	if (!tacit_route_first(&msg->onward, &first))
		tacit_msg_unref(msg);
	else if (to == 1 && tacit_address_equal(first, tacit_address_worker("listener")))
		pair_listen(pair, msg);
	else if (end->session != NULL &&
		 tacit_address_equal(first, tacit_address_worker(tacit_session_name(end->session))))
		tacit_session_handle(end->session, msg, pair->now);
	else
		tacit_msg_unref(msg);
}

/* the end of a turn: the application takes its messages, and what is due leaves */
static inline void
pair_settle(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		struct pair_end *end = &pair->ends[i];

		for (size_t k = 0; !end->hold && k < end->held_count; k++)
			tacit_session_delivered(end->session, end->held[k], pair->now);
		if (!end->hold)
			end->held_count = 0;
		if (end->session != NULL && end->flush_wanted) {
			end->flush_wanted = false;
			tacit_session_flush(end->session, pair->now);
		}
	}
	if (pair->ends[1].session != NULL &&
	    tacit_session_state(pair->ends[1].session) != TACIT_SESSION_ANSWERED)
		tacit_acceptor_remove(pair->acceptor, pair->ends[1].session);
}

/* the next thing that happens, no later than limit; false: nothing until then */
static inline bool
pair_step(struct pair *pair, tacit_msec limit)
{
	size_t next = PAIR_PATH_MAX;
	tacit_msec at = limit;
	int tick = -1;

	for (size_t i = 0; i < pair->path_count; i++) {
		if (pair->path[i].at < at) {
			at = pair->path[i].at;
			next = i;
		}
	}
	for (int i = 0; i < 2; i++) {
		if (pair->ends[i].session != NULL && pair->ends[i].wake_at < at) {
			at = pair->ends[i].wake_at;
			tick = i;
		}
	}
	if (at >= limit) {
		pair->now = limit;
		return false;
	}
	if (at > pair->now)
		pair->now = at;
	if (tick >= 0) {
		pair->ends[tick].wake_at = TACIT_NEVER;
		tacit_session_tick(pair->ends[tick].session, pair->now);
	} else {
		struct pair_entry entry = pair->path[next];

		memmove(&pair->path[next], &pair->path[next + 1],
		    (pair->path_count - next - 1) * sizeof(entry));
		pair->path_count--;
		pair_arrive(pair, entry.to, entry.msg);
	}
	pair_settle(pair);
	return true;
}

static inline void
pair_run(struct pair *pair, tacit_msec ms)
{
	tacit_msec limit = pair->now + ms;

	pair_settle(pair);
	while (pair_step(pair, limit))
		continue;
}

/* runs the handshake until both ends are established */
static inline void
pair_establish(struct pair *pair)
{
	pair_start(pair);
	for (int i = 0; i < 300 && pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED] == 0; i++)
		pair_run(pair, 100);
	if (pair->ends[0].events[TACIT_CHANNEL_ESTABLISHED] != 1)
		fail_msg("seed %llu: not established", (unsigned long long)pair->seed);
	assert_int_equal(pair->ends[1].events[TACIT_CHANNEL_ESTABLISHED], 1);
}

/* the next numbered message of the application, len bytes long (8 at least, unless they are raw) */
static inline tacit_err
pair_say(struct pair *pair, int from, size_t len)
{
	struct pair_end *end = &pair->ends[from];
	struct tacit_msg *msg = tacit_msg_new(len);
	tacit_err err;

	if (msg == NULL)
		msg = tacit_msg_new(len);
	assert_non_null(msg);
	for (size_t i = 0; i < len; i++)
		tacit_msg_payload(msg)[i] = pair_byte(end->sent, i);
	if (len >= sizeof(end->sent))
		memcpy(tacit_msg_payload(msg), &end->sent, sizeof(end->sent));
	assert_int_equal(tacit_route_append(&msg->onward, tacit_address_worker("app")), TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("me")), TACIT_OK);
	if ((err = tacit_session_send(end->session, msg)) == TACIT_OK)
		end->sent++;
	return err;
}

#endif
