#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "node/state.h"

/* bytes asked of the system at once */
#define READ_LEN 4096u

/* what was read of one descriptor and not yet handed out */
struct reader {
	struct tacit_list list;
	int fd;
	char *bytes;
	size_t start, scanned, len, cap; /* line's begin; no newline before scanned; end; room */
	bool eof;
};

static void
free_reader(struct reader *reader)
{
	tacit_list_remove(&reader->list);
	tacit_free(reader->bytes);
	tacit_free(reader);
}

void
tacit_line_readers_fini(struct tacit_node *node)
{
	while (!tacit_list_empty(&node->readers))
		free_reader(TACIT_CONTAINER(node->readers.next, struct reader, list));
}

static struct reader *
find_reader(struct tacit_node *node, int fd)
{
	struct reader *reader;

	for (struct tacit_list *at = node->readers.next; at != &node->readers; at = at->next) {
		reader = TACIT_CONTAINER(at, struct reader, list);
		if (reader->fd == fd)
			return reader;
	}
	if ((reader = tacit_alloc(sizeof(*reader))) == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	reader->fd = fd;
	tacit_list_append(&node->readers, &reader->list);
	return reader;
}

/* room for READ_LEN bytes and a NUL; the line that was handed out last is forgotten */
static tacit_err
make_room(struct tacit_node *node, struct reader *reader)
{
	size_t cap = reader->cap > 0 ? reader->cap : 2 * READ_LEN;
	char *bytes;

	if (reader->start > 0) {
		reader->len -= reader->start;
		reader->scanned -= reader->start;
		memmove(reader->bytes, reader->bytes + reader->start, reader->len);
		reader->start = 0;
	}
	while (cap - reader->len <= READ_LEN)
		cap *= 2;
	if (cap == reader->cap)
		return TACIT_OK;
	if ((bytes = tacit_realloc(reader->bytes, cap)) == NULL)
		return tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
	reader->bytes = bytes;
	reader->cap = cap;
	return TACIT_OK;
}

/* reads once; the end of a terminal whose other side is gone is an end as well */
static tacit_err
read_more(struct tacit_node *node, struct reader *reader)
{
	ssize_t n;

	if (make_room(node, reader) != TACIT_OK)
		return TACIT_ENOMEM;
	n = read(reader->fd, reader->bytes + reader->len, READ_LEN);
	if (n > 0)
		reader->len += (size_t)n;
	else if (n == 0 || errno == EIO)
		reader->eof = true;
	else if (!tacit_is_again(errno))
		return tacit_node_fail(
		    node, TACIT_EIO, "cannot read the next line: %s", strerror(errno));
	return TACIT_OK;
}

/* the next line that is there, or NULL */
static char *
take_line(struct reader *reader)
{
	size_t start = reader->start;
	char *end = NULL;

	if (reader->scanned < reader->len)
		end = memchr(reader->bytes + reader->scanned, '\n', reader->len - reader->scanned);
	reader->scanned = reader->len;
	if (end == NULL && (!reader->eof || start == reader->len))
		return NULL;
	if (end == NULL) {
		end = reader->bytes + reader->len; /* the last line; make_room left a byte */
		reader->start = reader->len;
	} else {
		reader->start = (size_t)(end - reader->bytes) + 1;
	}
	*end = '\0';
	reader->scanned = reader->start;
	return reader->bytes + start;
}

const char *
tacit_node_read_line(struct tacit_node *node, FILE *stream)
{
	struct reader *reader;
	char *line;
	int fd;

	if (!tacit_node_usable(node))
		return NULL;
	if (node->in_loop || stream == NULL || (fd = fileno(stream)) < 0) {
		(void)tacit_node_fail(node, TACIT_EINVAL,
		    node->in_loop ? "a handler may not wait: it runs inside the loop"
				  : "there is no stream to read a line from");
		return NULL;
	}
	if ((reader = find_reader(node, fd)) == NULL)
		return NULL;
	while (!tacit_node_stopped(node)) {
		if ((line = take_line(reader)) != NULL || reader->eof)
			return line;
		if (tacit_node_wait_fd(node, fd, TACIT_FD_READ, TACIT_FOREVER) != TACIT_OK ||
		    read_more(node, reader) != TACIT_OK)
			return NULL;
	}
	return NULL;
}
