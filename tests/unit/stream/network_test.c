/*
 * A service and its readers, with a network between them that is late and narrow, loses answers and
 * connections, and a store that answers when it likes, in seeded worlds and simulated time: each
 * entry that is not trimmed comes to each reader once and in order, and nothing stays behind.
 */
#include "unit/stream/desk.h"

#include "stream/consumer.h"
#include "stream/request.h"

#define SEEDS    2000
#define ENDS     3   /* readers at most */
#define PACKETS  512 /* on one way */
#define ENTRIES  512
#define ACTIONS  24
#define SIZE_MIN 16 /* of an entry that is a message with a number in it */

struct packet {
	struct tacit_msg *msg;
	tacit_msec at;
};

/* one direction of a connection, which keeps the order */
struct way {
	struct packet packets[PACKETS];
	size_t head, count;
	tacit_msec free_at; /* when the last byte of all is through */
};

struct end {
	struct world *world;
	struct tacit_consumer *consumer;
	struct way there, back;
	char name[16]; /* of its connection */
	unsigned number, connections;
	bool up, suspects;
	bool plain;       /* its pulls, or its hub, know nothing of several answers */
	tacit_msec up_at; /* when it connects again */
	tacit_msec wake;  /* its consumer's wish */
	tacit_msec delay; /* of its connections */
	size_t rate;      /* bytes in a millisecond, to the reader */
	uint64_t next;    /* no index below comes any more */
};

struct world {
	struct desk *desk;
	struct seeded seeded;
	struct end ends[ENDS];
	unsigned end_count;
	bool faults;      /* may happen */
	bool large;       /* most entries are */
	unsigned actions; /* that are still to come */
	tacit_msec action_at, store_at;
	bool is_message[ENTRIES];
	uint64_t end; /* of the stream */
	uint64_t len; /* of all entries */
};

/* over all worlds: that there was something to see */
static struct {
	unsigned delivered, flowing, lost, cut, trimmed, rude, suspected;
} seen;

static uint64_t world_seed;

static bool
one_in(struct world *world, size_t n)
{
	return seeded_below(&world->seeded, n) == 0;
}

/* fails with the seed */
static void
expect_at(struct world *world, bool truth, const char *what, int line)
{
	if (truth)
		return;
	print_error("seed %llu, at %llu ms: %s\n", (unsigned long long)world_seed,
	    (unsigned long long)world->desk->now, what);
	_fail(__FILE__, line);
}
#define expect(world, truth) expect_at(world, truth, #truth, __LINE__)

static struct fake_stream *
the_stream(const struct world *world)
{
	return fake_the(world->desk->store, "s");
}

/* the network -------------------------------------------------------------------------------- */

static void
put(struct world *world, struct way *way, struct tacit_msg *msg, tacit_msec delay, size_t rate)
{
	tacit_msec now = world->desk->now, at = now > way->free_at ? now : way->free_at;

	way->free_at = at + msg->len / rate;
	at = way->free_at + delay + seeded_below(&world->seeded, 8);
	if (way->count > 0 && way->packets[(way->head + way->count - 1) % PACKETS].at > at)
		at = way->packets[(way->head + way->count - 1) % PACKETS].at;
	/* in a good world nothing else that comes behind this is late */
	expect(world, world->faults || at - now < TACIT_REQUEST_DEAD_MS);
	expect(world, way->count < PACKETS);
	way->packets[(way->head + way->count++) % PACKETS] = (struct packet){msg, at};
}

static struct tacit_msg *
take(struct way *way)
{
	struct tacit_msg *msg = way->packets[way->head].msg;

	way->head = (way->head + 1) % PACKETS;
	way->count--;
	return msg;
}

static tacit_msec
due(const struct way *way)
{
	return way->count > 0 ? way->packets[way->head].at : TACIT_NEVER;
}

static void
empty(struct way *way)
{
	while (way->count > 0)
		tacit_msg_unref(take(way));
	way->free_at = 0;
}

