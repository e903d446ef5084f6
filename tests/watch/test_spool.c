/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/watch/spool.h"

#define A    "procsnap-20261122t001500z-00000001.tar.gz"
#define B    "procsnap-20261122t003000z-00000002.tar.gz"
#define C    "procsnap-20261122t004500z-00000003.tar.gz.age"
#define HEAD "EVIDENCE v1 ..."

static char folder[64];

static const char *at(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    cr_assert(file != NULL);
    fputs(text, file);
    fclose(file);
}

static bool there(const char *name)
{
    return access(at(name), F_OK) == 0;
}

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/spool-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert(system(command) == 0);
}

TestSuite(spool, .init = setup, .fini = teardown);

static struct ps_spool opened(void)
{
    struct ps_spool s;
    struct ps_error err = {0};
    cr_assert(ps_spool_open(folder, 1000, 5, &s, &err), "%s", err.text);
    return s;
}

Test(spool, a_scan_takes_what_is_whole_and_signed_by_age)
{
    put(B, "bundle B");
    put(B ".minisig", "signature");
    put(A, "bundle");
    put(A ".minisig", "signature");
    put(A ".tried", "");
    put(C ".part", "half");
    put("procsnap-20261122t010000z-00000004.tar.gz", "no signature");
    put("notes.txt", "of somebody");
    struct ps_spool s = opened();
    cr_assert(eq(sz, s.count, 2));
    cr_expect(eq(str, s.items[0]->name, (char *) A));
    cr_expect(eq(str, s.items[1]->name, (char *) B));
    cr_expect(eq(u64, s.bytes, 14));
    cr_expect(s.items[0]->tried_before);
    cr_expect(not(s.items[1]->tried_before));
    cr_expect(eq(sz, s.parts, 1));
    cr_expect(eq(sz, s.unsigned_bundles, 1));
    cr_expect(there(C ".part"));
    cr_expect(there("notes.txt"));
    ps_spool_close(&s);
}

/* Killed after the signature had its name, and before the bundle had its own. */
Test(spool, a_whole_bundle_that_is_called_a_part_gets_its_name)
{
    put(A ".part", "bundle");
    put(A ".minisig", "signature");
    struct ps_spool s = opened();
    cr_expect(eq(sz, s.count, 1));
    cr_expect(eq(sz, s.parts, 0));
    cr_expect(there(A));
    cr_expect(not(there(A ".part")));
    ps_spool_close(&s);
}

Test(spool, nothing_that_is_there_is_overwritten_by_that)
{
    put(A ".part", "another");
    put(A, "bundle");
    put(A ".minisig", "signature");
    struct ps_spool s = opened();
    cr_expect(eq(sz, s.count, 1));
    cr_expect(eq(sz, s.parts, 1));
    cr_expect(there(A ".part"));
    ps_spool_close(&s);
}

/* Killed in the middle of a removal: the bundle went first. */
Test(spool, what_stands_beside_bundles_that_have_gone_is_swept_away)
{
    put(A ".head.tmp", "EVIDEN");
    put("last.head.tmp", "");
    put("notes.head.tmp", "of somebody");
    put(A ".minisig", "signature");
    put(A ".head", HEAD);
    put(A ".tried", "");
    put("letter.minisig", "of somebody");
    struct ps_spool s = opened();
    cr_expect(eq(sz, s.count, 0));
    cr_expect(not(there(A ".minisig")));
    cr_expect(not(there(A ".head")));
    cr_expect(not(there(A ".tried")));
    cr_expect(there("letter.minisig"));
    cr_expect(not(there(A ".head.tmp") || there("last.head.tmp")));
    cr_expect(there("notes.head.tmp"));
    ps_spool_close(&s);
}

/* Nobody knows whether it was delivered: it is kept, and not tried again. */
Test(spool, what_may_have_been_delivered_is_set_aside)
{
    put(A, "bundle");
    put(A ".minisig", "signature");
    struct ps_spool s = opened();
    cr_assert(eq(sz, s.count, 1));
    ps_spool_try(&s, s.items[0]);
    ps_spool_set_aside(&s, s.items[0]);
    cr_expect(eq(sz, s.count, 0));
    ps_spool_close(&s);
    s = opened();
    cr_expect(eq(sz, s.count, 0));
    cr_expect(there(A ".uncertain") && there(A ".uncertain.minisig"));
    cr_expect(not(there(A) || there(A ".minisig") || there(A ".tried")));
    ps_spool_close(&s);
}

