#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory as core files: byte by byte what the kernel shows of a stopped process, small where little is there, within
its limits, open to readelf and gdb; of suspects exactly, never of ourselves, and denied where it is denied."""
import os
import re
import signal
import struct
import subprocess

import elf_core
import odd
import snapshot
from checks import about, equal, finish, holds, skip, wait_until
from stalled import Stalled

PROGRAM = os.environ.get("MEMORY_PROCESS", "")
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20
# What a container's root has: no SYS_PTRACE.
CONTAINER = ("chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod "
             "audit_write setfcap").split()
AS_CONTAINER = ["setpriv", "--bounding-set", "-all," + ",".join("+" + name for name in CONTAINER), "--no-new-privs"]


class Place:
    """Directories of the test: one that no rule suspects, one below /tmp, and a file to be mapped."""

    def __init__(self):
        self.tmp = odd.folder()
        subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
        self.plain = "/mnt/programs"
        os.mkdir(self.plain)
        self.file = os.path.join(self.plain, "file")
        with open(self.file, "wb") as file:
            file.write(os.urandom(8 * PAGE))
        self.program = self.copy(os.path.join(self.plain, "app"))
        self.out = os.path.join(self.tmp.name, "out")

    @staticmethod
    def copy(path):
        with open(PROGRAM, "rb") as source, open(path, "wb") as copy:
            copy.write(source.read())
        os.chmod(path, 0o755)
        return path

    def start(self, name, program=None):
        return odd.Odd(name, self.file, program=program or self.program)


def dumps(bundle):
    """The capture of memory of each pid that has one."""
    return {line.pid: capture for line in bundle.lines if line.scope == "content" for capture in line.captures
            if capture.name == "mem"}


def core_of(bundle, pid):
    return elf_core.Core(bundle.members[f"data/memory/{pid}.core"])


def mappings(process):
    """(start, end, permissions, name) of each row of maps."""
    for row in process.read("maps").decode(errors="surrogateescape").splitlines():
        match = re.fullmatch(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ \S+ *(.*)", row)
        yield int(match[1], 16), int(match[2], 16), match[3], match[4]


def pages_there(process, start, end):
    """Of each page: whether the page map has it."""
    with open(f"/proc/{process.pid}/pagemap", "rb", buffering=0) as file:
        file.seek(start // PAGE * 8)
        return [entry >> 62 != 0 for (entry,) in struct.iter_unpack("<Q", file.read((end - start) // PAGE * 8))]


# ---- one process, stopped, byte by byte ----

def check_bytes(core, process):
    """Every page that is there is in the core as /proc/PID/mem shows it, and no other page is."""
    compared, wrong, extra = 0, [], 0
    with open(f"/proc/{process.pid}/mem", "rb", buffering=0) as mem:
        for start, end, _, name in mappings(process):
            there = pages_there(process, start, end) if start < 1 << 63 else []
            if name in ("[vvar]", "[vvar_vclock]", "[vsyscall]", "[vdso]"):
                continue
            there = {start + i * PAGE for i, is_there in enumerate(there) if is_there}
            for address in there:
                compared += 1
                if core.at(address, PAGE) != os.pread(mem.fileno(), PAGE, address):
                    wrong.append(hex(address))
            stored = sum(in_file for at, in_file, _, _, _ in core.segments if start <= at < end) // PAGE
            extra += stored - len(there)
    equal("pages that differ from /proc/PID/mem", [], wrong)
    equal("pages in the core that were not there", 0, extra)
    holds("there was something to compare", compared > 100, compared)


def check_notes(core, process):
    equal("NT_AUXV is auxv", process.read("auxv"), core.notes["AUXV"])
    info = core.notes["PRPSINFO"]
    equal("NT_PRPSINFO: pid, parent", (process.pid, os.getpid()), struct.unpack_from("<ii", info, 24))
    equal("NT_PRPSINFO: name and arguments", (b"app", process.read("cmdline").replace(b"\0", b" ")[:79]),
          (info[40:56].rstrip(b"\0"), info[56:].rstrip(b"\0")))
    named = [(start, end, name.encode()) for start, end, _, name in mappings(process) if name.startswith("/")]
    equal("NT_FILE: mapped files", named, [(start, end, name) for start, end, _, name in core.files()])


def check_areas(core, process):
    flags = {"r": 4, "w": 2, "x": 1, "-": 0, "p": 0, "s": 0}
    merged = []
    for start, end, perms, _ in mappings(process):
        bits = sum(flags[letter] for letter in perms)
        if merged and merged[-1][1] == start and merged[-1][2] == bits:
            merged[-1] = (merged[-1][0], end, bits)
        else:
            merged.append((start, end, bits))
    equal("segments cover the rows of maps, with their rights", merged, core.areas())


def gdb(core, process, *first):
    command = ["gdb", "-nx", "-batch", *first, "-ex", f"core-file {core}", "-ex", f"x/s {process.text:#x}",
               "-ex", f"x/s {process.heap:#x}", "-ex", f"x/s {process.stack:#x}"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace")


def check_tools(place, bundle, process):
    path = os.path.join(place.tmp.name, "core")
    with open(path, "wb") as file:
        file.write(bundle.members[f"data/memory/{process.pid}.core"])
    done = subprocess.run(["readelf", "-lWn", path], capture_output=True, check=False, timeout=300)
    text = done.stdout.decode()
    said = [line for line in done.stderr.decode().splitlines() if line]
    holds("readelf opens it without complaint", done.returncode == 0 and not said, said)
    holds("readelf names the notes", all(name in text for name in ("NT_PRPSINFO", "NT_AUXV", "NT_FILE")), text[-600:])
    for what, first in (("without the executable", ()), ("with the executable", (place.program,))):
        text = gdb(path, process, *first)
        for known in ("a text at an address that the test knows", "a text on the heap", "a text on the stack"):
            holds(f"gdb {what} reads: {known}", f'"{known}"' in text, text)


def one_process(place):
    process = place.start("code")
    os.kill(process.pid, signal.SIGSTOP)
    run = snapshot.Run(place.tmp.name, "--quiet", "--pid", process.pid, "--memory", process.pid, "--plaintext",
                       name="one.tar.gz")
    bundle = run.bundle
    capture, core = dumps(bundle)[process.pid], core_of(bundle, process.pid)
    equal("one process: outcome", "complete", capture.outcome)
    equal("one process: why", ["pid", "anonymous_code"], capture.facts["chosen"])
    equal("one process: nothing was absent or unreadable", (0, 0),
          (capture.facts["absent_pages"], capture.facts["unreadable_pages"]))
    holds("one process: 3 GiB are mapped, and the core is small", capture.facts["mapped"] > 3 << 30 and
          capture.length < 8 * MIB, (capture.facts["mapped"], capture.length))
    equal("one process: the core ends where its last segment does", len(core.data), core.end)
    equal("one process: the page that is written and executed", b"\x90" * PAGE, core.at(process.code, PAGE))
    equal("one process: pages of the sparse mapping", (b"s", b"S", None),
          (core.at(process.sparse + PAGE, 1), core.at(process.sparse + (3 << 30) - PAGE, 1),
           core.at(process.sparse + 2 * PAGE, 1)))
    equal("one process: a page that nobody may read", b"hidden\0", core.at(process.hidden + 3 * PAGE, 7))
    equal("one process: a changed page of a file", b"W", core.at(process.file + PAGE, 1))
    check_bytes(core, process)
    check_areas(core, process)
    check_notes(core, process)
    check_tools(place, bundle, process)
    other = os.environ.get("PROCSNAP_ASAN")
    if other:
        status, text = run.verify(program=other)
        holds("one process: the other build derives the same records", status == 0 and "all identical" in text, text)
    shown = subprocess.run([snapshot.PROCSNAP, "show", run.path, "process", str(process.pid)], capture_output=True,
                           check=False, timeout=300).stdout.decode()
    holds("show process says where the core is", f"data/memory/{process.pid}.core" in shown and
          "anonymous_code" in shown, shown)
    record = bundle.records("memory")[0]["proc"]["memory"]
    equal("the memory record", (f"data/memory/{process.pid}.core", capture.length, capture.facts["sha256"]),
          (record["core"], record["core_bytes"], record["sha256"]))
    process.end()


# ---- who is suspect ----

def suspects(place):
    app, code = place.start("plain"), place.start("code")
    gone = place.start("plain", program=place.copy(os.path.join(place.plain, "gone")))
    os.unlink(os.path.join(place.plain, "gone"))
    in_tmp = place.start("plain", program=place.copy(os.path.join(place.tmp.name, "app")))
    memfd = odd.Odd("memfd", "x")
    subprocess.run(["mount", "-t", "tmpfs", "none", "/dev/pts"], check=True)
    in_dev = place.start("plain", program=place.copy("/dev/pts/app"))
    bundle = snapshot.collect(place.out, "--memory", "suspects", "--plaintext")
    seen = dumps(bundle)
    equal("suspects: a program that is called like a device is in its core", b"a text at an address that the test knows\0",
          core_of(bundle, in_dev.pid).at(in_dev.text, 41))
    expected = {code.pid: ["anonymous_code"], gone.pid: ["deleted_exe"], in_tmp.pid: ["tmp_exe"],
                in_dev.pid: ["tmp_exe"], memfd.pid: ["memfd_exe"]}
    equal("suspects: exactly these, and why", expected, {pid: capture.facts["chosen"] for pid, capture in seen.items()})
    equal("suspects: each is complete", {"complete"}, {capture.outcome for capture in seen.values()})
    order = [line.pid for line in bundle.lines if line.scope == "content" and line.captures[0].name == "mem"]
    equal("suspects: who only has memory that compilers have too comes last", code.pid, order[-1])
    equal("suspects: all were judged", 0, bundle.closing["memory"]["undecided"])
    for process in (app, code, gone, in_tmp, in_dev, memfd):
        process.end()


# ---- limits ----

def limits(place):
    process = place.start("large")
    bundle = snapshot.collect(place.out, "--memory", process.pid, "--plaintext")
    capture, core = dumps(bundle)[process.pid], core_of(bundle, process.pid)
    cap = bundle.meta["limits"]["memory_process_bytes"]
    equal("limits: meta.json says 256 MiB", 256 * MIB, cap)
    stored = sum(in_file for _, in_file, _, _, _ in core.segments)
    equal("limits: truncated, and just so much of it", ("truncated", cap), (capture.outcome, stored))
    holds("limits: how much there was", capture.facts["present"] > 300 * MIB, capture.facts)
    equal("limits: closing.json names it", True, "memory_process_bytes" in bundle.closing["limits_reached"])
    equal("limits: the stack is in it all the same", b"a text on the stack\0", core.at(process.stack, 20))
    process.end()
    process = place.start("fragments")
    bundle = snapshot.collect(place.out, "--memory", f"{process.pid},{1 << 21}", "--plaintext")
    capture, core = dumps(bundle)[process.pid], core_of(bundle, process.pid)
    equal("fragments: complete, though there are more of them than runs", "complete", capture.outcome)
    equal("fragments: every one is there", [], [i for i in range(40000) if core.at(
        process.fragments + 2 * i * PAGE, 1) != bytes([i & 255 | 1])][:5])
    holds("fragments: few enough segments for every tool", len(core.segments) < 65000, len(core.segments))
    equal("a pid that nobody has is told", [1 << 21], bundle.closing["memory"]["not_seen"])
    process.end()


def crowded(place, name, limit):
    """Whoever fills what a core has room for with what lies below the code hides neither that nor the stack."""
    process = place.start(name)
    bundle = snapshot.collect(place.out, "--memory", process.pid, "--plaintext", "--files", "none")
    capture, core = dumps(bundle)[process.pid], core_of(bundle, process.pid)
    holds(f"{name}: they lie below the code", process.low < process.code < process.stack, process.facts)
    equal(f"{name}: more of them than a core has room for", ("truncated", True),
          (capture.outcome, limit in bundle.closing["limits_reached"]))
    equal(f"{name}: the code above them, the stack and the heap are in it all the same",
          (b"\x90" * PAGE, b"a text on the stack\0", b"a text on the heap\0"),
          (core.at(process.code, PAGE), core.at(process.stack, 20), core.at(process.heap, 19)))
    process.end()


# ---- all, with a container's rights and with ours ----

def everybody(place):
    process = place.start("plain")
    bundle = snapshot.collect(place.out, "--memory", "all", "--plaintext")
    seen = dumps(bundle)
    ours = {record["process"]["pid"] for record in bundle.records("process")
            if record["process"].get("name", "procsnap").startswith("procsnap")}  # who ended unnamed was our prober
    holds("all: we see ourselves", len(ours) >= 3, ours)
    holds("all: our own processes are not dumped: skipped, and the prober has ended by then",
          {seen[pid].outcome for pid in ours} <= {"skipped", "gone"}, seen)
    equal("all: everybody else is", {"complete"}, {seen[pid].outcome for pid in seen.keys() - ours})
    equal("all: nobody was forgotten", {record["process"]["pid"] for record in bundle.records("process")}, seen.keys())
    process.end()


def as_container(place):
    done = subprocess.run([*AS_CONTAINER, "grep", "CapEff", "/proc/self/status"], capture_output=True, check=False)
    if b"00000000a80425fb" not in done.stdout:
        about("the rights of a container are not to be had here")
        return
    app, closed = odd.Odd("user", 101, "wait"), odd.Odd("user", 101, "not-dumpable")
    bundle = snapshot.collect(place.out, "--memory", f"{app.pid},{closed.pid}", "--plaintext", prefix=AS_CONTAINER)
    seen = dumps(bundle)
    equal("a container's rights: another user's process, as that user", ("complete", "101:101"),
          (seen[app.pid].outcome, seen[app.pid].read_as))
    equal("a container's rights: its bytes", app.read("auxv"), core_of(bundle, app.pid).notes["AUXV"])
    holds("a container's rights: one that is not dumpable is denied", seen[closed.pid].outcome == "denied" and
          seen[closed.pid].errno in ("EACCES", "EPERM") and seen[closed.pid].length == 0, seen[closed.pid].__dict__)
    denied = [gap for gap in bundle.records("gap") if gap["process"]["pid"] == closed.pid
              and "mem" in gap["proc"]["gap"]["files"]]
    equal("a container's rights: a gap record says so", ["denied"], [gap["proc"]["gap"]["outcome"] for gap in denied])
    app.end()
    closed.end()


# ---- targets that stop to answer, or end, in the middle ----

def has_ended(pid):
    """Nobody waits for it."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b") ")[2].startswith(b"Z")


