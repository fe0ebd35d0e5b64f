#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "identity/memory.h"
#include "node/entity.h"
#include "node/small_file.h"
#include "node/state.h"

/*
 * Trust policies as a node owns them, and what they remember: the policy asks here last (identity/
 * policy.h).  Two memories may know something: the node's, which is in the process and perhaps in a
 * file, and that of a policy that trusts the first one seen.  First both are asked, and only if
 * neither objects does any of them learn: whom one refuses must not fill the other.
 */

struct tacit_node_memory {
	struct tacit_owned owned;
	struct tacit_memory known;
	const char *path; /* NULL: in the process only */
};

static void
free_memory(struct tacit_owned *self)
{
	struct tacit_node_memory *memory = TACIT_CONTAINER(self, struct tacit_node_memory, owned);

	tacit_memory_fini(&memory->known);
	tacit_free(memory);
}

/* the node's memory, which it gets with its first policy; NULL without memory */
static struct tacit_node_memory *
memory_of(struct tacit_node *node)
{
	if (node->memory != NULL)
		return node->memory;
	if ((node->memory = tacit_alloc(sizeof(*node->memory))) == NULL)
		return NULL;
	node->memory->owned.free = free_memory;
	tacit_node_own(node, &node->memory->owned);
	return node->memory;
}

/* files of memories ---------------------------------------------------------------------------- */

static tacit_err
unreadable(const char *path, tacit_err err, size_t line, struct tacit_reason *ret)
{
	if (err == TACIT_EFORMAT)
		snprintf(ret->text, sizeof(ret->text),
		    "line %zu of %s is none of a memory: remove it, or the file, if what it "
		    "remembers may be forgotten",
		    line, path);
	else if (err == TACIT_ELIMIT)
		snprintf(ret->text, sizeof(ret->text), "%s remembers more than %u identities", path,
		    TACIT_REMEMBERED_MAX);
	else
		snprintf(ret->text, sizeof(ret->text), "%s cannot be read: %s", path,
		    tacit_strerror(err));
	return err;
}

/* a file that is not there yet remembers nothing */
static tacit_err
load(const char *path, struct tacit_memory *ret, struct tacit_reason *reason)
{
	struct tacit_file_text text;
	size_t len, line = 0;
	char *bytes;
	tacit_err err =
	    tacit_file_load(path, TACIT_FILE_OURS, TACIT_TRUST_FILE_LEN_MAX, &bytes, &len, &text);

	if (err == TACIT_ENOTFOUND) {
		*ret = (struct tacit_memory){.history_count = 0};
		return TACIT_OK;
	}
	if (err != TACIT_OK) {
		snprintf(reason->text, sizeof(reason->text), "%s", text.bytes);
		return err;
	}
	err = tacit_memory_parse(bytes, len, ret, &line);
	tacit_free(bytes);
	return err == TACIT_OK ? err : unreadable(path, err, line, reason);
}

/* says where the memory is that objects */
static tacit_err
judge(const char *path, const struct tacit_memory *memory, const struct tacit_recall *recall,
    bool *ret_news, struct tacit_reason *ret)
{
	tacit_err err = tacit_memory_judge(memory, recall, ret_news, ret);
	size_t len = strlen(ret->text);

	if (err != TACIT_OK)
		snprintf(ret->text + len, sizeof(ret->text) - len,
		    "; if that is meant, remove its line from %s", path);
	return err;
}

/* while it is our turn to change the file */
static tacit_err
learn_in_turn(
    struct tacit_file_change *change, const struct tacit_recall *recall, struct tacit_reason *ret)
{
	struct tacit_memory memory;
	struct tacit_file_text text;
	char *bytes = NULL;
	bool news;
	size_t len;
	tacit_err err = load(change->path, &memory, ret);

	if (err != TACIT_OK)
		return err;
	/* another program may have been faster */
	if ((err = judge(change->path, &memory, recall, &news, ret)) != TACIT_OK || !news)
		goto done;
	if ((err = tacit_memory_learn(&memory, recall)) != TACIT_OK ||
	    (err = tacit_memory_format(&memory, &bytes, &len)) != TACIT_OK)
		unreadable(change->path, err, 0, ret);
	else if ((err = tacit_file_replace(change, bytes, len, &text)) != TACIT_OK)
		snprintf(ret->text, sizeof(ret->text), "%s", text.bytes);
done:
	tacit_free(bytes);
	tacit_memory_fini(&memory);
	return err;
}

static tacit_err
learn(const char *path, const struct tacit_recall *recall, struct tacit_reason *ret)
{
	struct tacit_file_change change;
	struct tacit_file_text text;
	tacit_err err = tacit_file_begin(path, &change, &text);

	if (err != TACIT_OK) {
		snprintf(ret->text, sizeof(ret->text), "%s", text.bytes);
		return err;
	}
	err = learn_in_turn(&change, recall, ret);
	tacit_file_end(&change);
	return err;
}

