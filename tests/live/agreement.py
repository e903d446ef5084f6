#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two tools that know nothing of procsnap, psutil and ss, look at the same processes: at /proc itself, beside the
snapshot, and then, when the processes are gone, at the tree that `procsnap export` makes of the bundle."""
import json
import os
import re
import subprocess
import sys

import odd
import snapshot
from checks import about, equal, finish, holds, skip

PSUTIL_PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's psutil; `python3` may be another one
POPULATION = r"""
import os, socket, sys, time
def tcp(family, address):
    s = socket.socket(family); s.bind((address, 0)); s.listen(); return s
held = [tcp(socket.AF_INET, "127.0.0.1"), tcp(socket.AF_INET6, "::1"), tcp(socket.AF_INET6, "::")]
for server in held[:2]:
    client = socket.socket(server.family); client.connect(server.getsockname()[:2])
    held += [client, server.accept()[0]]
half = socket.socket(); half.connect(held[0].getsockname()); held[0].accept()[0].close(); held.append(half)  # CLOSE_WAIT
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0)); held.append(udp)
peer = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); peer.bind(("::1", 0)); peer.connect(("::1", 9)); held.append(peer)
unix = socket.socket(socket.AF_UNIX); unix.bind("\0agreement"); unix.listen(); held.append(unix)
file = socket.socket(socket.AF_UNIX); file.bind(sys.argv[1] + "/socket"); held.append(file)
held += [open(sys.argv[1] + "/read", "w+"), open(sys.argv[1] + "/append", "a")]
held[-2].write("12345"); held[-2].flush()
print("ready", flush=True)
time.sleep(600)
"""
ASK_PSUTIL = r"""
import json, sys, psutil
procfs, pids = sys.argv[1], [int(pid) for pid in sys.argv[2:]]
psutil.PROCFS_PATH = procfs
def address(a):
    return a if isinstance(a, str) else [a.ip, a.port] if a else []
def tell(pid):
    p = psutil.Process(pid)
    connections = getattr(p, "net_connections", None) or p.connections
    return {"pid": p.pid, "ppid": p.ppid(), "name": p.name(), "args": p.cmdline(), "uids": list(p.uids()),
            "fds": p.num_fds(), "files": sorted([f.fd, f.path, f.position, f.flags] for f in p.open_files()),
            "inet": sorted([c.fd, c.type, address(c.laddr), address(c.raddr), c.status] for c in connections("inet")),
            "unix": sorted([c.fd, c.type, c.laddr] for c in connections("unix"))}
