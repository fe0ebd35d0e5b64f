#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "pipe.h"

/* Bytes asked of the system at once, and sent as one message: with the routes around it, it fills a
 * record of the channel (PROTOCOL.md 8), so that nothing is cut or joined. */
#define READ_LEN 61184u

static bool
fail(struct tacit_cli_input *input, const char *why)
{
	return tacit_cli_party_fail(
	    input->party, STATUS_FAILED, "cannot read %s: %s", input->name, why);
}

/* A named pipe without a writer is opened at once, and waited for with everything else. */
static bool
open_file(struct tacit_cli_input *input, const char *path)
{
	if (path == NULL || strcmp(path, "-") == 0) {
		input->name = "standard input";
		input->fd = STDIN_FILENO;
		return true;
	}
	input->name = path;
	input->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return input->fd >= 0 || fail(input, strerror(errno));
}

static bool
look_at(struct tacit_cli_input *input)
{
	struct stat st;
	off_t at;

	if (fstat(input->fd, &st) != 0)
		return fail(input, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fail(input, strerror(EISDIR));
	input->terminal = isatty(input->fd) != 0;
	input->size = TACIT_CLI_PIPE_UNKNOWN;
	if (S_ISREG(st.st_mode) && (at = lseek(input->fd, 0, SEEK_CUR)) >= 0 && st.st_size >= at)
		input->size = (uint64_t)(st.st_size - at);
	input->cap = 1 + READ_LEN;
	if ((input->bytes = malloc(input->cap)) == NULL)
		return fail(input, strerror(ENOMEM));
	input->start = input->scanned = input->end = 1;
	return true;
}

bool
tacit_cli_input_open(
    struct tacit_cli_party *party, const char *path, bool lines, struct tacit_cli_input *ret)
{
	*ret = (struct tacit_cli_input){.party = party, .lines = lines, .fd = -1};
	if (!tacit_cli_party_good(party))
		return false;
	if (open_file(ret, path) && look_at(ret))
		return true;
	tacit_cli_input_close(ret);
	return false;
}

void
tacit_cli_input_close(struct tacit_cli_input *input)
{
	free(input->bytes);
	input->bytes = NULL;
	if (input->fd > STDERR_FILENO)
		close(input->fd);
	input->fd = -1;
}

/* room for READ_LEN bytes behind what is there */
static bool
make_room(struct tacit_cli_input *input)
{
	size_t len = input->end - input->start, cap = input->cap;
	char *bytes;

	if (len == 0 || input->cap - input->end < READ_LEN) {
		memmove(input->bytes + 1, input->bytes + input->start, len);
		input->scanned -= input->start - 1;
		input->start = 1;
		input->end = 1 + len;
	}
	while (cap - input->end < READ_LEN)
		cap *= 2;
	if (cap == input->cap)
		return true;
	if ((bytes = realloc(input->bytes, cap)) == NULL)
		return fail(input, strerror(ENOMEM));
	input->bytes = bytes;
	input->cap = cap;
	return true;
}

/* waits until there is something, and reads it */
static bool
read_more(struct tacit_cli_input *input)
{
	struct tacit_node *node = input->party->node;
	ssize_t n;

	if (!make_room(input))
		return false;
	do {
		if (tacit_node_wait_fd(node, input->fd, TACIT_FD_READ, TACIT_FOREVER) != TACIT_OK)
			return false;
		n = read(input->fd, input->bytes + input->end, READ_LEN);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return fail(input, strerror(errno));
	input->ended = n == 0;
	input->end += (size_t)n;
	return true;
}

static bool
hand_out(struct tacit_cli_input *input, size_t len, char **ret, size_t *ret_len)
{
	*ret = input->bytes + input->start;
	*ret_len = len;
	input->start += len;
	return true;
}

/* a last line without a newline is one; whether it is too long is seen as it grows */
static bool
next_line(struct tacit_cli_input *input, char **ret, size_t *ret_len)
{
	char *newline;

	for (;;) {
		newline = memchr(input->bytes + input->scanned, '\n', input->end - input->scanned);
		input->scanned = newline != NULL ? (size_t)(newline - input->bytes) : input->end;
		if (input->scanned - input->start > TACIT_CLI_PIPE_LINE_MAX)
			return fail(input, "a line is longer than 64 MiB less 1 KiB");
		if (newline != NULL) {
			hand_out(input, input->scanned - input->start, ret, ret_len);
			input->scanned = ++input->start;
			return true;
		}
		if (input->ended)
			return input->start < input->end &&
			       hand_out(input, input->end - input->start, ret, ret_len);
		if (!read_more(input))
			return false;
	}
}

bool
tacit_cli_input_next(struct tacit_cli_input *input, char **ret, size_t *ret_len)
{
	if (!tacit_cli_party_good(input->party))
		return false;
	if (input->lines)
		return next_line(input, ret, ret_len);
	return !input->ended && read_more(input) && input->start < input->end &&
	       hand_out(input, input->end - input->start, ret, ret_len);
}
