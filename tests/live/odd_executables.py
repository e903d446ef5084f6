#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executables that are gone, never had a name, or only look so: the link as shown, and the file as it is."""
import hashlib
import os
import re

import odd
import snapshot
from checks import equal, finish, holds


def facts_of(process):
    """Device, inode, time and size of the file that really runs, which no name can forge."""
    facts = os.stat(f"/proc/{process.pid}/exe")
    return f"{os.major(facts.st_dev)}:{os.minor(facts.st_dev)}:{facts.st_ino}:{facts.st_mtime_ns}:{facts.st_size}"


def check(bundle, what, process, path, deleted):
    record = bundle.process(process.pid)
    capture = bundle.capture(process.pid, "exe")
    equal(f"{what}: raw exe is what readlink says", process.link("exe"), capture.bytes)
    equal(f"{what}: process.executable", path, snapshot.exact(record["process"], "executable"))
    equal(f"{what}: proc.exe_deleted", deleted, record["proc"]["exe_deleted"])
    equal(f"{what}: proc.exe_id is the file that runs", facts_of(process), record["proc"]["exe_id"])
    equal(f"{what}: links of the file in the journal", os.stat(f"/proc/{process.pid}/exe").st_nlink,
          capture.facts["nlink"])


def content(bundle, process):
    """What the bundle has of the file that runs: outcome, whether its bytes are kept, and their hash."""
    capture = bundle.contents(process.pid)["exe"]
    return capture.outcome, bundle.object(capture) is not None, capture.facts["sha256"]


def deep_file(folder):
    """A descriptor of a copy of the program whose path has more than 4096 bytes, which no call takes."""
    at = os.open(folder, os.O_PATH)
    for index in range(20):
        name = f"{index:0240}"
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_PATH, dir_fd=at)
        os.close(at)
        at = below
    with open(odd.PROGRAM, "rb") as program:
        made = os.open("deep", os.O_WRONLY | os.O_CREAT, 0o755, dir_fd=at)
        os.write(made, program.read() + b"deep")
        os.close(made)
    return os.open("deep", os.O_PATH, dir_fd=at)


