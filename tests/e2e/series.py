#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Chains of real snapshots, and what somebody can do to a directory of them; what was done is told, and none is OK.

CHAIN_TOOL makes the chains with the builder of the product; SIGN_TOOL seals one again, with a key of the attacker's
own.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from hostile_bundles import Good, swap  # noqa: E402

PROCSNAP = os.path.abspath(snapshot.PROCSNAP)
PROCSNAP_CORE = os.path.abspath(os.environ["PROCSNAP_CORE"])
CHAIN_TOOL, SIGN_TOOL = os.path.abspath(os.environ["CHAIN_TOOL"]), os.path.abspath(os.environ["SIGN_TOOL"])
OK, UNPINNED, USAGE, INCOMPLETE, TAMPERED, MALFORMED = 0, 1, 2, 10, 11, 12
LINKS = 6


class Head:
    def __init__(self, line):
        self.line = line
        fields = dict(part.split("=", 1) for part in line.split()[2:])
        self.bundle, self.seq, self.root = fields["bundle"], int(fields["seq"]), fields["root"]
        self.pk, self.prev = fields["pk"], fields["prev"]
        self.file = self.bundle + ".tar.gz"


def chain(folder, count=LINKS, last="final", interval=60, prev="-", keys=None, options=()):
    """The head lines of new snapshots in the folder; `keys` is where their secret keys are left."""
    os.makedirs(folder, exist_ok=True)
    words = ["collect", folder + "/", "--profile", "card", "--pid", str(os.getpid()), *options]
    done = subprocess.run([CHAIN_TOOL, str(count), last, str(interval), prev, *words[1:]], capture_output=True,
                          text=True, timeout=300, env={**os.environ, **({"CHAIN_KEYS": keys} if keys else {})})
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return [Head(line) for line in done.stdout.splitlines()]


def single(folder, *options):
    done = subprocess.run([PROCSNAP, "collect", folder + "/", "--profile", "card", "--pid", str(os.getpid()), "--quiet",
                           *options], capture_output=True, text=True, timeout=300, check=True)
    return Head(done.stdout.strip())


def verify(folder, *options):
    """(status, text); no control character comes out, and text and JSON have one verdict."""
    text = subprocess.run([PROCSNAP, "verify", folder, *options], capture_output=True, timeout=300)
    said = subprocess.run([PROCSNAP, "verify", folder, "--json", *options], capture_output=True, timeout=300)
    shown = text.stdout.decode() + text.stderr.decode()
    if re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown) or text.returncode not in range(13):
        holds("nothing but text comes out", False, (text.returncode, shown))
    if text.returncode not in (USAGE, 3) and json.loads(said.stdout)["exit"] != text.returncode:
        holds("text and JSON say the same", False, (shown, said.stdout))
    return text.returncode, shown


def expect(title, folder, expected, *says, options=()):
    status, text = verify(folder, *options)
    missing = [what for what in says if what not in text]
    holds(title, status == expected and not missing, (status, missing, text))


class Case:
    """A copy of a directory, to be changed; gone at the end."""

    def __init__(self, honest):
        self.honest = honest

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="procsnap-series-")
        self.folder = os.path.join(self.top, "case")
        shutil.copytree(self.honest, self.folder)
        return self.folder

    def __exit__(self, *_):
        shutil.rmtree(self.top)


def remove(folder, head):
    os.remove(os.path.join(folder, head.file))
    os.remove(os.path.join(folder, head.file + ".minisig"))


def move(folder, old, new):
    for suffix in ("", ".minisig"):
        os.rename(os.path.join(folder, old + suffix), os.path.join(folder, new + suffix))


def whole_chains(honest, heads):
    pin = ("--key", heads[0].pk)
    expect("a whole chain without a key", honest, UNPINNED, f"{LINKS} bundles, 1 chain, 0 alone", "unbroken")
    expect("a whole chain, its first key pinned", honest, OK, f"seq 0 to {LINKS - 1}", "vouched for", options=pin)
    expect("its records derived again", honest, OK, options=(*pin, "--rederive"))
    expect("another key", honest, TAMPERED, "another key than the pinned one", options=("--key", single_key(honest)))
    expect("the key of a later one", honest, TAMPERED, "pin that of number 0", options=("--key", heads[3].pk))
    expect("the end that was expected", honest, OK,
           options=(*pin, "--expect-seq", str(LINKS - 1), "--expect-root", heads[-1].root))
    expect("not the end that was expected", honest, TAMPERED, "newer ones were removed",
           options=(*pin, "--expect-root", heads[-2].root))
    core = subprocess.run([PROCSNAP_CORE, "verify", honest], capture_output=True, text=True, timeout=300)
    equal("procsnap-core verifies one bundle, no series", USAGE, core.returncode)


