#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The session of the responder ends in the middle: the terminal is closed, SIGHUP comes, at every phase of a collection
whose destination is a bucket. It is delivered all the same. With a file as destination it is sealed early."""
import fcntl
import os
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from endpoint import give_address  # noqa: E402

CROWD = 300
MOMENTS = int(os.environ.get("MOMENTS", "12"))


def in_a_session(arguments, folder):
    """Starts it as the shell of ECS Exec does: in a session of its own with a controlling terminal. (pid, our end)"""
    master, slave = os.openpty()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.closerange(3, 256)
            os.chdir(folder)
            os.execve(snapshot.PROCSNAP, [snapshot.PROCSNAP, *arguments],
                      {"PATH": os.environ["PATH"], **delivery.ENV_KEYS})
        finally:
            os._exit(127)
    os.close(slave)
    return pid, master


def run_of_it():
    """Processes of procsnap that are left, zombies not counted."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                name, _, rest = file.read().partition(b"(")[2].rpartition(b") ")
        except OSError:
            continue
        if name.startswith(b"procsnap") and rest[:1] != b"Z":
            found.append(int(pid))
    return found


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pass
        time.sleep(0.01)
    return condition()


def survives(pid):
    """SIGHUP does not end it any more, as it does any program that has not come so far; or it is over."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        return True
    decided = any(int(status.get(name, "0"), 16) & 1 for name in ("SigBlk", "SigIgn", "SigCgt"))
    return decided or status["State"][0] == "Z"


def check_cut(folder, what, double, when, *options):
    """Closes the terminal when `when()` is true."""
    receipt = os.path.join(folder, f"receipt-{time.monotonic_ns()}.json")
    pid, master = in_a_session(["collect", delivery.DEST, "--endpoint-url", double.url, "--receipt", receipt,
                                "--delivery-deadline", "20s", *options], folder)
    os.set_blocking(master, False)
    end = time.monotonic() + 120
    while not (when() and survives(pid)) and time.monotonic() < end:
        try:
            os.read(master, 65536)
        except (BlockingIOError, OSError):
            time.sleep(0.001)
    os.close(master)
    gone = wait_until(lambda: not run_of_it(), 120)
    holds(f"{what}: the run ends by itself", gone, run_of_it())
    names = [name for name in double.key_names() if not name.endswith(".minisig")]
    equal(f"{what}: delivered, with its signature", ([name + ".minisig" for name in names], 1),
          ([name for name in double.key_names() if name.endswith(".minisig")], len(names)))
    for name in names:
        bundle = snapshot.Bundle(double.object(name).data)
        equal(f"{what}: whole, and not sealed early", None, bundle.closing["sealed_early"])
    holds(f"{what}: its receipt is there", os.path.exists(receipt))
    left = [name for name in os.listdir(folder) if not name.startswith("receipt-")]
    equal(f"{what}: nothing else is left behind", [], left)
    equal(f"{what}: nothing was overwritten", [], double.overwritten)


def after(seconds):
    begun = time.monotonic()
    return lambda: time.monotonic() - begun >= seconds


def check_moments(folder):
    begun = time.monotonic()
    double = s3_double.Double()
    whole = delivery.Push(folder, delivery.DEST, "--endpoint-url", double.url, command="collect", deadline="20s").end()
    os.unlink(whole.receipt)
    took = time.monotonic() - begun
    about(f"a run takes {took:.2f} s")
    equal("a session that nobody cuts", delivery.DELIVERED, whole.status)
    for number in range(MOMENTS):
        moment = took * number / MOMENTS + 0.02
        check_cut(folder, f"cut after {moment:.3f} s", s3_double.Double(), after(moment))


def check_upload(folder):
    """While it is sent, before the answer, while it waits for a better time, and between the two objects."""
    double = s3_double.Double(faults=faults.first(1, lambda: faults.SlowRead(0.05, 40)))
    check_cut(folder, "cut while the body goes out", double, lambda: double.log, "--quiet")
    late = s3_double.Double(faults=faults.first(1, lambda: faults.LateAnswer(1.5)))
    check_cut(folder, "cut before the answer", late, lambda: late.key_names(), "--quiet")
    busy = s3_double.Double(faults=faults.first(3, faults.slow_down))
    check_cut(folder, "cut between two tries", busy, lambda: len(busy.log) >= 2, "--quiet")
    second = s3_double.Double(faults=faults.at({2: faults.LateAnswer(1.0)}))
    check_cut(folder, "cut between bundle and signature", second, lambda: len(second.log) >= 2, "--quiet")


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    odd.Odd("crowd", CROWD)
    with odd.folder() as folder:
        check_moments(folder)
        check_upload(folder)
    finish()


main()
