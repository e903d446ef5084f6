#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One crafted bundle for each thing that somebody can do to a bundle, made from a good one; none may be OK.

SIGN_TOOL is the path of the test program built from sign_tool.c: what is sealed again is sealed by the right key, so
that nothing but the row itself is wrong. Each bundle is given to verify, which must end with the documented status, and
to show and export, which must not crash; none of them may leave a file behind (export: none outside its directory).
"""
import base64
import hashlib
import itertools
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import hostile_forms  # noqa: E402
import snapshot  # noqa: E402
from checks import Stopwatch, about, equal, finish, holds  # noqa: E402

PROCSNAP = os.path.abspath(snapshot.PROCSNAP)
SIGN_TOOL = os.environ.get("SIGN_TOOL", "") and os.path.abspath(os.environ["SIGN_TOOL"])
SANITIZED = os.path.basename(os.path.dirname(PROCSNAP)) != "release"
INCOMPLETE, TAMPERED, MALFORMED = 10, 11, 12
WORDS = {0: "OK", 1: "OK-UNPINNED", INCOMPLETE: "INCOMPLETE", TAMPERED: "TAMPERED", MALFORMED: "MALFORMED"}
SIGNATURES = ["tagmanifest-sha256.txt.minisig", "tagmanifest-sha256.txt.sshsig"]
TAG_FILES = ["bag-info.txt", "bagit.txt", "chain.json", "custody.ndjson", "manifest-sha256.txt"]
KIB, MIB = 1 << 10, 1 << 20
# docs/BUNDLE.md section 10: 100 MiB and 400 bytes a member. Where bytes are needed they wait for their journal line.
BOMB_SECONDS, BOMB_MEMORY, MEMORY_WITH_BYTES = 10, 100 * MIB, 300 * MIB


def check(what, condition, *seen):
    """Tells a failure alone: there are thousands of checks."""
    if not condition:
        holds(what, False, seen)


# ---- making bundles ----

def gzipped(tar, head=snapshot.GZIP_HEADER, level=1):
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(tar) + deflate.flush()
    return head + body + zlib.crc32(tar).to_bytes(4, "little") + (len(tar) % (1 << 32)).to_bytes(4, "little")


def header(member, size, mtime, /, **fields):
    """A ustar header as a bundle has it; `fields` overwrite it."""
    name, prefix = member.encode() if isinstance(member, str) else member, b""
    if len(name) > 100:
        cut = name.index(b"/", len(name) - 101)
        prefix, name = name[:cut], name[cut + 1:]
    at = {"name": 0, "mode": 100, "uid": 108, "gid": 116, "size": 124, "mtime": 136, "type": 156, "link": 157,
          "magic": 257, "user": 265, "devices": 329, "prefix": 345, "rest": 500}
    made = bytearray(512)
    values = {"name": name, "mode": b"000600 \0", "uid": b"000000 \0", "gid": b"000000 \0", "size": b"%011o " % size,
              "mtime": b"%011o " % mtime, "type": b"0", "magic": b"ustar\x0000", "devices": b"000000 \0" * 2,
              "prefix": prefix}
    values.update(fields)
    checksum = values.pop("checksum", None)
    for key, value in values.items():
        made[at[key]:at[key] + len(value)] = value
    made[148:156] = checksum or b"%06o\0 " % (sum(made) + 8 * 32)
    return bytes(made)


def padded(data, fill=b"\0"):
    return data + fill * (-len(data) % 512)


class Good:
    """A bundle in parts that can be exchanged."""

    def __init__(self, path, key):
        with open(path, "rb") as file:
            self.file = file.read()
        self.key = key
        self.tar = snapshot.decompressed(self.file)
        pairs = list(snapshot.untar(self.tar))
        self.top = pairs[0][0].split("/")[0]
        self.mtime = int(self.tar[136:147], 8)
        self.members = [(name[len(self.top) + 1:], data) for name, data in pairs]
        self.comment = self["tagmanifest-sha256.txt.minisig"].split(b"\n")[2][len("trusted comment: "):].decode()
        self.root = hashlib.sha256(self["tagmanifest-sha256.txt"]).hexdigest()

    def __getitem__(self, name):
        return dict(self.members)[name]

    def first(self, pattern):
        return next(name for name, _ in self.members if re.fullmatch(pattern, name))

    def entry(self, name, data, **fields):
        return header(f"{self.top}/{name}", len(data), self.mtime, **fields) + padded(data)

    def tar_of(self, members):
        return b"".join(self.entry(name, data) for name, data in members) + bytes(1024)

    def packed(self, members):
        return gzipped(self.tar_of(members))

    def with_raw(self, raw, at=2):
        """The bundle with these bytes of tar before its member number `at`."""
        return gzipped(b"".join(self.entry(*pair) for pair in self.members[:at]) + raw +
                       b"".join(self.entry(*pair) for pair in self.members[at:]) + bytes(1024))

    def without(self, *names):
        return self.packed([pair for pair in self.members if pair[0] not in names])

    def exchange(self, name, data):
        """Its members with one changed, added (before closing.json), or taken out (None); nothing is sealed anew."""
        if name not in dict(self.members):
            at = [other for other, _ in self.members].index("data/closing.json")
            return self.members[:at] + [(name, data)] + self.members[at:]
        return [(other, data if other == name else old) for other, old in self.members
                if other != name or data is not None]

    def sign(self, text, comment=None, key=None):
        """(minisig, sshsig) of these bytes."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tagmanifest-sha256.txt")
            with open(path, "wb") as file:
                file.write(text)
            subprocess.run([SIGN_TOOL, "sign", key or self.key, path, comment or self.comment], check=True, timeout=300)
            return [open(path + suffix, "rb").read() for suffix in (".minisig", ".sshsig")]

    def sealed(self, members, manifest=None, oxum=True, tags=(), **how):
        """These members sealed again; `manifest` makes another manifest of the right one, `tags` are lines to add."""
        files = dict(members)
        payload = sorted(name for name in files if name.startswith("data/"))
        lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n".encode() for name in payload]
        text = b"".join(lines) if manifest is None else manifest(lines)
        files["manifest-sha256.txt"] = text
        if oxum:
            counted = b"Payload-Oxum: %d.%d" % (sum(len(files[name]) for name in payload), len(payload))
            files["bag-info.txt"] = re.sub(rb"Payload-Oxum: [0-9.]+", counted, files["bag-info.txt"])
        listed = sorted([name for name in TAG_FILES if name in files] + list(tags))
        files["tagmanifest-sha256.txt"] = b"".join(
            f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n".encode() for name in listed)
        files.update(zip(SIGNATURES, self.sign(files["tagmanifest-sha256.txt"], **how)))
        return self.packed([(name, files[name]) for name, _ in members])

    def resealed(self, name, change, **how):
        """Sealed again after `change` made other bytes of one member (or these are the bytes)."""
        data = change(self[name]) if callable(change) else change
        check(f"the change of {name} is one", name not in dict(self.members) or data != self[name])
        return self.sealed(self.exchange(name, data), **how)


def swap(old, new, count=1):
    """bytes.replace that must find what it replaces."""
    def change(data):
        if old not in data:
            raise KeyError(f"{old} is not in {data[:300]}")
        return data.replace(old, new, count)
    return change


# ---- what procsnap makes of them ----

class Judge:
    def __init__(self, folder, pub):
        self.folder, self.pub = folder, pub
        self.count, self.ran, self.accepted, self.sanitized = 0, 0, 0, SANITIZED
        os.makedirs(os.path.join(folder, "empty"))
        self.bundle = os.path.join(folder, "in", "hostile.tar.gz")
        os.makedirs(os.path.dirname(self.bundle))

    def listing(self):
        """Everything in the folder but what export may write, with sizes and times."""
        found = {}
        for base, folders, files in os.walk(self.folder):
            if base == self.folder and "out" in folders:
                folders.remove("out")
            for name in folders + files:
                st = os.lstat(os.path.join(base, name))
                found[os.path.join(base, name)] = (st.st_mode, st.st_size, st.st_mtime_ns)
        return found

    def run(self, title, *arguments, stdin=subprocess.DEVNULL, memory=0):
        """(exit status, text, seconds); a signal or a sanitizer's report fails the test. `memory` is the address space
        that it may have: who needs more ends with another status. A sanitizer needs terabytes."""
        self.ran += 1
        limit = (lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))) if memory and not SANITIZED else None
        with tempfile.TemporaryFile() as out:
            stopwatch = Stopwatch()
            child = subprocess.Popen([PROCSNAP, *arguments], cwd=os.path.join(self.folder, "empty"),
                                     stdin=stdin, stdout=out, stderr=out, preexec_fn=limit)
            signal.alarm(600)
            child.wait()
            took = stopwatch.calm()
            signal.alarm(0)
            out.seek(0)
            text = out.read(MIB).decode("utf-8", "replace")
        crashed = child.returncode < 0 or re.search("ERROR: [A-Z][a-z]+Sanitizer|runtime error:", text)
        check(f"{title}: {arguments[0]} does not crash", not crashed, child.returncode, text[:2000])
        shown = re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", text)
        check(f"{title}: {arguments[0]} prints no control characters", not shown, repr(text[:2000]))
        return child.returncode, text, took

    def soon(self, title, *arguments):
        _, _, took = self.run(title, *arguments)
        check(f"{title}: {' '.join(arguments)} ends soon", took < BOMB_SECONDS, took)

    def put(self, data, outer=None):
        """`data` are bytes, or pieces of them for what is large."""
        for name in os.listdir(os.path.dirname(self.bundle)):
            os.remove(os.path.join(os.path.dirname(self.bundle), name))
        with open(self.bundle, "wb") as file:
            for piece in [data] if isinstance(data, bytes) else data:
                file.write(piece)
        if outer is not None:
            with open(self.bundle + ".minisig", "wb") as file:
                file.write(outer)

    def case(self, title, expected, data, *options, outer=None, quiet=False, views=True, rederive=True, bomb=0,
             piped=False, says=""):
        """One hostile bundle. `expected` is the status, or all that the format's page leaves open; `says` what one of
        the reasons holds, or several of them."""
        expected = expected if isinstance(expected, tuple) else (expected,)
        self.put(data, outer)
        before = self.listing()
        again = ["--rederive"] if rederive else []
        with open(self.bundle, "rb") as file:
            name, stdin = ("-", file) if piped else (self.bundle, subprocess.DEVNULL)
            status, text, took = self.run(title, "verify", name, "--key", self.pub, *again, *options, stdin=stdin,
                                          memory=bomb and (MEMORY_WITH_BYTES if rederive else bomb))
        self.count += 1
        self.accepted += status in (0, 1)
        word = WORDS.get(status, str(status))
        if status not in expected or not text.startswith(word + " "):
            check(f"{title}: {' or '.join(WORDS[one] for one in expected)}", False, status, text)
        says = (says,) if isinstance(says, str) else says
        check(f"{title}: it says why", any(one in text for one in says), says, text)
        if not quiet:
            why = next((line for line in text.splitlines() if re.match("(incomplete|tampered|malformed): ", line)), "")
            cost = f" [{took:.2f} s]" if bomb else ""
            print(f"{word:<11} {title}{cost}: {why[:90]}")
        costs = [("verify", took)]
        if views:
            out = os.path.join(self.folder, "out")
            for command in (["show", self.bundle], ["export", self.bundle, "--format", "procfs", "-o", out]):
                status, text, took = self.run(title, *command, memory=bomb and MEMORY_WITH_BYTES)
                costs.append((command[0], took))
                refusals = (MALFORMED,) if expected == (MALFORMED,) else (0, 3, *WORDS)
                check(f"{title}: status of {command[0]}", status in refusals, status, text)
            shutil.rmtree(out, ignore_errors=True)
        if bomb:
            for command, took in costs:
                check(f"{title}: {command} ends soon", took < BOMB_SECONDS, took)
        after = self.listing()
        check(f"{title}: nothing was written", before == after, set(after.items()) ^ set(before.items()))


