# SPDX-License-Identifier: Apache-2.0
"""Runs of procsnap that deliver to an S3 double, and what must be true of each of them, whatever goes wrong:
what is reported delivered is there, whole; nothing is overwritten; what is not delivered is kept."""
import hashlib
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import s3_double  # noqa: E402
import snapshot  # noqa: E402
from checks import Stopwatch, equal, holds  # noqa: E402

DELIVERED, USAGE, NOTHING, NOT_DELIVERED, EARLY = 0, 2, 3, 4, 5
ENV_KEYS = {"AWS_ACCESS_KEY_ID": s3_double.KEY_ID, "AWS_SECRET_ACCESS_KEY": s3_double.SECRET,
            "AWS_REGION": s3_double.REGION}
PREFIX = "case1/"
DEST = f"s3://evidence/{PREFIX}"
SLACK_S = 6  # beyond a deadline


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Bundle:
    """A sealed bundle in a folder: its path, and the bytes of it and of its signature."""

    def __init__(self, folder, *options):
        before = set(os.listdir(folder))
        done = subprocess.run([snapshot.PROCSNAP, "collect", folder + "/", "--quiet",
                               *(() if "--profile" in options else ("--profile", "card")), *options],
                              stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=300)
        self.head_line = done.stdout.decode().rstrip("\n")
        self.head = snapshot.head_line(done.stdout.decode())
        made = sorted(set(os.listdir(folder)) - before)
        self.name = next(name for name in made if not name.endswith(".minisig"))
        self.path = os.path.join(folder, self.name)
        self.files = {self.name: read(self.path), self.name + ".minisig": read(self.path + ".minisig")}

    def is_kept(self):
        """That the files are where they were."""
        folder = os.path.dirname(self.path)
        return all(os.path.exists(os.path.join(folder, name)) and read(os.path.join(folder, name)) == data
                   for name, data in self.files.items())


class Push:
    """One run of push (or of another command), from its start to what it left. `took`: seconds, without those that the
    machine let everybody wait; `lasted`: all of them."""

    def __init__(self, folder, *arguments, env=None, deadline="5s", command="push", prefix=()):
        self.receipt = os.path.join(folder, f"receipt-{time.monotonic_ns()}.json")
        self.seconds = float(deadline.rstrip("s"))
        self.environment = {"PATH": os.environ["PATH"], **(ENV_KEYS if env is None else env)}
        self.stopwatch = Stopwatch()
        self.popen = subprocess.Popen(
            [*prefix, snapshot.PROCSNAP, command, *map(str, arguments), "--delivery-deadline", deadline, "--receipt",
             self.receipt],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, cwd=folder,
            start_new_session=True)

    def end(self):
        try:
            out, err = self.popen.communicate(timeout=self.seconds + 60)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            out, err = self.popen.communicate()
            err += b"(killed by the test: it did not end)"
        self.took, self.lasted = self.stopwatch.calm(), self.stopwatch.took()
        self.status = self.popen.returncode
        self.stdout, self.stderr = out.decode(errors="replace"), err.decode(errors="replace")
        return self

    def receipts(self):
        """The receipts that the run wrote: strict JSON, one object after the other."""
        if not os.path.exists(self.receipt):
            return []
        text, found, decoder = read(self.receipt).decode("utf-8"), [], json.JSONDecoder(parse_constant=None)
        while text := text.strip():
            value, end = decoder.raw_decode(text)
            found.append(value)
            text = text[end:]
        return found


def push(folder, bundle, double, *options, **how):
    """A run of push to the double, over."""
    return Push(folder, bundle.path, DEST, "--endpoint-url", double.url, *options, **how).end()


def printable(text):
    return not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text.replace("\r\n", "\n"))


def stored(double, bundle, prefix=PREFIX):
    """Whether the bundle and its signature are in the bucket, once each and whole: names that are."""
    versions = double.bucket().objects
    return {name for name, data in bundle.files.items()
            if [made.data for made in versions.get(prefix + name, [])] == [data]}


def check_receipt(what, receipt, bundle, destination=None):
    data = bundle.files[bundle.name]
    expected = {"v": 1, "kind": "procsnap-receipt", "bundle": bundle.head["bundle"], "seq": int(bundle.head["seq"]),
                "root": bundle.head["root"], "pk": bundle.head["pk"], "head_line": bundle.head_line,
                "file": bundle.name,
                "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                "destination": destination or DEST + bundle.name}
    equal(f"{what}: the receipt", expected, {name: receipt.get(name) for name in expected})
    holds(f"{what}: the receipt tells the moment and the tries", isinstance(receipt.get("tries"), int)
          and receipt["tries"] >= 1
          and re.match(r"\d{4}-\d\d-\d\dT", str(receipt.get("delivered"))), receipt)


def judge(what, run, bundle, double, expected=(DELIVERED, NOT_DELIVERED), prefix=PREFIX):
    """What must be true of every run of push. Returns its exit status."""
    holds(f"{what}: exit status {' or '.join(map(str, expected))}", run.status in expected,
          (run.status, run.stderr[-800:]))
    holds(f"{what}: over in time", run.took < run.seconds + SLACK_S, run.took)
    holds(f"{what}: what it prints is fit for a terminal", printable(run.stdout + run.stderr), run.stdout + run.stderr)
    equal(f"{what}: nothing is overwritten", [], double.overwritten)
    strange = set(double.key_names()) - {prefix + name for name in bundle.files}
    equal(f"{what}: nothing else is in the bucket", set(), strange)
    there = stored(double, bundle, prefix)
    receipts = run.receipts()
    if run.status == DELIVERED:
        equal(f"{what}: both files are in the bucket, whole", set(bundle.files), there)
        equal(f"{what}: one receipt", 1, len(receipts))
    else:
        unsure = [(receipt.get("certain"), receipt.get("answer", {}).get("status")) for receipt in receipts]
        holds(f"{what}: no receipt of what was not delivered, but one that is said to be uncertain",
              set(unsure) <= {(False, 412)}, unsure)
        holds(f"{what}: stderr says where it is kept", bundle.path in run.stderr or bundle.name in run.stderr,
              run.stderr[-800:])
    for receipt in receipts:
        check_receipt(what, receipt, bundle)
    holds(f"{what}: the file stays where it was", bundle.is_kept())
    return run.status
