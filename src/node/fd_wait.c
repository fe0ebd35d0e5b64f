#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/memory.h"
#include "node/state.h"

/* A handle for one wait: between two the program may close the descriptor, and open what cannot be
 * polled at its number. */
struct fd_wait {
	uv_poll_t poll;
	bool ready;
};

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	struct fd_wait *wait = poll->data;

	(void)status;
	(void)events;
	wait->ready = true;
}

static int
is_ready(void *arg)
{
	return ((struct fd_wait *)arg)->ready;
}

static void
closed(uv_handle_t *handle)
{
	tacit_loop_closed(handle);
	tacit_free(handle->data);
}

/* libuv makes the descriptor non-blocking; but a terminal's flags are shared with standard output
 * and with the shell, so they are put back */
static int
open_poll(struct tacit_node *node, struct fd_wait *wait, int fd)
{
	int flags = fcntl(fd, F_GETFL), status = uv_poll_init(&node->loop, &wait->poll, fd);

	if (flags != -1)
		(void)fcntl(fd, F_SETFL, flags);
	wait->poll.data = wait;
	return status;
}

static tacit_err
wait_for(struct tacit_node *node, int fd, enum tacit_fd_use use, long timeout_ms)
{
	struct fd_wait *wait = tacit_alloc(sizeof(*wait));
	tacit_err err = TACIT_ETIMEDOUT;
	int status;

	if (wait == NULL)
		return tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
	if ((status = open_poll(node, wait, fd)) != 0) {
		tacit_free(wait);
		return tacit_node_fail(
		    node, TACIT_EIO, "cannot wait for a descriptor: %s", uv_strerror(status));
	}
	uv_poll_start(&wait->poll, use == TACIT_FD_READ ? UV_READABLE : UV_WRITABLE, on_ready);
	err = tacit_node_wait(node, is_ready, wait, timeout_ms);
	tacit_loop_close((uv_handle_t *)&wait->poll, closed);
	return err;
}

tacit_err
tacit_node_wait_fd(struct tacit_node *node, int fd, enum tacit_fd_use use, long timeout_ms)
{
	struct pollfd polled = {.fd = fd, .events = use == TACIT_FD_READ ? POLLIN : POLLOUT};
	tacit_err err;
	int count;

	if (!tacit_node_usable(node))
		return tacit_node_err(node);
	/* a signal ends even a look */
	do {
		count = poll(&polled, 1, 0);
	} while (count < 0 && errno == EINTR);
	if (count < 0 || (polled.revents & POLLNVAL) != 0)
		return tacit_node_fail(node, TACIT_EIO, "cannot wait for a descriptor: %s",
		    strerror(polled.revents != 0 ? EBADF : errno));
	if (polled.revents == 0)
		return wait_for(node, fd, use, timeout_ms);
	/* a turn for the node: somebody who always has something to read must not keep it from its
	 * own work */
	err = tacit_node_wait(node, NULL, NULL, 0);
	return err == TACIT_ETIMEDOUT ? TACIT_OK : err;
}
