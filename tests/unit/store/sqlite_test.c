/* the embedded store (DESIGN.md, "Stores") */
#define _GNU_SOURCE /* unshare, for the full disk */

#include "support/sqlite_faults.h"
#include "support/store_contract.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "store/sqlite.h"

/* a folder of this run, with a store for each test in it */
static char root[64];

struct place {
	char folder[128], text[600];
	char file[160];
};

static struct place
place_of(const char *name)
{
	struct place place;

	memset(&place, 0, sizeof(place));
	snprintf(place.folder, sizeof(place.folder), "%s/%s", root, name);
	snprintf(place.file, sizeof(place.file), "%s/streams.db", place.folder);
	return place;
}

static struct tacit_store *
open_place(struct place *place)
{
	struct tacit_store *store = NULL;
	tacit_err err =
	    tacit_store_sqlite_open(place->folder, &store, place->text, sizeof(place->text));

	if (err != TACIT_OK)
		fail_msg("%s", place->text);
	assert_string_equal(place->text, "");
	return store;
}

/* opening fails with err and says all of what, and where */
static void
refuse(struct place *place, tacit_err err, const char *what)
{
	struct tacit_store *store = NULL;

	assert_int_equal(
	    tacit_store_sqlite_open(place->folder, &store, place->text, sizeof(place->text)), err);
	assert_null(store);
	assert_non_null(strstr(place->text, what));
	assert_non_null(strstr(place->text, place->folder));
}

static struct tacit_store *
open_contract(void)
{
	struct place place = place_of("contract");

	return open_place(&place);
}

static const struct store_kind sqlite_kind = {.open = open_contract, .durable = true};

static void
shut(struct tacit_store *store)
{
	store->ops->free(store, FREE_MS);
}

/* the folder ------------------------------------------------------------------------------- */

