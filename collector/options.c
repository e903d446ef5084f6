/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/options.h"

#include <string.h>

#include "collector/arguments.h"
#include "formats/json.h"

/* One row of the table that is read from and that --help shows. */
struct option {
    struct ps_flag flag;
    bool (*take)(struct ps_options *o, const char *value, struct ps_error *err);
};

enum { MILLISECOND = 1, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
enum { CASE_TEXT_MAX = 1000, PID_LAST = 4 << 20 }; /* the kernel's own limit for pid_max */

bool ps_options_time(const char *name, const char *value, uint64_t most_ms, uint32_t *out, struct ps_error *err)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", MILLISECOND}, {"s", SECOND}, {"m", MINUTE}, {"h", HOUR}};
    struct ps_cursor in = ps_cursor_over(ps_span_text(value));
    uint64_t number, ms = 0;

    if (ps_take_u64(&in, &number))
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (ps_span_is(ps_cursor_rest(&in), units[i].name))
                ms = units[i].ms;
    if (ms == 0)
        return ps_fail(err, 0, "--%s %s: not a time; write a whole number and its unit: 500ms, 120s or 2m", name,
                       value);
    if (number == 0 || number > most_ms / ms)
        return ps_fail(err, 0, "--%s %s: out of range; choose 1ms to %um", name, value, (unsigned) (most_ms / MINUTE));
    *out = (uint32_t) (number * ms);
    return true;
}

static bool take_read_timeout(struct ps_options *o, const char *value, struct ps_error *err)
{
    return ps_options_time("read-timeout", value, HOUR, &o->read_timeout_ms, err);
}

static bool take_deadline(struct ps_options *o, const char *value, struct ps_error *err)
{
    return ps_options_time("deadline", value, (uint64_t) 24 * HOUR, &o->deadline_ms, err);
}

static bool take_procfs(struct ps_options *o, const char *value, struct ps_error *err)
{
    if (value[0] == '\0')
        return ps_fail(err, 0, "--procfs is empty; name a directory, for example /proc");
    o->procfs = value;
    return true;
}

static bool take_profile(struct ps_options *o, const char *value, struct ps_error *err)
{
    static const char *const names[] = {"card", "standard", "deep"};
    static const enum ps_profile profiles[] = {PS_CARD, PS_STANDARD, PS_DEEP};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            o->profile = profiles[i];
            return true;
        }
    }
    return ps_fail(err, 0, "--profile %s: no such profile; choose card, standard or deep", value);
}

static bool add_pid(struct ps_options *o, uint32_t pid, struct ps_error *err)
{
    for (size_t i = 0; i < o->pid_count; i++)
        if (o->pids[i] == pid)
            return true;
    if (o->pid_count == PS_PIDS_MAX)
        return ps_fail(err, 0, "--pid: more than %d processes; leave --pid out to collect all of them", PS_PIDS_MAX);
    o->pids[o->pid_count++] = pid;
    return true;
}

static bool take_pids(struct ps_options *o, const char *value, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(value));

    do {
        uint64_t pid;
        if (!ps_take_u64(&in, &pid) || pid == 0 || pid > PID_LAST)
            return ps_fail(err, 0, "--pid %s: not a list of process ids; write --pid 1,4711", value);
        if (!add_pid(o, (uint32_t) pid, err))
            return false;
    } while (ps_take_byte(&in, ','));
    if (!ps_cursor_done(&in))
        return ps_fail(err, 0, "--pid %s: not a list of process ids; write --pid 1,4711", value);
    return true;
}

static bool take_files(struct ps_options *o, const char *value, struct ps_error *err)
{
    static const char *const names[] = {"none", "drift", "all"};
    static const enum ps_files files[] = {PS_FILES_NONE, PS_FILES_DRIFT, PS_FILES_ALL};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            o->files = files[i];
            return true;
        }
    }
    return ps_fail(err, 0, "--files %s: choose none, drift (changed files of containers) or all (of the machine too)",
                   value);
}

static bool take_no_recover(struct ps_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    o->recover = false;
    return true;
}

