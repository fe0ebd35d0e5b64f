/*
 * store/sqlite_folder.h: the folder of an embedded store: made, locked, and its database opened.
 */
#ifndef TACIT_STORE_SQLITE_FOLDER_H
#define TACIT_STORE_SQLITE_FOLDER_H

#include "store/sqlite_db.h"

/*
 * Gives:  *ret_db, tacit_sqlite_db_close(); *ret_lock, a descriptor that holds the folder's lock
 *         until it is closed.
 * Errors: those of tacit_store_sqlite_open(), with the text.
 */
TACIT_MUST_USE tacit_err tacit_sqlite_folder_open(const char *folder,
    struct tacit_sqlite_db *ret_db, int *ret_lock, struct tacit_sqlite_text text);

/*
 * For reading only: makes and locks nothing, and opens the database once, to see that it can.
 * Gives:  *ret_path, tacit_free().
 * Errors: those of tacit_store_sqlite_read(), with the text.
 */
TACIT_MUST_USE tacit_err tacit_sqlite_folder_look(
    const char *folder, char **ret_path, struct tacit_sqlite_text text);

#endif
