/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/commands/bundle_input.h"
#include "collector/commands/commands.h"
#include "collector/commands/custody_log.h"
#include "collector/commands/verify_request.h"
#include "collector/key_file.h"
#include "collector/terminal.h"

enum { FLAG_WHO, FLAG_ACTION, FLAG_SIGN_KEY, FLAG_KEY, FLAG_IDENTITY, FLAG_JSON, FLAGS };

static const struct ps_flag flags[FLAGS] = {
    [FLAG_WHO] = {"who", "NAME", "add: who holds the evidence, or handles it", 0},
    [FLAG_ACTION] = {"action", "TEXT", "add: what was done: received from whom, stored where, given to whom", 0},
    [FLAG_SIGN_KEY] = {"sign-key", "FILE", "add: the secret key of that person (procsnap keygen)", 0},
    [FLAG_KEY] = {"key", "FILE|BASE64",
                  "verify: a key that may have signed, of a holder or of the bundle; may be repeated", 0},
    [FLAG_IDENTITY] = PS_IDENTITY_FLAG,
    [FLAG_JSON] = {"json", NULL, "verify: one JSON object instead of text", 0},
};

static const struct ps_help help = {
    .usage = "procsnap custody add BUNDLE --who NAME --action TEXT --sign-key FILE [--identity FILE]\n"
             "procsnap custody verify BUNDLE [--key FILE|BASE64]... [--identity FILE] [--json]",
    .about = "Who held the evidence, and what was done with it: a log beside the bundle, BUNDLE.custody.ndjson. Each\n"
             "line is signed by whoever added it, names the SHA-256 of the bundle, and is bound to the line before; the\n"
             "first one to the acquisition in the bundle. Lines are added, never changed.",
    .flags = flags,
    .flag_count = FLAGS,
    .statuses = " 0  add: added; verify: OK, the bundle and all lines, each by a key that you pin\n"
                " 1  OK-UNPINNED: the same, but not all keys are pinned\n"
                " 2  the command line is wrong, there is no such bundle, or ENCRYPTED: no --identity that opens it\n"
                " 3  not added, or not to be read to the end\n"
                "10  INCOMPLETE: there is no log, or its last line is cut short\n"
                "11  TAMPERED: a line was altered, taken out, put in or moved, or is about another bundle\n"
                "12  MALFORMED: a line is none of a custody log",
    .example = "procsnap custody add procsnap-20261122t001500z-0123abcd.tar.gz --who 'A. Responder' \\\n"
               "    --action 'downloaded from s3://evidence, stored on disk 7' --sign-key ir-team.key",
};

struct request {
    const char *verb, *bundle, *who, *action, *sign_key;
    struct ps_public_key keys[PS_VERIFY_KEYS_MAX];
    size_t key_count;
    struct ps_age_identities *identities;
    bool json;
};

/* What was found, in memory that the enclosed process shares: of fixed length, and no text of the bundle but its id. */
struct shared {
    struct ps_custody_found found;
    struct ps_error err;
    bool done;
};

static bool take(void *request, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = request;
    if (argument->flag == NULL) {
        if (r->bundle != NULL)
            return ps_fail_operand(err, "custody", argument->text);
        *(r->verb == NULL ? &r->verb : &r->bundle) = argument->text;
        return true;
    }
    switch (argument->flag - flags) {
    case FLAG_WHO:
        r->who = argument->text;
        return true;
    case FLAG_ACTION:
        r->action = argument->text;
        return true;
    case FLAG_SIGN_KEY:
        r->sign_key = argument->text;
        return true;
    case FLAG_KEY:
        if (r->key_count == PS_VERIFY_KEYS_MAX)
            return ps_fail(err, 0, "more than %d keys", PS_VERIFY_KEYS_MAX);
        return ps_verify_key("--key", argument->text, &r->keys[r->key_count++], err);
    case FLAG_IDENTITY:
        return ps_identity_file_read(argument->text, &r->identities, err);
    default:
        r->json = true;
        return true;
    }
}

