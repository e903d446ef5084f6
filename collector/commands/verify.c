/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/verify_request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/commands/bundle_input.h"
#include "collector/commands/commands.h"
#include "collector/commands/verify_text.h"
#include "collector/key_file.h"
#include "collector/terminal.h"
#ifndef PROCSNAP_CORE
#include "collector/commands/verify_beside.h"
#include "collector/commands/verify_series.h"
#include "formats/sshsig.h"
#endif

enum {
    FLAG_KEY,
    FLAG_REDERIVE,
    FLAG_ROOT,
    FLAG_SEQ,
    FLAG_IDENTITY,
#ifndef PROCSNAP_CORE
    FLAG_HEADS,
    FLAG_RECEIPT,
    FLAG_RECEIPT_KEY,
#endif
    FLAG_JSON,
    FLAGS
};

static const struct ps_flag flags[FLAGS] = {
    [FLAG_KEY] = {"key", "FILE|BASE64",
                  "the key that must have signed: a minisign .pub file, or the 56\n"
                  "characters behind pk= in the head line; of a series: that of the\n"
                  "snapshot with seq=0, and may be repeated",
                  0},
    [FLAG_REDERIVE] = {"rederive", NULL, "make all records again from the raw bytes and compare them", 0},
    [FLAG_ROOT] = {"expect-root", "HEX", "the 64 digits behind root= in the head line", 0},
    [FLAG_SEQ] = {"expect-seq", "N", "the number behind seq= in the head line", 0},
    [FLAG_IDENTITY] = PS_IDENTITY_FLAG,
#ifndef PROCSNAP_CORE
    [FLAG_HEADS] = {"heads", "FILE", "a saved log: its EVIDENCE lines must be those of the bundles that are here", 0},
    [FLAG_RECEIPT] = {"receipt", "FILE", "what was written down when the bundle arrived: it must be of this bundle", 0},
    [FLAG_RECEIPT_KEY] = {"receipt-key", "FILE|BASE64",
                          "who must have signed the receipt (FILE.minisig or FILE.sig): a\n"
                          "minisign or OpenSSH public key",
                          0},
#endif
    [FLAG_JSON] = {"json", NULL, "one JSON object instead of text", 0},
};