# ---- the rows ----

def names(judge, good):
    about("names of members")
    top = good.top
    rows = {
        "absolute path": b"/tmp/evil", "absolute path below the top": f"/{top}/data/x",
        "..": "../evil", ".. below the top": f"{top}/../../evil", ".. in the payload": f"{top}/data/../../../evil",
        ". component": f"{top}/./data/x", "empty component": f"{top}/data//x", "ends in /": f"{top}/data/x/",
        "backslash": f"{top}/data\\..\\x", "blank": f"{top}/data/x y", "newline": f"{top}/data/x\ny",
        "ESC": f"{top}/data/\x1b[2Jx", "C1": b"%s/data/\x9b2Jx" % top.encode(), "not ASCII": f"{top}/data/\u202ex",
        "NUL and more": f"{top}/data/x\0y", "percent": f"{top}/data/%2e%2e", "tilde": f"{top}/data/~root",
        "escaped .., which is a name": f"{top}/data/=2E=2E/x", "escape in lower case": f"{top}/data/=2e", "no name": "",
        "escape that need not be": f"{top}/data/=41", "half an escape": f"{top}/data/=4",
        "another top directory": "procsnap-20200101t000000z-00000000/data/x", "no top directory": "bagit.txt",
        "only the top directory": top, "drive letter": "C:/evil",
        "longest that ustar has": f"{top}/{'d' * 100}/{'x' * 100}",
    }
    for title, name in rows.items():
        judge.case(f"name: {title}", TAMPERED if title.startswith(("longest", "escaped ..")) else MALFORMED,
                   good.with_raw(header(name, 1, good.mtime) + padded(b"x")))
    long_name = f"{top}/data/{'x' * 300}\0".encode()
    judge.case("name: over-long, GNU", MALFORMED, good.with_raw(
        header("././@LongLink", len(long_name), good.mtime, type=b"L", magic=b"ustar  \0") + padded(long_name) +
        good.entry("data/x", b"x")))
    judge.case("name: split where it need not be", MALFORMED, good.with_raw(
        header("x", 1, good.mtime, prefix=f"{top}/data".encode()) + padded(b"x")))
    judge.case("name: bytes behind its end", MALFORMED, good.with_raw(
        header("x", 1, good.mtime, name=f"{top}/data/x\0\0junk".encode()) + padded(b"x")))


def kinds(judge, good):
    about("sorts of members")
    for letter, title in {"1": "hard link", "2": "symbolic link", "3": "character device", "4": "block device",
                          "5": "directory", "6": "fifo", "7": "contiguous file", "S": "sparse file",
                          "M": "multi-volume",
                          "V": "volume header", "K": "GNU long link", "D": "GNU directory", "\0": "old regular file",
                          "X": "vendor's own"}.items():
        judge.case(f"member: {title}", MALFORMED, good.with_raw(
            header(f"{good.top}/data/x", 0, good.mtime, type=letter.encode(), link=b"/etc/passwd")))
        member = good.first("data/proc/[0-9]+/state.pack")
        at = good.tar.index(f"{good.top}/{member}\0".encode())
        made = bytearray(good.tar)
        made[at + 156:at + 157] = letter.encode()
        made[at + 148:at + 156] = b"%06o\0 " % (sum(made[at:at + 148]) + sum(made[at + 156:at + 512]) + 256)
        judge.case(f"member: a pack relabelled as {title}", MALFORMED, gzipped(bytes(made)))
    for letter, record in {"x": "path=../../evil", "g": "path=../../evil"}.items():
        for record in (record, "size=0", "linkpath=/etc/passwd", "hdrcharset=BINARY", "SCHILY.xattr.user.x=1"):
            line = f"{len(record) + 4} {record}\n".encode()
            judge.case(f"member: pax {letter} {record}", MALFORMED, good.with_raw(
                header(f"{good.top}/PaxHeader/x", len(line), good.mtime, type=letter.encode()) + padded(line) +
                good.entry("data/x", b"x")))


def headers(judge, good):
    about("header fields")
    name, data = good.members[1]
    for title, fields in {
            "mode 0644": {"mode": b"000644 \0"}, "setuid": {"mode": b"004755 \0"}, "uid 1": {"uid": b"000001 \0"},
            "gid 1": {"gid": b"000001 \0"}, "user name": {"user": b"root"}, "another time": {"mtime": b"00000000000 "},
            "link name in a file": {"link": b"/etc/passwd"}, "GNU magic": {"magic": b"ustar  \0"},
            "no magic": {"magic": bytes(8)}, "wrong checksum": {"checksum": b"000000\0 "},
            "checksum in another form": {}, "size in base 256": {"size": b"\x80" + len(data).to_bytes(11, "big")},
            "negative size": {"size": b"\xff" * 12}, "size without end": {"size": b"%012o" % len(data)},
            "size with blanks": {"size": b"%11o " % len(data)}, "size that is no number": {"size": b"0x9999999 9"},
            "17 GiB": {"size": b"%011o " % 8589934591}, "bytes behind the fields": {"rest": b"x"}}.items():
        made = header(f"{good.top}/{name}", len(data), good.mtime, **fields)
        if not fields:
            made = made[:148] + b"%07o\0" % int(made[148:154], 8) + made[156:]
        judge.case(f"header: {title}", (TAMPERED, MALFORMED, INCOMPLETE) if title == "17 GiB" else MALFORMED,
                   gzipped(good.entry(*good.members[0]) + made + padded(data) + b"".join(
                       good.entry(*pair) for pair in good.members[2:]) + bytes(1024)))


