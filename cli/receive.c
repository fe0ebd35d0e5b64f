/*
 * tacit receive: what a sender sends, written as it is, by PROTOCOL.md 10.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "output.h"
#include "party.h"
#include "pipe.h"
#include "progress.h"

/* between two words about what was taken, at most */
#define TAKEN_MS    200
#define TAKEN_BYTES (UINT64_C(4) << 20)
/* whoever knocks again and again is named once in this time; so many are remembered */
#define NAMED_MS  60000
#define NAMED_MAX 16
/* a sender that is told of a failure closes the channel */
#define FAILED_MS 10000
#define LEAVE_MS  2000

/* clang-format off */
static const char usage[] =
    "usage: tacit receive --trust WHOM [--hub HOST:PORT[,HOST:PORT...]] [-o FILE] [OPTION]...\n"
    "\n"
    "Prints an invitation for `tacit send`, waits for one sender, and writes what it sends.\n"
    "\n"
    "  -o FILE               write to FILE (standard output), which is there when it is whole\n"
    "  --lines               take lines only, not bytes\n"
    "  --hub HOST:PORT       where the hub is (127.0.0.1:4000); more with commas between\n"
    "  --trust WHOM          who may send: ID[,ID...], a FILE of identifiers, first[:LABEL] to\n"
    "                        remember the first one and let nobody else in, or everyone\n"
    TACIT_CLI_IDENTITY_USAGE
    "  --timeout TIME        how long a silent sender is waited for (60s); 0: for ever\n"
    TACIT_CLI_REPORT_USAGE
    "\n"
    "example: tacit receive --trust everyone -o copy 2>invitation & sleep 1;\n"
    "         tacit send \"$(grep ^tacit: invitation)\" /etc/passwd; wait; cat copy\n";
/* clang-format on */

enum {
	LINES = TACIT_CLI_OWN_OPTION,
};

static const struct option options[] = {
    {"lines", no_argument, NULL, LINES},
    {NULL, 0, NULL, 0},
};

/* who was turned away: a channel says who it is, and nobody can be many without many channels */
struct named {
	char peer[72];
	const char *why;
	uint64_t at; /* 0: nobody */
};

struct receiving {
	struct tacit_cli_party party;
	bool only_lines;
	const char *path;
	struct tacit_cli_output output;
	struct tacit_cli_progress progress;
	struct tacit_context *ctx; /* the mailbox for what a sender sends */

	/* whom we serve: the way to it, and our end of its channel; NULL: nobody yet */
	const struct tacit_route *sender;
	char channel[128];
	bool gone; /* its channel has ended */
	struct named named[NAMED_MAX];
	/* what it sends; what it was told is taken, and when */
	bool lines, whole;
	uint64_t size, bytes, messages, told;
	uint64_t told_at;
};

static bool
take(void *arg, int option, const char *value)
{
	struct receiving *receiving = arg;

	if (option == LINES) {
		receiving->only_lines = true;
		return true;
	}
	receiving->path = value;
	if (value[0] == '\0')
		tacit_cli_complain("receive", "-o wants a FILE; see tacit receive --help");
	return value[0] != '\0';
}

static tacit_err
say(struct tacit_context *ctx, const struct tacit_route *route, const struct tacit_cli_pipe *pipe)
{
	char bytes[TACIT_CLI_PIPE_LEN_MAX];

	return tacit_send(ctx, route, bytes, tacit_cli_pipe_encode(pipe, bytes));
}

static void
say_failed(struct tacit_context *ctx, const struct tacit_route *route, const char *text)
{
	(void)say(ctx, route,
	    &(struct tacit_cli_pipe){
		.kind = TACIT_CLI_PIPE_FAILED, .data = text, .len = strlen(text)});
}

/* the door -------------------------------------------------------------------------------------- */

