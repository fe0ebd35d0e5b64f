/*
 * cli/data_folder.h: where the commands keep what a person did not name a place for.
 */
#ifndef TACIT_CLI_DATA_FOLDER_H
#define TACIT_CLI_DATA_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define TACIT_CLI_PATH_MAX 4096

/* $XDG_DATA_HOME/tacit, or ~/.local/share/tacit, with what is behind it (`/known-peers`, or "");
 * makes nothing.  False: there is no home, or its name is too long */
bool tacit_cli_data_folder(const char *behind, char ret[TACIT_CLI_PATH_MAX]);

/* makes the folders above a path that data_folder gave, as far as they are missing, for nobody else
 * to read.  If that fails, whoever opens path says so */
void tacit_cli_make_above(const char *path);

#endif
