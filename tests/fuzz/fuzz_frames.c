/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers that are corrupted by what they read: the input chooses the frames in the rings of all three lanes, and what
 * stands in the roster. Whatever they send, the builder ends, and what it seals is a bundle: verify finds nothing wrong
 * with it, and derives the same records.
 *
 * The input is some choices (see begin_run), then orders. The first byte of an order has the lane (2 bits) and what it is:
 *   32      frames that follow each other as those of an honest reader do (send_sequence)
 *   64      a byte of the ring is changed: position, value
 *   else    one frame (write_frame): kind, flags, outcome, row, subject, length of the data, number (error, ids), then its
 *           name and data; 128: with large numbers
 * Where the input has ended, zeros follow.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/builder/turns.h"
#include "collector/procfs/dump_frame.h"
#include "collector/procfs/reader.h"
#include "formats/elf_core.h"
#include "formats/verify.h"
#include "tests/formats/sample_bundle.h"

enum { LIVES = 4, ROOM = PS_RING_SIZE - PS_PIECE - 1024 };

static struct ps_options options;
static struct ps_plan plan;
static struct ps_ring rings[PS_SLOTS];
static struct ps_host host;
static struct ps_procfs procfs = {.fd = -1};
static struct ps_surroundings surroundings;
static struct ps_rights rights;
static struct ps_limits limits;
static struct ps_caps caps;
static struct ps_roster *roster;
static struct ps_wanted *wanted;
static struct ps_own_secrets secrets;
static struct ps_builder_job job;
static struct ps_turns turns;
static struct ps_output out;
static struct ps_buffer file;
static const uint8_t redact_key[PS_REDACT_KEY_LEN];

static void must(bool kept, const char *what)
{
    sample_must(kept, what);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct ps_error err = {0};
    (void) argc;
    (void) argv;
    options = ps_options_default();
    options.profile = PS_DEEP;
    options.memory = PS_MEMORY_ALL;
    options.procfs = "/proc";
    options.compress = 1;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ps_host_facts(proc, &host);
    ps_surroundings_own(proc, &procfs, &surroundings);
    ps_rights_own(&rights);
    ps_limits_own(&limits);
    ps_caps_make(&options, &limits, &caps);
    ps_plan_make(&options, &plan);
    job = (struct ps_builder_job){.options = &options, .plan = &plan, .rings = rings, .host = &host};
    job.procfs = &procfs;
    job.surroundings = &surroundings;
    job.rights = &rights;
    job.limits = &limits;
    job.caps = &caps;
    job.control = ps_control_make(&err);
    job.roster = roster = ps_roster_make(&err);
    job.wanted = wanted = ps_wanted_make(&options, &caps, &err);
    job.dumps = ps_dumps_make(&options, &caps, &err);
    must(job.control && job.roster && job.wanted && job.dumps, err.text);
    for (unsigned i = 0; i < PS_LANES; i++)
        must(ps_ring_make(&rings[i], &err), err.text);
    must(ps_own_secrets_add(&secrets, ps_span_text("a secret of our own")), "a secret");
    snprintf(job.control->early, sizeof job.control->early, "a fuzzer");
    return 0;
}

/* ---- the input ---- */

static uint8_t next_byte(struct ps_cursor *in)
{
    uint8_t byte = 0;
    (void) !ps_take_any(in, &byte);
    return byte;
}

/* What a frame of some kind carries, or any length. */
static size_t data_length(uint8_t choice, struct ps_cursor *in)
{
    static const size_t lengths[] = {
        sizeof(struct ps_file_facts), sizeof(struct ps_dump_open), sizeof(struct ps_dump_tail),
        sizeof(uint32_t),             sizeof(struct ps_core_run),  sizeof(struct ps_file_facts) + 8,
    };
    if (choice < 200)
        return choice;
    if (choice < 200 + sizeof lengths / sizeof *lengths)
        return lengths[choice - 200];
    return (size_t) next_byte(in) << 8 | next_byte(in);
}

static void take_bytes(struct ps_cursor *in, uint8_t *to, size_t len)
{
    size_t left = in->in.len - in->at, there = len < left ? len : left;
    struct ps_span bytes;
    memset(to, 0, len);
    if (there > 0 && ps_take_bytes(in, there, &bytes))
        memcpy(to, bytes.data, there);
}

