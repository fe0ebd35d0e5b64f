/* Whom a node trusts, and what it remembers of them, through whole handshakes and with real files */
#include "support/ends.h"
#include "support/file_faults.h"
#include "support/place.h"

#include <sys/wait.h>

#include "base/memory.h"
#include "identity/memory.h"
#include "node/entity.h"

static const struct tacit_passphrase none = {.none = true};

/* identity files of two parties, the first one's also as it was before its rotations */
struct world {
	struct place place;
	char old[128], fork[128], other[128], memory[128]; /* file names; the first is place.file */
	char id[66], other_id[66];
};

static void
copy_file(const char *from, const char *to)
{
	char bytes[4096];
	size_t len = place_read(from, bytes, sizeof(bytes));

	place_write(to, bytes, len);
}

static void
world_init(struct world *w)
{
	struct tacit_node *node = tacit_node_new();
	struct tacit_vault *vault = tacit_vault_new(node);

	place_init(&w->place, "alice.id");
	snprintf(w->old, sizeof(w->old), "%s/old.id", w->place.folder);
	snprintf(w->fork, sizeof(w->fork), "%s/fork.id", w->place.folder);
	snprintf(w->other, sizeof(w->other), "%s/other.id", w->place.folder);
	snprintf(w->memory, sizeof(w->memory), "%s/known", w->place.folder);
	snprintf(w->id, sizeof(w->id), "%s",
	    tacit_entity_identifier(tacit_entity_create_file(node, vault, w->place.file, &none)));
	snprintf(w->other_id, sizeof(w->other_id), "%s",
	    tacit_entity_identifier(tacit_entity_create_file(node, vault, w->other, &none)));
	assert_int_equal(tacit_node_err(node), TACIT_OK);
	tacit_node_free(node);
	copy_file(w->place.file, w->old);
	copy_file(w->place.file, w->fork);
}

static struct tacit_entity *
load(struct tacit_node *node, const char *file)
{
	struct tacit_entity *entity = tacit_entity_load(node, tacit_vault_new(node), file, &none);

	assert_non_null(entity);
	return entity;
}

static bool
file_has(const char *file, const char *text)
{
	char bytes[16384];

	bytes[place_read(file, bytes, sizeof(bytes) - 1)] = '\0';
	return strstr(bytes, text) != NULL;
}

static void
has_words(const struct tacit_node *node, const char *text)
{
	if (strstr(tacit_node_errmsg(node), text) == NULL)
		fail_msg("'%s' is not in '%s'", text, tacit_node_errmsg(node));
}

/* alice opens a channel as the party in file, and bob lets her */
static void
alice_may(struct ends *ends, const char *file)
{
	struct tacit_channel *chan;

	ends->alice_entity = load(ends->alice, file);
	chan = ends_open(ends);
	ends_check_echo(ends, chan, "hello");
	assert_int_equal(tacit_channel_close(chan), TACIT_OK);
}

/* bob does not, for this reason */
static void
alice_may_not(struct ends *ends, const char *file, const char *reason)
{
	unsigned established = ends->events[TACIT_CHANNEL_ESTABLISHED];

	ends->alice_entity = load(ends->alice, file);
	assert_null(ends_open_to(ends, tacit_entity_identifier(ends->bob_entity)));
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EREFUSED);
	tacit_node_clear_err(ends->alice);
	assert_int_equal(ends->events[TACIT_CHANNEL_ESTABLISHED], established);
	assert_int_equal(ends->err, TACIT_EUNTRUSTED);
	assert_true(lines_have(&ends->lines, reason));
	/* the far end learns no reason */
	assert_null(strstr(tacit_node_errmsg(ends->alice), reason));
	memset(&ends->lines, 0, sizeof(ends->lines));
}

static void
rotate(const char *file)
{
	struct tacit_node *node = tacit_node_new();

	assert_int_equal(tacit_entity_rotate(load(node, file), &none), TACIT_OK);
	tacit_node_free(node);
}

