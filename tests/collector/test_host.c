/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/host.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "collector/host/rights.h"
#include "formats/digest.h"
#include "tests/collector/tree.h"

static struct ps_host facts_of(const char *procfs)
{
    struct ps_host host;
    int dir = open(procfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

    cr_assert(ge(int, dir, 0));
    ps_host_facts(dir, &host);
    (void) close(dir);
    return host;
}

static uint64_t inode_of(const char *path)
{
    struct stat st;

    cr_assert(eq(int, stat(path, &st), 0));
    return st.st_ino;
}

Test(host, our_own_procfs)
{
    struct ps_host host = facts_of("/proc");

    cr_assert(host.procfs);
    cr_assert(host.own);
    cr_assert(eq(sz, strlen(host.boot_id), 36));
    cr_assert(eq(u64, host.pid_namespace, inode_of("/proc/self/ns/pid")));
    cr_assert(eq(u64, host.net_namespace, inode_of("/proc/self/ns/net")));
}

Test(host, the_kernels_own_words)
{
    struct ps_host host = facts_of("/proc");
    struct utsname names;

    cr_assert(eq(int, uname(&names), 0));
    cr_assert(eq(str, host.sysname, names.sysname));
    cr_assert(eq(str, host.nodename, names.nodename));
    cr_assert(eq(str, host.release, names.release));
    cr_assert(eq(str, host.version, names.version));
    cr_assert(eq(str, host.machine, names.machine));
    cr_assert(eq(u32, host.page_size, (uint32_t) sysconf(_SC_PAGESIZE)));
    cr_assert(eq(u32, host.clk_tck, (uint32_t) sysconf(_SC_CLK_TCK)));
    const char *order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "little" : "big";
    cr_assert(eq(int, strcmp(host.byte_order, order), 0));
}

Test(host, a_directory_of_one_process_is_a_procfs_but_not_ours)
{
    struct ps_host host = facts_of("/proc/1");

    cr_assert(host.procfs);
    cr_assert(not(host.own));
    cr_assert(eq(str, host.boot_id, ""));
    cr_assert(eq(u64, host.pid_namespace, 0));
}

Test(host, a_copied_tree_gives_its_boot_id_and_no_namespaces)
{
    struct tree tree;
    char pid[16];

    tree_make(&tree);
    tree_put(&tree, "sys/kernel/random/boot_id", "0db99a71-cc55-4dc3-8659-1c1e9b3e8423\n");
    (void) snprintf(pid, sizeof pid, "%d", getpid());
    cr_assert(eq(int, symlinkat(pid, tree.dir, "self"), 0));
    struct ps_host host = facts_of(tree.path);
    tree_remove(&tree);

    cr_assert(not(host.procfs));
    cr_assert(not(host.own));
    cr_assert(eq(str, host.boot_id, "0db99a71-cc55-4dc3-8659-1c1e9b3e8423"));
    cr_assert(eq(u64, host.pid_namespace, 0));
    cr_assert(eq(u64, host.net_namespace, 0));
}

static const char *const not_boot_ids[] = {
    "",
    "\n",
    "0db99a71-cc55-4dc3-8659-1c1e9b3e842\n",
    "0db99a71-cc55-4dc3-8659-1c1e9b3e84231\n",
    "0DB99A71-CC55-4DC3-8659-1C1E9B3E8423\n",
    "0db99a71ccc5534dc3386593-c1e9b3e8423\n",
    "0db99a71-cc55-4dc3-8659-1c1e9b3e842g\n",
    "0db99a71-cc55-4dc3-8659-1c1e9b3e8423\n\n",
    "0db99a71-cc55-4dc3-8659-1c1e9b3e8423 and a long tail of other things that somebody wrote\n",
    "\033]0;owned\a-cc55-4dc3-8659-1c1e9b3e8423\n",
};

Test(host, what_does_not_look_like_a_uuid_is_no_boot_id)
{
    struct tree tree;

    tree_make(&tree);
    for (size_t i = 0; i < sizeof not_boot_ids / sizeof not_boot_ids[0]; i++) {
        tree_put(&tree, "sys/kernel/random/boot_id", not_boot_ids[i]);
        struct ps_host host = facts_of(tree.path);
        cr_assert(eq(str, host.boot_id, ""), "row %zu", i);
    }
    tree_remove(&tree);
}

Test(host, the_hash_of_our_executable_is_that_of_the_file)
{
    char text[PS_SHA256_TEXT];
    char again[PS_SHA256_TEXT];
    uint8_t hash[PS_SHA256_LEN];
    struct ps_error err;

    cr_assert(ps_host_own_sha256(text, &err));
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    size_t size = (size_t) lseek(fd, 0, SEEK_END);
    uint8_t *bytes = malloc(size);
    cr_assert(ne(ptr, bytes, NULL));
    cr_assert(eq(sz, (size_t) pread(fd, bytes, size, 0), size));
    ps_sha256_of(ps_span_of(bytes, size), hash);
    ps_hex_text(ps_span_of(hash, sizeof hash), again);
    free(bytes);
    (void) close(fd);
    cr_assert(eq(str, text, again));
}

static uint64_t status_of(const char *key, int base)
{
    char text[8192];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t got = read(fd, text, sizeof text - 1);

    cr_assert(gt(i64, got, 0));
    text[got] = '\0';
    (void) close(fd);
    char *at = strstr(text, key);
    cr_assert(ne(ptr, at, NULL), "%s", key);
    return strtoull(at + strlen(key), NULL, base);
}

Test(rights, agree_with_what_status_says)
{
    struct ps_rights rights;

    ps_rights_own(&rights);
    cr_assert(eq(u32, rights.uid, (uint32_t) status_of("\nUid:\t", 10)));
    cr_assert(eq(u32, rights.gid, (uint32_t) status_of("\nGid:\t", 10)));
    cr_assert(eq(u32, rights.fsuid, rights.euid));
    cr_assert(eq(u32, rights.fsgid, rights.egid));
    cr_assert(rights.caps_known);
    cr_assert(eq(u64, rights.effective, status_of("\nCapEff:\t", 16)));
    cr_assert(eq(u64, rights.permitted, status_of("\nCapPrm:\t", 16)));
    cr_assert(eq(u64, rights.inheritable, status_of("\nCapInh:\t", 16)));
    cr_assert(rights.bounding_known);
    cr_assert(eq(u64, rights.bounding, status_of("\nCapBnd:\t", 16)));
    cr_assert(eq(u64, rights.ambient, status_of("\nCapAmb:\t", 16)));
    cr_assert(eq(int, rights.no_new_privs, (int) status_of("\nNoNewPrivs:\t", 10)));
    cr_assert(eq(int, rights.seccomp, (int) status_of("\nSeccomp:\t", 10)));
}

Test(rights, both_set_id_capabilities_are_needed_to_switch)
{
    const uint64_t setgid = 1 << 6;
    const uint64_t setuid = 1 << 7;
    const uint64_t ptrace = 1 << 19;
    struct ps_rights rights = {.caps_known = true, .permitted = UINT64_MAX, .effective = setuid};

    cr_assert(not(ps_rights_can_switch_ids(&rights)));
    rights.effective = setgid;
    cr_assert(not(ps_rights_can_switch_ids(&rights)));
    rights.effective = setgid | setuid;
    cr_assert(ps_rights_can_switch_ids(&rights));
    cr_assert(not(ps_rights_can_trace(&rights)));
    rights.effective = ptrace;
    cr_assert(ps_rights_can_trace(&rights));
    rights.caps_known = false;
    cr_assert(not(ps_rights_can_trace(&rights)));
}
