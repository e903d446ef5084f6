/* SPDX-License-Identifier: Apache-2.0
 *
 * Do the catalog, the kinds and the samples agree?
 */
#include "parsers/catalog.h"

#include <criterion/criterion.h>

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "tests/samples.h"

#define EACH_ROW(row)                                                                                                  \
    const struct ps_row *row = ps_catalog;                                                                             \
    row < ps_catalog + ps_catalog_count;                                                                               \
    row++

Test(catalog, kinds_are_unique_and_found)
{
    for (EACH_ROW(row))
        cr_assert(ps_catalog_kind(ps_span_text(row->parser->kind)) == row, "%s", row->parser->kind);
    cr_assert(ps_catalog_kind(ps_span_text("pid_sta")) == NULL);
    cr_assert(ps_catalog_kind(ps_span_of(NULL, 0)) == NULL);
}

Test(catalog, paths_are_unique_in_their_scope_and_found)
{
    for (EACH_ROW(row))
        cr_assert(ps_catalog_path(ps_span_text(row->path), row->scope) == row, "%s", row->path);
    cr_assert(ps_catalog_path(ps_span_text("stat"), PS_PER_NETNS) == NULL);
}

static bool entry_is(const char *kind, const char *name, const char *expected)
{
    struct ps_span entry;
    bool found = ps_row_entry(ps_catalog_kind(ps_span_text(kind)), ps_span_text(name), &entry);
    return expected == NULL ? !found : found && ps_span_is(entry, expected);
}

Test(catalog, the_entry_of_a_family_stands_where_the_braces_are)
{
    cr_assert(entry_is("pid_fd", "fd/12", "12"));
    cr_assert(entry_is("task_stat", "task/12/stat", "12"));
    cr_assert(entry_is("task_stat", "task/x/y/stat", "x/y"), "whether that is an entry is for others to say");
    static const char *const others[] = {"task/12/status", "task//stat", "task/stat", "tasks12/stat", "", "fd/12"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert(entry_is("task_stat", others[i], NULL), "%s", others[i]);
    cr_assert(entry_is("pid_fd", "fd/", NULL));
    cr_assert(entry_is("pid_stat", "stat", NULL));
}

Test(catalog, only_braces_make_a_family)
{
    for (EACH_ROW(row))
        cr_assert(ps_row_is_family(row) == (strstr(row->path, "{}") != NULL), "%s", row->path);
    cr_assert(ps_row_is_family(ps_catalog_kind(ps_span_text("pid_fd"))));
}

Test(catalog, every_row_says_what_it_tells)
{
    for (EACH_ROW(row))
        cr_assert(row->tells != NULL && row->tells[0] != 0, "%s", row->parser->kind);
}

/* Fields lie in the record, behind the word of present bits, and their names go into JSON as they are. */
Test(catalog, fields_fit_their_record)
{
    for (EACH_ROW(row)) {
        const struct ps_parser *p = row->parser;
        if (p->next == NULL)
            continue;
        cr_assert(p->field_count > 0 && p->field_count <= PS_FIELDS_MAX, "%s", p->kind);
        cr_assert(p->record_size <= PS_RECORD_MAX, "%s", p->kind);
        for (size_t i = 0; i < p->field_count; i++) {
            const struct ps_field *f = &p->fields[i];
            cr_assert(f->offset >= sizeof(uint64_t) && f->offset < p->record_size, "%s.%s", p->kind, f->name);
            cr_assert(f->name[strspn(f->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_()")] == 0,
                      "%s.%s", p->kind, f->name);
            for (size_t other = 0; other < i; other++)
                cr_assert(strcmp(f->name, p->fields[other].name) != 0 && f->offset != p->fields[other].offset, "%s.%s",
                          p->kind, f->name);
        }
    }
}

Test(catalog, network_and_mounts_come_behind_the_namespaces)
{
    const struct ps_row *ns = ps_catalog_kind(ps_span_text("pid_ns"));

    for (EACH_ROW(row))
        if (row->scope == PS_PER_NETNS || row->scope == PS_PER_MNTNS)
            cr_assert(row > ns && row->profile >= ns->profile, "%s", row->parser->kind);
}

Test(catalog, only_environ_is_secret)
{
    for (EACH_ROW(row))
        cr_assert(row->secret == ps_span_is(ps_span_text(row->path), "environ"), "%s", row->path);
}

Test(catalog, each_kind_has_a_plain_sample)
{
    for (EACH_ROW(row)) {
        char pattern[200];
        glob_t found = {0};
        snprintf(pattern, sizeof pattern, "samples/%s/*.raw", row->parser->kind);
        cr_assert(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0, "%s: no such file", pattern);
        globfree(&found);
    }
}

Test(catalog, each_expectation_has_its_sample)
{
    glob_t found = {0};

    cr_assert(glob("samples/*/*.jsonl", 0, NULL, &found) == 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char raw[300];
        snprintf(raw, sizeof raw, "%.*s.raw", (int) (strlen(found.gl_pathv[i]) - strlen(".jsonl")), found.gl_pathv[i]);
        struct ps_buffer bytes = {0};
        cr_assert(ps_sample_row(raw) != NULL && ps_sample_read(raw, &bytes), "%s stands alone", found.gl_pathv[i]);
        ps_buffer_done(&bytes);
    }
    globfree(&found);
}
