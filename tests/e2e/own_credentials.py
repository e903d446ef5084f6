#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The credentials that procsnap delivers with are in no bundle: not where they stand in the memory of the shell that it was
started from, in the history of that shell, or in a file that is deleted and held open; not those that it was given by the
task's endpoint, in no bundle, spool or log of a watch. grep over what is decompressed proves it, and shows by a run
that delivers nothing what it would find.
"""
import os
import secrets
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import aws_doubles  # noqa: E402
import delivery  # noqa: E402
import elf_core  # noqa: E402
import odd  # noqa: E402
import own_root  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import equal, finish, holds  # noqa: E402
from secret_forms import found_in  # noqa: E402
from watching import SEALED, Watch, children_of  # noqa: E402

KEYS = {"AWS_ACCESS_KEY_ID": "ASIAOFTHESHELL000001", "AWS_SECRET_ACCESS_KEY": "SecretOfTheShell/+" + secrets.token_hex(11),
        "AWS_SESSION_TOKEN": "TokenOfTheShell//" + secrets.token_hex(300) + "=="}
USED = [KEYS["AWS_SECRET_ACCESS_KEY"], KEYS["AWS_SESSION_TOKEN"]]
PATH = {"PATH": os.environ["PATH"], "AWS_REGION": s3_double.REGION}
FRAME = 64 << 10
# Where procsnap sees itself alone: the endpoints of the test have the keys in their memory.
ALONE = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]


class Shell:
    """A shell in a root of its own: the keys are in its environment and arguments, in its history, in the middle of what it
    holds open, and in the name of it."""

    def __init__(self, folder):
        root = os.path.join(folder, "root")
        own_root.fill(root, os.path.realpath("/bin/sh"), "/bin/sh")
        self.history = f"aws configure set aws_secret_access_key {USED[0]}\n".encode()
        own_root.write(root + "/root/.bash_history", self.history)
        self.held = b"x" * (FRAME - 20) + USED[1].encode()
        self.lost = os.open(root + "/tmp/lost", os.O_RDWR | os.O_CREAT)
        os.write(self.lost, self.held)
        os.unlink(root + "/tmp/lost")
        named = os.memfd_create(USED[0])
        self.popen = subprocess.Popen(["sh", "-c", "read line; exit", "x" * 40 + USED[0]], executable="/bin/sh",
                                      preexec_fn=lambda: own_root.into(root), env={**PATH, **KEYS}, stdin=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, pass_fds=[self.lost, named])
        self.pid = self.popen.pid
        os.close(self.lost)
        os.close(named)

    def end(self):
        self.popen.kill()
        self.popen.wait()


def content(bundle, path):
    """The captures of that file, from the root of the shell or from ours, whose /tmp it lies in: it is stored once."""
    return [capture for line in bundle.lines if line.scope == "content" for capture in line.captures
            if capture.facts and capture.facts.get("path", "").endswith(path)]


def taken(shell, folder, dest, *options):
    """A run that has the keys and takes the memory of that shell; its bundle."""
    if dest.startswith("s3:"):
        run = delivery.Push(folder, dest, "--memory", shell.pid, "--plaintext", "--redact", "none", *options, command="collect",
                            env={**PATH, **KEYS}).end()
        return run, None
    done = snapshot.Run(folder, "--memory", shell.pid, "--plaintext", "--redact", "none", name=dest)
    return done, done.bundle


def check_unmasked(shell, folder):
    """Nothing is delivered: nothing is masked. What the search would find."""
    _, bundle = taken(shell, folder, "kept.tar.gz")
    core = bundle.members[f"data/memory/{shell.pid}.core"]
    equal("(a run without delivery: the core holds them)", USED, found_in(core, USED))
    history, = content(bundle, "/root/.bash_history")
    equal("(a run without delivery: the history is kept)", shell.history, bundle.object(history))
    equal("(a run without delivery: the deleted file is kept)", shell.held, bundle.object(
        bundle.contents(shell.pid)[f"fd/{shell.lost}"]))
    journal = b"".join(data for name, data in bundle.members.items() if name.startswith("data/journal/"))
    equal("(a run without delivery: the journal has a name that is one)", USED[:1], found_in(journal, USED))
    return core


def check_masked(shell, folder, double, unmasked):
    run, _ = taken(shell, folder, delivery.DEST, "--endpoint-url", double.url)
    names = [name for name in double.key_names() if not name.endswith(".minisig")]
    equal("delivered", (delivery.DELIVERED, 1), (run.status, len(names)))
    if not names:
        holds("delivered: why not", False, run.stderr)
        return
    data = double.object(names[0]).data
    bundle = snapshot.Bundle(data)
    equal("no secret in the bundle", [], found_in(bundle.tar, USED))
    equal("no secret in what was said", [], found_in((run.stdout + run.stderr).encode(), USED))
    capture = {capture.name: capture for line in bundle.lines if line.pid == shell.pid and line.scope == "content"
               for capture in line.captures}["mem"]
    holds("the core says how much of it was masked", capture.facts.get("masked", 0) >= len(USED[0]) + len(USED[1]), capture.facts)
    core = elf_core.Core(bundle.members[f"data/memory/{shell.pid}.core"])
    stars = [b"AWS_SECRET_ACCESS_KEY=" + b"*" * len(USED[0]), b"AWS_SESSION_TOKEN=" + b"*" * len(USED[1])]
    equal("in the core there are as many asterisks", [], [text for text in stars if text not in core.data])
    holds("the note with the arguments holds no part of one", b"SecretOfTheShell" not in core.notes["PRPSINFO"] and
          b"x" * 30 + b"*" in core.notes["PRPSINFO"], core.notes["PRPSINFO"])
    holds("the rest of the core is there", abs(len(core.data) - len(unmasked)) < 1 << 20, (len(core.data), len(unmasked)))
    for what, capture in (("the history", content(bundle, "/root/.bash_history")[0]),
                          ("a deleted file, across two frames", bundle.contents(shell.pid)[f"fd/{shell.lost}"])):
        equal(f"{what}: hashed, not kept, and why", ("complete", "own credentials", None),
              (capture.outcome, capture.facts.get("withheld"), bundle.object(capture)))
    path = os.path.join(folder, "delivered.tar.gz")
    with open(path, "wb") as file:
        file.write(data)
    head = snapshot.head_line(run.stdout)
    for program in filter(None, (snapshot.PROCSNAP, os.environ.get("PROCSNAP_ASAN"))):
        done = subprocess.run([program, "verify", "--rederive", "--key", head["pk"], path], capture_output=True, check=False,
                              timeout=300)
        equal("verify --rederive", 0, done.returncode)
    gaps = subprocess.run([snapshot.PROCSNAP, "show", path, "gaps"], capture_output=True, check=False, timeout=300)
    holds("show gaps says so", b"Credentials of procsnap, hashed and not kept" in gaps.stdout, gaps.stdout[-2000:])


def check_role(folder):
    """Keys that the endpoint of the task gave, and the courier alone has: in a watch while further snapshots are taken,
    with the memory of everybody in them."""
    double = s3_double.Double()
    role = aws_doubles.Credentials(double.keys)
    task = aws_doubles.TaskEndpoint(role)
    environment = {**PATH, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": aws_doubles.RELATIVE_URI}
    run = delivery.Push(folder, delivery.DEST, "--endpoint-url", double.url, "--memory", "all", "--plaintext", "--redact", "none",
                        command="collect", deadline="20s", env=environment, prefix=ALONE).end()
    equal("keys of the role, collect: delivered", delivery.DELIVERED, run.status)
    spool, outage = os.path.join(folder, "spool"), faults.always(lambda: faults.Refusal(503, "ServiceUnavailable"))
    double.faults = outage
    watch = Watch(delivery.DEST, "1s", "--endpoint-url", double.url, "--spool", spool, "--delivery-deadline", "3s", "--memory", "all",
                  "--redact", "none", env=environment, prefix=ALONE)
    holds("keys of the role, watch: it cannot deliver, and waits", watch.wait_for("delivery_failed"))
    kept = {}
    for name in os.listdir(spool):
        try:
            kept[name] = delivery.read(os.path.join(spool, name))
        except FileNotFoundError:
            continue  # a part that has its name by now
    holds("keys of the role, watch: bundles wait in the spool", any(name.endswith(".tar.gz") for name in kept), sorted(kept))
    double.faults = lambda number, request: None
    holds("keys of the role, watch: delivered when it can", watch.wait_for("delivered", seconds=60))
    os.kill(children_of(watch.pid)[0], signal.SIGTERM)
    equal("keys of the role, watch: ends", SEALED, watch.stop(None))
    holds("keys of the role: they were asked for", task.asked() >= 2, task.asked())
    told = str(watch.events) + watch.stderr + run.stdout + run.stderr + str(run.receipts())
    equal("keys of the role: in no output, event or receipt", [], found_in(told.encode(), role.secrets()))
    for name in double.key_names():
        kept[name] = double.object(name).data
    holds("keys of the role: there are bundles to look into", sum(name.endswith(".tar.gz") for name in kept) >= 3, sorted(kept))
    for name, data in kept.items():
        bytes_of = snapshot.Bundle(data).tar if name.endswith(".tar.gz") else data
        equal(f"keys of the role: not in {name}", [], found_in(bytes_of, role.secrets()))


def main():
    odd.inside_namespaces()
    aws_doubles.give_addresses()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/tmp"], check=True)
    time.sleep(2.2)  # what is touched now is later than the start of the container, less the slack
    with odd.folder() as folder:
        shell = Shell(folder)
        double = s3_double.Double(keys={KEYS["AWS_ACCESS_KEY_ID"]: s3_double.Key(*USED)})
        unmasked = check_unmasked(shell, folder)
        check_masked(shell, folder, double, unmasked)
        shell.end()
        check_role(folder)
    finish()


main()