/* PIDs, or one of the two words. */
static bool take_memory(struct ps_options *o, const char *value, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(value));
    struct ps_pids *list = &o->memory_pids;

    if (strcmp(value, "all") == 0 || strcmp(value, "suspects") == 0) {
        o->memory = value[0] == 'a' ? PS_MEMORY_ALL : PS_MEMORY_SUSPECTS;
        return true;
    }
    o->memory = PS_MEMORY_PIDS;
    do {
        uint64_t pid;
        if (!ps_take_u64(&in, &pid) || pid == 0 || pid > PID_LAST)
            return ps_fail(err, 0, "--memory %s: choose process ids (--memory 1,4711), suspects or all", value);
        if (list->count == PS_PIDS_MAX)
            return ps_fail(err, 0, "--memory: more than %d processes; choose all", PS_PIDS_MAX);
        list->pids[list->count++] = (uint32_t) pid;
    } while (ps_take_byte(&in, ','));
    if (!ps_cursor_done(&in))
        return ps_fail(err, 0, "--memory %s: choose process ids (--memory 1,4711), suspects or all", value);
    return true;
}

static bool take_plaintext(struct ps_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->plaintext = true;
}

static bool take_redact(struct ps_options *o, const char *value, struct ps_error *err)
{
    if (strcmp(value, "environ") != 0 && strcmp(value, "none") != 0)
        return ps_fail(err, 0, "--redact %s: choose environ (values of environment variables are hashed) or none",
                       value);
    o->redact_environ = value[0] == 'e';
    return o->redact_said = true;
}

static bool take_encrypt_to(struct ps_options *o, const char *value, struct ps_error *err)
{
    return ps_age_recipients_add(&o->encrypt_to, ps_span_text(value), err) || ps_fail_in(err, "--encrypt-to");
}

static bool take_sign_key(struct ps_options *o, const char *value, struct ps_error *err)
{
    if (value[0] == '\0')
        return ps_fail(err, 0, "--sign-key is empty; name a file that procsnap keygen wrote, or leave the option out");
    o->sign_key = value;
    return true;
}

static bool take_sign_key_fd(struct ps_options *o, const char *value, struct ps_error *err)
{
    uint64_t fd;

    if (!ps_argument_u64(value, 0, 1 << 20, &fd) || fd == 1 || fd == 2)
        return ps_fail(err, 0, "--sign-key-fd %s: not a descriptor to read from; write --sign-key-fd 3 3<NAME.key",
                       value);
    o->sign_key_fd = (int) fd;
    return true;
}

static bool take_compress(struct ps_options *o, const char *value, struct ps_error *err)
{
    uint64_t level;

    if (!ps_argument_u64(value, 1, 9, &level))
        return ps_fail(err, 0, "--compress %s: choose a level from 1 (fast) to 9 (small)", value);
    o->compress = (int) level;
    return true;
}

static bool take_json(struct ps_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->json = true;
}

static bool take_quiet(struct ps_options *o, const char *value, struct ps_error *err)
{
    (void) value, (void) err;
    return o->quiet = true;
}

/* Goes into the tag files, one line each, for people and for other tools. */
static bool take_text(const char *name, const char *value, const char **out, struct ps_error *err)
{
    size_t len = strlen(value);

    if (len == 0)
        return ps_fail(err, 0, "--%s is empty; leave it out to have \"not stated\" in the bundle", name);
    if (len > CASE_TEXT_MAX)
        return ps_fail(err, 0, "--%s is longer than %d bytes; put the rest into your notes", name, CASE_TEXT_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char) value[i] < 0x20 || value[i] == 0x7f)
            return ps_fail(err, 0, "--%s holds a control character; write it as one line of plain text", name);
    if (!ps_json_lossless(ps_span_text(value)))
        return ps_fail(err, 0, "--%s is not UTF-8 text; type it again in a UTF-8 terminal", name);
    *out = value;
    return true;
}

static bool take_case(struct ps_options *o, const char *value, struct ps_error *err)
{
    return take_text("case", value, &o->who.id, err);
}

static bool take_examiner(struct ps_options *o, const char *value, struct ps_error *err)
{
    return take_text("examiner", value, &o->who.examiner, err);
}

static bool take_evidence_id(struct ps_options *o, const char *value, struct ps_error *err)
{
    return take_text("evidence-id", value, &o->who.evidence_id, err);
}

static bool take_reason(struct ps_options *o, const char *value, struct ps_error *err)
{
    return take_text("reason", value, &o->who.reason, err);
}