/* from now on there is nobody but this one */
static void
let_in(struct receiving *receiving, struct tacit_msg *msg, const struct tacit_cli_pipe *pipe)
{
	const char *channel = tacit_msg_channel(msg);

	if (channel == NULL)
		return;
	snprintf(receiving->channel, sizeof(receiving->channel), "%s", channel);
	receiving->sender = tacit_route_keep(receiving->party.node, tacit_msg_return_route(msg));
	receiving->lines = pipe->lines;
	receiving->size = pipe->size;
	tacit_cli_party_follow(&receiving->party, channel);
	(void)say(receiving->ctx, receiving->sender,
	    &(struct tacit_cli_pipe){.kind = TACIT_CLI_PIPE_TAKEN, .bytes = 0});
}

/* with a line for each time, one who may come could fill a disk of logs */
static void
name_refused(struct receiving *receiving, const char *peer, const char *why)
{
	struct named *oldest = &receiving->named[0];
	uint64_t now = tacit_cli_now_ms();

	for (size_t i = 0; i < NAMED_MAX; i++) {
		struct named *named = &receiving->named[i];

		if (named->at != 0 && now - named->at < NAMED_MS && named->why == why &&
		    strcmp(named->peer, peer) == 0)
			return;
		if (named->at < oldest->at)
			oldest = named;
	}
	*oldest = (struct named){.why = why, .at = now};
	snprintf(oldest->peer, sizeof(oldest->peer), "%s", peer);
	tacit_cli_report_refused(&receiving->party.report, peer, why);
}

static void
on_door(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct receiving *receiving = arg;
	const struct tacit_route *back = tacit_msg_return_route(msg);
	const char *peer = tacit_msg_sender(msg), *why = NULL;
	struct tacit_cli_pipe pipe;
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	if (receiving->sender != NULL) {
		(void)say(ctx, back, &(struct tacit_cli_pipe){.kind = TACIT_CLI_PIPE_BUSY});
		why = "somebody else is sending already";
	} else if (!tacit_cli_pipe_decode(bytes, len, &pipe) || pipe.kind != TACIT_CLI_PIPE_BEGIN) {
		why = "this version does not know how to receive that";
		say_failed(ctx, back, why);
	} else if (receiving->only_lines && !pipe.lines) {
		why = "only lines are taken here: tacit send --lines";
		say_failed(ctx, back, why);
	} else {
		let_in(receiving, msg, &pipe);
	}
	if (why != NULL)
		name_refused(receiving, peer != NULL ? peer : "", why);
}

static void
on_event(void *arg, const struct tacit_channel_event *event)
{
	struct receiving *receiving = arg;
	const char *address = tacit_channel_address(event->channel);

	if ((event->kind == TACIT_CHANNEL_CLOSED || event->kind == TACIT_CHANNEL_TRUNCATED ||
		event->kind == TACIT_CHANNEL_FAILED) &&
	    address != NULL && strcmp(address, receiving->channel) == 0)
		receiving->gone = true;
}

/* what the sender sends ------------------------------------------------------------------------- */

static bool
fail(struct receiving *receiving, int status, const char *text)
{
	/* its channel may go now */
	tacit_cli_party_follow(&receiving->party, NULL);
	tacit_cli_party_fail(&receiving->party, status, "%s", text);
	say_failed(receiving->ctx, receiving->sender, text);
	return false;
}

/* what failed is the output, unless we were stopped meanwhile */
static bool
output_failed(struct receiving *receiving)
{
	if (receiving->output.why[0] == '\0')
		return false;
	return fail(receiving, STATUS_FAILED, receiving->output.why);
}

static bool
tell_taken(struct receiving *receiving)
{
	uint64_t now = tacit_cli_now_ms();

	if (receiving->bytes - receiving->told < TAKEN_BYTES && now - receiving->told_at < TAKEN_MS)
		return true;
	if (!tacit_cli_output_flush(&receiving->output))
		return output_failed(receiving);
	receiving->told = receiving->bytes;
	receiving->told_at = now;
	(void)say(receiving->ctx, receiving->sender,
	    &(struct tacit_cli_pipe){.kind = TACIT_CLI_PIPE_TAKEN, .bytes = receiving->bytes});
	return true;
}

