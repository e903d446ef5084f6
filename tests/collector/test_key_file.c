/* SPDX-License-Identifier: Apache-2.0
 *
 * Which keys sign, and which are refused because somebody else could have them. The self-test, too: it must pass, and
 * must be quick enough to come before every collection.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/key_file.h"
#include "collector/selftest.h"

static char top[64], path[128];

static void setup(void)
{
    struct ps_signing_key *key = NULL;
    struct ps_buffer text = {0};
    struct ps_error err;

    snprintf(top, sizeof top, "/tmp/procsnap-key-XXXXXX");
    cr_assert(mkdtemp(top) != NULL);
    snprintf(path, sizeof path, "%s/a.key", top);
    cr_assert(ps_signing_key_generate(&key, &err), "%s", err.text);
    ps_signing_key_write(key, &text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    cr_assert(write(fd, text.data, text.len) == (ssize_t) text.len);
    close(fd);
    ps_secret_text_done(&text);
    ps_signing_key_free(key);
}

static void teardown(void)
{
    unlink(path);
    rmdir(top);
}

TestSuite(key_file, .init = setup, .fini = teardown);

static void refused(const struct ps_options *o, const char *thing, const char *next)
{
    struct ps_signing_key *key = NULL;
    struct ps_error err = {0};
    bool ephemeral;

    cr_assert(not(ps_key_file_open(o, &key, &ephemeral, &err)));
    cr_expect(key == NULL);
    cr_expect(strstr(err.text, thing) != NULL, "\"%s\" does not name %s", err.text, thing);
    cr_expect(strstr(err.text, next) != NULL, "\"%s\" does not say %s", err.text, next);
}

static void accepted(const struct ps_options *o, bool want_ephemeral)
{
    struct ps_signing_key *key = NULL;
    struct ps_error err = {0};
    bool ephemeral = !want_ephemeral;

    cr_assert(ps_key_file_open(o, &key, &ephemeral, &err), "%s", err.text);
    cr_expect(ephemeral == want_ephemeral);
    ps_signing_key_free(key);
}

Test(key_file, no_option_makes_a_key_of_this_run)
{
    struct ps_options o = ps_options_default();
    accepted(&o, true);
}

Test(key_file, a_private_file_signs)
{
    struct ps_options o = ps_options_default();
    o.sign_key = path;
    accepted(&o, false);
    cr_assert(chmod(path, 0400) == 0);
    accepted(&o, false);
}

Test(key_file, what_others_can_read_or_write_does_not)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0677};
    struct ps_options o = ps_options_default();
    o.sign_key = path;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        cr_assert(chmod(path, modes[i]) == 0);
        refused(&o, path, "chmod 600");
    }
}

Test(key_file, somebody_elses_file_does_not)
{
    struct ps_options o = ps_options_default();
    o.sign_key = path;
    if (geteuid() != 0)
        cr_skip_test("needs root to give the file away");
    cr_assert(chown(path, 12345, 0) == 0);
    refused(&o, "12345", "copy that is yours");
}

Test(key_file, a_descriptor_is_read_from_where_it_stands)
{
    struct ps_options o = ps_options_default();
    o.sign_key_fd = open(path, O_RDONLY);
    accepted(&o, false);
    refused(&o, "descriptor", "keygen"); /* it is at its end now */
    close(o.sign_key_fd);
    refused(&o, "descriptor", "Bad file");
}

Test(key_file, a_pipe_can_hold_a_key)
{
    struct ps_options o = ps_options_default();
    char text[4096];
    int ends[2], fd = open(path, O_RDONLY);
    ssize_t len = read(fd, text, sizeof text);
    cr_assert(pipe(ends) == 0);
    cr_assert(write(ends[1], text, (size_t) len) == len);
    close(ends[1]);
    o.sign_key_fd = ends[0];
    accepted(&o, false);
    close(fd);
    close(ends[0]);
}

Test(key_file, a_fifo_in_place_of_the_file_does_not_hang)
{
    struct ps_options o = ps_options_default();
    cr_assert(unlink(path) == 0);
    cr_assert(mkfifo(path, 0600) == 0);
    o.sign_key = path;
    refused(&o, path, "regular file");
}

Test(selftest, passes)
{
    struct ps_error err = {0};
    size_t count = 0;
    cr_expect(ps_selftest(&err), "%s", err.text);
    while (ps_selftest_name(count) != NULL)
        cr_expect(eq(int, ps_selftest_run(count++), PS_SELFTEST_RIGHT));
    cr_expect(eq(sz, count, 9));
}

Test(selftest, takes_milliseconds)
{
    struct ps_error err;
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int i = 0; i < 10; i++)
        cr_expect(ps_selftest(&err));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double ms = (double) (end.tv_sec - begin.tv_sec) * 1e3 + (double) (end.tv_nsec - begin.tv_nsec) / 1e6;
    cr_expect(ms / 10 < 50, "%.1f ms", ms / 10); /* 1 ms without sanitizers */
}