/* *ret_news: the file would learn something */
static tacit_err
consult(
    const char *path, const struct tacit_recall *recall, bool *ret_news, struct tacit_reason *ret)
{
	struct tacit_memory memory;
	tacit_err err = load(path, &memory, ret);

	if (err != TACIT_OK)
		return err;
	err = judge(path, &memory, recall, ret_news, ret);
	tacit_memory_fini(&memory);
	return err;
}

/* the port ------------------------------------------------------------------------------------- */

/* what is asked of one memory, and whether it would learn */
struct asking {
	const char *path; /* NULL: no such file */
	struct tacit_recall recall;
	bool news;
};

/* both files, and no news without an answer of both */
static tacit_err
ask_files(struct asking *first, struct asking *node, struct tacit_reason *ret)
{
	tacit_err err = TACIT_OK;

	if (first->path != NULL)
		err = consult(first->path, &first->recall, &first->news, ret);
	if (err == TACIT_OK && node->path != NULL)
		err = consult(node->path, &node->recall, &node->news, ret);
	if (err == TACIT_OK && first->news)
		err = learn(first->path, &first->recall, ret);
	if (err == TACIT_OK && node->news)
		err = learn(node->path, &node->recall, ret);
	return err;
}

static void
tell(const struct tacit_trust *trust, const struct tacit_claim *claim)
{
	char name[TACIT_IDENTIFIER_TEXT_LEN];

	tacit_identifier_format(claim->peer, name);
	tacit_node_log(trust->node, TACIT_LOG_WARNING, "%s is remembered as '%s' in %s", name,
	    trust->label, trust->path);
}

static tacit_err
ask(void *arg, const struct tacit_claim *claim, struct tacit_reason *ret)
{
	const struct tacit_trust *trust = arg;
	struct tacit_node_memory *memory = trust->node->memory;
	/* those whom everybody would let in must not fill the memory of those whom somebody chose */
	bool known_only = trust->policy.kind == TACIT_POLICY_EVERYONE;
	struct asking first = {trust->path, {claim, trust->label, false}, false},
		      node = {memory->path, {claim, NULL, known_only}, false};
	bool news;
	tacit_err err;

	if ((err = tacit_memory_judge(&memory->known, &node.recall, &news, ret)) != TACIT_OK ||
	    (err = ask_files(&first, &node, ret)) != TACIT_OK)
		return err;
	if (news && (err = tacit_memory_learn(&memory->known, &node.recall)) != TACIT_OK) {
		snprintf(ret->text, sizeof(ret->text), "no room to remember one more identity: %s",
		    tacit_strerror(err));
		return err;
	}
	if (first.news)
		tell(trust, claim);
	return TACIT_OK;
}

tacit_err
tacit_trust_remember(struct tacit_node *node, const char *path)
{
	struct tacit_node_memory *memory;
	struct tacit_memory found;
	struct tacit_reason reason;
	tacit_err err;

	if (!tacit_node_usable(node))
		return tacit_node_err(node);
	if (path == NULL)
		return tacit_node_fail(node, TACIT_EINVAL, "a memory needs the name of a file");
	if ((memory = memory_of(node)) == NULL)
		return tacit_node_fail(node, TACIT_ENOMEM, "no memory for a memory");
	if (memory->path != NULL)
		return tacit_node_fail(
		    node, TACIT_EEXIST, "this node remembers in %s already", memory->path);
	if ((err = load(path, &found, &reason)) != TACIT_OK)
		return tacit_node_fail(node, err, "%s", reason.text);
	tacit_memory_fini(&found);
	memory->path = tacit_keep(node, path);
	return memory->path != NULL ? TACIT_OK : tacit_node_err(node);
}

/* policies ------------------------------------------------------------------------------------- */

static void
free_trust(struct tacit_owned *self)
{
	struct tacit_trust *trust = TACIT_CONTAINER(self, struct tacit_trust, owned);

	tacit_policy_fini(&trust->policy);
	tacit_free(trust);
}

/* a policy that refuses everybody, until it is filled in */
static struct tacit_trust *
trust_new(struct tacit_node *node)
{
	struct tacit_trust *trust;

	if (!tacit_node_usable(node))
		return NULL;
	if (memory_of(node) == NULL || (trust = tacit_alloc(sizeof(*trust))) == NULL) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a trust policy");
		return NULL;
	}
	trust->node = node;
	trust->policy.port = (struct tacit_policy_port){ask, trust};
	trust->owned.free = free_trust;
	tacit_node_own(node, &trust->owned);
	return trust;
}

/* takes over what the identity room filled in */
static void
fill(struct tacit_trust *trust, struct tacit_policy *policy)
{
	policy->port = trust->policy.port;
	trust->policy = *policy;
}

const struct tacit_trust *
tacit_trust_everyone(struct tacit_node *node)
{
	struct tacit_trust *trust = trust_new(node);

	if (trust != NULL) {
		trust->policy.kind = TACIT_POLICY_EVERYONE;
		tacit_node_log(node, TACIT_LOG_WARNING,
		    "trusting everyone: whoever carries the messages could sit in the middle");
	}
	return trust;
}

#define EXACTLY_MAX 64

