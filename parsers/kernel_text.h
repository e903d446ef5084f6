/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_KERNEL_TEXT_H
#define PS_KERNEL_TEXT_H

#include "parsers/parser.h"

/* A file below /proc that is one text about the kernel. */
struct ps_kernel_text {
    uint64_t present;
    struct ps_span text; /* the field is named as the kind; of sysctl, `value` */
};

extern const struct ps_parser ps_parser_version;
extern const struct ps_parser ps_parser_cmdline;
extern const struct ps_parser ps_parser_sysctl;

#endif
