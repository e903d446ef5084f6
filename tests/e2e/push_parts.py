#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""push in parts, above --multipart-above: the object is there in one moment or never, nothing is overwritten, and parts
of an upload that failed are given back."""
import hashlib
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import s3_http  # noqa: E402
from checks import equal, finish, holds  # noqa: E402
from delivery import DELIVERED, NOT_DELIVERED, PREFIX, Push  # noqa: E402
from endpoint import give_address  # noqa: E402

SIZE, PART = (12 << 20) + 5, 5 << 20
RIGHTS = ("PutObject", "AbortMultipartUpload")


# What says neither that the upload was completed nor that it was not: S3 sends the 200 before it knows.
UNCLEAR = (("nothing", b""), ("an error that is cut off", b'<?xml version="1.0"?>\n<Error><Code>Internal'),
           ("another document", b"<html><body>Welcome</body></html>"),
           ("blanks, and an error behind", b'<?xml version="1.0"?>' + b" " * 70000 + b"<Error><Code>InternalError</Code></Error>"))


class Large:
    """What push takes for an encrypted bundle, which it cannot look into: large, with a signature beside it."""

    def __init__(self, folder, bundle):
        self.path = os.path.join(folder, "large.tar.gz.age")
        self.name = os.path.basename(self.path)
        with open(self.path, "wb") as file:
            file.write(b"age-encryption.org/v1\n" + os.urandom(SIZE - 22))
        shutil.copy(bundle.path + ".minisig", self.path + ".minisig")
        self.files = {self.name: delivery.read(self.path), self.name + ".minisig": delivery.read(self.path + ".minisig")}


def run(what, folder, large, how, expected, deadline="20s", rights=RIGHTS, **options):
    double = s3_double.Double(faults=how, **options)
    double.keys[s3_double.KEY_ID].allow = set(rights)
    push = Push(folder, large.path, delivery.DEST, "--endpoint-url", double.url, "--multipart-above", "6MiB",
                "--expected-owner", s3_double.OWNER, "--tag", "case=1", deadline=deadline).end()
    equal(f"{what}: exit status", expected, push.status)
    equal(f"{what}: nothing is overwritten", [], double.overwritten)
    equal(f"{what}: receipts", 1 if expected == DELIVERED else 0, len(push.receipts()))
    if expected == DELIVERED:
        equal(f"{what}: both are there, whole", set(large.files), delivery.stored(double, large))
    return double, push


def nth(wanted, make, times=1):
    """A fault for the first `times` requests that `wanted` says yes to."""
    seen = []

    def fault(number, request):
        if wanted(request):
            seen.append(number)
            if len(seen) <= times:
                return make()
        return None
    return fault


def is_part(number):
    return lambda request: f"partNumber={number}&" in request.target


def is_complete(request):
    return request.method == "POST" and "uploadId=" in request.target


def no_fault(number, request):
    return None


def check_plain(folder, large):
    double, push = run("in parts", folder, large, no_fault, DELIVERED)
    asked = [(entry.method, "uploads" in entry.target, "partNumber" in entry.target) for entry in double.log]
    part = ("PUT", False, True)
    equal("in parts: the requests", [("POST", True, False), part, part, part, ("POST", False, False), ("PUT", False, False)], asked)
    equal("in parts: the condition stands in the last request", [None, None, None, None, "*", "*"],
          [entry.header("if-none-match") for entry in double.log])
    made = double.object(PREFIX + large.name)
    equal("in parts: the hash of all of it is in the metadata", hashlib.sha256(large.files[large.name]).hexdigest(),
          made.headers.get("x-amz-meta-bundle-sha256"))
    for receipt in push.receipts():
        equal("in parts: the receipt", (SIZE, hashlib.sha256(large.files[large.name]).hexdigest(), True, None, None),
              tuple(receipt[name] for name in ("size", "sha256", "certain", "bundle", "head_line")))


def check_faults(folder, large):
    run("a part is refused once", folder, large, nth(is_part(2), faults.slow_down), DELIVERED)
    run("a part is cut off", folder, large, nth(is_part(3), lambda: faults.Reset(1000)), DELIVERED)
    run("an error in the 200", folder, large, nth(is_complete, faults.ErrorIn200), DELIVERED)
    for what, body in UNCLEAR:
        answer = faults.Raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        run(f"a 200 with {what}, once", folder, large, nth(is_complete, lambda: answer), DELIVERED)
        double, push = run(f"a 200 with {what}, always", folder, large, nth(is_complete, lambda: answer, 99), NOT_DELIVERED)
        equal(f"a 200 with {what}: nothing is there", [], double.key_names())
    for what, make, how in (("a part is refused for ever", lambda: faults.Refusal(403, "AccessDenied"), is_part(2)),
                            ("the beginning is refused", lambda: faults.Refusal(403, "AccessDenied"), lambda r: "uploads=" in r.target),
                            ("errors in the 200", faults.ErrorIn200, is_complete)):
        double, _ = run(what, folder, large, nth(how, make, 99), NOT_DELIVERED)
        equal(f"{what}: no parts are left", {}, double.bucket().uploads)
        equal(f"{what}: nothing is there", [], double.key_names())
    double, push = run("they cannot be given back", folder, large, nth(is_part(2), lambda: faults.Refusal(403, "AccessDenied"), 99),
                       NOT_DELIVERED, rights=("PutObject",))
    holds("they cannot be given back: told", "lifecycle" in push.stderr, push.stderr)


def check_ambiguous(folder, large):
    double, push = run("completed, and the answer lost", folder, large, nth(is_complete, faults.ResetBeforeAnswer), NOT_DELIVERED)
    equal("completed, and the answer lost: it is there", set(large.files), delivery.stored(double, large))
    holds("completed, and the answer lost: told as probable", "most likely" in push.stderr, push.stderr)
    double = s3_double.Double()
    foreign = s3_http.Body()
    foreign.add(b"of somebody else")
    foreign.end()
    request = s3_http.Request(b"PUT / HTTP/1.1\r\nHost: x")
    bucket = s3_double.Bucket("evidence")
    bucket.objects[PREFIX + large.name] = [s3_double.Stored(request, foreign, "0" * 32, "")]
    double, _ = run("a foreign object of that name", folder, large, no_fault, NOT_DELIVERED, buckets=[bucket])
    equal("a foreign object of that name: it stays", b"of somebody else", double.object(PREFIX + large.name).data)
    equal("a foreign object of that name: no parts are left", {}, double.bucket().uploads)


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    with odd.folder() as folder:
        large = Large(folder, delivery.Bundle(folder))
        check_plain(folder, large)
        check_faults(folder, large)
        check_ambiguous(folder, large)
    finish()


main()
