#include "ockam/order.h"

#include "base/memory.h"

void
tacit_ockam_order_fini(struct tacit_ockam_order *order)
{
	for (size_t i = 0; i < order->held_count; i++)
		tacit_block_unref(order->held[i].block);
	order->held_count = 0;
}

enum tacit_ockam_place
tacit_ockam_order_place(const struct tacit_ockam_order *order, uint16_t counter)
{
	tacit_assert(counter < TACIT_OCKAM_RECORDS_MAX);
	if ((order->seen[counter / 8] & 1u << counter % 8) != 0)
		return TACIT_OCKAM_DUPLICATE;
	return counter < order->next ? TACIT_OCKAM_LATE : TACIT_OCKAM_NEW;
}

void
tacit_ockam_order_put(
    struct tacit_ockam_order *order, uint16_t counter, struct tacit_block *block, tacit_msec now)
{
	tacit_assert(order->held_count < TACIT_OCKAM_HELD_MAX);
	tacit_assert(tacit_ockam_order_place(order, counter) == TACIT_OCKAM_NEW);
	order->seen[counter / 8] |= (uint8_t)(1u << counter % 8);
	order->held[order->held_count++] =
	    (struct tacit_ockam_held){counter, now, tacit_block_ref(block)};
}

struct tacit_block *
tacit_ockam_order_take(struct tacit_ockam_order *order, uint16_t *ret_counter)
{
	for (size_t i = 0; i < order->held_count; i++) {
		struct tacit_block *block = order->held[i].block;

		if (order->held[i].counter != order->next)
			continue;
		*ret_counter = order->held[i].counter;
		order->held[i] = order->held[--order->held_count];
		order->next++;
		return block;
	}
	return NULL;
}

tacit_msec
tacit_ockam_order_gap_at(const struct tacit_ockam_order *order)
{
	tacit_msec first = TACIT_NEVER;

	if (order->held_count >= TACIT_OCKAM_HELD_MAX)
		return 0;
	for (size_t i = 0; i < order->held_count; i++) {
		if (order->held[i].came_at < first)
			first = order->held[i].came_at;
	}
	return first == TACIT_NEVER ? TACIT_NEVER : first + TACIT_OCKAM_GAP_MS;
}

void
tacit_ockam_order_give_up(struct tacit_ockam_order *order)
{
	uint32_t lowest = UINT32_MAX;

	for (size_t i = 0; i < order->held_count; i++) {
		if (order->held[i].counter < lowest)
			lowest = order->held[i].counter;
	}
	if (lowest != UINT32_MAX)
		order->next = lowest;
}