def doubles(judge, good):
    about("names that are one")
    stat = good["data/proc/stat"]
    for title, name in {"the same twice": "data/proc/stat", "case alias": "data/proc/STAT",
                        "case alias of a directory": "data/PROC/stat", "=HH alias": "data/proc/=53TAT",
                        "=HH alias in lower case": "data/proc/=73tat", "below a file": "data/proc/stat/x"}.items():
        at = [other for other, _ in good.members].index("data/proc/stat")
        judge.case(f"duplicate: {title}", MALFORMED, good.packed(
            good.members[:at + 1] + [(name, stat)] + good.members[at + 1:]))
        if name != "data/proc/stat":
            judge.case(f"duplicate: {title}, sealed", MALFORMED, good.sealed(
                good.members[:at + 1] + [(name, stat)] + good.members[at + 1:]))
    for name in ("bagit.txt", "data/meta.json", "data/closing.json", "manifest-sha256.txt", *SIGNATURES):
        at = [other for other, _ in good.members].index(name)
        judge.case(f"duplicate: {name}, the second with other bytes", MALFORMED, good.packed(
            good.members[:at + 1] + [(name, b"{}\n")] + good.members[at + 1:]))


def manifests(judge, good):
    about("manifests")
    pack = good.first("data/proc/[0-9]+/state.pack")
    zeros, evil = b"0" * 64, b"f stat 1\nx\n"
    judge.case("manifest: member that is not in it", TAMPERED, good.packed(good.exchange("data/evil.txt", b"x")))
    judge.case("manifest: member that is not in it, sealed", (TAMPERED, MALFORMED), good.sealed(
        good.exchange("data/proc/999999/state.pack", evil),
        manifest=lambda lines: b"".join(line for line in lines if b"/999999/" not in line)))
    judge.case("manifest: line without member", TAMPERED, good.without(pack))
    judge.case("manifest: line without member, sealed", (TAMPERED, MALFORMED), good.sealed(
        good.members, manifest=lambda lines: b"".join(lines) + zeros + b"  data/zzz\n"))
    judge.case("manifest: wrong hash, sealed", TAMPERED, good.sealed(
        good.members, manifest=lambda lines: zeros + lines[0][64:] + b"".join(lines[1:])))
    judge.case("manifest: a member nobody knows, sealed", MALFORMED, good.sealed(good.exchange("data/evil.txt", b"x")))
    for title, change in {
            "newline in a path": lambda lines: b"".join(lines) + zeros + b"  data/z\nz\n",
            "GNU escape": lambda lines: b"".join(lines) + b"\\" + zeros + b"  data/z\\nz\n",
            "backslash": lambda lines: b"".join(lines) + zeros + b"  data/z\\z\n",
            "percent": lambda lines: b"".join(lines) + zeros + b"  data/z%0Az\n",
            "carriage return": lambda lines: b"".join(lines).replace(b"\n", b"\r\n"),
            "unsorted": lambda lines: b"".join(lines[::-1]),
            "a line twice": lambda lines: lines[0] + b"".join(lines),
            "a line twice with another hash": lambda lines: zeros + lines[0][64:] + b"".join(lines),
            "upper case": lambda lines: lines[0][:64].upper() + lines[0][64:] + b"".join(lines[1:]),
            "one blank": lambda lines: b"".join(lines).replace(b"  ", b" ", 1),
            "binary mark": lambda lines: b"".join(lines).replace(b"  ", b" *", 1),
            "no last newline": lambda lines: b"".join(lines)[:-1],
            "empty line": lambda lines: b"\n" + b"".join(lines),
            "comment": lambda lines: b"# x\n" + b"".join(lines),
            "absolute path": lambda lines: zeros + b"  /etc/passwd\n" + b"".join(lines),
            "..": lambda lines: zeros + b"  data/../x\n" + b"".join(lines),
            "NUL": lambda lines: b"".join(lines) + b"\0\n",
            "BOM": lambda lines: b"\xef\xbb\xbf" + b"".join(lines),
            "empty": lambda lines: b""}.items():
        judge.case(f"manifest: {title}, sealed", (TAMPERED, MALFORMED) if title == "empty" else MALFORMED,
                   good.sealed(good.members, manifest=change))
    at = [name for name, _ in good.members].index("manifest-sha256.txt")
    more = good.members[:at] + [("manifest-md5.txt", b"0" * 32 + b"  data/meta.json\n")] + good.members[at:]
    judge.case("manifest: manifest-md5.txt", (TAMPERED, MALFORMED), good.packed(more))
    judge.case("manifest: manifest-md5.txt, sealed", MALFORMED, good.sealed(more, tags=["manifest-md5.txt"]))
    judge.case("manifest: Payload-Oxum of other bytes, sealed", MALFORMED, good.resealed(
        "bag-info.txt", swap(b"Payload-Oxum: ", b"Payload-Oxum: 1"), oxum=False))
    for name in ("bagit.txt", "bag-info.txt", "chain.json", "custody.ndjson", "manifest-sha256.txt", "data/meta.json",
                 "data/closing.json", pack):
        judge.case(f"manifest: {name} taken out", TAMPERED, good.without(name))
        judge.case(f"manifest: a byte of {name} changed", TAMPERED, good.packed(
            good.exchange(name, good[name][:-3] + bytes([good[name][-3] ^ 1]) + good[name][-2:])))
    judge.case("manifest: the tag manifest taken out", MALFORMED, good.without("tagmanifest-sha256.txt"))
    judge.case("manifest: a byte of the tag manifest changed", TAMPERED, good.packed(
        good.exchange("tagmanifest-sha256.txt", swap(b"bagit", b"bagat")(good["tagmanifest-sha256.txt"]))))


def ends(judge, good):
    about("what stands behind the end")
    inner = good.entry("data/hidden", b"x") + bytes(1024)
    extra, name, comment = b"\4\0abcd", b"evil\0", b"evil\0"
    judge.case("end: a second tar behind the zero blocks", MALFORMED, gzipped(good.tar + inner))
    judge.case("end: zero blocks in the middle", (TAMPERED, MALFORMED), good.with_raw(bytes(1024)))
    judge.case("end: one zero block in the middle", MALFORMED, good.with_raw(bytes(512)))
    judge.case("end: a third zero block", MALFORMED, gzipped(good.tar + bytes(512)))
    judge.case("end: 10240-byte records", MALFORMED, gzipped(good.tar + bytes(-len(good.tar) % 10240 or 10240)))
    judge.case("end: one zero block alone", (INCOMPLETE, MALFORMED), gzipped(good.tar[:-512]))
    judge.case("end: no zero blocks", (INCOMPLETE, MALFORMED), gzipped(good.tar[:-1024]))
    judge.case("end: half a zero block more", MALFORMED, gzipped(good.tar + bytes(100)))
    judge.case("end: a second gzip member", MALFORMED, good.file + gzipped(inner))
    judge.case("end: a second gzip member, empty", MALFORMED, good.file + gzipped(b""))
    judge.case("end: the tar in two gzip members", (INCOMPLETE, MALFORMED),
        gzipped(good.tar[:5120]) + gzipped(good.tar[5120:]))
    judge.case("end: garbage behind gzip", MALFORMED, good.file + b"garbage")
    judge.case("end: one zero byte behind gzip", MALFORMED, good.file + b"\0")
    judge.case("end: wrong CRC", TAMPERED, good.file[:-8] + bytes([good.file[-8] ^ 1]) + good.file[-7:])
    judge.case("end: wrong length", TAMPERED, good.file[:-1] + bytes([good.file[-1] ^ 1]))
    name_, data = good.members[0]
    judge.case("padding that is not zero", MALFORMED, gzipped(
        header(f"{good.top}/{name_}", len(data), good.mtime) + padded(data, b"x") + good.tar[1024:]))
    for title, head in {"FEXTRA": b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + extra,
                        "FNAME": b"\x1f\x8b\x08\x08" + bytes(5) + b"\xff" + name,
                        "FCOMMENT": b"\x1f\x8b\x08\x10" + bytes(5) + b"\xff" + comment,
                        "FTEXT": b"\x1f\x8b\x08\x01" + bytes(5) + b"\xff",
                        "FLG 0xe0": b"\x1f\x8b\x08\xe0" + bytes(5) + b"\xff",
                        "a time": b"\x1f\x8b\x08\0\1\0\0\0\0\xff", "XFL": b"\x1f\x8b\x08\0\0\0\0\0\2\xff",
                        "OS": b"\x1f\x8b\x08\0\0\0\0\0\0\3", "method": b"\x1f\x8b\x07\0\0\0\0\0\0\xff"}.items():
        judge.case(f"gzip: {title}", MALFORMED, gzipped(good.tar, head))
    judge.case("no gzip: the tar itself", MALFORMED, good.tar)
    judge.case("no gzip: zlib", MALFORMED, zlib.compress(good.tar))
    judge.case("no gzip: text", MALFORMED, b"hello\n" * 100)
    judge.case("nothing at all", (INCOMPLETE, MALFORMED), b"")
    judge.case("gzip of nothing", (INCOMPLETE, MALFORMED), gzipped(b""))
    judge.case("gzip of two zero blocks", (INCOMPLETE, MALFORMED), gzipped(bytes(1024)))


