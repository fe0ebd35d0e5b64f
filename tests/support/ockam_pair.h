/*
 * support/ockam_pair.h: two ends of a channel of 2021 in a world without sockets: a virtual clock,
 * seeded randomness, a path between them that drops, doubles, delays and shuffles as much as a test
 * asks for, and whoever carries what must not be sent twice.
 *
 * The second end makes an engine for each message 1, as a listener does: an initiator that renews
 * talks with several, one after the other.
 */
#ifndef TACIT_TESTS_OCKAM_PAIR_H
#define TACIT_TESTS_OCKAM_PAIR_H

#include "support/pair.h"

#include "ockam/session.h"
#include "wire/bare.h"

#define OCKAM_ENGINES_MAX 8

struct ockam_pair;

/* one engine of an end */
struct ockam_side {
	struct ockam_pair *pair;
	int end;
	struct tacit_engine engine;
	tacit_msec wake_at;
	bool flush_wanted;
	/* its last messages: handed out, and not delivered yet */
	uint64_t held[PAIR_PATH_MAX];
	size_t held_count;
};

struct ockam_end {
	struct tacit_random random; /* the vault keeps it */
	struct tacit_vault *vault;
	struct tacit_ockam_identity identity;
	struct tacit_policy policy;
	struct ockam_side *sides[OCKAM_ENGINES_MAX];
	size_t side_count;
	unsigned events[PAIR_EVENTS_MAX];
	uint64_t sequences[PAIR_EVENTS_MAX]; /* of the last event of each kind */
	tacit_err err;                       /* of FAILED */
	char text[256];
	/* what the application got: message i carries the number i; those that a test lets the path
	 * lose are counted as missed, and may not come later */
	uint64_t received, sent, missed;
	unsigned jumps; /* over missed ones */
	bool lossy, hold, echo;
	char from[80]; /* the return route of the last message received */
	uint64_t entries;
	uint64_t lose; /* the number of the entry that is never confirmed, from 1; 0: none */
	struct tacit_msg *log[16]; /* the first entries that left */
	uint8_t sealed[128];       /* the last record that was told as it left, cut */
};

/* one entry under way; or, without msg, a word to its sender that it is carried */
struct ockam_entry {
	int to;
	tacit_msec at;
	struct tacit_msg *msg;
	struct ockam_side *side;
	uint64_t token;
	bool taken;
};

struct ockam_pair {
	struct ockam_end ends[2]; /* 0 initiates */
	uint64_t seed, random;
	tacit_msec now;
	struct ockam_entry path[PAIR_PATH_MAX];
	size_t path_count;
	unsigned drop, twice, delay_max; /* the path's vices, in per mille; delays in ms */
	bool shuffle;
	bool stuck; /* the stream takes nothing for now: nothing is confirmed, nothing arrives */
	bool renews;
	/* sees, and may change, every entry; false drops it */
	bool (*meddle)(struct ockam_pair *pair, int from, struct tacit_msg *msg);
};

static inline struct ockam_side *
ockam_side(const struct ockam_pair *pair, int end)
{
	const struct ockam_end *e = &pair->ends[end];

	assert_true(e->side_count > 0);
	return e->sides[e->side_count - 1];
}

static inline enum tacit_session_state
ockam_state(const struct ockam_pair *pair, int end)
{
	const struct ockam_side *side = ockam_side(pair, end);

	return side->engine.ops->state(side->engine.self);
}

static inline void
ockam_put(struct ockam_pair *pair, struct ockam_entry entry)
{
	for (size_t i = 0; !pair->shuffle && i < pair->path_count; i++) {
		if (pair->path[i].to == entry.to && pair->path[i].at > entry.at)
			entry.at = pair->path[i].at;
	}
	assert_true(pair->path_count < PAIR_PATH_MAX);
	pair->path[pair->path_count++] = entry;
}

/* puts msg, which is borrowed, on the path to an end */
static inline void
ockam_put_entry(struct ockam_pair *pair, int to, const struct tacit_msg *msg)
{
	tacit_msec delay = pair->delay_max > 0 ? pair_random(&pair->random) % pair->delay_max : 0;

	ockam_put(
	    pair, (struct ockam_entry){to, pair->now + 1 + delay, pair_clone(msg), NULL, 0, 0});
}

