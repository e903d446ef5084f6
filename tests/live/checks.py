# SPDX-License-Identifier: Apache-2.0
"""What a test found out, in plain words: one line for each thing that was checked, and the exit status.

A failure names the thing, the expected value and the one that was seen. Nothing stops at the first one.
"""
import sys

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


def skip(reason):
    """Ends the test as one that could not be made here."""
    print(f"skipped: {reason}")
    sys.exit(77)


def finish():
    print(f"{_checked} checked, {_failures} failed")
    sys.exit(1 if _failures else 0)
