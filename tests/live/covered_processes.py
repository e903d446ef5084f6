#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mounts over /proc/<pid>: with the right to mount they are seen past, without it they are told, and nobody's facts are
taken for another's."""
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


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    emptied, disguised, other = odd.Odd("comm", "6d696e6572"), odd.Odd("comm", "7869"), odd.Odd("comm", "6f74686572")
    truth = {process.pid: process.read("comm").decode().strip() for process in (emptied, disguised, other)}
    cover("tmpfs", emptied.pid, "-t", "tmpfs")
    cover(f"/proc/{other.pid}", disguised.pid, "--bind")
    covers = [f"/proc/{process.pid}" for process in (emptied, disguised)]

    bundle = snapshot.collect(folder.name)
    equal("with the right to mount: seen past", {"private": True, "covers": 2, "covered": covers},
          bundle.meta["host"]["procfs_mount"])
    equal("with the right to mount: the private mount hides nothing, and says so", "rw", bundle.meta["host"]["proc_mount"])
    seen = names(bundle)
    equal("with the right to mount: each has its own name", truth, {pid: seen.get(pid) for pid in truth})
    equal("with the right to mount: no gap tells of a cover", [], gaps(bundle, "covered"))

    bundle = snapshot.collect(folder.name, prefix=WITHOUT_MOUNT)
    told = bundle.meta["host"]["procfs_mount"]
    equal("without: told, with the reason", (False, "EPERM", covers),
          (told["private"], told["private_errno"], told["covered"]))
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
    finish()


main()
