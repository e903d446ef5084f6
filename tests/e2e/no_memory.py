#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory runs out at every Nth allocation of a run: sealed and whole, or not sealed and told, and never a crash.

NO_MEMORY is a procsnap whose allocator fails where it is told to (no_memory.c).
"""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402

PROGRAM = os.environ.get("NO_MEMORY", "")
NAME = "x.tar.gz"
SEALED, NOT_SEALED, SEALED_EARLY = 0, 3, 5
OK, OK_UNPINNED, NO_READING, INCOMPLETE = 0, 1, 3, 10
FIRST = 64       # so many are tried one by one, then every Nth
SECONDS = 6      # for each sweep
CRASH = re.compile(r"Sanitizer|runtime error:|stack smashing|buffer overflow detected")


def run(counter, arguments, at=0, builder=False, for_good=False):
    """(exit status, standard output, standard error); None for one that hangs."""
    environment = dict(os.environ, NO_MEMORY_AT=str(at), NO_MEMORY_COUNT=counter)
    environment.update({"NO_MEMORY_BUILDER": "1"} if builder else {})
    environment.update({"NO_MEMORY_FOR_GOOD": "1"} if for_good else {})
    with open(counter, "wb") as file:
        file.write(bytes(8))
    try:
        done = subprocess.run([PROGRAM, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              check=False, timeout=300)
    except subprocess.TimeoutExpired:
        return None, "", ""
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace")


def allocations(counter):
    with open(counter, "rb") as file:
        return int.from_bytes(file.read(8), sys.byteorder)


def verify(path, *options):
    return subprocess.run([snapshot.PROCSNAP, "verify", *options, path], capture_output=True, check=False,
                          timeout=300).returncode


def wrong_with(folder, status, out, err):
    """What is wrong with one run, or None."""
    found = set(os.listdir(folder))
    path = os.path.join(folder, NAME)
    if status not in (SEALED, NOT_SEALED, SEALED_EARLY) or CRASH.search(err) or "killed by signal" in err:
        return "ends badly"
    if status == NOT_SEALED:
        if not re.fullmatch(r"procsnap: [^\n]+\n", err) or out:
            return "not one line that says what happened"
        if found - {NAME + ".part"}:
            return f"leaves {found}"
        # A whole part: memory ran out between its last byte and the signature beside it.
        return None if not found or verify(path + ".part") in (INCOMPLETE, OK_UNPINNED) else "its part is damaged"
    if found != {NAME, NAME + ".minisig"}:
        return f"leaves {found}"
    try:
        head = snapshot.head_line(out)
    except snapshot.Malformed as error:
        return str(error)
    return None if verify(path, "--rederive", "--key", head["pk"]) == OK else "a false seal"


def points(counter, first, begun):
    """Which allocations fail, and the stride: so that a sweep stays within its time."""
    total, took = allocations(counter), time.monotonic() - begun
    stride = max(1, -(-int(max(0, total - FIRST) * took * 1.3) // SECONDS))
    return total, stride, [*range(first, min(total, FIRST) + 1), *range(FIRST + 1, total + 1, stride)]


def sweep_collect(folder, counter, what, **how):
    arguments = ["--quiet", "--pid", str(os.getpid())]

    def one(at):
        with odd.folder() as made:
            status, out, err = run(counter, ["collect", os.path.join(made, NAME), *arguments], at, **how)
            return status, err, wrong_with(made, status, out, err)

    begun = time.monotonic()
    equal(f"{what}: a run with all the memory it wants", (SEALED, None), one(0)[::2])
    total, stride, tried = points(counter, 1, begun)
    results, wrong, messages = {}, [], set()
    for at in tried:
        status, err, reason = one(at)
        results[status] = results.get(status, 0) + 1
        messages.add(re.sub(r"[^ ]*/odd-[^ ]*", "PATH", err.strip()))
        if reason:
            wrong.append((at, status, reason, err[-1500:]))
    about(f"{what}: {total} allocations, stride {stride} after {FIRST}, {len(tried)} runs: exit status {results}")
    for message in sorted(messages):
        about(f"  {message}")
    equal(f"{what}: sealed and whole, or not sealed and told", [], wrong)
    holds(f"{what}: some runs were not sealed", results.get(NOT_SEALED, 0) > 0, results)


def sweep_reading(counter, what, command, last=0):
    """Who verifies with too little memory never calls a bundle anything else than what it is. The `last` allocations are
    tried one by one, too."""
    begun = time.monotonic()
    status, whole, _ = run(counter, command)
    equal(f"{what} with all the memory it wants", OK, status)
    total, stride, tried = points(counter, 1, begun)
    tried = sorted({*tried, *range(max(1, total - last), total + 1)})
    results, wrong = {}, []
    for at in tried:
        status, out, err = run(counter, command, at)
        results[status] = results.get(status, 0) + 1
        told = (status == OK and out == whole) or (status == NO_READING and "memory" in err)
        if not told or CRASH.search(err):
            wrong.append((at, status, out[-300:], err[-1500:]))
    about(f"{what}: {total} allocations, stride {stride} after {FIRST}, {len(tried)} runs: exit status {results}")
    equal(f"{what}: OK, or that it could not read the bundle", [], wrong)


def sweep_verify(folder, counter):
    path, key = os.path.join(folder, NAME), os.path.join(folder, "holder")
    status, out, _ = run(counter, ["collect", path, "--quiet", "--pid", str(os.getpid())])
    equal("the bundle to verify", SEALED, status)
    pin = ["--key", snapshot.head_line(out)["pk"]]
    sweep_reading(counter, "verify", ["verify", "--rederive", *pin, path])
    for arguments in (["keygen", "-o", key],
                      *(["custody", "add", path, "--who", "A", "--action", did, "--sign-key", key + ".key"] for did in "12")):
        subprocess.run([snapshot.PROCSNAP, *arguments], check=True, capture_output=True, timeout=300)
    with open(key + ".pub", encoding="ascii") as file:
        holder = file.read().splitlines()[1]
    sweep_reading(counter, "custody verify", ["custody", "verify", path, *pin, "--key", holder], last=30)


def sweep_selftest(counter):
    """An executable that found no memory is not called broken."""
    run(counter, ["selftest"])
    wrong = []
    for at in range(1, allocations(counter) + 1):
        status, out, err = run(counter, ["selftest"], at)
        if "FAIL" in out or (status, "memory" in err) not in ((0, False), (3, True)) or CRASH.search(err):
            wrong.append((at, status, out, err[-1500:]))
    about(f"selftest: {allocations(counter)} allocations")
    equal("selftest: ok, or that memory ran out", [], wrong)


def main():
    odd.inside_namespaces()
    with odd.folder() as folder:
        counter = os.path.join(folder, "count")
        sweep_collect(folder, counter, "one fails in the builder", builder=True)
        sweep_collect(folder, counter, "all fail from one on in the builder", builder=True, for_good=True)
        sweep_collect(folder, counter, "all fail from one on in each process", for_good=True)
        sweep_verify(folder, counter)
        sweep_selftest(counter)
    finish()


main()
