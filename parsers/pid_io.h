/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_PID_IO_H
#define PS_PID_IO_H

#include "parsers/parser.h"

struct ps_pid_io {
    uint64_t present;
    uint64_t rchar, wchar, syscr, syscw, read_bytes, write_bytes;
    int64_t cancelled_write_bytes;
};

extern const struct ps_parser ps_parser_pid_io;

#endif