def signatures(judge, good, other, second_key, outer):
    about("signatures")
    minisig, sshsig = SIGNATURES
    mine, ssh = good[minisig], good[sshsig]
    lines = mine.split(b"\n")
    judge.case("signature: both stripped", INCOMPLETE, good.without(*SIGNATURES))
    judge.case("signature: minisig stripped", INCOMPLETE, good.without(minisig))
    judge.case("signature: sshsig stripped", INCOMPLETE, good.without(sshsig))
    relabelled = base64.b64encode(b"Ed" + base64.b64decode(lines[1])[2:])
    judge.case("signature: ED relabelled Ed", TAMPERED, good.packed(
        good.exchange(minisig, b"\n".join([lines[0], relabelled] + lines[2:]))))
    if shutil.which("minisign"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "t")
            with open(path, "wb") as file:
                file.write(good["tagmanifest-sha256.txt"])
            subprocess.run(["minisign", "-S", "-l", "-s", good.key, "-m", path, "-t", good.comment, "-c",
                            "signature from procsnap"], check=True, capture_output=True, stdin=subprocess.DEVNULL)
            with open(path + ".minisig", "rb") as file:
                judge.case("signature: of the legacy sort, by the right key", TAMPERED,
                           good.packed(good.exchange(minisig, file.read())))
    with open(second_key.removesuffix(".key") + ".pub", "rb") as file:
        second_pk = file.read().split(b"\n")[1]
    pk = json.loads(good["chain.json"])["pk"].encode()
    judge.case("signature: all by another key, which chain.json names", TAMPERED,
               good.resealed("chain.json", swap(pk, second_pk), key=second_key))
    judge.case("signature: all by another key, which chain.json does not name", TAMPERED,
               good.sealed(good.members, key=second_key))
    judge.case("signature: chain.json names another key", TAMPERED, good.resealed("chain.json", swap(pk, second_pk)))
    theirs = good.sign(good["tagmanifest-sha256.txt"], key=second_key)
    judge.case("signature: minisig by another key", TAMPERED, good.packed(good.exchange(minisig, theirs[0])))
    judge.case("signature: sshsig by another key", TAMPERED, good.packed(good.exchange(sshsig, theirs[1])))
    for name in SIGNATURES:
        judge.case(f"signature: {name.rpartition('.')[2]} of another bundle", TAMPERED,
                   good.packed(good.exchange(name, other[name])))
    judge.case("signature: both of another bundle", TAMPERED, good.packed(
        good.members[:-2] + other.members[-2:]))
    judge.case("signature: tag manifest and both of another bundle", (TAMPERED, MALFORMED), good.packed(
        good.members[:-3] + other.members[-3:]))
    judge.case("signature: the two in the other order", MALFORMED, good.packed(
        good.members[:-2] + good.members[:-3:-1]))
    judge.case("signature: sshsig in place of minisig", TAMPERED, good.packed(good.exchange(minisig, ssh)))
    for field, value in {"seq:0": "seq:1", "prev:-": "prev:0123456789abcdef", good.top: other.top,
                         "file:": "file:x", "hashed": "hashes", "timestamp:": "timestamp:x"}.items():
        changed = good.comment.replace(field, value)
        judge.case(f"comment: {value}", TAMPERED, good.packed(
            good.exchange(minisig, swap(field.encode(), value.encode())(mine))))
        judge.case(f"comment: {value}, by the right key", (TAMPERED, MALFORMED),
                   good.sealed(good.members, comment=changed))
    for title, change in {
            "untrusted comment": swap(b"procsnap", b"\x1b[2Jsnap"), "CRLF": swap(b"\n", b"\r\n", 9),
            "a line more": lambda text: text + b"\n", "no last newline": lambda text: text[:-1],
            "blank behind base64": swap(lines[1], lines[1] + b" "), "no padding": swap(lines[1], lines[1].rstrip(b"=")),
            "unused bits of base64": lambda text: flip_unused(text, lines[1]),
            "unused bits of the second base64": lambda text: flip_unused(text, lines[3]),
            "a digit of url-safe base64": lambda text: text.replace(lines[1], b"_" + lines[1][1:]),
            "another key id": lambda text: text.replace(lines[1], base64.b64encode(
                b"ED" + bytes(8) + base64.b64decode(lines[1])[10:])),
            "a bit of the signature": lambda text: text.replace(lines[1], base64.b64encode(
                base64.b64decode(lines[1])[:-1] + bytes([base64.b64decode(lines[1])[-1] ^ 0x10]))),
            "a bit of the global signature": lambda text: text.replace(lines[3], base64.b64encode(
                bytes([base64.b64decode(lines[3])[0] ^ 1]) + base64.b64decode(lines[3])[1:])),
            "empty": lambda text: b"", "zeros": lambda text: bytes(len(text)),
            "16 KiB more": lambda text: text + b"x" * 16384,
    }.items():
        judge.case(f"minisig: {title}", (TAMPERED, MALFORMED), good.packed(good.exchange(minisig, change(mine))))
    body = b"".join(ssh.split(b"\n")[1:-2])
    raw = base64.b64decode(body)

    def armored(data, width=70):
        text = base64.b64encode(data)
        inner = b"".join(text[at:at + width] + b"\n" for at in range(0, len(text), width))
        return b"-----BEGIN SSH SIGNATURE-----\n" + inner + b"-----END SSH SIGNATURE-----\n"

    equal("the armor of this test is the product's", ssh, armored(raw))
    for title, text in {
            "lines of 76": armored(raw, 76), "one line": armored(raw, 9999), "CRLF": ssh.replace(b"\n", b"\r\n"),
            "text before": b"x\n" + ssh, "text behind": ssh + b"x\n", "empty line": swap(b"\n-----END",
            b"\n\n-----END")(ssh),
            "bytes behind the blob": armored(raw + b"\0"), "cut short": armored(raw[:-1]),
            "another version": armored(raw[:9] + b"\2" + raw[10:]), "SHA-256": armored(swap(b"sha512", b"sha256")(raw)),
            "another namespace": armored(swap(b"procsnap@v1", b"procsnap@v2")(raw)),
            "a length of 4 GiB": armored(raw[:10] + b"\xff\xff\xff\xff" + raw[14:]),
            "a bit of the signature": armored(raw[:-1] + bytes([raw[-1] ^ 1])),
            "SSH PUBLIC KEY": ssh.replace(b"SIGNATURE", b"PUBLICKEY"), "empty": b""}.items():
        judge.case(f"sshsig: {title}", (TAMPERED, MALFORMED), good.packed(good.exchange(sshsig, text)))
    judge.case("outer signature: of another file", TAMPERED, good.file, outer=other_outer(outer))
    judge.case("outer signature: garbage", TAMPERED, good.file, outer=b"garbage\n")
    judge.case("outer signature: its file recompressed", TAMPERED, gzipped(good.tar, level=9), outer=outer)
    judge.case("outer signature: its file cut short", INCOMPLETE, good.file[:-5000], outer=outer)


def other_outer(outer):
    lines = outer.split(b"\n")
    data = bytearray(base64.b64decode(lines[1]))
    data[20] ^= 1
    return b"\n".join([lines[0], base64.b64encode(bytes(data))] + lines[2:])


