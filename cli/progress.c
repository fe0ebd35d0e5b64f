#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "pipe.h"

#define TICK_MS  200
#define TEXT_LEN 192
#define COLUMNS  80
#define DIM      "\033[2m"
#define UNDIM    "\033[0m"

static unsigned
columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col
									       : COLUMNS;
}

static void
wipe(void *arg)
{
	struct tacit_cli_progress *progress = arg;

	/* the terminal may have echoed ^C behind it */
	if (progress->width > 0)
		fprintf(stderr, "\r%*s\r", (int)progress->width + 2, "");
	progress->width = 0;
}

double
tacit_cli_progress_seconds(const struct tacit_cli_progress *progress)
{
	return (double)(tacit_cli_now_ms() - progress->began_ms) / 1000;
}

static void
format(const struct tacit_cli_progress *progress, char text[TEXT_LEN])
{
	double seconds = tacit_cli_progress_seconds(progress);
	double rate = seconds > 0 ? (double)progress->bytes / seconds : 0;
	char of[64] = "", taken[64] = "", room[3][TACIT_CLI_AMOUNT_LEN];

	if (progress->size != TACIT_CLI_PIPE_UNKNOWN)
		snprintf(of, sizeof(of), " of %s (%.0f%%)",
		    tacit_cli_amount((double)progress->size, room[0]),
		    progress->size > 0 ? 100.0 * (double)progress->bytes / (double)progress->size
				       : 100.0);
	if (progress->has_taken)
		snprintf(taken, sizeof(taken), ", %s acknowledged",
		    tacit_cli_amount((double)progress->taken, room[0]));
	snprintf(text, TEXT_LEN, "%s%s, %s/s%s", tacit_cli_amount((double)progress->bytes, room[1]),
	    of, tacit_cli_amount(rate, room[2]), taken);
}

static void
draw(struct tacit_cli_progress *progress)
{
	bool dim = tacit_cli_colour();
	unsigned most = columns() > 3 ? columns() - 3 : 1;
	char text[TEXT_LEN];

	format(progress, text);
	wipe(progress);
	if (most < sizeof(text))
		text[most] = '\0';
	fprintf(stderr, "%s%s%s", dim ? DIM : "", text, dim ? UNDIM : "");
	progress->width = (unsigned)strlen(text);
}

static void
tick(void *arg)
{
	struct tacit_cli_progress *progress = arg;

	if (!progress->drawing)
		return;
	draw(progress);
	tacit_timer_after(progress->party->node, TICK_MS, tick, progress);
}

void
tacit_cli_progress_start(
    struct tacit_cli_progress *progress, struct tacit_cli_party *party, bool crowded)
{
	struct tacit_cli_report *report = &party->report;

	*progress = (struct tacit_cli_progress){
	    .party = party, .size = TACIT_CLI_PIPE_UNKNOWN, .began_ms = tacit_cli_now_ms()};
	if (crowded || report->quiet || report->json || isatty(STDERR_FILENO) == 0)
		return;
	progress->drawing = true;
	report->before = wipe;
	report->before_arg = progress;
	tacit_timer_after(party->node, TICK_MS, tick, progress);
}

void
tacit_cli_progress_stop(struct tacit_cli_progress *progress)
{
	wipe(progress);
	progress->drawing = false;
}
