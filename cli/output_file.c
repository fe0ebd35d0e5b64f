#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* somebody else's file may be renamed between our open and our lock */
#define TRIES_MAX 16

static bool
fail(struct tacit_cli_output *output, const char *what, const char *name, const char *reason)
{
	snprintf(output->why, sizeof(output->why), "cannot %s %s: %s", what, name, reason);
	return false;
}

/* Where the bytes are to be in the end: what a symbolic link leads to is replaced, and not the link,
 * which may be /dev/stdout; one that leads nowhere is a name like any other. */
static bool
find_names(struct tacit_cli_output *output, const char *path)
{
	output->path = realpath(path, NULL);
	if (output->path == NULL && errno == ENOENT)
		output->path = strdup(path);
	if (output->path == NULL)
		return fail(output, "write", path, strerror(errno));
	if (asprintf(&output->part, "%s.part", output->path) < 0) {
		output->part = NULL;
		return fail(output, "write", path, strerror(ENOMEM));
	}
	return true;
}

/* the file, if it is what the name still stands for; -1: somebody else's became another file */
static int
lock(struct tacit_cli_output *output, int fd)
{
	struct stat held, named;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		fail(output, "write", output->part,
		    errno == EWOULDBLOCK ? "another tacit receive is writing it" : strerror(errno));
	} else if (fstat(fd, &held) != 0 || !S_ISREG(held.st_mode)) {
		fail(output, "write", output->part, "it is in the way, and no regular file");
	} else if (held.st_uid != geteuid()) {
		/* its owner could read what comes, and change what FILE becomes */
		fail(output, "write", output->part, "it is in the way, and somebody else's");
	} else if (held.st_nlink > 1) {
		/* as with a symbolic link: what is to be written is not what it was */
		fail(output, "write", output->part, "it is in the way, and has another name");
	} else if (stat(output->part, &named) == 0 && named.st_ino == held.st_ino &&
		   named.st_dev == held.st_dev) {
		output->made = held.st_size == 0;
		return fd;
	}
	close(fd);
	return -1;
}

bool
tacit_cli_part_open(struct tacit_cli_output *output, const char *path)
{
	int fd = -1;

	if (!find_names(output, path))
		return false;
	for (int tries = 0; fd < 0 && output->why[0] == '\0' && tries < TRIES_MAX; tries++) {
		fd = open(output->part,
		    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
		if (fd < 0)
			return fail(output, "write", output->part,
			    errno == ELOOP ? "it is a symbolic link" : strerror(errno));
		fd = lock(output, fd);
	}
	output->fd = fd;
	return fd >= 0 ||
	       (output->why[0] == '\0' && fail(output, "write", output->part, strerror(EBUSY)));
}

/* who could not read the old file shall not read the new one, whosever it was */
bool
tacit_cli_part_begin(struct tacit_cli_output *output)
{
	mode_t mode = 0777;
	struct stat st;

	if (ftruncate(output->fd, 0) != 0)
		return fail(output, "write", output->part, strerror(errno));
	if (stat(output->path, &st) == 0) {
		/* its permissions for a group were meant for that group */
		if (fchown(output->fd, (uid_t)-1, st.st_gid) != 0)
			mode &= ~(mode_t)S_IRWXG;
		if (fchmod(output->fd, st.st_mode & mode) != 0)
			return fail(output, "write", output->part, strerror(errno));
	}
	output->begun = true;
	return true;
}

/* finishing, which may take a disk seconds: on a thread, so that the far end hears of us meanwhile -- */

struct finish {
	struct tacit_cli_output *output;
	int done[2]; /* a pipe whose end tells the node */
	bool good;
};

static bool
sync_folder(struct tacit_cli_output *output)
{
	char *copy = strdup(output->path);
	int fd = copy != NULL ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	/* some file systems sync no folders */
	bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);

	if (!good)
		fail(output, "sync the folder of", output->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(copy);
	return good;
}

/* it has its name already: nothing of it is left that close would have to name */
static bool
become_whole(struct tacit_cli_output *output)
{
	output->begun = output->made = false;
	return sync_folder(output);
}

static void *
run_finish(void *arg)
{
	struct finish *finish = arg;
	struct tacit_cli_output *output = finish->output;

	if (fsync(output->fd) != 0)
		fail(output, "sync", output->part, strerror(errno));
	else if (rename(output->part, output->path) != 0)
		fail(output, "rename to", output->path, strerror(errno));
	else
		finish->good = become_whole(output);
	close(finish->done[1]);
	return NULL;
}

bool
tacit_cli_part_finish(struct tacit_cli_output *output)
{
	struct finish finish = {.output = output};
	struct tacit_node *node = output->party->node;
	pthread_t thread;
	int error;

	if (pipe2(finish.done, O_CLOEXEC) != 0)
		return fail(output, "sync", output->part, strerror(errno));
	if ((error = pthread_create(&thread, NULL, run_finish, &finish)) == 0) {
		/* when it was stopped the file is finished all the same */
		(void)tacit_node_wait_fd(node, finish.done[0], TACIT_FD_READ, TACIT_FOREVER);
		pthread_join(thread, NULL);
	} else {
		fail(output, "sync", output->part, strerror(error));
		close(finish.done[1]);
	}
	close(finish.done[0]);
	if (finish.good) {
		free(output->part);
		output->part = NULL;
	}
	return finish.good;
}

void
tacit_cli_part_close(struct tacit_cli_output *output)
{
	struct stat st;

	if (output->fd < 0)
		return;
	if (fstat(output->fd, &st) != 0 || (!output->begun && !output->made))
		return;
	if (st.st_size == 0)
		(void)unlink(output->part);
	else
		tacit_cli_report_warning(&output->party->report,
		    "%s has the first %lld bytes of what was sent", output->part,
		    (long long)st.st_size);
}
