/* the embedded store for reading only, beside a hub and without one, and older versions of it */
#include "support/sqlite_place.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <sqlite3.h>

static struct tacit_store *
read_place(struct place *place)
{
	struct tacit_store *store = NULL;

	if (tacit_store_sqlite_read(place->folder, &store, place->text, sizeof(place->text)) !=
	    TACIT_OK)
		fail_msg("%s", place->text);
	assert_string_equal(place->text, "");
	return store;
}

static void
refuse_reading(struct place *place, tacit_err err, const char *what)
{
	struct tacit_store *store = NULL;

	assert_int_equal(
	    tacit_store_sqlite_read(place->folder, &store, place->text, sizeof(place->text)), err);
	assert_null(store);
	assert_non_null(strstr(place->text, what));
	assert_non_null(strstr(place->text, place->folder));
}

static void
run_sql(const char *file, const char *sql)
{
	sqlite3 *handle;
	char *text = NULL;

	assert_int_equal(sqlite3_open(file, &handle), SQLITE_OK);
	if (sqlite3_exec(handle, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s", text);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

/* names, sizes and times of all files of a folder, in no order */
static uint64_t
state_of(const struct place *place)
{
	DIR *folder = opendir(place->folder);
	const struct dirent *file;
	uint64_t sum = 0;

	assert_non_null(folder);
	while ((file = readdir(folder)) != NULL) {
		char path[512];
		struct stat info;

		if (strcmp(file->d_name, ".") == 0 || strcmp(file->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", place->folder, file->d_name);
		assert_int_equal(stat(path, &info), 0);
		sum += (uint64_t)info.st_size * 31 + (uint64_t)info.st_mtim.tv_nsec +
		       (uint64_t)info.st_ino * 7;
	}
	closedir(folder);
	return sum;
}

/* stream a has count entries, and nobody may change it */
static void
check_reading(struct tacit_store *store, uint64_t count)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	struct opening opening = open_now(store, "a", false);
	struct listing listing;

	assert_non_null(reading);
	assert_int_equal(opening.err, TACIT_OK);
	assert_int_equal(opening.first, 0);
	assert_int_equal(opening.end, count);
	assert_int_equal(open_now(store, "a", true).end, count);
	read_all(store, "a", 0, reading);
	assert_int_equal(reading->count, count);
	for (size_t i = 0; i < reading->count; i++)
		assert_int_equal(reading->numbers[i], i + 1);
	listing = list_now(store);
	assert_int_equal(listed(&listing, "a")->entries, count);
	assert_int_equal(listed(&listing, "a")->bytes, 100 * count);
	tacit_lister_free(listing.lister);
	free(reading);
}

static void
check_refusing(struct tacit_store *store)
{
	struct opening opening = open_now(store, "none", true);
	struct reading reading;

	assert_int_equal(opening.err, TACIT_EDENIED);
	assert_string_equal(opening.text, "this store is for reading only");
	assert_int_equal(open_now(store, "none", false).err, TACIT_ENOTFOUND);
	assert_int_equal(append_now(store, "a", 99, 10).err, TACIT_EDENIED);
	store->ops->position_set(store, "client", "a", 1);
	assert_false(position_now(store, "client", "a").found);
	/* and nothing waits */
	read_now(store, "a", range_of(open_now(store, "a", false).end, 1, 100, true), &reading);
	assert_int_equal(reading.err, TACIT_OK);
	assert_int_equal(reading.count, 0);
}

static void
fill_more(struct tacit_store *store, uint64_t from, uint64_t to)
{
	assert_int_equal(open_now(store, "a", true).err, TACIT_OK);
	for (uint64_t i = from; i < to; i++)
		assert_int_equal(append_now(store, "a", i + 1, 100).err, TACIT_OK);
}

static void
beside_a_hub_it_sees_what_is_confirmed(void **state)
{
	struct place place = place_of("beside"), same = place;
	struct tacit_store *hub = open_place(&place), *store = read_place(&same);

	(void)state;
	fill_more(hub, 0, 1);
	for (uint64_t i = 1; i < 200; i += 20) {
		check_reading(store, i);
		fill_more(hub, i, i + 20);
	}
	check_refusing(store);
	check_reading(store, 201);
	/* the hub ends in peace, and another one comes, under the same eyes */
	shut(hub);
	check_reading(store, 201);
	hub = open_place(&place);
	fill_more(hub, 201, 210);
	check_reading(store, 210);
	shut(store);
	shut(hub);
}

/* a file beside the database, of so many zeros */
static void
touch(const struct place *place, const char *suffix, off_t len)
{
	char path[200];

	snprintf(path, sizeof(path), "%s%s", place->file, suffix);
	fclose(fopen(path, "w"));
	assert_int_equal(truncate(path, len), 0);
}

/* its 20 entries are read, and the folder stays as it is */
static void
check_unchanged(struct place *place)
{
	uint64_t before = state_of(place);
	struct tacit_store *store = read_place(place);

	check_reading(store, 20);
	check_refusing(store);
	shut(store);
	assert_int_equal(state_of(place), before);
}

static void
without_a_hub_nothing_changes(void **state)
{
	struct place place = place_of("alone");
	struct tacit_store *store = open_place(&place);

	(void)state;
	fill_more(store, 0, 20);
	shut(store);
	check_unchanged(&place);
	/* a copy of a hub's folder may have a log, but nothing in it */
	touch(&place, "-wal", 0);
	check_unchanged(&place);
	/* what a hub leaves that is killed when its log has a header and no more */
	touch(&place, "-wal", 32);
	check_unchanged(&place);
	touch(&place, "-shm", 32768);
	check_unchanged(&place);
}

/* a log that nobody has moved into the database yet */
static void
after_a_killed_hub_all_is_there(void **state)
{
	struct place place = place_of("killed");
	struct tacit_store *store;
	uint64_t before;
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	if ((pid = fork()) == 0) {
		struct tacit_store *hub = NULL;
		struct appending appendings[30] = {0};

		if (tacit_store_sqlite_open(place.folder, &hub, place.text, sizeof(place.text)) !=
		    TACIT_OK)
			_exit(1);
		(void)open_now(hub, "a", true);
		for (uint64_t i = 0; i < 30; i++)
			append_later(hub, "a", i + 1, 100, &appendings[i]);
		for (int i = 0; i < 30; i++)
			pump(hub, &appendings[i].calls, 1);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	before = state_of(&place);
	store = read_place(&place);
	check_reading(store, 30);
	shut(store);
	assert_int_equal(state_of(&place), before);
	/* a copy without the shared memory, with characters that mean something in a URI */
	{
		struct place copy = place_of("a copy?#%41");
		char command[600];

		snprintf(command, sizeof(command), "cp -r '%s' '%s' && rm '%s-shm'", place.folder,
		    copy.folder, copy.file);
		assert_int_equal(system(command), 0);
		store = read_place(&copy);
		check_reading(store, 30);
		shut(store);
	}
	store = open_place(&place);
	fill_more(store, 30, 31);
	shut(store);
}

/* of entries without an end, so that it is being read, however late the store is told */
static void
a_listing_ends_with_its_store(void **state)
{
	struct place place = place_of("many");
	struct tacit_store *store = open_place(&place);
	struct listing listing = {0};

	(void)state;
	fill_more(store, 0, 1);
	shut(store);
	run_sql(place.file, "DROP TABLE entry;"
			    "CREATE VIEW entry AS"
			    " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
			    " SELECT 1 AS stream, i AS idx, x'' AS data, 0 AS time FROM n");
	store = read_place(&place);
	store->ops->list(store, on_listing, &listing);
	shut(store);
	assert_int_equal(listing.calls, 1);
	assert_int_equal(listing.err, TACIT_ECLOSED);
}

static void
what_is_not_there_is_said(void **state)
{
	struct place none = place_of("none"), empty = place_of("empty"), file = place_of("file");

	(void)state;
	refuse_reading(&none, TACIT_ENOTFOUND, "there is no folder");
	assert_int_not_equal(access(none.folder, F_OK), 0);
	assert_int_equal(mkdir(empty.folder, 0700), 0);
	refuse_reading(&empty, TACIT_ENOTFOUND, "no hub keeps streams there");
	fclose(fopen(empty.file, "w"));
	refuse_reading(&empty, TACIT_ENOTFOUND, "has no tables");
	run_sql(empty.file, "CREATE TABLE recipes (name TEXT)");
	refuse_reading(&empty, TACIT_EFORMAT, "another program");
	fclose(fopen(file.folder, "w"));
	refuse_reading(&file, TACIT_EINVAL, "cannot read the store");
	fclose(fopen(empty.file, "w"));
	assert_int_equal(truncate(empty.file, 100000), 0);
	refuse_reading(&empty, TACIT_EFORMAT, "damaged or not a database");
}

static void
a_folder_that_goes_is_an_error(void **state)
{
	struct place place = place_of("goes"), away = place_of("gone");
	struct tacit_store *store = open_place(&place);
	struct listing listing;

	(void)state;
	fill_more(store, 0, 2);
	shut(store);
	store = read_place(&place);
	assert_int_equal(rename(place.folder, away.folder), 0);
	assert_int_not_equal(open_now(store, "a", false).err, TACIT_OK);
	listing = list_now(store);
	assert_int_not_equal(listing.err, TACIT_OK);
	assert_int_equal(rename(away.folder, place.folder), 0);
	check_reading(store, 2);
	shut(store);
}

/* a version 1, as the first hubs made it ------------------------------------------------------- */

static const char version_1[] =
    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL;"
    "CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE entry (stream INTEGER NOT NULL, idx INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (stream, idx)) WITHOUT ROWID;"
    "CREATE TABLE position (client TEXT NOT NULL, stream TEXT NOT NULL, idx INTEGER NOT NULL,"
    " PRIMARY KEY (client, stream)) WITHOUT ROWID;"
    "INSERT INTO stream (name) VALUES ('old'), ('void');"
    "INSERT INTO entry VALUES (1, 0, x'6f6e65'), (1, 1, x''), (1, 2, zeroblob(60000));"
    "INSERT INTO position VALUES ('bob', 'old', 1);"
    "PRAGMA application_id=1415668585; PRAGMA user_version=1;";

static void
check_old(struct tacit_store *store)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	struct tacit_store_range range = range_of(0, 10, 100000, false);
	struct listing listing = list_now(store);

	assert_non_null(reading);
	assert_int_equal(listing.listing->count, 2);
	assert_int_equal(listed(&listing, "old")->entries, 3);
	assert_int_equal(listed(&listing, "old")->bytes, 60003);
	assert_int_equal(listed(&listing, "old")->readers[0].lag, 2);
	assert_int_equal(listed(&listing, "void")->end, 0);
	/* entry 2 is no entry of entry_new's: it is too long to be looked at here */
	range.len_max = 50000;
	read_now(store, "old", range, reading);
	assert_int_equal(reading->count, 2);
	assert_int_equal(reading->lens[0], 3);
	for (size_t i = 0; i < reading->count; i++)
		assert_int_equal(reading->times[i], TACIT_TIME_UNKNOWN);
	tacit_lister_free(listing.lister);
	free(reading);
}

static void
version_1_is_read_and_brought_up(void **state)
{
	struct place place = place_of("version-1"), same = place;
	struct tacit_store *store;
	struct reading reading;
	uint64_t before;

	(void)state;
	assert_int_equal(mkdir(place.folder, 0700), 0);
	run_sql(place.file, version_1);
	before = state_of(&place);
	store = read_place(&place);
	check_old(store);
	shut(store);
	assert_int_equal(state_of(&place), before);
	/* a hub brings it up, while somebody reads */
	store = read_place(&same);
	for (uint64_t round = 0; round < 2; round++) {
		struct tacit_store *hub = open_place(&place);

		assert_int_equal(append_now(hub, "old", 4 + round, 100).index, 3 + round);
		assert_int_equal(open_now(store, "old", false).end, 4 + round);
		read_now(store, "old", range_of(3, 10, 1000, false), &reading);
		assert_int_equal(reading.count, 1 + round);
		assert_true(reading.times[0] > TACIT_TIME_UNKNOWN);
		read_now(hub, "old", range_of(0, 1, 1000, false), &reading);
		assert_int_equal(reading.times[0], TACIT_TIME_UNKNOWN);
		shut(hub);
	}
	shut(store);
	run_sql(place.file, "PRAGMA user_version=3");
	refuse_reading(&place, TACIT_EUNSUPPORTED, "newer version");
	refuse(&place, TACIT_EUNSUPPORTED, "newer version");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(beside_a_hub_it_sees_what_is_confirmed),
	    cmocka_unit_test(without_a_hub_nothing_changes),
	    cmocka_unit_test(after_a_killed_hub_all_is_there),
	    cmocka_unit_test(a_listing_ends_with_its_store),
	    cmocka_unit_test(what_is_not_there_is_said),
	    cmocka_unit_test(a_folder_that_goes_is_an_error),
	    cmocka_unit_test(version_1_is_read_and_brought_up),
	};
	int failed;

	if (!make_root())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return remove_root() != 0 || failed != 0;
}
