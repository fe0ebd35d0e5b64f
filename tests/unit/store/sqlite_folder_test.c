/* the embedded store's folder and file, sound and otherwise (DESIGN.md, "Stores") */
#include "support/sqlite_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <sqlite3.h>

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
	change(&place, "PRAGMA user_version=3");
	refuse(&place, TACIT_EUNSUPPORTED, "newer version");
	change(&place, "PRAGMA user_version=2");
	shut(open_place(&place));

	assert_int_equal(mkdir(foreign.folder, 0700), 0);
	change(&foreign, "CREATE TABLE recipes (name TEXT)");
	assert_int_equal(stat(foreign.file, &before), 0);
	refuse(&foreign, TACIT_EFORMAT, "another program");
	assert_int_equal(stat(foreign.file, &after), 0);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_folder_is_private),
	    cmocka_unit_test(a_folder_has_one_store),
	    cmocka_unit_test(what_is_no_folder_is_refused),
	    cmocka_unit_test(a_folder_that_cannot_be_written_is_refused),
	    cmocka_unit_test(a_damaged_file_is_refused),
	    cmocka_unit_test(damage_inside_is_an_error_of_reading),
	    cmocka_unit_test(other_databases_are_refused_and_left_alone),
	};
	int failed;

	if (!make_root())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return remove_root() != 0 || failed != 0;
}
