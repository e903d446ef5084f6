/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/journal_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/journal_read_state.h"

static bool say(const char **why, const char *what)
{
    *why = what;
    return false;
}

static bool read_reader(const cJSON *tree, struct ps_line *line)
{
    const char *reader = ps_json_string(ps_json_get(tree, "reader"));
    return reader != NULL && ps_reader_named(ps_span_text(reader), &line->reader);
}

static bool read_life(const cJSON *tree, struct ps_line *line)
{
    char with_start[40], alone[16];
    line->life = ps_json_string(ps_json_get(tree, "life"));
    if (!ps_json_number32(ps_json_get(tree, "pid"), &line->pid) ||
        !ps_json_number(ps_json_get(tree, "start"), &line->start) || line->life == NULL || !read_reader(tree, line) ||
        line->reader == PS_PROBER)
        return false;
    (void) snprintf(alone, sizeof alone, "%u", line->pid);
    (void) snprintf(with_start, sizeof with_start, "%u+%llu", line->pid, (unsigned long long) line->start);
    return strcmp(line->life, alone) == 0 || strcmp(line->life, with_start) == 0;
}

static bool read_identity(const cJSON *tree, struct ps_line_end *end)
{
    const char *text = ps_json_string(ps_json_get(tree, "identity"));
    const cJSON *changed = ps_json_get(tree, "changed");
    int identity = PS_SAME;
    while (text != NULL && identity <= PS_UNVERIFIED &&
           strcmp(text, ps_identity_name((enum ps_identity) identity)) != 0)
        identity++;
    if (text == NULL || identity > PS_UNVERIFIED)
        return false;
    end->identity = (enum ps_identity) identity;
    if (end->identity != PS_CHANGED)
        return changed == NULL;
    if (!cJSON_IsArray(changed))
        return false;
    for (const cJSON *item = changed->child; item != NULL; item = item->next) {
        const char *what = ps_json_string(item);
        bool comm = what != NULL && strcmp(what, "comm") == 0, image = what != NULL && strcmp(what, "image") == 0;
        if (!comm && !image)
            return false;
        end->comm_changed |= comm;
        end->image_changed |= image;
    }
    return true;
}

/* The thread that a process was read through, where the line names one. */
static bool read_via(const cJSON *tree, struct ps_line_end *end)
{
    const cJSON *via = ps_json_get(tree, "via");
    return via == NULL || (ps_json_number32(via, &end->via) && end->via > 0);
}

static bool read_scope(const cJSON *value, enum ps_line_scope *out)
{
    static const char *const names[] = {
        [PS_LINE_PROCESS] = "process",
        [PS_LINE_GLOBAL] = "global",
        [PS_LINE_OPENING] = "opening",
        [PS_LINE_CLOSING] = "closing",
        [PS_LINE_FACTS] = "facts",
        [PS_LINE_CONTENT] = "content",
    };
    const char *text = ps_json_string(value);
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum ps_line_scope) i;
            return true;
        }
    }
    return false;
}

/* True when the object has no other keys than these. */
static bool has_only(const cJSON *object, const char *const *keys)
{
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        size_t i = 0;
        while (keys[i] != NULL && strcmp(keys[i], item->string) != 0)
            i++;
        if (keys[i] == NULL)
            return false;
    }
    return true;
}

static bool read_phase(const cJSON *tree, struct ps_journal_line *out, const char **why)
{
    static const char *const keys[] = {"phase", "us", "processes", NULL};
    const cJSON *processes = ps_json_get(tree, "processes");
    out->is_phase = true;
    out->phase.name = ps_json_string(ps_json_get(tree, "phase"));
    if (out->phase.name == NULL || !has_only(tree, keys) || !ps_json_number(ps_json_get(tree, "us"), &out->phase.us))
        return say(why, "a phase line without its name or time, or with more than these");
    if (processes != NULL && !ps_json_number(processes, &out->phase.processes))
        return say(why, "the processes of a phase line are no number");
    return true;
}

static bool read_line(const cJSON *tree, struct ps_journal_line *out, struct ps_journal_owned *o, const char **why)
{
    static const char *const keys[] = {"scope",    "pid",     "start", "life",  "reader", "us", "took",
                                       "identity", "changed", "via",   "more",  "packs",  "c",  NULL};
    const cJSON *packs = ps_json_get(tree, "packs"), *captures = ps_json_get(tree, "c");
    const cJSON *more = ps_json_get(tree, "more");
    if (!cJSON_IsArray(packs) || !cJSON_IsArray(captures) || !has_only(tree, keys))
        return say(why, "a line without \"packs\" or \"c\", or with a key that lines do not have");
    if (!read_scope(ps_json_get(tree, "scope"), &out->line.scope))
        return say(why, "a line without its scope");
    if (!ps_json_number(ps_json_get(tree, "us"), &out->line.us) ||
        !ps_json_number(ps_json_get(tree, "took"), &out->end.took_us) || (more != NULL && !cJSON_IsTrue(more)))
        return say(why, "\"us\", \"took\" or \"more\" of a line is not what it must be");
    out->end.more = more != NULL;
    bool process = ps_line_of_life(out->line.scope), facts = out->line.scope == PS_LINE_FACTS;
    if (process && (!read_life(tree, &out->line) || !read_identity(tree, &out->end) || !read_via(tree, &out->end)))
        return say(why, "a line of a process does not say which one, who read it and what became of it");
    if (facts ? !read_reader(tree, &out->line) : !process && ps_json_get(tree, "reader"))
        return say(why, "a line that does not say who read it, or says it and must not");
    if (!process && (ps_json_get(tree, "pid") || ps_json_get(tree, "start") || ps_json_get(tree, "life") ||
                     ps_json_get(tree, "identity") || ps_json_get(tree, "changed") || ps_json_get(tree, "via")))
        return say(why, "a line of no process that names one");
    if (out->line.scope == PS_LINE_CONTENT && out->line.reader != PS_MEMORY)
        return say(why, "a line of content that another reader than the memory reader made");
    return ps_journal_read_captures(packs, captures, out, o, why);
}

bool ps_journal_read(struct ps_json_check *check, struct ps_span text, struct ps_journal_line *out, const char **why)
{
    struct ps_json_flaw flaw;
    *out = (struct ps_journal_line){0};
    if (text.len > PS_JSON_LINE_MAX)
        return say(why, "a line of more than 1 MiB");
    struct ps_journal_owned *o = calloc(1, sizeof *o);
    if (o == NULL)
        return say(why, ps_no_memory);
    out->owned = o;
    o->tree = ps_json_parse(check, text, &flaw);
    bool fine = o->tree != NULL || say(why, flaw.why);
    if (fine && !cJSON_IsObject(o->tree))
        fine = say(why, "a line that is no object");
    if (fine)
        fine = ps_json_get(o->tree, "phase") != NULL ? read_phase(o->tree, out, why) : read_line(o->tree, out, o, why);
    if (!fine)
        ps_journal_line_done(out);
    return fine;
}

void ps_journal_line_done(struct ps_journal_line *line)
{
    struct ps_journal_owned *o = line->owned;
    if (o != NULL) {
        cJSON_Delete(o->tree);
        free(o->packs);
        free(o->captures);
        free(o->entries);
        free(o->lost);
        free(o->facts);
        free(o->dumps);
        ps_buffer_done(&o->paths);
        free(o);
    }
    *line = (struct ps_journal_line){0};
}
