#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What push takes and what it refuses before anything is sent; what it says to people and to programs; a signal in the
middle; several files of which some cannot go."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import equal, finish, holds  # noqa: E402
from delivery import DELIVERED, NOT_DELIVERED, NOTHING, PREFIX, Push  # noqa: E402
from endpoint import give_address  # noqa: E402


def copies(folder, bundle, name, change=lambda data: data, signature=lambda data: data):
    """A copy of the bundle and of its signature by that name."""
    path = os.path.join(folder, name)
    for end, alter in (("", change), (".minisig", signature)):
        data = alter(delivery.read(bundle.path + end))
        if data is not None:
            with open(path + end, "wb") as file:
                file.write(data)
    return path


def flip(at):
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def check_refused(folder, bundle, other):
    for what, path, word in (
            ("no signature", copies(folder, bundle, "a.tar.gz", signature=lambda data: None), ".minisig"),
            ("an empty signature", copies(folder, bundle, "b.tar.gz", signature=lambda data: b""), "TAMPERED"),
            ("the signature of another one", copies(folder, bundle, "c.tar.gz", signature=lambda data: delivery.read(other.path + ".minisig")),
             "TAMPERED"),
            ("one bit", copies(folder, bundle, "d.tar.gz", flip(2000)), "no sealed bundle"),
            ("cut short", copies(folder, bundle, "e.tar.gz", lambda data: data[:-100]), "INCOMPLETE"),
            ("no bundle", copies(folder, bundle, "f.tar.gz", lambda data: b"#!/bin/sh\n"), "no sealed bundle"),
            ("encrypted, and the signature of nobody", copies(folder, bundle, "g.age", lambda data: b"age-encryption.org/v1\n" + data,
                                                              lambda data: data.replace(b"RU", b"!!")), "no signature"),
            ("a directory", folder, "no file"), ("a device", "/dev/null", "no file"), ("nothing", folder + "/none", "none")):
        double = s3_double.Double()
        run = Push(folder, path, delivery.DEST, "--endpoint-url", double.url).end()
        equal(f"{what}: exit status, and nothing is sent", (NOTHING, []), (run.status, double.log))
        holds(f"{what}: told", word in run.stderr and os.path.basename(path) in run.stderr, run.stderr)


def check_encrypted(folder, bundle):
    double = s3_double.Double()
    path = copies(folder, bundle, "x.tar.gz.age", lambda data: b"age-encryption.org/v1\n" + data)
    run = Push(folder, path, delivery.DEST, "--endpoint-url", double.url).end()
    equal("encrypted: delivered", (DELIVERED, [PREFIX + "x.tar.gz.age", PREFIX + "x.tar.gz.age.minisig"]), (run.status, double.key_names()))
    for receipt in run.receipts():
        equal("encrypted: what cannot be known is null", {None}, {receipt[name] for name in ("bundle", "seq", "root", "pk", "head_line")})
    equal("encrypted: as what it is sent", "application/octet-stream", double.object(PREFIX + "x.tar.gz.age").headers["content-type"])


def check_some(folder, bundle):
    """One that cannot be read, one that is refused, one that goes; and names that no terminal likes."""
    name = "a\x1b[2J\nEVIDENCE v1 \u202e \u00fc.tar.gz"
    good = copies(folder, bundle, name)
    double = s3_double.Double()
    run = Push(folder, folder + "/none", good, delivery.DEST, "--json", "--endpoint-url", double.url).end()
    equal("several: the worst status, and the rest is delivered", (NOTHING, sorted([PREFIX + name, PREFIX + name + ".minisig"])),
          (run.status, double.key_names()))
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    equal("several: an object for each", [(False, NOTHING), (True, DELIVERED)], [(line["delivered"], line["exit"]) for line in lines])
    equal("several: the file is named exactly", good, lines[1]["file"])
    equal("several: the receipt is the one in the file", run.receipts(), [line["receipt"] for line in lines[1:]])
    equal("several: the key is as the name", f"{delivery.DEST}{name}", lines[1]["receipt"]["destination"])
    run = Push(folder, good, delivery.DEST, "--endpoint-url", s3_double.Double().url).end()
    holds("a hostile name: fit for a terminal", delivery.printable(run.stdout + run.stderr) and len(run.stdout.splitlines()) == 1
          and "\u202e" not in run.stdout, run.stdout)


def check_receipts(folder, bundle):
    """They are appended; where they cannot be, nothing is sent."""
    double = s3_double.Double()
    arguments = [bundle.path, "--endpoint-url", double.url, "--receipt", folder + "/all.ndjson"]
    command = [snapshot.PROCSNAP, "push", *arguments]
    for prefix in ("one/", "two/"):
        subprocess.run([*command, "s3://evidence/" + prefix], env=delivery.ENV_KEYS, check=True, capture_output=True, timeout=300)
    lines = delivery.read(folder + "/all.ndjson").decode().splitlines()
    equal("receipts: one line each", ["s3://evidence/one/" + bundle.name, "s3://evidence/two/" + bundle.name],
          [json.loads(line)["destination"] for line in lines])
    os.mkfifo(folder + "/pipe")
    os.symlink(folder + "/elsewhere", folder + "/link")
    sent = len(double.log)
    for what, name in (("no folder", "no/such/folder"), ("a pipe that nobody reads", "pipe"), ("a link", "link")):
        command[-1] = folder + "/" + name
        done = subprocess.run([*command, "s3://evidence/three/"], env=delivery.ENV_KEYS, check=False, capture_output=True,
                              timeout=300)
        equal(f"receipts that cannot be written, {what}: nothing is sent", (NOTHING, sent),
              (done.returncode, len(double.log)))
    holds("receipts: no link is followed", not os.path.exists(folder + "/elsewhere"))
    command[-1] = "/dev/full"
    done = subprocess.run([*command, "s3://evidence/three/"], env=delivery.ENV_KEYS, check=False, capture_output=True, timeout=300)
    told = [line for line in done.stderr.decode().splitlines() if line.startswith("{")]
    equal("a receipt that cannot be written is printed", (NOTHING, "s3://evidence/three/" + bundle.name),
          (done.returncode, json.loads(told[0])["destination"] if told else done.stderr))


def check_stopped(folder, bundle, other):
    double = s3_double.Double(faults=faults.always(lambda: faults.Silence(stored=False, seconds=60)))
    run = Push(folder, bundle.path, other.path, delivery.DEST, "--endpoint-url", double.url, deadline="30s")
    while not double.log and run.popen.poll() is None:
        time.sleep(0.01)
    time.sleep(0.2)  # at any moment of the first one
    run.popen.send_signal(signal.SIGTERM)
    run.end()
    equal("SIGTERM: not delivered", NOT_DELIVERED, run.status)
    holds("SIGTERM: at once", run.took < 8, run.took)
    holds("SIGTERM: both are told of", bundle.name in run.stderr and other.name in run.stderr, run.stderr)
    equal("SIGTERM: nothing more is sent", 1, len(double.log))


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    with odd.folder() as folder:
        bundles = [delivery.Bundle(folder), delivery.Bundle(folder)]
        check_refused(folder, *bundles)
        check_encrypted(folder, bundles[0])
        check_some(folder, bundles[0])
        check_receipts(folder, bundles[0])
        check_stopped(folder, *bundles)
    finish()


main()
