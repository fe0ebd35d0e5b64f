#include "identity/memory.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/memory.h"

static const char title[] = "tacit memory 1\n";

/* the longest line: `first`, two identifiers and a label */
#define LINE_LEN_MAX (5 + 1 + 65 + 1 + TACIT_LABEL_LEN_MAX + 1 + 65 + 1)

void
tacit_memory_fini(struct tacit_memory *memory)
{
	tacit_free(memory->histories);
	tacit_free(memory->firsts);
	memset(memory, 0, sizeof(*memory));
}

bool
tacit_label_valid(const char *label)
{
	size_t len = strlen(label);

	for (size_t i = 0; i < len; i++) {
		if (label[i] < '!' || label[i] > '~')
			return false;
	}
	return len > 0 && len <= TACIT_LABEL_LEN_MAX;
}

/* Both tables are in order, so that a file at each handshake costs no more than reading it. */

static int
order(const struct tacit_identifier *a, const struct tacit_identifier *b)
{
	size_t i = 0;

	while (i < sizeof(a->b) - 1 && a->b[i] == b->b[i])
		i++;
	return a->b[i] - b->b[i];
}

static int
order_first(const struct tacit_first *first, const struct tacit_identifier *own, const char *label)
{
	int by_own = order(&first->own, own);

	return by_own != 0 ? by_own : strcmp(first->label, label);
}

