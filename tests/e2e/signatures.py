#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our keys and signatures against stock minisign and ssh-keygen, both directions.

SIGN_TOOL is the path of the test program built from sign_tool.c. With PROCSNAP, keys come from the product's keygen.
"""
import base64
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

TOOL = os.environ.get("SIGN_TOOL", "") and os.path.abspath(os.environ["SIGN_TOOL"])
PROCSNAP = os.environ.get("PROCSNAP", "") and os.path.abspath(os.environ["PROCSNAP"])
COMMENT = "timestamp:1795306500\tfile:f\thashed\tcase:caf\u00e9"


def run(*command, stdin=b""):
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def ssh_string(data):
    return struct.pack(">I", len(data)) + data


def secret_key_file(path):
    with open(path) as f:
        return base64.b64decode(f.read().splitlines()[1])


def protected_key(minisign_key, password):
    """The same key file, protected by a password, with 16 MiB of scrypt instead of minisign's gigabyte."""
    plain, salt = secret_key_file(minisign_key), bytes(range(32))
    secret = plain[54:126]
    secret += hashlib.blake2b(b"Ed" + secret, digest_size=32).digest()
    stream = hashlib.scrypt(password, salt=salt, n=16384, r=8, p=1, maxmem=1 << 26, dklen=104)
    data = b"EdScB2" + salt + struct.pack("<QQ", 524288, 16777216) + bytes(a ^ b for a, b in zip(secret, stream))
    return b"untrusted comment: protected\n" + base64.b64encode(data) + b"\n"


def openssh_key(minisign_key):
    """The secret key of a minisign file as an OpenSSH private key file."""
    secret = secret_key_file(minisign_key)[62:126]
    public = ssh_string(b"ssh-ed25519") + ssh_string(secret[32:])
    private = struct.pack(">II", 1, 1) + public + ssh_string(secret) + ssh_string(b"")
    private += bytes(range(1, 1 + -len(private) % 8))
    blob = b"openssh-key-v1\0" + ssh_string(b"none") * 2 + ssh_string(b"") + struct.pack(">I", 1)
    text = base64.b64encode(blob + ssh_string(public) + ssh_string(private)).decode()
    lines = "\n".join(text[i:i + 70] for i in range(0, len(text), 70))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"


