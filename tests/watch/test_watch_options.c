/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "collector/watch/watch.h"

static struct ps_watch_options w;
static struct ps_options o;
static struct ps_error err;

static bool remote(const char *dest)
{
    return strstr(dest, "://") != NULL;
}

static bool parse(const char *words)
{
    static char line[512];
    char *argv[40];
    int argc = 0;
    snprintf(line, sizeof line, "watch %s", words);
    for (char *at = strtok(line, " "); at != NULL; at = strtok(NULL, " "))
        argv[argc++] = at;
    w = ps_watch_options_default();
    struct ps_option_group group = ps_watch_option_group(&w);
    return ps_options_parse(argc, argv, &group, remote, &o, &err) && ps_watch_options_check(&w, &o, &err);
}

static void refused(const char *words, const char *why)
{
    cr_expect(not(parse(words)), "%s", words);
    cr_expect(strstr(err.text, why) != NULL, "%s: %s", words, err.text);
}

Test(watch_options, defaults)
{
    cr_assert(parse("/evidence/ --every 15m --plaintext"), "%s", err.text);
    cr_expect(eq(u32, w.every_ms, 900000));
    cr_expect(eq(u32, w.jitter_ms, 90000));
    cr_expect(eq(u32, w.stop_budget_ms, 25000));
    cr_expect(eq(u32, w.trigger_most, 6));
    cr_expect(eq(u32, w.trigger_window_ms, 600000));
    cr_expect(eq(u32, o.deadline_ms, 120000));
}

Test(watch_options, all_of_them)
{
    cr_assert(parse("s3://bucket/prefix/ --every 1h --jitter 0 --stop-budget 90s --trigger /shared/now --trigger-limit "
                    "2/1h --nice 5 --spool /spool --spool-max 3G --spool-policy newest --plaintext --profile card"),
              "%s", err.text);
    cr_expect(eq(u32, w.jitter_ms, 0));
    cr_expect(eq(u32, w.stop_budget_ms, 90000));
    cr_expect(eq(str, (char *) w.trigger_file, (char *) "/shared/now"));
    cr_expect(eq(u32, w.trigger_most, 2));
    cr_expect(eq(u32, w.trigger_window_ms, 3600000));
    cr_expect(eq(int, w.nice, 5));
    cr_expect(eq(str, (char *) w.spool, (char *) "/spool"));
    cr_expect(eq(u64, w.spool_max, UINT64_C(3) << 30));
    cr_expect(w.spool_newest);
    cr_expect(eq(int, o.profile, PS_CARD));
}

Test(watch_options, a_spool_has_a_size)
{
    cr_assert(parse("s3://b/ --every 1h --plaintext"));
    cr_expect(eq(u64, w.spool_max, 64 << 20));
    cr_assert(parse("s3://b/ --every 1h --plaintext --spool /s"));
    cr_expect(eq(u64, w.spool_max, 1 << 30));
    cr_assert(parse("s3://b/ --every 1h --plaintext --spool-max 1K"));
    cr_expect(eq(u64, w.spool_max, 1024));
}

Test(watch_options, what_makes_no_sense_is_refused_with_the_remedy)
{
    refused("/evidence/ --plaintext", "--every 15m");
    refused("/evidence/ --every 500ms --plaintext", "choose 1s or more");
    refused("/evidence/ --every 15 --plaintext", "unit");
    refused("/evidence/ --every 1m --jitter 1m --plaintext", "--jitter");
    refused("/evidence/ --every 1m", "--plaintext");
    refused("/evidence --every 1m --plaintext", "DIR/");
    refused("- --every 1m --plaintext", "DIR/");
    refused("https://x/y/ --every 1m --plaintext", "s3://BUCKET/PREFIX/");
    refused("/evidence/ --every 1m --plaintext --sign-key k", "chain");
    refused("/evidence/ --every 1m --plaintext --spool /s", "--spool");
    refused("s3://b/ --every 1m --plaintext --spool-max 500", "500M");
    refused("s3://b/ --every 1m --plaintext --spool-max 0M", "500M");
    refused("s3://b/ --every 1m --plaintext --spool-policy both", "newest");
    refused("/evidence/ --every 1m --plaintext --trigger-limit 6", "6/10m");
    refused("/evidence/ --every 1m --plaintext --trigger-limit 101/10m", "100");
    refused("/evidence/ --every 1m --plaintext --nice 20", "19");
}