static void write_frame(struct ps_cursor *in, struct ps_ring *writer, bool large)
{
    uint8_t kind = next_byte(in), flags = next_byte(in), outcome = next_byte(in), row = next_byte(in);
    uint8_t subject = next_byte(in), choice = next_byte(in), number = next_byte(in);
    size_t length = data_length(choice, in);
    char name[256] = "";
    struct ps_frame frame = {.kind = kind % (PS_FRAME_DUMP + 2), .flags = flags};
    frame.outcome = outcome % (PS_OUTCOMES + 1);
    frame.name_len = large ? number : number % 4;
    frame.row = row;
    frame.subject = subject == UINT8_MAX ? PS_NO_SUBJECT : subject;
    frame.error = large ? (int32_t) number - 100 : number % 8;
    frame.as_uid = large ? number * UINT32_C(40503) : number % 8;
    frame.as_gid = number;
    frame.us = large ? (uint64_t) number << 40 : number;
    take_bytes(in, (uint8_t *) name, frame.name_len);
    if (length > PS_PIECE || ps_ring_pending(writer) > ROOM)
        return;
    take_bytes(in, ps_ring_reserve(writer, frame.name_len, length), length);
    ps_ring_commit(writer, &frame, name, length);
}

/* ---- what an honest reader would send, with bytes of the input ---- */

static void send(struct ps_ring *writer, struct ps_frame frame, const char *name, const void *data, size_t len)
{
    if (ps_ring_pending(writer) > ROOM)
        return;
    frame.name_len = (uint8_t) strlen(name);
    memcpy(ps_ring_reserve(writer, frame.name_len, len), data, len);
    ps_ring_commit(writer, &frame, name, len);
}

static void send_captures(struct ps_cursor *in, struct ps_ring *writer, const struct ps_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        uint32_t row = rows->rows[i];
        uint8_t bytes[64], outcome = next_byte(in) % PS_OUTCOMES;
        take_bytes(in, bytes, sizeof bytes);
        const char *name = ps_row_is_family(&ps_catalog[row]) ? "1" : "";
        struct ps_frame end = {.kind = PS_FRAME_END, .row = row, .outcome = outcome, .as_uid = PS_NO_SUBJECT};
        send(writer, (struct ps_frame){.kind = PS_FRAME_BEGIN, .subject = PS_NO_SUBJECT, .row = row}, "", "", 0);
        send(writer, (struct ps_frame){.kind = PS_FRAME_ITEM, .row = row}, name, bytes, bytes[0] % sizeof bytes);
        send(writer, end, "", "", 0);
    }
}

static void send_content(struct ps_cursor *in, struct ps_ring *writer, uint8_t number)
{
    struct ps_frame frame = {.kind = PS_FRAME_CONTENT, .flags = PS_FLAG_FACTS, .row = plan.of.fd};
    uint8_t facts[sizeof(struct ps_file_facts) + 2] = {0}, bytes[128];
    take_bytes(in, bytes, sizeof bytes);
    memcpy(facts + sizeof facts - 2, "/x", 2);
    send(writer, frame, "3", facts, sizeof facts);
    send(writer, (struct ps_frame){.kind = PS_FRAME_DIGEST}, "", bytes, sizeof bytes);
    send(writer, (struct ps_frame){.kind = PS_FRAME_KEEP}, "", "", 0);
    bytes[number % sizeof bytes] ^= number & 1;
    send(writer, (struct ps_frame){.kind = PS_FRAME_STORE}, "", bytes, number % sizeof bytes);
    send(writer, (struct ps_frame){.kind = PS_FRAME_END}, "", "", 0);
}

static void send_dump(struct ps_cursor *in, struct ps_ring *writer)
{
    static const char maps[] = "00400000-00402000 r-xp 00000000 00:00 0 \n";
    const struct ps_core_run run = {0x400000, 0x400000 + host.page_size};
    const struct ps_dump_open core = {.mapped_bytes = 8192};
    const struct ps_dump_tail tail = {0};
    const uint32_t why = 1;
    uint8_t bytes[256];
    struct ps_frame frame = {.kind = PS_FRAME_DUMP, .row = plan.of.mem, .as_uid = PS_DUMP_BEGIN};
    take_bytes(in, bytes, sizeof bytes);
    send(writer, frame, "", &why, sizeof why);
    frame.as_uid = PS_DUMP_MAPS_TEXT;
    send(writer, frame, "", maps, sizeof maps - 1);
    frame.as_uid = PS_DUMP_RUN_LIST;
    send(writer, frame, "", &run, sizeof run);
    frame.as_uid = PS_DUMP_OPEN;
    send(writer, frame, "", &core, sizeof core);
    frame.as_uid = PS_DUMP_BYTES;
    send(writer, frame, "", bytes, sizeof bytes);
    send(writer, (struct ps_frame){.kind = PS_FRAME_END, .row = plan.of.mem}, "", &tail, sizeof tail);
}

