/*
 * stream/lister.h: a listing of a store's streams, as its parts come.
 */
#ifndef TACIT_STREAM_LISTER_H
#define TACIT_STREAM_LISTER_H

#include "tacit/look.h"

struct tacit_lister;

/* NULL without memory */
struct tacit_lister *tacit_lister_new(void);
/* NULL is fine */
void tacit_lister_free(struct tacit_lister *lister);

/* a stream; texts are copied, lag and readers are the lister's.  A name comes once.
 * Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_lister_stream(
    struct tacit_lister *lister, const struct tacit_listed_stream *stream);
/* a position, before or behind its stream; of a stream that never comes it is left out.
 * Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_lister_reader(
    struct tacit_lister *lister, const char *client_id, const char *name, uint64_t position);

/* sorts what came, and adds up what lags; nothing comes after it.  The listing belongs to the
 * lister.  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_lister_finish(
    struct tacit_lister *lister, const struct tacit_listing **ret);

#endif
