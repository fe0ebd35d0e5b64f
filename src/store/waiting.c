#include "store/waiting.h"

#include "base/memory.h"

struct tacit_store_read *
tacit_store_read_new(
    size_t len, const struct tacit_store_range *range, tacit_store_read_cb cb, void *arg)
{
	struct tacit_store_read *read;

	tacit_assert(len >= sizeof(*read));
	if ((read = tacit_alloc(len)) == NULL)
		return NULL;
	tacit_list_init(&read->link);
	read->range = *range;
	read->cb = cb;
	read->arg = arg;
	return read;
}

static void
hand_out(struct tacit_answer *answer, size_t count, tacit_store_read_cb cb, void *arg)
{
	answer->busy = true;
	cb(arg, TACIT_OK, answer->entries, count);
	answer->busy = false;
}

size_t
tacit_answer_give(struct tacit_answer *answer, const struct tacit_recent *recent,
    const struct tacit_store_range *range, tacit_store_read_cb cb, void *arg, uint64_t *ret_next)
{
	size_t count;

	tacit_assert(!answer->busy);
	count = tacit_recent_collect(recent, range, answer->entries, TACIT_ANSWER_MAX, ret_next);
	if (count > 0)
		hand_out(answer, count, cb, arg);
	return count;
}

/* answers a covered read, or moves its index behind what is too long for it */
static size_t
answer_read(
    struct tacit_store_read *read, const struct tacit_recent *recent, struct tacit_answer *answer)
{
	size_t count;

	tacit_assert(!answer->busy);
	count = tacit_recent_collect(
	    recent, &read->range, answer->entries, TACIT_ANSWER_MAX, &read->range.index);
	if (count > 0) {
		tacit_store_read_cb cb = read->cb;
		void *arg = read->arg;

		tacit_waiting_cancel(read);
		hand_out(answer, count, cb, arg);
	}
	return count;
}

size_t
tacit_waiting_answer(struct tacit_list *waiting, const struct tacit_recent *recent,
    struct tacit_answer *answer, struct tacit_list *missed)
{
	struct tacit_list todo, stay;
	size_t count = 0;

	/* callbacks put new reads into waiting: those are not looked at now */
	tacit_list_init(&todo);
	tacit_list_init(&stay);
	tacit_list_move(waiting, &todo);
	while (!tacit_list_empty(&todo)) {
		struct tacit_store_read *read =
		    TACIT_CONTAINER(todo.next, struct tacit_store_read, link);
		uint64_t index = read->range.index;

		tacit_list_remove(&read->link);
		tacit_list_append(index < recent->from ? missed : &stay, &read->link);
		if (tacit_recent_covers(recent, index))
			count += answer_read(read, recent, answer);
	}
	tacit_list_move(waiting, &stay);
	tacit_list_move(&stay, waiting);
	return count;
}

void
tacit_waiting_fail(struct tacit_list *waiting, tacit_err err)
{
	struct tacit_list todo;

	tacit_list_init(&todo);
	tacit_list_move(waiting, &todo);
	while (!tacit_list_empty(&todo)) {
		struct tacit_store_read *read =
		    TACIT_CONTAINER(todo.next, struct tacit_store_read, link);
		tacit_store_read_cb cb = read->cb;
		void *arg = read->arg;

		tacit_waiting_cancel(read);
		tacit_answer_none(cb, arg, err);
	}
}

void
tacit_waiting_cancel(struct tacit_store_read *read)
{
	tacit_list_remove(&read->link);
	tacit_free(read);
}
