/*
 * tacit ping: round trips through everything: hub, store, and the far end's `echoer`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "party.h"
#include "units.h"

#define COUNT 4
#define SIZE  64
/* between two looks at the clock */
#define SLICE_MS 250
/* of a message, whose routes take some of 64 MiB */
#define SIZE_MAX_SENT ((UINT64_C(64) << 20) - 1024)

/* clang-format off */
static const char usage[] =
    "usage: tacit ping INVITATION [-c N] [-s SIZE] [OPTION]...\n"
    "\n"
    "Sends messages to `tacit echo` or `tacit receive`, one behind the other, and measures how\n"
    "long they take there and back. What comes back is compared.\n"
    "\n"
    "  -c N                  how many (4); 0: until Ctrl-C\n"
    "  -s SIZE               bytes in each: 64, 60K, 1M (64)\n"
    "  --trust WHOM          whom to talk to (whom the invitation names): ID[,ID...], a FILE of\n"
    "                        identifiers, first[:LABEL], or everyone\n"
    TACIT_CLI_IDENTITY_USAGE
    "  --timeout TIME        how long a silent far end is waited for (60s); 0: for ever\n"
    TACIT_CLI_REPORT_USAGE
    "\n"
    "example: tacit echo --trust everyone 2>invitation & sleep 1;\n"
    "         tacit ping \"$(grep ^tacit: invitation)\"; kill $!\n";
/* clang-format on */

struct ping {
	uint64_t count, size; /* count 0: no end */
	uint64_t sent, received;
	/* of those received, in nanoseconds */
	uint64_t *times;
	size_t room;
	unsigned char *bytes;
};

