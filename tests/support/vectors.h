/*
 * support/vectors.h: reads the files in tests/vectors: blocks of `name = value` lines, with an
 * empty line after each block, and # comments.  Anything malformed fails the test that reads it.
 */
#ifndef TACIT_TESTS_VECTORS_H
#define TACIT_TESTS_VECTORS_H

#include "support/unit.h"

#include "base/hex.h"

#define VECTOR_FIELDS_MAX 24

struct vectors {
	FILE *file;
	size_t count;                    /* fields of the current block */
	char *fields[VECTOR_FIELDS_MAX]; /* `name`, NUL, value */
	const char *values[VECTOR_FIELDS_MAX];
};

static inline void
vectors_open(struct vectors *v, const char *name)
{
	char path[1024];

	memset(v, 0, sizeof(*v));
	snprintf(path, sizeof(path), "%s/%s", TACIT_VECTORS, name);
	v->file = fopen(path, "r");
	if (v->file == NULL)
		fail_msg("cannot open %s", path);
}

static inline void
vectors_clear(struct vectors *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->fields[i]);
	v->count = 0;
}

static inline void
vectors_close(struct vectors *v)
{
	vectors_clear(v);
	fclose(v->file);
}

static inline void
vectors_add(struct vectors *v, const char *line)
{
	char *field = strdup(line);
	char *sign = strstr(field, " =");

	assert_non_null(sign);
	assert_true(v->count < VECTOR_FIELDS_MAX);
	*sign = '\0';
	v->fields[v->count] = field;
	v->values[v->count] = sign + (sign[2] == ' ' ? 3 : 2);
	v->count++;
}

/* the next block; false at the end of the file */
static inline bool
vectors_next(struct vectors *v)
{
	char *line = NULL;
	size_t cap = 0;

	vectors_clear(v);
	while (getline(&line, &cap, v->file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (line[0] != '\0')
			vectors_add(v, line);
		else if (v->count > 0)
			break;
	}
	free(line);
	return v->count > 0;
}

/* a field's text, or NULL */
static inline const char *
vectors_find(const struct vectors *v, const char *name)
{
	for (size_t i = 0; i < v->count; i++) {
		if (strcmp(v->fields[i], name) == 0)
			return v->values[i];
	}
	return NULL;
}

static inline const char *
vectors_text(const struct vectors *v, const char *name)
{
	const char *text = vectors_find(v, name);

	if (text == NULL)
		fail_msg("no field %s in a block that begins with %s", name, v->values[0]);
	return text;
}

/* a field's bytes, of which there are at most cap; returns how many */
static inline size_t
vectors_hex(const struct vectors *v, const char *name, uint8_t *ret, size_t cap)
{
	const char *text = vectors_text(v, name);
	size_t len = strlen(text) / 2;

	assert_true(len <= cap);
	assert_true(tacit_hex_decode(ret, len, text));
	return len;
}

/* the same for a field of exactly len bytes */
static inline void
vectors_exact(const struct vectors *v, const char *name, uint8_t *ret, size_t len)
{
	assert_int_equal(vectors_hex(v, name, ret, len), len);
}

#endif
