/* Identity files that are being changed: crashes and failures at each call, want of memory, and several
 * programs at once. */
#include "support/file_faults.h"
#include "unit/node/identity_file.h"

#include <sys/wait.h>

#include "base/memory.h"

/* the contents are on disk before the name leads to them, and the name before the call returns */
static void
calls_are_in_order(void **state)
{
	struct tacit_entity *entity;
	struct fixture f;

	(void)state;
	setup(&f);
	faults_start(0, false, 0);
	assert_non_null(entity = create(&f, &right));
	assert_string_equal(faults_trace, "wsluF");
	faults_start(0, false, 0);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
	assert_string_equal(faults_trace, "wsrF");
	faults_start(0, false, 0);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_OK);
	assert_string_equal(faults_trace, "wsrF");
	teardown(&f);
}

enum change {
	CREATE,
	ROTATE,
	RESEAL,
};

/* what a child process does, which may be ended at the nth call; true: it was */
static bool
child_dies_at(const char *file, unsigned nth, enum change change)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct tacit_node *node = tacit_node_new();
		struct tacit_vault *vault = tacit_vault_new(node);
		struct tacit_entity *entity =
		    change == ROTATE ? tacit_entity_load(node, vault, file, &right) : NULL;

		faults_start(nth, true, 0);
		if (change == ROTATE)
			_exit(tacit_entity_rotate(entity, &right) == TACIT_OK ? 0 : 1);
		if (change == RESEAL)
			_exit(
			    tacit_identity_reseal(node, file, &right, &fresh) == TACIT_OK ? 0 : 1);
		_exit(tacit_entity_create_file(node, vault, file, &right) != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != FAULTS_KILLED)
		assert_int_equal(WEXITSTATUS(status), 0);
	return WEXITSTATUS(status) == FAULTS_KILLED;
}

static void
a_crash_leaves_the_old_file_or_the_new_one(void **state)
{
	unsigned nth = 0, changes, old = 0, new = 0;
	struct tacit_entity *entity;
	bool died = true;
	struct fixture f;

	(void)state;
	while (died) {
		setup(&f);
		assert_non_null(create(&f, &right));
		died = child_dies_at(f.place.file, ++nth, ROTATE);
		changes = changes_of(&f);
		assert_true(changes == 1 || changes == 2);
		old += changes == 1;
		new += changes == 2;
		/* what it left behind is in nobody's way */
		assert_non_null(entity = load(&f, &right));
		assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
		assert_int_equal(changes_of(&f), changes + 1);
		assert_int_equal(place_count(&f.place, false), 1);
		teardown(&f);
	}
	/* killed in write, before sync, before rename, before the folder's sync; and not at all */
	assert_int_equal(nth, 5);
	assert_int_equal(old, 3);
	assert_int_equal(new, 2);
}

static void
a_crash_leaves_the_old_passphrase_or_the_new_one(void **state)
{
	unsigned nth = 0, new = 0;
	struct whole before, after;
	bool died = true, is_new;
	struct fixture f;

	(void)state;
	while (died) {
		setup(&f);
		assert_non_null(create(&f, &right));
		before = whole_of(&f);
		died = child_dies_at(f.place.file, ++nth, RESEAL);
		after = whole_of(&f);
		is_new = memcmp(before.bytes, after.bytes, sizeof(before.bytes)) != 0;
		if (is_new)
			assert_resealed(&f, &before, &fresh, 1, 8 << 10);
		new += is_new;
		/* what it left behind is in nobody's way */
		assert_int_equal(reseal(&f, is_new ? &fresh : &right, &wrong), TACIT_OK);
		assert_resealed(&f, &before, &wrong, 1, 8 << 10);
		teardown(&f);
	}
	assert_int_equal(nth, 5);
	assert_int_equal(new, 2);
}

