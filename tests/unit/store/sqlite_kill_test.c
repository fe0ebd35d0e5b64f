/* what the embedded store confirmed survives the death of its process (DESIGN.md, "Stores") */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "support/sqlite_place.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 20

struct confirmed {
	uint64_t stream, index, number;
};

/* one of the appends that the child keeps going, each again when it is confirmed */
struct lane {
	struct tacit_store *store;
	uint64_t *number; /* the last that was used */
	struct confirmed now;
	int fd;
};

static void lane_append(struct lane *lane);

static void
on_lane(void *arg, tacit_err err, uint64_t index)
{
	struct lane *lane = arg;

	lane->now.index = index;
	if (err != TACIT_OK || write(lane->fd, &lane->now, sizeof(lane->now)) != sizeof(lane->now))
		_exit(3);
	lane_append(lane);
}

static void
lane_append(struct lane *lane)
{
	struct tacit_msg *msg;

	lane->now.number = ++*lane->number;
	msg = entry_new(lane->now.number, 100 + lane->now.number % 2000);
	lane->store->ops->append(
	    lane->store, lane->now.stream == 0 ? "a" : "b", msg, on_lane, lane);
	tacit_msg_unref(msg);
}

/* appends to two streams until it is killed; tells fd what was confirmed */
static void
append_for_ever(struct place *place, uint64_t number, int fd)
{
	struct lane lanes[100];
	struct tacit_store *store = open_place(place);

	open_now(store, "a", true);
	open_now(store, "b", true);
	for (uint64_t i = 0; i < 100; i++) {
		lanes[i] = (struct lane){store, &number, {i % 2, 0, 0}, fd};
		lane_append(&lanes[i]);
	}
	for (;;)
		if (!store->ops->dispatch(store, 64))
			pump_wait(store);
}

/* kills the child after it confirmed some; returns how many confirmations came in all */
static size_t
kill_amid_appends(struct place *place, uint64_t round, struct confirmed *ret, size_t cap)
{
	size_t len = 0, want = (1 + round * round * 7) * sizeof(*ret);
	ssize_t got;
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	/* the smallest: a parent that is kept waiting does not get a disk full of entries */
	(void)fcntl(fds[1], F_SETPIPE_SZ, 4096);
	assert_true((child = fork()) >= 0);
	if (child == 0) {
		close(fds[0]);
		append_for_ever(place, round * 1000000, fds[1]);
		_exit(1);
	}
	close(fds[1]);
	while ((got = read(fds[0], (uint8_t *)ret + len, cap * sizeof(*ret) - len)) > 0) {
		len += (size_t)got;
		if (len >= want)
			kill(child, SIGKILL);
		assert_true(len < cap * sizeof(*ret));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(fds[0]);
	assert_int_equal(len % sizeof(*ret), 0);
	return len / sizeof(*ret);
}

/* what was confirmed is at its index, and both streams are in order, with nothing twice */
static void
check_survivors(
    struct place *place, const struct confirmed *confirmed, size_t count, uint64_t *from)
{
	struct tacit_store *store = open_place(place);
	static struct reading reading;

	for (uint64_t stream = 0; stream < 2; stream++) {
		const char *name = stream == 0 ? "a" : "b";
		uint64_t first = from[stream], next = first, last = 0;
		uint64_t *numbers;

		from[stream] = open_now(store, name, false).end;
		numbers = calloc(from[stream] - first + 1, sizeof(*numbers));
		assert_non_null(numbers);
		for (; next < from[stream]; next = reading.indexes[reading.count - 1] + 1) {
			read_now(store, name, range_of(next, 1000, 1000000, false), &reading);
			assert_true(reading.count > 0);
			for (size_t i = 0; i < reading.count; i++) {
				assert_int_equal(reading.indexes[i], next + i);
				assert_true(reading.numbers[i] > last);
				last = reading.numbers[i];
				numbers[next + i - first] = last;
			}
		}
		for (size_t i = 0; i < count; i++) {
			if (confirmed[i].stream != stream)
				continue;
			assert_in_range(confirmed[i].index, first, from[stream] - 1);
			assert_int_equal(numbers[confirmed[i].index - first], confirmed[i].number);
		}
		free(numbers);
	}
	shut(store);
}

static void
what_was_confirmed_survives_a_kill(void **state)
{
	const size_t cap = 200000;
	struct confirmed *confirmed = calloc(cap, sizeof(*confirmed));
	struct place place = place_of("killed");
	uint64_t from[2] = {0, 0};

	(void)state;
	assert_non_null(confirmed);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		size_t count = kill_amid_appends(&place, round, confirmed, cap);

		assert_true(count > 0);
		check_survivors(&place, confirmed, count, from);
	}
	free(confirmed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_confirmed_survives_a_kill),
	};
	int failed;

	if (!make_root())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return remove_root() != 0 || failed != 0;
}
