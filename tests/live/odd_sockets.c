/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets of every state, here and in a network namespace of their own.
 */
#include "odd_process.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned long inode_of(int fd)
{
    struct stat facts;

    must(fstat(fd, &facts), "fstat");
    return (unsigned long) facts.st_ino;
}

/* A new network namespace has its loopback down. */
static void loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    must(ioctl(fd, SIOCGIFFLAGS, &request), "SIOCGIFFLAGS");
    request.ifr_flags |= IFF_UP;
    must(ioctl(fd, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
    (void) close(fd);
}

static struct sockaddr_in local(unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t) port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound(int type, unsigned port)
{
    struct sockaddr_in address = local(port);
    int one = 1, fd = must(socket(AF_INET, type, 0), "socket");

    must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "SO_REUSEADDR");
    must(bind(fd, (struct sockaddr *) &address, sizeof address), "bind");
    if (type == SOCK_STREAM)
        must(listen(fd, 7), "listen");
    return fd;
}

static int connected(unsigned port)
{
    struct sockaddr_in address = local(port);
    int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

    must(connect(fd, (struct sockaddr *) &address, sizeof address), "connect");
    return fd;
}

static int listening_v6(unsigned port)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port), .sin6_addr = in6addr_any};
    int one = 1, fd = socket(AF_INET6, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *) &address, sizeof address) == 0 && listen(fd, 7) == 0)
        return fd;
    (void) close(fd);
    return -1;
}

static int abstract(const char *name, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

    socklen_t used = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + len);
    memcpy(address.sun_path + 1, name, len);
    must(bind(fd, (struct sockaddr *) &address, used), "bind");
    must(listen(fd, 1), "listen");
    return fd;
}

static unsigned port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;

    must(getsockname(fd, (struct sockaddr *) &address, &len), "getsockname");
    return ntohs(address.sin_port);
}

/* sockets PORT: a listener on PORT that a child holds too, an accepted connection and one that waits to be accepted,
 * one that lingers without an owner, UDP on PORT + 1, TCP over IPv6 on PORT + 2, and unix sockets: a pair, an abstract
 * one with a newline in its name, and one whose name looks like a row of the table. */
void make_sockets(char **args)
{
    static const char newline[] = "odd\nname";
    static const char forged[] = "x\n0000000000000000: 00000002 00000000 00010000 0001 01 99999 @forged";
    unsigned port = number(args, 0, 7001);
    int pair[2];

    loopback_up();
    int lingering = bound(SOCK_STREAM, port + 3), caller = connected(port + 3), called = accept(lingering, NULL, NULL);
    unsigned lingering_port = port_of(caller);
    (void) close(lingering);
    (void) close(caller); /* this end closes first: TIME_WAIT */
    (void) close(must(called, "accept"));
    int listener = bound(SOCK_STREAM, port), client = connected(port);
    int server = must(accept(listener, NULL, NULL), "accept");
    pid_t child = waiting_child();
    int early = connected(port), udp = bound(SOCK_DGRAM, port + 1), v6 = listening_v6(port + 2);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    int odd = abstract(newline, strlen(newline)), liar = abstract(forged, strlen(forged));
    ready("pid=%d child=%d listener=%d client=%d server=%d early=%d udp=%d v6=%d left=%d right=%d odd=%d liar=%d "
          "client_port=%u early_port=%u lingering_port=%u",
          getpid(), child, listener, client, server, early, udp, v6, pair[0], pair[1], odd, liar, port_of(client),
          port_of(early), lingering_port);
}

/* own-net PORT: two processes in a network namespace of their own, the first with a listener on PORT. */
void make_own_net(char **args)
{
    must(unshare(CLONE_NEWNET), "unshare");
    loopback_up();
    int child = waiting_child(), listener = bound(SOCK_STREAM, number(args, 0, 7001));
    ready("pid=%d child=%d listener=%d inode=%lu", getpid(), child, listener, inode_of(listener));
}
