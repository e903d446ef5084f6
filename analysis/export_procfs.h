/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle laid out as a /proc tree again, for tools that read one: raw bytes at their paths, links as links. The
 * bundle is hostile: names come from the catalog and from pids, nothing that exists is ever written to or followed, and
 * links are made when everything else is there, so that nothing can be written through one.
 */
#ifndef PS_EXPORT_PROCFS_H
#define PS_EXPORT_PROCFS_H

#include "formats/member_source.h"

/* The bundle, from its beginning, as often as it is asked for. */
struct ps_export_bundle {
    void *self;
    bool (*again)(void *self, struct ps_member_source *out, struct ps_error *err);
};

struct ps_export_counts {
    uint64_t processes, files, links;
    uint64_t without_stat; /* lives of which no stat was captured: no directory is made for them */
    uint64_t passed_over;  /* captures that no tree can hold: twice the same, an empty link, no parser for it */
    const char *flaw;      /* why the bundle could not be read to its end (static text), or NULL */
};

/* Makes `proc` in the directory `out` (borrowed, empty), mode 0700, and everything below it. Reads the bundle three
 * times: which lives have a stat; directories and files; links. False with *err: a failure of our own; what was made by
 * then stays. */
PS_MUST_CHECK bool ps_export_procfs(const struct ps_export_bundle *bundle, int out, struct ps_export_counts *counts,
                                    struct ps_error *err);

#endif