static void
a_crash_leaves_nothing_or_the_new_file(void **state)
{
	unsigned nth = 0, there = 0;
	struct tacit_entity *entity;
	bool died = true;
	struct fixture f;

	(void)state;
	while (died) {
		setup(&f);
		died = child_dies_at(f.place.file, ++nth, CREATE);
		if (access(f.place.file, F_OK) != 0) {
			assert_non_null(entity = create(&f, &right));
		} else {
			there++;
			assert_non_null(entity = load(&f, &right));
		}
		assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
		assert_int_equal(changes_of(&f), 2);
		assert_int_equal(place_count(&f.place, false), 1);
		teardown(&f);
	}
	assert_int_equal(nth, 6);
	assert_int_equal(there, 3);
}

/* each call fails: it is said, the entity stays as it is or the file has the new key as a whole */
static void
failing_calls_are_told(void **state)
{
	struct tacit_entity *entity;
	struct whole before, after;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_non_null(entity = create(&f, &right));
	for (unsigned nth = 1; nth <= 3; nth++) {
		faults_start(nth, false, ENOSPC);
		assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_ENOSPACE);
		assert_failed(&f, TACIT_ENOSPACE, "No space left");
		assert_int_equal(entity->identity.history.count, 1);
		assert_int_equal(changes_of(&f), 1);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	faults_start(4, false, EIO);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_EIO);
	assert_failed(&f, TACIT_EIO, f.place.folder);
	assert_int_equal(entity->identity.history.count, 1);
	assert_int_equal(changes_of(&f), 2);
	faults_start(0, false, 0);
	assert_int_equal(tacit_entity_rotate(entity, &right), TACIT_OK);
	assert_int_equal(entity->identity.history.count, 3);
	before = whole_of(&f);
	for (unsigned nth = 1; nth <= 3; nth++) {
		faults_start(nth, false, EDQUOT);
		assert_int_equal(reseal(&f, &right, &fresh), TACIT_ENOSPACE);
		assert_failed(&f, TACIT_ENOSPACE, "bob.id");
		after = whole_of(&f);
		assert_same(&before, &after);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	faults_start(4, false, EIO);
	assert_int_equal(reseal(&f, &right, &fresh), TACIT_EIO);
	assert_failed(&f, TACIT_EIO, f.place.folder);
	assert_resealed(&f, &before, &fresh, 1, 8 << 10);
	(void)place_count(&f.place, true);
	for (unsigned nth = 1; nth <= 3; nth++) {
		faults_start(nth, false, EROFS);
		assert_null(create(&f, &right));
		assert_failed(&f, TACIT_EDENIED, "Read-only");
		assert_int_equal(place_count(&f.place, false), 0);
	}
	faults_start(0, false, 0);
	assert_non_null(create(&f, &right));
	teardown(&f);
}

#define CHILDREN 3

/* starts children that do the same at once; returns how many ended with 0 */
static unsigned
all_at_once(const char *file, bool rotate)
{
	unsigned done = 0;
	pid_t pids[CHILDREN];
	int status;

	for (size_t i = 0; i < CHILDREN; i++) {
		assert_true((pids[i] = fork()) >= 0);
		if (pids[i] != 0)
			continue;
		struct tacit_node *node = tacit_node_new();
		struct tacit_vault *vault = tacit_vault_new(node);
		struct tacit_entity *entity =
		    rotate ? tacit_entity_load(node, vault, file, &right)
			   : tacit_entity_create_file(node, vault, file, &right);

		if (!rotate && entity == NULL)
			_exit(tacit_node_err(node) == TACIT_EEXIST ||
				      tacit_node_err(node) == TACIT_EBUSY
				  ? 3
				  : 1);
		for (unsigned k = 0; rotate && k < 2; k++) {
			/* a disk may take seconds */
			while (tacit_entity_rotate(entity, &right) == TACIT_EBUSY)
				tacit_node_clear_err(node);
			if (tacit_node_err(node) != TACIT_OK)
				_exit(1);
		}
		_exit(0);
	}
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		done += WEXITSTATUS(status) == 0;
	}
	return done;
}

static void
several_programs_at_once(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		setup(&f);
		assert_int_equal(all_at_once(f.place.file, false), 1);
		assert_int_equal(changes_of(&f), 1);
		assert_int_equal(all_at_once(f.place.file, true), CHILDREN);
		assert_int_equal(changes_of(&f), 1 + 2 * CHILDREN);
		assert_int_equal(place_count(&f.place, false), 1);
		teardown(&f);
	}
}

