# SPDX-License-Identifier: Apache-2.0
"""Starts what is measured, and measures it: wall time, CPU of all its processes, memory, the first evidence written."""
import os
import re
import subprocess
import time
import zlib


class Failed(Exception):
    """Something that was to be measured did not work."""


class Unmeasurable(Exception):
    """This machine does not have what the measurement needs."""


class Run:
    """One run that has ended: seconds by the clock, and of CPU, its children and theirs included."""

    def __init__(self, command, looked=None):
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if looked:
            looked(child.pid, begin)
        # Nobody reads what it says until it has ended: the few lines fit the pipe.
        _, status, usage = os.wait4(child.pid, 0)
        self.wall = time.perf_counter() - begin
        self.cpu = usage.ru_utime + usage.ru_stime
        child.returncode = os.waitstatus_to_exitcode(status)
        said = child.stderr.read().decode(errors="replace").strip()
        child.stderr.close()
        if child.returncode != 0:
            raise Failed(f"{' '.join(command)} ended with {child.returncode}: {said}")


def _ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def family(pid):
    """A process and its children; the collector has no grandchildren."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
            return [pid, *map(int, listed.read().split())]
    except OSError:
        return [pid]


class Peak:
    """The largest sum of PSS of a family, looked at every 10 ms."""

    def __init__(self):
        self.bytes = self.looks = 0

    def __call__(self, pid, _begin):
        while not _ended(pid):
            self.bytes = max(self.bytes, sum(self._pss(member) for member in family(pid)))
            self.looks += 1
            time.sleep(0.01)

    @staticmethod
    def _pss(pid):
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
                found = re.search(rb"^Pss: +(\d+) kB", file.read(), re.MULTILINE)
        except OSError:
            return 0
        return int(found[1]) * 1024 if found else 0


class FirstEvidence:
    """When the destination file holds bytes of /proc, not only of the bundle's own beginning."""

    MEMBER = re.compile(rb"procsnap-[^\0]*/data/(proc|opening)/[^\0]*\0")

    def __init__(self, path):
        self.path, self.seconds = path, None

    def __call__(self, pid, begin):
        inflate, tar, at = zlib.decompressobj(wbits=31), b"", 0
        while self.seconds is None:
            over = _ended(pid)
            new = self._behind(at)
            now = time.perf_counter()
            at += len(new)
            tar += inflate.decompress(new)
            member = self.MEMBER.search(tar)
            if member and len(tar) > member.start() + 512:
                self.seconds = now - begin
            elif over:
                raise Failed("no evidence in the destination file")
            elif not new:
                time.sleep(0.0005)

    def _behind(self, at):
        for path in (self.path + ".part", self.path):
            try:
                with open(path, "rb") as file:
                    file.seek(at)
                    return file.read()
            except FileNotFoundError:
                continue
        return b""


class RoleTimes:
    """CPU of each process of a family by the scheduler's own count, looked at every 2 ms: what its last 2 ms cost is
    missed."""

    def __init__(self):
        self.seconds = {}

    def __call__(self, pid, _begin):
        while not _ended(pid):
            for member in family(pid):
                try:
                    with open(f"/proc/{member}/schedstat", encoding="ascii") as file:
                        self.seconds[member] = int(file.read().split()[0]) / 1e9
                except (OSError, IndexError):
                    continue
            time.sleep(0.002)


class Population:
    """Processes to be looked at; they are there until end()."""

    def __init__(self, program, count, descriptors=8, pairs=1, listeners=1, namespaces=0):
        self._room(count, count * descriptors)
        options = {"-f": descriptors, "-p": pairs, "-l": listeners, "-n": namespaces}
        words = [str(word) for option in options.items() for word in option]
        self.count = count
        self.child = subprocess.Popen([program, *words, str(count)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self.child.stdout.readline() != b"ready %d\n" % count:
            self.child.wait()
            raise Failed(f"a population of {count} processes did not come up")

    def end(self):
        self.child.terminate()
        self.child.wait()
        self.child.stdout.close()

    @staticmethod
    def _room(count, descriptors):
        """About 200 KB of kernel and own memory a process, 1 KB a descriptor."""
        with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
            if count + 1000 > int(file.read()):
                raise Unmeasurable(f"the machine allows fewer than {count + 1000} pids")
        with open("/proc/meminfo", encoding="ascii") as file:
            available = int(re.search(r"MemAvailable: +(\d+)", file.read())[1]) * 1024
        if count * 200_000 + descriptors * 1000 > available:
            raise Unmeasurable(f"not enough memory for {count} processes")


class CpuQuota:
    """A control group that gets a part of one CPU; version 1 or 2, whichever has the cpu controller here."""

    def __init__(self, percent):
        self.folder = None
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            for _, place, kind, options, *_ in map(str.split, mounts):
                if self.folder is None and (kind == "cgroup2" or kind == "cgroup" and "cpu" in options.split(",")):
                    self._try(f"{place}/procsnap-bench-{os.getpid()}", percent * 1000)
        if self.folder is None:
            raise Unmeasurable("no control group with a CPU quota can be made here")

    def _try(self, folder, quota_us):
        try:
            os.mkdir(folder)
        except OSError:
            return
        try:
            if os.path.exists(f"{folder}/cpu.cfs_quota_us"):
                self._write(f"{folder}/cpu.cfs_period_us", "100000")
                self._write(f"{folder}/cpu.cfs_quota_us", str(quota_us))
            else:
                self._write(f"{folder}/cpu.max", f"{quota_us} 100000")
            self.folder = folder
        except OSError:
            os.rmdir(folder)

    @staticmethod
    def _write(path, text):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)

    def command(self, command):
        """The same command, which first enters the group."""
        return ["/bin/sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', self.folder, *command]

    def end(self):
        os.rmdir(self.folder)
