/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operator asked of `collect`.
 */
#ifndef PS_OPTIONS_H
#define PS_OPTIONS_H

#include "collector/arguments.h"
#include "formats/age_key.h"
#include "formats/error.h"
#include "parsers/catalog.h"

enum { PS_PIDS_MAX = 256 };

struct ps_own_secrets;

struct ps_case {
    const char *id, *examiner, *evidence_id, *reason, *authority, *case_officer; /* NULL: not stated */
};

/* Whose changed files are listed and kept: nobody's, those of containers, or those of the bare machine too. */
enum ps_files { PS_FILES_BY_PROFILE, PS_FILES_NONE, PS_FILES_DRIFT, PS_FILES_ALL };

/* Whose memory is dumped. */
enum ps_memory { PS_MEMORY_NONE, PS_MEMORY_PIDS, PS_MEMORY_SUSPECTS, PS_MEMORY_ALL };

struct ps_pids {
    uint32_t pids[PS_PIDS_MAX];
    size_t count;
};

struct ps_chain_link;
struct ps_sightings;
struct ps_known_objects;

/* Texts are borrowed from argv. */
struct ps_options {
    const char *dest;   /* FILE, DIR/, - or what `remote` leads to */
    bool remote;        /* DEST is reached over the network: the bundle goes into hold_fd, and is delivered from there */
    int hold_fd;        /* set by the command, -1 */
    const char *procfs; /* default /proc */
    enum ps_profile profile;
    uint32_t pids[PS_PIDS_MAX];
    size_t pid_count;     /* 0: every process */
    enum ps_files files;  /* default by profile: none for card, drift for the others */
    bool recover;         /* default true: keep content that dies with the task, or is not from the image */
    enum ps_memory memory; /* default none */
    struct ps_pids memory_pids;
    bool plaintext;       /* secrets may go into a bundle that is not encrypted */
    bool redact_environ;  /* default true, but false when only recipients can read the bundle */
    bool redact_said;     /* the command line has named one of the two */
    struct ps_age_recipients encrypt_to; /* none: not encrypted */
    const char *sign_key; /* file, or NULL */
    int sign_key_fd;      /* -1: none; neither: an ephemeral key */
    struct ps_case who;
    const struct ps_own_secrets *own_secrets; /* set by the command: never stored; NULL: none */
    const struct ps_chain_link *chain; /* NULL: one snapshot alone; watch sets it. Else sign_key is not looked at */
    const char *asked_by; /* who asked watch for this snapshot; NULL: nobody */
    struct ps_sightings *sightings; /* shared memory to note who was there; NULL: nobody asks */
    const struct ps_known_objects *known; /* contents that are not stored again; NULL: none */
    uint32_t read_timeout_ms; /* no progress for that long; default 500 */
    uint32_t deadline_ms;     /* start of sealing; default 120000 */
    int compress;             /* zlib level, default 1 */
    bool json, quiet;
};

/* The defaults of every option that `collect --help` names. */
struct ps_options ps_options_default(void);
/* The options for --help, PS_OPTION_COUNT of them. */
enum { PS_OPTION_COUNT = 22, PS_MORE_OPTIONS = 40 };
void ps_options_flags(struct ps_flag *out);
/* argv[0] is the word `collect`. `more` are options of the command that are not a snapshot's own (NULL: none); `is_remote`
 * tells which DEST is one to deliver to (NULL: none is). False with *err: the command line alone is wrong (exit status 2). */
PS_MUST_CHECK bool ps_options_parse(int argc, char **argv, const struct ps_option_group *more,
                                    bool (*is_remote)(const char *dest), struct ps_options *out, struct ps_error *err);
/* The value of --name: a whole number and its unit, 500ms, 120s, 2m, 1h; not 0, at most `most_ms`. */
PS_MUST_CHECK bool ps_options_time(const char *name, const char *value, uint64_t most_ms, uint32_t *out,
                                   struct ps_error *err);

#endif
