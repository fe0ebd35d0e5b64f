#include "channel/outbox.h"

#include <string.h>

#include "base/memory.h"

void
tacit_outbox_init(struct tacit_outbox *outbox)
{
	memset(outbox, 0, sizeof(*outbox));
	outbox->window = TACIT_OUTBOX_FIRST_WINDOW;
	outbox->window_bytes = TACIT_OUTBOX_FIRST_WINDOW_BYTES;
}

static struct tacit_outbox_record *
at(const struct tacit_outbox *outbox, uint64_t sequence)
{
	return &outbox->ring[sequence & (outbox->cap - 1)];
}

void
tacit_outbox_fini(struct tacit_outbox *outbox)
{
	for (uint64_t i = outbox->first; i < outbox->next; i++)
		tacit_block_unref(at(outbox, i)->block);
	tacit_free(outbox->ring);
	tacit_outbox_init(outbox);
}

bool
tacit_outbox_allows(const struct tacit_outbox *outbox, size_t ahead, size_t ahead_bytes, size_t len)
{
	return outbox->next + ahead < outbox->window &&
	       outbox->next + ahead - outbox->first < TACIT_WINDOW_RECORDS &&
	       outbox->sent_bytes + ahead_bytes + len <= outbox->window_bytes;
}

tacit_err
tacit_outbox_reserve(struct tacit_outbox *outbox)
{
	size_t count = (size_t)(outbox->next - outbox->first);
	size_t cap = outbox->cap > 0 ? outbox->cap * 2 : 16;
	struct tacit_outbox_record *ring;

	if (count < outbox->cap)
		return TACIT_OK;
	if ((ring = tacit_alloc_array(cap, sizeof(*ring))) == NULL)
		return TACIT_ENOMEM;
	for (uint64_t i = outbox->first; i < outbox->next; i++)
		ring[i & (cap - 1)] = *at(outbox, i);
	tacit_free(outbox->ring);
	outbox->ring = ring;
	outbox->cap = cap;
	return TACIT_OK;
}

void
tacit_outbox_add(struct tacit_outbox *outbox, struct tacit_block *block, size_t offset, size_t len)
{
	tacit_assert(outbox->next - outbox->first < outbox->cap);
	*at(outbox, outbox->next++) = (struct tacit_outbox_record){
	    .block = tacit_block_ref(block),
	    .offset = (uint32_t)offset,
	    .len = (uint32_t)len,
	    .stamp = outbox->stamp,
	};
	outbox->sent_bytes += len;
	outbox->flight_bytes += len;
}

const struct tacit_outbox_record *
tacit_outbox_take_missing(struct tacit_outbox *outbox, size_t len_max)
{
	for (uint64_t i = outbox->first; outbox->missing_count > 0 && i < outbox->next; i++) {
		struct tacit_outbox_record *record = at(outbox, i);

		if (!record->missing)
			continue;
		if (record->len > len_max)
			return NULL;
		record->missing = false;
		record->stamp = outbox->stamp;
		outbox->missing_count--;
		outbox->missing_bytes -= record->len;
		return record;
	}
	return NULL;
}

static void
settle(struct tacit_outbox *outbox, struct tacit_outbox_record *record)
{
	if (record->missing) {
		record->missing = false;
		outbox->missing_count--;
		outbox->missing_bytes -= record->len;
	}
	if (record->stamp > outbox->arrived_stamp)
		outbox->arrived_stamp = record->stamp;
}

static bool
delivered_below(struct tacit_outbox *outbox, uint64_t next)
{
	bool progress = outbox->first < next;

	while (outbox->first < next) {
		struct tacit_outbox_record *record = at(outbox, outbox->first++);

		settle(outbox, record);
		outbox->flight_bytes -= record->len;
		tacit_block_unref(record->block);
		record->block = NULL;
	}
	return progress;
}

static bool
arrived_in(struct tacit_outbox *outbox, const struct tacit_range *range)
{
	bool progress = false;

	for (uint64_t i = range->first; i < range->end; i++) {
		struct tacit_outbox_record *record = at(outbox, i);

		if (record->arrived)
			continue;
		record->arrived = progress = true;
		settle(outbox, record);
	}
	return progress;
}

/* of the records below end: nothing is known of those above the last of all ranges that fit */
static void
find_missing(struct tacit_outbox *outbox, uint64_t end)
{
	for (uint64_t i = outbox->first; i < end; i++) {
		struct tacit_outbox_record *record = at(outbox, i);

		if (record->arrived || record->missing || record->stamp >= outbox->arrived_stamp)
			continue;
		record->missing = true;
		outbox->missing_count++;
		outbox->missing_bytes += record->len;
	}
}

tacit_err
tacit_outbox_acknowledge(struct tacit_outbox *outbox, const struct tacit_control *control,
    uint64_t probe_stamp, bool *ret_progress)
{
	uint64_t end = outbox->next;
	bool progress;

	if (control->next > outbox->next)
		return TACIT_EFORMAT;
	if (control->range_count > 0 &&
	    control->ranges[control->range_count - 1].end > outbox->next)
		return TACIT_EFORMAT;
	if (control->range_count == TACIT_RANGES_MAX)
		end = control->ranges[TACIT_RANGES_MAX - 1].end;
	progress = delivered_below(outbox, control->next);
	for (size_t i = 0; i < control->range_count; i++) {
		/* an older next than ours cannot come: the highest control sequence wins */
		if (control->ranges[i].first >= outbox->first)
			progress |= arrived_in(outbox, &control->ranges[i]);
	}
	if (probe_stamp > outbox->arrived_stamp)
		outbox->arrived_stamp = probe_stamp;
	if (control->range_count > 0 || probe_stamp > 0)
		find_missing(outbox, end);
	if (control->window > outbox->window)
		outbox->window = control->window;
	if (control->window_bytes > outbox->window_bytes)
		outbox->window_bytes = control->window_bytes;
	*ret_progress = progress;
	return TACIT_OK;
}
