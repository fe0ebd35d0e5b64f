#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "node/state.h"
#include "tacit/context.h"

/* a text, or a route, that lives as long as its node */
struct text {
	struct tacit_list list;
	struct tacit_route *route;
	char chars[];
};

static struct text *
new_text(struct tacit_node *node, size_t len)
{
	struct text *text = tacit_alloc(sizeof(*text) + len);

	if (text == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	tacit_list_append(&node->texts, &text->list);
	return text;
}

const char *
tacit_node_text(struct tacit_node *node, const char *format, ...)
{
	struct text *text;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || (text = new_text(node, (size_t)len + 1)) == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text->chars, (size_t)len + 1, format, args);
	va_end(args);
	return text->chars;
}

void
tacit_texts_fini(struct tacit_node *node)
{
	while (!tacit_list_empty(&node->texts)) {
		struct text *text = TACIT_CONTAINER(node->texts.next, struct text, list);

		tacit_list_remove(&text->list);
		tacit_free(text->route);
		tacit_free(text);
	}
}

const char *
tacit_unique(struct tacit_node *node, const char *prefix)
{
	char digits[33];

	if (!tacit_node_usable(node))
		return NULL;
	if (prefix == NULL || prefix[0] == '\0') {
		(void)tacit_node_fail(
		    node, TACIT_EINVAL, "a unique name needs a prefix that is not empty");
		return NULL;
	}
	tacit_random_hex(&node->random, digits, 16);
	return tacit_node_text(node, "%s_%s", prefix, digits);
}

static tacit_err
append_hop(struct tacit_node *node, struct tacit_route *route, const char *hop)
{
	struct tacit_address address;

	if (tacit_address_parse(hop, &address) != TACIT_OK)
		return tacit_node_fail(node, TACIT_EINVAL,
		    "`%.80s` is not an address: a hop is a worker's name, or TYPE#ADDRESS", hop);
	if (tacit_route_append(route, address) != TACIT_OK)
		return tacit_node_fail(node, TACIT_EINVAL,
		    "the route is too long: at most %u hops and %u bytes", TACIT_ROUTE_HOPS_MAX,
		    TACIT_ROUTE_LEN_MAX);
	return TACIT_OK;
}

/* an empty one */
static struct tacit_route *
new_route(struct tacit_node *node)
{
	struct text *text;

	if (!tacit_node_usable(node) || (text = new_text(node, 0)) == NULL)
		return NULL;
	if ((text->route = tacit_alloc(sizeof(*text->route))) == NULL)
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
	return text->route;
}

const struct tacit_route *
tacit_route_new(struct tacit_node *node, ...)
{
	struct tacit_route *route = new_route(node);
	const char *hop;
	va_list hops;
	tacit_err err = TACIT_OK;

	if (route == NULL)
		return NULL;
	va_start(hops, node);
	while (err == TACIT_OK && (hop = va_arg(hops, const char *)) != NULL)
		err = append_hop(node, route, hop);
	va_end(hops);
	return err == TACIT_OK ? route : NULL;
}

const struct tacit_route *
tacit_route_keep(struct tacit_node *node, const struct tacit_route *route)
{
	struct tacit_route *copy = route != NULL ? new_route(node) : NULL;

	if (copy != NULL)
		tacit_route_copy(copy, route);
	return copy;
}

const char *
tacit_keep(struct tacit_node *node, const char *text)
{
	return tacit_node_usable(node) && text != NULL ? tacit_node_text(node, "%s", text) : NULL;
}
