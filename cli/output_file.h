/*
 * cli/output_file.h: a file that is replaced as a whole: FILE.part, and how it becomes FILE.  Only
 * cli/output.c calls these.
 *
 * open: FILE.part, ours alone as long as it is open.  begin, finish: as output.h has them.  close:
 * ends with the file in whatever state it is, and says what stays.  Output's why is set, as there.
 */
#ifndef TACIT_CLI_OUTPUT_FILE_H
#define TACIT_CLI_OUTPUT_FILE_H

#include "output.h"

bool tacit_cli_part_open(struct tacit_cli_output *output, const char *path);
bool tacit_cli_part_begin(struct tacit_cli_output *output);
bool tacit_cli_part_finish(struct tacit_cli_output *output);
void tacit_cli_part_close(struct tacit_cli_output *output);

#endif
