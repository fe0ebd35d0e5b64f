/*
 * cli/cli.h: what the subcommands of `tacit` share.
 */
#ifndef TACIT_CLI_CLI_H
#define TACIT_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "tacit/node.h"

/* statuses of every program (DESIGN.md, "Programs") */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_REFUSED = 3,   /* one end would not talk to the other */
	STATUS_TRUNCATED = 4, /* what was received is a beginning */
	STATUS_SILENT = 5,    /* nobody answers, or no more */
};

/* a subcommand: argv[0] is its name */
int tacit_cli_dump(int argc, char **argv);
int tacit_cli_echo(int argc, char **argv);
int tacit_cli_hub(int argc, char **argv);
int tacit_cli_identity(int argc, char **argv);
int tacit_cli_ping(int argc, char **argv);
int tacit_cli_receive(int argc, char **argv);
int tacit_cli_send(int argc, char **argv);
int tacit_cli_streams(int argc, char **argv);

/* what every command ends with: a status of 0 is 1 if standard output could not be written, which is
 * said.  name: the command's, or NULL */
int tacit_cli_finish(const char *name, int status);
/* --help, --version: prints the text and ends the process */
_Noreturn void tacit_cli_help(const char *name, const char *text);

/* text as UTF-8 for a terminal, with control characters and what is no text as \xNN; cut where ret
 * is full */
void tacit_cli_escape(const char *text, char *ret, size_t cap);

/* whether standard error is a terminal that takes colours, and nobody said NO_COLOR */
bool tacit_cli_colour(void);

/* prints `tacit NAME: ...` to standard error, escaped; what is wrong is red.  name NULL: `tacit: ...` */
void tacit_cli_say(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tacit_cli_complain(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* for tacit_node_on_log: arg points to a struct tacit_cli_log */
#define TACIT_CLI_LINE_MAX 1024
struct tacit_cli_log {
	const char *name;
	enum tacit_log_level most;     /* lines of a higher level are left out */
	char said[TACIT_CLI_LINE_MAX]; /* the last warning */
};
void tacit_cli_log_line(void *arg, enum tacit_log_level level, const char *line);

/* what is to be said of an error when a warning has told that the connection failed, word for word,
 * and why: the rest.  Either error, or ret */
const char *tacit_cli_rest(const char *error, const char *warning, char ret[TACIT_CLI_LINE_MAX]);

#endif
