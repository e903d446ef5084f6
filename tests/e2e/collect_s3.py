#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""collect s3://evidence/case1/ --encrypt-to age1... where nothing is but what AWS has: the role's credentials, a name
server, S3 behind TLS. The object is there, and stock tools and verify say that it is right. Without a file to write,
too."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import aws_doubles  # noqa: E402
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import Stopwatch, about, equal, finish, holds  # noqa: E402
from delivery import DELIVERED, NOT_DELIVERED, PREFIX, Push  # noqa: E402


def run(folder, cloud, *options, dest=delivery.DEST, deadline="10s", prefix=()):
    return Push(folder, dest, "--ca-file", cloud.authority.ca, "--quiet", *options, command="collect",
                deadline=deadline,
                env=cloud.environment(), prefix=prefix).end()


def fetched(folder, double):
    """The one bundle in the bucket and its signature, as files of that name."""
    names = double.key_names()
    equal("two objects: the bundle and its signature", 2, len(names))
    if len(names) != 2:
        return None
    holds("the signature has the name of the bundle", names[1] == names[0] + ".minisig" and names[0].startswith(PREFIX),
          names)
    for name in names:
        with open(os.path.join(folder, os.path.basename(name)), "wb") as file:
            file.write(double.object(name).data)
    return os.path.join(folder, os.path.basename(names[0]))


def tool(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=300)
    return done.returncode, done.stdout, (done.stdout + done.stderr).decode(errors="replace")


def check_encrypted(folder, cloud):
    """The line of the responder, word for word."""
    tool("age-keygen", "-o", f"{folder}/identity")
    recipient = re.search(r"age1\w+", delivery.read(f"{folder}/identity").decode())[0]
    done = run(folder, cloud, "--encrypt-to", recipient)
    equal("collect s3://: delivered", DELIVERED, done.status)
    if done.status != DELIVERED:
        holds("collect s3://: why not", False, done.stderr)
        return
    head = snapshot.head_line(done.stdout)
    path = fetched(folder, cloud.s3)
    for entry in cloud.s3.log:
        holds("its checksum went with it, and the double verified it", entry.header("x-amz-checksum-sha256")
              and entry.status == 200,
              str(entry))
        equal("nothing is overwritten, if there were something", "*", entry.header("if-none-match"))
    equal("minisign -VHm on the object", 0, tool("minisign", "-VHm", path, "-P", head["pk"])[0])
    holds("it is encrypted", delivery.read(path).startswith(b"age-encryption.org/v1\n"))
    status, plain, text = tool("age", "-d", "-i", f"{folder}/identity", path)
    equal("age -d", 0, status)
    equal("it is the bundle of the head line", head["bundle"], snapshot.Bundle(plain).id if status == 0 else text)
    status, _, text = tool(snapshot.PROCSNAP, "verify", "--rederive", "--identity", f"{folder}/identity", "--key",
                           head["pk"],
                           "--expect-root", head["root"], path)
    equal("verify --identity", (0, "OK"), (status, text[:2]))
    receipt, = done.receipts()
    equal("the receipt", (head["root"], os.path.basename(path), f"s3://evidence/{PREFIX}{os.path.basename(path)}"),
          (receipt["root"], receipt["file"], receipt["destination"]))
    with open(f"{folder}/receipt", "w", encoding="utf-8") as file:
        json.dump(receipt, file)
    equal("verify --receipt", 0,
          tool(snapshot.PROCSNAP, "verify", "--identity", f"{folder}/identity", "--key", head["pk"],
                                      "--receipt", f"{folder}/receipt", path)[0])
    equal("credentials of the role were asked for at their real address", True, cloud.task.asked() >= 1)
    equal("the role that signed", {cloud.credentials.key_id}, {entry.key_id for entry in cloud.s3.log})


def check_json(folder, cloud):
    """--json has what the head line has, and of the delivery what the receipt has."""
    cloud.s3.bucket().objects.clear()
    done = run(folder, cloud, "--json", "--plaintext", "--profile", "card")
    equal("--json: delivered", DELIVERED, done.status)
    try:
        bundle = json.loads(done.stdout)["bundle"]
    except (ValueError, KeyError):
        bundle = "?"
    holds("--json: one object that names the bundle", cloud.s3.key_names() and bundle in cloud.s3.key_names()[0],
          done.stdout)


