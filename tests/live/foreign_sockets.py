#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SOCKETS sockets (30000 where it is not set) whose owners are in another PID namespace: they stand in the tables of the
network namespace, and none of them is given to a process that does not own it. Those of processes in view are."""
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time

import odd
import snapshot
from checks import about, equal, finish, holds, skip

SOCKETS = int(os.environ.get("SOCKETS", "30000"))
PER_PROCESS = 1000
FIRST_PORT = 10000
TABLES = ("net_tcp", "net_udp", "net_unix")


def hold_many(count):
    """UDP, TCP and unix sockets in turn, in processes of PER_PROCESS each, which live as long as their parent."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (PER_PROCESS + 100, PER_PROCESS + 100))
    for first in range(0, count, PER_PROCESS):
        told = os.pipe()
        if os.fork() == 0:
            held = [one_of_many(index) for index in range(first, min(first + PER_PROCESS, count))]
            os.write(told[1], b".")
            signal.pause()
            del held
        os.close(told[1])
        if os.read(told[0], 1) != b".":
            sys.exit("a process could not make its sockets")
        os.close(told[0])
    print("ready", flush=True)
    signal.pause()


def one_of_many(index):
    kind = (socket.SOCK_DGRAM, socket.SOCK_STREAM)[index % 2]
    if index % 3 == 2:
        made = socket.socket(socket.AF_UNIX, kind)
        made.bind(b"\0foreign-%d" % index)
        return made
    made = socket.socket(socket.AF_INET, kind)
    made.bind(("0.0.0.0", FIRST_PORT + index // 3))
    if kind == socket.SOCK_STREAM:
        made.listen(1)
    return made


def start_population():
    """Sockets in this network namespace, their owners in a PID namespace that a sibling of the test's made."""
    command = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, sys.argv[0], "population"]
    population = subprocess.Popen(command, stdout=subprocess.PIPE)
    if not select.select([population.stdout], [], [], 300)[0] or population.stdout.readline() != b"ready\n":
        skip("the population of sockets could not be made")
    return population


def table_of(record):
    return next((kind for kind in record["proc"] if kind in TABLES), None)


def is_foreign(record):
    if record.get("source", {}).get("ip") == "0.0.0.0" and record["source"].get("port", 0) >= FIRST_PORT:
        return True
    return record["proc"].get("net_unix", {}).get("path", "").startswith("@foreign-")


def owners(record):
    return sorted((owner["pid"], owner["fd"]) for owner in record["proc"].get("owners", []))


def check_foreign(records, population_count):
    foreign = [record for record in records if is_foreign(record)]
    holds(f"{population_count} foreign sockets, a row for each", len(foreign) == population_count, len(foreign))
    equal("no foreign socket has an owner", [], [record["proc"] for record in foreign if owners(record)])
    equal("of each: the owner is not in view", {"not in view"},
          {record["proc"].get("owner_absent") for record in foreign})
    holds("and each has an inode", all(record["proc"][table_of(record)]["inode"] > 0 for record in foreign))


def check_own(records, process):
    """Those in view: a listener that a child shares, a connection nobody has accepted, one that lingers."""
    inode = lambda fd: int(process.link(f"fd/{fd}")[8:-1])
    by_inode = {record["proc"][table_of(record)].get("inode"): record for record in records if table_of(record)}
    equal("several owners: the listener, which a child has too",
          sorted([(process.pid, process.listener), (process.child, process.listener)]), owners(by_inode[inode(process.listener)]))
    equal("one owner: the UDP socket", [(process.pid, process.udp)], owners(by_inode[inode(process.udp)]))
    for what, port in (("in the backlog of the listener", process.early_port), ("that lingers", process.lingering_port)):
        rows = [record for record in records if port in (record.get("source", {}).get("port"),
                                                         record.get("destination", {}).get("port"))
                and record["proc"].get("net_tcp", {}).get("inode") == 0]
        equal(f"a connection {what}: no inode, no owner", [("no inode", [])],
              [(record["proc"]["owner_absent"], owners(record)) for record in rows])


def check_elsewhere(records, elsewhere):
    found = [record for record in records if record["proc"].get("net_tcp", {}).get("inode") == elsewhere.inode]
    equal("a listener in another network namespace: its owner", [[(elsewhere.pid, elsewhere.listener)]],
          [owners(record) for record in found])


def main():
    if sys.argv[1:] == ["population"]:
        hold_many(SOCKETS)
    if os.environ.get("FOREIGN_INSIDE") != "1":
        outer()
    odd_folder = odd.folder()
    process, elsewhere = odd.Odd("sockets", 7001), odd.Odd("own-net", 7001)
    begun = time.monotonic()
    bundle = snapshot.collect(odd_folder.name, "--files", "none")
    about(f"collected and verified in {time.monotonic() - begun:.1f} s")
    first, last = bundle.meta["clock"]["boottime_us"], bundle.closing["clock"]["boottime_us"]
    about(f"the run took {(last - first) / 1e6:.2f} s; {bundle.closing['footprint']}")
    records = bundle.records("socket")
    check_foreign(records, SOCKETS)
    check_own(records, process)
    check_elsewhere(records, elsewhere)
    in_view = {record["process"]["pid"] for record in bundle.records("process")}
    equal("every owner is a process in view", set(), {pid for record in records for pid, _ in owners(record)} - in_view)
    equal("sealed, and not early", None, bundle.closing["sealed_early"])
    finish()


def outer():
    """The population first, in this network namespace; then the rest of the test in a PID namespace beside it."""
    odd.inside_namespaces()
    population = start_population()
    command = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child", sys.executable, *sys.argv]
    status = subprocess.run(command, env={**os.environ, "FOREIGN_INSIDE": "1"}, check=False).returncode
    population.kill()  # unshare leaves SIGTERM to its child, and takes it along when it is killed
    population.wait()
    sys.exit(status)


main()