static bool take_authority(struct ps_options *o, const char *value, struct ps_error *err)
{
    return take_text("authority", value, &o->who.authority, err);
}

static bool take_case_officer(struct ps_options *o, const char *value, struct ps_error *err)
{
    return take_text("case-officer", value, &o->who.case_officer, err);
}

/* clang-format off */
static const struct option options[] = {
    {{"profile", "card|standard|deep", "card: who runs what, as whom, with which files and sockets;\n"
                                  "standard adds status, limits, mounts, environment, maps\n"
                                  "(default standard)", 0}, take_profile},
    {{"pid", "N,...", "only these processes (default: all)", 0}, take_pids},
    {{"files", "none|drift|all", "list and keep files that changed since the container was\n"
                                 "started: of no root, of containers, of the machine too\n"
                                 "(default drift; with --profile card none)", 0}, take_files},
    {{"no-recover", NULL, "hash files, but keep the content of none", 0}, take_no_recover},
    {{"memory", "N,...|suspects|all", "dump the memory of these processes as core files; suspects\n"
                                     "run what is deleted, in memory alone, in a directory for\n"
                                     "temporary files, or no file at all (needs --encrypt-to or\n"
                                     "--plaintext)", 0}, take_memory},
    {{"encrypt-to", "age1...", "encrypt the bundle with age to this recipient, whose identity\n"
                               "alone opens it; up to 32 times", 0}, take_encrypt_to},
    {{"plaintext", NULL, "the secrets that --memory takes may lie in a bundle that is\n"
                         "not encrypted", 0}, take_plaintext},
    {{"redact", "environ|none", "hash the values of environment variables, or keep them\n"
                                "(default environ; with --encrypt-to none)", 0}, take_redact},
    {{"procfs", "DIR", "another proc mount, or a copied tree (default /proc)", 0}, take_procfs},
    {{"sign-key", "FILE", "sign with this minisign key, made with `procsnap keygen`\n"
                          "(default: a key made for this run and wiped)", 0}, take_sign_key},
    {{"sign-key-fd", "N", "the same, read from an open descriptor", 0}, take_sign_key_fd},
    {{"case", "ID", "the case this belongs to", 0}, take_case},
    {{"examiner", "NAME", "who runs this", 0}, take_examiner},
    {{"evidence-id", "ID", "the number of this piece of evidence", 0}, take_evidence_id},
    {{"reason", "TEXT", "why it is collected", 0}, take_reason},
    {{"authority", "TEXT", "on whose authority", 0}, take_authority},
    {{"case-officer", "NAME", "who is responsible for the case", 0}, take_case_officer},
    {{"read-timeout", "TIME", "give up a read that makes no progress for so long\n"
                              "(default 500ms)", 0}, take_read_timeout},
    {{"deadline", "TIME", "stop reading and seal after so long (default 120s)", 0}, take_deadline},
    {{"compress", "1..9", "gzip level, 1 fast, 9 small (default 1)", 0}, take_compress},
    {{"json", NULL, "one JSON summary instead of the head line", 0}, take_json},
    {{"quiet", NULL, "no progress and no verdict on standard error", 0}, take_quiet},
};
/* clang-format on */

enum { OPTION_COUNT = sizeof options / sizeof options[0] };

void ps_options_flags(struct ps_flag *out)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        out[i] = options[i].flag;
}

_Static_assert((int) OPTION_COUNT == (int) PS_OPTION_COUNT, "as many options as options.h says");

struct ps_options ps_options_default(void)
{
    return (struct ps_options){
        .procfs = "/proc",
        .profile = PS_STANDARD,
        .recover = true,
        .redact_environ = true,
        .hold_fd = -1,
        .sign_key_fd = -1,
        .read_timeout_ms = 500,
        .deadline_ms = 120 * SECOND,
        .compress = 1,
    };
}

static bool check_dest(const char *dest, bool delivers, struct ps_error *err)
{
    const char *choices = delivers ? "FILE, DIR/ or - (standard output), s3://BUCKET/PREFIX/ or a presigned https URL"
                                   : "FILE, DIR/ or - (standard output)";

    if (dest == NULL)
        return ps_fail(err, 0,
                       "no DEST: say where the bundle goes: %s; there is no default, because the working directory may be "
                       "the suspect's web root",
                       choices);
    if (dest[0] == '\0')
        return ps_fail(err, 0, "DEST is empty; say where the bundle goes: %s", choices);
    return true;
}