/* of those who change the same passphrase one is in time; to the others it is a wrong one */
static void
several_programs_reseal_at_once(void **state)
{
	static const struct tacit_passphrase each[CHILDREN] = {
	    {"a", 1, false, TACIT_COST_LEAST},
	    {"b", 1, false, TACIT_COST_LEAST},
	    {"c", 1, false, TACIT_COST_LEAST},
	};
	struct whole before;
	size_t winner = 0;
	unsigned done = 0;
	pid_t pids[CHILDREN];
	struct fixture f;
	int status;

	(void)state;
	setup(&f);
	assert_non_null(create(&f, &right));
	before = whole_of(&f);
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_true((pids[i] = fork()) >= 0);
		if (pids[i] != 0)
			continue;
		switch (tacit_identity_reseal(tacit_node_new(), f.place.file, &right, &each[i])) {
		case TACIT_OK:
			_exit(0);
		case TACIT_EAUTH:
		case TACIT_EBUSY: /* of a disk that takes seconds */
			_exit(3);
		default:
			_exit(1);
		}
	}
	for (size_t i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		if (WEXITSTATUS(status) == 0)
			winner = i;
		done += WEXITSTATUS(status) == 0;
	}
	/* when nobody is there any more: who waited had FILE.new */
	assert_int_equal(done, 1);
	assert_resealed(&f, &before, &each[winner], 1, 8 << 10);
	teardown(&f);
}

/* each allocation fails in turn: an error, and everything as before */
static void
no_memory_is_an_error(void **state)
{
	struct tacit_entity *entity, *again = NULL;
	struct whole before, after;
	bool resealed = false;
	struct fixture f;

	(void)state;
	setup(&f);
	for (unsigned long nth = 1; again == NULL; nth++) {
		tacit_alloc_fail_at(nth);
		again = create(&f, &none);
		tacit_alloc_fail_at(0);
		if (again == NULL)
			assert_failed(&f, TACIT_ENOMEM, "");
		assert_true(nth < 50);
		if (again == NULL)
			(void)place_count(&f.place, true);
	}
	entity = again;
	again = NULL;
	for (unsigned long nth = 1; again == NULL; nth++) {
		tacit_alloc_fail_at(nth);
		again = load(&f, &none);
		tacit_alloc_fail_at(0);
		if (again == NULL)
			assert_failed(&f, TACIT_ENOMEM, "");
		assert_true(nth < 50);
	}
	for (unsigned long nth = 1; entity->identity.history.count == 1; nth++) {
		tacit_alloc_fail_at(nth);
		if (tacit_entity_rotate(entity, &none) != TACIT_OK) {
			tacit_alloc_fail_at(0);
			assert_failed(&f, TACIT_ENOMEM, "");
		}
		tacit_alloc_fail_at(0);
		assert_true(nth < 50);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	before = whole_of(&f);
	for (unsigned long nth = 1; !resealed; nth++) {
		tacit_alloc_fail_at(nth);
		resealed = reseal(&f, &none, &right) == TACIT_OK;
		tacit_alloc_fail_at(0);
		after = whole_of(&f);
		if (!resealed) {
			assert_failed(&f, TACIT_ENOMEM, "");
			assert_same(&before, &after);
		}
		assert_true(nth < 50);
		assert_int_equal(place_count(&f.place, false), 1);
	}
	assert_resealed(&f, &before, &right, 1, 8 << 10);
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_are_in_order),
	    cmocka_unit_test(a_crash_leaves_the_old_file_or_the_new_one),
	    cmocka_unit_test(a_crash_leaves_the_old_passphrase_or_the_new_one),
	    cmocka_unit_test(a_crash_leaves_nothing_or_the_new_file),
	    cmocka_unit_test(failing_calls_are_told),
	    cmocka_unit_test(several_programs_at_once),
	    cmocka_unit_test(several_programs_reseal_at_once),
	    cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