Test(spool, a_link_is_no_bundle)
{
    put("elsewhere", "secret");
    put(A ".minisig", "signature");
    cr_assert(symlink("elsewhere", at(A)) == 0);
    struct ps_spool s = opened();
    cr_expect(eq(sz, s.count, 0));
    ps_spool_close(&s);
}

Test(spool, texts_stand_beside_a_file_and_go_with_it)
{
    struct ps_error err;
    char minisig[PS_SPOOL_TEXT], head[PS_SPOOL_TEXT];
    struct ps_spool s = opened();
    put(A, "bundle");
    put(A ".minisig", "signature");
    struct ps_spooled *item = ps_spool_add(&s, A, -1, 6, &err);
    cr_assert(item != NULL);
    ps_spool_say(&s, item, "not used", HEAD);
    ps_spool_try(&s, item);
    cr_expect(there(A ".tried"));
    int fd = ps_spool_fetch(&s, item, minisig, head, &err);
    cr_assert(fd >= 0);
    close(fd);
    cr_expect(eq(str, minisig, (char *) "signature"));
    cr_expect(eq(str, head, (char *) HEAD));
    ps_spool_remove(&s, item);
    cr_expect(eq(u64, s.bytes, 0));
    cr_expect(not(there(A) || there(A ".minisig") || there(A ".head") || there(A ".tried")));
    ps_spool_close(&s);
    s = opened();
    cr_expect(ps_spool_last_head(&s, head));
    cr_expect(eq(str, head, (char *) HEAD));
    ps_spool_close(&s);
}

Test(spool, the_oldest_of_those_tried_least_comes_next)
{
    struct ps_error err;
    struct ps_spool s = opened();
    struct ps_spooled *b = ps_spool_add(&s, B, -1, 1, &err), *a = ps_spool_add(&s, A, -1, 1, &err);
    struct ps_spooled *c = ps_spool_add(&s, C, -1, 1, &err);
    cr_expect(eq(ptr, ps_spool_next(&s), a));
    ps_spool_try(&s, a);
    cr_expect(eq(ptr, ps_spool_next(&s), b));
    ps_spool_try(&s, b);
    ps_spool_try(&s, c);
    cr_expect(eq(ptr, ps_spool_next(&s), a));
    ps_spool_close(&s);
}

Test(spool, in_memory_the_texts_are_kept_and_the_memory_is_given_back)
{
    struct ps_error err;
    struct ps_spool s;
    char minisig[PS_SPOOL_TEXT], head[PS_SPOOL_TEXT];
    cr_assert(ps_spool_open(NULL, 1000, 5, &s, &err));
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    struct ps_spooled *item = ps_spool_add(&s, A, fd, 6, &err);
    ps_spool_say(&s, item, "signature", HEAD);
    cr_expect(eq(int, ps_spool_fetch(&s, item, minisig, head, &err), fd));
    cr_expect(eq(str, minisig, (char *) "signature"));
    cr_expect(eq(str, head, (char *) HEAD));
    cr_expect(not(ps_spool_last_head(&s, head)));
    ps_spool_remove(&s, item);
    cr_expect(fcntl(fd, F_GETFD) < 0);
    cr_expect(eq(sz, s.count, 0));
    ps_spool_close(&s);
}

