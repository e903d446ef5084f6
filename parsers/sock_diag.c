/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer to a dump over NETLINK_SOCK_DIAG: netlink messages as they came, NLMSG_DONE the last one. sock_diag(7),
 * netlink(7); written by net/ipv4/inet_diag.c inet_sk_diag_fill() and net/unix/diag.c sk_diag_fill(). Numbers are in the
 * byte order of the machine, read here as little-endian; ports and addresses are in network order.
 *
 *   message: u32 length, u16 type, u16 flags, u32 sequence, u32 port; payload; padded to 4
 *   attribute: u16 length, u16 type; payload; padded to 4
 *
 * A second source beside net/tcp and its like: names are bytes with a length here, no name can pretend to be a row.
 */
#include "parsers/sock_diag.h"

#include <string.h>

enum { MESSAGE_HEAD = 16, ATTRIBUTE_HEAD = 4, INET_SIZE = 72, UNIX_SIZE = 16 };
enum { TYPE_ERROR = 2, TYPE_DONE = 3, TYPE_SOCKET = 20 };
enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10 };

#define INET(name, type) PS_FIELD(struct ps_diag_inet, name, type)
#define UNIX(name, type) PS_FIELD(struct ps_diag_unix, name, type)
#define INET_FIELDS(address)                                                                                           \
    INET(state, PS_NAME), INET(state_code, PS_U64), INET(local_address, address), INET(local_port, PS_U64),            \
        INET(remote_address, address), INET(remote_port, PS_U64), INET(interface, PS_U64), INET(timer, PS_U64),        \
        INET(retrans, PS_U64), INET(expires_ms, PS_U64), INET(rqueue, PS_U64), INET(wqueue, PS_U64),                   \
        INET(uid, PS_U64), INET(inode, PS_U64)

static const struct ps_field inet4[] = {INET_FIELDS(PS_IP4)};
static const struct ps_field inet6[] = {INET_FIELDS(PS_IP6)};
static const struct ps_field local[] = {
    UNIX(type, PS_NAME), UNIX(type_code, PS_U64), UNIX(state, PS_NAME), UNIX(state_code, PS_U64), UNIX(inode, PS_U64),
    UNIX(peer, PS_U64), UNIX(name, PS_BYTES), UNIX(file_inode, PS_U64), UNIX(file_dev, PS_U64), UNIX(rqueue, PS_U64),
    UNIX(wqueue, PS_U64), UNIX(uid, PS_U64),
};

/* include/net/tcp_states.h; unix sockets borrow ESTABLISHED, CLOSE (not connected) and LISTEN. */
static const char *const states[] = {
    NULL,    "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",    "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV", "BOUND_INACTIVE",
};
static const char *const types[] = {NULL, "STREAM", "DGRAM", "RAW", "RDM", "SEQPACKET"};

/* Callers have seen that so many bytes are there. */
static uint64_t number_at(struct ps_span s, size_t at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes; i > 0; i--)
        value = value << 8 | s.data[at + i - 1];
    return value;
}

static uint64_t port_at(struct ps_span s, size_t at)
{
    return (uint64_t) s.data[at] << 8 | s.data[at + 1];
}

static size_t padded(uint64_t length)
{
    return (size_t) ((length + 3) & ~UINT64_C(3));
}

/* The field at that place of the record, by its type. */
static void put(const struct ps_field *fields, size_t count, void *record, size_t offset, uint64_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].offset != offset)
            continue;
        memcpy(ps_field_slot(&fields[i], record), &value, sizeof value);
        ps_set_present(record, i);
    }
}

/* The name of a code, or the code itself; the two fields stand one behind the other. */
static void put_code(const struct ps_field *fields, size_t index, void *record, uint64_t code, const char *const *names,
                     size_t count)
{
    const char *name = code < count ? names[code] : NULL;
    if (name != NULL)
        memcpy(ps_field_slot(&fields[index], record), &name, sizeof name);
    else
        memcpy(ps_field_slot(&fields[index + 1], record), &code, sizeof code);
    ps_set_present(record, name != NULL ? index : index + 1);
}

