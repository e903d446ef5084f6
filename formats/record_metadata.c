/* SPDX-License-Identifier: Apache-2.0
 *
 * What ECS tells of the task (task metadata endpoint v4): the task record, and a container record for each container.
 * Whoever answered could be anybody who can take that address; the raw answer is kept whole.
 *
 * Fractions in it become whole numbers of a smaller unit.
 */
#include <string.h>

#include "formats/json_value.h"
#include "formats/records_state.h"
#include "parsers/http_answer.h"

/* Values in one answer: what the tree of a hostile one may cost. A task has a few hundred. */
enum { VALUES_MAX = 50000, NETWORKS_SHOWN = 16, ADDRESSES_SHOWN = 16 };

static void add_text(struct ps_json *j, const char *name, const cJSON *object, const char *key)
{
    const char *text = ps_json_string(ps_json_get(object, key));
    if (text)
        ps_json_bytes(j, name, ps_span_text(text));
}

/* A number times `factor`, cut to a whole one: 0.5 CPUs are 500 thousandths. */
static void add_scaled(struct ps_json *j, const char *name, const cJSON *object, const char *key, double factor)
{
    const cJSON *value = ps_json_get(object, key);
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0) || value->valuedouble * factor > 9007199254740992.0)
        return;
    ps_json_u64(j, name, (uint64_t) (value->valuedouble * factor));
}

static void add_true(struct ps_json *j, const char *name, const cJSON *object, const char *key)
{
    if (cJSON_IsBool(ps_json_get(object, key)))
        ps_json_bool(j, name, cJSON_IsTrue(ps_json_get(object, key)));
}

/* arn:aws:ecs:<region>:<account>:<kind>/<cluster>/<id> */
struct arn {
    struct ps_span region, account, id;
};

static bool read_arn(const char *text, struct arn *out)
{
    struct ps_cursor c = ps_cursor_over(ps_span_text(text ? text : ""));
    struct ps_span part;
    if (!ps_take_text(&c, "arn:") || !ps_take_until(&c, ':', &part) || !ps_take_until(&c, ':', &part) ||
        !ps_take_until(&c, ':', &out->region) || !ps_take_until(&c, ':', &out->account))
        return false;
    out->id = ps_take_until_last(&c, '/', &part) ? ps_cursor_rest(&c) : ps_span_of(NULL, 0);
    return true;
}

static void add_cloud(struct ps_json *j, const struct arn *arn, const cJSON *task)
{
    ps_json_object(j, "cloud");
    ps_json_text(j, "provider", "aws");
    ps_json_bytes(j, "region", arn->region);
    add_text(j, "availability_zone", task, "AvailabilityZone");
    ps_json_object(j, "account");
    ps_json_bytes(j, "id", arn->account);
    ps_json_object_end(j);
    ps_json_object_end(j);
}

static void add_orchestrator(struct ps_json *j, const struct arn *arn, const cJSON *task)
{
    const char *cluster = ps_json_string(ps_json_get(task, "Cluster"));
    const char *slash = cluster ? strrchr(cluster, '/') : NULL;
    ps_json_object(j, "orchestrator");
    ps_json_text(j, "type", "ecs");
    if (cluster) {
        ps_json_object(j, "cluster");
        ps_json_bytes(j, "name", ps_span_text(slash ? slash + 1 : cluster));
        ps_json_bytes(j, "id", ps_span_text(cluster));
        ps_json_object_end(j);
    }
    ps_json_object(j, "resource");
    ps_json_text(j, "type", "task");
    ps_json_bytes(j, "id", arn->id);
    add_text(j, "name", task, "Family");
    ps_json_object_end(j);
    ps_json_object_end(j);
}

/* How good ECS thinks the clock of the machine is. */
static void add_clock(struct ps_json *j, const cJSON *drift)
{
    if (!cJSON_IsObject(drift))
        return;
    ps_json_object(j, "clock");
    add_scaled(j, "error_bound_us", drift, "ClockErrorBound", 1000);
    add_text(j, "reference", drift, "ReferenceTimestamp");
    add_text(j, "status", drift, "ClockSynchronizationStatus");
    ps_json_object_end(j);
}

static void note_platform(struct ps_records *r, const cJSON *task)
{
    static const char *const types[][2] = {
        {"FARGATE", "ecs-fargate"}, {"EC2", "ecs-ec2"}, {"EXTERNAL", "ecs-external"}};
    const char *type = ps_json_string(ps_json_get(task, "LaunchType"));
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i][0]) == 0)
            r->places.platform = types[i][1];
    }
}

