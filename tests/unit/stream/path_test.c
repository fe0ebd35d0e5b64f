/*
 * A producer and a consumer before the real service, with a connection between them that delays,
 * loses and breaks, a hub that is restarted and a store that fails: whatever was pushed is read, in
 * order, at least once.
 */
#include "stream/consumer.h"
#include "stream/producer.h"
#include "stream/service.h"

#include "unit/stream/fake_store.h"
#include "unit/stream/mail.h"

#include "base/limits.h"
#include "base/memory.h"

#define ENTRIES 150
#define WIRE    8192
/* ms: how long things go wrong; until when all must be read */
#define FAULTS_MS 60000
#define END_MS    400000

/* one direction of the connection, or of the other client's */
struct wire {
	struct {
		tacit_msec at;
		struct tacit_msg *msg;
	} due[WIRE];
	size_t head, count;
	tacit_msec last;
};

struct faults {
	unsigned lose;    /* per mille: a message vanishes */
	unsigned cut;     /* the connection breaks */
	unsigned restart; /* and the hub is a new one */
	unsigned fail;    /* the store fails, for a while */
	bool late;        /* the store takes its time */
	tacit_msec delay; /* ms at most, on the way */
};

struct world {
	struct seeded seeded;
	const struct faults *faults;
	tacit_msec now;
	struct fake_store *store;
	struct tacit_service *service;
	struct mail service_mail, producer_mail, consumer_mail;
	struct wire up, down;
	struct tacit_producer *producer;
	struct tacit_consumer *consumer;
	tacit_msec up_at;  /* when the broken connection is made again; 0: it stands */
	unsigned pushed;   /* entries 0 to pushed - 1 */
	unsigned expected; /* the entry to be read next */
	unsigned read, gaps, events, failed;
};

/* true in so many of 1000 cases, as long as things go wrong */
static bool
strikes(struct world *world, unsigned per_mille)
{
	return world->now < FAULTS_MS && seeded_below(&world->seeded, 1000) < per_mille;
}

static void
make_service(struct world *world)
{
	static const char *const services[] = {"stream", NULL};
	static const char *const indexes[] = {"stream_index", NULL};
	struct tacit_service_config config = {.service_names = services, .index_names = indexes};

	config.store = &world->store->base;
	config.port = mail_port(&world->service_mail);
	world->service = tacit_service_new(&config);
	assert_non_null(world->service);
}

/* wires -------------------------------------------------------------------------------------- */

static void
wire_put(struct world *world, struct wire *wire, struct tacit_msg *msg)
{
	tacit_msec at = world->now + seeded_below(&world->seeded, world->faults->delay + 1);
	size_t i = (wire->head + wire->count) % WIRE;

	/* messages do not overtake each other; what is cut takes the rest along */
	if (world->up_at != 0 || strikes(world, world->faults->lose)) {
		tacit_msg_unref(msg);
		return;
	}
	assert_true(wire->count < WIRE);
	wire->last = at > wire->last ? at : wire->last;
	wire->due[i].at = wire->last;
	wire->due[i].msg = msg;
	wire->count++;
}

static struct tacit_msg *
wire_take(struct wire *wire)
{
	struct tacit_msg *msg = wire->due[wire->head].msg;

	wire->head = (wire->head + 1) % WIRE;
	wire->count--;
	return msg;
}

static void
wire_cut(struct wire *wire)
{
	while (wire->count > 0)
		tacit_msg_unref(wire_take(wire));
}

static bool
wire_due(const struct wire *wire, tacit_msec now)
{
	return wire->count > 0 && wire->due[wire->head].at <= now;
}

static tacit_msec
wire_next(const struct wire *wire)
{
	return wire->count > 0 ? wire->due[wire->head].at : TACIT_NEVER;
}

static void
cut(struct world *world)
{
	if (world->up_at != 0)
		return;
	wire_cut(&world->up);
	wire_cut(&world->down);
	tacit_producer_pause(world->producer);
	tacit_consumer_pause(world->consumer);
	world->up_at = world->now + 1 + seeded_below(&world->seeded, 500);
}

/* takes the first hop off and puts the other end's in front of the way back */
static void
cross(struct tacit_msg *msg, const char *hop)
{
	tacit_route_pop(&msg->onward);
	assert_int_equal(tacit_route_prepend(&msg->ret, tacit_address_worker(hop)), TACIT_OK);
}

static void
to_hub(struct world *world)
{
	struct tacit_msg *msg = wire_take(&world->up);

	cross(msg, "conn");
	tacit_service_handle(world->service, msg, world->now);
}

static void
to_client(struct world *world)
{
	struct tacit_msg *msg = wire_take(&world->down);
	struct tacit_address first;

	cross(msg, "hub");
	assert_true(tacit_route_first(&msg->onward, &first));
	if (tacit_address_equal(first, tacit_address_worker("producer")))
		tacit_producer_handle(world->producer, msg, world->now);
	else
		tacit_consumer_handle(world->consumer, msg, world->now);
}

