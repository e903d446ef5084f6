/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_TASK_CHILDREN_H
#define PS_TASK_CHILDREN_H

#include "parsers/parser.h"

struct ps_task_children {
    uint64_t present;
    struct ps_span pids; /* decimal, a blank between them */
};

extern const struct ps_parser ps_parser_task_children;

#endif
