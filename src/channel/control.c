#include "channel/control.h"

#include <string.h>

#include "base/memory.h"
#include "base/reader.h"
#include "base/writer.h"

#define FLAGS_KNOWN 31

size_t
tacit_control_encode(const struct tacit_control *control, uint8_t ret[TACIT_CONTROL_LEN_MAX])
{
	struct tacit_writer w;

	tacit_writer_init(&w, ret, TACIT_CONTROL_LEN_MAX);
	tacit_writer_u8(&w, control->flags);
	tacit_writer_be64(&w, control->echo);
	tacit_writer_be64(&w, control->next);
	tacit_writer_be64(&w, control->window);
	tacit_writer_be64(&w, control->window_bytes);
	tacit_writer_be64(&w, control->sent);
	tacit_writer_u8(&w, (uint8_t)control->range_count);
	for (size_t i = 0; i < control->range_count; i++) {
		tacit_writer_be64(&w, control->ranges[i].first);
		tacit_writer_be64(&w, control->ranges[i].end);
	}
	tacit_assert(!w.bad);
	return w.len;
}

tacit_err
tacit_control_decode(const uint8_t *bytes, size_t len, struct tacit_control *ret)
{
	struct tacit_control control = {0};
	struct tacit_reader r;
	uint64_t above;

	tacit_reader_init(&r, bytes, len);
	control.flags = tacit_reader_u8(&r);
	control.echo = tacit_reader_be64(&r);
	control.next = tacit_reader_be64(&r);
	control.window = tacit_reader_be64(&r);
	control.window_bytes = tacit_reader_be64(&r);
	control.sent = tacit_reader_be64(&r);
	control.range_count = tacit_reader_u8(&r);
	if ((control.flags & ~FLAGS_KNOWN) != 0 || control.range_count > TACIT_RANGES_MAX)
		return TACIT_EFORMAT;
	above = control.next;
	for (size_t i = 0; i < control.range_count; i++) {
		struct tacit_range *range = &control.ranges[i];

		range->first = tacit_reader_be64(&r);
		range->end = tacit_reader_be64(&r);
		if (range->first < above || range->end <= range->first)
			return TACIT_EFORMAT;
		above = range->end;
	}
	if (!tacit_reader_done(&r))
		return TACIT_EFORMAT;
	*ret = control;
	return TACIT_OK;
}
