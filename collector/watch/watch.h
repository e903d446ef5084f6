/* SPDX-License-Identifier: Apache-2.0
 *
 * The watch: snapshots on a schedule, on a trigger, and a last one when it is told to stop. It lives for months and
 * does little: it waits, forks a process for each snapshot and each delivery, and says what became of them. One thread,
 * no evidence, nothing that grows.
 */
#ifndef PS_WATCH_H
#define PS_WATCH_H

#include "collector/delivery/delivery.h"
#include "collector/options.h"
#include "collector/watch/events.h"

#define PS_WATCH_NAME "procsnap" /* of the socket, "@procsnap" */

/* As the command line said it; texts are borrowed. */
struct ps_watch_options {
    uint32_t every_ms;  /* required */
    uint32_t jitter_ms; /* default a tenth of every_ms */
    bool jitter_given;
    uint32_t stop_budget_ms;                  /* default 25000: all that is done between SIGTERM and the end */
    const char *trigger_file;                 /* NULL: none */
    uint32_t trigger_most, trigger_window_ms; /* default 6 in 10 minutes */
    int nice;                                 /* default 0 */
    const char *spool;                        /* directory; NULL: bundles wait in memory */
    uint64_t spool_max;                       /* bytes; default 64 MiB in memory, 1 GiB in a directory */
    bool spool_newest;                        /* a full spool drops the oldest; else it refuses the newest */
    struct ps_delivery_options delivery;      /* of a remote DEST; read by its own group */
};

struct ps_watch_options ps_watch_options_default(void);
/* Adds the options of a watch to those of a snapshot: for ps_options_parse. */
struct ps_option_group ps_watch_option_group(struct ps_watch_options *into);
/* What goes together, and what a watch needs of the options of its snapshots. False with *err. */
PS_MUST_CHECK bool ps_watch_options_check(struct ps_watch_options *w, const struct ps_options *o, struct ps_error *err);

/* Runs until SIGTERM or SIGINT. The exit status: PS_SEALED, PS_NOT_SEALED, PS_SEALED_NOT_DELIVERED, PS_SEALED_EARLY.
 * `say` takes the events, and is never to wait. *err is filled for a watch that did not start. */
int ps_watch_run(const struct ps_watch_options *w, const struct ps_options *o, bool (*say)(struct ps_span line),
                 struct ps_error *err);

#endif
