/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/gap_reason.h"

/* What a gap is about: the same outcome has another reason for each. */
enum about {
    ANYTHING,
    FACT,    /* data/facts: asked for, not read below /proc */
    CONTENT, /* of files */
    DUMP,    /* of memory */
    THREADS,
    NETWORK, /* nothing but tables of a network namespace */
};

struct rule {
    const char *outcome;
    enum about about;
    const char *error, *why; /* NULL: any */
    struct ps_gap_reason reason;
};

/* The first that fits counts. */
static const struct rule rules[] = {
    {"timed_out", FACT, NULL, NULL,
     {.title = "Asked, and no answer in time",
      .because = "All facts together have two seconds; whoever was asked (the ECS agent behind the task metadata "
                 "endpoint, or the kernel for its sockets) did not answer by then.",
      .change = "a second snapshot; from a shell: curl $ECS_CONTAINER_METADATA_URI_V4/task"}},
    {"denied", FACT, NULL, NULL,
     {.title = "Asked, and refused",
      .because = "The metadata endpoint answered 401 or 403, or a seccomp profile keeps netlink sockets away.",
      .change = "nothing in the task definition; no capability is missing here"}},
    {"failed", FACT, NULL, NULL,
     {.title = "Asked, and no usable answer",
      .because = "What came is no answer by the rules (no HTTP, another status than 200), or nobody listens there. "
                 "What bytes came are in data/facts.",
      .change = "see what ECS_CONTAINER_METADATA_URI_V4 names: host.metadata_endpoint in data/meta.json"}},
    {"partial", FACT, NULL, NULL,
     {.title = "Answer broken off",
      .because = "The answer ended before its end. What came is in data/facts.",
      .change = "a second snapshot"}},
    {"skipped", FACT, NULL, NULL,
     {.title = "Not asked",
      .because = "The two seconds that all facts have were over, or the run was ended early.",
      .change = "a second snapshot"}},
    {"failed", CONTENT, "EOPNOTSUPP", NULL,
     {.title = "Content could not be opened",
      .because = "Content is opened by way of procsnap's own /proc/self/fd, and no /proc of its own was there.",
      .change = "mount proc at /proc where procsnap runs; --procfs alone does not give it"}},
    {"failed", CONTENT, "EXDEV", NULL,
     {.title = "Content behind another mount",
      .because = "On the way to that file lies a file system that a server answers for (FUSE, NFS) or one of the "
                 "kernel's own. procsnap enters none: it might wait for ever, or cause something.",
      .change = "copy that file by hand, where waiting does no harm"}},
    {"truncated", CONTENT, NULL, NULL,
     {.title = "Content cut at a limit",
      .because = "A limit of content was reached: of one file, of a drift list, or of time. What was read before is "
                 "hashed, and kept where it was to be kept.",
      .change = "--profile deep has larger limits; their values are in data/meta.json",
      .limits = true}},
    {"skipped", CONTENT, NULL, NULL,
     {.title = "Content not reached",
      .because = "The time for content was over, the memory of that process or the file system of that file had given no "
                 "answer, or the run was ended early.",
      .change = "--profile deep takes ten times as long for content; a longer --deadline",
      .limits = true}},
    {"partial", CONTENT, NULL, NULL,
     {.title = "Content changed while it was read",
      .because = "It was read once to be hashed and once to be kept, and was another file by then, or gave an error.",
      .change = "nothing: the hash beside it is that of the bytes that are kept"}},
    {"gone", CONTENT, NULL, NULL,
     {.title = "Ended before its files were opened",
      .because = "Content comes after all processes; no process that shows this file was left by then.",
      .change = "nothing now; --pid leaves less to read before it"}},
    {"timed_out", CONTENT, NULL, NULL,
     {.title = "Content gave no answer in time",
      .because = "The file system of that file made no progress for the read timeout.",
      .change = "a longer --read-timeout; look at what the process has mounted"}},
    {"truncated", DUMP, NULL, NULL,
     {.title = "Memory cut at a limit",
      .because = "The memory is larger than what is kept of one process, or of all. What tells most came first.",
      .change = "--memory with fewer PIDs; --profile deep has larger limits",
      .limits = true}},
    {"partial", DUMP, NULL, NULL,
     {.title = "Memory broken off",
      .because = "The process ended, or the run was ended, in the middle. The rest of the core file is zeros.",
      .change = "nothing for a process that ended; else a longer --deadline"}},
    {"skipped", DUMP, NULL, NULL,
     {.title = "Memory not taken",
      .because = "procsnap never dumps itself; of others: the room or the time for memory was used up, or an earlier "
                 "read of that process gave no answer.",
      .change = "--memory with fewer PIDs; a longer --deadline",
      .limits = true}},
    {"withheld", ANYTHING, NULL, "private key",
     {.title = "Private keys, hashed and not kept",
      .because = "The file holds a private key. Its hash, size and times are in the bundle.",
      .change = "nothing: take the file by hand where the case needs it"}},
    {"withheld", ANYTHING, NULL, "own credentials",
     {.title = "Credentials of procsnap, hashed and not kept",
      .because = "A key or token that procsnap delivers evidence with stands in the file. Its hash, size and times are "
                 "in the bundle.",
      .change = "nothing: take the file by hand where the case needs it, and give that key up"}},
    {"withheld", ANYTHING, NULL, "objects",
     {.title = "Hashed and not kept: too many contents",
      .because = "The bundle holds as many contents as it may.",
      .change = "--files none leaves the room to deleted files; --pid asks for less"}},
    {"covered", ANYTHING, NULL, NULL,
     {.title = "A process in another one's place",
      .because = "A mount over /proc/PID shows another process there. Somebody with CAP_SYS_ADMIN made it, to hide "
                 "the process that has this pid. What is below it was not taken for that process.",
      .change = "CAP_SYS_ADMIN lets procsnap mount a /proc of its own and look past it (ECS on EC2; Fargate gives it "
                "to nobody); or umount /proc/PID, and take a second snapshot"}},
    {"failed", ANYTHING, "EXDEV", NULL,
     {.title = "Something else is mounted there",
      .because = "A file system that is no proc lies over the directory of that process. Nothing below it was read: it "
                 "may be a trap, or only hide the process.",
      .change = "CAP_SYS_ADMIN lets procsnap mount a /proc of its own and look past it (ECS on EC2; Fargate gives it "
                "to nobody); or umount /proc/PID, and take a second snapshot"}},
    {"hidden", ANYTHING, NULL, NULL,
     {.title = "Hidden processes",
      .because = "The kernel knows this pid (pidfd_open), but neither a listing of /proc nor its name there does: "
                 "hidepid, or something that hides it.",
      .change = "look for it from the host where there is one (ECS on EC2; not Fargate), or in a /proc mounted without "
                "hidepid; found in neither, distrust the kernel"}},
    {"skipped", NETWORK, NULL, NULL,
     {.title = "More network namespaces than are read",
      .because = "Each one costs a walk through all sockets of the machine, hence a limit (net_namespaces in "
                 "data/meta.json); or the run was ended early.",
      .change = "--profile deep reads 4096 of them; --pid asks for those of single processes",
      .limits = true}},
    {"truncated", THREADS, NULL, NULL,
     {.title = "More threads than are read",
      .because = "The process has more threads than the limit, or makes them faster than they can be listed. The first "
                 "ones are in the bundle.",
      .change = "--profile deep reads 65,536 of each process",
      .limits = true}},
    {"failed", ANYTHING, "EINVAL", NULL,
     {.title = "Was ending",
      .because = "A process on its way out has given back what this file shows.",
      .change = "nothing now; --profile card or --pid reads sooner"}},
    {"timed_out", ANYTHING, NULL, NULL,
     {.title = "No answer in time",
      .because = "The kernel made no progress for the read timeout. Behind such a process is a file system that does "
                 "not answer (FUSE, NFS), or a lock that it holds, perhaps on purpose.",
      .change = "a longer --read-timeout; look at the state of the process and at what it has mounted"}},
    {"gone", ANYTHING, NULL, NULL,
     {.title = "Ended meanwhile",
      .because = "The process (or the descriptor) ended before it could be read. What was read before is in the "
                 "bundle.",
      .change = "nothing now; --profile card or --pid reads sooner"}},
    {"truncated", ANYTHING, NULL, NULL,
     {.title = "Cut at the limit",
      .because = "More bytes than one capture may hold. The bytes before the limit are in the bundle.",
      .change = "nothing in this version; the limits stand in data/meta.json",
      .limits = true}},
    {"partial", ANYTHING, NULL, NULL,
     {.title = "Broken off",
      .because = "The kernel gave an error after the first bytes, which are in the bundle.",
      .change = "a second snapshot, when the error was a passing one"}},
    {"failed", ANYTHING, NULL, NULL,
     {.title = "Failed",
      .because = "The kernel gave an error that is neither a refusal nor the end of the process.",
      .change = "see errno(3) for the name of the error"}},
    {"malformed", ANYTHING, NULL, NULL,
     {.title = "Not understood",
      .because = "A row is not what the kernel writes, or is newer than this procsnap. Its raw bytes are in the "
                 "bundle; no record was made of it.",
      .change = "a newer procsnap: verify --rederive makes the records again"}},
};

