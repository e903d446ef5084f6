# SPDX-License-Identifier: Apache-2.0
"""Measures procsnap-core beside a population of processes; scripts/bench builds what it needs and starts it.

Both sides of a ratio run in turn, a few times, and the ratio is the median of those of the turns: what else the machine
does at that time hits both. Figures of two runs of this program must not be compared with each other, ratios may.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

import parts
import processes

MIB = 1 << 20
WIDTH = 64  # of the first column


class Row:
    """One line of the table. `goals`: of this step of the plan, and at its end; either may be None."""

    def __init__(self, text, value, unit="", goals=(None, None), at_least=False):
        self.text, self.value, self.unit, self.goals, self.at_least = text, value, unit, goals, at_least

    def _number(self, number):
        digits = 2 if self.unit in ("", " x", " MB") else 1 if self.unit == " MiB" else 0
        return f"{number:.{digits}f}{self.unit}"

    def _goal(self, goal):
        if goal is None:
            return ""
        met = self.value >= goal if self.at_least else self.value <= goal
        return f"{self._number(goal)} {'met' if met else 'missed'}"

    def line(self):
        if isinstance(self.value, str):
            return f"{self.text:<{WIDTH}}{self.value}"
        goals = f"{self._goal(self.goals[0]):<16}{self._goal(self.goals[1])}"
        return f"{self.text:<{WIDTH}}{self._number(self.value):>9}  {goals}".rstrip()


class Bench:
    """What the rows share: the programs, the population that is there just now, medians for the second table."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.core = options.core
        self.population, self.wanted = None, None
        self.medians, self.profiles = [], []

    def count(self, count):
        return min(count, 50) if self.options.smoke else count

    def reps(self, divisor=1):
        return max(1, -(-self.options.reps // divisor))

    def beside(self, count, **options):
        """From here on there are `count` processes, which have been walked once: nobody pays for being the first."""
        if self.wanted == (count, options):
            return
        self.end()
        say(f"starting {count} processes" + "".join(f", {value} {name}" for name, value in options.items()))
        self.population = processes.Population(f"{self.options.programs}/population", count, **options)
        self.wanted = (count, options)
        self.floor("full")()

    def end(self):
        if self.population:
            self.population.end()
        self.population = self.wanted = None

    def floor(self, files, threads=1):
        command = [f"{self.options.programs}/floor", "-t", str(threads), files]
        return lambda: processes.Run(command)

    def command(self, profile, name):
        path = f"{self.folder}/{name}.tar.gz"
        for leftover in (path, path + ".minisig", path + ".part"):
            if os.path.exists(leftover):
                os.unlink(leftover)
        return [self.core, "collect", path, "--quiet", "--profile", profile], path

    def collector(self, profile, *options):
        return lambda: processes.Run([*self.command(profile, profile)[0], *options])

    def in_turn(self, reps, **sides):
        """Runs of each side, by name; each turn has every side once."""
        runs = {name: [] for name in sides}
        for _ in range(reps):
            for name, side in sides.items():
                runs[name].append(side())
        for name, of_name in runs.items():
            self.medians.append((f"{name.replace('_', ' ')}, {self.wanted[0]} processes", median(of_name, "wall"),
                                 median(of_name, "cpu")))
        return runs


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def median(runs, what):
    return statistics.median(getattr(run, what) for run in runs)


def ratio(above, below, what):
    return statistics.median(getattr(a, what) / max(getattr(b, what), 1e-4) for a, b in zip(above, below))


def card(bench):
    bench.beside(bench.count(2000))
    runs = bench.in_turn(bench.reps(), floor_card=bench.floor("card"), card=bench.collector("card"))
    return [Row("card: wall time, times that of the floor", ratio(runs["card"], runs["floor_card"], "wall"),
                goals=(None, 1.7))]


def standard(bench):
    bench.beside(bench.count(2000))
    runs = bench.in_turn(bench.reps(), floor_full=bench.floor("full"),
                         floor_standard=bench.floor("standard"), standard=bench.collector("standard"),
                         standard_without_content=bench.collector("standard", "--files", "none", "--no-recover"),
                         floor_full_with_two_threads=bench.floor("full", 2))
    return [
        Row("standard: CPU of all its processes, times that of the floor",
            ratio(runs["standard"], runs["floor_full"], "cpu"), goals=(2.5, 2.2)),
        Row("standard: wall time, times that of the floor (1 thread)",
            ratio(runs["standard"], runs["floor_full"], "wall"), goals=(1.6, 1.4)),
        Row("standard: CPU, times that of a floor which reads the same files",
            ratio(runs["standard"], runs["floor_standard"], "cpu")),
        # The floor reads no files but those of /proc, and the list of changed files costs what the machine has of files.
        Row("standard without content of files: CPU, times the floor's",
            ratio(runs["standard_without_content"], runs["floor_full"], "cpu")),
        Row("standard without content of files: wall, times the floor's",
            ratio(runs["standard_without_content"], runs["floor_full"], "wall")),
    ]


def psutil(bench):
    """Debian's own Python has Debian's psutil; the one that runs this may be another."""
    bench.beside(bench.count(2000))
    text = "standard: times faster than psutil reading the same"
    for python in ("/usr/bin/python3", sys.executable):
        if subprocess.run([python, "-c", "import psutil"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            program = [python, os.path.join(os.path.dirname(__file__), "psutil_full.py")]
            runs = bench.in_turn(bench.reps(2), standard_for_psutil=bench.collector("standard"),
                                 psutil=lambda: processes.Run(program))
            return [Row(text, ratio(runs["psutil"], runs["standard_for_psutil"], "wall"), " x", (None, 3.5), True)]
    raise processes.Unmeasurable("python3-psutil is not installed")


def first_byte(bench):
    bench.beside(bench.count(2000))
    seconds = []
    for _ in range(bench.reps()):
        command, path = bench.command("standard", "first")
        look = processes.FirstEvidence(path)
        processes.Run(command, look)
        seconds.append(look.seconds)
    return [Row("standard: first byte of evidence is in the file after", 1000 * statistics.median(seconds), " ms",
                (None, 50))]


def sizes(bench):
    whole = os.path.join(os.path.dirname(bench.core), "procsnap")
    rows = [Row("procsnap-core: size", os.path.getsize(bench.core) / 1e6, " MB", (0.7, 0.7))]
    if os.path.exists(whole):
        rows.append(Row("procsnap: size", os.path.getsize(whole) / 1e6, " MB", (None, 6)))
    return rows


def quota(bench):
    group = processes.CpuQuota(25)
    try:
        bench.beside(50)
        walls = [processes.Run(group.command(bench.command("standard", "quota")[0])).wall for _ in range(bench.reps())]
    finally:
        group.end()
    return [Row("standard: 50 processes with a quarter of a CPU", 1000 * statistics.median(walls), " ms", (None, 2000))]


def memory(bench):
    bench.beside(bench.count(10000))
    peaks = []
    for _ in range(bench.reps(3)):
        look = processes.Peak()
        processes.Run(bench.command("standard", "memory")[0], look)
        peaks.append(look.bytes)
    return [Row(f"standard: peak memory (PSS) of all its processes, N={bench.wanted[0]}",
                statistics.median(peaks) / MIB, " MiB", (24, 16))]


def growth(bench):
    """What one more process, and one more descriptor, costs when there are many of them."""
    return [_growth_of_processes(bench), _growth_of_descriptors(bench)]


def _cpu_beside(bench, reps, count, **options):
    """CPU of floor and collector."""
    bench.beside(count, **options)
    name = "_".join(["", *(f"{held}_{what}" for what, held in options.items())])
    runs = bench.in_turn(reps, **{f"floor_full{name}": bench.floor("full"),
                                  f"standard{name}": bench.collector("standard")})
    return [median(of_name, "cpu") for of_name in runs.values()]


def _growth(each):
    """How much more the last costs than the first; 0 where the first is too little to be seen."""
    return each[-1] / each[0] if each[0] > 1e-9 else 0


def _growth_of_processes(bench):
    few, many = bench.count(2000), 2 * bench.count(10000)
    each = [[cpu / count for cpu in _cpu_beside(bench, bench.reps(3), count)] for count in (few, many)]
    floor, ours = map(_growth, zip(*each))
    return Row(f"standard: CPU per process, {many} over {few} (the floor's: {floor:.2f})", ours, goals=(None, 1.2))


def _growth_of_descriptors(bench):
    """The same number of descriptors twice, in many processes and in few; what the processes cost is taken off."""
    each, (few, many) = [], ((20, 200) if bench.options.smoke else (100, 10000))
    for held in (few, many):
        count = 2 * many // held
        before, after = (_cpu_beside(bench, bench.reps(2), count, descriptors=n) for n in (8, held))
        each.append([(b - a) / (count * (held - 8)) for a, b in zip(before, after)])
    floor, ours = map(_growth, zip(*each))
    return Row(f"standard: CPU per descriptor, {many} over {few} (the floor's: {floor:.2f})", ours, goals=(None, 1.3))


def profile(bench):
    bench.beside(bench.count(2000))
    for name in ("card", "standard"):
        command, path = bench.command(name, "profile")
        found = parts.profile(command, bench.core, bench.folder)
        bench.profiles += ["", *parts.lines(f"{name}, {bench.wanted[0]} processes", found), parts.phases(path)]
    return []


# In this order, so that a population serves as many rows as it can.
ROWS = {"sizes": sizes, "quota": quota, "card": card, "standard": standard, "psutil": psutil, "first-byte": first_byte,
        "profile": profile, "memory": memory, "growth": growth}

ELSEWHERE = [
    "Not measured: Go procfs, varc and UAC, which Debian does not have. That a run ends beside processes whose reads",
    "hang is a test: ctest --preset asan -R hanging_reads.",
]


def measured(bench, names):
    rows = []
    for name in names:
        say(f"{name} ...")
        try:
            rows += ROWS[name](bench)
        except processes.Unmeasurable as why:
            rows.append(Row(name, f"not measured: {why}"))
        except processes.Failed as why:
            bench.failed = True
            rows.append(Row(name, f"failed: {why}"))
    bench.end()
    return rows


def report(bench, rows, load):
    heading = f"{'':<{WIDTH}}{'measured':>9}  {'goal, this step':<16}goal, at the end"
    if bench.options.smoke:  # figures of so little work mean nothing
        heading = f"{'':<{WIDTH}}{'measured':>9}"
        for row in rows:
            row.goals = (None, None)
    print(f"{os.cpu_count()} CPUs, Linux {os.uname().release}; load {load:.1f} before, {os.getloadavg()[0]:.1f} after; "
          f"medians of up to {bench.options.reps} turns;\nbeside N processes (2000 where nothing else is said) with 8 "
          "descriptors, 50 mappings and 1.4 KB of environment each")
    print("\n" + heading if rows else "")
    for row in rows:
        print(row.line())
    if bench.medians:
        print(f"\n{'medians':<{WIDTH}}{'wall ms':>9}{'CPU ms':>9}")
        for name, wall, cpu in bench.medians:
            print(f"{name:<{WIDTH}}{wall * 1000:9.0f}{cpu * 1000:9.0f}")
    for line in bench.profiles:
        print(line)


def read_options():
    parser = argparse.ArgumentParser(prog="scripts/bench", usage="scripts/bench [--reps K] [--smoke] [ROW...]",
                                     description="ROW is one of: " + ", ".join(ROWS))
    parser.add_argument("--core", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--reps", type=int, default=0, metavar="K", help="turns of each comparison (default 7)")
    parser.add_argument("--smoke", action="store_true", help="50 processes, one turn: do the programs work?")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row is called {unknown[0]}; there are " + ", ".join(ROWS))
    options.reps = options.reps or (1 if options.smoke else 7)
    return options


def main():
    options = read_options()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="procsnap-bench-") as folder:
        # In memory, so that no disk is measured; the mount goes away with the namespace.
        subprocess.run(["mount", "-t", "tmpfs", "procsnap-bench", folder], check=True)
        bench = Bench(options, folder)
        bench.failed = False
        try:
            rows = measured(bench, [name for name in ROWS if name in options.rows or not options.rows])
        finally:
            bench.end()
            subprocess.run(["umount", folder], check=False)
    report(bench, rows, load)
    if not options.rows:
        print("\n" + "\n".join(ELSEWHERE))
    sys.exit(1 if bench.failed else 0)


main()
