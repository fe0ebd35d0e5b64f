#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "output_file.h"

/* short lines share a write of so much, when they come together */
#define BYTES_CAP ((size_t)64 << 10)
/* what is made printable at a time */
#define PRINTED_LEN ((size_t)1 << 10)
/* between looks whether somebody reads a named pipe */
#define READER_MS 50

static bool
fail(struct tacit_cli_output *output, const char *what, const char *name, int error)
{
	snprintf(output->why, sizeof(output->why), "cannot %s %s: %s", what, name, strerror(error));
	return false;
}

/* opening --------------------------------------------------------------------------------------- */

/* Opening a named pipe would wait for its reader, and with it the node. */
static bool
open_directly(struct tacit_cli_output *output, const char *path, bool is_pipe)
{
	struct tacit_node *node = output->party->node;

	for (;;) {
		output->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (output->fd >= 0)
			return true;
		if (!is_pipe || errno != ENXIO)
			return fail(output, "write", path, errno);
		if (tacit_node_wait(node, NULL, NULL, READER_MS) != TACIT_ETIMEDOUT)
			return false;
	}
}

static bool
open_named(struct tacit_cli_output *output, const char *path)
{
	struct stat st;

	output->name = path;
	if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) {
		if (tacit_cli_part_open(output, path))
			return true;
	} else if (S_ISDIR(st.st_mode)) {
		fail(output, "write", path, EISDIR);
	} else if (open_directly(output, path, S_ISFIFO(st.st_mode))) {
		return true;
	}
	return output->why[0] != '\0' &&
	       tacit_cli_party_fail(output->party, STATUS_FAILED, "%s", output->why);
}

/* Standard output's flags are other processes' as well, so it stays as blocking as it is; what the
 * system opens once more for us need not be. */
static bool
open_standard(struct tacit_cli_output *output)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL), fd;
	struct stat st;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(STDOUT_FILENO, &st) != 0)
		return tacit_cli_party_fail(output->party, STATUS_FAILED, "cannot write %s: %s",
		    output->name, strerror(EBADF));
	/* what has a position has it in this descriptor only */
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return true;
	fd = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	output->shared = fd < 0;
	if (fd >= 0)
		output->fd = fd;
	return true;
}

bool
tacit_cli_output_open(struct tacit_cli_party *party, const char *path, struct tacit_cli_output *ret)
{
	bool named = path != NULL && strcmp(path, "-") != 0;

	*ret = (struct tacit_cli_output){
	    .party = party, .name = "standard output", .fd = STDOUT_FILENO};
	if (!tacit_cli_party_good(party))
		return false;
	if ((ret->bytes = malloc(BYTES_CAP + TACIT_CLI_PRINTABLE_CAP(PRINTED_LEN))) == NULL)
		return tacit_cli_party_fail(party, STATUS_FAILED, "out of memory");
	if (!(named ? open_named(ret, path) : open_standard(ret))) {
		tacit_cli_output_close(ret);
		return false;
	}
	ret->terminal = isatty(ret->fd) != 0;
	return true;
}

/* writing --------------------------------------------------------------------------------------- */

static bool
wait_for_room(struct tacit_cli_output *output)
{
	return tacit_node_wait_fd(output->party->node, output->fd, TACIT_FD_WRITE, TACIT_FOREVER) ==
	       TACIT_OK;
}

/* whether a write of PIPE_BUF bytes does not block */
static bool
is_ready(struct tacit_cli_output *output)
{
	struct pollfd polled = {.fd = output->fd, .events = POLLOUT};

	return !output->shared || poll(&polled, 1, 0) > 0 || wait_for_room(output);
}

static bool
write_all(struct tacit_cli_output *output, const char *bytes, size_t len)
{
	size_t most = output->shared ? PIPE_BUF : SSIZE_MAX;

	output->why[0] = '\0';
	while (len > 0) {
		ssize_t n;

		if (!is_ready(output))
			return false;
		n = write(output->fd, bytes, len < most ? len : most);
		if (n < 0 && errno == EAGAIN) {
			if (!wait_for_room(output))
				return false;
		} else if (n < 0 && errno != EINTR) {
			return fail(output, "write",
			    output->part != NULL ? output->part : output->name, errno);
		} else if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return true;
}

bool
tacit_cli_output_flush(struct tacit_cli_output *output)
{
	size_t len = output->len;

	output->len = 0;
	return write_all(output, output->bytes, len);
}

static bool
write_printable(struct tacit_cli_output *output, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t n = len < PRINTED_LEN ? len : PRINTED_LEN;

		output->len +=
		    tacit_cli_printable(&output->printable, bytes, n, output->bytes + output->len);
		if (!tacit_cli_output_flush(output))
			return false;
		bytes += n;
		len -= n;
	}
	return true;
}

bool
tacit_cli_output_write(struct tacit_cli_output *output, const void *bytes, size_t len)
{
	if (output->terminal)
		return write_printable(output, bytes, len);
	if (len > BYTES_CAP - output->len && !tacit_cli_output_flush(output))
		return false;
	if (len >= BYTES_CAP / 2)
		return tacit_cli_output_flush(output) && write_all(output, bytes, len);
	if (len > 0)
		memcpy(output->bytes + output->len, bytes, len);
	output->len += len;
	return true;
}

bool
tacit_cli_output_begin(struct tacit_cli_output *output)
{
	return output->part == NULL || tacit_cli_part_begin(output);
}

/* a file system on another machine may tell only now that it had no room */
static bool
close_copy(struct tacit_cli_output *output)
{
	int fd = fcntl(output->fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 || close(fd) == 0 || fail(output, "write", output->name, errno);
}

bool
tacit_cli_output_finish(struct tacit_cli_output *output)
{
	if (output->terminal)
		output->len +=
		    tacit_cli_printable_end(&output->printable, output->bytes + output->len);
	return tacit_cli_output_flush(output) &&
	       (output->part != NULL ? tacit_cli_part_finish(output) : close_copy(output));
}

void
tacit_cli_output_close(struct tacit_cli_output *output)
{
	if (output->part != NULL)
		tacit_cli_part_close(output);
	if (output->fd > STDERR_FILENO)
		close(output->fd);
	output->fd = -1;
	free(output->bytes);
	free(output->path);
	free(output->part);
	output->bytes = output->path = output->part = NULL;
}
