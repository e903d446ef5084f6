/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files that are no process's own become: rows of tables, joined over their parts, and settings by name.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/buffer.h"
#include "formats/records.h"

struct run {
    struct ps_records *records;
    struct ps_buffer text; /* of all kinds, each line behind the others */
};

static bool keep(void *context, const char *kind, unsigned part, struct ps_span text)
{
    struct ps_buffer *out = context;
    (void) kind;
    (void) part;
    ps_buffer_add_span(out, text);
    return true;
}

static void begin(struct run *r, enum ps_line_scope scope)
{
    static const struct ps_records_facts facts = {.bundle = "b", .clk_tck = 100, .net_namespace = 7, .boot_id = "x"};
    struct ps_line line = {.scope = scope, .reader = PS_QUIET, .us = 1, .pid = 1, .start = 5, .life = "1"};
    r->text = (struct ps_buffer){0};
    r->records = ps_records_new(&facts, keep, &r->text);
    cr_assert(r->records != NULL);
    ps_records_line(r->records, &line);
}

static void entry(struct run *r, const char *path, enum ps_scope scope, const char *name, struct ps_span bytes)
{
    char member[80];
    snprintf(member, sizeof member, "data/proc/%s", name);
    struct ps_entry e = {ps_catalog_path(ps_span_text(path), scope), ps_span_text(name), bytes, member, 3};
    cr_assert(e.row != NULL, "%s", path);
    ps_records_entry(r->records, PS_QUIET, &e);
}

/* Ends the line and the run; NUL-ended. */
static const char *finish(struct run *r)
{
    struct ps_line_end end = {.identity = PS_SAME};
    ps_records_line_end(r->records, PS_QUIET, &end);
    cr_assert(ps_records_finish(r->records));
    ps_records_free(r->records);
    ps_buffer_add_byte(&r->text, 0);
    return (const char *) r->text.data;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

Test(record_net, a_row_that_two_parts_share_is_one_row)
{
    struct run r;
    begin(&r, PS_LINE_GLOBAL);
    entry(&r, "net/igmp6", PS_PER_NETNS, "net/igmp6", ps_span_text("4    eth0            ff0200000000000000"));
    entry(&r, "net/igmp6", PS_PER_NETNS, "net/igmp6.part-0002", ps_span_text("00000000000001     1 0000000C 0\n"));
    entry(&r, "net/if_inet6", PS_PER_NETNS, "net/if_inet6",
          ps_span_text("fd000000000000000000000000000002 04 40 00 82     eth0\n"));
    const char *text = finish(&r);
    cr_expect(count(text, "\n") == 2, "%s", text);
    cr_expect(strstr(text, "\"source\":[\"data/proc/net/igmp6\"],\"read_us\":3,\"net_namespace\":7,\"net_igmp6\":{"
                           "\"ifindex\":4,\"device\":\"eth0\",\"group\":\"ff02::1\"") != NULL,
              "%s", text);
    cr_expect(count(text, "\"dataset\":\"procsnap.net\"") == 2, "%s", text);
    ps_buffer_done(&r.text);
}

Test(record_net, rows_that_cannot_be_read_are_told)
{
    struct run r;
    begin(&r, PS_LINE_PROCESS);
    entry(&r, "net/snmp6", PS_PER_NETNS, "net/snmp6", ps_span_text("Ip6InReceives x\nIp6InDelivers 2\n"));
    const char *text = finish(&r);
    cr_expect(count(text, "\"net_snmp6\":{\"counter\":\"Ip6InDelivers\",\"value\":2}") == 1, "%s", text);
    cr_expect(count(text, "\"gap\":{\"outcome\":\"malformed\"") == 1, "%s", text);
    ps_buffer_done(&r.text);
}

Test(record_net, a_table_beyond_the_limit_is_told_once)
{
    enum { ROWS = 3, ROW = 1 << 20, PART = ROWS * ROW };
    struct run r;
    char *part = malloc(PART);
    cr_assert(part != NULL);
    memset(part, 'x', PART);
    for (size_t i = ROW; i <= PART; i += ROW)
        memcpy(part + i - 3, " 2\n", 3);
    begin(&r, PS_LINE_GLOBAL);
    entry(&r, "net/snmp6", PS_PER_NETNS, "net/snmp6", ps_span_of(part, PART));
    for (int i = 0; i < 3; i++)
        entry(&r, "net/snmp6", PS_PER_NETNS, "net/snmp6.part", ps_span_of(part, PART));
    const char *text = finish(&r);
    cr_expect(count(text, "more text than records of one table are made of") == 1);
    cr_expect(count(text, "the record would be longer than 1 MiB") == 2 * ROWS);
    ps_buffer_done(&r.text);
    free(part);
}

Test(record_net, a_raw_socket_has_an_address_and_no_port)
{
    struct run r;
    begin(&r, PS_LINE_GLOBAL);
    entry(&r, "net/raw", PS_PER_NETNS, "net/raw",
          ps_span_text(" 227: 0100007F:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 61 2 0 0\n"));
    const char *text = finish(&r);
    cr_expect(strstr(text, "\"source\":{\"ip\":\"127.0.0.1\"}") != NULL, "%s", text);
    cr_expect(strstr(text, "\"network\":{\"transport\":\"raw\",\"type\":\"ipv4\"}") != NULL, "%s", text);
    cr_expect(strstr(text, "\"protocol\":1") != NULL && strstr(text, "\"owner_absent\":\"not in view\"") != NULL, "%s",
              text);
    ps_buffer_done(&r.text);
}

Test(record_system, a_setting_has_its_name)
{
    struct run r;
    begin(&r, PS_LINE_GLOBAL);
    entry(&r, "sys/{}", PS_PER_HOST, "sys/kernel.sem", ps_span_text("250\t32000\t32\t128\n"));
    const char *text = finish(&r);
    cr_expect(strstr(text, "\"source\":[\"data/proc/sys/kernel.sem\"],\"read_us\":3,"
                           "\"sysctl\":{\"name\":\"kernel.sem\",\"value\":\"250\\t32000\\t32\\t128\"}") != NULL,
              "%s", text);
    ps_buffer_done(&r.text);
}
