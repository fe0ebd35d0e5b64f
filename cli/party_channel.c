#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "party.h"
#include "whom.h"

#define TICK_MS 200
/* a hub that is started anew is not missed */
#define HUB_PATIENCE_MS 1000
/* for a sign of the far end, once the hub has answered; --timeout, if that is shorter */
#define GRACE_MS 5000u

/* the followed channel -------------------------------------------------------------------------- */

static bool
is_followed(const struct tacit_cli_party *party, const struct tacit_channel *chan)
{
	const char *address = tacit_channel_address(chan);

	return party->followed[0] != '\0' && address != NULL &&
	       strcmp(party->followed, address) == 0;
}

/* what the party depended on is gone: whatever waits ends */
static void
lose(struct tacit_cli_party *party, int status, const char *text)
{
	party->lost = true;
	tacit_cli_party_fail(party,
	    party->command->end_status != STATUS_OK ? party->command->end_status : status, "%s",
	    text);
	tacit_cli_party_follow(party, NULL);
	tacit_node_stop(party->node);
}

/* whether the hub answers, and since when; who waits for it is told */
static void
look_at_hub(struct tacit_cli_party *party, uint64_t now)
{
	bool away = !tacit_stream_connected(party->stream);

	if (away != party->hub_away) {
		party->hub_away = away;
		party->hub_since = now;
	}
	if (away && !party->hub_missed && now - party->hub_since >= HUB_PATIENCE_MS) {
		party->hub_missed = true;
		tacit_cli_report_warning(&party->report, "the hub does not answer: waiting for it");
	} else if (!away && party->hub_missed) {
		party->hub_missed = false;
		tacit_cli_report_warning(&party->report, "the hub is back");
	}
}

/* An outage of our own way to the hub says nothing about the far end: it has the whole time again
 * when the hub is back.  That the hub stands still is known late; so it must give one more answer, and
 * whatever waited there gets the time to come. */
static bool
is_given_up(struct tacit_cli_party *party, uint64_t now)
{
	bool was_overdue = party->overdue;
	bool waits = party->opening || (party->followed[0] != '\0' && party->silent);
	unsigned grace = party->timeout_ms < GRACE_MS ? party->timeout_ms : GRACE_MS;

	party->overdue = waits && party->timeout_ms != 0 && !party->hub_away &&
			 now - party->hub_since >= party->timeout_ms;
	if (!was_overdue) {
		party->answers = tacit_stream_answers(party->stream);
		party->answered_at = 0;
	} else if (party->answered_at == 0 &&
		   tacit_stream_answers(party->stream) != party->answers) {
		party->answered_at = now;
	}
	return party->overdue && party->answered_at != 0 && now - party->answered_at >= grace;
}

static void
tick(void *arg)
{
	struct tacit_cli_party *party = arg;
	uint64_t now = tacit_cli_now_ms();
	char text[128];

	look_at_hub(party, now);
	if (is_given_up(party, now)) {
		snprintf(text, sizeof(text),
		    party->opening
			? "no answer within %g s: check that the other end runs, and that "
			  "it printed this invitation"
			: "the other end has been silent for %g s",
		    party->timeout_ms / 1000.0);
		lose(party, STATUS_SILENT, text);
	}
	tacit_timer_after(party->node, TICK_MS, tick, party);
}

void
tacit_cli_party_follow(struct tacit_cli_party *party, const char *address)
{
	snprintf(party->followed, sizeof(party->followed), "%s", address != NULL ? address : "");
	party->silent = false;
}

/* The event may come while the last message before it is handed out, and that says more: whoever
 * handles it follows nobody any more. */
static void
lose_closed(void *arg)
{
	struct tacit_cli_party *party = arg;

	if (party->followed[0] != '\0')
		lose(party, STATUS_FAILED, "the other end has gone before it was done");
}

static void
watch_followed(struct tacit_cli_party *party, const struct tacit_channel_event *event)
{
	switch (event->kind) {
	case TACIT_CHANNEL_SILENT:
		party->silent = true;
		break;
	case TACIT_CHANNEL_RESUMED:
		party->silent = false;
		break;
	case TACIT_CHANNEL_CLOSED:
		tacit_timer_after(party->node, 0, lose_closed, party);
		break;
	case TACIT_CHANNEL_TRUNCATED:
		lose(party, STATUS_FAILED, "the other end is gone without a word");
		break;
	case TACIT_CHANNEL_FAILED:
		lose(party, tacit_cli_status_of(event->err), event->text);
		break;
	default:
		break;
	}
}

/* what channels tell ---------------------------------------------------------------------------- */

static void
report_failure(struct tacit_cli_party *party, const struct tacit_channel_event *event)
{
	if (event->err == TACIT_EUNTRUSTED || event->err == TACIT_EREFUSED)
		tacit_cli_report_refused(&party->report, event->peer, event->text);
	else if (event->peer[0] != '\0' && !is_followed(party, event->channel))
		tacit_cli_report_warning(
		    &party->report, "the channel with %s failed: %s", event->peer, event->text);
}

