/*
 * support/sqlite_place.h: folders with embedded stores in them, for tests.
 */
#ifndef TACIT_TESTS_SQLITE_PLACE_H
#define TACIT_TESTS_SQLITE_PLACE_H

#include "support/store_pump.h"

#include "store/sqlite.h"

/* a folder of this run, with a store for each test in it */
static char root[64];

struct place {
	char folder[128], text[600];
	char file[160];
};

static inline struct place
place_of(const char *name)
{
	struct place place;

	memset(&place, 0, sizeof(place));
	snprintf(place.folder, sizeof(place.folder), "%s/%s", root, name);
	snprintf(place.file, sizeof(place.file), "%s/streams.db", place.folder);
	return place;
}

static inline struct tacit_store *
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
static inline void
refuse(struct place *place, tacit_err err, const char *what)
{
	struct tacit_store *store = NULL;

	assert_int_equal(
	    tacit_store_sqlite_open(place->folder, &store, place->text, sizeof(place->text)), err);
	assert_null(store);
	assert_non_null(strstr(place->text, what));
	assert_non_null(strstr(place->text, place->folder));
}

static inline void
shut(struct tacit_store *store)
{
	store->ops->free(store, 10000);
}

/* makes the folder of this run.  Syncs are quick where nothing is kept; TMPDIR names a disk to try */
static inline bool
make_root(void)
{
	const char *quick = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/tacit-sqlite-XXXXXX", tmp != NULL ? tmp : quick);
	return mkdtemp(root) != NULL;
}

static inline int
remove_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

#endif
