/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096, NAME_ROOM = 300 };

/* `name` is what the errors call it: the path, or "descriptor 3". */
static bool check_kind(const struct stat *st, const char *name, bool by_path, struct ps_error *err)
{
    /* A pipe from a secret store is fine where the operator opened it. */
    if (S_ISDIR(st->st_mode) || (by_path && !S_ISREG(st->st_mode)))
        return ps_fail(err, 0, "signing key %s is not a regular file; make one with: procsnap keygen -o NAME", name);
    return true;
}

static bool check_access(const struct stat *st, const char *name, bool by_path, struct ps_error *err)
{
    if (!S_ISREG(st->st_mode))
        return true;
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return ps_fail(err, 0,
                       "signing key %s belongs to user %u, who can read and change it; use a copy that is yours, "
                       "mode 0600",
                       name, (unsigned) st->st_uid);
    if ((st->st_mode & 077) != 0)
        return ps_fail(err, 0, "signing key %s can be used by others (mode %04o); run: chmod 600 %s", name,
                       (unsigned) (st->st_mode & 07777), by_path ? name : "FILE");
    return true;
}

/* The whole file, in *text, which the caller wipes in any case. */
static bool read_text(int fd, const char *name, struct ps_buffer *text, struct ps_error *err)
{
    /* One allocation: a buffer that grows leaves copies of the key behind. */
    if (!ps_buffer_reserve(text, KEY_FILE_MAX + 1))
        return ps_fail(err, ENOMEM, "cannot read the signing key %s", name);
    while (text->len <= KEY_FILE_MAX) {
        ssize_t n = read(fd, text->data + text->len, KEY_FILE_MAX + 1 - text->len);
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ps_fail(err, errno, "cannot read the signing key %s", name);
        text->len += (size_t) n;
    }
    return ps_fail(err, 0,
                   "signing key %s is no key file: longer than %d bytes; make one with: procsnap keygen -o NAME", name,
                   KEY_FILE_MAX);
}

static bool read_key(int fd, const char *name, bool by_path, struct ps_signing_key **out, struct ps_error *err)
{
    struct ps_signing_key *key = NULL;
    struct ps_buffer text = {0};
    struct stat st;
    char doing[NAME_ROOM + 20];

    snprintf(doing, sizeof doing, "signing key %s", name);
    if (fstat(fd, &st) != 0)
        return ps_fail(err, errno, "cannot read the signing key %s", name);
    bool ok = check_kind(&st, name, by_path, err) && read_text(fd, name, &text, err);
    if (ok && !ps_signing_key_read(ps_buffer_span(&text), &key, err))
        ok = ps_fail_in(err, doing);
    ps_secret_text_done(&text);
    /* Access comes last: nobody should be told to chmod a file that is no key. */
    ok = ok && check_access(&st, name, by_path, err);
    if (ok)
        *out = key;
    else
        ps_signing_key_free(key);
    return ok;
}

bool ps_key_file_open(const struct ps_options *o, struct ps_signing_key **out, bool *ephemeral, struct ps_error *err)
{
    char name[NAME_ROOM];

    *ephemeral = false;
    if (o->sign_key_fd >= 0) {
        snprintf(name, sizeof name, "descriptor %d", o->sign_key_fd);
        return read_key(o->sign_key_fd, name, false, out, err);
    }
    if (o->sign_key == NULL) {
        *ephemeral = true;
        return ps_signing_key_generate(out, err);
    }
    /* O_NONBLOCK: a FIFO in place of the key must not hang us. */
    int fd = openat(AT_FDCWD, o->sign_key, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return ps_fail(err, 0,
                       "cannot open the signing key %s: %s; check the path, or make a key with: procsnap keygen "
                       "-o NAME",
                       o->sign_key, strerror(errno));
    snprintf(name, sizeof name, "%s", o->sign_key);
    bool ok = read_key(fd, name, true, out, err);
    close(fd);
    return ok;
}
