#include "store/sqlite_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

struct path {
	char text[PATH_MAX];
};

static tacit_err
err_of(int number)
{
	switch (number) {
	case EACCES:
	case EPERM:
	case EROFS:
		return TACIT_EDENIED;
	case ENOTDIR:
	case EISDIR:
	case ENAMETOOLONG:
	case ELOOP:
	case ENOENT:
		return TACIT_EINVAL;
	case ENOSPC:
	case EDQUOT:
		return TACIT_ENOSPACE;
	case ENOMEM:
		return TACIT_ENOMEM;
	default:
		return TACIT_EIO;
	}
}

/* says what the system call that set errno could not do */
static tacit_err
say_errno(struct tacit_sqlite_text text, const char *what, const char *path)
{
	int number = errno;

	snprintf(text.bytes, text.cap, "%s %s: %s", what, path, strerror(number));
	return err_of(number);
}

static tacit_err
join(struct path *ret, const char *folder, const char *file, struct tacit_sqlite_text text)
{
	int len = snprintf(ret->text, sizeof(ret->text), "%s/%s", folder, file);

	if (len > 0 && (size_t)len < sizeof(ret->text))
		return TACIT_OK;
	errno = ENAMETOOLONG;
	return say_errno(text, "cannot use the store's folder", folder);
}

/* a new name in a folder is on disk when the folder was synced */
static tacit_err
sync_folder(const char *path, struct tacit_sqlite_text text)
{
	tacit_err err = TACIT_OK;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* some file systems cannot, and then need not */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP))
		err = say_errno(text, "cannot use the folder", path);
	if (fd >= 0)
		close(fd);
	return err;
}

static tacit_err
parent_of(struct path *ret, const char *folder, struct tacit_sqlite_text text)
{
	char *slash;
	tacit_err err = join(ret, folder, "", text);
	size_t len = strlen(ret->text);

	if (err != TACIT_OK)
		return err;
	while (len > 1 && ret->text[len - 1] == '/')
		ret->text[--len] = '\0';
	if ((slash = strrchr(ret->text, '/')) == NULL)
		snprintf(ret->text, sizeof(ret->text), ".");
	else
		slash[slash == ret->text ? 1 : 0] = '\0';
	return TACIT_OK;
}

static tacit_err
make_folder(const char *folder, struct tacit_sqlite_text text)
{
	struct path parent = {""}, grandparent = {""};
	tacit_err err;

	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return TACIT_OK;
	if (errno != ENOENT)
		return say_errno(text, "cannot make the store's folder", folder);
	if ((err = parent_of(&parent, folder, text)) != TACIT_OK ||
	    (err = parent_of(&grandparent, parent.text, text)) != TACIT_OK)
		return err;
	if ((mkdir(parent.text, 0700) != 0 && errno != EEXIST) || mkdir(folder, 0700) != 0)
		return say_errno(text, "cannot make the store's folder", folder);
	return sync_folder(grandparent.text, text);
}

static tacit_err
lock_folder(const char *folder, int *ret, struct tacit_sqlite_text text)
{
	struct path path = {""};
	tacit_err err = join(&path, folder, "lock", text);
	int fd;

	if (err != TACIT_OK)
		return err;
	if ((fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		return say_errno(text, "cannot write to the store's folder:", path.text);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*ret = fd;
		return TACIT_OK;
	}
	if (errno == EWOULDBLOCK) {
		snprintf(text.bytes, text.cap,
		    "the store %s is in use by another hub; stop that one, or give this one a"
		    " folder of its own",
		    folder);
		err = TACIT_EBUSY;
	} else
		err = say_errno(text, "cannot lock", path.text);
	close(fd);
	return err;
}

/* SQLite would make the file readable for all */
static tacit_err
make_file(const char *path, struct tacit_sqlite_text text)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return say_errno(text, "cannot open the store's database", path);
	close(fd);
	return TACIT_OK;
}

tacit_err
tacit_sqlite_folder_open(const char *folder, struct tacit_sqlite_db *ret_db, int *ret_lock,
    struct tacit_sqlite_text text)
{
	char detail[256] = "";
	struct tacit_sqlite_text about = {detail, sizeof(detail)};
	struct tacit_sqlite_db db;
	struct path path = {""}, parent = {""};
	tacit_err err;
	int lock = -1;

	if ((err = parent_of(&parent, folder, text)) != TACIT_OK ||
	    (err = make_folder(folder, text)) != TACIT_OK ||
	    (err = lock_folder(folder, &lock, text)) != TACIT_OK)
		return err;
	if ((err = join(&path, folder, "streams.db", text)) != TACIT_OK ||
	    (err = make_file(path.text, text)) != TACIT_OK ||
	    (err = sync_folder(folder, text)) != TACIT_OK ||
	    (err = sync_folder(parent.text, text)) != TACIT_OK)
		goto done;
	if ((err = tacit_sqlite_db_open(&db, path.text, about)) != TACIT_OK) {
		tacit_sqlite_db_close(&db);
		snprintf(text.bytes, text.cap, "cannot open the store %s: %s", folder, detail);
		goto done;
	}
	*ret_db = db;
	*ret_lock = lock;
done:
	if (err != TACIT_OK)
		close(lock);
	return err;
}

/* says what the system call that set errno could not find */
static tacit_err
say_missing(struct tacit_sqlite_text text, const char *what, const char *path)
{
	if (errno != ENOENT)
		return say_errno(text, "cannot read the store", path);
	snprintf(text.bytes, text.cap, "%s %s", what, path);
	return TACIT_ENOTFOUND;
}

tacit_err
tacit_sqlite_folder_look(const char *folder, char **ret_path, struct tacit_sqlite_text text)
{
	char detail[256] = "";
	struct tacit_sqlite_text about = {detail, sizeof(detail)};
	struct tacit_sqlite_db db;
	struct path path = {""};
	tacit_err err;

	if ((err = join(&path, folder, "streams.db", text)) != TACIT_OK)
		return err;
	if (access(folder, F_OK) != 0)
		return say_missing(text, "there is no folder", folder);
	if (access(path.text, R_OK) != 0)
		return say_missing(text, "no hub keeps streams there: there is no", path.text);
	err = tacit_sqlite_db_open_reading(&db, path.text, about);
	tacit_sqlite_db_close(&db);
	if (err != TACIT_OK) {
		snprintf(text.bytes, text.cap, "cannot read the store %s: %s", folder, detail);
		return err;
	}
	*ret_path = tacit_strdup(path.text);
	return *ret_path != NULL ? TACIT_OK : TACIT_ENOMEM;
}
