/*
 * wire/name.h: which names a stream and a client may have (PROTOCOL.md 3.6).
 *
 * A stream's name becomes a Kafka topic and a client id a consumer group, so both keep to what
 * Kafka takes, wherever the entries are kept: a stream may then move.
 */
#ifndef TACIT_WIRE_NAME_H
#define TACIT_WIRE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* 1 to TACIT_NAME_LEN_MAX of A-Z a-z 0-9 . _ -, not `.` or `..`, not beginning with `__` (Kafka
 * keeps those for itself) */
bool tacit_name_check(const void *bytes, size_t len);
/* 1 to TACIT_CLIENT_ID_LEN_MAX of the same characters */
bool tacit_client_id_check(const void *bytes, size_t len);

#endif
