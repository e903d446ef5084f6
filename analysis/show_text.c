/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show_text.h"

#include <string.h>

#include "formats/printable.h"
#include "formats/quantity.h"

enum { NAME_MOST = 20 };

void ps_show_add_start(struct ps_buffer *out, uint64_t us)
{
    uint64_t s = us / 1000000, days = s / 86400;

    if (days > 0)
        ps_buffer_addf(out, "%llud ", (unsigned long long) days);
    ps_buffer_addf(out, "%02u:%02u:%02u.%02u", (unsigned) (s / 3600 % 24), (unsigned) (s / 60 % 60),
                   (unsigned) (s % 60), (unsigned) (us / 10000 % 100));
}

void ps_show_add_age(const struct ps_snapshot *s, struct ps_buffer *out, uint64_t start_us)
{
    uint64_t now = s->facts.boottime_us;

    if (start_us <= now)
        ps_quantity_us(out, now - start_us);
    else
        ps_buffer_add_text(out, "during it");
}

void ps_show_add_command(struct ps_buffer *out, const struct ps_process_row *p, size_t columns)
{
    if (p->command_line.len > 0) {
        ps_printable_add_cut(out, p->command_line, columns);
        return;
    }
    ps_buffer_add_byte(out, '[');
    struct ps_span known = p->executable.len > 0 ? p->executable : p->name;
    ps_printable_add_cut(out, known.len > 0 ? known : ps_span_text("?"), columns > 2 ? columns - 2 : 1);
    ps_buffer_add_byte(out, ']');
}

void ps_show_add_process(const struct ps_snapshot *s, uint32_t pid, struct ps_span entity_id, struct ps_buffer *out)
{
    const struct ps_process_row *p = ps_snapshot_process(s, pid, entity_id);

    ps_buffer_addf(out, "%u ", pid);
    ps_printable_add_cut(out, p != NULL && p->name.len > 0 ? p->name : ps_span_text("?"), NAME_MOST);
}

void ps_show_add_endpoint(struct ps_buffer *out, struct ps_span address, uint64_t port)
{
    bool brackets = address.len > 0 && memchr(address.data, ':', address.len) != NULL;

    ps_buffer_add_text(out, brackets ? "[" : "");
    ps_printable_add(out, address);
    ps_buffer_add_text(out, brackets ? "]:" : ":");
    if (port != 0)
        ps_buffer_add_u64(out, port);
    else
        ps_buffer_add_byte(out, '*');
}

void ps_show_add_owners(const struct ps_snapshot *s, const struct ps_socket_row *row, struct ps_buffer *out)
{
    for (uint32_t i = 0; i < row->owner_count; i++) {
        const struct ps_owner_row *owner = &s->owners[row->owners_at + i];
        ps_buffer_add_text(out, i > 0 ? ", " : "");
        ps_show_add_process(s, owner->pid, owner->entity_id, out);
        ps_buffer_addf(out, " fd %llu", (unsigned long long) owner->fd);
    }
    if (row->owner_count == 0)
        ps_printable_add(out, row->owner_absent.len > 0 ? row->owner_absent : ps_span_text("not known"));
    if (row->owners_left > 0) {
        ps_buffer_add_text(out, ", ");
        ps_quantity_count(out, row->owners_left, "other", "others");
    }
}

struct ps_span ps_show_socket_state(const struct ps_socket_row *r)
{
    if (r->state.len > 0)
        return r->state;
    if (ps_span_is(r->transport, "unix"))
        return r->accepts ? ps_span_text("LISTEN") : r->other_state;
    return ps_span_is(r->other_state, "CLOSE") ? ps_span_text("UNCONN") : r->other_state;
}

static void owners_json(const struct ps_snapshot *s, const struct ps_socket_row *row, const char *name,
                        struct ps_json *j)
{
    ps_json_array(j, name);
    for (uint32_t i = 0; i < row->owner_count; i++) {
        const struct ps_owner_row *owner = &s->owners[row->owners_at + i];
        const struct ps_process_row *p = ps_snapshot_process(s, owner->pid, owner->entity_id);
        ps_json_object(j, NULL);
        ps_json_u64(j, "pid", owner->pid);
        ps_json_bytes(j, "entity_id", owner->entity_id);
        if (p != NULL)
            ps_json_bytes(j, "name", p->name);
        ps_json_u64(j, "fd", owner->fd);
        ps_json_object_end(j);
    }
    ps_json_array_end(j);
}

