/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_ATTR_CURRENT_H
#define PS_PID_ATTR_CURRENT_H

#include "parsers/parser.h"

struct ps_pid_attr_current {
    uint64_t present;
    struct ps_span current; /* "docker-default (enforce)", "system_u:system_r:container_t:s0:c1,c2" */
};

extern const struct ps_parser ps_parser_pid_attr_current;

#endif
