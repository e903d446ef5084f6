/* SPDX-License-Identifier: Apache-2.0
 *
 * Which name of the Elastic Common Schema a field of the kernel gets: `process.name` is comm, `user.id` the effective
 * uid, and so on. Everything without such a name stays below `proc`.
 */
#include <stdio.h>
#include <string.h>

#include "formats/records_state.h"

struct ps_json ps_json_inside(struct ps_buffer *b)
{
    struct ps_json j = ps_json_into(b);
    j.comma = b->len > 0;
    return j;
}

void ps_ecs_parent(struct ps_records *r, struct ps_json *j, uint32_t ppid)
{
    ps_json_object(j, "parent");
    ps_json_u64(j, "pid", ppid);
    const struct ps_known *parent = ps_known_pid(r, ppid);
    if (parent) {
        char id[41];
        ps_entity_id(&r->facts, parent->pid, parent->start, id);
        ps_json_text(j, "entity_id", id);
    }
    ps_json_object_end(j);
}

static void ecs_stat(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record)
{
    struct ps_json j = ps_json_inside(&h->process);
    const struct ps_span *comm = ps_record_value(p, record, "comm");
    const int64_t *ppid = ps_record_value(p, record, "ppid");
    const uint64_t *flags = ps_record_value(p, record, "flags");
    if (comm) {
        ps_json_bytes(&j, "name", *comm);
        h->named = true;
    }
    if (ppid && *ppid > 0)
        ps_ecs_parent(r, &j, (uint32_t) *ppid);
    if (flags && *flags & PS_FLAG_KTHREAD) {
        struct ps_json own = ps_json_inside(&h->proc);
        ps_json_bool(&own, "kernel_thread", true);
    }
}

static void ecs_executable(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record)
{
    const struct ps_span *target = ps_record_value(p, record, "target");
    if (!target)
        return;
    struct ps_json j = ps_json_inside(&h->process);
    ps_json_bytes(&j, "executable", *target);
    ps_buffer_add_span(&r->l->exe, *target);
}

static void ecs_directory(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record)
{
    (void) r;
    const struct ps_span *target = ps_record_value(p, record, "target");
    struct ps_json j = ps_json_inside(&h->process);
    if (target)
        ps_json_bytes(&j, "working_directory", *target);
}

static void ecs_arguments(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record)
{
    const struct ps_span *args = ps_record_value(p, record, "args");
    if (!args)
        return;
    struct ps_span shown = ps_span_of(args->data, args->len < PS_SHOWN_ARGS ? args->len : PS_SHOWN_ARGS);
    struct ps_json j = ps_json_inside(&h->process);
    struct ps_cursor all = ps_cursor_over(*args);
    struct ps_span piece;
    uint64_t count = 0;
    while (ps_take_string(&all, &piece))
        count++;
    ps_json_bytes_array(&j, "args", shown, ps_take_string);
    ps_json_u64(&j, "args_count", count);
    ps_buffer_clear(&r->scratch, PS_SHOWN_ARGS);
    ps_buffer_add_span(&r->scratch, shown);
    size_t len = r->scratch.len;
    if (len > 0 && r->scratch.data[len - 1] == 0)
        len--;
    for (size_t i = 0; i < len; i++) {
        if (r->scratch.data[i] == 0)
            r->scratch.data[i] = ' ';
    }
    ps_json_bytes(&j, "command_line", ps_span_of(r->scratch.data, len));
    if (shown.len < args->len) {
        struct ps_json own = ps_json_inside(&h->proc);
        ps_json_u64(&own, "args_shown_bytes", shown.len);
    }
}

static void ecs_user(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record)
{
    (void) r;
    const struct ps_span *uids = ps_record_value(p, record, "Uid");
    if (!uids)
        return;
    struct ps_cursor c = ps_cursor_over(*uids);
    uint64_t real = 0, effective = 0;
    if (!ps_take_u64(&c, &real) || ps_skip_run(&c, '\t') + ps_skip_run(&c, ' ') == 0 || !ps_take_u64(&c, &effective))
        return;
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long) effective);
    struct ps_json j = ps_json_inside(&h->user);
    ps_json_text(&j, "id", text);
}

/* Kernel file to ECS names: the one mapping table. `whole`: every field has an ECS name, so proc.<file> would only
 * repeat it. */
static const struct {
    const char *kind;
    void (*take)(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record);
    bool whole;
} ecs[] = {
    {"pid_stat", ecs_stat, false},         {"pid_status", ecs_user, false},        {"pid_exe", ecs_executable, false},
    {"pid_cwd", ecs_directory, false},     {"pid_cmdline", ecs_arguments, true},
};

bool ps_ecs_take(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record)
{
    for (size_t i = 0; i < sizeof ecs / sizeof *ecs; i++) {
        if (strcmp(ecs[i].kind, p->kind) == 0) {
            ecs[i].take(r, h, p, record);
            return ecs[i].whole;
        }
    }
    return false;
}