static const struct ps_help help = {
    .usage = "procsnap verify BUNDLE|DIR|- [options]",
    .about = "Is the bundle whole, unaltered, and signed by the key that you pin? Reads a bundle (and BUNDLE.minisig "
             "beside\n"
             "it, when there is one), a directory where one was extracted, or standard input. Writes nothing.\n"
#ifndef PROCSNAP_CORE
             "Of a directory of bundles: each of them, and whether they are all of their chain.\n"
#endif
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

/* The text of a key file. */
static bool read_key_file(const char *option, const char *path, struct ps_buffer *text, struct ps_error *err)
{
    enum { KEY_FILE_MAX = 2048 };
    ssize_t n = 1;

    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return ps_fail(err, 0,
                       "%s %s is neither a key of %d characters nor a file that can be opened (%s); name the .pub "
                       "file or paste pk= of the head line",
                       option, path, PS_PUBLIC_KEY_TEXT, strerror(errno));
    bool room = ps_buffer_reserve(text, KEY_FILE_MAX);
    while (room && n > 0 && text->len < KEY_FILE_MAX) {
        n = read(fd, text->data + text->len, KEY_FILE_MAX - text->len);
        text->len += n > 0 ? (size_t) n : 0;
    }
    int error = !room ? ENOMEM : n < 0 ? errno : 0;
    close(fd);
    return error == 0 || ps_fail(err, 0, "%s %s: %s; name the .pub file or paste pk= of the head line", option, path,
                                 strerror(error));
}

bool ps_verify_key(const char *option, const char *value, struct ps_public_key *out, struct ps_error *err)
{
    struct ps_buffer text = {0};
    if (strlen(value) == PS_PUBLIC_KEY_TEXT && ps_public_key_read(ps_span_text(value), out, err))
        return true;
    bool ok = read_key_file(option, value, &text, err);
    if (ok && !ps_public_key_read(ps_buffer_span(&text), out, err))
        ok = ps_fail_in(err, option);
    ps_buffer_done(&text);
    return ok;
}

#ifndef PROCSNAP_CORE
/* Responders have an OpenSSH key more often than one of minisign. */
static bool read_receipt_key(const char *value, struct ps_public_key *out, struct ps_error *err)
{
    struct ps_buffer text = {0};
    struct ps_error ignored;
    bool found = read_key_file("--receipt-key", value, &text, &ignored) &&
                 ps_ssh_public_key_read(ps_buffer_span(&text), out);
    ps_buffer_done(&text);
    return found || ps_verify_key("--receipt-key", value, out, err);
}
#endif

static bool take_key(struct ps_verify_request *r, const char *value, struct ps_error *err)
{
    if (r->key_count == PS_VERIFY_KEYS_MAX)
        return ps_fail(err, 0, "more than %d keys; verify the chains one after the other", PS_VERIFY_KEYS_MAX);
    return ps_verify_key("--key", value, &r->keys[r->key_count++], err);
}

static bool take(void *request, const struct ps_argument *argument, struct ps_error *err)
{
    struct ps_verify_request *r = request;

    if (argument->flag == NULL) {
        if (r->bundle != NULL)
            return ps_fail_operand(err, "verify", argument->text);
        r->bundle = argument->text;
        return true;
    }
    switch (argument->flag - flags) {
    case FLAG_KEY:
        return take_key(r, argument->text, err);
    case FLAG_ROOT:
        r->has_root = true;
        return ps_hex_decode(ps_span_text(argument->text), r->root, sizeof r->root) ||
               ps_fail(err, 0, "--expect-root %s: not 64 lower-case hex digits; paste root= of the head line",
                       argument->text);
    case FLAG_SEQ:
        r->has_seq = true;
        return ps_argument_u64(argument->text, 0, UINT64_MAX, &r->seq) ||
               ps_fail(err, 0, "--expect-seq %s: not a number; paste seq= of the head line", argument->text);
    case FLAG_IDENTITY:
        return ps_identity_file_read(argument->text, &r->identities, err);
    case FLAG_REDERIVE:
        r->rederive = true;
        return true;
#ifndef PROCSNAP_CORE
    case FLAG_HEADS:
        r->heads = argument->text;
        return true;
    case FLAG_RECEIPT:
        r->receipt = argument->text;
        return true;
    case FLAG_RECEIPT_KEY:
        r->has_receipt_key = true;
        return read_receipt_key(argument->text, &r->receipt_key, err);
#endif
    default:
        r->json = true;
        return true;
    }
}

static bool complete(void *request, struct ps_error *err)
{
    const struct ps_verify_request *r = request;

    if (r->has_receipt_key && r->receipt == NULL)
        return ps_fail(err, 0, "--receipt-key without --receipt; name the receipt as well");
    return ps_bundle_input_named(r->bundle, err);
}

static bool print_report(const struct ps_verify_request *r, const struct ps_verify_report *report, struct ps_error *err)
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

static struct ps_verify_wants wants_of(const struct ps_verify_request *r)
{
    return (struct ps_verify_wants){
        .key = r->key_count > 0 ? &r->keys[0] : NULL,
        .root = r->has_root ? r->root : NULL,
        .seq = r->has_seq ? &r->seq : NULL,
        .rederive = r->rederive,
    };
}

/* What the verdict says of it; without one, *status is the exit status. */
#ifdef PROCSNAP_CORE
static bool look(struct ps_bundle_input *in, const struct ps_verify_request *r, struct ps_verify_report *report,
                 int *status, struct ps_error *err)
{
    struct ps_verify_wants wants = wants_of(r);

    *status = PS_EXIT_FAILED;
    if (!ps_bundle_input_load(in, false, err))
        return false;
    ps_bundle_input_enclose(in, -1);
    return ps_bundle_input_verify(in, &wants, report, err);
}
#else
static bool look(struct ps_bundle_input *in, const struct ps_verify_request *r, struct ps_verify_report *report,
                 int *status, struct ps_error *err)
{
    struct ps_verify_wants wants = wants_of(r);
    struct ps_verify_beside beside;

    bool ok = ps_verify_beside_open(r, &beside, err);
    *status = ok ? PS_EXIT_FAILED : PS_EXIT_USAGE;
    ok = ok && ps_bundle_input_load(in, r->receipt != NULL, err);
    if (ok)
        ps_bundle_input_enclose(in, -1);
    ok = ok && ps_bundle_input_verify(in, &wants, report, err) && ps_verify_beside_check(&beside, r, in, report, err);
    ps_verify_beside_done(&beside);
    return ok;
}
#endif

static int verify(struct ps_bundle_input *in, const void *request, struct ps_error *err)
{
    const struct ps_verify_request *r = request;
    struct ps_verify_report report = {0};
    int status;

    if (r->key_count > 1) {
        (void) ps_fail(err, 0, "one bundle is sealed by one key; several --key are for a directory of bundles");
        return PS_EXIT_USAGE;
    }
    if (look(in, r, &report, &status, err) && print_report(r, &report, err))
        status = ps_verify_exit(report.verdict);
    ps_verify_report_done(&report);
    return status;
}

static int run(const void *request)
{
    const struct ps_verify_request *r = request;

#ifndef PROCSNAP_CORE
    if (ps_verify_is_series(r->bundle))
        return ps_verify_series(r);
#endif
    return ps_bundle_input_run(r->bundle, r->identities, verify, request);
}

int ps_command_verify(int argc, char **argv)
{
    static const struct ps_command command = {&help, take, complete, run};
    static struct ps_verify_request r;

    return ps_command_run(&command, argc, argv, &r);
}
