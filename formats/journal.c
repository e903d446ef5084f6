/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/json.h"

static const char *const outcome_names[PS_OUTCOMES] = {
    [PS_COMPLETE] = "complete", [PS_TRUNCATED] = "truncated", [PS_PARTIAL] = "partial",
    [PS_DENIED] = "denied",     [PS_GONE] = "gone",           [PS_ABSENT] = "absent",
    [PS_FAILED] = "failed",     [PS_TIMED_OUT] = "timed_out", [PS_SKIPPED] = "skipped",
    [PS_SHARED] = "shared",
};

const char *ps_outcome_name(enum ps_outcome outcome)
{
    return outcome < PS_OUTCOMES ? outcome_names[outcome] : "?";
}

bool ps_outcome_named(struct ps_span name, enum ps_outcome *out)
{
    for (size_t i = 0; i < PS_OUTCOMES; i++) {
        if (ps_span_is(name, outcome_names[i])) {
            *out = (enum ps_outcome) i;
            return true;
        }
    }
    return false;
}

const char *ps_identity_name(enum ps_identity identity)
{
    switch (identity) {
    case PS_SAME:
        return "same";
    case PS_ENDED:
        return "gone";
    case PS_CHANGED:
        return "changed";
    case PS_UNVERIFIED:
        return "unverified";
    }
    return "?";
}

static const char *scope_name(enum ps_line_scope scope)
{
    switch (scope) {
    case PS_LINE_PROCESS:
        return "process";
    case PS_LINE_GLOBAL:
        return "global";
    case PS_LINE_OPENING:
        return "opening";
    case PS_LINE_CLOSING:
        return "closing";
    case PS_LINE_FACTS:
        return "facts";
    case PS_LINE_CONTENT:
        return "content";
    }
    return "?";
}

bool ps_line_has_members(const struct ps_line *line)
{
    return line->scope == PS_LINE_GLOBAL || line->scope == PS_LINE_FACTS;
}

const char *ps_line_member_top(const struct ps_line *line)
{
    return line->scope == PS_LINE_FACTS ? "data/" : "data/proc/";
}

bool ps_line_of_life(enum ps_line_scope scope)
{
    return scope == PS_LINE_PROCESS || scope == PS_LINE_CONTENT;
}

const char *ps_withheld_name(enum ps_withheld why)
{
    switch (why) {
    case PS_WITHHELD_KEY:
        return "private key";
    case PS_WITHHELD_OWN_SECRET:
        return "own credentials";
    case PS_WITHHELD_BYTES:
        return "recovered_bytes";
    case PS_WITHHELD_OBJECTS:
        return "objects";
    case PS_WITHHELD_EARLIER:
        return "earlier bundle";
    case PS_NOT_WITHHELD:
    case PS_WITHHELDS:
        break;
    }
    return NULL;
}

/* The captures of a line are written before its head is complete (its packs are known only at the end), so they are
 * kept in w->line and put behind the head by ps_journal_end. */
void ps_journal_begin(struct ps_journal_writer *w, const struct ps_line *line)
{
    w->head = *line;
    w->captures = 0;
    ps_buffer_clear(&w->line, PS_JOURNAL_KEEP);
}

static void add_entries(struct ps_json *j, const struct ps_capture *c)
{
    ps_json_array(j, NULL);
    for (size_t i = 0; i < c->entry_count; i++) {
        ps_json_bytes(j, NULL, c->entries[i].name);
        ps_json_u64(j, NULL, c->entries[i].bytes);
    }
    ps_json_array_end(j);
    if (c->lost_count == 0)
        return;
    ps_json_array(j, NULL);
    for (size_t i = 0; i < c->lost_count; i++) {
        ps_json_array(j, NULL);
        ps_json_bytes(j, NULL, c->lost[i].name);
        ps_json_text(j, NULL, ps_outcome_name(c->lost[i].outcome));
        ps_json_text(j, NULL, c->lost[i].error);
        ps_json_array_end(j);
    }
    ps_json_array_end(j);
}

