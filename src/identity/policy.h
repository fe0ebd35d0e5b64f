/*
 * identity/policy.h: decides, from the proven identifier of the other end, whether a channel opens.
 */
#ifndef TACIT_IDENTITY_POLICY_H
#define TACIT_IDENTITY_POLICY_H

#include <stddef.h>

#include "identity/history.h"
#include "tacit/err.h"
#include "wire/msg.h"

enum tacit_policy_kind {
	TACIT_POLICY_EVERYONE = 1, /* loud: lets whoever carries the bytes sit in the middle */
	TACIT_POLICY_EXACTLY,      /* these identifiers */
	TACIT_POLICY_ASKED,        /* whom the port allows */
};

/* who is to be judged; all borrowed */
struct tacit_claim {
	const struct tacit_identifier *own;  /* whom the other end talks to */
	const struct tacit_identifier *peer; /* proven */
	const struct tacit_history
	    *history; /* peer's, proven; NULL: of 2021, which has none of ours */
};

/* a sentence for the program whose policy refused */
struct tacit_reason {
	char text[512];
};

/*
 * Who knows more than an engine can: what was seen in earlier handshakes, perhaps on a disk.  Asked
 * last, about those whom everything else allows; what it has to remember of them is safe when it
 * returns TACIT_OK.  Any error refuses; it then writes *ret.
 */
struct tacit_policy_port {
	tacit_err (*ask)(void *arg, const struct tacit_claim *claim, struct tacit_reason *ret);
	void *arg;
};

struct tacit_policy {
	enum tacit_policy_kind kind;
	struct tacit_identifier *identifiers; /* owned */
	size_t count;
	struct tacit_policy_port port; /* ask is NULL: none */
};

/* no policy is a default: zeroed memory refuses everybody.  All of these leave the port empty */
void tacit_policy_everyone(struct tacit_policy *ret);
/* copies.  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_policy_exactly(
    const struct tacit_identifier *identifiers, size_t count, struct tacit_policy *ret);
/*
 * Exactly those in a list: an identifier a line, # and what follows it is a comment (FORMAT.md 3).
 * Errors: TACIT_EFORMAT (*ret_line is the number of the line), TACIT_ELIMIT (TACIT_LISTED_MAX),
 * TACIT_ENOTFOUND (nobody is listed), TACIT_ENOMEM
 */
TACIT_MUST_USE tacit_err tacit_policy_listed(
    const char *text, size_t len, struct tacit_policy *ret, size_t *ret_line);
void tacit_policy_fini(struct tacit_policy *policy);
/* Errors: TACIT_ENOMEM; *ret is a copy of its own */
TACIT_MUST_USE tacit_err tacit_policy_copy(
    const struct tacit_policy *policy, struct tacit_policy *ret);

/* what the policy says without asking anybody.  Errors: TACIT_EUNTRUSTED */
TACIT_MUST_USE tacit_err tacit_policy_decide(
    const struct tacit_policy *policy, const struct tacit_identifier *identifier);
/* the whole decision; remembers, where there is a port.  Errors: TACIT_EUNTRUSTED, or what the port
 * could not do; *ret then says why */
TACIT_MUST_USE tacit_err tacit_policy_judge(
    const struct tacit_policy *policy, const struct tacit_claim *claim, struct tacit_reason *ret);

#endif
