#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The custody log beside a bundle, made by procsnap and checked by hand with stock tools as docs/BUNDLE.md says; then
everything that somebody can do to it. And receipts, signed by minisign and by ssh-keygen.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import snapshot  # noqa: E402
from checks import equal, finish, holds  # noqa: E402

PROCSNAP = os.path.abspath(snapshot.PROCSNAP)
OK, UNPINNED, USAGE, FAILED, INCOMPLETE, TAMPERED, MALFORMED = 0, 1, 2, 3, 10, 11, 12
HOLDERS = [("A. Responder", "downloaded from s3://evidence/case1/, \"sealed\" bag 7"),
           ("Zoë Archivist ✓", "received from A. Responder; stored: safe\t2"),
           ("L. Lab", "copied for analysis,\"minisig\":\"no\"")]


def run(*words, stdin=None):
    done = subprocess.run(words, capture_output=True, timeout=300, input=stdin)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def expect(title, expected, *words, says=()):
    status, text = run(PROCSNAP, *words)
    holds(title, status == expected and all(what in text for what in says), (status, text))
    return text


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


class Bundle:
    def __init__(self, folder, name):
        head = subprocess.run([PROCSNAP, "collect", os.path.join(folder, name), "--profile", "card", "--pid",
                               str(os.getpid()), "--quiet"], capture_output=True, text=True, timeout=300, check=True)
        self.head_line = head.stdout.strip()
        self.fields = dict(part.split("=", 1) for part in self.head_line.split()[2:])
        self.path = os.path.join(folder, name)
        self.log = self.path + ".custody.ndjson"

    def add(self, key, who="W", action="did"):
        return run(PROCSNAP, "custody", "add", self.path, "--who", who, "--action", action, "--sign-key", key + ".key")


def keys(work):
    names = [os.path.join(work, name) for name in ("responder", "archive", "lab")]
    for name in names:
        subprocess.run([PROCSNAP, "keygen", "-o", name], check=True, capture_output=True, timeout=300)
    return names


def pins(names, bundle):
    return [word for key in [name + ".pub" for name in names] + [bundle.fields["pk"]] for word in ("--key", key)]


def check_by_hand(bundle, names, work):
    """The commands of docs/BUNDLE.md, with nothing of ours."""
    lines = read(bundle.log).splitlines(keepends=True)
    before = subprocess.run(["tar", "xOzf", bundle.path, bundle.fields["bundle"] + "/custody.ndjson"], check=True,
                            capture_output=True, timeout=300).stdout
    for number, (line, key) in enumerate(zip(lines, names), 1):
        fields = json.loads(line)
        equal(f"line {number} names the line before", sha256(before), fields["prev_line_sha256"])
        equal(f"line {number} names the bundle", sha256(read(bundle.path)), fields["bundle_sha256"])
        before = line
        script = (f"sed -n {number}p '{bundle.log}' | sed 's/,\"minisig\":.*/}}/' >line && "
                  f"sed -n {number}p '{bundle.log}' | jq -j .minisig >line.minisig && "
                  f"minisign -VHm line -p '{key}.pub'")
        done = subprocess.run(["bash", "-c", script], cwd=work, capture_output=True, text=True, timeout=300)
        holds(f"minisign accepts line {number}", done.returncode == 0 and f"line:{number}" in done.stdout,
              (script, done))


def honest_log(work, names):
    bundle = Bundle(work, "held.tar.gz")
    expect("no log yet", INCOMPLETE, "custody", "verify", bundle.path, says=["There is no log"])
    for (who, action), key in zip(HOLDERS, names):
        before = read(bundle.log) if os.path.exists(bundle.log) else b""
        status, text = bundle.add(key, who, action)
        after = read(bundle.log)
        holds(f"{who} adds a line", status == 0 and after.startswith(before) and after.count(b"\n") ==
              before.count(b"\n") + 1, (status, text))
    lines = [json.loads(line) for line in read(bundle.log).splitlines()]
    equal("who and what stand there as they were said", HOLDERS, [(line["who"], line["action"]) for line in lines])
    equal("the log is for its owner alone", 0o600, os.stat(bundle.log).st_mode & 0o777)
    expect("all keys pinned", OK, "custody", "verify", bundle.path, *pins(names, bundle), says=["3 lines", "L. Lab"])
    expect("not all keys pinned", UNPINNED, "custody", "verify", bundle.path, *pins(names[:2], bundle),
           says=["which nobody vouches for"])
    said = json.loads(run(PROCSNAP, "custody", "verify", bundle.path, "--json", *pins(names, bundle))[1])
    equal("as JSON", ("OK", 0, 3, sha256(read(bundle.log).splitlines(keepends=True)[-1])),
          (said["verdict"], said["exit"], len(said["log"]), said["last_line_sha256"]))
    check_by_hand(bundle, names, work)
    return bundle


