/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sandbox/hardening.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9; one number on every machine */
#endif

/* From the linker: where this program begins. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* How far to look without close_range. The limit may have been lowered after descriptors above it
 * were opened. */
enum { DESCRIPTORS_MIN = 1 << 16, DESCRIPTORS_MAX = 1 << 20 };

int ps_harden_oom(int proc)
{
    static const char score[] = "1000";

    int fd = openat(proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno;
    ssize_t put = write(fd, score, sizeof score - 1);
    int why = put < 0 ? errno : 0;
    (void) close(fd);
    return why;
}

int ps_harden_tables(void)
{
    uintptr_t base = (uintptr_t) &__ehdr_start, page = (uintptr_t) sysconf(_SC_PAGESIZE);
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *) (base + __ehdr_start.e_phoff);
    int why = 0;

    for (size_t i = 0; i < __ehdr_start.e_phnum; i++, segment++) {
        if (segment->p_type != PT_GNU_RELRO) continue;
        uintptr_t begin = (base + segment->p_vaddr) & -page;
        uintptr_t end = (base + segment->p_vaddr + segment->p_memsz) & -page;
        if (mprotect((void *) begin, end - begin, PROT_READ) != 0) why = errno;
    }
    return why;
}

int ps_harden_memory(void)
{
    const struct rlimit none = {0};
    int why = setrlimit(RLIMIT_CORE, &none) == 0 ? 0 : errno;

    if (prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0) why = errno;
    return why;
}

int ps_harden_rights(void)
{
    static const uint32_t kept[_LINUX_CAPABILITY_U32S_3] = {1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH |
                                                            1U << CAP_IPC_LOCK};
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &head, sets) != 0) return errno;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        sets[i].permitted &= kept[i];
        sets[i].effective &= kept[i];
        sets[i].inheritable = 0;
    }
    return syscall(SYS_capset, &head, sets) == 0 ? 0 : errno;
}

/* Ascending, without what is below 0. Returns how many are left. */
static size_t sort_kept(const int *keep, size_t count, int sorted[PS_KEEP_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (keep[i] < 0) continue;
        size_t at = n++;
        for (; at > 0 && sorted[at - 1] > keep[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = keep[i];
    }
    return n;
}

/* For kernels and container filters without close_range. */
static void close_one_by_one(unsigned first, unsigned last)
{
    struct rlimit files;
    unsigned end = DESCRIPTORS_MAX;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < end)
        end = files.rlim_max < DESCRIPTORS_MIN ? DESCRIPTORS_MIN : (unsigned) files.rlim_max;
    for (unsigned fd = first; fd <= last && fd < end; fd++)
        (void) close((int) fd);
}

static void close_between(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0U) == 0) return;
    close_one_by_one(first, last);
}

int ps_harden_descriptors(const int *keep, size_t count)
{
    int sorted[PS_KEEP_MAX];
    unsigned next = 0;

    if (count > PS_KEEP_MAX) return EINVAL;
    size_t n = sort_kept(keep, count, sorted);
    for (size_t i = 0; i < n; i++) {
        if (sorted[i] > 0 && (unsigned) sorted[i] > next)
            close_between(next, (unsigned) sorted[i] - 1);
        next = (unsigned) sorted[i] + 1;
    }
    close_between(next, UINT_MAX);
    return 0;
}
