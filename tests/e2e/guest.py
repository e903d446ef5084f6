#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A guest in production: a container of 64 MiB, of which 32 MiB are free, with a live application, 200 small processes,
a deleted program of 60 MB and thousands of changed files. Nobody is killed, the run seals, and what it left out for lack
of room is said; with the destination on a disk, in the container's own memory, and down a pipe."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import rehearsal  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds, skip  # noqa: E402

MIB = 1 << 20
LIMIT, FREE = 64 * MIB, 32 * MIB
PROCESSES, PAYLOAD, CHANGED = 200, 60_000_000, 4000


class Group:
    """The memory control group of the container, as the host sees it; version 1 or 2."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
        first = [path for _, controllers, path in lines if "memory" in controllers.split(",")]
        self.v1 = bool(first)
        path = first[0] if first else next((path for number, _, path in lines if number == "0"), "")
        self.path = ("/sys/fs/cgroup/memory" if self.v1 else "/sys/fs/cgroup") + path
        if not os.path.exists(f"{self.path}/memory.stat"):
            skip("the memory control group of a container cannot be seen here")

    def read(self, name):
        with open(f"{self.path}/{name}", encoding="ascii") as file:
            return file.read()

    def keyed(self, name, key):
        found = re.search(rf"^{key} (\d+)$", self.read(name), re.M)
        return int(found[1]) if found else None

    def used(self):
        """What cannot be taken back at once."""
        all_of_it = int(self.read("memory.usage_in_bytes" if self.v1 else "memory.current"))
        return all_of_it - self.keyed("memory.stat", "total_inactive_file" if self.v1 else "inactive_file")

    def limit(self):
        return int(self.read("memory.limit_in_bytes" if self.v1 else "memory.max"))

    def killed(self):
        return self.keyed("memory.oom_control" if self.v1 else "memory.events", "oom_kill")


class Container(rehearsal.Task):
    """One container: the application, and beside it whatever is started there."""

    def __init__(self, folder, procsnap, app):
        self.folder, self.pids, self.started = folder, {}, []
        self.name = f"procsnap-guest-{os.getpid()}"
        path = f"{folder}/app/rootfs"
        rehearsal._root_file_system(path, [app])
        shutil.copy(procsnap, f"{path}/procsnap")
        shutil.copy(app, f"{path}/payload")
        with open(f"{path}/payload", "ab") as file:
            file.write(os.urandom(PAYLOAD))
        self.log = f"{folder}/app/log"
        own = [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]
        self._start("app", rehearsal.process([app, str(PROCESSES), "/payload"]), path, own)

    @staticmethod
    def _configured(configuration):
        configuration["linux"]["resources"]["memory"] = {"limit": LIMIT}
        return configuration

    def beats(self):
        with open(self.log, encoding="ascii") as file:
            return [int(line) for line in file if line.strip().isdigit()]


def wait_for(what, condition):
    for _ in range(2400):
        if condition():
            return
        time.sleep(0.05)
    skip(f"{what} did not happen here")


def furnish(container, group):
    """What there is to find; made from outside, so that none of it is the container's memory. Then the application
    takes memory until FREE is left."""
    wait_for("the application's start", lambda: "ready" in open(container.log, encoding="ascii").read())
    wait_for("the payload's start", lambda: any(
        os.readlink(f"/proc/{pid}/exe").endswith("/payload") for pid in container.children(container.pids["app"])))
    os.unlink(container.path("app", "/payload"))
    for i in range(CHANGED):
        with open(container.path("app", f"/tmp/changed-{i:05}"), "wb") as file:
            file.write(os.urandom(4096))
    amount = LIMIT - FREE - group.used()
    if amount < MIB:
        skip(f"{PROCESSES} processes alone take {group.used() >> 20} MiB here")
    with open(container.path("app", "/amount.new"), "w", encoding="ascii") as file:
        file.write(f"{amount >> 10}\n")
    os.rename(container.path("app", "/amount.new"), container.path("app", "/amount"))
    wait_for("the application's first turn", lambda: len(container.beats()) > 2)
    about(f"the application holds {amount >> 20} MiB, {(LIMIT - group.used()) >> 20} MiB are free")


def summary(path):
    return subprocess.run([snapshot.PROCSNAP, "show", path, "summary"], capture_output=True, text=True, check=True,
                          timeout=300).stdout


def check_kill_is_told(container, group):
    """Somebody takes all of the memory, and is killed for it: the next bundle says so."""
    hog = "echo 1000 > /proc/self/oom_score_adj; exec tail /dev/zero"
    subprocess.run(container.command("app", ["/bin/sh", "-c", hog]), stdin=subprocess.DEVNULL, capture_output=True,
                   check=False, timeout=300)
    kills = group.killed()
    if kills == 0:
        about("nobody was killed, though all memory was taken: not checked")
        return
    done = subprocess.run(container.command("app", ["/procsnap", "collect", "-", "--quiet"]), stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=300)
    path = f"{container.folder}/after.tar.gz"
    with open(path, "wb") as out:
        out.write(done.stdout)
    words = f"{kills} process{'es were' if kills > 1 else ' was'} killed here for lack of memory"
    holds("show summary tells that somebody was killed", words in summary(path), (done.stderr[-500:], summary(path)))


def collect(container, group, dest, what):
    before, killed = len(container.beats()), group.killed()
    done = subprocess.run(
        container.command("app", ["/procsnap", "collect", dest, "--memory", "all", "--plaintext"],
                          capabilities=[*rehearsal.CAPABILITIES, "CAP_SYS_PTRACE"]),
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300)
    words = done.stderr.decode(errors="replace")
    holds(f"{what}: sealed", done.returncode in (0, 5), (done.returncode, words[-1500:]))
    equal(f"{what}: nobody was killed for lack of memory", killed, group.killed())
    time.sleep(0.1)
    holds(f"{what}: the application goes on", len(container.beats()) > before, before)
    if done.returncode not in (0, 5):
        return
    piped = dest == "-"
    path = container.path("app", dest) if not piped else f"{container.folder}/piped.tar.gz"
    file = done.stdout
    if not piped:
        file = subprocess.run(container.command("app", ["/bin/cat", dest]), stdin=subprocess.DEVNULL,
                              capture_output=True, check=True, timeout=300).stdout
        path = f"{container.folder}/copied.tar.gz"
    with open(path, "wb") as out:
        out.write(file)
    told = (words if piped else done.stdout.decode()).splitlines()
    line = next(line for line in told if line.startswith("EVIDENCE "))
    verified = subprocess.run([snapshot.PROCSNAP, "verify", "--rederive", "--key", snapshot.head_line(line + "\n")["pk"], path],
                              capture_output=True, check=False, timeout=300)
    holds(f"{what}: verify --rederive says OK", verified.returncode == 0, verified.stdout + verified.stderr)
    holds(f"{what}: show summary tells of no kill", "for lack of memory" not in summary(path), summary(path))
    check_what_is_said(snapshot.Bundle(file), words, dest, what)
    if not piped:
        subprocess.run(container.command("app", ["/bin/rm", dest, dest + ".minisig"]), check=True, timeout=300)


def check_what_is_said(bundle, words, dest, what):
    limits, reached = bundle.meta["limits"], bundle.closing["limits_reached"]
    equal(f"{what}: the limits follow the room that there is", True, limits["lowered_for_headroom"])
    holds(f"{what}: the room is known", 8 * MIB < limits["cgroup_headroom_bytes"] <= FREE + 8 * MIB,
          limits["cgroup_headroom_bytes"])
    about(f"{what}: {limits['cgroup_headroom_bytes'] >> 20} MiB of room; reached: {', '.join(reached) or 'no limit'}; "
          f"{bundle.closing['sealed_early']}")
    for name in reached:
        holds(f"{what}: the verdict names {name}", name in words, words)
    if dest.startswith("/dev/shm/") and not bundle.closing["sealed_early"]:
        holds(f"{what}: the deleted program did not fit, and that is told", "recovered_bytes" in reached, reached)
        holds(f"{what}: what was lowered, and why, is told", "to spare" in words, words)


def main():
    rehearsal.needs()
    app = os.environ["GUEST_APP"]
    with tempfile.TemporaryDirectory(prefix="guest-") as folder:
        os.chmod(folder, 0o755)
        container = Container(folder, snapshot.PROCSNAP, app)
        try:
            group = Group(container.pids["app"])
            if group.killed() is None or group.limit() != LIMIT:
                skip("the memory of a container is not limited or its kills are not counted here")
            furnish(container, group)
            for dest, what in (("/evidence/x.tar.gz", "on a disk"), ("/dev/shm/x.tar.gz", "in memory"), ("-", "to a pipe")):
                collect(container, group, dest, what)
            equal("the application was never killed", 0, group.killed())
            check_kill_is_told(container, group)
        finally:
            container.end()
    finish()


main()
