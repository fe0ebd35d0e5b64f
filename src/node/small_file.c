#include "node/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

static tacit_err
err_of(int number)
{
	switch (number) {
	case ENOENT:
		return TACIT_ENOTFOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return TACIT_EDENIED;
	case ENOTDIR:
	case EISDIR:
	case ENAMETOOLONG:
	case ELOOP:
	case ENXIO:
		return TACIT_EINVAL;
	case ENOSPC:
	case EDQUOT:
		return TACIT_ENOSPACE;
	case EEXIST:
		return TACIT_EEXIST;
	default:
		return TACIT_EIO;
	}
}

/* says what the system call that set errno could not do */
static tacit_err
say_errno(struct tacit_file_text *text, const char *what, const char *path)
{
	int number = errno;

	snprintf(text->bytes, sizeof(text->bytes), "cannot %s %s: %s", what, path,
	    number == ELOOP ? "it is a symbolic link: name the file itself" : strerror(number));
	return err_of(number);
}

static tacit_err
say(struct tacit_file_text *text, tacit_err err, const char *path, const char *what)
{
	snprintf(text->bytes, sizeof(text->bytes), "%s %s", path, what);
	return err;
}

/* whether the file behind fd is what care wants */
static tacit_err
look(int fd, const char *path, enum tacit_file_care care, struct tacit_file_text *text)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return say_errno(text, "look at", path);
	if (!S_ISREG(st.st_mode))
		return say(text, TACIT_EINVAL, path, "is not a regular file");
	if (st.st_uid != geteuid() && (care != TACIT_FILE_GIVEN || st.st_uid != 0))
		return say(text, TACIT_EDENIED, path,
		    "belongs to somebody else: its owner could have put anything there; use a file "
		    "of your own");
	if (care == TACIT_FILE_SECRET && (st.st_mode & 077) != 0)
		return say(text, TACIT_EDENIED, path,
		    "is open to others: if nobody can have read or changed it, close it with "
		    "chmod 600");
	if ((st.st_mode & 022) != 0)
		return say(text, TACIT_EDENIED, path,
		    "can be written by others: check what it says, then close it with chmod go-w");
	return TACIT_OK;
}

/* up to cap bytes, to the end of the file */
static tacit_err
read_all(int fd, const char *path, uint8_t *ret, size_t cap, size_t *ret_len,
    struct tacit_file_text *text)
{
	size_t len = 0;

	for (;;) {
		uint8_t beyond;
		ssize_t n = len < cap ? read(fd, ret + len, cap - len) : read(fd, &beyond, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return say_errno(text, "read", path);
		if (n == 0)
			break;
		if (len == cap)
			return say(text, TACIT_ELIMIT, path, "is too big: it is another file");
		len += (size_t)n;
	}
	*ret_len = len;
	return TACIT_OK;
}

/* a file that is what care wants, to be closed */
static tacit_err
open_file(const char *path, enum tacit_file_care care, int *ret, struct tacit_file_text *text)
{
	/* a fifo or a terminal may not stop us */
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, care == TACIT_FILE_GIVEN ? flags : flags | O_NOFOLLOW);
	tacit_err err;

	if (fd < 0)
		return say_errno(text, "open", path);
	if ((err = look(fd, path, care, text)) == TACIT_OK)
		*ret = fd;
	else
		close(fd);
	return err;
}

tacit_err
tacit_file_read(const char *path, enum tacit_file_care care, void *ret, size_t cap, size_t *ret_len,
    struct tacit_file_text *text)
{
	int fd;
	tacit_err err = open_file(path, care, &fd, text);

	if (err != TACIT_OK)
		return err;
	err = read_all(fd, path, ret, cap, ret_len, text);
	close(fd);
	return err;
}

tacit_err
tacit_file_load(const char *path, enum tacit_file_care care, size_t cap, char **ret,
    size_t *ret_len, struct tacit_file_text *text)
{
	struct stat st;
	char *bytes = NULL;
	int fd;
	tacit_err err = open_file(path, care, &fd, text);

	if (err != TACIT_OK)
		return err;
	if (fstat(fd, &st) != 0)
		err = say_errno(text, "look at", path);
	else if (st.st_size > (off_t)cap)
		err = say(text, TACIT_ELIMIT, path, "is too big: it is another file");
	else if ((bytes = tacit_alloc((size_t)st.st_size)) == NULL)
		err = say(text, TACIT_ENOMEM, path, "cannot be read: not enough memory");
	else
		err = read_all(fd, path, (uint8_t *)bytes, (size_t)st.st_size, ret_len, text);
	close(fd);
	if (err == TACIT_OK)
		*ret = bytes;
	else
		tacit_free(bytes);
	return err;
}

