/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/commands/bundle_input.h"
#include "collector/commands/commands.h"
#include "collector/commands/verify_text.h"
#include "collector/key_file.h"
#include "collector/terminal.h"

enum { FLAG_KEY, FLAG_REDERIVE, FLAG_ROOT, FLAG_SEQ, FLAG_IDENTITY, FLAG_JSON, FLAGS };

static const struct ps_flag flags[FLAGS] = {
    [FLAG_KEY] = {"key", "FILE|BASE64",
                  "the key that must have signed: a minisign .pub file, or the 56\n"
                  "characters behind pk= in the head line",
                  0},
    [FLAG_REDERIVE] = {"rederive", NULL, "make all records again from the raw bytes and compare them", 0},
    [FLAG_ROOT] = {"expect-root", "HEX", "the 64 digits behind root= in the head line", 0},
    [FLAG_SEQ] = {"expect-seq", "N", "the number behind seq= in the head line", 0},
    [FLAG_IDENTITY] = PS_IDENTITY_FLAG,
    [FLAG_JSON] = {"json", NULL, "one JSON object instead of text", 0},
};

static const struct ps_help help = {
    .usage = "procsnap verify BUNDLE|DIR|- [options]",
    .about = "Is the bundle whole, unaltered, and signed by the key that you pin? Reads a bundle (and BUNDLE.minisig "
             "beside\n"
             "it, when there is one), a directory where one was extracted, or standard input. Writes nothing.\n"
             "Keys come from the command line, never from the bundle: without --key the best verdict is OK-UNPINNED.",
    .flags = flags,
    .flag_count = FLAGS,
    .statuses = " 0  OK: whole, unaltered, signed by the pinned key\n"
                " 1  OK-UNPINNED: the same, but no key was pinned\n"
                " 2  the command line is wrong, there is no such bundle, or ENCRYPTED: no --identity that opens it\n"
                " 3  the bundle cannot be read to its end (disk, memory)\n"
                "10  INCOMPLETE: the seal is missing, or the file is cut short\n"
                "11  TAMPERED: a hash, signature, key, root, number or record is not what it must be\n"
                "12  MALFORMED: not a bundle by the rules of the format",
    .example = "procsnap verify procsnap-20261122t001500z-0123abcd.tar.gz --key ir-team.pub --rederive",
};

/* What the command line asks for. */
struct request {
    const char *bundle;
    struct ps_verify_wants wants; /* points to what follows */
    struct ps_public_key key;
    uint8_t root[PS_SHA256_LEN];
    uint64_t seq;
    struct ps_age_identities *identities;
    bool json;
};

static bool read_key_file(const char *path, struct ps_public_key *out, struct ps_error *err)
{
    enum { KEY_FILE_MAX = 2048 };
    uint8_t text[KEY_FILE_MAX];
    size_t len = 0;
    ssize_t n = 1;

    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return ps_fail(err, 0,
                       "--key %s is neither a key of %d characters nor a file that can be opened (%s); name the .pub "
                       "file or paste pk= of the head line",
                       path, PS_PUBLIC_KEY_TEXT, strerror(errno));
    while (n > 0 && len < sizeof text) {
        n = read(fd, text + len, sizeof text - len);
        len += n > 0 ? (size_t) n : 0;
    }
    int error = n < 0 ? errno : 0;
    close(fd);
    if (error != 0)
        return ps_fail(err, 0, "--key %s: %s; name the .pub file or paste pk= of the head line", path, strerror(error));
    if (ps_public_key_read(ps_span_of(text, len), out, err))
        return true;
    return ps_fail_in(err, "--key");
}

static bool read_key(const char *value, struct ps_public_key *out, struct ps_error *err)
{
    if (strlen(value) == PS_PUBLIC_KEY_TEXT && ps_public_key_read(ps_span_text(value), out, err))
        return true;
    return read_key_file(value, out, err);
}

static bool take(void *request, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = request;

    if (argument->flag == NULL) {
        if (r->bundle != NULL)
            return ps_fail_operand(err, "verify", argument->text);
        r->bundle = argument->text;
        return true;
    }
    switch (argument->flag - flags) {
    case FLAG_KEY:
        r->wants.key = &r->key;
        return read_key(argument->text, &r->key, err);
    case FLAG_ROOT:
        r->wants.root = r->root;
        return ps_hex_decode(ps_span_text(argument->text), r->root, sizeof r->root) ||
               ps_fail(err, 0, "--expect-root %s: not 64 lower-case hex digits; paste root= of the head line",
                       argument->text);
    case FLAG_SEQ:
        r->wants.seq = &r->seq;
        return ps_argument_u64(argument->text, 0, UINT64_MAX, &r->seq) ||
               ps_fail(err, 0, "--expect-seq %s: not a number; paste seq= of the head line", argument->text);
    case FLAG_IDENTITY:
        return ps_identity_file_read(argument->text, &r->identities, err);
    case FLAG_REDERIVE:
        r->wants.rederive = true;
        return true;
    default:
        r->json = true;
        return true;
    }
}

static bool complete(void *request, struct ps_error *err)
{
    return ps_bundle_input_named(((struct request *) request)->bundle, err);
}

static bool print_report(const struct request *r, const struct ps_verify_report *report, struct ps_error *err)
{
    struct ps_buffer out = {0};

    if (r->json)
        ps_verify_json(report, &out);
    else
        ps_verify_text(report, r->bundle, &out);
    (r->json ? ps_print_json : ps_print)(PS_STDOUT, ps_buffer_span(&out));
    bool ok = !out.failed || ps_fail(err, ENOMEM, "the lines above are not all of them");
    ps_buffer_done(&out);
    return ok;
}

static int verify(struct ps_bundle_input *in, const void *request, struct ps_error *err)
{
    const struct request *r = request;
    struct ps_verify_report report = {0};
    int status = PS_EXIT_FAILED;

    if (!ps_bundle_input_load(in, false, err))
        return status;
    ps_bundle_input_enclose(in, -1);
    if (ps_bundle_input_verify(in, &r->wants, &report, err) && print_report(r, &report, err))
        status = ps_verify_exit(report.verdict);
    ps_verify_report_done(&report);
    return status;
}

static int run(const void *request)
{
    const struct request *r = request;

    return ps_bundle_input_run(r->bundle, r->identities, verify, request);
}

int ps_command_verify(int argc, char **argv)
{
    static const struct ps_command command = {&help, take, complete, run};
    struct request r = {0};

    return ps_command_run(&command, argc, argv, &r);
}
