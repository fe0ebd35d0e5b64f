/*
 * store/sqlite.h: the embedded store: a folder with one SQLite database (DESIGN.md, "Stores").
 *
 * A confirmed append is on the disk: its transaction was synced.  Appends that come in while a sync
 * runs share the next one.  Indexes are dense, from 0, and never given out twice, except one whose
 * append was not confirmed.  All work on the database happens on one thread of the store's own.
 *
 * A full disk fails the appends of the moment with TACIT_ENOSPACE and changes nothing else: the
 * store goes on, and appends succeed again once there is room.  When the system cannot say whether
 * a sync reached the disk, the appends of its transaction get TACIT_EUNCONFIRMED.
 *
 * The folder: lock (held with flock while the store is open), streams.db and what SQLite puts
 * beside it.  Other programs may read the database meanwhile (`sqlite3 streams.db`).
 */
#ifndef TACIT_STORE_SQLITE_H
#define TACIT_STORE_SQLITE_H

#include "stream/store.h"

/*
 * tacit_store_sqlite_open: opens the store in folder, which is made, with its parent, if missing.
 *
 * On an error text[cap] says for people what is wrong and what to do.  Blocks.
 *
 * Gives:  *ret, free with its ops->free, which finishes what is under way.
 * Errors: TACIT_EBUSY (in use by another hub), TACIT_EDENIED (not writable), TACIT_EINVAL (not a
 *         folder), TACIT_EFORMAT (damaged, or not a store), TACIT_EUNSUPPORTED (of a newer
 *         version), TACIT_ENOSPACE, TACIT_EIO, TACIT_ENOMEM.
 */
TACIT_MUST_USE tacit_err tacit_store_sqlite_open(
    const char *folder, struct tacit_store **ret, char *text, size_t cap);

/*
 * tacit_store_sqlite_read: opens the store in folder for reading only, beside a hub that has it or
 * not; takes no lock and changes nothing.  (Only where a database lies there with a log and without
 * the shared memory of its hub, as some copies do, SQLite makes that file again.)
 *
 * Such a store refuses to create and to append with TACIT_EDENIED, keeps no positions, and lets no
 * read wait: at the end it answers with nothing.
 *
 * Gives and text as above.
 * Errors: TACIT_ENOTFOUND (no folder, no database, or no tables in it), TACIT_EDENIED,
 *         TACIT_EINVAL, TACIT_EFORMAT, TACIT_EUNSUPPORTED, TACIT_EIO, TACIT_ENOMEM.
 */
TACIT_MUST_USE tacit_err tacit_store_sqlite_read(
    const char *folder, struct tacit_store **ret, char *text, size_t cap);

#endif
