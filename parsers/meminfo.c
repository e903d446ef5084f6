/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/meminfo, printed by fs/proc/meminfo.c meminfo_proc_show(); proc(5).
 *
 *   Active(anon):      27880 kB
 *
 * Everybody may read it. It tells of the machine (on Fargate: of the task's own), never of a container. Which keys
 * there are depends on the kernel; those that are not in the table are passed over. The fields are named as the keys.
 */
#include "parsers/meminfo.h"

#include "parsers/lines.h"

/* clang-format off */
#define KEY(name, index) {name, PS_U64, offsetof(struct ps_meminfo, values) + (index) * sizeof(uint64_t)}

/* In the order of printing: the search for a key begins behind the key before it. */
static const struct ps_field fields[] = {
    KEY("MemTotal", 0), KEY("MemFree", 1), KEY("MemAvailable", 2), KEY("Buffers", 3), KEY("Cached", 4),
    KEY("SwapCached", 5), KEY("Active", 6), KEY("Inactive", 7), KEY("Active(anon)", 8), KEY("Inactive(anon)", 9),
    KEY("Active(file)", 10), KEY("Inactive(file)", 11), KEY("Unevictable", 12), KEY("Mlocked", 13),
    KEY("SwapTotal", 14), KEY("SwapFree", 15), KEY("Zswap", 16), KEY("Zswapped", 17), KEY("Dirty", 18),
    KEY("Writeback", 19), KEY("AnonPages", 20), KEY("Mapped", 21), KEY("Shmem", 22), KEY("KReclaimable", 23),
    KEY("Slab", 24), KEY("SReclaimable", 25), KEY("SUnreclaim", 26), KEY("KernelStack", 27),
    KEY("ShadowCallStack", 28), KEY("PageTables", 29), KEY("SecPageTables", 30), KEY("NFS_Unstable", 31),
    KEY("Bounce", 32), KEY("WritebackTmp", 33), KEY("CommitLimit", 34), KEY("Committed_AS", 35),
    KEY("VmallocTotal", 36), KEY("VmallocUsed", 37), KEY("VmallocChunk", 38), KEY("Percpu", 39),
    KEY("EarlyMemtestBad", 40), KEY("HardwareCorrupted", 41), KEY("AnonHugePages", 42), KEY("ShmemHugePages", 43),
    KEY("ShmemPmdMapped", 44), KEY("FileHugePages", 45), KEY("FilePmdMapped", 46), KEY("CmaTotal", 47),
    KEY("CmaFree", 48), KEY("Unaccepted", 49), KEY("Balloon", 50), KEY("HugePages_Total", 51),
    KEY("HugePages_Free", 52), KEY("HugePages_Rsvd", 53), KEY("HugePages_Surp", 54), KEY("Hugepagesize", 55),
    KEY("Hugetlb", 56), KEY("DirectMap4k", 57), KEY("DirectMap2M", 58), KEY("DirectMap4M", 59),
    KEY("DirectMap1G", 60),
};
/* clang-format on */

enum { COUNT = sizeof fields / sizeof fields[0] };
_Static_assert((int) COUNT == (int) PS_MEMINFO_KEYS && (int) COUNT <= (int) PS_FIELDS_MAX, "one bit each");

static const char *read_key(struct ps_cursor *line, void *record)
{
    return ps_read_keyed(line, fields, COUNT, record);
}

static enum ps_step meminfo_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_whole(in, record, issue, read_key);
}

const struct ps_parser ps_parser_meminfo = {
    .kind = "meminfo",
    .record_size = sizeof(struct ps_meminfo),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = meminfo_next,
};