static bool complete(void *request, struct ps_error *err)
{
    const struct request *r = request;
    bool add = r->verb != NULL && strcmp(r->verb, "add") == 0;
    if (r->verb == NULL || (!add && strcmp(r->verb, "verify") != 0))
        return ps_fail(err, 0, "say what to do with the custody log: procsnap custody add BUNDLE, or custody verify "
                               "BUNDLE");
    if (!ps_bundle_input_named(r->bundle, err))
        return false;
    if (strcmp(r->bundle, "-") == 0)
        return ps_fail(err, 0, "the custody log lies beside a file, and standard input has no place; name the file");
    if (add && (r->who == NULL || r->action == NULL || r->sign_key == NULL))
        return ps_fail(err, 0, "custody add needs %s as well",
                       r->who == NULL ? "--who NAME" : r->action == NULL ? "--action TEXT" : "--sign-key FILE");
    return true;
}

/* The hostile part, without a way to write: in a process of its own, which has never seen the key. Its texts are not
 * believed to end. */
static bool inspect_enclosed(struct ps_bundle_input *in, const struct ps_buffer *log, struct ps_custody_found *out,
                             struct ps_error *err)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return ps_fail(err, errno, "cannot look into the bundle");
    pid_t child = fork();
    if (child == 0) {
        ps_bundle_input_enclose(in, -1);
        shared->done = ps_custody_inspect(in, log, NULL, &shared->found, &shared->err);
        _exit(0);
    }
    bool waited = child > 0 && waitpid(child, NULL, 0) == child;
    bool ok = waited && shared->done;
    *out = shared->found;
    out->bundle[sizeof out->bundle - 1] = '\0';
    *err = shared->err;
    err->text[sizeof err->text - 1] = '\0';
    if (!ok && (!waited || err->text[0] == '\0'))
        (void) ps_fail(err, 0, "the process that looked into the bundle ended unexpectedly");
    munmap(shared, sizeof *shared);
    return ok;
}

/* Without it the acquisition, which line 1 is bound to, is not to be seen. */
static bool is_open(const struct ps_custody_found *f, const char *bundle, int *status, struct ps_error *err)
{
    if (f->bundle_verdict != PS_VERIFY_ENCRYPTED)
        return true;
    *status = PS_EXIT_USAGE;
    return ps_fail(err, 0, "%s is encrypted; name the identity file of a recipient: --identity FILE", bundle);
}

/* Nobody adds a line behind one that is not right, or to a bundle that is not whole. */
static bool may_add(const struct ps_custody_found *f, const char *bundle, struct ps_error *err)
{
    if (f->bundle_verdict > PS_VERIFY_UNPINNED)
        return ps_fail(err, 0, "%s is %s; procsnap verify says why, and custody begins with evidence that is whole",
                       bundle, ps_verify_name(f->bundle_verdict));
    if (f->result.worst > PS_VERIFY_UNPINNED)
        return ps_fail(err, 0, "%s.custody.ndjson is %s; procsnap custody verify says where; nothing was added", bundle,
                       ps_verify_name(f->result.worst));
    return true;
}

static bool sign_line(const struct request *r, const struct ps_custody_found *f, struct ps_buffer *log,
                      struct ps_error *err)
{
    struct ps_options options = {.sign_key = r->sign_key, .sign_key_fd = -1};
    struct ps_signing_key *key;
    bool ephemeral;
    char file[300];
    const char *slash = strrchr(r->bundle, '/');
    (void) snprintf(file, sizeof file, "%s.custody.ndjson", slash != NULL ? slash + 1 : r->bundle);
    struct ps_custody_line line = {
        .number = f->result.lines + 1,
        .time = time(NULL),
        .who = r->who,
        .action = r->action,
        .bundle = f->bundle,
        .file = file,
        .sha256 = f->sha256,
        .prev = f->result.lines > 0 ? f->result.last : f->acquisition,
    };
    if (!ps_key_file_open(&options, &key, &ephemeral, err))
        return false;
    bool ok = ps_custody_sign(&line, key, log, err);
    ps_signing_key_free(key);
    return ok;
}

