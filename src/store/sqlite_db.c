#include "store/sqlite_db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/limits.h"
#include "base/memory.h"
#include "store/waiting.h"

/* in the file's header: "Taci"; and the version of the tables */
#define APPLICATION_ID 0x54616369
#define SCHEMA         1

/* ms to wait for another program that keeps the database locked */
#define BUSY_MS 5000

/* bytes that one answer holds at most */
#define ROWS_LEN_MAX TACIT_RECENT_LEN_MAX

/* full: a commit returns when it is on disk.  The log is moved into the database when it has 2000
 * pages, and is cut back to at most 64 MiB then */
static const char settings[] = "PRAGMA page_size=8192;"
			       "PRAGMA journal_mode=WAL;"
			       "PRAGMA synchronous=FULL;"
			       "PRAGMA wal_autocheckpoint=2000;"
			       "PRAGMA journal_size_limit=67108864;"
			       "PRAGMA trusted_schema=OFF;";

/* entries lie in the order of their key, so that a stream is read in one sweep */
static const char tables[] = "BEGIN IMMEDIATE;"
			     "CREATE TABLE stream ("
			     " id INTEGER PRIMARY KEY,"
			     " name TEXT NOT NULL UNIQUE);"
			     "CREATE TABLE entry ("
			     " stream INTEGER NOT NULL,"
			     " idx INTEGER NOT NULL,"
			     " data BLOB NOT NULL,"
			     " PRIMARY KEY (stream, idx)) WITHOUT ROWID;"
			     "CREATE TABLE position ("
			     " client TEXT NOT NULL,"
			     " stream TEXT NOT NULL,"
			     " idx INTEGER NOT NULL,"
			     " PRIMARY KEY (client, stream)) WITHOUT ROWID;"
			     "PRAGMA application_id=1415668585;"
			     "PRAGMA user_version=1;"
			     "COMMIT;";

static const char *const texts[TACIT_SQLITE_STATEMENTS] = {
    [TACIT_SQLITE_BEGIN] = "BEGIN IMMEDIATE",
    [TACIT_SQLITE_COMMIT] = "COMMIT",
    [TACIT_SQLITE_ROLLBACK] = "ROLLBACK",
    [TACIT_SQLITE_STREAM_FIND] = "SELECT id FROM stream WHERE name=?1",
    [TACIT_SQLITE_STREAM_CREATE] = "INSERT INTO stream (name) VALUES (?1)",
    [TACIT_SQLITE_STREAM_BOUNDS] =
	("SELECT (SELECT idx FROM entry WHERE stream=?1 ORDER BY idx LIMIT 1),"
	 " (SELECT idx + 1 FROM entry WHERE stream=?1 ORDER BY idx DESC LIMIT 1)"),
    [TACIT_SQLITE_ENTRY_INSERT] = "INSERT INTO entry (stream, idx, data) VALUES (?1, ?2, ?3)",
    [TACIT_SQLITE_ENTRIES_SELECT] =
	"SELECT idx, data FROM entry WHERE stream=?1 AND idx>=?2 ORDER BY idx",
    [TACIT_SQLITE_POSITION_SELECT] = "SELECT idx FROM position WHERE client=?1 AND stream=?2",
    [TACIT_SQLITE_POSITION_REPLACE] =
	"INSERT OR REPLACE INTO position (client, stream, idx) VALUES (?1, ?2, ?3)",
};

static tacit_err
err_of(struct tacit_sqlite_db *db, int rc)
{
	int number = db->handle != NULL ? sqlite3_system_errno(db->handle) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return TACIT_OK;
	case SQLITE_NOMEM:
		return TACIT_ENOMEM;
	case SQLITE_FULL:
		return TACIT_ENOSPACE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return TACIT_EBUSY;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return TACIT_EDENIED;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return TACIT_EFORMAT;
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return TACIT_ENOMEM;
		return number == ENOSPC || number == EDQUOT ? TACIT_ENOSPACE : TACIT_EIO;
	default:
		return TACIT_EIO;
	}
}

