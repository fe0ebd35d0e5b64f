#include <stdio.h>

#include "base/limits.h"
#include "base/memory.h"
#include "node/internal.h"
#include "stream/lister.h"
#include "stream/store.h"

/* freed with the node, or, when that was stopped and the store answers later, by its answer */
struct listed {
	struct tacit_owned owned;
	struct tacit_lister *lister;
	bool answered, orphaned;
	tacit_err err;
	char text[TACIT_TEXT_LEN_MAX + 1];
};

static void
destroy(struct listed *listed)
{
	tacit_lister_free(listed->lister);
	tacit_free(listed);
}

static void
free_listed(struct tacit_owned *self)
{
	struct listed *listed = TACIT_CONTAINER(self, struct listed, owned);

	if (listed->answered)
		destroy(listed);
	else
		listed->orphaned = true;
}

static void
on_list(void *arg, tacit_err err, const char *text, struct tacit_lister *lister)
{
	struct listed *listed = arg;

	listed->answered = true;
	listed->lister = lister;
	listed->err = err;
	snprintf(listed->text, sizeof(listed->text), "%s", text);
	if (listed->orphaned)
		destroy(listed);
}

static int
is_answered(void *arg)
{
	const struct listed *listed = arg;

	return listed->answered;
}

const struct tacit_listing *
tacit_store_list(struct tacit_node *node, struct tacit_store *store)
{
	const struct tacit_listing *listing = NULL;
	struct listed *listed;
	tacit_err err;

	if (!tacit_node_usable(node) || store == NULL)
		return NULL;
	if ((listed = tacit_alloc(sizeof(*listed))) == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a listing");
		return NULL;
	}
	listed->owned.free = free_listed;
	tacit_node_own(node, &listed->owned);
	store->ops->list(store, on_list, listed);
	if ((err = tacit_node_wait(node, is_answered, listed, TACIT_FOREVER)) == TACIT_OK)
		err = listed->err;
	if (err == TACIT_OK)
		err = tacit_lister_finish(listed->lister, &listing);
	if (err != TACIT_OK && err != TACIT_ESTOPPED)
		tacit_node_fail(node, err, "cannot list the streams: %s",
		    listed->text[0] != '\0' ? listed->text : tacit_strerror(err));
	return err == TACIT_OK ? listing : NULL;
}
