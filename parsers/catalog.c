/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/catalog.h"

#include <string.h>

#include "parsers/cgroup_file.h"
#include "parsers/content_files.h"
#include "parsers/http_answer.h"
#include "parsers/kernel_text.h"
#include "parsers/link.h"
#include "parsers/loadavg.h"
#include "parsers/locks.h"
#include "parsers/meminfo.h"
#include "parsers/modules.h"
#include "parsers/mounts.h"
#include "parsers/net_arp.h"
#include "parsers/net_dev.h"
#include "parsers/net_fib_trie.h"
#include "parsers/net_if_inet6.h"
#include "parsers/net_igmp.h"
#include "parsers/net_igmp6.h"
#include "parsers/net_inet.h"
#include "parsers/net_ipv6_route.h"
#include "parsers/net_netlink.h"
#include "parsers/net_packet.h"
#include "parsers/net_ptype.h"
#include "parsers/net_route.h"
#include "parsers/net_snmp.h"
#include "parsers/net_snmp6.h"
#include "parsers/net_sockstat.h"
#include "parsers/net_unix.h"
#include "parsers/pid_attr_current.h"
#include "parsers/pid_auxv.h"
#include "parsers/pid_cgroup.h"
#include "parsers/pid_cmdline.h"
#include "parsers/pid_comm.h"
#include "parsers/pid_environ.h"
#include "parsers/pid_fdinfo.h"
#include "parsers/pid_id_map.h"
#include "parsers/pid_io.h"
#include "parsers/pid_limits.h"
#include "parsers/pid_maps.h"
#include "parsers/pid_mountinfo.h"
#include "parsers/pid_probe.h"
#include "parsers/pid_number.h"
#include "parsers/pid_schedstat.h"
#include "parsers/pid_stat.h"
#include "parsers/pid_statm.h"
#include "parsers/pid_status.h"
#include "parsers/pid_timens_offsets.h"
#include "parsers/pid_wchan.h"
#include "parsers/sock_diag.h"
#include "parsers/stat.h"
#include "parsers/sysvipc.h"
#include "parsers/task_children.h"
#include "parsers/uptime.h"

/* The content of files is nobody's to parse: it is hashed, and kept as it is. */
static const struct ps_parser ps_parser_content_exe = {.kind = "content_exe", .single = true};
static const struct ps_parser ps_parser_content_fd = {.kind = "content_fd", .single = true};
static const struct ps_parser ps_parser_content_map = {.kind = "content_map", .single = true};
static const struct ps_parser ps_parser_content_mem = {.kind = "content_mem", .single = true};
static const struct ps_parser ps_parser_content_root = {.kind = "content_root", .single = true};
/* Kept raw so far: no parser yet. */
static const struct ps_parser ps_parser_sys_boot_id = {.kind = "sys_boot_id", .single = true};

#define ROW(kind_, path_, source_, scope_, profile_, reader_, tells_)                                                  \
    .parser = &ps_parser_##kind_, .path = (path_), .source = PS_##source_, .scope = PS_PER_##scope_,                   \
    .profile = PS_##profile_, .reader = PS_##reader_, .tells = (tells_)

#define ONCE .at_once = true

/* What the prober brings. */
#define FACT(kind_, path_, profile_, tells_) ROW(kind_, "facts/" path_, READ, FACT, profile_, PROBER, tells_)

