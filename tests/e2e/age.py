#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our age against stock age in both directions, and against the vectors of C2SP/CCTV.

AGE_TOOL is the path of the test program built from age_tool.c.
"""
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zlib

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOOL = os.environ.get("AGE_TOOL", "") and os.path.abspath(os.environ["AGE_TOOL"])
EDGES = [0, 1, 65535, 65536, 65537, 131072, 1000000]
CUT_SHORT, MALFORMED, ALTERED, LOCKED = 10, 11, 13, 14
# What a vector expects, and how we say it. A header that ends too early is cut short, not malformed.
EXPECTED = {
    "success": {0},
    "header failure": {CUT_SHORT, MALFORMED},
    "HMAC failure": {ALTERED},
    "payload failure": {CUT_SHORT, MALFORMED, ALTERED},
    "no match": {LOCKED},
}
APPLICABLE = 67


def run(*command, stdin=b""):
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300)


def vectors(package):
    """Name, facts and file of each vector of the package: one constant each, in base64."""
    with tarfile.open(package) as tar:
        source = tar.extractfile("package/index.js").read().decode()
    for name, text in re.findall(r'var (\w+)_default = __toBinary\("([^"]*)"\)', source):
        head, _, body = base64.b64decode(text).partition(b"\n\n")
        facts = {}
        for line in head.decode().split("\n"):
            key, _, value = line.partition(": ")
            facts.setdefault(key, []).append(value)
        yield name, facts, zlib.decompress(body) if "compressed" in facts else body


def is_applicable(name, facts):
    """X25519 identities alone, no armor."""
    return not ("armored" in facts or "passphrase" in facts or "hybrid" in name
                or any("-PQ-" in identity for identity in facts.get("identity", [])))


class Age(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.keys = os.path.join(folder.name, "keys.txt")

    def done(self, *command, stdin=b""):
        result = run(*command, stdin=stdin)
        self.assertEqual(result.returncode, 0, f"{command}: {result.stderr}")
        return result.stdout

    def recipient(self):
        self.done("age-keygen", "-o", self.keys)
        return self.done("age-keygen", "-y", self.keys).decode().strip()

    def test_stock_age_opens_ours(self):
        recipient = self.recipient()
        for size in EDGES:
            plain = os.urandom(size)
            sealed = self.done(TOOL, "encrypt", recipient, stdin=plain)
            self.assertEqual(plain, self.done("age", "-d", "-i", self.keys, stdin=sealed), size)

    def test_we_open_what_stock_age_made(self):
        recipient = self.recipient()
        for size in EDGES:
            plain = os.urandom(size)
            sealed = self.done("age", "-r", recipient, stdin=plain)
            self.assertEqual(plain, self.done(TOOL, "decrypt", self.keys, stdin=sealed), size)

    def test_32_recipients(self):
        recipients = [self.recipient() for _ in range(32) if not os.path.exists(self.keys) or not os.remove(self.keys)]
        self.assertEqual(len(set(recipients)), 32)
        sealed = self.done(TOOL, "encrypt", *recipients, stdin=b"for 32")
        self.assertEqual(b"for 32", self.done("age", "-d", "-i", self.keys, stdin=sealed))

    def test_armor_and_passphrase_are_refused_in_words(self):
        recipient = self.recipient()
        armored = self.done("age", "-a", "-r", recipient, stdin=b"x")
        self.assertEqual(run(TOOL, "decrypt", self.keys, stdin=armored).returncode, MALFORMED)

    def test_vectors(self):
        fetched = run(os.path.join(ROOT, "scripts", "age-vectors"))
        if fetched.returncode == 77:
            self.skipTest("the registry that has the vectors cannot be reached: " + fetched.stderr.decode())
        self.assertEqual(fetched.returncode, 0, fetched.stderr)
        tried = 0
        for name, facts, body in vectors(fetched.stdout.decode().strip()):
            if not is_applicable(name, facts):
                continue
            tried += 1
            with open(self.keys, "w", encoding="ascii") as f:
                # One of them has no identity, since it has no file either.
                f.write("\n".join(facts.get("identity", [])) or self.done("age-keygen").decode())
            result = run(TOOL, "decrypt", self.keys, stdin=body)
            with self.subTest(name):
                self.assertIn(result.returncode, EXPECTED[facts["expect"][0]], result.stderr)
                if result.returncode == 0:
                    self.assertEqual(hashlib.sha256(result.stdout).hexdigest(), facts["payload"][0])
        self.assertEqual(tried, APPLICABLE)


if __name__ == "__main__":
    for tool in ("age", "age-keygen"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            sys.exit(77)
    if not TOOL:
        print("skipped: AGE_TOOL does not name the test program")
        sys.exit(77)
    result = unittest.main(exit=False).result
    for _, why in result.skipped:
        print("skipped:", why)
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
