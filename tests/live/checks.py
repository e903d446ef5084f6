# SPDX-License-Identifier: Apache-2.0
"""What a test found out, in plain words: one line for each thing that was checked, and the exit status.

A failure names the thing, the expected value and the one that was seen. Nothing stops at the first one.
"""
import sys
import time

_failures = 0
_checked = 0


def _shown(value):
    text = repr(value)
    return text if len(text) <= 2000 else f"{text[:1000]} ... {text[-400:]} ({len(text)} characters)"


def holds(what, condition, seen=""):
    """A statement that must be true; `seen` is what to look at when it is not."""
    global _failures, _checked
    _checked += 1
    if condition:
        print(f"ok    {what}", flush=True)
        return True
    _failures += 1
    print(f"FAIL  {what}" + (f"\n      seen:     {_shown(seen)}" if seen != "" else ""), flush=True)
    return False


def equal(what, expected, seen):
    if expected == seen and isinstance(expected, bool) == isinstance(seen, bool):
        return holds(what, True)
    return holds(f"{what}\n      expected: {_shown(expected)}", False, seen)


def about(text):
    print(f"      {text}", flush=True)


def _pressed():
    """Seconds in which somebody on this machine could not go on for want of a CPU or of a disk (pressure stall
    information, kernel/sched/psi.c); 0 where the kernel does not tell."""
    waited = 0
    for what in ("cpu", "io"):
        try:
            with open(f"/proc/pressure/{what}", encoding="ascii") as file:
                waited += int(file.readline().rpartition("total=")[2])
        except (OSError, ValueError):
            continue
    return waited / 1e6


class Stopwatch:
    """What may take only so long is measured by `calm()`: that a busy machine lets everybody wait is no fault of what
    is measured, and nobody who hangs makes others wait for a CPU."""

    def __init__(self):
        self.begun, self._pressed = time.monotonic(), _pressed()

    def took(self):
        return time.monotonic() - self.begun

    def waited(self):
        """Seconds of it that the machine had too much to do."""
        return _pressed() - self._pressed

    def calm(self):
        return self.took() - self.waited()


def wait_until(condition, seconds=60):
    """What it said at last. The time is for who hangs: a machine may be slow."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.002)
    return met


def skip(reason):
    """Ends the test as one that could not be made here."""
    print(f"skipped: {reason}")
    sys.exit(77)


def finish():
    print(f"{_checked} checked, {_failures} failed")
    sys.exit(1 if _failures else 0)
