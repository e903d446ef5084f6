# SPDX-License-Identifier: Apache-2.0
"""A watch of a test: its events as they come, and what may be asked of it."""
import hashlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import equal, holds, wait_until  # noqa: E402, F401

SEALED, USAGE, NOT_SEALED, NOT_DELIVERED, EARLY = 0, 2, 3, 4, 5
QUICK = ("--plaintext", "--profile", "card", "--jitter", "0")


class Watch:
    """`events` grows while it runs."""

    def __init__(self, dest, every, *options, env=None, prefix=(), **how):
        self.dest, self.events, self.news = dest, [], queue.Queue()
        how.setdefault("stdout", subprocess.PIPE)
        command = [*prefix, snapshot.PROCSNAP, "watch", dest, "--every", every, *QUICK, *map(str, options)]
        self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, **how)
        self.pid = self.popen.pid
        if self.popen.stdout:
            threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.popen.stdout:
            event = json.loads(line)
            self.events.append(event)
            self.news.put(event)
        self.news.put(None)

    def wait_for(self, name, seconds=60, **facts):
        """The next event of that name with these facts; None when none comes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                event = self.news.get(timeout=left)
            except queue.Empty:
                return None
            if event is None:
                return None
            if event["event"] == name and all(event.get(key) == value for key, value in facts.items()):
                return event
        return None

    def of(self, name):
        return [event for event in self.events if event["event"] == name]

    def send(self, number):
        self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=40):
        """The exit status; what it said on standard error is in `stderr`."""
        if number:
            self.popen.send_signal(number)
        try:
            self.popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            holds("the watch ends in its time", False)
            self.popen.wait()
        self.stderr = self.popen.stderr.read().decode(errors="replace")
        while self.popen.stdout and self.news.get() is not None:
            pass
        return self.popen.returncode

    def kill(self):
        """Its processes end with it, each when it is its turn: they are gone when this is over."""
        self.popen.kill()
        self.popen.wait()
        holds("no process of a watch that was killed is left", wait_until(lambda: not collectors()), collectors())

    def descriptors(self):
        return sorted(os.readlink(f"/proc/{self.pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{self.pid}/fd"))

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def ask(*arguments, seconds=120):
    """procsnap with these arguments: (exit status, what it printed)."""
    done = subprocess.run([snapshot.PROCSNAP, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=seconds)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def children_of(pid):
    """None of a process that has ended."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def state_of(pid):
    """Its letter; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1].decode()
    except (FileNotFoundError, ProcessLookupError):
        return None


def collectors():
    """Processes of procsnap that live, in this PID namespace."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if read(f"/proc/{pid}/comm").startswith(b"procsnap") and state_of(pid) not in (None, "Z", "X"):
                found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def bundles_in(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".tar.gz"))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def chain_of(bundle):
    return json.loads(bundle.members["chain.json"])


def check_chain(what, files, reasons=None):
    """`files` are the bytes of bundles that follow each other from the first of a chain: numbers, roots and keys do, too.
    Returns what chain.json says in each."""
    links, before = [], None
    for i, data in enumerate(files):
        bundle = snapshot.Bundle(data)
        link = chain_of(bundle)
        links.append(link)
        if link["seq"] != i or (before and (link["chain_id"], link["prev_root"], link["pk"]) !=
                                (before["chain_id"], before["root"], before["next_pk"])):
            holds(f"{what}: bundle {i} follows the one before it", False, (before, link))
        before = {**link, "root": hashlib.sha256(bundle.members["tagmanifest-sha256.txt"]).hexdigest()}
    holds(f"{what}: {len(links)} bundles follow each other", len(links) > 0)
    if reasons:
        equal(f"{what}: why each was taken", reasons, [link["reason"] for link in links])
    return links


def check_series(what, folder, first, *words):
    """procsnap verify of the directory: `first` is the head line of the chain's first bundle."""
    status, text = ask("verify", folder, "--key", snapshot.head_line(first + "\n")["pk"], seconds=300)
    holds(f"{what}: verify of the series says OK", status == 0 and all(word in text for word in words), (status, text[-1500:]))


def deleted_program(folder):
    """(process, hash): a process whose program is deleted and like no other, so that its content is kept."""
    path = odd.copy_of_program(f"{folder}/deleted-program")
    with open(path, "ab") as file:
        file.write(os.urandom(64))
    sha256 = hashlib.sha256(read(path)).hexdigest()
    process = odd.Odd(argv=["odd"], program=path)
    os.unlink(path)
    return process, sha256


def held(data, process, sha256):
    """How a bundle has the program of that process: (is the content in it, withheld, kept_seq)."""
    bundle = snapshot.Bundle(data)
    facts = bundle.contents(process.pid)["exe"].facts
    return f"data/objects/{sha256}" in bundle.members, facts.get("withheld"), facts.get("kept_seq")