/* The order of the rows is the order of capture. The namespaces come before the files that are read once for each. */
const struct ps_row ps_catalog[] = {
    /* clang-format off */
    {ROW(pid_stat,      "stat",      READ,     PROCESS, CARD,     QUIET,  "name, parent, state, CPU time, start time")},
    {ROW(pid_comm,      "comm",      READ,     PROCESS, STANDARD, QUIET,  "name"), ONCE},
    {ROW(pid_status, "status", READ, PROCESS, STANDARD, QUIET, "ids, capabilities, seccomp, inner pids"), ONCE},
    {ROW(pid_statm,     "statm",     READ,     PROCESS, STANDARD, QUIET,  "memory in pages"), ONCE},
    {ROW(pid_cgroup,    "cgroup",    READ,     PROCESS, STANDARD, QUIET,  "control groups: which container"), ONCE},
    {ROW(pid_limits,    "limits",    READ,     PROCESS, STANDARD, QUIET,  "resource limits"), ONCE},
    {ROW(pid_oom_score, "oom_score", READ, PROCESS, DEEP, QUIET, "how near it is to the OOM killer"), ONCE},
    {ROW(pid_oom_score_adj, "oom_score_adj",   READ, PROCESS, DEEP,     QUIET,  "who shall die first, or never"), ONCE},
    {ROW(pid_loginuid, "loginuid", READ, PROCESS, DEEP, QUIET, "who logged in, through su and setuid"), ONCE},
    {ROW(pid_sessionid,   "sessionid",       READ, PROCESS, DEEP,     QUIET,  "which login"), ONCE},
    {ROW(pid_wchan, "wchan", READ, PROCESS, DEEP, QUIET, "kernel function that it sleeps in"), ONCE},
    {ROW(pid_schedstat, "schedstat", READ, PROCESS, DEEP, QUIET, "time on a CPU and waiting for one"), ONCE},
    {ROW(pid_uid_map,     "uid_map",         READ, PROCESS, DEEP,     QUIET,  "user ids of its user namespace")},
    {ROW(pid_gid_map,     "gid_map",         READ, PROCESS, DEEP,     QUIET,  "group ids of its user namespace")},
    {ROW(pid_timens_offsets, "timens_offsets",  READ, PROCESS, DEEP,     QUIET,  "clocks of its time namespace"), ONCE},
    {ROW(pid_attr_current, "attr/current",    READ, PROCESS, DEEP,     QUIET,  "label of the security module"), ONCE},
    {ROW(pid_ns,        "ns/{}",     READLINK, PROCESS, CARD,     QUIET,  "namespaces")},
    {ROW(pid_exe,       "exe",       READLINK, PROCESS, CARD,     QUIET,  "executable")},
    {ROW(pid_root,      "root",      READLINK, PROCESS, CARD,     QUIET,  "root directory")},
    {ROW(pid_cwd,       "cwd",       READLINK, PROCESS, STANDARD, QUIET,  "working directory")},
    {ROW(pid_mountinfo, "mountinfo", READ,     MNTNS,   STANDARD, QUIET,  "mounts")},
    {ROW(net_tcp,       "net/tcp",   READ,     NETNS,   CARD,     QUIET,  "TCP sockets, IPv4")},
    {ROW(net_tcp6,      "net/tcp6",  READ,     NETNS,   CARD,     QUIET,  "TCP sockets, IPv6")},
    {ROW(net_udp,       "net/udp",   READ,     NETNS,   STANDARD, QUIET,  "UDP sockets, IPv4")},
    {ROW(net_udp6,      "net/udp6",  READ,     NETNS,   STANDARD, QUIET,  "UDP sockets, IPv6")},
    {ROW(net_unix,      "net/unix",  READ,     NETNS,   STANDARD, QUIET,  "unix sockets")},
    {ROW(net_raw,         "net/raw",         READ, NETNS,   STANDARD, QUIET,  "raw sockets, IPv4")},
    {ROW(net_raw6,        "net/raw6",        READ, NETNS,   STANDARD, QUIET,  "raw sockets, IPv6")},
    {ROW(net_packet,      "net/packet",      READ, NETNS,   STANDARD, QUIET,  "packet sockets: who sniffs")},
    {ROW(net_netlink,     "net/netlink",     READ, NETNS,   STANDARD, QUIET,  "netlink sockets")},
    {ROW(net_icmp,        "net/icmp",        READ, NETNS,   STANDARD, QUIET,  "ping sockets, IPv4")},
    {ROW(net_icmp6,       "net/icmp6",       READ, NETNS,   STANDARD, QUIET,  "ping sockets, IPv6")},
    {ROW(net_udplite,     "net/udplite",     READ, NETNS,   STANDARD, QUIET,  "UDP-Lite sockets, IPv4")},
    {ROW(net_udplite6,    "net/udplite6",    READ, NETNS,   STANDARD, QUIET,  "UDP-Lite sockets, IPv6")},
    {ROW(net_arp,         "net/arp",         READ, NETNS,   STANDARD, QUIET,  "IPv4 neighbours")},
    {ROW(net_route,       "net/route",       READ, NETNS,   STANDARD, QUIET,  "IPv4 routes")},
    {ROW(net_ipv6_route,  "net/ipv6_route",  READ, NETNS,   STANDARD, QUIET,  "IPv6 routes")},
    {ROW(net_if_inet6,    "net/if_inet6",    READ, NETNS,   STANDARD, QUIET,  "own IPv6 addresses")},
    {ROW(net_fib_trie,    "net/fib_trie",    READ, NETNS,   STANDARD, QUIET,  "own IPv4 addresses, all IPv4 routes")},
    {ROW(net_dev,         "net/dev",         READ, NETNS,   STANDARD, QUIET,  "interfaces and their traffic")},
    {ROW(net_sockstat,    "net/sockstat",    READ, NETNS,   STANDARD, QUIET,  "number of sockets, IPv4")},
    {ROW(net_sockstat6,   "net/sockstat6",   READ, NETNS,   STANDARD, QUIET,  "number of sockets, IPv6")},
    {ROW(net_snmp,        "net/snmp",        READ, NETNS,   STANDARD, QUIET,  "counters of IPv4, ICMP, TCP, UDP")},
    {ROW(net_snmp6,       "net/snmp6",       READ, NETNS,   STANDARD, QUIET,  "counters of IPv6")},
    {ROW(net_netstat,     "net/netstat",     READ, NETNS,   STANDARD, QUIET,  "further counters of TCP and IP")},
    {ROW(net_igmp,        "net/igmp",        READ, NETNS,   STANDARD, QUIET,  "multicast groups, IPv4")},
    {ROW(net_igmp6,       "net/igmp6",       READ, NETNS,   STANDARD, QUIET,  "multicast groups, IPv6")},
    {ROW(net_ptype,       "net/ptype",       READ, NETNS,   STANDARD, QUIET,  "kernel functions that get frames")},
    {ROW(pid_fd,        "fd/{}",     READLINK, PROCESS, CARD,     QUIET,  "open files")},
    {ROW(pid_fdinfo,    "fdinfo/{}", READ,     PROCESS, STANDARD, QUIET,  "position, flags, locks of open files"), ONCE},
    {ROW(task_stat,     "task/{}/stat",   READ, THREAD, STANDARD, QUIET, "threads: name, state, CPU time, start time")},
    {ROW(task_status,   "task/{}/status", READ, THREAD, STANDARD, QUIET, "threads: ids, capabilities, seccomp"), ONCE},
    {ROW(task_cgroup,   "task/{}/cgroup", READ, THREAD, DEEP,     QUIET, "threads: control groups"), ONCE},
    {ROW(task_children, "task/{}/children", READ, THREAD, DEEP, QUIET, "threads: which one started whom")},
    {ROW(pid_cmdline,   "cmdline",   READ,     PROCESS, CARD,     MEMORY, "arguments")},
    {ROW(pid_environ,   "environ",   READ,     PROCESS, STANDARD, MEMORY, "environment"), .secret = true},
    {ROW(pid_auxv, "auxv", READ, PROCESS, DEEP, MEMORY, "how it was started: setuid, entry, own path"), ONCE},
    {ROW(pid_maps,      "maps",      READ,     PROCESS, STANDARD, MEMORY, "mapped files and memory")},
    {ROW(pid_io,        "io",        READ,     PROCESS, STANDARD, MEMORY, "bytes read and written"), ONCE},
    {ROW(stat,          "stat",      READ,     HOST,    CARD,     QUIET,  "boot time, CPU time, number of forks")},
    {ROW(uptime,        "uptime",    READ,     HOST,    CARD,     QUIET,  "time since boot")},
    {ROW(loadavg,       "loadavg",   READ,     HOST,    CARD,     QUIET,  "load, last pid")},
    {ROW(version,         "version",         READ, HOST,    STANDARD, QUIET,  "kernel version and its builder")},
    {ROW(cmdline,         "cmdline",         READ, HOST,    STANDARD, QUIET,  "command line of the kernel")},
    {ROW(meminfo,         "meminfo",         READ, HOST,    STANDARD, QUIET,  "memory of the machine")},
    {ROW(modules,         "modules",         READ, HOST,    STANDARD, QUIET,  "loaded kernel modules")},
    {ROW(locks,           "locks",           READ, HOST,    STANDARD, QUIET,  "file locks and who waits")},
    {ROW(mounts,          "self/mounts",     READ, HOST,    STANDARD, QUIET,  "mounts, as the reader sees them")},
    {ROW(sysvipc_shm,     "sysvipc/shm",     READ, HOST,    STANDARD, QUIET,  "shared memory segments")},
    {ROW(sysvipc_msg,     "sysvipc/msg",     READ, HOST,    STANDARD, QUIET,  "message queues")},
    {ROW(sysvipc_sem,     "sysvipc/sem",     READ, HOST,    STANDARD, QUIET,  "semaphores")},
    {ROW(sysctl, "sys/{}", READ, HOST, STANDARD, QUIET, "settings of the kernel, of the reader's namespaces"), ONCE},
    {ROW(content_exe,   "exe",       READ,     CONTENT, STANDARD, MEMORY, "hash of the executable; itself, where it would be lost")},
    {ROW(content_fd,    "fd/{}",     READ,     CONTENT, STANDARD, MEMORY, "deleted files that are held open, programs in memory")},
    {ROW(content_map,   "map/{}",    READ,     CONTENT, STANDARD, MEMORY, "mapped libraries that are not from the image")},
    {ROW(content_root,  "root/{}",   READ,     CONTENT, STANDARD, MEMORY, "scripts and changed files below the root")},
    {ROW(content_mem,   "mem",       READ,     CONTENT, STANDARD, MEMORY, "memory as an ELF core file, with --memory alone")},
    {ROW(content_files, "files",     READ,     CONTENT, STANDARD, MEMORY, "drift list: what changed since the container started")},
    {ROW(sys_boot_id, "sys/kernel/random/boot_id", READ, HOST, CARD, QUIET, "which boot this is")},
    {ROW(pid_probe, "facts/pid_probe", READ, FACT, STANDARD, QUIET, "pids asked for beside the listing: who is hidden")},
    {FACT(sock_diag_tcp,  "sock_diag/tcp",  CARD,     "TCP sockets, IPv4, asked from the kernel")},
    {FACT(sock_diag_tcp6, "sock_diag/tcp6", CARD,     "TCP sockets, IPv6, asked from the kernel")},
    {FACT(sock_diag_udp,  "sock_diag/udp",  STANDARD, "UDP sockets, IPv4, asked from the kernel")},
    {FACT(sock_diag_udp6, "sock_diag/udp6", STANDARD, "UDP sockets, IPv6, asked from the kernel")},
    {FACT(sock_diag_unix, "sock_diag/unix", STANDARD, "unix sockets and their peers, asked from the kernel")},
    {FACT(cgroup_file,    "cgroup/{}",      STANDARD, "limits, use and events of our own control group")},
    {FACT(ecs_container,  "ecs/container",  CARD,     "our container, told by the ECS agent")},
    {FACT(ecs_task,       "ecs/task",       CARD,     "the task and its containers, told by the ECS agent")},
    /* clang-format on */
};

