#include "tacit/err.h"

#include <stddef.h>

const char *
tacit_strerror(tacit_err err)
{
	static const char *const texts[] = {
#define X(name, text) text,
	    TACIT_ERRORS(X)
#undef X
	};

	if ((size_t)err >= sizeof(texts) / sizeof(texts[0]))
		return "unknown error";
	return texts[err];
}
