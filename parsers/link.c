/* SPDX-License-Identifier: Apache-2.0
 *
 * The links /proc/PID/exe, cwd, root, fd/N (fs/proc/base.c do_proc_readlink(), fs/d_path.c d_path()) and ns/NAME
 * (fs/proc/namespaces.c proc_ns_readlink()); proc(5).
 *
 *   /usr/sbin/nginx
 *   socket:[184213]
 *   anon_inode:[eventpoll]
 *   /memfd:payload (deleted)
 *
 * Without ptrace rights readlink fails (EACCES); for a kernel thread or a zombie exe does not exist (ENOENT).
 *
 * The target is a text made for display, not the object. What it cannot prove:
 * - " (deleted)": a living file can have a name that ends so; only st_nlink of the object tells.
 * - "/memfd:x (deleted)": likewise a deleted file "memfd:x" in the root directory.
 * - "/dev/x": any file can lie below /dev, the class says no more than the path does. Below /dev/shm, /dev/mqueue and
 *   /dev/hugepages lie files by rule, so there it is "file".
 * - Where it is: a path is relative to the reader's root, and for another mount namespace to the root of that one.
 * A path begins with '/', so a file named "socket:[1]" is never taken for a socket: the first bytes decide.
 */
#include "parsers/link.h"

#define FIELD(name, type) PS_FIELD(struct ps_link, name, type)

static const struct ps_field fields[] = {
    FIELD(target, PS_BYTES),  {"class", PS_NAME, offsetof(struct ps_link, class_name)},
    FIELD(inode, PS_U64),     FIELD(anon_kind, PS_BYTES),
    FIELD(ns_type, PS_BYTES),
};

enum { TARGET, CLASS, INODE, ANON_KIND, NS_TYPE };

/* Targets of the form type:[inode], and the field that tells the type where the class does not. */
static const struct {
    const char *type, *class_name;
    size_t type_field;
} numbered[] = {
    {"socket", "socket", 0},          {"pipe", "pipe", 0},           {"pidfd", "anon_inode", ANON_KIND},
    {"cgroup", "namespace", NS_TYPE}, {"ipc", "namespace", NS_TYPE}, {"mnt", "namespace", NS_TYPE},
    {"net", "namespace", NS_TYPE},    {"pid", "namespace", NS_TYPE}, {"time", "namespace", NS_TYPE},
    {"user", "namespace", NS_TYPE},   {"uts", "namespace", NS_TYPE},
};

/* "[184213]" and nothing behind it. */
static bool is_inode(struct ps_cursor *in, uint64_t *inode)
{
    return ps_take_byte(in, '[') && ps_take_u64(in, inode) && ps_take_byte(in, ']') && ps_cursor_done(in);
}

/* "[eventpoll]" or "bpf-prog" */
static const char *class_of_anon(struct ps_cursor *in, struct ps_link *r)
{
    struct ps_span kind = ps_cursor_rest(in);
    struct ps_span inside;

    if (ps_take_byte(in, '[') && ps_take_until_last(in, ']', &inside) && ps_cursor_done(in))
        kind = inside;
    ps_put_span(fields, ANON_KIND, r, kind);
    return "anon_inode";
}

static const char *class_of_special(struct ps_link *r)
{
    struct ps_cursor in = ps_cursor_over(r->target);
    struct ps_span type;

    if (ps_span_starts(r->target, "(unreachable)"))
        return "unreachable";
    if (!ps_take_until(&in, ':', &type))
        return "other";
    if (ps_span_is(type, "anon_inode"))
        return class_of_anon(&in, r);
    for (size_t i = 0; i < sizeof numbered / sizeof numbered[0]; i++) {
        if (!ps_span_is(type, numbered[i].type) || !is_inode(&in, &r->inode))
            continue;
        ps_set_present(r, INODE);
        if (numbered[i].type_field != 0)
            ps_put_span(fields, numbered[i].type_field, r, type);
        return numbered[i].class_name;
    }
    return "other";
}

static bool is_at_or_below(struct ps_span path, const char *directory)
{
    struct ps_cursor in = ps_cursor_over(path);

    return ps_take_text(&in, directory) && (ps_cursor_done(&in) || ps_take_byte(&in, '/'));
}

static const char *class_of_path(struct ps_span path)
{
    static const char *const holds_files[] = {"/dev/shm", "/dev/mqueue", "/dev/hugepages"};

    if (ps_span_ends(path, " (deleted)"))
        return ps_span_starts(path, "/memfd:") ? "memfd" : "deleted";
    for (size_t i = 0; i < sizeof holds_files / sizeof holds_files[0]; i++)
        if (is_at_or_below(path, holds_files[i]))
            return "file";
    return ps_span_starts(path, "/dev/") ? "device" : "file";
}

static enum ps_step link_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    struct ps_link *r = record;
    struct ps_span target = ps_cursor_rest(in);

    (void) issue;
    if (target.len == 0)
        return PS_STEP_END;
    ps_put_span(fields, TARGET, r, target);
    r->class_name = ps_span_starts(target, "/") ? class_of_path(target) : class_of_special(r);
    ps_set_present(r, CLASS);
    ps_skip_rest(in);
    return PS_STEP_RECORD;
}

/* clang-format off */
#define LINK(name) \
    {.kind = (name), .record_size = sizeof(struct ps_link), .fields = fields, \
     .field_count = sizeof fields / sizeof fields[0], .single = true, .next = link_next}
/* clang-format on */

const struct ps_parser ps_parser_pid_exe = LINK("pid_exe");
const struct ps_parser ps_parser_pid_cwd = LINK("pid_cwd");
const struct ps_parser ps_parser_pid_root = LINK("pid_root");
const struct ps_parser ps_parser_pid_fd = LINK("pid_fd");
const struct ps_parser ps_parser_pid_ns = LINK("pid_ns");