/* The hash is what makes lines missed that are cut off later. */
static void tell_added(const struct request *r, uint64_t number, struct ps_span log)
{
    uint8_t sha256[PS_SHA256_LEN];
    char hex[2 * PS_SHA256_LEN + 1];
    const uint8_t *before = memrchr(log.data, '\n', log.len - 1);
    size_t begin = before != NULL ? (size_t) (before - log.data) + 1 : 0;
    ps_sha256_of(ps_span_of(log.data + begin, log.len - begin), sha256);
    ps_hex_text(ps_span_of(sha256, sizeof sha256), hex);
    ps_printf(PS_STDOUT, "line %llu added to %s.custody.ndjson\nTo be noted by whoever gets the bundle next: SHA-256 %s\n",
              (unsigned long long) number, r->bundle, hex);
}

static bool add(struct ps_bundle_input *in, const struct request *r, int *status, struct ps_error *err)
{
    struct ps_custody_found found;
    struct ps_buffer log = {0};
    mode_t mode = 0600;
    /* The log is replaced as a whole, so the lock is on what stays: two who add at once wait for each other. */
    if (flock(in->fd, LOCK_EX) != 0)
        return ps_fail(err, errno, "cannot lock %s against others who add to its log", r->bundle);
    bool ok = ps_custody_log_read(r->bundle, &log, &mode, err) && ps_bundle_input_load(in, true, err) &&
              inspect_enclosed(in, &log, &found, err) && is_open(&found, r->bundle, status, err) &&
              may_add(&found, r->bundle, err) && sign_line(r, &found, &log, err) &&
              ps_custody_log_write(r->bundle, &log, mode, err);
    if (ok)
        tell_added(r, found.result.lines + 1, ps_buffer_span(&log));
    ps_buffer_done(&log);
    return ok;
}

static bool verify(struct ps_bundle_input *in, const struct request *r, int *status, struct ps_error *err)
{
    struct ps_custody_found found;
    struct ps_buffer log = {0}, lines = {0}, out = {0};
    struct ps_custody_teller teller = {.keys = r->keys, .key_count = r->key_count, .json = r->json, .out = &lines};
    mode_t mode;
    bool ok = ps_custody_log_read(r->bundle, &log, &mode, err) && ps_bundle_input_load(in, true, err);
    if (ok)
        ps_bundle_input_enclose(in, -1);
    ok = ok && ps_custody_inspect(in, &log, &teller, &found, err) && is_open(&found, r->bundle, status, err);
    if (ok) {
        enum ps_verify_verdict verdict = ps_custody_tell(&found, r->bundle, r->json, &lines, &out);
        (r->json ? ps_print_json : ps_print)(PS_STDOUT, ps_buffer_span(&out));
        *status = ps_verify_exit(verdict);
        ok = !out.failed || ps_fail(err, ENOMEM, "the lines above are not all of them");
    }
    ps_buffer_done(&log);
    ps_buffer_done(&lines);
    ps_buffer_done(&out);
    return ok;
}

static int use(struct ps_bundle_input *in, const void *request, struct ps_error *err)
{
    const struct request *r = request;
    int status = PS_EXIT_FAILED;
    if (in->directory) {
        (void) ps_fail(err, 0, "%s is a directory; custody is of the bundle file", r->bundle);
        return PS_EXIT_USAGE;
    }
    if (strcmp(r->verb, "add") != 0)
        return verify(in, r, &status, err) || status == PS_EXIT_USAGE ? status : PS_EXIT_FAILED;
    return add(in, r, &status, err) ? PS_EXIT_OK : status;
}

static int run(const void *request)
{
    const struct request *r = request;

    return ps_bundle_input_run(r->bundle, r->identities, use, request);
}

int ps_command_custody(int argc, char **argv)
{
    static const struct ps_command command = {&help, take, complete, run};
    static struct request r;

    return ps_command_run(&command, argc, argv, &r);
}
