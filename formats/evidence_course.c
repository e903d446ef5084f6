/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/evidence_course.h"

#include <stdlib.h>
#include <string.h>

enum { START = 1, GLOBAL_END, OPENING_END, QUIET_END, MEMORY_END, CONTENT_END, CLOSING_END, PHASES };

/* As many as the roster of a collector holds, and their second lives. Known lives are at most half of the room. */
enum { LIVES_MAX = 1 << 20, LIVES_FIRST = 1 << 8 };
/* The bits of the two fields. */
enum { NAMED = 3, EXE = (1 << 30) - 1 };

struct ps_course_life {
    uint32_t pid;       /* 0: the place is free */
    uint32_t named : 2; /* 1: by its pid alone; 2: with its start; 3: both, which no run does */
    uint32_t exe : 30;  /* which file it runs: a hash of device and inode; 0: not known */
    uint64_t start;
};

static bool say(const char **why, const char *what)
{
    *why = what;
    return false;
}

void ps_course_done(struct ps_course *c)
{
    free(c->lives);
    *c = (struct ps_course){0};
}

/* ---- phases ---- */

bool ps_course_phase(struct ps_course *c, const struct ps_phase *phase, const char **why)
{
    static const char *const names[PHASES] = {"start",      "global-end",  "opening-end", "quiet-end",
                                              "memory-end", "content-end", "closing-end", "seal"};
    size_t at = c->phases;
    while (at < PHASES && strcmp(phase->name, names[at]) != 0)
        at++;
    if (at == PHASES || (c->phases == 0 && at != 0))
        return say(why, "a phase that is none, or comes twice or too late");
    /* A run that planned no content has no end of it. */
    bool no_content = c->phases == CONTENT_END - 1 && at == CLOSING_END - 1;
    c->left_out = c->left_out || (at > c->phases && !no_content);
    c->content_ended = c->content_ended || at == CONTENT_END - 1;
    c->phases = at + 1;
    return true;
}

bool ps_course_is_complete(const struct ps_course *c)
{
    return c->phases == PHASES && !c->left_out;
}

/* After which phase a line of that sort cannot come any more. An early end skips what is left of a phase that has not
 * been told, never one that has; but the processes that nobody came to are told up to `memory-end`. */
static size_t over_with(const struct ps_line *line)
{
    switch (line->scope) {
    case PS_LINE_GLOBAL:
        return GLOBAL_END;
    case PS_LINE_OPENING:
        return OPENING_END;
    case PS_LINE_FACTS:
        return line->reader == PS_PROBER ? OPENING_END : PHASES;
    case PS_LINE_PROCESS:
        return MEMORY_END;
    case PS_LINE_CONTENT:
        return CONTENT_END;
    case PS_LINE_CLOSING:
        return CLOSING_END;
    }
    return 0;
}

static bool in_time(const struct ps_course *c, const struct ps_line *line)
{
    return c->phases >= (line->scope == PS_LINE_CLOSING ? QUIET_END : START) && c->phases < over_with(line);
}

/* ---- lives ---- */

static struct ps_course_life *place_of(struct ps_course_life *lives, size_t room, uint32_t pid, uint64_t start)
{
    uint64_t at = (start ^ pid) * UINT64_C(0x9e3779b97f4a7c15);
    at ^= at >> 29;
    while (lives[at % room].pid != 0 && (lives[at % room].pid != pid || lives[at % room].start != start))
        at++;
    return &lives[at % room];
}

static bool make_room(struct ps_course *c)
{
    size_t room = c->life_room > 0 ? 2 * c->life_room : LIVES_FIRST;
    if (2 * c->life_count < c->life_room)
        return true;
    struct ps_course_life *grown = calloc(room, sizeof *grown);
    if (grown == NULL)
        return false;
    for (size_t i = 0; i < c->life_room; i++)
        if (c->lives[i].pid != 0)
            *place_of(grown, room, c->lives[i].pid, c->lives[i].start) = c->lives[i];
    free(c->lives);
    c->lives = grown;
    c->life_room = room;
    return true;
}

