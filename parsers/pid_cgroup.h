/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_CGROUP_H
#define PS_PID_CGROUP_H

#include "parsers/parser.h"

struct ps_pid_cgroup {
    uint64_t present;
    uint64_t hierarchy_id;
    struct ps_span controllers; /* "cpu,cpuacct", "name=systemd", empty for cgroup v2 */
    struct ps_span path;        /* as seen from the reader's cgroup namespace: may begin with /.. */
};

extern const struct ps_parser ps_parser_pid_cgroup;
/* The same file of one thread. */
extern const struct ps_parser ps_parser_task_cgroup;

#endif
