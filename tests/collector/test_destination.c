/* SPDX-License-Identifier: Apache-2.0
 *
 * Where bundles go: what is refused before anything is collected, what stays when a run breaks off, and that a finished
 * name is given once, to finished bytes.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/delivery/destination.h"

#define ID "procsnap-20261122t001500z-0123abcd"

static char top[64];
static char path[4096], sig[4096], part[4096];

static void setup(void)
{
    snprintf(top, sizeof top, "/tmp/procsnap-destination-XXXXXX");
    cr_assert(mkdtemp(top) != NULL);
}

static void teardown(void)
{
    char command[256];
    snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", top, top);
    cr_expect(system(command) == 0);
}

TestSuite(destination, .init = setup, .fini = teardown);

static const char *at(const char *name)
{
    static char room[4][4096];
    static unsigned next;
    char *text = room[next++ % 4];
    snprintf(text, sizeof room[0], "%s/%s", top, name);
    return text;
}

static bool exists(const char *name)
{
    struct stat st;
    return lstat(at(name), &st) == 0;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");
    cr_assert(f != NULL);
    fputs(text, f);
    fclose(f);
}

static bool holds(const char *name, const char *text)
{
    char have[256] = "";
    FILE *f = fopen(at(name), "r");
    if (f == NULL)
        return false;
    size_t n = fread(have, 1, sizeof have - 1, f);
    fclose(f);
    return n == strlen(text) && memcmp(have, text, n) == 0;
}

static struct ps_destination *opened(const char *dest)
{
    struct ps_error err = {0};
    struct ps_destination *d = ps_destination_open(dest, ID ".tar.gz", &err);
    cr_assert(d != NULL, "%s: %s", dest, err.text);
    return d;
}

/* Refused with a line that names the path and the next step. */
static void refused(const char *dest, const char *thing, const char *next)
{
    struct ps_error err = {0};
    struct ps_destination *d = ps_destination_open(dest, ID ".tar.gz", &err);
    cr_assert(d == NULL, "%s was accepted", dest);
    cr_expect(strstr(err.text, thing) != NULL, "\"%s\" does not name %s", err.text, thing);
    cr_expect(strstr(err.text, next) != NULL, "\"%s\" does not say %s", err.text, next);
    cr_expect(strchr(err.text, '\n') == NULL);
}

static void sealed(struct ps_destination *d)
{
    struct ps_error err = {0};
    cr_assert(ps_destination_write(d, "bundle", 6, &err), "%s", err.text);
    cr_assert(ps_destination_seal(d, ps_span_text("signature"), path, sig, &err), "%s", err.text);
    ps_destination_free(d);
}

Test(destination, free_takes_null)
{
    ps_destination_free(NULL);
}

Test(destination, a_file_gets_its_name_only_when_sealed)
{
    struct ps_destination *d = opened(at("x.tar.gz"));
    struct stat st;
    cr_expect(eq(str, (char *) ps_destination_name(d), "x.tar.gz"));
    cr_expect(exists("x.tar.gz.part"));
    cr_expect(not(exists("x.tar.gz")));
    sealed(d);
    cr_expect(holds("x.tar.gz", "bundle"));
    cr_expect(holds("x.tar.gz.minisig", "signature"));
    cr_expect(not(exists("x.tar.gz.part")));
    cr_expect(not(exists("x.tar.gz.minisig.part")));
    cr_expect(eq(str, path, (char *) at("x.tar.gz")));
    cr_expect(eq(str, sig, (char *) at("x.tar.gz.minisig")));
    cr_assert(stat(at("x.tar.gz"), &st) == 0);
    cr_expect(eq(u32, st.st_mode & 07777, 0600));
}

