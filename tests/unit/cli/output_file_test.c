/* FILE is replaced as a whole, or stays: what lies there before, meanwhile and afterwards; what is in
 * the way of FILE.part; disks that fill up */
#include "support/party.h"
#include "support/place.h"

#include <signal.h>
#include <sys/resource.h>

#include "cli/output.h"

struct fixture {
	struct tacit_cli_party party;
	struct place place;
	char part[128];
	mode_t umask;
};

static struct fixture f;

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	party_init(&f.party);
	place_init(&f.place, "photo");
	snprintf(f.part, sizeof(f.part), "%s.part", f.place.file);
	f.umask = umask(027);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)umask(f.umask);
	party_fini(&f.party);
	place_fini(&f.place);
	return 0;
}

static void
open_output(struct tacit_cli_output *output)
{
	assert_true(tacit_cli_output_open(&f.party, f.place.file, output));
}

static void
write_output(struct tacit_cli_output *output, const char *text)
{
	assert_true(tacit_cli_output_write(output, text, strlen(text)));
	assert_true(tacit_cli_output_flush(output));
}

static void
expect_file(const char *path, const char *text)
{
	char bytes[256];
	size_t len = place_read(path, bytes, sizeof(bytes));

	assert_int_equal(len, strlen(text));
	assert_memory_equal(bytes, text, len);
}

static void
expect_warning(const char *behind_part)
{
	size_t len = strlen(f.part);

	assert_memory_equal(party_warning, f.part, len);
	assert_string_equal(party_warning + len, behind_part);
	party_warning[0] = '\0';
}

/* whole ---------------------------------------------------------------------------------------- */

static void
a_new_file_is_there_when_it_is_whole(void **state)
{
	struct tacit_cli_output output;

	(void)state;
	open_output(&output);
	assert_string_equal(output.name, f.place.file);
	assert_true(tacit_cli_output_begin(&output));
	write_output(&output, "first ");
	write_output(&output, "second");
	assert_int_not_equal(access(f.place.file, F_OK), 0);
	expect_file(f.part, "first second");
	assert_true(tacit_cli_output_finish(&output));
	expect_file(f.place.file, "first second");
	assert_int_equal(place_mode(f.place.file), 0640);
	assert_int_equal(place_count(&f.place, false), 1);
	tacit_cli_output_close(&output);
	expect_file(f.place.file, "first second");
	assert_string_equal(party_warning, "");
}

static void
of_nothing_a_file_of_nothing_is_made(void **state)
{
	struct tacit_cli_output output;

	(void)state;
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	assert_true(tacit_cli_output_finish(&output));
	tacit_cli_output_close(&output);
	expect_file(f.place.file, "");
	assert_int_equal(place_count(&f.place, false), 1);
	assert_string_equal(party_warning, "");
}

/* who could not read the old one cannot read the new one, and who had it open has the old one */
static void
an_old_file_is_replaced(void **state)
{
	static const mode_t modes[] = {0600, 0644, 0400, 0755};
	struct tacit_cli_output output;
	char bytes[16];
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		place_write(f.place.file, "old and longer", 14);
		assert_true((fd = open(f.place.file, O_RDONLY)) >= 0);
		assert_int_equal(chmod(f.place.file, modes[i]), 0);
		open_output(&output);
		assert_true(tacit_cli_output_begin(&output));
		assert_int_equal(place_mode(f.part), modes[i]);
		write_output(&output, "new");
		expect_file(f.place.file, "old and longer");
		assert_true(tacit_cli_output_finish(&output));
		tacit_cli_output_close(&output);
		expect_file(f.place.file, "new");
		assert_int_equal(place_mode(f.place.file), modes[i]);
		assert_int_equal(read(fd, bytes, sizeof(bytes)), 14);
		close(fd);
		assert_int_equal(place_count(&f.place, true), 1);
	}
	assert_string_equal(party_warning, "");
}

