#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: tacit COMMAND [OPTION]...\n"
    "\n"
    "End-to-end encrypted messages through Apache Kafka.\n"
    "\n"
    "commands:\n"
    "  hub     the node in the middle: keeps streams, sees ciphertext only\n"
    "\n"
    "  tacit COMMAND --help   says more\n"
    "  tacit --version        says which one this is\n";

void
tacit_cli_complain(const char *name, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "tacit %s: ", name);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

void
tacit_cli_log_line(void *arg, enum tacit_log_level level, const char *line)
{
	const struct tacit_cli_log *log = arg;

	if (level <= log->most)
		tacit_cli_complain(
		    log->name, "%s%s", level == TACIT_LOG_WARNING ? "warning: " : "", line);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
	    {"hub", tacit_cli_hub},
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("tacit " TACIT_VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "tacit: no command '%s'; tacit --help lists them\n", argv[1]);
	return STATUS_USAGE;
}
