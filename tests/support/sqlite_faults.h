/*
 * support/sqlite_faults.h: a layer between SQLite and the system that counts writes and syncs and
 * lets them fail: full disks and broken ones, for tests, without needing any.
 *
 * sqlite_faults_install() once; the switches may be set at any time.
 */
#ifndef TACIT_TESTS_SQLITE_FAULTS_H
#define TACIT_TESTS_SQLITE_FAULTS_H

#include "support/unit.h"

#include <stdatomic.h>

#include <sqlite3.h>

/* codes that writes and syncs return; 0 is off */
static atomic_int faults_write, faults_sync;
/* syncs so far, and writes to the log since it was last synced */
static atomic_int faults_syncs, faults_unsynced;

struct faults_file {
	sqlite3_file base;
	bool log;
	sqlite3_file *real;
};

static sqlite3_vfs *faults_real;

static struct faults_file *
faults_of(sqlite3_file *file)
{
	return (struct faults_file *)(void *)file;
}

#define FAULTS_FORWARD0(name, method)                       \
	static int name(sqlite3_file *file)                 \
	{                                                   \
		sqlite3_file *real = faults_of(file)->real; \
		return real->pMethods->method(real);        \
	}
#define FAULTS_FORWARD1(name, method, type)                 \
	static int name(sqlite3_file *file, type a)         \
	{                                                   \
		sqlite3_file *real = faults_of(file)->real; \
		return real->pMethods->method(real, a);     \
	}

FAULTS_FORWARD0(faults_close, xClose)
FAULTS_FORWARD0(faults_sector_size, xSectorSize)
FAULTS_FORWARD0(faults_device, xDeviceCharacteristics)
FAULTS_FORWARD1(faults_truncate, xTruncate, sqlite3_int64)
FAULTS_FORWARD1(faults_file_size, xFileSize, sqlite3_int64 *)
FAULTS_FORWARD1(faults_lock, xLock, int)
FAULTS_FORWARD1(faults_unlock, xUnlock, int)
FAULTS_FORWARD1(faults_reserved, xCheckReservedLock, int *)
FAULTS_FORWARD1(faults_shm_unmap, xShmUnmap, int)

static int
faults_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 offset)
{
	sqlite3_file *real = faults_of(file)->real;

	return real->pMethods->xRead(real, bytes, len, offset);
}

static int
faults_do_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset)
{
	sqlite3_file *real = faults_of(file)->real;

	if (faults_write != 0)
		return faults_write;
	if (faults_of(file)->log)
		faults_unsynced++;
	return real->pMethods->xWrite(real, bytes, len, offset);
}

static int
faults_do_sync(sqlite3_file *file, int flags)
{
	sqlite3_file *real = faults_of(file)->real;

	if (faults_sync != 0)
		return faults_sync;
	faults_syncs++;
	if (faults_of(file)->log)
		faults_unsynced = 0;
	return real->pMethods->xSync(real, flags);
}

static int
faults_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = faults_of(file)->real;

	return real->pMethods->xFileControl(real, op, arg);
}

static int
faults_shm_map(sqlite3_file *file, int page, int len, int extend, void volatile **ret)
{
	sqlite3_file *real = faults_of(file)->real;

	return real->pMethods->xShmMap(real, page, len, extend, ret);
}

static int
faults_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	sqlite3_file *real = faults_of(file)->real;

	return real->pMethods->xShmLock(real, offset, n, flags);
}

static void
faults_shm_barrier(sqlite3_file *file)
{
	sqlite3_file *real = faults_of(file)->real;

	real->pMethods->xShmBarrier(real);
}

static const sqlite3_io_methods faults_methods = {
    .iVersion = 2,
    .xClose = faults_close,
    .xRead = faults_read,
    .xWrite = faults_do_write,
    .xTruncate = faults_truncate,
    .xSync = faults_do_sync,
    .xFileSize = faults_file_size,
    .xLock = faults_lock,
    .xUnlock = faults_unlock,
    .xCheckReservedLock = faults_reserved,
    .xFileControl = faults_control,
    .xSectorSize = faults_sector_size,
    .xDeviceCharacteristics = faults_device,
    .xShmMap = faults_shm_map,
    .xShmLock = faults_shm_lock,
    .xShmBarrier = faults_shm_barrier,
    .xShmUnmap = faults_shm_unmap,
};

static int
faults_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct faults_file *mine = faults_of(file);
	int rc;

	(void)vfs;
	mine->real = (sqlite3_file *)(void *)(mine + 1);
	mine->log = (flags & SQLITE_OPEN_WAL) != 0;
	rc = faults_real->xOpen(faults_real, name, mine->real, flags, ret_flags);
	/* SQLite closes a file that has methods, even when its opening failed */
	mine->base.pMethods = mine->real->pMethods != NULL ? &faults_methods : NULL;
	return rc;
}

static void
sqlite_faults_install(void)
{
	static sqlite3_vfs mine;

	faults_real = sqlite3_vfs_find(NULL);
	mine = *faults_real;
	mine.zName = "faults";
	mine.pNext = NULL;
	mine.szOsFile += (int)sizeof(struct faults_file);
	mine.xOpen = faults_open;
	assert_int_equal(sqlite3_vfs_register(&mine, 1), SQLITE_OK);
}

#endif
