/*
 * support/file_faults.h: stands between the program under test and the system's calls that change
 * files: notes them, lets the nth fail, or ends the process before it (in the midst of it, if it
 * writes).  One source file of a test includes this; the linker does the rest.
 */
#ifndef TACIT_TESTS_FILE_FAULTS_H
#define TACIT_TESTS_FILE_FAULTS_H

#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FAULTS_KILLED 77 /* status of a process that was ended */

/* the call that is struck, counted from 1; 0: none */
static unsigned faults_at;
static bool faults_kill; /* end the process, or else fail with faults_errno */
static int faults_errno;
static char faults_only; /* these calls alone are noted and struck; 0: all */
static unsigned faults_calls;
/* a letter for each call: write, sync, sync a Folder, rename, link, unlink */
static char faults_trace[256];

static inline void
faults_start(unsigned at, bool kill, int number)
{
	memset(faults_trace, 0, sizeof(faults_trace));
	faults_calls = 0;
	faults_at = at;
	faults_kill = kill;
	faults_errno = number;
}

/* whether this call is to fail */
static inline bool
faults_strike(char letter)
{
	if (faults_only != 0 && faults_only != letter)
		return false;
	if (faults_calls < sizeof(faults_trace) - 1)
		faults_trace[faults_calls] = letter;
	if (++faults_calls != faults_at)
		return false;
	if (faults_kill)
		_exit(FAULTS_KILLED);
	errno = faults_errno;
	return true;
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	union {
		const void *from;
		void *base;
	} u = {bytes};
	struct iovec whole = {u.base, len}, half = {u.base, len / 2};

	if (faults_kill && faults_calls + 1 == faults_at)
		(void)!writev(fd, &half, 1);
	return faults_strike('w') ? -1 : writev(fd, &whole, 1);
}

int
fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return faults_strike(S_ISDIR(st.st_mode) ? 'F' : 's') ? -1 : fdatasync(fd);
}

int
rename(const char *from, const char *to)
{
	return faults_strike('r') ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
link(const char *from, const char *to)
{
	return faults_strike('l') ? -1 : linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	return faults_strike('u') ? -1 : unlinkat(AT_FDCWD, path, 0);
}

#endif
