/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/catalog.h"

#include "parsers/content_files.h"
#include "parsers/link.h"
#include "parsers/loadavg.h"
#include "parsers/net_inet.h"
#include "parsers/net_unix.h"
#include "parsers/pid_cgroup.h"
#include "parsers/pid_cmdline.h"
#include "parsers/pid_comm.h"
#include "parsers/pid_environ.h"
#include "parsers/pid_fdinfo.h"
#include "parsers/pid_io.h"
#include "parsers/pid_limits.h"
#include "parsers/pid_maps.h"
#include "parsers/pid_mountinfo.h"
#include "parsers/pid_stat.h"
#include "parsers/pid_statm.h"
#include "parsers/pid_status.h"
#include "parsers/stat.h"
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

/* The order of the rows is the order of capture. The namespaces come before the files that are read once for each. */
const struct ps_row ps_catalog[] = {
    /* clang-format off */
    {ROW(pid_stat,      "stat",      READ,     PROCESS, CARD,     QUIET,  "name, parent, state, CPU time, start time")},
    {ROW(pid_comm,      "comm",      READ,     PROCESS, STANDARD, QUIET,  "name"), ONCE},
    {ROW(pid_status,    "status",    READ,     PROCESS, STANDARD, QUIET,  "ids, capabilities, seccomp, inner pids"), ONCE},
    {ROW(pid_statm,     "statm",     READ,     PROCESS, STANDARD, QUIET,  "memory in pages"), ONCE},
    {ROW(pid_cgroup,    "cgroup",    READ,     PROCESS, STANDARD, QUIET,  "control groups: which container"), ONCE},
    {ROW(pid_limits,    "limits",    READ,     PROCESS, STANDARD, QUIET,  "resource limits"), ONCE},
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
    {ROW(pid_fd,        "fd/{}",     READLINK, PROCESS, CARD,     QUIET,  "open files")},
    {ROW(pid_fdinfo,    "fdinfo/{}", READ,     PROCESS, STANDARD, QUIET,  "position, flags, locks of open files"), ONCE},
    {ROW(pid_cmdline,   "cmdline",   READ,     PROCESS, CARD,     MEMORY, "arguments")},
    {ROW(pid_environ,   "environ",   READ,     PROCESS, STANDARD, MEMORY, "environment"), .secret = true},
    {ROW(pid_maps,      "maps",      READ,     PROCESS, STANDARD, MEMORY, "mapped files and memory")},
    {ROW(pid_io,        "io",        READ,     PROCESS, STANDARD, MEMORY, "bytes read and written"), ONCE},
    {ROW(stat,          "stat",      READ,     HOST,    CARD,     QUIET,  "boot time, CPU time, number of forks")},
    {ROW(uptime,        "uptime",    READ,     HOST,    CARD,     QUIET,  "time since boot")},
    {ROW(loadavg,       "loadavg",   READ,     HOST,    CARD,     QUIET,  "load, last pid")},
    {ROW(content_exe,   "exe",       READ,     CONTENT, STANDARD, MEMORY, "hash of the executable; itself, where it would be lost")},
    {ROW(content_fd,    "fd/{}",     READ,     CONTENT, STANDARD, MEMORY, "deleted files that are held open, programs in memory")},
    {ROW(content_map,   "map/{}",    READ,     CONTENT, STANDARD, MEMORY, "mapped libraries that are not from the image")},
    {ROW(content_root,  "root/{}",   READ,     CONTENT, STANDARD, MEMORY, "scripts and changed files below the root")},
    {ROW(content_mem,   "mem",       READ,     CONTENT, STANDARD, MEMORY, "memory as an ELF core file, with --memory alone")},
    {ROW(content_files, "files",     READ,     CONTENT, STANDARD, MEMORY, "drift list: what changed since the container started")},
    {ROW(sys_boot_id, "sys/kernel/random/boot_id", READ, HOST, CARD, QUIET, "which boot this is")},
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

bool ps_row_is_family(const struct ps_row *row)
{
    return ps_span_ends(ps_span_text(row->path), "/{}");
}