static inline void
ockam_port_send(void *arg, struct tacit_msg *msg)
{
	struct ockam_side *side = arg;
	struct ockam_pair *pair = side->pair;
	struct ockam_end *end = &pair->ends[side->end];
	struct ockam_entry word = {.to = side->end, .at = pair->now + 1, .side = side};

	assert_true(msg->once);
	if (end->entries < sizeof(end->log) / sizeof(end->log[0]))
		end->log[end->entries] = pair_clone(msg);
	word.token = msg->done_token;
	word.taken = ++end->entries != end->lose;
	ockam_put(pair, word);
	if (word.taken && (pair->meddle == NULL || pair->meddle(pair, side->end, msg)) &&
	    pair_random(&pair->random) % 1000 >= pair->drop) {
		ockam_put_entry(pair, !side->end, msg);
		if (pair_random(&pair->random) % 1000 < pair->twice)
			ockam_put_entry(pair, !side->end, msg);
	}
	tacit_msg_unref(msg);
}

static inline void
ockam_port_wake_at(void *arg, tacit_msec at)
{
	((struct ockam_side *)arg)->wake_at = at;
}

static inline void
ockam_flush_wanted(void *arg)
{
	((struct ockam_side *)arg)->flush_wanted = true;
}

/* a message of the application with a number in it, from the worker `me` to the worker `app` */
static inline struct tacit_msg *
ockam_numbered(uint64_t number, size_t len)
{
	struct tacit_msg *msg = tacit_msg_new(len);

	if (msg == NULL)
		msg = tacit_msg_new(len);
	assert_non_null(msg);
	memset(tacit_msg_payload(msg), 0x5a, len);
	memcpy(tacit_msg_payload(msg), &number, sizeof(number));
	assert_int_equal(tacit_route_append(&msg->onward, tacit_address_worker("app")), TACIT_OK);
	assert_int_equal(tacit_route_append(&msg->ret, tacit_address_worker("me")), TACIT_OK);
	return msg;
}

/* the next numbered message through a side of an end, len bytes long, 8 at least */
static inline tacit_err
ockam_say_by(struct ockam_side *side, size_t len)
{
	struct ockam_end *end = &side->pair->ends[side->end];
	tacit_err err = side->engine.ops->send(side->engine.self, ockam_numbered(end->sent, len));

	if (err == TACIT_OK)
		end->sent++;
	return err;
}

static inline tacit_err
ockam_say(struct ockam_pair *pair, int from, size_t len)
{
	return ockam_say_by(ockam_side(pair, from), len);
}

static inline void
ockam_deliver(void *arg, struct tacit_msg *msg, uint64_t sequence)
{
	struct ockam_side *side = arg;
	struct ockam_end *end = &side->pair->ends[side->end];
	uint64_t number;

	assert_true(msg->len >= sizeof(number));
	memcpy(&number, tacit_msg_payload(msg), sizeof(number));
	if (end->lossy && number > end->received + end->missed) {
		/* each loss was told: the first record is an identity, so numbers are one behind */
		assert_int_equal(
		    end->sequences[TACIT_CHANNEL_GAP], end->received + end->missed + 1);
		end->missed = number - end->received;
		end->jumps++;
	}
	if (number != end->received + end->missed)
		fail_msg("seed %llu: message %llu came where %llu was due",
		    (unsigned long long)side->pair->seed, (unsigned long long)number,
		    (unsigned long long)(end->received + end->missed));
	assert_int_equal(msg->origin, TACIT_ORIGIN_CHANNEL);
	assert_true(msg->has_sender);
	assert_memory_equal(msg->sender.b, side->pair->ends[!side->end].identity.identifier.b, 32);
	tacit_route_format(&msg->ret, end->from, sizeof(end->from));
	end->received++;
	side->held[side->held_count++] = sequence;
	tacit_msg_unref(msg);
}

static inline void
ockam_event(void *arg, const struct tacit_session_event *event)
{
	struct ockam_side *side = arg;
	struct ockam_end *end = &side->pair->ends[side->end];

	end->events[event->kind]++;
	end->sequences[event->kind] = event->sequence;
	if (event->kind == TACIT_CHANNEL_SEALED)
		memcpy(end->sealed, event->bytes,
		    event->len < sizeof(end->sealed) ? event->len : sizeof(end->sealed));
	if (event->kind == TACIT_CHANNEL_FAILED) {
		end->err = event->err;
		snprintf(end->text, sizeof(end->text), "%s", event->text);
	}
}