static void put_address(const struct ps_field *fields, size_t index, void *record, struct ps_span body, size_t at)
{
    memcpy(ps_field_slot(&fields[index], record), body.data + at, fields[index].type == PS_IP6 ? 16 : 4);
    ps_set_present(record, index);
}

enum { COUNT_INET = sizeof inet4 / sizeof inet4[0], COUNT_UNIX = sizeof local / sizeof local[0] };
enum { STATE = 0, LOCAL_ADDRESS = 2, REMOTE_ADDRESS = 4 };

#define PUT_INET(member, value) put(fields, COUNT_INET, record, offsetof(struct ps_diag_inet, member), value)
#define PUT_UNIX(member, value) put(local, COUNT_UNIX, record, offsetof(struct ps_diag_unix, member), value)

static const char *read_inet(struct ps_span body, const struct ps_field *fields, void *record)
{
    uint8_t family = fields[LOCAL_ADDRESS].type == PS_IP6 ? FAMILY_INET6 : FAMILY_INET;
    if (body.len < INET_SIZE)
        return "shorter than a socket";
    if (body.data[0] != family)
        return "a socket of another family";
    put_code(fields, STATE, record, body.data[1], states, sizeof states / sizeof states[0]);
    PUT_INET(timer, body.data[2]);
    PUT_INET(retrans, body.data[3]);
    PUT_INET(local_port, port_at(body, 4));
    PUT_INET(remote_port, port_at(body, 6));
    put_address(fields, LOCAL_ADDRESS, record, body, 8);
    put_address(fields, REMOTE_ADDRESS, record, body, 24);
    PUT_INET(interface, number_at(body, 40, 4));
    PUT_INET(expires_ms, number_at(body, 52, 4));
    PUT_INET(rqueue, number_at(body, 56, 4));
    PUT_INET(wqueue, number_at(body, 60, 4));
    PUT_INET(uid, number_at(body, 64, 4));
    PUT_INET(inode, number_at(body, 68, 4));
    return NULL;
}

/* include/uapi/linux/unix_diag.h. What is too short for its type, or of no type we know, says nothing. */
static void read_attribute(uint64_t type, struct ps_span value, void *record)
{
    enum { NAME, FILE_OF, PEER, QUEUES = 4, OWNER = 7 };
    if (type == NAME) {
        struct ps_diag_unix *r = record;
        bool path = value.len > 1 && value.data[0] != 0 && value.data[value.len - 1] == 0;
        r->name = ps_span_of(value.data, value.len - path);
        for (size_t i = 0; i < COUNT_UNIX; i++) {
            if (local[i].offset == offsetof(struct ps_diag_unix, name))
                ps_set_present(record, i);
        }
    }
    if (type == PEER && value.len >= 4)
        PUT_UNIX(peer, number_at(value, 0, 4));
    if (type == OWNER && value.len >= 4)
        PUT_UNIX(uid, number_at(value, 0, 4));
    if (type == FILE_OF && value.len >= 8) {
        PUT_UNIX(file_inode, number_at(value, 0, 4));
        PUT_UNIX(file_dev, number_at(value, 4, 4));
    }
    if (type == QUEUES && value.len >= 8) {
        PUT_UNIX(rqueue, number_at(value, 0, 4));
        PUT_UNIX(wqueue, number_at(value, 4, 4));
    }
}

