/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_STAT_H
#define PS_PID_STAT_H

#include "parsers/parser.h"

struct ps_pid_stat {
    uint64_t present;
    int64_t pid;
    struct ps_span comm; /* any byte but NUL, not escaped; may hold newlines and parentheses, may be empty */
    uint8_t state;
    int64_t ppid, pgrp, session, tty_nr, tpgid;
    uint64_t flags, minflt, cminflt, majflt, cmajflt, utime, stime;
    int64_t cutime, cstime, priority, nice, num_threads, itrealvalue;
    uint64_t starttime; /* ticks of 10 ms since boot, time in suspend included */
    uint64_t vsize;
    int64_t rss;
    uint64_t rsslim, startcode, endcode, startstack, kstkesp, kstkeip;
    uint64_t signal, blocked, sigignore, sigcatch, wchan, nswap, cnswap;
    int64_t exit_signal, processor;
    uint64_t rt_priority, policy, delayacct_blkio_ticks, guest_time;
    int64_t cguest_time;
    uint64_t start_data, end_data, start_brk, arg_start, arg_end, env_start, env_end;
    int64_t exit_code;
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_pid_stat;
/* The same file of one thread. */
extern const struct ps_parser ps_parser_task_stat;

#endif
