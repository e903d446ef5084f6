/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "collector/watch/rate.h"
#include "collector/watch/watch.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, WEEK_MS = 7 * 24 * 60 * MINUTE_MS };

static bool take_every(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    if (!ps_options_time("every", value, WEEK_MS, &w->every_ms, err))
        return false;
    return w->every_ms >= SECOND_MS ||
           ps_fail(err, 0, "--every %s: a snapshot takes longer than that; choose 1s or more, 15m is usual", value);
}

static bool take_jitter(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    w->jitter_given = true;
    w->jitter_ms = 0;
    return strcmp(value, "0") == 0 || ps_options_time("jitter", value, WEEK_MS, &w->jitter_ms, err);
}

static bool take_stop_budget(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    return ps_options_time("stop-budget", value, 10 * MINUTE_MS, &w->stop_budget_ms, err);
}

static bool take_trigger_file(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    if (value[0] == '\0')
        return ps_fail(err, 0, "--trigger is empty; name a file whose appearance or change asks for a snapshot");
    w->trigger_file = value;
    return true;
}

/* 6/10m */
static bool take_trigger_limit(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(value));
    uint64_t most;
    if (!ps_take_u64(&in, &most) || most > PS_RATE_MOST || !ps_take_byte(&in, '/'))
        return ps_fail(err, 0, "--trigger-limit %s: write how many in what time, at most %d: 6/10m", value,
                       PS_RATE_MOST);
    w->trigger_most = (uint32_t) most;
    return ps_options_time("trigger-limit", value + in.at, WEEK_MS, &w->trigger_window_ms, err);
}

static bool take_nice(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    uint64_t nice;
    if (!ps_argument_u64(value, 0, 19, &nice))
        return ps_fail(err, 0, "--nice %s: choose 0 (as the application) to 19 (when nobody else wants the CPU)",
                       value);
    w->nice = (int) nice;
    return true;
}

static bool take_spool(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    if (value[0] == '\0')
        return ps_fail(err, 0, "--spool is empty; name a directory for bundles that wait for delivery");
    w->spool = value;
    return true;
}

/* 500M: a whole number and K, M or G of 1024. */
static bool take_spool_max(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(value));
    static const char units[] = "KMG";
    uint64_t number;
    uint8_t unit;
    const char *at = ps_take_u64(&in, &number) && ps_take_any(&in, &unit) && unit != '\0' ? strchr(units, unit) : NULL;
    if (at == NULL || !ps_cursor_done(&in) || number == 0 || number > 1 << 20)
        return ps_fail(err, 0, "--spool-max %s: write a whole number and K, M or G: 500M", value);
    w->spool_max = number << (10 * (at - units + 1));
    return true;
}

static bool take_spool_policy(struct ps_watch_options *w, const char *value, struct ps_error *err)
{
    w->spool_newest = strcmp(value, "newest") == 0;
    return w->spool_newest || strcmp(value, "oldest") == 0 ||
           ps_fail(err, 0,
                   "--spool-policy %s: choose oldest (a full spool takes no more) or newest (it drops the oldest)",
                   value);
}

/* clang-format off */
static const struct ps_flag flags[] = {
    {"every", "TIME", "from one snapshot to the next, at least 1s (required)", 0},
    {"jitter", "TIME", "put each one off by a random part of this (default a tenth\n"
                       "of --every; 0: none)", 0},
    {"stop-budget", "TIME", "from SIGTERM to the end: the last snapshot is taken and\n"
                            "delivered in it (default 25s; ECS kills after stopTimeout)", 0},
    {"trigger", "FILE", "a snapshot when this file appears or changes; it is looked\n"
                        "at once a second and never opened", 0},
    {"trigger-limit", "N/TIME", "at most so many snapshots that others ask for\n"
                                "(default 6/10m), for root and for all other users", 0},
    {"spool", "DIR", "bundles that wait for delivery lie here and survive a restart\n"
                     "(default: in memory)", 0},
    {"spool-max", "SIZE", "how much may wait (default 1G; in memory 64M, and at most\n"
                          "a quarter of what the container has to spare)", 0},
    {"spool-policy", "oldest|newest", "what a full spool keeps: it takes no more, or drops\n"
                                      "the oldest (default oldest)", 0},
    {"nice", "N", "run with this niceness, 0 to 19 (default 0)", 0},
};
/* clang-format on */

static bool take(void *into, size_t which, const char *value, struct ps_error *err)
{
    static bool (*const takes[])(struct ps_watch_options *, const char *, struct ps_error *) = {
        take_every, take_jitter,    take_stop_budget,  take_trigger_file, take_trigger_limit,
        take_spool, take_spool_max, take_spool_policy, take_nice,
    };
    _Static_assert(sizeof takes / sizeof takes[0] == sizeof flags / sizeof flags[0], "one for each flag");
    return takes[which](into, value, err);
}

struct ps_watch_options ps_watch_options_default(void)
{
    return (struct ps_watch_options){
        .stop_budget_ms = 25 * SECOND_MS,
        .trigger_most = 6,
        .trigger_window_ms = 10 * MINUTE_MS,
    };
}

struct ps_option_group ps_watch_option_group(struct ps_watch_options *into)
{
    return (struct ps_option_group){
        .flags = flags, .count = sizeof flags / sizeof flags[0], .take = take, .into = into};
}

static bool check_dest(struct ps_watch_options *w, const struct ps_options *o, struct ps_error *err)
{
    enum { MIB = 20, MEMORY_DEFAULT = 64, DISK_DEFAULT = 1024 };
    bool many = o->dest[strlen(o->dest) - 1] == '/' && (!o->remote || strncmp(o->dest, "s3://", 5) == 0);
    if (!many)
        return ps_fail(err, 0,
                       "DEST %.200s: a watch makes many bundles; name a directory with a slash behind it, DIR/ or "
                       "s3://BUCKET/PREFIX/",
                       o->dest);
    if (!o->remote && w->spool != NULL)
        return ps_fail(err, 0, "--spool is for bundles that wait for delivery to s3://; DEST %s is a directory itself",
                       o->dest);
    if (w->spool_max == 0)
        w->spool_max = (uint64_t) (w->spool != NULL ? DISK_DEFAULT : MEMORY_DEFAULT) << MIB;
    return true;
}

bool ps_watch_options_check(struct ps_watch_options *w, const struct ps_options *o, struct ps_error *err)
{
    if (w->every_ms == 0)
        return ps_fail(err, 0, "watch needs --every TIME: from one snapshot to the next, for example --every 15m");
    if (!w->jitter_given)
        w->jitter_ms = w->every_ms / 10;
    if (w->jitter_ms >= w->every_ms)
        return ps_fail(err, 0, "--jitter is as long as --every: snapshots would lose their order; choose less");
    if (!o->plaintext && o->encrypt_to.count == 0)
        return ps_fail(err, 0,
                       "watch keeps evidence for a long time where others may find it; add --encrypt-to age1..., or "
                       "--plaintext if it may lie at DEST as it is");
    if (o->sign_key != NULL || o->sign_key_fd >= 0)
        return ps_fail(err, 0,
                       "watch signs with the keys of its own chain, each used once; leave the key out, and pin the "
                       "first head line that it says");
    return check_dest(w, o, err);
}
