/*
 * tacit/err.h: the one kind of error.
 *
 * Every call that can fail returns a tacit_err, or NULL after the node remembered one (node.h).
 * The list is append-only; a code exists only where a caller acts differently on it.
 */
#ifndef TACIT_ERR_H
#define TACIT_ERR_H

#if defined(__GNUC__)
#define TACIT_API      __attribute__((visibility("default")))
#define TACIT_MUST_USE __attribute__((warn_unused_result))
#define TACIT_SENTINEL __attribute__((sentinel))
#else
#define TACIT_API
#define TACIT_MUST_USE
#define TACIT_SENTINEL
#endif

/* clang-format off */
#define TACIT_ERRORS(X)                                                                            \
	X(OK,           "no error")                                                                \
	X(ENOMEM,       "out of memory")                                                           \
	X(EINVAL,       "invalid argument")                                                        \
	X(EFORMAT,      "malformed input")                                                         \
	X(ELIMIT,       "a limit was reached")                                                     \
	X(EUNSUPPORTED, "not supported by this version")                                           \
	X(EAUTH,        "authentication failed")                                                   \
	X(EUNTRUSTED,   "the trust policy refused the other end")                                  \
	X(EREFUSED,     "the other end refused our identity")                                      \
	X(ETIMEDOUT,    "no answer in time")                                                       \
	X(ECLOSED,      "closed")                                                                  \
	X(EUNCONFIRMED, "closed without confirmation from the other end")                          \
	X(ENOTFOUND,    "not found")                                                               \
	X(EEXIST,       "exists already")                                                          \
	X(EDENIED,      "not allowed")                                                             \
	X(EUNREACHABLE, "cannot be reached")                                                       \
	X(EIO,          "input or output failed")                                                  \
	X(EBUSY,        "in use")                                                                  \
	X(ENOSPACE,     "no space left")                                                           \
	X(ESTOPPED,     "the node was stopped")                                                    \
	X(EINTERNAL,    "an invariant of Tacit does not hold")                                     \
	X(EPOSSIBLYLOST, "may be lost, and may not be sent again")                                 \
	X(EEXHAUSTED,   "used up: make a new one")
/* clang-format on */

typedef enum tacit_err {
#define X(name, text) TACIT_##name,
	TACIT_ERRORS(X)
#undef X
} tacit_err;

/*
 * tacit_strerror: the sentence for an error, never NULL, never to be freed.
 *
 * Thread: any.
 */
TACIT_API const char *tacit_strerror(tacit_err err);

#endif
