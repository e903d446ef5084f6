/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/socket_index.h"

#include <stdlib.h>

#include "analysis/show_text.h"

static int order_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_inode(const void *left, const void *right)
{
    const struct ps_socket_row *const *a = left, *const *b = right;

    return order_u64((*a)->inode, (*b)->inode);
}

static int compare_ends(const void *left, const void *right)
{
    const struct ps_socket_row *const *a = left, *const *b = right;
    int order = ps_show_order((*a)->transport, (*b)->transport);

    if (order == 0)
        order = order_u64((*a)->port, (*b)->port);
    if (order == 0)
        order = order_u64((*a)->remote_port, (*b)->remote_port);
    if (order == 0)
        order = ps_show_order((*a)->address, (*b)->address);
    return order != 0 ? order : ps_show_order((*a)->remote, (*b)->remote);
}

/* Inodes are unique for the machine; without one, the ends tell within their namespace. */
static int compare_socket(const void *left, const void *right)
{
    const struct ps_socket_row *const *a = left, *const *b = right;
    int order = compare_inode(a, b);

    if (order == 0 && (*a)->inode == 0)
        order = compare_ends(a, b);
    if (order == 0 && (*a)->inode == 0)
        order = order_u64((*a)->net_namespace, (*b)->net_namespace);
    return order;
}

static int compare_place(const void *left, const void *right)
{
    const struct ps_socket_row *const *a = left, *const *b = right;
    int order = compare_socket(a, b);

    return order != 0 ? order : *a < *b ? -1 : *a > *b;
}

bool ps_sockets_mark(struct ps_snapshot *s)
{
    struct ps_socket_row **rows = malloc((s->socket_count + 1) * sizeof *rows);

    if (rows == NULL)
        return false;
    for (size_t i = 0; i < s->socket_count; i++)
        rows[i] = &s->sockets[i];
    if (s->socket_count > 1)
        qsort(rows, s->socket_count, sizeof *rows, compare_place);
    for (size_t i = 1; i < s->socket_count; i++)
        rows[i]->again = compare_socket(&rows[i - 1], &rows[i]) == 0;
    free(rows);
    return true;
}

bool ps_socket_index_make(const struct ps_snapshot *s, struct ps_socket_index *out)
{
    *out = (struct ps_socket_index){0};
    out->by_inode = malloc((s->socket_count + 1) * sizeof(const struct ps_socket_row *));
    out->by_ends = malloc((s->socket_count + 1) * sizeof(const struct ps_socket_row *));
    if (out->by_inode == NULL || out->by_ends == NULL)
        return false;
    out->count = s->socket_count;
    for (size_t i = 0; i < out->count; i++)
        out->by_inode[i] = out->by_ends[i] = &s->sockets[i];
    if (out->count > 1) {
        qsort(out->by_inode, out->count, sizeof *out->by_inode, compare_inode);
        qsort(out->by_ends, out->count, sizeof *out->by_ends, compare_ends);
    }
    return true;
}

static const struct ps_socket_row *find(const struct ps_socket_row *const *rows, size_t count,
                                        const struct ps_socket_row *wanted, int (*compare)(const void *, const void *))
{
    const struct ps_socket_row *const *at = NULL;

    if (count > 0)
        at = bsearch(&wanted, rows, count, sizeof *rows, compare);
    return at != NULL ? *at : NULL;
}

const struct ps_socket_row *ps_socket_by_inode(const struct ps_socket_index *index, uint64_t inode)
{
    struct ps_socket_row wanted = {.inode = inode};

    return inode != 0 ? find(index->by_inode, index->count, &wanted, compare_inode) : NULL;
}

const struct ps_socket_row *ps_socket_peer(const struct ps_socket_index *index, const struct ps_socket_row *row)
{
    struct ps_socket_row wanted = {
        .transport = row->transport,
        .address = row->remote,
        .remote = row->address,
        .port = row->remote_port,
        .remote_port = row->port,
    };

    if (row->remote_port == 0 || row->remote.len == 0)
        return NULL;
    return find(index->by_ends, index->count, &wanted, compare_ends);
}

void ps_socket_index_done(struct ps_socket_index *index)
{
    free(index->by_inode);
    free(index->by_ends);
    *index = (struct ps_socket_index){0};
}