static const struct ps_gap_reason unknown = {
    .title = "Not read",
    .because = "The bundle names an outcome that this procsnap does not know.",
    .change = "a newer procsnap",
};

/* Refusals, what was not tried and what was not kept have reasons that depend on the run. */
static const struct ps_gap_reason denied_all_the_same = {
    .title = "Denied",
    .because = "The kernel refused although procsnap held CAP_SYS_PTRACE: the process is of another user namespace, a "
               "security module forbids it, or the file itself may not be read. The links in ns are refused as well "
               "when a process ends at that moment.",
    .change = "run in the user namespace of the process; no entry of the task definition helps",
};
static const struct ps_gap_reason denied_to_tracers = {
    .title = "Denied",
    .because = "procsnap asked with its own ids and with those of the process. That does not help with processes that "
               "are not dumpable, whose ids differ among themselves, or that hold more capabilities than procsnap; nor "
               "with memory where Yama's ptrace_scope is not 0.",
    .change = "the right that is missing: see above",
    .right = true,
};
static const struct ps_gap_reason denied_to_users = {
    .title = "Denied",
    .because = "procsnap ran without the right to read processes of other users.",
    .change = "run it as root (ECS Exec does), or with the right that is missing: see above",
    .right = true,
};
static const struct ps_gap_reason skipped_early = {
    .title = "Not tried",
    .because = "The run was ended early, or an earlier read of the same process gave no answer.",
    .change = "a longer --deadline; let the run come to its end",
};
static const struct ps_gap_reason skipped = {
    .title = "Not tried",
    .because = "An earlier read of the same process gave no answer, so that the rest of it was left alone.",
    .change = "a longer --read-timeout",
};
static const struct ps_gap_reason not_kept = {
    .title = "Hashed and not kept: --no-recover",
    .because = "The run was told to keep the content of no file.",
    .change = "without --no-recover these are kept",
};
static const struct ps_gap_reason no_room = {
    .title = "Hashed and not kept: no room left",
    .because = "The room for content was used up: recovered_bytes or, of changed files, drift_bytes of data/meta.json. "
               "A destination in memory lowers it to half of what the container has left.",
    .change = "--profile deep has eight times the room; a destination that does not lie in memory",
};

