#include "channel/inbox.h"

#include <string.h>

#include "base/memory.h"
#include "channel/outbox.h"

void
tacit_inbox_init(struct tacit_inbox *inbox)
{
	memset(inbox, 0, sizeof(*inbox));
	inbox->window = TACIT_OUTBOX_FIRST_WINDOW;
	inbox->window_bytes = TACIT_OUTBOX_FIRST_WINDOW_BYTES;
}

static struct tacit_inbox_record *
at(const struct tacit_inbox *inbox, uint64_t sequence)
{
	return &inbox->ring[sequence & (inbox->cap - 1)];
}

void
tacit_inbox_fini(struct tacit_inbox *inbox)
{
	for (uint64_t i = inbox->next; i < inbox->highest; i++)
		tacit_msg_unref(at(inbox, i)->msg);
	tacit_free(inbox->ring);
	tacit_inbox_init(inbox);
}

bool
tacit_inbox_has(const struct tacit_inbox *inbox, uint64_t sequence)
{
	if (sequence < inbox->next)
		return true;
	return sequence < inbox->highest && at(inbox, sequence)->state != TACIT_INBOX_MISSING;
}

/* the window of bytes, absolute.  What was joined of a message that is not complete does not count,
 * or one longer than the window could never arrive; once complete it does, so that a program which
 * takes no messages stops its sender.  What was granted stays so */
static uint64_t
window_bytes(const struct tacit_inbox *inbox)
{
	uint64_t now = inbox->delivered_bytes + inbox->joined_bytes + TACIT_WINDOW_BYTES;

	return now > inbox->window_bytes ? now : inbox->window_bytes;
}

bool
tacit_inbox_wants(const struct tacit_inbox *inbox, uint64_t sequence, size_t len)
{
	uint64_t held = inbox->delivered_bytes + inbox->held_bytes;

	if (sequence >= inbox->next + TACIT_WINDOW_RECORDS)
		return false;
	/* the one that everything waits for has room beyond that, once */
	return held + (sequence == inbox->handed ? 0 : len) <= window_bytes(inbox);
}

static tacit_err
grow(struct tacit_inbox *inbox, size_t count)
{
	size_t cap = inbox->cap > 0 ? inbox->cap : 16;
	struct tacit_inbox_record *ring;

	while (cap < count)
		cap *= 2;
	if (cap == inbox->cap)
		return TACIT_OK;
	if ((ring = tacit_alloc_array(cap, sizeof(*ring))) == NULL)
		return TACIT_ENOMEM;
	for (uint64_t i = inbox->next; i < inbox->highest; i++)
		ring[i & (cap - 1)] = *at(inbox, i);
	tacit_free(inbox->ring);
	inbox->ring = ring;
	inbox->cap = cap;
	return TACIT_OK;
}

tacit_err
tacit_inbox_put(
    struct tacit_inbox *inbox, uint64_t sequence, size_t len, struct tacit_msg *msg, bool fragment)
{
	tacit_assert(tacit_inbox_wants(inbox, sequence, len) && !tacit_inbox_has(inbox, sequence));
	if (grow(inbox, (size_t)(sequence + 1 - inbox->next)) != TACIT_OK)
		return TACIT_ENOMEM;
	for (; inbox->highest <= sequence; inbox->highest++)
		memset(at(inbox, inbox->highest), 0, sizeof(struct tacit_inbox_record));
	*at(inbox, sequence) =
	    (struct tacit_inbox_record){TACIT_INBOX_ARRIVED, fragment, (uint32_t)len, msg};
	inbox->held_bytes += len;
	return TACIT_OK;
}

const struct tacit_inbox_record *
tacit_inbox_due(const struct tacit_inbox *inbox)
{
	return tacit_inbox_has(inbox, inbox->handed) ? at(inbox, inbox->handed) : NULL;
}

/* moves on to the next record in order */
static struct tacit_msg *
pass(struct tacit_inbox *inbox, enum tacit_inbox_state state)
{
	struct tacit_inbox_record *record = at(inbox, inbox->handed++);
	struct tacit_msg *msg = record->msg;

	tacit_assert(record->state == TACIT_INBOX_ARRIVED);
	record->msg = NULL;
	record->state = state;
	return msg;
}

struct tacit_msg *
tacit_inbox_take(struct tacit_inbox *inbox)
{
	inbox->joined_bytes = 0;
	return pass(inbox, TACIT_INBOX_HANDED);
}

void
tacit_inbox_join(struct tacit_inbox *inbox)
{
	inbox->joined_bytes += at(inbox, inbox->handed)->len;
	tacit_msg_unref(pass(inbox, TACIT_INBOX_JOINED));
}

void
tacit_inbox_delivered(struct tacit_inbox *inbox, uint64_t sequence)
{
	tacit_assert(sequence >= inbox->next && sequence < inbox->handed);
	at(inbox, sequence)->state = TACIT_INBOX_DELIVERED;
	for (uint64_t i = sequence;
	     i > inbox->next && at(inbox, i - 1)->state == TACIT_INBOX_JOINED; i--)
		at(inbox, i - 1)->state = TACIT_INBOX_DELIVERED;
	while (
	    inbox->next < inbox->handed && at(inbox, inbox->next)->state == TACIT_INBOX_DELIVERED) {
		uint32_t len = at(inbox, inbox->next++)->len;

		inbox->delivered_bytes += len;
		inbox->held_bytes -= len;
	}
}

void
tacit_inbox_report(struct tacit_inbox *inbox, struct tacit_control *ret)
{
	struct tacit_range *range = NULL;

	inbox->window = inbox->next + TACIT_WINDOW_RECORDS;
	inbox->window_bytes = window_bytes(inbox);
	ret->next = inbox->next;
	ret->window = inbox->window;
	ret->window_bytes = inbox->window_bytes;
	ret->range_count = 0;
	for (uint64_t i = inbox->next; i < inbox->highest; i++) {
		if (at(inbox, i)->state == TACIT_INBOX_MISSING) {
			range = NULL;
		} else if (range != NULL) {
			range->end = i + 1;
		} else if (ret->range_count == TACIT_RANGES_MAX) {
			return;
		} else {
			range = &ret->ranges[ret->range_count++];
			*range = (struct tacit_range){i, i + 1};
		}
	}
}

bool
tacit_inbox_report_due(const struct tacit_inbox *inbox)
{
	return inbox->next + TACIT_WINDOW_RECORDS - inbox->window >= TACIT_WINDOW_RECORDS / 4 ||
	       window_bytes(inbox) - inbox->window_bytes >= TACIT_WINDOW_BYTES / 4;
}
