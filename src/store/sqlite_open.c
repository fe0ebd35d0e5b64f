/*
 * Opening the database of an embedded store: to work on it, with its tables made, brought up or
 * checked; or to read it beside a hub that works on it.
 */
#include "store/sqlite_db.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

/* in the file's header: "Taci"; and the version of the tables */
#define APPLICATION_ID 0x54616369
#define SCHEMA         2

/* ms to wait for another program that keeps the database locked */
#define BUSY_MS 5000

/* attempts to open for reading, and ms between them */
#define OPEN_TRIES 5u
#define AGAIN_MS   20

/* SQLite's steps between questions whether to stop: some ms */
#define STOP_STEPS 10000

/* bytes of a log that holds nothing */
#define LOG_HEADER_LEN 32

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
			     " time INTEGER NOT NULL DEFAULT 0,"
			     " PRIMARY KEY (stream, idx)) WITHOUT ROWID;"
			     "CREATE TABLE position ("
			     " client TEXT NOT NULL,"
			     " stream TEXT NOT NULL,"
			     " idx INTEGER NOT NULL,"
			     " PRIMARY KEY (client, stream)) WITHOUT ROWID;"
			     "PRAGMA application_id=1415668585;"
			     "PRAGMA user_version=2;"
			     "COMMIT;";

/* what version 1 had no place for: the times of its entries are not known */
static const char migration[] = "BEGIN IMMEDIATE;"
				"ALTER TABLE entry ADD COLUMN time INTEGER NOT NULL DEFAULT 0;"
				"PRAGMA user_version=2;"
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
    [TACIT_SQLITE_ENTRY_INSERT] =
	"INSERT INTO entry (stream, idx, data, time) VALUES (?1, ?2, ?3, ?4)",
    [TACIT_SQLITE_ENTRIES_SELECT] =
	"SELECT idx, data, time FROM entry WHERE stream=?1 AND idx>=?2 ORDER BY idx",
    [TACIT_SQLITE_POSITION_SELECT] = "SELECT idx FROM position WHERE client=?1 AND stream=?2",
    [TACIT_SQLITE_POSITION_REPLACE] =
	"INSERT OR REPLACE INTO position (client, stream, idx) VALUES (?1, ?2, ?3)",
    [TACIT_SQLITE_STREAMS_SELECT] =
	("SELECT s.name, min(e.idx), max(e.idx) + 1, count(e.idx), sum(length(e.data))"
	 " FROM stream s LEFT JOIN entry e ON e.stream=s.id GROUP BY s.id"),
    [TACIT_SQLITE_POSITIONS_SELECT] = "SELECT client, stream, idx FROM position",
};

/* in tables of version 1 */
static const char entries_without_times[] =
    "SELECT idx, data, 0 FROM entry WHERE stream=?1 AND idx>=?2 ORDER BY idx";

static tacit_err
say(struct tacit_sqlite_text text, tacit_err err, const char *what, const char *detail)
{
	snprintf(text.bytes, text.cap, "%s%s%s", what, detail[0] != '\0' ? ": " : "", detail);
	return err;
}