static void
the_group_stays(void **state)
{
	struct tacit_cli_output output;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	place_write(f.place.file, "old", 3);
	assert_int_equal(chown(f.place.file, 1, 2), 0);
	assert_int_equal(chmod(f.place.file, 0660), 0);
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	assert_true(tacit_cli_output_finish(&output));
	tacit_cli_output_close(&output);
	assert_int_equal(stat(f.place.file, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 2);
	assert_int_equal(st.st_mode & 07777, 0660);
}

static void
what_a_link_leads_to_is_replaced(void **state)
{
	struct tacit_cli_output output;
	char target[128];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", f.place.folder);
	place_write(target, "old", 3);
	assert_int_equal(symlink("target", f.place.file), 0);
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	write_output(&output, "new");
	assert_true(tacit_cli_output_finish(&output));
	tacit_cli_output_close(&output);
	assert_int_equal(readlink(f.place.file, (char[8]){0}, 8), 6);
	expect_file(target, "new");
	assert_int_equal(place_count(&f.place, false), 2);
}

/* a stop is no reason to lose what came */
static void
a_stop_does_not_undo_the_end(void **state)
{
	struct tacit_cli_output output;

	(void)state;
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	assert_true(tacit_cli_output_write(&output, "all of it", 9));
	tacit_node_stop(f.party.node);
	assert_true(tacit_cli_output_finish(&output));
	tacit_cli_output_close(&output);
	expect_file(f.place.file, "all of it");
	assert_int_equal(place_count(&f.place, false), 1);
	assert_int_equal(f.party.status, STATUS_OK);
}

/* not whole ------------------------------------------------------------------------------------ */

static void
a_beginning_stays_and_is_named(void **state)
{
	struct tacit_cli_output output;

	(void)state;
	place_write(f.place.file, "old", 3);
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	write_output(&output, "begun");
	/* what was not flushed is not there */
	assert_true(tacit_cli_output_write(&output, "lost", 4));
	tacit_cli_output_close(&output);
	expect_warning(" has the first 5 bytes of what was sent");
	expect_file(f.part, "begun");
	expect_file(f.place.file, "old");
	/* whoever comes next may see it, and leave it, */
	open_output(&output);
	tacit_cli_output_close(&output);
	assert_string_equal(party_warning, "");
	expect_file(f.part, "begun");
	/* and forgets it when he begins himself */
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	expect_file(f.part, "");
	write_output(&output, "new");
	assert_true(tacit_cli_output_finish(&output));
	tacit_cli_output_close(&output);
	expect_file(f.place.file, "new");
	assert_int_equal(place_count(&f.place, false), 1);
	assert_string_equal(party_warning, "");
}

static void
of_nothing_nothing_stays(void **state)
{
	struct tacit_cli_output output;

	(void)state;
	/* nobody came */
	open_output(&output);
	assert_int_equal(place_count(&f.place, false), 1);
	tacit_cli_output_close(&output);
	assert_int_equal(place_count(&f.place, false), 0);
	/* nothing came, here and where somebody had begun */
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			place_write(f.part, "begun", 5);
		open_output(&output);
		assert_true(tacit_cli_output_begin(&output));
		tacit_cli_output_close(&output);
		assert_int_equal(place_count(&f.place, false), 0);
	}
	assert_string_equal(party_warning, "");
}

static void
what_is_in_the_way_is_said(const char *why)
{
	struct tacit_cli_output output;
	char text[256];

	assert_false(tacit_cli_output_open(&f.party, f.place.file, &output));
	snprintf(text, sizeof(text), "cannot write %s: %s", f.part, why);
	party_assert_failed(&f.party, text);
	assert_int_equal(output.fd, -1);
	assert_int_not_equal(access(f.place.file, F_OK), 0);
	f.party.status = STATUS_OK;
}

static void
nothing_else_is_written_to(void **state)
{
	struct tacit_cli_output output;
	char other[128];
	int fd;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", f.place.folder);
	place_write(other, "mine", 4);
	assert_int_equal(symlink(other, f.part), 0);
	what_is_in_the_way_is_said("it is a symbolic link");
	assert_int_equal(unlink(f.part), 0);
	assert_int_equal(link(other, f.part), 0);
	what_is_in_the_way_is_said("it is in the way, and has another name");
	assert_int_equal(unlink(f.part), 0);
	expect_file(other, "mine");
	assert_int_equal(mkdir(f.part, 0700), 0);
	what_is_in_the_way_is_said("Is a directory");
	assert_int_equal(rmdir(f.part), 0);
	assert_int_equal(mkfifo(f.part, 0600), 0);
	what_is_in_the_way_is_said("No such device or address");
	assert_true((fd = open(f.part, O_RDONLY | O_NONBLOCK)) >= 0);
	what_is_in_the_way_is_said("it is in the way, and no regular file");
	close(fd);
	assert_int_equal(unlink(f.part), 0);
	if (geteuid() == 0) {
		place_write(f.part, "", 0);
		assert_int_equal(chown(f.part, 1, 1), 0);
		what_is_in_the_way_is_said("it is in the way, and somebody else's");
		assert_int_equal(unlink(f.part), 0);
	}
	open_output(&output);
	tacit_cli_output_close(&output);
	assert_int_equal(place_count(&f.place, false), 1);
}

