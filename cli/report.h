/*
 * cli/report.h: what happened, for whoever runs receive, send, echo or ping: a line of words on
 * standard error, or a JSON object a line.
 *
 * Where the lines of JSON go: standard output, or standard error where standard output is data.
 * Words from elsewhere are escaped in both.  Quiet: errors and invitations only.
 */
#ifndef TACIT_CLI_REPORT_H
#define TACIT_CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct tacit_cli_report {
	const char *name; /* the command's */
	bool quiet, verbose, json;
	bool stdout_is_data;
	/* called before each line: wipes what is drawn over itself on the terminal; NULL: nothing is */
	void (*before)(void *arg);
	void *before_arg;
};

/* alone on its line, nothing before or behind it, also when quiet; false: it could not be written */
bool tacit_cli_report_invitation(struct tacit_cli_report *report, const char *invitation);
void tacit_cli_report_established(struct tacit_cli_report *report, const char *peer);
/* who was refused, or refused us */
void tacit_cli_report_refused(
    struct tacit_cli_report *report, const char *peer, const char *reason);

/* what was carried, at the end */
struct tacit_cli_done {
	bool received; /* otherwise it was sent */
	bool lines;    /* then messages counts */
	uint64_t bytes, messages;
	double seconds;
};
void tacit_cli_report_done(struct tacit_cli_report *report, const struct tacit_cli_done *done);

/* what happens on the way: printed with -v only */
void tacit_cli_report_note(struct tacit_cli_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tacit_cli_report_warning(struct tacit_cli_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* status: with which the command will end */
void tacit_cli_report_error(struct tacit_cli_report *report, int status, const char *text);

/* a string of JSON: what is no text is escaped as for a terminal first */
void tacit_cli_json_string(FILE *file, const char *text);

/* 1,500,000 as `1.5 MB`: the size of room is TACIT_CLI_AMOUNT_LEN */
#define TACIT_CLI_AMOUNT_LEN 32
const char *tacit_cli_amount(double bytes, char room[TACIT_CLI_AMOUNT_LEN]);

#endif
