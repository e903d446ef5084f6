#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The task metadata endpoint at its real address, in a network namespace of our own: right, slow, huge, lying, absent."""
import json
import os
import time

import odd
import snapshot
from checks import Stopwatch, equal, finish, holds
from endpoint import TASK_ADDRESS as ADDRESS, Endpoint, drip, give_address, head, in_chunks, pour, whole

VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"
OWN, OTHER = "0123456789abcdef0123456789abcdef-0527074092", "0123456789abcdef0123456789abcdef-1111111111"
CONTAINER = {"DockerId": OWN, "Name": "app", "Image": "registry/app:1", "ImageID": "sha256:aa", "StartedAt": "2026-01-01"}
TASK = {
    "Cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "Family": "shop", "Revision": "17",
    "TaskARN": "arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef0123456789abcdef",
    "LaunchType": "FARGATE", "Limits": {"CPU": 0.5, "Memory": 1024},
    "ClockDrift": {"ClockErrorBound": 0.5458, "ClockSynchronizationStatus": "SYNCHRONIZED"},
    "Containers": [CONTAINER, {"DockerId": OTHER, "Name": "side\x1b[31mcar", "Image": "registry/side"}]}
SECONDS = 4  # for a whole run, however badly it is answered: 2 s for the answers


def by_path(task, container):
    return lambda c, request: c.sendall(task if request.split()[1].endswith(b"/task") else container)


class Runs:
    def __init__(self, folder, endpoint):
        self.folder, self.endpoint = folder, endpoint

    def __call__(self, answer, uri=f"http://{ADDRESS}/v4/abc", *options):
        """The bundle of a run that is answered so, and the two captures."""
        self.endpoint.asked, self.endpoint.answer = [], answer
        os.environ.pop(VARIABLE, None)
        if uri is not None:
            os.environ[VARIABLE] = uri
        stopwatch = Stopwatch()
        bundle = snapshot.collect(self.folder, *options)
        took, waited = stopwatch.calm(), stopwatch.waited()
        holds("the run is over in time", took < SECONDS + 2, took)
        line, = [line for line in bundle.lines if line.reader == "prober"]
        holds("the prober took two seconds at most", line.took / 1e6 - waited < 2.3, (line.took, waited))
        return bundle, {c.name.removeprefix("facts/ecs/"): c for c in line.captures if "/ecs/" in c.name}


def outcomes(captures):
    return [(captures[name].outcome, captures[name].errno) for name in ("container", "task")]


def check_right(runs, task, what):
    container = whole(json.dumps(CONTAINER).encode())
    bundle, captures = runs(by_path(task, container))
    equal(f"{what}: both answers are complete", [("complete", None)] * 2, outcomes(captures))
    equal(f"{what}: they are kept as they came", [container, task], [captures["container"].bytes, captures["task"].bytes])
    equal(f"{what}: asked once each", [b"/v4/abc", b"/v4/abc/task"], [r.split()[1] for r in runs.endpoint.asked])
    record, = bundle.records("task")
    equal(f"{what}: the task", ("aws", "eu-west-1", "111122223333", "prod", "shop", "17", 500, 545),
          (record["cloud"]["provider"], record["cloud"]["region"], record["cloud"]["account"]["id"],
           record["orchestrator"]["cluster"]["name"], record["proc"]["ecs"]["family"], record["proc"]["ecs"]["revision"],
           record["proc"]["ecs"]["cpu_millis"], record["proc"]["ecs"]["clock"]["error_bound_us"]))
    containers = bundle.records("container")
    equal(f"{what}: its containers, ours told as that", [(OWN, "app", True), (OTHER, "side\x1b[31mcar", None)],
          [(r["container"]["id"], r["container"]["name"], r["proc"]["ecs"].get("own")) for r in containers])
    platform, = [r["proc"]["platform"] for r in bundle.records("system") if "platform" in r["proc"]]
    equal(f"{what}: the platform", ("ecs-fargate", False), (platform["name"], platform["host_pid_namespace"]))
    one = bundle.process(1)
    equal(f"{what}: who shares our mounts is in our container", (OWN, "app", "registry/app:1", "mnt"),
          (one["container"]["id"], one["container"]["name"], one["container"]["image"]["name"],
           one["proc"]["container_by"]))
    return bundle


