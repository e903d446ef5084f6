/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose is a process: which container it is in, and whether it belongs to those who respond. A container is named by the
 * path of the control group, which the kernel keeps; where that says nothing (another cgroup namespace), by another
 * process of the same mount namespace. Names of processes are never believed.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/records_state.h"
#include "parsers/pid_cgroup.h"
#include "parsers/pid_stat.h"

enum { MOUNTS_MAX = 65536, ANCESTORS_MAX = 256 };

void ps_places_free(struct ps_records *r)
{
    for (size_t i = 0; i < r->places.container_count; i++) {
        free(r->places.containers[i].name);
        free(r->places.containers[i].image);
    }
    free(r->places.containers);
    free(r->places.mounts);
    r->places = (struct ps_places){0};
}

static size_t count_of(struct ps_span s, const char *alphabet)
{
    size_t n = 0;
    while (n < s.len && s.data[n] != 0 && strchr(alphabet, s.data[n]) != NULL)
        n++;
    return n;
}

/* 64 hex digits (docker, containerd, cri-o, podman), or 32 hex digits, "-" and digits (Fargate). */
static bool is_container_id(struct ps_span s)
{
    size_t hex = count_of(s, "0123456789abcdef");
    if (hex == 64 && s.len == 64)
        return true;
    if (hex != 32 || s.len < 34 || s.len > 54 || s.data[32] != '-')
        return false;
    struct ps_span rest = ps_span_of(s.data + 33, s.len - 33);
    return count_of(rest, "0123456789") == rest.len;
}

/* "docker-<id>.scope", "cri-containerd-<id>.scope", "crio-<id>.scope", "libpod-<id>.scope", or the id itself. */
static struct ps_span without_scope(struct ps_span name)
{
    static const char *const prefixes[] = {"docker-", "cri-containerd-", "crio-", "libpod-", "nerdctl-"};
    if (ps_span_ends(name, ".scope"))
        name.len -= strlen(".scope");
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t len = strlen(prefixes[i]);
        if (ps_span_starts(name, prefixes[i]))
            return ps_span_of(name.data + len, name.len - len);
    }
    return name;
}

/* The id that a path of a control group names; "" when there is none. Groups made inside of a container lie below its
 * own, containers in a container as well: the last id is the nearest. */
static void container_id_of(struct ps_span path, char out[PS_CONTAINER_ID_MAX + 1])
{
    struct ps_cursor c = ps_cursor_over(path);
    struct ps_span name;
    out[0] = 0;
    for (bool more = true; more;) {
        more = ps_take_until(&c, '/', &name);
        name = without_scope(more ? name : ps_cursor_rest(&c));
        if (!is_container_id(name))
            continue;
        memcpy(out, name.data, name.len);
        out[name.len] = 0;
    }
}

/* "/managed-agents/execute-command" (Fargate), "/ecs-execute-command-<uuid>" (EC2): where ECS Exec puts its agent. */
static bool is_managed(struct ps_span path)
{
    static const char fargate[] = "/managed-agents/execute-command", ec2[] = "/ecs-execute-command-";
    size_t len = strlen(fargate);
    if (ps_span_starts(path, fargate))
        return path.len == len || path.data[len] == '/';
    len = strlen(ec2);
    if (!ps_span_starts(path, ec2) || path.len < len + 36)
        return false;
    struct ps_span uuid = ps_span_of(path.data + len, 36);
    return count_of(uuid, "0123456789abcdef-") == 36 && (path.len == len + 36 || path.data[len + 36] == '/');
}

void ps_place_learn(struct ps_records *r, const struct ps_parser *p, const void *record)
{
    struct ps_place *place = &r->l->draft->place;
    if (strcmp(p->kind, "pid_cgroup") == 0 && place->container[0] == 0) {
        const struct ps_pid_cgroup *group = record;
        container_id_of(group->path, place->container);
    } else if (strcmp(p->kind, "pid_stat") == 0) {
        const struct ps_pid_stat *stat = record;
        place->kernel_thread = stat->flags & PS_FLAG_KTHREAD;
    } else if (strcmp(p->kind, "pid_exe") == 0) {
        const struct ps_span *target = ps_record_value(p, record, "target");
        place->managed_exe = target && is_managed(*target);
    }
}