const size_t ps_catalog_count = sizeof ps_catalog / sizeof ps_catalog[0];

const struct ps_row *ps_catalog_kind(struct ps_span kind)
{
    for (size_t i = 0; i < ps_catalog_count; i++)
        if (ps_span_is(kind, ps_catalog[i].parser->kind))
            return &ps_catalog[i];
    return NULL;
}

const struct ps_row *ps_catalog_path(struct ps_span path, enum ps_scope scope)
{
    for (size_t i = 0; i < ps_catalog_count; i++)
        if (ps_catalog[i].scope == scope && ps_span_is(path, ps_catalog[i].path))
            return &ps_catalog[i];
    return NULL;
}

static const char *const reader_names[PS_READERS] = {
    [PS_QUIET] = "quiet", [PS_MEMORY] = "memory", [PS_PROBER] = "prober"};

const char *ps_reader_name(enum ps_reader reader)
{
    return reader_names[reader];
}

bool ps_reader_named(struct ps_span name, enum ps_reader *out)
{
    for (int i = 0; i < PS_READERS; i++) {
        if (ps_span_is(name, reader_names[i])) {
            *out = (enum ps_reader) i;
            return true;
        }
    }
    return false;
}

bool ps_row_is_family(const struct ps_row *row)
{
    return strstr(row->path, "{}") != NULL;
}

struct ps_span ps_row_before(const struct ps_row *row)
{
    const char *gap = strstr(row->path, "{}");
    return gap != NULL ? ps_span_of(row->path, (size_t) (gap - row->path)) : ps_span_text(row->path);
}

struct ps_span ps_row_behind(const struct ps_row *row)
{
    const char *gap = strstr(row->path, "{}");
    return ps_span_text(gap != NULL ? gap + 2 : "");
}

bool ps_row_entry(const struct ps_row *row, struct ps_span name, struct ps_span *entry)
{
    struct ps_span before = ps_row_before(row), behind = ps_row_behind(row);
    if (!ps_row_is_family(row) || name.len <= before.len + behind.len)
        return false;
    *entry = ps_span_of(name.data + before.len, name.len - before.len - behind.len);
    return memcmp(name.data, before.data, before.len) == 0 &&
           memcmp(name.data + before.len + entry->len, behind.data, behind.len) == 0;
}
