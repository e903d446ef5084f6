#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An encrypted bundle, from collect to every command that reads it, and in the hands of stock age and minisign."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from checks import equal, finish, holds  # noqa: E402

PROCSNAP = os.path.abspath(os.environ["PROCSNAP"])
ENCRYPTED, INCOMPLETE, TAMPERED = 2, 10, 11


def run(*command, stdin=b""):
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=300)
    return done.returncode, done.stdout, done.stderr.decode()


def procsnap(*words, stdin=b""):
    return run(PROCSNAP, *words, stdin=stdin)


def written(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def is_told(what, answer, status, *clues):
    code, out, errors = answer
    text = out.decode("utf-8", "replace") + errors
    equal(f"{what}: exit status", status, code)
    for clue in clues:
        holds(f"{what}: says {clue}", clue in text, text[-600:])


def check_keygen():
    status, out, _ = procsnap("keygen", "--age", "-o", "ours")
    equal("keygen --age", 0, status)
    recipient = out.decode().split("\n")[0]
    equal("keygen: mode of the identity", 0o600, os.stat("ours.identity").st_mode & 0o777)
    equal("keygen: age-keygen reads it", recipient, run("age-keygen", "-y", "ours.identity")[1].decode().strip())
    equal("keygen: the recipient file", recipient, contents("ours.recipient").decode().strip())
    before = contents("ours.identity")
    is_told("keygen: nothing is overwritten", procsnap("keygen", "--age", "-o", "ours"), 3, "never overwritten")
    equal("keygen: nothing is overwritten", before, contents("ours.identity"))
    run("age-keygen", "-o", "theirs.txt")
    os.chmod("theirs.txt", 0o600)
    return recipient, run("age-keygen", "-y", "theirs.txt")[1].decode().strip()


def check_refusals(ours):
    for words, clues in (
            (["--encrypt-to", "age1pq1" + "q" * 100], ["post-quantum"]),
            (["--encrypt-to", "ssh-ed25519 AAAA"], ["SSH key"]),
            (["--encrypt-to", ours[:-1] + ("q" if ours[-1] != "q" else "p")], ["typing error"]),
            (["--memory", "suspects"], ["--encrypt-to", "--plaintext"])):
        is_told(" ".join(words), procsnap("collect", "refused.tar.gz", *words), 2, *clues)
    holds("nothing was collected", not os.path.exists("refused.tar.gz"))


def collect(ours, theirs):
    # A secret in an environment, as evidence has them.
    victim = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "DB_PASSWORD": "hunter2-of-the-test"})
    try:
        status, out, errors = procsnap("collect", "ev/", "--files", "none", "--pid", str(victim.pid), "--memory",
                                       str(victim.pid), "--encrypt-to", ours, "--encrypt-to", theirs, "--json")
    finally:
        victim.kill()
        victim.wait()
    equal("collect: exit status", 0, status)
    summary = json.loads(out)
    equal("collect: whom it says", [ours, theirs], summary["encrypted_to"])
    holds("collect: environ is kept", not summary["environ_redacted"])
    holds("collect: the name", summary["path"].endswith(summary["bundle"] + ".tar.gz.age"), summary["path"])
    for clue in (ours, theirs, "age -d -i", "--identity"):
        holds(f"collect: says {clue}", clue in errors, errors)
    return summary, victim.pid


def check_stock_tools(summary, pid, ours, theirs):
    bundle = summary["path"]
    status, _, errors = run("minisign", "-VHm", bundle, "-P", summary["pk"])
    equal("minisign on the .age", 0, status)
    for keys in ("ours.identity", "theirs.txt"):
        status, plain, errors = run("age", "-d", "-i", keys, bundle)
        equal(f"age -d -i {keys}", (0, ""), (status, errors))
    written("plain.tar.gz", plain)
    os.mkdir("x")
    equal("tar", 0, run("tar", "xzf", "plain.tar.gz", "-C", "x")[0])
    top = os.path.join("x", summary["bundle"])
    info = contents(f"{top}/bag-info.txt").decode()
    equal("Encrypted-To", [ours, theirs], re.findall(r"^Encrypted-To: (.*)$", info, re.M))
    options = json.loads(contents(f"{top}/data/meta.json"))["options"]
    equal("meta.json", ([ours, theirs], "none", False),
          (options["encrypt_to"], options["redact"], options["plaintext"]))
    pack = contents(f"{top}/data/proc/{pid}/memory.pack")
    holds("the value of the variable", b"DB_PASSWORD=hunter2-of-the-test" in pack)
    holds("the core file", os.path.exists(f"{top}/data/memory/{pid}.core"))
    sealed = contents(bundle)
    holds("nothing of it in the encrypted file", b"hunter2" not in sealed and b"bagit" not in sealed)


