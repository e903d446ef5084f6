/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of collect: what it means, and that a wrong one says what is wrong and what to do.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "collector/options.h"

enum { WORDS_MAX = 16 };

static bool parse(const char *line, struct ps_options *o, struct ps_error *err)
{
    static char copy[4096]; /* options borrow from argv */
    char *argv[WORDS_MAX] = {0};
    int argc = 0;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word != NULL && argc < WORDS_MAX - 1; word = strtok(NULL, " "))
        argv[argc++] = word;
    return ps_options_parse(argc, argv, NULL, NULL, o, err);
}

static struct ps_options good(const char *line)
{
    struct ps_options o;
    struct ps_error err = {0};

    cr_assert(parse(line, &o, &err), "%s: %s", line, err.text);
    return o;
}

/* The error is one line, names the thing and the next step. */
static void bad(const char *line, const char *thing, const char *next)
{
    struct ps_options o = {.compress = 77};
    struct ps_error err = {0};

    cr_assert(not(parse(line, &o, &err)), "%s was accepted", line);
    cr_expect(strstr(err.text, thing) != NULL, "%s: \"%s\" does not name %s", line, err.text, thing);
    cr_expect(strstr(err.text, next) != NULL, "%s: \"%s\" does not say %s", line, err.text, next);
    cr_expect(strchr(err.text, '\n') == NULL, "%s: more than one line", line);
    cr_expect(eq(int, o.compress, 77), "%s: the output was touched", line);
}

Test(options, defaults)
{
    struct ps_options o = good("collect /tmp/e/");
    cr_expect(eq(str, (char *) o.dest, "/tmp/e/"));
    cr_expect(eq(str, (char *) o.procfs, "/proc"));
    cr_expect(o.profile == PS_STANDARD);
    cr_expect(eq(sz, o.pid_count, 0));
    cr_expect(o.redact_environ);
    cr_expect(o.sign_key == NULL);
    cr_expect(eq(int, o.sign_key_fd, -1));
    cr_expect(o.who.id == NULL);
    cr_expect(eq(u32, o.read_timeout_ms, 500));
    cr_expect(eq(u32, o.deadline_ms, 120000));
    cr_expect(eq(int, o.compress, 1));
    cr_expect(not(o.json));
    cr_expect(not(o.quiet));
}

Test(options, values_stand_behind_a_blank_or_an_equals_sign)
{
    struct ps_options o = good("collect --profile=card - --compress 9 --json --redact none --case=IR=1");
    cr_expect(eq(str, (char *) o.dest, "-"));
    cr_expect(o.profile == PS_CARD);
    cr_expect(eq(int, o.compress, 9));
    cr_expect(o.json);
    cr_expect(not(o.redact_environ));
    cr_expect(eq(str, (char *) o.who.id, "IR=1"));
}

Test(options, a_lone_dash_pair_ends_them)
{
    struct ps_options o = good("collect --quiet -- --odd-name");
    cr_expect(eq(str, (char *) o.dest, "--odd-name"));
}

Test(options, times_have_units)
{
    cr_expect(eq(u32, good("collect x --read-timeout 250ms").read_timeout_ms, 250));
    cr_expect(eq(u32, good("collect x --deadline 90s").deadline_ms, 90000));
    cr_expect(eq(u32, good("collect x --deadline 2m").deadline_ms, 120000));
    cr_expect(eq(u32, good("collect x --deadline 24h").deadline_ms, 86400000));
    bad("collect x --deadline 120", "--deadline 120", "120s");
    bad("collect x --deadline 1.5s", "--deadline 1.5s", "120s");
    bad("collect x --deadline s", "--deadline s", "120s");
    bad("collect x --deadline 0s", "--deadline 0s", "choose");
    bad("collect x --deadline 25h", "--deadline 25h", "choose");
    bad("collect x --deadline 18446744073709551616s", "--deadline", "120s");
    bad("collect x --deadline 18446744073709551615h", "--deadline", "choose");
    bad("collect x --read-timeout -5s", "--read-timeout -5s", "500ms");
    bad("collect x --read-timeout 2h", "--read-timeout 2h", "choose");
}

#define RECIPIENT "age13aqvttdk3ujkyjh9kg2w5an6dmy5mq5a84a4uxk3hfhnugfc9p0sy5p2wh"

Test(options, whom_it_is_encrypted_to)
{
    struct ps_options o = good("collect x");
    cr_expect(o.encrypt_to.count == 0 && o.redact_environ);
    o = good("collect x --encrypt-to " RECIPIENT " --encrypt-to=" RECIPIENT
             " --encrypt-to age1fty2fmfmfwvw55dpvuram624jwwjj5c6ra5z9n33e63h5z3yryaqpfmz97");
    cr_assert(eq(sz, o.encrypt_to.count, 2));
    cr_expect(not(o.redact_environ));
    cr_expect(good("collect x --redact environ --encrypt-to " RECIPIENT).redact_environ);
    cr_expect(not(good("collect x --redact none").redact_environ));
    cr_expect(good("collect x --memory all --encrypt-to " RECIPIENT).memory == PS_MEMORY_ALL);
    bad("collect x --encrypt-to age1pq1x", "--encrypt-to", "post-quantum");
    bad("collect x --encrypt-to age1x", "--encrypt-to", "X25519");
    bad("collect x --encrypt-to=", "--encrypt-to", "age1");
}

