/*
 * node/small_file.h: small files that matter: read with suspicion, and replaced as a whole, so that
 * whatever happens the old one or the new one is there.
 *
 * To change PATH one holds `PATH.new`, locked: what is written there becomes PATH by a rename.
 * Programs that change the same file wait for each other by that lock; whoever only reads does not.
 * A `PATH.new` that a crash left behind is nobody's, and goes with the next change; so no PATH ends
 * in `.new`.
 */
#ifndef TACIT_NODE_SMALL_FILE_H
#define TACIT_NODE_SMALL_FILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "tacit/err.h"

/* whose a file has to be */
enum tacit_file_care {
	TACIT_FILE_SECRET, /* ours, nobody else can read it, no symbolic link */
	TACIT_FILE_OURS,   /* ours, nobody else can write to it, no symbolic link */
	TACIT_FILE_GIVEN,  /* ours or root's, nobody else can write to it */
};

/* a sentence for the user, with the file's name in it */
struct tacit_file_text {
	char bytes[512];
};

/*
 * Reads the whole file.
 * Errors, each with its text: TACIT_ENOTFOUND (no such file), TACIT_EDENIED (not ours, or open to
 * others), TACIT_EINVAL (no regular file, a symbolic link), TACIT_ELIMIT (more than cap bytes),
 * TACIT_EIO
 */
TACIT_MUST_USE tacit_err tacit_file_read(const char *path, enum tacit_file_care care, void *ret,
    size_t cap, size_t *ret_len, struct tacit_file_text *text);
/* the same into memory of its own: gives *ret, tacit_free().  Errors: also TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_file_load(const char *path, enum tacit_file_care care, size_t cap,
    char **ret, size_t *ret_len, struct tacit_file_text *text);

struct tacit_file_change {
	const char *path; /* borrowed */
	char next[PATH_MAX];
	int fd; /* of next, locked; -1: none */
};

/* waits for its turn to change path, TACIT_FILE_LOCK_MS at most.
 * Gives *ret, tacit_file_end().  Errors, with text: TACIT_EBUSY, TACIT_EDENIED, TACIT_EINVAL,
 * TACIT_ENOTFOUND (no such folder), TACIT_ENOSPACE, TACIT_EIO */
TACIT_MUST_USE tacit_err tacit_file_begin(
    const char *path, struct tacit_file_change *ret, struct tacit_file_text *text);
/* On disk, with mode 0600, when it returns TACIT_OK.  Once per change.  Errors, with text:
 * TACIT_ENOSPACE, TACIT_EDENIED, TACIT_EIO; the file is then as it was, or has the new contents as
 * a whole, and which of them a power cut may yet decide */
TACIT_MUST_USE tacit_err tacit_file_replace(
    struct tacit_file_change *change, const void *bytes, size_t len, struct tacit_file_text *text);
/* the same for a file that may not be there.  Errors: also TACIT_EEXIST */
TACIT_MUST_USE tacit_err tacit_file_create(
    struct tacit_file_change *change, const void *bytes, size_t len, struct tacit_file_text *text);
/* lets the next one have its turn; what was not committed is gone */
void tacit_file_end(struct tacit_file_change *change);

#endif