static size_t slot_of(const struct ps_mnt_known *list, size_t room, uint64_t inode)
{
    size_t i = (size_t) (inode * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);
    while (list[i].inode != 0 && list[i].inode != inode)
        i = (i + 1) & (room - 1);
    return i;
}

static bool grow(struct ps_records *r)
{
    struct ps_places *all = &r->places;
    size_t room = all->mount_room ? all->mount_room * 2 : 64;
    struct ps_mnt_known *list = calloc(room, sizeof *list);
    if (!list) {
        r->failed = true;
        return false;
    }
    for (size_t i = 0; i < all->mount_room; i++) {
        if (all->mounts[i].inode != 0)
            list[slot_of(list, room, all->mounts[i].inode)] = all->mounts[i];
    }
    free(all->mounts);
    all->mounts = list;
    all->mount_room = room;
    return true;
}

/* NULL when the namespace is not known, or there are too many. */
static struct ps_mnt_known *mounts_of(struct ps_records *r, uint64_t inode)
{
    struct ps_places *all = &r->places;
    if (inode == 0)
        return NULL;
    if (all->mount_room > 0) {
        struct ps_mnt_known *found = &all->mounts[slot_of(all->mounts, all->mount_room, inode)];
        if (found->inode == inode)
            return found;
    }
    if (all->mount_count == MOUNTS_MAX || (all->mount_count * 2 >= all->mount_room && !grow(r)))
        return NULL;
    struct ps_mnt_known *made = &all->mounts[slot_of(all->mounts, all->mount_room, inode)];
    made->inode = inode;
    all->mount_count++;
    return made;
}

void ps_place_mount(struct ps_records *r, struct ps_span mount_point)
{
    struct ps_mnt_known *known = is_managed(mount_point) ? mounts_of(r, r->l->draft->place.mnt) : NULL;
    if (known)
        known->managed = true;
}

static const struct ps_container *container_of(const struct ps_records *r, const char *id)
{
    for (size_t i = 0; i < r->places.container_count; i++) {
        if (strcmp(r->places.containers[i].id, id) == 0)
            return &r->places.containers[i];
    }
    return NULL;
}

/* By its image: ECS tells it, and the container cannot choose it. */
static bool is_guard(const char *image)
{
    const char *name = image ? strrchr(image, '/') : NULL;
    static const char agent[] = "aws-guardduty-agent-fargate";
    size_t len = strlen(agent);
    return name && strstr(image, ".dkr.ecr.") && strncmp(name + 1, agent, len) == 0 &&
           (name[1 + len] == 0 || name[1 + len] == ':' || name[1 + len] == '@');
}

static char *copied(struct ps_records *r, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    r->failed = r->failed || (text && !copy);
    return copy;
}

void ps_place_container(struct ps_records *r, const char *id, const char *name, const char *image, bool own)
{
    struct ps_places *all = &r->places;
    if (!is_container_id(ps_span_text(id)))
        return;
    if (own)
        memcpy(all->own, id, strlen(id) + 1);
    if (container_of(r, id) || all->container_count == PS_CONTAINERS_MAX)
        return;
    if (!all->containers)
        all->containers = calloc(PS_CONTAINERS_MAX, sizeof *all->containers);
    if (!all->containers) {
        r->failed = true;
        return;
    }
    struct ps_container *c = &all->containers[all->container_count++];
    memcpy(c->id, id, strlen(id) + 1);
    c->name = copied(r, name);
    c->image = copied(r, image);
    c->guard = is_guard(image);
}

/* What this process teaches of its mount namespace. Where kernel threads live is nobody's container: a runtime that is
 * about to start one is in the group of the container already, and still in the mounts of the host. */
