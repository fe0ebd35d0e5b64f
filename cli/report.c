#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli.h"

#define TEXT_LEN_MAX 2048

/* where objects of JSON go; a line that is drawn over itself is out of the way */
static FILE *
out(struct tacit_cli_report *report)
{
	if (report->before != NULL)
		report->before(report->before_arg);
	return report->json && !report->stdout_is_data ? stdout : stderr;
}

void
tacit_cli_json_string(FILE *file, const char *text)
{
	char escaped[4 * TEXT_LEN_MAX];

	tacit_cli_escape(text, escaped, sizeof(escaped));
	putc('"', file);
	for (const char *at = escaped; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			putc('\\', file);
		putc(*at, file);
	}
	putc('"', file);
}

/* an object with an event and up to two strings; name NULL: none */
static void
put_object(struct tacit_cli_report *report, const char *event, const char *const strings[][2])
{
	FILE *file = out(report);

	fprintf(file, "{\"event\": \"%s\"", event);
	for (size_t i = 0; strings[i][0] != NULL; i++) {
		fprintf(file, ", \"%s\": ", strings[i][0]);
		tacit_cli_json_string(file, strings[i][1]);
	}
	fputs("}\n", file);
}

bool
tacit_cli_report_invitation(struct tacit_cli_report *report, const char *invitation)
{
	const char *const strings[][2] = {{"invitation", invitation}, {NULL, NULL}};
	FILE *file = out(report);

	if (report->json)
		put_object(report, "invitation", strings);
	else
		fprintf(file, "%s\n", invitation);
	return fflush(file) == 0 && ferror(file) == 0;
}

void
tacit_cli_report_established(struct tacit_cli_report *report, const char *peer)
{
	const char *const strings[][2] = {{"peer", peer}, {NULL, NULL}};

	if (report->quiet)
		return;
	if (report->json) {
		put_object(report, "established", strings);
		return;
	}
	(void)out(report);
	tacit_cli_say(report->name, "established with %s", peer);
}

void
tacit_cli_report_refused(struct tacit_cli_report *report, const char *peer, const char *reason)
{
	const char *const strings[][2] = {{"peer", peer}, {"reason", reason}, {NULL, NULL}};

	if (report->quiet)
		return;
	if (report->json) {
		put_object(report, "refused", strings);
		return;
	}
	(void)out(report);
	tacit_cli_say(report->name, "refused %s: %s", peer, reason);
}

const char *
tacit_cli_amount(double bytes, char room[TACIT_CLI_AMOUNT_LEN])
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
	size_t unit = 0;

	while (bytes >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		unit++;
	}
	snprintf(room, TACIT_CLI_AMOUNT_LEN, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
	return room;
}

void
tacit_cli_report_done(struct tacit_cli_report *report, const struct tacit_cli_done *done)
{
	char lines[48] = "", room[TACIT_CLI_AMOUNT_LEN];
	FILE *file;

	if (report->quiet)
		return;
	file = out(report);
	if (done->lines)
		snprintf(lines, sizeof(lines),
		    report->json ? ", \"messages\": %" PRIu64 : "%" PRIu64 " lines, ",
		    done->messages);
	if (report->json) {
		fprintf(file,
		    "{\"event\": \"done\", \"bytes\": %" PRIu64 "%s, \"seconds\": %.6f}\n",
		    done->bytes, lines, done->seconds);
		return;
	}
	tacit_cli_say(report->name, "%s %s%" PRIu64 " bytes in %.2f s, %s/s",
	    done->received ? "received" : "sent", lines, done->bytes, done->seconds,
	    tacit_cli_amount(done->seconds > 0 ? (double)done->bytes / done->seconds : 0, room));
}

static void __attribute__((format(printf, 3, 0)))
remark(struct tacit_cli_report *report, bool warning, const char *format, va_list list)
{
	char text[TEXT_LEN_MAX];
	const char *const strings[][2] = {{"text", text}, {NULL, NULL}};

	vsnprintf(text, sizeof(text), format, list);
	if (report->json) {
		put_object(report, warning ? "warning" : "note", strings);
		return;
	}
	(void)out(report);
	tacit_cli_say(report->name, "%s%s", warning ? "warning: " : "", text);
}

void
tacit_cli_report_note(struct tacit_cli_report *report, const char *format, ...)
{
	va_list list;

	if (!report->verbose || report->quiet)
		return;
	va_start(list, format);
	remark(report, false, format, list);
	va_end(list);
}

void
tacit_cli_report_warning(struct tacit_cli_report *report, const char *format, ...)
{
	va_list list;

	if (report->quiet)
		return;
	va_start(list, format);
	remark(report, true, format, list);
	va_end(list);
}

void
tacit_cli_report_error(struct tacit_cli_report *report, int status, const char *text)
{
	FILE *file = out(report);

	if (!report->json) {
		tacit_cli_complain(report->name, "%s", text);
		return;
	}
	fprintf(file, "{\"event\": \"error\", \"status\": %d, \"text\": ", status);
	tacit_cli_json_string(file, text);
	fputs("}\n", file);
}