static void
cut(struct end *end)
{
	struct world *world = end->world;

	seen.cut++;
	end->suspects = false;
	if (!end->up)
		return;
	end->up = false;
	end->up_at = world->desk->now + 50 + seeded_below(&world->seeded, 1000);
	empty(&end->there);
	empty(&end->back);
	tacit_consumer_pause(end->consumer);
}

static void
connect_again(struct end *end)
{
	end->up = true;
	end->up_at = TACIT_NEVER;
	(void)snprintf(end->name, sizeof(end->name), "c%u.%u", end->number, ++end->connections);
	tacit_consumer_reset(end->consumer, end->world->desk->now);
}

static void
consumer_send(void *arg, struct tacit_msg *msg)
{
	struct end *end = arg;

	if (end->up)
		put(end->world, &end->there, msg, end->delay, 100000);
	else
		tacit_msg_unref(msg);
}

static void
consumer_wake_at(void *arg, tacit_msec at)
{
	((struct end *)arg)->wake = at;
}

/* whose connection the answer goes to */
static struct end *
end_of(struct world *world, const struct tacit_msg *msg)
{
	struct tacit_address first;

	assert_true(tacit_route_first(&msg->onward, &first));
	for (unsigned i = 0; i < world->end_count; i++) {
		struct end *end = &world->ends[i];

		if (end->up && tacit_address_equal(first, tacit_address_worker(end->name)))
			return end;
	}
	return NULL;
}

/* sends what the service has answered */
static void
post(struct world *world)
{
	while (world->desk->mail.count > 0) {
		struct tacit_msg *msg = mail_take(&world->desk->mail);
		struct end *end = end_of(world, msg);

		if (end == NULL || (world->faults && one_in(world, 30))) {
			seen.lost += end != NULL;
			tacit_msg_unref(msg);
			continue;
		}
		tacit_route_pop(&msg->onward);
		assert_int_equal(
		    tacit_route_prepend(&msg->ret, tacit_address_worker("hub")), TACIT_OK);
		put(world, &end->back, msg, end->delay, end->rate);
	}
	expect(world, world->desk->service->pulls.flowing <= TACIT_PULLS_FLOWING_MAX);
	seen.flowing += world->desk->service->pulls.flowing > 0;
}

/* a request as those made it who do not know that there may be several answers */
static struct tacit_msg *
plainly(struct tacit_msg *msg)
{
	struct tacit_stream_request request;
	struct tacit_msg *plain;

	assert_int_equal(tacit_stream_request_decode(msg, &request), TACIT_OK);
	if (request.protocol != TACIT_PROTOCOL_PULL)
		return msg;
	request.pull.answers = 0;
	assert_int_equal(payload_encode_request(&request, &plain), TACIT_OK);
	plain->onward = msg->onward;
	plain->ret = msg->ret;
	tacit_msg_unref(msg);
	return plain;
}

/* what runs next may find no memory */
static void
starve(struct world *world)
{
	if (world->faults && one_in(world, 40))
		tacit_alloc_fail_at(1 + seeded_below(&world->seeded, 6));
}

static void
arrive_there(struct end *end)
{
	struct tacit_msg *msg = take(&end->there);
	struct world *world = end->world;

	if (end->plain)
		msg = plainly(msg);
	tacit_route_pop(&msg->onward);
	assert_int_equal(tacit_route_prepend(&msg->ret, tacit_address_worker(end->name)), TACIT_OK);
	starve(world);
	tacit_service_handle(world->desk->service, msg, world->desk->now);
	tacit_alloc_fail_at(0);
}

static void
arrive_back(struct end *end)
{
	struct tacit_msg *msg = take(&end->back);

	starve(end->world);
	tacit_consumer_handle(end->consumer, msg, end->world->desk->now);
	tacit_alloc_fail_at(0);
}

/* readers ------------------------------------------------------------------------------------ */

/* no index below comes any more: those that were not delivered are no messages, or trimmed */
static void
pass(struct end *end, uint64_t index)
{
	struct world *world = end->world;

	for (; end->next < index; end->next++)
		expect(
		    world, !world->is_message[end->next] || end->next < the_stream(world)->first);
}

