/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/terminal.h"
#include "formats/age_key.h"
#include "formats/printable.h"
#include "formats/signing_key.h"
#include "formats/sshsig.h"
#include "formats/timestamp.h"

enum { FLAG_AGE, FLAG_OUTPUT, FLAGS };

static const struct ps_flag flags[FLAGS] = {
    [FLAG_AGE] = {"age", NULL, "an age identity instead, to encrypt with", 0},
    [FLAG_OUTPUT] = {"output", "NAME", "the files are NAME.key, NAME.pub and NAME.allowed_signers; with\n"
                                       "--age NAME.identity and NAME.recipient", 'o'},
};

static const struct ps_help help = {
    .usage = "procsnap keygen [--age] -o NAME",
    .about = "Makes an Ed25519 key pair in minisign's format, to sign with:\n"
             "  NAME.key              the secret key (mode 0600, no password); for collect --sign-key\n"
             "  NAME.pub              the public key; for verify --key and for minisign -V -p\n"
             "  NAME.allowed_signers  the public key for ssh-keygen -Y verify\n"
             "With --age, as age-keygen does, an X25519 identity to encrypt with:\n"
             "  NAME.identity         the secret identity (mode 0600, no password); for --identity and for age -d -i\n"
             "  NAME.recipient        the recipient, age1...; for collect --encrypt-to and for age -R\n"
             "Do this on your own machine, not on one that is under suspicion.",
    .flags = flags,
    .flag_count = FLAGS,
    .statuses = "0  made\n2  the command line is wrong\n3  not made: a file exists or cannot be written",
    .example = "procsnap keygen -o ir-team\nprocsnap keygen --age -o ir-team",
};

enum { KEY, PUB, SIGNERS, FILES, IDENTITY = 0, RECIPIENT, AGE_FILES, PATH_ROOM = 4096 };

struct file {
    const char *suffix;
    mode_t mode;
};
static const struct file files[FILES] = {{".key", 0600}, {".pub", 0644}, {".allowed_signers", 0644}};
static const struct file age_files[AGE_FILES] = {{".identity", 0600}, {".recipient", 0644}};

static bool write_file(const char *path, mode_t mode, struct ps_span text, struct ps_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

    if (fd < 0 && errno == EEXIST)
        return ps_fail(err, 0, "%s exists already, and keys are never overwritten; choose another name with -o", path);
    if (fd < 0)
        return ps_fail(err, 0, "cannot create %s: %s; choose a directory that you may write to", path, strerror(errno));
    int error = write(fd, text.data, text.len) == (ssize_t) text.len && fsync(fd) == 0 ? 0 : errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0)
        return true;
    (void) unlink(path);
    return ps_fail(err, 0, "cannot write %s: %s; free some space or choose another place", path,
                   strerror(error != 0 ? error : EIO));
}

/* All or none. */
static bool write_files(const char *name, const struct file *files_of, size_t count, const struct ps_buffer *text,
                        struct ps_error *err)
{
    char path[FILES][PATH_ROOM];