void ps_file_facts_add(struct ps_json *j, const struct ps_file_facts *f)
{
    char dev[24];
    snprintf(dev, sizeof dev, "%u:%u", f->dev_major, f->dev_minor);
    ps_json_text(j, "dev", dev);
    ps_json_u64(j, "ino", f->ino);
    ps_json_u64(j, "mode", f->mode);
    ps_json_u64(j, "size", f->size);
    ps_json_i64(j, "mtime_ns", f->mtime_ns);
    ps_json_u64(j, "nlink", f->nlink);
    if (!f->owned)
        return;
    ps_json_i64(j, "ctime_ns", f->ctime_ns);
    ps_json_u64(j, "uid", f->uid);
    ps_json_u64(j, "gid", f->gid);
}

static void add_facts(struct ps_json *j, const struct ps_capture *c)
{
    const struct ps_file_facts *f = c->facts;
    char sha256[2 * PS_SHA256_LEN + 1];
    ps_json_object(j, NULL);
    ps_file_facts_add(j, f);
    ps_hex_text(ps_span_of(f->sha256, sizeof f->sha256), sha256);
    if (f->hashed)
        ps_json_text(j, "sha256", sha256);
    if (f->atime)
        ps_json_bool(j, "atime", true);
    if (f->withheld)
        ps_json_text(j, "withheld", ps_withheld_name((enum ps_withheld) f->withheld));
    if (f->withheld == PS_WITHHELD_EARLIER)
        ps_json_u64(j, "kept_seq", f->kept_seq);
    if (c->path.len > 0)
        ps_json_bytes(j, "path", c->path);
    ps_json_object_end(j);
}

static void add_as(struct ps_json *j, const struct ps_capture *c)
{
    if (!c->switched) {
        ps_json_null(j, NULL);
        return;
    }
    char as[24];
    snprintf(as, sizeof as, "%u:%u", c->as_uid, c->as_gid);
    ps_json_text(j, NULL, as);
}

/* Columns after `took_us`: only as many as say something. */
static void add_tail(struct ps_json *j, const struct ps_capture *c)
{
    bool nine = c->entry_count > 0 || c->lost_count > 0 || c->facts || c->dump || c->of;
    if (!c->switched && !c->stored && !nine)
        return;
    add_as(j, c);
    if (!c->stored && !nine)
        return;
    if (c->stored) {
        ps_json_u64(j, NULL, c->pack);
        ps_json_u64(j, NULL, c->offset);
    } else {
        ps_json_null(j, NULL);
        ps_json_null(j, NULL);
    }
    if (c->of)
        ps_json_text(j, NULL, c->of);
    else if (c->facts)
        add_facts(j, c);
    else if (c->dump)
        ps_dump_facts_add(j, c->dump);
    else if (nine)
        add_entries(j, c);
}

void ps_journal_capture(struct ps_journal_writer *w, const struct ps_capture *c)
{
    struct ps_json j = ps_json_into(&w->line);
    j.comma = w->captures++ > 0;
    ps_json_array(&j, NULL);
    ps_json_text(&j, NULL, c->name);
    ps_json_text(&j, NULL, ps_outcome_name(c->outcome));
    ps_json_text(&j, NULL, c->error);
    ps_json_u64(&j, NULL, c->bytes);
    ps_json_u64(&j, NULL, c->begin_us - w->head.us);
    ps_json_u64(&j, NULL, c->took_us);
    add_tail(&j, c);
    ps_json_array_end(&j);
}

static void add_identity(struct ps_json *j, const struct ps_line_end *end)
{
    ps_json_text(j, "identity", ps_identity_name(end->identity));
    if (end->identity != PS_CHANGED)
        return;
    ps_json_array(j, "changed");
    if (end->comm_changed)
        ps_json_text(j, NULL, "comm");
    if (end->image_changed)
        ps_json_text(j, NULL, "image");
    ps_json_array_end(j);
}

