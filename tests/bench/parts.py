# SPDX-License-Identifier: Apache-2.0
"""Where the collector's CPU goes: by role, and with perf by the part of the code.

perf samples addresses; the link map, which the linker leaves beside the executable, tells from which object file the
code at an address came. So the executable that is measured is the stripped one that is shipped.
"""
import bisect
import collections
import json
import os
import re
import shutil
import subprocess
import tarfile

import processes

# The order in which the conductor forks (collector/collect.c); whoever comes later replaced a reader.
ROLES = ["conductor", "prober", "quiet reader", "memory reader", "builder"]

# Path of the object file, as the map has it, to the part that it is.
PARTS = [
    (r"libz\.a", "compress (zlib)"),
    (r"lib(crypto|sodium)\.a", "hash and sign (libcrypto, libsodium)"),
    (r"libarchive\.a", "tar (libarchive)"),
    (r"libc\.a|libgcc", "C library: copies, memory, formats"),
    (r"parsers/", "parse"),
    (r"formats/.*(record|json|timestamp|base64)", "records and JSON"),
    (r"formats/.*buffer", "buffers"),
    (r"formats/.*journal", "journal"),
    (r"formats/", "packs, members, manifest"),
    (r"collector/builder/|collector/procfs/ring", "frames and lines"),
    (r"collector/", "collector"),
]
KERNEL, OUTSIDE = "kernel", "outside the executable (clock)"


def role_names(pids):
    return {pid: ROLES[i] if i < len(ROLES) else "later readers" for i, pid in enumerate(sorted(pids))}


class LinkMap:
    """Address to part."""

    SECTION = re.compile(r"^ \.text\S*\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)", re.MULTILINE)

    def __init__(self, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        laid_out = text[text.index("Linker script and memory map"):]
        found = [(int(at, 16), int(size, 16), name) for at, size, name in self.SECTION.findall(laid_out)]
        self.sections = sorted(section for section in found if section[0] and section[1])
        self.starts = [section[0] for section in self.sections]

    def part(self, address):
        i = bisect.bisect_right(self.starts, address) - 1
        if i < 0 or address >= self.sections[i][0] + self.sections[i][1]:
            return OUTSIDE
        for pattern, part in PARTS:
            if re.search(pattern, self.sections[i][2]):
                return part
        return "others"


class Profile:
    """Seconds of CPU by (role, part); part is "" where perf could not look."""

    def __init__(self):
        self.seconds = collections.Counter()
        self.how = ""

    def by_role(self):
        sums = collections.Counter()
        for (role, _), seconds in self.seconds.items():
            sums[role] += seconds
        return sums


def _samples(file, executable):
    """(pid, address in the executable or None, whether in the kernel) of each sample of a perf file."""
    script = subprocess.run(["perf", "script", "-i", file, "-F", "pid,ip,event", "--show-mmap-events"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    base = None
    name = re.escape(os.path.realpath(executable))
    mapped = re.compile(r"\[0x([0-9a-f]+)\(0x[0-9a-f]+\) @ (?:0x)?([0-9a-f]+) .* r-xp " + name)
    for line in script.stdout.splitlines():
        place = mapped.search(line)
        if place:
            base = int(place[1], 16) - int(place[2], 16)
        words = line.split()
        if "PERF_RECORD" in line or len(words) != 3:
            continue
        address = int(words[2], 16)
        kernel = address >= 1 << 63
        yield int(words[0]), None if kernel or base is None else address - base, kernel


def with_perf(command, executable, folder):
    if not shutil.which("perf"):
        raise processes.Unmeasurable("perf is not installed (Debian: linux-perf)")
    link_map = executable + ".map"
    if not os.path.exists(link_map):
        raise processes.Unmeasurable(f"there is no link map {link_map}")
    file, hertz = f"{folder}/perf.data", 5000
    processes.Run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(hertz), "-o", file, "--", *command])
    sections, profile = LinkMap(link_map), Profile()
    samples = [sample for sample in _samples(file, executable) if sample[0] > 0]
    os.unlink(file)
    roles = role_names({pid for pid, _, _ in samples})
    for pid, address, kernel in samples:
        part = KERNEL if kernel else sections.part(address) if address is not None else OUTSIDE
        profile.seconds[roles[pid], part] += 1 / hertz
    profile.how = f"perf, {hertz} samples a second of CPU"
    return profile


def without_perf(command, why):
    looked = processes.RoleTimes()
    processes.Run(command, looked)
    roles, profile = role_names(looked.seconds), Profile()
    for pid, seconds in looked.seconds.items():
        profile.seconds[roles[pid], ""] += seconds
    profile.how = f"the scheduler's count of each process, not by part of the code: {why}"
    return profile


def profile(command, executable, folder):
    try:
        return with_perf(command, executable, folder)
    except (processes.Unmeasurable, processes.Failed, subprocess.CalledProcessError) as why:
        return without_perf(command, why)


def phases(bundle):
    """When each phase ended, as the journal tells it."""
    ends = []
    with tarfile.open(bundle) as bag:
        for member in bag:
            if "/data/journal/" in member.name:
                found = map(json.loads, bag.extractfile(member).read().splitlines())
                ends += [(line["us"], line["phase"]) for line in found if "phase" in line]
    start = min(us for us, _ in ends)
    told = (f"{name} {(us - start) / 1000:.0f}" for us, name in sorted(ends))
    return "  phases, ms after the start: " + ", ".join(told)


def lines(title, profile_):
    """The table, largest first; parts below one percent are not told one by one."""
    total = sum(profile_.seconds.values()) or 1
    yield f"{title}: {total * 1000:.0f} ms of CPU ({profile_.how})"
    for role, seconds in profile_.by_role().most_common():
        yield f"  {role:<52}{seconds * 1000:7.1f} ms {100 * seconds / total:5.1f} %"
        parts = sorted(((s, p) for (r, p), s in profile_.seconds.items() if r == role and p), reverse=True)
        for part_seconds, part in parts:
            if part_seconds * 100 >= total:
                yield f"    {part:<50}{part_seconds * 1000:7.1f} ms {100 * part_seconds / total:5.1f} %"