def flip_unused(text, line):
    """The last digit before the padding says bits that nothing decodes; base64.b64decode does not see them."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = len(line.rstrip(b"=")) - 1
    other = bytes([alphabet[alphabet.index(line[at:at + 1]) ^ 1]])
    changed = line[:at] + other + line[at + 1:]
    equal("the changed base64 says the same bytes", base64.b64decode(line), base64.b64decode(changed))
    return text.replace(line, changed)


def still_says(file, tar):
    try:
        return snapshot.decompressed(file) == tar
    except (zlib.error, snapshot.Malformed):
        return False


def cuts_and_flips(judge, good, outer):
    about("cut short, and flipped bits")
    before = judge.count
    size = len(good.file)
    for index, at in enumerate(sorted({*range(KIB, size, KIB), *range(1, 19), *(size - n for n in range(1, 20))})):
        judge.case(f"cut after {at} of {size}", INCOMPLETE, good.file[:at], quiet=True, views=index % 8 == 0)
    print(f"INCOMPLETE  cut at every KiB, and byte by byte at both ends: {judge.count - before} bundles")
    before = judge.count
    for index, at in enumerate(range(512, len(good.tar) - 1024, max(512, len(good.tar) // 40 // 512 * 512))):
        judge.case(f"tar cut after {at}", (INCOMPLETE, MALFORMED), gzipped(good.tar[:at]), quiet=True,
            views=index % 8 == 0)
        judge.case(f"tar cut after {at} + 100", (INCOMPLETE, MALFORMED), gzipped(good.tar[:at + 100]), quiet=True,
                   views=index % 8 == 4)
    print(f"INCOMPLETE  a tar cut short in a whole gzip member: {judge.count - before} bundles")
    before = judge.count
    every = (INCOMPLETE, TAMPERED, MALFORMED)
    steps = 60 if SANITIZED else 160
    for index, at in enumerate([*range(20), *range(20, size, size // steps), *range(size - 8, size)]):
        flipped = bytearray(good.file)
        flipped[at] ^= 1 << index % 8
        # Deflate can say the same in two ways; that the file is another one, only the signature beside it says.
        same = still_says(bytes(flipped), good.tar)
        judge.case(f"bit {index % 8} of byte {at} flipped", TAMPERED if same else every, bytes(flipped), quiet=True,
                   views=index % 8 == 0, outer=outer if same or index % 2 else None)
    print(f"none is OK  a bit flipped in the file: {judge.count - before} bundles")
    before = judge.count
    for index, at in enumerate(range(0, len(good.tar), len(good.tar) // steps)):
        flipped = bytearray(good.tar)
        flipped[at] ^= 1 << index % 8
        judge.case(f"bit {index % 8} of byte {at} of the tar flipped", every, gzipped(bytes(flipped)), quiet=True,
                   views=index % 8 == 0)
    print(f"none is OK  a bit flipped in the tar: {judge.count - before} bundles")


def bombs(judge, good):
    about("decompression bombs")
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = deflate.compress(bytes(16 * MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)

    def piece(data):
        made = zlib.compressobj(1, zlib.DEFLATED, -15)
        return made.compress(data) + made.flush(zlib.Z_FULL_FLUSH)

    def bomb(before, repeated, times, after=b""):
        yield snapshot.GZIP_HEADER + piece(before)
        yield from itertools.repeat(repeated, times)
        yield piece(after) + b"\3\0" + bytes(8)

    every = (INCOMPLETE, TAMPERED, MALFORMED)
    first = b"".join(good.entry(*pair) for pair in good.members[:2])
    top, size = good.top, 64 * MIB
    pack = good.first("data/proc/[0-9]+/state.pack")

    def begins(name, size):
        return first + header(f"{top}/{name}", size, good.mtime)

    for title, before in {
            "zeros as the whole tar": b"", "zeros behind the end": good.tar,
            "zeros as a pack": begins(pack, size),
            "zeros as a pack of 8 GiB": begins(pack, (8 << 30) - 1),
            "zeros as a member nobody knows": begins("data/x", size),
            "zeros as meta.json": good.entry(*good.members[0]) + header(f"{top}/data/meta.json", size, good.mtime),
            "zeros as a journal": begins("data/journal/0001.ndjson", size),
            "zeros as records": begins("data/records/gap-0001.ndjson", size),
            "zeros as a manifest": good.tar[:good.tar.index(f"{top}/manifest-sha256.txt".encode())] +
            header(f"{top}/manifest-sha256.txt", size, good.mtime),
            "zeros as a signature": good.tar[:good.tar.index(f"{top}/{SIGNATURES[0]}".encode())] +
            header(f"{top}/{SIGNATURES[0]}", size, good.mtime)}.items():
        judge.case(f"bomb: {title}", every, bomb(before, zeros, size // (16 * MIB)), rederive=False,
                   bomb=BOMB_MEMORY)
    for count in (2, 600):
        nested = b"".join(good.entry(f"data/proc/{10 ** 6 + i}/state.pack", b"") for i in range(count))
        judge.case(f"bomb: {count} empty packs", every, good.with_raw(nested), rederive=False,
                   bomb=BOMB_MEMORY)

    # Well-formed as far as it goes: entries of the greatest length that there is, in pack after pack.
    times = 1 if SANITIZED else 4
    entry = b"f stat %d\n" % size

    def long_packs():
        yield snapshot.GZIP_HEADER + piece(first)
        for number in range(1, times + 1):
            yield piece(header(f"{top}/data/proc/{number}/state.pack", len(entry) + size + 1, good.mtime) + entry)
            yield from itertools.repeat(zeros, size // (16 * MIB))
            yield piece(b"\n" + bytes(-(len(entry) + size + 1) % 512))
        yield b"\3\0" + bytes(8)

    judge.case(f"bomb: {times} packs of one entry of 64 MiB", every, long_packs(), rederive=False, views=False,
               bomb=BOMB_MEMORY)
    hundred = (100 << 30 if not SANITIZED else 2 << 30) // (16 * MIB)
    # 8,000 zeros are no entry: a pack is wrong at once, and so is the next.
    wrong = piece(b"".join(header(f"{top}/data/proc/{number}/state.pack", MIB - 512, good.mtime) + bytes(MIB - 512)
                           for number in range(1, 17)))
    judge.case(f"bomb: {hundred * 16} MiB of packs of zeros", every, bomb(first, wrong, hundred), rederive=False,
               views=False, bomb=BOMB_MEMORY)
    judge.case(f"bomb: {hundred * 16} MiB of zeros in standard input", every, bomb(begins(pack, size), zeros, hundred),
               rederive=False, views=False, bomb=BOMB_MEMORY, piped=True)
    count = 1000000 if not SANITIZED else 50000
    for title, name, data in (("empty packs", "data/proc/1/state.pack", b""),
                              ("records", "data/records/x-0001.ndjson", b""),
                              ("members nobody knows", "data/x", b"x"), ("global files", "data/proc/stat", b"")):
        members = piece(good.entry(name, data) * 1000)
        judge.case(f"bomb: {count} {title} of one name", every, bomb(first, members, count // 1000),
                   bomb=BOMB_MEMORY + 400 * count, rederive=False, views=False)
    count = 20000 if not SANITIZED else 5000
    for title, name, data in (("packs", "data/proc/%d/state.pack", b"f a 0\n\n"),
                              ("records", "data/records/x-%d.ndjson", b""),
                              ("members nobody knows", "data/%d", b"")):
        members = b"".join(good.entry(name % number, data) for number in range(1, count + 1))
        judge.case(f"bomb: {count} {title}", every, bomb(first, piece(members), 1), bomb=BOMB_MEMORY + 400 * count,
                   rederive=False, views=False)


def directories(judge, good):
    about("extracted directories")
    tree = os.path.join(judge.folder, "tree")
    bag = os.path.join(tree, good.top)
    pack = good.first("data/proc/[0-9]+/state.pack")
    loop = os.path.join(judge.folder, "loop")

    def extract():
        shutil.rmtree(tree, ignore_errors=True)
        for name, data in good.members:
            path = os.path.join(bag, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)

    def at(name):
        return os.path.join(bag, name)

    def write(name, data):
        os.makedirs(os.path.dirname(os.path.join(bag, name)), exist_ok=True)
        with open(os.path.join(bag, name), "wb") as file:
            file.write(data)

    def replaced(name, make):
        os.remove(os.path.join(bag, name))
        make(os.path.join(bag, name))

    def moved(name):
        """The file itself elsewhere, and a link where it was."""
        shutil.copy(os.path.join(bag, name), loop)
        replaced(name, lambda path: os.symlink(loop, path))

    def link_directory():
        os.rename(os.path.join(bag, "data/journal"), loop + ".d")
        os.symlink(loop + ".d", os.path.join(bag, "data/journal"))

    rows = {
        "a symbolic link to a file outside": (MALFORMED, lambda: os.symlink("/etc/passwd", at("data/x"))),
        "a member that is a symbolic link to its bytes": (MALFORMED, lambda: moved(pack)),
        "bagit.txt is a symbolic link to its bytes": (MALFORMED, lambda: moved("bagit.txt")),
        "a directory that is a symbolic link": (MALFORMED, link_directory),
        "a loop of symbolic links": (MALFORMED, lambda: os.symlink(bag, os.path.join(bag, "data/proc/loop"))),
        "a link to itself": (MALFORMED, lambda: os.symlink("self", os.path.join(bag, "data/self"))),
        "a dangling link": (MALFORMED, lambda: os.symlink("socket:[1]", os.path.join(bag, "data/proc/x"))),
        "a fifo": (MALFORMED, lambda: os.mkfifo(os.path.join(bag, "data/fifo"))),
        "a member that is a fifo": (MALFORMED, lambda: replaced(pack, os.mkfifo)),
        "a hard link to a file outside": (TAMPERED, lambda: os.link(PROCSNAP_COPY, os.path.join(bag, "data/proc/x"))),
        "a hard link to another member": (TAMPERED, lambda: os.link(at(pack), at("data/x"))),
        "a name that differs by case": (MALFORMED, lambda: write("data/proc/STAT", good["data/proc/stat"])),
        "a name that differs by an escape": (MALFORMED, lambda: write("data/proc/=53TAT", b"x")),
        "a name with an escape that need not be": (MALFORMED, lambda: write("data/=41", b"x")),
        "a name with a blank": (MALFORMED, lambda: write("data/x y", b"x")),
        "a name with a newline": (MALFORMED, lambda: write("data/x\ny", b"x")),
        "a name with ESC": (MALFORMED, lambda: write("data/\x1b[2J", b"x")),
        "a name that is not UTF-8": (MALFORMED, lambda: write(os.fsdecode(b"data/\xff"), b"x")),
        "a name that is too long": (MALFORMED, lambda: write("data/" + "d" * 120 + "/" + "x" * 120, b"x")),
        "directories without end": (MALFORMED, lambda: os.makedirs(os.path.join(bag, *["d"] * 150))),
        "a file more": (TAMPERED, lambda: write("data/evil.txt", b"x")),
        "a file more beside data": (TAMPERED, lambda: write("evil.txt", b"x")),
        "a dot file": (TAMPERED, lambda: write(".DS_Store", b"x")),
        "manifest-md5.txt": (TAMPERED, lambda: write("manifest-md5.txt", b"x")),
        "a file less": (TAMPERED, lambda: os.remove(os.path.join(bag, pack))),
        "an empty pack": (TAMPERED, lambda: write(pack, b"")),
        "a byte of a pack changed": (TAMPERED, lambda: write(pack, good[pack][:-3] + b"~" + good[pack][-2:])),
        "a byte more": (TAMPERED, lambda: write(pack, good[pack] + b"\n")),
        "a sparse pack of 100 GiB": (MALFORMED, lambda: os.truncate(os.path.join(bag, pack), 100 << 30)),
        "a sparse meta.json of 100 GiB": (MALFORMED, lambda: os.truncate(at("data/meta.json"), 100 << 30)),
        "no minisig": (INCOMPLETE, lambda: os.remove(os.path.join(bag, SIGNATURES[0]))),
        "no signature": (INCOMPLETE, lambda: [os.remove(os.path.join(bag, name)) for name in SIGNATURES]),
        "no tag manifest": (MALFORMED, lambda: os.remove(os.path.join(bag, "tagmanifest-sha256.txt"))),
        "no bagit.txt": (2, lambda: os.remove(os.path.join(bag, "bagit.txt"))),
        "no data": (TAMPERED, lambda: shutil.rmtree(os.path.join(bag, "data"))),
        "a directory in place of a file": (TAMPERED, lambda: replaced(pack, os.mkdir)),
    }
    PROCSNAP_COPY = os.path.join(judge.folder, "outside")
    with open(PROCSNAP_COPY, "wb") as file:
        file.write(b"outside\n")
    if os.getuid() == 0:
        for title, kind in (("character", stat.S_IFCHR), ("block", stat.S_IFBLK)):
            rows[f"a {title} device"] = (MALFORMED, lambda kind=kind: os.mknod(
                os.path.join(bag, "data/device"), kind | 0o600, os.makedev(1, 3) if kind == stat.S_IFCHR else 0))
    else:
        rows["a file that cannot be read"] = (3, lambda: os.chmod(os.path.join(bag, pack), 0))
        rows["a directory that cannot be read"] = (3, lambda: os.chmod(os.path.join(bag, "data/journal"), 0))
    extract()
    status, text, _ = judge.run("directory", "verify", bag, "--key", judge.pub, "--rederive")
    equal("as tar extracts it, it is OK", (0, True), (status, "all identical" in text))
    for title, (expected, make) in rows.items():
        extract()
        try:
            make()
        except OSError as why: # a file system that knows no such thing
            print(f"            directory: {title} cannot be made here: {why}")
            continue
        for options in ([], ["--rederive"]):
            status, text, took = judge.run(f"directory: {title}", "verify", bag, "--key", judge.pub, *options,
                                           memory=BOMB_MEMORY)
            check(f"directory: {title}: {expected}", status == expected, status, text)
            check(f"directory: {title}: ends soon", took < BOMB_SECONDS, took)
        judge.count += 1
        judge.accepted += status in (0, 1)
        out = os.path.join(judge.folder, "out")
        status, text, _ = judge.run(f"directory: {title}", "export", bag, "--format", "procfs", "-o", out)
        check(f"directory: {title}: export refuses", status not in (0, 1), status, text)
        shutil.rmtree(out, ignore_errors=True)
        print(f"{WORDS.get(expected, expected)!s:<11} directory: {title}")
        for leftover in (loop, loop + ".d"):
            shutil.rmtree(leftover) if os.path.isdir(leftover) else os.path.lexists(leftover) and os.remove(leftover)
    shutil.rmtree(tree)
    os.remove(PROCSNAP_COPY)


def piped(judge, good):
    about("from standard input")
    top = good.top
    for title, expected, data in (
            ("cut short", INCOMPLETE, good.file[:-3000]), ("nothing", (INCOMPLETE, MALFORMED), b""),
            ("a byte behind the end", MALFORMED, good.file + b"\0"),
            ("..", MALFORMED, good.with_raw(header(f"{top}/../evil", 1, good.mtime) + padded(b"x"))),
            ("a member that no manifest lists", TAMPERED, good.packed(good.exchange("data/evil.txt", b"x"))),
            ("stripped", INCOMPLETE, good.without(*SIGNATURES)),
            ("a wrong checksum", TAMPERED, good.file[:-8] + bytes([good.file[-8] ^ 1]) + good.file[-7:])):
        judge.case(f"stdin: {title}", expected, data, piped=True)
    judge.put(good.file)
    with open(judge.bundle, "rb") as file:
        equal("the bundle itself is OK from there", 0,
              judge.run("stdin", "verify", "-", "--key", judge.pub, "--rederive", stdin=file)[0])


def json_forms(judge, good):
    about("JSON")
    meta, closing = "data/meta.json", "data/closing.json"
    journal, records = "data/journal/0001.ndjson", good.first("data/records/process-0001.ndjson")
    for name in (meta, closing, "chain.json", "custody.ndjson", journal, records):
        opened = b"{"
        sort = (TAMPERED, MALFORMED) if name in (meta, records) else MALFORMED
        for title, inside in {
                "a key twice": b'"x":1,"x":1,', "a key twice, once escaped": b'"x":1,"\\u0078":1,',
                "\\u0000": b'"x":"\\u0000",', "NUL": b'"x":"\0",', "a huge number": b'"x":1e999,',
                "more than 2^53": b'"x":9007199254740993,', "a number of 400 digits": b'"x":' + b"9" * 400 + b",",
                "a fraction": b'"x":0.5,', "-0": b'"x":-0,', "a leading zero": b'"x":01,', "NaN": b'"x":NaN,',
                "depth": b'"x":' + b"[" * 5000 + b"]" * 5000 + b",", "depth without end": b'"x":' + b"[{" * 50000,
                "invalid UTF-8": b'"x":"\xff",', "overlong UTF-8": b'"x":"\xc0\xaf",',
                "a surrogate in UTF-8": b'"x":"\xed\xa0\x80",',
                "a lone surrogate": b'"x":"\\ud800",', "surrogates in the wrong order": b'"x":"\\udc00\\ud800",',
                "an unknown escape": b'"x":"\\x",', "a tab in a string": b'"x":"\t",', "a comment": b"/*x*/",
                "a comma more": b",", "a line of more than 1 MiB": b'"x":"' + b"x" * MIB + b'",'}.items():
            if SANITIZED and name in ("custody.ndjson", "chain.json", closing) and len(inside) < 100:
                continue
            if title.startswith("a line") and name in (meta, closing, "chain.json"):
                inside = inside.replace(b"x" * MIB, b"x" * (4 * MIB))
            judge.case(f"JSON: {title} in {name}", sort, good.resealed(name, swap(opened, opened + inside)),
                       quiet=name != meta, views=name in (meta, journal, records))
        for title, change in {
                "text behind": lambda text: text.rstrip(b"\n") + b"x\n",
                "a second value": lambda text: text.rstrip(b"\n") + b"{}\n",
                "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
                "cut short": lambda text: text[:len(text) // 2],
                "empty": lambda text: b"", "an array": lambda text: b"[]\n", "a blank line": lambda text: b"\n" + text,
                "UTF-16": lambda text: text.decode().encode("utf-16")}.items():
            if title == "a blank line" and not name.endswith(".ndjson"):
                continue
            judge.case(f"JSON: {title} in {name}", sort, good.resealed(name, change), quiet=name != meta,
                       views=name in (meta, journal, records))
    print("MALFORMED   JSON: the same in the other documents")
    tick = json.loads(good[meta])["host"]["clk_tck"]
    for title, name, old, new in (
            ("format 2", meta, b'"format":1', b'"format":2'), ("format 0", meta, b'"format":1', b'"format":0'),
            ("format as text", meta, b'"format":1', b'"format":"1"'), ("no format", meta, b'"format":1,', b""),
            ("clk_tck 0", meta, b'"clk_tck":%d' % tick, b'"clk_tck":0'),
            ("clk_tck negative", meta, b'"clk_tck":%d' % tick, b'"clk_tck":-100'),
            ("clk_tck 2^53", meta, b'"clk_tck":%d' % tick, b'"clk_tck":9007199254740992'),
            ("another bundle", meta, good.top.encode(), b"procsnap-20200101t000000z-00000000"),
            ("v 2", "chain.json", b'"v":1', b'"v":2'), ("another seq", "chain.json", b'"seq":0', b'"seq":7'),
            ("no pk", "chain.json", b'"pk":', b'"pq":'), ("pk that is none", "chain.json", b'"pk":"RW', b'"pk":"XX'),
            ("prev_root of a first", "chain.json", b'"prev_root":null', b'"prev_root":"' + b"0" * 64 + b'"'),
            ("no sealed_early", closing, b'"sealed_early"', b'"sealed_earlx"')):
        judge.case(f"{name}: {title}", (TAMPERED, MALFORMED), good.resealed(name, swap(old, new)))


def journals(judge, good):
    about("journal, packs and records")
    name = "data/journal/0001.ndjson"
    lines = good[name].splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if b'"scope":"process"' in line and b'["stat",' in line)

    def change(edit, which=at):
        def made(_):
            line = json.loads(lines[which])
            edit(line)
            text = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            return b"".join(lines[:which] + [text] + lines[which + 1:])
        return made

    def capture(column, value, of="stat"):
        def edit(line):
            found = next(one for one in line["c"] if one[0] == of)
            found[column] = value(found[column])
        return change(edit)

    pack = json.loads(lines[at])["packs"][0]
    rows = {
        "another name": capture(0, lambda _: "cosm"), "a name with ..": capture(0, lambda _: "../../../etc/passwd"),
        "another outcome": capture(1, lambda _: "fine"), "outcome without bytes": capture(1, lambda _: "denied"),
        "a length more": capture(3, lambda n: n + 1), "a length less": capture(3, lambda n: n - 1),
        "a length of 2^53": capture(3, lambda _: 1 << 53), "a negative length": capture(3, lambda _: -1),
        "a pack that is not there": capture(7, lambda _: 9), "another offset": capture(8, lambda n: n + 1),
        "an offset of 2^53": capture(8, lambda _: 1 << 53),
        "captures in another order": change(lambda line: line["c"].reverse()),
        "a capture missing": change(lambda line: line["c"].pop(0)),
        "a capture twice": change(lambda line: line["c"].insert(0, line["c"][0])),
        "too many columns": change(lambda line: line["c"][0].extend([1] * 20)),
        "too few columns": change(lambda line: line["c"].__setitem__(0, ["stat"])),
        "no captures": change(lambda line: line.pop("c")), "no packs": change(lambda line: line.update(packs=[])),
        "a pack of another life": change(lambda line: line.update(packs=["data/proc/999999/state.pack"])),
        "a pack outside": change(lambda line: line.update(packs=["/etc/passwd"])),
        "a pack named twice": change(lambda line: line.update(packs=line["packs"] * 2)),
        "another life": change(lambda line: line.update(life="999999")),
        "another pid": change(lambda line: line.update(pid=999999)),
        "no pid": change(lambda line: line.pop("pid")), "another scope": change(lambda line: line.update(scope="x")),
        "another reader": change(lambda line: line.update(reader="x")),
        "another identity": change(lambda line: line.update(identity="x")),
        "negative time": change(lambda line: line.update(us=-1)),
        "a line missing": lambda _: b"".join(lines[:at] + lines[at + 1:]),
        "a line twice": lambda _: b"".join(lines[:at] + [lines[at]] + lines[at:]),
        "the first line missing": lambda _: b"".join(lines[1:]),
        "two lines exchanged": lambda _: b"".join(lines[1:2] + lines[:1] + lines[2:]),
    }
    for title, edit in rows.items():
        judge.case(f"journal: {title}, sealed", (TAMPERED, MALFORMED), good.resealed(name, edit))
    judge.case("journal: taken out, sealed", (TAMPERED, MALFORMED), good.sealed(good.exchange(name, None)))
    judge.case("journal: its first part has number 9, sealed", (TAMPERED, MALFORMED), good.sealed(
        [("data/journal/0009.ndjson" if other == name else other, data) for other, data in good.members]))
    for title, edit in {
            "another letter": swap(b"f stat", b"l stat"), "another name": swap(b"f stat", b"f stas"),
            "length with a zero": swap(b"f stat ", b"f stat 0"), "length of 2^64": swap(b"f stat ",
            b"f stat 99999999999999999999"),
            "an entry cut short": lambda text: text[:-2], "bytes behind": lambda text: text + b"f x 1\nx\n",
            "empty": lambda _: b""}.items():
        judge.case(f"pack: {title}, sealed", (TAMPERED, MALFORMED), good.resealed(pack, edit))
    judge.case("pack: taken out, sealed", MALFORMED, good.sealed(good.exchange(pack, None)))
    judge.case("pack: one that no line names, sealed", MALFORMED, good.sealed(
        good.exchange("data/proc/999999/state.pack", b"f stat 1\nx\n")))
    judge.case("raw: what it says changed, length kept, sealed", TAMPERED, good.resealed(pack, lambda text: re.sub(
        rb"PPid:\t([0-9])", lambda found: b"PPid:\t%d" % ((int(found[1]) + 1) % 10), text)))
    records = good.first("data/records/process-0001.ndjson")
    altered = good.resealed(records, swap(b'"args":["', b'"args":["x'))
    judge.case("record: altered, sealed by the right key", TAMPERED, altered)
    status, text, _ = judge.run("record", "verify", judge.bundle, "--key", judge.pub)
    equal("the altered record is seen by --rederive alone, which is why it is there", 0, status)
    judge.case("record: one taken out, sealed", TAMPERED, good.resealed(records, lambda text: text.split(b"\n", 1)[1]))
    judge.case("record: a part taken out, sealed", TAMPERED, good.sealed(good.exchange(records, None)))
    judge.case("record: one more, sealed", TAMPERED, good.resealed(records,
        lambda text: text + text.split(b"\n")[0] + b"\n"))
    judge.case("record: a part of a kind nobody knows, sealed", (TAMPERED, MALFORMED), good.sealed(
        good.exchange("data/records/evil-0001.ndjson", b"{}\n")))


def statements(judge, good, other):
    about("what one file says of another, sealed")
    parts = [name for name, _ in good.members if name.startswith("data/journal/")]
    for phase in ("global-end", "opening-end", "quiet-end", "memory-end", "closing-end", "seal"):
        name = next(name for name in parts if b'"phase":"%s"' % phase.encode() in good[name])
        judge.case(f"phases: no {phase}, and not sealed early", (TAMPERED, MALFORMED), good.resealed(
            name, lambda text: re.sub(rb'\{"phase":"%s"[^\n]*\n' % phase.encode(), b"", text)), rederive=False)
    custody = "custody.ndjson"
    closing = json.loads(good["data/closing.json"])
    counts = closing["counts"]
    for title, name, old, new in (
            ("another bundle", custody, good.top.encode(), other.top.encode()),
            ("no bundle", custody, b'"bundle":"' + good.top.encode() + b'"', b'"bundle":null'),
            ("another action", custody, b'"acquired"', b'"transferred"'),
            ("a line before the first", custody, b'"prev_line_sha256":null', b'"prev_line_sha256":"%s"' % (b"0" * 64)),
            ("a second line", custody, b"}\n", b"}\n" + good[custody]),
            ("next_pk that is none", "chain.json", b'"next_pk":null', b'"next_pk":"RW"'),
            ("next_pk of one alone", "chain.json", b'"next_pk":null',
             b'"next_pk":"%s"' % json.loads(good["chain.json"])["pk"].encode()),
            ("another boot", "chain.json", b'"boot_id":"', b'"boot_id":"0'),
            ("ended before it began", "chain.json", b'"finished_boottime_us":', b'"finished_boottime_us":0,"x":'),
            ("no counts", "data/closing.json", b'"counts"', b'"cuonts"'),
            ("another count of captures", "data/closing.json", b'"captures":%d' % counts["captures"], b'"captures":1'),
            ("another count of raw bytes", "data/closing.json", b'"raw_bytes":', b'"raw_bytes":1'),
            ("another count of records", "data/closing.json", b'"records":', b'"records":1'),
            ("another count of an outcome", "data/closing.json", b'"outcomes":{"complete":',
             b'"outcomes":{"complete":1'),
            ("an outcome that is none", "data/closing.json", b'"outcomes":{"comp', b'"outcomes":{"fine":1,"comp')):
        judge.case(f"{name}: {title}", MALFORMED, good.resealed(name, swap(old, new)), views=False)
    pack = good.first("data/proc/[0-9]+/state.pack")
    for title, name in {"of no reader": pack.replace("state", "stale"),
                        "of the other reader": pack.replace("state", "memory-0009"),
                        "with number 0": pack.replace("state", "state-0000"),
                        "with a short number": pack.replace("state", "state-2"),
                        "in a directory below": pack.replace("state", "x/state")}.items():
        members = [(name if other == pack else other,
                    data.replace(b'"%s"' % pack.encode(), b'"%s"' % name.encode()) if other in parts else data)
                   for other, data in good.members]
        judge.case(f"pack: a name {title}", MALFORMED, good.sealed(members), rederive=False)
    more = b"f zz %d\n" % MIB + bytes(MIB) + b"\nf zzz 1\nx\n"
    judge.case("pack: it goes on behind 1 MiB", MALFORMED, good.resealed(pack, lambda text: text + more),
               rederive=False)
    judge.case("pack: an entry of more than 64 MiB", MALFORMED, good.resealed(
        pack, lambda text: re.sub(rb"f stat [0-9]+", b"f stat 67108865", text)), rederive=False)


def replays(judge, good, other):
    about("replay")
    judge.case("replay: another seq is expected", TAMPERED, good.file, "--expect-seq", "1")
    judge.case("replay: another root is expected", TAMPERED, good.file, "--expect-root", other.root)
    judge.case("replay: an older bundle of the same key", TAMPERED, other.file, "--expect-root", good.root)


def beside(judge, good, outer):
    """What lies beside a bundle, or is named with it, is no less hostile."""
    about("beside the bundle")
    for title, expected, make in (
            ("a pipe", TAMPERED, os.mkfifo), ("a directory", 3, os.mkdir),
            ("a link to /dev/zero", TAMPERED, lambda path: os.symlink("/dev/zero", path)),
            ("a sparse file of 1 TiB", TAMPERED, lambda path: (open(path, "xb").close(), os.truncate(path, 1 << 40)))):
        judge.put(good.file)
        make(judge.bundle + ".minisig")
        status, text, took = judge.run(f"minisig: {title}", "verify", judge.bundle, "--key", judge.pub)
        check(f"minisig: {title}: {expected}, and soon", status == expected and took < BOMB_SECONDS, status, text, took)
        (os.rmdir if os.path.isdir(judge.bundle + ".minisig") else os.remove)(judge.bundle + ".minisig")
        judge.count += 1
    for title, changed in {"ESC in its comment": swap(b"hashed", b"\x1b[2Jed")(outer), "empty": b"", "zeros": bytes(500),
                           "twice": outer + outer, "and 1 MiB": outer + b"x" * MIB}.items():
        judge.case(f"minisig beside it: {title}", TAMPERED, good.file, outer=changed)
    receipt = {"v": 1, "kind": "procsnap-receipt", "bundle": good.top, "seq": 0, "root": good.root,
               "pk": json.loads(good["chain.json"])["pk"], "sha256": hashlib.sha256(good.file).hexdigest()}
    text = json.dumps(receipt)
    path = os.path.join(judge.folder, "receipt.json")
    for title, expected, changed in (
            ("itself", 0, text), ("seq of 1e999", MALFORMED, text.replace('"seq": 0', '"seq": 1e999')),
            ("seq of 0.5", MALFORMED, text.replace('"seq": 0', '"seq": 0.5')),
            ("a key twice, by an escape", MALFORMED, text[:-1] + ',"ro\\u006ft":"%s"}' % ("0" * 64)),
            ("deep", MALFORMED, text[:-1] + ',"x":' + "[" * 100000),
            ("escape sequences", 0, json.dumps({**receipt, "destination": "\x1b[2J\u202e", "answer": {"\x07": "\x9b"}})),
            ("two of them", MALFORMED, text + text)):
        with open(path, "w", encoding="ascii") as file:
            file.write(changed)
        judge.put(good.file)
        status, said, _ = judge.run(f"receipt: {title}", "verify", judge.bundle, "--key", judge.pub, "--receipt", path)
        check(f"receipt: {title}: {expected}", status == expected, status, said)
    os.remove(path)
    for name, old, new in (("chain.json", b'"pk":', b'"p\\u006b":"x","pk":'), ("custody.ndjson", b'"who":', b'"wh\\u006f":1,"who":'),
                           ("data/closing.json", b'"sealed_early":', b'"sealed\\u005fearly":1,"sealed_early":')):
        judge.case(f"JSON: a key twice in {name}, by an escape", MALFORMED, good.resealed(name, swap(old, new)))
    for title, stream in {"a block of an unknown sort": b"\7", "no last block": b"", "bytes behind the last block": b"\3\0\0"}.items():
        deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
        body = deflate.compress(good.tar) + deflate.flush(zlib.Z_FULL_FLUSH)
        end = zlib.crc32(good.tar).to_bytes(4, "little") + len(good.tar).to_bytes(4, "little")
        judge.case(f"deflate: {title}", (INCOMPLETE, TAMPERED, MALFORMED), snapshot.GZIP_HEADER + body + stream + end)


def newer_forms(judge, folder, key):
    about("facts, content, cores, threads, phases, sealed")
    shown, path = os.path.join(folder, "shown"), os.path.join(folder, "forms.tar.gz")
    os.makedirs(shown)
    processes = hostile_forms.Processes(shown)
    try:
        pids = [word for pid in processes.pids for word in ("--pid", str(pid))]
        subprocess.run([PROCSNAP, "collect", path, "--quiet", "--sign-key", key, *pids, "--plaintext",
                        "--memory", str(processes.pids[0])], check=True, capture_output=True, timeout=300)
    finally:
        processes.end()
    good = Good(path, key)
    journal = hostile_forms.Journal(good)
    judge.put(journal.sealed(lambda lines: None))
    equal("its journal written again, it is OK", 0,
          judge.run("forms", "verify", judge.bundle, "--key", judge.pub, "--rederive")[0])
    hostile_forms.facts(judge, journal, good)
    hostile_forms.content(judge, journal, good)
    hostile_forms.cores(judge, journal, good)
    hostile_forms.threads(judge, journal, good)
    hostile_forms.phases(judge, journal, good)
    hostile_forms.sizes(judge, good, header)
    hostile_forms.flips(judge, good)


def main():
    if not SIGN_TOOL:
        print("skipped: SIGN_TOOL does not name the test program")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("ours", "second"):
            subprocess.run([PROCSNAP, "keygen", "-o", os.path.join(folder, name)], check=True, capture_output=True)
        key = os.path.join(folder, "ours.key")
        bundles = []
        for name in ("good", "other"):
            path = os.path.join(folder, name + ".tar.gz")
            subprocess.run([PROCSNAP, "collect", path, "--quiet", "--sign-key", key, "--pid", str(os.getpid())],
                           check=True, capture_output=True, timeout=300)
            bundles.append(Good(path, key))
        good, other = bundles
        with open(os.path.join(folder, "good.tar.gz.minisig"), "rb") as file:
            outer = file.read()
        work = os.path.join(folder, "work")
        os.makedirs(work)
        judge = Judge(work, os.path.join(folder, "ours.pub"))
        about("what this test makes itself")
        equal("the headers of this test are the product's", good.tar, good.tar_of(good.members))
        for title, data in {"packed again": good.packed(good.members),
            "sealed again": good.sealed(good.members)}.items():
            judge.put(data)
            equal(f"{title}, and nothing else, it is OK", 0,
                  judge.run(title, "verify", judge.bundle, "--key", judge.pub, "--rederive")[0])
        rows = [lambda: names(judge, good), lambda: kinds(judge, good), lambda: headers(judge, good),
                lambda: doubles(judge, good), lambda: manifests(judge, good), lambda: ends(judge, good),
                lambda: signatures(judge, good, other, os.path.join(folder, "second.key"), outer),
                lambda: cuts_and_flips(judge, good, outer), lambda: bombs(judge, good),
                lambda: directories(judge, good), lambda: piped(judge, good), lambda: json_forms(judge, good),
                lambda: journals(judge, good), lambda: statements(judge, good, other),
                lambda: replays(judge, good, other), lambda: hostile_forms.many_lives(judge, good),
                lambda: beside(judge, good, outer), lambda: newer_forms(judge, folder, key)]
        for row in rows:
            began, count = time.monotonic(), judge.count
            row()
            print(f"            ({judge.count - count} in {time.monotonic() - began:.1f} s)")
        holds(f"{judge.count} hostile bundles, none is OK ({judge.ran} runs)", judge.accepted == 0, judge.accepted)
        finish()


if __name__ == "__main__":
    main()