static bool
on_data(struct receiving *receiving, const struct tacit_cli_pipe *pipe)
{
	struct tacit_cli_output *output = &receiving->output;

	if (!tacit_cli_output_write(output, pipe->data, pipe->len) ||
	    (receiving->lines && !tacit_cli_output_write(output, "\n", 1)))
		return output_failed(receiving);
	receiving->bytes += pipe->len + (receiving->lines ? 1 : 0);
	receiving->messages++;
	receiving->progress.bytes = receiving->bytes;
	return tell_taken(receiving);
}

static void
warn_untold(struct receiving *receiving)
{
	tacit_cli_report_warning(
	    &receiving->party.report, "the sender may not know that all has arrived");
}

static bool
on_end(struct receiving *receiving, const struct tacit_cli_pipe *pipe)
{
	struct tacit_cli_party *party = &receiving->party;
	tacit_err said;

	if (pipe->bytes != receiving->bytes || pipe->messages != receiving->messages)
		return fail(receiving, STATUS_FAILED, "what came is not what the sender counted");
	/* nothing more is wanted of the sender, whatever becomes of it while a disk syncs */
	tacit_cli_party_follow(party, NULL);
	if (!tacit_cli_output_finish(&receiving->output))
		return output_failed(receiving);
	receiving->whole = true;
	said = say(receiving->ctx, receiving->sender,
	    &(struct tacit_cli_pipe){.kind = TACIT_CLI_PIPE_DONE, .bytes = receiving->bytes});
	tacit_cli_progress_stop(&receiving->progress);
	tacit_cli_report_done(
	    &party->report, &(struct tacit_cli_done){.received = true,
				.lines = receiving->lines,
				.bytes = receiving->bytes,
				.messages = receiving->messages,
				.seconds = tacit_cli_progress_seconds(&receiving->progress)});
	/* a sender that did not wait for the answer has done no harm */
	if (said == TACIT_ECLOSED) {
		tacit_node_clear_err(party->node);
		warn_untold(receiving);
	}
	return true;
}

/* false: the transfer is over, one way or the other */
static bool
handle(struct receiving *receiving, struct tacit_msg *msg)
{
	const char *channel = tacit_msg_channel(msg);
	struct tacit_cli_pipe pipe;
	char text[512];
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	if (channel == NULL || strcmp(channel, receiving->channel) != 0)
		return true; /* nobody who was let in */
	if (!tacit_cli_pipe_decode(bytes, len, &pipe))
		return fail(
		    receiving, STATUS_FAILED, "the sender says what this version does not know");
	if (pipe.kind == (receiving->lines ? TACIT_CLI_PIPE_LINE : TACIT_CLI_PIPE_BYTES))
		return on_data(receiving, &pipe);
	if (pipe.kind == TACIT_CLI_PIPE_END) {
		(void)on_end(receiving, &pipe);
		return false;
	}
	if (pipe.kind != TACIT_CLI_PIPE_ABORT)
		return fail(
		    receiving, STATUS_FAILED, "the sender says something that is not its turn");
	snprintf(
	    text, sizeof(text), "the sender gave up: %.*s", (int)pipe.len, (const char *)pipe.data);
	return fail(receiving, STATUS_TRUNCATED, text);
}

/* The next message.  Lines that come together are written together, and nothing is kept back when
 * there is time. */
static struct tacit_msg *
next(struct receiving *receiving)
{
	struct tacit_msg *msg = tacit_receive(receiving->ctx, 0);

	if (msg != NULL || !tacit_cli_party_good(&receiving->party))
		return msg;
	if (!tacit_cli_output_flush(&receiving->output)) {
		(void)output_failed(receiving);
		return NULL;
	}
	return tacit_receive(receiving->ctx, TACIT_FOREVER);
}

static int
is_gone(void *arg)
{
	return ((const struct receiving *)arg)->gone;
}

