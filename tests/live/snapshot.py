# SPDX-License-Identifier: Apache-2.0
"""Collects a bundle beside the processes of a test, verifies it, and loads it with a reader of its own.

This reader shares nothing with the product's: it was written from docs/BUNDLE.md, and it refuses whatever that page
does not allow. Loading checks that every byte of every pack belongs to one capture of the journal.
"""
import base64
import copy
import hashlib
import json
import os
import re
import subprocess
import zlib

GZIP_HEADER = bytes.fromhex("1f8b08000000000000ff")
PHASES = ["start", "global-end", "opening-end", "quiet-end", "memory-end", "content-end", "closing-end",
          "seal"]
OUTCOMES = {"complete", "truncated", "partial", "denied", "gone", "absent", "failed", "timed_out", "skipped", "shared"}
TURNS = 4  # task/{}/stat, status, cgroup, children
PROCSNAP = os.environ.get("PROCSNAP", "")


class Malformed(Exception):
    """The bundle is not what docs/BUNDLE.md says."""


def must(condition, *what):
    if not condition:
        raise Malformed(" ".join(str(part) for part in what))


# ---- bytes ----

def decompressed(file):
    """The tar of a bundle: one gzip member with the fixed header, and nothing behind it."""
    must(file[:10] == GZIP_HEADER, "gzip header", file[:10].hex())
    stream = zlib.decompressobj(wbits=31)
    tar = stream.decompress(file)
    must(stream.eof, "the gzip member does not end")
    must(not stream.unused_data, "bytes behind the gzip member")
    return tar


def _octal(field):
    return int(field.rstrip(b"\0 ") or b"0", 8)


def untar(tar):
    """(name, bytes) of each member, in order; regular files of the one sort that is allowed."""
    at, mtimes = 0, set()
    must(len(tar) % 512 == 0, "a tar of", len(tar), "bytes")
    while tar[at:at + 512] != bytes(512):
        head = tar[at:at + 512]
        must(len(head) == 512, "the tar ends without its zero blocks")
        must(head[257:265] == b"ustar\x0000", "no ustar header at", at)
        must(_octal(head[148:156]) == sum(head[:148]) + sum(head[156:]) + 8 * 32, "checksum of the header at", at)
        must(head[156:157] == b"0" and not head[157:257].strip(b"\0"), "no regular file at", at)
        must([_octal(head[i:i + 8]) for i in (100, 108, 116)] == [0o600, 0, 0], "mode, uid, gid at", at)
        must(not head[265:329].strip(b"\0"), "user or group name at", at)
        mtimes.add(_octal(head[136:148]))
        name, prefix = head[:100].rstrip(b"\0"), head[345:500].rstrip(b"\0")
        size = _octal(head[124:136])
        must(at + 512 + size <= len(tar), "a member longer than the tar")
        yield (prefix + b"/" + name if prefix else name).decode("ascii"), tar[at + 512:at + 512 + size]
        at += 512 + (size + 511) // 512 * 512
    must(tar[at:] == bytes(1024), "not exactly two zero blocks at the end")
    must(len(mtimes) <= 1, "members with different times")


def unpack(pack):
    """(kind, name, bytes, offset) of each entry of a pack. Stricter than the ten lines in docs/BUNDLE.md."""
    at = 0
    while at < len(pack):
        end = pack.find(b"\n", at)
        must(end >= 0, "a pack whose last header does not end")
        match = re.fullmatch(rb"([fl]) ([A-Za-z0-9._+:,@/=-]+) (0|[1-9][0-9]*)", pack[at:end])
        must(match, "header of an entry", pack[at:end][:100])
        kind, name, length = match[1], match[2].decode(), int(match[3])
        must(pack[end + 1 + length:end + 2 + length] == b"\n", "an entry that does not end where it says:", name)
        yield kind.decode(), name, pack[end + 1:end + 1 + length], at
        at = end + 2 + length


# ---- JSON ----

def _no_key_twice(pairs):
    made = dict(pairs)
    must(len(made) == len(pairs), "an object with a key twice:", [key for key, _ in pairs])
    return made


