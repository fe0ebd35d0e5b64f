/*
 * tacit send: bytes or lines to whoever invited, by PROTOCOL.md 10.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "cli.h"
#include "input.h"
#include "party.h"
#include "pipe.h"
#include "progress.h"

/* a far end that has the begin and says nothing to it is hardly a receiver */
#define ANSWER_MS 5000

/* clang-format off */
static const char usage[] =
    "usage: tacit send INVITATION [OPTION]... [FILE]\n"
    "\n"
    "Sends a file, or standard input, to the `tacit receive` that printed the invitation. Ends with\n"
    "0 when all of it has arrived and is written there.\n"
    "\n"
    "  --lines               line by line, each a message of its own\n"
    "  --trust WHOM          whom to talk to (whom the invitation names): ID[,ID...], a FILE of\n"
    "                        identifiers, first[:LABEL], or everyone\n"
    TACIT_CLI_IDENTITY_USAGE
    "  --timeout TIME        how long a silent far end is waited for (60s); 0: for ever\n"
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

struct sending {
	struct tacit_cli_party party;
	bool lines;
	struct tacit_cli_input input;
	struct tacit_cli_progress progress;
	struct tacit_context *ctx;
	/* where the receiver wants the data; NULL: it did not answer yet */
	const struct tacit_route *route;
	bool ended, done, failed; /* all was sent; was written; the receiver failed */
	uint64_t bytes, messages;
};

static bool
take(void *arg, int option, const char *value)
{
	struct sending *sending = arg;

	(void)option;
	(void)value;
	sending->lines = true;
	return true;
}

static void
say(struct sending *sending, const struct tacit_route *route, const struct tacit_cli_pipe *pipe)
{
	char bytes[TACIT_CLI_PIPE_LEN_MAX];

	(void)tacit_send(sending->ctx, route, bytes, tacit_cli_pipe_encode(pipe, bytes));
}

/* what the receiver says ------------------------------------------------------------------------ */

/* it makes no sense to go on: whatever waits returns */
static void
give_up(struct sending *sending, const char *what, const struct tacit_cli_pipe *pipe)
{
	sending->failed = true;
	tacit_cli_party_fail(&sending->party, STATUS_FAILED, "%s%.*s", what,
	    pipe != NULL ? (int)pipe->len : 0, pipe != NULL ? (const char *)pipe->data : "");
	tacit_node_stop(sending->party.node);
}

static void
on_taken(struct sending *sending, const struct tacit_msg *msg, uint64_t bytes)
{
	if (sending->route == NULL)
		sending->route = tacit_route_keep(sending->party.node, tacit_msg_return_route(msg));
	if (bytes > sending->progress.taken)
		sending->progress.taken = bytes;
}

static void
on_answer(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct sending *sending = arg;
	struct tacit_cli_pipe pipe;
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	(void)ctx;
	if (sending->done || sending->failed)
		return;
	if (!tacit_cli_pipe_decode(bytes, len, &pipe)) {
		give_up(sending, "the receiver says what this version does not know", NULL);
		return;
	}
	switch (pipe.kind) {
	case TACIT_CLI_PIPE_TAKEN:
		on_taken(sending, msg, pipe.bytes);
		break;
	case TACIT_CLI_PIPE_DONE:
		sending->done = sending->ended && pipe.bytes == sending->bytes;
		if (!sending->done)
			give_up(sending, "the receiver says done, and has not got all", NULL);
		break;
	case TACIT_CLI_PIPE_FAILED:
		give_up(sending, "the receiver says: ", &pipe);
		break;
	case TACIT_CLI_PIPE_BUSY:
		give_up(sending, "the receiver is busy: somebody else is sending there", NULL);
		break;
	default:
		give_up(sending, "the receiver says what only a sender may", NULL);
	}
}

/* what we say ----------------------------------------------------------------------------------- */

static int
is_answered(void *arg)
{
	return ((const struct sending *)arg)->route != NULL;
}

static int
is_done(void *arg)
{
	return ((const struct sending *)arg)->done;
}

/* an outage may hold the answer up for as long as it lasts */
static tacit_err
await_answer(struct sending *sending, long ms)
{
	const struct tacit_cli_party *party = &sending->party;
	tacit_err err;

	do {
		err = tacit_node_wait(party->node, is_answered, sending, ms);
	} while (err == TACIT_ETIMEDOUT && !tacit_stream_connected(party->stream));
	return err;
}

/* The answer of `tacit receive` leaves with the acknowledgement.  Who does not answer then is told
 * of; but another program may have to think it over, and has the time of --timeout. */
