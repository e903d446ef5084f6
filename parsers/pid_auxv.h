/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_AUXV_H
#define PS_PID_AUXV_H

#include "parsers/parser.h"

/* Named as in getauxval(3). */
struct ps_pid_auxv {
    uint64_t present;
    uint64_t word_bits; /* 64 or 32: the program, not the machine */
    uint64_t AT_EXECFD, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ;
    uint64_t AT_BASE;                          /* where the interpreter lies; 0: static */
    uint64_t AT_FLAGS;                         /* 1: argv[0] was kept by binfmt_misc */
    uint64_t AT_ENTRY;                         /* where the program starts */
    uint64_t AT_UID, AT_EUID, AT_GID, AT_EGID; /* when it was executed, as its own user namespace sees them */
    uint64_t AT_PLATFORM, AT_HWCAP, AT_CLKTCK;
    uint64_t AT_SECURE; /* 1: executed setuid, setgid or with file capabilities */
    uint64_t AT_BASE_PLATFORM, AT_RANDOM, AT_HWCAP2, AT_RSEQ_FEATURE_SIZE, AT_RSEQ_ALIGN, AT_HWCAP3, AT_HWCAP4;
    uint64_t AT_EXECFN; /* where the path given to execve lies, in the stack */
    uint64_t AT_SYSINFO, AT_SYSINFO_EHDR, AT_MINSIGSTKSZ;
};

extern const struct ps_parser ps_parser_pid_auxv;

#endif