void ps_journal_end(struct ps_journal_writer *w, const struct ps_line_end *end, const char *const *packs,
                    size_t pack_count, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "scope", scope_name(w->head.scope));
    if (ps_line_of_life(w->head.scope)) {
        ps_json_u64(&j, "pid", w->head.pid);
        ps_json_u64(&j, "start", w->head.start);
        ps_json_text(&j, "life", w->head.life);
    }
    if (ps_line_of_life(w->head.scope) || w->head.scope == PS_LINE_FACTS)
        ps_json_text(&j, "reader", ps_reader_name(w->head.reader));
    ps_json_u64(&j, "us", w->head.us);
    ps_json_u64(&j, "took", end->took_us);
    if (ps_line_of_life(w->head.scope))
        add_identity(&j, end);
    if (end->via)
        ps_json_u64(&j, "via", end->via);
    if (end->more)
        ps_json_bool(&j, "more", true);
    ps_json_array(&j, "packs");
    for (size_t i = 0; i < pack_count; i++)
        ps_json_text(&j, NULL, packs[i]);
    ps_json_array_end(&j);
    ps_json_array(&j, "c");
    ps_buffer_add_span(out, ps_buffer_span(&w->line));
    ps_json_array_end(&j);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
    out->failed = out->failed || w->line.failed;
}

void ps_journal_phase(const struct ps_phase *phase, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "phase", phase->name);
    ps_json_u64(&j, "us", phase->us);
    ps_json_u64(&j, "processes", phase->processes);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

void ps_journal_writer_done(struct ps_journal_writer *w)
{
    ps_buffer_done(&w->line);
}

static const struct {
    int number;
    const char *name;
} errno_names[] = {
    {EACCES, "EACCES"}, {EPERM, "EPERM"},   {ENOENT, "ENOENT"},   {ESRCH, "ESRCH"},         {EINVAL, "EINVAL"},
    {EIO, "EIO"},       {EAGAIN, "EAGAIN"}, {EINTR, "EINTR"},     {ENOMEM, "ENOMEM"},       {ENOTDIR, "ENOTDIR"},
    {ELOOP, "ELOOP"},   {EMFILE, "EMFILE"}, {ENFILE, "ENFILE"},   {ENAMETOOLONG, "ENAMETOOLONG"},
    {EFAULT, "EFAULT"}, {ENOSYS, "ENOSYS"}, {ENOTCONN, "ENOTCONN"}, {ESTALE, "ESTALE"},     {ENXIO, "ENXIO"},
    {ENODEV, "ENODEV"}, {EBADF, "EBADF"},   {EISDIR, "EISDIR"},   {EOVERFLOW, "EOVERFLOW"}, {EXDEV, "EXDEV"},
    {ETIMEDOUT, "ETIMEDOUT"}, {EOPNOTSUPP, "EOPNOTSUPP"}, {EPROTO, "EPROTO"}, {EMSGSIZE, "EMSGSIZE"},
    {ECONNREFUSED, "ECONNREFUSED"}, {ECONNRESET, "ECONNRESET"}, {EHOSTUNREACH, "EHOSTUNREACH"},
    {ENETUNREACH, "ENETUNREACH"}, {EAFNOSUPPORT, "EAFNOSUPPORT"}, {EPROTONOSUPPORT, "EPROTONOSUPPORT"},
};

const char *ps_errno_name(int number)
{
    if (number == 0)
        return NULL;
    for (size_t i = 0; i < sizeof errno_names / sizeof *errno_names; i++) {
        if (errno_names[i].number == number)
            return errno_names[i].name;
    }
    return "E?";
}

const char *ps_errno_known(const char *name)
{
    for (size_t i = 0; name && i < sizeof errno_names / sizeof *errno_names; i++) {
        if (strcmp(name, errno_names[i].name) == 0)
            return errno_names[i].name;
    }
    return name ? "other" : NULL;
}
