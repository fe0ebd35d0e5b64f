/*
 * base/list.h: an intrusive doubly linked ring.
 *
 * A node that is in no list points at itself, so removing it twice does no harm.
 */
#ifndef TACIT_BASE_LIST_H
#define TACIT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tacit_list {
	struct tacit_list *next, *prev;
};

/* the struct of type that holds this list node as its field */
#define TACIT_CONTAINER(node, type, field) ((type *)(void *)((char *)(node)-offsetof(type, field)))

static inline void
tacit_list_init(struct tacit_list *node)
{
	node->next = node->prev = node;
}

static inline bool
tacit_list_empty(const struct tacit_list *list)
{
	return list->next == list;
}

static inline void
tacit_list_append(struct tacit_list *list, struct tacit_list *node)
{
	node->prev = list->prev;
	node->next = list;
	list->prev->next = node;
	list->prev = node;
}

static inline void
tacit_list_remove(struct tacit_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	tacit_list_init(node);
}

/* all of from to the end of to */
static inline void
tacit_list_move(struct tacit_list *from, struct tacit_list *to)
{
	if (tacit_list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	tacit_list_init(from);
}

#endif
