#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other network and mount namespaces: read once each, with one process, and the others say with which."""
import os

import odd
import snapshot
from checks import equal, finish, holds

TABLES = ("net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/unix")
PORT = 7101


def check_shared(bundle, what, name, first, second):
    """One of the two holds the bytes, the other one names it."""
    captures = sorted((bundle.capture(pid, name) for pid in (first, second)), key=lambda capture: capture.outcome)
    equal(f"{what}: {name} once, and shared once", ["complete", "shared"], [capture.outcome for capture in captures])
    equal(f"{what}: {name} is shared with the life that has it", captures[0].line.life, captures[1].of)
    return captures[0]


def check_network(bundle, process):
    for name in TABLES:
        capture = check_shared(bundle, "another network namespace", name, process.pid, process.child)
        if name in ("net/tcp", "net/unix"):
            equal(f"another network namespace: raw {name} is that namespace's", process.read(name), capture.bytes)
    namespace = os.stat(f"/proc/{process.pid}/ns/net").st_ino
    holds("another network namespace: it is another one", namespace != bundle.meta["host"]["net_namespace"], namespace)
    rows = [record for record in bundle.records("socket") if record["proc"]["net_namespace"] == namespace]
    listeners = [record for record in rows if record.get("source", {}).get("port") == PORT]
    equal("another network namespace: its listener, with its owner",
          [(process.inode, [(process.pid, process.listener)])],
          [(record["proc"]["net_tcp"]["inode"], [(owner["pid"], owner["fd"]) for owner in record["proc"]["owners"]])
           for record in listeners])
    here = [record["proc"]["net_namespace"] for record in bundle.records("socket")
            if record.get("source", {}).get("port") == PORT and record not in rows]
    equal("another network namespace: its listener in no other one", [], here)
    equal("our own network namespace: shared with data/proc/net", ["self"] * len(TABLES),
          [bundle.capture(1, name).of for name in TABLES])


def check_mounts(bundle, process, point):
    capture = check_shared(bundle, "another mount namespace", "mountinfo", process.pid, process.child)
    equal("another mount namespace: raw mountinfo is that namespace's", process.read("mountinfo"), capture.bytes)
    mounts = [record["proc"]["mountinfo"] for record in bundle.records("mount")
              if snapshot.exact(record["proc"]["mountinfo"], "mount_point") == point]
    equal("another mount namespace: the mount with an empty source, a blank and a newline in its place, once",
          [("tmpfs", "", "/")], [(mount["fs_type"], mount["source"], mount["root"]) for mount in mounts])
    complete = [line.life for line in bundle.lines for item in line.captures
                if item.name == "mountinfo" and item.outcome == "complete"]
    equal("mount namespaces: one reading for each", 2, len(complete))
    rows = sum(bundle.capture(int(life), "mountinfo").bytes.count(b"\n") for life in complete)
    equal("mount namespaces: a record for each row of them", rows, len(bundle.records("mount")))


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    point = os.path.join(folder.name, "odd mount\nof two lines")
    os.mkdir(point)
    network, mounts = odd.Odd("own-net", PORT), odd.Odd("own-mounts", point)
    bundle = snapshot.collect(folder.name)
    check_network(bundle, network)
    check_mounts(bundle, mounts, point.encode())
    namespaces = {record["process"]["pid"]: record["proc"]["ns"] for record in bundle.records("process")}
    for process, kind in ((network, "net"), (mounts, "mnt")):
        equal(f"proc.ns.{kind} of the process, its child, and of us", True,
              namespaces[process.pid][kind] == namespaces[process.child][kind] != namespaces[1][kind])
    finish()


main()