def has_taken(run, number):
    """No signal waits for that process any more."""
    with open(f"/proc/{run.pid}/status", encoding="ascii") as file:
        pending = int(re.search(r"^ShdPnd:\t([0-9a-f]+)$", file.read(), re.M)[1], 16)
    return not pending >> number - 1 & 1


def interrupted(place, number, status=0):
    """The bundle of a run during whose dump the target gets that signal; with a status, the collector gets it. The run
    cannot go on until that has come about: nobody reads its pipe."""
    target = Stalled(1, mib=64)
    path = os.path.join(place.tmp.name, f"signal-{number}.tar.gz")
    run = subprocess.Popen([snapshot.PROCSNAP, "collect", "-", "--quiet", "--pid", str(target.pid), "--memory",
                            str(target.pid), "--plaintext"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, bufsize=0)
    begun = b""
    while len(begun) < 4 * MIB and (piece := run.stdout.read(MIB)):
        begun += piece
    os.kill(run.pid if status else target.pid, number)
    come_about = {signal.SIGUSR1: target.hangs, signal.SIGKILL: lambda: has_ended(target.pid),
                  signal.SIGTERM: lambda: has_taken(run, number)}[number]
    holds(f"signal {number}: it has come about", wait_until(come_about, 30))
    out, err = run.communicate(timeout=300)
    head = snapshot.head_line(re.search(r"^EVIDENCE .*\n", err.decode(), re.M)[0])
    target.end()
    equal(f"signal {number}: exit status", status, run.returncode)
    with open(path, "wb") as file:
        file.write(begun + out)
    done = subprocess.run([snapshot.PROCSNAP, "verify", "--rederive", "--key", head["pk"], path], capture_output=True,
                          check=False, timeout=300)
    equal(f"signal {number}: verify", 0, done.returncode)
    with open(path, "rb") as file:
        return target.pid, snapshot.Bundle(file.read())


def check_interrupted(what, bundle, pid, outcome, errno):
    capture, core = dumps(bundle)[pid], core_of(bundle, pid)
    equal(f"{what}: outcome", (outcome, errno), (capture.outcome, capture.errno))
    large = [(offset, size) for _, size, _, _, offset in core.segments if size >= 64 * MIB]
    equal(f"{what}: the core is as long as its head says", core.end, len(core.data))
    data = core.data[large[0][0]:large[0][0] + large[0][1]]
    come = len(data.rstrip(b"\0"))
    holds(f"{what}: what had come is there, the rest is zeros", MIB < come < len(data) - MIB, (come, len(data)))


def interruptions(place):
    pid, bundle = interrupted(place, signal.SIGUSR1)
    check_interrupted("it stops to answer", bundle, pid, "timed_out", None)
    equal("it stops to answer: the reader was replaced", 1, bundle.closing["readers"]["replaced"])
    pid, bundle = interrupted(place, signal.SIGKILL)
    check_interrupted("it ends", bundle, pid, "partial", "ESRCH")
    pid, bundle = interrupted(place, signal.SIGTERM, 5)
    check_interrupted("the run is ended", bundle, pid, "partial", None)
    target = Stalled(1)
    bundle = snapshot.collect(place.out, "--memory", "all", "--plaintext")
    target.end()
    equal("it never answered: not tried again", "skipped", dumps(bundle)[target.pid].outcome)
    equal("it never answered: not judged", 1, bundle.closing["memory"]["undecided"])


def main():
    odd.inside_namespaces()
    if not PROGRAM:
        skip("MEMORY_PROCESS does not name the test program")
    place = Place()
    one_process(place)
    suspects(place)
    everybody(place)
    interruptions(place)
    limits(place)
    crowded(place, "rows", "memory_mappings")
    crowded(place, "scattered", "memory_runs")
    if snapshot.PROCSNAP != os.environ.get("PROCSNAP_ASAN"):  # which takes too long for all these pages
        crowded(place, "reserved", "memory_scan_pages")
    as_container(place)
    finish()


main()