/* changing ------------------------------------------------------------------------------------- */

/* Whether the file that we locked is still the one at next, and new.  Somebody may have renamed it
 * before we had the lock; one with bytes or a second name was left behind by a crash, perhaps with
 * PATH itself as the other name: it goes, and is never written to. */
static bool
is_still_next(const struct tacit_file_change *change)
{
	struct stat ours, there;

	if (fstat(change->fd, &ours) != 0 || lstat(change->next, &there) != 0 ||
	    ours.st_ino != there.st_ino || ours.st_dev != there.st_dev)
		return false;
	if (ours.st_size == 0 && ours.st_nlink == 1)
		return true;
	unlink(change->next);
	return false;
}

static void
let_go(struct tacit_file_change *change)
{
	if (change->fd >= 0)
		close(change->fd);
	change->fd = -1;
}

/* one attempt; TACIT_EBUSY: try again */
static tacit_err
try_begin(struct tacit_file_change *change, struct tacit_file_text *text)
{
	tacit_err err = TACIT_EBUSY;

	change->fd = open(
	    change->next, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (change->fd < 0)
		return say_errno(text, "write", change->next);
	if ((err = look(change->fd, change->next, TACIT_FILE_SECRET, text)) != TACIT_OK) {
		let_go(change);
		return err;
	}
	if (flock(change->fd, LOCK_EX | LOCK_NB) != 0)
		err = errno == EWOULDBLOCK || errno == EINTR
			  ? TACIT_EBUSY
			  : say_errno(text, "lock", change->next);
	else if (!is_still_next(change))
		err = TACIT_EBUSY;
	if (err != TACIT_OK)
		let_go(change);
	return err;
}

tacit_err
tacit_file_begin(const char *path, struct tacit_file_change *ret, struct tacit_file_text *text)
{
	const struct timespec nap = {0, 5000000};
	int len = snprintf(ret->next, sizeof(ret->next), "%s.new", path);
	tacit_err err = TACIT_EBUSY;

	ret->path = path;
	ret->fd = -1;
	if (len < 0 || (size_t)len >= sizeof(ret->next))
		return say(text, TACIT_EINVAL, path, "is too long a name");
	/* the next change of the other file would take it for what a crash left behind */
	if (len >= 8 && memcmp(ret->next + len - 8, ".new", 4) == 0)
		return say(text, TACIT_EINVAL, path,
		    "would be lost when the file without .new changes: take another name");
	for (unsigned ms = 0; err == TACIT_EBUSY && ms < TACIT_FILE_LOCK_MS; ms += 5) {
		if ((err = try_begin(ret, text)) == TACIT_EBUSY)
			(void)nanosleep(&nap, NULL);
	}
	if (err == TACIT_EBUSY)
		return say(text, err, path,
		    "is being changed by another program, which does not come to an end: end it, "
		    "and try again");
	return err;
}

static tacit_err
write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TACIT_EIO;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0 ? TACIT_OK : TACIT_EIO;
}

/* a name in a folder is on disk when the folder was synced */
static tacit_err
sync_folder(const char *path, struct tacit_file_text *text)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
	tacit_err err = TACIT_OK;
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", len, slash == NULL ? "." : path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* some file systems cannot, and then need not */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP))
		err = say_errno(text, "write to the folder", folder);
	if (fd >= 0)
		close(fd);
	return err;
}

tacit_err
tacit_file_replace(
    struct tacit_file_change *change, const void *bytes, size_t len, struct tacit_file_text *text)
{
	if (fchmod(change->fd, 0600) != 0 || write_all(change->fd, bytes, len) != TACIT_OK)
		return say_errno(text, "write", change->next);
	if (rename(change->next, change->path) != 0)
		return say_errno(text, "replace", change->path);
	/* whoever makes the next one needs no turn of ours any more */
	let_go(change);
	return sync_folder(change->path, text);
}

tacit_err
tacit_file_create(
    struct tacit_file_change *change, const void *bytes, size_t len, struct tacit_file_text *text)
{
	if (fchmod(change->fd, 0600) != 0 || write_all(change->fd, bytes, len) != TACIT_OK)
		return say_errno(text, "write", change->next);
	/* a rename would overwrite */
	if (link(change->next, change->path) != 0)
		return say_errno(text, "make", change->path);
	tacit_file_end(change);
	return sync_folder(change->path, text);
}

void
tacit_file_end(struct tacit_file_change *change)
{
	if (change->fd >= 0)
		unlink(change->next);
	let_go(change);
}