/* where peer is, or would be */
static size_t
history_at(const struct tacit_memory *memory, const struct tacit_identifier *peer)
{
	size_t low = 0, high = memory->history_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order(&memory->histories[middle].peer, peer) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t
first_at(const struct tacit_memory *memory, const struct tacit_identifier *own, const char *label)
{
	size_t low = 0, high = memory->first_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order_first(&memory->firsts[middle], own, label) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct tacit_remembered *
find_history(const struct tacit_memory *memory, const struct tacit_identifier *peer)
{
	size_t i = history_at(memory, peer);

	return i < memory->history_count && order(&memory->histories[i].peer, peer) == 0
		   ? &memory->histories[i]
		   : NULL;
}

static struct tacit_first *
find_first(const struct tacit_memory *memory, const struct tacit_identifier *own, const char *label)
{
	size_t i = first_at(memory, own, label);

	return i < memory->first_count && order_first(&memory->firsts[i], own, label) == 0
		   ? &memory->firsts[i]
		   : NULL;
}

/* judging -------------------------------------------------------------------------------------- */

static tacit_err
judge_first(const struct tacit_memory *memory, const struct tacit_recall *recall, bool *news,
    struct tacit_reason *ret)
{
	char name[TACIT_IDENTIFIER_TEXT_LEN], known[TACIT_IDENTIFIER_TEXT_LEN];
	const struct tacit_first *first;

	if (recall->label == NULL)
		return TACIT_OK;
	first = find_first(memory, recall->claim->own, recall->label);
	if (first == NULL) {
		*news = true;
		return TACIT_OK;
	}
	if (tacit_identifier_equal(&first->peer, recall->claim->peer))
		return TACIT_OK;
	tacit_identifier_format(recall->claim->peer, name);
	tacit_identifier_format(&first->peer, known);
	snprintf(ret->text, sizeof(ret->text),
	    "the other end is %s, but %s was the first one seen as '%s': somebody sits in between, "
	    "or it has a new identity",
	    name, known, recall->label);
	return TACIT_EUNTRUSTED;
}

static tacit_err
judge_history(const struct tacit_memory *memory, const struct tacit_recall *recall, bool *news,
    struct tacit_reason *ret)
{
	const struct tacit_history *history = recall->claim->history;
	const struct tacit_remembered *seen;
	char name[TACIT_IDENTIFIER_TEXT_LEN];
	uint8_t change[TACIT_HASH_LEN];

	if (history == NULL)
		return TACIT_OK;
	if ((seen = find_history(memory, recall->claim->peer)) == NULL) {
		*news = *news || !recall->known_only;
		return TACIT_OK;
	}
	tacit_identifier_format(recall->claim->peer, name);
	if (history->count < seen->count) {
		snprintf(ret->text, sizeof(ret->text),
		    "the other end is %s with an old key: it shows %u of the %u keys that were "
		    "seen; it has to load its identity file again, or the old key was stolen",
		    name, history->count, seen->count);
		return TACIT_EUNTRUSTED;
	}
	tacit_history_change_id(history, seen->count - 1u, change);
	if (!tacit_equal_ct(change, seen->change, sizeof(change))) {
		snprintf(ret->text, sizeof(ret->text),
		    "the other end is %s with a history that forks from the one seen before: two "
		    "have had its key; trust it no more before you have asked its owner",
		    name);
		return TACIT_EUNTRUSTED;
	}
	*news = *news || history->count > seen->count;
	return TACIT_OK;
}

tacit_err
tacit_memory_judge(const struct tacit_memory *memory, const struct tacit_recall *recall,
    bool *ret_news, struct tacit_reason *ret)
{
	bool news = false;
	tacit_err err;

	if ((err = judge_first(memory, recall, &news, ret)) != TACIT_OK ||
	    (err = judge_history(memory, recall, &news, ret)) != TACIT_OK)
		return err;
	*ret_news = news;
	return TACIT_OK;
}

/* learning ------------------------------------------------------------------------------------- */

static tacit_err
add_history(struct tacit_memory *memory, const struct tacit_remembered *remembered)
{
	struct tacit_remembered *grown;
	size_t at;

	if (memory->history_count == TACIT_REMEMBERED_MAX)
		return TACIT_ELIMIT;
	grown = tacit_realloc(memory->histories, (memory->history_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return TACIT_ENOMEM;
	memory->histories = grown;
	at = history_at(memory, &remembered->peer);
	memmove(&grown[at + 1], &grown[at], (memory->history_count - at) * sizeof(*grown));
	grown[at] = *remembered;
	memory->history_count++;
	return TACIT_OK;
}

static tacit_err
add_first(struct tacit_memory *memory, const struct tacit_first *first)
{
	struct tacit_first *grown;
	size_t at;

	if (memory->first_count == TACIT_REMEMBERED_MAX)
		return TACIT_ELIMIT;
	grown = tacit_realloc(memory->firsts, (memory->first_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return TACIT_ENOMEM;
	memory->firsts = grown;
	at = first_at(memory, &first->own, first->label);
	memmove(&grown[at + 1], &grown[at], (memory->first_count - at) * sizeof(*grown));
	grown[at] = *first;
	memory->first_count++;
	return TACIT_OK;
}

static tacit_err
learn_first(struct tacit_memory *memory, const struct tacit_recall *recall)
{
	struct tacit_first first = {*recall->claim->own, *recall->claim->peer, {0}};

	if (find_first(memory, recall->claim->own, recall->label) != NULL)
		return TACIT_OK;
	snprintf(first.label, sizeof(first.label), "%s", recall->label);
	return add_first(memory, &first);
}

static tacit_err
learn_history(struct tacit_memory *memory, const struct tacit_recall *recall)
{
	const struct tacit_history *history = recall->claim->history;
	struct tacit_remembered *seen = find_history(memory, recall->claim->peer), news;

	news.peer = *recall->claim->peer;
	news.count = history->count;
	tacit_history_change_id(history, history->count - 1u, news.change);
	if (seen != NULL)
		*seen = news;
	else if (!recall->known_only)
		return add_history(memory, &news);
	return TACIT_OK;
}

tacit_err
tacit_memory_learn(struct tacit_memory *memory, const struct tacit_recall *recall)
{
	tacit_err err = TACIT_OK;

	if (recall->label != NULL)
		err = learn_first(memory, recall);
	if (err == TACIT_OK && recall->claim->history != NULL)
		err = learn_history(memory, recall);
	return err;
}

/* text ----------------------------------------------------------------------------------------- */

/* cuts the next word off: up to a single blank, or the end */
static const char *
next_word(char **line)
{
	char *word = *line, *blank;

	if (word == NULL)
		return "";
	if ((blank = strchr(word, ' ')) != NULL)
		*blank++ = '\0';
	*line = blank;
	return word;
}

static tacit_err
parse_first(char *line, struct tacit_memory *memory)
{
	struct tacit_first first = {.label = ""};
	const char *own = next_word(&line), *label = next_word(&line), *peer = next_word(&line);

	if (line != NULL || !tacit_label_valid(label) ||
	    tacit_identifier_parse(own, &first.own) != TACIT_OK ||
	    tacit_identifier_parse(peer, &first.peer) != TACIT_OK || memory->history_count > 0 ||
	    (memory->first_count > 0 &&
		order_first(&memory->firsts[memory->first_count - 1], &first.own, label) >= 0))
		return TACIT_EFORMAT;
	snprintf(first.label, sizeof(first.label), "%s", label);
	return add_first(memory, &first);
}

static tacit_err
parse_history(char *line, struct tacit_memory *memory)
{
	struct tacit_remembered seen = {.count = 0};
	const char *peer = next_word(&line), *count = next_word(&line), *change = next_word(&line);

	_Static_assert(TACIT_HISTORY_CHANGES_MAX < 10, "a count is a digit");
	if (line != NULL || tacit_identifier_parse(peer, &seen.peer) != TACIT_OK ||
	    count[0] < '1' || count[0] > (char)('0' + TACIT_HISTORY_CHANGES_MAX) ||
	    count[1] != '\0' || !tacit_hex_decode(seen.change, sizeof(seen.change), change) ||
	    (memory->history_count > 0 &&
		order(&memory->histories[memory->history_count - 1].peer, &seen.peer) >= 0))
		return TACIT_EFORMAT;
	seen.count = (uint8_t)(count[0] - '0');
	return add_history(memory, &seen);
}

static tacit_err
parse_line(const char *text, size_t len, struct tacit_memory *memory)
{
	char copy[LINE_LEN_MAX], *line = copy;
	const char *kind;

	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return TACIT_EFORMAT;
	memcpy(copy, text, len);
	copy[len] = '\0';
	kind = next_word(&line);
	if (strcmp(kind, "first") == 0)
		return parse_first(line, memory);
	if (strcmp(kind, "history") == 0)
		return parse_history(line, memory);
	return TACIT_EFORMAT;
}

tacit_err
tacit_memory_parse(const char *text, size_t len, struct tacit_memory *ret, size_t *ret_line)
{
	struct tacit_memory memory = {.history_count = 0};
	size_t title_len = sizeof(title) - 1, number = 1;
	const char *end = text + len;
	tacit_err err = TACIT_OK;

	if (len < title_len || strncmp(text, title, title_len) != 0)
		err = TACIT_EFORMAT;
	else
		text += title_len;
	while (err == TACIT_OK && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		number++;
		/* a line without an end was cut */
		err = newline == NULL ? TACIT_EFORMAT
				      : parse_line(text, (size_t)(newline - text), &memory);
		text = newline != NULL ? newline + 1 : end;
	}
	if (err != TACIT_OK) {
		*ret_line = number;
		tacit_memory_fini(&memory);
		return err;
	}
	*ret = memory;
	return TACIT_OK;
}

tacit_err
tacit_memory_format(const struct tacit_memory *memory, char **ret, size_t *ret_len)
{
	size_t cap = sizeof(title) + (memory->history_count + memory->first_count) * LINE_LEN_MAX;
	char a[TACIT_IDENTIFIER_TEXT_LEN], b[TACIT_IDENTIFIER_TEXT_LEN],
	    change[2 * TACIT_HASH_LEN + 1];
	char *text = tacit_alloc(cap);
	size_t len;

	if (text == NULL)
		return TACIT_ENOMEM;
	len = (size_t)snprintf(text, cap, "%s", title);
	for (size_t i = 0; i < memory->first_count; i++) {
		tacit_identifier_format(&memory->firsts[i].own, a);
		tacit_identifier_format(&memory->firsts[i].peer, b);
		len += (size_t)snprintf(
		    text + len, cap - len, "first %s %s %s\n", a, memory->firsts[i].label, b);
	}
	for (size_t i = 0; i < memory->history_count; i++) {
		tacit_identifier_format(&memory->histories[i].peer, a);
		tacit_hex_encode(change, memory->histories[i].change, TACIT_HASH_LEN);
		len += (size_t)snprintf(text + len, cap - len, "history %s %u %s\n", a,
		    memory->histories[i].count, change);
	}
	tacit_assert(len < cap);
	*ret = text;
	*ret_len = len;
	return TACIT_OK;
}