    for (size_t i = 0; i < count; i++)
        if (text[i].failed)
            return ps_fail(err, ENOMEM, "cannot make a key");
    for (size_t i = 0; i < count; i++) {
        snprintf(path[i], sizeof path[i], "%s%s", name, files_of[i].suffix);
        /* Before the first is made: a name that is half taken is taken. */
        if (access(path[i], F_OK) == 0)
            return ps_fail(err, 0, "%s exists already, and keys are never overwritten; choose another name with -o",
                           path[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (write_file(path[i], files_of[i].mode, ps_buffer_span(&text[i]), err))
            continue;
        for (size_t made = 0; made < i; made++)
            (void) unlink(path[made]);
        return false;
    }
    return true;
}

static void print_next_steps(const char *name, const struct ps_public_key *pk)
{
    char line[PS_PUBLIC_KEY_TEXT + 1], id[2 * PS_KEY_ID_LEN + 1];
    struct ps_buffer safe = {0}, out = {0};

    ps_public_key_text(pk, line);
    ps_key_id_text(pk->id, id);
    ps_printable_add(&safe, ps_span_text(name));
    ps_buffer_add_byte(&safe, '\0');
    const char *shown = safe.failed ? "NAME" : (const char *) safe.data;
    ps_buffer_addf(&out, "key %s\n%s\n\n", id, line);
    ps_buffer_addf(&out,
                   "%s.key              keep it secret and keep a backup; sign with: procsnap collect DEST "
                   "--sign-key %s.key\n",
                   shown, shown);
    ps_buffer_addf(&out, "%s.pub              give it to whoever checks: procsnap verify BUNDLE --key %s.pub\n", shown,
                   shown);
    ps_buffer_addf(&out, "%s.allowed_signers  the same for ssh-keygen -Y verify\n", shown);
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
    ps_buffer_done(&safe);
}

static bool make_signing_key(const char *name, struct ps_buffer text[FILES], struct ps_error *err)
{
    struct ps_signing_key *key = NULL;

    if (!ps_signing_key_generate(&key, err))
        return false;
    ps_signing_key_write(key, &text[KEY]);
    ps_public_key_write(ps_signing_key_public(key), &text[PUB]);
    ps_sshsig_allowed_signer(ps_signing_key_public(key), &text[SIGNERS]);
    bool ok = write_files(name, files, FILES, text, err);
    if (ok)
        print_next_steps(name, ps_signing_key_public(key));
    ps_signing_key_free(key);
    return ok;
}

/* Behind the recipient alone, as scripts take it. */
static void print_age_steps(const char *name, const char *recipient)
{
    struct ps_buffer safe = {0}, out = {0};

    ps_printable_add(&safe, ps_span_text(name));
    ps_buffer_add_byte(&safe, '\0');
    const char *shown = safe.failed ? "NAME" : (const char *) safe.data;
    ps_buffer_addf(&out, "%s\n\n", recipient);
    ps_buffer_addf(&out,
                   "%s.identity   keep it secret and keep a backup: without it nobody opens what is encrypted; "
                   "procsnap verify BUNDLE --identity %s.identity\n",
                   shown, shown);
    ps_buffer_addf(&out, "%s.recipient  the line above, public; encrypt with: procsnap collect DEST --encrypt-to %s\n",
                   shown, recipient);
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
    ps_buffer_done(&safe);
}

static bool make_identity(const char *name, struct ps_buffer text[FILES], struct ps_error *err)
{
    struct ps_age_identities *ids = ps_age_identities_new(err);
    char recipient[PS_AGE_RECIPIENT_TEXT + 1], now[PS_TIMESTAMP_SIZE];

    bool ok = ids != NULL && ps_age_identities_generate(ids, err);
    if (ok) {
        ps_timestamp((int64_t) time(NULL) * 1000000, now);
        ps_age_recipient_text(ps_age_identity_recipient(ids, 0), recipient);
        ps_age_identity_write(ids, 0, now, &text[IDENTITY]);
        ps_buffer_addf(&text[RECIPIENT], "%s\n", recipient);
        ok = write_files(name, age_files, AGE_FILES, text, err);
    }
    if (ok)
        print_age_steps(name, recipient);
    ps_age_identities_free(ids);
    return ok;
}

static int generate(const char *name, bool age)
{
    struct ps_buffer text[FILES] = {{0}};
    struct ps_error err;

    bool ok = (age ? make_identity : make_signing_key)(name, text, &err);
    if (!ok)
        ps_print_error(&err);
    for (size_t i = 0; i < FILES; i++)
        ps_secret_text_done(&text[i]);
    return ok ? PS_EXIT_OK : PS_EXIT_FAILED;
}

int ps_command_keygen(int argc, char **argv)
{
    struct ps_arguments in = ps_arguments_over(argc, argv, flags, FLAGS);
    const char *name = NULL;
    bool age = false;
    struct ps_argument argument;
    struct ps_error err;
    enum ps_arguments_step step;

    if (ps_help_wanted(argc, argv))
        return ps_print_help(&help);
    while ((step = ps_arguments_next(&in, &argument, &err)) == PS_ARGUMENTS_ONE) {
        if (argument.flag == NULL)
            return ps_unexpected_operand(argv[0], argument.text);
        if (argument.flag - flags == FLAG_AGE)
            age = true;
        else
            name = argument.text;
    }
    if (step == PS_ARGUMENTS_BAD)
        return ps_usage_error(&err);
    size_t len = name != NULL ? strlen(name) : 0;
    if (len == 0 || len > PATH_ROOM - 32 || name[len - 1] == '/') {
        ps_fail(&err, 0, "no NAME for the key files; write: procsnap keygen -o NAME");
        return ps_usage_error(&err);
    }
    return generate(name, age);
}
