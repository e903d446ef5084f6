/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_NUMBER_H
#define PS_PID_NUMBER_H

#include "parsers/parser.h"

/* A file below /proc/PID that holds one number. */
struct ps_pid_number {
    uint64_t present;
    int64_t number; /* the field is named as the file */
};

extern const struct ps_parser ps_parser_pid_oom_score;
extern const struct ps_parser ps_parser_pid_oom_score_adj;
extern const struct ps_parser ps_parser_pid_loginuid;
extern const struct ps_parser ps_parser_pid_sessionid;

#endif