def check_wrong(runs):
    text = json.dumps(TASK).encode()
    fine = whole(json.dumps(CONTAINER).encode())
    for what, answer, wanted in (
            ("another length than it says", head("200 OK", "Content-Length: 99999") + text, ("partial", "EPROTO")),
            ("chunks that end early", in_chunks(text)[:-40], ("partial", "EPROTO")),
            ("no HTTP", b"SSH-2.0-OpenSSH\r\n", ("failed", "EPROTO")),
            ("nothing at all", b"", ("failed", "EPROTO")),
            ("refused", whole(b"no", "403 Forbidden"), ("denied", "EACCES")),
            ("not found", whole(b"no", "404 Not Found"), ("absent", "ENOENT")),
            ("elsewhere", head("302 Found", "Location: http://127.0.0.1:81/", "Content-Length: 0"), ("failed", "EPROTO")),
            ("too busy", head("429 Too Many Requests", "Content-Length: 0"), ("failed", "EPROTO"))):
        bundle, captures = runs(by_path(answer, fine))
        equal(f"{what}: said so", [("complete", None), wanted], outcomes(captures))
        equal(f"{what}: what came is kept", answer, captures["task"].bytes)
        whole_text = text in answer  # then it is told, though the length was a lie
        equal(f"{what}: a task record of whole JSON alone", int(whole_text), len(bundle.records("task")))
    tries = [r for r in runs.endpoint.asked if b"/task" in r]
    equal("too busy: three tries", 3, len(tries))
    bundle, captures = runs(by_path(whole(b"{broken"), fine))
    gaps = [r["proc"]["gap"] for r in bundle.records("gap") if r["proc"].get("source") == ["data/facts/ecs/task"]]
    equal("no JSON: captured whole, and a gap", ("complete", ["malformed"]),
          (captures["task"].outcome, [gap["outcome"] for gap in gaps]))


def check_lies(runs):
    """JSON that is none of what ECS writes: what can be believed is told, and nobody gets a container from the rest."""
    other = {**CONTAINER, "DockerId": OTHER, "Name": "other"}
    for what, task, container, tasks, known in (
            ("wrong types", {"TaskARN": 5, "Cluster": [1], "Family": {}, "Limits": "many", "Containers": {"a": 1}},
             {"DockerId": ["a"], "Name": 7}, 1, None),
            ("containers that are none", {"Containers": [5, None, [], "x", {"DockerId": 7}, {"Limits": {"CPU": 1e308}}]},
             CONTAINER, 1, OWN),
            ("the same container often", {"Containers": [other] * 1000}, CONTAINER, 1, OWN),
            ("another container than the task has", TASK, {**CONTAINER, "DockerId": "no id"}, 1, None),
            ("no objects", [1, 2], 5, 0, None)):
        answers = by_path(whole(json.dumps(task).encode()), whole(json.dumps(container).encode()))
        bundle, captures = runs(answers)
        equal(f"lies, {what}: captured whole", [("complete", None)] * 2, outcomes(captures))
        equal(f"lies, {what}: task records", tasks, len(bundle.records("task")))
        equal(f"lies, {what}: the container of who shares our mounts", known, bundle.process(1).get("container", {}).get("id"))


def check_hostile(runs):
    _, captures = runs(drip)
    equal("a byte now and then: timed out, and what came is kept", (["timed_out"] * 2, True),
          ([captures[name].outcome for name in ("container", "task")], captures["task"].length > 40))
    _, captures = runs(lambda c, _: time.sleep(10))
    equal("no byte: timed out", ["timed_out"] * 2, [captures[name].outcome for name in ("container", "task")])
    _, captures = runs(pour)
    equal("without end: a mebibyte of it", [("truncated", 1 << 20)] * 2,
          [(captures[name].outcome, captures[name].length) for name in ("container", "task")])


def kill_prober(connection, _):
    """Of the processes of the collector it is the one that was made first."""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                name, rest = file.read().split(") ", 1)
        except OSError:
            continue
        if name.endswith("(procsnap"):
            parents[int(pid)] = int(rest.split()[1])
    os.kill(min(pid for pid, parent in parents.items() if parent in parents), 9)


def check_killed(runs):
    bundle, captures = runs(kill_prober)
    equal("killed while it asks: the rest is skipped, and the run goes on", (["skipped"] * 2, True),
          ([captures[name].outcome for name in ("container", "task")], len(bundle.records("process")) > 2))


def check_nobody(runs):
    _, captures = runs(None, None)
    equal("no variable: absent, and nobody was asked", ([("absent", None)] * 2, []), (outcomes(captures), runs.endpoint.asked))
    for uri in ("http://localhost/v4", "http://192.0.2.1/v4", "https://169.254.170.2/v4", "http://169.254.170.2",
                "http://169.254.170.2/a b", "http://user@169.254.170.2/", "http://0169.254.170.2/"):
        _, captures = runs(None, uri)
        equal(f"{uri}: not asked", ([("failed", "EINVAL")] * 2, []), (outcomes(captures), runs.endpoint.asked))
    _, captures = runs(None, f"http://{ADDRESS}:81/v4")
    equal("nobody listens: refused", [("failed", "ECONNREFUSED")] * 2, outcomes(captures))


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    give_address("lo", "127.0.0.1")
    give_address("lo:1", ADDRESS)
    runs = Runs(folder.name, Endpoint())
    text = json.dumps(TASK).encode()
    bundle = check_right(runs, whole(text), "with its length")
    traces = [r for r in bundle.records("socket") if r.get("destination", {}).get("ip") == ADDRESS]
    equal("our own connection is not in the evidence", [], traces)
    check_right(runs, in_chunks(text), "in chunks")
    check_wrong(runs)
    check_lies(runs)
    check_hostile(runs)
    check_killed(runs)
    check_nobody(runs)
    finish()


main()