def _no_float(text):
    raise Malformed(f"a number that is no integer: {text}")


def strict_json(text):
    must(b"\0" not in text and not text.startswith(b"\xef\xbb\xbf"), "NUL or a byte order mark in JSON")
    return json.loads(text.decode("utf-8"), object_pairs_hook=_no_key_twice, parse_float=_no_float,
                      parse_constant=_no_float)


def ndjson(text):
    must(text.endswith(b"\n"), "the last line does not end")
    lines = text[:-1].split(b"\n")
    must(all(0 < len(line) < 1 << 20 for line in lines), "an empty line, or one of more than 1 MiB")
    return [strict_json(line) for line in lines]


def exact(value, name):
    """The bytes of a field: those beside it, or else the text itself."""
    if name + "_b64" in value:
        coded = value[name + "_b64"]
        return [base64.b64decode(item) for item in coded] if isinstance(coded, list) else base64.b64decode(coded)
    shown = value[name]
    return [item.encode() for item in shown] if isinstance(shown, list) else shown.encode()


# ---- the journal ----

class Capture:
    """One planned read, as the journal tells it; `entries` are its bytes by name (a file has one, under its own)."""

    def __init__(self, columns, line):
        must(6 <= len(columns) <= 11, "a capture of", len(columns), "columns")
        columns = columns + [None] * (11 - len(columns))
        self.name, self.outcome, self.errno, self.length, self.begin_us, self.took_us = columns[:6]
        self.read_as, self.pack, self.offset, self.ninth, lost = columns[6:]
        must(self.outcome in OUTCOMES, "outcome", self.outcome)
        must(self.read_as is None or re.fullmatch(r"\d+:\d+", self.read_as), "column `as`:", self.read_as)
        self.family = "{}" in self.name
        self.lost = {name: (outcome, errno) for name, outcome, errno in lost or []}
        self.of = self.ninth if isinstance(self.ninth, str) else None
        self.facts = self.ninth if isinstance(self.ninth, dict) else None
        self.line = line
        self.redacted = False
        self.entries = {}
        self.content = None

    def owed(self):
        """(name in the pack, name in `entries`, length) of what the packs must hold for it, in order."""
        if not isinstance(self.ninth, list):
            return [(self.name, self.name, self.length)] if self.pack is not None else []
        must(len(self.ninth) % 2 == 0, "entries of", self.name)
        pairs = list(zip(self.ninth[::2], self.ninth[1::2]))
        must(sum(length for _, length in pairs) == self.length, "the sum of the entries of", self.name)
        return [(self.name.replace("{}", name) if self.family else name, name, length) for name, length in pairs]

    @property
    def bytes(self):
        must(not self.family, self.name, "is a directory")
        return b"".join(self.entries.values())


