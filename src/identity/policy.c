#include "identity/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

void
tacit_policy_everyone(struct tacit_policy *ret)
{
	*ret = (struct tacit_policy){.kind = TACIT_POLICY_EVERYONE};
}

tacit_err
tacit_policy_exactly(
    const struct tacit_identifier *identifiers, size_t count, struct tacit_policy *ret)
{
	struct tacit_identifier *copy = tacit_alloc_array(count, sizeof(*copy));

	if (copy == NULL)
		return TACIT_ENOMEM;
	if (count > 0)
		memcpy(copy, identifiers, count * sizeof(*copy));
	*ret = (struct tacit_policy){
	    .kind = TACIT_POLICY_EXACTLY, .identifiers = copy, .count = count};
	return TACIT_OK;
}

void
tacit_policy_fini(struct tacit_policy *policy)
{
	tacit_free(policy->identifiers);
	memset(policy, 0, sizeof(*policy));
}

tacit_err
tacit_policy_copy(const struct tacit_policy *policy, struct tacit_policy *ret)
{
	tacit_err err = TACIT_OK;

	if (policy->kind == TACIT_POLICY_EXACTLY)
		err = tacit_policy_exactly(policy->identifiers, policy->count, ret);
	else
		*ret = *policy;
	if (err == TACIT_OK)
		ret->port = policy->port;
	return err;
}

/* the line without its comment and the blanks around it, or false: it is longer than any good one */
static bool
trim(const char *line, size_t len, char *ret, size_t cap)
{
	const char *comment = memchr(line, '#', len);

	if (comment != NULL)
		len = (size_t)(comment - line);
	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		len--;
	for (; len > 0 && strchr(" \t", *line) != NULL; len--)
		line++;
	/* a NUL would end the text before its end */
	if (len >= cap || memchr(line, '\0', len) != NULL)
		return false;
	memcpy(ret, line, len);
	ret[len] = '\0';
	return true;
}

/* appends to an array that is never longer than the lines there are */
static tacit_err
list_line(const char *line, size_t len, struct tacit_policy *list)
{
	char text[TACIT_IDENTIFIER_TEXT_LEN];
	struct tacit_identifier identifier;
	struct tacit_identifier *grown;

	if (!trim(line, len, text, sizeof(text)))
		return TACIT_EFORMAT;
	if (text[0] == '\0')
		return TACIT_OK;
	if (tacit_identifier_parse(text, &identifier) != TACIT_OK)
		return TACIT_EFORMAT;
	if (list->count == TACIT_LISTED_MAX)
		return TACIT_ELIMIT;
	grown = tacit_realloc(list->identifiers, (list->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return TACIT_ENOMEM;
	grown[list->count++] = identifier;
	list->identifiers = grown;
	return TACIT_OK;
}

tacit_err
tacit_policy_listed(const char *text, size_t len, struct tacit_policy *ret, size_t *ret_line)
{
	struct tacit_policy list = {.kind = TACIT_POLICY_EXACTLY};
	const char *end = text + len;
	tacit_err err = TACIT_OK;
	size_t number = 0;

	while (err == TACIT_OK && text < end) {
		const char *next = memchr(text, '\n', (size_t)(end - text));

		number++;
		err = list_line(text, (size_t)((next != NULL ? next : end) - text), &list);
		text = next != NULL ? next + 1 : end;
	}
	if (err == TACIT_OK && list.count == 0)
		err = TACIT_ENOTFOUND;
	if (err == TACIT_OK) {
		*ret = list;
	} else {
		*ret_line = number;
		tacit_policy_fini(&list);
	}
	return err;
}

tacit_err
tacit_policy_decide(const struct tacit_policy *policy, const struct tacit_identifier *identifier)
{
	/* zeroed memory is of no kind, and has no identifiers */
	if (policy->kind == TACIT_POLICY_EVERYONE)
		return TACIT_OK;
	if (policy->kind != TACIT_POLICY_EXACTLY)
		return TACIT_EUNTRUSTED;
	for (size_t i = 0; i < policy->count; i++) {
		if (tacit_identifier_equal(&policy->identifiers[i], identifier))
			return TACIT_OK;
	}
	return TACIT_EUNTRUSTED;
}

/* the sentence for the program whose policy refused identifier */
static void
explain(const struct tacit_policy *policy, const struct tacit_identifier *identifier,
    struct tacit_reason *ret)
{
	char name[TACIT_IDENTIFIER_TEXT_LEN], trusted[TACIT_IDENTIFIER_TEXT_LEN];

	tacit_identifier_format(identifier, name);
	if (policy->count == 1) {
		tacit_identifier_format(&policy->identifiers[0], trusted);
		snprintf(ret->text, sizeof(ret->text),
		    "the other end is %s, and only %s is trusted", name, trusted);
	} else {
		snprintf(ret->text, sizeof(ret->text),
		    "the other end is %s, whom the trust policy does not allow", name);
	}
}

tacit_err
tacit_policy_judge(
    const struct tacit_policy *policy, const struct tacit_claim *claim, struct tacit_reason *ret)
{
	const struct tacit_policy_port *port = &policy->port;
	bool asked = policy->kind == TACIT_POLICY_ASKED && port->ask != NULL;

	if (!asked && tacit_policy_decide(policy, claim->peer) != TACIT_OK) {
		explain(policy, claim->peer, ret);
		return TACIT_EUNTRUSTED;
	}
	return port->ask != NULL ? port->ask(port->arg, claim, ret) : TACIT_OK;
}
