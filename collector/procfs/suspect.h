/* SPDX-License-Identifier: Apache-2.0
 *
 * Is this process worth a dump? Told from its executable and its maps alone; what each answer means is in
 * docs/BUNDLE.md section 4. No verdict: compilers at run time and UPX look the same as malware here.
 */
#ifndef PS_SUSPECT_H
#define PS_SUSPECT_H

#include <stdbool.h>

#include "formats/dump_facts.h"

struct ps_suspect_exe {
    struct ps_span link; /* empty: not known, and nothing is said of the executable */
    bool has_name;       /* a link of the file is left, whatever the text says */
    uint64_t ino;        /* 0: not known */
};

/* PS_SUSPECT_* bits. `maps` may be empty: not known. */
uint32_t ps_suspect_judge(const struct ps_suspect_exe *exe, struct ps_span maps);

#endif
