/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/collector/deeds.h"

static long socket_of(int family, int type, int protocol)
{
    return answer(socket(family, type, protocol));
}

static long do_tcp(void)
{
    return socket_of(AF_INET, SOCK_STREAM, IPPROTO_TCP);
}
static long do_tcp_cloexec(void)
{
    return socket_of(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long do_udp(void)
{
    return socket_of(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long bind_any(int family)
{
    struct sockaddr_in6 any = {.sin6_family = (sa_family_t) family};
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 && errno == EAFNOSUPPORT)
        return 0;
    return fd < 0 ? -1 : answer(bind(fd, (const struct sockaddr *) &any, sizeof any));
}
static long do_bind(void)
{
    return bind_any(AF_INET);
}
static long do_bind_six(void)
{
    return bind_any(AF_INET6);
}
static void *in_thread(void *context)
{
    return context;
}
static long do_thread(void)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, in_thread, NULL);
    return errno == 0 && pthread_join(thread, NULL) == 0 ? 0 : -1;
}
static long do_read_file(void)
{
    char text[16];
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && pread(fd, text, sizeof text, 1) > 0 && read(fd, text, sizeof text) > 0 ? close(fd) : -1;
}
static long do_print(void)
{
    struct iovec nothing = {0};
    return answer(write(STDOUT_FILENO, "", 0) == 0 && writev(STDOUT_FILENO, &nothing, 1) == 0 ? 0 : -1);
}
static long do_memory(void)
{
    char *text = malloc(8 << 20);
    if (text != NULL)
        text[4 << 20] = 1;
    free(text);
    return text != NULL ? 0 : -1;
}

static long do_raw(void)
{
    return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static long do_old_packet(void)
{
    return socket_of(AF_INET, SOCK_PACKET, 0);
}
static long do_packet(void)
{
    return socket_of(AF_PACKET, SOCK_RAW, 0);
}
static long do_netlink(void)
{
    return socket_of(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static long do_listen(void)
{
    return answer(syscall(SYS_listen, 0L, 1L));
}
static long do_open_write(void)
{
    return answer(syscall(SYS_openat, (long) AT_FDCWD, "/tmp", (long) O_WRONLY, 0L));
}
static long do_make(void)
{
    return answer(syscall(SYS_openat, (long) AT_FDCWD, "/tmp/procsnap-test", (long) (O_RDONLY | O_CREAT), 0600L));
}
static long do_unlink(void)
{
    return answer(syscall(SYS_unlinkat, (long) AT_FDCWD, "/nonexistent", 0L));
}
static long do_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static const struct deed for_couriers[] = {
    {"TCP", do_tcp},
    {"TCP, close on exec", do_tcp_cloexec},
    {"UDP", do_udp},
    {"bind", do_bind},
    {"bind, IPv6", do_bind_six},
    {"a thread", do_thread},
    {"read a file", do_read_file},
    {"write to what is open", do_print},
    {"memory", do_memory},
};
static const struct deed not_for_couriers[] = {
    {"listen", do_listen}, {"open to write", do_open_write}, {"make a file", do_make},
    {"unlink", do_unlink}, {"memory to run", do_code},       {"memfd", do_memfd},
};
static const struct deed of_intruders[] = {
    {"raw", do_raw},     {"packets, the old way", do_old_packet}, {"packets", do_packet}, {"netlink", do_netlink},
    {"unix", do_socket},
};

Test(filter, a_courier_delivers)
{
    EXPECT_ALL(PS_ROLE_COURIER, for_couriers, DONE);
}

Test(filter, a_courier_changes_nothing)
{
    EXPECT_ALL(PS_ROLE_COURIER, not_for_couriers, EPERM);
}

Test(filter, a_courier_has_no_other_sockets)
{
    EXPECT_ALL(PS_ROLE_COURIER, of_intruders, KILLED);
}