static void send_sequence(struct ps_cursor *in, struct ps_ring *writer, unsigned lane)
{
    enum { LINE, ONCE, PHASE, CONTENT, DUMP, SEQUENCES };
    uint8_t what = next_byte(in) % SEQUENCES, subject = next_byte(in) % LIVES, number = next_byte(in);
    if (what == PHASE) {
        struct ps_frame frame = {.kind = PS_FRAME_PHASE, .subject = PS_NO_SUBJECT, .row = number % PS_WALK_OVER};
        send(writer, frame, "", "", 0);
        return;
    }
    if (what != ONCE)
        send(writer, (struct ps_frame){.kind = PS_FRAME_SUBJECT, .subject = subject}, "", "", 0);
    if (what == LINE && lane != PS_PROBER)
        send_captures(in, writer, &plan.lane[lane]);
    else if (what == ONCE)
        send_captures(in, writer, lane == PS_QUIET && number % 2 ? &plan.global : &plan.facts[lane]);
    else if (what == CONTENT)
        send_content(in, writer, number);
    else
        send_dump(in, writer);
    if (what != ONCE || lane != PS_QUIET || number % 2 == 0)
        send(writer, (struct ps_frame){.kind = PS_FRAME_DONE, .outcome = PS_SKIPPED}, "", "", 0);
}

static void write_frames(struct ps_cursor *in)
{
    struct ps_ring writers[PS_LANES];
    memcpy(writers, rings, sizeof writers);
    while (in->at < in->in.len) {
        uint8_t which = next_byte(in);
        unsigned lane = which % 4 < PS_LANES ? which % 4 : PS_MEMORY;
        if ((which & 0xe0) == 64) {
            size_t at = (size_t) next_byte(in) << 8 | next_byte(in);
            writers[lane].frames[at] = next_byte(in);
        } else if (which & 32) {
            send_sequence(in, &writers[lane], lane);
        } else {
            write_frame(in, &writers[lane], which & 128);
        }
    }
}

/* ---- a run ---- */

static bool to_file(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) context;
    (void) err;
    ps_buffer_add(&file, data, len);
    return !file.failed;
}

static void begin_run(struct ps_cursor *in)
{
    struct ps_control *control = job.control;
    uint8_t how = next_byte(in), ended = next_byte(in), lives = next_byte(in), files = next_byte(in);
    for (unsigned i = 0; i < PS_LANES; i++) {
        ps_ring_reset(&rings[i]);
        atomic_store(&control->lanes[i].slot, i);
        atomic_store(&control->lanes[i].over, 1);
        atomic_store(&control->slots[i].state, ended >> i & 1 ? PS_SLOT_RETIRED : PS_SLOT_ENDED);
        atomic_store(&control->slots[i].timed_out, ended >> (i + 3) & 1);
        atomic_store(&control->slots[i].phase, next_byte(in) % PS_WALK_OVER);
    }
    for (uint32_t i = 0; i < LIVES; i++) {
        roster->entries[i] = (struct ps_roster_entry){.pid = lives >> i & 1 ? 7 : i + 1, .start = i};
        roster->entries[i].chosen = lives >> (i + 4) & 1;
    }
    atomic_store(&roster->count, next_byte(in) % (LIVES + 1));
    atomic_store(&wanted->count, files % 4);
    atomic_store(&wanted->root_count, files / 4 % 4);
    atomic_store(&wanted->noted.count, files / 16 % 4);
    for (uint32_t i = 0; i < 4; i++) {
        wanted->items[i] = (struct ps_wanted_item){.lives = {how % (i + 2)}, .life_count = 1, .fd = i};
        wanted->items[i].sort = i % PS_WANTS;
        wanted->roots[i].subject = how % (i + 3);
        wanted->noted.notes[i].subject = how % (i + 4);
    }
    control->broken = 0;
    for (unsigned i = 0; i < PS_LANES; i++) {
        struct ps_line_builder *line = &turns.lanes[i].line;
        line->redact_key = how & 64 ? redact_key : NULL;
        line->own_secrets = line->stream.secrets = how & 128 ? &secrets : NULL;
    }
}

