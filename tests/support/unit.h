/*
 * support/unit.h: cmocka with what it wants included before it.
 */
#ifndef TACIT_TESTS_UNIT_H
#define TACIT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
