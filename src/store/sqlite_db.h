/*
 * store/sqlite_db.h: the database of the embedded store as plain blocking calls; its files
 * (sqlite_open.c has what opens it) are the only ones that see SQLite.  Owned by one thread at a time.
 *
 * Errors of all calls: TACIT_ENOSPACE, TACIT_EBUSY (another program keeps the database locked),
 * TACIT_ENOMEM, TACIT_EIO.
 */
#ifndef TACIT_STORE_SQLITE_DB_H
#define TACIT_STORE_SQLITE_DB_H

#include <sys/stat.h>

#include "stream/store.h"

struct sqlite3;
struct sqlite3_stmt;

enum tacit_sqlite_statement {
	TACIT_SQLITE_BEGIN,
	TACIT_SQLITE_COMMIT,
	TACIT_SQLITE_ROLLBACK,
	TACIT_SQLITE_STREAM_FIND,
	TACIT_SQLITE_STREAM_CREATE,
	TACIT_SQLITE_STREAM_BOUNDS,
	TACIT_SQLITE_ENTRY_INSERT,
	TACIT_SQLITE_ENTRIES_SELECT,
	TACIT_SQLITE_POSITION_SELECT,
	TACIT_SQLITE_POSITION_REPLACE,
	TACIT_SQLITE_STREAMS_SELECT,
	TACIT_SQLITE_POSITIONS_SELECT,
	TACIT_SQLITE_STATEMENTS /* how many */
};

struct tacit_sqlite_db {
	struct sqlite3 *handle;
	struct sqlite3_stmt *statements[TACIT_SQLITE_STATEMENTS]; /* prepared once, kept */
	bool alone; /* reading: no hub was there, and file is what it was like */
	struct stat file;
};

/* a message for people */
struct tacit_sqlite_text {
	char *bytes;
	size_t cap;
};

/* entries that were read: one growing block of bytes, and slices of it */
struct tacit_sqlite_rows {
	struct tacit_store_entry
	    *entries; /* bytes are set at the end, when the block stands still */
	size_t count, cap;
	uint8_t *bytes;
	size_t len, bytes_cap;
};

/* opens the existing file at path, empty or of ours, and makes or checks its tables.
 * Errors also: TACIT_EFORMAT, TACIT_EUNSUPPORTED, TACIT_EDENIED */
TACIT_MUST_USE tacit_err tacit_sqlite_db_open(
    struct tacit_sqlite_db *db, const char *path, struct tacit_sqlite_text text);
/*
 * opens the file at path for reading, beside a hub or without one; changes nothing.  It is good for
 * what is read at once: then ask whether it moved.
 * Errors also: TACIT_ENOTFOUND (no tables), TACIT_EFORMAT, TACIT_EUNSUPPORTED, TACIT_EDENIED,
 *              TACIT_EINVAL
 */
TACIT_MUST_USE tacit_err tacit_sqlite_db_open_reading(
    struct tacit_sqlite_db *db, const char *path, struct tacit_sqlite_text text);
/* has all that takes long fail once stop gives true; it is asked now and then, on this thread */
void tacit_sqlite_db_stop_when(struct tacit_sqlite_db *db, int (*stop)(void *arg), void *arg);
/* a hub began to work where none was: what was read may be a mixture of old and new */
bool tacit_sqlite_db_moved(const struct tacit_sqlite_db *db, const char *path);
/* moves the log into the database file, if it can, and closes; fine after a failed open */
void tacit_sqlite_db_close(struct tacit_sqlite_db *db);

TACIT_MUST_USE tacit_err tacit_sqlite_db_begin(struct tacit_sqlite_db *db);
/* OK: on disk.  Errors also: TACIT_EUNCONFIRMED (may be on disk); the transaction is over anyway */
TACIT_MUST_USE tacit_err tacit_sqlite_db_commit(struct tacit_sqlite_db *db);
/* ends the transaction, if there is one, without effect */
void tacit_sqlite_db_rollback(struct tacit_sqlite_db *db);

/* *ret is a number above 0, or 0: there is no such stream */
TACIT_MUST_USE tacit_err tacit_sqlite_db_stream_find(
    struct tacit_sqlite_db *db, const char *name, int64_t *ret);
TACIT_MUST_USE tacit_err tacit_sqlite_db_stream_create(
    struct tacit_sqlite_db *db, const char *name, int64_t *ret);
TACIT_MUST_USE tacit_err tacit_sqlite_db_stream_bounds(
    struct tacit_sqlite_db *db, int64_t stream, uint64_t *ret_first, uint64_t *ret_end);

TACIT_MUST_USE tacit_err tacit_sqlite_db_append(
    struct tacit_sqlite_db *db, int64_t stream, const struct tacit_store_entry *entry);
/* rows begins zeroed; tacit_sqlite_rows_fini() in any case */
TACIT_MUST_USE tacit_err tacit_sqlite_db_read(struct tacit_sqlite_db *db, int64_t stream,
    const struct tacit_store_range *range, struct tacit_sqlite_rows *rows);
void tacit_sqlite_rows_fini(struct tacit_sqlite_rows *rows);

TACIT_MUST_USE tacit_err tacit_sqlite_db_position_get(struct tacit_sqlite_db *db,
    const char *client_id, const char *name, bool *ret_found, uint64_t *ret_index);
TACIT_MUST_USE tacit_err tacit_sqlite_db_position_set(
    struct tacit_sqlite_db *db, const char *client_id, const char *name, uint64_t index);

/* adds all streams and positions */
TACIT_MUST_USE tacit_err tacit_sqlite_db_list(
    struct tacit_sqlite_db *db, struct tacit_lister *lister);

/* what a result of SQLite's means; the errors of opening a database, too */
tacit_err tacit_sqlite_err(struct tacit_sqlite_db *db, int rc);

#endif