/* pinned by their identifier they go on; the old key stops working when the new one was seen */
static void
rotated_initiators_go_on(void **state)
{
	struct ends *ends;
	struct world w;

	(void)state;
	world_init(&w);
	ends = ends_new(ENDS_INPROC, w.id);
	alice_may(ends, w.place.file);
	rotate(w.place.file);
	rotate(w.fork);
	alice_may(ends, w.old);
	alice_may(ends, w.place.file);
	alice_may_not(ends, w.old, "with an old key: it shows 1 of the 2 keys");
	alice_may_not(ends, w.fork, "forks from the one seen before");
	rotate(w.fork);
	alice_may_not(ends, w.fork, "forks from the one seen before");
	alice_may(ends, w.place.file);
	rotate(w.place.file);
	alice_may(ends, w.place.file);
	alice_may_not(ends, w.fork, "forks from the one seen before");
	alice_may_not(ends, w.old, "it shows 1 of the 3 keys");
	ends_free(ends);
	place_fini(&w.place);
}

/* without a file a node forgets with its end; with one it does not */
static void
a_memory_outlives_its_node(void **state)
{
	struct ends *ends;
	struct world w;

	(void)state;
	world_init(&w);
	rotate(w.place.file);
	ends = ends_new(ENDS_INPROC, w.id);
	alice_may(ends, w.place.file);
	alice_may_not(ends, w.old, "old key");
	ends_free(ends);
	ends = ends_new(ENDS_INPROC, w.id);
	alice_may(ends, w.old);
	ends_free(ends);

	ends = ends_new(ENDS_INPROC, w.id);
	assert_int_equal(tacit_trust_remember(ends->bob, w.memory), TACIT_OK);
	assert_int_equal(access(w.memory, F_OK), -1);
	alice_may(ends, w.place.file);
	assert_int_equal(place_mode(w.memory), 0600);
	ends_free(ends);
	ends = ends_new(ENDS_INPROC, w.id);
	assert_int_equal(tacit_trust_remember(ends->bob, w.memory), TACIT_OK);
	alice_may_not(ends, w.old, "old key");
	assert_true(file_has(w.memory, w.id));
	alice_may(ends, w.place.file);
	/* strangers that are refused leave no trace */
	alice_may_not(ends, w.other, "only P");
	assert_false(file_has(w.memory, w.other_id));
	ends_free(ends);
	place_fini(&w.place);
}

/* a second listener of bob's, with the identity in file; alice opens a channel to it */
static struct tacit_channel *
open_as(struct ends *ends, const char *name, const char *file, const struct tacit_trust *trust)
{
	struct tacit_listener *listener = tacit_listener_start(
	    ends->bob, name, load(ends->bob, file), tacit_trust_everyone(ends->bob));

	assert_non_null(listener);
	return tacit_channel_open(ends->alice, ends->alice_entity,
	    tacit_route_new(ends->alice, ends->peer, name, NULL), trust);
}

static void
refused(struct ends *ends, const struct tacit_channel *chan, const char *reason)
{
	assert_null(chan);
	has_words(ends->alice, reason);
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EUNTRUSTED);
	tacit_node_clear_err(ends->alice);
}

static void
rotated_responders_go_on(void **state)
{
	const struct tacit_trust *pinned, *everyone;
	struct ends *ends;
	struct world w;

	(void)state;
	world_init(&w);
	rotate(w.place.file);
	rotate(w.fork);
	ends = ends_new(ENDS_INPROC, NULL);
	pinned = tacit_trust_exactly(ends->alice, w.id, NULL);
	everyone = tacit_trust_everyone(ends->alice);
	assert_non_null(open_as(ends, "a", w.old, pinned));
	assert_non_null(open_as(ends, "b", w.place.file, pinned));
	refused(ends, open_as(ends, "c", w.old, pinned), "it shows 1 of the 2 keys");
	refused(ends, open_as(ends, "d", w.fork, pinned), "forks");
	/* whoever trusts everyone compares, too, and remembers nobody new */
	refused(ends, open_as(ends, "e", w.old, everyone), "old key");
	assert_non_null(open_as(ends, "f", w.place.file, everyone));
	copy_file(w.other, w.old);
	rotate(w.other);
	assert_non_null(open_as(ends, "g", w.other, everyone));
	assert_non_null(open_as(ends, "i", w.old, everyone));
	assert_non_null(open_as(ends, "h", w.place.file, pinned));
	ends_free(ends);
	place_fini(&w.place);
}

