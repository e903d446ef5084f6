/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096, IDENTITY_FILE_MAX = 16 << 10, NAME_ROOM = 300 };

/* A file with a secret, and how errors speak of it. */
struct secret {
    const char *what, *make; /* "signing key"; how to make one */
    size_t most;             /* bytes */
    const char *name;        /* the path, or "descriptor 3" */
    bool by_path;
};

static bool check_kind(const struct stat *st, const struct secret *s, struct ps_error *err)
{
    /* A pipe from a secret store is fine where the operator opened it. */
    if (S_ISDIR(st->st_mode) || (s->by_path && !S_ISREG(st->st_mode)))
        return ps_fail(err, 0, "%s %s is not a regular file; make one with: %s", s->what, s->name, s->make);
    return true;
}

static bool check_access(const struct stat *st, const struct secret *s, struct ps_error *err)
{
    if (!S_ISREG(st->st_mode))
        return true;
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return ps_fail(err, 0,
                       "%s %s belongs to user %u, who can read and change it; use a copy that is yours, "
                       "mode 0600",
                       s->what, s->name, (unsigned) st->st_uid);
    if ((st->st_mode & 077) != 0)
        return ps_fail(err, 0, "%s %s can be used by others (mode %04o); run: chmod 600 %s", s->what, s->name,
                       (unsigned) (st->st_mode & 07777), s->by_path ? s->name : "FILE");
    return true;
}

/* The whole file, in *text, which the caller wipes in any case. */
static bool read_text(int fd, const struct secret *s, struct ps_buffer *text, struct ps_error *err)
{
    /* One allocation: a buffer that grows leaves copies of the key behind. */
    if (!ps_buffer_reserve(text, s->most + 1))
        return ps_fail(err, ENOMEM, "cannot read the %s %s", s->what, s->name);
    while (text->len <= s->most) {
        ssize_t n = read(fd, text->data + text->len, s->most + 1 - text->len);
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ps_fail(err, errno, "cannot read the %s %s", s->what, s->name);
        text->len += (size_t) n;
    }
    return ps_fail(err, 0, "%s %s is no key file: longer than %zu bytes; make one with: %s", s->what, s->name, s->most,
                   s->make);
}

/* Hands the text to `take`, with what that needs. */
static bool read_secret(int fd, const struct secret *s,
                        bool (*take)(void *into, struct ps_span text, struct ps_error *err), void *into,
                        struct ps_error *err)
{
    struct ps_buffer text = {0};
    struct stat st;
    char doing[NAME_ROOM + 20];

    snprintf(doing, sizeof doing, "%s %s", s->what, s->name);
    if (fstat(fd, &st) != 0)
        return ps_fail(err, errno, "cannot read the %s", doing);
    bool ok = check_kind(&st, s, err) && read_text(fd, s, &text, err);
    if (ok && !take(into, ps_buffer_span(&text), err))
        ok = ps_fail_in(err, doing);
    ps_secret_text_done(&text);
    /* Access comes last: nobody should be told to chmod a file that is no key. */
    return ok && check_access(&st, s, err);
}

static bool read_named(struct secret s, bool (*take)(void *into, struct ps_span text, struct ps_error *err),
                       void *into, struct ps_error *err)
{
    char name[NAME_ROOM];

    /* O_NONBLOCK: a FIFO in place of the key must not hang us. */
    int fd = openat(AT_FDCWD, s.name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return ps_fail(err, 0, "cannot open the %s %s: %s; check the path, or make a key with: %s", s.what, s.name,
                       strerror(errno), s.make);
    snprintf(name, sizeof name, "%s", s.name);
    s.name = name;
    s.by_path = true;
    bool ok = read_secret(fd, &s, take, into, err);
    close(fd);
    return ok;
}

static bool take_key(void *into, struct ps_span text, struct ps_error *err)
{
    return ps_signing_key_read(text, into, err);
}

bool ps_key_file_open(const struct ps_options *o, struct ps_signing_key **out, bool *ephemeral, struct ps_error *err)
{
    struct secret s = {"signing key", "procsnap keygen -o NAME", KEY_FILE_MAX, o->sign_key, false};
    struct ps_signing_key *key = NULL;
    char name[NAME_ROOM];

    *ephemeral = o->sign_key_fd < 0 && o->sign_key == NULL;
    if (*ephemeral)
        return ps_signing_key_generate(out, err);
    bool ok;
    if (o->sign_key_fd >= 0) {
        snprintf(name, sizeof name, "descriptor %d", o->sign_key_fd);
        s.name = name;
        ok = read_secret(o->sign_key_fd, &s, take_key, &key, err);
    } else {
        ok = read_named(s, take_key, &key, err);
    }
    if (ok)
        *out = key;
    else
        ps_signing_key_free(key);
    return ok;
}

static bool take_identities(void *into, struct ps_span text, struct ps_error *err)
{
    return ps_age_identities_read(into, text, err);
}

bool ps_identity_file_read(const char *path, struct ps_age_identities **ids, struct ps_error *err)
{
    struct secret s = {"identity file", "procsnap keygen --age -o NAME", IDENTITY_FILE_MAX, path, true};

    if (*ids == NULL)
        *ids = ps_age_identities_new(err);
    return *ids != NULL && read_named(s, take_identities, *ids, err);
}