/* the client's callbacks --------------------------------------------------------------------- */

static void
on_deliver(void *arg, uint64_t index, struct tacit_msg *entry)
{
	struct world *world = arg;
	uint32_t number;

	(void)index;
	assert_int_equal(entry->len, sizeof(number));
	memcpy(&number, tacit_msg_payload(entry), sizeof(number));
	assert_true(number < world->pushed);
	world->read++;
	if (number == world->expected)
		world->expected++;
	else if (number > world->expected)
		world->gaps++;
	tacit_msg_unref(entry);
}

static void
on_event(void *arg, enum tacit_consumer_event event, uint64_t from, uint64_t to)
{
	(void)event;
	(void)from;
	(void)to;
	((struct world *)arg)->events++;
}

static void
on_failed(void *arg, tacit_err err, const char *text)
{
	(void)err;
	(void)text;
	((struct world *)arg)->failed++;
}

static void
on_suspect(void *arg)
{
	cut(arg);
}

static void
make_client(struct world *world)
{
	struct tacit_route service = mail_route("hub", "stream");
	struct tacit_route index = mail_route("hub", "stream_index");
	struct tacit_producer_config producer = {
	    .service = &service,
	    .name = "s",
	    .create = true,
	    .reply = tacit_address_worker("producer"),
	    .port = mail_port(&world->producer_mail),
	    .failed = on_failed,
	    .suspect = on_suspect,
	    .arg = world,
	};
	struct tacit_consumer_config consumer = {
	    .service = &service,
	    .index = &index,
	    .name = "s",
	    .create = true,
	    .client_id = "bob",
	    .reply = tacit_address_worker("consumer"),
	    .port = mail_port(&world->consumer_mail),
	    .deliver = on_deliver,
	    .event = on_event,
	    .failed = on_failed,
	    .suspect = on_suspect,
	    .arg = world,
	};

	assert_int_equal(tacit_producer_new(&producer, &world->producer), TACIT_OK);
	assert_int_equal(tacit_consumer_new(&consumer, &world->consumer), TACIT_OK);
	tacit_producer_start(world->producer, world->now);
	tacit_consumer_start(world->consumer, world->now);
}

/* the clock ---------------------------------------------------------------------------------- */

/* puts what the engines sent on the wires */
static void
post(struct world *world)
{
	while (world->producer_mail.count > 0)
		wire_put(world, &world->up, mail_take(&world->producer_mail));
	while (world->consumer_mail.count > 0)
		wire_put(world, &world->up, mail_take(&world->consumer_mail));
	while (world->service_mail.count > 0)
		wire_put(world, &world->down, mail_take(&world->service_mail));
}

static bool
wake(struct mail *mail, tacit_msec now)
{
	if (mail->wake > now)
		return false;
	mail->wake = TACIT_NEVER;
	return true;
}

static void
run_due(struct world *world)
{
	while (wire_due(&world->up, world->now))
		to_hub(world);
	while (wire_due(&world->down, world->now))
		to_client(world);
	if (wake(&world->service_mail, world->now))
		tacit_service_tick(world->service, world->now);
	if (wake(&world->producer_mail, world->now))
		tacit_producer_tick(world->producer, world->now);
	if (wake(&world->consumer_mail, world->now))
		tacit_consumer_tick(world->consumer, world->now);
	if (world->up_at != 0 && world->up_at <= world->now) {
		world->up_at = 0;
		tacit_producer_reset(world->producer, world->now);
		tacit_consumer_reset(world->consumer, world->now);
	}
}

static void
push_some(struct world *world)
{
	size_t count = seeded_below(&world->seeded, 4);

	for (; count > 0 && world->pushed < ENTRIES; count--) {
		uint32_t number = world->pushed;
		struct tacit_msg *msg = tacit_msg_copy_of(&number, sizeof(number));

		assert_int_equal(tacit_producer_push(world->producer, msg, world->now), TACIT_OK);
		world->pushed++;
	}
}

static void
misbehave(struct world *world)
{
	const struct faults *faults = world->faults;

	if (strikes(world, faults->cut))
		cut(world);
	if (strikes(world, faults->restart)) {
		tacit_service_free(world->service);
		mail_drop(&world->service_mail);
		cut(world);
		make_service(world);
	}
	world->store->late = faults->late && world->now < FAULTS_MS;
	world->store->append_err = strikes(world, faults->fail) ? TACIT_EIO : TACIT_OK;
	world->store->read_err = strikes(world, faults->fail) ? TACIT_EIO : TACIT_OK;
	world->store->open_err = strikes(world, faults->fail) ? TACIT_EUNREACHABLE : TACIT_OK;
	while (seeded_below(&world->seeded, 3) > 0 || !world->store->late) {
		if (!fake_store_answer(world->store))
			break;
	}
}