/* the errors that callers of a running store act on; what else is wrong with the file is EIO */
static tacit_err
running_err(struct tacit_sqlite_db *db, int rc)
{
	tacit_err err = err_of(db, rc);

	return err == TACIT_EFORMAT || err == TACIT_EDENIED ? TACIT_EIO : err;
}

static tacit_err
say(struct tacit_sqlite_text text, tacit_err err, const char *what, const char *detail)
{
	snprintf(text.bytes, text.cap, "%s%s%s", what, detail[0] != '\0' ? ": " : "", detail);
	return err;
}

static tacit_err
say_failed(struct tacit_sqlite_db *db, int rc, struct tacit_sqlite_text text)
{
	tacit_err err = err_of(db, rc);
	const char *detail = db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);

	if (err == TACIT_EFORMAT)
		return say(text, err,
		    "streams.db is damaged or not a database; restore it from a backup, or move it "
		    "away"
		    " to begin with an empty store",
		    detail);
	return say(text, err, "streams.db cannot be used", detail);
}

/* a statement that gives one number */
static int
ask_number(struct tacit_sqlite_db *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	return sqlite3_finalize(statement);
}

/* of files that are not new, only ours with the tables of this version will do; others are left as
 * they are */
static tacit_err
check_schema(struct tacit_sqlite_db *db, bool *ret_new, struct tacit_sqlite_text text)
{
	int64_t application = 0, schema = 0, things = 0;
	int rc;

	if ((rc = ask_number(db, "PRAGMA application_id", &application)) != SQLITE_OK ||
	    (rc = ask_number(db, "PRAGMA user_version", &schema)) != SQLITE_OK ||
	    (rc = ask_number(db, "SELECT count(*) FROM sqlite_schema", &things)) != SQLITE_OK)
		return say_failed(db, rc, text);
	*ret_new = application == 0 && schema == 0 && things == 0;
	if (*ret_new)
		return TACIT_OK;
	if (application != APPLICATION_ID || schema < 1)
		return say(text, TACIT_EFORMAT,
		    "streams.db is a database of another program; name another folder", "");
	if (schema > SCHEMA)
		return say(text, TACIT_EUNSUPPORTED,
		    "streams.db was written by a newer version of Tacit; run that one, or name"
		    " another folder",
		    "");
	return TACIT_OK;
}

static tacit_err
set_up(struct tacit_sqlite_db *db, bool new, struct tacit_sqlite_text text)
{
	int rc = sqlite3_exec(db->handle, settings, NULL, NULL, NULL);

	if (rc == SQLITE_OK && new)
		rc = sqlite3_exec(db->handle, tables, NULL, NULL, NULL);
	for (size_t i = 0; i < TACIT_SQLITE_STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(
		    db->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL);
	return rc == SQLITE_OK ? TACIT_OK : say_failed(db, rc, text);
}

/* a file that was cut short would be found out only when a reader comes to the missing part */
static tacit_err
check_length(struct tacit_sqlite_db *db, const char *path, struct tacit_sqlite_text text)
{
	int64_t pages = 0, page_len = 0;
	struct stat info;
	int rc, in_log = 0, moved = 0;

	rc = sqlite3_wal_checkpoint_v2(
	    db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, &in_log, &moved);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_FULL)
		return say_failed(db, rc, text);
	if (rc != SQLITE_OK)
		return TACIT_OK;
	if ((rc = ask_number(db, "PRAGMA page_count", &pages)) != SQLITE_OK ||
	    (rc = ask_number(db, "PRAGMA page_size", &page_len)) != SQLITE_OK)
		return say_failed(db, rc, text);
	if (stat(path, &info) == 0 && info.st_size < pages * page_len)
		return say_failed(db, SQLITE_CORRUPT, text);
	return TACIT_OK;
}

tacit_err
tacit_sqlite_db_open(struct tacit_sqlite_db *db, const char *path, struct tacit_sqlite_text text)
{
	tacit_err err;
	bool new = false;
	int rc;

	memset(db, 0, sizeof(*db));
	rc = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return say_failed(db, rc, text);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	if ((err = check_schema(db, &new, text)) == TACIT_OK)
		err = set_up(db, new, text);
	if (err == TACIT_OK)
		err = check_length(db, path, text);
	return err;
}

