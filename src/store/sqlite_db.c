#include "store/sqlite_db.h"

#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "base/limits.h"
#include "base/memory.h"
#include "store/waiting.h"
#include "stream/lister.h"

/* bytes that one answer holds at most */
#define ROWS_LEN_MAX TACIT_RECENT_LEN_MAX

tacit_err
tacit_sqlite_err(struct tacit_sqlite_db *db, int rc)
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
	tacit_err err = tacit_sqlite_err(db, rc);

	return err == TACIT_EFORMAT || err == TACIT_EDENIED ? TACIT_EIO : err;
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
    struct tacit_sqlite_db *db, int64_t stream, const struct tacit_store_entry *entry)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_ENTRY_INSERT];
	/* no bytes at no address would be NULL instead of an empty blob */
	const void *data = entry->len > 0 ? (const void *)entry->bytes : "";

	(void)sqlite3_bind_int64(statement, 1, stream);
	(void)sqlite3_bind_int64(statement, 2, signed_of(entry->index));
	(void)sqlite3_bind_blob64(statement, 3, data, entry->len, SQLITE_STATIC);
	(void)sqlite3_bind_int64(statement, 4, signed_of(entry->time_ms));
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
	rows->entries[rows->count++] =
	    (struct tacit_store_entry){.index = (uint64_t)sqlite3_column_int64(statement, 0),
		.len = len,
		.time_ms = (uint64_t)sqlite3_column_int64(statement, 2)};
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

/* a text of a row; what others put there may be NULL */
static const char *
text_of(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text != NULL ? (const char *)text : "";
}

static tacit_err
list_streams(struct tacit_sqlite_db *db, struct tacit_lister *lister)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_STREAMS_SELECT];
	tacit_err err = TACIT_OK;
	int rc;

	while (err == TACIT_OK && sqlite3_step(statement) == SQLITE_ROW) {
		/* NULL, for a stream without entries, reads as 0 */
		struct tacit_listed_stream listed = {.name = text_of(statement, 0),
		    .first = (uint64_t)sqlite3_column_int64(statement, 1),
		    .end = (uint64_t)sqlite3_column_int64(statement, 2),
		    .entries = (uint64_t)sqlite3_column_int64(statement, 3),
		    .bytes = (uint64_t)sqlite3_column_int64(statement, 4)};

		err = tacit_lister_stream(lister, &listed);
	}
	rc = sqlite3_reset(statement);
	return err != TACIT_OK ? err : running_err(db, rc);
}

tacit_err
tacit_sqlite_db_list(struct tacit_sqlite_db *db, struct tacit_lister *lister)
{
	sqlite3_stmt *statement = db->statements[TACIT_SQLITE_POSITIONS_SELECT];
	tacit_err err = list_streams(db, lister);
	int rc;

	while (err == TACIT_OK && sqlite3_step(statement) == SQLITE_ROW)
		err = tacit_lister_reader(lister, text_of(statement, 0), text_of(statement, 1),
		    (uint64_t)sqlite3_column_int64(statement, 2));
	rc = sqlite3_reset(statement);
	return err != TACIT_OK ? err : running_err(db, rc);
}