# All mounts of a mount namespace become read-only, but for the folder where the test wants its receipt.
READ_ONLY = """mount --bind "$0" "$0"
while read -r _ at _; do [ "$at" = "$0" ] || mount -o remount,bind,ro "$at"; done </proc/self/mounts 2>/dev/null
for at in / /tmp /var/tmp /dev/shm /run; do [ ! -w "$at" ] || exit 77; done
exec "$@"
"""


def check_no_folder(folder, cloud):
    """A read-only root file system, and no tmpfs: the bundle never touches a file."""
    cloud.s3.bucket().objects.clear()
    done = run(folder, cloud, "--profile", "card", prefix=["unshare", "--mount", "sh", "-c", READ_ONLY, folder])
    if done.status == 77:
        about("this machine has no read-only mounts: not checked")
        return
    equal("nowhere to write: delivered all the same", (DELIVERED, 2), (done.status, len(cloud.s3.key_names())))
    holds("nowhere to write: no complaint", not done.stderr, done.stderr)


def check_spooled(folder, cloud):
    """S3 refuses: sealed, kept, and told where; push brings it later."""
    spool = os.path.join(folder, "spool")
    os.mkdir(spool)
    cloud.s3.bucket().objects.clear()
    cloud.s3.faults = faults.always(lambda: faults.Refusal(403, "AccessDenied", "Access Denied"))
    done = run(folder, cloud, "--profile", "card", "--spool", spool)
    equal("refused: sealed, not delivered", NOT_DELIVERED, done.status)
    cloud.s3.faults = lambda number, request: None
    kept = [name for name in sorted(os.listdir(spool)) if name.endswith((".tar.gz", ".age", ".tgz"))]
    equal("refused: one bundle is kept", 1, len(kept))
    equal("refused: no receipt", [], done.receipts())
    if len(kept) != 1:
        return
    path = os.path.join(spool, kept[0])
    holds("refused: stderr says where, and why", path in done.stderr and "AccessDenied" in done.stderr, done.stderr)
    equal("refused: only we may read it", 0o600, os.stat(path).st_mode & 0o777)
    head = snapshot.head_line(done.stdout)
    equal("refused: what is kept verifies", 0,
          tool(snapshot.PROCSNAP, "verify", "--rederive", "--key", head["pk"], path)[0])
    pushed = Push(folder, path, delivery.DEST, "--ca-file", cloud.authority.ca, env=cloud.environment()).end()
    equal("push brings it later", (DELIVERED, delivery.read(path)),
          (pushed.status, getattr(cloud.s3.object(PREFIX + kept[0]), "data", None)))


def check_destination(folder, cloud):
    """Before an incident: would it work?"""
    cloud.s3.bucket().objects.clear()
    cloud.s3.log.clear()
    stopwatch = Stopwatch()
    done = run(folder, cloud, "--check-destination")
    equal("--check-destination: would work", DELIVERED, done.status)
    holds("--check-destination: nothing was collected", "EVIDENCE" not in done.stdout and stopwatch.calm() < 5,
          done.stdout)
    left = [(name, cloud.s3.object(name).size) for name in cloud.s3.key_names()]
    holds("--check-destination: leaves one small object at most, whose name says what it is",
          len(left) <= 1 and all("check" in name and size < 1024 for name, size in left), left)
    for what, word, dest in (("no such bucket", "NoSuchBucket", "s3://nowhere/x/"),):
        done = run(folder, cloud, "--check-destination", dest=dest)
        holds(f"--check-destination: {what}", done.status != 0 and word in done.stdout + done.stderr,
              (done.status, done.stderr))
    cloud.keys[cloud.credentials.key_id].allow = set()
    done = run(folder, cloud, "--check-destination")
    cloud.keys[cloud.credentials.key_id].allow = {"PutObject"}
    holds("--check-destination: the role may not put", done.status != 0 and "AccessDenied" in done.stdout + done.stderr,
          done.stderr)


def main():
    odd.inside_namespaces()
    with odd.folder() as folder:
        cloud = aws_doubles.Cloud(folder, [s3_double.Bucket("evidence")])
        for check in (check_encrypted, check_json, check_no_folder, check_spooled, check_destination):
            check(folder, cloud)
        equal("nothing was ever overwritten", [], cloud.s3.overwritten)
    finish()


main()