static void task_out(struct ps_records *r, const struct ps_entry *entry, const struct ps_http_answer *answer,
                     const cJSON *task)
{
    struct arn arn = {0};
    const cJSON *limits = ps_json_get(task, "Limits"), *disk = ps_json_get(task, "EphemeralStorageMetrics");
    const char *name = ps_json_string(ps_json_get(task, "TaskARN"));
    bool known = read_arn(name, &arn);
    struct ps_json j = ps_records_begin(r, PS_KIND_TASK);
    if (known && strlen(name) <= PS_TASK_ARN_MAX)
        memcpy(r->places.task_arn, name, strlen(name) + 1);
    if (known) {
        add_cloud(&j, &arn, task);
        add_orchestrator(&j, &arn, task);
    }
    if (ps_json_string(ps_json_get(task, "ServiceName"))) {
        ps_json_object(&j, "service");
        add_text(&j, "name", task, "ServiceName");
        ps_json_object_end(&j);
    }
    ps_records_proc(r, &j);
    ps_records_source(&j, entry->member, ps_span_of(NULL, 0), entry->begin_us);
    if (answer->date.len > 0)
        ps_json_bytes(&j, "answered", answer->date);
    ps_json_object(&j, "ecs");
    add_text(&j, "task_arn", task, "TaskARN");
    add_text(&j, "family", task, "Family");
    add_text(&j, "revision", task, "Revision");
    add_text(&j, "launch_type", task, "LaunchType");
    add_text(&j, "desired_status", task, "DesiredStatus");
    add_text(&j, "known_status", task, "KnownStatus");
    add_text(&j, "pull_started_at", task, "PullStartedAt");
    add_text(&j, "pull_stopped_at", task, "PullStoppedAt");
    add_scaled(&j, "cpu_millis", limits, "CPU", 1000);
    add_scaled(&j, "memory_mib", limits, "Memory", 1);
    add_scaled(&j, "disk_used_mib", disk, "Utilized", 1);
    add_scaled(&j, "disk_reserved_mib", disk, "Reserved", 1);
    add_true(&j, "fault_injection", task, "FaultInjectionEnabled");
    add_clock(&j, ps_json_get(task, "ClockDrift"));
    ps_json_object_end(&j);
    ps_records_end(r, PS_KIND_TASK, &j);
}

static void add_strings(struct ps_json *j, const char *name, const cJSON *list)
{
    int shown = 0;
    const cJSON *item;
    if (!cJSON_IsArray(list))
        return;
    ps_json_array(j, name);
    cJSON_ArrayForEach(item, list)
    {
        const char *text = ps_json_string(item);
        if (text && shown++ < ADDRESSES_SHOWN)
            ps_json_bytes(j, NULL, ps_span_text(text));
    }
    ps_json_array_end(j);
}

static void add_networks(struct ps_json *j, const cJSON *networks)
{
    int shown = 0;
    const cJSON *n;
    if (!cJSON_IsArray(networks))
        return;
    ps_json_array(j, "networks");
    cJSON_ArrayForEach(n, networks)
    {
        if (!cJSON_IsObject(n) || shown++ >= NETWORKS_SHOWN)
            continue;
        ps_json_object(j, NULL);
        add_text(j, "mode", n, "NetworkMode");
        add_strings(j, "ipv4", ps_json_get(n, "IPv4Addresses"));
        add_strings(j, "ipv6", ps_json_get(n, "IPv6Addresses"));
        add_text(j, "mac", n, "MACAddress");
        add_text(j, "gateway", n, "SubnetGatewayIpv4Address");
        add_text(j, "dns_name", n, "PrivateDNSName");
        ps_json_object_end(j);
    }
    ps_json_array_end(j);
}

static void add_ecs_container(struct ps_json *j, const cJSON *c, bool own)
{
    ps_json_object(j, "ecs");
    if (own)
        ps_json_bool(j, "own", true);
    add_text(j, "container_arn", c, "ContainerARN");
    add_text(j, "docker_name", c, "DockerName");
    add_text(j, "type", c, "Type");
    add_text(j, "desired_status", c, "DesiredStatus");
    add_text(j, "known_status", c, "KnownStatus");
    add_text(j, "created_at", c, "CreatedAt");
    add_text(j, "started_at", c, "StartedAt");
    add_text(j, "finished_at", c, "FinishedAt");
    add_scaled(j, "exit_code", c, "ExitCode", 1);
    add_scaled(j, "restart_count", c, "RestartCount", 1);
    add_text(j, "log_driver", c, "LogDriver");
    add_text(j, "snapshotter", c, "Snapshotter");
    add_networks(j, ps_json_get(c, "Networks"));
    ps_json_object_end(j);
}

