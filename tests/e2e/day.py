#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A day of the sidecar, in a minute: the task of samples/ecs/ with its app, rehearsed; schedule, SIGUSR1 and trigger,
an outage of S3, credentials that expire, the stop of the task. In the end everything is in the bucket, the chain is
closed, and neither the log nor a bundle tells what they must not. The app answers all the time.

TASK_DEFINITION is the file in samples/ecs/ (task-definition.json where it is not set).
"""
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import aws_doubles  # noqa: E402
import odd  # noqa: E402
import rehearsal  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import Stopwatch, about, equal, finish, holds  # noqa: E402
from sidecar import BUCKET, PREFIX, Sidecar, Visitor, bucket, definition  # noqa: E402
from watching import NOT_DELIVERED, SEALED, ask, wait_until  # noqa: E402

DEFINITION = os.environ.get("TASK_DEFINITION", "task-definition.json")
OK = 0
FASTER = {"--every": "4s", "--jitter": "1s", "--delivery-deadline": "5s", "--ca-file": "/ca.pem"}
# What names the app's processes, or is theirs: not for a log.
OF_THE_APP = (b"nginx", b"/usr/", b"/bin/", b"error.log", b"worker process", b"master process", b"tail", b"/dev/null",
              rehearsal.APP_SECRET.encode())


def morning(task):
    """The first ones by the schedule."""
    holds("it says that it has started", task.log.wait_for("started"))
    for reason in ("start", "schedule", "schedule"):
        event = task.log.wait_for("snapshot", seconds=120, reason=reason)
        holds(f"{reason}: a snapshot that was not cut short", event and event["sealed_early"] is None, event)
        holds(f"{reason}: delivered", task.log.wait_for("delivered", seconds=120))
    equal("health, as ECS asks", (0, True), (lambda s, t: (s, "alive" in t))(*task.in_sidecar("health")))
    equal("health --delivery", 0, task.in_sidecar("health", "--delivery")[0])


def check_destination(task):
    """As the README beside the samples says, with what the sidecar asks of S3."""
    words = task.container["command"]
    status, text = task.in_sidecar("collect", words[1], "--check-destination", "--ca-file", "/ca.pem",
                                   *words[words.index("--sse-kms-key"):])
    about(text)
    equal("collect DEST --check-destination", 0, status)


def asked_for(task):
    """SIGUSR1 by root of the app's container; procsnap trigger by the app itself."""
    status, text = task.in_app("/bin/sh", "-c", f"echo $$; kill -USR1 {task.watch_pid()}")
    event = task.log.wait_for("snapshot", seconds=120, reason="trigger")
    equal("SIGUSR1 from the app's container: who sent it is told", f"signal of pid {text.strip()}, uid 0",
          event and event["asked_by"])
    status, text = task.in_app("/procsnap", "trigger", "--wait", uid=rehearsal.APP_UID, capabilities=())
    event = task.log.wait_for("snapshot", seconds=120, reason="trigger")
    holds("procsnap trigger --wait by the app's user: delivered", status == SEALED and "sealed and delivered" in text,
          (status, text))
    holds("procsnap trigger: who asked is told", event and re.fullmatch(
        rf"procsnap trigger, pid \d+, uid {rehearsal.APP_UID}", event["asked_by"]), event)
    status, text = task.in_app("/bin/sh", "-c", f"kill -USR1 {task.watch_pid()}", uid=rehearsal.APP_UID,
                               capabilities=())
    holds("a user without rights cannot send signals to it", status != 0, (status, text))


def tells_of_delivery(task):
    status, text = task.in_sidecar("health", "--delivery")
    return status == 1 and "could not be delivered" in text


def outage(task, what):
    """The watch lives, says that it delivers nothing, and keeps what it has."""
    failed = task.log.wait_for("delivery_failed", seconds=120)
    holds(f"{what}: told", failed and failed["words"], failed)
    about(f"{what}: {failed and failed['words']}")
    equal(f"{what}: health stays as it was", 0, task.in_sidecar("health")[0])
    equal(f"{what}: health --delivery tells", True, wait_until(lambda: tells_of_delivery(task), 120))
    event = task.log.wait_for("snapshot", seconds=120)
    holds(f"{what}: snapshots go on", event, task.log.events[-3:])


def all_delivered(task):
    sealed = {event["bundle"] for event in task.log.of("snapshot")}
    return sealed == {event["bundle"].split(".")[0] for event in task.log.of("delivered")}


def recovered(task, what):
    holds(f"{what} is over: all is delivered", wait_until(lambda: all_delivered(task), 120),
          [event for event in task.log.events[-6:]])
    equal(f"{what} is over: health --delivery", True, wait_until(
        lambda: task.in_sidecar("health", "--delivery")[0] == 0))


def noon(task, cloud):
    cloud.s3.faults = lambda number, request: faults.Refusal(503, "ServiceUnavailable")
    outage(task, "S3 answers 503")
    equal("S3 answers 503: trigger --wait says that it is not delivered", NOT_DELIVERED,
          task.in_sidecar("trigger", "--wait")[0])
    cloud.s3.faults = lambda number, request: None
    recovered(task, "503")
    cloud.s3.close()
    outage(task, "S3 refuses connections")
    cloud.s3.server.reopen()
    recovered(task, "the refusal")