static struct ps_mnt_known *learn_mounts(struct ps_records *r, const struct ps_place *place)
{
    struct ps_mnt_known *known = mounts_of(r, place->mnt);
    if (!known)
        return NULL;
    known->host = known->host || place->kernel_thread;
    if (place->container[0] && known->container[0] == 0)
        memcpy(known->container, place->container, sizeof known->container);
    else if (place->container[0] && strcmp(known->container, place->container) != 0)
        memcpy(known->container, "?", 2);
    return known;
}

static const char *settle_container(struct ps_records *r, struct ps_half *h, const struct ps_place *place,
                                    const struct ps_mnt_known *known)
{
    const char *id = place->container, *by = "cgroup";
    if (place->kernel_thread)
        return "";
    if (!id[0] && known && !known->host && known->container[0] && known->container[0] != '?') {
        id = known->container;
        by = "mnt";
    }
    /* The metadata tell of our own container; who has our mounts is in it. */
    if (!id[0] && known && !known->host && known->inode == r->facts.mnt_namespace && !known->container[0]) {
        id = r->places.own;
        by = "mnt";
    }
    if (!id[0])
        return "";
    const struct ps_container *c = container_of(r, id);
    struct ps_json j = ps_json_inside(&h->container);
    ps_json_text(&j, "id", id);
    if (c && c->name)
        ps_json_bytes(&j, "name", ps_span_text(c->name));
    if (c && c->image) {
        ps_json_object(&j, "image");
        ps_json_bytes(&j, "name", ps_span_text(c->image));
        ps_json_object_end(&j);
    }
    struct ps_json own = ps_json_inside(&h->proc);
    ps_json_text(&own, "container_by", by);
    return id;
}

static bool is_agent(const struct ps_records *r, uint32_t pid)
{
    for (size_t i = 0; i < r->places.agent_count; i++) {
        if (r->places.agents[i] == pid)
            return true;
    }
    return false;
}

/* The parent of that process in the listing; 0: none in view. */
static uint32_t parent_of(struct ps_records *r, uint32_t pid)
{
    const struct ps_known *known = ps_known_pid(r, pid);
    return known && known->ppid != pid ? known->ppid : 0;
}

static bool descends(struct ps_records *r, uint32_t pid, uint32_t from)
{
    for (int i = 0; i < ANCESTORS_MAX && pid != 0 && from != 0; i++, pid = parent_of(r, pid)) {
        if (pid == from)
            return true;
    }
    return false;
}

/* Between the agent of ECS Exec and ourselves: the session that was opened to run us. */
static bool leads_to_agent(struct ps_records *r, uint32_t pid)
{
    for (int i = 0; i < ANCESTORS_MAX && pid != 0; i++, pid = parent_of(r, pid)) {
        if (is_agent(r, pid))
            return true;
    }
    return false;
}

static bool is_responder(struct ps_records *r, const struct ps_place *place, const struct ps_mnt_known *known,
                         const char *container)
{
    uint32_t pid = r->l->line.pid;
    const struct ps_container *c = container[0] ? container_of(r, container) : NULL;
    if (place->kernel_thread)
        return false;
    if (place->managed_exe && known && known->managed) {
        size_t room = sizeof r->places.agents / sizeof *r->places.agents;
        if (r->places.agent_count < room)
            r->places.agents[r->places.agent_count++] = pid;
        return true;
    }
    if ((c && c->guard) || descends(r, pid, r->facts.own_pid))
        return true;
    return parent_of(r, pid) != 0 && descends(r, r->facts.own_pid, pid) && leads_to_agent(r, pid);
}

void ps_place_settle(struct ps_records *r, struct ps_half *h, const struct ps_place *place)
{
    const struct ps_mnt_known *known = learn_mounts(r, place);
    const char *container = settle_container(r, h, place, known);
    if (!is_responder(r, place, known, container))
        return;
    struct ps_json j = ps_json_inside(&h->proc);
    ps_json_text(&j, "role", "responder");
}
