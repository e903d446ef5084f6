# SPDX-License-Identifier: Apache-2.0
"""Starts odd processes (ODD_PROCESS is the program built from odd_process.c), in namespaces of the test's own."""
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile

import checks

PROGRAM = os.environ.get("ODD_PROCESS", "")
WAITS = {b"ODD_PROCESS_WAITS": b"1"}
NAMESPACES = ["unshare", "--pid", "--fork", "--mount", "--net", "--mount-proc", "--kill-child"]

_all = []


def inside_namespaces():
    """Goes on in new PID, mount and network namespaces: whatever is started there ends with the test."""
    if not PROGRAM:
        checks.skip("ODD_PROCESS does not name the test program")
    if os.getuid() != 0:
        checks.skip("needs root, for namespaces of its own")
    if os.environ.get("ODD_INSIDE") == "1":
        return
    if subprocess.run([*NAMESPACES, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        checks.skip("no namespaces of its own are to be had here (unshare)")
    os.environ["ODD_INSIDE"] = "1"
    sys.stdout.flush()
    os.execvp(NAMESPACES[0], [*NAMESPACES, sys.executable, *sys.argv])


def long_arguments():
    """What is started from now on may have arguments and an environment of 6 MiB."""
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (hard if hard != resource.RLIM_INFINITY else 64 << 20, hard))


def folder(mode=0o755):
    """A directory that goes away with the test, open to other users so that their processes can run from it."""
    made = tempfile.TemporaryDirectory(prefix="odd-")
    os.chmod(made.name, mode)
    return made


def copy_of_program(path):
    shutil.copyfile(PROGRAM, path)
    os.chmod(path, 0o755)
    return path


class Odd:
    """One process that is ready: `facts` are the numbers that it told, `pid` is its pid."""

    def __init__(self, *arguments, argv=None, env=None, program=PROGRAM):
        """`arguments` name it, as odd_process takes them; with `argv` it only waits, under these arguments."""
        environment = dict(os.environb if env is None else env)
        if argv is not None:
            environment.update(WAITS)
        self.popen = subprocess.Popen(
            ["odd", *map(str, arguments)] if argv is None else argv, executable=program, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        _all.append(self)
        line = self._line(120)
        if not line.startswith(b"ready "):
            raise RuntimeError(f"odd_process {arguments or argv!r:.200}: not ready: {line!r}")
        self.facts = {key: int(value) for key, value in (fact.split("=") for fact in line.decode().split()[1:])}
        self.pid = self.popen.pid

    def _line(self, seconds):
        if not select.select([self.popen.stdout], [], [], seconds)[0]:
            return b"(nothing after %d s)" % seconds
        return self.popen.stdout.readline()

    def __getattr__(self, name):
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def read(self, name):
        """What the kernel says now: the truth that a capture is compared with."""
        with open(f"/proc/{self.pid}/{name}", "rb") as file:
            return file.read()

    def link(self, name):
        return os.readlink(f"/proc/{self.pid}/{name}".encode())

    def end(self):
        self.popen.kill()
        self.popen.wait()


def end_all():
    for odd in _all:
        if odd.popen.poll() is None:
            odd.end()
    _all.clear()