static bool every_file_starts(struct ps_span files, const char *with)
{
    struct ps_cursor in = ps_cursor_over(files);
    struct ps_span word;
    bool any = false;

    while (ps_take_word(&in, &word)) {
        if (!ps_span_starts(word, with))
            return false;
        any = true;
        (void) ps_skip_run(&in, ' ');
    }
    return any;
}

/* "exe" of the quiet reader is a link, "exe" of the memory reader is the content of a file. */
static enum about about(const struct ps_gap_row *row)
{
    static const char *const contents[] = {"exe", "fd/{}", "map/{}", "root/{}", "files"};
    struct ps_cursor in = ps_cursor_over(row->files);
    struct ps_span first = {0};

    (void) !ps_take_word(&in, &first);
    if (first.len > 0 && first.data[first.len - 1] == ',')
        first.len--;
    if (ps_span_starts(first, "facts/"))
        return FACT;
    if (every_file_starts(row->files, "task/"))
        return THREADS;
    if (every_file_starts(row->files, "net/") && !ps_span_is(row->reader, "memory"))
        return NETWORK;
    if (ps_span_is(first, "mem"))
        return DUMP;
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        if (ps_span_is(row->reader, "memory") && ps_span_is(first, contents[i]))
            return CONTENT;
    return ANYTHING;
}

static const struct ps_gap_reason *of_this_run(const struct ps_snapshot *s, const struct ps_gap_row *row)
{
    if (ps_span_is(row->outcome, "denied"))
        return ps_snapshot_could_trace(s) ? &denied_all_the_same
               : s->facts.can_switch_ids  ? &denied_to_tracers
                                          : &denied_to_users;
    if (ps_span_is(row->outcome, "skipped"))
        return s->facts.early.len > 0 ? &skipped_early : &skipped;
    if (ps_span_is(row->outcome, "withheld"))
        return s->facts.recover ? &no_room : &not_kept;
    return &unknown;
}

static bool fits(const struct rule *rule, const struct ps_gap_row *row, enum about what)
{
    return ps_span_is(row->outcome, rule->outcome) && (rule->about == ANYTHING || rule->about == what) &&
           (rule->error == NULL || ps_span_is(row->error, rule->error)) &&
           (rule->why == NULL || ps_span_is(row->why, rule->why));
}

const struct ps_gap_reason *ps_gap_reason(const struct ps_snapshot *s, const struct ps_gap_row *row)
{
    enum about what = about(row);

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (fits(&rules[i], row, what))
            return &rules[i].reason;
    return of_this_run(s, row);
}