def check_deep(bundle, process):
    exe, maps = bundle.capture(process.pid, "exe"), bundle.capture(process.pid, "maps")
    record = bundle.process(process.pid)
    equal("a path of more than 4096 bytes: readlink says no, and that is told", ("failed", "ENAMETOOLONG"),
          (exe.outcome, exe.errno))
    equal("a path of more than 4096 bytes: which file it is", facts_of(process), record["proc"].get("exe_id"))
    equal("a path of more than 4096 bytes: maps is the kernel's", process.read("maps"), maps.bytes)
    holds("a path of more than 4096 bytes: whole in maps", re.search(rb"(/0{230,}\d+){20}/deep\n", maps.bytes), maps.bytes)
    with open(f"/proc/{process.pid}/exe", "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    equal("a path of more than 4096 bytes: hashed all the same", digest, content(bundle, process)[2])
    gaps = [record["proc"]["gap"] for record in bundle.records("gap")
            if record.get("process", {}).get("pid") == process.pid]
    equal("a path of more than 4096 bytes: a gap says so", [("failed", "ENAMETOOLONG", ["exe"])],
          [(gap["outcome"], gap["errno"], gap["files"]) for gap in gaps])


class Held:
    """Files that this test itself has open: one whose name only ends so, one deleted, and one that is both."""

    def __init__(self, folder):
        self.names = {name: os.path.join(folder, name) for name in ("held (deleted)", "lost", "both (deleted)")}
        self.files = {}
        for name, path in self.names.items():
            with open(path, "w") as file:
                file.write("content of " + name)
            self.files[name] = os.open(path, os.O_RDONLY)
        for name in ("lost", "both (deleted)"):
            os.unlink(self.names[name])

    def check(self, bundle):
        links, contents = bundle.capture(os.getpid(), "fd/{}").entries, bundle.contents(os.getpid())
        for name, end, names in (("held (deleted)", "", 1), ("lost", " (deleted)", 0), ("both (deleted)", " (deleted)", 0)):
            fd = self.files[name]
            equal(f"a descriptor of '{name}': its target", (self.names[name] + end).encode(), links[str(fd)])
            capture = contents[f"fd/{fd}"]
            equal(f"a descriptor of '{name}': its content, and how many names it has", (f"content of {name}".encode(), names),
                  (bundle.object(capture), capture.facts["nlink"]))


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    files = {name: os.path.join(os.fsencode(folder.name), name) for name in
             (b"gone", b"alive (deleted)", b"replaced", b"linked", b"two\nlines", b"not \xff UTF-8", b"other")}
    running = {}
    for name, path in files.items():
        odd.copy_of_program(path)
        running[name] = odd.Odd("wait", program=path)
    twin = odd.Odd("wait", program=files[b"other"])
    memfd = odd.Odd("memfd", "socket:[1]) (deleted)")
    os.unlink(files[b"gone"])
    odd.copy_of_program(files[b"replaced"] + b".new")
    with open(files[b"replaced"] + b".new", "ab") as file:
        file.write(b"another program")
    os.rename(files[b"replaced"] + b".new", files[b"replaced"])
    os.link(files[b"linked"], files[b"linked"] + b"-elsewhere")
    os.unlink(files[b"linked"])
    deep_fd = deep_file(folder.name)
    deep = odd.Odd("wait", program=f"/proc/{os.getpid()}/fd/{deep_fd}")
    os.close(deep_fd)
    held = Held(folder.name)
    bundle = snapshot.collect(os.path.join(folder.name, "out"))

    deleted = b" (deleted)"
    check(bundle, "a deleted executable", running[b"gone"], files[b"gone"] + deleted, True)
    check(bundle, "an executable whose name ends in ' (deleted)'", running[b"alive (deleted)"],
          files[b"alive (deleted)"], False)
    check(bundle, "an executable replaced by another file", running[b"replaced"], files[b"replaced"] + deleted, True)
    check(bundle, "an executable deleted under one name, alive under another", running[b"linked"],
          files[b"linked"] + deleted, False)
    check(bundle, "an executable with a newline in its name", running[b"two\nlines"], files[b"two\nlines"], False)
    check(bundle, "an executable whose name is not UTF-8", running[b"not \xff UTF-8"], files[b"not \xff UTF-8"], False)
    check(bundle, "an executable in memory alone", memfd, b"/memfd:socket:[1]) (deleted) (deleted)", True)

    with open(odd.PROGRAM, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    equal("an executable replaced by another file: the content is that of the one that runs", ("complete", True, digest),
          content(bundle, running[b"replaced"]))
    check_deep(bundle, deep)
    held.check(bundle)

    executables = bundle.records("executable")
    ids = [record["proc"]["exe_id"] for record in executables]
    equal("executable records: each file once", sorted(set(ids)), sorted(ids))
    run = {record["proc"]["exe_id"] for record in bundle.records("process") if "exe_id" in record["proc"]}
    equal("executable records: all that processes run", run, set(ids))
    equal("two processes of one file share its record", *(bundle.process(process.pid)["proc"]["exe_id"]
                                                          for process in (twin, running[b"other"])))
    paths = {record["proc"]["exe_id"]: snapshot.exact(record["file"], "path") for record in executables
             if "path" in record["file"]}
    equal("executable records: the one without a path is the one that has too long a path", {facts_of(deep)},
          set(ids) - paths.keys())
    equal("executable record of the file in memory: its path", b"/memfd:socket:[1]) (deleted) (deleted)",
          paths.get(facts_of(memfd)))
    holds("executable records: the mode says that it is a file", all(
        record["proc"]["stat"]["mode"] & 0o170000 == 0o100000 for record in executables))
    finish()


main()