/* the next moment when something may happen; at most a few ms away while things go wrong */
static tacit_msec
next_moment(struct world *world)
{
	tacit_msec moments[] = {wire_next(&world->up), wire_next(&world->down),
	    world->service_mail.wake, world->producer_mail.wake, world->consumer_mail.wake,
	    world->up_at != 0 ? world->up_at : TACIT_NEVER,
	    world->now + 1 + seeded_below(&world->seeded, 300)};
	tacit_msec next = TACIT_NEVER;

	for (size_t i = 0; i < sizeof(moments) / sizeof(*moments); i++)
		next = moments[i] < next ? moments[i] : next;
	return next > world->now ? next : world->now;
}

static void
run(struct world *world, uint64_t seed, const struct faults *faults)
{
	memset(world, 0, sizeof(*world));
	world->seeded.state = seed;
	world->faults = faults;
	mail_init(&world->service_mail, seed + 1);
	mail_init(&world->producer_mail, seed + 2);
	mail_init(&world->consumer_mail, seed + 3);
	world->store = fake_store_new();
	make_service(world);
	make_client(world);
	while (world->now < END_MS &&
	       (world->expected < ENTRIES || tacit_producer_pending(world->producer) > 0)) {
		post(world);
		run_due(world);
		push_some(world);
		misbehave(world);
		post(world);
		world->now = next_moment(world);
	}
}

static void
end(struct world *world)
{
	tacit_producer_free(world->producer);
	tacit_consumer_free(world->consumer);
	tacit_service_free(world->service);
	wire_cut(&world->up);
	wire_cut(&world->down);
	mail_drop(&world->service_mail);
	mail_drop(&world->producer_mail);
	mail_drop(&world->consumer_mail);
	fake_store_free(world->store);
}

static void
check_runs(const struct faults *faults, uint64_t seeds, bool gaps_may_be)
{
	struct world *world = tacit_alloc(sizeof(*world));
	size_t read = 0;

	assert_non_null(world);
	for (uint64_t seed = 0; seed < seeds; seed++) {
		run(world, seed * 1000, faults);
		if (world->expected != ENTRIES)
			print_error("seed %u: read up to %u of %u\n", (unsigned)seed,
			    world->expected, world->pushed);
		assert_int_equal(world->expected, ENTRIES);
		assert_int_equal(tacit_producer_pending(world->producer), 0);
		assert_int_equal(world->events, 0);
		assert_int_equal(world->failed, 0);
		if (!gaps_may_be)
			assert_int_equal(world->gaps, 0);
		read += world->read;
		end(world);
	}
	print_message("%u runs, %u entries pushed, %u read\n", (unsigned)seeds,
	    (unsigned)seeds * ENTRIES, (unsigned)read);
	tacit_free(world);
}

static void
calm(void **state)
{
	static const struct faults faults = {.delay = 20};
	struct world *world = tacit_alloc(sizeof(*world));

	(void)state;
	assert_non_null(world);
	/* each entry once, and nothing waits longer than the way takes */
	run(world, 1, &faults);
	assert_int_equal(world->expected, ENTRIES);
	assert_int_equal(world->read, ENTRIES);
	assert_int_equal(world->store->streams[0]->count, ENTRIES);
	assert_true(world->now < 60000);
	end(world);
	tacit_free(world);
}

static void
connections_break(void **state)
{
	static const struct faults faults = {.cut = 20, .delay = 100};

	(void)state;
	check_runs(&faults, 200, false);
}

static void
messages_vanish(void **state)
{
	static const struct faults faults = {.lose = 20, .delay = 30};

	(void)state;
	/* a push that vanishes alone, on a connection that goes on, leaves a gap until it is missed */
	check_runs(&faults, 200, true);
}

static void
hubs_are_restarted(void **state)
{
	static const struct faults faults = {.restart = 20, .late = true, .delay = 50};

	(void)state;
	check_runs(&faults, 200, false);
}

static void
stores_fail(void **state)
{
	static const struct faults faults = {.fail = 100, .late = true, .delay = 20};

	(void)state;
	check_runs(&faults, 200, true);
}

static void
everything_at_once(void **state)
{
	static const struct faults faults = {
	    .lose = 10, .cut = 10, .restart = 10, .fail = 50, .late = true, .delay = 200};

	(void)state;
	check_runs(&faults, 400, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calm),
	    cmocka_unit_test(connections_break),
	    cmocka_unit_test(messages_vanish),
	    cmocka_unit_test(hubs_are_restarted),
	    cmocka_unit_test(stores_fail),
	    cmocka_unit_test(everything_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