static void container_out(struct ps_records *r, const struct ps_entry *entry, const cJSON *c, bool own)
{
    struct ps_json j = ps_records_begin(r, PS_KIND_CONTAINER);
    ps_json_object(&j, "container");
    add_text(&j, "id", c, "DockerId");
    add_text(&j, "name", c, "Name");
    ps_json_object(&j, "image");
    add_text(&j, "name", c, "Image");
    if (ps_json_string(ps_json_get(c, "ImageID"))) {
        ps_json_object(&j, "hash");
        ps_json_array(&j, "all");
        add_text(&j, NULL, c, "ImageID");
        ps_json_array_end(&j);
        ps_json_object_end(&j);
    }
    ps_json_object_end(&j);
    ps_json_object_end(&j);
    ps_records_proc(r, &j);
    ps_records_source(&j, entry->member, ps_span_of(NULL, 0), entry->begin_us);
    add_ecs_container(&j, c, own);
    ps_records_end(r, PS_KIND_CONTAINER, &j);
}

static void take_container(struct ps_records *r, const struct ps_entry *entry, const cJSON *c, bool own)
{
    const char *id = ps_json_string(ps_json_get(c, "DockerId"));
    container_out(r, entry, c, own);
    if (id)
        ps_place_container(r, id, ps_json_string(ps_json_get(c, "Name")), ps_json_string(ps_json_get(c, "Image")), own);
}

/* Our own container had its record when its own answer came. */
static void take_containers(struct ps_records *r, const struct ps_entry *entry, const cJSON *task)
{
    const cJSON *list = ps_json_get(task, "Containers"), *c;
    if (!cJSON_IsArray(list))
        return;
    cJSON_ArrayForEach(c, list)
    {
        const char *id = ps_json_string(ps_json_get(c, "DockerId"));
        bool again = id && r->places.own[0] && strcmp(id, r->places.own) == 0;
        if (cJSON_IsObject(c) && !again)
            take_container(r, entry, c, false);
    }
}

static void malformed(struct ps_records *r, const struct ps_entry *entry, const struct ps_json_flaw *flaw)
{
    struct ps_issue issue = {.why = flaw->why, .at = flaw->at};
    if (flaw->why == ps_no_memory)
        r->failed = true;
    else
        ps_records_malformed(r, entry, &issue);
}

static bool too_many_values(struct ps_span text)
{
    size_t values = 0;
    for (size_t i = 0; i < text.len; i++)
        values += text.data[i] == ',' || text.data[i] == '{' || text.data[i] == '[';
    return values > VALUES_MAX;
}

/* The body without the sizes of its chunks; as far as these go. */
static void add_body(struct ps_buffer *out, const struct ps_http_answer *answer)
{
    struct ps_cursor c = ps_cursor_over(answer->body);
    struct ps_span chunk;
    if (!ps_http_in_chunks(answer))
        ps_buffer_add_span(out, answer->body);
    while (ps_http_in_chunks(answer) && ps_http_chunk(&c, &chunk) == PS_STEP_RECORD)
        ps_buffer_add_span(out, chunk);
}

static void take_json(struct ps_records *r, const struct ps_entry *entry, const struct ps_http_answer *answer,
                      struct ps_span text)
{
    struct ps_json_check check = {.fractions = true};
    struct ps_json_flaw flaw = {.why = "more values in the body than a task has"};
    cJSON *tree = too_many_values(text) ? NULL : ps_json_parse(&check, text, &flaw);
    if (tree && !cJSON_IsObject(tree))
        flaw = (struct ps_json_flaw){.why = "the body is no object"};
    if (!cJSON_IsObject(tree)) {
        malformed(r, entry, &flaw);
    } else if (strcmp(entry->row->path, "facts/ecs/container") == 0) {
        take_container(r, entry, tree, true);
    } else {
        note_platform(r, tree);
        task_out(r, entry, answer, tree);
        take_containers(r, entry, tree);
    }
    cJSON_Delete(tree);
    ps_json_check_done(&check);
}

void ps_metadata_entry(struct ps_records *r, const struct ps_entry *entry, const void *answer)
{
    const struct ps_http_answer *a = answer;
    struct ps_buffer text = {0};
    if (a->status != 200)
        return;
    add_body(&text, a);
    r->failed = r->failed || text.failed;
    if (!text.failed)
        take_json(r, entry, a, ps_buffer_span(&text));
    ps_buffer_done(&text);
}
