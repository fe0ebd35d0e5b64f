#include "support/unit.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/secret.h"

/* the sanitizers of addresses and threads answer mlock by themselves and lock nothing */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LOCKS false
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOCKS false
#endif
#ifndef LOCKS
#define LOCKS tacit_secret_locked()
#endif

#define MANY 200 /* more than three arenas */

static bool
is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

static void
slots_are_zeroed_apart_and_wiped(void **state)
{
	uint8_t *slots[MANY];

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < MANY; i++) {
			slots[i] = tacit_secret_new(TACIT_SECRET_LEN_MAX);
			assert_non_null(slots[i]);
			assert_true(is_zero(slots[i], TACIT_SECRET_LEN_MAX));
			memset(slots[i], (int)(i % 255) + 1, TACIT_SECRET_LEN_MAX);
		}
		for (size_t i = 0; i < MANY; i++) {
			assert_int_equal(slots[i][0], i % 255 + 1);
			assert_int_equal(slots[i][TACIT_SECRET_LEN_MAX - 1], i % 255 + 1);
		}
		for (size_t i = 0; i < MANY; i++) {
			tacit_secret_free(slots[i]);
			/* the arena stays mapped, so what was left behind can be seen */
			assert_true(is_zero(slots[i], TACIT_SECRET_LEN_MAX));
		}
	}
	tacit_secret_free(NULL);
}

static void
freed_slot_is_used_again(void **state)
{
	void *first = tacit_secret_new(1), *second;

	(void)state;
	assert_non_null(first);
	tacit_secret_free(first);
	second = tacit_secret_new(TACIT_SECRET_LEN_MAX);
	assert_ptr_equal(first, second);
	tacit_secret_free(second);
}

static void
no_memory_gives_null(void **state)
{
	void *slots[5 * MANY];
	size_t count = 0;

	(void)state;
	tacit_alloc_fail_at(1);
	while (count < 5 * MANY && (slots[count] = tacit_secret_new(32)) != NULL)
		count++;
	tacit_alloc_fail_at(0);
	/* what arenas there were was given, then growing failed */
	assert_true(count < 5 * MANY);
	slots[count] = tacit_secret_new(32);
	assert_non_null(slots[count]);
	for (size_t i = 0; i <= count; i++)
		tacit_secret_free(slots[i]);
}

static void
child_sees_zeros(void **state)
{
	uint8_t *secret = tacit_secret_new(32);
	int status;
	pid_t child;

	(void)state;
	assert_non_null(secret);
	memset(secret, 7, 32);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(is_zero(secret, 32) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(secret[31], 7);
	tacit_secret_free(secret);
}

/* the mapping that holds secret, as /proc/self/smaps tells of it: its flags, and the bounds of
 * the mappings without rights right before and after it */
static void
memory_is_guarded_and_left_out_of_dumps(void **state)
{
	uint8_t *secret = tacit_secret_new(32);
	unsigned long first, last, before_last = 0, at = (unsigned long)(uintptr_t)secret;
	char line[512], rights[8], before_rights[8] = "";
	bool found = false, dump = true, wipe = false, locked = false, after = false;
	FILE *file = fopen("/proc/self/smaps", "r");

	(void)state;
	assert_non_null(secret);
	assert_non_null(file);
	while (!after && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &first, &last, rights) == 3) {
			if (found) {
				assert_int_equal(first, before_last);
				assert_string_equal(rights, "---p");
				after = true;
			} else if (at >= first && at < last) {
				assert_int_equal(first, before_last);
				assert_string_equal(before_rights, "---p");
				found = true;
			}
			before_last = last;
			strcpy(before_rights, rights);
		} else if (found && strncmp(line, "VmFlags:", 8) == 0) {
			dump = strstr(line, " dd") == NULL;
			wipe = strstr(line, " wf") != NULL;
			locked = strstr(line, " lo") != NULL;
		}
	}
	fclose(file);
	assert_true(found && after);
	assert_false(dump);
	assert_true(wipe);
	assert_int_equal(locked, LOCKS);
	tacit_secret_free(secret);
}

static void *
take_and_give(void *arg)
{
	bool *clean = arg;

	*clean = true;
	for (unsigned i = 0; i < 5000; i++) {
		uint8_t *secret = tacit_secret_new(64);

		if (secret == NULL || !is_zero(secret, TACIT_SECRET_LEN_MAX))
			*clean = false;
		else
			memset(secret, 0xff, TACIT_SECRET_LEN_MAX);
		tacit_secret_free(secret);
	}
	return NULL;
}

static void
threads_share_the_arenas(void **state)
{
	pthread_t threads[4];
	bool clean[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &clean[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(clean[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_guarded_and_left_out_of_dumps),
	    cmocka_unit_test(slots_are_zeroed_apart_and_wiped),
	    cmocka_unit_test(freed_slot_is_used_again),
	    cmocka_unit_test(no_memory_gives_null),
	    cmocka_unit_test(child_sees_zeros),
	    cmocka_unit_test(threads_share_the_arenas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