void ps_show_socket_json(const struct ps_snapshot *s, const struct ps_socket_row *row, const struct ps_socket_row *peer,
                         struct ps_json *j)
{
    ps_json_object(j, NULL);
    ps_json_bytes(j, "transport", row->transport);
    ps_json_bytes(j, "state", row->state.len > 0 ? row->state : row->other_state);
    if (row->address.len > 0) {
        ps_json_bytes(j, "local_address", row->address);
        ps_json_u64(j, "local_port", row->port);
        ps_json_bytes(j, "remote_address", row->remote);
        ps_json_u64(j, "remote_port", row->remote_port);
    } else {
        ps_json_bytes(j, "type", row->type);
        ps_json_bool(j, "listens", row->accepts);
        ps_json_bytes(j, "path", row->path);
    }
    bool packet = ps_span_is(row->transport, "packet"), netlink = ps_span_is(row->transport, "netlink");
    if (packet || netlink || ps_span_is(row->transport, "raw"))
        ps_json_u64(j, "protocol", row->protocol);
    if (packet || netlink)
        ps_json_u64(j, packet ? "interface" : "port_id", row->number);
    ps_json_u64(j, "inode", row->inode);
    if (row->net_namespace != 0)
        ps_json_u64(j, "net_namespace", row->net_namespace);
    owners_json(s, row, "owners", j);
    if (row->owner_absent.len > 0)
        ps_json_bytes(j, "owner_absent", row->owner_absent);
    if (row->owners_left > 0)
        ps_json_u64(j, "owners_left", row->owners_left);
    if (peer != NULL)
        owners_json(s, peer, "peer_owners", j);
    ps_json_object_end(j);
}

void ps_show_add_file(struct ps_buffer *out, struct ps_span name)
{
    for (size_t i = 0; i + 2 <= name.len; i++) {
        if (memcmp(name.data + i, "{}", 2) != 0)
            continue;
        ps_printable_add(out, ps_span_of(name.data, i));
        ps_buffer_add_byte(out, '*');
        ps_printable_add(out, ps_span_of(name.data + i + 2, name.len - i - 2));
        return;
    }
    ps_printable_add(out, name);
}

const char *ps_show_access(bool known, uint64_t flags)
{
    enum { ACCESS = 3, PATH_ONLY = 010000000 };
    static const char *const words[] = {"r", "w", "rw", "?"};

    if (!known)
        return "?";
    return (flags & PATH_ONLY) != 0 ? "-" : words[flags & ACCESS];
}

int ps_show_order(struct ps_span a, struct ps_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

void ps_show_add_prose(struct ps_buffer *out, const char *text, size_t indent, size_t columns)
{
    size_t used = indent;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (used > indent && used + 1 + len > columns) {
            ps_buffer_addf(out, "\n%*s", (int) indent, "");
            used = indent;
        } else if (used > indent) {
            ps_buffer_add_byte(out, ' ');
            used++;
        }
        ps_buffer_add(out, text, len);
        used += len;
        text += len + strspn(text + len, " ");
    }
    ps_buffer_add_byte(out, '\n');
}

void ps_show_add_marks(const struct ps_snapshot *s, const struct ps_process_row *p, struct ps_buffer *out)
{
    if (p->state.len > 0 && p->state.data[0] == 'Z')
        ps_buffer_add_text(out, "  <zombie>");
    if (p->swept_alone)
        ps_buffer_add_text(out, "  <first look alone>");
    else if (ps_span_is(p->identity, "gone"))
        ps_buffer_add_text(out, "  <ended while read>");
    else if (ps_span_is(p->identity, "changed"))
        ps_buffer_add_text(out, "  <changed while read>");
    else if (p->identity.len > 0 && !s->wants.derive) /* there, the note says it of all of them */
        ps_buffer_add_text(out, "  <ended or hung before the last look>");
}

bool ps_show_lacks_descriptors(const struct ps_gap_row *gap)
{
    struct ps_cursor in = ps_cursor_over(gap->files);
    struct ps_span word;

    while (ps_take_word(&in, &word)) {
        if (ps_span_is(word, "fd/{}") || ps_span_is(word, "fd/{},"))
            return true;
        (void) ps_skip_run(&in, ' ');
    }
    return false;
}

void ps_show_add_unread(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct ps_buffer text = {0};
    uint64_t count = 0;
    uint32_t last = 0;

    for (size_t i = 0; i < s->gap_count; i++) {
        if (s->gaps[i].pid == last || !ps_show_lacks_descriptors(&s->gaps[i]))
            continue;
        last = s->gaps[i].pid;
        count++;
    }
    if (count == 0)
        return;
    ps_buffer_add_text(&text, "Not all descriptors of ");
    ps_quantity_count(&text, count, "process", "processes");
    ps_buffer_add_text(&text, " could be read: what only they hold is not told here. Why: show BUNDLE gaps");
    ps_buffer_add_byte(&text, '\0');
    out->failed = out->failed || text.failed;
    if (!text.failed)
        ps_show_add_prose(out, (const char *) text.data, 0, columns);
    ps_buffer_done(&text);
}
