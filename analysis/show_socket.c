/* SPDX-License-Identifier: Apache-2.0
 *
 * The local end of a socket in words: an address, a path, or what a packet or netlink socket is bound to.
 */
#include "analysis/show_text.h"
#include "formats/printable.h"

struct name {
    uint64_t number;
    const char *text;
};

/* linux/netlink.h, linux/in.h, linux/if_ether.h: those that are met. */
static const struct name netlink_names[] = {
    {0, "ROUTE"},       {2, "USERSOCK"},   {4, "SOCK_DIAG"},  {5, "NFLOG"},   {6, "XFRM"},   {7, "SELINUX"}, {9, "AUDIT"},
    {10, "FIB_LOOKUP"}, {11, "CONNECTOR"}, {12, "NETFILTER"}, {15, "UEVENT"}, {16, "GENERIC"}, {21, "CRYPTO"}, {0, NULL}};
static const struct name ip_names[] = {{1, "ICMP"},   {2, "IGMP"},    {6, "TCP"},   {17, "UDP"}, {47, "GRE"},
                                       {58, "ICMPv6"}, {132, "SCTP"}, {255, "RAW"}, {0, NULL}};
static const struct name frame_names[] = {{0, "no frames yet"}, {3, "all frames"}, {0x800, "IPv4"},
                                          {0x806, "ARP"},    {0x86dd, "IPv6"},  {0, NULL}};

static void add_name(struct ps_buffer *out, const struct name *names, uint64_t number)
{
    while (names->text != NULL && names->number != number)
        names++;
    if (names->text != NULL)
        ps_buffer_add_text(out, names->text);
    else
        ps_buffer_addf(out, "protocol %llu", (unsigned long long) number);
}

void ps_show_add_local(const struct ps_socket_row *r, struct ps_buffer *out)
{
    if (ps_span_is(r->transport, "unix")) {
        ps_printable_add(out, r->path.len > 0 ? r->path : ps_span_text("(no name)"));
    } else if (ps_span_is(r->transport, "netlink")) {
        add_name(out, netlink_names, r->protocol);
        ps_buffer_addf(out, ", port id %llu", (unsigned long long) r->number);
    } else if (ps_span_is(r->transport, "packet")) {
        add_name(out, frame_names, r->protocol);
        if (r->number == 0)
            ps_buffer_add_text(out, ", every interface");
        else
            ps_buffer_addf(out, ", interface number %llu", (unsigned long long) r->number);
    } else if (ps_span_is(r->transport, "raw")) {
        ps_printable_add(out, r->address);
        ps_buffer_add_byte(out, ' ');
        add_name(out, ip_names, r->protocol);
    } else {
        ps_show_add_endpoint(out, r->address, r->port);
    }
}