void
tacit_sqlite_db_close(struct tacit_sqlite_db *db)
{
	for (size_t i = 0; i < TACIT_SQLITE_STATEMENTS; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	memset(db, 0, sizeof(*db));
}

/* runs a statement that gives no rows */
static int
run(sqlite3_stmt *statement)
{
	(void)sqlite3_step(statement);
	/* says the same as the step */
	return sqlite3_reset(statement);
}

tacit_err
tacit_sqlite_db_begin(struct tacit_sqlite_db *db)
{
	return running_err(db, run(db->statements[TACIT_SQLITE_BEGIN]));
}

tacit_err
tacit_sqlite_db_commit(struct tacit_sqlite_db *db)
{
	int rc = run(db->statements[TACIT_SQLITE_COMMIT]);
	tacit_err err = running_err(db, rc);

	if (err == TACIT_OK)
		return TACIT_OK;
	tacit_sqlite_db_rollback(db);
	/* what was written but not synced may still be found after a crash */
	return err == TACIT_EIO || rc == SQLITE_IOERR_FSYNC ? TACIT_EUNCONFIRMED : err;
}

void
tacit_sqlite_db_rollback(struct tacit_sqlite_db *db)
{
	/* some errors have rolled back already; when this one fails, the next begin does too */
	if (!sqlite3_get_autocommit(db->handle))
		(void)run(db->statements[TACIT_SQLITE_ROLLBACK]);
}

/* texts are borrowed until the statement is reset */
static void
bind_text(sqlite3_stmt *statement, int place, const char *text)
{
	(void)sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

/* indexes are unsigned; SQLite's numbers are not.  Those of entries never come near the border */
static int64_t
signed_of(uint64_t index)
{
	return index > INT64_MAX ? INT64_MAX : (int64_t)index;
}

tacit_err
tacit_sqlite_db_stream_find(struct tacit_sqlite_db *db, const char *name, int64_t *ret)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_STREAM_FIND];
	int64_t id = 0;
	tacit_err err;

	bind_text(statement, 1, name);
	if (sqlite3_step(statement) == SQLITE_ROW)
		id = sqlite3_column_int64(statement, 0);
	if ((err = running_err(db, sqlite3_reset(statement))) == TACIT_OK)
		*ret = id;
	return err;
}

tacit_err
tacit_sqlite_db_stream_create(struct tacit_sqlite_db *db, const char *name, int64_t *ret)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_STREAM_CREATE];
	tacit_err err;

	bind_text(statement, 1, name);
	if ((err = running_err(db, run(statement))) == TACIT_OK)
		*ret = sqlite3_last_insert_rowid(db->handle);
	return err;
}

tacit_err
tacit_sqlite_db_stream_bounds(
    struct tacit_sqlite_db *db, int64_t stream, uint64_t *ret_first, uint64_t *ret_end)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_STREAM_BOUNDS];
	int64_t first = 0, end = 0;
	tacit_err err;

	(void)sqlite3_bind_int64(statement, 1, stream);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		/* NULL, for a stream without entries, reads as 0 */
		first = sqlite3_column_int64(statement, 0);
		end = sqlite3_column_int64(statement, 1);
	}
	if ((err = running_err(db, sqlite3_reset(statement))) != TACIT_OK)
		return err;
	*ret_first = (uint64_t)first;
	*ret_end = (uint64_t)end;
	return TACIT_OK;
}

tacit_err
tacit_sqlite_db_append(
    struct tacit_sqlite_db *db, int64_t stream, uint64_t index, const uint8_t *bytes, size_t len)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_ENTRY_INSERT];
	/* no bytes at no address would be NULL instead of an empty blob */
	const void *data = len > 0 ? (const void *)bytes : "";

	(void)sqlite3_bind_int64(statement, 1, stream);
	(void)sqlite3_bind_int64(statement, 2, signed_of(index));
	(void)sqlite3_bind_blob64(statement, 3, data, len, SQLITE_STATIC);
	return running_err(db, run(statement));
}

void
tacit_sqlite_rows_fini(struct tacit_sqlite_rows *rows)
{
	tacit_free(rows->entries);
	tacit_free(rows->bytes);
	memset(rows, 0, sizeof(*rows));
}