static tacit_err
say_failed(struct tacit_sqlite_db *db, int rc, struct tacit_sqlite_text text)
{
	tacit_err err = tacit_sqlite_err(db, rc);
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

/* of files that are not new, only ours with tables of a version that is known will do; others are
 * left as they are.  0: new */
static tacit_err
check_schema(struct tacit_sqlite_db *db, int64_t *ret_schema, struct tacit_sqlite_text text)
{
	int64_t application = 0, schema = 0, things = 0;
	int rc;

	if ((rc = ask_number(db, "PRAGMA application_id", &application)) != SQLITE_OK ||
	    (rc = ask_number(db, "PRAGMA user_version", &schema)) != SQLITE_OK ||
	    (rc = ask_number(db, "SELECT count(*) FROM sqlite_schema", &things)) != SQLITE_OK)
		return say_failed(db, rc, text);
	*ret_schema = schema;
	if (application == 0 && schema == 0 && things == 0)
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

/* which of the statements a store that only reads has, in tables of that version; NULL: not this */
static const char *
reading_text(size_t statement, int64_t schema)
{
	switch ((enum tacit_sqlite_statement)statement) {
	case TACIT_SQLITE_ENTRIES_SELECT:
		return schema >= 2 ? texts[statement] : entries_without_times;
	case TACIT_SQLITE_STREAM_FIND:
	case TACIT_SQLITE_STREAM_BOUNDS:
	case TACIT_SQLITE_POSITION_SELECT:
	case TACIT_SQLITE_STREAMS_SELECT:
	case TACIT_SQLITE_POSITIONS_SELECT:
		return texts[statement];
	case TACIT_SQLITE_BEGIN:
	case TACIT_SQLITE_COMMIT:
	case TACIT_SQLITE_ROLLBACK:
	case TACIT_SQLITE_STREAM_CREATE:
	case TACIT_SQLITE_ENTRY_INSERT:
	case TACIT_SQLITE_POSITION_REPLACE:
	case TACIT_SQLITE_STATEMENTS:
		break;
	}
	return NULL;
}

static int
prepare(struct tacit_sqlite_db *db, size_t statement, const char *sql)
{
	return sqlite3_prepare_v3(
	    db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->statements[statement], NULL);
}

static tacit_err
set_up(struct tacit_sqlite_db *db, int64_t schema, struct tacit_sqlite_text text)
{
	int rc = sqlite3_exec(db->handle, settings, NULL, NULL, NULL);

	if (rc == SQLITE_OK && schema < SCHEMA)
		rc = sqlite3_exec(db->handle, schema == 0 ? tables : migration, NULL, NULL, NULL);
	for (size_t i = 0; i < TACIT_SQLITE_STATEMENTS && rc == SQLITE_OK; i++)
		rc = prepare(db, i, texts[i]);
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

static tacit_err
open_file(struct tacit_sqlite_db *db, const char *name, int flags, struct tacit_sqlite_text text)
{
	int rc = sqlite3_open_v2(name, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return say_failed(db, rc, text);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	return TACIT_OK;
}

tacit_err
tacit_sqlite_db_open(struct tacit_sqlite_db *db, const char *path, struct tacit_sqlite_text text)
{
	int64_t schema = 0;
	tacit_err err;

	memset(db, 0, sizeof(*db));
	if ((err = open_file(db, path, SQLITE_OPEN_READWRITE, text)) == TACIT_OK)
		err = check_schema(db, &schema, text);
	if (err == TACIT_OK)
		err = set_up(db, schema, text);
	if (err == TACIT_OK)
		err = check_length(db, path, text);
	return err;
}

/* reading --------------------------------------------------------------------------------------- */

/* what a file beside the database is like; false: it is not there */
static bool
look_beside(const char *path, const char *suffix, struct stat *ret)
{
	char name[PATH_MAX];
	int len = snprintf(name, sizeof(name), "%s%s", path, suffix);

	return len > 0 && (size_t)len < sizeof(name) && stat(name, ret) == 0;
}

/* a log has a header, which is nothing by itself (https://sqlite.org/fileformat2.html, 4.1) */
static bool
has_log(const char *path)
{
	struct stat log;

	return look_beside(path, "-wal", &log) && log.st_size > LOG_HEADER_LEN;
}

/*
 * A hub that runs, or was killed, has left its shared memory in the folder, and SQLite reads beside
 * it without writing to that.  After a hub that ended in peace there is none, and no log: then the
 * file alone is everything, and is read as one that nobody changes, because SQLite would otherwise
 * leave files of ours in the folder.  (It has to, when there is a log without its memory.)  The same
 * after a hub that was killed when its log had no more than a header: SQLite 3.40 would wait 10 s
 * for somebody to write the rest, and fail.
 */
static const char *
way_to_read(struct tacit_sqlite_db *db, const char *path)
{
	struct stat memory, log;
	bool begun = look_beside(path, "-wal", &log) && log.st_size > 0;

	if (look_beside(path, "-shm", &memory) && (!begun || has_log(path)))
		return "?mode=ro&readonly_shm=1";
	if (has_log(path))
		return "?mode=ro";
	db->alone = look_beside(path, "", &db->file);
	return "?mode=ro&immutable=1";
}

/* a URI of SQLite's: the path with what means something there escaped; false: too long */
static bool
make_uri(const char *path, const char *query, char *ret, size_t cap)
{
	size_t len = (size_t)snprintf(ret, cap, "file:%s", path[0] == '/' ? "//" : "");

	for (; *path != '\0' && len + 4 < cap; path++) {
		bool plain = strchr("%?#", *path) == NULL;

		len += (size_t)snprintf(
		    ret + len, cap - len, plain ? "%c" : "%%%02x", (unsigned char)*path);
	}
	return *path == '\0' && (size_t)snprintf(ret + len, cap - len, "%s", query) < cap - len;
}

static tacit_err
open_reading(struct tacit_sqlite_db *db, const char *path, struct tacit_sqlite_text text)
{
	char uri[3 * PATH_MAX];
	int64_t schema = 0;
	tacit_err err;
	int rc = SQLITE_OK;

	memset(db, 0, sizeof(*db));
	if (!make_uri(path, way_to_read(db, path), uri, sizeof(uri)))
		return say(text, TACIT_EINVAL, "its path is too long", "");
	err = open_file(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, text);
	if (err == TACIT_OK)
		err = check_schema(db, &schema, text);
	if (err == TACIT_OK && schema == 0)
		return say(text, TACIT_ENOTFOUND, "streams.db has no tables: no hub was here", "");
	for (size_t i = 0; i < TACIT_SQLITE_STATEMENTS && err == TACIT_OK && rc == SQLITE_OK; i++) {
		const char *sql = reading_text(i, schema);

		rc = sql != NULL ? prepare(db, i, sql) : SQLITE_OK;
	}
	return err != TACIT_OK || rc == SQLITE_OK ? err : say_failed(db, rc, text);
}

/* A hub that comes or goes makes or removes files between our look at them and SQLite's. */
tacit_err
tacit_sqlite_db_open_reading(
    struct tacit_sqlite_db *db, const char *path, struct tacit_sqlite_text text)
{
	tacit_err err = open_reading(db, path, text);

	for (unsigned tries = 1; err == TACIT_EDENIED && tries < OPEN_TRIES; tries++) {
		tacit_sqlite_db_close(db);
		(void)poll(NULL, 0, AGAIN_MS);
		err = open_reading(db, path, text);
	}
	return err;
}

void
tacit_sqlite_db_stop_when(struct tacit_sqlite_db *db, int (*stop)(void *arg), void *arg)
{
	sqlite3_progress_handler(db->handle, STOP_STEPS, stop, arg);
}

bool
tacit_sqlite_db_moved(const struct tacit_sqlite_db *db, const char *path)
{
	struct stat now;

	return db->alone && (has_log(path) || !look_beside(path, "", &now) ||
				now.st_ino != db->file.st_ino || now.st_size != db->file.st_size ||
				now.st_mtim.tv_sec != db->file.st_mtim.tv_sec ||
				now.st_mtim.tv_nsec != db->file.st_mtim.tv_nsec);
}

void
tacit_sqlite_db_close(struct tacit_sqlite_db *db)
{
	for (size_t i = 0; i < TACIT_SQLITE_STATEMENTS; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	memset(db, 0, sizeof(*db));
}