class Signatures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.write("f", b"hello\n")

    def write(self, name, data):
        with open(name, "wb") as f:
            f.write(data)

    def read(self, name):
        with open(name, "rb") as f:
            return f.read()

    def good(self, *command, stdin=b""):
        status, text = run(*command, stdin=stdin)
        self.assertEqual(status, 0, f"{command}: {text}")
        return text

    def bad(self, clue, *command, stdin=b""):
        status, text = run(*command, stdin=stdin)
        self.assertNotEqual(status, 0, f"{command}: {text}")
        self.assertIn(clue, text)

    def our_keys(self):
        self.good(*([PROCSNAP, "keygen", "-o"] if PROCSNAP else [TOOL, "keygen"]), "ours")

    def stock_keys(self):
        self.good("minisign", "-G", "-W", "-f", "-p", "stock.pub", "-s", "stock.key")
        os.chmod("stock.key", 0o600)

    def ssh_verify(self, namespace="procsnap@v1", signature="f.sshsig", file="f"):
        return ("ssh-keygen", "-Y", "verify", "-f", "ours.allowed_signers", "-I", "procsnap", "-n", namespace,
                "-s", signature), self.read(file)

    def test_stock_tools_accept_ours(self):
        self.our_keys()
        for content in (b"hello\n", b"", b"\0" * 100000):
            self.write("f", content)
            self.good(TOOL, "sign", "ours.key", "f", COMMENT)
            text = self.good("minisign", "-VHm", "f", "-p", "ours.pub")
            self.assertIn(f"Trusted comment: {COMMENT}\n", text)
            line = self.read("ours.pub").decode().splitlines()[1]
            self.good("minisign", "-VHm", "f", "-P", line)
            command, data = self.ssh_verify()
            self.good(*command, stdin=data)

    def test_stock_tools_refuse_another_file(self):
        self.our_keys()
        self.good(TOOL, "sign", "ours.key", "f", COMMENT)
        command, _ = self.ssh_verify()
        self.bad("", *command, stdin=b"other")
        command, data = self.ssh_verify(namespace="file")
        self.bad("", *command, stdin=data)
        self.write("f", b"other")
        self.bad("verification failed", "minisign", "-VHm", "f", "-p", "ours.pub")
        self.bad("wrong signature", TOOL, "minisig", "ours.pub", "f")
        self.bad("wrong signature", TOOL, "sshsig", "ours.pub", "f")

    def test_longest_trusted_comment(self):
        self.our_keys()
        comment = "c" * 8173
        self.good(TOOL, "sign", "ours.key", "f", comment)
        self.assertIn(comment, self.good("minisign", "-VHm", "f", "-p", "ours.pub"))
        self.bad("longer than 8173", TOOL, "sign", "ours.key", "f", comment + "c")

    def test_stock_minisign_signs_with_our_key(self):
        self.our_keys()
        self.good(TOOL, "sign", "ours.key", "f", COMMENT)
        ours = self.read("f.minisig")
        self.good("minisign", "-S", "-s", "ours.key", "-m", "f", "-t", COMMENT, "-c", "signature from procsnap")
        self.assertEqual(self.read("f.minisig"), ours)
        self.assertIn("canonical, good signature", self.good(TOOL, "minisig", "ours.pub", "f"))

    def test_stock_key_signs_with_ours(self):
        self.stock_keys()
        self.good(TOOL, "sign", "stock.key", "f", COMMENT)
        self.good("minisign", "-VHm", "f", "-p", "stock.pub")
        self.good(TOOL, "minisig", "stock.pub", "f")
        self.good(TOOL, "sshsig", "stock.pub", "f")

    def test_ours_accepts_stock_signature(self):
        self.stock_keys()
        self.good("minisign", "-S", "-s", "stock.key", "-m", "f", "-t", COMMENT)
        text = self.good(TOOL, "minisig", "stock.pub", "f")
        self.assertTrue(text.startswith("good signature"), text)
        self.assertTrue(text.endswith(f"\t{COMMENT}\n"), text)

    def test_legacy_signature_is_refused(self):
        self.stock_keys()
        self.good("minisign", "-S", "-l", "-s", "stock.key", "-m", "f")
        self.good("minisign", "-Vm", "f", "-p", "stock.pub")
        self.bad("legacy", TOOL, "minisig", "stock.pub", "f")

    def test_relabelled_signature_is_refused(self):
        """Stock minisign without -H falls for it; that is why -H stands in every instruction."""
        self.our_keys()
        self.good(TOOL, "sign", "ours.key", "f", COMMENT)
        lines = self.read("f.minisig").split(b"\n")
        lines[1] = base64.b64encode(b"Ed" + base64.b64decode(lines[1])[2:])
        self.write("digest", hashlib.blake2b(b"hello\n").digest())
        self.write("digest.minisig", b"\n".join(lines))
        self.good("minisign", "-Vm", "digest", "-p", "ours.pub")
        self.bad("", "minisign", "-VHm", "digest", "-p", "ours.pub")
        self.bad("legacy", TOOL, "minisig", "ours.pub", "digest")

    def test_password_protected_key_is_refused_with_the_remedy(self):
        self.our_keys()
        self.write("p.key", protected_key("ours.key", b"pw"))
        os.chmod("p.key", 0o600)
        self.bad("minisign -C -W", TOOL, "sign", "p.key", "f", COMMENT)
        self.good("minisign", "-C", "-W", "-s", "p.key", stdin=b"pw\n")
        self.good(TOOL, "sign", "p.key", "f", COMMENT)
        self.good("minisign", "-VHm", "f", "-p", "ours.pub")

    def test_ssh_keygen_writes_the_same_signature(self):
        self.our_keys()
        self.good(TOOL, "sign", "ours.key", "f", COMMENT)
        self.write("ssh.key", openssh_key("ours.key").encode())
        os.chmod("ssh.key", 0o600)
        self.good("ssh-keygen", "-Y", "sign", "-n", "procsnap@v1", "-f", "ssh.key", "f")
        self.assertEqual(self.read("f.sig"), self.read("f.sshsig"))
        self.good(TOOL, "sshsig", "ours.pub", "f")
        os.remove("f.sig")
        self.good("ssh-keygen", "-Y", "sign", "-n", "file", "-f", "ssh.key", "f")
        os.replace("f.sig", "f.sshsig")
        self.bad("namespace", TOOL, "sshsig", "ours.pub", "f")

    def test_openssl_alone_can_check(self):
        if not shutil.which("openssl"):
            self.skipTest("no openssl")
        self.our_keys()
        self.good(TOOL, "sign", "ours.key", "f", COMMENT)
        public = base64.b64decode(self.read("ours.pub").split(b"\n")[1])[10:]
        self.write("k.der", bytes.fromhex("302a300506032b6570032100") + public)
        self.write("sig", base64.b64decode(self.read("f.minisig").split(b"\n")[1])[10:])
        self.good("openssl", "dgst", "-blake2b512", "-binary", "-out", "m", "f")
        self.good("openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "k.der", "-rawin",
                  "-in", "m", "-sigfile", "sig")


if __name__ == "__main__":
    for name in ("minisign", "ssh-keygen"):
        if not shutil.which(name):
            print(f"skipped: no {name}")
            sys.exit(77)
    if not TOOL:
        print("skipped: SIGN_TOOL does not name the test program")
        sys.exit(77)
    unittest.main()
