# SPDX-License-Identifier: Apache-2.0
"""Processes that nobody can look into: each holds its mmap lock while a file system does not answer.

STALL is the program built from stall.c. It ends by itself, and with it the file system and everybody who waits for it.
"""
import os
import select
import subprocess

from checks import skip

STALL, SECONDS = os.environ.get("STALL", ""), 60


class Stalled:
    """`count` such processes, for SECONDS at most. With `mib` they have so much memory that does not compress, and only
    hold their lock when they get SIGUSR1."""

    def __init__(self, count, mib=0):
        if not STALL:
            skip("STALL does not name the test program")
        self.server = subprocess.Popen([STALL, str(count), str(SECONDS), str(mib)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE)
        line = self._line()
        if not line.startswith(b"ready "):
            self.end()
            skip("no file system can be made to stall here (FUSE)")
        self.pids = [int(pid) for pid in line.split()[1:]]
        self.pid = self.pids[0]

    def _line(self):
        return self.server.stdout.readline() if select.select([self.server.stdout], [], [], SECONDS)[0] else b""

    def hangs(self):
        """That the one that got SIGUSR1 does so now."""
        return self._line().startswith(b"hangs ")

    def end(self):
        self.server.kill()
        self.server.wait()