static void
first_seen_by_an_initiator(void **state)
{
	const struct tacit_trust *trust;
	struct lines lines = {.len = 0};
	struct ends *ends;
	struct world w;

	(void)state;
	world_init(&w);
	ends = ends_new(ENDS_INPROC, NULL);
	tacit_node_on_log(ends->alice, lines_add, &lines);
	assert_non_null(trust = tacit_trust_first_seen(ends->alice, w.memory, "bob"));
	assert_int_equal(access(w.memory, F_OK), -1);
	assert_non_null(open_as(ends, "a", w.place.file, trust));
	assert_int_equal(place_mode(w.memory), 0600);
	assert_true(file_has(w.memory, w.id));
	assert_true(lines_have(&lines, "is remembered as 'bob' in "));
	refused(ends, open_as(ends, "b", w.other, trust), w.id);
	refused(ends, open_as(ends, "c", w.other, trust), w.other_id);
	refused(ends, open_as(ends, "d", w.other, trust), w.memory);
	assert_false(file_has(w.memory, w.other_id));
	assert_non_null(open_as(ends, "e", w.place.file, trust));
	/* a rotation is no new identity, and then the old key is over */
	rotate(w.place.file);
	assert_non_null(open_as(ends, "f", w.place.file, trust));
	refused(ends, open_as(ends, "g", w.old, trust), "old key");
	/* behind another label, and as another party, it is another question */
	assert_non_null(
	    open_as(ends, "h", w.other, tacit_trust_first_seen(ends->alice, w.memory, "carol")));
	ends->alice_entity = tacit_entity_new(ends->alice, tacit_vault_new(ends->alice));
	assert_non_null(open_as(ends, "i", w.other, trust));
	refused(ends, open_as(ends, "j", w.place.file, trust), w.other_id);
	ends_free(ends);
	place_fini(&w.place);
}

static void
first_seen_is_remembered_over_processes(void **state)
{
	char alice[128];
	struct ends *ends;
	struct world w;

	(void)state;
	world_init(&w);
	snprintf(alice, sizeof(alice), "%s/me.id", w.place.folder);
	for (unsigned i = 0; i < 3; i++) {
		ends = ends_new(ENDS_INPROC, NULL);
		if (i == 0)
			assert_non_null(tacit_entity_create_file(
			    ends->alice, tacit_vault_new(ends->alice), alice, &none));
		ends->alice_entity = load(ends->alice, alice);
		const struct tacit_trust *trust =
		    tacit_trust_first_seen(ends->alice, w.memory, "bob");

		if (i > 0)
			refused(ends, open_as(ends, "a", w.other, trust), w.id);
		assert_non_null(open_as(ends, "b", w.place.file, trust));
		ends_free(ends);
	}
	/* the line goes, and so does what it says */
	assert_int_equal(unlink(w.memory), 0);
	ends = ends_new(ENDS_INPROC, NULL);
	ends->alice_entity = load(ends->alice, alice);
	assert_non_null(
	    open_as(ends, "a", w.other, tacit_trust_first_seen(ends->alice, w.memory, "bob")));
	ends_free(ends);
	place_fini(&w.place);
}

/* what the listener's watcher sees when a channel is established */
struct watching {
	struct world *w;
	unsigned established;
};

static void
is_on_disk(void *arg, const struct tacit_channel_event *event)
{
	struct watching *watching = arg;

	if (event->kind != TACIT_CHANNEL_ESTABLISHED)
		return;
	watching->established++;
	assert_true(file_has(watching->w->memory, event->peer));
	assert_non_null(strchr(faults_trace, 's'));
	assert_non_null(strchr(faults_trace, 'F'));
}

