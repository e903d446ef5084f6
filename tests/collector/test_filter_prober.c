/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/collector/deeds.h"

static long socket_of(int family, int type, int protocol)
{
    return answer(socket(family, type, protocol));
}

static long do_tcp(void)
{
    return socket_of(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long do_ask_kernel(void)
{
    return socket_of(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}
static long do_open(void)
{
    return answer(open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC));
}

static long do_look(void)
{
    return answer(faccessat(AT_FDCWD, "/proc/self/cgroup", F_OK, 0));
}

static long do_route(void)
{
    return socket_of(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}
static long do_udp(void)
{
    return socket_of(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long do_six(void)
{
    return socket_of(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long do_raw(void)
{
    return socket_of(AF_PACKET, SOCK_RAW, 0);
}
static long do_listen(void)
{
    return answer(syscall(SYS_listen, 0L, 1L));
}
static long do_bind(void)
{
    return answer(syscall(SYS_bind, 0L, NULL, 0L));
}
static long do_write(void)
{
    return answer(write(STDOUT_FILENO, "", 0));
}
static long do_open_write(void)
{
    return answer(syscall(SYS_openat, (long) AT_FDCWD, "/tmp", (long) O_WRONLY, 0L));
}
static long do_map(void)
{
    return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static const struct deed for_probers[] = {
    {"TCP over IPv4", do_tcp}, {"the kernel's socket tables", do_ask_kernel}, {"open", do_open},
    {"is there such a file", do_look}};

static const struct deed not_for_probers[] = {
    {"another netlink family", do_route}, {"UDP", do_udp},       {"IPv6", do_six},           {"packets", do_raw},
    {"listen", do_listen},                {"bind", do_bind},     {"write", do_write},        {"open to write", do_open_write},
    {"more memory", do_map},              {"unix", do_socket},   {"memfd", do_memfd},
};

Test(filter, a_prober_asks)
{
    EXPECT_ALL(PS_ROLE_PROBER, for_probers, DONE);
}

Test(filter, a_prober_does_nothing_else)
{
    EXPECT_ALL(PS_ROLE_PROBER, not_for_probers, KILLED);
}
