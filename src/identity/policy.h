/*
 * identity/policy.h: decides, from the proven identifier of the other end, whether a channel opens.
 */
#ifndef TACIT_IDENTITY_POLICY_H
#define TACIT_IDENTITY_POLICY_H

#include <stddef.h>

#include "tacit/err.h"
#include "wire/msg.h"

enum tacit_policy_kind {
	TACIT_POLICY_EVERYONE = 1, /* loud: lets whoever carries the bytes sit in the middle */
	TACIT_POLICY_EXACTLY,      /* these identifiers */
};

struct tacit_policy {
	enum tacit_policy_kind kind;
	struct tacit_identifier *identifiers; /* owned */
	size_t count;
};

/* no policy is a default: zeroed memory refuses everybody */
void tacit_policy_everyone(struct tacit_policy *ret);
/* copies.  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_policy_exactly(
    const struct tacit_identifier *identifiers, size_t count, struct tacit_policy *ret);
void tacit_policy_fini(struct tacit_policy *policy);
/* Errors: TACIT_ENOMEM; *ret is a copy of its own */
TACIT_MUST_USE tacit_err tacit_policy_copy(
    const struct tacit_policy *policy, struct tacit_policy *ret);

/* Errors: TACIT_EUNTRUSTED */
TACIT_MUST_USE tacit_err tacit_policy_decide(
    const struct tacit_policy *policy, const struct tacit_identifier *identifier);

#endif