static void
one_at_a_time(void **state)
{
	struct tacit_cli_output output;

	(void)state;
	open_output(&output);
	what_is_in_the_way_is_said("another tacit receive is writing it");
	assert_true(tacit_cli_output_begin(&output));
	write_output(&output, "begun");
	what_is_in_the_way_is_said("another tacit receive is writing it");
	expect_file(f.part, "begun");
	tacit_cli_output_close(&output);
	expect_warning(" has the first 5 bytes of what was sent");
	open_output(&output);
	tacit_cli_output_close(&output);
}

/* failing -------------------------------------------------------------------------------------- */

/* room for so many bytes in each file; the write that meets the end is a short one */
static void
room_is(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
a_disk_fills_up(void **state)
{
	static char bytes[1 << 16];
	struct tacit_cli_output output;
	struct rlimit before;
	char why[256];
	bool written;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	place_write(f.place.file, "old", 3);
	snprintf(why, sizeof(why), "cannot write %s: File too large", f.part);
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	room_is(10000);
	written = tacit_cli_output_write(&output, bytes, sizeof(bytes));
	room_is(before.rlim_cur);
	assert_false(written);
	assert_string_equal(output.why, why);
	tacit_cli_output_close(&output);
	expect_warning(" has the first 10000 bytes of what was sent");
	expect_file(f.place.file, "old");
	/* told only at the end, of what was kept until then */
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	room_is(100);
	written = tacit_cli_output_write(&output, bytes, 101) && tacit_cli_output_finish(&output);
	room_is(before.rlim_cur);
	assert_false(written);
	assert_string_equal(output.why, why);
	tacit_cli_output_close(&output);
	expect_warning(" has the first 100 bytes of what was sent");
	expect_file(f.place.file, "old");
}

static void
its_place_is_taken(void **state)
{
	struct tacit_cli_output output;
	char why[256];

	(void)state;
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	write_output(&output, "all of it");
	assert_int_equal(mkdir(f.place.file, 0700), 0);
	assert_false(tacit_cli_output_finish(&output));
	snprintf(why, sizeof(why), "cannot rename to %s: Is a directory", f.place.file);
	assert_string_equal(output.why, why);
	tacit_cli_output_close(&output);
	expect_warning(" has the first 9 bytes of what was sent");
	expect_file(f.part, "all of it");
	assert_int_equal(rmdir(f.place.file), 0);
}

/* two descriptors more, and no third one */
static void
descriptors_are_two(const struct tacit_cli_output *output)
{
	int first = fcntl(output->fd, F_DUPFD, 0), second = fcntl(output->fd, F_DUPFD, 0);
	struct rlimit limit;

	assert_true(first >= 0 && second > first);
	close(first);
	close(second);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)second + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* it has its name, but whether it keeps it is not known: the folder cannot be opened */
static void
its_name_may_be_lost(void **state)
{
	struct tacit_cli_output output;
	struct rlimit before;
	char why[256];
	bool finished;

	(void)state;
	open_output(&output);
	assert_true(tacit_cli_output_begin(&output));
	write_output(&output, "all of it");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	descriptors_are_two(&output);
	finished = tacit_cli_output_finish(&output);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(finished);
	snprintf(
	    why, sizeof(why), "cannot sync the folder of %s: Too many open files", f.place.file);
	assert_string_equal(output.why, why);
	tacit_cli_output_close(&output);
	/* and nothing else is left that would have to be named */
	assert_string_equal(party_warning, "");
	expect_file(f.place.file, "all of it");
	assert_int_equal(place_count(&f.place, false), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_file_is_there_when_it_is_whole),
	    TEST(of_nothing_a_file_of_nothing_is_made),
	    TEST(an_old_file_is_replaced),
	    TEST(the_group_stays),
	    TEST(what_a_link_leads_to_is_replaced),
	    TEST(a_stop_does_not_undo_the_end),
	    TEST(a_beginning_stays_and_is_named),
	    TEST(of_nothing_nothing_stays),
	    TEST(nothing_else_is_written_to),
	    TEST(one_at_a_time),
	    TEST(a_disk_fills_up),
	    TEST(its_place_is_taken),
	    TEST(its_name_may_be_lost),
	};

	/* a limit of a file's size is an error, and no signal */
	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
