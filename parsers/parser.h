/* SPDX-License-Identifier: Apache-2.0
 *
 * The vocabulary of a parser: what a field is, what a step can end in, what a kind is made of. A parser takes bytes
 * and gives records; it opens nothing, allocates nothing, keeps nothing, and depends on no fact of the machine. A
 * record's spans point into the input and die with it.
 */
#ifndef PS_PARSER_H
#define PS_PARSER_H

#include "parsers/cursor.h"

/* How a field lies in the record, and so how it is written. */
enum ps_type {
    PS_U64,       /* uint64_t                                                    -> number                          */
    PS_I64,       /* int64_t                                                     -> number                          */
    PS_HEX64,     /* uint64_t                                                    -> "0x..." string                  */
    PS_OCT64,     /* uint64_t                                                    -> "0..." octal string             */
    PS_CHAR,      /* uint8_t                                                     -> string of one byte              */
    PS_BYTES,     /* struct ps_span                                              -> string                          */
    PS_ESCAPED,   /* struct ps_span holding \ooo escapes                         -> string of the unescaped bytes   */
    PS_NAME,      /* const char *, static text chosen by the parser              -> string                          */
    PS_U64_LIST,  /* struct ps_span of blank or tab separated decimal numbers, validated -> array of numbers; a
                     parser that lets them may have negative ones among them */
    PS_WORD_LIST, /* struct ps_span of blank separated words                     -> array of strings                */
    PS_NUL_LIST,  /* struct ps_span of strings each ended by NUL (the last may lack it)  -> array of strings         */
    PS_LINE_LIST, /* struct ps_span of lines                                     -> array of strings                */
    PS_IP4,       /* uint8_t[16], the first 4 in network order                   -> "192.0.2.1"                     */
    PS_IP6,       /* uint8_t[16], network order                                  -> "2001:db8::1" (RFC 5952)        */
};

struct ps_field {
    const char *name; /* the kernel's own name */
    enum ps_type type;
    uint32_t offset; /* into the record */
};

/* A row of a field table, for a field that is named as its member. */
/* clang-format off */
#define PS_FIELD(record, member, type) {#member, type, offsetof(record, member)}
/* clang-format on */

enum { PS_FIELDS_MAX = 64 }; /* one bit each in the record's `present` */

/* What is wrong with a row: static text, and the byte offset in the input where it was noticed. */
struct ps_issue {
    const char *why;
    size_t at;
};

enum ps_step {
    PS_STEP_END,    /* nothing left */
    PS_STEP_RECORD, /* *record is filled in */
    PS_STEP_BAD,    /* *issue is filled in; the cursor stands behind what could not be read */
};

/* Every record begins with this word: bit i is set when fields[i] was in the input. An absent field is not a zero. */
struct ps_record {
    uint64_t present;
};

struct ps_parser {
    const char *kind;   /* "pid_stat": the file stem, the samples/ folder, the JSON "kind" */
    size_t record_size; /* at most PS_RECORD_MAX */
    const struct ps_field *fields;
    size_t field_count;
    bool single; /* the whole file is one record */
    /* One step: fills *record (zeroed by the caller) or *issue. Each step that is not END moves the cursor. NULL for
     * a kind that is only kept raw so far. */
    enum ps_step (*next)(struct ps_cursor *in, void *record, struct ps_issue *issue);
};

enum { PS_RECORD_MAX = 1536 };

/* Room for the record of any kind, suitably aligned. */
union ps_any_record {
    struct ps_record head;
    uint64_t align[PS_RECORD_MAX / 8];
};

/* Fills *issue and returns PS_STEP_BAD, so that a parser can end with `return ps_bad(...)`. */
enum ps_step ps_bad(struct ps_issue *issue, size_t at, const char *why);

/* Was the field at that offset in the input? ps_record_has(&ps_parser_pid_stat, &stat, offsetof(struct ps_pid_stat,
 * starttime)) */
bool ps_record_has(const struct ps_parser *parser, const void *record, size_t offset);

/* For parsers, and for whoever walks a field table: where a field lies in a record. */
void *ps_field_slot(const struct ps_field *field, void *record);
const void *ps_field_value(const struct ps_field *field, const void *record);
void ps_set_present(void *record, size_t index);
/* Takes a number written as the type of fields[index] says (PS_U64, PS_I64, PS_HEX64, PS_OCT64) into the record and
 * sets its bit; false, nothing moved and nothing set, when there is none or it does not fit. */
PS_MUST_CHECK bool ps_take_number(struct ps_cursor *in, const struct ps_field *fields, size_t index, void *record);
void ps_put_span(const struct ps_field *fields, size_t index, void *record, struct ps_span value);

#endif
