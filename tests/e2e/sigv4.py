#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signatures of ours and of botocore's, over the same requests: S3's way, over keys that are hard to sign, and the way of
all other services. SIGV4_TOOL names the program that signs ours.

SEED chooses the random requests.
"""
import os
import random
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from checks import about, equal, finish, skip  # noqa: E402
sys.path.append("/usr/lib/python3/dist-packages")  # Debian's botocore, also where `python3` is another one

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
except ImportError:
    skip("botocore is not there; install python3-botocore")

TOOL = os.environ.get("SIGV4_TOOL", "")
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)
TIME, REGION = "20261122T001500Z", "eu-central-1"
ID, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "To/ken+==%41&x=y z"
HASH = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
KEYS = ("a", "case=1/x.tar.gz", "a b", " a ", "a+b", "100%", "%41", "a%2Fb", "\u00fc/\u1234/\U0001f600", "//", "a//b", "/a", "a/", ".",
        "..", "../a", "a/../b", "./a", "a/./b", "~a-b_c.d", "!*'()", ":@&=+$,;?#[]", "\"<>\\^`{|}", "a\tb", "\x7f", "'quoted'")


def hexed(text):
    return text.encode().hex()


class Ours:
    """What the tool makes of many requests, in one run."""

    def __init__(self):
        self.lines, self.checks = [], []

    def add(self, how, method, path, payload, service, query, headers, check):
        words = [how, *map(hexed, (method, path, payload, TIME, REGION, service, ID, SECRET)), str(len(query)),
                 *(hexed(text) for pair in query for text in pair), str(len(headers)),
                 *(hexed(f"{name}: {value}") for name, value in headers)]
        self.lines.append(" ".join(words))
        self.checks.append(check)

    def end(self):
        done = subprocess.run([TOOL], input="\n".join(self.lines) + "\n", capture_output=True, text=True, check=False, timeout=300)
        answers = done.stdout.splitlines()
        equal("the tool signs all of them", (0, len(self.lines), ""), (done.returncode, len(answers), done.stderr))
        for check, answer in zip(self.checks, answers):
            check(*(bytes.fromhex(part).decode() for part in answer.split(" ")))


def theirs(method, url, headers, auth):
    request = botocore.awsrequest.AWSRequest(method, url)
    for name, value in headers:
        request.headers.add_header(name, value)
    request.context.update(timestamp=TIME, payload_signing_enabled=True)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    return canonical, signature


def encoded(query):
    return "&".join(sorted(f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}" for name, value in query))


def add_request(ours, what, key, method, query, more, token, kind=botocore.auth.S3SigV4Auth, service="s3", how="s"):
    path = "/" + key
    wire = path if "w" in how else urllib.parse.quote(path, safe="/-_.~")
    headers = [("Host", "evidence.s3.eu-central-1.amazonaws.com"), ("x-amz-content-sha256", HASH), ("x-amz-date", TIME), *more]
    if token:
        headers.append(("x-amz-security-token", token))
    auth = kind(botocore.credentials.Credentials(ID, SECRET, token), service, REGION)
    url = f"https://evidence.s3.eu-central-1.amazonaws.com{wire}" + (f"?{encoded(query)}" if query else "")
    canonical, signature = theirs(method, url, headers, auth)

    def check(our_canonical, line):
        equal(f"{what}: the canonical request", canonical, our_canonical)
        equal(f"{what}: the signature", signature, line.rpartition("Signature=")[2])
    ours.add(how, method, path, HASH, service, query, headers, check)


def main():
    about(f"SEED={SEED}; botocore {botocore.__version__}")
    source = random.Random(SEED)
    letters = "aZ09-._~ /%+=&?#'\"<>\\^`{|}!*():;,@$[]\u00fc\u1234\U0001f600"
    keys = [*KEYS, *("".join(source.choices(letters, k=source.randrange(1, 30))) for _ in range(60))]
    ours = Ours()
    for key in keys:
        more = source.sample([("If-None-Match", "*"), ("Content-MD5", "kAFQmDzST7DWlj99KOF/cg=="), ("Content-Type", "application/gzip"),
                              ("x-amz-tagging", "case=IR%201&t="), ("x-amz-meta-note", "two  blanks"), ("x-amz-acl", "a,b")], 3)
        query = source.choice([[], [("uploads", "")], [("uploadId", key), ("partNumber", "3")], [("b", "2"), ("a", key), ("a", "1")]])
        token = source.choice([None, TOKEN])
        add_request(ours, f"S3, {key!r}", key, source.choice(["PUT", "POST", "DELETE"]), query, more, token)
        if not set(key) & set("?#\\"):
            add_request(ours, f"another service, {key!r}", urllib.parse.quote(key, safe="/-_.~"), "POST", query, more, token,
                        botocore.auth.SigV4Auth, "service", "sndw")
    ours.end()
    finish()


main()