static void open_bundle(void)
{
    struct ps_run_facts run = {.bundle_id = SAMPLE_ID};
    struct ps_records_facts facts = {.bundle = SAMPLE_ID, .clk_tck = host.clk_tck, .boot_id = host.boot_id};
    struct ps_buffer meta = {0};
    struct ps_error err = {0};
    facts.pid_namespace = host.pid_namespace;
    facts.net_namespace = host.net_namespace;
    facts.mnt_namespace = ps_meta_mnt_namespace(&job);
    facts.ipc_namespace = ps_meta_ipc_namespace(&job);
    facts.own_pid = ps_meta_own_pid(&job);
    facts.socket_rows = caps.socket_rows;
    facts.socket_text_bytes = caps.socket_text_bytes;
    facts.platform = surroundings.platform;
    facts.platform_by = surroundings.platform_by;
    facts.hides_pids = ps_proc_hides_pids(ps_span_text(surroundings.proc_options), ps_rights_can_trace(&rights));
    ps_buffer_clear(&file, SIZE_MAX);
    out = (struct ps_output){.bundle = ps_bundle_new(SAMPLE_ID, 0, 1, NULL, to_file, NULL, &err)};
    out.records = ps_records_new(&facts, ps_output_records, &out);
    must(out.bundle && out.records && ps_turns_make(&turns, &job, &out), "memory");
    ps_meta_json(&job, &run, &meta);
    must(ps_bundle_add(out.bundle, "data/meta.json", ps_buffer_span(&meta), &err), err.text);
    ps_output_phase(&out, "start", 0, 0);
    ps_buffer_done(&meta);
}

static void seal(void)
{
    const struct ps_seal_facts facts = {.software_agent = "a fuzzer", .time = SAMPLE_TIME, .chain_id = SAMPLE_CHAIN,
                                        .boot_id = host.boot_id, .reason = "single", .key = sample_key()};
    struct ps_closing_facts closing = {.output = &out, .lives = &turns.lives, .early = true};
    struct ps_sealed sealed = {0};
    struct ps_buffer text = {0};
    struct ps_error err = {0};
    ps_output_phase(&out, "seal", UINT64_C(1) << 52, turns.lives.processes);
    ps_output_journal_flush(&out);
    must(ps_records_finish(out.records) && ps_output_ok(&out), out.error.text);
    closing.records = ps_records_lines(out.records);
    ps_closing_json(&job, &closing, &text);
    must(ps_bundle_add(out.bundle, "data/closing.json", ps_buffer_span(&text), &err), err.text);
    must(ps_bundle_seal(out.bundle, &facts, &sealed, &err), err.text);
    ps_buffer_done(&text);
    ps_buffer_done(&sealed.minisig);
}

static void verify(void)
{
    static struct ps_verify_report report;
    struct ps_verify_wants wants = {.key = ps_signing_key_public(sample_key()), .rederive = true};
    struct ps_span left = ps_buffer_span(&file);
    struct ps_error err = {0};
    must(ps_verify_tarball(sample_input, &left, &wants, &report, &err), err.text);
    const struct ps_finding *first = &report.findings[0];
    for (size_t i = 0; i < report.finding_count; i++)
        first = report.findings[i].rank > first->rank ? &report.findings[i] : first;
    if (report.verdict != PS_VERIFY_OK)
        fprintf(stderr, "%.*s: %.*s, line %llu\n", (int) first->about_len, first->about, (int) first->detail_len,
                first->detail, (unsigned long long) first->line);
    must(report.verdict == PS_VERIFY_OK && report.matched, first->what);
    ps_verify_report_done(&report);
}

/* In the builder the end of the process does that. */
static void free_line(struct ps_line_builder *l)
{
    for (size_t i = 0; i < l->pack_count; i++)
        free(l->packs[i]);
    free(l->packs);
    for (size_t i = 0; i < PS_CATALOG_MAX; i++) {
        free(l->captures[i].entries);
        free(l->captures[i].lost);
    }
    struct ps_buffer *buffers[] = {&l->pack,     &l->names,        &l->item,         &l->item_name,
                                   &l->redacted, &l->stream.bytes, &l->content.name, &l->content.path};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ps_buffer_done(buffers[i]);
    ps_journal_writer_done(&l->journal);
    for (size_t i = 0; i < sizeof l->dump.texts / sizeof *l->dump.texts; i++)
        ps_buffer_done(&l->dump.texts[i]);
    free(l->content.objects);
}

static void end_run(void)
{
    for (unsigned i = 0; i < PS_LANES; i++)
        free_line(&turns.lanes[i].line);
    free(turns.lives.items);
    free(turns.lives.pids);
    memset(&turns, 0, sizeof turns);
    ps_records_free(out.records);
    ps_bundle_free(out.bundle);
    ps_buffer_done(&out.journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_cursor in = ps_cursor_over(ps_span_of(data, size));
    open_bundle();
    begin_run(&in);
    write_frames(&in);
    ps_turns_take_all(&turns);
    must(ps_output_ok(&out), out.error.text);
    ps_turns_account(&turns);
    seal();
    verify();
    end_run();
    return 0;
}
