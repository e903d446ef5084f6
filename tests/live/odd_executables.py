#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executables that are gone, never had a name, or only look so: the link as shown, and the file as it is."""
import os

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
    os.unlink(files[b"replaced"])
    odd.copy_of_program(files[b"replaced"])
    os.link(files[b"linked"], files[b"linked"] + b"-elsewhere")
    os.unlink(files[b"linked"])
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

    executables = bundle.records("executable")
    ids = [record["proc"]["exe_id"] for record in executables]
    equal("executable records: each file once", sorted(set(ids)), sorted(ids))
    run = {record["proc"]["exe_id"] for record in bundle.records("process") if "exe_id" in record["proc"]}
    equal("executable records: all that processes run", run, set(ids))
    equal("two processes of one file share its record", *(bundle.process(process.pid)["proc"]["exe_id"]
                                                          for process in (twin, running[b"other"])))
    paths = {record["proc"]["exe_id"]: snapshot.exact(record["file"], "path") for record in executables}
    equal("executable record of the file in memory: its path", b"/memfd:socket:[1]) (deleted) (deleted)",
          paths.get(facts_of(memfd)))
    holds("executable records: the mode says that it is a file", all(
        record["proc"]["stat"]["mode"] & 0o170000 == 0o100000 for record in executables))
    finish()


main()