static void
deliver(void *arg, uint64_t index, struct tacit_msg *entry)
{
	struct end *end = arg;
	uint64_t number;

	expect(end->world, index >= end->next && index < end->world->end);
	pass(end, index);
	end->next++;
	memcpy(&number, tacit_msg_payload(entry), sizeof(number));
	expect(end->world, number == index);
	seen.delivered++;
	tacit_msg_unref(entry);
}

static void
on_event(void *arg, enum tacit_consumer_event event, uint64_t from, uint64_t to)
{
	struct end *end = arg;

	expect(end->world, event != TACIT_CONSUMER_ROLLED_BACK);
	if (event != TACIT_CONSUMER_TRIMMED)
		return;
	expect(end->world, from >= end->next && to <= the_stream(end->world)->first);
	seen.trimmed++;
}

static void
on_suspect(void *arg)
{
	struct end *end = arg;

	expect(end->world, end->world->faults || end->world->actions == 0);
	end->suspects = true;
	seen.suspected++;
}

static void
begin_end(struct world *world, struct end *end)
{
	static const size_t rates[] = {32, 100, 1000, 100000};
	const struct tacit_route routes[2] = {
	    mail_route("hub", "stream"), mail_route("hub", "stream_index")};
	struct tacit_consumer_config config = {
	    .service = &routes[0],
	    .index = &routes[1],
	    .name = "s",
	    .create = true,
	    .start = TACIT_START_STORED,
	    .reply = tacit_address_worker("me"),
	    .port = {end, consumer_send, consumer_wake_at, seeded_random(&world->seeded)},
	    .deliver = deliver,
	    .event = on_event,
	    .suspect = on_suspect,
	    .arg = end,
	};

	end->world = world;
	end->number = world->end_count++;
	end->plain = one_in(world, 4);
	end->delay = one_in(world, 2) ? seeded_below(&world->seeded, 300) : 0;
	end->rate = rates[seeded_below(&world->seeded, 4)];
	end->wake = TACIT_NEVER;
	end->up_at = world->desk->now + seeded_below(&world->seeded, 3000);
	assert_int_equal(tacit_consumer_new(&config, &end->consumer), TACIT_OK);
}

/* what happens ------------------------------------------------------------------------------- */

static size_t
pick_len(struct world *world)
{
	if (one_in(world, 10))
		return seeded_below(&world->seeded, 4);
	if (one_in(world, 10))
		return TACIT_ENTRY_LEN_MAX;
	if (world->large != one_in(world, 5))
		return TACIT_ENTRY_LEN_MAX / 2 +
		       seeded_below(&world->seeded, TACIT_ENTRY_LEN_MAX / 2);
	return SIZE_MIN + seeded_below(&world->seeded, 3000);
}

/* a message whose payload begins with its index; too short for that, bytes that are no message */
static struct tacit_msg *
entry_of(struct world *world, uint64_t index, size_t len)
{
	struct tacit_msg *msg;
	size_t overhead;

	if (len < SIZE_MIN)
		return tacit_msg_copy_of("\xff\xff\xff\xff", len);
	assert_non_null(msg = tacit_msg_new(0));
	overhead = tacit_msg_encoded_len(msg) + 2; /* a length of three bytes */
	tacit_msg_unref(msg);
	assert_non_null(msg = tacit_msg_new(len - overhead));
	memcpy(tacit_msg_payload(msg), &index, sizeof(index));
	assert_int_equal(tacit_msg_encode(msg), TACIT_OK);
	world->is_message[index] = true;
	return msg;
}

static void
append(struct world *world)
{
	for (size_t n = 1 + seeded_below(&world->seeded, 4); n > 0; n--) {
		size_t len = pick_len(world);

		expect(world, world->end < ENTRIES);
		world->len += len;
		world->end++;
		(void)fake_append(
		    world->desk->store, the_stream(world), entry_of(world, world->end - 1, len));
	}
}

