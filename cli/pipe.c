#include "pipe.h"

#include <string.h>

/* PROTOCOL.md 10.2 */
#define VERSION   1
#define FLAG_LINE 0x01
#define U64_LEN   8

static void
put_u64(char *ret, uint64_t value)
{
	for (size_t i = 0; i < U64_LEN; i++)
		ret[i] = (char)(unsigned char)(value >> (8 * i));
}

static uint64_t
get_u64(const unsigned char *bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < U64_LEN; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

size_t
tacit_cli_pipe_encode(const struct tacit_cli_pipe *pipe, char ret[TACIT_CLI_PIPE_LEN_MAX])
{
	size_t len = pipe->len < TACIT_CLI_PIPE_TEXT_MAX ? pipe->len : TACIT_CLI_PIPE_TEXT_MAX;

	ret[0] = (char)pipe->kind;
	switch (pipe->kind) {
	case TACIT_CLI_PIPE_BEGIN:
		ret[1] = VERSION;
		ret[2] = pipe->lines ? FLAG_LINE : 0;
		put_u64(ret + 3, pipe->size);
		return 3 + U64_LEN;
	case TACIT_CLI_PIPE_END:
		put_u64(ret + 1, pipe->bytes);
		put_u64(ret + 1 + U64_LEN, pipe->messages);
		return 1 + 2 * U64_LEN;
	case TACIT_CLI_PIPE_TAKEN:
	case TACIT_CLI_PIPE_DONE:
		put_u64(ret + 1, pipe->bytes);
		return 1 + U64_LEN;
	case TACIT_CLI_PIPE_ABORT:
	case TACIT_CLI_PIPE_FAILED:
		memcpy(ret + 1, pipe->data, len);
		return 1 + len;
	default:
		return 1;
	}
}

static bool
decode_begin(const unsigned char *bytes, size_t len, struct tacit_cli_pipe *ret)
{
	/* what another version or another flag means is not known here, so nothing is guessed */
	if (len != 2 + U64_LEN || bytes[0] != VERSION || (bytes[1] & ~FLAG_LINE) != 0)
		return false;
	ret->lines = bytes[1] == FLAG_LINE;
	ret->size = get_u64(bytes + 2);
	return true;
}

/* bytes, and behind them messages where there are two numbers */
static bool
decode_counts(const unsigned char *bytes, size_t len, size_t numbers, struct tacit_cli_pipe *ret)
{
	if (len != numbers * U64_LEN)
		return false;
	ret->bytes = get_u64(bytes);
	if (numbers > 1)
		ret->messages = get_u64(bytes + U64_LEN);
	return true;
}

bool
tacit_cli_pipe_decode(const void *bytes, size_t len, struct tacit_cli_pipe *ret)
{
	const unsigned char *at = bytes;
	struct tacit_cli_pipe pipe = {0};
	bool good;

	if (len == 0)
		return false;
	pipe.kind = *at++;
	len--;
	switch (pipe.kind) {
	case TACIT_CLI_PIPE_BEGIN:
		good = decode_begin(at, len, &pipe);
		break;
	case TACIT_CLI_PIPE_END:
		good = decode_counts(at, len, 2, &pipe);
		break;
	case TACIT_CLI_PIPE_TAKEN:
	case TACIT_CLI_PIPE_DONE:
		good = decode_counts(at, len, 1, &pipe);
		break;
	case TACIT_CLI_PIPE_ABORT:
	case TACIT_CLI_PIPE_FAILED:
		good = len <= TACIT_CLI_PIPE_TEXT_MAX;
		break;
	case TACIT_CLI_PIPE_BYTES:
	case TACIT_CLI_PIPE_LINE:
		good = true;
		break;
	case TACIT_CLI_PIPE_BUSY:
		good = len == 0;
		break;
	default:
		return false;
	}
	pipe.data = at;
	pipe.len = len;
	if (good)
		*ret = pipe;
	return good;
}