def single_key(honest):
    folder = tempfile.mkdtemp(prefix="procsnap-series-")
    head = single(folder)
    shutil.rmtree(folder)
    return head.pk


def removed(honest, heads):
    for i, head in enumerate(heads):
        with Case(honest) as folder:
            remove(folder, head)
            last = i == LINKS - 1
            what = "the chain is open" if last else f"seq {i}: missing"
            expect(f"number {i} removed", folder, INCOMPLETE if last else TAMPERED, what,
                   options=("--key", heads[0].pk))
    with Case(honest) as folder:
        remove(folder, heads[1])
        remove(folder, heads[2])
        expect("two removed", folder, TAMPERED, "seq 1 to 2: missing, between", heads[0].file, heads[3].file)
    with Case(honest) as folder:
        os.remove(os.path.join(folder, heads[-1].file))
        expect("a signature left behind", folder, INCOMPLETE, "the signature of a bundle that is not here")


def replayed_and_moved(honest, heads):
    for i, head in enumerate(heads):
        with Case(honest) as folder:
            shutil.copy(os.path.join(folder, head.file), os.path.join(folder, "again.tar.gz"))
            expect(f"number {i} once more", folder, TAMPERED, "the same bundle once more", "it was renamed",
                   options=("--key", heads[0].pk))
    for i in range(LINKS - 1):
        with Case(honest) as folder:
            move(folder, heads[i].file, "swap")
            move(folder, heads[i + 1].file, heads[i].file)
            move(folder, "swap", heads[i + 1].file)
            expect(f"numbers {i} and {i + 1} have changed their names", folder, TAMPERED,
                   "its name is that of another bundle", options=("--key", heads[0].pk))
    with Case(honest) as folder:
        move(folder, heads[2].file, "renamed.tar.gz")
        expect("a new name alone is a note", folder, OK, "it was renamed", options=("--key", heads[0].pk))


class Forger:
    """Seals with keys of its own, and says so in chain.json as the format wants it."""

    def __init__(self, folder):
        self.key = os.path.join(folder, "forger.key")
        subprocess.run([SIGN_TOOL, "keygen", self.key[:-4]], check=True, timeout=300)
        with open(self.key[:-4] + ".pub", encoding="ascii") as file:
            self.pk = file.read().splitlines()[1]

    def seal(self, path, *changes):
        """The bundle with another owner's seal; `changes` are further ones of chain.json."""
        good = Good(path, self.key)
        pk = json.loads(good["chain.json"])["pk"]

        def change(data):
            data = swap(f'"pk":"{pk}"'.encode(), f'"pk":"{self.pk}"'.encode())(data)
            for old, new in changes:
                data = swap(old, new)(data)
            return data
        return good.resealed("chain.json", change)


def sealed_again(honest, heads, forger):
    for i, head in enumerate(heads):
        with Case(honest) as folder:
            path = os.path.join(folder, head.file)
            data = forger.seal(path)
            with open(path, "wb") as file:
                file.write(data)
            os.remove(path + ".minisig")
            expect(f"number {i} sealed again by another key", folder, TAMPERED,
                   "sealed again" if i > 0 else "another key than the pinned one", options=("--key", heads[0].pk))
    with Case(honest) as folder:
        data = forger.seal(os.path.join(folder, heads[2].file))
        with open(os.path.join(folder, "other.tar.gz"), "wb") as file:
            file.write(data)
        expect("two of one number", folder, TAMPERED, "a fork", options=("--key", heads[0].pk))
    for i, head in enumerate(heads):
        with Case(honest) as folder:
            path = os.path.join(folder, head.file)
            with open(path, "r+b") as file:
                file.truncate(os.path.getsize(path) // 2)
            expect(f"number {i} cut short", folder, INCOMPLETE if i == LINKS - 1 else TAMPERED, head.file,
                   options=("--key", heads[0].pk))
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 2)
                file.write(b"\0\0\0\0")


