#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hardened task: what a collector in the sidecar, and one that ECS Exec started in the app's container, sees of an
app that runs as a user without rights; with the right to trace, and without."""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import rehearsal  # noqa: E402
import snapshot  # noqa: E402
import strace  # noqa: E402
import system_calls  # noqa: E402
from checks import about, equal, finish, holds, skip  # noqa: E402

GUARDED = ("exe", "cwd", "root", "ns/{}", "fd/{}", "fdinfo/{}", "environ", "maps", "io")
OPEN = ("stat", "comm", "status", "statm", "cgroup", "limits", "mountinfo", "cmdline")


def truth(host_pid, name):
    with open(f"/proc/{host_pid}/{name}", "rb") as file:
        return file.read()


def wait_for_nginx(task):
    """Its master, and its two workers, by their pids on the host."""
    for _ in range(1200):
        workers = task.children(task.pids["app"])
        if len(workers) == 2 and all(b"worker process" in truth(pid, "cmdline") for pid in workers):
            return [task.pids["app"], *workers]
        time.sleep(0.05)
    skip("nginx does not start its workers here")


def collected(task, where, capabilities, *options):
    """The bundle of a run inside of that container."""
    done = task.run(where, ["/procsnap", "collect", "/evidence/x.tar.gz", "--redact", "none", "--quiet", *options],
                    capabilities=capabilities)
    equal(f"{where}: the run ends well", (0, b""), (done.returncode, done.stderr[-500:]))
    head = snapshot.head_line(done.stdout.decode())
    path = task.path(where, "/evidence/x.tar.gz")
    verified = subprocess.run([snapshot.PROCSNAP, "verify", "--rederive", "--key", head["pk"], path],
                              capture_output=True, check=False, timeout=300)
    equal(f"{where}: verify --rederive says OK", (0, True),
          (verified.returncode, b"all identical" in verified.stdout + verified.stderr))
    with open(path, "rb") as file:
        bundle = snapshot.Bundle(file.read())
    for name in ("x.tar.gz", "x.tar.gz.minisig"):
        os.unlink(task.path(where, f"/evidence/{name}"))
    return bundle


def check_app(bundle, what, task, host_pid, read_as):
    pid = task.inner_pid(host_pid)
    for name in GUARDED:
        capture = bundle.capture(pid, name)
        equal(f"{what}: {name}", ("complete", None, {}, read_as),
              (capture.outcome, capture.errno, capture.lost, capture.read_as))
    for name in OPEN:
        capture = bundle.capture(pid, name)
        equal(f"{what}: {name}, which is open to everybody", (True, None),
              (capture.outcome in ("complete", "shared"), capture.read_as))
    equal(f"{what}: exe", b"/usr/sbin/nginx", bundle.capture(pid, "exe").bytes)
    equal(f"{what}: maps are the kernel's", truth(host_pid, "maps"), bundle.capture(pid, "maps").bytes)
    equal(f"{what}: environ is the kernel's", truth(host_pid, "environ"), bundle.capture(pid, "environ").bytes)
    links = {fd: os.readlink(f"/proc/{host_pid}/fd/{fd}").encode() for fd in os.listdir(f"/proc/{host_pid}/fd")}
    equal(f"{what}: fd targets are the kernel's", links, bundle.capture(pid, "fd/{}").entries)


def check_listener(bundle, what, master):
    """The socket that nginx listens on has its owners, by descriptor."""
    rows = [record for record in bundle.records("socket") if record.get("source", {}).get("port") == 8080
            and record["proc"].get("net_tcp", {}).get("state") == "LISTEN"]
    equal(f"{what}: one listener on port 8080", 1, len(rows))
    owners = {owner["pid"] for row in rows for owner in row["proc"]["owners"]}
    holds(f"{what}: the master is among its owners", master in owners, owners)


def check_system_calls(task, folder):
    """The whole run, seen from the host: nothing is opened for writing but the destination and the own oom_score_adj."""
    command = task.command("sidecar", ["/procsnap", "collect", "/evidence/x.tar.gz", "--redact", "none", "--quiet",
                                       "--read-timeout", "5s"])
    calls, done = strace.traced(os.path.join(folder, "calls"), command, only="procsnap")
    equal("under strace: the run ends well", (0, b""), (done.returncode, done.stderr[-500:]))
    system_calls.check_writing(calls, "/evidence")
    system_calls.check_others(calls, programs=0)
    system_calls.check_opening(calls)


def rehearse(capabilities, where, read_as, what):
    with tempfile.TemporaryDirectory(prefix="task-") as folder:
        task = rehearsal.Task(folder, snapshot.PROCSNAP, ["CAP_SYS_PTRACE"] if "CAP_SYS_PTRACE" in capabilities else [])
        try:
            nginx = wait_for_nginx(task)
            bundle = collected(task, where, capabilities)
            about(f"{what}: {len(bundle.records('process'))} processes")
            for host_pid in nginx:
                check_app(bundle, f"{what}: pid {task.inner_pid(host_pid)}", task, host_pid, read_as)
            check_listener(bundle, what, task.inner_pid(nginx[0]))
            equal(f"{what}: PID 1 is there", "tail", bundle.process(1)["process"]["name"])
            if where == "sidecar" and read_as:
                check_system_calls(task, folder)
        finally:
            task.end()


def main():
    rehearsal.needs()
    fargate, tracing = rehearsal.CAPABILITIES, [*rehearsal.CAPABILITIES, "CAP_SYS_PTRACE"]
    app = f"{rehearsal.APP_UID}:{rehearsal.APP_UID}"
    rehearse(fargate, "sidecar", app, "sidecar without SYS_PTRACE")
    rehearse(tracing, "sidecar", None, "sidecar with SYS_PTRACE")
    rehearse(fargate, "app", app, "ECS Exec into the app")
    finish()


main()
