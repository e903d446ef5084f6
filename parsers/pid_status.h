/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_STATUS_H
#define PS_PID_STATUS_H

#include "parsers/parser.h"

/* Named as the kernel names them. */
struct ps_pid_status {
    uint64_t present;
    /* Text, as it stands behind the key. Masks are hex digits. */
    struct ps_span Name, Umask, State, untag_mask, SigQ, SigPnd, ShdPnd, SigBlk, SigIgn, SigCgt, CapInh, CapPrm, CapEff,
        CapBnd, CapAmb, Speculation_Store_Bypass, SpeculationIndirectBranch, Cpus_allowed, Cpus_allowed_list,
        Mems_allowed, Mems_allowed_list, x86_Thread_features, x86_Thread_features_locked;
    /* Numbers with blanks or tabs between them. */
    struct ps_span Uid, Gid, Groups, NStgid, NSpid, NSpgid, NSsid;
    /* Memory sizes are in kB, as printed. */
    uint64_t Tgid, Ngid, Pid, PPid, TracerPid, FDSize, Kthread, VmPeak, VmSize, VmLck, VmPin, VmHWM, VmRSS, RssAnon,
        RssFile, RssShmem, VmData, VmStk, VmExe, VmLib, VmPTE, VmPMD, VmSwap, HugetlbPages, CoreDumping, THP_enabled,
        Threads, NoNewPrivs, Seccomp, Seccomp_filters, voluntary_ctxt_switches, nonvoluntary_ctxt_switches;
};

extern const struct ps_parser ps_parser_pid_status;
/* The same file of one thread. */
extern const struct ps_parser ps_parser_task_status;

#endif
