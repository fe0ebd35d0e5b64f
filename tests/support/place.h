/*
 * support/place.h: a folder of a test's own, and what a test does to files in it.
 */
#ifndef TACIT_TESTS_PLACE_H
#define TACIT_TESTS_PLACE_H

#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char folder[64];
	char file[96]; /* a name in it, of nothing yet */
};

static inline void
place_init(struct place *place, const char *name)
{
	snprintf(place->folder, sizeof(place->folder), "/tmp/tacit-test-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->file, sizeof(place->file), "%s/%s", place->folder, name);
}

/* entries of the folder; removes them if so asked */
static inline unsigned
place_count(const struct place *place, bool remove)
{
	DIR *dir = opendir(place->folder);
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		count++;
		if (remove)
			assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	}
	closedir(dir);
	return count;
}

static inline void
place_fini(struct place *place)
{
	(void)place_count(place, true);
	assert_int_equal(rmdir(place->folder), 0);
}

static inline size_t
place_read(const char *path, void *ret, size_t cap)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	assert_non_null(file);
	len = fread(ret, 1, cap, file);
	fclose(file);
	return len;
}

/* with mode 0600 if it is new */
static inline void
place_write(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FILE *file = fdopen(fd, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline mode_t
place_mode(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

#endif