/* an engine's place in the world; none is in it yet */
static inline struct ockam_side *
ockam_side_new(struct ockam_pair *pair, int i)
{
	struct ockam_end *end = &pair->ends[i];
	struct ockam_side *side = calloc(1, sizeof(*side));

	assert_non_null(side);
	assert_true(end->side_count < OCKAM_ENGINES_MAX);
	side->pair = pair;
	side->end = i;
	side->wake_at = TACIT_NEVER;
	end->sides[end->side_count++] = side;
	return side;
}

static inline struct tacit_session_config
ockam_config(struct ockam_side *side)
{
	return (struct tacit_session_config){
	    .policy = &side->pair->ends[side->end].policy,
	    .port = {side, ockam_port_send, ockam_port_wake_at, {pair_fill, &side->pair->random}},
	    .arg = side,
	    .deliver = ockam_deliver,
	    .event = ockam_event,
	    .flush_wanted = ockam_flush_wanted,
	};
}

/* two identities that trust everyone; no engine yet */
static inline struct ockam_pair *
ockam_pair_new(uint64_t seed)
{
	struct ockam_pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	assert_int_equal(tacit_crypto_start(), TACIT_OK);
	pair->seed = seed;
	pair->random = seed;
	pair->now = 1000;
	for (int i = 0; i < 2; i++) {
		struct ockam_end *end = &pair->ends[i];

		end->random = (struct tacit_random){pair_fill, &pair->random};
		assert_int_equal(tacit_vault_create(&end->random, &end->vault), TACIT_OK);
		assert_int_equal(tacit_ockam_identity_create(end->vault, &end->identity), TACIT_OK);
		tacit_policy_everyone(&end->policy);
	}
	return pair;
}

static inline void
ockam_end_fini(struct ockam_end *end)
{
	for (size_t i = 0; i < end->side_count; i++) {
		if (end->sides[i]->engine.ops != NULL)
			end->sides[i]->engine.ops->free(end->sides[i]->engine.self);
		free(end->sides[i]);
	}
	for (size_t i = 0; i < sizeof(end->log) / sizeof(end->log[0]); i++)
		tacit_msg_unref(end->log[i]);
	tacit_policy_fini(&end->policy);
	tacit_ockam_identity_fini(&end->identity);
	tacit_vault_destroy(end->vault);
}

static inline void
ockam_pair_free(struct ockam_pair *pair)
{
	for (int i = 0; i < 2; i++)
		ockam_end_fini(&pair->ends[i]);
	for (size_t i = 0; i < pair->path_count; i++)
		tacit_msg_unref(pair->path[i].msg);
	free(pair);
}

/* the initiator says message 1 to the worker `listener` */
static inline void
ockam_start(struct ockam_pair *pair)
{
	struct ockam_side *side = ockam_side_new(pair, 0);
	struct tacit_session_config config = ockam_config(side);
	struct tacit_route route;

	tacit_route_init(&route);
	assert_int_equal(tacit_route_append(&route, tacit_address_worker("listener")), TACIT_OK);
	assert_int_equal(tacit_ockam_session_new_initiator(
			     &config, &pair->ends[0].identity, &route, pair->renews, &side->engine),
	    TACIT_OK);
	side->engine.ops->start(side->engine.self, pair->now);
}

/* what a listener does with a message 1; takes it */
static inline void
ockam_listen(struct ockam_pair *pair, struct tacit_msg *hello)
{
	struct ockam_side *side = ockam_side_new(pair, 1);
	struct tacit_session_config config = ockam_config(side);

	if (tacit_ockam_session_new_responder(
		&config, &pair->ends[1].identity, hello, &side->engine) == TACIT_OK) {
		side->engine.ops->start(side->engine.self, pair->now);
	} else {
		pair->ends[1].side_count--;
		free(side);
	}
	tacit_msg_unref(hello);
}

/* an entry reaches the end's node; takes it */
static inline void
ockam_arrive(struct ockam_pair *pair, int to, struct tacit_msg *msg)
{
	struct ockam_end *end = &pair->ends[to];
	struct tacit_address first;

	if (!tacit_route_first(&msg->onward, &first)) {
		tacit_msg_unref(msg);
		return;
	}
	if (to == 1 && tacit_address_equal(first, tacit_address_worker("listener"))) {
		ockam_listen(pair, msg);
		return;
	}
	for (size_t i = 0; i < end->side_count; i++) {
		const struct tacit_engine *engine = &end->sides[i]->engine;

		if (tacit_address_equal(
			first, tacit_address_worker(engine->ops->name(engine->self)))) {
			engine->ops->handle(engine->self, msg, pair->now);
			return;
		}
	}
	tacit_msg_unref(msg);
}