def afternoon(task, cloud):
    """The agent hands out expired credentials for a while, then others, twice."""
    cloud.credentials.turn(seconds=-5)
    outage(task, "expired credentials")
    cloud.credentials.turn(seconds=600)
    recovered(task, "the expiry")
    cloud.credentials.turn()
    keys = lambda: {entry.key_id for entry in cloud.s3.log if entry.status == 200}  # noqa: E731
    holds("the rotated credentials are used", wait_until(lambda: cloud.credentials.key_id in keys()), keys())


def evening(task):
    """ECS stops the task: a last snapshot inside of the budget."""
    budget = float(task.container["command"][task.container["command"].index("--stop-budget") + 1].rstrip("s"))
    about(f"at most {task.peak_mib()} MiB of its {task.container['memory']} MiB were used, page cache included")
    stopwatch = Stopwatch()
    os.kill(task.pids["sidecar"], signal.SIGTERM)
    status, took = task.ended(budget + 60), stopwatch.calm()
    about(f"it ended {took:.1f} s after SIGTERM")
    holds("it ends inside of --stop-budget", took < budget, took)
    wait_until(lambda: task.log.of("stopped"))
    equal("the exit status, and what the log says of it", (SEALED, SEALED),
          (status, task.log.events[-1].get("status") if task.log.events else None))
    equal("the last snapshot says that it is the last", "final", task.log.of("snapshot")[-1]["reason"])
    equal("everything is delivered", True, all_delivered(task))


def check_bucket(folder, cloud, task, identity):
    """The download, as OPERATIONS.md says, and its verification."""
    os.mkdir(f"{folder}/series")
    for key in cloud.s3.key_names(BUCKET):
        versions = cloud.s3.bucket(BUCKET).objects[key]
        holds(f"{key}: there once, below the prefix, under the key of KMS", len(versions) == 1
              and key.startswith(PREFIX)
              and versions[0].headers.get("x-amz-server-side-encryption-bucket-key-enabled") == "true", versions)
        with open(f"{folder}/series/{key[len(PREFIX):]}", "wb") as file:
            file.write(versions[0].data)
    equal("nothing is overwritten", [], cloud.s3.overwritten)
    with open(f"{folder}/procsnap.log", "wb") as file:
        file.write(b"".join(task.log.lines))
    events = task.log.of("snapshot")
    first = snapshot.head_line(events[0]["head"] + "\n")
    status, text = ask("verify", f"{folder}/series", "--identity", identity, "--key", first["pk"], "--heads",
                       f"{folder}/procsnap.log")
    about(text)
    equal("verify DIR --key --identity --heads", (OK, True, True), (status, text.startswith("OK"), "unbroken" in text))
    holds("all that the log names is there, and no more", f"{len(events)} bundles, 1 chain, 0 alone" in text and
          f"the log names {len(events)}" in text, text)


def opened(folder, identity):
    """The bundles, decrypted, as a tar each."""
    for name in sorted(os.listdir(f"{folder}/series")):
        if name.endswith(".age"):
            done = subprocess.run(["age", "-d", "-i", identity, f"{folder}/series/{name}"], capture_output=True,
                                  check=True, timeout=300)
            yield name, snapshot.Bundle(done.stdout)


def check_secrets(folder, cloud, task, identity):
    log, secrets = b"".join(task.log.lines), [secret.encode() for secret in cloud.credentials.secrets()]
    equal("the log is JSON lines and nothing else", [], task.log.strange)
    equal("the log names nothing of the app", [], [word for word in OF_THE_APP if word in log])
    equal("the log holds no credential", [], [word for word in secrets if word in log])
    master, bundles = task.inner_pid(task.pids["app"]), list(opened(folder, identity))
    for name, bundle in bundles:
        equal(f"{name} holds no credential", [], [word for word in secrets if word in bundle.tar])
    name, bundle = bundles[0]
    equal(f"{name} shows the app", "/usr/sbin/nginx", bundle.process(master)["process"].get("executable"))


def day(folder, cloud, task, identity):
    visitor = Visitor()
    for part, more in ((morning, []), (check_destination, []), (asked_for, []), (noon, [cloud]), (afternoon, [cloud]),
                       (evening, [])):
        begun = time.monotonic()
        part(task, *more)
        about(f"{part.__name__}: {time.monotonic() - begun:.1f} s")
    visitor.end()
    equal("the app answered all the time", [], visitor.failures)
    about(f"{visitor.answers} answers of the app, the slowest after {visitor.slowest * 1000:.0f} ms")
    check_bucket(folder, cloud, task, identity)
    check_secrets(folder, cloud, task, identity)


def main():
    rehearsal.needs()
    odd.inside_namespaces()
    with odd.folder() as folder:
        subprocess.run([snapshot.PROCSNAP, "keygen", "--age", "-o", f"{folder}/ir"], check=True, capture_output=True)
        with open(f"{folder}/ir.recipient", encoding="ascii") as file:
            recipient = re.search(r"age1\w+", file.read())[0]
        cloud = aws_doubles.Cloud(folder, [bucket()])
        task = Sidecar(folder, cloud, definition(DEFINITION, recipient), FASTER,
                       [f"{name}={value}" for name, value in cloud.environment().items()])
        try:
            day(folder, cloud, task, f"{folder}/ir.identity")
        finally:
            task.end()
    finish()


main()