struct identifiers {
	struct tacit_identifier all[EXACTLY_MAX];
	size_t count;
};

/* those of a text, with commas between */
static tacit_err
add_identifiers(struct tacit_node *node, const char *text, struct identifiers *ret)
{
	char one[TACIT_IDENTIFIER_TEXT_LEN];
	int len;

	for (;; text += len + 1) {
		len = (int)strcspn(text, ",");
		if (ret->count == EXACTLY_MAX)
			return tacit_node_fail(
			    node, TACIT_ELIMIT, "a trust policy takes %d identifiers", EXACTLY_MAX);
		/* one that is too long stays too long */
		snprintf(one, sizeof(one), "%.*s", len, text);
		if ((size_t)len >= sizeof(one) ||
		    tacit_identifier_parse(one, &ret->all[ret->count]) != TACIT_OK)
			return tacit_node_fail(node, TACIT_EINVAL,
			    "not an identifier: '%.*s': it is P and 64 hex digits, as the other "
			    "side "
			    "prints it",
			    len < 80 ? len : 80, text);
		ret->count++;
		if (text[len] == '\0')
			return TACIT_OK;
	}
}

const struct tacit_trust *
tacit_trust_exactly(struct tacit_node *node, ...)
{
	struct tacit_trust *trust = trust_new(node);
	struct identifiers identifiers = {.count = 0};
	struct tacit_policy policy;
	tacit_err err = TACIT_OK;
	const char *text;
	va_list list;

	if (trust == NULL)
		return NULL;
	va_start(list, node);
	while (err == TACIT_OK && (text = va_arg(list, const char *)) != NULL)
		err = add_identifiers(node, text, &identifiers);
	va_end(list);
	if (err != TACIT_OK)
		return NULL;
	if (identifiers.count == 0) {
		tacit_node_fail(
		    node, TACIT_EINVAL, "not an identifier: nobody was named to be trusted");
		return NULL;
	}
	if (tacit_policy_exactly(identifiers.all, identifiers.count, &policy) != TACIT_OK) {
		tacit_node_fail(node, TACIT_ENOMEM, "no memory for a trust policy");
		return NULL;
	}
	fill(trust, &policy);
	return trust;
}

/* what the identity room found wrong with a list */
static const struct tacit_trust *
bad_list(struct tacit_node *node, const char *path, tacit_err err, size_t line)
{
	if (err == TACIT_EFORMAT)
		tacit_node_fail(node, err,
		    "line %zu of %s is not an identifier: it is P and 64 hex digits, and # begins "
		    "a comment",
		    line, path);
	else if (err == TACIT_ELIMIT)
		tacit_node_fail(
		    node, err, "%s lists more than %u identifiers", path, TACIT_LISTED_MAX);
	else if (err == TACIT_ENOTFOUND)
		tacit_node_fail(node, TACIT_EINVAL, "%s lists nobody", path);
	else
		tacit_node_fail(node, err, "no memory for the list in %s", path);
	return NULL;
}

const struct tacit_trust *
tacit_trust_listed(struct tacit_node *node, const char *path)
{
	struct tacit_trust *trust = trust_new(node);
	struct tacit_policy policy;
	struct tacit_file_text text;
	size_t len, line = 0;
	char *bytes;
	tacit_err err;

	if (trust == NULL)
		return NULL;
	if (path == NULL) {
		tacit_node_fail(node, TACIT_EINVAL, "a list needs the name of a file");
		return NULL;
	}
	err =
	    tacit_file_load(path, TACIT_FILE_GIVEN, TACIT_TRUST_FILE_LEN_MAX, &bytes, &len, &text);
	if (err != TACIT_OK) {
		tacit_node_fail(node, err, "%s", text.bytes);
		return NULL;
	}
	err = tacit_policy_listed(bytes, len, &policy, &line);
	tacit_free(bytes);
	if (err != TACIT_OK)
		return bad_list(node, path, err, line);
	fill(trust, &policy);
	return trust;
}

const struct tacit_trust *
tacit_trust_first_seen(struct tacit_node *node, const char *path, const char *label)
{
	struct tacit_trust *trust = trust_new(node);
	struct tacit_memory found;
	struct tacit_reason reason;
	tacit_err err;

	if (trust == NULL)
		return NULL;
	if (path == NULL || label == NULL || !tacit_label_valid(label)) {
		tacit_node_fail(node, TACIT_EINVAL,
		    "who is seen first is remembered in a file, by a label of 1 to %u printable "
		    "characters without blanks",
		    TACIT_LABEL_LEN_MAX);
		return NULL;
	}
	/* what is wrong with the file is said now, not at the first handshake */
	if ((err = load(path, &found, &reason)) != TACIT_OK) {
		tacit_node_fail(node, err, "%s", reason.text);
		return NULL;
	}
	tacit_memory_fini(&found);
	trust->policy.kind = TACIT_POLICY_ASKED;
	trust->path = tacit_keep(node, path);
	trust->label = tacit_keep(node, label);
	return trust->path != NULL && trust->label != NULL ? trust : NULL;
}