def with_later_keys(honest, heads, keys):
    """What broke journald's sealing: whoever has a later key seals an earlier one again, or cuts off and goes on; and a
    bundle without any seal among sealed ones."""
    pin = ("--key", heads[0].pk)
    for i in range(1, LINKS - 1):
        with Case(honest) as folder:
            path = os.path.join(folder, heads[i].file)
            later = heads[i + 1]
            data = Good(path, os.path.join(keys, f"{i + 1}.key")).resealed(
                "chain.json", swap(f'"pk":"{heads[i].pk}"'.encode(), f'"pk":"{later.pk}"'.encode()))
            with open(path, "wb") as file:
                file.write(data)
            os.remove(path + ".minisig")
            expect(f"number {i} sealed again with the key of {i + 1}", folder, TAMPERED, "sealed again", options=pin)
    with Case(honest) as folder:
        stolen, gone = heads[3], heads[2]
        path = os.path.join(folder, stolen.file)
        good = Good(path, os.path.join(keys, "3.key"))
        good.members = good.exchange("data/meta.json", swap(b'"seq":3', b'"seq":2')(good["data/meta.json"]))
        chained = swap(b'"seq":3', b'"seq":2')(good["chain.json"])
        members = good.exchange("chain.json", swap(gone.root.encode(), heads[1].root.encode())(chained))
        comment = good.comment.replace("seq:3", "seq:2").replace(gone.root[:16], heads[1].root[:16])
        with open(path, "wb") as file:
            file.write(good.sealed(members, comment=comment))
        os.remove(path + ".minisig")
        for head in [gone, *heads[4:]]:
            remove(folder, head)
        expect("number 2 removed, 3 renumbered by who has its key", folder, TAMPERED, "sealed again", options=pin)
        expect("alone, that one is well sealed", path, UNPINNED)
    with Case(honest) as folder:
        path = os.path.join(folder, heads[2].file)
        data = Good(path, "").without("tagmanifest-sha256.txt.minisig", "tagmanifest-sha256.txt.sshsig")
        with open(path, "wb") as file:
            file.write(data)
        os.remove(path + ".minisig")
        expect("one without a signature", folder, TAMPERED, "seq 2: missing", "incomplete: " + heads[2].file,
               options=pin)


def continued(honest, heads):
    """Cut off, and gone on with: the new chain may claim what it likes."""
    with Case(honest) as folder:
        for head in heads[3:]:
            remove(folder, head)
        more = chain(folder, 3, prev=heads[2].root)
        expect("a chain that was cut and continued by another", folder, INCOMPLETE, "the chain is open",
               "nothing proves that", options=("--key", heads[0].pk, "--key", more[0].pk))
        expect("of which nobody knows the key", folder, TAMPERED, "another key than the pinned one",
               options=("--key", heads[0].pk))


def log_of(heads, name):
    """Head lines as logs show them, among the words of others."""
    ways = ["2026-11-22T00:15:03.123Z {}\r\n", '{{"timestamp":1,"message":"{}\\n","ingestionTime":2}}\n', "{}\n",
            "\x1b[1mprocsnap\x1b[0m {}\x1b[K\r\n", "EVIDENCE v1 bundle=procsnap-2026 {}\n"]
    with open(name, "w", encoding="utf-8") as file:
        file.write("2026-11-22T00:15:00Z GET / 200\r\n\xff\u202e" + "x" * 70000 + "\n")
        for i, head in enumerate(heads):
            file.write(ways[i % len(ways)].format(head.line))
    return "--heads", name


def logs(honest, heads, work):
    name = os.path.join(work, "log")
    expect("the log has all of them", honest, OK, f"the log names {LINKS}", options=log_of(heads, name))
    with Case(honest) as folder:
        remove(folder, heads[-1])
        expect("the last one was removed, the log has it", folder, TAMPERED,
               "the log says that it was sealed, and it is not here", heads[-1].bundle, options=log_of(heads, name))
        expect("the log ends where the chain does", folder, OK, "so does the log", options=log_of(heads[:-1], name))
        expect("the log does not name the last one", folder, INCOMPLETE, "the log does not name it", "open",
               options=log_of(heads[:-2], name))
    wrong = Head(heads[2].line.replace(heads[2].root, heads[3].root))
    expect("the log has another root", honest, TAMPERED, "the log names another root",
           options=log_of(heads[:2] + [wrong] + heads[3:], name))
    expect("the log contradicts itself", honest, TAMPERED, "two different head lines",
           options=log_of(heads + [wrong], name))
    expect("an empty log", honest, UNPINNED, "the log names 0", "no head line at all", options=("--heads", "/dev/null"))
    with open(name, "w", encoding="utf-16") as file:
        file.writelines(head.line + "\n" for head in heads)
    for what, place in (("a series", honest), ("one bundle", os.path.join(honest, heads[2].file))):
        expect(f"a log that is no plain text, {what}", place, UNPINNED, "neither compressed nor UTF-16",
               options=("--heads", name))
    one = os.path.join(honest, heads[2].file)
    expect("one bundle and the log", one, OK, "it holds the head line of this bundle", options=log_of(heads, name))
    expect("one bundle that the log does not have", one, UNPINNED, "none of this bundle",
           options=log_of(heads[:1], name))
    expect("one bundle with another root in the log", one, TAMPERED, "names another root",
           options=log_of([wrong], name))
    expect("a log that is not there", honest, USAGE, "--heads", options=("--heads", name + "x"))