/* somebody else, whose answers nobody takes, asks for anything */
static void
be_rude(struct world *world)
{
	struct tacit_stream_request request = {.protocol = TACIT_PROTOCOL_PULL};
	uint64_t ids[] = {0, 1, 2, UINT64_MAX, UINT64_MAX - 1};
	char back[16];

	seen.rude++;
	for (size_t n = 1 + seeded_below(&world->seeded, 40); n > 0; n--) {
		(void)snprintf(
		    back, sizeof(back), "rude%u", (unsigned)seeded_below(&world->seeded, 30));
		request.pull.request_id = ids[seeded_below(&world->seeded, 5)];
		request.pull.index = seeded_below(&world->seeded, world->end + 2);
		request.pull.limit = seeded_below(&world->seeded, 2) * 100;
		request.pull.answers = UINT64_MAX >> seeded_below(&world->seeded, 64);
		desk_ask_from(world->desk, "stream.s", back, &request);
	}
}

/* a hub that restarts knows nothing of what it was asked */
static void
restart(struct world *world)
{
	desk_serve(world->desk);
	for (unsigned i = 0; i < world->end_count; i++)
		cut(&world->ends[i]);
}

static void
go_wrong(struct world *world)
{
	struct fake_store *store = world->desk->store;

	switch (seeded_below(&world->seeded, 8)) {
	case 0:
		restart(world);
		break;
	case 1:
	case 2:
		cut(&world->ends[seeded_below(&world->seeded, world->end_count)]);
		break;
	case 3:
		store->read_err = one_in(world, 2) ? TACIT_EIO : TACIT_EUNREACHABLE;
		break;
	case 4:
	case 5:
		be_rude(world);
		break;
	default:
		store->read_err = TACIT_OK;
	}
}

static void
act(struct world *world)
{
	struct fake_stream *stream = the_stream(world);
	struct fake_store *store = world->desk->store;

	if (world->faults && one_in(world, 5))
		go_wrong(world);
	else if (one_in(world, 12))
		fake_trim(stream, seeded_below(&world->seeded, stream->count + 1));
	else if (one_in(world, 8))
		store->late_reads = !store->late_reads;
	else
		append(world);
	world->action_at =
	    world->desk->now + (one_in(world, 4) ? seeded_below(&world->seeded, 8000) : 0);
	if (--world->actions > 0)
		return;
	world->faults = false;
	store->read_err = TACIT_OK;
	world->action_at = TACIT_NEVER;
}

/* the store answers some of what waits */
static void
answer_some(struct world *world)
{
	struct fake_store *store = world->desk->store;
	struct tacit_list others, *node, *next;

	tacit_list_init(&others);
	for (node = store->reads.next; node != &store->reads; node = next) {
		next = node->next;
		if (one_in(world, 2))
			continue;
		tacit_list_remove(node);
		tacit_list_append(&others, node);
	}
	fake_answer_reads(store);
	tacit_list_move(&others, &store->reads);
}

/* time --------------------------------------------------------------------------------------- */

static tacit_msec
sooner(tacit_msec a, tacit_msec b)
{
	return a < b ? a : b;
}

static tacit_msec
next_time(const struct world *world)
{
	tacit_msec at = sooner(world->action_at, world->store_at);

	at = sooner(at, world->desk->mail.wake);
	for (unsigned i = 0; i < world->end_count; i++) {
		const struct end *end = &world->ends[i];

		at = sooner(at, sooner(end->wake, end->up ? TACIT_NEVER : end->up_at));
		at = sooner(at, sooner(due(&end->there), due(&end->back)));
	}
	return at;
}

/* whether a read waits that the store could answer */
static bool
answerable(struct world *world)
{
	struct fake_store *store = world->desk->store;

	for (struct tacit_list *node = store->reads.next; node != &store->reads;
	     node = node->next) {
		struct tacit_store_read *read =
		    TACIT_CONTAINER(node, struct tacit_store_read, list);

		if (!fake_at_end(store, read->name, &read->range))
			return true;
	}
	return false;
}