static const char *read_unix(struct ps_span body, const struct ps_field *fields, void *record)
{
    if (body.len < UNIX_SIZE)
        return "shorter than a socket";
    if (body.data[0] != FAMILY_UNIX)
        return "a socket of another family";
    put_code(fields, 0, record, body.data[1], types, sizeof types / sizeof types[0]);
    put_code(fields, 2, record, body.data[2], states, sizeof states / sizeof states[0]);
    PUT_UNIX(inode, number_at(body, 4, 4));
    for (size_t at = UNIX_SIZE; body.len - at >= ATTRIBUTE_HEAD;) {
        uint64_t length = number_at(body, at, 2), type = number_at(body, at + 2, 2);
        if (length < ATTRIBUTE_HEAD || length > body.len - at)
            return "an attribute that is longer than its message";
        read_attribute(type, ps_span_of(body.data + at + ATTRIBUTE_HEAD, (size_t) length - ATTRIBUTE_HEAD), record);
        at += padded(length) <= body.len - at ? padded(length) : body.len - at;
    }
    return NULL;
}

typedef const char *body_reader(struct ps_span body, const struct ps_field *fields, void *record);

/* One message; the cursor ends behind it and its padding. */
static bool take_message(struct ps_cursor *in, uint64_t *type, struct ps_span *body)
{
    struct ps_span message;
    if (ps_cursor_left(in) < MESSAGE_HEAD)
        return false;
    struct ps_span rest = ps_cursor_rest(in);
    uint64_t length = number_at(rest, 0, 4);
    if (length < MESSAGE_HEAD || length > rest.len)
        return false;
    *type = number_at(rest, 4, 2);
    size_t whole = padded(length) < rest.len ? padded(length) : rest.len;
    if (!ps_take_bytes(in, whole, &message))
        return false;
    *body = ps_span_of(message.data + MESSAGE_HEAD, (size_t) length - MESSAGE_HEAD);
    return true;
}

static enum ps_step next_socket(struct ps_cursor *in, void *record, struct ps_issue *issue,
                                const struct ps_field *fields, body_reader *read)
{
    while (!ps_cursor_done(in)) {
        uint64_t type = 0;
        struct ps_span body;
        size_t start = in->at;
        if (!take_message(in, &type, &body)) {
            ps_skip_rest(in);
            return ps_bad(issue, start, "the messages do not end as a dump does");
        }
        if (type == TYPE_DONE)
            continue;
        if (type == TYPE_ERROR)
            return ps_bad(issue, start, "the kernel ended the dump with an error");
        const char *why = type == TYPE_SOCKET ? read(body, fields, record) : "a message of another type";
        if (why != NULL)
            return ps_bad(issue, start, why);
        /* Nothing behind it, not even the end: the last byte is left for the next step to complain of. */
        if (ps_cursor_done(in))
            in->at--;
        return PS_STEP_RECORD;
    }
    return PS_STEP_END;
}

static enum ps_step next_inet4(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return next_socket(in, record, issue, inet4, read_inet);
}

static enum ps_step next_inet6(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return next_socket(in, record, issue, inet6, read_inet);
}

static enum ps_step next_unix(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return next_socket(in, record, issue, local, read_unix);
}

#define TABLE(kind_, record_, fields_, next_)                                                                          \
    {                                                                                                                  \
        .kind = kind_, .record_size = sizeof(struct record_), .fields = fields_,                                       \
        .field_count = sizeof fields_ / sizeof fields_[0], .next = next_                                               \
    }

const struct ps_parser ps_parser_sock_diag_tcp = TABLE("sock_diag_tcp", ps_diag_inet, inet4, next_inet4);
const struct ps_parser ps_parser_sock_diag_tcp6 = TABLE("sock_diag_tcp6", ps_diag_inet, inet6, next_inet6);
const struct ps_parser ps_parser_sock_diag_udp = TABLE("sock_diag_udp", ps_diag_inet, inet4, next_inet4);
const struct ps_parser ps_parser_sock_diag_udp6 = TABLE("sock_diag_udp6", ps_diag_inet, inet6, next_inet6);
const struct ps_parser ps_parser_sock_diag_unix = TABLE("sock_diag_unix", ps_diag_unix, local, next_unix);