/* What nobody here delivers to is not a file name either. The query of a URL is secret, and not repeated. */
static bool check_scheme(const struct ps_options *o, bool delivers, struct ps_error *err)
{
    size_t scheme = strcspn(o->dest, ":/");
    if (o->remote || o->dest[scheme] != ':' || o->dest[scheme + 1] != '/')
        return true;
    size_t shown = scheme + 1 + strspn(o->dest + scheme + 1, "/");
    return ps_fail(err, 0, "DEST %.*s...: %s", (int) shown, o->dest,
                   delivers ? "nothing is delivered there; write s3://BUCKET/PREFIX/, in lower case"
                            : "this executable does not deliver; collect to - and pipe that into an uploader, or to a "
                              "FILE");
}

/* Secrets are in memory in clear: keys, tokens, the data of the application. */
static bool check_memory(const struct ps_options *o, struct ps_error *err)
{
    if (o->memory == PS_MEMORY_NONE)
        return true;
    if (!o->plaintext && o->encrypt_to.count == 0)
        return ps_fail(err, 0,
                       "--memory takes secrets of the application in clear, and this bundle is not encrypted; add "
                       "--encrypt-to age1..., or --plaintext if they may lie at DEST: then keep the bundle like one of "
                       "these secrets");
    for (size_t i = 0; i < o->memory_pids.count && o->pid_count > 0; i++) {
        size_t k = 0;
        while (k < o->pid_count && o->pids[k] != o->memory_pids.pids[i])
            k++;
        if (k == o->pid_count)
            return ps_fail(err, 0, "--memory names process %u, but --pid leaves it out; name it in both",
                           (unsigned) o->memory_pids.pids[i]);
    }
    return true;
}

static bool take_one(const struct ps_argument *argument, const struct ps_flag *flags,
                     const struct ps_option_group *more, struct ps_options *o, struct ps_error *err)
{
    if (argument->flag != NULL) {
        size_t which = (size_t) (argument->flag - flags);
        if (which < OPTION_COUNT)
            return options[which].take(o, argument->text, err);
        return more->take(more->into, which - OPTION_COUNT, argument->text, err);
    }
    if (o->dest != NULL)
        return ps_fail(err, 0, "two destinations, %s and %s: one bundle goes to one place; name one", o->dest,
                       argument->text);
    o->dest = argument->text;
    return true;
}

bool ps_options_parse(int argc, char **argv, const struct ps_option_group *more, bool (*is_remote)(const char *dest),
                      struct ps_options *out, struct ps_error *err)
{
    struct ps_flag flags[OPTION_COUNT + PS_MORE_OPTIONS];
    struct ps_options o = ps_options_default();
    struct ps_argument argument;
    enum ps_arguments_step step;

    ps_options_flags(flags);
    for (size_t i = 0; more != NULL && i < more->count; i++)
        flags[OPTION_COUNT + i] = more->flags[i];
    struct ps_arguments in = ps_arguments_over(argc, argv, flags, OPTION_COUNT + (more != NULL ? more->count : 0));
    while ((step = ps_arguments_next(&in, &argument, err)) == PS_ARGUMENTS_ONE) {
        if (!take_one(&argument, flags, more, &o, err))
            return false;
    }
    if (step == PS_ARGUMENTS_BAD || !check_dest(o.dest, is_remote != NULL, err))
        return false;
    o.remote = is_remote != NULL && is_remote(o.dest);
    if (!check_scheme(&o, is_remote != NULL, err))
        return false;
    if (o.sign_key != NULL && o.sign_key_fd >= 0)
        return ps_fail(err, 0, "--sign-key and --sign-key-fd together: a bundle is signed with one key; name one");
    if (!check_memory(&o, err))
        return false;
    if (!o.redact_said)
        o.redact_environ = o.encrypt_to.count == 0;
    if (o.files == PS_FILES_BY_PROFILE)
        o.files = o.profile == PS_CARD ? PS_FILES_NONE : PS_FILES_DRIFT;
    *out = o;
    return true;
}
