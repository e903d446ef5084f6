/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/status, printed by fs/proc/array.c proc_pid_status(); proc(5).
 *
 *   CapEff:\t000001ffffffffff
 *
 * Everybody may read it. Which keys there are, and their order, depends on the kernel and the state of the process, so
 * it is read by key; keys that are not in the table are passed over. Ids are mapped into the user namespace of the
 * reader: one that has no mapping there shows as 65534. NSpid and its like begin at the reader's pid namespace.
 */
#include "parsers/pid_status.h"

#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_pid_status, name, type)

/* In the order of printing: the search for a key begins behind the key before it. */
static const struct ps_field fields[] = {
    FIELD(Name, PS_BYTES),  /* newline and backslash escaped as \n and \\, all else raw */
    FIELD(Umask, PS_BYTES), /* octal; since 4.7, none for zombies */
    FIELD(State, PS_BYTES), /* "S (sleeping)" */
    FIELD(Tgid, PS_U64),
    FIELD(Ngid, PS_U64), /* since 3.13 */
    FIELD(Pid, PS_U64),
    FIELD(PPid, PS_U64),
    FIELD(TracerPid, PS_U64),
    FIELD(Uid, PS_U64_LIST), /* real, effective, saved, file system */
    FIELD(Gid, PS_U64_LIST), /* the same */
    FIELD(FDSize, PS_U64),
    FIELD(Groups, PS_U64_LIST), /* up to 65536 */
    FIELD(NStgid, PS_U64_LIST), /* since 4.1, one for each nested pid namespace */
    FIELD(NSpid, PS_U64_LIST),
    FIELD(NSpgid, PS_U64_LIST),
    FIELD(NSsid, PS_U64_LIST),
    FIELD(Kthread, PS_U64), /* since 6.8 */
    FIELD(VmPeak, PS_U64),  /* kB, as all that follow; none for kernel threads and zombies */
    FIELD(VmSize, PS_U64),
    FIELD(VmLck, PS_U64),
    FIELD(VmPin, PS_U64), /* since 3.2 */
    FIELD(VmHWM, PS_U64),
    FIELD(VmRSS, PS_U64),
    FIELD(RssAnon, PS_U64), /* since 4.5 */
    FIELD(RssFile, PS_U64),
    FIELD(RssShmem, PS_U64),
    FIELD(VmData, PS_U64),
    FIELD(VmStk, PS_U64),
    FIELD(VmExe, PS_U64),
    FIELD(VmLib, PS_U64),
    FIELD(VmPTE, PS_U64),
    FIELD(VmPMD, PS_U64), /* 4.0 to 4.14 */
    FIELD(VmSwap, PS_U64),
    FIELD(HugetlbPages, PS_U64), /* since 4.4 */
    FIELD(CoreDumping, PS_U64),  /* since 4.15 */
    FIELD(THP_enabled, PS_U64),  /* since 5.0 */
    FIELD(untag_mask, PS_BYTES), /* since 6.4 */
    FIELD(Threads, PS_U64),
    FIELD(SigQ, PS_BYTES),   /* "used/limit" */
    FIELD(SigPnd, PS_BYTES), /* 16 hex digits, as the masks that follow */
    FIELD(ShdPnd, PS_BYTES),
    FIELD(SigBlk, PS_BYTES),
    FIELD(SigIgn, PS_BYTES),
    FIELD(SigCgt, PS_BYTES),
    FIELD(CapInh, PS_BYTES),
    FIELD(CapPrm, PS_BYTES),
    FIELD(CapEff, PS_BYTES),
    FIELD(CapBnd, PS_BYTES),
    FIELD(CapAmb, PS_BYTES),                    /* since 4.3 */
    FIELD(NoNewPrivs, PS_U64),                  /* since 4.10 */
    FIELD(Seccomp, PS_U64),                     /* since 3.8: 0 off, 1 strict, 2 filter */
    FIELD(Seccomp_filters, PS_U64),             /* since 5.9 */
    FIELD(Speculation_Store_Bypass, PS_BYTES),  /* since 4.17 */
    FIELD(SpeculationIndirectBranch, PS_BYTES), /* since 5.9 */
    FIELD(Cpus_allowed, PS_BYTES),              /* hex words */
    FIELD(Cpus_allowed_list, PS_BYTES),         /* "0-3,8" */
    FIELD(Mems_allowed, PS_BYTES),
    FIELD(Mems_allowed_list, PS_BYTES),
    FIELD(voluntary_ctxt_switches, PS_U64),
    FIELD(nonvoluntary_ctxt_switches, PS_U64),
    FIELD(x86_Thread_features, PS_BYTES), /* since 6.6 */
    FIELD(x86_Thread_features_locked, PS_BYTES),
};

enum { COUNT = sizeof fields / sizeof fields[0] };
_Static_assert((int) COUNT <= (int) PS_FIELDS_MAX, "one bit each");

static const char *read_key(struct ps_cursor *line, void *record)
{
    return ps_read_keyed(line, fields, COUNT, record);
}

static enum ps_step pid_status_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_whole(in, record, issue, read_key);
}

const struct ps_parser ps_parser_pid_status = {
    .kind = "pid_status",
    .record_size = sizeof(struct ps_pid_status),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = pid_status_next,
};

const struct ps_parser ps_parser_task_status = {
    .kind = "task_status",
    .record_size = sizeof(struct ps_pid_status),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = pid_status_next,
};
