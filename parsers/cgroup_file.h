/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_CGROUP_FILE_H
#define PS_CGROUP_FILE_H

#include "parsers/parser.h"

/* One line of a file of a control group: "max", "50000 100000", "oom_kill 3". */
struct ps_cgroup_file {
    uint64_t present;
    struct ps_span words;
};

extern const struct ps_parser ps_parser_cgroup_file;

#endif
