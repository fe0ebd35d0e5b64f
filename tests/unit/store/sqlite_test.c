/* the embedded store's promises (DESIGN.md, "Stores"), also on full and failing disks */
#define _GNU_SOURCE /* unshare, for the full disk */

#include "support/sqlite_faults.h"
#include "support/sqlite_place.h"
#include "support/store_contract.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/memory.h"

static struct tacit_store *
open_contract(void)
{
	struct place place = place_of("contract");

	return open_place(&place);
}

static const struct store_kind sqlite_kind = {.open = open_contract, .durable = true};

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

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(indexes_are_dense_from_0),
	    cmocka_unit_test(a_confirmed_append_was_synced),
	    cmocka_unit_test(appends_share_their_syncs),
	    cmocka_unit_test(a_full_disk_fails_appends_only),
	    cmocka_unit_test(a_broken_disk_fails_appends_only),
	    cmocka_unit_test(a_failed_sync_confirms_nothing),
	    cmocka_unit_test(free_without_time_keeps_what_it_confirmed),
	    cmocka_unit_test(without_memory_calls_fail_cleanly),
	    cmocka_unit_test(a_disk_that_is_full_fails_appends_only),
	};
	int failed;

	if (argc == 3 && strcmp(argv[1], "--fill-the-disk") == 0)
		return fill_the_disk_main(argv[2]);
	if (!make_root())
		return 1;
	sqlite_faults_install();
	failed = store_contract(&sqlite_kind);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return remove_root() != 0 || failed != 0;
}