static void
first_seen_by_a_listener(void **state)
{
	struct watching watching = {.established = 0};
	struct tacit_listener *listener;
	struct ends *ends;
	struct world w;

	(void)state;
	world_init(&w);
	watching.w = &w;
	ends = ends_new(ENDS_INPROC, NULL);
	listener = tacit_listener_start(ends->bob, "door", ends->bob_entity,
	    tacit_trust_first_seen(ends->bob, w.memory, "door"));
	tacit_listener_watch(listener, is_on_disk, &watching);
	ends->listener_route = tacit_route_new(ends->alice, ends->peer, "door", NULL);
	faults_start(0, false, 0);
	ends->alice_entity = load(ends->alice, w.place.file);
	(void)ends_open(ends);
	assert_int_equal(watching.established, 1);
	ends->alice_entity = load(ends->alice, w.other);
	assert_null(ends_open_to(ends, tacit_entity_identifier(ends->bob_entity)));
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EREFUSED);
	tacit_node_clear_err(ends->alice);
	assert_true(lines_have(&ends->lines, w.id) && lines_have(&ends->lines, w.other_id));
	assert_int_equal(watching.established, 1);
	ends->alice_entity = load(ends->alice, w.place.file);
	(void)ends_open(ends);
	assert_int_equal(watching.established, 2);
	ends_free(ends);
	place_fini(&w.place);
}

/* nobody is trusted before he is on disk */
static void
what_cannot_be_remembered_is_refused(void **state)
{
	static const struct {
		char call;
		int number;
		tacit_err err;
	} faults[] = {
	    {'s', ENOSPC, TACIT_ENOSPACE}, {'r', EROFS, TACIT_EDENIED}, {'F', EIO, TACIT_EIO}};
	const struct tacit_trust *trust;
	struct ends *ends;
	struct world w;
	char name[2] = "a";

	(void)state;
	world_init(&w);
	ends = ends_new(ENDS_INPROC, NULL);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++, name[0]++) {
		trust = tacit_trust_first_seen(ends->alice, w.memory, name);
		faults_only = faults[i].call;
		faults_start(1, false, faults[i].number);
		assert_null(open_as(ends, name, w.place.file, trust));
		assert_int_equal(tacit_node_err(ends->alice), faults[i].err);
		has_words(ends->alice, strerror(faults[i].number));
		tacit_node_clear_err(ends->alice);
		faults_only = 0;
		faults_start(0, false, 0);
	}
	/* the file goes wrong while the node runs */
	trust = tacit_trust_first_seen(ends->alice, w.memory, "bob");
	place_write(w.memory, "tacit memory 1\nrubbish\n", 23);
	assert_null(open_as(ends, "x", w.place.file, trust));
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EFORMAT);
	has_words(ends->alice, "line 2 of ");
	tacit_node_clear_err(ends->alice);
	assert_int_equal(unlink(w.memory), 0);
	assert_non_null(open_as(ends, "y", w.place.file, trust));
	ends_free(ends);
	place_fini(&w.place);
}

static void
failed(struct tacit_node *node, const void *made, tacit_err err, const char *text)
{
	assert_null(made);
	has_words(node, text);
	assert_int_equal(tacit_node_err(node), err);
	tacit_node_clear_err(node);
}

