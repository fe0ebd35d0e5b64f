/*
 * identity/memory.h: what was seen of other parties in earlier handshakes: the longest history of
 * each identifier, and whom one met first behind a label.  A table, and its text (FORMAT.md 2).
 */
#ifndef TACIT_IDENTITY_MEMORY_H
#define TACIT_IDENTITY_MEMORY_H

#include "identity/policy.h"

/* the longest history seen of a party: how many changes, and the id of the last of them */
struct tacit_remembered {
	struct tacit_identifier peer;
	uint8_t count;
	uint8_t change[TACIT_HASH_LEN];
};

/* whom own met first behind label */
struct tacit_first {
	struct tacit_identifier own, peer;
	char label[TACIT_LABEL_LEN_MAX + 1];
};

/* zeroed: nothing was seen */
struct tacit_memory {
	struct tacit_remembered *histories; /* owned, in the order of peer */
	size_t history_count;               /* at most TACIT_REMEMBERED_MAX */
	struct tacit_first *firsts;         /* owned, in the order of own, then label */
	size_t first_count;                 /* the same */
};

void tacit_memory_fini(struct tacit_memory *memory);

/* 1 to TACIT_LABEL_LEN_MAX printable characters of ASCII, no blank */
bool tacit_label_valid(const char *label);

/* how a claim goes into a memory */
struct tacit_recall {
	const struct tacit_claim *claim; /* borrowed */
	const char *label;               /* first seen behind it; NULL: no matter who was */
	bool known_only; /* histories of those who are not in the memory do not get into it */
};

/*
 * Compares, and changes nothing.  *ret_news: learn would.
 * Errors, with a reason: TACIT_EUNTRUSTED: another one was the first; the history is shorter than
 * the one seen, or is no continuation of it
 */
TACIT_MUST_USE tacit_err tacit_memory_judge(const struct tacit_memory *memory,
    const struct tacit_recall *recall, bool *ret_news, struct tacit_reason *ret);
/* remembers what judge allowed.  Errors: TACIT_ENOMEM, TACIT_ELIMIT; perhaps half of it is learned */
TACIT_MUST_USE tacit_err tacit_memory_learn(
    struct tacit_memory *memory, const struct tacit_recall *recall);

/* Errors: TACIT_EFORMAT (*ret_line is the number of the line), TACIT_ELIMIT, TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_memory_parse(
    const char *text, size_t len, struct tacit_memory *ret, size_t *ret_line);
/* Gives *ret, tacit_free().  Errors: TACIT_ENOMEM */
TACIT_MUST_USE tacit_err tacit_memory_format(
    const struct tacit_memory *memory, char **ret, size_t *ret_len);

#endif
