#include "data_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool
tacit_cli_data_folder(const char *behind, char ret[TACIT_CLI_PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int len;

	if (data != NULL && data[0] == '/')
		len = snprintf(ret, TACIT_CLI_PATH_MAX, "%s/tacit%s", data, behind);
	else if (home != NULL && home[0] == '/')
		len = snprintf(ret, TACIT_CLI_PATH_MAX, "%s/.local/share/tacit%s", home, behind);
	else
		return false;
	return len < TACIT_CLI_PATH_MAX;
}

/* A home that is not there stays so: its owner is to have none.  $XDG_DATA_HOME may be made, by its
 * own rules, in what is there. */
void
tacit_cli_make_above(const char *path)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	size_t there = data != NULL && data[0] == '/'   ? strlen(data) - 1
		       : home != NULL && home[0] == '/' ? strlen(home)
							: 0;
	char above[TACIT_CLI_PATH_MAX];

	snprintf(above, sizeof(above), "%s", path);
	for (char *at = strchr(above + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		if ((size_t)(at - above) > there)
			(void)mkdir(above, 0700);
		*at = '/';
	}
}
