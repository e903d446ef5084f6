/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/custody_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/json.h"
#include "formats/printable.h"
#include "formats/quantity.h"

enum { PATH_ROOM = 4096 };

static bool path_of(const char *bundle, const char *suffix, char out[PATH_ROOM], struct ps_error *err)
{
    int len = snprintf(out, PATH_ROOM, "%s.custody.ndjson%s", bundle, suffix);
    return (len > 0 && len < PATH_ROOM) || ps_fail(err, 0, "%.200s...: the path is too long", bundle);
}

bool ps_custody_log_read(const char *bundle, struct ps_buffer *out, mode_t *mode, struct ps_error *err)
{
    char path[PATH_ROOM];
    struct stat st;
    size_t got = 1;
    if (!path_of(bundle, "", path, err))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ||
               ps_fail(err, 0, "cannot open %s: %s; it must be a readable file", path, strerror(errno));
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= PS_CUSTODY_LOG_MAX;
    if (!ok)
        (void) ps_fail(err, 0, "%s is no regular file of at most %d MiB", path, PS_CUSTODY_LOG_MAX >> 20);
    ok = ok && (ps_buffer_reserve(out, (size_t) st.st_size + 1) || ps_fail(err, ENOMEM, "cannot read %s", path));
    while (ok && got > 0 && out->len < out->room) {
        ok = ps_input_fd(&fd, out->data + out->len, out->room - out->len, &got, err) || ps_fail_in(err, path);
        out->len += ok ? got : 0;
    }
    if (ok)
        *mode = st.st_mode & 0777;
    close(fd);
    return ok;
}

static bool write_all(int fd, struct ps_span bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = write(fd, bytes.data + at, bytes.len - at);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t) n : 0;
    }
    return true;
}

/* The name is on the disk only when its directory is. */
static bool sync_directory(const char *path)
{
    char dir[PATH_ROOM];
    (void) snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash != NULL)
        slash[slash == dir ? 1 : 0] = '\0';
    int fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool ps_custody_log_write(const char *bundle, const struct ps_buffer *log, mode_t mode, struct ps_error *err)
{
    char path[PATH_ROOM], part[PATH_ROOM];
    if (!path_of(bundle, "", path, err) || !path_of(bundle, ".part", part, err))
        return false;
    (void) unlink(part); /* of one who was interrupted: we hold the lock */
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return ps_fail(err, 0, "cannot create %s: %s; nothing was added", part, strerror(errno));
    bool ok = write_all(fd, ps_buffer_span(log)) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(part, path) == 0;
    int why = errno;
    if (ok)
        return sync_directory(path) || ps_fail(err, errno, "%s has the line, but may not be on the disk yet", path);
    (void) unlink(part);
    return ps_fail(err, 0, "cannot write %s: %s; nothing was added, the log is as it was", part, strerror(why));
}

/* What is left of a member. */
static enum ps_source_step hash_member(struct ps_member_source *source, uint8_t out[PS_SHA256_LEN], struct ps_error *err)
{
    enum ps_source_step step;
    struct ps_flaw flaw;
    struct ps_span piece;
    struct ps_sha256 hash;
    ps_sha256_init(&hash);
    while ((step = source->piece(source->self, &piece, &flaw, err)) == PS_SOURCE_NEXT)
        ps_sha256_update(&hash, piece);
    ps_sha256_final(&hash, out);
    return step;
}

/* SHA-256 of custody.ndjson; false also when it was not found. */
static bool hash_acquisition(struct ps_bundle_input *in, uint8_t out[PS_SHA256_LEN], struct ps_error *err)
{
    enum ps_source_step step;
    struct ps_member_source source;
    struct ps_member member;
    struct ps_flaw flaw;
    bool found = false;
    if (!ps_bundle_input_members(in, &source, err))
        return false;
    while ((step = source.member(source.self, &member, &flaw, err)) == PS_SOURCE_NEXT)
        if ((found = ps_span_is(member.name, "custody.ndjson"))) {
            step = hash_member(&source, out, err);
            break;
        }
    if (found && step == PS_SOURCE_END)
        return true;
    return step == PS_SOURCE_FAILED ? false : ps_fail(err, 0, "the acquisition in the bundle cannot be read");
}

static bool is_wanted(const struct ps_custody_teller *t, const struct ps_public_key *key)
{
    for (size_t i = 0; t != NULL && i < t->key_count; i++)
        if (ps_public_key_equal(&t->keys[i], key))
            return true;
    return false;
}

static bool inspect_bundle(struct ps_bundle_input *in, const struct ps_custody_teller *teller,
                           struct ps_custody_found *out, struct ps_error *err)
{
    struct ps_verify_wants wants = {0};
    struct ps_verify_report report = {0};
    uint64_t size;
    if (!ps_bundle_input_verify(in, &wants, &report, err))
        return false;
    out->bundle_verdict = report.verdict;
    if (report.verdict == PS_VERIFY_UNPINNED && is_wanted(teller, &report.head.pk))
        out->bundle_verdict = PS_VERIFY_OK;
    memcpy(out->bundle, report.head.bundle, sizeof out->bundle);
    out->has_acquisition = report.verdict <= PS_VERIFY_UNPINNED;
    ps_verify_report_done(&report);
    return (!out->has_acquisition || hash_acquisition(in, out->acquisition, err)) &&
           ps_bundle_input_hash(in, out->sha256, &size, err);
}

