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

bool
tacit_inbox_wants(const struct tacit_inbox *inbox, uint64_t sequence, size_t len)
{
	if (sequence >= inbox->next + TACIT_WINDOW_RECORDS)
		return false;
	/* the one that everything waits for always has room */
	return sequence == inbox->handed || inbox->held_bytes + len <= TACIT_WINDOW_BYTES;
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
tacit_inbox_put(struct tacit_inbox *inbox, uint64_t sequence, size_t len, struct tacit_msg *msg)
{
	tacit_assert(tacit_inbox_wants(inbox, sequence, len) && !tacit_inbox_has(inbox, sequence));
	if (grow(inbox, (size_t)(sequence + 1 - inbox->next)) != TACIT_OK)
		return TACIT_ENOMEM;
	for (; inbox->highest <= sequence; inbox->highest++)
		memset(at(inbox, inbox->highest), 0, sizeof(struct tacit_inbox_record));
	*at(inbox, sequence) = (struct tacit_inbox_record){TACIT_INBOX_ARRIVED, (uint32_t)len, msg};
	inbox->held_bytes += len;
	return TACIT_OK;
}

struct tacit_msg *
tacit_inbox_take(struct tacit_inbox *inbox, uint64_t *ret_sequence)
{
	struct tacit_inbox_record *record;
	struct tacit_msg *msg;

	if (inbox->handed == inbox->highest)
		return NULL;
	record = at(inbox, inbox->handed);
	if (record->state != TACIT_INBOX_ARRIVED)
		return NULL;
	msg = record->msg;
	record->msg = NULL;
	record->state = TACIT_INBOX_HANDED;
	*ret_sequence = inbox->handed++;
	return msg;
}

void
tacit_inbox_delivered(struct tacit_inbox *inbox, uint64_t sequence)
{
	tacit_assert(sequence >= inbox->next && sequence < inbox->handed);
	at(inbox, sequence)->state = TACIT_INBOX_DELIVERED;
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
	inbox->window_bytes = inbox->delivered_bytes + TACIT_WINDOW_BYTES;
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
	       inbox->delivered_bytes + TACIT_WINDOW_BYTES - inbox->window_bytes >=
		   TACIT_WINDOW_BYTES / 4;
}