Test(destination, what_is_delivered_later_is_held)
{
    struct ps_error err = {0};
    int fd = open(at("held"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), full = open("/dev/full", O_WRONLY);
    struct ps_destination *d = ps_destination_hold(fd, ID ".tar.gz", &err);
    cr_assert(d != NULL);
    cr_expect(eq(str, (char *) ps_destination_name(d), ID ".tar.gz"));
    sealed(d);
    cr_expect(holds("held", "bundle"));
    cr_expect(eq(str, path, ""));
    cr_assert(fcntl(fd, F_GETFD) >= 0); /* stays the caller's */
    close(fd);
    d = ps_destination_hold(full, ID ".tar.gz", &err);
    cr_expect(not(ps_destination_write(d, "bundle", 6, &err)));
    cr_expect(strstr(err.text, "cannot hold the bundle") != NULL, "%s", err.text);
    ps_destination_free(d);
    close(full);
}

Test(destination, a_directory_gets_a_file_called_after_the_bundle)
{
    cr_assert(mkdir(at("d"), 0755) == 0);
    sealed(opened(at("d/")));
    cr_expect(holds("d/" ID ".tar.gz", "bundle"));
    sealed(opened(at("new/"))); /* made, since its parent exists */
    cr_expect(holds("new/" ID ".tar.gz", "bundle"));
    struct stat st;
    cr_assert(stat(at("new"), &st) == 0);
    cr_expect(eq(u32, st.st_mode & 07777, 0700));
    refused(at("none/new/"), "none/new/", "choose");
}

Test(destination, an_existing_directory_needs_no_slash)
{
    cr_assert(mkdir(at("d"), 0755) == 0);
    sealed(opened(at("d")));
    cr_expect(holds("d/" ID ".tar.gz", "bundle"));
}

Test(destination, a_name_without_directory_is_here)
{
    cr_assert(chdir(top) == 0);
    sealed(opened("x.tgz"));
    cr_expect(holds("x.tgz", "bundle"));
    cr_expect(eq(str, path, "x.tgz"));
}

Test(destination, nothing_is_overwritten)
{
    put("x.tar.gz", "old");
    refused(at("x.tar.gz"), "x.tar.gz", "choose another name");
    cr_expect(holds("x.tar.gz", "old"));
    put("y.tar.gz.minisig", "old");
    refused(at("y.tar.gz"), "y.tar.gz.minisig", "choose another name");
    put("z.tar.gz.part", "old");
    refused(at("z.tar.gz"), "z.tar.gz.part", "choose another name");
    cr_expect(holds("z.tar.gz.part", "old"));
    cr_expect(not(exists("z.tar.gz")));
}

Test(destination, links_are_not_followed)
{
    cr_assert(symlink(at("victim"), at("x.tar.gz.part")) == 0);
    refused(at("x.tar.gz"), "x.tar.gz.part", "choose another name");
    cr_expect(not(exists("victim")));
    cr_assert(symlink(at("nowhere"), at("y.tar.gz")) == 0);
    refused(at("y.tar.gz"), "y.tar.gz", "choose another name");
}

Test(destination, a_name_that_is_taken_meanwhile_stays_as_it_is)
{
    struct ps_destination *d = opened(at("x.tar.gz"));
    struct ps_error err = {0};
    cr_assert(ps_destination_write(d, "bundle", 6, &err));
    put("x.tar.gz", "other");
    cr_expect(not(ps_destination_seal(d, ps_span_text("signature"), path, sig, &err)));
    cr_expect(strstr(err.text, "x.tar.gz") != NULL);
    cr_expect(holds("x.tar.gz", "other"));
    cr_expect(not(exists("x.tar.gz.minisig"))); /* a signature beside somebody else's file says nothing */
    cr_expect(ps_destination_abandon(d, part)); /* whole: only the name is missing */
    cr_expect(eq(str, part, (char *) at("x.tar.gz.part")));
    ps_destination_free(d);
    cr_expect(holds("x.tar.gz.part", "bundle"));
}

Test(destination, a_part_that_was_swapped_is_told)
{
    struct ps_destination *d = opened(at("x.tar.gz"));
    struct ps_error err = {0};
    cr_assert(ps_destination_write(d, "bundle", 6, &err));
    cr_assert(unlink(at("x.tar.gz.part")) == 0);
    put("x.tar.gz.part", "forged");
    cr_expect(not(ps_destination_seal(d, ps_span_text("signature"), path, sig, &err)));
    cr_expect(strstr(err.text, "replaced") != NULL, "%s", err.text);
    ps_destination_free(d);
}

/* A disk that breaks: the fsync of that number, from 1, ends with EIO. 0: none does. */
static int broken_fsync;
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    errno = EIO;
    return broken_fsync > 0 && --broken_fsync == 0 ? -1 : __real_fsync(fd);
}