static void
a_new_folder_is_private(void **state)
{
	struct place place = place_of("parent/folder");
	struct stat info;

	(void)state;
	shut(open_place(&place));
	assert_int_equal(stat(place.folder, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_int_equal(stat(place.file, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	/* a path that is mostly missing is rather a mistake */
	place = place_of("a/b/c");
	refuse(&place, TACIT_EINVAL, "cannot make the store's folder");
}

static void
a_folder_has_one_store(void **state)
{
	struct place place = place_of("locked"), second = place;
	struct tacit_store *store = open_place(&place);

	(void)state;
	refuse(&second, TACIT_EBUSY, "is in use by another hub");
	assert_int_equal(open_now(store, "a", true).err, TACIT_OK);
	shut(store);
	shut(open_place(&second));
}

static void
what_is_no_folder_is_refused(void **state)
{
	struct place place = place_of("file"), below = place_of("file/below"), link;
	int fd = open(place.folder, O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	refuse(&place, TACIT_EINVAL, "Not a directory");
	refuse(&below, TACIT_EINVAL, "Not a directory");
	link = place_of("link");
	assert_int_equal(symlink("nowhere/at/all", link.folder), 0);
	refuse(&link, TACIT_EINVAL, "No such file");
}

/* in a child, which can give up root's right to write everywhere */
static void
a_folder_that_cannot_be_written_is_refused(void **state)
{
	struct place place = place_of("denied");
	struct tacit_store *store = NULL;
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(mkdir(place.folder, 0555), 0);
	assert_true((child = fork()) >= 0);
	if (child == 0) {
		if (getuid() == 0 && setuid(65534) != 0)
			_exit(2);
		if (tacit_store_sqlite_open(place.folder, &store, place.text, sizeof(place.text)) !=
		    TACIT_EDENIED)
			_exit(3);
		_exit(strstr(place.text, "cannot write to the store's folder") != NULL ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(chmod(root, 0700), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* files that are not a sound store --------------------------------------------------------- */

/* a store with 200 entries of 1000 bytes, closed */
static struct place
filled_place(const char *name)
{
	struct place place = place_of(name);
	struct tacit_store *store = open_place(&place);
	uint64_t index[200];

	assert_int_equal(open_now(store, "a", true).err, TACIT_OK);
	fill_stream(store, "a", 200, 1000, index);
	shut(store);
	return place;
}

static void
overwrite(const struct place *place, off_t offset, size_t len)
{
	uint8_t garbage[8192];
	int fd = open(place->file, O_WRONLY);

	assert_true(fd >= 0);
	memset(garbage, 0xa5, sizeof(garbage));
	for (; len > 0; len -= sizeof(garbage), offset += (off_t)sizeof(garbage))
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), offset), sizeof(garbage));
	close(fd);
}

static void
a_damaged_file_is_refused(void **state)
{
	struct place place = filled_place("garbage");
	struct stat info;

	(void)state;
	overwrite(&place, 0, 8192);
	refuse(&place, TACIT_EFORMAT, "damaged");
	place = filled_place("short");
	assert_int_equal(stat(place.file, &info), 0);
	assert_int_equal(truncate(place.file, info.st_size - 8192), 0);
	refuse(&place, TACIT_EFORMAT, "damaged");
	/* moving it away, as the text says, helps; and so does the backup */
	assert_int_equal(unlink(place.file), 0);
	shut(open_place(&place));
}

/* damage that only a reader meets is an error of that stream, and nothing worse */
static void
damage_inside_is_an_error_of_reading(void **state)
{
	struct place place = filled_place("inside");
	struct tacit_store *store;
	struct reading reading;
	struct stat info;
	uint64_t next = 0;

	(void)state;
	assert_int_equal(stat(place.file, &info), 0);
	overwrite(&place, 8192 * 8, (size_t)info.st_size / 8192 / 2 * 8192 - 8192 * 8);
	store = open_place(&place);
	do {
		read_now(store, "a", range_of(next, 10, 100000, false), &reading);
		if (reading.count > 0)
			next = reading.indexes[reading.count - 1] + 1;
	} while (reading.err == TACIT_OK && reading.count > 0);
	assert_int_equal(reading.err, TACIT_EIO);
	assert_int_equal(open_now(store, "b", true).err, TACIT_OK);
	shut(store);
}

static void
change(const struct place *place, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
other_databases_are_refused_and_left_alone(void **state)
{
	struct place place = filled_place("newer"), foreign = place_of("foreign");
	struct stat before, after;

	(void)state;
	change(&place, "PRAGMA user_version=2");
	refuse(&place, TACIT_EUNSUPPORTED, "newer version");
	change(&place, "PRAGMA user_version=1");
	shut(open_place(&place));

	assert_int_equal(mkdir(foreign.folder, 0700), 0);
	change(&foreign, "CREATE TABLE recipes (name TEXT)");
	assert_int_equal(stat(foreign.file, &before), 0);
	refuse(&foreign, TACIT_EFORMAT, "another program");
	assert_int_equal(stat(foreign.file, &after), 0);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

/* promises --------------------------------------------------------------------------------- */

static void
indexes_are_dense_from_0(void **state)
{
	struct place place = place_of("dense");
	uint64_t index[50];

	(void)state;
	for (uint64_t round = 0; round < 4; round++) {
		struct tacit_store *store = open_place(&place);

		assert_int_equal(open_now(store, "a", true).end, 50 * round);
		fill_stream(store, "a", 50, 10, index);
		for (uint64_t i = 0; i < 50; i++)
			assert_int_equal(index[i], 50 * round + i);
		shut(store);
	}
}

static void
a_confirmed_append_was_synced(void **state)
{
	struct place place = place_of("synced");
	struct tacit_store *store = open_place(&place);

	(void)state;
	open_now(store, "a", true);
	for (uint64_t i = 1; i <= 50; i++) {
		int before = faults_syncs;

		assert_int_equal(append_now(store, "a", i, 100).err, TACIT_OK);
		assert_true(faults_syncs > before);
		assert_int_equal(faults_unsynced, 0);
	}
	shut(store);
}

static void
appends_share_their_syncs(void **state)
{
	struct place place = place_of("grouped");
	struct tacit_store *store = open_place(&place);
	struct appending appendings[1000] = {0};
	int before;

	(void)state;
	open_now(store, "a", true);
	before = faults_syncs;
	for (uint64_t i = 0; i < 1000; i++)
		append_later(store, "a", i + 1, 100, &appendings[i]);
	for (int i = 0; i < 1000; i++)
		pump(store, &appendings[i].calls, 1);
	assert_in_range(faults_syncs - before, 1, 500);
	shut(store);
}

/* a batch fails as a whole; a store that had trouble is as good as new, and lost nothing */
static void
trouble_passes(struct place *place, atomic_int *fault, int code, tacit_err err)
{
	struct tacit_store *store = open_place(place);
	struct appending appendings[100] = {0};
	struct reading reading;

	open_now(store, "a", true);
	for (uint64_t i = 1; i <= 10; i++)
		assert_int_equal(append_now(store, "a", i, 3000).index, i - 1);
	*fault = code;
	for (uint64_t i = 0; i < 100; i++)
		append_later(store, "a", 1000 + i, 3000, &appendings[i]);
	for (int i = 0; i < 100; i++) {
		pump(store, &appendings[i].calls, 1);
		assert_int_equal(appendings[i].err, err);
	}
	/* what is only asked works meanwhile */
	assert_int_equal(open_now(store, "a", true).end, 10);
	assert_int_equal(
	    open_now(store, "b", true).err, err == TACIT_EUNCONFIRMED ? TACIT_EIO : err);
	assert_int_equal(open_now(store, "b", false).err, TACIT_ENOTFOUND);
	assert_int_equal(append_now(store, "b", 1, 10).err, TACIT_ENOTFOUND);
	store->ops->position_set(store, "c", "a", 3);
	assert_false(position_now(store, "c", "a").found);
	read_all(store, "a", 0, &reading);
	assert_int_equal(reading.count, 10);
	*fault = 0;
	for (uint64_t i = 11; i <= 20; i++)
		assert_int_equal(append_now(store, "a", i, 3000).index, i - 1);
	assert_int_equal(open_now(store, "b", true).err, TACIT_OK);
	shut(store);
	store = open_place(place);
	read_all(store, "a", 0, &reading);
	assert_int_equal(reading.count, 20);
	for (uint64_t i = 0; i < 20; i++)
		assert_int_equal(reading.numbers[i], i + 1);
	shut(store);
}

static void
a_full_disk_fails_appends_only(void **state)
{
	struct place place = place_of("full");

	(void)state;
	trouble_passes(&place, &faults_write, SQLITE_FULL, TACIT_ENOSPACE);
}

static void
a_broken_disk_fails_appends_only(void **state)
{
	struct place place = place_of("broken");

	(void)state;
	trouble_passes(&place, &faults_write, SQLITE_IOERR_WRITE, TACIT_EUNCONFIRMED);
}

static void
a_failed_sync_confirms_nothing(void **state)
{
	struct place place = place_of("unsynced");

	(void)state;
	trouble_passes(&place, &faults_sync, SQLITE_IOERR_FSYNC, TACIT_EUNCONFIRMED);
}

/* a free that may not wait answers everything once, and keeps what it confirmed */
static void
free_without_time_keeps_what_it_confirmed(void **state)
{
	struct place place = place_of("hasty");
	struct appending *appendings = calloc(20000, sizeof(*appendings));
	struct tacit_store *store = open_place(&place);
	uint64_t confirmed = 0;
	struct opening opening;

	(void)state;
	assert_non_null(appendings);
	open_now(store, "a", true);
	for (uint64_t i = 0; i < 20000; i++)
		append_later(store, "a", i + 1, 500, &appendings[i]);
	store->ops->free(store, 0);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(appendings[i].calls, 1);
		if (appendings[i].err == TACIT_OK)
			assert_int_equal(appendings[i].index, confirmed++);
		else
			assert_int_equal(appendings[i].err, TACIT_ECLOSED);
	}
	store = open_place(&place);
	opening = open_now(store, "a", false);
	assert_int_equal(opening.end, confirmed);
	shut(store);
	free(appendings);
}

/* the nth allocation fails, for all n */
static void
without_memory_calls_fail_cleanly(void **state)
{
	struct place place = place_of("memory");
	struct tacit_store *store = NULL;
	unsigned long nth = 0;
	tacit_err err;

	(void)state;
	do {
		tacit_alloc_fail_at(++nth);
		err = tacit_store_sqlite_open(place.folder, &store, place.text, sizeof(place.text));
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
	} while (err != TACIT_OK);
	for (int call = 0; call < 2; call++) {
		nth = 0;
		do {
			struct opening opening = {0};
			struct appending appending = {0};
			struct tacit_msg *msg = entry_new(1, 10);

			tacit_alloc_fail_at(++nth);
			if (call == 0)
				store->ops->open(store, "a", true, on_open, &opening);
			else
				store->ops->append(store, "a", msg, on_append, &appending);
			tacit_alloc_fail_at(0);
			pump(store, call == 0 ? &opening.calls : &appending.calls, 1);
			err = call == 0 ? opening.err : appending.err;
			assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
			tacit_msg_unref(msg);
		} while (err != TACIT_OK);
		assert_true(nth > 1);
	}
	assert_int_equal(open_now(store, "a", false).end, 1);
	shut(store);
}

/* a killed process ------------------------------------------------------------------------- */

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

/* a disk that really is full --------------------------------------------------------------- */

/* the status of a child that could not make itself a small disk */
#define CANNOT 77

static bool
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* a file system of 2 MiB at folder, seen by this process alone */
static bool
mount_small(const char *folder)
{
	char users[64], groups[64];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)getuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getgid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
		if (!write_text("/proc/self/setgroups", "deny") ||
		    !write_text("/proc/self/uid_map", users) ||
		    !write_text("/proc/self/gid_map", groups))
			return false;
	} else if (unshare(CLONE_NEWNS) != 0)
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("small", folder, "tmpfs", 0, "size=2m") == 0;
}

/* a program of its own: checks may fail in it as in any test */
static void
fill_the_disk(void **state)
{
	struct place place = place_of("small"), ballast = place_of("small/ballast");
	struct tacit_store *store;
	struct appending appending;
	struct reading reading;
	uint64_t count = 0;
	uint8_t *bytes = calloc(1, 1 << 19);
	int fd;

	(void)state;
	assert_non_null(bytes);
	fd = open(ballast.folder, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, bytes, 1 << 19), 1 << 19);
	close(fd);
	free(bytes);
	store = open_place(&place);
	open_now(store, "a", true);
	while ((appending = append_now(store, "a", count + 1, 20000)).err == TACIT_OK)
		assert_int_equal(appending.index, count++);
	assert_int_equal(appending.err, TACIT_ENOSPACE);
	assert_true(count > 5);
	assert_int_equal(append_now(store, "a", 999, 60000).err, TACIT_ENOSPACE);
	read_all(store, "a", 0, &reading);
	assert_int_equal(reading.count, count);
	/* room again */
	assert_int_equal(unlink(ballast.folder), 0);
	for (int i = 0; i < 5; i++, count++)
		assert_int_equal(append_now(store, "a", count + 1, 20000).index, count);
	shut(store);
	store = open_place(&place);
	read_all(store, "a", 0, &reading);
	assert_int_equal(reading.count, count);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(reading.numbers[i], i + 1);
	shut(store);
}

static void
a_disk_that_is_full_fails_appends_only(void **state)
{
	struct place place = place_of("small");
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(mkdir(place.folder, 0700), 0);
	assert_true((child = fork()) >= 0);
	if (child == 0) {
		execl("/proc/self/exe", "sqlite_test", "--fill-the-disk", root, (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT) {
		print_message("this system lets nobody mount a small disk in a namespace of his"
			      " own: only the simulated one was tried\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
fill_the_disk_main(const char *where)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fill_the_disk)};
	struct place place;

	snprintf(root, sizeof(root), "%s", where);
	place = place_of("small");
	if (!mount_small(place.folder))
		return CANNOT;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static int
remove_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_folder_is_private),
	    cmocka_unit_test(a_folder_has_one_store),
	    cmocka_unit_test(what_is_no_folder_is_refused),
	    cmocka_unit_test(a_folder_that_cannot_be_written_is_refused),
	    cmocka_unit_test(a_damaged_file_is_refused),
	    cmocka_unit_test(damage_inside_is_an_error_of_reading),
	    cmocka_unit_test(other_databases_are_refused_and_left_alone),
	    cmocka_unit_test(indexes_are_dense_from_0),
	    cmocka_unit_test(a_confirmed_append_was_synced),
	    cmocka_unit_test(appends_share_their_syncs),
	    cmocka_unit_test(a_full_disk_fails_appends_only),
	    cmocka_unit_test(a_broken_disk_fails_appends_only),
	    cmocka_unit_test(a_failed_sync_confirms_nothing),
	    cmocka_unit_test(free_without_time_keeps_what_it_confirmed),
	    cmocka_unit_test(without_memory_calls_fail_cleanly),
	    cmocka_unit_test(what_was_confirmed_survives_a_kill),
	    cmocka_unit_test(a_disk_that_is_full_fails_appends_only),
	};
	/* syncs are quick where nothing is kept; TMPDIR names a disk to try */
	const char *quick = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	const char *tmp = getenv("TMPDIR");
	int failed;

	if (argc == 3 && strcmp(argv[1], "--fill-the-disk") == 0)
		return fill_the_disk_main(argv[2]);
	snprintf(root, sizeof(root), "%s/tacit-sqlite-XXXXXX", tmp != NULL ? tmp : quick);
	if (mkdtemp(root) == NULL)
		return 1;
	sqlite_faults_install();
	failed = store_contract(&sqlite_kind);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return remove_root() != 0 || failed != 0;
}
