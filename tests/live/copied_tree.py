#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--procfs of a copied /proc tree: somebody saved it elsewhere, and no link in it may lead to this machine."""
import os

import odd
import snapshot
from checks import equal, finish, holds

STAT = (b"4242 (copied) app) S 1 4242 4242 0 -1 4194304 1 0 0 0 1 2 0 0 20 0 3 0 8237 1000 10 18446744073709551615 "
        b"94000000000000 94000000001000 140000000000000 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n")
TCP = (b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
       b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 x 100 0\n")
BOOT_ID = b"01234567-89ab-cdef-0123-456789abcdef\n"

FILES = {
    "stat": b"cpu  1 2 3 4 5 6 7 8 9 10\nbtime 1700000000\nprocesses 5000\n",
    "uptime": b"82.40 160.11\n",
    "loadavg": b"0.00 0.01 0.05 1/143 4242\n",
    "sys/kernel/random/boot_id": BOOT_ID,
    "net/tcp": TCP,
    "4242/stat": STAT,
    "4242/comm": b"copied) app\n",
    "4242/status": b"Name:\tcopied) app\nUid:\t101\t101\t101\t101\n",
    "4242/cmdline": b"app\0--password\0",
    "4242/environ": b"PATH=/bin\0TOKEN=copied-secret\0",
    "4242/net/tcp": TCP,
    "4242/fdinfo/3": b"pos:\t0\nflags:\t02\nmnt_id:\t9\n",
    "4243/stat": STAT.replace(b"4242 (copied) app)", b"4243 (bare)"),
    "self/ignored": b"no process",
}
LINKS = {
    "4242/exe": "/bin/sh",  # exists on this machine as well
    "4242/cwd": "/srv/app",
    "4242/root": "/",
    "4242/fd/3": "socket:[777]",
    "4242/fd/4": "/var/log/app.log (deleted)",
    "4242/ns/net": "net:[4026531840]",
    "4242/ns/mnt": "mnt:[4026531841]",
}


def make(tree):
    for name, data in FILES.items():
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    for name, target in LINKS.items():
        path = os.path.join(tree, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)


def check_raw(bundle):
    for name, data in FILES.items():
        if name.startswith("4242/") and "environ" not in name and "fdinfo" not in name:
            equal(f"raw {name}", data, bundle.capture(4242, name.removeprefix("4242/")).bytes)
        elif "/" not in name or name.startswith(("net/", "sys/")):
            equal(f"raw {name}", data, bundle.members["data/proc/" + name])
    for name in ("exe", "cwd", "root"):
        equal(f"raw link 4242/{name}", LINKS["4242/" + name].encode(), bundle.capture(4242, name).bytes)
    for family in ("fd", "ns"):
        wanted = {name.split("/")[-1]: target.encode() for name, target in LINKS.items() if f"/{family}/" in name}
        equal(f"raw links 4242/{family}", wanted, bundle.capture(4242, family + "/{}").entries)
    equal("raw 4242/fdinfo: what there is", ({"3": FILES["4242/fdinfo/3"]}, {"4": ("gone", "ENOENT")}),
          (bundle.capture(4242, "fdinfo/{}").entries, bundle.capture(4242, "fdinfo/{}").lost))
    equal("files that were not copied are absent", ["absent"] * 4,
          [bundle.capture(4242, name).outcome for name in ("statm", "limits", "maps", "io")])
    holds("the secret is not in the bundle", b"copied-secret" not in bundle.tar)


def check_records(bundle):
    record = bundle.process(4242)
    process, proc = record["process"], record["proc"]
    equal("process: name, parent, executable, directory, arguments, user",
          ("copied) app", 1, "/bin/sh", "/srv/app", ["app", "--password"], "101"),
          (process["name"], process["parent"]["pid"], process["executable"], process["working_directory"],
           process["args"], record["user"]["id"]))
    equal("process: ticks, namespaces", (8237, {"net": 4026531840, "mnt": 4026531841}),
          (proc["stat"]["starttime"], proc["ns"]))
    equal("process: no fact of this machine's file of the same name", (None, None),
          (bundle.capture(4242, "exe").facts, proc.get("exe_id")))
    equal("executable records: none, for nobody saw the file", [], bundle.records("executable"))
    descriptors = bundle.descriptors(4242)
    equal("descriptors", {3: ("socket", 777), 4: ("deleted", None)},
          {number: (fd["class"], fd.get("inode")) for number, fd in descriptors.items()})
    sockets = [(owner["pid"], owner["fd"]) for row in bundle.records("socket") for owner in row["proc"]["owners"]]
    holds("the socket has its owner", sockets and set(sockets) == {(4242, 3)}, sockets)
    equal("a process of which there is little has its record", "bare", bundle.process(4243)["process"]["name"])
    host = bundle.meta["host"]
    equal("meta.json: the boot is the copied one's, and no namespace of ours is claimed",
          (BOOT_ID.decode().strip(), False, False), (host["boot_id"], host["procfs"], host["own_pid_namespace"]))


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    tree = os.path.join(folder.name, "proc")
    make(tree)
    bundle = snapshot.collect(os.path.join(folder.name, "out"), "--procfs", tree)
    equal("processes found", {4242, 4243}, {line.pid for line in bundle.lines if line.scope == "process"})
    check_raw(bundle)
    check_records(bundle)
    os.unlink(os.path.join(tree, "stat"))
    bundle = snapshot.collect(os.path.join(folder.name, "out"), "--procfs", tree)
    equal("without a stat file of the whole machine it is still a tree of processes", 2,
          bundle.closing["counts"]["processes"])
    finish()


main()