def altered_logs(bundle, names, work):
    good = read(bundle.log)
    lines = good.splitlines(keepends=True)
    other = Bundle(work, "other.tar.gz")
    other.add(names[0])
    foreign = read(other.log)
    swapped = lines[2].replace(json.loads(lines[2])["pk"].encode(), json.loads(lines[1])["pk"].encode())
    cases = [("a word altered", [lines[0].replace(b"downloaded", b"uploaded  "), *lines[1:]], TAMPERED, "wrong signature"),
             ("the first line taken out", lines[1:], TAMPERED, "another line"),
             ("a line in the middle taken out", [lines[0], lines[2]], TAMPERED, "another line"),
             ("two lines exchanged", [lines[1], lines[0], lines[2]], TAMPERED, "another line"),
             ("a line twice", [*lines, lines[2]], TAMPERED, "another line"),
             ("a line of another bundle's log", [foreign, *lines[1:]], TAMPERED, "another"),
             ("the log of another bundle", [foreign], TAMPERED, "another"),
             ("the key of another holder", [*lines[:2], swapped], TAMPERED, "made by another key"),
             ("words that are no line", [*lines, b"and then it rained\n"], MALFORMED, "4"),
             ("a line with one more field", [*lines[:2], lines[2].replace(b'{"time"', b'{"a":1,"time"')], MALFORMED, "3"),
             ("other white space", [lines[0], lines[1], lines[2].replace(b'","who"', b'", "who"')], MALFORMED, "3"),
             ("cut off within the last line", [good[:-30]], INCOMPLETE, "cut short"),
             ("a line without an end", [good[:-1]], INCOMPLETE, "cut short"),
             ("an empty line", [lines[0], b"\n", *lines[1:]], MALFORMED, "2")]
    for title, parts, expected, says in cases:
        write(bundle.log, b"".join(parts))
        expect(title, expected, "custody", "verify", bundle.path, *pins(names, bundle), says=[says])
        before = read(bundle.log)
        status, text = bundle.add(names[0])
        holds(f"{title}: nothing is added behind it", status == FAILED and read(bundle.log) == before, (status, text))
    write(bundle.log, good)
    for at in range(0, len(good), max(1, len(good) // 40)):
        write(bundle.log, good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        status, text = run(PROCSNAP, "custody", "verify", bundle.path, *pins(names, bundle))
        if status not in (INCOMPLETE, TAMPERED, MALFORMED):
            holds(f"byte {at} altered is told", False, (status, text))
    holds("any byte altered is told", True)
    write(bundle.log, good)
    data = read(bundle.path)
    write(bundle.path, data[:-1] + bytes([data[-1] ^ 1]))
    expect("the bundle altered", TAMPERED, "custody", "verify", bundle.path, *pins(names, bundle), says=["other bytes"])
    holds("and no custody of that", bundle.add(names[0])[0] == FAILED)
    write(bundle.path, data)
    expect("all as it was", OK, "custody", "verify", bundle.path, *pins(names, bundle))


def odd_calls(bundle, names, work):
    for words in ([], ["add"], ["verify"], ["remove", bundle.path], ["add", bundle.path], ["verify", "-"],
                  ["verify", work], ["add", bundle.path, "--who", "x", "--action", "y"]):
        holds(f"custody {' '.join(words)}: status 2", run(PROCSNAP, "custody", *words)[0] == USAGE)
    good = read(bundle.log)
    holds("no name, no line", bundle.add(names[0], who="")[0] == FAILED)
    holds("a name that is no text", run(b"" + os.fsencode(PROCSNAP), b"custody", b"add", os.fsencode(bundle.path),
                                        b"--who", b"\xff", b"--action", b"y", b"--sign-key",
                                        os.fsencode(names[0] + ".key"))[0] == FAILED)
    holds("no key, no line", run(PROCSNAP, "custody", "add", bundle.path, "--who", "x", "--action", "y", "--sign-key",
                                 names[0] + ".pub")[0] == FAILED)
    equal("the log is as it was", good, read(bundle.log))
    os.rename(bundle.log, bundle.log + ".kept")
    os.symlink(bundle.log + ".kept", bundle.log)
    holds("a link in the place of the log is not followed", bundle.add(names[0])[0] == FAILED)
    os.remove(bundle.log)
    os.rename(bundle.log + ".kept", bundle.log)
    write(bundle.log + ".part", b"left behind")
    holds("what an interrupted one left behind is no obstacle", bundle.add(names[0])[0] == 0)
    holds("and is gone", not os.path.exists(bundle.log + ".part"))


def at_once(work, names):
    """Eight add at the same time: eight lines."""
    bundle = Bundle(work, "busy.tar.gz")
    threads = [threading.Thread(target=bundle.add, args=(names[i % 3], f"holder {i}")) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line)["who"] for line in read(bundle.log).splitlines()]
    equal("eight at once, eight lines", sorted(f"holder {i}" for i in range(8)), sorted(lines))
    expect("and the log is whole", OK, "custody", "verify", bundle.path, *pins(names, bundle))


# ---- receipts ----

def receipt_of(bundle, /, **changes):
    fields = {"v": 1, "kind": "procsnap-receipt", "bundle": bundle.fields["bundle"], "seq": 0,
              "root": bundle.fields["root"], "pk": bundle.fields["pk"], "head_line": bundle.head_line,
              "file": os.path.basename(bundle.path), "size": os.path.getsize(bundle.path),
              "sha256": sha256(read(bundle.path)), "destination": "s3://evidence/case1/", "delivered":
              "2026-11-22T00:15:09Z", "tries": 1, "drift": 0.5, "answer": {"version_id": "3/L4kqt", "etag": "\"x\"",
                                                                            "nested": {"a": [1]}}}
    fields.update(changes)
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def receipts(work, names):
    bundle, other = Bundle(work, "sent.tar.gz"), Bundle(work, "else.tar.gz")
    path = os.path.join(work, "sent.receipt.json")
    words = ["verify", bundle.path, "--receipt", path]
    write(path, receipt_of(bundle))
    expect("an unsigned receipt fits, and pins nothing", UNPINNED, *words,
           says=["it is not signed", "SHA-256 of the file are those", "s3://evidence/case1/", "3/L4kqt"])
    expect("a key for it, and no signature", INCOMPLETE, *words, "--receipt-key", names[0] + ".pub",
           says=["no signature beside it"])
    wrong = [("another root", {"root": "0" * 64}), ("another key", {"pk": other.fields["pk"]}), ("number", {"seq": 1}),
             ("another SHA-256", {"sha256": "0" * 64}), ("another size", {"size": 1}),
             ("another bundle", {"bundle": other.fields["bundle"]}), ("the head line in it", {"head_line": other.head_line})]
    for says, change in wrong:
        write(path, receipt_of(bundle, **change))
        expect(f"a receipt with {says}", TAMPERED, *words, says=[says])
    for change in ({"kind": "x"}, {"v": 2}, {"root": ...}, {"sha256": "x"}, {"pk": 1}, {"bundle": ...}, {"size": "y"},
                   {"head_line": "EVIDENCE"}):
        write(path, receipt_of(bundle, **change))
        expect(f"no receipt: {change}", MALFORMED, *words, says=["says nothing about the bundle"])
    for data in (b"", b"[]", b"{", b"\xff", b'{"v":1,"v":1}', b"[" * 100000, b"{}" + b" " * (1 << 20)):
        write(path, data)
        expect(f"no receipt: {data[:10]}", MALFORMED, *words)
    write(path, receipt_of(bundle, seq=..., size=..., head_line=..., file=..., answer=...))
    expect("what both sorts share is enough", UNPINNED, *words)
    write(path, receipt_of(bundle, bundle=None, seq=None, root=None, pk=None, head_line=None))
    expect("of a file that nobody looked into", UNPINNED, *words, says=["it names no more"])
    write(path, receipt_of(bundle, bundle=None, root=None, pk=None, head_line=None, sha256="0" * 64))
    expect("and of another one", TAMPERED, *words, says=["another SHA-256"])
    several = [receipt_of(other), receipt_of(bundle), receipt_of(bundle, destination="s3://second/")]
    write(path, b"\n".join(several) + b"\n")
    expect("one of several, as --receipt appends them", UNPINNED, *words, says=["SHA-256 of the file are those",
                                                                               "s3://evidence/case1/"])
    write(path, b"\n".join([*several[:2], receipt_of(bundle, sha256="0" * 64)]))
    expect("several that contradict each other", TAMPERED, *words, says=["contradict each other"])
    write(path, several[0] + b"\n" + several[0] + b"\n")
    expect("several, and none of this bundle", TAMPERED, *words, says=["none of this bundle"])
    write(path, b"\n".join([*several, b"{"]))
    expect("several, and something that is none", MALFORMED, *words)
    write(path, b"\n".join([receipt_of(other, bundle=None, root=None, pk=None, head_line=None, seq=None),
                            receipt_of(bundle, bundle=None, root=None, pk=None, head_line=None, seq=None)]))
    expect("several of files that nobody looked into", UNPINNED, *words, says=["it names no more"])
    write(path, receipt_of(bundle))
    extracted = os.path.join(work, "extracted")
    os.mkdir(extracted)
    subprocess.run(["tar", "xzf", bundle.path, "-C", extracted], check=True, timeout=300)
    expect("of an extracted bundle only root and key", UNPINNED, "verify",
           os.path.join(extracted, bundle.fields["bundle"]), "--receipt", path, says=["cannot be compared"])
    signed_receipts(work, names, bundle, path, words)


def signed_receipts(work, names, bundle, path, words):
    write(path, receipt_of(bundle))
    key = names[0]
    run("minisign", "-W", "-S", "-s", key + ".key", "-m", path, stdin=b"\n")
    expect("signed by minisign: as good as the key", OK, *words, "--receipt-key", key + ".pub", says=["signed by the key"])
    expect("signed, and nobody says by whom", UNPINNED, *words, says=["was not checked"])
    expect("signed by somebody else", TAMPERED, *words, "--receipt-key", names[1] + ".pub", says=["another key"])
    os.remove(path + ".minisig")
    ssh = os.path.join(work, "ssh")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ssh, "-C", "me@laptop")
    status, text = run("ssh-keygen", "-Y", "sign", "-f", ssh, "-n", "procsnap@v1", path)
    holds("ssh-keygen signs it", status == 0, text)
    expect("signed by ssh-keygen", OK, *words, "--receipt-key", ssh + ".pub", says=["signed by the key"])
    expect("signed by another OpenSSH key", TAMPERED, *words, "--receipt-key", key + ".allowed_signers")
    write(path, receipt_of(bundle, tries=2))
    expect("altered after it was signed", TAMPERED, *words, "--receipt-key", ssh + ".pub", says=["wrong signature"])
    with open(bundle.path, "rb") as file:
        done = subprocess.run([PROCSNAP, "verify", "-", "--receipt", path], stdin=file, capture_output=True, timeout=300)
    equal("from standard input as well", UNPINNED, done.returncode)
    holds("a key without a receipt", run(PROCSNAP, "verify", bundle.path, "--receipt-key", key + ".pub")[0] == USAGE)
    holds("a receipt that is not there", run(PROCSNAP, *words[:2], "--receipt", path + "x")[0] != OK)


def main():
    work = tempfile.mkdtemp(prefix="procsnap-custody-")
    try:
        names = keys(work)
        bundle = honest_log(work, names)
        altered_logs(bundle, names, work)
        odd_calls(bundle, names, work)
        at_once(work, names)
        receipts(work, names)
    finally:
        shutil.rmtree(work)
    finish()


main()
