#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mounts over /proc/<pid>, or over all of /proc: with the right to mount they are seen past, without it they are told, and
nobody's facts are taken for another's. People are told in both cases."""
import os
import subprocess

import odd
import snapshot
from checks import equal, finish, skip

WITHOUT_MOUNT = ["setpriv", "--bounding-set", "-sys_admin"]


def cover(source, pid, *options):
    if subprocess.run(["mount", *options, source, f"/proc/{pid}"], check=False).returncode != 0:
        skip("nothing can be mounted over /proc here")


def names(bundle):
    return {record["process"]["pid"]: record["process"]["name"] for record in bundle.records("process")}


def gaps(bundle, outcome):
    return [record["proc"]["gap"] for record in bundle.records("gap") if record["proc"]["gap"]["outcome"] == outcome]


def told(run, words):
    """True when both the verdict of the run and the summary of the bundle say so."""
    done = subprocess.run([snapshot.PROCSNAP, "show", run.path], capture_output=True, check=False, timeout=60)
    return words in run.stderr, words in done.stdout.decode()


def check_fake(folder):
    """A tree of plain files at /proc, which knows one process that there is none of."""
    shown, fake = odd.Odd("comm", "6d696e6572"), os.path.join(folder.name, "fake")
    os.makedirs(fake + "/77")
    for name, data in (("stat", b"btime 1700000000\n"), ("77/stat", shown.read("stat").replace(b"%d " % shown.pid, b"77 ", 1))):
        with open(os.path.join(fake, name), "wb") as file:
            file.write(data)
    subprocess.run(["mount", "--bind", fake, "/proc"], check=True)
    runs = [snapshot.Run(folder.name, name=name, prefix=prefix)
            for name, prefix in (("past.tar.gz", ()), ("fake.tar.gz", WITHOUT_MOUNT))]
    subprocess.run(["umount", "/proc"], check=True)
    past, without = (run.bundle for run in runs)
    equal("a fake /proc, with the right to mount: seen past", {"private": True, "covers": 1, "covered": ["/proc"]},
          past.meta["host"]["procfs_mount"])
    program = past.process(shown.pid)["proc"]["exe_id"]
    equal("a fake /proc, with the right to mount: the process, and the hash of its executable", (b"(miner)", 1),
          (past.capture(shown.pid, "stat").bytes.split()[1],
           sum(record["proc"]["exe_id"] == program and "hash" in record["file"] for record in past.records("executable"))))
    equal("a fake /proc, with the right to mount: people are told", (True, True), told(runs[0], "1 mount lies over /proc"))
    equal("a fake /proc, without: what it holds is kept", {77}, set(names(without)))
    equal("a fake /proc, without: people are told", (True, True), told(runs[1], "1 mount lies over /proc"))
    shown.end()


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    emptied, disguised, other = odd.Odd("comm", "6d696e6572"), odd.Odd("comm", "7869"), odd.Odd("comm", "6f74686572")
    truth = {process.pid: process.read("comm").decode().strip() for process in (emptied, disguised, other)}
    cover("tmpfs", emptied.pid, "-t", "tmpfs")
    cover(f"/proc/{other.pid}", disguised.pid, "--bind")
    covers = [f"/proc/{process.pid}" for process in (emptied, disguised)]

    run = snapshot.Run(folder.name)
    bundle = run.bundle
    equal("with the right to mount: people are told", (True, True), told(run, "2 mounts lie over /proc"))
    equal("with the right to mount: seen past", {"private": True, "covers": 2, "covered": covers},
          bundle.meta["host"]["procfs_mount"])
    equal("with the right to mount: the private mount hides nothing, and says so", "rw", bundle.meta["host"]["proc_mount"])
    seen = names(bundle)
    equal("with the right to mount: each has its own name", truth, {pid: seen.get(pid) for pid in truth})
    equal("with the right to mount: no gap tells of a cover", [], gaps(bundle, "covered"))

    bundle = snapshot.collect(folder.name, prefix=WITHOUT_MOUNT)
    mount = bundle.meta["host"]["procfs_mount"]
    equal("without: told, with the reason", (False, "EPERM", covers),
          (mount["private"], mount["private_errno"], mount["covered"]))
    seen = names(bundle)
    equal("without: only the one in view has a record", {other.pid: truth[other.pid]},
          {pid: seen[pid] for pid in truth if pid in seen})
    equal("without: the other's facts are not taken for its own, before and after", [(disguised.pid, other.pid)] * 2,
          [(gap["pid"], gap["shows_pid"]) for gap in gaps(bundle, "covered")])
    sweeps = [capture for line in bundle.lines if line.scope in ("opening", "closing") for capture in line.captures]
    equal("without: the emptied one is told as covered, before and after", [("failed", "EXDEV")] * 2,
          [sweep.lost.get(str(emptied.pid)) for sweep in sweeps])
    for pid in (emptied.pid, disguised.pid):
        subprocess.run(["umount", f"/proc/{pid}"], check=False)
    if snapshot.PROCSNAP != os.environ.get("PROCSNAP_ASAN"):  # a sanitizer reads /proc itself
        check_fake(folder)
    finish()


main()