Test(spool, what_others_did_to_a_bundle_is_seen_once)
{
    put(A, "bundle");
    put(A ".minisig", "signature");
    put(B, "bundle");
    put(B ".minisig", "signature");
    struct ps_spool s = opened();
    cr_assert(eq(sz, s.count, 2));
    struct ps_spooled *a = s.items[0], *b = s.items[1];
    cr_expect(eq(int, ps_spool_look(&s, a), PS_SPOOL_UNTOUCHED));
    usleep(20000); /* file systems of older kernels count time in ticks */
    put(A, "elbund"); /* as long as before */
    cr_expect(eq(int, ps_spool_look(&s, a), PS_SPOOL_ALTERED));
    cr_expect(eq(int, ps_spool_look(&s, a), PS_SPOOL_UNTOUCHED));
    cr_assert(unlink(at(A)) == 0 && mkfifo(at(A), 0600) == 0);
    cr_expect(eq(int, ps_spool_look(&s, a), PS_SPOOL_GONE));
    ps_spool_forget(&s, a);
    cr_expect(there(A) && there(A ".minisig"));
    cr_assert(unlink(at(B)) == 0);
    cr_expect(eq(int, ps_spool_look(&s, b), PS_SPOOL_GONE));
    ps_spool_forget(&s, b);
    cr_expect(eq(sz, s.count, 0));
    cr_expect(eq(u64, s.bytes, 0));
    ps_spool_close(&s);
}

Test(spool, a_name_that_somebody_gave_to_his_own_file_leads_us_to_write_nowhere)
{
    struct ps_error err;
    char text[16] = "";
    struct ps_spool s = opened();
    put(A, "bundle");
    put(A ".minisig", "signature");
    put("precious", "precious");
    cr_assert(link(at("precious"), at("last.head.tmp")) == 0);
    struct ps_spooled *item = ps_spool_add(&s, A, -1, 6, &err);
    ps_spool_say(&s, item, "not used", HEAD);
    FILE *file = fopen(at("precious"), "r");
    cr_assert(file != NULL && fgets(text, sizeof text, file) != NULL);
    fclose(file);
    cr_expect(eq(str, text, (char *) "precious"));
    cr_expect(there("last.head"));
    ps_spool_close(&s);
}

Test(spool, a_directory_that_was_moved_is_written_to_and_one_that_was_removed_made_again)
{
    struct ps_error err;
    struct stat st, ours;
    char dest[PS_SPOOL_PATH], path[PS_SPOOL_PATH];
    int keep;
    struct ps_spool s = opened();
    cr_assert(ps_spool_dest(&s, dest, &keep, &err));
    snprintf(path, sizeof path, "%s/", folder);
    cr_expect(eq(str, dest, path));
    cr_expect(eq(int, keep, -1));
    char moved[80];
    snprintf(moved, sizeof moved, "%s.moved", folder);
    cr_assert(rename(folder, moved) == 0 && mkdir(folder, 0700) == 0);
    cr_assert(ps_spool_dest(&s, dest, &keep, &err));
    cr_expect(keep >= 0 && stat(dest, &st) == 0 && stat(moved, &ours) == 0 && st.st_ino == ours.st_ino);
    cr_assert(rmdir(folder) == 0 && rmdir(moved) == 0);
    cr_assert(ps_spool_dest(&s, dest, &keep, &err));
    cr_expect(eq(str, dest, path));
    cr_expect(access(folder, W_OK) == 0);
    ps_spool_close(&s);
}

Test(spool, two_watches_do_not_share_a_directory)
{
    struct ps_spool first = opened(), second;
    struct ps_error err;
    cr_expect(not(ps_spool_open(folder, 1000, 5, &second, &err)));
    cr_expect(strstr(err.text, "another watch") != NULL, "%s", err.text);
    ps_spool_close(&first);
    second = opened();
    ps_spool_close(&second);
}

Test(spool, the_place_for_bundles_is_bounded)
{
    struct ps_spool s;
    struct ps_error err;
    char name[PS_SPOOL_NAME];
    cr_assert(ps_spool_open(NULL, 1000, 5, &s, &err));
    for (int i = 0; i < PS_SPOOL_MOST; i++) {
        snprintf(name, sizeof name, "procsnap-%04d.tar.gz", i);
        cr_assert(ps_spool_add(&s, name, -1, 1, &err) != NULL);
    }
    cr_expect(ps_spool_add(&s, A, -1, 1, &err) == NULL);
    cr_expect(strstr(err.text, "too many") != NULL, "%s", err.text);
    ps_spool_close(&s);
}