class Line:
    """One line of the journal that holds captures."""

    def __init__(self, line):
        self.scope, self.us, self.took = line["scope"], line["us"], line["took"]
        self.pid, self.start, self.life = line.get("pid"), line.get("start"), line.get("life")
        self.reader, self.identity = line.get("reader"), line.get("identity")
        self.changed, self.more = line.get("changed", []), line.get("more", False)
        self.packs, self.via = line["packs"], line.get("via")
        self.captures = [Capture(columns, self) for columns in line["c"]]
        must(self.scope in ("process", "global", "opening", "closing", "facts", "content"), "scope", self.scope)
        must(self.scope != "content" or self.reader == "memory", "a line of content by", self.reader)
        if self.scope in ("process", "content"):
            must(self.life in (str(self.pid), f"{self.pid}+{self.start}"), "life", self.life, "of pid", self.pid)
            must(self.reader in ("quiet", "memory"), "reader", self.reader)
            must(self.identity in ("same", "gone", "changed", "unverified"), "identity", self.identity)
            must((self.identity == "changed") == bool(self.changed), "changed", self.changed, "of", self.identity)

    def match(self, members, claimed):
        """Gives every byte of its packs to one capture, in order; directories read together take turns."""
        for pack in self.packs:
            must(pack in members, "a pack that is not in the bundle:", pack)
            must(pack not in claimed, "a pack of two lines:", pack)
            claimed.add(pack)
        owed = [(capture, capture.owed()) for capture in self.captures]
        for index, member in enumerate(self.packs):
            if self.scope == "content" and member.startswith(("data/objects/", "data/memory/")):
                self._match_object(index, member, members[member], owed)
            else:
                self._match_pack(index, member, members, owed)
        for capture, rest in owed:
            must(not rest, "the packs do not hold", rest[:3], "of", self.life, capture.name)

    @staticmethod
    def _match_object(index, member, data, owed):
        """The content of a file: named by its hash, unless the file changed between two readings; or a core."""
        capture, rest = [pair for pair in owed if pair[1]][0]
        digest = hashlib.sha256(data).hexdigest()
        must((capture.pack, capture.offset, capture.length) == (index, 0, len(data)), "the place of", member)
        must(capture.facts["sha256"] == digest, "the hash of", member)
        core = capture.name == "mem" and member == f"data/memory/{capture.line.life}.core"
        must(core or member == "data/objects/" + digest or capture.outcome not in ("complete", "truncated"), "the name", member)
        rest.pop()
        capture.content = data

    def _match_pack(self, index, member, members, owed):
        if self.scope in ("global", "facts"):
            top = "data/proc/" if self.scope == "global" else "data/"
            must(member.startswith(top), "a member of another scope:", member)
            entries = [("f", member[len(top):], members[member], 0)]
        else:
            entries = unpack(members[member])
        for kind, name, data, offset in entries:
            left = [pair for pair in owed if pair[1]][:TURNS]
            fits = [pair for pair in left if pair[1][0][0] in (name, name.removesuffix(".redacted").removesuffix(".masked"))]
            must(fits, "an entry that comes not next:", member, name, "instead of", [pair[1][0][0] for pair in left])
            capture, rest = fits[0]
            must(capture is left[0][0] or (capture.family and left[0][0].family), "out of order:", member, name)
            if not capture.entries:
                must((capture.pack, capture.offset) == (index, offset), "the place of", self.life, name)
            must(rest[0][2] == len(data), "the length of", self.life, name)
            must((kind == "l") == capture_is_link(capture), "the letter of", name)
            if name.endswith(".redacted"):
                capture.redacted = True
            capture.entries[rest.pop(0)[1]] = data


def capture_is_link(capture):
    return capture.name in ("exe", "cwd", "root", "fd/{}", "ns/{}") and capture.line.scope == "process"


# ---- the bundle ----

