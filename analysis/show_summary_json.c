/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"

#include "analysis/tally.h"

static void add_tally(struct ps_json *j, const char *name, struct ps_tally *t)
{
    ps_tally_count(t);
    ps_json_array(j, name);
    for (size_t i = 0; i < t->count; i++) {
        ps_json_object(j, NULL);
        ps_json_bytes(j, "is", t->items[i].key);
        ps_json_u64(j, "count", t->items[i].count);
        ps_json_object_end(j);
    }
    ps_json_array_end(j);
    j->out->failed = j->out->failed || t->failed;
    ps_tally_done(t);
}

static void add_facts(struct ps_json *j, const struct ps_snapshot_facts *f)
{
    ps_json_bytes(j, "bundle", f->bundle);
    ps_json_u64(j, "seq", f->seq);
    ps_json_bytes(j, "hostname", f->hostname);
    ps_json_bytes(j, "kernel", f->kernel);
    ps_json_bytes(j, "machine", f->machine);
    ps_json_bytes(j, "boot_id", f->boot_id);
    ps_json_u64(j, "realtime_us", f->realtime_us);
    ps_json_u64(j, "boottime_us", f->boottime_us);
    ps_json_u64(j, "closing_boottime_us", f->closing_boottime_us);
    ps_json_u64(j, "skew_us", f->skew_us);
    ps_json_i64(j, "clock_stepped_us", f->clock_stepped_us);
    ps_json_bytes(j, "profile", f->profile);
    ps_json_bytes(j, "tool_version", f->tool_version);
    ps_json_bool(j, "redacted", f->redacted);
    if (f->uid_known)
        ps_json_u64(j, "uid", f->uid);
    if (f->caps_known)
        ps_json_hex(j, "capabilities", f->capabilities);
}

static void add_tables(struct ps_json *j, const struct ps_snapshot *s)
{
    struct ps_tally users = {0}, groups = {0}, changes = {0}, transports = {0}, states = {0};
    uint64_t threads = 0, unseen = 0, sockets = 0;

    for (size_t i = 0; i < s->process_count; i++) {
        threads += s->processes[i].kernel_thread;
        ps_tally_add(&users, s->processes[i].user);
        ps_tally_add(&groups, s->processes[i].cgroup);
    }
    for (size_t i = 0; i < s->change_count; i++)
        ps_tally_add(&changes, s->changes[i].change);
    for (size_t i = 0; i < s->socket_count; i++) {
        if (s->sockets[i].again)
            continue;
        sockets++;
        ps_tally_add(&transports, s->sockets[i].transport);
        if (s->sockets[i].state.len > 0)
            ps_tally_add(&states, s->sockets[i].state);
        unseen += ps_span_is(s->sockets[i].owner_absent, "not in view");
    }
    ps_json_u64(j, "processes", s->process_count);
    ps_json_u64(j, "kernel_threads", threads);
    add_tally(j, "users", &users);
    add_tally(j, "cgroups", &groups);
    add_tally(j, "changes", &changes);
    ps_json_u64(j, "sockets", sockets);
    add_tally(j, "transports", &transports);
    add_tally(j, "tcp_states", &states);
    ps_json_u64(j, "sockets_without_owner_in_view", unseen);
    ps_json_u64(j, "environs", s->environs);
    ps_json_u64(j, "gaps", s->gap_count);
}

void ps_show_summary_json(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);

    (void) columns;
    ps_json_object(&j, NULL);
    add_facts(&j, &s->facts);
    ps_show_place_json(s, &j);
    add_tables(&j, s);
    ps_json_u64(&j, "captures", s->facts.captures);
    ps_json_object(&j, "outcomes");
    for (unsigned i = 0; i < PS_OUTCOMES; i++)
        ps_json_u64(&j, ps_outcome_name((enum ps_outcome) i), s->facts.outcomes[i]);
    ps_json_object_end(&j);
    ps_json_bytes(&j, "sealed_early", s->facts.early);
    ps_json_u64(&j, "skipped", s->facts.skipped);
    ps_json_u64(&j, "unreadable_lines", s->unreadable_lines);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}