/* the end of a turn: the application takes its messages, and may echo; what is due leaves */
static inline void
ockam_settle_side(struct ockam_side *side)
{
	struct ockam_end *end = &side->pair->ends[side->end];
	const struct tacit_engine *engine = &side->engine;

	for (size_t k = 0; !end->hold && k < side->held_count; k++) {
		engine->ops->delivered(engine->self, side->held[k], side->pair->now);
		if (end->echo)
			(void)ockam_say_by(side, 8);
	}
	if (!end->hold)
		side->held_count = 0;
	while (side->flush_wanted) {
		side->flush_wanted = false;
		engine->ops->flush(engine->self, side->pair->now);
	}
}

static inline void
ockam_settle(struct ockam_pair *pair)
{
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < pair->ends[i].side_count; k++)
			ockam_settle_side(pair->ends[i].sides[k]);
	}
}

/* the side whose timer is due before at, which it lowers */
static inline struct ockam_side *
ockam_next_timer(struct ockam_pair *pair, tacit_msec *at)
{
	struct ockam_side *next = NULL;

	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < pair->ends[i].side_count; k++) {
			struct ockam_side *side = pair->ends[i].sides[k];

			if (side->wake_at < *at) {
				*at = side->wake_at;
				next = side;
			}
		}
	}
	return next;
}

static inline void
ockam_happen(struct ockam_pair *pair, size_t i)
{
	struct ockam_entry entry = pair->path[i];

	memmove(&pair->path[i], &pair->path[i + 1], (pair->path_count - i - 1) * sizeof(entry));
	pair->path_count--;
	if (entry.msg != NULL)
		ockam_arrive(pair, entry.to, entry.msg);
	else
		entry.side->engine.ops->carried(
		    entry.side->engine.self, entry.token, entry.taken, pair->now);
}

/* the next thing that happens, before limit; false: nothing until then */
static inline bool
ockam_step(struct ockam_pair *pair, tacit_msec limit)
{
	tacit_msec at = limit;
	size_t next = 0;
	struct ockam_side *timer;

	for (size_t i = 0; !pair->stuck && i < pair->path_count; i++) {
		if (pair->path[i].at < at) {
			at = pair->path[i].at;
			next = i;
		}
	}
	timer = ockam_next_timer(pair, &at);
	if (at >= limit) {
		pair->now = limit;
		return false;
	}
	if (at > pair->now)
		pair->now = at;
	if (timer != NULL) {
		timer->wake_at = TACIT_NEVER;
		timer->engine.ops->tick(timer->engine.self, pair->now);
	} else {
		ockam_happen(pair, next);
	}
	ockam_settle(pair);
	return true;
}

static inline void
ockam_run(struct ockam_pair *pair, tacit_msec ms)
{
	tacit_msec limit = pair->now + ms;

	ockam_settle(pair);
	while (ockam_step(pair, limit))
		continue;
}

/* runs the handshake until both ends are established */
static inline void
ockam_establish(struct ockam_pair *pair)
{
	ockam_start(pair);
	ockam_run(pair, 1000);
	for (int i = 0; i < 2; i++) {
		if (pair->ends[i].events[TACIT_CHANNEL_ESTABLISHED] != 1)
			fail_msg("seed %llu: end %d is not established: %s",
			    (unsigned long long)pair->seed, i, pair->ends[i].text);
		assert_int_equal(ockam_state(pair, i), TACIT_SESSION_ESTABLISHED);
	}
}

static inline uint64_t
ockam_unacknowledged(const struct ockam_pair *pair, int end)
{
	const struct tacit_engine *engine = &ockam_side(pair, end)->engine;

	return engine->ops->unacknowledged(engine->self);
}

static inline void
ockam_close(struct ockam_pair *pair, int end)
{
	const struct tacit_engine *engine = &ockam_side(pair, end)->engine;

	engine->ops->close(engine->self, pair->now);
}

static inline bool
ockam_close_confirmed(const struct ockam_pair *pair, int end)
{
	const struct tacit_engine *engine = &ockam_side(pair, end)->engine;

	return engine->ops->close_confirmed(engine->self);
}

#endif