static bool
begin(struct sending *sending)
{
	struct tacit_cli_party *party = &sending->party;
	bool is_short = party->timeout_ms > 0 && party->timeout_ms <= ANSWER_MS;
	const struct tacit_route *door = tacit_route_new(
	    party->node, tacit_channel_address(party->channel), TACIT_CLI_PIPE_WORKER, NULL);
	tacit_err err;

	say(sending, door,
	    &(struct tacit_cli_pipe){.kind = TACIT_CLI_PIPE_BEGIN,
		.lines = sending->lines,
		.size = sending->input.size});
	if (tacit_channel_flush(party->channel, TACIT_FOREVER) != TACIT_OK)
		return false;
	err = await_answer(sending, is_short ? (long)party->timeout_ms : ANSWER_MS);
	if (err == TACIT_ETIMEDOUT && !is_short) {
		tacit_cli_report_warning(&party->report,
		    "the other end does not say whether it receives: did tacit receive print this "
		    "invitation?");
		err = await_answer(sending,
		    party->timeout_ms > 0 ? (long)party->timeout_ms - ANSWER_MS : TACIT_FOREVER);
	}
	if (err == TACIT_ETIMEDOUT)
		return tacit_cli_party_fail(party, STATUS_SILENT,
		    "nobody receives there: the invitation is to come from tacit receive");
	return err == TACIT_OK;
}

/* the kind stands in front of what is to be sent, where the input has a byte for it */
static bool
send_next(struct sending *sending)
{
	char *bytes;
	size_t len;

	if (!tacit_cli_input_next(&sending->input, &bytes, &len))
		return false;
	bytes[-1] = sending->lines ? TACIT_CLI_PIPE_LINE : TACIT_CLI_PIPE_BYTES;
	if (tacit_send(sending->ctx, sending->route, bytes - 1, len + 1) != TACIT_OK)
		return false;
	sending->bytes += sending->lines ? len + 1 : len;
	sending->messages++;
	sending->progress.bytes = sending->bytes;
	return true;
}

static void
end(struct sending *sending)
{
	struct tacit_cli_party *party = &sending->party;
	uint64_t size = sending->input.size;

	sending->ended = true;
	say(sending, sending->route,
	    &(struct tacit_cli_pipe){.kind = TACIT_CLI_PIPE_END,
		.bytes = sending->bytes,
		.messages = sending->messages});
	if (tacit_node_wait(party->node, is_done, sending, TACIT_FOREVER) != TACIT_OK)
		return;
	/* the receiver may go now */
	tacit_cli_party_follow(party, NULL);
	tacit_cli_progress_stop(&sending->progress);
	/* some files never have what they say, so this is no failure */
	if (size != TACIT_CLI_PIPE_UNKNOWN && sending->bytes < size)
		tacit_cli_report_warning(&party->report,
		    "the file is shorter than it was: %" PRIu64 " bytes were to be sent", size);
	tacit_cli_report_done(
	    &party->report, &(struct tacit_cli_done){.lines = sending->lines,
				.bytes = sending->bytes,
				.messages = sending->messages,
				.seconds = tacit_cli_progress_seconds(&sending->progress)});
}

static void
run(struct sending *sending)
{
	struct tacit_cli_party *party = &sending->party;
	struct tacit_cli_pipe abort = {.kind = TACIT_CLI_PIPE_ABORT, .data = "interrupted"};

	tacit_cli_progress_start(&sending->progress, party, sending->input.terminal);
	sending->progress.size = sending->input.size;
	sending->progress.has_taken = true;
	if (begin(sending)) {
		while (send_next(sending))
			continue;
		if (tacit_cli_party_good(party))
			end(sending);
	}
	/* whatever happened: nothing but done is success (PROTOCOL.md 10.2) */
	if (!sending->done && tacit_cli_party_good(party))
		tacit_cli_party_fail(party, STATUS_FAILED, "the transfer did not end");
	tacit_cli_progress_stop(&sending->progress);
	if (sending->route == NULL || sending->done || sending->failed || party->lost)
		return;
	if (party->status != STATUS_OK)
		abort.data = "it cannot read what it is to send";
	abort.len = strlen(abort.data);
	say(sending, sending->route, &abort);
}

int
tacit_cli_send(int argc, char **argv)
{
	struct sending sending = {.lines = false};
	struct tacit_cli_command command = {
	    .name = "send",
	    .usage = usage,
	    .operands_min = 1,
	    .operands_max = 2,
	    .operands = "an INVITATION is wanted, and at most one FILE behind it",
	    .options = options,
	    .take = take,
	    .arg = &sending,
	};
	struct tacit_cli_party *party = &sending.party;

	if (!tacit_cli_party_parse(party, &command, argc, argv))
		return STATUS_USAGE;
	if (party->operand_count > 1 && strncmp(party->operands[1], "tacit://", 8) == 0) {
		tacit_cli_complain(
		    command.name, "the INVITATION stands before the FILE; see tacit send --help");
		return STATUS_USAGE;
	}
	/* words that nobody reads any more are no reason to leave a transfer */
	signal(SIGPIPE, SIG_IGN);
	tacit_cli_party_start(party);
	if (tacit_cli_input_open(party, party->operand_count > 1 ? party->operands[1] : NULL,
		sending.lines, &sending.input)) {
		sending.ctx = tacit_worker_start(party->node, NULL, on_answer, &sending);
		if (tacit_cli_party_join(party, party->operands[0]))
			run(&sending);
		tacit_cli_input_close(&sending.input);
	}
	return tacit_cli_party_end(party);
}