static void
report_event(struct tacit_cli_party *party, const struct tacit_channel_event *event)
{
	static const char *const words[] = {
	    [TACIT_CHANNEL_DUPLICATE] = "a record came twice, and counts once",
	    [TACIT_CHANNEL_GAP] = "a record is missing, and asked for again",
	    [TACIT_CHANNEL_REFLECTED] = "one of our own records was sent back to us",
	    [TACIT_CHANNEL_UNAUTHENTIC] = "bytes came that are nobody's we know",
	    [TACIT_CHANNEL_SILENT] = "the other end is silent",
	    [TACIT_CHANNEL_RESUMED] = "the other end is heard again",
	    [TACIT_CHANNEL_CLOSED] = "the other end closed the channel",
	    [TACIT_CHANNEL_TRUNCATED] = "the other end is gone without a close",
	};

	if (event->kind == TACIT_CHANNEL_ESTABLISHED)
		tacit_cli_report_established(&party->report, event->peer);
	else if (event->kind == TACIT_CHANNEL_FAILED)
		report_failure(party, event);
	else if ((size_t)event->kind < sizeof(words) / sizeof(words[0]) &&
		 words[event->kind] != NULL)
		tacit_cli_report_note(&party->report, "%s%s%s", event->peer,
		    event->peer[0] != '\0' ? ": " : "", words[event->kind]);
}

static void
on_event(void *arg, const struct tacit_channel_event *event)
{
	struct tacit_cli_party *party = arg;

	report_event(party, event);
	if (is_followed(party, event->channel))
		watch_followed(party, event);
	if (party->watch != NULL)
		party->watch(party->watch_arg, event);
}

/* inviting and joining -------------------------------------------------------------------------- */

static void
connect_stream(struct tacit_cli_party *party, const struct tacit_stream_options *options)
{
	party->stream = tacit_stream_connect(party->node, options);
	party->hub_since = tacit_cli_now_ms();
	tacit_timer_after(party->node, TICK_MS, tick, party);
}

bool
tacit_cli_party_invite(struct tacit_cli_party *party)
{
	struct tacit_node *node = party->node;
	const char *name = party->command->name, *invitation;
	char in[32], out[32];

	if (!tacit_cli_party_good(party))
		return false;
	snprintf(in, sizeof(in), "%s-in", name);
	snprintf(out, sizeof(out), "%s-out", name);
	struct tacit_stream_options options = {
	    .client_id = tacit_unique(node, name),
	    .receiver_name = tacit_unique(node, in),
	    .sender_name = tacit_unique(node, out),
	    .route = tacit_route_new(node, tacit_tcp_peer(node, party->hubs), NULL),
	    .create = true,
	};
	party->listener = tacit_listener_start(node, "listener", party->entity, party->trust);
	tacit_listener_watch(party->listener, on_event, party);
	if (party->timeout_ms != 0)
		tacit_listener_patience(party->listener, party->timeout_ms);
	connect_stream(party, &options);
	invitation = tacit_invitation_new(node, party->hubs, party->stream, party->entity);
	/* nobody could come */
	if (invitation != NULL && !tacit_cli_report_invitation(&party->report, invitation))
		return tacit_cli_party_fail(
		    party, STATUS_FAILED, "cannot write the invitation to standard error");
	return invitation != NULL;
}

/* without what a copy brought along; NULL on error */
static const char *
trim(struct tacit_node *node, const char *text)
{
	char room[4096];
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	snprintf(room, sizeof(room), "%.*s", (int)len, text);
	return tacit_keep(node, room);
}

static bool
open_channel(struct tacit_cli_party *party)
{
	struct tacit_node *node = party->node;
	const struct tacit_route *route =
	    tacit_route_new(node, tacit_stream_sender(party->stream), "listener", NULL);

	party->opening = true;
	party->channel = tacit_channel_open(node, party->entity, route, party->trust);
	party->opening = false;
	if (party->channel == NULL)
		return false;
	tacit_channel_watch_events(party->channel, on_event, party);
	if (party->timeout_ms != 0)
		tacit_channel_patience(party->channel, party->timeout_ms);
	tacit_cli_party_follow(party, tacit_channel_address(party->channel));
	tacit_cli_report_established(&party->report, tacit_channel_peer(party->channel));
	return true;
}

bool
tacit_cli_party_join(struct tacit_cli_party *party, const char *text)
{
	struct tacit_node *node = party->node;
	struct tacit_invitation invitation;

	if (!tacit_cli_party_good(party) ||
	    tacit_invitation_parse(node, trim(node, text), &invitation) != TACIT_OK)
		return false;
	struct tacit_stream_options options = {
	    .client_id = tacit_unique(node, party->command->name),
	    .receiver_name = invitation.receiver_name,
	    .sender_name = invitation.sender_name,
	    .route = tacit_route_new(node, tacit_tcp_peer(node, invitation.hubs), NULL),
	    .from_end = true,
	};
	if (party->trust == NULL)
		party->trust = tacit_trust_exactly(node, invitation.identifier, NULL);
	connect_stream(party, &options);
	return open_channel(party);
}

/* the worker `echoer` --------------------------------------------------------------------------- */

static void
echo(struct tacit_context *ctx, struct tacit_msg *msg, void *arg)
{
	struct tacit_cli_party *party = arg;
	const char *sender = tacit_msg_sender(msg);

	if (tacit_reply(ctx, msg, tacit_msg_data(msg, NULL), tacit_msg_len(msg)) == TACIT_OK)
		tacit_cli_report_note(&party->report, "echoed %zu bytes to %s", tacit_msg_len(msg),
		    sender != NULL ? sender : "this program");
}

void
tacit_cli_echo_start(struct tacit_cli_party *party)
{
	tacit_worker_start(party->node, "echoer", echo, party);
}