/* room for one more entry of len bytes */
static tacit_err
reserve(struct tacit_sqlite_rows *rows, size_t len)
{
	void *grown;

	if (rows->count == rows->cap) {
		size_t cap = rows->cap > 0 ? rows->cap * 2 : 16;

		grown = tacit_realloc(rows->entries, cap * sizeof(*rows->entries));
		if (grown == NULL)
			return TACIT_ENOMEM;
		rows->entries = grown;
		rows->cap = cap;
	}
	if (rows->bytes_cap - rows->len < len || rows->bytes == NULL) {
		size_t cap = 2 * rows->bytes_cap + len + 4096;

		if ((grown = tacit_realloc(rows->bytes, cap)) == NULL)
			return TACIT_ENOMEM;
		rows->bytes = grown;
		rows->bytes_cap = cap;
	}
	return TACIT_OK;
}

static tacit_err
add_row(struct tacit_sqlite_rows *rows, sqlite3_stmt *statement, size_t len)
{
	const void *data = sqlite3_column_blob(statement, 1);

	if (reserve(rows, len) != TACIT_OK || (data == NULL && len > 0))
		return TACIT_ENOMEM;
	if (len > 0)
		memcpy(rows->bytes + rows->len, data, len);
	rows->entries[rows->count++] = (struct tacit_store_entry){
	    .index = (uint64_t)sqlite3_column_int64(statement, 0), .len = len};
	rows->len += len;
	return TACIT_OK;
}

/* true while the answer may go on */
static bool
take_row(struct tacit_sqlite_rows *rows, sqlite3_stmt *statement,
    const struct tacit_store_range *range, size_t *left, tacit_err *err)
{
	size_t len = (size_t)sqlite3_column_bytes(statement, 1);
	size_t room = len + range->entry_overhead;

	if (room > range->len_max)
		return true;
	if (room > *left && rows->count > 0)
		return false;
	if ((*err = add_row(rows, statement, len)) != TACIT_OK)
		return false;
	*left -= room < *left ? room : *left;
	return rows->count < range->count_max && rows->count < TACIT_ANSWER_MAX;
}

tacit_err
tacit_sqlite_db_read(struct tacit_sqlite_db *db, int64_t stream,
    const struct tacit_store_range *range, struct tacit_sqlite_rows *rows)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_ENTRIES_SELECT];
	size_t left = range->len_max < ROWS_LEN_MAX ? range->len_max : ROWS_LEN_MAX;
	tacit_err err = TACIT_OK;
	size_t offset = 0;
	int rc;

	(void)sqlite3_bind_int64(statement, 1, stream);
	(void)sqlite3_bind_int64(statement, 2, signed_of(range->index));
	while (sqlite3_step(statement) == SQLITE_ROW)
		if (!take_row(rows, statement, range, &left, &err))
			break;
	rc = sqlite3_reset(statement);
	for (size_t i = 0; i < rows->count; i++) {
		rows->entries[i].bytes = rows->bytes + offset;
		offset += rows->entries[i].len;
	}
	return err != TACIT_OK ? err : running_err(db, rc);
}

tacit_err
tacit_sqlite_db_position_get(struct tacit_sqlite_db *db, const char *client_id, const char *name,
    bool *ret_found, uint64_t *ret_index)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_POSITION_SELECT];
	bool found = false;
	int64_t index = 0;
	tacit_err err;

	bind_text(statement, 1, client_id);
	bind_text(statement, 2, name);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		found = true;
		index = sqlite3_column_int64(statement, 0);
	}
	if ((err = running_err(db, sqlite3_reset(statement))) != TACIT_OK)
		return err;
	*ret_found = found;
	*ret_index = (uint64_t)index;
	return TACIT_OK;
}

tacit_err
tacit_sqlite_db_position_set(
    struct tacit_sqlite_db *db, const char *client_id, const char *name, uint64_t index)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_POSITION_REPLACE];

	bind_text(statement, 1, client_id);
	bind_text(statement, 2, name);
	(void)sqlite3_bind_int64(statement, 3, signed_of(index));
	return running_err(db, run(statement));
}