def mixed(honest, heads, work):
    """Two chains, bundles alone, one of them extracted, and everything that does not belong there."""
    with Case(honest) as folder:
        second = chain(folder, 2)
        alone, extracted = single(folder), single(folder)
        subprocess.run(["tar", "xzf", extracted.file], cwd=folder, check=True, timeout=300)
        remove(folder, extracted)
        keys = [word for pk in (heads[0].pk, second[0].pk, alone.pk, extracted.pk) for word in ("--key", pk)]
        expect("two chains, two alone, one of them extracted", folder, OK, "10 bundles, 2 chains, 2 alone", options=keys)
        expect("two chains, as two tasks leave them, and the key of one", folder, TAMPERED, "each start of a task",
               "--key for each of them", options=keys[:2])
        os.symlink(heads[0].file, os.path.join(folder, "link.tar.gz"))
        os.mkfifo(os.path.join(folder, "fifo.tar.gz"))
        os.mkdir(os.path.join(folder, "folder.tar.gz"))
        for name in ("notes.txt", "x" * 255, "e\x1b]52;c;\x07\n\u202e.txt", "left.tar.gz.part"):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write("?")
        if os.geteuid() == 0:
            os.mknod(os.path.join(folder, "device.tar.gz"), 0o20600, os.makedev(1, 5))
        began = time.monotonic()
        expect("what does not belong there is told, and not opened", folder, OK, "a link; it was not followed",
               "no regular file; it was not opened", "not looked into", "never finished", options=keys)
        holds("and nothing hangs", time.monotonic() - began < 60)
        signature = os.path.join(folder, alone.file + ".minisig")
        os.rename(signature, os.path.join(work, "signature"))
        for what, make in (("a link", lambda: os.symlink("/etc/passwd", signature)),
                           ("a pipe", lambda: os.mkfifo(signature)),
                           ("a socket", lambda: os.mknod(signature, 0o140600)),
                           ("a directory", lambda: os.mkdir(signature))):
            make()
            expect(f"{what} in place of a signature: no signature, and the others are verified", folder, TAMPERED,
                   f"tampered: {alone.file}: not a signature", "2 chains", options=keys)
            (os.rmdir if os.path.isdir(signature) else os.unlink)(signature)
        os.rename(os.path.join(work, "signature"), signature)
        with open(os.path.join(folder, "junk.tar.gz"), "wb") as file:
            file.write(b"junk")
        expect("what is called a bundle and is none", folder, MALFORMED, "junk.tar.gz", options=keys)
    empty = os.path.join(work, "empty")
    os.mkdir(empty)
    expect("a directory without a bundle", empty, USAGE, "holds no bundle")


def open_chain(work):
    folder = os.path.join(work, "open")
    heads = chain(folder, 2, last="schedule", interval=0)
    pin = ("--key", heads[0].pk)
    expect("a watch that goes on", folder, INCOMPLETE, "the chain is open", options=pin)
    expect("as far as was expected", folder, OK, options=(*pin, "--expect-root", heads[1].root))


def encrypted(work):
    folder, name = os.path.join(work, "encrypted"), os.path.join(work, "reader")
    subprocess.run([PROCSNAP, "keygen", "--age", "-o", name], check=True, capture_output=True, timeout=300)
    with open(name + ".recipient", encoding="ascii") as file:
        recipient = re.search("age1[0-9a-z]+", file.read())[0]
    heads = chain(folder, 3, options=("--encrypt-to", recipient))
    pin = ("--key", heads[0].pk)
    expect("nobody opens them", folder, INCOMPLETE, "no --identity opens it", options=pin)
    pin = (*pin, "--identity", name + ".identity")
    expect("an encrypted chain", folder, OK, "3 bundles, 1 chain", options=pin)
    for suffix in (".age", ".age.minisig"):
        os.remove(os.path.join(folder, heads[1].file + suffix))
    expect("one of them removed", folder, TAMPERED, "seq 1: missing", options=pin)


def main():
    work = tempfile.mkdtemp(prefix="procsnap-series-")
    try:
        honest = os.path.join(work, "honest")
        keys = os.path.join(work, "keys")
        os.mkdir(keys)
        heads = chain(honest, keys=keys)
        about("a chain of " + " ".join(head.bundle for head in heads))
        whole_chains(honest, heads)
        removed(honest, heads)
        replayed_and_moved(honest, heads)
        sealed_again(honest, heads, Forger(work))
        with_later_keys(honest, heads, keys)
        continued(honest, heads)
        logs(honest, heads, work)
        mixed(honest, heads, work)
        open_chain(work)
        encrypted(work)
    finally:
        shutil.rmtree(work)
    finish()


if __name__ == "__main__":
    main()