/* The sender closes the channel when it knows how the transfer ended.  What else it sent is of no
 * use, and must not stand in front of that. */
static void
see_off(struct receiving *receiving, long ms)
{
	struct tacit_cli_party *party = &receiving->party;
	tacit_err err;

	tacit_context_free(receiving->ctx);
	receiving->ctx = NULL;
	do {
		err = tacit_node_wait(party->node, is_gone, receiving, ms);
	} while (err == TACIT_ETIMEDOUT && !tacit_stream_connected(party->stream));
	if (receiving->whole && err == TACIT_ETIMEDOUT)
		warn_untold(receiving);
}

/* somebody wants us to go: the sender shall know */
static void
leave(struct receiving *receiving)
{
	tacit_cli_party_follow(&receiving->party, NULL);
	say_failed(receiving->ctx, receiving->sender, "stopped");
	tacit_context_free(receiving->ctx);
	receiving->ctx = NULL;
}

static void
serve(struct receiving *receiving)
{
	struct tacit_cli_party *party = &receiving->party;
	struct tacit_msg *msg;
	bool more = true;

	tacit_cli_progress_start(&receiving->progress, party, receiving->output.terminal);
	receiving->progress.size = receiving->size;
	receiving->told_at = tacit_cli_now_ms();
	if (!tacit_cli_output_begin(&receiving->output))
		more = output_failed(receiving);
	while (more && tacit_cli_party_good(party) && (msg = next(receiving)) != NULL) {
		more = handle(receiving, msg);
		tacit_msg_free(msg);
	}
	tacit_cli_progress_stop(&receiving->progress);
	/* whatever happened: nothing but its end is all of it */
	if (!receiving->whole && tacit_cli_party_good(party))
		tacit_cli_party_fail(party, STATUS_TRUNCATED, "the transfer did not end");
	/* what came before it went wrong is there, too */
	if (!receiving->whole)
		(void)tacit_cli_output_flush(&receiving->output);
	if (receiving->whole)
		see_off(receiving, party->timeout_ms > 0 ? (long)party->timeout_ms : TACIT_FOREVER);
	else if (party->status == STATUS_OK)
		leave(receiving);
	else if (!party->lost)
		see_off(receiving, FAILED_MS);
}

static int
has_sender(void *arg)
{
	return ((const struct receiving *)arg)->sender != NULL;
}

static void
run(struct receiving *receiving)
{
	struct tacit_cli_party *party = &receiving->party;

	party->watch = on_event;
	party->watch_arg = receiving;
	receiving->ctx = tacit_context_new(party->node, NULL);
	tacit_worker_start(party->node, TACIT_CLI_PIPE_WORKER, on_door, receiving);
	tacit_cli_echo_start(party);
	if (tacit_cli_party_invite(party) &&
	    tacit_node_wait(party->node, has_sender, receiving, TACIT_FOREVER) == TACIT_OK)
		serve(receiving);
	/* whoever else came would wait for our goodbye; but they shall not keep us */
	if (!party->lost)
		(void)tacit_listener_close(party->listener, LEAVE_MS);
}

int
tacit_cli_receive(int argc, char **argv)
{
	struct receiving receiving = {.path = NULL};
	struct tacit_cli_command command = {
	    .name = "receive",
	    .usage = usage,
	    .invites = true,
	    .stdout_is_data = true,
	    .operands = "it takes options only",
	    .options = options,
	    .letters = "o:",
	    .take = take,
	    .arg = &receiving,
	    .end_status = STATUS_TRUNCATED,
	};
	struct tacit_cli_party *party = &receiving.party;

	if (!tacit_cli_party_parse(party, &command, argc, argv))
		return STATUS_USAGE;
	/* that nobody reads, or a file becomes too large, is told to both ends */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	tacit_cli_party_start(party);
	if (tacit_cli_output_open(party, receiving.path, &receiving.output)) {
		run(&receiving);
		tacit_cli_output_close(&receiving.output);
	}
	return tacit_cli_party_end(party);
}