print(json.dumps({"pids": psutil.pids(), "of": {pid: tell(pid) for pid in pids}}))
"""
STATES = {"ESTAB": "ESTABLISHED", "UNCONN": "CLOSE", "FIN-WAIT-1": "FIN_WAIT1", "FIN-WAIT-2": "FIN_WAIT2"}
TYPES = {"tcp": 1, "udp": 2, "STREAM": 1, "DGRAM": 2, "SEQPACKET": 5}


def ask_psutil(procfs, pids):
    told = subprocess.run([PSUTIL_PYTHON, "-c", ASK_PSUTIL, procfs, *map(str, pids)], capture_output=True, check=False)
    if not holds(f"psutil reads {procfs}", told.returncode == 0, told.stderr.decode()[-800:]):
        return None
    answer = json.loads(told.stdout)
    return answer["pids"], {int(pid): facts for pid, facts in answer["of"].items()}


def end(text):
    """("127.0.0.1", 80) of what ss prints: [::1]:80, *:80 for any address of both families, 0.0.0.0:*."""
    address, port = text.rsplit(":", 1)
    address = address.strip("[]").split("%")[0]
    return "::" if address == "*" else address, 0 if port == "*" else int(port)


def ask_ss(**environment):
    text = subprocess.run(["ss", "-H", "-O", "-tanp"], capture_output=True, check=True, text=True, errors="replace",
                          env={**os.environ, **environment}).stdout
    rows = []
    for line in text.splitlines():
        state, _, _, local, remote, *rest = line.split(None, 5)
        owners = re.findall(r'\("(?:[^"\\]|\\.)*",pid=(\d+),fd=(\d+)\)', rest[0] if rest else "")
        rows.append((STATES.get(state, state.replace("-", "_")), end(local), end(remote),
                     sorted((int(pid), int(fd)) for pid, fd in owners)))
    return sorted(rows)


# ---- the same, from the records ----

def record_end(record, name):
    return (record[name]["ip"], record[name]["port"])


def table_of(record):
    return next(value for key, value in record["proc"].items() if key.startswith("net_") and key != "net_namespace")


def tcp_rows(bundle):
    return sorted((table_of(r)["state"], record_end(r, "source"), record_end(r, "destination"),
                   sorted((o["pid"], o["fd"]) for o in r["proc"]["owners"]))
                  for r in bundle.records("socket") if r["network"]["transport"] == "tcp")


def sockets_of(bundle, pid):
    inet, unix = [], []
    for record in bundle.records("socket"):
        transport, row = record["network"]["transport"], table_of(record)
        for owner in record["proc"]["owners"]:
            if owner["pid"] != pid:
                continue
            if transport == "unix":
                unix.append([owner["fd"], TYPES[row["type"]], row.get("path", "")])
                continue
            ends = [list(record_end(record, name)) for name in ("source", "destination")]
            inet.append([owner["fd"], TYPES[transport], *(e if e[1] else [] for e in ends),
                         row["state"] if transport == "tcp" else "NONE"])
    return sorted(inet), sorted(unix)


def files_of(bundle, pid, folder):
    """Regular files that are still there: what psutil calls open files. The others are no files on this machine."""
    return sorted([r["proc"]["fd"], r["proc"]["target"], r["proc"]["fdinfo"]["pos"], int(r["proc"]["fdinfo"]["flags"], 8)]
                  for r in bundle.records("fd") if r["process"]["pid"] == pid
                  and r["proc"]["target"].startswith(folder + "/") and os.path.isfile(r["proc"]["target"]))


def facts_of(bundle, pid, folder):
    record = next(r for r in bundle.records("process") if r["process"]["pid"] == pid)
    process = record["process"]
    inet, unix = sockets_of(bundle, pid)
    return {"pid": process["pid"], "ppid": process["parent"]["pid"], "name": os.fsdecode(snapshot.exact(process, "name")),
            "args": [os.fsdecode(arg) for arg in snapshot.exact(process, "args")] if "args" in process else [],
            "uids": record["proc"]["status"]["Uid"][:3],
            "fds": sum(r["process"]["pid"] == pid for r in bundle.records("fd")),
            "files": files_of(bundle, pid, folder), "inet": inet, "unix": unix}


# ---- the test ----

def compare(what, records, told, folder):
    """Field by field. psutil lengthens a name of 15 bytes by the first argument, and reads names of unix sockets by
    lines and blanks: those that hold either are left out."""
    for pid, seen in told.items():
        mine = records[pid]
        for field in ("pid", "ppid", "args", "uids", "fds", "inet"):
            equal(f"{what}, {pid} {mine['name']!r}: {field}", mine[field], seen[field])
        cut = len(os.fsencode(mine["name"])) == 15
        holds(f"{what}, {pid}: name", seen["name"].startswith(mine["name"]) if cut else seen["name"] == mine["name"],
              (mine["name"], seen["name"]))
        equal(f"{what}, {pid}: files", mine["files"], [f for f in seen["files"] if f[1].startswith(folder + "/")])
        if not any(set(path) & set("\n ") for _, _, path in mine["unix"]):
            equal(f"{what}, {pid}: unix sockets", mine["unix"], seen["unix"])


def needed():
    asked = subprocess.run([PSUTIL_PYTHON, "-c", "import psutil; print(psutil.__version__)"], capture_output=True,
                           check=False) if os.path.exists(PSUTIL_PYTHON) else None
    if asked is None or asked.returncode != 0:
        skip(f"{PSUTIL_PYTHON} has no psutil (Debian: python3-psutil)")
    if subprocess.run(["sh", "-c", "command -v ss"], capture_output=True, check=False).returncode != 0:
        skip("there is no ss (Debian: iproute2)")
    return asked.stdout.decode().strip()


def populate(folder):
    script = subprocess.Popen([sys.executable, "-c", POPULATION, folder, "", "caf\u00e9", b"\xff\xfe end"],
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    holds("the python process is ready", script.stdout.readline() == b"ready\n")
    odds = [odd.Odd("wait"), odd.Odd("sockets", 7001), odd.Odd("user", 4711, "wait"), odd.Odd("descriptors", 300),
            odd.Odd("zombie"), odd.Odd(argv=[b"an odd one", b"", b"two  blanks", b"\xc3\x28"])]
    return script, [script.pid] + [o.pid for o in odds]


def main():
    odd.inside_namespaces()
    about(f"psutil {needed()}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
    home = odd.folder()
    script, pids = populate(home.name)
    live, rows = ask_psutil("/proc", pids), ask_ss()
    run = snapshot.Run(home.name, "--quiet")
    bundle = run.bundle
    records = {pid: facts_of(bundle, pid, home.name) for pid in pids}
    if live is not None:
        compare("psutil of /proc", records, live[1], home.name)
    equal("ss of /proc: every TCP socket, its ends, its owners", rows, tcp_rows(bundle))

    script.kill()
    script.wait()
    odd.end_all()
    view = os.path.join(home.name, "view")
    made = subprocess.run([snapshot.PROCSNAP, "export", run.path, "--format", "procfs", "-o", view], capture_output=True,
                          check=False)
    if holds("export ends with 0", made.returncode == 0, made.stderr):
        tree = os.path.join(view, "proc")
        told = ask_psutil(tree, pids)
        if told is not None:
            equal("psutil of the export: pids", sorted(r["process"]["pid"] for r in bundle.records("process")),
                  sorted(told[0]))
            compare("psutil of the export", records, told[1], home.name)
        equal("ss of the export: every TCP socket, its ends, its owners", tcp_rows(bundle), ask_ss(PROC_ROOT=tree))
    finish()


main()