static void tell_text(const struct ps_custody_seen *s, const char *pk, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "  ");
    ps_buffer_add_u64(out, s->number);
    if (s->who != NULL && s->time != NULL && s->action != NULL) {
        ps_buffer_add_text(out, "  ");
        ps_printable_add(out, ps_span_text(s->time));
        ps_buffer_add_text(out, "  ");
        ps_printable_add(out, ps_span_text(s->who));
        ps_buffer_add_text(out, ": ");
        ps_printable_add(out, ps_span_text(s->action));
    }
    if (pk != NULL)
        ps_buffer_addf(out, "\n     key %s, %s", pk, s->pinned ? "pinned" : "which nobody vouches for");
    if (s->what != NULL)
        ps_buffer_addf(out, "\n     %s: %s", s->weight == PS_VERIFY_OK ? "note" : ps_verify_name(s->weight), s->what);
    ps_buffer_add_byte(out, '\n');
}

static void tell_bytes(struct ps_json *j, const char *name, const char *text)
{
    if (text != NULL)
        ps_json_bytes(j, name, ps_span_text(text));
    else
        ps_json_null(j, name);
}

static void tell_json(const struct ps_custody_seen *s, const char *pk, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    j.comma = out->len > 0;
    ps_json_object(&j, NULL);
    ps_json_u64(&j, "line", s->number);
    tell_bytes(&j, "time", s->time);
    tell_bytes(&j, "who", s->who);
    tell_bytes(&j, "action", s->action);
    ps_json_text(&j, "pk", pk);
    ps_json_bool(&j, "pinned", s->pinned);
    ps_json_text(&j, "verdict", s->weight == PS_VERIFY_OK ? "OK" : ps_verify_name(s->weight));
    ps_json_text(&j, "what", s->what);
    ps_json_object_end(&j);
}

static void tell_line(void *context, const struct ps_custody_seen *s)
{
    const struct ps_custody_teller *t = context;
    char pk[PS_PUBLIC_KEY_TEXT + 1];
    if (s->key != NULL)
        ps_public_key_text(s->key, pk);
    (t->json ? tell_json : tell_text)(s, s->key != NULL ? pk : NULL, t->out);
}

bool ps_custody_inspect(struct ps_bundle_input *in, const struct ps_buffer *log, struct ps_custody_teller *teller,
                        struct ps_custody_found *out, struct ps_error *err)
{
    *out = (struct ps_custody_found){0};
    if (!inspect_bundle(in, teller, out, err))
        return false;
    struct ps_custody_wants wants = {
        .bundle = out->bundle,
        .sha256 = out->sha256,
        .acquisition = out->has_acquisition ? out->acquisition : NULL,
        .keys = teller != NULL ? teller->keys : NULL,
        .key_count = teller != NULL ? teller->key_count : 0,
        .line = teller != NULL ? tell_line : NULL,
        .context = teller,
    };
    return ps_custody_verify(ps_buffer_span(log), &wants, &out->result) ||
           ps_fail(err, ENOMEM, "cannot read the custody log");
}

static enum ps_verify_verdict verdict_of(const struct ps_custody_found *f)
{
    enum ps_verify_verdict worst = f->result.worst > f->bundle_verdict ? f->result.worst : f->bundle_verdict;
    if (f->result.lines == 0 && worst < PS_VERIFY_INCOMPLETE)
        return PS_VERIFY_INCOMPLETE;
    return worst == PS_VERIFY_OK && !f->result.all_pinned ? PS_VERIFY_UNPINNED : worst;
}

static void hex_text(struct ps_json *j, const char *name, const uint8_t *hash)
{
    char text[2 * PS_SHA256_LEN + 1];
    ps_hex_text(ps_span_of(hash, PS_SHA256_LEN), text);
    ps_json_text(j, name, text);
}

static void all_json(const struct ps_custody_found *f, enum ps_verify_verdict verdict, const struct ps_buffer *lines,
                     struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "verdict", ps_verify_name(verdict));
    ps_json_i64(&j, "exit", ps_verify_exit(verdict));
    ps_json_text(&j, "bundle", f->bundle);
    ps_json_text(&j, "bundle_verdict", ps_verify_name(f->bundle_verdict));
    hex_text(&j, "bundle_sha256", f->sha256);
    ps_json_u64(&j, "lines", f->result.lines);
    if (f->result.lines > 0)
        hex_text(&j, "last_line_sha256", f->result.last);
    ps_json_array(&j, "log");
    ps_buffer_add_span(out, ps_buffer_span(lines));
    ps_json_array_end(&j);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

enum ps_verify_verdict ps_custody_tell(const struct ps_custody_found *f, const char *name, bool json,
                                       const struct ps_buffer *lines, struct ps_buffer *out)
{
    enum ps_verify_verdict verdict = verdict_of(f);
    if (lines->failed)
        out->failed = true;
    if (json) {
        all_json(f, verdict, lines, out);
        return verdict;
    }
    ps_buffer_addf(out, "%s  ", ps_verify_name(verdict));
    ps_printable_add(out, ps_span_text(name));
    ps_buffer_addf(out, ": the bundle is %s, its custody log has ", ps_verify_name(f->bundle_verdict));
    ps_quantity_count(out, f->result.lines, "line", "lines");
    ps_buffer_add_byte(out, '\n');
    ps_buffer_add_span(out, ps_buffer_span(lines));
    if (f->result.lines > 0) {
        ps_buffer_add_text(out, "last line: SHA-256 ");
        ps_hex_add(out, ps_span_of(f->result.last, PS_SHA256_LEN));
        ps_buffer_add_text(out, "\nLines that were cut off at the end leave no trace here: compare with what the last "
                                "holder noted.\n");
    } else {
        ps_buffer_add_text(out, "There is no log beside it. Begin one: procsnap custody add BUNDLE --who NAME --action "
                                "TEXT --sign-key FILE\n");
    }
    return verdict;
}
