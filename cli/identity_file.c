#include "identity_file.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"

/* room for a question that names a file */
#define QUESTION_LEN_MAX 512

static bool
ask(const struct tacit_cli_asker *asker, const char *what,
    const struct tacit_cli_identity_file *file, struct tacit_cli_passphrase *ret)
{
	char plain[QUESTION_LEN_MAX], question[4 * QUESTION_LEN_MAX];

	snprintf(plain, sizeof(plain), "%s %s: ", what, file->path);
	tacit_cli_escape(plain, question, sizeof(question));
	return tacit_cli_passphrase_ask(asker, question, ret);
}

static bool
ask_twice(const struct tacit_cli_asker *asker, const struct tacit_cli_identity_file *file,
    struct tacit_cli_passphrase *ret)
{
	struct tacit_cli_passphrase again = {.len = 0};
	bool good = ask(asker, "New passphrase for", file, ret) &&
		    ask(asker, "Once more the passphrase for", file, &again);

	if (good && (ret->len != again.len || memcmp(ret->bytes, again.bytes, ret->len) != 0)) {
		tacit_cli_complain(asker->name, "the two passphrases differ: nothing was %s",
		    file->is_next ? "changed" : "made");
		good = false;
	}
	tacit_cli_passphrase_wipe(&again);
	return good;
}

static bool
find_passphrase(const char *name, const struct tacit_cli_identity_file *file, bool is_new,
    struct tacit_cli_opening *ret)
{
	const struct tacit_cli_asker asker = {name, file->is_next ? "new-" : "", is_new};
	bool good;

	if (file->passphrase_file != NULL)
		good = tacit_cli_passphrase_read(&asker, file->passphrase_file, &ret->own);
	else if (is_new)
		good = ask_twice(&asker, file, &ret->own);
	else
		good = ask(&asker, "Passphrase for", file, &ret->own);
	ret->passphrase = (struct tacit_passphrase){.bytes = ret->own.bytes, .len = ret->own.len};
	return good;
}

bool
tacit_cli_opening_new(
    const char *name, const struct tacit_cli_identity_file *file, struct tacit_cli_opening *ret)
{
	ret->own.len = 0;
	ret->passphrase = (struct tacit_passphrase){.none = true};
	return file->no_passphrase || find_passphrase(name, file, true, ret);
}

bool
tacit_cli_opening_find(struct tacit_node *node, const char *name,
    const struct tacit_cli_identity_file *file, struct tacit_identity_info *ret_info,
    struct tacit_cli_opening *ret)
{
	ret->own.len = 0;
	ret->passphrase = (struct tacit_passphrase){.none = true};
	if (tacit_identity_show(node, file->path, NULL, ret_info) != TACIT_OK)
		return false;
	if (ret_info->has_passphrase && file->no_passphrase) {
		tacit_cli_complain(
		    name, "%s has a passphrase: leave out --no-passphrase", file->path);
		return false;
	}
	if (!ret_info->has_passphrase && file->passphrase_file != NULL) {
		tacit_cli_complain(
		    name, "%s has no passphrase: leave out --passphrase-file", file->path);
		return false;
	}
	return !ret_info->has_passphrase || find_passphrase(name, file, false, ret);
}