/* The error when that fsync fails, what is left under the temporary name, and whether it is said to be whole. */
static void seal_on_broken_disk(int number, const char *told, bool whole, bool has_name)
{
    struct ps_destination *d = opened(at("x.tar.gz"));
    struct ps_error err = {0};
    cr_assert(ps_destination_write(d, "bundle", 6, &err));
    broken_fsync = number;
    cr_expect(not(ps_destination_seal(d, ps_span_text("signature"), path, sig, &err)));
    cr_expect(strstr(err.text, told) != NULL, "%s", err.text);
    cr_expect(eq(int, err.sys_errno, EIO));
    cr_expect(eq(int, ps_destination_abandon(d, part), whole));
    ps_destination_free(d);
    cr_expect(holds(has_name ? "x.tar.gz" : "x.tar.gz.part", "bundle"));
    cr_expect(eq(int, exists("x.tar.gz"), has_name));
    cr_expect(eq(int, exists("x.tar.gz.minisig"), has_name));
    cr_expect(not(exists("x.tar.gz.minisig.part")));
}

Test(destination, bytes_that_do_not_last_are_not_called_whole)
{
    seal_on_broken_disk(1, "x.tar.gz.part: Input/output error", false, false);
}

Test(destination, a_signature_that_does_not_last_leaves_a_whole_part)
{
    seal_on_broken_disk(2, "x.tar.gz.minisig: Input/output error", true, false);
}

Test(destination, a_name_that_does_not_last_is_told)
{
    seal_on_broken_disk(3, "but the disk may not keep it: Input/output error", false, true);
}

Test(destination, abandoned_with_bytes_it_stays_a_part)
{
    struct ps_destination *d = opened(at("x.tar.gz"));
    struct ps_error err = {0};
    cr_assert(ps_destination_write(d, "half", 4, &err));
    cr_expect(not(ps_destination_abandon(d, part)));
    ps_destination_free(d);
    cr_expect(eq(str, part, (char *) at("x.tar.gz.part")));
    cr_expect(holds("x.tar.gz.part", "half"));
    cr_expect(not(exists("x.tar.gz")));
}

Test(destination, abandoned_without_bytes_it_leaves_nothing)
{
    struct ps_destination *d = opened(at("x.tar.gz"));
    cr_expect(not(ps_destination_abandon(d, part)));
    ps_destination_free(d);
    cr_expect(eq(str, part, ""));
    cr_expect(not(exists("x.tar.gz.part")));
    ps_destination_free(opened(at("y.tar.gz")));
    cr_expect(not(exists("y.tar.gz.part")));
}

Test(destination, a_missing_directory_is_named)
{
    refused(at("none/x.tar.gz"), "none/", "make the directory first");
    put("file", "");
    refused(at("file/x.tar.gz"), "file/", "choose another");
    refused(at("file/"), "file/", "choose another");
}

Test(destination, a_name_that_is_too_long_is_refused)
{
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    refused(at(name), "DEST", "shorter");
    static char deep[5000];
    memset(deep, '/', sizeof deep - 1);
    refused(deep, "DEST", "shorter");
}

/* In a child, as nobody: root may write everywhere. The exit status tells, not an assertion. */
static int refused_to_nobody(void)
{
    struct ps_error err = {0};

    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 77;
    if (ps_destination_open(at("ro/x.tar.gz"), ID ".tar.gz", &err) != NULL || strstr(err.text, "ro/x.tar.gz.part") == NULL ||
        strstr(err.text, "may write") == NULL)
        return 1;
    if (ps_destination_open(at("ro/new/"), ID ".tar.gz", &err) != NULL || strstr(err.text, "ro/new/") == NULL ||
        strstr(err.text, "may write") == NULL)
        return 2;
    return 0;
}