static void
files_are_looked_at_first(void **state)
{
	struct tacit_node *node = tacit_node_new();
	static char big[TACIT_TRUST_FILE_LEN_MAX + 1];
	struct place place;

	(void)state;
	place_init(&place, "known");
	failed(node, tacit_trust_first_seen(node, place.file, ""), TACIT_EINVAL, "label");
	failed(node, tacit_trust_first_seen(node, place.file, "a b"), TACIT_EINVAL, "label");
	failed(node, tacit_trust_first_seen(node, place.file, NULL), TACIT_EINVAL, "label");
	failed(node, tacit_trust_first_seen(node, NULL, "a"), TACIT_EINVAL, "file");
	assert_non_null(tacit_trust_first_seen(node, place.file, "127.0.0.1:4000"));
	place_write(place.file, "tacit memory 1\nx\n", 17);
	failed(node, tacit_trust_first_seen(node, place.file, "a"), TACIT_EFORMAT, "line 2 of ");
	assert_int_equal(tacit_trust_remember(node, place.file), TACIT_EFORMAT);
	failed(node, NULL, TACIT_EFORMAT, "line 2 of ");
	place_write(place.file, "tacit memory 1\n", 15);
	assert_int_equal(chmod(place.file, 0644), 0);
	assert_non_null(tacit_trust_first_seen(node, place.file, "a"));
	assert_int_equal(chmod(place.file, 0620), 0);
	failed(node, tacit_trust_first_seen(node, place.file, "a"), TACIT_EDENIED, "chmod go-w");
	assert_int_equal(chmod(place.file, 0600), 0);
	place_write(place.file, big, sizeof(big));
	failed(node, tacit_trust_first_seen(node, place.file, "a"), TACIT_ELIMIT, "too big");
	failed(node, tacit_trust_listed(node, place.file), TACIT_ELIMIT, "too big");
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(symlink("/dev/null", place.file), 0);
	failed(node, tacit_trust_first_seen(node, place.file, "a"), TACIT_EINVAL, "symbolic link");
	assert_int_equal(unlink(place.file), 0);
	assert_int_equal(tacit_trust_remember(node, NULL), TACIT_EINVAL);
	failed(node, NULL, TACIT_EINVAL, "file");
	assert_int_equal(tacit_trust_remember(node, place.file), TACIT_OK);
	assert_int_equal(tacit_trust_remember(node, place.file), TACIT_EEXIST);
	failed(node, NULL, TACIT_EEXIST, "already");
	tacit_node_free(node);
	place_fini(&place);
}

static void
lists_let_in_whom_they_name(void **state)
{
	struct tacit_node *node;
	char link_name[128], text[512];
	struct ends *ends;
	struct world w;

	(void)state;
	world_init(&w);
	node = tacit_node_new();
	failed(node, tacit_trust_listed(node, w.memory), TACIT_ENOTFOUND, "No such file");
	failed(node, tacit_trust_listed(node, NULL), TACIT_EINVAL, "file");
	place_write(w.memory, "# nobody\n", 9);
	failed(node, tacit_trust_listed(node, w.memory), TACIT_EINVAL, "lists nobody");
	snprintf(text, sizeof(text), "# friends\n%s # alice\n\nbob\n", w.id);
	place_write(w.memory, text, strlen(text));
	failed(node, tacit_trust_listed(node, w.memory), TACIT_EFORMAT, "line 4 of ");
	place_write(w.memory, text, strlen(text) - 4);
	assert_int_equal(chmod(w.memory, 0602), 0);
	failed(node, tacit_trust_listed(node, w.memory), TACIT_EDENIED, "chmod go-w");
	assert_int_equal(chmod(w.memory, 0644), 0);
	assert_non_null(tacit_trust_listed(node, w.memory));
	tacit_node_free(node);

	snprintf(link_name, sizeof(link_name), "%s/list", w.place.folder);
	assert_int_equal(symlink(w.memory, link_name), 0);
	ends = ends_new(ENDS_INPROC, NULL);
	assert_non_null(tacit_listener_start(
	    ends->bob, "door", ends->bob_entity, tacit_trust_listed(ends->bob, link_name)));
	ends->listener_route = tacit_route_new(ends->alice, ends->peer, "door", NULL);
	ends->alice_entity = load(ends->alice, w.place.file);
	(void)ends_open(ends);
	ends->alice_entity = load(ends->alice, w.other);
	assert_null(ends_open_to(ends, tacit_entity_identifier(ends->bob_entity)));
	assert_int_equal(tacit_node_err(ends->alice), TACIT_EREFUSED);
	ends_free(ends);
	place_fini(&w.place);
}