static uint32_t named(const struct ps_line *line)
{
    return strchr(line->life, '+') != NULL ? 2 : 1;
}

/* The executable of the line, as struct ps_course_life has it. */
static uint32_t exe_of(const struct ps_journal_line *line)
{
    const struct ps_file_facts *f = NULL;
    for (size_t i = 0; i < line->capture_count && f == NULL; i++)
        f = strcmp(line->captures[i].name, "exe") == 0 ? line->captures[i].facts : NULL;
    if (f == NULL)
        return 0;
    uint64_t hash = (((uint64_t) f->dev_major << 32 | f->dev_minor) ^ f->ino) * UINT64_C(0x9e3779b97f4a7c15);
    return ((uint32_t) (hash >> 34) | 1) & EXE;
}

/* The life of a process line has one name for both readers. */
static bool take_life(struct ps_course *c, const struct ps_line *line, uint32_t exe, const char **why)
{
    if (line->pid == 0)
        return say(why, "a process without a pid");
    if (!make_room(c))
        return say(why, ps_no_memory);
    struct ps_course_life *life = place_of(c->lives, c->life_room, line->pid, line->start);
    if (life->pid == 0) {
        if (c->life_count == LIVES_MAX)
            return say(why, "more processes than one machine has");
        c->life_count++;
    }
    *life = (struct ps_course_life){line->pid, (life->named | named(line)) & NAMED, life->exe, line->start};
    if (exe != 0)
        life->exe = exe & EXE;
    return life->named != 3 || say(why, "a life that has two names");
}

/* A program is content of those who ran it when they were read. */
static bool take_content(struct ps_course *c, const struct ps_journal_line *line, const char **why)
{
    const struct ps_line *head = &line->line;
    const struct ps_course_life *life =
        c->life_count > 0 ? place_of(c->lives, c->life_room, head->pid, head->start) : NULL;
    uint32_t exe = exe_of(line);
    c->content_told = true;
    if (life == NULL || life->named != named(head))
        return say(why, "content of a life that no line before it is about");
    return exe == 0 || life->exe == 0 || exe == life->exe || say(why, "the program of another life");
}

/* ---- captures ---- */

/* Each fact once, by whom the catalog says, in its order. */
static bool take_facts(struct ps_course *c, const struct ps_journal_line *line, const char **why)
{
    const struct ps_row *last = NULL;
    if (line->line.reader == PS_MEMORY || c->facts[line->line.reader])
        return say(why, "a second line of facts of the same reader, or one of a reader who brings none");
    c->facts[line->line.reader] = true;
    for (size_t i = 0; i < line->capture_count; i++) {
        const struct ps_row *row = line->captures[i].row;
        if (!ps_span_starts(ps_span_text(line->captures[i].name), "facts/"))
            return say(why, "a line of facts with what is no fact");
        if (row == NULL)
            continue;
        if (row->reader != line->line.reader)
            return say(why, "a fact that another reader brings");
        if (last != NULL && row <= last)
            return say(why, "a fact twice, or facts that are not in their order");
        last = row;
    }
    return true;
}

static bool take_process(struct ps_course *c, const struct ps_journal_line *line, const char **why)
{
    for (size_t i = 0; i < line->capture_count; i++) {
        const struct ps_row *row = line->captures[i].row;
        if (row != NULL && row->reader != line->line.reader)
            return say(why, "a file of a process that the other reader reads");
    }
    return take_life(c, &line->line, exe_of(line), why);
}

bool ps_course_line(struct ps_course *c, const struct ps_journal_line *line, const char **why)
{
    if (c->phases == 0)
        return say(why, "a line before the phase \"start\"");
    if (!in_time(c, &line->line))
        return say(why, "a line that comes before its time, or after the end of its phase");
    if (line->line.scope == PS_LINE_FACTS)
        return take_facts(c, line, why);
    if (line->line.scope == PS_LINE_PROCESS)
        return take_process(c, line, why);
    return line->line.scope != PS_LINE_CONTENT || take_content(c, line, why);
}