Test(options, whose_memory)
{
    struct ps_options o = good("collect x");
    cr_expect(o.memory == PS_MEMORY_NONE && !o.plaintext);
    o = good("collect x --memory suspects --plaintext");
    cr_expect(o.memory == PS_MEMORY_SUSPECTS && o.plaintext);
    cr_expect(good("collect x --plaintext --memory=all").memory == PS_MEMORY_ALL);
    o = good("collect x --memory 1,4711 --plaintext --pid 4711,1,2");
    cr_expect(o.memory == PS_MEMORY_PIDS);
    cr_assert(eq(sz, o.memory_pids.count, 2));
    cr_expect(eq(u32, o.memory_pids.pids[1], 4711));
    bad("collect x --memory all", "in clear", "--plaintext");
    bad("collect x --memory some --plaintext", "--memory some", "suspects");
    bad("collect x --memory 0 --plaintext", "--memory 0", "suspects");
    bad("collect x --memory 1,all --plaintext", "--memory 1,all", "suspects");
    bad("collect x --memory 1, --plaintext", "--memory 1,", "suspects");
    bad("collect x --memory 7 --pid 8 --plaintext", "process 7", "name it in both");
}

Test(options, whose_files)
{
    cr_expect(good("collect x").files == PS_FILES_DRIFT);
    cr_expect(good("collect x --profile card").files == PS_FILES_NONE);
    cr_expect(good("collect x --profile card --files drift").files == PS_FILES_DRIFT);
    cr_expect(good("collect x --files all").files == PS_FILES_ALL);
    cr_expect(good("collect x --files none").files == PS_FILES_NONE);
    cr_expect(good("collect x").recover);
    cr_expect(not(good("collect x --no-recover").recover));
    bad("collect x --files some", "--files some", "drift");
    bad("collect x --no-recover=1", "--no-recover", "");
}

Test(options, process_ids)
{
    struct ps_options o = good("collect x --pid 1,4711 --pid=1,9");
    cr_assert(eq(sz, o.pid_count, 3));
    cr_expect(eq(u32, o.pids[0], 1));
    cr_expect(eq(u32, o.pids[1], 4711));
    cr_expect(eq(u32, o.pids[2], 9));
    bad("collect x --pid 0", "--pid 0", "--pid 1,4711");
    bad("collect x --pid 1,", "--pid 1,", "--pid 1,4711");
    bad("collect x --pid 1;2", "--pid 1;2", "--pid 1,4711");
    bad("collect x --pid 4194305", "--pid 4194305", "--pid 1,4711");
    bad("collect x --pid self", "--pid self", "--pid 1,4711");
}

Test(options, more_processes_than_fit_are_refused)
{
    char line[4096] = "collect x --pid 1";
    for (size_t i = 2, at = strlen(line); i <= PS_PIDS_MAX + 1; i++)
        at += (size_t) snprintf(line + at, sizeof line - at, ",%zu", i);
    bad(line, "--pid", "leave --pid out");
}

Test(options, case_texts)
{
    struct ps_options o =
        good("collect x --case a --examiner b --evidence-id c --reason d --authority e --case-officer f");
    cr_expect(eq(str, (char *) o.who.id, "a"));
    cr_expect(eq(str, (char *) o.who.examiner, "b"));
    cr_expect(eq(str, (char *) o.who.evidence_id, "c"));
    cr_expect(eq(str, (char *) o.who.reason, "d"));
    cr_expect(eq(str, (char *) o.who.authority, "e"));
    cr_expect(eq(str, (char *) o.who.case_officer, "f"));
    bad("collect x --case=", "--case", "leave it out");
    bad("collect x --reason a\nb", "--reason", "one line");
    bad("collect x --reason \xff", "--reason", "UTF-8");
}

Test(options, destination)
{
    bad("collect", "no DEST", "FILE, DIR/ or -");
    bad("collect --json", "no DEST", "FILE, DIR/ or -");
    bad("collect a b", "a and b", "name one");
    bad("collect s3://bucket/prefix/", "DEST s3://", "collect to -");
    bad("collect https://example.com/x?X-Amz-Signature=1", "DEST https://", "collect to -");
}

static const struct ps_flag more_flags[] = {{"region", "NAME", "", 0}, {"fips", NULL, "", 0}};

struct more {
    const char *region;
    bool fips;
};