def check_readers(summary, ours):
    bundle, pk = summary["path"], summary["pk"]
    is_told("verify", procsnap("verify", bundle, "--identity", "ours.identity", "--key", pk, "--rederive"), 0,
            "OK  " + summary["bundle"], "signed by the same key", ours + ", whose identity opened it", "all identical")
    report = json.loads(procsnap("verify", bundle, "--identity", "theirs.txt", "--key", pk, "--json")[1])
    equal("verify --json", ("OK", True, 2, summary["encrypted_to"], [summary["encrypted_to"][1]], True),
          tuple(report[k] for k in ("verdict", "encrypted", "stanzas", "encrypted_to", "opened_by", "outer_signed")))
    equal("verify: no finding", [], report["findings"])
    data = contents(bundle)
    is_told("verify -", procsnap("verify", "-", "--identity", "ours.identity", "--key", pk, stdin=data), 0, "OK  ")
    for view in ("summary", "processes", "gaps"):
        is_told(f"show {view}", procsnap("show", bundle, view, "--identity", "ours.identity"), 0, "OK-UNPINNED")
    is_told("show -", procsnap("show", "-", "--identity", "ours.identity", stdin=data), 0, "OK-UNPINNED")
    is_told("export", procsnap("export", bundle, "--format", "procfs", "-o", "view", "--identity", "ours.identity"), 0,
            "OK-UNPINNED")
    holds("export: a tree", os.path.exists("view/proc/stat"))
    is_told("verify of what age -d gave", procsnap("verify", "plain.tar.gz", "--key", pk), 0, "somebody has decrypted")


def check_locked(summary):
    bundle, pk = summary["path"], summary["pk"]
    is_told("verify without identity", procsnap("verify", bundle), ENCRYPTED, "ENCRYPTED  2 X25519 recipients",
            "--identity FILE")
    is_told("verify without identity, pinned", procsnap("verify", bundle, "--key", pk), ENCRYPTED,
            "no byte of it has changed since")
    report = json.loads(procsnap("verify", bundle, "--key", pk, "--json")[1])
    equal("verify without identity, --json", ("ENCRYPTED", 2, True, []),
          (report["verdict"], report["exit"], report["outer_signed"], report["opened_by"]))
    for words in (["show", bundle], ["export", bundle, "--format", "procfs", "-o", "view2"]):
        is_told(words[0] + " without identity", procsnap(*words), ENCRYPTED, "no identity was given", "--identity FILE")
    run("age-keygen", "-o", "stranger.txt")
    os.chmod("stranger.txt", 0o600)
    is_told("a stranger's identity", procsnap("verify", bundle, "--identity", "stranger.txt"), ENCRYPTED,
            "none of the identities given opens it")
    is_told("two identity files",
            procsnap("verify", bundle, "--identity", "stranger.txt", "--identity", "theirs.txt"), 1, "OK-UNPINNED")


def check_identity_files(summary):
    bundle = summary["path"]
    for name, text, clue in (("empty", b"", "no identity in it"),
                             ("public", contents("ours.recipient"), "is a recipient"),
                             ("noise", bytes(range(256)), "is no identity"), ("long", b"#" * 20000, "longer than")):
        written(name, text)
        os.chmod(name, 0o600)
        is_told(f"identity file: {name}", procsnap("verify", bundle, "--identity", name), 2, clue)
    os.mkfifo("fifo", 0o600)
    is_told("identity file: a FIFO", procsnap("verify", bundle, "--identity", "fifo"), 2, "not a regular file")
    is_told("identity file: none", procsnap("verify", bundle, "--identity", "nowhere"), 2, "cannot open", "--age")
    shutil.copy("ours.identity", "open")
    os.chmod("open", 0o644)
    is_told("identity file: others can read it", procsnap("verify", bundle, "--identity", "open"), 2, "chmod 600")


def check_damage(summary):
    """Beside it a signature, then none: what was altered or cut is never OK."""
    bundle, pk = summary["path"], summary["pk"]
    data = contents(bundle)
    shutil.copy(bundle + ".minisig", "bad.age.minisig")
    words = ("verify", "bad.age", "--identity", "ours.identity", "--key", pk)
    for signed in (True, False):
        if not signed:
            os.remove("bad.age.minisig")
        for at in (5, 60, 150, 300, 400, len(data) // 2):
            written("bad.age", data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            status = procsnap(*words)[0]
            # In a stanza it is the identity that no longer fits; a line of the header may no longer be one.
            holds(f"byte {at} altered, signed {signed}: {status}", status >= (TAMPERED if signed else ENCRYPTED))
        middle = len(data) // 2 & ~0xffff
        written("bad.age", data[:middle] + bytes(65536) + data[middle + 65536:])
        is_told("64 KiB of zeros", procsnap(*words), TAMPERED, "altered")
        for at in (1, 20, 100, 269, 285, 1000, len(data) // 2, len(data) - 1):
            written("bad.age", data[:at])
            is_told(f"cut at {at}", procsnap(*words), INCOMPLETE, "cut short")
    written("bad.age", data + b"x")
    is_told("a byte behind it", procsnap(*words), INCOMPLETE, "altered")


def main():
    for tool in ("age", "age-keygen", "minisign", "tar"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        ours, theirs = check_keygen()
        check_refusals(ours)
        summary, pid = collect(ours, theirs)
        check_stock_tools(summary, pid, ours, theirs)
        check_readers(summary, ours)
        check_locked(summary)
        check_identity_files(summary)
        check_damage(summary)
        piped = procsnap("collect", "-", "--pid", "1", "--files", "none", "--redact", "environ", "--encrypt-to", ours)
        is_told("collect -", (piped[0], b"", piped[2]), 0, ".tar.gz.age, to standard output", "values hashed")
        is_told("what came out of it", procsnap("verify", "-", "--identity", "ours.identity", stdin=piped[1]), 1, ours)
        os.chdir("/")
    finish()


main()