static bool
take(void *arg, int option, const char *value)
{
	struct ping *ping = arg;

	if (option == 'c' && tacit_cli_count(value, UINT32_MAX, &ping->count))
		return true;
	if (option == 's' && tacit_cli_size(value, SIZE_MAX_SENT, &ping->size) && ping->size > 0)
		return true;
	tacit_cli_complain("ping",
	    option == 'c' ? "-c %s: that is no number from 0 on; see tacit ping --help"
			  : "-s %s: that is no size from 1 to 64 MiB less 1 KiB (64, 60K, 1M); see "
			    "tacit ping "
			    "--help",
	    value);
	return false;
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* bytes that differ from one message to the next, so that an old echo is none of a new one */
static void
fill(struct ping *ping)
{
	uint64_t state = ping->sent * 0x9e3779b97f4a7c15 + 1;

	for (uint64_t i = 0; i < ping->size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		ping->bytes[i] = (unsigned char)(state >> 32);
	}
}

static bool
remember(struct ping *ping, uint64_t ns)
{
	if (ping->received == ping->room) {
		size_t room = ping->room > 0 ? 2 * ping->room : 1024;
		uint64_t *times = realloc(ping->times, room * sizeof(*times));

		if (times == NULL)
			return false;
		ping->times = times;
		ping->room = room;
	}
	ping->times[ping->received++] = ns;
	return true;
}

static void
print_trip(const struct tacit_cli_party *party, const struct ping *ping, uint64_t ns)
{
	if (party->report.quiet)
		return;
	if (party->report.json)
		printf("{\"event\": \"ping\", \"sequence\": %" PRIu64 ", \"us\": %.1f}\n",
		    ping->sent, (double)ns / 1e3);
	else
		printf("%" PRIu64 " bytes from %.9s...: seq=%" PRIu64 " time=%.2f ms\n", ping->size,
		    tacit_channel_peer(party->channel), ping->sent, (double)ns / 1e6);
}

static bool
same(const struct ping *ping, const struct tacit_msg *msg)
{
	size_t len;
	const void *bytes = tacit_msg_data(msg, &len);

	return len == ping->size && memcmp(bytes, ping->bytes, len) == 0;
}

/*
 * The echo.  A far end that is silent ends the party by itself; one that lives may not know the
 * worker, or lose what it has: once it has our message the echo has the time of --timeout, counted
 * anew after an outage of our way to the hub.
 */
static struct tacit_msg *
await(struct tacit_cli_party *party, struct tacit_context *ctx)
{
	bool arrived = false;
	unsigned waited = 0;

	while (tacit_cli_party_good(party)) {
		struct tacit_msg *msg = tacit_receive(ctx, SLICE_MS);

		if (msg != NULL)
			return msg;
		waited = tacit_stream_connected(party->stream) ? waited + SLICE_MS : 0;
		if (party->timeout_ms == 0 || waited < party->timeout_ms)
			continue;
		if (arrived) {
			tacit_cli_party_fail(party, STATUS_SILENT,
			    "the other end has the message, and sends no echo");
			break;
		}
		waited = 0;
		arrived = tacit_channel_flush(party->channel, TACIT_FOREVER) == TACIT_OK;
	}
	return NULL; /* stopped, or failed: said why */
}

/* one message there and back */
static bool
trip(struct tacit_cli_party *party, struct ping *ping, struct tacit_context *ctx,
    const struct tacit_route *echoer)
{
	uint64_t begin, ns;
	struct tacit_msg *msg;
	bool good;

	fill(ping);
	ping->sent++;
	begin = now_ns();
	if (tacit_send(ctx, echoer, ping->bytes, ping->size) != TACIT_OK ||
	    (msg = await(party, ctx)) == NULL)
		return false;
	ns = now_ns() - begin;
	good = same(ping, msg);
	tacit_msg_free(msg);
	if (!good)
		return tacit_cli_party_fail(
		    party, STATUS_FAILED, "what came back is not what was sent");
	print_trip(party, ping, ns);
	return remember(ping, ns) ||
	       tacit_cli_party_fail(party, STATUS_FAILED, "%s", tacit_strerror(TACIT_ENOMEM));
}

static int
compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* the smallest that so many per cent are not above */
static double
percentile(const struct ping *ping, unsigned percent)
{
	uint64_t rank = (ping->received * percent + 99) / 100;

	return (double)ping->times[rank > 0 ? rank - 1 : 0];
}

static void
print_summary(const struct tacit_cli_party *party, struct ping *ping)
{
	bool any = ping->received > 0;
	double min, median, p99;

	if (any) {
		qsort(ping->times, ping->received, sizeof(*ping->times), compare);
		min = percentile(ping, 0);
		median = percentile(ping, 50);
		p99 = percentile(ping, 99);
	}
	if (party->report.json) {
		printf("{\"event\": \"summary\", \"sent\": %" PRIu64 ", \"received\": %" PRIu64,
		    ping->sent, ping->received);
		if (any)
			printf(", \"min_us\": %.1f, \"median_us\": %.1f, \"p99_us\": %.1f}\n",
			    min / 1e3, median / 1e3, p99 / 1e3);
		else
			puts(", \"min_us\": null, \"median_us\": null, \"p99_us\": null}");
		return;
	}
	printf("%" PRIu64 " sent, %" PRIu64 " received", ping->sent, ping->received);
	if (any)
		printf("; min/median/p99 = %.2f/%.2f/%.2f ms", min / 1e6, median / 1e6, p99 / 1e6);
	putchar('\n');
}

static void
run(struct tacit_cli_party *party, struct ping *ping)
{
	struct tacit_context *ctx = tacit_context_new(party->node, NULL);
	const struct tacit_route *echoer =
	    tacit_route_new(party->node, tacit_channel_address(party->channel), "echoer", NULL);

	if ((ping->bytes = malloc(ping->size)) == NULL) {
		tacit_cli_party_fail(party, STATUS_FAILED, "%s", tacit_strerror(TACIT_ENOMEM));
		return;
	}
	while (tacit_cli_party_good(party) && (ping->count == 0 || ping->sent < ping->count) &&
	       trip(party, ping, ctx, echoer) && ferror(stdout) == 0)
		continue;
	print_summary(party, ping);
	free(ping->bytes);
	free(ping->times);
}

int
tacit_cli_ping(int argc, char **argv)
{
	static const struct option none[] = {{NULL, 0, NULL, 0}};
	struct ping ping = {.count = COUNT, .size = SIZE};
	struct tacit_cli_command command = {
	    .name = "ping",
	    .usage = usage,
	    .operands_min = 1,
	    .operands_max = 1,
	    .operands = "one INVITATION is wanted",
	    .options = none,
	    .letters = "c:s:",
	    .take = take,
	    .arg = &ping,
	};
	struct tacit_cli_party party;

	if (!tacit_cli_party_parse(&party, &command, argc, argv))
		return STATUS_USAGE;
	command.endless = ping.count == 0;
	if (tacit_cli_party_start(&party) && tacit_cli_party_join(&party, party.operands[0]))
		run(&party, &ping);
	return tacit_cli_party_end(&party);
}