static bool take_more(void *into, size_t which, const char *value, struct ps_error *err)
{
    struct more *m = into;
    if (which == 0 && value[0] == '-')
        return ps_fail(err, 0, "--region %s: no region", value);
    if (which == 0)
        m->region = value;
    else
        m->fips = true;
    return true;
}

static bool is_bucket(const char *dest)
{
    return strncmp(dest, "s3://", 5) == 0;
}

Test(options, of_a_command_that_delivers)
{
    struct more more = {0};
    const struct ps_option_group group = {more_flags, 2, take_more, &more};
    char *argv[] = {"collect", "s3://b/p/", "--region", "eu-west-1", "--json", "--fips", NULL};
    char *bad_region[] = {"collect", "s3://b/p/", "--region=-", NULL}, *ftp[] = {"collect", "ftp://b/p/", NULL};
    char *none[] = {"collect", NULL};
    struct ps_options o;
    struct ps_error err = {0};

    cr_assert(ps_options_parse(6, argv, &group, is_bucket, &o, &err), "%s", err.text);
    cr_expect(eq(str, (char *) more.region, "eu-west-1"));
    cr_expect(more.fips && o.json && o.remote);
    cr_expect(not(ps_options_parse(3, bad_region, &group, is_bucket, &o, &err)));
    cr_expect(eq(str, err.text, "--region -: no region"));
    cr_expect(not(ps_options_parse(2, ftp, &group, is_bucket, &o, &err)));
    cr_expect(strstr(err.text, "ftp://...") != NULL, "%s", err.text);
    cr_expect(not(ps_options_parse(1, none, &group, is_bucket, &o, &err)));
    cr_expect(strstr(err.text, "s3://BUCKET/PREFIX/") != NULL, "%s", err.text);
}

Test(options, unknown_and_incomplete_ones)
{
    bad("collect x --frob", "--frob", "procsnap collect --help");
    bad("collect x --proflie card", "--proflie", "--profile");
    bad("collect x -z", "-z", "procsnap collect --help");
    bad("collect x --case", "--case", "--case ID");
    bad("collect x --case --json", "--case", "--case ID");
    bad("collect x --json=1", "--json", "without");
    bad("collect x --profile full", "--profile full", "card, standard or deep");
    bad("collect x --redact all", "--redact all", "environ");
    bad("collect x --compress 0", "--compress 0", "1 (fast) to 9");
    bad("collect x --compress 10", "--compress 10", "1 (fast) to 9");
    bad("collect x --compress fast", "--compress fast", "1 (fast) to 9");
}

Test(options, keys)
{
    cr_expect(eq(str, (char *) good("collect x --sign-key k").sign_key, "k"));
    cr_expect(eq(int, good("collect x --sign-key-fd 0").sign_key_fd, 0));
    bad("collect x --sign-key-fd 2", "--sign-key-fd 2", "3<NAME.key");
    bad("collect x --sign-key-fd three", "--sign-key-fd three", "3<NAME.key");
    bad("collect x --sign-key k --sign-key-fd 3", "--sign-key-fd", "name one");
}

Test(options, a_long_bad_value_does_not_push_out_the_reason)
{
    char line[4000] = "collect x --";
    memset(line + strlen(line), 'a', sizeof line - strlen(line) - 1);
    struct ps_options o;
    struct ps_error err;
    cr_expect(not(parse(line, &o, &err)));
    cr_expect(lt(sz, strlen(err.text), sizeof err.text));
}

Test(help, names_every_option_once)
{
    struct ps_flag flags[PS_OPTION_COUNT];
    struct ps_buffer out = {0};

    ps_options_flags(flags);
    struct ps_help help = {
        .usage = "u", .about = "a", .flags = flags, .flag_count = PS_OPTION_COUNT, .statuses = "0 s", .example = "e"};
    ps_help_text(&help, &out);
    ps_buffer_add_byte(&out, '\0');
    for (size_t i = 0; i < PS_OPTION_COUNT; i++) {
        char word[64];
        snprintf(word, sizeof word, "  --%s%s", flags[i].name, flags[i].value != NULL ? " " : "  ");
        cr_expect(strstr((char *) out.data, word) != NULL, "%s", word);
    }
    ps_buffer_done(&out);
}

Test(nearest, finds_slips_and_beginnings_only)
{
    const char *const names[] = {"collect", "verify", "version", "parse"};
    cr_expect(eq(str, (char *) ps_nearest("colect", names, 4), "collect"));
    cr_expect(eq(str, (char *) ps_nearest("ver", names, 4), "verify"));
    cr_expect(eq(str, (char *) ps_nearest("versoin", names, 4), "version"));
    cr_expect(ps_nearest("x", names, 4) == NULL);
    cr_expect(ps_nearest("", names, 4) == NULL);
    cr_expect(ps_nearest("something-else-entirely-that-is-far-longer-than-any", names, 4) == NULL);
}