static void
run_end(struct end *end)
{
	tacit_msec now = end->world->desk->now;

	if (!end->up && end->up_at <= now)
		connect_again(end);
	if (due(&end->there) <= now)
		arrive_there(end);
	if (due(&end->back) <= now)
		arrive_back(end);
	if (end->wake <= now) {
		end->wake = TACIT_NEVER;
		tacit_consumer_tick(end->consumer, now);
	}
	if (end->suspects)
		cut(end);
	pass(end, tacit_consumer_position(end->consumer));
}

/* does all that is due next */
static void
step(struct world *world)
{
	struct desk *desk = world->desk;

	desk->now = next_time(world);
	if (world->action_at <= desk->now)
		act(world);
	for (unsigned i = 0; i < world->end_count; i++)
		run_end(&world->ends[i]);
	if (desk->mail.wake <= desk->now) {
		desk->mail.wake = TACIT_NEVER;
		tacit_service_tick(desk->service, desk->now);
	}
	if (world->store_at <= desk->now) {
		world->store_at = TACIT_NEVER;
		answer_some(world);
	}
	if (world->store_at == TACIT_NEVER && answerable(world))
		world->store_at = desk->now + 1 + seeded_below(&world->seeded, 50);
	post(world);
}

static bool
all_read(const struct world *world)
{
	for (unsigned i = 0; i < world->end_count; i++) {
		if (tacit_consumer_position(world->ends[i].consumer) < world->end)
			return false;
	}
	return true;
}

/* the readers go, and nobody tells the hub: all that they asked for is forgotten after a while */
static void
leave(struct world *world)
{
	struct tacit_pulls *pulls = &world->desk->service->pulls;
	tacit_msec bound = (TACIT_PULL_SPENT_HOLDS + 3) * TACIT_PULL_HOLD_MS + world->desk->now;

	for (unsigned i = 0; i < ENDS; i++) {
		struct end *end = &world->ends[i];

		empty(&end->there);
		empty(&end->back);
		tacit_consumer_free(end->consumer);
	}
	world->end_count = 0;
	while (pulls->count > 0) {
		step(world);
		expect(world, world->desk->now < bound);
	}
	expect(world, pulls->flowing == 0);
	expect(world, pulls->by_reader.count == 0 && pulls->streams.count == 0);
	expect(world, tacit_list_empty(&world->desk->store->reads));
}

static void
run_world(struct world *world)
{
	size_t ends = 1 + seeded_below(&world->seeded, ENDS), rate = SIZE_MAX;
	tacit_msec bound;

	(void)fake_make(world->desk->store, "s");
	world->faults = one_in(world, 4) ? false : true;
	world->large = one_in(world, 3) ? false : true;
	world->actions = ACTIONS;
	world->action_at = world->desk->now;
	world->store_at = TACIT_NEVER;
	while (world->end_count < ends) {
		begin_end(world, &world->ends[world->end_count]);
		rate = sooner(rate, world->ends[world->end_count - 1].rate);
	}
	while (world->actions > 0)
		step(world);
	/* no answer that was lost is missed for longer than a dead connection */
	bound = world->desk->now + 3 * (TACIT_PULL_DEAD_MS + TACIT_PULL_HOLD_MS) +
		3 * world->len / rate;
	while (!all_read(world)) {
		step(world);
		expect(world, world->desk->now < bound);
	}
	leave(world);
}

static void
once_and_in_order_in_any_world(void **state)
{
	for (world_seed = 1; world_seed <= SEEDS; world_seed++) {
		struct world *world = tacit_alloc(sizeof(*world));

		desk_open(state);
		world->desk = *state;
		world->seeded.state = world_seed;
		run_world(world);
		desk_close(state);
		tacit_free(world);
	}
	printf("%u delivered, %u flowing, %u lost, %u cut, %u suspected, %u trimmed, %u rude\n",
	    seen.delivered, seen.flowing, seen.lost, seen.cut, seen.suspected, seen.trimmed,
	    seen.rude);
	assert_true(seen.delivered > SEEDS && seen.flowing > SEEDS && seen.lost > SEEDS / 2);
	assert_true(seen.cut > SEEDS && seen.trimmed > SEEDS / 10 && seen.rude > SEEDS / 10);
	assert_true(seen.suspected > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(once_and_in_order_in_any_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