class Bundle:
    """A bundle in memory: `tar`, `members` (bytes by name below the top directory), `meta`, `closing`, `lines`..."""

    def __init__(self, file):
        self.tar = decompressed(file)
        pairs = list(untar(self.tar))
        tops = {name.split("/")[0] for name, _ in pairs}
        must(len(tops) == 1, "top directories", tops)
        self.id = tops.pop()
        self.order = [name[len(self.id) + 1:] for name, _ in pairs]
        self.members = dict(zip(self.order, (data for _, data in pairs)))
        must(len(self.members) == len(pairs), "a member twice")
        self.meta = strict_json(self.members["data/meta.json"])
        self.closing = strict_json(self.members["data/closing.json"])
        self.phases, self.lines, claimed = [], [], set()
        for line in self.ndjson("data/journal/"):
            if "phase" in line:
                self.phases.append(line)
                continue
            self.lines.append(Line(line))
            self.lines[-1].match(self.members, claimed)
        told = [phase["phase"] for phase in self.phases]
        whole = [phase for phase in PHASES if phase != "content-end" or self.meta["plan"]["content"]]
        planned = whole if self.closing["sealed_early"] is None else [phase for phase in PHASES if phase in told]
        must(told == planned, "phases", told, "instead of", planned)
        raw = {name for name in self.members if re.match("data/(proc|opening|closing|facts|objects|memory)/", name)}
        must(raw == claimed, "raw members that no line names:", raw - claimed)

    def ndjson(self, prefix):
        """The lines of all parts, in the order of their numbers."""
        names = sorted(name for name in self.members if name.startswith(prefix))
        return [line for name in names for line in ndjson(self.members[name])]

    def records(self, kind):
        return self.ndjson(f"data/records/{kind}-")

    def of_life(self, pid, reader=None, life=None):
        return [line for line in self.lines if line.scope == "process" and line.pid == pid
                and reader in (None, line.reader) and life in (None, line.life)]

    def capture(self, pid, name, life=None):
        """The one capture of that file of that process; a directory that goes on in further lines is put together."""
        found = [capture for line in self.of_life(pid, life=life) for capture in line.captures if capture.name == name]
        must(found, "no capture of", name, "of pid", pid)
        whole = copy.copy(found[-1])
        whole.entries, whole.lost = {}, {}
        for part in found:
            must(part.family or len(found) == 1, "two captures of", name, "of pid", pid)
            must(not whole.entries.keys() & part.entries.keys(), "an entry twice in", name, "of pid", pid)
            whole.entries.update(part.entries)
            whole.lost.update(part.lost)
        return whole

    def contents(self, pid):
        """Captures of the content of files of that pid, by name; a name that came twice is a list's last one."""
        return {capture.name: capture for line in self.lines if line.scope == "content" and line.pid == pid
                for capture in line.captures}

    def object(self, capture):
        """The bytes that the bundle holds of a file: in this capture, or in an earlier one of the same content."""
        return self.members.get("data/objects/" + capture.facts["sha256"])

    def process(self, pid):
        """The process record of a pid that had one life."""
        found = [record for record in self.records("process") if record["process"]["pid"] == pid]
        must(len(found) == 1, len(found), "process records of pid", pid)
        return found[0]

    def descriptors(self, pid):
        return {record["proc"]["fd"]: record["proc"] for record in self.records("fd")
                if record["process"]["pid"] == pid}


class Run:
    """One run of the collector into a new file: its output, and, when something was sealed, the bundle."""

    def __init__(self, folder, *options, program=None, expect=0, prefix=(), name="snapshot.tar.gz"):
        self.program = program or PROCSNAP
        self.path = os.path.join(folder, name)
        command = [*prefix, self.program, "collect", self.path, *map(str, options)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300)
        self.status, self.stdout, self.stderr = done.returncode, done.stdout.decode(), done.stderr.decode()
        must(self.status == expect, "collect", *options, "ends with", self.status, "instead of", expect, self.stderr)
        self.head = head_line(self.stdout)
        self.check()
        with open(self.path, "rb") as file:
            self.bundle = Bundle(file.read())

    def verify(self, *options, program=None):
        """(exit status, text) of a verification with the key of the head line pinned."""
        command = [program or self.program, "verify", "--rederive", "--key", self.head["pk"], *options, self.path]
        done = subprocess.run(command, capture_output=True, check=False, timeout=300)
        return done.returncode, (done.stdout + done.stderr).decode()

    def check(self):
        status, text = self.verify()
        must(status == 0 and text.startswith("OK ") and "all identical" in text, "verify --rederive says", status, text)


def head_line(text):
    """EVIDENCE v1 bundle=... as a dictionary; the text must be that line and nothing else."""
    match = re.fullmatch(r"EVIDENCE v1 bundle=(?P<bundle>\S+) seq=(?P<seq>\d+) root=(?P<root>[0-9a-f]{64}) "
                         r"pk=(?P<pk>[A-Za-z0-9+/]{56}) prev=(?P<prev>[0-9a-f]{64}|-)\n", text)
    must(match, "no head line:", repr(text))
    return match.groupdict()


def collect(folder, *options, **how):
    """The bundle of one run that must end as it should and verify with its records derived again."""
    os.makedirs(folder, exist_ok=True)
    used = sum(name.endswith(".tar.gz") for name in os.listdir(folder))
    return Run(folder, "--quiet", *options, name=f"snapshot-{used}.tar.gz", **how).bundle


def readers_left():
    """Processes of the collector that are still there; their memory is not touched. Those without a parent became ours: we
    are the first here."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                break
        except ChildProcessError:
            break
    left = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", "rb") as file:
                if file.read().startswith(b"procsnap"):
                    left.append(int(pid))
        except OSError:
            continue
    return left