Test(destination, a_directory_without_write_permission_is_named)
{
    int status = 0;
    cr_assert(mkdir(at("ro"), 0555) == 0);
    cr_assert(chmod(top, 0755) == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(refused_to_nobody());
    cr_assert(waitpid(child, &status, 0) == child);
    if (WEXITSTATUS(status) == 77)
        cr_skip_test("cannot become nobody");
    cr_expect(eq(int, status, 0));
}

Test(destination, a_full_disk_is_told_with_the_remedy)
{
    if (geteuid() != 0)
        cr_skip_test("needs root for a small tmpfs");
    cr_assert(mkdir(at("small"), 0755) == 0);
    if (mount("none", at("small"), "tmpfs", 0, "size=64k") != 0)
        cr_skip_test("cannot mount a tmpfs here");
    static char block[32768];
    struct ps_destination *d = opened(at("small/x.tar.gz"));
    struct ps_error err = {0};
    bool ok = true;
    for (int i = 0; i < 4 && ok; i++)
        ok = ps_destination_write(d, block, sizeof block, &err);
    cr_expect(not(ok));
    cr_expect(strstr(err.text, "small/x.tar.gz.part") != NULL, "%s", err.text);
    cr_expect(strstr(err.text, "free some space") != NULL, "%s", err.text);
    cr_expect(eq(int, err.sys_errno, ENOSPC));
    cr_expect(not(ps_destination_abandon(d, part)));
    ps_destination_free(d);
    cr_expect(exists("small/x.tar.gz.part"));
    cr_expect(not(exists("small/x.tar.gz")));
    cr_expect(umount(at("small")) == 0);
}

Test(destination, killed_at_any_time_no_name_says_sealed)
{
    for (useconds_t delay = 0; delay < 4000; delay += 400) {
        pid_t child = fork();
        if (child == 0) {
            struct ps_error err;
            struct ps_destination *d = ps_destination_open(at("x.tar.gz"), ID ".tar.gz", &err);
            if (d == NULL)
                _exit(1);
            for (int i = 0; i < 100; i++)
                if (!ps_destination_write(d, "0123456789", 10, &err))
                    _exit(1);
            (void) !ps_destination_seal(d, ps_span_text("signature"), path, sig, &err);
            _exit(0);
        }
        usleep(delay);
        kill(child, SIGKILL);
        cr_assert(waitpid(child, NULL, 0) == child);
        struct stat st;
        if (stat(at("x.tar.gz"), &st) == 0) {
            cr_expect(eq(i64, st.st_size, 1000), "sealed name with half a file");
            cr_expect(holds("x.tar.gz.minisig", "signature"), "sealed without its signature");
        }
        unlink(at("x.tar.gz"));
        unlink(at("x.tar.gz.part"));
        unlink(at("x.tar.gz.minisig"));
        unlink(at("x.tar.gz.minisig.part"));
    }
}

/* Standard output is looked at in a child, whose descriptor 1 is ours to choose. */
static int with_stdout(int fd, int (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGPIPE, SIG_IGN);
        dup2(fd, STDOUT_FILENO);
        _exit(body());
    }
    int status = 0;
    cr_assert(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int write_and_seal(void)
{
    struct ps_error err;
    struct ps_destination *d = ps_destination_open("-", ID ".tar.gz", &err);
    if (d == NULL || strcmp(ps_destination_name(d), ID ".tar.gz") != 0)
        return 1;
    if (!ps_destination_write(d, "bundle", 6, &err))
        return strstr(err.text, "cut short") != NULL && strstr(err.text, "FILE") != NULL ? 2 : 3;
    if (!ps_destination_seal(d, ps_span_text("signature"), path, sig, &err) || path[0] != '\0' || sig[0] != '\0')
        return 4;
    ps_destination_free(d);
    return 0;
}

Test(destination, standard_output_gets_the_bytes_alone)
{
    int ends[2];
    char have[16] = "";
    cr_assert(pipe(ends) == 0);
    cr_expect(eq(int, with_stdout(ends[1], write_and_seal), 0));
    close(ends[1]);
    cr_expect(eq(i64, read(ends[0], have, sizeof have), 6));
    cr_expect(eq(str, have, "bundle"));
}

Test(destination, a_closed_pipe_is_told)
{
    int ends[2];
    cr_assert(pipe(ends) == 0);
    close(ends[0]);
    cr_expect(eq(int, with_stdout(ends[1], write_and_seal), 2));
}

static int open_on_terminal(void)
{
    struct ps_error err;
    if (ps_destination_open("-", ID ".tar.gz", &err) != NULL)
        return 1;
    return strstr(err.text, "terminal") != NULL && strstr(err.text, "FILE") != NULL ? 0 : 2;
}

Test(destination, a_terminal_is_refused)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        cr_skip_test("no pseudo-terminals here");
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    cr_assert(terminal >= 0);
    cr_expect(eq(int, with_stdout(terminal, open_on_terminal), 0));
}