/* each allocation fails in turn: an error, and nobody is let in who is not remembered */
static void
no_memory_is_an_error(void **state)
{
	const struct tacit_identifier own = {{1}}, peer = {{2}}, other = {{3}};
	const struct tacit_claim claim = {&own, &peer, NULL}, second = {&own, &other, NULL};
	struct tacit_node *node = tacit_node_new();
	const struct tacit_trust *trust = NULL;
	struct tacit_reason reason;
	tacit_err err = TACIT_ENOMEM;
	struct place place;

	(void)state;
	place_init(&place, "known");
	for (unsigned long nth = 1; trust == NULL; nth++) {
		tacit_alloc_fail_at(nth);
		trust = tacit_trust_first_seen(node, place.file, "a");
		tacit_alloc_fail_at(0);
		if (trust == NULL)
			failed(node, NULL, TACIT_ENOMEM, "memory");
		assert_true(nth < 50);
	}
	for (unsigned long nth = 1; err != TACIT_OK; nth++) {
		tacit_alloc_fail_at(nth);
		err = tacit_policy_judge(&trust->policy, &claim, &reason);
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_OK || err == TACIT_ENOMEM);
		assert_int_equal(place_count(&place, false), err == TACIT_OK);
		assert_true(nth < 50);
	}
	assert_int_equal(tacit_policy_judge(&trust->policy, &second, &reason), TACIT_EUNTRUSTED);
	for (unsigned long nth = 1; nth < 10; nth++) {
		tacit_alloc_fail_at(nth);
		err = tacit_policy_judge(&trust->policy, &second, &reason);
		tacit_alloc_fail_at(0);
		assert_true(err == TACIT_EUNTRUSTED || err == TACIT_ENOMEM);
	}
	tacit_node_free(node);
	place_fini(&place);
}

#define CHILDREN 6

/* Child number i meets a peer of its own at the same time as the others: behind its own label, or
 * behind the same one.  Returns how many were allowed. */
static unsigned
all_at_once(const char *file, bool same_label)
{
	const struct tacit_identifier own = {{1}};
	pid_t pids[CHILDREN];
	unsigned allowed = 0;
	int status;

	for (unsigned i = 0; i < CHILDREN; i++) {
		assert_true((pids[i] = fork()) >= 0);
		if (pids[i] != 0)
			continue;
		const struct tacit_identifier peer = {{2, (uint8_t)i}};
		const struct tacit_claim claim = {&own, &peer, NULL};
		struct tacit_node *node = tacit_node_new();
		const char label[2] = {(char)(same_label ? 'x' : 'a' + (int)i), '\0'};
		const struct tacit_trust *trust = tacit_trust_first_seen(node, file, label);
		struct tacit_reason reason;
		tacit_err err = tacit_policy_judge(&trust->policy, &claim, &reason);

		_exit(err == TACIT_OK ? 0 : err == TACIT_EUNTRUSTED ? 3 : 1);
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		allowed += WEXITSTATUS(status) == 0;
	}
	return allowed;
}

static void
of_several_programs_one_is_first(void **state)
{
	struct tacit_memory memory;
	char bytes[16384];
	struct place place;
	size_t line, len;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		place_init(&place, "known");
		assert_int_equal(all_at_once(place.file, true), 1);
		assert_int_equal(all_at_once(place.file, true), 1);
		/* and nothing that one learns is lost by another */
		assert_int_equal(all_at_once(place.file, false), CHILDREN);
		len = place_read(place.file, bytes, sizeof(bytes));
		assert_int_equal(tacit_memory_parse(bytes, len, &memory, &line), TACIT_OK);
		assert_int_equal(memory.first_count, 1 + CHILDREN);
		tacit_memory_fini(&memory);
		assert_int_equal(place_count(&place, false), 1);
		place_fini(&place);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rotated_initiators_go_on),
	    cmocka_unit_test(a_memory_outlives_its_node),
	    cmocka_unit_test(rotated_responders_go_on),
	    cmocka_unit_test(first_seen_by_an_initiator),
	    cmocka_unit_test(first_seen_is_remembered_over_processes),
	    cmocka_unit_test(first_seen_by_a_listener),
	    cmocka_unit_test(what_cannot_be_remembered_is_refused),
	    cmocka_unit_test(files_are_looked_at_first),
	    cmocka_unit_test(lists_let_in_whom_they_name),
	    cmocka_unit_test(no_memory_is_an_error),
	    cmocka_unit_test(of_several_programs_one_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
